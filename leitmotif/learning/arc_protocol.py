"""How well the arc finds music videos' own music, and where in it: the protocol and its table.

Every video lends the window in its middle, at least 30 s from both ends, where no fade and no title
can give the pair away. Its own music is ranked among that of the videos nearest to it in length (it
is one of a pool of 100), so that length gives nothing away either.

    place known     the windows' music is compared, second by second
    place unknown   whole tracks are: every place of each, 30 s from both ends
    one of four     every track offers the four places where its loudness rises most, as
                    `matcher.placement` finds them; the film's window begins at the one of its own
                    music that is nearest to the middle. So the true place is among those offered
    in-point        where in the own track does the window lie? windows at random places

"linear step" is `matcher.arc_step`, its weights fitted on the other videos, in five folds.
"averages" is what `recommender.averages` can tell without the course of time; it never learned from
the video that it judges. Intervals are over videos. p is the share of a thousand rounds in which a
random track of each pool, in place of the true one, scored as well.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from data.errors import Progress
from data.muvi_sync import read_seconds
from leitmotif.learning.filmed import Filmed, long_enough, music_video, nearest_in_order
from matcher import arc, arc_step
from matcher.arc import BOTH, CUTS, MOTION
from recommender import averages
from recommender.averages import WindowAverages
from recommender.protocol import LEVEL
from recommender.window_columns import Columns, picture_averages

FOLDS = 5
PLACES = 5
"""Windows per video for the in-point."""
WITHIN_S = 2
ROUNDS = 1000


@dataclass(frozen=True)
class RankRow:
    """One method at one window: intervals are (low, high) at 95 % over videos."""

    window_s: int
    place: str
    method: str
    videos: int
    recall_at_10: float
    interval: tuple[float, float]
    median_rank: float
    p: float


@dataclass(frozen=True)
class InPointRow:
    """In-points of one window length. chance : places within `WITHIN_S` of the true one, of all."""

    window_s: int
    windows: int
    within: float
    interval: tuple[float, float]
    chance: float
    mean_iou: float
    iou_interval: tuple[float, float]
    mean_iou_of_middle: float


@dataclass(frozen=True)
class NullRow:
    """z over wrong pairs of windows: a good z has mean 0 and standard deviation 1."""

    window_s: int
    pairs: int
    mean: float
    sd: float


@dataclass(frozen=True)
class ArcEvaluation:
    """The whole table; `to_dict` is what `--json` prints."""

    pool: int
    ranks: tuple[RankRow, ...]
    in_points: tuple[InPointRow, ...]
    null: tuple[NullRow, ...]

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Video(Filmed):
    """One music video, with the columns that averages are taken of."""

    columns: Columns


def evaluate_arc(
    folder: str | os.PathLike,
    *,
    windows: Sequence[int] = averages.WINDOWS_S,
    pool: int = 100,
    seed: int = 0,
    progress: Progress | None = None,
) -> ArcEvaluation | None:
    """Judge the arc on a folder laid out like MuVi-Sync; None if fewer than three videos will do.

    Raises `InputError` if the folder cannot be read.
    """
    videos = [
        Video(**vars(music_video(name, columns)), columns=columns)
        for name, columns in read_seconds(folder).items()
    ]
    ranks, in_points, null = [], [], []
    for i, window in enumerate(windows):
        if progress:
            progress("arc", i, len(windows))
        judged = long_enough(videos, window)
        if len(judged) < 3:
            continue
        rows, wrong = _ranks(judged, window, pool, seed)
        ranks += rows
        null.append(wrong)
        in_points.append(_in_points(judged, window, seed))
    return ArcEvaluation(pool, tuple(ranks), tuple(in_points), tuple(null)) if ranks else None


# ------------------------------------------------------------------------------ ranks


def _ranks(
    videos: Sequence[Video], window: int, pool: int, seed: int
) -> tuple[list[RankRow], NullRow]:
    """Videos in order of their length."""
    pools = nearest_in_order(len(videos), pool)
    known, z = _known(videos, window)
    middles = [v.middle(window) for v in videos]
    offered = [v.offered(window) for v in videos]
    begins = [v.begin(window) for v in videos]
    everywhere = [v.places(window) for v in videos]
    by_place = {
        "known": (_averages(videos, window, "music", middles), known),
        "unknown": (
            _averages(videos, window, "track", middles),
            _unknown(videos, window, pools, middles, everywhere),
        ),
        "one of four": (
            _averages(videos, window, "track", begins),
            _unknown(videos, window, pools, begins, offered),
        ),
    }
    rows = []
    for place, (profile, course) in by_place.items():
        weights = arc.rank_weights(window, place == "known")
        methods = {
            "averages": profile,
            "arc": course,
            "both": _both(weights, profile, course, pools),
        }
        if place == "known":
            step = _by_step(videos, window, pools, middles)
            methods |= {
                "linear step": step,
                "linear step and averages": _both(weights, profile, step, pools),
            }
        for method, scores in methods.items():
            rows.append(_rank_row(window, place, method, scores, pools, seed))
    wrong = z[~np.eye(len(z), dtype=bool)]
    return rows, NullRow(window, len(wrong), float(wrong.mean()), float(wrong.std()))


def _known(videos: Sequence[Video], window: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, n) r and z of every picture's window with every music's."""
    starts = [v.middle(window) for v in videos]
    music = np.concatenate(
        [v.loudness[s : s + window] for v, s in zip(videos, starts, strict=True)]
    )
    at = np.arange(len(videos)) * window
    found = [
        arc.score_windows(v.picture(s, window), music, at)
        for v, s in zip(videos, starts, strict=True)
    ]
    return np.array([r for r, _ in found]), np.array([z[:, BOTH] for _, z in found])


