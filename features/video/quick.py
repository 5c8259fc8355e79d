"""A first look at a film in seconds: key frames, and the sizes of the packets between them.

What is measured is measured as in the full look, by the same signals, but at few moments; every
token in between has what the nearest look in its shot saw, and moves as the bytes about it say. The
shots are told from the packets: an encoder puts a key frame, or a large packet, where a picture has
nothing in common with the one before.
"""

from __future__ import annotations

import os
from bisect import bisect
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TypeVar

import cv2
import numpy as np
from scipy.special import expit

from data.errors import Progress
from features.video import signals
from features.video.extract import Watch
from features.video.frames import Frame
from features.video.packets import Packets
from features.video.signals.contract import Pass, Signal, token_of
from features.video.signals.cuts import CutFinder, CutSignal, tell
from features.video.signals.embedding import novelty
from features.video.signals.keyframes import MOST, SIDE, KeyframeSignal, jpeg
from features.video.signals.motion import COLUMNS as MOTION
from features.video.signals.motion import MotionSignal
from features.video.skim import ORDINARY, PAIR, Group, Price, Seen, Skimmer
from features.video.timeline import TOKEN, Timeline

T = TypeVar("T")

VERSION = "leitmotif-video-quick 3"
ALLOWANCE, LONG = 200e6, 0.8e9
"""Pixels that may be decoded beyond the key frames, and those of a film from which on that is
less: a clip of half a minute is looked at nearly whole, a minute of full HD for 20 frames.
Heuristic, by what a first answer may cost."""
DOUBTED, BESIDE = 0.05, 2
"""Share of the frames of a film of key frames alone that are decoded where a shot may begin, and
how many of them before and after: what a cut is compared with. Heuristic: half of what a quick look
may cost."""

LIKELY = 0.4
"""Chance from which on a packet counts as a cut: by it, pacing agrees best with the full look."""
COEFFICIENTS = np.array([-3.79, 1.13, 4.11, 0.33])
"""Of `evidence`: logistic regression on 612 packets of 77 clips seen by their key frames alone,
against the cuts of the full look (`python -m benchmarks.quick --fit`)."""
BY_BYTES = 1.0
"""Exponent of motion over bytes a frame. Fitted: 1.07 on the tokens of 77 clips, r .75 within a
clip."""

MIX = 0.5
"""How far the nearest look, and not the film's mean, says how fast bytes are. Heuristic."""
_STILL = 0.003
"""Motion that a still picture is taken to have: the noise of flow. Heuristic."""


def spacing(duration: float) -> float:
    """Seconds between two looks at least: 24 looks at a clip of that many seconds, 45 at ten
    minutes, 265 at two hours, which is what a first answer has time for. Heuristic."""
    return max(1.0, duration / (25 + duration / 30))


def plan(packets: Packets, pixels: int, price: Price = ORDINARY) -> list[Group]:
    """The moments to look at: in each stretch of `spacing` a key frame if it has one, else, as far
    as the allowance goes, its middle, those first that cost least."""
    duration = float(packets.times[-1]) + packets.step
    step = spacing(duration)
    left = ALLOWANCE * min(1.0, LONG / (len(packets) * pixels))
    if packets.keys.all() and len(packets) > 1:
        return _samples(packets, step, left / pixels)
    keys = np.flatnonzero(packets.keys)
    starts = packets.times[keys]
    wanted: dict[int, list[float]] = {}
    deep: list[tuple[float, int, float]] = []
    for k in range(int(np.ceil(duration / step))):
        inside = np.flatnonzero((starts >= k * step) & (starts < (k + 1) * step))
        if len(inside):
            wanted.setdefault(int(inside[0]), []).append(float(starts[inside[0]]))
            continue
        moment = min((k + 0.5) * step, duration - packets.step)
        group = int(np.searchsorted(starts, moment, side="right")) - 1
        deep.append((moment - float(starts[group]), group, moment))
    reach = dict.fromkeys(range(len(keys)), 0.0)
    for offset, group, moment in sorted(deep):
        left -= (offset - reach[group]) / packets.step * price.share * pixels
        if left < 0:
            break
        reach[group] = offset
        wanted.setdefault(group, []).append(moment)
    stops, ends = [*keys[1:], len(packets)], [*starts[1:], duration]
    rest = {g: (ends[g] - max(moments)) / packets.step for g, moments in wanted.items()}
    whole = set()
    for group in sorted(rest, key=lambda g: rest[g]):
        left -= rest[group] * price.share * pixels
        if left < 0:
            break
        whole.add(group)
    return [
        Group(int(keys[g]), int(stops[g]), tuple(sorted(moments)), g in whole, not k % price.pairs)
        for k, (g, moments) in enumerate(sorted(wanted.items()))
    ]


