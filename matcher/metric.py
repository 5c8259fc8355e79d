"""What "near" means: weights, scaling, and the two distances, in float64.

Euclidean  d = sqrt(Σ w ((x − q) / s)²)
cosine     d = 1 − cos = ½ Σ (û − v̂)², û and v̂ the unit vectors of √w (x − c) / s and √w (q − c) / s

The second form of the cosine distance keeps its digits where 1 − cos would cancel. A vector of
length zero has no direction; its cosine distance to anything is 1.

scale "raw": c = 0, s = 1. scale "standard": c and s are the catalogue's mean and standard deviation
per dimension (s = 1 where a column is constant), so that a weight means importance.

Arithmetic is elementwise and sums run over the dimensions in field order, so a distance has the
same bits whoever computes it, in whatever batch. That is what makes ties by row reproducible.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, column_key, field_lookup, parse_vector

METRICS = ("euclidean", "cosine")
SCALES = ("raw", "standard")
DIMENSIONS = len(MUSIC_NAMES)
VA = (MUSIC_NAMES.index("arousal"), MUSIC_NAMES.index("valence"))
LARGEST = 1e100
"""Numbers beyond this are refused: their squares would leave float64."""

_POSITIONS = field_lookup(MUSIC_FIELDS)
_AT_ONCE, _CHUNK = 1 << 18, 1 << 14


class Scaling(NamedTuple):
    """Middle and spread of a catalogue, float64 (10,) each."""

    center: np.ndarray
    spread: np.ndarray


RAW = Scaling(np.zeros(DIMENSIONS), np.ones(DIMENSIONS))


def standard_scaling(features: np.ndarray) -> Scaling:
    """Mean and population standard deviation of each column of (N, 10); spread 1 where constant."""
    n = len(features)
    if n <= _AT_ONCE:
        center, spread = (
            features.mean(axis=0, dtype=np.float64),
            features.std(axis=0, dtype=np.float64),
        )
    else:  # in pieces: the deviations of ten million rows need not stand in memory at once
        center, squares = np.zeros(DIMENSIONS), np.zeros(DIMENSIONS)
        buffer, ones = np.empty((_CHUNK, DIMENSIONS)), np.ones(_CHUNK)
        pieces = [
            (features[i : i + _CHUNK], buffer[: min(_CHUNK, n - i)]) for i in range(0, n, _CHUNK)
        ]
        for piece, held in pieces:
            np.copyto(held, piece)
            center += ones[: len(held)] @ held
        center /= n
        for piece, held in pieces:
            np.subtract(piece, center, out=held)
            np.square(held, out=held)
            squares += ones[: len(held)] @ held
        spread = np.sqrt(squares / n)
    constant = features.min(axis=0) == features.max(axis=0)
    return Scaling(center, np.where(constant | (spread == 0), 1.0, spread))


# ------------------------------------------------------------------------------ weights


def parse_weights(text: str, argument: str = "--weights") -> np.ndarray:
    """Weights typed by a person, float64 (10,).

    Either ten numbers in field order, or `name=number` pairs in any spelling of the field names
    (`valence=2,arousal=2`); a dimension that is not named keeps weight 1. Raises `InputError`.
    """
    if "=" not in text and "＝" not in text:
        return check_weights(parse_vector(text, MUSIC_FIELDS, argument), argument)
    weights = np.ones(DIMENSIONS)
    for pair in re.split(r"[,;，；、]", text):
        if not pair.strip():
            continue
        name, equals, number = pair.replace("＝", "=").partition("=")
        if not equals:
            raise InputError(
                f"{argument}: '{pair.strip()}' has no number; write name=number, such as valence=2,arousal=2."
            )
        try:
            weights[field_position(name, argument)] = float(number)
        except InputError:
            raise
        except ValueError:
            raise InputError(
                f"{argument}: '{number.strip()}' is not a number; write name=number, such as valence=2."
            ) from None
    return check_weights(weights, argument)


def field_position(name: str, argument: str) -> int:
    """Position of a music field by any of its spellings; `InputError` if there is none."""
    position = _POSITIONS.get(column_key(name.strip()))
    if position is None:
        raise InputError(
            f"{argument}: there is no dimension '{name.strip()}'; the ten are {', '.join(MUSIC_NAMES)}."
        )
    return position


def parse_features(text: str, argument: str = "--features") -> np.ndarray:
    """Which dimensions take part, as weights of 1 and 0: `all`, `va`, or names."""
    word = text.strip().casefold()
    mask = np.zeros(DIMENSIONS)
    if word == "all":
        return mask + 1
    if word == "va":
        mask[list(VA)] = 1
        return mask
    names = [n for n in re.split(r"[,;，；、]", text) if n.strip()]
    if not names:
        raise InputError(
            f"{argument}: nothing is chosen; give all, va, or names such as arousal,valence,rhythm."
        )
    mask[[field_position(n, argument) for n in names]] = 1
    return mask


def va_only(weights: np.ndarray | None = None) -> np.ndarray:
    """Weights on arousal and valence alone."""
    mask = parse_features("va")
    return mask if weights is None else mask * weights


def check_weights(weights: object, argument: str = "weights") -> np.ndarray:
    """Weights as float64 (10,); None is equal weights. Raises `InputError` unless ≥ 0 and some > 0."""
    if weights is None:
        return np.ones(DIMENSIONS)
    weights = _as_floats(weights, (DIMENSIONS,), argument)
    if not np.isfinite(weights).all() or weights.max() > LARGEST:
        raise InputError(f"{argument}: every weight needs to be a finite number.")
    if weights.min() < 0:
        name = MUSIC_NAMES[int(np.argmin(weights))]
        raise InputError(
            f"{argument}: the weight of {name} is negative ({weights.min():g}); use 0 to leave a dimension out."
        )
    if not weights.any():
        raise InputError(
            f"{argument}: all weights are zero; give at least one dimension a weight above 0."
        )
    return weights


def check_query(query: object, argument: str = "query") -> np.ndarray:
    """A query as float64 (10,). Raises `InputError` for a wrong shape or non-finite numbers."""
    return check_numbers(_as_floats(query, (DIMENSIONS,), argument), argument)


def check_queries(queries: object, weights: object) -> tuple[np.ndarray, np.ndarray]:
    """Queries (n, 10) and their weights (n, 10), from None, (10,) for all, or (n, 10). Raises `InputError`."""
    try:
        queries = np.ascontiguousarray(queries, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"queries: rows of {DIMENSIONS} numbers are needed.") from None
    if queries.ndim != 2 or queries.shape[1] != DIMENSIONS:
        raise InputError(f"queries: shape {queries.shape} given, (n, {DIMENSIONS}) needed.")
    check_numbers(queries, "queries")
    if weights is None or np.ndim(weights) == 1:
        return queries, np.tile(check_weights(weights), (len(queries), 1))
    if len(weights) != len(queries):
        raise InputError(
            f"weights: {len(weights)} rows given for {len(queries)} queries; give one each."
        )
    return queries, np.array([check_weights(w) for w in weights]).reshape(-1, DIMENSIONS)


def check_numbers(array: np.ndarray, argument: str) -> np.ndarray:
    """The array, if all of it is finite and within ±1e100."""
    if array.size and not (
        float(array.min()) >= -LARGEST and float(array.max()) <= LARGEST
    ):  # false for NaN too
        raise InputError(
            f"{argument}: a number is missing, not finite or beyond ±{LARGEST:g}; correct or drop that row."
        )
    return array


def check_choice(value: str, choices: tuple[str, ...], argument: str) -> str:
    if value not in choices:
        raise InputError(f"{argument}: '{value}' is not known; choose {' or '.join(choices)}.")
    return value


def _as_floats(value: object, shape: tuple[int, ...], argument: str) -> np.ndarray:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{argument}: {shape[-1]} numbers are needed.") from None
    if array.shape != shape:
        raise InputError(
            f"{argument}: shape {array.shape} given, {shape} needed ({', '.join(MUSIC_NAMES)})."
        )
    return array


# ------------------------------------------------------------------------------ distances


def distances(
    features: np.ndarray,
    query: np.ndarray,
    weights: np.ndarray,
    metric: str,
    scaling: Scaling = RAW,
) -> np.ndarray:
    """Distance of each row of `features` (N, 10) to `query` (10,), float64 (N,)."""
    total = _sum(parts(features, query, weights, metric, scaling), len(features))
    return np.sqrt(total) if metric == "euclidean" else total


def parts(
    features: np.ndarray,
    query: np.ndarray,
    weights: np.ndarray,
    metric: str,
    scaling: Scaling = RAW,
):
    """Yield (dimension, its part (N,) of d² or of 1 − cos) for every dimension with weight above 0."""
    active = np.flatnonzero(weights)
    if metric == "euclidean":
        for j in active:
            t = features[:, j] - query[j]
            t /= scaling.spread[j]
            t *= t
            t *= weights[j]
            yield j, t
        return
    unit = _unit(query[None], weights, active, scaling)
    rows = _unit(features, weights, active, scaling)
    no_direction = ~np.any([u != 0 for u in rows], axis=0) | (not np.any(unit))
    for first, (j, u, v) in enumerate(zip(active, rows, unit, strict=True)):
        part = u - v
        part *= part
        part *= 0.5
        part[no_direction] = 0.0 if first else 1.0
        yield j, part


def _unit(
    features: np.ndarray, weights: np.ndarray, active: np.ndarray, scaling: Scaling
) -> list[np.ndarray]:
    """Columns of the weighted, scaled rows brought to length 1 (0 where the length is 0)."""
    columns = [
        np.sqrt(weights[j]) * ((features[:, j] - scaling.center[j]) / scaling.spread[j])
        for j in active
    ]
    length = np.sqrt(_sum(((j, c * c) for j, c in enumerate(columns)), len(features)))
    length[length == 0] = 1.0
    return [c / length for c in columns]


def _sum(terms, n: int) -> np.ndarray:
    total = np.zeros(n)
    with np.errstate(over="ignore"):
        for _, term in terms:
            total += term
    return total
