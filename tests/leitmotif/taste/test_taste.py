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
from leitmotif.taste.beliefs import N, compare
from leitmotif.taste.diary import ANSWERS, comparisons
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
    found = Beliefs.of([c for _ in range(20) for c in compare(z, ONES, [4], [], 5)]).sliders
    assert found.offset[5] > 0.5
    assert np.delete(found.offset, 5) == pytest.approx(0, abs=1e-9)


def test_a_dimension_that_decides_matters_more():
    rng = np.random.default_rng(3)
    known = []
    for _ in range(60):
        z = rng.normal(size=(5, N))
        known += compare(z, ONES, [int(np.argmin(np.abs(z[:, 2])))], [], 5)
    found = Beliefs.of(known).sliders.matters
    assert found[2] == found.max() and found[2] > 1.5 * np.median(found)


def test_unseen_cards_are_no_refusals():
    z = tracks(n=5)
    assert len(list(compare(z, ONES, [1], [], 2))) == 1
    assert len(list(compare(z, ONES, [1], [], 5))) == 4
    assert len(list(compare(z, ONES, [3], [], 0))) == 3  # the taken one was seen, and those above
    assert list(compare(z, ONES, [], [], 5)) == []


def test_a_skip_puts_a_card_behind_the_others_that_were_seen():
    z = tracks(n=5)
    pairs = list(compare(z, ONES, [], [0], 3))
    assert len(pairs) == 2 and all((c.left == z[0]).all() for c in pairs)


@given(st.permutations(range(8)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_choices_does_not_matter(order: list[int]):
    lists = [list(compare(tracks(i, 5), ONES, [i % 5], [], 5)) for i in range(8)]
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
    assert diary.never() == {"t9"} and list(comparisons(diary.events())) == []


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
