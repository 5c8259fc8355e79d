"""Tracks over time: what is written comes back, and damage is one sentence."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import InputError
from data.profiles import Curves, MusicProfile
from data.track_curves import CURVE_NAMES, TOKEN_S, CurvesWriter, TrackOverTime, read_curves
from data.track_record import TrackRecord
from data.words import Sentence


def track(seed: int, tokens: int = 40) -> TrackOverTime:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(tokens, len(CURVE_NAMES))).astype(np.float32).astype(float)
    beats = np.arange(tokens) * 0.5
    return TrackOverTime(
        Curves(np.arange(tokens) * TOKEN_S, values, CURVE_NAMES),
        beats,
        rng.random(tokens) < 0.25,
        0.5,
        0.25,
        np.array([0.0, 10.0]),
    )


def written(folder: Path, count: int = 3) -> Path:
    path = folder / "a.curves.parquet"
    with CurvesWriter(path) as writer:
        for i in range(count):
            writer.add(f"曲/{i}", track(i))
    return path


def same(a: TrackOverTime, b: TrackOverTime) -> bool:
    return (
        np.array_equal(a.curves.values, b.curves.values)
        and np.array_equal(a.beats, b.beats)
        and np.array_equal(a.accents, b.accents)
        and np.array_equal(a.sections, b.sections)
        and (a.beat_confidence, a.accent_confidence) == (b.beat_confidence, b.accent_confidence)
    )


def test_tracks_come_back_all_or_those_named(tmp_path: Path):
    path = written(tmp_path, 300)  # more than one row group
    found = read_curves(path)
    assert list(found) == [f"曲/{i}" for i in range(300)]
    assert all(same(found[f"曲/{i}"], track(i)) for i in range(300))
    assert list(read_curves(path, ["曲/299", "曲/1", "none"])) == ["曲/1", "曲/299"]


def test_a_missing_file_says_who_writes_it(tmp_path: Path):
    with pytest.raises(InputError, match=r"no such file; `leitmotif catalogue build` writes it"):
        read_curves(tmp_path / "a.curves.parquet")


def test_no_damage_passes(tmp_path: Path):
    """Every bit of the footer and many elsewhere; cut at any length."""
    path = written(tmp_path)
    whole, bits = path.read_bytes(), random.Random(0)
    for _ in range(400):
        blob = bytearray(whole)
        at = bits.randrange(8 * len(blob))
        blob[at // 8] ^= 1 << at % 8
        path.write_bytes(blob)
        try:
            found = read_curves(path)
        except InputError as error:
            assert str(path) in str(error) and "build the catalogue again" in str(error)
        else:  # a bit that says nothing of the tracks
            assert all(same(found[f"曲/{i}"], track(i)) for i in range(3))
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="build the catalogue again"):
            read_curves(path)


def test_a_table_of_something_else_is_not_one_of_curves(tmp_path: Path):
    pq.write_table(pa.table({"track_id": ["a"]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match="build the catalogue again"):
        read_curves(tmp_path / "b.parquet")


def record() -> TrackRecord:
    profile = MusicProfile(
        np.arange(10.0),
        np.full(10, 0.5),
        "leitmotif-audio 9",
        warnings=(Sentence("files.make_again"), "said by somebody else"),
    )
    prints = np.arange(5, dtype=np.uint32)
    return TrackRecord(
        profile, track(1), prints, 12.3456, bpm=120.004, key="F# minor", title="曲",
        tags={"music": 0.75, "mood_calm": 0.25},
    )  # fmt: skip


def test_a_record_survives_a_builds_memory():
    before = record()
    after = TrackRecord.from_bytes(before.to_bytes(), "memory")
    assert after.profile == before.profile
    assert [type(w) for w in after.profile.warnings] == [Sentence, str]
    assert after.profile.warnings == before.profile.warnings
    assert same(after.over_time, before.over_time)
    assert after.fingerprint.tolist() == [0, 1, 2, 3, 4]
    assert after.row() == before.row()


def test_a_record_is_a_row_of_the_catalogue():
    row = record().row()
    assert row["duration_s"] == 12.346 and row["bpm"] == 120.0 and row["loudness_lufs"] == ""
    assert row["richness"] == 0.0 and row["valence"] == 9.0 and row["valence_confidence"] == 0.5
    assert row["music_share"] == 0.75 and row["mood_calm"] == 0.25
    assert row["energy"] == "groove" and row["vocals"] == "" and row["speech"] == ""
    assert row["extractor"] == "leitmotif-audio 9" and row["title"] == "曲"


def test_a_damaged_record_is_made_again():
    from data.checksums import Damaged

    blob = bytearray(record().to_bytes())
    blob[len(blob) // 2] ^= 1
    with pytest.raises(Damaged):
        TrackRecord.from_bytes(bytes(blob), "memory")
