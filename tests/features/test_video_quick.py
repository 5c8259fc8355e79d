"""The quick look: the same numbers from few pictures, and honest about it."""

from __future__ import annotations

import json

import av
import numpy as np
import pytest
from video_files import encode, moving, texture

from data.errors import InputError
from data.profiles import VIDEO_NAMES
from features.video import extract, quick, read_timeline, score
from features.video.packets import read_packets
from features.video.signals import COLUMNS
from features.video.skim import Skimmer
from leitmotif.cli import main

CUTS = (3.2, 5.6, 9.2)
MEDIUM = {"preset": "medium"}  # places key frames at cuts, and frames that none refers to


def scenes(seconds: float = 12.0, speed: int = 2) -> list[np.ndarray]:
    """Four pictures that pan at 25 frames a second, with cuts at `CUTS`."""
    shades = ((0.3, 0.5, 1.0), (1.0, 0.9, 0.4), (0.3, 0.3, 0.2), (0.5, 1.0, 0.6))  # B, G, R
    pictures = [(texture(180, 640, i) * shade).astype(np.uint8) for i, shade in enumerate(shades)]

    def frame(k: int) -> np.ndarray:
        picture = pictures[int(np.searchsorted(CUTS, k / 25 + 1e-6, side="right"))]
        return np.roll(picture, k * speed, axis=1)[:, :320]

    return moving(frame, seconds)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return encode(tmp_path_factory.mktemp("quick") / "film.mp4", scenes(), options=MEDIUM)


def packets(path):
    with av.open(str(path)) as container:
        return read_packets(container, container.streams.video[0])


