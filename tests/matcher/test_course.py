"""A film's course takes part in the ranking, and every match says where it should begin."""

from dataclasses import replace

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.profiles import MUSIC_NAMES, Curves
from data.track_curves import CURVE_NAMES, CurvesWriter, TrackOverTime
from matcher import arc, course
from matcher.arc import BOTH
from matcher.arc_step import Step, picture_rows
from matcher.arc_store import CatalogueCurves, evidence_of, step_evidence
from matcher.course import Course, TrackCourses
from matcher.filters import Filter
from matcher.query import Query
from matcher.search import rank

TRACKS, FOLLOWS, UNKNOWN = 30, 17, 4
"""So many tracks; one whose loudness follows the film, and one that is not known over time."""


def film(seconds=90):
    rng = np.random.default_rng(1)
    return arc.window((rng.random(seconds) < 0.2).astype(float), rng.exponential(3, seconds))


def over_time(loudness):
    values = np.zeros((2 * len(loudness), len(CURVE_NAMES)))
    values[:, 0] = np.repeat(loudness, 2)
    curves = Curves(np.arange(len(values)) * 0.5, values, CURVE_NAMES)
    none = np.zeros(0)
    return TrackOverTime(curves, none, none.astype(bool), 0.0, 0.0, np.array([0.0, 60, 100]))


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory) -> Catalogue:
    folder, rng = tmp_path_factory.mktemp("曲 catalogue"), np.random.default_rng(0)
    with CurvesWriter(folder / "tracks.curves.parquet") as writer:
        for i in range(TRACKS):
            loudness = rng.normal(-6, 2, 220)
            if i == FOLLOWS:
                loudness[60:150] = -6 + 2 * film().standard[BOTH]
            if i != UNKNOWN:
                writer.add(f"t{i}", over_time(loudness))
    rows = [
        {"track_id": f"t{i}"} | dict(zip(MUSIC_NAMES, rng.uniform(0, 9, 10), strict=True))
        for i in range(TRACKS)
    ]
    rows[FOLLOWS] |= dict(zip(MUSIC_NAMES, [6.5, 1.5] * 5, strict=True))  # not among the nearest
    Catalogue.from_rows(rows).write(folder / "tracks.csv")
    return Catalogue.read(folder / "tracks.csv")


def courses(catalogue, seconds=90, place=None):
    return Course(film(seconds), TrackCourses.beside(catalogue), place)


MIDDLE = np.full(10, 4.5)


def test_a_track_that_moves_with_the_film_comes_forward(catalogue):
    query = Query(MIDDLE, k=TRACKS)
    plain, both = rank(catalogue, query), rank(catalogue, query, course=courses(catalogue))
    before, after = ([m.row for m in found].index(FOLLOWS) for found in (plain, both))
    assert after < before - 10
    by_row = {m.row: m.distance for m in plain}
    assert {m.row: m.distance for m in both} == pytest.approx(by_row), (
        "distances stay what they are"
    )
    assert sorted(by_row) == list(range(TRACKS)), "every track once"
    placed = next(m for m in both if m.row == FOLLOWS).placement
    assert placed.in_point == 60 and placed.z > 3
    assert next(m for m in both if m.row == UNKNOWN).placement is None


def test_the_order_is_profile_and_half_the_arc(catalogue):
    found = rank(catalogue, Query(MIDDLE, k=TRACKS), course=courses(catalogue))
    distance = {m.row: m.distance for m in rank(catalogue, Query(MIDDLE, k=TRACKS))}
    rows = np.array(sorted(distance))
    evidence = course.evidence_of(film(), courses(catalogue).tracks.curves, rows)
    known = np.isfinite(evidence)
    assert known.sum() == TRACKS - 1
    standard = np.where(known, evidence - evidence[known].mean(), 0) / evidence[known].std()
    profile = -np.array([distance[r] for r in rows])
    score = (profile - profile.mean()) / profile.std() + 0.5 * standard
    assert [m.row for m in found] == rows[np.argsort(-score)].tolist()


def test_a_given_place_lets_the_arc_lead(catalogue):
    found = rank(catalogue, Query(MIDDLE, k=3), course=courses(catalogue, place=60.0))
    assert found[0].row == FOLLOWS and found[0].placement.in_point == 60
    assert all(m.placement is None or m.placement.in_point == 60 for m in found)