def _unknown(
    videos: Sequence[Video],
    window: int,
    pools: np.ndarray,
    starts: Sequence[int],
    places: Sequence[np.ndarray],
) -> np.ndarray:
    """(n, n) evidence of the arc for each track of a picture's pool; NaN outside the pool.

    starts : where each film's window begins. places : where it may begin in each video's music.
    """
    music = np.concatenate([v.loudness for v in videos])
    offsets = np.cumsum([0, *map(len, videos)])
    places = [at + offset for at, offset in zip(places, offsets[:-1], strict=True)]
    found = np.full((len(videos), len(videos)), np.nan)
    for i, (video, start) in enumerate(zip(videos, starts, strict=True)):
        at = [places[j] for j in pools[i]]
        _, z = arc.score_windows(video.picture(start, window), music, np.concatenate(at))
        exponent = np.exp(arc.SHARPNESS * (z[:, CUTS] + z[:, MOTION]))
        counts = np.array([len(a) for a in at])
        sums = np.add.reduceat(exponent, np.cumsum(counts) - counts)
        found[i, pools[i]] = np.log(sums / counts)
    return found


def _by_step(
    videos: Sequence[Video], window: int, pools: np.ndarray, starts: Sequence[int]
) -> np.ndarray:
    """(n, n) scores of the linear step for each window of a picture's pool; NaN outside it."""
    films = np.stack([v.rows()[:, s : s + window] for v, s in zip(videos, starts, strict=True)])
    z = np.full((*pools.shape, len(arc_step.STARTING)), np.nan)
    for j, (video, start) in enumerate(zip(videos, starts, strict=True)):
        asking, place = np.nonzero(pools == j)
        music = arc_step.music_rows(video.loudness)
        z[asking, place] = arc_step.agreements(films[asking], music, np.array([start]))[0]
    count = len(videos)
    own = np.arange(count) - pools[:, 0]
    fold_of = np.random.default_rng(0).permutation(count) % FOLDS
    scores = np.full((count, count), np.nan)
    for fold in range(FOLDS):
        held, rest = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
        weights = arc_step.fit(z[rest], own[rest])
        scores[held[:, None], pools[held]] = z[held] @ weights
    return scores


def _both(
    weights: tuple[float, float], profile: np.ndarray, course: np.ndarray, pools: np.ndarray
) -> np.ndarray:
    """What ranks: profile and course, standardised over each pool."""
    parts = [_standardised(x, pools) for x in (profile, course)]
    return weights[0] * parts[0] + weights[1] * parts[1]


def _averages(videos: Sequence[Video], window: int, what: str, starts: Sequence[int]) -> np.ndarray:
    """(n, n) scores of averages for every picture and music, fitted without the picture's video."""
    shipped = averages.read_shipped(window)
    music = averages.window_averages({v.name: v.columns for v in videos}, window).judged(what)
    picture = np.array(
        [
            picture_averages(averages.part(v.columns, s, s + window))
            for v, s in zip(videos, starts, strict=True)
        ]
    )
    learned = [i for i, v in enumerate(videos) if v.name in set(shipped.sources)]
    fold_of = np.full(len(videos), FOLDS)  # the last: videos that nothing was learned from
    fold_of[learned] = np.random.default_rng(0).permutation(len(learned)) % FOLDS
    scores = np.zeros((len(videos), len(videos)))
    for fold in np.unique(fold_of):
        held = np.flatnonzero(fold_of == fold).tolist()
        known: WindowAverages = shipped.without({videos[i].name for i in held})
        scores[held] = known.fit(what).score(picture[held], music)
    return scores


