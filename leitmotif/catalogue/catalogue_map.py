"""The map of a catalogue: where each track lies, in which group, and how far that can be trusted.

It is kept in one file beside the catalogue and drawn again when the catalogue has changed: tracks
stay near their last places, groups keep their numbers (`identity`), and what became of them is
written down. Where a catalogue's folder cannot be written, the file lies in the cache folder.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.atomic import atomic_path
from data.catalogue import Catalogue
from data.checksums import Damaged, checksum, damaged, pack, unpack
from data.errors import InputError, Progress
from data.folders import cache_folder
from data.profiles import MUSIC_NAMES
from data.track_sounds import TrackSounds
from data.words import DEFAULT, say, words
from leitmotif.catalogue import clusters, layout
from leitmotif.catalogue.identity import Changes, follow, stay
from leitmotif.catalogue.music_map import MusicMap

KIND, VERSION = "catalogue-map", 1
DOUBTFUL = 0.8
"""Trust below which a place is marked as misleading (heuristic)."""
TELLING = 0.4
"""Standard deviations from the catalogue's mean from which on a group is named for a field
(heuristic)."""
MOST_FIELDS = 3
TYPICAL = 3
"""Tracks that stand for a group."""
TIMBRE = 16
"""Principal components of the tracks' sounds that a map is drawn from (heuristic)."""
_MORE_WEIGHT = 1.0
"""What other features than the ten fields weigh, all together, against those (heuristic)."""


@dataclass(frozen=True)
class Group:
    """Tracks that sound alike.

    fields : the fields in which it lies farthest from the catalogue's mean, farthest first, with
        the difference of the means in standard deviations.
    typical : rows of the tracks nearest to its centroid.
    """

    number: int
    tracks: int
    fields: tuple[tuple[str, float], ...]
    typical: tuple[int, ...]
    centroid: np.ndarray
    """Mean of the ten fields, (10,)."""


