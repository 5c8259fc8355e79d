"""From what a picture is like to what its music should be like: 11 numbers in, 10 out.

Torch is imported when trained weights are loaded, not with the package.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recommender.predict import Recommender

__all__ = ["load_recommender"]


def load_recommender(path: str | os.PathLike | None = None) -> Recommender:
    """The predictor that ships with the project, or the one in `path`; see `recommender.predict`."""
    from recommender import predict

    return predict.load_recommender(path)
