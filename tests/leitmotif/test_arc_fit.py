"""The linear step is learned from somebody's own films, and kept only where it beats the arc."""

import json

import numpy as np
import pytest
from test_arc_protocol import write

from data.checksums import Damaged
from data.errors import InputError
from data.pair_curves import FilmCurves, curves_beside, read_film_curves, write_film_curves
from leitmotif.cli import main
from leitmotif.learning.arc_fit import LEAST_SOURCES, fit_arc
from leitmotif.learning.filmed import Filmed
from matcher import arc
from recommender import load_recommender


def films(follows: str, count: int = 60, seconds: int = 130, sources: int = 60) -> list[Filmed]:
    """Films whose loudness follows one of their curves, or "nothing"."""
    rng, made = np.random.default_rng(0), []
    for i in range(count):
        curves = {
            "cuts": (rng.random(seconds) < 0.2).astype(float),
            "motion": rng.exponential(3, seconds),
            "novelty": rng.exponential(1, seconds),
        }
        loudness = rng.normal(-8, 3, seconds)
        if follows != "nothing":
            loudness += 2 * (curves[follows] - curves[follows].mean()) / curves[follows].std()
        name = f"film {i}"
        made.append(Filmed(name, f"source {i % sources}", *curves.values(), arc.smooth(loudness)))
    return made


def test_what_the_arc_does_not_look_at_is_learned():
    """Music that follows the novelty of the picture: the arc is at chance, the step is not."""
    found = fit_arc(films("novelty"))
    given = found.gains[0]
    assert found.step.known and given.wins and found.wins
    assert given.arc < 0.35 and given.step > given.arc + 0.15
    assert found.step.weights[3] == max(found.step.weights)


def test_where_nothing_can_be_learned_nothing_is_kept():
    found = fit_arc(films("nothing"))
    assert not found.wins
    assert all(gain.interval[0] <= 0 for gain in found.gains)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (films("motion", count=LEAST_SOURCES - 1), "too few films"),
        (films("motion", sources=LEAST_SOURCES - 1), "too few sources"),
        (films("motion", seconds=80), "no window of 30 s between their edges"),
        ([], "no films"),
    ],
)
def test_too_little_to_learn_from(made, why):
    assert fit_arc(made) is None, why


def test_parts_of_one_film_are_no_wrong_answers():
    """Every film twice, under one source: its twin may win without costing a rank."""
    once = films("motion", count=30)
    twice = [*once, *(Filmed(f"{f.name} again", *list(vars(f).values())[1:]) for f in once)]
    alone, paired = fit_arc(once).gains[0], fit_arc(twice).gains[0]
    assert paired.arc == pytest.approx(alone.arc, abs=0.1)


def test_curves_come_back_as_they_went(tmp_path):
    path = curves_beside(tmp_path / "对 pairs.csv")
    assert path.name == "对 pairs.curves.safetensors" and read_film_curves(path) == []
    kept = [film.kept() for film in films("motion", count=3)]
    write_film_curves(path, kept)
    again = read_film_curves(path)
    assert [(f.name, f.source) for f in again] == [(f.name, f.source) for f in kept]
    for a, b in zip(again, kept, strict=True):
        np.testing.assert_allclose(a.values, b.values, rtol=1e-6)
    write_film_curves(path, [FilmCurves("无 none", "s", np.zeros((0, 4)))])
    assert read_film_curves(path)[0].values.shape == (0, 4)


def test_damage_is_one_sentence(tmp_path):
    path = curves_beside(tmp_path / "pairs.csv")
    write_film_curves(path, [film.kept() for film in films("motion", count=2)])
    whole = path.read_bytes()
    for broken in (whole[:-9], whole[:-9] + bytes(9), b"{}"):
        path.write_bytes(broken)
        with pytest.raises((Damaged, InputError), match="leitmotif learn"):
            read_film_curves(path)


def test_what_train_kept_is_what_recommend_ranks_by(tmp_path, capsys, monkeypatch):
    pairs, weights = tmp_path / "pairs.csv", tmp_path / "mine.safetensors"
    write(tmp_path, 0.5, videos=30, seconds=130)
    assert main(["learn", str(tmp_path), "-o", str(pairs), "--quiet"]) == 0
    assert len(read_film_curves(curves_beside(pairs))) == 30
    write_film_curves(curves_beside(pairs), [film.kept() for film in films("novelty")])
    capsys.readouterr()
    asked = ["train", str(pairs), "-o", str(weights), "--epochs", "1", "--json", "--quiet"]
    assert main(asked) == 0
    said = json.loads(capsys.readouterr().out)["arc"]
    assert said["step"]["known"] and said["films"] == 60
    assert load_recommender(weights).arc_step == said["step"]
    monkeypatch.setenv("LEITMOTIF_PREDICTOR", str(weights))
    assert load_recommender().name == load_recommender("story").name == "mine"
    assert load_recommender("music").name != "mine"
    curves_beside(pairs).unlink()
    assert main(asked) == 0
    assert json.loads(capsys.readouterr().out)["arc"] is None
    assert load_recommender(weights).arc_step is None
