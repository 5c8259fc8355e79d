"""Whether one track can follow another without a jolt: their keys and tempos.

Keys by steps on the circle of fifths between their signatures (a minor key has that of its relative
major; near signatures share most of their notes); tempos by ratio, halves and doubles being alike.
"""

from __future__ import annotations

import math

from leitmotif.score.model import Candidate, Track

RANK_PRICE = 0.25
"""What it costs to take the next best track: four ranks weigh as much as the worst clash
(heuristic)."""
_FIFTHS = {"C": 0, "D": 2, "E": 4, "F": -1, "G": 1, "A": 3, "B": 5}
_SHARP, _FLAT, _MINOR = 7, -7, -3


def signature(key: str) -> int | None:
    """Sharps of a key such as "F# minor" (flats are negative); None for what is no key."""
    name, _, mode = key.strip().partition(" ")
    if not name or name[0].upper() not in _FIFTHS or mode not in ("major", "minor"):
        return None
    accidentals = _SHARP * name.count("#") + _FLAT * (name.count("b") + name.count("♭"))
    return _FIFTHS[name[0].upper()] + accidentals + (_MINOR if mode == "minor" else 0)


def clash(before: Track, after: Track) -> float:
    """How much two tracks jar one after the other, 0–1; what is unknown does not."""
    return (_key_clash(before, after) + _tempo_clash(before, after)) / 2


def _key_clash(before: Track, after: Track) -> float:
    a, b = (signature(track.facts.get("key", "")) for track in (before, after))
    if a is None or b is None:
        return 0.0
    steps = (a - b) % 12
    return min(steps, 12 - steps) / 6


def _tempo_clash(before: Track, after: Track) -> float:
    a, b = (_number(track.facts.get("bpm", "")) for track in (before, after))
    if a is None or b is None:
        return 0.0
    octaves = math.log2(a / b)
    return 2 * abs(octaves - round(octaves))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


def smoothest(candidates: list[Candidate], before: Track | None) -> Candidate:
    """The candidate that is best by rank and by how it follows the track before."""
    if before is None:
        return candidates[0]
    prices = [RANK_PRICE * k + clash(before, c.track) for k, c in enumerate(candidates)]
    return candidates[prices.index(min(prices))]
