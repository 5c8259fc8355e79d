"""Where music begins under a film, and how a whole catalogue is searched for it."""

import numpy as np
import pytest

from data.checksums import Damaged
from data.profiles import Curves
from data.track_curves import CURVE_NAMES, CurvesWriter, TrackOverTime
from matcher import arc, arc_store, placement
from matcher.arc import BOTH, CUTS, MOTION
from matcher.arc_store import CatalogueCurves, curves_of, evidence_of


def film(seed=1, seconds=90):
    rng = np.random.default_rng(seed)
    return arc.window((rng.random(seconds) < 0.2).astype(float), rng.exponential(3, seconds))


def track(loudness, sections=(0.0,), beats=(), accented=(), confidence=1.0):
    """A track of (2·seconds,) loudness."""
    values = np.zeros((len(loudness), len(CURVE_NAMES)))
    values[:, 0] = loudness
    curves = Curves(np.arange(len(values)) * 0.5, values, CURVE_NAMES)
    accents = np.isin(beats, accented)
    return TrackOverTime(
        curves, np.array(beats, float), accents, 1.0, confidence, np.array(sections, float)
    )


def random_track(seed, seconds, **options):
    rng = np.random.default_rng(seed)
    return track(np.repeat(rng.normal(-5, 3, seconds), 2), **options)


def begins(of):
    return placement.begin_places(arc.loudness_curve(of.curves["loudness"]), of).tolist()


def test_music_begins_at_its_start_and_its_sections():
    assert begins(random_track(1, 120, sections=(0, 20.5, 60, 64, 90))) == [0, 20.5, 60, 90]
    many = begins(random_track(1, 400, sections=range(0, 400, 20)))
    assert many == [20 * i for i in range(8)]


def test_few_sections_are_joined_by_accents_after_which_it_gets_louder():
    loudness = np.repeat([-6.0] * 30 + [-2.0] * 30 + [-6.0] * 30 + [-3.0] * 30, 2)
    of = track(loudness, beats=range(0, 120, 5), accented=(30, 60, 90))
    assert begins(of) == [0, 30, 90], "at 60 it gets quieter"


def test_music_never_begins_weakly():
    fades_in = np.repeat([-29.0] * 10 + [-5.0] * 90, 2)
    assert begins(track(fades_in, sections=(0, 10, 50))) == [10, 50]
    assert begins(track(np.full(40, -25.0))) == [0], "soft throughout: it has to begin somewhere"


def moving_with(picture, at, seconds=240, seed=2):
    """Loudness (seconds,) that follows the picture from `at` on."""
    loudness = np.random.default_rng(seed).normal(-6, 2, seconds)
    loudness[at : at + len(picture)] = -6 + 2 * picture.standard[BOTH]
    return np.repeat(loudness, 2)


def test_the_best_place_is_chosen_and_moved_to_an_accent():
    picture = film()
    of = track(
        moving_with(picture, 100), sections=(0, 40, 99, 140), beats=(98.5, 99.0, 100.2, 103),
        accented=(98.5, 100.2, 103),
    )  # fmt: skip
    curve = arc.loudness_curve(of.curves["loudness"])
    found = placement.place(picture, curve, placement.begin_places(curve, of), of)
    assert found.in_point == 100.2 and found.out_point == pytest.approx(190.2)
    assert found.z > 3 and found.r > 0.5 and found.decided
    assert len(found.others) == 3 and all(o.z < found.z for o in found.others)
    assert {round(o.at, -1) for o in found.others} == {0, 40, 140}
    assert str(found.reason).startswith("gets ")


def test_a_given_place_is_kept():
    picture, of = film(), random_track(3, 200)
    curve = arc.loudness_curve(of.curves["loudness"])
    found = placement.place(picture, curve, np.array([0.0]), of, given=31.5)
    assert found.in_point == 31.5 and found.others == ()
    places = arc.compare(picture, curve, np.array([31, 32]))
    assert found.r == pytest.approx(places.r.mean())
    assert found.z == pytest.approx(places.z[:, BOTH].mean(), abs=1e-9), "nothing was searched"


