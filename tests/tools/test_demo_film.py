"""The sample film is what its table says, and the program draws it again."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from tools.demo import film

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    """The shipped film, uint8 RGB (frames, H, W, 3) at quarter size."""
    with av.open(str(DEMO / "sample.mp4")) as container:
        return np.stack(
            [f.reformat(192, 108, format="rgb24").to_ndarray() for f in container.decode(video=0)]
        )


def test_the_table_says_what_the_film_program_says():
    assert json.loads((DEMO / "film.json").read_text(encoding="utf-8")) == film.truth()


def test_format_and_length(frames: np.ndarray):
    truth = film.truth()
    with av.open(str(DEMO / "sample.mp4")) as container:
        video = container.streams.video[0]
        assert (video.width, video.height, video.average_rate) == (
            truth["width"],
            truth["height"],
            truth["fps"],
        )
        assert (video.codec_context.name, video.pix_fmt, len(container.streams.audio)) == (
            "h264",
            "yuv420p",
            0,
        )
    assert len(frames) == truth["frames"]


def test_cuts_are_where_they_are_said_to_be(frames: np.ndarray):
    change = np.abs(np.diff(frames.astype(np.float32), axis=0)).mean(
        axis=(1, 2, 3)
    )  # change[i]: from frame i to i + 1
    for before, cut, after in zip(film.STARTS, film.STARTS[1:-1], film.STARTS[2:], strict=False):
        inside = np.r_[change[before : cut - 1], change[cut : after - 1]]
        assert change[cut - 1] > 2 * np.median(inside)


def test_the_moods_differ_as_meant(frames: np.ndarray):
    scenes = {
        s["name"]: frames[round(s["start_s"] * 24) : round(s["end_s"] * 24)].astype(np.float32)
        for s in film.truth()["scenes"]
    }
    light = {name: f.mean() for name, f in scenes.items()}
    warm = {name: f[..., 0].mean() - f[..., 2].mean() for name, f in scenes.items()}
    shot = {s["name"]: (s["end_s"] - s["start_s"]) / s["shots"] for s in film.truth()["scenes"]}
    assert light["chase"] < 0.25 * min(light["dawn"], light["festival"])
    assert max(light, key=light.get) == "festival"
    assert warm["dawn"] > 15 > warm["chase"]
    assert shot["chase"] < shot["city"] < shot["festival"] < shot["dawn"]


def test_any_frame_can_be_drawn_again():
    wanted = (100, 420, 520, 700)
    with av.open(str(DEMO / "sample.mp4")) as container:
        there = {
            n: f.to_ndarray(format="rgb24")
            for n, f in enumerate(container.decode(video=0))
            if n in wanted
        }
    for number in wanted:
        drawn = film.frame(number)
        error = np.mean((drawn.astype(np.float64) - there[number]) ** 2)
        assert 10 * np.log10(255**2 / error) > 27, number
    assert np.array_equal(drawn, film.frame(wanted[-1]))


def test_the_film_is_small():
    assert (DEMO / "sample.mp4").stat().st_size < 3e6
