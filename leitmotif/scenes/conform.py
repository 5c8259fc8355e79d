"""Asked with an edit: for every shot the film of the library that it is from, to the frame.

    pictures of a shot ── candidates ──► stretches of films        votes of the library's frames
    shot × stretch     ── features.video.sought ──► traces         placement, line, jumps
    all traces         ── joining ──► runs of frames               dynamic programming over the edit

A part of a shot that no trace explains is asked for again by itself, so that a cut which nobody saw
does not hide what lies behind it. Then what was told apart is asked for once more within its own
bounds: only a shot that is whole, and nothing but itself, says exactly how it lies and runs.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from data.errors import InputError, Progress
from data.words import Sentence
from features.video.placement import Placement
from features.video.shot_pictures import Grid, ShotPictures, read_grid, read_shots
from features.video.sought import Ground, Trace, seek
from features.video.stretch import FROM_START_S, read_stretch
from leitmotif.scenes.candidates import Window, windows
from leitmotif.scenes.conformed import Conformed, Place, Shot, Source
from leitmotif.scenes.joining import FOREIGN_BELOW, Run, Strand, join
from leitmotif.scenes.library import Film, Library
from leitmotif.score.compose import film_of
from leitmotif.score.model import Film as EditFilm

_WINDOWS = 6
"""Stretches of films looked at for a shot at most."""
_SURE = 0.85
"""Agreement from which on no more stretches are looked at, but such as have nearly as many votes.
Heuristic."""
_RIVAL = 0.97
"""Share of the first stretch's votes that are nearly as many. Heuristic."""
_SHORTEST_S = 0.2
"""Seconds of a part that is asked for by itself at least: the shortest shots there are."""
_LESS = 0.1
"""How much less a part agrees than the best of its shot to be asked for by itself: a cut that
nobody saw, to a picture that looks much the same. Heuristic."""
_KEPT_BYTES = 400_000_000
"""Pictures of films kept in memory, for shots to come. Heuristic."""
_SIDE = 256
_DEPTH = 3
"""How often parts of a shot are asked for again."""
_VARIABLE_S = 0.001
"""Frames farther from a constant rate than this make a rate variable."""
_STEEP = 15.0
"""How fast certainty grows with the distance from the threshold: .95 at .2. Heuristic."""
_BRIDGED_S = 0.4
"""Seconds under which what lies between two parts of one take is none of its own: the shortest
shots there are. Heuristic."""
_AS_WELL = 0.02
"""How much less one line over two parts of a take may agree than their own. Heuristic."""
_SAME_FRAMES = 1.5
"""Frames of the film by which two traces may differ where they meet and be one. Heuristic."""


@dataclass(frozen=True)
class _Found:
    """A trace with its film; the line is in seconds of the film, and of the edit from `at` on."""

    film: Film
    trace: Trace
    at: int
    begin: int
    size: tuple[int, int]
    ground: Ground

    def seconds(self, frame: float, fps: float) -> float:
        return self.trace.line.start + self.trace.line.speed * (frame - self.at) / fps


def conform(
    library: Library, edit: str | os.PathLike[str], *, progress: Progress | None = None
) -> Conformed:
    """Where every shot of an edit is from.

    Raises `InputError` for an edit without a picture and for a library without films.
    """
    if not library.films:
        raise InputError("scenes.empty", folder=library.folder)
    path = Path(edit)
    grid = read_grid(path, progress)
    film = film_of(path)
    marks = [*(film.rate.frame_at(time) for time in grid.times), film.frames]
    finder = _Finder(library, grid.fps)
    found: list[_Found] = []
    with threadpool_limits(1):  # many small products: threads would only wait for each other
        for shot in read_shots(path, grid):
            found += finder.find(shot, shot.first, shot.last)
            if progress:
                progress("shots", shot.last / grid.fps, len(grid.times) / grid.fps)
        whole = tuple(run.start for run in _runs(list(found), grid)[1:])
        apart = replace(grid, cuts=whole)
        if not finder.asked.issuperset(apart.parts()):  # else there is nothing to read again for
            for shot in read_shots(path, apart):
                if (shot.first, shot.last) not in finder.asked:
                    found += finder.find(shot, shot.first, shot.last)
        grid = replace(grid, cuts=tuple(sorted({*grid.cuts, *whole})))
    notes = [*_rate_note(film), *finder.notes()]
    runs = _runs(found, grid)
    shots = (_shot(run, found, grid.fps) for run in runs)
    return Conformed(
        film,
        tuple(
            replace(shot, record_in=marks[shot.record_in], record_out=marks[shot.record_out])
            for shot in shots
        ),
        tuple(notes),
    )


