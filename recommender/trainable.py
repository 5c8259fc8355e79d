"""The check that there is something to learn from."""

from __future__ import annotations

import numpy as np

from data.errors import InputError
from data.pairs import Pairs
from data.profiles import MUSIC_NAMES, VIDEO_NAMES

MIN_PAIRS, MIN_SOURCES = 20, 3


def check_trainable(pairs: Pairs) -> None:
    """Raise `InputError` where training could only mislead: too few pairs or sources, constant columns, mixed extractors."""
    sources = len(set(pairs.sources))
    if sources < MIN_SOURCES:
        raise InputError(
            f"{pairs.origin}: pairs from {sources} source{'s' * (sources != 1)} only; add videos until there are {MIN_SOURCES}."
        )
    if len(pairs) < MIN_PAIRS:
        raise InputError(
            f"{pairs.origin}: {len(pairs)} pairs are too few to learn from; {MIN_PAIRS} are needed."
        )
    pairs.check_extractors()
    for names, values in ((VIDEO_NAMES, pairs.video), (MUSIC_NAMES, pairs.music)):
        for name, column in zip(names, values.T, strict=True):
            known = column[np.isfinite(column)]
            if len(known) and np.ptp(known) == 0:
                raise InputError(
                    f"{pairs.origin}: {name} is {known[0]:g} in every row; measure it again, or leave its column empty."
                )
