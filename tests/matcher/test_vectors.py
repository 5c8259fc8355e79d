"""Every index of vectors does the same: in our file, and in Milvus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data.errors import InputError
from matcher.nearest import NONE, VectorIndex
from matcher.vectors import open_vectors

SIZE = 24


@pytest.fixture(params=["scenes.usearch", "scenes.db"])
def reopened(request, tmp_path: Path):
    """Opens the index again, as another process would."""
    if request.param.endswith(".db"):
        pytest.importorskip("milvus_lite")
    held: list[VectorIndex] = []

    def again() -> VectorIndex:
        while held:
            held.pop().close()
        held.append(open_vectors(str(tmp_path / request.param), SIZE))
        return held[0]

    yield again
    while held:
        held.pop().close()


def vectors(seed: int, count: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(count, SIZE)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_an_empty_index_answers_that_there_is_nothing(reopened: Callable[[], VectorIndex]):
    index = reopened()
    assert len(index) == 0 and index.groups() == set()
    found = index.search(vectors(0, 2), 3)
    assert (found.groups == NONE).all() and found.rows.shape == (2, 3)
    assert (found.similarity == -1).all()


def test_every_vector_is_found_again_with_its_cosine(reopened: Callable[[], VectorIndex]):
    index = reopened()
    films = {1: vectors(1, 40), 7: vectors(7, 1), 300_000: vectors(3, 25)}
    for group, held in films.items():
        index.add(group, held)
    index.save()
    index = reopened()
    assert len(index) == 66 and index.groups() == set(films)
    for group, held in films.items():
        found = index.search(held, 2)
        assert (found.groups[:, 0] == group).all()
        assert found.rows[:, 0].tolist() == list(range(len(held)))
        assert found.similarity[:, 0] == pytest.approx(1.0, abs=2e-3)
        assert (found.similarity[:, 1] < 0.99).all()


def test_answers_are_those_of_measuring_all(reopened: Callable[[], VectorIndex]):
    index, held, asked = reopened(), vectors(1, 300), vectors(2, 30)
    index.add(1, held)
    index.save()
    found = index.search(asked, 10)
    exact = np.sort(asked @ held.T, axis=1)[:, ::-1][:, :10]
    assert found.similarity == pytest.approx(exact, abs=3e-3)
    assert (np.diff(found.similarity, axis=1) <= 1e-6).all()


def test_fewer_than_asked_for_are_filled_up(reopened: Callable[[], VectorIndex]):
    index = reopened()
    index.add(4, vectors(1, 3))
    index.save()
    found = index.search(vectors(1, 3)[:1], 5)
    assert found.groups[0].tolist() == [4, 4, 4, NONE, NONE]
    assert found.similarity[0, 3:].tolist() == [-1, -1]


def test_groups_come_and_go_at_any_place(reopened: Callable[[], VectorIndex]):
    index = reopened()
    for group in (5, 2, 9):
        index.add(group, vectors(group, 10))
    index.save()
    index = reopened()
    index.remove(2)
    index.remove(77)  # never was there
    index.add(5, vectors(55, 4))  # replaced
    index.add(3, vectors(3, 6))
    index.save()
    index = reopened()
    assert index.groups() == {3, 5, 9} and len(index) == 20
    assert index.search(vectors(55, 4), 1).groups[:, 0].tolist() == [5] * 4
    assert 2 not in index.search(vectors(2, 10), 5).groups


def test_a_damaged_file_is_an_empty_index_and_never_a_wrong_one(tmp_path: Path):
    path = tmp_path / "scenes.usearch"
    index = open_vectors(path, SIZE)
    index.add(1, vectors(1, 20))
    index.save()
    index.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert open_vectors(path, SIZE).groups() == set()
    path.write_bytes(whole[:900] + bytes([whole[900] ^ 1]) + whole[901:])
    damaged = open_vectors(path, SIZE)
    with pytest.raises(InputError) as caught:
        damaged.add(2, vectors(2, 3))
    assert caught.value.code == "files.damaged"
    path.write_bytes(whole)
    assert open_vectors(path, SIZE + 1).groups() == set()
