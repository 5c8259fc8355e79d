"""The check that there is something to learn from."""

from __future__ import annotations

import numpy as np

from data.errors import InputError
from data.pairs import Pairs
from data.profiles import MUSIC_NAMES, VIDEO_NAMES

MIN_PAIRS, MIN_SOURCES = 20, 3


def check_trainable(pairs: Pairs) -> None:
    """Raise `InputError` where training could only mislead: too few pairs or sources, constant
    columns, mixed extractors.
    """
    sources = len(set(pairs.sources))
    if sources < MIN_SOURCES:
        raise InputError(
            "training.few_sources", file=pairs.origin, sources=sources, needed=MIN_SOURCES
        )
    if len(pairs) < MIN_PAIRS:
        raise InputError(
            "training.few_pairs", file=pairs.origin, pairs=len(pairs), needed=MIN_PAIRS
        )
    pairs.check_extractors()
    for names, values in ((VIDEO_NAMES, pairs.video), (MUSIC_NAMES, pairs.music)):
        for name, column in zip(names, values.T, strict=True):
            known = column[np.isfinite(column)]
            if len(known) and np.ptp(known) == 0:
                raise InputError(
                    "training.constant", file=pairs.origin, field=name, value=f"{known[0]:g}"
                )
