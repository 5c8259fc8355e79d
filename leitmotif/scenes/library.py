"""Films kept with what their frames look like, so that a picture can be asked where it is from.

A library is a folder: `leitmotif.sqlite` holds the films and their frames, each film written in
one piece when it was read, so that a kill costs only the films in hand; `scenes.usearch` is the
index, which follows from it and is mended at the next opening; `encoder.safetensors`, if it is
there, is the library's own encoder (`leitmotif scenes train`). A film that was moved or copied is
known by its content.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from data.checksums import Damaged, checksum
from data.errors import InputError, Progress
from data.locks import Busy, locked
from data.media import VIDEO_SUFFIXES, check_regular
from data.media_files import media_files
from data.words import Sentence, from_record, to_record
from leitmotif.scenes.describe import (
    ENDING,
    OPENING,
    VERSION,
    Described,
    Frames,
    Task,
    content_of,
    describe,
)
from leitmotif.scenes.names import parse_name
from leitmotif.scenes.recurring import Span, recurring
from leitmotif.settings import data_folder
from leitmotif.store.database import Database
from leitmotif.workers.cluster import run_on_cluster
from leitmotif.workers.pool import run_each
from matcher.nearest import VectorIndex
from matcher.vectors import open_vectors

if TYPE_CHECKING:
    from features.video.encoder import Encoder

INDEX, ENCODER = "scenes.usearch", "encoder.safetensors"
_HELD = 64
"""Films whose frames are held in memory (heuristic: 4 MB each for two hours)."""
_TABLES = (
    """
    CREATE TABLE scene_film (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, sha256 TEXT NOT NULL,
        path TEXT NOT NULL, size INTEGER, mtime_ns INTEGER, title TEXT NOT NULL, season INTEGER,
        episode INTEGER, duration REAL NOT NULL, rate REAL NOT NULL, extractor TEXT NOT NULL,
        opening_from REAL, opening_to REAL, ending_from REAL, ending_to REAL);
    CREATE TABLE scene_frames (
        number INTEGER PRIMARY KEY REFERENCES scene_film ON DELETE CASCADE, times BLOB NOT NULL,
        layout BLOB NOT NULL, vectors BLOB NOT NULL, marks BLOB NOT NULL, until BLOB NOT NULL,
        checksum INTEGER NOT NULL);
    CREATE TABLE scene_picture (
        number INTEGER REFERENCES scene_film ON DELETE CASCADE, row INTEGER, jpeg BLOB NOT NULL,
        PRIMARY KEY (number, row)) WITHOUT ROWID;
    CREATE TABLE scene_failed (
        path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, extractor TEXT, reason TEXT);
    """,
    "ALTER TABLE scene_picture ADD COLUMN parts BLOB;",
)


@dataclass(frozen=True)
class Film:
    """A film of a library.

    id : 16 hexadecimal digits of its content's SHA-256. duration : seconds. rate : frames per
    second as declared. opening, ending : seconds from and to of what recurs over the episodes.
    """

    id: str
    sha256: str
    path: str
    title: str
    season: int | None
    episode: int | None
    duration: float
    rate: float
    opening: Span | None = None
    ending: Span | None = None
    number: int = 0
    """Its number in the index."""

    @property
    def name(self) -> str:
        """Title with season and episode, for people."""
        season = "" if self.season is None else f"S{self.season:02d}"
        episode = "" if self.episode is None else f"E{self.episode:02d}"
        return f"{self.title} {season}{episode}".strip()


class Found(NamedTuple):
    """Frames like those asked for, the most alike first, all (q, k).

    films : ids, "" where there are fewer than k. times : seconds, NaN there. similarity : cosine,
    −1 there. rows : place among the film's frames, −1 there.
    """

    films: np.ndarray
    times: np.ndarray
    similarity: np.ndarray
    rows: np.ndarray


class CloseUp(NamedTuple):
    """What is kept of a frame to look at it closely.

    jpeg : small and grey (`features.video.pictures.small_jpeg`). parts : of its parts the vectors,
    float32 (parts, size).
    """

    jpeg: bytes
    parts: np.ndarray


@dataclass(frozen=True)
class Added:
    """What `Library.add` did: films read, left alone, found elsewhere; (path, reason) of others."""

    added: tuple[str, ...]
    unchanged: int
    moved: int
    failed: tuple[tuple[str, Sentence], ...]


class Library:
    """Opened by `Library.open`; for one thread at a time."""

    def __init__(self, folder: Path, index: str | None) -> None:
        self.folder = folder
        self._where = index or folder / INDEX
        self._database = Database(folder)
        self._database.tables("scenes", _TABLES)
        self._vectors: VectorIndex | None = None
        self._held: dict[int, Frames] = {}
        self._state: object = None

    @classmethod
    def open(cls, path: str | os.PathLike | None = None, *, index: str | None = None) -> Library:
        """A library, made where there is none. Raises `InputError`.

        path : its folder (None: `scenes` in the data folder). index : address of a Milvus instead
        of the file in the folder.
        """
        return cls(Path(path) if path else data_folder() / "scenes", index)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the index."""
        if self._vectors is not None:
            self._vectors.close()
            self._vectors = None

    # ------------------------------------------------------------------------ what is here

    @property
    def films(self) -> tuple[Film, ...]:
        """All films, by title, season and episode."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM scene_film ORDER BY title, season, episode, path"
            ).fetchall()
        return tuple(_film(row) for row in rows)

    def film(self, id: str) -> Film:
        """Raises `InputError` where there is none."""
        with self._database.read() as connection:
            row = connection.execute("SELECT * FROM scene_film WHERE id = ?", [id]).fetchone()
        if row is None:
            raise InputError("scenes.no_film", film=id, folder=self.folder)
        return _film(row)

    def frames(self, film: Film | str) -> Frames:
        """The frames kept of a film. Raises `InputError` for one that is not here."""
        film = self.film(film) if isinstance(film, str) else film
        if film.number not in self._held:
            while len(self._held) >= _HELD:
                self._held.pop(next(iter(self._held)))
            self._held[film.number] = self._read_frames(film.number)
        frames = self._held[film.number]
        marks = frames.marks.copy()
        for bit, span in ((OPENING, film.opening), (ENDING, film.ending)):
            if span:
                marks[(frames.times >= span[0]) & (frames.times < span[1])] |= bit
        return Frames(frames.times, frames.layout, frames.vectors, marks, frames.until)

    def _read_frames(self, number: int) -> Frames:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT * FROM scene_frames WHERE number = ?", [number]
            ).fetchone()
        if row is None:
            raise InputError("scenes.no_film", film=number, folder=self.folder)
        blobs = [row[name] for name in Frames._fields]
        if checksum(*blobs) != row["checksum"]:
            raise Damaged("scenes.damaged", folder=self.folder)
        return _unpacked(blobs)

    def close_ups(self, places: Sequence[tuple[int, int]]) -> list[CloseUp]:
        """Of frames, by film's number and row. Raises `InputError` for one that is not here."""
        found = []
        with self._database.read() as connection:
            for place in places:
                row = connection.execute(
                    "SELECT jpeg, parts FROM scene_picture WHERE number = ? AND row = ?", place
                ).fetchone()
                if row is None:
                    raise InputError("scenes.no_film", film=place[0], folder=self.folder)
                parts = np.frombuffer(row["parts"], dtype=np.float16).astype(np.float32)
                found.append(CloseUp(row["jpeg"], parts.reshape(-1, self.encoder.size)))
        return found

    @property
    def encoder_file(self) -> Path | None:
        """The library's own encoder; None for the shipped one."""
        own = self.folder / ENCODER
        return own if own.is_file() else None

    @cached_property
    def encoder(self) -> Encoder:
        """What makes vectors of pictures here."""
        from features.video.encoder import Encoder  # torch takes seconds

        return Encoder.load(self.encoder_file)

    # ------------------------------------------------------------------------ asking

    def search(self, vectors: np.ndarray, k: int = 20) -> Found:
        """The k frames whose vectors are most like each of these, (q, size). See `Found`."""
        nearest = self.vectors.search(vectors, k)
        films = {film.number: film for film in self.films}
        ids = np.full(nearest.groups.shape, "", dtype=object)
        times = np.full(nearest.groups.shape, np.nan)
        for place in np.ndindex(nearest.groups.shape):
            film = films.get(int(nearest.groups[place]))
            if film is not None:
                ids[place] = film.id
                times[place] = self.frames(film).times[nearest.rows[place]]
        missing = np.isnan(times)
        similarity = np.where(missing, -1.0, nearest.similarity).astype(np.float32)
        return Found(ids, times, similarity, np.where(missing, -1, nearest.rows))

    @property
    def vectors(self) -> VectorIndex:
        """The index, brought up to date with the films. Raises `InputError` where films that could
        be read again were read with another encoder."""
        if self._vectors is None:
            self._refuse_others()
            self._vectors = open_vectors(self._where, self.encoder.size)
            self._catch_up()
        return self._vectors

    def refresh(self) -> None:
        """See what other processes added or trained since this was opened."""
        with self._database.read() as connection:
            changed = connection.execute("SELECT count(*), max(number) FROM scene_film").fetchone()
        state = (tuple(changed), self.encoder_file and self.encoder_file.stat().st_mtime_ns)
        if state != self._state:
            self.close()
            self._held.clear()
            self.__dict__.pop("encoder", None)
            self._state = state

    def _refuse_others(self) -> None:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT path FROM scene_film WHERE extractor != ?", [self._extractor()]
            ).fetchall()
        there = [Path(row["path"]) for row in rows if Path(row["path"]).exists()]
        if there:
            common = os.path.commonpath([path.parent for path in there])
            raise InputError("scenes.other_encoder", folder=self.folder, films=common)

    def _catch_up(self) -> None:
        """Make the index hold the frames of the films, and no others."""
        index = self._vectors
        assert index is not None
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT number FROM scene_film WHERE extractor = ?", [self._extractor()]
            )
            wanted = {row["number"] for row in rows}
        here = index.groups()
        if wanted == here:
            return
        try:
            for number in here - wanted:
                index.remove(number)
            for number in sorted(wanted - here):
                index.add(number, self._read_frames(number).vectors)
            index.save()
        except Damaged as error:
            if error.code != "files.damaged" or not isinstance(self._where, Path):
                raise
            self._where.unlink()  # it holds nothing that the frames do not say
            self.close()
            self._vectors = open_vectors(self._where, self.encoder.size)
            self._catch_up()

    # ------------------------------------------------------------------------ adding

    def add(
        self,
        sources: Sequence[str | os.PathLike],
        *,
        jobs: int = -1,
        cluster: str | None = None,
        progress: Progress | None = None,
    ) -> Added:
        """Read the films of some files and folders that are not here as they are.

        jobs : worker processes, −1 for one per core. cluster : address of a Dask scheduler instead.
        Raises `InputError`; stopping it at any moment loses only the films in hand.
        """
        try:
            with locked(self.folder / "add.lock"):
                added = self._add(sources, jobs, cluster, progress)
        except Busy as busy:
            raise InputError("scenes.busy", folder=self.folder, lock=busy) from None
        if added.added or added.moved:
            self._mark_recurring()
        if self._vectors is not None:
            self._catch_up()
        return added

    def _add(
        self,
        sources: Sequence[str | os.PathLike],
        jobs: int,
        cluster: str | None,
        progress: Progress | None,
    ) -> Added:
        if jobs == 0:
            raise InputError("build.jobs")
        extractor = self._extractor()
        failed: dict[str, Sentence] = {}
        listed = dict(_listed(sources, failed))
        if not listed and not failed:
            raise InputError("scenes.no_films", folder=sources[0])
        known, refused = self._known(extractor)
        new = [p for p, stamp in listed.items() if known.get(p) != stamp]
        again = [p for p in new if p in refused and refused[p][0] == listed[p]]
        failed |= {p: refused[p][1] for p in again}
        unread, moved = self._moved([p for p in new if p not in again], listed, extractor)
        own = str(self.encoder_file or "")
        tasks = [Task(path, own) for path in unread]
        outcomes = (
            run_on_cluster(describe, tasks, cluster) if cluster else run_each(describe, tasks, jobs)
        )
        added = []
        for done, (task, outcome) in enumerate(outcomes):
            if progress:
                progress("films", done, len(tasks))
            film = outcome if isinstance(outcome, Described) else _crashed(task.path)
            if film.frames is None or not len(film.frames.times):
                failed[task.path] = film.reason or Sentence("build.crashed")
                self._remember_failure(task.path, listed[task.path], extractor, failed[task.path])
            else:
                added.append(self._keep(film, listed[task.path], extractor))
        if progress:
            progress("films", len(tasks), len(tasks))
        return Added(tuple(added), len(listed) - len(new), moved, tuple(sorted(failed.items())))

    def _extractor(self) -> str:
        """Stands for everything that frames are described by."""
        return f"{VERSION} {self.encoder.name}"

    def _known(
        self, extractor: str
    ) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[tuple[int, int], Sentence]]]:
        """Size and time of the films that are here as they are, and of those that were refused."""
        with self._database.read() as connection:
            films = connection.execute(
                "SELECT path, size, mtime_ns FROM scene_film WHERE extractor = ?", [extractor]
            ).fetchall()
            refused = connection.execute(
                "SELECT * FROM scene_failed WHERE extractor = ?", [extractor]
            ).fetchall()
        return (
            {row["path"]: (row["size"], row["mtime_ns"]) for row in films},
            {
                row["path"]: ((row["size"], row["mtime_ns"]), _sentence(row["reason"]))
                for row in refused
            },
        )

    def _moved(
        self, paths: list[str], listed: dict[str, tuple[int, int]], extractor: str
    ) -> tuple[list[str], int]:
        """The paths of contents that are not here, and how many were, under another name.

        Only files of the size of a film that is here are read for that.
        """
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT id, size, path FROM scene_film WHERE extractor = ?", [extractor]
            ).fetchall()
        here = {row["id"]: row["path"] for row in rows}
        sizes = {row["size"] for row in rows}
        unread, moved = [], 0
        for path in paths:
            found = content_of(Path(path))[:16] if listed[path][0] in sizes else ""
            if found not in here:
                unread.append(path)
            else:
                moved += 1
                if here[found] == path or not Path(here[found]).exists():
                    self._rename(found, path, listed[path])
        return unread, moved

    def _rename(self, id: str, path: str, stamp: tuple[int, int]) -> None:
        name = parse_name(path)
        with self._database.write() as connection:
            connection.execute(
                "UPDATE scene_film SET path = ?, size = ?, mtime_ns = ?, title = ?, season = ?, "
                "episode = ? WHERE id = ?",
                [path, *stamp, *name, id],
            )

    def _remember_failure(
        self, path: str, stamp: tuple[int, int], extractor: str, reason: Sentence
    ) -> None:
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO scene_failed VALUES (?, ?, ?, ?, ?)",
                [path, *stamp, extractor, json.dumps(to_record(reason))],
            )

    def _keep(self, film: Described, stamp: tuple[int, int], extractor: str) -> str:
        """Write a film that was read; returns its id."""
        assert film.frames is not None
        name, id = parse_name(film.path), film.sha256[:16]
        blobs = _packed(film.frames)
        with self._database.write() as connection:
            connection.execute("DELETE FROM scene_film WHERE id = ? OR path = ?", [id, film.path])
            number = connection.execute(
                "INSERT INTO scene_film (id, sha256, path, size, mtime_ns, title, season, episode,"
                " duration, rate, extractor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [id, film.sha256, film.path, *stamp, *name, film.duration, film.rate, extractor],
            ).lastrowid
            connection.execute(
                "INSERT INTO scene_frames VALUES (?, ?, ?, ?, ?, ?, ?)",
                [number, *blobs, checksum(*blobs)],
            )
            connection.executemany(
                "INSERT INTO scene_picture (number, row, jpeg, parts) VALUES (?, ?, ?, ?)",
                [
                    (number, row, jpeg, parts.tobytes())
                    for row, (jpeg, parts) in enumerate(zip(film.pictures, film.parts, strict=True))
                ],
            )
        return id

    def _mark_recurring(self) -> None:
        """Find what recurs at the beginnings and the ends of episodes, of each title and season."""
        seasons: dict[tuple[str, int | None], list[Film]] = {}
        for film in self.films:
            if film.episode is not None:
                seasons.setdefault((film.title, film.season), []).append(film)
        for films in seasons.values():
            frames = [self._read_frames(film.number) for film in films]
            spans = recurring(frames, [film.duration for film in films])
            with self._database.write() as connection:
                connection.executemany(
                    "UPDATE scene_film SET opening_from = ?, opening_to = ?, ending_from = ?, "
                    "ending_to = ? WHERE number = ?",
                    [
                        (*(opening or (None, None)), *(ending or (None, None)), film.number)
                        for film, (opening, ending) in zip(films, spans, strict=True)
                    ],
                )


