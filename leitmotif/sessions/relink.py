"""Films, music and catalogues that were moved, found again by their content.

A catalogue that is found brings its tracks along, because their paths begin at its own folder;
everything else is looked for by SHA-256 among the files of some folders, those of the right size
where that is known. Then every path of the project is written anew in one step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from data.columns import Column
from data.errors import InputError, Progress
from data.media import AUDIO_SUFFIXES, EITHER_SUFFIXES, VIDEO_SUFFIXES
from data.media_files import media_files
from leitmotif.catalogue.library import Library
from leitmotif.sessions.parcel import media_of
from leitmotif.sessions.projects import Part, Project, Projects, one
from leitmotif.sessions.workspace import CATALOGUE_SUFFIXES, content_key, is_there

_SUFFIXES = AUDIO_SUFFIXES | EITHER_SUFFIXES | VIDEO_SUFFIXES | frozenset(CATALOGUE_SUFFIXES)


class Wanted(NamedTuple):
    """A file that is not where it was. size : bytes, None where it was never noted."""

    sha256: str
    size: int | None


@dataclass(frozen=True)
class Relinked:
    """found : where files were, to where they are now. missing : what was not found."""

    found: dict[str, str]
    missing: tuple[str, ...]


def missing_media(projects: Projects, project: Project) -> list[str]:
    """Films and catalogues of a project that are not where they were."""
    parts, _, _ = projects.parts(project.id)
    paths = (p.document["path"] for p in parts if p.kind in ("film", "catalogue"))
    return [path for path in paths if not is_there(path)]


def relink(
    projects: Projects,
    project: Project,
    folders: Sequence[Path],
    own: Path,
    catalogues: Sequence[Path] = (),
    progress: Progress | None = None,
) -> Relinked:
    """Find what was moved in some folders, and write the project's paths anew.

    own : folder of its owner's catalogues, whose rows are written anew, too. catalogues : further
    ones that know its tracks, as the settings'.
    Raises `InputError` for a folder that is not there.
    """
    for folder in folders:
        if not folder.is_dir():
            raise InputError("session.no_such_folder", folder=folder)
    parts, _, _ = projects.parts(project.id)
    moved: dict[str, str] = {}
    search = _Search(folders, progress)
    moved |= search.find(_gone(_documents(parts)))  # first what brings tracks along
    libraries = _libraries(parts, moved, catalogues)
    wanted = _gone(_tracks(parts, libraries))
    moved |= _beside(wanted, libraries)
    moved |= search.find({p: w for p, w in wanted.items() if p not in moved})
    for library in libraries:
        if library.folder == own:
            _rewrite(library, search.find(_rows(library)))
    changed = [new for part in parts if (new := _moved(part, moved)) != part]
    old = [("medium", p.key) for p in parts if p.kind == "medium" and p.key in moved]
    projects.change(project.id, changed, old)
    everything = _documents(parts) | _tracks(parts, libraries) | dict.fromkeys(_named(parts))
    left = (p for p in everything if not is_there(moved.get(p, p)))
    return Relinked(moved, tuple(sorted(left)))


class _Search:
    """Files below some folders, each read at most once."""

    def __init__(self, folders: Sequence[Path], progress: Progress | None) -> None:
        self._progress = progress
        self._files = sorted(
            (found.stat().st_size, str(found))
            for folder in folders
            for found, _ in media_files(folder.absolute(), _SUFFIXES, lambda path, why: None)
        )
        self._known: dict[str, str] = {}

    def find(self, wanted: Mapping[str, Wanted]) -> dict[str, str]:
        """Old path to new path, for what is there."""
        left = {w.sha256 for w in wanted.values()} - self._known.keys()
        sizes = {w.size for w in wanted.values() if w.sha256 in left}
        todo = [f for size, f in self._files if left and (None in sizes or size in sizes)]
        for done, file in enumerate(todo, start=1):
            self._known.setdefault(content_key(Path(file)), file)
            left.discard(content_key(Path(file)))
            if self._progress:
                self._progress(Path(file).name, done, len(todo))
            if not left:
                break
        return {
            path: self._known[w.sha256] for path, w in wanted.items() if w.sha256 in self._known
        }


def _gone(known: Mapping[str, Wanted]) -> dict[str, Wanted]:
    return {path: w for path, w in known.items() if not is_there(path)}


def _documents(parts: Iterable[Part]) -> dict[str, Wanted]:
    """Films and catalogues, and what earlier exports said of media, by path."""
    known = {}
    for part in parts:
        document = part.document
        if part.kind == "film":
            known[document["path"]] = Wanted(part.key, document.get("size"))
        elif part.kind == "catalogue" and document.get("sha256"):
            known[document["path"]] = Wanted(document["sha256"], document.get("size"))
        elif part.kind == "medium":
            known[part.key] = Wanted(document["sha256"], document["size"])
    return known


def _libraries(
    parts: Iterable[Part], moved: Mapping[str, str], further: Iterable[Path]
) -> list[Library]:
    """The catalogues that can be read, where they are now."""
    found = []
    named = [document["path"] for document in one(list(parts), "catalogue").values()]
    for path in [*(moved.get(path, path) for path in named), *further]:
        try:
            found.append(Library.open(path))
        except InputError:
            continue  # not found, or no longer a catalogue: its rows cannot help
    return found


def _score_tracks(value: Any) -> Iterator[dict[str, Any]]:
    """The tracks in a score, wherever in it."""
    if isinstance(value, dict):
        if value.get("path") and "track_id" in value:
            yield value
        for inner in value.values():
            yield from _score_tracks(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _score_tracks(inner)


def _tracks(parts: Iterable[Part], libraries: Iterable[Library]) -> dict[str, Wanted]:
    """The tracks of scores by path, with the content that a catalogue says they have."""
    content: dict[str, str] = {}
    for library in libraries:
        ids, sums = (library.catalogue.text(n) for n in ("track_id", "content_sha256"))
        content |= {i: s for i, s in zip(ids, sums, strict=True) if s}
    scores = list(one(list(parts), "score").values())
    tracks = ((t["path"], content.get(t["track_id"])) for t in _score_tracks(scores))
    return {path: Wanted(sha256, None) for path, sha256 in tracks if sha256}


def _beside(wanted: Mapping[str, Wanted], libraries: Iterable[Library]) -> dict[str, str]:
    """Tracks that lie where the catalogue, at its new place, says."""
    by_content = {w.sha256: path for path, w in wanted.items()}
    found = {}
    for library in libraries:
        for row, sha256 in enumerate(library.catalogue.text("content_sha256")):
            path = library.sound(row) if sha256 in by_content else None
            if path and content_key(path) == sha256:
                found[by_content[sha256]] = str(path)
    return found


def _rows(library: Library) -> dict[str, Wanted]:
    """The tracks of a catalogue whose files are gone, by the path that stands there."""
    paths, sums = (library.catalogue.text(n) for n in ("path", "content_sha256"))
    return {
        path: Wanted(sha256, None)
        for row, (path, sha256) in enumerate(zip(paths, sums, strict=True))
        if path and sha256 and library.sound(row) is None
    }


def _rewrite(library: Library, moved: Mapping[str, str]) -> None:
    """A catalogue of ours with its tracks where they are now."""
    if moved:
        catalogue = library.catalogue
        paths = Column(moved.get(path, path) for path in catalogue.text("path"))
        columns = {**catalogue.columns, "path": paths}
        replace(catalogue, columns=columns).write(catalogue.source)


def _named(parts: Iterable[Part]) -> set[str]:
    return {path for score in one(list(parts), "score").values() for path in media_of(score)}


def _moved(part: Part, moved: Mapping[str, str]) -> Part:
    """A part with the paths that its files have now."""
    document = part.document
    if part.kind in ("film", "catalogue"):
        path = document["path"]
        return part._replace(document={**document, "path": moved.get(path, path)})
    if part.kind == "score":
        return part._replace(document=_elsewhere(document, moved))
    if part.kind == "medium":
        return part._replace(key=moved.get(part.key, part.key))
    return part


def _elsewhere(score: Any, moved: Mapping[str, str]) -> Any:
    """A score with the paths that its film and tracks have now."""
    if isinstance(score, dict):
        return {
            name: moved.get(value, value)
            if name == "path" and isinstance(value, str)
            else _elsewhere(value, moved)
            for name, value in score.items()
        }
    if isinstance(score, list):
        return [_elsewhere(value, moved) for value in score]
    return score
