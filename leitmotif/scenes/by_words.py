"""Asked with words: which scenes of the library show what they say.

That takes eyes that read words (`features.video.eyes`: CLIP, SigLIP). What they see of a film is
kept beside the library, one file for each film and each pair of eyes, made at the first question;
the library's own vectors tell neighbouring frames apart and know no words.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data.atomic import atomic_path
from data.checksums import Damaged, damaged, pack, unpack
from data.errors import InputError, Progress
from leitmotif.scenes.library import Film, Library

KIND, VERSION = "scene-sights", 1
_AT_ONCE = 16
_ONE_SCENE = 0.5
"""Cosine to the frame that was found, from the film's mean on, down to which its neighbours are one
scene. Heuristic: from the origin all that such networks see lies within a narrow cone.
"""


class Sights(NamedTuple):
    """What eyes see of a film: times, float64 (n,) seconds; until, those up to which frames like
    each followed; vectors, float32 (n, size).
    """

    times: np.ndarray
    until: np.ndarray
    vectors: np.ndarray


@dataclass(frozen=True)
class Seen:
    """A scene that shows what was asked for.

    at : seconds of the frame that shows it most. start, end : of the scene. similarity : cosine of
    words and picture: 0.2 to 0.35 with CLIP where it is there, so that only the order counts.
    """

    film: Film
    at: float
    start: float
    end: float
    similarity: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        film = asdict(self.film)
        names = ("id", "path", "title", "season", "episode", "duration", "rate")
        return {
            "film": {"name": self.film.name} | {name: film[name] for name in names},
            "at": round(self.at, 3),
            "from": round(self.start, 3),
            "to": round(self.end, 3),
            "similarity": round(self.similarity, 4),
        }


def find_words(
    library: Library,
    text: str,
    eyes: Any,
    identity: str,
    *,
    k: int = 5,
    progress: Progress | None = None,
) -> tuple[list[Seen], list[tuple[Film, InputError]]]:
    """The k scenes that words describe, the likeliest first, and films that could not be read.

    eyes : `features.video.eyes.ReadingEyes`. identity : of their weights.
    """
    films, seen = library.films, list[Seen]()
    failed: list[tuple[Film, InputError]] = []
    wanted = eyes.read([text])[0]
    for done, film in enumerate(films):
        if progress:
            progress("films", done, len(films))
        try:
            sights = sights_of(library, film, eyes, identity)
        except InputError as error:
            failed.append((film, error))
            continue
        seen += _best(film, sights, sights.vectors @ wanted, k)
    if progress:
        progress("films", len(films), len(films))
    return sorted(seen, key=lambda s: (-s.similarity, s.film.id, s.at))[:k], failed


def _best(film: Film, sights: Sights, near: np.ndarray, k: int) -> Iterable[Seen]:
    """The k scenes of one film nearest to the words, each once."""
    left = np.ones(len(near), bool)
    apart = sights.vectors - sights.vectors.mean(axis=0)
    apart /= np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-6)
    for row in np.argsort(-near, kind="stable").tolist():
        if k and left[row]:
            first, last = _scene(apart, row)
            left[first : last + 1], k = False, k - 1
            start, end = float(sights.times[first]), float(sights.until[last])
            yield Seen(film, float(sights.times[row]), start, max(start, end), float(near[row]))


def _scene(vectors: np.ndarray, row: int) -> tuple[int, int]:
    """First and last row of the frames about one that look like it."""
    others = np.flatnonzero(vectors @ vectors[row] < _ONE_SCENE)
    first = int(others[others < row].max(initial=-1)) + 1
    return first, int(others[others > row].min(initial=len(vectors))) - 1


def sights_of(library: Library, film: Film, eyes: Any, identity: str) -> Sights:
    """What eyes see of a film, kept at the first time. Raises `InputError` for one that is gone."""
    path = library.folder / "sights" / f"{film.id}.{identity.replace(':', '-')}.npz"
    try:
        return _read(path)
    except (OSError, Damaged):
        sights = _look(film.path, eyes)
    path.parent.mkdir(exist_ok=True)
    payload = io.BytesIO()
    np.savez(payload, **sights._asdict())
    with atomic_path(path) as temporary:
        temporary.write_bytes(pack(KIND, VERSION, payload.getvalue()))
    return sights


def _read(path: Path) -> Sights:
    payload = unpack(path.read_bytes(), KIND, VERSION, path)
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
            return Sights(*(arrays[name] for name in Sights._fields))
    except (ValueError, KeyError, OSError):
        raise damaged(path) from None


def _look(path: str, eyes: Any) -> Sights:
    from features.video.stills import Stills, kept  # cv2 and av take half a second

    times, until, vectors, waiting = [], [], [np.zeros((0, eyes.size), np.float32)], []
    with Stills(path) as film:
        for still, end in kept(film.pictures()):
            times.append(still.time)
            until.append(end)
            waiting.append(still.picture)
            if len(waiting) == _AT_ONCE:
                vectors.append(eyes(waiting))
                waiting = []
    if waiting:
        vectors.append(eyes(waiting))
    return Sights(np.array(times), np.array(until), np.concatenate(vectors))
