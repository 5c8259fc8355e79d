"""Why a track matches: each dimension's share of the distance, and one sentence.

"Close" and "a little" are measured in the catalogue's standard deviations, so that they mean the
same on raw and on standard scale. The limits are ours: below a third of a deviation two tracks are
hard to tell apart in that dimension, beyond one and a half the difference is what one notices first.
"""

from __future__ import annotations

import numpy as np

from data.profiles import MUSIC_FIELDS
from matcher.metric import RAW, Scaling, parts

CLOSE, LITTLE, MUCH = 1 / 3, 0.75, 1.5

_MORE_LESS = {
    "richness": ("richer", "sparser"),
    "variation": ("more varied", "more even"),
    "rhythm": ("stronger in pulse", "looser in pulse"),
    "warmth": ("warmer", "cooler"),
    "harmony": ("more consonant", "rougher in harmony"),
    "brightness": ("brighter", "darker"),
    "melody_trend": ("more rising in melody", "more falling in melody"),
    "rhythm_speed": ("faster", "slower"),
    "arousal": ("more excited", "calmer"),
    "valence": ("more positive", "more negative"),
}


def shares(values: np.ndarray, query: np.ndarray, weights: np.ndarray, metric: str, scaling: Scaling = RAW) -> np.ndarray:
    """Each dimension's share of the distance of `values` (10,) to `query` (10,); they add up to 1.

    Shares of d² for euclidean and of 1 − cos for cosine; all 0 where the distance is 0.
    """
    found = np.zeros(len(MUSIC_FIELDS))
    for j, part in parts(values[None], query, weights, metric, scaling):
        found[j] = part[0]
    peak = found.max()
    return found if peak == 0 else (found / peak) / (found / peak).sum()


def sentence(values: np.ndarray, query: np.ndarray, weights: np.ndarray, share: np.ndarray, spread: np.ndarray) -> str:
    """One sentence: where the track is close to what was asked, and how it differs.

    values, query, weights, share : (10,); spread : the catalogue's standard deviations (10,).
    """
    off = (values - query) / spread
    asked = weights > 0
    if not np.any(off[asked]):
        return "exactly what was asked"
    near = [j for j in np.lexsort((np.abs(off), -weights)) if asked[j] and abs(off[j]) < CLOSE][:2]
    far = [j for j in np.argsort(-share, kind="stable") if asked[j] and abs(off[j]) >= CLOSE][:2]
    pieces = []
    if near:
        pieces.append("close in " + " and ".join(MUSIC_FIELDS[j].label.lower() for j in near))
    if far:
        pieces.append(" and ".join(_degree(off[j], MUSIC_FIELDS[j].name) for j in far) + " than asked")
    return "; ".join(pieces)


def _degree(off: float, name: str) -> str:
    word = _MORE_LESS[name][0 if off > 0 else 1]
    size = abs(off)
    return ("a little " if size < LITTLE else "much " if size >= MUCH else "") + word