@dataclass(frozen=True, eq=False)
class CatalogueMap:
    """A map of N tracks.

    places : float32 (N, 2). numbers : int32 (N,) of their groups, 0 for none. trust : float32 (N,),
    0–1. history : what became of the groups, map by map. following : the next free number. of :
    checksum of what it was drawn from.
    """

    track_ids: tuple[str, ...]
    places: np.ndarray
    numbers: np.ndarray
    trust: np.ndarray
    groups: tuple[Group, ...]
    history: tuple[Changes, ...]
    following: int
    of: int

    @property
    def doubtful(self) -> np.ndarray:
        """Tracks whose neighbours on the map are not their neighbours in truth, bool (N,)."""
        return self.trust < DOUBTFUL

    # ------------------------------------------------------------------ file

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the map, whole or not at all."""
        about = {
            "track_ids": self.track_ids,
            "groups": [
                {
                    "number": g.number,
                    "tracks": g.tracks,
                    "fields": g.fields,
                    "typical": g.typical,
                    "centroid": g.centroid.tolist(),
                }
                for g in self.groups
            ],
            "history": [changes.record() for changes in self.history],
            "following": self.following,
            "of": self.of,
        }
        text = np.frombuffer(json.dumps(about).encode("utf-8"), np.uint8)
        payload = io.BytesIO()
        np.savez_compressed(
            payload, about=text, places=self.places, numbers=self.numbers, trust=self.trust
        )
        with atomic_path(path) as temporary:
            temporary.write_bytes(pack(KIND, VERSION, payload.getvalue()))

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> CatalogueMap:
        """Read what `write` wrote. Raises `Damaged`, or `OSError` where there is no such file."""
        payload = unpack(Path(path).read_bytes(), KIND, VERSION, path)
        try:
            with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
                about = json.loads(arrays["about"].tobytes())
                places, numbers, trust = (arrays[n] for n in ("places", "numbers", "trust"))
        except (ValueError, KeyError, OSError):
            raise damaged(path) from None
        groups = tuple(
            Group(
                g["number"],
                g["tracks"],
                tuple((name, off) for name, off in g["fields"]),
                tuple(g["typical"]),
                np.array(g["centroid"]),
            )
            for g in about["groups"]
        )
        history = tuple(map(Changes.of, about["history"]))
        ids = tuple(about["track_ids"])
        return cls(ids, places, numbers, trust, groups, history, about["following"], about["of"])


def map_file(catalogue: str | os.PathLike[str]) -> Path:
    """Where the map of a catalogue's file lies."""
    path = Path(catalogue).resolve()
    beside = path.with_name(f"{path.stem}.map")
    if beside.is_file() or os.access(path.parent, os.W_OK):
        return beside
    name = hashlib.sha256(str(path).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return cache_folder("maps") / f"{name}.map"


def last_map(path: str | os.PathLike[str]) -> CatalogueMap | None:
    """The map at `path`; None where there is none that can be read."""
    try:
        return CatalogueMap.read(path)
    except (OSError, Damaged):
        return None


def draw(
    catalogue: Catalogue,
    before: CatalogueMap | None = None,
    more: np.ndarray | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> CatalogueMap:
    """The map of a catalogue; `before` as it is where that was drawn from the same.

    more : (N, D) other features of the tracks, as an embedding of their timbre; rows of NaN for
    tracks that have none. Raises `InputError` for fewer than two tracks.
    """
    if len(catalogue) < 2:
        raise InputError("map.too_few", file=catalogue.source)
    of = drawn_from(catalogue, more)
    if before is not None and before.of == of:
        return before
    tell = progress or (lambda stage, done, total: None)
    tell("layout", 0, 3)
    points = _points(catalogue.features, more)
    there, rows = _known(catalogue.track_ids, before)
    start = MusicMap.of(catalogue.features).place(catalogue.features)
    places_before = before.places[rows[there]] if before else np.zeros((0, 2))
    begin = layout.begin_from(points, there, places_before, start)
    laid = layout.lay(points, begin, bool(there.any()), seed)
    target = places_before if there.any() else start
    moved = laid.places[there] if there.any() else laid.places
    places = layout.onto(laid.places, moved, target)
    tell("groups", 1, 3)
    numbers_before = (
        np.where(there, before.numbers[rows], 0) if before else np.zeros(len(rows), int)
    )
    numbers, changes, following = _grouped(
        catalogue.features, points, laid.graph, numbers_before, before, seed
    )
    tell("trust", 2, 3)
    return CatalogueMap(
        tuple(catalogue.track_ids),
        places.astype(np.float32),
        numbers,
        layout.trust(points, places, seed),
        describe(catalogue.features, points, numbers),
        (*(before.history if before else ()), changes),
        following,
        of,
    )


def draw_beside(
    path: str | os.PathLike[str], *, progress: Progress | None = None, seed: int = 0
) -> Path:
    """Draw the map of a catalogue's file from its last one; where it lies now."""
    catalogue, file = Catalogue.read(path), map_file(path)
    draw(catalogue, last_map(file), timbre(catalogue), seed, progress).write(file)
    return file


def drawn_from(catalogue: Catalogue, more: np.ndarray | None = None) -> int:
    """Checksum of everything that a map is drawn from."""
    ids = "\0".join(catalogue.track_ids)
    return checksum(ids, catalogue.features, *([] if more is None else [more]))


def _points(features: np.ndarray, more: np.ndarray | None) -> np.ndarray:
    """The ten fields in standard deviations, and beside them what else is known, (N, 10 + D)."""
    points = _standard(features)
    if more is None:
        return points
    known = np.isfinite(more).all(axis=1)
    if not known.any():
        return points
    beside = np.where(known[:, None], more - more[known].mean(axis=0), 0.0)
    total = max(float(np.square(beside[known]).sum(axis=1).mean()), 1e-12)
    return np.hstack([points, beside * np.sqrt(_MORE_WEIGHT * points.shape[1] / total)])


def timbre(catalogue: Catalogue) -> np.ndarray | None:
    """What the tracks sound like for `draw`, (N, `TIMBRE`); None where nobody listened for it."""
    sounds = TrackSounds.beside(catalogue)
    if sounds is None or not sounds.known.any():
        return None
    return np.where(sounds.known[:, None], sounds.embedding(TIMBRE), np.nan)


def _standard(values: np.ndarray) -> np.ndarray:
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _known(ids: list[str], before: CatalogueMap | None) -> tuple[np.ndarray, np.ndarray]:
    """Which tracks the last map has, bool (N,), and at which row, int (N,)."""
    at = {name: row for row, name in enumerate(before.track_ids)} if before else {}
    rows = np.array([at.get(name, -1) for name in ids])
    return rows >= 0, rows


def _grouped(
    features: np.ndarray,
    points: np.ndarray,
    graph: Any,
    before: np.ndarray,
    last: CatalogueMap | None,
    seed: int,
) -> tuple[np.ndarray, Changes, int]:
    """The number of each track's group, int32 (N,), the changes, and the next free number."""
    labels = clusters.groups(points, clusters.remember(graph, before), seed)
    spread = features.std(axis=0)
    unit = np.where(spread > 0, spread, 1.0)
    centroids = _centroids(features, labels) / unit
    known = {g.number: g.centroid / unit for g in last.groups} if last else {}
    known |= {n: features[before == n].mean(axis=0) / unit for n in known if (before == n).any()}
    found = follow(before, known, labels, centroids, last.following if last else 1)
    labels = stay(before, labels, found.ids, found.changes.kept, graph)
    numbers = np.append(found.ids, 0)[labels]  # the last stands for BETWEEN
    return numbers.astype(np.int32), found.changes, found.following


def _centroids(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    count = int(labels.max(initial=-1)) + 1
    return np.array([features[labels == i].mean(axis=0) for i in range(count)]).reshape(
        count, features.shape[1]
    )


def describe(features: np.ndarray, points: np.ndarray, numbers: np.ndarray) -> tuple[Group, ...]:
    """Every group of a map, the largest first."""
    standard = _standard(features)
    found = []
    for number in sorted(set(numbers.tolist()) - {0}):
        rows = np.flatnonzero(numbers == number)
        off = standard[rows].mean(axis=0)
        telling = [i for i in np.argsort(-np.abs(off), kind="stable") if abs(off[i]) >= TELLING]
        away = np.square(points[rows] - points[rows].mean(axis=0)).sum(axis=1)
        found.append(
            Group(
                number,
                len(rows),
                tuple((MUSIC_NAMES[i], round(float(off[i]), 3)) for i in telling[:MOST_FIELDS]),
                tuple(rows[np.argsort(away, kind="stable")[:TYPICAL]].tolist()),
                features[rows].mean(axis=0),
            )
        )
    return tuple(sorted(found, key=lambda g: (-g.tracks, g.number)))


def named(group: Group, language: str = DEFAULT) -> str:
    """A group in words: what its fields are more or less of than the catalogue."""
    if not group.fields:
        return say("map.ordinary", language)
    ways = [
        say(f"map.{name}_{'more' if off > 0 else 'less'}", language) for name, off in group.fields
    ]
    return words(language)["language.comma"].join(ways)


def record(drawn: CatalogueMap, catalogue: Catalogue) -> dict[str, Any]:
    """What a map says, as JSON."""
    titles = catalogue.text("title")
    return {
        "tracks": len(drawn.track_ids),
        "map": len(drawn.history),
        "between": int((drawn.numbers == 0).sum()),
        "doubtful": int(drawn.doubtful.sum()),
        "trust": round(float(drawn.trust.mean()), 4),
        "groups": [
            {
                "number": g.number,
                "name": named(g),
                "tracks": g.tracks,
                "fields": dict(g.fields),
                "typical": [
                    {"track_id": drawn.track_ids[row], "title": titles[row]} for row in g.typical
                ],
            }
            for g in drawn.groups
        ],
        "changes": drawn.history[-1].record(),
        "points": [
            {
                "track_id": name,
                "x": round(float(x), 4),
                "y": round(float(y), 4),
                "group": int(number) or None,
                "trust": round(float(trust), 3),
            }
            for name, (x, y), number, trust in zip(
                drawn.track_ids, drawn.places, drawn.numbers, drawn.trust, strict=True
            )
        ],
    }
