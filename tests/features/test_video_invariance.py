"""The same pictures give the same numbers, however they are packed; and windows add up.

Each field may move by a share of its range: 3 %, or 5 % where pictures or frames were really lost,
and for the two fields of faces (in fast cutting a shot is looked at twice: one look is a lot).
"""

from fractions import Fraction
from functools import partial
from itertools import islice

import av
import cv2
import numpy as np
import pytest
from video_files import encode

from data.profiles import VIDEO_FIELDS, VIDEO_NAMES
from features.video import read_timeline, score

SPANS = np.array([f.high - f.low for f in VIDEO_FIELDS])
CLIPS = {
    "tennis, two shots": "video_other/foleycrafter__3_21d29e.mp4",
    "talking head": "video_other/sadtalker__wda_katiehill_000_1e295d.mp4",
    "trailer, fast cuts": "video_music/operabubbles__trailer_0dfe72.mp4",
}
SECONDS = 4
FACE_FIELDS = ("character_tension", "image_affinity")


def frames_of(path, seconds=SECONDS):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = round(stream.average_rate)
        images = [
            f.to_ndarray(format="bgr24") for f in islice(container.decode(stream), seconds * rate)
        ]
    return [image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2] for image in images], rate


@pytest.fixture(scope="module", params=CLIPS.values(), ids=CLIPS.keys())
def clip(request, shared, tmp_path_factory):
    """(frames, frames per second, profile of their plain encoding, folder for others)."""
    folder = tmp_path_factory.mktemp("clip")
    images, fps = frames_of(shared / "data" / request.param)
    return images, fps, profile(encode(folder / "plain.mp4", images, fps)), folder


def profile(path):
    return score(read_timeline(path))


def assert_same(found, expected, tolerance=0.03):
    off = np.abs(found.values - expected.values) / SPANS
    moved = {
        name: f"{share:.1%}"
        for name, share in zip(VIDEO_NAMES, off, strict=True)
        if share > (0.05 if name in FACE_FIELDS else tolerance)
    }
    assert not moved, f"of their range: {moved}"


def framed(image, top=0, left=0):
    return cv2.copyMakeBorder(image, top, top, left, left, cv2.BORDER_CONSTANT, value=(0, 0, 0))


def scaled(image, share):
    return cv2.resize(
        image,
        (int(image.shape[1] * share) // 2 * 2, int(image.shape[0] * share) // 2 * 2),
        interpolation=cv2.INTER_AREA,
    )


def test_at_another_bitrate(clip):
    images, fps, expected, folder = clip
    assert_same(profile(encode(folder / "low.mp4", images, fps, options={"crf": "30"})), expected)


def test_at_half_the_size(clip):
    images, fps, expected, folder = clip
    assert_same(
        profile(encode(folder / "half.mp4", [scaled(i, 0.5) for i in images], fps)), expected, 0.05
    )


def test_at_half_the_frame_rate(clip):
    images, fps, expected, folder = clip
    assert_same(profile(encode(folder / "slow.mp4", images[::2], Fraction(fps, 2))), expected, 0.05)


def test_letterboxed_and_pillarboxed(clip):
    images, fps, expected, folder = clip
    height, width = images[0].shape[:2]
    assert_same(
        profile(
            encode(
                folder / "letter.mp4", map(partial(framed, top=height // 6 // 2 * 2), images), fps
            )
        ),
        expected,
    )
    assert_same(
        profile(
            encode(
                folder / "pillar.mp4", map(partial(framed, left=width // 6 // 2 * 2), images), fps
            )
        ),
        expected,
    )


def test_rotated_by_metadata(clip):
    images, fps, expected, folder = clip
    turned = [cv2.rotate(i, cv2.ROTATE_90_CLOCKWISE) for i in images]
    found = profile(encode(folder / "turned.mp4", turned, fps, rotation=90))
    if abs(found["motion_amplitude"] - expected["motion_amplitude"]) > 0.2:
        pytest.fail("the picture was not turned upright")
    assert_same(found, expected)


@pytest.mark.parametrize(
    ("codec", "suffix", "options"),
    [
        ("libx265", ".mp4", {"preset": "ultrafast", "crf": "18", "x265-params": "log-level=none"}),
        ("libvpx-vp9", ".webm", {"deadline": "realtime", "cpu-used": "8", "crf": "20", "b": "0"}),
        ("libsvtav1", ".mkv", {"preset": "12", "crf": "20"}),
    ],
)
def test_in_other_codecs(shared, tmp_path, codec, suffix, options):
    images, fps = frames_of(shared / "data" / CLIPS["tennis, two shots"], 4)
    images = [scaled(i, 0.6) for i in images]
    expected = profile(encode(tmp_path / "plain.mp4", images, fps))
    try:
        other = encode(tmp_path / f"other{suffix}", images, fps, codec, options=options)
    except av.codec.codec.UnknownCodecError:
        pytest.skip(f"this PyAV cannot encode {codec}")
    assert_same(profile(other), expected)


@pytest.mark.parametrize("name", CLIPS.values(), ids=CLIPS.keys())
def test_averages_of_the_halves_are_those_of_the_whole(shared, name):
    timeline = read_timeline(shared / "data" / name)
    middle = timeline.times[len(timeline) // 2]
    left, right = score(timeline, 0, middle), score(timeline, middle)
    shares = np.array([middle, timeline.duration - middle]) / timeline.duration
    for field in VIDEO_FIELDS:
        if field.name in ("color_weight", "color_warmth", "motion_amplitude", "action_energy"):
            joined = shares @ [left[field.name], right[field.name]]
            assert joined == pytest.approx(
                score(timeline)[field.name], abs=0.05 * (field.high - field.low)
            ), field.name