def conform_in(
    edit: str | os.PathLike[str], folder: str | None = None, *, progress: Progress | None = None
) -> Conformed:
    """`conform` with the library of a folder (None: the usual one), for other processes."""
    with Library.open(folder) as library:
        return conform(library, edit, progress=progress)


class _Finder:
    """Looks for shots in the films of a library; keeps the stretches it used last."""

    def __init__(self, library: Library, fps: float) -> None:
        self._library, self._fps = library, fps
        self._grounds: OrderedDict[tuple[str, float, float], Ground | None] = OrderedDict()
        self.asked: set[tuple[int, int]] = set()
        """First and last frame (exclusive) of what was looked for."""
        self._gone: set[str] = set()
        self._varying: set[str] = set()

    def notes(self) -> Iterator[Sentence]:
        """What was wrong with films that were looked into."""
        for file in sorted(self._gone):
            yield Sentence("scenes.not_looked_in", file=file)
        for file in sorted(self._varying):
            yield Sentence("scenes.source_varies", file=file)

    def find(self, shot: ShotPictures, first: int, last: int, depth: int = 0) -> list[_Found]:
        """Traces of the frames first to last (exclusive) of a shot, and of parts of them."""
        self.asked.add((first, last))
        found = self._traces(shot, first, last)
        if depth == _DEPTH or not found:
            return found
        best = np.full(last - first, -1.0)
        for one in found:
            inside = one.trace.each[first - one.begin : last - one.begin]
            best = np.maximum(best, inside)
        least = max(round(_SHORTEST_S * self._fps), 3)
        smooth = np.convolve(np.pad(best, least // 2, mode="edge"), np.ones(least) / least, "same")
        usual = float(np.percentile(best, 90))
        low = smooth[least // 2 :][: len(best)] < max(FOREIGN_BELOW, usual - _LESS)
        for start, end in _low(low):
            if least <= end - start < 0.85 * (last - first):
                found += self.find(shot, first + start, first + end, depth + 1)
        return found

    def _traces(self, shot: ShotPictures, first: int, last: int) -> list[_Found]:
        times = (shot.begin - first + np.arange(len(shot.grey))) / self._fps
        inside = slice(first - shot.begin, last - shot.begin)
        low, high = ((frame - shot.first) // shot.stride for frame in (first, last - 1))
        some = shot.colour[low : high + 1]
        found: list[_Found] = []
        best = -1.0
        asked = windows(self._library, some, _WINDOWS)
        for window in asked:
            if best >= _SURE and window.votes < _RIVAL * asked[0].votes:
                break
            ground = self._ground(window)
            if ground is None:
                continue
            size = (shot.grey.shape[1], shot.grey.shape[2])
            for trace in seek(shot.grey, times, inside, ground, window.hints):
                found.append(_Found(window.film, trace, first, shot.begin, size, ground))
                best = max(best, trace.line.agreement)
        return found

    def _ground(self, window: Window) -> Ground | None:
        """The frames of a stretch; None where the film cannot be read any more."""
        key = (window.film.id, window.start, window.end)
        if key not in self._grounds:
            try:
                stretch = read_stretch(window.film.path, window.start, window.end, _SIDE)
                self._grounds[key] = ground = Ground(stretch)
                if window.start > FROM_START_S and ground.varies(window.film.rate):
                    self._varying.add(window.film.path)
            except InputError:
                self._gone.add(window.film.path)
                self._grounds[key] = None
            while len(self._grounds) > 1 and self._held() > _KEPT_BYTES:
                self._grounds.popitem(last=False)
        self._grounds.move_to_end(key)
        return self._grounds[key]

    def _held(self) -> int:
        return sum(g.stretch.pictures.nbytes for g in self._grounds.values() if g)


def _rate_note(film: EditFilm) -> Iterator[Sentence]:
    """Which rate an edit of a varying one is counted at."""
    rate = film.rate.fps
    if film.rate_error_s > max(_VARIABLE_S, float(0.5 / rate)):
        shown = f"{float(rate):.3f}".rstrip("0").rstrip(".")
        yield Sentence("scenes.variable_rate", rate=shown, error=f"{film.rate_error_s:.3f}")


def _low(flags: np.ndarray) -> Iterator[tuple[int, int]]:
    """Start and end of every run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


# ------------------------------------------------------------------------------------- shots


def _runs(found: list[_Found], grid: Grid) -> list[Run]:
    """What the traces make of the edit (adds to `found`)."""
    strands = [Strand(f.begin, f.trace.each, f.trace.weight) for f in found]
    return _merged(_parted(join(strands, len(grid.times), grid.cuts), grid.cuts), found, grid.fps)


def _parted(runs: Sequence[Run], cuts: Sequence[int]) -> list[Run]:
    """Foreign runs as the shots that the cuts make of them."""
    parted = []
    for run in runs:
        inner = [c for c in cuts if run.start < c < run.end] if run.of < 0 else []
        edges = [run.start, *inner, run.end]
        parted += [Run(a, b, run.of) for a, b in pairwise(edges)]
    return parted


def _merged(runs: Sequence[Run], found: list[_Found], fps: float) -> list[Run]:
    """Neighbours that run on in one film become one, on a line through both (added to `found`).

    So do two with something short of the same film or of none between them: a flash, a few
    frames of black.
    """
    merged: list[Run] = []
    for run in runs:
        merged.append(run)
        while len(merged) > 1 and _runs_on(merged[-2], merged[-1], found, fps):
            merged[-2:] = [_joined(merged[-2], merged[-1], found, fps)]
        if len(merged) > 2 and _bridges(merged[-3:], found, fps):
            merged[-3:] = [_joined(merged[-3], merged[-1], found, fps)]
    return merged


def _runs_on(a: Run, b: Run, found: Sequence[_Found], fps: float) -> bool:
    return b.of >= 0 <= a.of and _one(found[a.of], found[b.of], b.start, fps)


def _bridges(three: Sequence[Run], found: Sequence[_Found], fps: float) -> bool:
    """Whether the first of three runs runs on in the last, past one that is none of its own."""
    a, between, b = three
    if (between.end - between.start) / fps >= _BRIDGED_S or not _runs_on(a, b, found, fps):
        return False
    return between.of < 0 or found[between.of].film.id == found[a.of].film.id


def _joined(a: Run, b: Run, found: list[_Found], fps: float) -> Run:
    """Both runs and what is between them: on a line found for all of it, else on the line nearest
    to both lines."""
    whole = _over_both(a, b, found, fps)
    if whole >= 0:
        return Run(a.start, b.end, whole)
    frames = np.r_[a.start : a.end, b.start : b.end].astype(float)
    pieces = ((a, found[a.of]), (b, found[b.of]))
    seconds = np.array(
        [one.seconds(f, fps) for run, one in pieces for f in range(run.start, run.end)]
    )
    speed, _ = np.polyfit(frames / fps, seconds, 1)
    longer = max(pieces, key=lambda piece: piece[0].end - piece[0].start)[1]
    half = (b.end - a.start) / 2 / fps
    if abs(speed - 1) * half < 0.5 * longer.ground.step:
        speed = 1.0
    start = seconds.mean() - speed * (frames.mean() - longer.at) / fps
    line = longer.trace.line._replace(start=float(start), speed=float(speed))
    found.append(replace(longer, trace=replace(longer.trace, line=line)))
    return Run(a.start, b.end, len(found) - 1)


def _over_both(a: Run, b: Run, found: Sequence[_Found], fps: float) -> int:
    """The trace that agrees best with two runs that are one take, if it does about as well as each
    one's own; else −1."""
    own = np.concatenate([_each(found[run.of], run) for run in (a, b)]).mean()
    best, which = own - _AS_WELL, -1
    for k, one in enumerate(found):
        if one.begin <= a.start and b.end <= one.begin + len(one.trace.each):
            there = np.concatenate([_each(one, run) for run in (a, b)]).mean()
            if there > best and _one(one, found[a.of], a.start, fps):
                best, which = there, k
    return which


def _each(one: _Found, run: Run) -> np.ndarray:
    return one.trace.each[run.start - one.begin : run.end - one.begin]


def _one(a: _Found, b: _Found, frame: int, fps: float) -> bool:
    same = a.film.id == b.film.id and a.trace.mirrored == b.trace.mirrored
    apart = abs(a.seconds(frame, fps) - b.seconds(frame, fps))
    return same and apart <= _SAME_FRAMES * max(a.ground.step, 1 / fps)


def _shot(run: Run, found: Sequence[_Found], fps: float) -> Shot:
    chosen = found[run.of] if run.of >= 0 else None
    others = []
    for one in found:
        inside = _inside(one, run)
        if one is not chosen and inside is not None:
            away = chosen is None or not _one(chosen, one, run.start, fps)
            if away:
                others.append((float(inside.mean()), one))
    agreement, other = max(others, key=lambda pair: pair[0], default=(-1.0, None))
    second = _place(other, run, agreement, fps) if other else None
    if chosen is None:
        return Shot(run.start, run.end, None, _certainty(FOREIGN_BELOW - max(agreement, 0)), second)
    inside = _inside(chosen, run)
    own = float(inside.mean()) if inside is not None else chosen.trace.line.agreement
    place = _place(chosen, run, own, fps)
    return Shot(run.start, run.end, place, _certainty(own - FOREIGN_BELOW), second)


def _inside(one: _Found, run: Run) -> np.ndarray | None:
    """Agreements of a trace over a run; None if it does not cover half of it."""
    low, high = run.start - one.begin, run.end - one.begin
    part = one.trace.each[max(low, 0) : max(high, 0)]
    return part if len(part) >= 0.5 * (run.end - run.start) else None


def _certainty(margin: float) -> float:
    """0–1 of how far an agreement is on its side of the threshold."""
    return float(1 / (1 + np.exp(-_STEEP * margin)))


def _place(one: _Found, run: Run, agreement: float, fps: float) -> Place:
    line, rate = one.trace.line, Fraction(one.film.rate).limit_denominator(100_000)
    start = max(one.seconds(run.start, fps), 0.0)
    speed = Fraction(line.speed).limit_denominator(10_000)
    last = start + line.speed * (run.end - 1 - run.start) / fps
    source = Source(one.film.id, one.film.path, one.film.title, rate, one.film.duration)
    return Place(
        source,
        one.ground.number(start, float(rate)),
        one.ground.number(last, float(rate)) + 1,
        Fraction(start).limit_denominator(1_000_000),
        speed,
        one.trace.mirrored,
        _window(one.trace.placement, one.size, one.ground.size),
        agreement,
    )


def _window(
    placement: Placement, shot: tuple[int, int], source: tuple[int, int]
) -> tuple[float, float, float, float]:
    """What is seen of the film's picture, as shares of it."""
    corners = np.array([[-0.5, -0.5, 1], [shot[1] - 0.5, shot[0] - 0.5, 1]]).T
    (left, right), (top, bottom) = placement.matrix @ corners
    edges = (left + 0.5) / source[1], (top + 0.5) / source[0]
    far = (right + 0.5) / source[1], (bottom + 0.5) / source[0]
    a, b, c, d = np.clip([*edges, *far], 0, 1).round(4).tolist()
    return a, b, c, d
