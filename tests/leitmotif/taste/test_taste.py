"""Taste: learned from what was seen, undone without a trace, logged so that it can be judged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.checksums import Damaged
from leitmotif.cli import main
from leitmotif.store.database import Database
from leitmotif.taste import Beliefs, Diary, Sliders, propose
from leitmotif.taste.beliefs import FREE, N, choices
from leitmotif.taste.diary import ANSWERS, SLIDERS, chosen, refused
from leitmotif.taste.lists import best
from leitmotif.taste.offpolicy import Logged, evaluate, greedy, logged, uniform

ONES = np.ones(N)


def tracks(seed: int = 0, n: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, N))


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    return Diary(Database(tmp_path / "data"))


def show(diary: Diary, seed: int = 0) -> tuple[str, list[str]]:
    z = tracks(seed)
    shown = propose(diary.beliefs(), z, ONES, rng=np.random.default_rng(seed))
    names = [f"t{i}" for i in range(len(z))]
    return diary.show(shown, z, ONES, names), [names[r] for r in shown.rows]


# ------------------------------------------------------------------------------ learning


def test_without_a_choice_people_mean_what_they_say():
    found = Beliefs.of([]).sliders
    assert found.matters == pytest.approx(1) and found.offset == pytest.approx(0)


def test_who_always_takes_the_brighter_one_gets_it_brighter():
    z = np.zeros((5, N))
    z[:, 5] = [-1, -0.5, 0, 0.5, 1]
    found = Beliefs.of([c for _ in range(20) for c in choices(z, ONES, [4], [], 5)]).sliders
    assert found.offset[5] > 0.5
    assert np.delete(found.offset, 5) == pytest.approx(0, abs=1e-9)


def test_a_dimension_that_decides_matters_more():
    rng = np.random.default_rng(3)
    known = []
    for _ in range(60):
        z = rng.normal(size=(5, N))
        known += choices(z, ONES, [int(np.argmin(np.abs(z[:, 2])))], [], 5)
    found = Beliefs.of(known).sliders.matters
    assert found[2] == found.max() and found[2] > 1.5 * np.median(found)


def test_unseen_cards_are_no_refusals():
    z = tracks(n=5)

    def options(taken: list[int], seen: int) -> list[int]:
        return [len(c.options) for c in choices(z, ONES, taken, [], seen)]

    assert options([1], 2) == [2]
    assert options([1], 5) == [5]
    assert options([3], 0) == [4]  # the taken one was seen, and those above
    assert options([1, 2], 4) == [3, 3]  # two that were liked are not held against each other
    assert options([], 5) == options([0], 1) == []


def test_a_skip_puts_a_card_behind_the_others_that_were_seen():
    z = tracks(n=5)
    (found,) = choices(z, ONES, [], [0], 3)
    assert not found.best and (found.options == z[:3]).all()
    refused_often = Beliefs.of([found] * 20).sliders
    worth = refused_often.worth(z[:3], ONES)
    assert worth[0] == worth.min()


def test_a_slider_set_by_hand_stays_and_the_others_go_on():
    z = np.zeros((5, N))
    z[:, 5] = z[:, 6] = [-1, -0.5, 0, 0.5, 1]
    known = [c for _ in range(20) for c in choices(z, ONES, [4], [], 5)]
    held = Sliders(FREE.matters.copy(), FREE.offset.copy())
    held.matters[2], held.offset[5] = 3.0, -1.0
    found = Beliefs.of(known, held)
    assert found.sliders.matters[2] == pytest.approx(3)
    assert found.sliders.offset[5] == pytest.approx(-1)
    assert found.mean[N + 6] > Beliefs.of(known).mean[N + 6]
    drawn = found.sample(np.random.default_rng(0), 20)
    assert {round(float(s.matters[2]), 6) for s in drawn} == {3.0}


@given(st.permutations(range(8)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_choices_does_not_matter(order: list[int]):
    lists = [list(choices(tracks(i, 5), ONES, [i % 5], [], 5)) for i in range(8)]
    first = Beliefs.of([c for one in lists for c in one])
    again = Beliefs.of([c for i in order for c in lists[i]])
    assert again.mean == pytest.approx(first.mean, abs=1e-9)


# ------------------------------------------------------------------------------ lists


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_one_place_is_a_try_and_its_probability_is_known(seed: int):
    z = tracks(seed)
    shown = propose(Beliefs.of([]), z, ONES, rng=np.random.default_rng(seed))
    assert len(set(shown.rows)) == 5 and shown.attempt is not None and shown.attempt > 0
    assert sum(shown.probabilities) == pytest.approx(1) and min(shown.probabilities) >= 0.005
    assert 0.005 <= shown.probability <= 1
    best = np.argsort((z**2).sum(axis=1))[:4]
    assert [r for i, r in enumerate(shown.rows) if i != shown.attempt] == best.tolist()


def test_without_tries_the_list_is_the_best_and_certain():
    shown = propose(Beliefs.of([]), z := tracks(), ONES, tries=False)
    assert shown.attempt is None and shown.probability == 1
    assert list(shown.rows) == np.argsort((z**2).sum(axis=1))[:5].tolist()


def test_a_list_keeps_what_may_yet_be_the_best():
    """Somebody likes it either much brighter or as asked: a list of two has one of each."""
    z = np.zeros((4, N))
    z[:, 5] = [0.0, 0.01, 1.0, 1.01]
    mean, covariance = np.r_[np.ones(N), np.zeros(N)], np.diag(np.r_[np.zeros(N), np.full(N, 1e-6)])
    mean[N + 5], covariance[N + 5, N + 5] = 0.5, 1.0
    rows = best(Beliefs(mean, covariance, 9.0), z, ONES, np.zeros(4), 2)
    assert {int(z[r, 5]) for r in rows} == {0, 1}


def test_too_little_changes_nothing_and_enough_does():
    z = np.zeros((5, N))
    z[:, 5] = [-1, -0.5, 0, 0.5, 1]
    (choice,) = choices(z, ONES, [4], [], 5)
    few, many = Beliefs.of([choice]), Beliefs.of([choice] * 20)
    assert Beliefs.of([]).odds == pytest.approx(0) and not few.sure and many.sure
    others = tracks(5)
    nearest = np.argsort((others**2).sum(axis=1))[:5].tolist()
    assert best(few, others, ONES, np.zeros(60), 5).tolist() == nearest
    brighter = others[best(many, others, ONES, np.zeros(60), 5), 5].mean()
    assert brighter > others[nearest, 5].mean()


def test_who_means_what_they_say_is_left_alone():
    rng = np.random.default_rng(1)
    known = []
    for _ in range(20):
        z = rng.normal(size=(5, N)) * 0.5
        known += choices(z, ONES, [int(np.argmin((z**2).sum(axis=1)))], [], 5)
    assert not Beliefs.of(known).sure


def test_a_small_catalogue_has_no_try():
    assert propose(Beliefs.of([]), tracks(n=4), ONES).attempt is None


# ------------------------------------------------------------------------------ diary


@given(st.lists(st.tuples(st.sampled_from(ANSWERS), st.integers(0, 4), st.integers(0, 5)),
                min_size=1, max_size=6))  # fmt: skip
@settings(max_examples=15, deadline=None)
def test_undo_restores_exactly(tmp_path_factory, answers: list[tuple[str, int, int]]):
    diary = Diary(Database(tmp_path_factory.mktemp("taste")))
    shown, ids = show(diary)
    before = []
    for kind, place, seen in answers:
        found = diary.beliefs()
        before.append((found.mean.tobytes(), found.covariance.tobytes(), diary.never()))
        diary.answer(kind, ids[place], shown, seen)
    for mean, covariance, never in reversed(before):
        assert diary.undo() is not None
        found = diary.beliefs()
        assert (found.mean.tobytes(), found.covariance.tobytes()) == (mean, covariance)
        assert diary.never() == never
    assert diary.undo() is None


def test_people_are_apart_and_erased_alone(tmp_path: Path):
    database = Database(tmp_path)
    one, two = Diary(database, "one"), Diary(database, "two")
    for diary in (one, two):
        shown, ids = show(diary)
        diary.answer("like", ids[2], shown, 5)
    assert one.forget() == 2 and one.events() == []
    assert len(two.events()) == 2


def test_what_is_taken_away_can_be_brought_back_once(diary: Diary, tmp_path: Path):
    shown, ids = show(diary)
    diary.answer("chosen", ids[1], shown, 3)
    before = diary.events()
    assert diary.export(tmp_path / "taste.json") == 2
    diary.forget()
    assert diary.take_in(tmp_path / "taste.json") == 2
    assert diary.take_in(tmp_path / "taste.json") == 0
    assert diary.events() == before
    text = (tmp_path / "taste.json").read_text().replace("chosen", "like")
    (tmp_path / "taste.json").write_text(text)
    with pytest.raises(Damaged):
        diary.take_in(tmp_path / "taste.json")


def test_never_is_remembered_without_a_list(diary: Diary):
    diary.answer("never", "t9")
    assert diary.never() == {"t9"} and list(chosen(diary.events())) == []


def test_what_was_said_of_a_track_can_be_taken_back(diary: Diary):
    shown, ids = show(diary)
    before = diary.mark()
    diary.answer("like", ids[1], shown, 2)
    diary.answer("skip", ids[0], shown, 1)
    assert diary.answers(shown) == {ids[1]: "like", ids[0]: "skip"} and diary.mark() != before
    assert diary.withdraw(ids[1], shown) == 1 and diary.answers(shown) == {ids[0]: "skip"}
    diary.answer("never", "t7", shown)
    assert diary.allow("t7") == 1 and diary.never() == frozenset()


def test_lists_without_an_answer_teach_nothing_and_are_not_read(diary: Diary):
    show(diary, 1)
    shown, ids = show(diary, 2)
    diary.answer("like", ids[2], shown, 3)
    assert [e.id for e in diary.said() if e.kind == "shown"] == [shown]
    assert len(list(chosen(diary.said()))) == len(list(chosen(diary.events()))) == 1


@pytest.mark.parametrize("slider", SLIDERS)
def test_a_slider_is_set_let_go_and_undone(diary: Diary, slider: str):
    def stands() -> float:
        return float(getattr(diary.beliefs().sliders, slider)[8])

    at_first = stands()
    diary.set_slider("arousal", slider, 1.5)
    assert stands() == pytest.approx(1.5)
    diary.set_slider("arousal", slider, None)
    assert stands() == at_first
    diary.undo()
    assert stands() == pytest.approx(1.5)
    diary.undo()
    assert stands() == at_first


def test_nothing_is_made_where_nothing_was_kept(tmp_path: Path):
    assert refused(tmp_path / "data") == frozenset() and not (tmp_path / "data").exists()
    Diary(Database(tmp_path / "data")).answer("never", "t3")
    assert refused(tmp_path / "data") == {"t3"} and refused(tmp_path / "data", "x") == frozenset()


# ------------------------------------------------------------------------------ off-policy


def test_estimates_are_right_where_the_truth_is_known():
    rng = np.random.default_rng(0)
    hidden = Sliders(ONES, np.r_[1.5, np.zeros(N - 1)])
    tries, truth = [], []
    for _ in range(3000):
        z = rng.normal(size=(6, N)) * 0.7
        likely = 1 / (1 + np.exp(-(hidden.worth(z, ONES) + 3)))
        drawn = int(rng.integers(6))
        tries.append(Logged(z, ONES, drawn, 1 / 6, float(rng.random() < likely[drawn])))
        truth.append(likely[int(np.argmax(hidden.worth(z, ONES)))])
    found = evaluate(tries, greedy(hidden))
    assert found is not None
    assert found.ips == pytest.approx(np.mean(truth), abs=3 * found.ips_error)
    assert found.robust == pytest.approx(np.mean(truth), abs=3 * found.robust_error)
    assert found.robust_error < found.ips_error
    alike = evaluate(tries, uniform)
    assert alike is not None and alike.ips == pytest.approx(alike.logged)


def test_a_try_that_was_not_seen_says_nothing(diary: Diary):
    for seed in range(6):
        shown, ids = show(diary, seed)
        diary.answer("like", ids[0], shown, 1)
    assert logged(diary.events()) == []
    shown, ids = show(diary, 9)
    diary.answer("like", ids[0], shown, 5)
    assert len(logged(diary.events())) == 1


# ------------------------------------------------------------------------------ command


def test_the_command_shows_undoes_and_forgets(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("LEITMOTIF_DATA", str(tmp_path))
    diary = Diary(Database(tmp_path))
    for seed in range(4):
        shown, ids = show(diary, seed)
        diary.answer("like", ids[seed], shown, 5)

    def said(*arguments: str) -> dict:
        assert main(["taste", *arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert said("show")["events"] == {"shown": 4, "like": 4}
    assert set(said("evaluate")) == {"learned", "fixed", "random"}
    assert said("never", "t7")["never"] == ["t7"]
    assert said("undo")["undone"]["kind"] == "never"
    assert said("edit", "valence", "--matters", "2", "--offset", "-0.5")["field"] == "valence"
    assert said("show")["matters"]["valence"] == pytest.approx(2)
    said("edit", "音乐效价")
    assert [said("undo")["undone"]["kind"] for _ in range(4)] == ["edit"] * 4
    assert main(["taste", "edit", "loud"]) == main(["taste", "edit", "valence", "--offset", "3"])
    assert main(["taste", "allow", "t7"]) == 2
    capsys.readouterr()
    assert said("export", str(tmp_path / "t.json"))["events"] == 8
    assert said("forget")["erased"] == 8
    assert said("import", str(tmp_path / "t.json"))["new"] == 8
    for action in ("show", "evaluate"):
        assert main(["taste", action]) == 0
        assert capsys.readouterr().out


def test_choices_of_found_tracks_are_learned(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("LEITMOTIF_DATA", str(tmp_path))

    def said(*arguments: str) -> dict:
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    found = said("find", "calm", "--taste")
    ids = [m["track_id"] for m in found["recommendations"][0]["matches"]]
    assert len(set(ids)) == 5 and found["taste"]["attempt"] in range(1, 5)
    assert 0 < found["taste"]["probability"] <= 1
    plain = said("find", "calm")["recommendations"][0]["matches"]
    assert ids[0] == plain[0]["track_id"]
    said("taste", "chosen", ids[2], "--seen", "4")
    said("taste", "never", ids[0])
    again = said("find", "calm", "--taste")["recommendations"][0]["matches"]
    assert ids[0] not in [m["track_id"] for m in again]
    learned = said("taste", "show")
    assert learned["events"] == {"shown": 2, "chosen": 1, "never": 1}
    assert any(abs(v) > 1e-6 for v in learned["offset"].values())
    assert main(["taste", "like", "nothing"]) == 2