def test_short_films_and_chance_are_said():
    of = random_track(4, 200)
    curve = arc.loudness_curve(of.curves["loudness"])
    short = placement.place(film(5, 44), curve, np.array([0.0]), of)
    assert str(short.reason) == "under 45 s the course of the picture does not decide"
    assert not short.decided
    level = placement.place(film(5, 90), np.full(200, -5, np.float32), np.array([0.0, 50]), of)
    assert str(level.reason) == "picture and music move together no more than by chance"
    assert placement.place(film(5, 90), curve[:5], np.array([0.0])) is None


def test_the_moment_that_is_named_is_where_both_change():
    cuts, motion = np.zeros(60), np.ones(60)
    cuts[30::2] = 1
    loudness = np.where(np.arange(60) < 30, -15.0, -3.0).astype(np.float32)
    picture = arc.window(cuts, motion)
    assert placement.moment(picture, loudness, 0) == (30, "cuts", True)
    calms = arc.window(np.zeros(60), np.where(np.arange(60) < 40, 9.0, 0.1))
    softer = np.where(np.arange(60) < 40, -3.0, -15.0).astype(np.float32)
    assert placement.moment(calms, softer, 0) == (40, "motion", False)
    found = placement.place(calms, softer, np.array([0.0]))
    assert str(found.reason) == "gets quieter where the picture comes to rest at 0:40"
    assert found.reason.into("zh") == "在 0:40 画面静下来处，音乐变弱"


# ------------------------------------------------------------------------------ the catalogue


TRACKS = [random_track(i, s, sections=(0, 30, 55)) for i, s in enumerate((100, 9, 60, 300, 95))]


def test_a_whole_catalogue_scores_as_its_tracks_do():
    curves, picture = CatalogueCurves.build([*TRACKS, None]), film()
    found = evidence_of(picture, curves, np.arange(6))
    for row, of in enumerate(TRACKS):
        curve = arc.loudness_curve(of.curves["loudness"])
        assert np.array_equal(curves.track(row), curve)
        places = arc.compare(picture, curve, np.round(curves.begins(row)).astype(int))
        if len(places):
            by_hand = np.log(np.mean(np.exp(0.6 * (places.z[:, CUTS] + places.z[:, MOTION]))))
            assert found[row] == pytest.approx(by_hand) == pytest.approx(arc.evidence(places))
    assert np.isnan(found).tolist() == [False, True, False, False, False, True]
    some = evidence_of(picture, curves, np.array([3, 0]))
    assert some.tolist() == [found[3], found[0]]


def test_a_given_place_counts_by_r_there():
    curves, picture = CatalogueCurves.build(TRACKS), film()
    found = evidence_of(picture, curves, np.arange(5), place=7.2)
    curve = arc.loudness_curve(TRACKS[3].curves["loudness"])
    assert found[3] == pytest.approx(arc.compare(picture, curve, np.array([7])).r[0])
    assert np.isnan(found[[1, 4]]).all() and np.isfinite(found[0]), "it must fit behind the place"


@pytest.fixture
def catalogue(tmp_path):
    with CurvesWriter(tmp_path / "曲.curves.parquet") as writer:
        for i, of in enumerate(TRACKS):
            writer.add(f"t{i}", of)
    return tmp_path / "曲.curves.parquet"


def test_curves_are_kept_beside_the_catalogue_and_mapped(catalogue):
    first = curves_of(catalogue, ["t3", "gone", "t0"])
    kept = arc_store.arc_path(catalogue)
    again = curves_of(catalogue, ["t3", "gone", "t0"])
    assert isinstance(again.loudness.base, np.ndarray | np.memmap) and kept.is_file()
    for name in ("loudness", "first", "places", "of"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert len(again) == 3 and not len(again.track(1)) and len(again.track(0)) == 300
    assert len(curves_of(catalogue, ["t1"])) == 1, "other tracks: made again"
    assert curves_of(catalogue.with_name("other.parquet"), ["t1"]) is None


def test_a_damaged_file_is_made_again(catalogue):
    whole = curves_of(catalogue, ["t0", "t3"])
    path = arc_store.arc_path(catalogue)
    good = path.read_bytes()
    for bad in (b"", good[:50], good[:-9], good[:-9] + b"\0" + good[-8:], b"{}" * 40):
        path.write_bytes(bad)
        with pytest.raises((Damaged, OSError)):
            arc_store.read(path, "any")
        again = curves_of(catalogue, ["t0", "t3"])
        assert np.array_equal(again.loudness, whole.loudness)
        assert len(path.read_bytes()) == len(good)
