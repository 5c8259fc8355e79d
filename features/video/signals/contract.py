"""What a signal is: one family of measurements, fed frame by frame in one pass over a video.

To add one, write a file beside this one with a subclass of `Signal` and name it in `SIGNALS`
(`features/video/signals/__init__.py`); its columns then stand in every Timeline. A signal sees the
frames that are due at its `rate`, gives a row of numbers or None for each, and at the end makes its
columns of them. Signals are fed in the order of `SIGNALS`, so that one may use what those before it
found: that is written in the `Pass`, and nowhere else do signals meet.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from features.video.timeline import TOKEN

if TYPE_CHECKING:
    from features.video.frames import Frame

Between = Callable[[float, float], list[tuple[float, np.ndarray]]]
"""The frames between two times in seconds: (seconds, BGR uint8) in order."""


@dataclass
class Pass:
    """What signals tell each other during one pass over one video.

    fps : frames per second as the file declares them.
    networks : the opened pretrained networks, by name.
    cuts : times in seconds of the cuts recognised so far, up to a second late.
    jumped : whether frames before the one looked at now were passed over.
    residual : speed of the flow that the camera does not explain, float32 (h, w) in diagonals per
        second, at the sample that is looked at now; None where there is none.
    between : the frames that were passed over between two times, where that is done.
    duration : seconds that the picture lasts, known when signals finish.
    shots : (start, end) in seconds, in order and without gaps; known once the cuts have finished.
    """

    fps: Fraction = Fraction(25)
    networks: Mapping[str, Any] = field(default_factory=dict)
    cuts: list[float] = field(default_factory=list)
    jumped: bool = False
    residual: np.ndarray | None = None
    between: Between | None = None
    duration: float = 0.0
    shots: list[tuple[float, float]] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        """Half seconds of the video, the last one begun included; at least 1."""
        return max(int(np.ceil(self.duration / TOKEN - 1e-6)), 1)


class Signal:
    """One family of measurements of one video.

    name : as it stands in the extractor.
    columns : names of the Timeline's columns that it fills.
    rate : looks per second of media time; None for every frame.
    needs : pretrained networks without which it is not made (its columns are then NaN).
    without : code of the sentence that says what is lost without them.
    """

    name: ClassVar[str]
    columns: ClassVar[tuple[str, ...]] = ()
    rate: ClassVar[float | None] = None
    needs: ClassVar[tuple[str, ...]] = ()
    without: ClassVar[str] = ""

    def __init__(self, seen: Pass) -> None:
        self.seen = seen
        self.rows = Rows()

    def update(self, frame: Frame) -> np.ndarray | None:
        """Look at the next frame that is due; a row of numbers, or None if there is nothing to
        keep.

        A row has a number for each column, unless `finish` makes something else of the rows.
        """
        raise NotImplementedError

    def finish(self) -> np.ndarray:
        """The columns (T, len(columns)): means of the rows of each token.

        A token without a look of its own has those of the last one before it.
        """
        return hold(per_token(self.rows.times, self.rows.values, self.seen.tokens))

    def fields(self) -> dict[str, Any]:
        """Other fields of the Timeline that it fills, by name; asked for after `finish`."""
        return {}


class Rows:
    """Rows of numbers with their times, packed."""

    def __init__(self) -> None:
        self._width, self._times, self._values = 0, array("d"), array("d")

    def add(self, time: float, row: np.ndarray) -> None:
        self._width = len(row)
        self._times.append(time)
        self._values.frombytes(np.ascontiguousarray(row, dtype=np.float64).tobytes())

    @property
    def times(self) -> np.ndarray:
        """Seconds, (n,)."""
        return np.frombuffer(self._times) if self._times else np.zeros(0)

    @property
    def values(self) -> np.ndarray:
        """(n, width); width 0 as long as there is no row."""
        if not self._times:
            return np.zeros((0, 0))
        return np.frombuffer(self._values).reshape(len(self._times), self._width)


class Clock:
    """Says when a look is due: when floor(t × rate) changes, whatever the frame rate."""

    def __init__(self, rate: float | None) -> None:
        self._rate, self._tick = rate, -1

    def due(self, time: float) -> bool:
        if self._rate is None:
            return True
        tick = int(time * self._rate + 1e-6)
        due, self._tick = tick != self._tick, tick
        return due


def token_of(times: list[float] | np.ndarray, count: int) -> np.ndarray:
    """The token that each time lies in, of `count`; int (n,)."""
    return np.minimum((np.asarray(times, dtype=float) / TOKEN + 1e-6).astype(int), count - 1)


def per_token(times: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Means of `values` (n, width) over each of `count` tokens; NaN without a sample, (count,
    width)."""
    token = token_of(times, count)
    known = np.isfinite(values)
    sums, counts = (np.zeros((count, values.shape[1])) for _ in range(2))
    np.add.at(sums, token, np.where(known, values, 0.0))
    np.add.at(counts, token, known)
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def hold(rows: np.ndarray) -> np.ndarray:
    """Tokens without a frame of their own show the last picture before them (or the first
    after)."""
    known = np.flatnonzero(np.isfinite(rows[:, 0]))
    at = np.maximum(np.searchsorted(known, np.arange(len(rows)), side="right") - 1, 0)
    return rows[known[at]]
