"""What must rise when the picture does this or that."""

from itertools import islice

import av
import cv2
import numpy as np
import pytest
from video_files import encode, texture

from features.video import read_timeline, score

HEIGHT, WIDTH = 180, 320


def profile(folder, name, frames, fps=25):
    return score(read_timeline(encode(folder / f"{name}.mp4", frames, fps)))


def still(seconds=6, seed=0):
    return [texture(HEIGHT, WIDTH, seed)] * int(seconds * 25)


def real_frames(path, seconds):
    with av.open(str(path)) as container:
        return [
            f.to_ndarray(format="bgr24") for f in islice(container.decode(video=0), seconds * 25)
        ]


def test_faster_cutting_raises_pacing_and_arousal(tmp_path):
    pictures = [texture(HEIGHT, WIDTH, seed) for seed in range(12)]
    slow = profile(tmp_path, "slow", [pictures[k // 100] for k in range(300)])
    fast = profile(tmp_path, "fast", [pictures[k // 25] for k in range(300)])
    assert fast["narrative_pacing"] > slow["narrative_pacing"] + 20
    assert fast["visual_arousal"] > slow["visual_arousal"] + 20


def test_a_shaking_camera_is_motion_but_hardly_action(tmp_path):
    random = np.random.default_rng(0)
    wide = texture(HEIGHT + 40, WIDTH + 40, 1)
    sway = np.cumsum(random.integers(-3, 4, (150, 2)), axis=0).clip(-20, 20) + 20
    before = profile(tmp_path, "still", [wide[20 : 20 + HEIGHT, 20 : 20 + WIDTH]] * 150)
    shaken = profile(tmp_path, "shaken", [wide[y : y + HEIGHT, x : x + WIDTH] for y, x in sway])
    amplitude = shaken["motion_amplitude"] - before["motion_amplitude"]
    assert amplitude > 0.3
    assert (shaken["action_energy"] - before["action_energy"]) / 100 < amplitude / 2


def test_a_moving_thing_is_action(tmp_path):
    thing = texture(60, 60, 3)
    frames = []
    for k in range(150):
        frame = texture(HEIGHT, WIDTH, 0).copy()
        x = abs((4 * k) % 400 - 200)
        frame[60:120, x : x + 60] = thing
        frames.append(frame)
    assert (
        profile(tmp_path, "moving", frames)["action_energy"]
        > profile(tmp_path, "still", still())["action_energy"] + 30
    )


def test_freezing_the_picture_drops_motion_pacing_and_arousal(shared, tmp_path):
    frames = real_frames(shared / "data/video_other/foleycrafter__3_21d29e.mp4", 6)
    moving, frozen = (
        profile(tmp_path, "moving", frames),
        profile(tmp_path, "frozen", [frames[0]] * len(frames)),
    )
    for name in ("motion_amplitude", "action_energy", "narrative_pacing", "visual_arousal"):
        assert frozen[name] < moving[name], name


def test_colours_are_as_warm_and_heavy_as_people_find_them(tmp_path):
    swatches = {
        "sunset": (40, 120, 230),
        "sea": (200, 120, 40),
        "night": (40, 30, 30),
        "snow": (245, 240, 240),
    }
    found = {
        name: profile(tmp_path, name, [np.full((HEIGHT, WIDTH, 3), bgr, np.uint8)] * 30)
        for name, bgr in swatches.items()
    }
    assert found["sunset"]["color_warmth"] > 0.8 > 0.3 > found["sea"]["color_warmth"]
    assert found["night"]["color_weight"] > 0.8 > 0.2 > found["snow"]["color_weight"]


def test_low_key_grading_raises_tension(shared, tmp_path):
    frames = real_frames(shared / "data/video_other/foleycrafter__2_960d72.mp4", 5)
    curve = (255 * (np.arange(256) / 255) ** 2.5 * 0.6).astype(np.uint8)
    day, night = (
        profile(tmp_path, "day", frames),
        profile(tmp_path, "night", [cv2.LUT(f, curve) for f in frames]),
    )
    assert night["scene_tension"] > day["scene_tension"] + 10


def test_a_smiling_face_pleases_and_invites(shared, models, tmp_path):
    frames = real_frames(shared / "data/video_other/musetalk__sun_30221a.mp4", 5)
    height, width = frames[0].shape[:2]
    hidden = [f.copy() for f in frames]
    for f in hidden:
        f[int(0.15 * height) : int(0.45 * height), int(0.3 * width) : int(0.7 * width)] = f[
            : int(0.1 * height)
        ].mean(axis=(0, 1))
    with_face, without = profile(tmp_path, "face", frames), profile(tmp_path, "hidden", hidden)
    assert with_face["image_affinity"] > 20 and without["image_affinity"] == 0
    assert with_face["visual_valence"] > without["visual_valence"]
    assert with_face.confidence[0] > 0.5 and without.confidence[0] == 0
    assert without["character_tension"] == pytest.approx(50)


def grey(frames):
    return [cv2.cvtColor(cv2.cvtColor(f, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR) for f in frames]


def tinted(frames, bgr):
    return [np.clip(f * np.array(bgr), 0, 255).astype(np.uint8) for f in frames]


def held_by_hand(frames, seed=0):
    """A tenth of the picture is cut away, and what is left trembles at 1–6 Hz."""
    rng, (height, width) = np.random.default_rng(seed), frames[0].shape[:2]
    hertz = np.fft.rfftfreq(len(frames), 1 / 25)
    trembling = np.where((hertz > 1) & (hertz < 6), 1 / np.maximum(hertz, 1), 0)
    waves = rng.normal(size=(2, len(hertz))) + 1j * rng.normal(size=(2, len(hertz)))
    paths = np.fft.irfft(trembling * waves, len(frames))
    paths = (paths / paths.std() * 0.005 * np.hypot(height, width)).T
    size = int(0.9 * width) // 2 * 2, int(0.9 * height) // 2 * 2
    return [
        cv2.getRectSubPix(f, size, (width / 2 + x, height / 2 + y))
        for f, (x, y) in zip(frames, paths, strict=True)
    ]


@pytest.mark.parametrize(
    "clip", ["video_music/spacepups__trailer_a5ac44", "video_music/polyward__trailer_239153"]
)
def test_black_and_white_is_not_sadness(shared, tmp_path, clip):
    frames = real_frames(shared / f"data/{clip}.mp4", 5)
    in_colour, without = (
        profile(tmp_path, "colour", frames),
        profile(tmp_path, "grey", grey(frames)),
    )
    assert without["visual_valence"] > min(in_colour["visual_valence"], 0) - 12
    assert without["scene_tension"] < max(in_colour["scene_tension"], 50) + 12


def test_a_bright_black_and_white_picture_is_not_sad(tmp_path):
    frames = grey([texture(HEIGHT, WIDTH, 0)] * 100)
    assert profile(tmp_path, "grey", [f // 2 + 120 for f in frames])["visual_valence"] > 0


@pytest.mark.parametrize("tint", [(1.25, 1.0, 0.7), (1.15, 1.1, 0.8)])
@pytest.mark.parametrize(
    "clip", ["video_music/pixelrun__trailer_33088e", "video_other/operabubbles__trailer2_39e860"]
)
def test_a_cool_tint_does_not_raise_valence(shared, tmp_path, clip, tint):
    frames = real_frames(shared / f"data/{clip}.mp4", 4)
    plain, cool = (
        profile(tmp_path, "plain", frames),
        profile(tmp_path, "cool", tinted(frames, tint)),
    )
    assert cool["visual_valence"] < plain["visual_valence"] + 6
    assert cool["color_warmth"] < plain["color_warmth"]


@pytest.mark.parametrize(
    "clip",
    ["video_other/piano_verilog__piano_7f7961", "video_music/topocopter__intro_video_65de7d"],
)
def test_a_hand_that_holds_the_camera_is_no_action(shared, tmp_path, clip):
    frames = real_frames(shared / f"data/{clip}.mp4", 4)
    height, width = frames[0].shape[:2]
    size = int(0.9 * width) // 2 * 2, int(0.9 * height) // 2 * 2
    on_a_stand = [cv2.getRectSubPix(f, size, (width / 2, height / 2)) for f in frames]
    calm, held = (
        profile(tmp_path, "stand", on_a_stand),
        profile(tmp_path, "hand", held_by_hand(frames)),
    )
    assert held["action_energy"] < calm["action_energy"] + 15
    assert held["visual_arousal"] < calm["visual_arousal"] + 20
    assert held["narrative_pacing"] < calm["narrative_pacing"] + 10
    assert held["motion_amplitude"] > calm["motion_amplitude"]


@pytest.mark.parametrize("clip", ["grid2_fccc75", "grid5_e6c970"])
def test_a_dancer_who_fills_a_still_picture_is_not_calm(shared, tmp_path, clip):
    street = "fogwindowbeats__13395797_hd_1280_720_25fps_4863cc"
    frames = real_frames(shared / f"data/video_music/edge_dance_github_io__{clip}.mp4", 5)
    height, width = frames[0].shape[:2]
    top, left = height // 3, width // 4
    middle = [f[top : top + height // 4 * 2, left : left + width // 4 * 2] for f in frames]
    far, near, empty = (
        profile(tmp_path, "far", frames),
        profile(tmp_path, "near", middle),
        profile(tmp_path, "street", real_frames(shared / f"data/video_other/{street}.mp4", 5)),
    )
    assert near["visual_arousal"] > max(far["visual_arousal"], empty["visual_arousal"]) + 25
    assert near["action_energy"] > max(far["action_energy"], empty["action_energy"]) + 25
