"""Half, double and shift: what becomes of beats, accents and sections, and how it is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.beat_corrections import Correction, Corrections, corrected
from data.errors import InputError
from data.profiles import Curves
from data.track_curves import CURVE_NAMES, TOKEN_S, TrackOverTime

SECONDS = 32.0


def track(bar: int = 4, first: int = 2) -> TrackOverTime:
    """Beats every half second from 0.25 s on, bars of `bar`, sections at 0, 9 and 20 s."""
    tokens = round(SECONDS / TOKEN_S)
    beats = 0.25 + 0.5 * np.arange(60)
    accents = (np.arange(60) - first) % bar == 0
    values = np.zeros((tokens, len(CURVE_NAMES)))
    curves = Curves(np.arange(tokens) * TOKEN_S, values, CURVE_NAMES)
    return TrackOverTime(curves, beats, accents, 0.4, 0.5, np.array([0.0, 9.0, 20.0]))


def test_half_keeps_the_beats_on_which_bars_begin():
    found = corrected(track(), Correction(0.5))
    assert found.beats == pytest.approx(0.25 + np.arange(30))
    assert found.beats[found.accents] == pytest.approx(np.arange(1.25, 30, 4))
    odd = corrected(track(first=1), Correction(0.5))
    assert odd.beats[0] == pytest.approx(0.75)


def test_double_puts_a_beat_between_any_two():
    found = corrected(track(), Correction(2.0))
    assert np.diff(found.beats) == pytest.approx(0.25) and len(found.beats) == 119
    assert found.beats[found.accents] == pytest.approx(np.arange(0.25, 29.8, 1.0))


def test_double_and_half_are_nothing():
    assert Correction().then(2.0).then(0.5) == Correction()
    assert corrected(track(), Correction().then(shift_s=0.2).then(shift_s=-0.2)) is not None


def test_a_shift_moves_everything_and_leaves_what_falls_outside():
    found = corrected(track(), Correction(1.0, -0.5))
    assert found.beats == pytest.approx(0.25 + 0.5 * np.arange(59))
    assert found.beats[found.accents][0] == pytest.approx(0.75)


def test_sections_begin_on_accents_and_a_person_is_sure():
    found = corrected(track(), Correction(1.0, -0.1))
    assert found.sections == pytest.approx([0.0, 9.15, 20.0])  # 19.15 and 21.15 are too far
    assert found.beat_confidence == 1.0 and track().beat_confidence == 0.4


def test_without_a_correction_nothing_changes():
    before = track()
    assert corrected(before, Correction()) is before


def test_corrections_are_kept_by_content(tmp_path: Path):
    catalogue = tmp_path / "audio_features.csv"
    said = Corrections({}).with_correction("ab" * 32, "曲", Correction(0.5, -0.25))
    said.write(catalogue)
    assert (tmp_path / "audio_features.beats.csv").is_file()
    assert Corrections.beside(catalogue) == said
    assert said.of("ab" * 32) == Correction(0.5, -0.25) and said.of("cd") == Correction()
    said.with_correction("ab" * 32, "曲", Correction()).write(catalogue)
    assert not (tmp_path / "audio_features.beats.csv").exists()
    assert Corrections.beside(catalogue) == Corrections({})


@pytest.mark.parametrize("row", ["ab,t,3,0", "ab,t,fast,0", ",t,2,0", "ab,t,2,inf", "ab,t,2"])
def test_a_row_that_says_nothing_is_named(tmp_path: Path, row: str):
    path = tmp_path / "tracks.beats.csv"
    path.write_text(f"content_sha256,track_id,tempo,shift_s\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2"):
        Corrections.beside(tmp_path / "tracks.csv")


def test_corrections_have_bounds():
    with pytest.raises(InputError, match="× 16"):
        Correction(8.0).then(2.0)
    with pytest.raises(InputError, match="61 s"):
        Correction(1.0, 60.0).then(shift_s=1.0)
