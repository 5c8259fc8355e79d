"""One pass over a video: every signal fed from the same decoded frames, gathered into a Timeline.

Signals are sampled by media time, so variable frame rates and dropped frames do not shift them.
Only numbers and a few small pictures are kept; memory does not grow with the length of the film
beyond those. What the signals are stands in `features.video.signals`; here only their contract is
known.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import cv2
import numpy as np

from data.errors import InputError, Progress
from data.words import Sentence
from features.video import signals
from features.video.frames import Frame, VideoReader
from features.video.signals import networks
from features.video.signals.contract import Between, Clock, Pass, Signal
from features.video.timeline import TOKEN, Timeline

VERSION = "leitmotif-video 5"


def read_timeline(path: str | os.PathLike, *, progress: Progress | None = None) -> Timeline:
    """Watch a video once and measure it.

    `progress` is called with ("watching", seconds done, seconds in all or None) and may raise
    `Cancelled`. Raises `InputError` for a file that is missing, empty, no video, or has not one
    frame that can be decoded; damage that leaves frames to look at becomes a warning.
    """
    with VideoReader(path, sampled=_sampled()) as reader, ExitStack() as stack:
        between = reader.between if reader.passes_over else None
        watch = Watch(reader, stack, between=between)
        total = reader.duration if np.isfinite(reader.duration) else None
        seconds = Clock(1.0)
        for frame in reader:
            watch.look(frame)
            if seconds.due(frame.time) and progress:
                progress("watching", frame.time, total)
        return watch.finish()


def _sampled() -> float:
    """Looks a second of the signal that takes most, of those that do not take every frame. The
    others' rates divide it, so that they see the same frames."""
    return max(kind.rate for kind in signals.SIGNALS if kind.rate is not None)


def expected_extractor() -> str:
    """The extractor of Timelines read here and now, if every network whose weights are there
    starts."""
    return _extractor(s for s in signals.SIGNALS if all(networks.there(name) for name in s.needs))


def _extractor(made: Iterable[type[Signal]], version: str | None = None) -> str:
    """Version, the signals that need no network, and the networks of the others."""
    made = list(made)
    plain = "+".join(s.name for s in made if s.columns and not s.needs)
    needed = dict.fromkeys(name for s in made for name in s.needs)
    return " ".join((version or VERSION, plain, *map(networks.identity, needed)))


class Watch:
    """The state of one pass: the signals, what they tell each other, and what could not be had."""

    version: str | None = None
    """Another name for what it measures; None for `VERSION`."""

    def __init__(
        self,
        reader: VideoReader,
        stack: ExitStack,
        kinds: Iterable[type[Signal]] | None = None,
        between: Between | None = None,
    ) -> None:
        cv2.setNumThreads(1)
        self._reader = reader
        self._networks: dict[str, Any] = {}
        self._missed: dict[str, list[Sentence]] = {}
        self.seen = Pass(reader.fps, self._networks, between=between)
        able = [kind for kind in kinds or signals.SIGNALS if self._open(kind, stack)]
        self.signals = [(kind(self.seen), Clock(kind.rate)) for kind in able]

    def _open(self, kind: type[Signal], stack: ExitStack) -> bool:
        """Open the networks that a signal needs; False, and a reason kept, where one cannot be
        had."""
        try:
            for name in kind.needs:
                if name not in self._networks:
                    self._networks[name] = stack.enter_context(networks.borrow(name))
        except networks.Unavailable as unavailable:
            self._missed.setdefault(unavailable.why, []).append(Sentence(kind.without))
            return False
        return True

    def look(self, frame: Frame) -> None:
        """Show a frame to every signal that wants one now."""
        for signal, clock in self.signals:
            if clock.due(frame.time):
                row = signal.update(frame)
                if row is not None:
                    signal.rows.add(frame.time, row)

    def finish(self) -> Timeline:
        return self.timeline(self._reader.end)

    def timeline(self, duration: float) -> Timeline:
        """What was measured of a picture of this many seconds."""
        seen = self.seen
        seen.duration = duration
        if seen.duration <= 0:
            raise InputError("video.no_time", file=self._reader.path)
        columns = {
            name: np.full(seen.tokens, np.nan) for kind in signals.SIGNALS for name in kind.columns
        }
        fields: dict[str, Any] = {}
        for signal, _ in self.signals:
            columns |= zip(signal.columns, signal.finish().T, strict=True)
            fields |= signal.fields()
        return Timeline(
            times=np.arange(seen.tokens) * TOKEN,
            values=np.stack(list(columns.values()), axis=1),
            names=tuple(columns),
            duration=seen.duration,
            warnings=(*self._reader.warnings, *self._not_looked_at()),
            extractor=_extractor((type(signal) for signal, _ in self.signals), self.version),
            **fields,
        )

    def _not_looked_at(self) -> list[Sentence]:
        """One sentence for each reason, about all that the networks missing here would have
        seen."""
        return [
            Sentence("video.not_looked_at", lost=lost, why=why)
            for why, lost in self._missed.items()
        ]
