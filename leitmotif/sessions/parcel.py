"""A project as one file, to be opened on another machine.

A zip with `project.json` (kind, version and checksum, as every file of ours), the catalogues that
only the data folder holds, under their SHA-256, and what its owner made of tracks. Films and music
stay where they are: for each the file says content and size, so that `relink` finds it anywhere.
The same project makes the same bytes.

What comes from outside is not trusted: names inside the zip are never paths, sizes are bounded
before anything is unpacked, every part is checked.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from data.atomic import atomic_path, check_writable
from data.checksums import parse_json, seal, unseal
from data.errors import InputError
from leitmotif.score.model import Score
from leitmotif.sessions.choices import Unfit, checked
from leitmotif.sessions.later import flush
from leitmotif.sessions.projects import Part, Project, Projects, clean_name, one
from leitmotif.sessions.workspace import content_key, is_there, shown_name
from leitmotif.taste.diary import Diary

KIND, VERSION = "project", 1
SUFFIX = ".leitmotif"
_DOCUMENT, _TASTE = "project.json", "taste.json"
_TABLE = re.compile(r"catalogues/([0-9a-f]{64}(?:\.curves)?\.(?:csv|tsv|txt|parquet))")
_HASH = re.compile(r"[0-9a-f]{64}")
_LARGEST_DOCUMENT = 256 << 20
_LARGEST = 4 << 30
"""Bytes that `project.json`, and everything together, may unpack to (heuristic: a catalogue of a
million tracks with their curves)."""
_MOST_ENTRIES = 1000
_BLOCK = 1 << 20
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""A date for every entry, so that the bytes do not depend on the day."""
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What `zipfile` raises for files that are none, cut, encrypted or packed in unknown ways."""


# ------------------------------------------------------------------------------ out


def file_name(name: str) -> str:
    """What to call the file of a project."""
    return "".join("_" if c in '\\/:*?"<>|' else c for c in clean_name(name)) + SUFFIX


def write_parcel(
    projects: Projects, project: Project, folder: Path, output: Path, diary: Diary | None = None
) -> None:
    """Write a project as one file. folder : where its owner's uploads and built catalogues lie.
    diary : its owner's, to go along.

    Raises `InputError` where `output` cannot be written.
    """
    check_writable(output)
    flush()  # what was chosen just now belongs to it
    parts, _, _ = projects.parts(project.id)
    tables: dict[str, Path] = {}
    listed = [_packed(part, folder, tables) for part in parts if part.kind != "medium"]
    media = _media(parts)
    document = {
        "name": project.name,
        "parts": [{"kind": p.kind, "key": p.key, "document": p.document} for p in listed],
        "media": dict(sorted(media.items())),
    }
    text = json.dumps(seal(KIND, VERSION, document), ensure_ascii=False, indent=1) + "\n"
    with (
        atomic_path(output) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr(zipfile.ZipInfo(_DOCUMENT, _LONG_AGO), text, zipfile.ZIP_DEFLATED)
        if diary is not None and diary.events():
            taste = zipfile.ZipInfo(_TASTE, _LONG_AGO)
            archive.writestr(taste, _exported(diary), zipfile.ZIP_DEFLATED)
        for name, path in sorted(tables.items()):
            entry = zipfile.ZipInfo(f"catalogues/{name}", _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as file, archive.open(entry, "w", force_zip64=True) as packed:
                while block := file.read(_BLOCK):
                    packed.write(block)


def _exported(diary: Diary) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, _TASTE)
        diary.export(path)
        return path.read_bytes()


def _packed(part: Part, folder: Path, tables: dict[str, Path]) -> Part:
    """A part as it travels; a catalogue that only the data folder holds is added to `tables`."""
    if part.kind != "catalogue":
        return part
    path = Path(part.document["path"])
    if path.parent != folder or not path.is_file():
        return part
    content = content_key(path)
    tables[f"{content}{path.suffix.lower()}"] = path
    curves = path.with_name(f"{path.stem}.curves.parquet")
    if curves.is_file():
        tables[f"{content}.curves.parquet"] = curves
    inside = {"sha256": content, "size": path.stat().st_size, "packed": True}
    return part._replace(document={**part.document, **inside})


def _media(parts: list[Part]) -> dict[str, dict[str, Any]]:
    """SHA-256 and size of every file that the scores name, by path."""
    known = one(parts, "medium")
    paths = {path for score in one(parts, "score").values() for path in media_of(score)}
    for path in filter(is_there, paths):
        known[path] = {"sha256": content_key(Path(path)), "size": Path(path).stat().st_size}
    return {path: known[path] for path in paths if path in known}


def media_of(score: Any) -> Iterator[str]:
    """The paths that a score names, wherever in it: its film's and its tracks'."""
    if isinstance(score, dict):
        if score.get("path") and isinstance(score["path"], str):
            yield score["path"]
        for value in score.values():
            yield from media_of(value)
    elif isinstance(score, list | tuple):
        for value in score:
            yield from media_of(value)


# ------------------------------------------------------------------------------ in


def read_parcel(
    projects: Projects, owner: str, folder: Path, file: Path, diary: Diary | None = None
) -> Project:
    """Make a project of a file that `write_parcel` wrote; its catalogues go into `folder`, what was
    made of tracks into `diary`, beside what is there.

    Raises `InputError` for a file that is none, is damaged, or would unpack to too much.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = _entries(archive, file)
            record = unseal(
                parse_json(_bytes_of(archive, entries[_DOCUMENT]), file), KIND, VERSION, file
            )
            name, parts = _checked(record, file)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            parts = [_unpacked(part, archive, entries, folder, file) for part in parts]
            if diary is not None and _TASTE in entries:
                _take_in(diary, _bytes_of(archive, entries[_TASTE]), file)
    except OSError as error:
        raise InputError("files.unreadable", file=file, why=error.strerror or error) from None
    except InputError:
        raise
    except (*_BROKEN, KeyError, StopIteration):
        raise InputError("project.no_parcel", file=file) from None
    return projects.make(owner, name, parts)


