"""Filters as people write them, and what they keep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_NAMES
from matcher.filters import parse_filter, passing


def catalogue() -> Catalogue:
    rows = [
        {
            "track_id": "t1",
            "title": "Dawn",
            "artist": "Ada, Bob",
            "bpm": 90,
            "duration_s": 200,
            "license": "CC0",
            "key": "A minor",
        },
        {
            "track_id": "t2",
            "title": "Dusk",
            "artist": "Chen",
            "bpm": 120.5,
            "duration_s": 170,
            "license": "CC-BY 4.0",
            "key": "C major",
        },
        {
            "track_id": "t3",
            "title": "Noon",
            "artist": "陈",
            "bpm": None,
            "duration_s": 30,
            "license": "",
            "key": "a minor",
        },
        {
            "track_id": "t4",
            "title": "Dawn (live)",
            "artist": "Ada",
            "bpm": 60,
            "duration_s": 181,
            "license": "own",
            "key": "E major",
        },
    ]
    features = np.zeros((4, 10))
    features[:, 8] = [-50, 0, 25, 50]
    return Catalogue.from_rows(
        [
            row | dict(zip(MUSIC_NAMES, x, strict=True))
            for row, x in zip(rows, features, strict=True)
        ]
    )


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("bpm>=90", "t1 t2"),
        ("bpm<=90", "t1 t4"),
        ("BPM > 90", "t2"),
        ("tempo<90", "t4"),
        ("bpm=60|90", "t1 t4"),
        ("bpm=80..121", "t1 t2"),
        ("bpm!=90", "t2 t3 t4"),
        ("duration<=3:00", "t2 t3"),
        ("时长 > 3:00", "t1 t4"),
        ("licence=CC*", "t1 t2"),
        ("license!=own", "t1 t2 t3"),
        ("license=*", "t1 t2 t4"),
        ("key=A minor", "t1 t3"),
        ("key~minor", "t1 t3"),
        ("artist=Ada|陈", "t3 t4"),
        ("artist!=Ada|陈", "t1 t2"),
        ('artist="Ada, Bob"', "t1"),
        ("title=Dawn (live)", "t4"),
        ("track_id!=t1|t3", "t2 t4"),
        ("arousal>0", "t3 t4"),
        ("arousal<=−50", "t1"),
        ("音乐唤醒度=-60..10", "t1 t2"),
        ("bpm>=60, license=CC*; key~major", "t2"),
        ("bpm>=60 and artist=ada", "t4"),
        ("title=dawn AND bpm=90", "t1"),
    ],
)
def test_a_filter_keeps(text, kept):
    tracks = catalogue()
    mask = passing(tracks, parse_filter(text))
    assert [tracks.track_ids[i] for i in np.flatnonzero(mask)] == kept.split()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("bpm=150..180", "t1"),
        ("bpm=90", "t1 t4"),
        ("bpm>120", "t1 t2"),
        ("bpm!=120", "t1 t2 t3"),
        ("bpm_alternative=180", "t1"),
    ],
)
def test_a_tempo_is_that_of_either_level(text, kept):
    """People count one track at 90 and at 180."""
    tracks = catalogue()
    levels = dict(tracks.columns) | {"bpm_alternative": ["180", "", "", "120"]}
    levels["bpm"] = ["90", "120.5", "", "90"]
    tracks = Catalogue(tracks.features, levels)
    mask = passing(tracks, parse_filter(text))
    assert [tracks.track_ids[i] for i in np.flatnonzero(mask)] == kept.split()


@pytest.mark.parametrize(
    "text", ["", " , ", "bpm", "bpm>", ">3", "bpm>fast", "bpm=1..x", "duration<3:xx", "bpm=nan"]
)
def test_what_is_no_filter_is_said_so(text):
    with pytest.raises(InputError, match="--filter"):
        parse_filter(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("energy=calm", "t1"),
        ("energy=Calm|peak", "t1 t4"),
        ("energy!=groove", "t1 t4"),
        ("energy=groove", "t2 t3"),
    ],
)
def test_energy_goes_by_arousal_in_any_catalogue(text: str, kept: str):
    there = catalogue()
    mask = passing(there, parse_filter(text))
    assert " ".join(np.array(there.track_ids)[mask]) == kept


def test_what_nobody_listened_for_cannot_be_asked():
    there = catalogue()
    heard = replace(there, columns={**there.columns, "vocals": ["0.4", "", "0", "0.19"]})
    assert passing(heard, parse_filter("vocals<0.2")).tolist() == [False, False, True, True]
    unheard = replace(there, columns={**there.columns, "vocals": [""] * 4})
    with pytest.raises(InputError, match="does not say 'vocals'"):
        passing(unheard, parse_filter("vocals<0.2"))


def test_an_unknown_column_is_answered_with_those_there_are():
    with pytest.raises(
        InputError,
        match="no column 'mood'; it has track_id, title, artist, duration_s, bpm, key, license, ri",
    ):
        passing(catalogue(), parse_filter("mood=sad"))