def _samples(packets: Packets, step: float, frames: float) -> list[Group]:
    """As `plan`, where every frame is a key frame: pairs `step` seconds apart and what lies about
    a packet of another size, or, where so many `frames` may be decoded, all that motion is measured
    from."""
    looks = np.searchsorted(packets.times, np.arange(0, packets.times[-1], step) - 1e-6)
    moments = tuple(map(float, packets.times[looks]))
    if len(packets) / np.ceil(PAIR[0] / packets.step - 1e-6) <= frames:
        return [Group(0, len(packets), moments, whole=True)]
    seconds = np.searchsorted(packets.times, packets.times[looks] + PAIR[0]) + 1
    pairs = [
        Group(int(first), min(int(second), len(packets)), (moment,))
        for first, second, moment in zip(looks, seconds, moments, strict=True)
    ]
    most = int(DOUBTED * len(packets) / (2 * BESIDE + 1))
    jumps = packets.jumps()[:most]
    doubted = [
        Group(max(int(i) - BESIDE, 0), min(int(i) + BESIDE + 1, len(packets)), (), True, every=True)
        for i in jumps
    ]
    return _joined(sorted([*pairs, *doubted], key=lambda group: group.start))


def _joined(groups: list[Group]) -> list[Group]:
    """Those that overlap made one."""
    found: list[Group] = []
    for group in groups:
        if found and group.start < found[-1].stop:
            last = found.pop()
            group = Group(
                last.start,
                max(last.stop, group.stop),
                tuple(sorted({*last.moments, *group.moments})),
                whole=True,
                every=last.every or group.every,
            )
        found.append(group)
    return found


def read_timeline(path: str | os.PathLike, *, progress: Progress | None = None) -> Timeline | None:
    """A Timeline of a few looks. None where the file does not tell enough of its packets, or none
    of its key frames can be decoded.

    `progress` and what is raised: as `features.video.extract.read_timeline`.
    """
    with Skimmer(path) as reader, ExitStack() as stack:
        if reader.packets is None:
            return None
        glance = Glance(reader, reader.packets, stack)
        for seen in ahead(reader.frames(plan(reader.packets, reader.pixels, reader.price))):
            glance.see(seen)
            if seen.look and progress:
                progress("watching", seen.frame.time, glance.duration)
        return glance.finish() if glance.looked else None


def ahead(items: Iterator[T], count: int = 8) -> Iterator[T]:
    """The same items, a few of them made in another thread while the last one is worked on."""
    with ThreadPoolExecutor(1) as thread:
        coming = deque(thread.submit(next, items, None) for _ in range(count))
        while (item := coming.popleft().result()) is not None:
            coming.append(thread.submit(next, items, None))
            yield item


