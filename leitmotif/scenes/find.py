"""Asked with a picture: from which film of the library it is, and when it is shown there.

Of the frames whose vectors are most like the picture's (`leitmotif.scenes.nearest`) the first are
looked at again, block by block (`features.video.second_look`): the vectors find the film, the
second look the frame, and it tells whether the picture is from the library at all. In plain, dark
and blurred pictures it has no key points to go by, and slides them over each other instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from features.video.pictures import grey_of, mirrored
from features.video.second_look import NONE, Agreement, Seen, agreement, see, slid_agreement
from leitmotif.scenes.describe import Frames
from leitmotif.scenes.library import Film, Library
from leitmotif.scenes.nearest import Near, nearest

FETCHED = 50
"""Frames that the index gives for each vector that is asked with. Heuristic: of copies of a quarter
of a frame or more 99.7 % are among them (`data/SCENES.md`)."""
LOOKED_AT = 24
"""Frames that are looked at again. Heuristic: 99.5 % of right frames are among them."""
_SLID_OVER, _SURE_POINTS = 12, 20
"""Frames without key points in agreement that the picture is slid over, unless one of all has so
many. Heuristic: on copies of learned frames any number from 1 to 25 gives the same answers."""
LEAST_POINTS, LEAST_BLOCKS = 8, 0.3
"""Agreement from which a picture is said to be from a film. Calibrated on pictures of films that
are not in the library (`benchmarks/results/scenes.md`)."""
_MOMENT_S = 1.0
"""Seconds within which two frames of a film belong to one hit (heuristic: near-duplicates are not
kept, so what lies further apart looks different, if only a little)."""
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
    """A frame that was found, and what the second look at it said."""

    score: float
    near: Near
    mirrored: bool
    agreement: Agreement


def find(library: Library, picture: np.ndarray, *, k: int = 5) -> list[Hit]:
    """The k places that a BGR uint8 picture without bars may be from, as it is or mirrored.

    First those whose vectors and parts agree best, each more than a second from the others of its
    film. Fewer where the library is small.
    """
    hits: list[Hit] = []
    for found in sorted(_candidates(library, picture, k), key=lambda c: c.score, reverse=True):
        film, row = found.near.film, found.near.row
        frames = library.frames(film)
        time = float(frames.times[row])
        if any(hit.film.id == film.id and abs(hit.at - time) <= _MOMENT_S for hit in hits):
            continue
        agreed = found.agreement
        hits.append(
            Hit(
                *(film, time, *stretch(frames, row), found.near.similarity),
                known=agreed.points >= LEAST_POINTS and agreed.blocks >= LEAST_BLOCKS,
                mirrored=found.mirrored,
                agreement=agreed,
            )
        )
        if len(hits) == k:
            break
    return hits


def _candidates(library: Library, picture: np.ndarray, k: int) -> list[_Candidate]:
    """The frames most like a picture, those at the front looked at again."""
    near = nearest(library, picture, max(FETCHED, 10 * k))
    seen = [see(one) for one in (picture, mirrored(picture))]
    looked = [_look_again(_held(one.jpeg), seen, one.mirrored) for one in near[:LOOKED_AT]]
    if max((agreed.points for agreed, _ in looked), default=0) < _SURE_POINTS:
        for place, (agreed, turned) in enumerate(looked[:_SLID_OVER]):
            if not agreed.points:
                looked[place] = slid_agreement(seen[turned], _held(near[place].jpeg)), turned
    looked += [(NONE, one.mirrored) for one in near[LOOKED_AT:]]
    return [
        _Candidate(_score(one.similarity, agreed), one, turned, agreed)
        for one, (agreed, turned) in zip(near, looked, strict=True)
    ]


def _score(similarity: float, agreed: Agreement) -> float:
    """What hits are sorted by: similarity + blocks + ln(points) / 10.

    Of forty formulas on 200 copies of frames about the best; most of the others were as good to a
    copy or two (with the encoder of then, before anything was slid). What was slid counts the same,
    without points: half as much was as good.
    """
    return similarity + agreed.blocks + 0.1 * float(np.log(max(agreed.points, 1)))


@lru_cache(maxsize=512)
def _held(jpeg: bytes) -> Seen:
    """A frame of a library made ready; those of late are kept, 80 MB at most."""
    return see(grey_of(jpeg))


def _look_again(held: Seen, asked: list[Seen], turned: bool) -> tuple[Agreement, bool]:
    """How far a frame agrees with a picture, and whether with its mirror image.

    As its vector is most like it first; as the other only where nothing agrees.
    """
    for way in (turned, not turned):
        agreed = agreement(asked[way], held)
        if agreed.points:
            return agreed, way
    return NONE, turned


def stretch(frames: Frames, row: int) -> tuple[float, float]:
    """From and to, seconds, of the frames about one that look like it."""
    alike = frames.vectors @ frames.vectors[row] >= _LIKE
    others = np.flatnonzero(~alike)
    first = int(others[others < row].max(initial=-1)) + 1
    last = int(others[others > row].min(initial=len(frames.times))) - 1
    return float(frames.times[first]), float(max(frames.until[last], frames.times[row]))
