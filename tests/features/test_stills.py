"""Pictures all over a film, without decoding it all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from video_files import encode, texture

from features.video.frames import VideoReader
from features.video.packets import Packets
from features.video.skim import Group
from features.video.stills import Stills, kept, plan


def packets(seconds: float, group: int, fps: int = 25) -> Packets:
    """Packets of a film with a key frame every `group` frames."""
    count = round(seconds * fps)
    keys = np.arange(count) % group == 0
    return Packets(np.arange(count) / fps, np.full(count, 900), keys, np.arange(count))


def test_a_short_film_is_looked_at_every_half_second():
    groups = plan(packets(10, 250), 160 * 90)
    assert len(groups) == 1 and len(groups[0].moments) == 20
    assert np.diff(groups[0].moments) == pytest.approx(0.5, abs=0.3)


def test_key_frames_are_taken_whatever_else_can_be_afforded():
    long = packets(3600, 100)
    groups = plan(long, 1920 * 1080)
    assert len(groups) == 900
    assert all(g.moments[0] == pytest.approx(long.times[g.start]) for g in groups)
    decoded = sum((g.moments[-1] - g.moments[0]) * 25 * 0.6 for g in groups)
    assert decoded <= 0.1 * len(long) + len(groups)


def test_films_of_key_frames_alone_are_sampled():
    groups = plan(packets(8, 1), 4096 * 2160)
    assert [g.moments[0] for g in groups] == pytest.approx(np.arange(0, 8, 0.5), abs=0.05)


def test_pictures_are_those_of_the_film(tmp_path: Path):
    pictures = [texture(96, 128, seed=k) for k in range(6)]
    path = encode(tmp_path / "a.mp4", (p for p in pictures for _ in range(20)), 10)
    with Stills(path) as film:
        found = list(film.pictures())
        assert film.length == pytest.approx(12, abs=0.11)
    with VideoReader(path) as reader:
        all_of_them = {round(f.time, 3): f.picture(256) for f in reader}
    assert len(found) == 24
    for still in found:
        exact = all_of_them[round(still.time, 3)]
        assert np.abs(exact.astype(int) - still.picture).mean() < 2
    once = list(kept(iter(found)))
    assert [s.time for s, _ in once] == pytest.approx(np.arange(0, 12, 2), abs=0.5)
    assert [end for _, end in once[:-1]] == [s.time for s, _ in once[1:]]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_group_is_read_from_its_own_key_frame(suffix: str, tmp_path: Path):
    # reordered frames: Matroska does not say when to decode the first ones after a seek
    options = {"bf": "3", "g": "20", "keyint_min": "20", "preset": "medium"}
    frames = (texture(96, 128, seed=k // 4) for k in range(100))
    with Stills(encode(tmp_path / f"a{suffix}", frames, 10, options=options)) as film:
        assert film.packets is not None and film.packets.keys.sum() >= 5
        starts = film.packets.times[film.packets.keys][1:4]
        stops = np.flatnonzero(film.packets.keys)
        for k, start in enumerate(starts, 1):
            group = Group(int(stops[k]), int(stops[k + 1]), (float(start),))
            seen = [one.frame.time for one in film.frames([group])]
            assert seen and min(seen) >= start - 0.25


def test_a_file_without_usable_times_is_decoded(tmp_path: Path):
    path = encode(tmp_path / "a.h264", (texture(96, 128, seed=k // 20) for k in range(60)), 25)
    with Stills(path) as film:
        assert 4 <= len(list(film.pictures())) <= 6
