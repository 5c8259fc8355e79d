"""`leitmotif catalogue build FOLDER… -o FILE`, `check FILE`, and `beats TRACK --half`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from data.catalogue import Catalogue
from data.errors import InputError
from data.numbers import parse_number
from data.profiles import MUSIC_FIELDS
from leitmotif.catalogue.beats import correct_beats
from leitmotif.catalogue.build import Report, build
from leitmotif.catalogue.parts import build_part
from leitmotif.settings import Settings
from leitmotif.show.progress import progress_bar
from leitmotif.workers.parts import add_part_arguments, part_of

_SHOWN = 20
"""Lines of warnings, and of files left out, before the report's file must be read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = actions.add_parser(
        "build",
        help="analyse every audio file under some folders",
        description="Analyse every audio file under FOLDER….",
    )
    build.add_argument("folders", nargs="+", metavar="FOLDER")
    build.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("audio_features.csv"),
        help="CSV, or Parquet by its ending (%(default)s)",
    )
    build.add_argument("-j", "--jobs", type=int, default=-1, help="worker processes (one per core)")
    build.add_argument(
        "--cluster", metavar="ADDRESS", help="run on a Dask cluster instead, as tcp://host:8786"
    )
    build.add_argument(
        "--no-tags",
        dest="tags",
        action="store_false",
        help="don't let YAMNet hear the tracks (a third faster)",
    )
    add_part_arguments(build)
    build.set_defaults(run=run_build)
    check = actions.add_parser(
        "check",
        help="read a catalogue and say what is in it",
        description="Read a catalogue, name every row that cannot be used.",
    )
    check.add_argument("catalogue", type=Path, metavar="FILE")
    check.set_defaults(run=run_check)
    beats = actions.add_parser(
        "beats",
        help="correct the beats of a track",
        description="Correct the beats of TRACK (id, path or title); kept when it is built again.",
    )
    beats.add_argument("track", metavar="TRACK")
    beats.add_argument("--catalogue", type=Path, metavar="FILE", help="(default: the demo's)")
    tempo = beats.add_mutually_exclusive_group()
    tempo.add_argument("--half", action="store_true", help="every second beat is none")
    tempo.add_argument("--double", action="store_true", help="there is a beat between any two")
    beats.add_argument(
        "--shift", metavar="S", help="they come S seconds later (earlier if below 0)"
    )
    beats.add_argument("--measured", action="store_true", help="forget what was said before")
    beats.set_defaults(run=run_beats)
    for sub in (build, check, beats):
        sub.add_argument("--json", action="store_true", help="the result as JSON on stdout")
        sub.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run_build(args: argparse.Namespace) -> int:
    part = part_of(args)
    if part is not None:
        with progress_bar(f"Part {part.number}/{part.of}", args.quiet) as progress:
            options = {"jobs": args.jobs, "cluster": args.cluster, "tags": args.tags}
            n = build_part(args.folders, args.output, part, progress=progress, **options)
        said = {"part": part.number, "of": part.of, "analysed": n}
        print(json.dumps(said) if args.json else f"part {part.number} of {part.of}: {n} analysed")
        return 0
    with progress_bar("Catalogue", args.quiet) as progress:
        report = build(
            args.folders,
            args.output,
            jobs=args.jobs,
            cluster=args.cluster,
            tags=args.tags,
            progress=progress,
        )
    if args.json:
        print(json.dumps(_as_json(args.output, report), ensure_ascii=False))
        return 0
    for track_id, sentence in report.warnings[:_SHOWN]:
        print(f"{track_id}: {sentence}", file=sys.stderr)
    for source, reason in report.failed[:_SHOWN]:
        print(f"left out {source}: {reason}", file=sys.stderr)
    if len(report.failed) > _SHOWN:
        table = args.output.with_name(f"{args.output.stem}.failed.csv")
        print(f"… and {len(report.failed) - _SHOWN} more, all in {table}", file=sys.stderr)
    counts = {
        "analysed": report.analysed,
        "unchanged": report.unchanged,
        "moved": report.moved,
        "missing (marked)": len(report.missing),
        "near-duplicates (marked)": len(report.duplicates),
        "left out": len(report.failed),
    }
    print(
        f"{args.output}: {len(report.catalogue)} tracks; "
        + ", ".join(f"{n} {what}" for what, n in counts.items() if n)
    )
    return 0


def _as_json(output: Path, report: Report) -> dict:
    return {
        "catalogue": str(output),
        "tracks": len(report.catalogue),
        "analysed": report.analysed,
        "unchanged": report.unchanged,
        "moved": report.moved,
        "missing": list(report.missing),
        "duplicates": report.duplicates,
        "failed": [{"path": source, "reason": reason} for source, reason in report.failed],
        "warnings": [
            {"track_id": track_id, "warning": sentence} for track_id, sentence in report.warnings
        ],
    }


def run_check(args: argparse.Namespace) -> int:

    catalogue = Catalogue.read(args.catalogue)
    low, median, high = np.percentile(catalogue.features, [5, 50, 95], axis=0).tolist()
    if args.json:
        report = {
            "catalogue": str(args.catalogue),
            "tracks": len(catalogue),
            "skipped": [{"line": s.line, "reason": s.reason} for s in catalogue.skipped],
            "extractors": list(catalogue.extractors),
            "fields": {
                f.name: {"p5": a, "median": m, "p95": b}
                for f, a, m, b in zip(MUSIC_FIELDS, low, median, high, strict=True)
            },
        }
        print(json.dumps(report, ensure_ascii=False))
        return 0

    table = Table(
        "field",
        "5 %",
        "median",
        "95 %",
        "scale",
        title=f"{args.catalogue}: {len(catalogue)} tracks",
    )
    for field, a, m, b in zip(MUSIC_FIELDS, low, median, high, strict=True):
        table.add_row(
            field.label, f"{a:.1f}", f"{m:.1f}", f"{b:.1f}", f"{field.low:g} to {field.high:g}"
        )
    Console().print(table)
    print("measured by " + (", ".join(map(_named, catalogue.extractors)) or "an unknown extractor"))
    for row in catalogue.skipped:
        print(f"line {row.line} skipped: {row.reason}", file=sys.stderr)
    return 0


def run_beats(args: argparse.Namespace) -> int:
    shift = 0.0 if args.shift is None else parse_number(args.shift)
    if not np.isfinite(shift):
        raise InputError("beats.shift", value=args.shift)
    if not (args.half or args.double or args.measured or args.shift is not None):
        raise InputError("beats.nothing")
    found = correct_beats(
        args.catalogue or Settings.from_environment().catalogue,
        args.track,
        tempo=0.5 if args.half else 2.0 if args.double else 1.0,
        shift_s=shift,
        anew=args.measured,
    )
    beats = found.over_time.beats.tolist()
    if args.json:
        accents = np.flatnonzero(found.over_time.accents).tolist()
        record = {"bpm": round(found.bpm, 2), "beats": beats, "accents": accents}
        print(json.dumps(record | {"sections": found.over_time.sections.tolist()}))
        return 0
    print(f"{args.track}: {found.bpm:.1f} BPM, {len(beats)} beats from {beats[0]:.2f} s on")
    return 0


def _named(extractor: str) -> str:
    from features.audio.profile import EXTRACTOR, is_older

    return f"{extractor} (older than {EXTRACTOR})" if is_older(extractor) else extractor
