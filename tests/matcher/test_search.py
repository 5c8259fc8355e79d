"""`rank`: a catalogue, a profile, five tracks with reasons."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_NAMES
from matcher import Match, Query, TrackIndex
from matcher.filters import Filter
from matcher.index import Index, open_index
from matcher.search import rank

RNG = np.random.default_rng(0)
X = np.round(RNG.normal(0, [4] * 5 + [20] * 3 + [40] * 2, (300, 10)), 3)


def catalogue(**columns) -> Catalogue:
    names = {"track_id": [f"t{i}" for i in range(300)], "title": [f"曲 {i}" for i in range(300)]}
    return Catalogue(X, names | {n: list(v) for n, v in columns.items()}, source="demo.csv")


def ask(
    tracks: Catalogue, values: np.ndarray, index: Index | None = None, where=None, **options
) -> list[Match]:
    return rank(
        tracks, Query(values, filter=None if where is None else Filter.of(where), **options), index
    )


def test_a_profile_is_answered_with_five_tracks_and_reasons():
    wanted = X[17] + 0.5
    matches = ask(catalogue(), wanted)
    assert len(matches) == 5
    assert matches[0].row == 17
    assert (matches[0].track_id, matches[0].name) == ("t17", "曲 17")
    deviations = X.std(axis=0)
    for match in matches:
        parts = ((X[match.row] - wanted) / deviations) ** 2
        assert match.distance == pytest.approx(np.sqrt(parts.sum()), rel=1e-12)
        np.testing.assert_allclose(match.contributions, parts / parts.sum(), rtol=1e-9)
        assert match.sentence
        json.dumps(match.to_dict())


def test_the_next_track_really_wins_with_the_weight_that_is_told():
    matches = ask(catalogue(), X[3] + 5, k=2)
    words = matches[0].next_wins.into().split()
    name = "_".join(
        words[words.index("of") + 1 : words.index("above" if "above" in words else "below")]
    )
    needed = float(words[words.index("above" if "above" in words else "below") + 1])
    weights = np.ones(10)
    weights[MUSIC_NAMES.index(name)] = needed * (1.02 if "above" in words else 0.98)
    again = ask(catalogue(), X[3] + 5, k=300, importance=weights)
    order = [m.row for m in again]
    assert order.index(matches[1].row) < order.index(matches[0].row)


def test_a_filter_may_be_words_a_mask_or_rows():
    tracks = catalogue(bpm=[str(60 + i) for i in range(300)])
    fast = np.arange(300) >= 100
    by_words = [m.row for m in ask(tracks, X[0], where="bpm>=160")]
    assert (
        by_words
        == [m.row for m in ask(tracks, X[0], where=fast)]
        == [m.row for m in ask(tracks, X[0], where=np.flatnonzero(fast))]
    )
    assert min(by_words) >= 100


def test_copies_never_fill_a_diverse_list():
    x = X.copy()
    x[:50] = x[7] + np.arange(50)[:, None] * 1e-3
    copies = Catalogue(
        x,
        {
            "track_id": [f"t{i}" for i in range(300)],
            "duplicate_of": [""] + ["t0"] * 49 + [""] * 250,
        },
    )
    assert [m.row < 50 for m in ask(copies, x[7], k=5)] == [True] * 5
    assert [m.row < 50 for m in ask(copies, x[7], k=5, diversity=0.2)] == [True] + [False] * 4


def test_copies_share_one_place_in_a_plain_list_too_if_asked():
    x = X.copy()
    x[:50] = x[7] + np.arange(50)[:, None] * 1e-3
    copies = Catalogue(
        x,
        {
            "track_id": [f"t{i}" for i in range(300)],
            "duplicate_of": [""] + ["t0"] * 49 + [""] * 250,
        },
    )
    plain, each_once = ask(copies, x[7], k=300), ask(copies, x[7], k=300, copies=False)
    assert [m.row for m in each_once] == [plain[0].row, *(m.row for m in plain if m.row >= 50)]
    assert [m.row for m in ask(copies, x[7], k=5, copies=False)] == [m.row for m in each_once[:5]]


@pytest.mark.parametrize(
    "options", [{}, {"copies": False}, {"diversity": 0.2}, {"where": "bpm>=60"}]
)
def test_a_track_whose_file_is_gone_is_never_answered(options):
    gone = [
        r for r in np.argsort(((X - X[7]) ** 2 / X.var(axis=0)).sum(axis=1))[:40].tolist() if r != 7
    ]
    status = ["missing" if i in gone else "" for i in range(300)]
    tracks = catalogue(status=status, bpm=["90"] * 300)
    for index in (None, TrackIndex.build(X, engine="blocks")):
        matches = ask(tracks, X[7], k=5, index=index, **options)
        assert matches[0].row == 7
        assert len(matches) == 5 and not {m.row for m in matches} & set(gone)
    assert len(ask(tracks, X[7], k=300, **options)) == 300 - len(gone)


@pytest.mark.parametrize("options", [{}, {"copies": False}, {"diversity": 0.2}])
def test_a_track_in_which_nothing_is_heard_is_never_answered(options):
    silent = np.argsort(((X - X[7]) ** 2 / X.var(axis=0)).sum(axis=1))[1:40].tolist()
    confidence = np.ones((300, 10))
    confidence[silent] = 0
    confidence[8, 1:] = 0  # a track of which only one number is known is still one
    tracks = replace(catalogue(), confidence=confidence)
    answered = [m.row for m in ask(tracks, X[7], k=300, **options)]
    assert 8 not in silent and answered[0] == 7 and set(answered) == set(range(300)) - set(silent)


def test_a_copy_stands_in_for_an_original_that_is_gone():
    tracks = catalogue(status=["missing", *[""] * 299], duplicate_of=["", "t0", "t0", *[""] * 297])
    answered = {m.row for m in ask(tracks, X[0], k=300, copies=False)}
    assert len(answered) == 298 and 0 not in answered and len(answered & {1, 2}) == 1


def test_an_index_may_be_used_again():
    index = TrackIndex.build(X, engine="blocks")
    mine, plain = ask(catalogue(), X[9], index=index), ask(catalogue(), X[9])
    assert [(m.row, m.distance) for m in mine] == [(m.row, m.distance) for m in plain]


def test_an_index_of_another_catalogue_is_refused():
    with pytest.raises(InputError, match="it holds 10 tracks, the catalogue 300"):
        ask(catalogue(), X[0], index=TrackIndex.build(X[:10]))


def test_a_file_is_opened_as_an_index_of_our_own(tmp_path):
    index = open_index(str(tmp_path / "demo.index"), catalogue())
    assert (tmp_path / "demo.index").is_file()
    assert index.search(X[4], 1)[0] == 4
