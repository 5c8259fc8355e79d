"""Frames with fewer rows, as pictures are scaled from."""

from __future__ import annotations

import av
import numpy as np
import pytest
from video_files import encode, texture

from features.video.frames import VideoReader
from features.video.shrinking import lowered


def planes(frame: av.VideoFrame, kind: type = np.uint8) -> list[np.ndarray]:
    rows = [np.frombuffer(p, kind).reshape(p.height, -1)[:, : p.width] for p in frame.planes]
    return [plane.astype(float) for plane in rows]


@pytest.mark.parametrize("form, kind", [("yuv420p", np.uint8), ("yuv420p10le", np.uint16)])
def test_each_row_is_the_mean_of_those_it_stands_for(form: str, kind: type) -> None:
    picture = av.VideoFrame.from_ndarray(texture(1080, 1920), format="bgr24").reformat(format=form)
    low = lowered(picture, 126)
    assert (low.width, low.height, low.format.name) == (1920, 180, form)
    for full, few in zip(planes(picture, kind), planes(low, kind), strict=True):
        means = full.reshape(len(few), 6, -1).mean(axis=1)
        assert np.abs(few - means).max() <= 0.51


def test_low_frames_and_other_formats_stay_as_they_are() -> None:
    small = av.VideoFrame.from_ndarray(texture(360, 640), format="bgr24").reformat(format="yuv420p")
    assert lowered(small, 126) is small
    other = av.VideoFrame.from_ndarray(texture(1080, 1920), format="bgr24")
    assert lowered(other, 126) is other


def test_a_large_film_looks_as_it_does_scaled_from_all_rows(tmp_path) -> None:
    film = encode(tmp_path / "large.mp4", [texture(1080, 1920, seed) for seed in (1, 2)])
    with VideoReader(film) as reader:
        for frame in reader:
            whole = reader._convert(frame._source, 160)
            assert frame.small.shape == whole.shape == (90, 160, 3)
            assert np.abs(frame.small.astype(float) - whole).mean() < 2.5
