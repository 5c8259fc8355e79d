"""What a video file says of its packets, undecoded: when, how large, key frame or not."""

from __future__ import annotations

from bisect import bisect, insort
from dataclasses import dataclass

import av
import numpy as np
from scipy.ndimage import percentile_filter

from features.video.clock import LONGEST_GAP

CLOSEST = 0.25
"""Seconds between two packets that tell of two cuts. Heuristic."""
_LEAST = 0.3
"""Evidence below which a packet is one as any other: a third larger than the large ones about it.
Heuristic."""
_JUMP, _NOISE = 4.0, 0.004
"""How many times the usual change of size is a jump, and the least that is usual. Chosen on three
clips of 24 s as ProRes and as MJPEG: 24 of 26 cuts are jumps, as are 75 of 3,744 packets."""


@dataclass(frozen=True)
class Packets:
    """The packets of a picture stream in the order of decoding.

    times : float64 (n,), seconds since the first; the moment of decoding, which is that of showing
        but for the few frames by which a codec reorders.
    sizes : int64 (n,), bytes.
    keys : bool (n,), whether decoding can begin here.
    stamps : int64 (n,), when to decode them, in units of the stream.
    """

    times: np.ndarray
    sizes: np.ndarray
    keys: np.ndarray
    stamps: np.ndarray

    def __len__(self) -> int:
        return len(self.times)

    @property
    def step(self) -> float:
        """Usual seconds from one to the next; 0.04 where there is only one."""
        return float(np.median(np.diff(self.times))) if len(self) > 1 else 0.04

    def likely_cuts(self) -> np.ndarray:
        """Packets at which a shot may begin, those of the clearest evidence first; int (m,).

        Two that lie `CLOSEST` apart or less are one.
        """
        evidence = self.excess() + np.where(self.sudden_keys(), 3.0, 0.0)
        evidence[self.keys & ~self.sudden_keys()] = -np.inf
        kept: list[int] = []
        taken: list[float] = []
        for i in np.argsort(-evidence, kind="stable"):
            if evidence[i] < _LEAST:
                break
            place = bisect(taken, self.times[i])
            beside = taken[max(place - 1, 0) : place + 1]
            if i and all(abs(self.times[i] - other) > CLOSEST for other in beside):
                kept.append(int(i))
                insort(taken, float(self.times[i]))
        return np.array(kept, dtype=int)

    def excess(self) -> np.ndarray:
        """log of each packet's size over that of the large ones (90 %) within a second; (n,).

        A picture that cannot be told from those before it takes a packet as large as a key frame.
        """
        sizes = np.log(self.sizes + 50.0)
        plain = np.flatnonzero(~self.keys)
        if not len(plain):
            return np.zeros(len(self))
        before = np.maximum(np.searchsorted(plain, np.arange(len(self)), side="right") - 1, 0)
        around = 2 * round(1.0 / self.step) + 1
        return sizes - percentile_filter(sizes[plain[before]], 90, min(around, len(self)))

    def jumps(self) -> np.ndarray:
        """Packets of another size than the one before, those that differ most from what is usual
        within a second first; int (m,).

        Where every picture is coded by itself, that of another shot takes another size.
        """
        change = np.abs(np.diff(np.log(self.sizes + 50.0), prepend=np.nan))
        change[0] = 0.0
        around = min(2 * round(1.0 / self.step) + 1, len(self))
        excess = change / np.maximum(percentile_filter(change, 75, around), _NOISE)
        order = np.argsort(-excess, kind="stable")
        return order[excess[order] > _JUMP]

    def sudden_keys(self) -> np.ndarray:
        """Key frames that come before the encoder had to place one: it saw a new picture. (n,)"""
        keys = np.flatnonzero(self.keys)
        gaps = np.diff(self.times[keys])
        longest = max([*gaps, self.times[-1] - self.times[keys[-1]]])
        sudden = np.zeros(len(self), dtype=bool)
        sudden[keys[1:]] = gaps < 0.97 * longest
        return sudden

    def rate(self, tokens: int, token: float) -> np.ndarray:
        """Mean bytes of the packets in each `token` seconds that are no key frames, (tokens,); NaN
        where there are none."""
        plain = ~self.keys
        at = np.minimum((self.times[plain] / token + 1e-6).astype(int), tokens - 1)
        counts = np.bincount(at, minlength=tokens)
        sums = np.bincount(at, self.sizes[plain], minlength=tokens)
        return np.divide(sums, counts, out=np.full(tokens, np.nan), where=counts > 0)


def read_packets(container: av.container.InputContainer, stream: av.VideoStream) -> Packets | None:
    """The packets of a stream, from the container's index where it is whole, else by going through
    the file once. None where the stamps are missing, fall or leap: then only the frames can tell
    what time it is (`features.video.clock`)."""
    entries = stream.index_entries
    if stream.frames and len(entries) >= stream.frames:
        rows = [(e.timestamp, e.size, e.is_keyframe) for e in entries]
    else:
        rows = [(p.dts, p.size, p.is_keyframe) for p in container.demux(stream) if p.size]
    known = [i for i, (stamp, *_) in enumerate(rows) if stamp is not None]
    if not known:
        return None
    stamps = np.array([np.nan if stamp is None else stamp for stamp, *_ in rows])
    if known[0]:  # Matroska says when to show a frame, not when to decode the first ones
        step = np.median(np.diff(stamps[known])) if len(known) > 1 else 1.0
        stamps[: known[0]] = stamps[known[0]] - step * np.arange(known[0], 0, -1)
    sizes, keys = (np.array([row[i] for row in rows]) for i in (1, 2))
    steps = np.diff(stamps) * float(stream.time_base)
    if not keys.any() or not ((steps >= 0) & (steps <= LONGEST_GAP)).all():
        return None
    first = int(np.flatnonzero(keys)[0])  # nothing can be shown before it
    stamps, sizes, keys = stamps[first:], sizes[first:], keys[first:]
    times = (stamps - stamps[0]) * float(stream.time_base)
    return Packets(times, sizes.astype(np.int64), keys.astype(bool), stamps.astype(np.int64))
