"""From what a picture is like to what its music should be like: 11 numbers in, 10 out.

Torch is imported when trained weights are loaded, not with the package.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recommender.predict import Recommender

__all__ = ["FILM_KINDS", "load_recommender"]

FILM_KINDS = ("story", "music")
"""What leads a film: its story, as in scored films, or its music, as in music videos. They ask for
different music (`data/MODEL_CARD.md`), and each has its predictor."""


def load_recommender(path: str | os.PathLike | None = None) -> Recommender:
    """The predictor that ships with the project; see `recommender.predict`.

    path : None for the default, one of `FILM_KINDS`, "prior", or a file.
    """
    from recommender import predict

    return predict.load_recommender(path)
