"""A video file in, a Timeline and a profile out; and what is said of files that are none."""

import os
from itertools import pairwise

import numpy as np
import pytest
from video_files import encode, texture

from data.errors import Cancelled, InputError
from data.profiles import VIDEO_FIELDS, VIDEO_NAMES
from features.video import profile, read_timeline, scenes, score, video_profile
from features.video.signals import COLUMNS
from features.video.timeline import Timeline


@pytest.fixture(scope="module")
def three_shots(tmp_path_factory):
    """6 s at 25 frames/s: three still pictures of 2 s each."""
    frames = [texture(seed=k // 50) for k in range(150)]
    return encode(tmp_path_factory.mktemp("视频 dir") / "three shots 三.mp4", frames)


def test_a_token_every_half_second_and_exact_cuts(three_shots):
    timeline = read_timeline(three_shots)
    assert timeline.duration == pytest.approx(6.0)
    assert timeline.times.tolist() == [k / 2 for k in range(12)]
    assert timeline.names == COLUMNS
    assert timeline.cuts == pytest.approx([2.0, 4.0])
    assert timeline["seconds"].sum() == pytest.approx(6.0)
    assert timeline["cuts"].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]
    assert [
        0 <= t - start < 2
        for (t, _), (start, _) in zip(timeline.keyframes, timeline.shots, strict=True)
    ] == [True] * 3
    assert timeline.keyframes[0][1][:2] == b"\xff\xd8"
    assert all(
        "models pull" in warning for warning in timeline.warnings
    )  # nothing but pretrained files that are not here


def test_still_pictures_do_not_move(three_shots):
    timeline = read_timeline(three_shots)
    assert np.nanmax(timeline["motion"]) < 1e-3
    assert timeline["flow_valid"].min() >= 0.8


def test_the_profile_is_the_mean_of_its_curves(three_shots):
    profile = video_profile(three_shots)
    assert profile.names() == VIDEO_NAMES and profile.curves.names == VIDEO_NAMES
    for name in (
        "color_weight",
        "color_warmth",
        "motion_amplitude",
        "action_energy",
        "visual_valence",
    ):
        assert profile[name] == pytest.approx(profile.curves[name].mean())
    for field, value, sure in zip(VIDEO_FIELDS, profile.values, profile.confidence, strict=True):
        assert field.low <= value <= field.high and 0 <= sure <= 1


def test_a_window_is_rated_by_the_same_code(three_shots):
    timeline = read_timeline(three_shots)
    whole, left, right = score(timeline), score(timeline, 0, 3), score(timeline, 3, 6)
    assert whole["color_weight"] == pytest.approx(
        (left["color_weight"] + right["color_weight"]) / 2
    )
    assert len(left.curves.times) == 6
    with pytest.raises(InputError, match=r"lasts 6\.0 s"):
        score(timeline, 7, 9)


def test_scenes_can_be_asked_for_twice(three_shots):
    """A submodule of the function's name would take its place in the package at the first call."""
    import features.video

    timeline = read_timeline(three_shots)
    assert features.video.scenes(timeline) == features.video.scenes(timeline)


def test_scenes_cover_the_video_without_gaps(three_shots):
    timeline = read_timeline(three_shots)
    found = scenes(timeline)
    assert found[0][0] == 0 and found[-1][1] == timeline.duration
    assert all(a[1] == b[0] for a, b in pairwise(found))


def test_a_timeline_survives_its_file(three_shots, tmp_path):
    timeline = read_timeline(three_shots)
    timeline.save(tmp_path / "时间 线.npz")
    again = Timeline.load(tmp_path / "时间 线.npz")
    assert np.array_equal(again.values, timeline.values, equal_nan=True)
    assert (again.shots, again.keyframes, again.names, again.extractor) == (
        timeline.shots,
        timeline.keyframes,
        timeline.names,
        timeline.extractor,
    )
    (tmp_path / "other.npz").write_bytes(b"not an archive")
    with pytest.raises(InputError, match="analyse the video again"):
        Timeline.load(tmp_path / "other.npz")


def test_one_frame_is_one_shot_and_says_how_little_was_seen(tmp_path):
    timeline = read_timeline(encode(tmp_path / "one.mp4", [texture()]))
    assert timeline.shots == [(0.0, timeline.duration)]
    assert score(timeline).confidence.max() < 0.05


def test_black_and_still_are_one_shot(tmp_path):
    timeline = read_timeline(
        encode(tmp_path / "black.mp4", [np.zeros((90, 160, 3), np.uint8)] * 50)
    )
    assert len(timeline.shots) == 1
    assert np.isfinite(score(timeline).values).all()


def test_long_work_can_be_stopped(three_shots):
    def stop(stage, done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        read_timeline(three_shots, progress=stop, cache=False)


def test_progress_counts_media_time(three_shots):
    calls = []
    read_timeline(three_shots, progress=lambda *call: calls.append(call), cache=False)
    assert [round(done) for _, done, _ in calls] == [0, 1, 2, 3, 4, 5]
    assert {(stage, total) for stage, _, total in calls} == {("watching", 6.0)}


BAD = {
    "missing.mp4": (None, "no such file"),
    "empty.mp4": (b"", "empty"),
    "notes.mp4": ("scene one, 场景一\n".encode() * 50, "text file"),
    "noise.mp4": (
        bytes(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)),
        "cannot be opened",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_video_is_named_with_its_cure(tmp_path, name):
    content, reason = BAD[name]
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=reason) as caught:
        video_profile(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_is_no_video(tmp_path):
    with pytest.raises(InputError, match="this is a folder"):
        video_profile(tmp_path)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the super-user may read everything"
)
def test_an_unreadable_file_says_so(three_shots, tmp_path):
    path = tmp_path / "locked.mp4"
    path.write_bytes(three_shots.read_bytes())
    path.chmod(0)
    with pytest.raises(InputError, match="cannot be read"):
        video_profile(path)


def test_a_picture_is_no_video(tmp_path):
    import cv2

    path = tmp_path / "still.png"
    path.write_bytes(cv2.imencode(".png", texture())[1].tobytes())
    with pytest.raises(InputError, match="this is a picture, not a video"):
        video_profile(path)


def test_sound_alone_is_no_video(tmp_path):
    import soundfile

    path = tmp_path / "sound.wav"
    soundfile.write(path, np.zeros(8000), 8000)
    with pytest.raises(InputError, match="sound in this file but no video"):
        video_profile(path)


def test_a_truncated_file_gives_what_could_be_read_and_says_so(three_shots, tmp_path):
    frames = [texture(seed=k) for k in range(100)]
    whole = encode(tmp_path / "whole.mkv", frames)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    profile = video_profile(cut)
    assert any("cut off" in w for w in profile.warnings)
    headless = tmp_path / "headless.mp4"
    headless.write_bytes(three_shots.read_bytes()[:4000])
    with pytest.raises(InputError, match=r"headless\.mp4: cannot be opened"):
        video_profile(headless)


def test_a_curve_counts_by_its_mean_and_where_peaks_are_remembered_by_its_peak_too():
    """Ten tokens, one of them high: the mean of the mean and the 90th percentile, weighted by
    seconds."""
    curve = np.array([0.1] * 8 + [0.5, 0.9])
    curves = np.tile(curve[:, None], (1, len(VIDEO_NAMES)))
    seconds = np.full(10, 0.5)
    numbers = dict(zip(VIDEO_NAMES, profile.summary(curves, seconds), strict=True))
    assert {name for name, x in numbers.items() if x == pytest.approx((0.22 + 0.5) / 2)} == set(
        profile.PEAKED
    )
    assert {name for name, x in numbers.items() if x == pytest.approx(0.22)} == set(
        VIDEO_NAMES
    ) - set(profile.PEAKED)
    seconds[-1] = 2.0  # the high token lasts longer: now it is the 90th percentile
    mean = (curve * seconds).sum() / seconds.sum()
    numbers = dict(zip(VIDEO_NAMES, profile.summary(curves, seconds), strict=True))
    assert numbers["scene_tension"] == pytest.approx((mean + 0.9) / 2) and numbers[
        "color_weight"
    ] == pytest.approx(mean)
