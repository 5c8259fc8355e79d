"""Asked with an edit: for every shot the film of the library that it is from, to the frame.

    pictures of a shot ── candidates ──► stretches of films        votes of the library's frames
    shot × stretch     ── features.video.sought ──► traces         placement, line, jumps
    all traces         ── joining ──► runs of frames               dynamic programming over the edit

A part of a shot that no trace explains is asked for again by itself, so that a cut which nobody saw
does not hide what lies behind it. Then what was told apart is asked for once more within its own
bounds: only a shot that is whole, and nothing but itself, says exactly how it lies and runs. So is
what two parts make together that nearly run on in one film: a cut may have been seen in a take.
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
from features.video.exact_line import Trace
from features.video.placement import Placement
from features.video.shot_pictures import LONGEST_S, Grid, ShotPictures, read_grid, read_shots
from features.video.sought import seek
from features.video.stretch import FROM_START_S, read_stretch
from features.video.views import Ground
from leitmotif.scenes.candidates import CLEAR, Window, windows
from leitmotif.scenes.conformed import Conformed, Place, Shot, Source
from leitmotif.scenes.joining import FOREIGN_BELOW, Run, Strand, join
from leitmotif.scenes.library import Film, Library
from leitmotif.score.compose import film_of
from leitmotif.score.model import Film as EditFilm

_WINDOWS = 6
"""Stretches of films looked at for a shot at most. The right one is mostly the first; of plain
pictures under a title it was the fifth."""
_SURE = 0.85
"""Agreement from which on no more stretches are looked at, but such as have nearly as many votes.
Heuristic."""
_RIVAL = 0.97
"""Share of the first stretch's votes that are nearly as many. Heuristic."""
_PARTLY = 0.5
"""Agreement from which on a part of a shot is explained. The rest is asked for by itself, so no
stretch is looked at that has clearly fewer votes. Heuristic."""
_HALF = 0.35
"""Agreement from which on a stretch that was only looked at where it is like the shot is looked at
all over. Heuristic."""
_HINTS = 5
"""Places along a line that are looked at first where a shot's film is known."""
_SHORTEST_S = 0.2
"""Seconds of a part that is asked for by itself at least: the shortest shots there are."""
_LESS = 0.1
"""How much less a part agrees than the best of its shot to be asked for by itself: a cut that
nobody saw, to a picture that looks much the same. Heuristic."""
_KEPT_BYTES = 400_000_000
"""Pictures of films kept in memory, for shots to come. Heuristic."""
_SIDE = 256
_STAGE, _HALF_S = 0.6, 0.6
"""Agreement of the pictures as wholes from which on an unexplained part may be of the film at
several moments, and seconds of its halves. Heuristic."""
_ROUNDS, _ALIKE = 3, 0.85
"""How often parts of a shot are asked for again, and the share of both that parts have in common
which are not asked for again. Heuristic."""
_VARIABLE_S = 0.001
"""Frames farther from a constant rate than this make a rate variable."""
_STEEP = 15.0
"""How fast certainty grows with the distance from the threshold: .95 at .2. Heuristic."""
_BRIDGED_S = 0.4
"""Seconds under which what lies between two parts of one take is none of its own: the shortest
shots there are. Heuristic."""
_AS_WELL = 0.02
"""How much less one line over two parts of a take may agree than their own. Heuristic."""
_STILL, _STILL_SEEN = 0.01, 0.75
"""Deviation of the agreements along a line up to which a still is shown, and how well the line of
what is beside it has to agree. Heuristic."""
_NEAR_S = 0.25
"""Seconds of the film by which two parts' lines may differ where they meet and be of one take that
is asked for as a whole. Heuristic."""
_NOTHING = 3.0
"""Grey levels of standard deviation under which a frame shows nothing. Heuristic."""
_SAME_FRAMES = 1.5
"""Frames of the film by which two traces may differ where they meet and be one. Heuristic."""


