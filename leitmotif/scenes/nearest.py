"""The frames of a library that are most like a picture, as it is and mirrored.

The index is asked for the whole of a frame and for a part of one. Of the frames that it gives the
vectors of their parts are compared as well, for what comes back may be a part of a frame.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from features.video.pictures import mirrored
from leitmotif.scenes.library import Film, Library


class Near(NamedTuple):
    """A frame of a film, by its row in the library.

    similarity : cosine of the vectors, 1 for the same picture. mirrored : whether the picture is
    more like it seen in a mirror. jpeg : the frame, small and grey.
    """

    similarity: float
    film: Film
    row: int
    mirrored: bool
    jpeg: bytes


def nearest(library: Library, picture: np.ndarray, count: int) -> list[Near]:
    """The most alike first. count : frames that the index gives for each vector that is asked with.

    picture : BGR uint8, without bars.
    """
    both = [picture, mirrored(picture)]
    asked = library.encoder.embed_zoomed(both).transpose(1, 0, 2)  # (2, zooms, size)
    found = library.search(asked.reshape(-1, asked.shape[-1]), count)
    films = {film.id: film for film in library.films}
    pairs = zip(found.films.ravel(), found.rows.ravel(), strict=True)
    here = sorted({(id, int(row)) for id, row in pairs if id in films})
    places = [(films[id], row) for id, row in here]
    near = []
    for close, (film, row) in zip(
        library.close_ups([(film.number, row) for film, row in places]), places, strict=True
    ):
        vectors = np.vstack([library.frames(film).vectors[row], close.parts])
        alike = (asked @ vectors.T).max(axis=(1, 2))
        turned = bool(alike[1] > alike[0])
        near.append(Near(float(alike.max()), film, row, turned, close.jpeg))
    return sorted(near, key=lambda one: -one.similarity)
