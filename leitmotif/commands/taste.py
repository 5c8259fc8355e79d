"""`leitmotif taste`: what was learned of a person; undo, erase, take away, bring back, judge."""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, column_key, field_lookup
from leitmotif.settings import data_folder
from leitmotif.show.terminal import console
from leitmotif.store.database import Database
from leitmotif.taste import Diary
from leitmotif.taste.beliefs import FURTHEST, LARGEST
from leitmotif.taste.diary import ANSWERS, ME, SLIDERS
from leitmotif.taste.offpolicy import Worth, evaluate, logged, policies


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, purpose, work in (
        ("show", "the sliders that were learned, and from how much", _show),
        ("undo", "take the last answer back", _undo),
        ("forget", "erase everything that is kept of a person", _forget),
        ("like", "this track of the last list was good", _answer),
        ("chosen", "this track of the last list was taken for a cue", _answer),
        ("skip", "this track of the last list was not wanted", _answer),
        ("never", "never find a track again", _never),
        ("allow", "let a track be found again", _allow),
        ("edit", "set a learned slider by hand; without a value let go of it", _edit),
        ("export", "write what is kept to a file", _export),
        ("import", "add what a file says", _import),
        ("evaluate", "what other ways to choose the try would have earned", _evaluate),
    ):
        action = actions.add_parser(name, help=purpose)
        if name in ("export", "import"):
            action.add_argument("file", type=Path)
        if name in (*ANSWERS, "allow"):
            action.add_argument("track", help="its track_id")
        if name == "edit":
            action.add_argument("dimension", metavar="FIELD", help="arousal, 唤醒度, …")
            action.add_argument(
                "--matters", type=float, metavar="X", help=f"times its weight, 0 to {LARGEST:g}"
            )
            action.add_argument(
                "--offset",
                type=float,
                metavar="SD",
                help=f"liked off by so many spreads of the catalogue, up to ±{FURTHEST:g}",
            )
        if name in ANSWERS and name != "never":
            action.add_argument(
                "--seen", type=int, default=0, metavar="N",
                help="how many tracks of the list were looked at, from the top (up to this one)",
            )  # fmt: skip
        action.add_argument("--person", default=ME, help="whose taste (%(default)s)")
        action.add_argument("--json", action="store_true", help="print JSON")
        action.set_defaults(run=run, work=work)


def run(args: argparse.Namespace) -> None:
    """Do one of the actions with the diary of this machine."""
    args.work(Diary(Database(data_folder()), args.person), args)


def _say(args: argparse.Namespace, record: dict, text: str) -> None:
    print(json.dumps(record, ensure_ascii=False, indent=2) if args.json else text)


def _show(diary: Diary, args: argparse.Namespace) -> None:
    events, beliefs = diary.events(), diary.beliefs()
    sliders = beliefs.sliders
    counts = dict(Counter(e.kind for e in events))
    names = [f.name for f in MUSIC_FIELDS]
    if args.json:
        learned = {
            "matters": dict(zip(names, sliders.matters.tolist(), strict=True)),
            "offset": dict(zip(names, sliders.offset.tolist(), strict=True)),
        }
        odds = beliefs.odds if math.isfinite(beliefs.odds) else None
        sure = {"sure": beliefs.sure, "log_bayes_factor": odds}
        _say(args, {"person": diary.person, "events": counts, **sure, **learned}, "")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("", "matters", "offset"):
        table.add_column(column, justify="right" if column else "left")
    for f, m, b in zip(MUSIC_FIELDS, sliders.matters, sliders.offset, strict=True):
        table.add_row(f.label, f"{m:.2f}×", f"{b:+z.2f} sd")
    out = console()
    out.print(", ".join(f"{n} {kind}" for kind, n in counts.items()) or "nothing kept yet")
    out.print(table)
    if not beliefs.sure:
        out.print("Too little was said so far: lists stay as asked, with one try.")


def _undo(diary: Diary, args: argparse.Namespace) -> None:
    event = diary.undo()
    if event is None:
        _say(args, {"undone": None}, "There is nothing to undo.")
    else:
        about = event.said.get("track") or event.said["field"]
        _say(args, {"undone": vars(event)}, f"Undone: {event.kind} {about}")


def _forget(diary: Diary, args: argparse.Namespace) -> None:
    count = diary.forget()
    _say(args, {"erased": count}, f"{count} entries erased.")


def _answer(diary: Diary, args: argparse.Namespace) -> None:
    """Of the last list with this track in it."""
    lists = (e for e in reversed(diary.events()) if e.kind == "shown")
    shown = next((e.id for e in lists if args.track in e.said["tracks"]), None)
    if shown is None:
        raise InputError("find.not_shown", track=args.track)
    diary.answer(args.action, args.track, shown, max(args.seen, 0))
    _say(args, {"kept": args.action, "list": shown}, f"Kept: {args.action} {args.track}")


def _never(diary: Diary, args: argparse.Namespace) -> None:
    diary.answer("never", args.track)
    _say(args, {"never": sorted(diary.never())}, f"{args.track} will not be found again.")


def _allow(diary: Diary, args: argparse.Namespace) -> None:
    if not diary.allow(args.track):
        raise InputError("taste.not_refused", track=args.track)
    _say(args, {"never": sorted(diary.never())}, f"{args.track} may be found again.")


def _edit(diary: Diary, args: argparse.Namespace) -> None:
    position = field_lookup(MUSIC_FIELDS).get(column_key(args.dimension))
    if position is None:
        raise InputError("taste.no_field", name=args.dimension, names=list(MUSIC_NAMES))
    field = MUSIC_FIELDS[position]
    limits = {"matters": (0.0, LARGEST), "offset": (-FURTHEST, FURTHEST)}
    given = {name: getattr(args, name) for name in SLIDERS}
    for name, value in given.items():
        low, high = limits[name]
        if value is not None and not low <= value <= high:
            raise InputError(
                "taste.out_of_range", name=f"--{name}", low=low, high=high, value=value
            )
    let_go = all(value is None for value in given.values())
    for name, value in given.items():
        if let_go or value is not None:
            diary.set_slider(field.name, name, value)
    _say(args, {"field": field.name, **given}, f"{field.label}: {'let go' if let_go else 'set'}")


def _export(diary: Diary, args: argparse.Namespace) -> None:
    count = diary.export(args.file)
    _say(args, {"file": str(args.file), "events": count}, f"{args.file}: {count} entries")


def _import(diary: Diary, args: argparse.Namespace) -> None:
    count = diary.take_in(args.file)
    _say(args, {"file": str(args.file), "new": count}, f"{args.file}: {count} new entries")


def _evaluate(diary: Diary, args: argparse.Namespace) -> None:
    """Learned from the first half of the events, judged on the tries of the second."""
    events = diary.events()
    lists = [i for i, e in enumerate(events) if e.kind == "shown"]
    middle = lists[len(lists) // 2] if lists else 0
    tries = logged(events[middle:])
    ways = policies(events[:middle])
    found = {name: evaluate(tries, policy) for name, policy in ways.items()}
    if args.json:
        _say(args, {n: asdict(w) if w else None for n, w in found.items()}, "")
        return
    if not tries:
        print("No try has been answered yet.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("the try chosen", "IPS", "doubly robust", "tries"):
        table.add_column(column, justify="left" if column.startswith("the") else "right")
    for name, worth in found.items():
        assert isinstance(worth, Worth)
        table.add_row(
            name,
            f"{worth.ips:.2f} ± {worth.ips_error:.2f}",
            f"{worth.robust:.2f} ± {worth.robust_error:.2f}",
            str(worth.tries),
        )
    console().print(table)