@dataclass(frozen=True)
class _Found:
    """A trace with its film; the line is in seconds of the film, and of the edit from `at` on."""

    window: Window
    trace: Trace
    at: int
    begin: int
    size: tuple[int, int]
    ground: Ground

    @property
    def film(self) -> Film:
        return self.window.film

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
    blank = np.zeros(len(grid.times), bool)
    with threadpool_limits(1):  # many small products: threads would only wait for each other
        for shot in read_shots(path, grid):
            found += finder.find(shot, shot.first, shot.last)
            blank[shot.first : shot.last] = _blank(shot)
            if progress:
                progress("shots", shot.last / grid.fps, len(grid.times) / grid.fps)
        drawn = list(found)
        dark = {int(frame) for frame in np.flatnonzero(np.diff(blank)) + 1}
        runs = _runs(drawn, grid, dark)
        whole = {run.start for run in runs[1:]}
        parts = replace(grid, cuts=tuple(sorted(whole))).parts()
        doubtful = {b.start for a, b in pairwise(runs) if _may_run_on(a, b, drawn, grid.fps)}
        takes = replace(grid, cuts=tuple(sorted(whole - doubtful)))
        if not finder.asked.issuperset([*parts, *takes.parts()]):  # else nothing to read again for
            for shot in read_shots(path, takes):
                within = [part for part in parts if shot.first <= part[0] and part[1] <= shot.last]
                for first, last in dict.fromkeys([(shot.first, shot.last), *within]):
                    if (first, last) not in finder.asked:
                        known = _known(first, last, runs, drawn, grid.fps)
                        found += finder.find(shot, first, last, known=known)
        grid = replace(grid, cuts=tuple(sorted({*grid.cuts, *whole})))
    notes = [*_rate_note(film), *finder.notes()]
    runs = _runs(found, grid, dark)
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

    def find(
        self, shot: ShotPictures, first: int, last: int, known: Window | None = None
    ) -> list[_Found]:
        """Traces of the frames first to last (exclusive) of a shot, and of parts of them.

        known : the stretch that they are from, where that is known.
        """
        found, asked = self._traces(shot, first, last, known), [(first, last)]
        for _ in range(_ROUNDS if found else 0):
            rest = list(self._unexplained(found, first, last))
            if max(one.trace.alike for one in found) >= _STAGE:
                rest += [half for part in rest for half in self._halves(part)]
            new = [part for part in rest if not any(_alike(part, other) for other in asked)]
            for part in new:
                found += self._traces(shot, *part, None)
            asked += new
        self.asked.update(asked)
        return found

    def _halves(self, part: tuple[int, int]) -> list[tuple[int, int]]:
        """Both halves of a part, where they are long enough to be told: on one stage, a cut between
        two moments of a film is not seen, and neither moment explains both."""
        first, last = part
        middle = (first + last) // 2
        long = last - first >= 2 * _HALF_S * self._fps
        return [(first, middle), (middle, last)] if long else []

    def _unexplained(
        self, found: Sequence[_Found], first: int, last: int
    ) -> Iterator[tuple[int, int]]:
        """First frames and ends of what no trace explains, or clearly less than the others."""
        best = np.full(last - first, -1.0)
        for one in found:
            best = np.maximum(best, one.trace.each[first - one.begin : last - one.begin])
        least = max(round(_SHORTEST_S * self._fps), 3)
        smooth = np.convolve(np.pad(best, least // 2, mode="edge"), np.ones(least) / least, "same")
        usual = float(np.percentile(best, 90))
        low = smooth[least // 2 :][: len(best)] < max(FOREIGN_BELOW, usual - _LESS)
        for start, end in _low(low):
            if end - start >= least:
                yield first + start, first + end

    def _traces(
        self, shot: ShotPictures, first: int, last: int, known: Window | None
    ) -> list[_Found]:
        times = (shot.begin - first + np.arange(len(shot.grey))) / self._fps
        inside = slice(first - shot.begin, last - shot.begin)
        cuts = [cut - shot.begin for cut in shot.cuts if 0 < cut - shot.begin < len(shot.grey)]
        size = (shot.grey.shape[1], shot.grey.shape[2])
        found: list[_Found] = []

        def sought(window: Window, thorough: bool) -> float:
            ground = self._ground(window)
            if ground is None:
                return -1.0
            traces = seek(shot.grey, times, inside, ground, window.hints, thorough, cuts)
            found.extend(_Found(window, t, first, shot.begin, size, ground) for t in traces)
            return max((trace.line.agreement for trace in traces), default=-1.0)

        best = sought(known, True) if known else -1.0
        if best >= _SURE:
            return found
        low, high = ((frame - shot.first) // shot.stride for frame in (first, last - 1))
        asked = windows(self._library, shot.colour[low : high + 1], _WINDOWS)
        for window in asked:
            rival = window.votes >= _RIVAL * asked[0].votes
            clear = window.votes * CLEAR <= asked[0].votes
            if (best >= _SURE and not rival) or (best >= _PARTLY and clear):
                break
            agreement = sought(window, rival)
            if not rival and _HALF <= agreement < _SURE:
                agreement = sought(window, True)
            best = max(best, agreement)
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


def _known(
    first: int, last: int, runs: Sequence[Run], found: Sequence[_Found], fps: float
) -> Window | None:
    """The stretch that some frames of an edit are from, with hints along the line that was found
    for most of them; None if that does not explain them well."""
    most = max(runs, key=lambda run: min(run.end, last) - max(run.start, first))
    if most.of < 0:
        return None
    one = found[most.of]
    inside = _each(one, most)
    if not len(inside) or inside.mean() < _SURE:
        return None
    shares = np.linspace(0, 1, _HINTS)
    at = [one.seconds(frame, fps) for frame in first + shares * (last - 1 - first)]
    hints = tuple(zip(shares.tolist(), at, strict=True))
    return one.window._replace(hints=hints)


def _rate_note(film: EditFilm) -> Iterator[Sentence]:
    """Which rate an edit of a varying one is counted at."""
    rate = film.rate.fps
    if film.rate_error_s > max(_VARIABLE_S, float(0.5 / rate)):
        shown = f"{float(rate):.3f}".rstrip("0").rstrip(".")
        yield Sentence("scenes.variable_rate", rate=shown, error=f"{film.rate_error_s:.3f}")


def _alike(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether two parts have most of their frames in common."""
    common = min(a[1], b[1]) - max(a[0], b[0])
    return common >= _ALIKE * (max(a[1], b[1]) - min(a[0], b[0]))


def _low(flags: np.ndarray) -> Iterator[tuple[int, int]]:
    """Start and end of every run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


# ------------------------------------------------------------------------------------- shots


def _blank(shot: ShotPictures) -> np.ndarray:
    """Which frames of a shot show nothing."""
    own = shot.grey[shot.first - shot.begin : shot.last - shot.begin]
    return np.asarray(own.std(axis=(1, 2)) < _NOTHING)


def _runs(found: list[_Found], grid: Grid, dark: set[int]) -> list[Run]:
    """What the traces make of the edit (adds to `found`).

    dark : frames at which the picture goes blank or comes back: a cut beside a few black frames may
    be seen on either side of them.
    """
    strands = [Strand(f.begin, f.trace.each, f.trace.weight) for f in found]
    runs = join(strands, len(grid.times), sorted(dark.union(grid.cuts)))
    return _merged(_parted(runs, grid.cuts), found, grid.fps)


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
        if len(merged) > 1:
            merged[-2:] = _with_still(merged[-2], merged[-1], found)
        while len(merged) > 1 and _runs_on(merged[-2], merged[-1], found, fps):
            merged[-2:] = [_joined(merged[-2], merged[-1], found, fps)]
        if len(merged) > 2 and _bridges(merged[-3:], found, fps):
            merged[-3:] = [_joined(merged[-3], merged[-1], found, fps)]
    return merged


def _runs_on(a: Run, b: Run, found: Sequence[_Found], fps: float) -> bool:
    if not b.of >= 0 <= a.of:
        return False
    return _one(found[a.of], found[b.of], b.start, fps) or _over_both(a, b, found, fps) >= 0


def _may_run_on(a: Run, b: Run, found: Sequence[_Found], fps: float) -> bool:
    """Whether two runs lie so near to each other's lines that one line may explain both."""
    if not b.of >= 0 <= a.of or (b.end - a.start) / fps > LONGEST_S:
        return False
    return _near(found[a.of], found[b.of], b.start, fps)


def _with_still(a: Run, b: Run, found: Sequence[_Found]) -> list[Run]:
    """Two runs, or one if either shows a still that the other's line has at its place, too: of a
    still every moment agrees, and the one beside its neighbour is the likeliest."""
    for still, beside in ((a, b), (b, a)):
        if still.of >= 0 <= beside.of and still.of != beside.of:
            one, other = found[still.of], found[beside.of]
            if one.film.id == other.film.id and one.trace.mirrored == other.trace.mirrored:
                own, there = _each(one, still), _each(other, still)
                if not len(own) == len(there) == still.end - still.start:
                    continue
                enough = max(_STILL_SEEN, own.mean() - _LESS)
                if max(own.std(), there.std()) < _STILL and there.mean() > enough:
                    return [Run(a.start, b.end, beside.of)]
    return [a, b]


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
            if there > best and all(_near(one, found[r.of], b.start, fps) for r in (a, b)):
                best, which = there, k
    return which


def _each(one: _Found, run: Run) -> np.ndarray:
    return one.trace.each[max(run.start - one.begin, 0) : max(run.end - one.begin, 0)]


def _near(a: _Found, b: _Found, frame: int, fps: float) -> bool:
    same = a.film.id == b.film.id and a.trace.mirrored == b.trace.mirrored
    return same and abs(a.seconds(frame, fps) - b.seconds(frame, fps)) <= _NEAR_S


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
