"""`leitmotif recommend VIDEO`: the tracks of a catalogue that fit a video, with reasons."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from data.atomic import atomic_path
from data.catalogue import Catalogue
from data.errors import InputError
from data.filter_options import add_filter_options, conditions
from leitmotif import pipeline
from leitmotif.commands.batch import add_batch_arguments, run_batch
from leitmotif.scenes import like
from leitmotif.settings import Settings, data_folder
from leitmotif.show.progress import progress_bar, warn
from leitmotif.show.terminal import console, print_recommendation
from leitmotif.store.database import Database
from leitmotif.taste import Diary, refused
from leitmotif.taste.answer import POOL, Tasted, can_order, taste
from leitmotif.taste.diary import ME
from matcher import presets
from matcher.checks import check_choice, check_count
from matcher.course import Course, TrackCourses
from matcher.diversity import check_diversity
from matcher.filters import Filter
from matcher.importance import parse_weights
from matcher.index import open_index
from matcher.metric import METRICS
from matcher.query import Query
from recommender import load_recommender

if TYPE_CHECKING:
    from features.video.timeline import Timeline
    from matcher.query import Query


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", type=Path, metavar="VIDEO", help="a film, or a folder of films")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="of a folder: where the files go"
    )
    parser.add_argument(
        "--catalogue",
        type=Path,
        help="CSV or Parquet (default: LEITMOTIF_CATALOGUE, else the demo's)",
    )
    parser.add_argument("--top-k", type=int, default=5, metavar="K", help="how many tracks (5)")
    parser.add_argument(
        "--weights",
        action="append",
        metavar="W",
        help="importance per dimension: valence=2,rhythm=0.5 (others 1), ten numbers, or equal "
        "(default: by measured reliability)",
    )
    parser.add_argument("--va-only", action="store_true", help="match on arousal and valence alone")
    parser.add_argument("--metric", default="euclidean", help="euclidean (%(default)s), or cosine")
    parser.add_argument(
        "--scale",
        choices=("standard", "raw"),
        default="standard",
        help="divide by the catalogue's spread, or not",
    )
    add_filter_options(parser)
    parser.add_argument(
        "--diverse",
        default="0",
        metavar="L",
        help="0 (default) lists the nearest; up to 1 avoids similar tracks",
    )
    parser.add_argument(
        "--index", metavar="I", help="a prepared index: a file, or the address of a Milvus server"
    )
    parser.add_argument(
        "--kind",
        choices=("story", "music"),
        default="story",
        help="what leads the film: its story (%(default)s), or its music, as in music videos",
    )
    parser.add_argument(
        "--place",
        metavar="T",
        help="second (or m:ss) of the track at which the film begins, where that is decided",
    )
    parser.add_argument(
        "--predictor",
        metavar="FILE",
        help="predict the music by this file of `leitmotif train`, whatever --kind says",
    )
    parser.add_argument(
        "--profile-weights",
        type=Path,
        metavar="FILE",
        help="see the picture as somebody's ratings do (calibrate's file)",
    )
    parser.add_argument(
        "--like-scenes",
        nargs="+",
        metavar="SCENE",
        help="also the tracks that these scenes' own music asks for: FILM or FILM@1:20-1:50, a "
        "file or the title of a film of your scenes",
    )
    parser.add_argument(
        "--per-scene", action="store_true", help="tracks for each scene of the video"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="look at key frames only: a first answer in seconds, less sure",
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="watch the video again even if it was watched before",
    )
    parser.add_argument(
        "--taste",
        nargs="?",
        const=ME,
        metavar="PERSON",
        help="in the order of what was learned of a person, with one try; answer by "
        "`leitmotif taste like TRACK`",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    add_batch_arguments(parser)
    parser.set_defaults(run=run)


def parse_query(args: argparse.Namespace) -> Query:
    """What is asked, but for what the picture says. Raises `InputError`."""
    asked = conditions(args)
    importance = None
    if args.va_only:
        importance = presets.va_only()
    elif args.weights == ["equal"]:
        importance = presets.equal()
    elif args.weights:
        importance = parse_weights(args.weights)
    return Query(
        importance=importance,
        metric=check_choice(args.metric, METRICS, "--metric"),
        scale=args.scale,
        k=check_count(args.top_k, "--top-k"),
        filter=Filter.parse(asked) if asked else None,
        diversity=check_diversity(args.diverse, "--diverse"),
        never=frozenset(args.never),
    )


def parse_place(text: str | None) -> float | None:
    """Seconds of `41`, `41.5` or `0:41`. Raises `InputError`."""
    if text is None:
        return None
    try:
        minutes, _, seconds = text.rpartition(":")
        place = 60 * int(minutes or 0) + float(seconds)
    except ValueError:
        place = -1.0
    if not 0 <= place < 1e6:
        raise InputError("command.place", given=text)
    return place


def run(args: argparse.Namespace) -> int:
    """Watch the video, print its tracks; of a folder, all its films."""
    args.never = sorted(refused(data_folder(), args.taste or ME))
    # Whatever can be wrong with the arguments is found before the long work.
    query, _ = parse_query(args), parse_place(args.place)
    if args.taste and not can_order(query):
        raise InputError("taste.plain_only")
    if args.like_scenes and args.per_scene:
        raise InputError("command.like_per_scene")
    pipeline.load_profile_weights(args.profile_weights)
    named = args.catalogue or Settings.from_environment().catalogue
    catalogue = Catalogue.read(named)
    if catalogue.skipped:
        print(
            f"leitmotif: {catalogue.source}: {len(catalogue.skipped)} rows skipped; "
            "`leitmotif catalogue check` names them.",
            file=sys.stderr,
        )
    if args.video.is_dir():
        if args.taste:
            raise InputError("taste.one_film", file=args.video)
        return run_batch(
            args.video, args, recommend_film, Path(named), ".music.json", "recommendations.csv"
        )
    if args.output is not None:
        raise InputError("command.output_of_folder", file=args.video)
    with progress_bar(args.video.name, args.quiet) as progress:
        timeline = pipeline.read_video(
            args.video, progress=progress, cache=not args.no_cache, quick=args.quick
        )
    results = _results(timeline, catalogue, args)
    tasted: list[Tasted] = []
    if args.taste:
        results, tasted = _in_order_of(results, timeline, query.k, args)
    if args.json:
        record = _record(args.video, catalogue, results)
        if args.taste:
            record["taste"] = [asdict(t) for t in tasted]
        print(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        out = console()
        for result, list_ in zip_longest(results, tasted):
            print_recommendation(result, out)
            if list_ and list_.attempt is not None:
                print(f"{result.matches[list_.attempt].name} is a try.")
    warn(args.video, (w for r in results for w in (*timeline.warnings, *r.warnings)))
    return 0


def recommend_film(film: Path, output: Path, args: argparse.Namespace) -> dict[str, str]:
    """One film of a folder: its recommendations as a file, its tracks as a row."""
    catalogue = _catalogue(args.catalogue or Settings.from_environment().catalogue)
    timeline = pipeline.read_video(film, cache=not args.no_cache, quick=args.quick)
    results = _results(timeline, catalogue, args)
    with atomic_path(output) as temporary:
        text = json.dumps(_record(film, catalogue, results), ensure_ascii=False, indent=2)
        temporary.write_text(text + "\n", encoding="utf-8")
    first = results[0].matches
    return {f"track {n}": match.name for n, match in enumerate(first, start=1)}


@lru_cache(maxsize=1)
def _catalogue(path: Path) -> Catalogue:
    return Catalogue.read(path)


def _results(
    timeline: Timeline, catalogue: Catalogue, args: argparse.Namespace
) -> list[pipeline.Recommendation]:
    query, place = parse_query(args), parse_place(args.place)
    if args.taste:
        query = replace(query, k=max(query.k, POOL))
    index = open_index(args.index, catalogue) if args.index else None
    learned = pipeline.load_profile_weights(args.profile_weights)
    recommender = load_recommender(args.predictor or args.kind)
    if args.per_scene:
        return pipeline.recommend_scenes(
            timeline,
            catalogue,
            query,
            index=index,
            recommender=recommender,
            profile_weights=learned,
            place=place,
        )
    profile = pipeline.score(timeline, profile_weights=learned)
    course = _course(timeline, catalogue, place)
    results = [
        pipeline.match(
            profile, catalogue, query, index=index, recommender=recommender, course=course
        )
    ]
    if args.like_scenes:
        liked = like.read_scenes(args.like_scenes)
        results.append(
            like.recommend_like(
                profile, liked, catalogue, query, recommender=recommender, course=course
            )
        )
    return results


def _in_order_of(
    results: list[pipeline.Recommendation], timeline: Timeline, k: int, args: argparse.Namespace
) -> tuple[list[pipeline.Recommendation], list[Tasted]]:
    """The k tracks of every answer in a person's order, and how they were chosen."""
    diary, place = Diary(Database(data_folder()), args.taste), parse_place(args.place)
    chosen = [
        taste(r, diary, k, course=_course(timeline, r.catalogue, place, r.start, r.end))
        for r in results
    ]
    return [r for r, _ in chosen], [t for _, t in chosen]


def _course(
    timeline: Timeline,
    catalogue: Catalogue,
    place: float | None,
    start: float = 0.0,
    end: float | None = None,
) -> Course | None:
    return pipeline.course_of(timeline, TrackCourses.beside(catalogue), start, end, place)


def _record(
    film: Path, catalogue: Catalogue, results: list[pipeline.Recommendation]
) -> dict[str, object]:
    return {
        "video": str(film),
        "catalogue": catalogue.source,
        "recommendations": [r.to_dict() for r in results],
    }