def _standardised(scores: np.ndarray, pools: np.ndarray) -> np.ndarray:
    """Scores with mean 0 and standard deviation 1 over each picture's pool."""
    inside = np.take_along_axis(scores, pools, axis=1)
    sd = np.maximum(inside.std(1, keepdims=True), 1e-12)
    return (scores - inside.mean(1, keepdims=True)) / sd


def _rank_row(
    window: int, place: str, method: str, scores: np.ndarray, pools: np.ndarray, seed: int
) -> RankRow:
    """Ties share their mean rank."""
    inside = np.take_along_axis(scores, pools, axis=1)
    better = (inside[:, None, :] > inside[:, :, None]).sum(2)
    level = (inside[:, None, :] == inside[:, :, None]).sum(2)
    ranks = better + (level + 1) / 2  # (n, pool): the rank of every track of the pool
    count = len(scores)
    own = np.take_along_axis(ranks, (np.arange(count) - pools[:, 0])[:, None], axis=1)[:, 0]
    hits = own <= 10
    rng = np.random.default_rng(seed)
    others = rng.integers(0, pools.shape[1], (ROUNDS, count))
    moved = (ranks[np.arange(count), others] <= 10).mean(1)
    p = (1 + int((moved >= hits.mean()).sum())) / (ROUNDS + 1)
    low, high = _interval(hits, seed)
    return RankRow(
        window, place, method, count, float(hits.mean()), (low, high), float(np.median(own)), p
    )


# ------------------------------------------------------------------------------ in-points


def _in_points(videos: Sequence[Video], window: int, seed: int) -> InPointRow:
    """`PLACES` windows of every video, at random places."""
    rng = np.random.default_rng(seed)
    near, chance, overlap, of_middle = [], [], [], []
    for video in videos:
        places = video.places(window)
        true = rng.choice(places, PLACES)
        found = [_best_place(video, int(t), window, places) for t in true]
        near.append(np.abs(found - true) <= WITHIN_S)
        chance.append([(np.abs(places - t) <= WITHIN_S).mean() for t in true])
        overlap.append(iou(np.array(found), true, window))
        of_middle.append(iou(np.full(PLACES, video.middle(window)), true, window))
    within, shared = np.mean(near, axis=1), np.mean(overlap, axis=1)
    return InPointRow(
        window,
        len(videos) * PLACES,
        float(within.mean()),
        _interval(within, seed),
        float(np.mean(chance)),
        float(shared.mean()),
        _interval(shared, seed),
        float(np.mean(of_middle)),
    )


def _best_place(video: Video, true: int, window: int, places: np.ndarray) -> int:
    found = arc.compare(video.picture(true, window), video.loudness, places)
    return int(found.at[found.z[:, BOTH].argmax()])


def iou(found: np.ndarray, true: np.ndarray, window: int) -> np.ndarray:
    """Intersection over union of stretches of `window` seconds that begin at these places."""
    shared = np.maximum(window - np.abs(found - true), 0)
    return shared / (2 * window - shared)


def _interval(by_video: np.ndarray, seed: int) -> tuple[float, float]:
    """95 % percentile interval of a mean over videos, by bootstrap."""
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(by_video), (ROUNDS, len(by_video)))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(np.asarray(by_video, dtype=float)[picks].mean(1), [tail, 1 - tail])
    return float(low), float(high)


# ------------------------------------------------------------------------------ tables


def markdown(evaluation: ArcEvaluation) -> Mapping[str, str]:
    """The three tables for `data/MODEL_CARD.md`, by name."""
    from recommender.card import interval, number, table

    ranks = [
        [f"{r.window_s} s", r.place, r.method, str(r.videos), number(r.recall_at_10, 3),
         interval(*r.interval), f"{r.median_rank:g}", number(r.p, 3)]
        for r in evaluation.ranks
    ]  # fmt: skip
    places = [
        [f"{r.window_s} s", f"{r.windows:,}", number(r.within, 3), interval(*r.interval),
         number(r.chance, 3), number(r.mean_iou, 3), interval(*r.iou_interval),
         number(r.mean_iou_of_middle, 3)]
        for r in evaluation.in_points
    ]  # fmt: skip
    null = [
        [f"{r.window_s} s", f"{r.pairs:,}", number(r.mean, 3), f"{r.sd:.3f}"]
        for r in evaluation.null
    ]
    head = ["window", "place", "by", "videos", "Recall@10", "95 %", "median rank", "p"]
    of_places = ["window", "windows", f"within {WITHIN_S} s", "95 %", "chance", "mean IoU", "95 %",
                 "always the middle"]  # fmt: skip
    return {
        "arc": table(head, ranks),
        "arc, in-points": table(of_places, places),
        "arc, null": table(["window", "wrong pairs", "mean of z", "sd of z"], null),
    }
