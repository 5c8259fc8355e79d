"""How well pictures that come back are found: by an encoder, by others, and by their layout.

Asked is with copies of held-out pictures (`features.video.copies`, made by other code than that
which trains), each as it is and mirrored; all pictures of the pool half a second apart answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.video.colour_layout import colour_layout, distance
from features.video.copies import copy_of
from features.video.pictures import mirrored, without_bars
from leitmotif.scenes.pool import NEAR_S, Pool

if TYPE_CHECKING:
    from features.video.encoder import Encoder

PLACES = (1, 5, 10, 20)
Pictures = Sequence[np.ndarray]
Alike = Callable[[Pictures, Pictures], np.ndarray]
"""From q and n BGR uint8 pictures to how alike they are, (q, n), larger for more alike."""


class Judged(NamedTuple):
    """name : of what was asked. queries : how many. top : shares of queries of which a right
    picture is among the first 1, 5, 10, 20. rank : mean reciprocal rank."""

    name: str
    queries: int
    top: tuple[float, ...]
    rank: float


def judge(pool: Pool, ways: dict[str, Alike], queries: int = 1000, seed: int = 0) -> list[Judged]:
    """Each way's figures on copies of the pool's held-out pictures; none where none is held out.

    A picture is right if it is of the same film within `NEAR_S`.
    """
    kept = _apart(pool)
    held_out = (pool.moments | pool.unseen)[kept]
    asked = np.resize(np.flatnonzero(held_out), queries if held_out.any() else 0)
    if not len(asked):
        return []
    chance = np.random.default_rng(seed)
    pictures = list(pool.pictures[kept])
    copies = [without_bars(copy_of(pictures[i], chance)) for i in asked]
    films, times = pool.films[kept], pool.times[kept]
    right = (films[asked][:, None] == films) & (np.abs(times[asked][:, None] - times) < NEAR_S)
    return [_figures(name, way(copies, pictures), right) for name, way in ways.items()]


def _figures(name: str, alike: np.ndarray, right: np.ndarray) -> Judged:
    best = np.where(right, alike, -np.inf).max(axis=1, keepdims=True)
    ranks = (alike > best).sum(axis=1) + 1
    top = tuple(float((ranks <= place).mean()) for place in PLACES)
    return Judged(name, len(ranks), top, float((1 / ranks).mean()))


def _apart(pool: Pool) -> np.ndarray:
    """Rows of pictures that lie half a second apart, as a library has them."""
    kept: list[int] = []
    last: dict[int, float] = {}
    for row in np.lexsort((pool.times, pool.films)):
        film, time = int(pool.films[row]), float(pool.times[row])
        if time - last.get(film, -np.inf) >= 0.5 - 1e-6:
            last[film] = time
            kept.append(row)
    return np.array(kept, dtype=int)


def by_vectors(embed: Callable[[Pictures], np.ndarray]) -> Alike:
    """Cosine of vectors, the larger of a picture's and its mirror image's."""

    def alike(asked: Pictures, held: Pictures) -> np.ndarray:
        vectors = embed(held)
        turned = embed([mirrored(picture) for picture in asked])
        return np.maximum(embed(asked) @ vectors.T, turned @ vectors.T)

    return alike


def by_parts(encoder: Encoder) -> Alike:
    """What a library finds by: the best of a picture and its mirror image, at each zoom, with each
    part."""

    def alike(asked: Pictures, held: Pictures) -> np.ndarray:
        parts = encoder.embed_parts(held)
        best = np.full((len(asked), len(held)), -1.0, np.float32)
        for way in (asked, [mirrored(picture) for picture in asked]):
            for vectors in encoder.embed_zoomed(way):
                for place in range(parts.shape[1]):
                    np.maximum(best, vectors @ parts[:, place].T, out=best)
        return best

    return alike


def by_layout(asked: Pictures, held: Pictures) -> np.ndarray:
    """Minus the distance of the colour layouts, of the nearer of picture and mirror image."""
    layouts = np.stack([colour_layout(picture) for picture in held])
    found = []
    for picture in asked:
        both = (colour_layout(picture), colour_layout(mirrored(picture)))
        found.append(np.minimum(*(distance(layouts, layout) for layout in both)))
    return -np.stack(found)
