"""The ear's file is read back whole, and its sums mean what its docstring says."""

from __future__ import annotations

import numpy as np
import pytest

from data.checksums import Damaged
from features.audio.ear import EAR, WITNESSES, Ear, log_scores, read_ear, write_ear
from features.audio.tags import tag


def test_an_ordinary_track_is_heard_as_ordinary():
    """At the centre of what it was fitted on, both outputs are zero, with YAMNet or without."""
    ear = read_ear()
    middle, scores = ear.arrays["centre"][None], ear.arrays["score_centre"][None]
    np.testing.assert_allclose(ear.hear(middle), 0, atol=1e-6)
    np.testing.assert_allclose(ear.hear(middle, scores), 0, atol=1e-6)


def test_more_events_and_major_raise_arousal_and_valence():
    """The direction of the factorial experiment (Eerola, Friberg & Bresin 2013)."""
    ear = read_ear()
    rows = np.repeat(ear.arrays["centre"][None].astype(float), 3, axis=0)
    for row, name in ((1, "onset_rate"), (2, "mode")):
        rows[row, WITNESSES.index(name)] += ear.arrays["scale"][WITNESSES.index(name)]
    base, faster, major = ear.hear(rows)
    assert faster[0] > base[0]
    assert major[1] > base[1]


def test_shares_count_windows_in_which_a_class_is_heard():
    scores = np.zeros((4, 521), np.float32)
    scores[0, 24] = 2 / 256  # singing, as faint as it sounds over a band
    scores[1, 24] = 1 / 256
    scores[2, 0], scores[2, 132] = 0.3, 0.25  # speech over music
    scores[3, 132] = 0.9
    heard = tag(scores)
    assert (heard["vocals"], heard["speech"], heard["music"]) == (0.25, 0.25, 0.25)


def test_scores_of_nothing_are_finite():
    np.testing.assert_allclose(log_scores(np.zeros((2, 521), np.float32)), np.log(1 / 256))


def test_a_flipped_bit_is_noticed(tmp_path):
    """The last byte of the file belongs to a coefficient."""
    path = tmp_path / "ear.safetensors"
    write_ear(path, read_ear(), "{}")
    assert isinstance(read_ear(path), Ear)
    content = bytearray(EAR.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(Damaged):
        read_ear(path)
