"""A catalogue as a map with groups that keep their numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from data.catalogue import Catalogue
from data.checksums import Damaged
from data.errors import InputError
from data.profiles import MUSIC_NAMES
from leitmotif.catalogue import catalogue_map, clusters, layout
from leitmotif.catalogue.catalogue_map import CatalogueMap, draw
from leitmotif.catalogue.identity import Changes, follow, stay
from leitmotif.cli import main

CENTRES = np.random.default_rng(4).normal(size=(4, 10)) * 6


def blobs(*sizes: int, seed: int = 0, first: int = 0) -> Catalogue:
    """Tracks around so many centres; ids count within each centre."""
    rng = np.random.default_rng(seed)
    features = np.vstack([CENTRES[i] + rng.normal(size=(n, 10)) for i, n in enumerate(sizes)])
    ids = [f"{i}-{first + j}" for i, n in enumerate(sizes) for j in range(n)]
    return Catalogue(features, {"track_id": ids, "title": [f"Title {i}" for i in ids]})


def grown(catalogue: Catalogue, more: Catalogue) -> Catalogue:
    ids = [*catalogue.track_ids, *more.track_ids]
    features = np.vstack([catalogue.features, more.features])
    return Catalogue(features, {"track_id": ids, "title": [f"Title {i}" for i in ids]})


def numbers(drawn: CatalogueMap) -> dict[str, int]:
    return dict(zip(drawn.track_ids, drawn.numbers.tolist(), strict=True))


def blob_numbers(drawn: CatalogueMap) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for name, number in numbers(drawn).items():
        found.setdefault(name.split("-")[0], set()).add(number)
    return found


def unmixed(drawn: CatalogueMap) -> bool:
    """Whether every track is in a group, and no group has tracks of two centres."""
    found = list(blob_numbers(drawn).values())
    return 0 not in set.union(*found) and sum(map(len, found)) == len(set.union(*found))


# ------------------------------------------------------------------------------ identity, by hand


def hand(before: list[int], labels: list[int], at: list[float], known: dict[int, float]):
    one = {n: np.array([x]) for n, x in known.items()}
    return follow(np.array(before), one, np.array(labels), np.array(at)[:, None], 10)


def test_a_group_keeps_its_number_whatever_it_is_called_now():
    found = hand([1, 1, 2, 2, 0], [1, 1, 0, 0, 0], [5.0, 0.0], {1: 0.0, 2: 5.0})
    assert found.ids.tolist() == [2, 1] and found.following == 10
    assert found.changes == Changes(5, kept=(1, 2))


def test_a_split_group_leaves_its_number_to_the_larger_part():
    found = hand([1] * 10, [0] * 6 + [1] * 4, [0.0, 0.3], {1: 0.1})
    assert found.ids.tolist() == [1, 10]
    assert found.changes == Changes(10, split=((1, (1, 10)),))


def test_merged_groups_take_one_of_their_numbers():
    found = hand([1] * 6 + [2] * 4, [0] * 10, [0.4], {1: 0.0, 2: 1.0})
    assert found.ids.tolist() == [1]
    assert found.changes == Changes(10, merged=(((1, 2), 1),))


def test_new_and_gone_groups_are_told_and_no_number_is_given_twice():
    found = hand([1, 1, 1, 2, 2, 2, 0, 0, 0], [0] * 3 + [-1] * 3 + [1] * 3, [0, 9], {1: 0, 2: 5})
    assert found.ids.tolist() == [1, 10] and found.following == 11
    assert found.changes == Changes(9, kept=(1,), new=(10,), gone=(2,))


def test_where_no_track_is_left_the_centroid_decides():
    found = hand([0, 0, 0, 0], [0, 0, 1, 1], [0.1, 9.0], {1: 0.0, 2: 5.0})
    assert found.ids.tolist() == [1, 10]
    assert found.changes.gone == (2,)


def test_a_track_stays_for_a_near_tie_and_leaves_where_nothing_holds_it():
    edges = np.array([[0, 1], [0, 2], [0, 3], [4, 2], [4, 3]])
    graph = scipy.sparse.coo_array((np.ones(5), edges.T), shape=(5, 5))
    graph = (graph + graph.T).tocsr()
    labels, before = np.array([1, 0, 1, 1, 1]), np.array([7, 7, 8, 8, 7])
    kept = stay(before, labels, np.array([7, 8]), (7, 8), graph)
    assert kept.tolist() == [0, 0, 1, 1, 1]  # track 0 has one neighbour of three, track 4 none


# ------------------------------------------------------------------------------ maps


def test_groups_are_found_named_and_stand_for_themselves():
    catalogue = blobs(40, 30, 20)
    drawn = draw(catalogue)
    assert unmixed(drawn)
    for group in drawn.groups:
        rows = np.flatnonzero(drawn.numbers == group.number)
        assert group.tracks == len(rows) and set(group.typical) <= set(rows.tolist())
        off = (catalogue.features[rows].mean(axis=0) - catalogue.features.mean(axis=0)) / (
            catalogue.features.std(axis=0)
        )
        assert group.fields[0][0] == MUSIC_NAMES[int(np.abs(off).argmax())]
        assert catalogue_map.named(group) and catalogue_map.named(group, "zh")
    assert drawn.history == (Changes(90, new=tuple(sorted(g.number for g in drawn.groups))),)


def test_growth_and_shuffling_change_no_number_and_move_few_tracks_far():
    small = blobs(25, 25, 25)
    before = draw(small)
    large = grown(small, blobs(25, 20, 30, 25, seed=1, first=100))
    large = large.take(np.random.default_rng(2).permutation(len(large)))
    after = draw(large, before)
    old, new = numbers(before), numbers(after)
    kept = {name: number for name, number in old.items() if number in after.history[-1].kept}
    assert len(kept) > len(old) / 2 and {name: new[name] for name in kept} == kept
    assert unmixed(after) and not blob_numbers(after)["3"] & set(old.values())
    at = {name: row for row, name in enumerate(after.track_ids)}
    rows = [at[name] for name in before.track_ids]
    moved = np.linalg.norm(after.places[rows] - before.places, axis=1)
    assert np.median(moved) < 0.5 * before.places.std()


def test_the_same_catalogue_is_not_drawn_again():
    drawn = draw(blobs(20, 20))
    assert draw(blobs(20, 20), drawn) is drawn


def test_the_same_groups_from_any_seed():
    one, other = (draw(blobs(40, 30, 20), seed=seed) for seed in (0, 1))
    assert one.numbers.tolist() == other.numbers.tolist()
    assert not np.array_equal(one.places, other.places)


def test_other_features_part_what_the_fields_do_not():
    features = np.random.default_rng(0).normal(size=(60, 10))
    catalogue = Catalogue(features, {"track_id": [str(i) for i in range(60)]})
    timbre = np.random.default_rng(1).normal(size=(60, 16)) + 12 * (np.arange(60) % 2)[:, None]
    timbre[7] = np.nan  # one that nobody listened to
    found = draw(catalogue, more=timbre).numbers
    heard = np.arange(60) != 7
    even, odd = (set(found[heard & (np.arange(60) % 2 == half)]) - {0} for half in (0, 1))
    assert even and odd and not even & odd


@pytest.mark.parametrize("n", [2, 3, 9, 12])
def test_a_handful_of_tracks_has_a_map(n: int):
    drawn = draw(blobs(n))
    assert drawn.places.shape == (n, 2) and np.isfinite(drawn.places).all()
    assert ((drawn.trust >= 0) & (drawn.trust <= 1)).all()


def test_equal_tracks_have_a_map():
    same = Catalogue(np.ones((30, 10)), {"track_id": [str(i) for i in range(30)]})
    drawn = draw(same)
    assert np.isfinite(drawn.places).all() and not drawn.numbers.any()


def test_one_track_is_no_map():
    with pytest.raises(InputError, match="at least two"):
        draw(blobs(1))


def test_trust_is_whole_where_the_map_tells_the_truth_and_falls_where_it_does_not():
    places = np.random.default_rng(0).normal(size=(300, 2))
    assert layout.trust(places, places).min() == 1
    swapped = places.copy()
    swapped[[0, 1]] = places[[places[:, 0].argmin(), places[:, 0].argmax()]]
    found = layout.trust(places, swapped)
    assert found[:2].max() < 0.8 < np.median(found)
    assert np.mean(layout.trust(places, places[::-1])) == pytest.approx(0.5, abs=0.05)


def test_trust_by_a_sample_is_trust_by_all(monkeypatch: pytest.MonkeyPatch):
    points = np.random.default_rng(0).normal(size=(900, 5))
    exact = layout.trust(points, points[:, :2]).mean()
    monkeypatch.setattr(layout, "JUDGES", 300)
    assert layout.trust(points, points[:, :2]).mean() == pytest.approx(exact, abs=0.02)


def test_a_layout_is_turned_onto_the_last_one():
    places = np.random.default_rng(0).normal(size=(20, 2))
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    assert layout.onto(places @ turn * 3 + 5, places @ turn * 3 + 5, places) == pytest.approx(
        places, abs=1e-5
    )


def test_of_a_large_catalogue_a_sample_is_grouped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clusters, "MOST", 60)
    assert unmixed(draw(blobs(60, 50, 40)))


# ------------------------------------------------------------------------------ file and command


def test_of_a_larger_one_a_sample_is_laid_out(monkeypatch: pytest.MonkeyPatch):
    catalogue = blobs(60, 60, 60, 60)
    monkeypatch.setattr(layout, "LAID", 120)
    drawn = draw(catalogue)
    assert unmixed(drawn) and len(drawn.groups) == 4
    assert drawn.trust.mean() > 0.9
    again = draw(grown(catalogue, blobs(20, 20, 20, 20, seed=5, first=60)), drawn)
    assert unmixed(again) and set(again.history[-1].kept) == {g.number for g in drawn.groups}
    assert all(numbers(again)[name] == number for name, number in numbers(drawn).items())


def test_a_map_is_kept_whole_or_said_to_be_damaged(tmp_path: Path):
    drawn = draw(blobs(20, 20, 5))
    drawn.write(tmp_path / "a.map")
    read = CatalogueMap.read(tmp_path / "a.map")
    assert read.history == drawn.history and read.of == drawn.of
    assert np.array_equal(read.places, drawn.places) and read.track_ids == drawn.track_ids
    blob = bytearray((tmp_path / "a.map").read_bytes())
    for at in np.random.default_rng(0).integers(0, len(blob), 40):
        flipped = bytearray(blob)
        flipped[at] ^= 1
        (tmp_path / "b.map").write_bytes(flipped)
        with pytest.raises(Damaged):
            CatalogueMap.read(tmp_path / "b.map")
        assert catalogue_map.last_map(tmp_path / "b.map") is None


def test_the_command_draws_keeps_and_follows(tmp_path: Path, capsys: pytest.CaptureFixture):
    table = tmp_path / "tracks.csv"
    blobs(25, 25).write(table)
    assert main(["map", str(table), "--json", "--quiet"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["file"] == str(tmp_path / "tracks.map") and first["map"] == 1
    assert sum(g["tracks"] for g in first["groups"]) == 50 - first["between"]
    assert len(first["points"]) == 50
    grown(blobs(25, 25), blobs(0, 0, 25, seed=3)).write(table)
    assert main(["map", str(table), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "75 tracks in " in said and "kept: " in said and "new: " in said
    assert main(["map", str(table), "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["map"] == 2  # the same catalogue: the same map
