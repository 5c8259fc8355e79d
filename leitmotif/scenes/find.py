"""Asked with a picture: from which film of the library it is, and when it is shown there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from features.video.pictures import mirrored
from leitmotif.scenes.describe import Frames
from leitmotif.scenes.library import Film, Library

_FETCHED = 10
"""Frames fetched for every hit asked for: neighbours in one scene are one hit (heuristic)."""
_SCENE_S = 2.0
"""Seconds within which two frames of a film belong to one hit (heuristic)."""
_LIKE = 0.85
"""Cosine to the frame that was found, down to which its neighbours show the same (heuristic)."""


@dataclass(frozen=True)
class Hit:
    """Where a picture may be from.

    at : seconds of the frame that is most like it. start, end : of the stretch about it that looks
    the same. similarity : cosine of the vectors, 1 for the same picture. known : whether that is
    enough to say that it is from there; if not, it is the nearest that there is.
    """

    film: Film
    at: float
    start: float
    end: float
    similarity: float
    known: bool

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: the film's id, name, title, season, episode and path beside the rest."""
        film = asdict(self.film)
        names = ("id", "path", "title", "season", "episode", "duration", "rate")
        return {
            "film": {"name": self.film.name} | {name: film[name] for name in names},
            "at": round(self.at, 3),
            "from": round(self.start, 3),
            "to": round(self.end, 3),
            "similarity": round(self.similarity, 4),
            "known": self.known,
        }


def find(library: Library, picture: np.ndarray, *, k: int = 5) -> list[Hit]:
    """The k places that look most like a BGR uint8 picture without bars, as it is or mirrored.

    The most alike first; fewer where the library is small. Whether one of them is meant, `known`
    says: from the similarity on that the encoder was measured to need.
    """
    vectors = library.encoder.embed([picture, mirrored(picture)])
    found = library.search(vectors, _FETCHED * k)
    films = {film.id: film for film in library.films}
    hits: list[Hit] = []
    for place in np.argsort(-found.similarity, axis=None, kind="stable"):
        id, time = found.films.flat[place], float(found.times.flat[place])
        if len(hits) == k or not id:
            break
        if any(
            h.film.id == id and h.start - _SCENE_S <= time <= h.end + _SCENE_S for h in hits
        ):
            continue
        similarity = float(found.similarity.flat[place])
        start, end = stretch(library.frames(films[id]), int(found.rows.flat[place]))
        known = similarity >= library.encoder.threshold
        hits.append(Hit(films[id], time, start, max(end, start), similarity, known))
    return hits


def stretch(frames: Frames, row: int) -> tuple[float, float]:
    """From and to, seconds, of the frames about one that look like it."""
    alike = frames.vectors @ frames.vectors[row] >= _LIKE
    others = np.flatnonzero(~alike)
    first = int(others[others < row].max(initial=-1)) + 1
    last = int(others[others > row].min(initial=len(frames))) - 1
    return float(frames.times[first]), float(frames.until[last])