def _listed(
    sources: Sequence[str | os.PathLike], failed: dict[str, Sentence]
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Absolute path, with size and time of change, of the films of files and folders."""
    for source in map(Path, sources):
        if source.is_dir():
            found: Iterable[tuple[Path, os.stat_result]] = media_files(
                source.absolute(), VIDEO_SUFFIXES, failed.__setitem__
            )
        else:
            found = [(check_regular(source).absolute(), source.stat())]
        for path, known in found:
            yield str(path), (known.st_size, known.st_mtime_ns)


def _crashed(path: str) -> Described:
    return Described(path, reason=Sentence("build.crashed"))


def _sentence(text: str) -> Sentence:
    """The reason that was kept."""
    found = from_record(json.loads(text))
    return found if isinstance(found, Sentence) else Sentence("build.crashed")


def _film(row: Any) -> Film:
    opening, ending = (
        None if row[f"{name}_from"] is None else (row[f"{name}_from"], row[f"{name}_to"])
        for name in ("opening", "ending")
    )
    names = ("id", "sha256", "path", "title", "season", "episode", "duration", "rate", "number")
    said = {name: row[name] for name in names}
    return Film(**said, opening=opening, ending=ending)


_STORED = {
    "times": np.float64,
    "layout": np.uint8,
    "vectors": np.float16,
    "marks": np.uint8,
    "until": np.float64,
}


def _packed(frames: Frames) -> list[bytes]:
    return [
        np.ascontiguousarray(values, dtype=kind).tobytes()
        for values, kind in zip(frames, _STORED.values(), strict=True)
    ]


def _unpacked(blobs: list[bytes]) -> Frames:
    times, layout, vectors, marks, until = (
        np.frombuffer(blob, dtype=kind) for blob, kind in zip(blobs, _STORED.values(), strict=True)
    )
    count = len(times)
    return Frames(
        times,
        layout.reshape(count, 12),
        vectors.reshape(count, -1 if count else 0).astype(np.float32),
        marks,
        until,
    )


def add_to(source: str, folder: str | None = None, *, progress: Progress | None = None) -> Added:
    """`Library.add` to the library of a folder (None: the usual one), for other processes."""
    with Library.open(folder) as library:
        return library.add([source], progress=progress)
