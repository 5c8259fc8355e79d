"""Asked with a picture: from which film of the library it is, and when it is shown there.

The index gives the frames whose vectors are most like the picture's, as it is and mirrored. Those
are looked at again, part by part (`features.video.second_look`): the vector finds the film, the
second look the frame, and it tells whether the picture is from the library at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from features.video.pictures import grey_of, mirrored
from features.video.second_look import NONE, Agreement, Seen, agreement, see
from leitmotif.scenes.describe import Frames
from leitmotif.scenes.library import Film, Library

LOOKED_AT = 30
"""Frames that are looked at again. Heuristic: 97 % of right frames are among them
(`benchmarks/results/scenes.md`)."""
LEAST_POINTS, LEAST_BLOCKS = 8, 0.3
"""Agreement from which a picture is said to be from a film. Calibrated on pictures of films that
are not in the library (`benchmarks/results/scenes.md`)."""
_SCENE_S = 2.0
"""Seconds within which two frames of a film belong to one hit (heuristic)."""
_LIKE = 0.85
"""Cosine to the frame that was found, down to which its neighbours show the same (heuristic)."""


@dataclass(frozen=True)
class Hit:
    """Where a picture may be from.

    at : seconds of the frame that is most like it. start, end : of the stretch about it that looks
    the same. similarity : cosine of the vectors, 1 for the same picture. mirrored : whether it is
    more like the frame seen in a mirror. agreement : of its parts. known : whether all that is
    enough to say that it is from there; if not, it is the nearest that there is.
    """

    film: Film
    at: float
    start: float
    end: float
    similarity: float
    known: bool
    mirrored: bool = False
    agreement: Agreement = NONE

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: the film's id, name, title, season, episode and path beside the rest."""
        names = ("id", "name", "path", "title", "season", "episode", "duration", "rate")
        return {
            "film": {name: getattr(self.film, name) for name in names},
            "at": round(self.at, 3),
            "from": round(self.start, 3),
            "to": round(self.end, 3),
            "similarity": round(self.similarity, 4),
            "mirrored": self.mirrored,
            "points": self.agreement.points,
            "known": self.known,
        }


class _Candidate(NamedTuple):
    """A frame that was found; the first three are what `find` sorts by.

    strength : of the agreement, blocks + ln(points) / 4, the best of four formulas on 240 copies of
    frames.
    """

    known: bool
    strength: float
    similarity: float
    film: Film
    row: int
    mirrored: bool
    agreement: Agreement


def find(library: Library, picture: np.ndarray, *, k: int = 5) -> list[Hit]:
    """The k places that a BGR uint8 picture without bars may be from, as it is or mirrored.

    Those that are known first, the best agreement before others; then the most alike. Fewer where
    the library is small.
    """
    hits: list[Hit] = []
    for found in sorted(_candidates(library, picture, k), key=lambda c: c[:3], reverse=True):
        frames = library.frames(found.film)
        time = float(frames.times[found.row])
        if any(_one_scene(hit, found.film, time) for hit in hits):
            continue
        start, end = stretch(frames, found.row)
        hits.append(
            Hit(
                *(found.film, time, start, end, found.similarity, found.known),
                mirrored=found.mirrored,
                agreement=found.agreement,
            )
        )
        if len(hits) == k:
            break
    return hits


def _one_scene(hit: Hit, film: Film, time: float) -> bool:
    return hit.film.id == film.id and hit.start - _SCENE_S <= time <= hit.end + _SCENE_S


def _candidates(library: Library, picture: np.ndarray, k: int) -> Iterator[_Candidate]:
    """The frames most like a picture, those at the front looked at again."""
    both = [picture, mirrored(picture)]
    found = library.search(library.encoder.embed(both), max(LOOKED_AT, 10 * k))
    films = {film.id: film for film in library.films}
    best: dict[tuple[str, int], tuple[float, bool]] = {}
    for turned, query in enumerate(zip(found.films, found.rows, found.similarity, strict=True)):
        for id, row, similarity in zip(*query, strict=True):
            key = (str(id), int(row))
            if id and similarity > best.get(key, (-2.0, False))[0]:
                best[key] = (float(similarity), bool(turned))
    seen = [see(one) for one in both]
    ordered = sorted(best.items(), key=lambda item: -item[1][0])
    for place, ((id, row), (similarity, turned)) in enumerate(ordered):
        film, agreed = films[id], NONE
        if place < LOOKED_AT:
            agreed, turned = _look_again(library, film, row, seen, turned)
        known = agreed.points >= LEAST_POINTS and agreed.blocks >= LEAST_BLOCKS
        strength = agreed.blocks + 0.25 * float(np.log(agreed.points)) if known else 0.0
        yield _Candidate(known, strength, similarity, film, row, turned, agreed)


def _look_again(
    library: Library, film: Film, row: int, asked: list[Seen], turned: bool
) -> tuple[Agreement, bool]:
    """How far a frame agrees with a picture, and whether with its mirror image."""
    jpeg = library.picture(film, row)
    if jpeg is None:
        return NONE, turned
    held = see(grey_of(jpeg))
    each = [agreement(one, held) for one in asked]
    if not any(a.points for a in each):
        return NONE, turned
    best = int(np.argmax([a.points for a in each]))
    return each[best], bool(best)


def stretch(frames: Frames, row: int) -> tuple[float, float]:
    """From and to, seconds, of the frames about one that look like it."""
    alike = frames.vectors @ frames.vectors[row] >= _LIKE
    others = np.flatnonzero(~alike)
    first = int(others[others < row].max(initial=-1)) + 1
    last = int(others[others > row].min(initial=len(frames.times))) - 1
    return float(frames.times[first]), float(max(frames.until[last], frames.times[row]))
