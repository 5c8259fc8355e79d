"""What tracks sound like: kept by content, read back whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.catalogue import Catalogue
from data.checksums import Damaged
from data.errors import InputError
from data.profiles import MUSIC_NAMES
from data.track_sounds import (
    COUNT,
    STEP,
    TrackSounds,
    classes,
    read_sounds,
    sounds_path,
    to_bytes,
    write_sounds,
)

RNG = np.random.default_rng(0)


def _catalogue(digests: list[str], path: Path) -> Catalogue:
    rows = [
        {"track_id": str(i), "content_sha256": d} | dict.fromkeys(MUSIC_NAMES, float(i))
        for i, d in enumerate(digests)
    ]
    return Catalogue.from_rows(rows, str(path))


def test_classes_are_those_of_audioset():
    assert len(classes()) == COUNT == len(set(classes()))
    assert classes()[0] == "Speech" and classes()[132] == "Music"


def test_a_byte_runs_from_never_heard_to_always_heard():
    log_scores = np.log(np.array([0.0, 1.0, np.sqrt(STEP) - STEP]) + STEP)
    assert to_bytes(log_scores).tolist() == [0, 255, 128]


@given(
    arrays(np.float64, 8, elements=st.floats(0, 1, width=32)),
    arrays(np.float64, 8, elements=st.floats(0, 1, width=32)),
)
def test_bytes_keep_the_order_of_scores(a: np.ndarray, b: np.ndarray):
    first, second = (to_bytes(np.log(x + STEP)).astype(int) for x in (a, b))
    assert ((first - second) * np.sign(a - b) >= 0).all()


def test_sounds_come_back_in_the_order_of_any_catalogue(tmp_path: Path):
    digests = [f"{i:064x}" for i in range(5)]
    sounds = {d: RNG.integers(0, 256, COUNT).astype(np.uint8) for d in digests}
    write_sounds(sounds_path(tmp_path / "曲.csv"), sounds)
    unknown = "f" * 64
    found = TrackSounds.beside(
        _catalogue([digests[3], unknown, "", digests[0]], tmp_path / "曲.csv")
    )
    assert found is not None
    assert found.known.tolist() == [True, False, False, True]
    assert (found.sounds[[0, 3]] == [sounds[digests[3]], sounds[digests[0]]]).all()
    assert not found.sounds[1:3].any() and not found.embedding()[1:3].any()


def test_the_same_sounds_make_the_same_file(tmp_path: Path):
    sounds = {f"{i:064x}": RNG.integers(0, 256, COUNT).astype(np.uint8) for i in range(3)}
    write_sounds(tmp_path / "a.sound", sounds)
    write_sounds(tmp_path / "b.sound", dict(reversed(sounds.items())))
    assert (tmp_path / "a.sound").read_bytes() == (tmp_path / "b.sound").read_bytes()


def test_a_catalogue_without_sounds_has_none(tmp_path: Path):
    assert TrackSounds.beside(_catalogue(["0" * 64], tmp_path / "a.csv")) is None
    with pytest.raises(InputError):
        read_sounds(tmp_path / "a.sound")


@pytest.mark.parametrize("place", [12, -1])
def test_a_flipped_byte_shows(tmp_path: Path, place: int):
    write_sounds(path := tmp_path / "a.sound", {"0" * 64: np.full(COUNT, 7, np.uint8)})
    blob = bytearray(path.read_bytes())
    blob[place] ^= 1
    path.write_bytes(blob)
    with pytest.raises(Damaged):
        read_sounds(path)


def test_an_embedding_keeps_near_tracks_near(tmp_path: Path):
    kinds = RNG.integers(0, 200, (3, COUNT))
    sounds = np.clip(np.repeat(kinds, 10, axis=0) + RNG.integers(-5, 5, (30, COUNT)), 0, 255)
    found = TrackSounds(sounds.astype(np.uint8), np.ones(30, bool)).embedding(8)
    assert found.shape == (30, 8) and found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(1)
    near = found @ found.T
    same = np.repeat(np.arange(3), 10)[:, None] == np.repeat(np.arange(3), 10)
    assert near[same].min() > near[~same].max()
