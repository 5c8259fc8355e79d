"""Measuring the files of a build: only those whose content is new, each remembered at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from data.errors import Progress
from leitmotif.catalogue import executors
from leitmotif.catalogue.files import Listed
from leitmotif.catalogue.memory import Seen, State
from leitmotif.catalogue.track import Outcome, digest


def extractor_of(tags: bool) -> str:
    """What measures here: its name, and whether YAMNet hears the tracks."""
    from features import pretrained
    from features.audio import EXTRACTOR, WITH_YAMNET

    return WITH_YAMNET if tags and pretrained.locate("yamnet") else EXTRACTOR


def measure(
    state: State, listed: list[Listed], pool: executors.Pool, progress: Progress | None
) -> tuple[int, int]:
    """Bring a memory up to date with some files; how many were measured, and found moved."""
    seen, known = state.files(), state.known()
    todo = [f for f in listed if not _unchanged(f, seen.get(f.source), known)]
    moved, todo = _recognise(state, todo, seen, known)
    for done, (file, outcome) in enumerate(_outcomes(pool, todo), start=1):
        _remember(state, file, outcome)
        if progress:
            progress(Path(file.source).name, done, len(todo))
    return len(todo), moved


def _unchanged(file: Listed, seen: Seen | None, known: frozenset[str]) -> bool:
    if seen is None or (seen.size, seen.mtime_ns) != (file.size, file.mtime_ns):
        return False
    return bool(seen.reason) or seen.sha256 in known


def _recognise(
    state: State, todo: list[Listed], seen: dict[str, Seen], known: frozenset[str]
) -> tuple[int, list[Listed]]:
    """Files whose content is measured already, moved or copied: only those of a known size are read
    to see.
    """
    by_size: dict[int | None, list[tuple[str, Seen]]] = {}
    for source, entry in seen.items():
        if entry.sha256 in known:
            by_size.setdefault(entry.size, []).append((source, entry))
    found, fresh = 0, []
    for file in todo:
        match = None
        if file.size in by_size and "://" not in file.source:
            sha256 = digest(Path(file.source))
            match = next(((s, e) for s, e in by_size[file.size] if e.sha256 == sha256), None)
        if match is None:
            fresh.append(file)
            continue
        source, entry = match
        track_id = file.track_id
        if source != file.source and not Path(source).exists() and source in state.files():
            state.forget_file(source)  # moved: the track keeps its id
            track_id = entry.track_id
        state.remember_file(file.source, Seen(track_id, file.size, file.mtime_ns, entry.sha256, ""))
        found += 1
    return found, fresh


def _outcomes(pool: executors.Pool, todo: list[Listed]) -> Iterable[tuple[Listed, Outcome]]:
    by_source = {file.source: file for file in todo}
    for outcome in pool([file.source for file in todo]):
        yield by_source[outcome.source], outcome


def _remember(state: State, file: Listed, outcome: Outcome) -> None:
    if outcome.record is not None:
        state.remember(outcome.sha256, outcome.record)
    state.remember_file(
        file.source, Seen(file.track_id, file.size, file.mtime_ns, outcome.sha256, outcome.reason)
    )