class Glance(Watch):
    """The state of one quick look."""

    version = VERSION

    def __init__(self, reader: Skimmer, packets: Packets, stack: ExitStack) -> None:
        kinds = [_QUICK.get(kind, kind) for kind in signals.SIGNALS]
        super().__init__(reader, stack, kinds)
        self.duration = float(packets.times[-1]) + packets.step
        self._packets = packets
        self._times: list[float] = []
        self._waiting: Frame | None = None
        self.cuts = next(s for s, _ in self.signals if isinstance(s, PacketCutSignal))
        self.cuts.show(packets)
        self._motion = next(s for s, _ in self.signals if isinstance(s, MotionSignal))
        self._moved = -np.inf

    @property
    def looked(self) -> bool:
        """Whether anything was seen."""
        return bool(self._times) or self._waiting is not None

    def see(self, seen: Seen) -> None:
        """Show a frame to the cuts and to motion, and a picture to all others once the one after it
        is there."""
        self.seen.jumped = seen.jumped
        self.cuts.update(seen.frame)
        if seen.jumped or seen.frame.time - self._moved >= PAIR[0]:
            self._moved = seen.frame.time
            self._show(self._motion, seen.frame)
        if seen.later and self._waiting is not None:
            self._look()
        elif seen.look:
            self._look()
            self._waiting = seen.frame

    def _look(self) -> None:
        frame, self._waiting = self._waiting, None
        if frame is None:
            return
        self._times.append(frame.time)
        self.cuts.remember(frame)
        self.seen.jumped = True
        for signal, _ in self.signals:
            if signal is not self.cuts and signal is not self._motion:
                self._show(signal, frame)

    def _show(self, signal: Signal, frame: Frame) -> None:
        row = signal.update(frame)
        if row is not None:
            signal.rows.add(frame.time, row)

    def finish(self) -> Timeline:
        self._look()
        timeline = self.timeline(self.duration)
        looked = np.unique(token_of(self._times, len(timeline)))
        source = _nearest(timeline, looked)
        values = timeline.values[source]
        kept = [timeline.names.index(name) for name in CutSignal.columns]
        values[:, kept] = timeline.values[:, kept]
        pairs = self._motion.rows.values
        moved = np.unique(token_of(pairs[:, 0], len(timeline))) if len(pairs) else looked[:0]
        self._move(timeline, values, moved[timeline["flow_valid"][moved] > 0])
        embedding = None if timeline.embedding is None else timeline.embedding[source]
        if embedding is not None:
            values[:, timeline.names.index("novelty")] = novelty(embedding)
        return replace(
            timeline,
            values=values,
            palette=timeline.palette[source],
            embedding=embedding,
            looked=source == np.arange(len(timeline)),
        )

    def _move(self, timeline: Timeline, values: np.ndarray, looked: np.ndarray) -> None:
        """Write motion into `values`: of the tokens where it was seen, and from there by bytes."""
        columns = [timeline.names.index(name) for name in MotionSignal.columns]
        if not len(looked):
            values[:, columns] = 0.0
            return
        source = _nearest(timeline, looked)
        factor = self._liveliness(timeline["motion"][source], source)[:, None]
        values[:, columns] = timeline.values[source][:, columns]
        powers = [0 if n == "flow_valid" else 2 if n == "residual_energy" else 1 for n in MOTION]
        values[:, columns] *= factor ** np.array(powers)

    def _liveliness(self, motion: np.ndarray, source: np.ndarray) -> np.ndarray:
        """How much faster each token moves than the look that stands for it, by its bytes; (T,).

        Bytes say within a film what moves more; how fast that is, the looks say, on the average of
        the film as much as that of the nearest.
        """
        bytes_ = self._packets.rate(len(source), TOKEN)
        known = np.isfinite(bytes_)
        if not known.any():
            return np.ones(len(source))
        level = BY_BYTES * np.log(np.where(known, bytes_, np.median(bytes_[known])) + 20.0)
        speed = np.log(motion + _STILL)
        own = speed - level[source]
        looked = np.unique(source)
        told = level + MIX * own + (1 - MIX) * own[looked].mean()
        factor = (np.exp(told) - _STILL).clip(min=0) / np.maximum(motion, 1e-6)
        factor[source == np.arange(len(source))] = 1.0
        return np.clip(factor, 0.1, 10.0)


def _nearest(timeline: Timeline, looked: np.ndarray) -> np.ndarray:
    """For each token that of `looked` which stands for it: the nearest in its shot, else of all."""
    starts = np.array([start for start, _ in timeline.shots])
    shot = np.searchsorted(starts, timeline.times + TOKEN / 2, side="right")
    tokens = np.arange(len(timeline))
    after = np.searchsorted(looked, tokens).clip(max=len(looked) - 1)
    before = (np.searchsorted(looked, tokens, side="right") - 1).clip(min=0)
    sides = looked[np.stack([before, after])]
    away = np.abs(sides - tokens) + len(tokens) * (shot[sides] != shot)
    return np.take_along_axis(sides, away.argmin(axis=0)[None], axis=0)[0]


