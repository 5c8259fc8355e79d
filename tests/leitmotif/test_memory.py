"""A build's memory: what is damaged in it is forgotten, and never taken for something else."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from data.profiles import Curves, MusicProfile
from data.track_curves import CURVE_NAMES, TOKEN_S, TrackOverTime
from data.track_record import TrackRecord
from leitmotif.catalogue.memory import Seen, State

DIGESTS = sorted(hashlib.sha256(bytes([i])).hexdigest() for i in range(6))


def record(seconds: float) -> TrackRecord:
    curves = Curves(np.arange(4) * TOKEN_S, np.zeros((4, len(CURVE_NAMES))), CURVE_NAMES)
    over_time = TrackOverTime(curves, np.zeros(0), np.zeros(0, bool), 0.0, 0.0, np.zeros(1))
    return TrackRecord(MusicProfile.neutral("ear"), over_time, np.arange(3, dtype="u4"), seconds)


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    """Six files and their records; the third lasts 2 seconds."""
    with closing(State(path := tmp_path / "out.build.sqlite", "ear")) as state:
        for i, digest in enumerate(DIGESTS):
            state.remember_file(f"/{i}.wav", Seen(f"t{i}", 9, 9, digest, ""))
            state.remember(digest, record(float(i)))
    return path


def lengths(path: Path) -> dict[str, float]:
    """Length of each content that is still known."""
    with closing(State(path, "ear")) as state:
        state.forget_damaged()
        known = sorted(state.known())
        return {d: r.duration_s for d, r in zip(known, state.records(known), strict=True)}


def test_what_was_remembered_is_there(memory: Path):
    assert lengths(memory) == {digest: float(i) for i, digest in enumerate(DIGESTS)}


@pytest.mark.parametrize("byte", [b"0", b"z", b"\xe4"])
@pytest.mark.parametrize("which", range(6))
def test_a_damaged_digest_costs_no_more_than_measuring_again(memory, which: int, byte: bytes):
    data, digest = memory.read_bytes(), DIGESTS[which].encode()
    memory.write_bytes(data.replace(digest, byte + digest[1:]))  # no longer in the table's order
    for known, seconds in lengths(memory).items():
        assert known not in DIGESTS or seconds == float(DIGESTS.index(known))


def test_a_memory_with_other_columns_is_begun_anew(memory: Path):
    memory.write_bytes(memory.read_bytes().replace(b"mtime_ns INTEGER", b"mtime_n\xe4 INTEGER"))
    assert lengths(memory) == {}
    with closing(State(memory, "ear")) as state:
        assert state.files() == {}


def test_a_source_that_is_no_text_any_more_is_forgotten(memory: Path):
    memory.write_bytes(memory.read_bytes().replace(b"/3.wav", b"/\xff.wav"))
    with closing(State(memory, "ear")) as state:
        assert sorted(state.files()) == [f"/{i}.wav" for i in (0, 1, 2, 4, 5)]
