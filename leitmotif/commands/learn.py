"""`leitmotif learn FOLDER`: scored videos become pairs of picture and music."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from data.errors import InputError
from data.muvi_sync import is_muvi_sync, read_muvi_sync
from leitmotif.learning.filmed import music_videos
from leitmotif.learning.scored_videos import Learned, learn, learn_part, read_sources
from leitmotif.show.progress import progress_bar
from leitmotif.workers.parts import add_part_arguments, part_of
from recommender.comparison_page import best_partners, write_scatter_page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Score every scene of every video under FOLDER: the picture alone, and the music under "
        "it. A folder laid out like MuVi-Sync (per_second.csv) is read as it is."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("pairs.csv"), help="CSV (%(default)s)"
    )
    parser.add_argument(
        "--sources",
        type=Path,
        metavar="CSV",
        help="columns file and source: which files were cut from one film",
    )
    parser.add_argument(
        "--min-music",
        type=float,
        default=0.5,
        metavar="SHARE",
        help="leave out scenes with less music (%(default)s)",
    )
    parser.add_argument(
        "--page",
        type=Path,
        metavar="HTML",
        help="also draw each music field against its best picture field",
    )
    parser.add_argument(
        "-j", "--jobs", type=int, default=-1, help="worker processes (one per core)"
    )
    add_part_arguments(parser)
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:

    if args.jobs == 0 or not 0 <= args.min_music <= 1:
        raise InputError("command.jobs")
    part = part_of(args)
    if part is not None:
        with progress_bar(f"Part {part.number}/{part.of}", args.quiet) as progress:
            n = learn_part(args.folder, part, args.output, jobs=args.jobs, progress=progress)
        said = {"part": part.number, "of": part.of, "scored": n}
        print(json.dumps(said) if args.json else f"part {part.number} of {part.of}: {n} scored")
        return
    began = time.perf_counter()
    if is_muvi_sync(args.folder):
        pairs = read_muvi_sync(args.folder)
        films = music_videos(args.folder)
        learned = Learned(pairs, len(set(pairs.sources)), (), films)
        learned.write(args.output)
    else:
        sources = read_sources(args.sources) if args.sources else None
        with progress_bar("Learn", args.quiet) as progress:
            learned = learn(
                args.folder,
                sources=sources,
                min_music_share=args.min_music,
                jobs=args.jobs,
                output=args.output,
                progress=progress,
            )
    if args.page:
        write_scatter_page(args.page, learned.pairs)
    seconds = time.perf_counter() - began
    if args.json:
        print(json.dumps(_record(args, learned, seconds), ensure_ascii=False))
        return
    for name, start, reason in learned.left_out:
        print(
            f"left out {name}{'' if start is None else f' at {start:g} s'}: {reason}",
            file=sys.stderr,
        )
    count, cut_from = len(learned.pairs), len(set(learned.pairs.sources))
    print(
        f"{args.output}: {count} scenes of {cut_from} sources from {learned.files} files, "
        f"{len(learned.left_out)} left out, {seconds:.0f} s"
    )


def _record(args: argparse.Namespace, learned: Learned, seconds: float) -> dict:

    pairs = learned.pairs
    return {
        "pairs": str(args.output),
        "scenes": len(pairs),
        "sources": len(set(pairs.sources)),
        "files": learned.files,
        "seconds": round(seconds, 2),
        "video_extractors": sorted(set(pairs.video_extractors)),
        "music_extractors": sorted(set(pairs.music_extractors)),
        "left_out": [
            {"file": name, "start_s": start, "reason": reason}
            for name, start, reason in learned.left_out
        ],
        "best_partners": {
            m: {"field": v, "spearman": round(r, 3), "scenes": n}
            for m, (v, r, n) in best_partners(pairs).items()
        },
    }