@pytest.mark.parametrize(("place", "won"), [(None, "unknown"), (60.0, "known")])
def test_a_learned_step_ranks_where_it_won(catalogue, place, won):
    """Its weights say that loudness falls where the film moves: the track that rises goes last."""
    rng = np.random.default_rng(1)
    cuts, motion = (rng.random(90) < 0.2).astype(float), rng.exponential(3, 90)
    weights = np.zeros(10)
    weights[:2] = -1
    found = {}
    for wins in ("known", "unknown"):
        step = Step(weights, wins == "known", wins == "unknown")
        rows = picture_rows(cuts, motion, np.zeros(90))
        moving = replace(courses(catalogue, place=place), rows=rows, step=step)
        matches = rank(catalogue, Query(MIDDLE, k=TRACKS), course=moving)
        found[wins] = [m.row for m in matches]
    other = "known" if won == "unknown" else "unknown"
    as_the_arc = rank(catalogue, Query(MIDDLE, k=TRACKS), course=courses(catalogue, place=place))
    assert found[other] == [m.row for m in as_the_arc]
    before = [m.row for m in as_the_arc].index(FOLLOWS)
    assert found[won].index(FOLLOWS) > before + 10


def test_the_step_says_what_the_arc_says_by_the_arcs_weights(catalogue):
    curves = TrackCourses.beside(catalogue).curves
    weights = np.zeros(10)
    weights[:2] = arc.SHARPNESS
    rng = np.random.default_rng(1)
    rows = picture_rows((rng.random(90) < 0.2).astype(float), rng.exponential(3, 90), np.zeros(90))
    every = np.arange(TRACKS)
    by_arc = evidence_of(film(), curves, every)
    by_step = np.array([step_evidence(rows, weights, curves, row) for row in every])
    assert np.isnan(by_step[UNKNOWN]) and np.isnan(by_arc[UNKNOWN])
    np.testing.assert_allclose(by_step, by_arc, rtol=1e-3, atol=1e-3)


def test_under_a_minute_the_profile_decides_alone(catalogue):
    query = Query(MIDDLE, k=TRACKS)
    plain, both = rank(catalogue, query), rank(catalogue, query, course=courses(catalogue, 59))
    assert [m.row for m in plain] == [m.row for m in both]
    assert both[0].placement and not both[0].placement.decided and both[0].next_wins
    assert rank(catalogue, query, course=courses(catalogue))[0].next_wins is None


def test_filters_and_diversity_hold(catalogue):
    query = Query(MIDDLE, k=5, filter=Filter.of(np.arange(TRACKS) >= 10), diversity=0.3)
    found = rank(catalogue, query, course=courses(catalogue))
    assert len({m.row for m in found}) == 5 and all(m.row >= 10 for m in found)


def test_tracks_beyond_the_pool_follow_in_the_order_of_the_profile(catalogue, monkeypatch):
    monkeypatch.setattr("matcher.search.POOL", 8)
    query = Query(MIDDLE, k=TRACKS)
    plain = [m.row for m in rank(catalogue, query)]
    both = [m.row for m in rank(catalogue, query, course=courses(catalogue))]
    assert sorted(both[:8]) == sorted(plain[:8]) and both[8:] == plain[8:]


def test_a_match_says_it_all_in_plain_values(catalogue):
    found = rank(catalogue, Query(MIDDLE, k=TRACKS), course=courses(catalogue))
    record = next(m for m in found if m.row == FOLLOWS).to_dict()
    assert record["in_point_s"] == 60 and record["out_point_s"] == 150
    assert record["z"] > 3 and 0.5 < record["r"] <= 1 and record["arc_decides"]
    assert [set(p) for p in record["other_places"]] == [{"at_s", "r", "z"}] * 2
    assert record["moves_together"].startswith("gets ")


def test_without_curves_there_is_no_course(catalogue, tmp_path):
    assert TrackCourses.beside(Catalogue(catalogue.features, catalogue.columns)) is None
    (tmp_path / "bad.curves.parquet").write_bytes(b"no table")
    assert TrackCourses.read(tmp_path / "bad.curves.parquet", catalogue) is None


def test_a_table_damaged_since_still_gives_places(catalogue):
    """The mapped curves are whole; only the beats to snap to are gone."""
    known = TrackCourses.beside(catalogue)
    gone = TrackCourses(known.source.with_name("gone.curves.parquet"), known.curves)
    found = Course(film(), gone).placements([FOLLOWS], [f"t{FOLLOWS}"])
    assert found[0].in_point == 60


def test_a_track_under_a_minute_is_not_told_by_its_course(catalogue):
    curves = CatalogueCurves.build([over_time(np.random.default_rng(i).normal(-6, 2, s))
                                    for i, s in enumerate((59, 60, 80, 100))])  # fmt: skip
    short = Course(film(), TrackCourses(TrackCourses.beside(catalogue).source, curves))
    adjusted = short.adjusted(np.arange(4), np.array([1.0, 2.0, 3.0, 4.0]))
    assert adjusted[0] == 1.0 and (adjusted[1:] != [2.0, 3.0, 4.0]).all()
    assert [p.decided for p in short.placements(range(4), ["a", "b", "c", "d"])] == [
        False, True, True, True,
    ]  # fmt: skip
