"""`leitmotif score VIDEO`: a film's music as a plan; `score render`, `score export` take it on."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from data.errors import InputError, Progress
from data.words import Sentence
from leitmotif.catalogue.library import Library
from leitmotif.commands.batch import add_batch_arguments, run_batch
from leitmotif.score.compose import gone, own_sound, rate_note, score
from leitmotif.score.ducking import measure, report
from leitmotif.score.exports import FORMATS, export
from leitmotif.score.model import DUCKINGS, Ducking, Score
from leitmotif.score.render import STEMS, TARGETS_LUFS, preview_cue, render_film, write_stem
from leitmotif.score.sound import file_powers
from leitmotif.settings import Settings
from leitmotif.show.progress import progress_bar, warn
from leitmotif.show.score_table import print_score
from leitmotif.show.terminal import console

ACTIONS = ("plan", "render", "export")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = (
        "leitmotif score [plan] VIDEO [options] | score render SCORE | score export SCORE"
    )
    parser.add_argument(
        "words",
        nargs="+",
        metavar="[plan|render|export] FILE",
        help="a film, a folder of films, or a score",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    plan = parser.add_argument_group("plan")
    plan.add_argument("--catalogue", type=Path, help="CSV or Parquet (default: as `recommend`)")
    plan.add_argument(
        "--shortest", type=float, default=8.0, metavar="S", help="no cue is shorter (%(default)s s)"
    )
    plan.add_argument("--reprise", action="store_true", help="a track may come more than once")
    plan.add_argument(
        "--stretch", action="store_true", help="tracks may play 1.5 %% slower or faster to fit"
    )
    plan.add_argument("--drop-frame", action="store_true", help="count in drop-frame timecode")
    plan.add_argument(
        "--ducking",
        choices=DUCKINGS,
        help="how music gives way to speech: 10 LU below it, or a dip of 4, 8 or 14 dB (below)",
    )
    plan.add_argument("--attack", type=float, metavar="S", help="how long music takes to go down")
    plan.add_argument("--release", type=float, metavar="S", help="how long it takes to come back")
    plan.add_argument("--json", action="store_true", help="print the score")
    render = parser.add_argument_group("render")
    render.add_argument(
        "--film-sound",
        choices=("mix", "under", "mute"),
        default="mix",
        help="the film's own sound: with music ducked under speech, under the music, or left out",
    )
    render.add_argument(
        "--loudness", choices=TARGETS_LUFS, default="web", help="of the whole (%(default)s)"
    )
    render.add_argument(
        "--stem", choices=STEMS, help="one stem as WAV: music, music under speech, film sound"
    )
    render.add_argument("--cue", metavar="N", help="a preview of one cue alone, such as 1m01")
    export = parser.add_argument_group("export")
    export.add_argument(
        "--format", action="append", metavar="F", help="otio, fcp7, … (default: all)"
    )
    add_batch_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    action, *files = args.words if args.words[0] in ACTIONS else ("plan", *args.words)
    if len(files) != 1:
        raise InputError("score.one_file", action=action, n=len(files))
    if action == "plan" and Path(files[0]).is_dir():
        named = args.catalogue or Settings.from_environment().catalogue
        Library.open(named)  # what is wrong with it is said before the long work
        return run_batch(Path(files[0]), args, score_film, Path(named), ".score.json", "scores.csv")
    {"plan": run_plan, "render": run_render, "export": run_export}[action](Path(files[0]), args)
    return None


def plan_of(
    video: Path, output: Path, library: Library, args: argparse.Namespace, progress: Progress
) -> Score:
    """The film's plan, written to `output`; what a person has locked there stays."""
    before = Score.read(output) if output.exists() else None
    plan = score(
        video,
        library,
        before=before,
        shortest=args.shortest,
        reprise=args.reprise,
        stretch=args.stretch,
        drop=True if args.drop_frame else None,
        ducking=_ducking(args, before),
        progress=progress,
    )
    plan.write(output)
    return plan


def score_film(film: Path, output: Path, args: argparse.Namespace) -> dict[str, object]:
    """One film of a folder: its plan as a file, what it is made of as a row."""
    library = _library(args.catalogue or Settings.from_environment().catalogue)
    plan = plan_of(film, output, library, args, lambda stage, done, total: None)
    tracks = dict.fromkeys(cue.title for cue in plan.sounding())
    return {"cues": len(plan.cues), "sounding": len(plan.sounding()), "tracks": " | ".join(tracks)}


@lru_cache(maxsize=1)
def _library(path: Path) -> Library:
    return Library.open(path)


def run_plan(video: Path, args: argparse.Namespace) -> None:
    library = Library.open(args.catalogue or Settings.from_environment().catalogue)
    output = args.output or video.with_suffix(".score.json")
    with progress_bar(video.name, args.quiet) as progress:
        plan = plan_of(video, output, library, args, progress)
    if args.json:
        print(json.dumps(plan.to_dict(), ensure_ascii=False, indent=1))
    else:
        print_score(plan, console())
    warn(video, plan.notes)
    print(f"leitmotif: {output}", file=sys.stderr)


def _ducking(args: argparse.Namespace, before: Score | None) -> Ducking:
    """What was asked for, else what the earlier score has, else 10 LU below speech."""
    kept = before.ducking if before else Ducking()
    chosen = DUCKINGS[args.ducking] if args.ducking else kept
    if args.attack is not None:
        chosen = replace(chosen, attack_s=args.attack)
    return chosen if args.release is None else replace(chosen, release_s=args.release)


def run_render(file: Path, args: argparse.Namespace) -> None:
    plan = Score.read(file)
    name = file.name.removesuffix(".json").removesuffix(".score")
    said: list[Sentence] = []
    with progress_bar(file.name, args.quiet) as progress:
        if args.stem:
            output = args.output or file.with_name(f"{name}.{args.stem}.wav")
            written = write_stem(plan, args.stem, output, progress)
            if args.stem == "ducked" and Path(plan.film.path).is_file():
                own = own_sound(plan.film.path, progress)
                said += report(plan, measure(plan, own, file_powers(written)))
        elif args.cue:
            output = args.output or file.with_name(f"{name}.{args.cue}.mp4")
            written = preview_cue(
                plan, args.cue, output, film_sound=args.film_sound, progress=progress
            )
        else:
            output = args.output or file.with_name(f"{name}.scored.mp4")
            written = render_film(
                plan,
                output,
                film_sound=args.film_sound,
                target_lufs=TARGETS_LUFS[args.loudness],
                progress=progress,
                tell=said.append,
            )
    print(written)
    warn(written, said)


def run_export(file: Path, args: argparse.Namespace) -> None:
    plan = Score.read(file)
    name = file.name.removesuffix(".json").removesuffix(".score")
    chosen = args.format or [form.name for form in FORMATS]
    if args.output and len(chosen) > 1:
        raise InputError("score.one_format", file=args.output)
    failed = None
    for form in chosen:
        suffix = next((f.suffix for f in FORMATS if f.name == form), "")
        try:
            print(export(plan, form, args.output or file.with_name(name + suffix)))
        except InputError as error:
            if args.format:
                raise
            failed = error
    if failed:
        print(f"leitmotif: {failed}", file=sys.stderr)
    warn(file, [*rate_note(plan.film), *gone(plan)])
