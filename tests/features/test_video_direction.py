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
