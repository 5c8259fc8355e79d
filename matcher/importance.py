"""What matters: one number ≥ 0 per dimension, as people type it and as it is used."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, column_key, field_lookup, parse_vector
from matcher.checks import LARGEST, as_floats, check_numbers

_POSITIONS = field_lookup(MUSIC_FIELDS)
_SEPARATORS = r"[,;，；、]"


def parse_weights(text: str | Sequence[str], argument: str = "--weights") -> np.ndarray:
    """Weights typed by a person, float64 (10,).

    Either ten numbers in field order, or `name=number` pairs in any spelling of the field names
    (`valence=2,arousal=2`); a dimension that is not named keeps weight 1. Of several texts each
    adds to those before it. Raises `InputError`.
    """
    weights = np.ones(len(MUSIC_NAMES))
    for piece in [text] if isinstance(text, str) else text:
        if "=" in piece or "＝" in piece:
            _set_named(weights, piece.replace("＝", "="), argument)
        else:
            weights = parse_vector(piece, MUSIC_FIELDS, argument)
    return check_weights(weights, argument)


def _set_named(weights: np.ndarray, text: str, argument: str) -> None:
    for pair in re.split(_SEPARATORS, text):
        if not pair.strip():
            continue
        name, equals, number = pair.partition("=")
        if not equals:
            raise InputError("matcher.weight_without_number", argument=argument, pair=pair.strip())
        position = field_position(name, argument)
        try:
            weights[position] = float(number.replace("−", "-"))
        except ValueError:
            raise InputError(
                "matcher.weight_no_number", argument=argument, value=number.strip()
            ) from None


def field_position(name: str, argument: str) -> int:
    """Position of a music field by any of its spellings; `InputError` if there is none."""
    position = _POSITIONS.get(column_key(name.strip()))
    if position is None:
        raise InputError(
            "matcher.no_dimension", argument=argument, name=name.strip(), names=list(MUSIC_NAMES)
        )
    return position


def parse_features(text: str, argument: str = "--features") -> np.ndarray:
    """Which dimensions take part, as weights of 1 and 0: `all`, `va`, or names."""
    word = text.strip().casefold()
    mask = np.zeros(len(MUSIC_NAMES))
    if word == "all":
        return mask + 1
    if word == "va":
        text = "arousal,valence"
    names = [n for n in re.split(_SEPARATORS, text) if n.strip()]
    if not names:
        raise InputError("matcher.no_features", argument=argument)
    mask[[field_position(n, argument) for n in names]] = 1
    return mask


def check_weights(weights: object, argument: str = "weights") -> np.ndarray:
    """Weights as float64 (10,); None is equal weights.

    Raises `InputError` unless all are ≥ 0 and some > 0.
    """
    if weights is None:
        return np.ones(len(MUSIC_NAMES))
    weights = as_floats(weights, argument)
    if not np.isfinite(weights).all() or weights.max() > LARGEST:
        raise InputError("matcher.weight_not_finite", argument=argument)
    if weights.min() < 0:
        name = MUSIC_NAMES[int(np.argmin(weights))]
        raise InputError(
            "matcher.weight_negative", argument=argument, name=name, value=f"{weights.min():g}"
        )
    if not weights.any():
        raise InputError("matcher.weights_zero", argument=argument)
    return weights


def check_queries(
    queries: object, weights: np.ndarray | Sequence[np.ndarray] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Queries (n, 10) and their weights (n, 10), from None, (10,) for all, or (n, 10).

    Raises `InputError`.
    """
    width = len(MUSIC_NAMES)
    try:
        rows = np.ascontiguousarray(queries, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("matcher.no_queries", n=width) from None
    if rows.ndim != 2 or rows.shape[1] != width:
        raise InputError("matcher.queries_shape", given=str(rows.shape), n=width)
    check_numbers(rows, "queries")
    if weights is None or np.ndim(weights) == 1:
        return rows, np.tile(check_weights(weights), (len(rows), 1))
    each = [check_weights(w) for w in weights]
    if len(each) != len(rows):
        raise InputError("matcher.weights_count", given=len(each), n=len(rows))
    return rows, np.array(each).reshape(-1, width)
