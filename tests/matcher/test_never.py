"""Tracks that are never to be answered are not, and the list is filled up behind them."""

from __future__ import annotations

import numpy as np
import pytest

from data.catalogue import Catalogue
from matcher.query import Query
from matcher.search import rank


@pytest.mark.parametrize("diversity", [0.0, 0.5])
def test_a_refused_track_is_not_answered(diversity: float):
    features = np.random.default_rng(0).normal(size=(40, 10))
    catalogue = Catalogue(features, {"track_id": [f"t{i}" for i in range(40)]})
    asked = Query(features[3], k=5, diversity=diversity)
    first = [m.track_id for m in rank(catalogue, asked)]
    assert first[0] == "t3"
    refusing = Query(features[3], k=5, diversity=diversity, never=frozenset(first[:2]))
    answered = [m.track_id for m in rank(catalogue, refusing)]
    assert len(answered) == 5 and not set(answered) & set(first[:2])
    if not diversity:
        assert answered[:3] == first[2:]
    assert "never" not in refusing.to_dict()
