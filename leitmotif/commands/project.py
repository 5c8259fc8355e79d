"""`leitmotif project …`: list the page's projects, take them along, find moved files, delete."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from leitmotif.sessions.desk import OWN, delete_project, owner_of
from leitmotif.sessions.parcel import SUFFIX, file_name, read_parcel, write_parcel
from leitmotif.sessions.projects import Project, Projects
from leitmotif.sessions.relink import Relinked, missing_media, relink
from leitmotif.settings import Settings, data_folder
from leitmotif.show.progress import progress_bar
from leitmotif.taste import Diary

OWNER = owner_of(OWN)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "The projects of the page on this machine (LEITMOTIF_DATA)."
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(
        name: str, run: Callable[[argparse.Namespace], None], purpose: str
    ) -> argparse.ArgumentParser:
        sub = actions.add_parser(name, help=purpose, description=purpose[0].upper() + purpose[1:])
        sub.add_argument("--json", action="store_true", help="the result as JSON on stdout")
        sub.set_defaults(run=run)
        return sub

    action("list", run_list, "list the projects, the one opened last first")
    sub = action("export", run_export, "write a project as one file; films and music stay")
    sub.add_argument("name")
    sub.add_argument("-o", "--output", type=Path, metavar="FILE", help=f"default: NAME{SUFFIX}")
    sub = action("import", run_import, "make a project of a file that `export` wrote")
    sub.add_argument("file", type=Path)
    sub = action("relink", run_relink, "find moved films, music and catalogues by their content")
    sub.add_argument("name")
    sub.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    sub.add_argument("--quiet", action="store_true", help="no progress on stderr")
    sub = action("delete", run_delete, "forget a project; films and music stay")
    sub.add_argument("name")


def desk_folder() -> Path:
    """Where this person's uploads and built catalogues lie."""
    return data_folder() / "desks" / OWNER


def run_list(args: argparse.Namespace) -> None:
    projects = Projects(data_folder())
    known = projects.of(OWNER)
    if args.json:
        print(json.dumps([_record(projects, p) for p in known], ensure_ascii=False, indent=1))
        return
    table = Table("project", "films", "catalogues", "scores", "missing", "opened")
    for project in known:
        record = _record(projects, project)
        counts = (str(record[n]) for n in ("films", "catalogues", "scores"))
        table.add_row(project.name, *counts, str(len(record["missing"])), record["opened"])
    Console().print(table)


def _record(projects: Projects, project: Project) -> dict:
    kinds = [part.kind for part in projects.parts(project.id)[0]]
    return {
        "name": project.name,
        "films": kinds.count("film"),
        "catalogues": kinds.count("catalogue"),
        "scores": kinds.count("score"),
        "missing": missing_media(projects, project),
        "opened": time.strftime("%Y-%m-%d %H:%M", time.localtime(project.opened)),
    }


def run_export(args: argparse.Namespace) -> None:
    projects = Projects(data_folder())
    project = projects.named(OWNER, args.name)
    output = args.output or Path(file_name(project.name))
    write_parcel(projects, project, desk_folder(), output, Diary(projects.database))
    print(json.dumps({"file": str(output)}, ensure_ascii=False) if args.json else output)


def run_import(args: argparse.Namespace) -> None:
    projects = Projects(data_folder())
    project = read_parcel(projects, OWNER, desk_folder(), args.file, Diary(projects.database))
    found = relink(projects, project, [], desk_folder(), [Settings.from_environment().catalogue])
    _say(project, found, args)


def run_relink(args: argparse.Namespace) -> None:
    projects = Projects(data_folder())
    project = projects.named(OWNER, args.name)
    further = [Settings.from_environment().catalogue]
    with progress_bar(project.name, args.quiet) as progress:
        found = relink(projects, project, args.folders, desk_folder(), further, progress)
    _say(project, found, args)


def _say(project: Project, found: Relinked, args: argparse.Namespace) -> None:
    if args.json:
        record = {"name": project.name, "found": found.found, "missing": list(found.missing)}
        print(json.dumps(record, ensure_ascii=False, indent=1))
        return
    for path in found.missing:
        print(f"not there: {path}", file=sys.stderr)
    if found.missing:
        print(f"`leitmotif project relink {project.name!r} FOLDER` finds them.", file=sys.stderr)
    print(f"{project.name}: {len(found.found)} found again, {len(found.missing)} missing")


def run_delete(args: argparse.Namespace) -> None:
    projects = Projects(data_folder())
    project = projects.named(OWNER, args.name)
    delete_project(projects, project, desk_folder())
    print(json.dumps({"deleted": project.name}, ensure_ascii=False) if args.json else project.name)