def test_packets_are_the_same_by_index_and_by_reading(film, tmp_path):
    again = tmp_path / "again.mkv"  # its index has the key frames only
    with av.open(str(film)) as source, av.open(str(again), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    one, other = packets(film), packets(again)
    assert len(one) == len(other) == 300
    np.testing.assert_array_equal(one.sizes, other.sizes)
    np.testing.assert_array_equal(one.keys, other.keys)
    np.testing.assert_allclose(one.times, other.times, atol=1.5e-3)  # Matroska counts ms


def test_a_key_frame_placed_early_tells_of_a_cut(film):
    found = packets(film)
    # the third comes after the longest group of all, which might be the longest allowed
    assert found.times[found.sudden_keys()] == pytest.approx(CUTS[:2], abs=0.041)
    likely = found.times[found.likely_cuts()]
    assert all(np.abs(likely - cut).min() < 0.05 for cut in CUTS[:2])


def test_even_key_frames_tell_nothing(tmp_path):
    regular = {"g": "25", "sc_threshold": "0"}
    found = packets(encode(tmp_path / "even.mp4", scenes(), options=regular))
    assert found.keys.sum() == 12
    assert not found.sudden_keys().any()


def test_the_plan_looks_at_key_frames_and_goes_deeper_where_that_is_cheap(film):
    found = packets(film)
    near, far = (quick.plan(found, pixels) for pixels in (320 * 180, 8000 * 8000))
    assert [found.keys[g.start] for g in near] == [True] * 4
    assert sum(len(g.moments) for g in far) == 4  # nothing but the key frames
    assert all(len(g.moments) == 1 for g in far)
    assert sum(len(g.moments) for g in near) >= 10
    assert all(g.whole for g in near)


def test_a_longer_film_is_looked_at_more_often_and_less_densely():
    lengths = np.array([5, 24, 60, 600, 7200])
    steps = np.array([quick.spacing(float(s)) for s in lengths])
    assert (np.diff(steps) >= 0).all()
    assert (np.diff(lengths / steps) > 0).all()
    assert lengths[-1] / steps[-1] < 300


def test_it_sees_what_the_full_look_sees(film):
    full, glance = extract.read_timeline(film), quick.read_timeline(film)
    assert glance.names == full.names == COLUMNS
    assert len(glance) == len(full)
    assert glance.duration == pytest.approx(full.duration, abs=0.05)
    assert glance.cuts == pytest.approx(full.cuts, abs=0.05)
    ranges = np.array([100, 100, 100, 100, 100, 100, 1, 1, 1, 200, 200])
    away = np.abs(score(glance).values - score(full).values) / ranges
    assert dict(zip(VIDEO_NAMES, away, strict=True)) == pytest.approx(
        dict.fromkeys(VIDEO_NAMES, 0), abs=0.1
    )


def test_by_key_frames_alone_it_finds_the_cuts_that_the_encoder_saw(film, monkeypatch):
    monkeypatch.setattr(quick, "ALLOWANCE", 0.0)
    glance = quick.read_timeline(film)
    assert all(np.abs(np.array(glance.cuts) - cut).min() < 0.05 for cut in CUTS[:2])


def test_stamps_that_leap_are_left_to_the_full_look(film, tmp_path):
    path = tmp_path / "leap.mkv"
    with av.open(str(film)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                late = round(3600 / packet.time_base) if packet.dts * packet.time_base > 6 else 0
                packet.pts, packet.dts, packet.stream = packet.pts + late, packet.dts + late, stream
                target.mux(packet)
    assert quick.read_timeline(path) is None
    assert read_timeline(path, quick=True, cache=False).extractor.startswith(extract.VERSION)


def test_it_says_what_it_is_and_is_less_sure(film):
    full, glance = extract.read_timeline(film), quick.read_timeline(film)
    assert glance.extractor.startswith("leitmotif-video-quick")
    assert full.looked is None and glance.looked.any()
    assert (score(glance).confidence <= score(full).confidence).all()
    motion = VIDEO_NAMES.index("motion_amplitude")
    assert score(glance).confidence[motion] < score(full).confidence[motion]


def test_what_was_not_looked_at_moves_by_its_bytes(tmp_path, monkeypatch):
    """The first half pans slowly, the second fast; only key frames are decoded."""
    monkeypatch.setattr(quick, "ALLOWANCE", 0.0)
    picture = texture(180, 640)

    def frame(k: int) -> np.ndarray:
        return np.roll(picture, k if k < 150 else 9 * k, axis=1)[:, :320]

    path = encode(tmp_path / "faster.mp4", moving(frame, 12), options={"g": "300"} | MEDIUM)
    glance = quick.read_timeline(path)
    assert not glance.looked[14:22].any()
    assert np.isfinite(glance["motion"]).all()
    assert glance["motion"][14:].mean() > 1.2 * glance["motion"][2:10].mean()


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [("all.avi", "mjpeg", "yuvj420p"), ("all.mov", "prores_ks", "yuv422p10le")],
)
def test_where_every_frame_is_a_key_frame_it_samples(tmp_path, name, codec, pix_fmt):
    path = encode(tmp_path / name, scenes(6.0), codec=codec, pix_fmt=pix_fmt)
    full, glance = extract.read_timeline(path), quick.read_timeline(path)
    assert glance.duration == pytest.approx(full.duration, abs=0.05)
    assert np.isfinite(score(glance).values).all()
    assert glance.cuts == pytest.approx(full.cuts, abs=0.1)
    assert glance["motion"].mean() == pytest.approx(full["motion"].mean(), rel=0.2)


def test_of_a_long_film_of_key_frames_it_decodes_pairs(tmp_path, monkeypatch):
    path = encode(tmp_path / "all.avi", scenes(6.0), codec="mjpeg", pix_fmt="yuvj420p")
    monkeypatch.setattr(quick, "ALLOWANCE", 0.0)
    monkeypatch.setattr(quick, "DOUBTED", 0.0)
    with Skimmer(path) as reader:
        seen = list(reader.frames(quick.plan(reader.packets, reader.pixels, reader.price)))
    assert [s.look for s in seen] == [True, False] * 6
    assert [s.later for s in seen] == [False, True] * 6
    assert quick.read_timeline(path)["motion"].max() > 0


def test_and_all_frames_where_their_size_tells_of_a_cut(tmp_path, monkeypatch):
    path = encode(tmp_path / "all.avi", scenes(6.0), codec="mjpeg", pix_fmt="yuvj420p")
    monkeypatch.setattr(quick, "ALLOWANCE", 0.0)
    monkeypatch.setattr(quick, "DOUBTED", 0.2)
    assert sorted(packets(path).jumps()) == [80, 140]
    with Skimmer(path) as reader:
        seen = list(reader.frames(quick.plan(reader.packets, reader.pixels, reader.price)))
    assert len(seen) < 150 / 5 and sum(s.look for s in seen) == 6
    times = [s.frame.time for s in seen]
    assert times == sorted(set(times))
    assert quick.read_timeline(path).cuts == pytest.approx([3.2, 5.6], abs=1e-3)


def test_a_stream_without_an_index_works_too(tmp_path):
    path = encode(tmp_path / "film.ts", scenes(6.0), options=MEDIUM)
    glance = quick.read_timeline(path)
    assert glance is not None
    assert glance.duration == pytest.approx(6.0, abs=0.1)
    assert glance["motion"].max() > 0


def test_one_frame_is_enough(tmp_path):
    path = encode(tmp_path / "one.mp4", scenes(0.04))
    glance = read_timeline(path, quick=True)
    assert len(glance) == 1
    assert np.isfinite(score(glance).values).all()


def test_a_picture_or_text_is_refused_as_by_the_full_look(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("no film")
    with pytest.raises(InputError, match=r"notes\.mp4"):
        read_timeline(path, quick=True)


def test_the_commands_take_it(film, capsys):
    main(["analyze", str(film), "--quick", "--json", "--quiet"])
    profile = json.loads(capsys.readouterr().out)["profiles"][0]
    assert profile["extractor"].startswith("leitmotif-video-quick")
