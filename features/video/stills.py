"""Pictures all over a film at a fraction of the price of decoding it.

Wanted is a picture every half second. Key frames cost next to nothing; what lies between them is
decoded, from its key frame on, as far as an allowance goes: the shortest ways first. A short clip
is looked at whole, of a long film the beginning of every group of pictures, and encoders begin one
where a shot begins.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import av
import numpy as np

from features.video.frames import Frame, VideoReader
from features.video.gates import Gate
from features.video.packets import Packets
from features.video.skim import REFERENCES, Group, Skimmer

STEP = 0.5
"""Seconds from one picture to the next, where they can be afforded."""
SIDE = 256
"""Longest side of a picture, px."""
_ALLOWANCE = 200e6
"""Pixels that may be decoded between key frames of any film (heuristic)."""
_SHARE = 0.1
"""Share of a long film's pixels that may be. Measured on a minute of 1080p: .175 of decoding
it, descriptors included (`benchmarks/results/scenes.md`)."""


class Still(NamedTuple):
    """time : seconds since the film's start. picture : BGR uint8, longer side at most `SIDE`."""

    time: float
    picture: np.ndarray


class Stills(Skimmer):
    """A video file, opened for its pictures: upright, square pixels, without bars.

    Raises `InputError` as `VideoReader` does.
    """

    length = 0.0
    """Seconds, once `pictures` has begun: what the packets say, or the frames where they do not."""

    def pictures(self, step: float = STEP) -> Iterator[Still]:
        """A picture every `step` seconds at most, in order."""
        if self.packets is None:
            yield from self._by_decoding(step)
            return
        self.length = float(self.packets.times[-1]) + self.packets.step
        self._boxes = self._find_boxes()
        found = False
        for group in plan(self.packets, self.pixels, step):
            for still in self._of_group(group):
                found = True
                yield still
        if not found:
            yield from self._by_decoding(step)

    def _of_group(self, group: Group) -> Iterator[Still]:
        wanted = list(group.moments)
        try:
            for source in self._group(group):
                time = self._seconds(source.pts)
                if wanted and time >= wanted[0] - 1e-3:
                    wanted = [moment for moment in wanted if moment > time]
                    yield Still(time, self._convert(source, SIDE))
        except av.error.FFmpegError:
            self._errors += 1
        finally:
            self._stream.codec_context.flush_buffers()

    def _by_decoding(self, step: float) -> Iterator[Still]:
        """For files that do not say where their frames are."""
        with VideoReader(self.path) as reader:
            following = 0.0
            for frame in reader:
                if frame.time >= following - 1e-3:
                    yield _still(frame)
                    following = (math.floor(frame.time / step + 1e-6) + 1) * step
            self.length = reader.end


def kept(stills: Iterable[Still]) -> Iterator[tuple[Still, float]]:
    """Those that are not near-duplicates of one shortly before (`features.video.gates`), each with
    the seconds up to which it went on: the time of the next one kept, or of the last one seen."""
    gate = Gate()
    held: Still | None = None
    last = 0.0
    for still in stills:
        last = still.time
        if gate.new(still.picture):
            if held is not None:
                yield held, still.time
            held = still
    if held is not None:
        yield held, last


def _still(frame: Frame) -> Still:
    return Still(frame.time, frame.picture(SIDE))


def plan(packets: Packets, pixels: int, step: float = STEP) -> list[Group]:
    """The groups of pictures to read, each as far as its last moment.

    Of each `step` seconds the first key frame in it, else its middle if the allowance goes so far.
    """
    duration = float(packets.times[-1]) + packets.step
    keys = np.flatnonzero(packets.keys)
    starts = packets.times[keys]
    steps = math.ceil(duration / step - 1e-6)
    first = np.searchsorted(starts, step * np.arange(steps) - 1e-9)
    wanted: dict[int, list[float]] = {}
    between: list[tuple[float, int, float]] = []
    for k, group in enumerate(first):
        if group < len(starts) and starts[group] < (k + 1) * step:
            wanted.setdefault(int(group), []).append(float(starts[group]))
            continue
        moment = min((k + 0.5) * step, duration - packets.step)
        before = int(np.searchsorted(starts, moment, side="right")) - 1
        between.append((moment - float(starts[before]), before, moment))
    left = max(_ALLOWANCE, _SHARE * len(packets) * pixels)
    reach: dict[int, float] = {}
    for offset, group, moment in sorted(between):
        left -= (offset - reach.get(group, 0.0)) / packets.step * REFERENCES * pixels
        if left < 0:
            break
        reach[group] = offset
        wanted.setdefault(group, []).append(moment)
    stops = [*keys[1:], len(packets)]
    return [
        Group(int(keys[g]), int(stops[g]), tuple(sorted(moments)))
        for g, moments in sorted(wanted.items())
    ]