def _take_in(diary: Diary, taste: bytes, file: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, _TASTE)
        path.write_bytes(taste)
        try:
            diary.take_in(path)
        except (InputError, KeyError, TypeError, ValueError):
            raise InputError("project.no_parcel", file=file) from None


def _entries(archive: zipfile.ZipFile, file: Path) -> dict[str, zipfile.ZipInfo]:
    """What a project has, by names that are no paths. Raises `InputError` for anything else, and
    for too much of it.
    """
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    document = max(
        (info.file_size for info in infos if info.filename in (_DOCUMENT, _TASTE)), default=0
    )
    if total > _LARGEST or document > _LARGEST_DOCUMENT or len(infos) > _MOST_ENTRIES:
        raise InputError("project.too_large", file=file)
    entries = {}
    for info in infos:
        table = _TABLE.fullmatch(info.filename)
        if info.filename not in (_DOCUMENT, _TASTE) and table is None:
            raise InputError("project.no_parcel", file=file)
        entries[table[1] if table else info.filename] = info
    return entries


def _bytes_of(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as packed:
        return packed.read(_LARGEST_DOCUMENT + 1)


def _checked(record: dict[str, Any], file: Path) -> tuple[str, list[Part]]:
    """Name and parts, each of the shape that the page relies on. Raises `InputError`."""
    try:
        parts = [_part(p["kind"], p["key"], p["document"], file) for p in record["parts"]]
        for path, known in record["media"].items():
            known = {"sha256": _hash(known["sha256"]), "size": int(known["size"])}
            parts.append(Part("medium", path, known))
        return clean_name(record["name"]), parts
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("project.no_parcel", file=file) from None


def _part(kind: str, key: str, given: dict[str, Any], file: Path) -> Part:
    if kind == "film":
        size = None if given["size"] is None else int(given["size"])
        document = {"name": shown_name(given["name"]), "path": str(given["path"]), "size": size}
        return Part(kind, _hash(key), document)
    if kind == "catalogue":
        document = {
            "name": shown_name(given["name"]),
            "path": str(given["path"]),
            "followed": bool(given["followed"]),
            "sha256": given.get("sha256") and _hash(given["sha256"]),
            "size": given.get("size") and int(given["size"]),
            "packed": bool(given.get("packed")),
        }
        return Part(kind, str(key), document)
    if kind == "score":
        return Part(kind, _hash(key), Score.from_dict(given, file).to_dict())
    if kind == "choices":
        try:
            return Part(kind, "", checked(given))
        except Unfit as unfit:
            what, value = unfit.name.split("|")[0], repr(unfit.value)[:60]
            raise InputError("project.choice", file=file, what=what, value=value) from None
    raise ValueError(kind)


def _hash(given: str) -> str:
    if not _HASH.fullmatch(given):
        raise ValueError(given)
    return given


def _unpacked(
    part: Part,
    archive: zipfile.ZipFile,
    entries: dict[str, zipfile.ZipInfo],
    folder: Path,
    file: Path,
) -> Part:
    """A catalogue's table in the data folder, where the parcel brought it; other parts as is."""
    if part.kind != "catalogue" or not part.document.pop("packed"):
        return part
    content = part.document["sha256"]
    names = [name for name in entries if name.startswith(content)]
    table = next(name for name in names if ".curves." not in name)
    path = folder / f"{content[:32]}{Path(table).suffix}"
    for name in names:
        to = path if name == table else path.with_name(f"{path.stem}.curves.parquet")
        with archive.open(entries[name]) as packed, atomic_path(to) as temporary:
            if _copy(packed, temporary) != content and name == table:
                raise InputError("project.no_parcel", file=file)
    return part._replace(document={**part.document, "path": str(path)})


def _copy(packed: IO[bytes], to: Path) -> str:
    """Unpack, and the SHA-256 of what came; `zipfile` gives no more than the size it declared."""
    digest = hashlib.sha256()
    with to.open("wb") as file:
        while block := packed.read(_BLOCK):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()