class PacketCutSignal(Signal):
    """Shots from the frames where they follow each other, and from the packets between."""

    name = "cuts"
    columns = CutSignal.columns

    def __init__(self, seen: Pass) -> None:
        super().__init__(seen)
        self._finder = CutFinder(seen.fps)
        self._found: list[float] = []
        self._runs: list[list[float]] = []
        self._pictures: list[tuple[float, np.ndarray]] = []

    def update(self, frame: Frame) -> None:
        if self.seen.jumped or not self._runs:
            self._close()
            self._finder = CutFinder(self.seen.fps)
            self._runs.append([frame.time, frame.time])
        self._runs[-1][1] = frame.time
        self._finder.update(frame.time, frame.small)

    def show(self, packets: Packets) -> None:
        """The packets of the film, before the first frame."""
        self._packets, self._excess = packets, packets.excess()

    def remember(self, frame: Frame) -> None:
        """A picture to compare with the looks before and after it."""
        small = cv2.resize(frame.small, (16, 9), interpolation=cv2.INTER_AREA)
        lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
        self._pictures.append((frame.time, lab))

    def finish(self) -> np.ndarray:
        self._close()
        unseen = [i for i in self._packets.likely_cuts() if not self._covered(i)]
        told = [i for i in unseen if self._chance(i) >= LIKELY]
        return tell(self.seen, sorted([*self._found, *self._packets.times[told].tolist()]))

    def fields(self) -> dict[str, Any]:
        """`shots`: (start, end) in seconds."""
        return {"shots": self.seen.shots}

    def _covered(self, packet: int) -> bool:
        """Whether the frames about a packet were seen one after the other."""
        time = self._packets.times[packet]
        return any(start + 1e-3 < time <= end + 1e-3 for start, end in self._runs)

    def _chance(self, packet: int) -> float:
        """Probability that a shot begins with a packet. Logistic in `COEFFICIENTS`."""
        return float(expit(COEFFICIENTS @ self.evidence(packet)))

    def evidence(self, packet: int) -> np.ndarray:
        """What speaks for a cut at a packet, (4,): one, its excess (`Packets.excess`) unless it is
        a key frame, whether it is one that came early, and log(1 + change) of the pictures about
        it."""
        key = bool(self._packets.keys[packet])
        excess = 0.0 if key else self._excess[packet]
        return np.array([1.0, excess, float(key), np.log1p(self._change(packet))])

    def _change(self, packet: int) -> float:
        """Mean difference (CIELAB) of the looks before and after a packet; 0 at the film's end."""
        time = self._packets.times[packet] - 1e-3
        after = bisect([t for t, _ in self._pictures], time)
        if not 0 < after < len(self._pictures):
            return 0.0
        return float(np.abs(self._pictures[after - 1][1] - self._pictures[after][1]).mean())

    def _close(self) -> None:
        if self._runs:
            self._found += self._finder.finish()


class NearestKeyframeSignal(Signal):
    """A small picture of each shot that was looked at: the look nearest to its middle."""

    name = "keyframes"

    def __init__(self, seen: Pass) -> None:
        super().__init__(seen)
        self._looks: list[tuple[float, bytes]] = []

    def update(self, frame: Frame) -> None:
        self._looks.append((frame.time, jpeg(frame.picture(SIDE))))

    def finish(self) -> np.ndarray:
        """No columns."""
        return np.zeros((self.seen.tokens, 0))

    def fields(self) -> dict[str, Any]:
        """`keyframes`: (time in seconds, JPEG), in order."""
        found = []
        for start, end in self.seen.shots:
            within = [look for look in self._looks if start <= look[0] < end]
            if within:
                found.append(min(within, key=lambda look: abs(look[0] - (start + end) / 2)))
        return {"keyframes": found[:: len(found) // MOST + 1]}


_QUICK: dict[type[Signal], type[Signal]] = {
    CutSignal: PacketCutSignal,
    KeyframeSignal: NearestKeyframeSignal,
}
