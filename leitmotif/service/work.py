"""What each kind of job does, in a worker of this machine or of a cluster.

A task is plain values with absolute paths and the id of its job; whoever works on it must see the
same folders. What it makes appears whole (`data.atomic`) before it returns, so that doing a task
twice does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from data.catalogue import Catalogue
from data.errors import InputError, Progress
from leitmotif import pipeline
from leitmotif.catalogue.build import build
from leitmotif.catalogue.library import Library
from leitmotif.score.compose import score
from leitmotif.score.model import Score
from leitmotif.score.render import TARGETS_LUFS, render_film, write_bed
from leitmotif.sessions.workspace import Kept

Task = Mapping[str, Any]
Work = Callable[[Task, Progress], dict[str, Any]]


def library_of(path: str | Path, followed: bool) -> Library:
    """A catalogue; the paths in a stranger's table are not followed."""
    return Library.open(path) if followed else Library(Catalogue.read(path))


def watch(task: Task, progress: Progress) -> dict[str, Any]:
    """Look at a film and keep what was seen."""
    try:
        timeline = pipeline.read_video(task["path"], progress=progress)
    except InputError as error:
        raise Kept(task["key"], task["name"], Path(task["path"])).renamed(error) from None
    timeline.save(task["timeline"])
    return {"film": task["key"], "seconds": timeline.duration}


def build_catalogue(task: Task, progress: Progress) -> dict[str, Any]:
    """Analyse a folder of music."""
    report = build([task["folder"]], task["output"], jobs=1, progress=progress)
    return {
        "catalogue": task["key"],
        "tracks": len(report.catalogue),
        "analysed": report.analysed,
        "failed": [{"path": source, "reason": str(why)} for source, why in report.failed],
    }


def compose(task: Task, progress: Progress) -> dict[str, Any]:
    """Plan a film's music."""
    try:
        plan = score(
            task["path"],
            library_of(task["catalogue"], task["followed"]),
            shortest=task["shortest"],
            reprise=task["reprise"],
            drop=True if task["drop_frame"] else None,
            progress=progress,
        )
    except InputError as error:
        raise Kept(task["key"], task["name"], Path(task["path"])).renamed(error) from None
    plan.write(Path(task["folder"]) / task["job"] / "score.json")
    return {"cues": len(plan.cues), "notes": [str(note) for note in plan.notes]}


def render(task: Task, progress: Progress) -> dict[str, Any]:
    """A score as sound, alone or under its film."""
    plan = Score.read(task["score"])
    output = Path(task["score"]).with_name("renders") / f"{task['job']}.mp4"
    if task["stem"]:
        written = write_bed(plan, output.with_suffix(".wav"), progress)
    else:
        written = render_film(
            plan,
            output,
            film_sound=task["film_sound"],
            target_lufs=TARGETS_LUFS[task["loudness"]],
            progress=progress,
        )
    return {"file": written.name}


WORK: Mapping[str, Work] = {
    "watch": watch,
    "catalogue": build_catalogue,
    "score": compose,
    "render": render,
}


def do(kind: str, task: Task, progress: Progress) -> dict[str, Any]:
    """Do a job. Raises `InputError` where its material cannot be used."""
    return WORK[kind](task, progress)
