"""A query through the pipeline: what a person changed, what was left out, what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_NAMES, VIDEO_FIELDS, VideoProfile
from features.audio import WITH_YAMNET
from leitmotif import pipeline
from leitmotif.words.page_words import Words
from matcher import Query, TrackIndex
from matcher.filters import Filter
from recommender import load_recommender

X = np.random.default_rng(0).normal(size=(30, 10))
TRACKS = Catalogue(X, {"track_id": [f"t{i}" for i in range(30)]}, source="my.csv")
VIDEO = VideoProfile(np.array([(f.low + f.high) / 2 for f in VIDEO_FIELDS]), np.ones(11), "test")


@pytest.fixture(scope="module")
def predicted():
    return pipeline.request(VIDEO, TRACKS, load_recommender())


def test_the_answer_carries_what_was_asked(predicted):
    asked = Query(
        importance=np.arange(10.0), metric="cosine", k=3, filter=Filter("ten", rows=range(10))
    )
    found = pipeline.match(VIDEO, TRACKS, asked)
    assert [m.row < 10 for m in found.matches] == [True] * 3
    used = np.arange(10.0) * (predicted.confidence > 0)
    assert 0 in predicted.confidence  # the picture says nothing of one dimension
    request = json.loads(json.dumps(found.to_dict()))["request"]
    assert request == {
        "values": dict(zip(MUSIC_NAMES, predicted.values.tolist(), strict=True)),
        "importance": dict(zip(MUSIC_NAMES, used.tolist(), strict=True)),
        "metric": "cosine",
        "scale": "standard",
        "k": 3,
        "filter": "ten",
        "diversity": 0.0,
        "edited": [],
    }


def test_a_wish_takes_the_place_of_the_prediction_and_is_sure(predicted):
    values = predicted.values.copy()
    values[8] = -77
    unsure = replace(VIDEO, confidence=np.zeros(11))
    found = pipeline.match(unsure, TRACKS, Query(values))
    assert found.edited == ("arousal",)
    assert found.music.values.tolist() == values.tolist()
    assert found.music.confidence[8] == 1


def test_a_request_is_kept_for_its_picture_catalogue_and_recommender_alone():
    first, second = load_recommender(), replace(load_recommender(), requests=None)
    louder = replace(TRACKS, features=X + 5)
    asked = [
        pipeline.request(VIDEO, TRACKS, first),
        pipeline.request(replace(VIDEO, values=VIDEO.values * 0.9), TRACKS, first),
        pipeline.request(VIDEO, louder, first),
        pipeline.request(VIDEO, TRACKS, second),
    ]
    assert len({music.values.tobytes() for music in asked}) == 4
    again = pipeline.request(VIDEO, TRACKS, second)
    assert again is asked[3] and again == second.predict(VIDEO)


def test_an_index_of_the_catalogue_changes_no_answer():
    plain = pipeline.match(VIDEO, TRACKS)
    again = pipeline.match(VIDEO, TRACKS, index=TrackIndex.build(X, engine="blocks"))
    assert again.to_dict() == plain.to_dict()


def test_tracks_in_which_nothing_is_heard_are_left_out_and_counted():
    confidence = np.ones((30, 10))
    confidence[5:] = 0
    found = pipeline.match(VIDEO, replace(TRACKS, confidence=confidence), Query(k=9))
    assert sorted(m.row for m in found.matches) == [0, 1, 2, 3, 4]
    assert found.warnings == (
        "9 tracks asked for, 5 of the catalogue's 30 shown: in 25 of them nothing can be heard, "
        "the others are filtered out, copies, or gone.",
    )
    assert "其中 25 首听不到任何声音" in Words("zh").sentence(found.warnings[0])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"importance": np.zeros(10)}, "weights: all weights are zero"),
        ({"values": np.full(10, np.nan)}, "query: a number is missing"),
        ({"metric": "manhattan"}, "metric: 'manhattan' is not known; choose euclidean or cosine"),
        ({"scale": "log"}, "scale: 'log'"),
        ({"k": 0}, "k: 0 given"),
        ({"k": True}, "k: True given"),
        ({"diversity": 1}, "diverse: 1 given"),
    ],
)
def test_a_query_that_cannot_be_asked_is_never_made(asked, message):
    with pytest.raises(InputError, match=message):
        Query(**asked)


def test_nobody_changes_a_query_afterwards():
    values = np.arange(10.0)
    query = Query(values)
    values[0] = 99
    assert query.values[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        query.values[0] = 1


@pytest.mark.parametrize(
    ("name", "older"),
    [
        ("leitmotif-audio 1", True),
        ("leitmotif-audio 1 + yamnet", True),
        (WITH_YAMNET, False),
        ("", False),
        ("my ears 1", False),
    ],
)
def test_a_catalogue_by_an_older_extractor_is_read_and_named_so(name: str, older: bool):
    columns = dict(TRACKS.columns) | {"extractor": [name] * len(TRACKS)}
    catalogue = replace(TRACKS, columns=columns)
    said = pipeline.check_extractors(catalogue, load_recommender())
    assert [sentence.code for sentence in said] == ["matcher.older_extractor"] * older
