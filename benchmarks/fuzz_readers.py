"""Every reader of files and of words, with small valid input for it, and what a right result is."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from data.catalogue import LARGEST, Catalogue
from data.checksums import checksum
from data.pairs import read_pairs
from data.profiles import (
    MUSIC_FIELDS,
    MUSIC_NAMES,
    VIDEO_FIELDS,
    VIDEO_NAMES,
    Curves,
    Field,
    MusicProfile,
    Profile,
    VideoProfile,
    parse_vector,
)
from data.track_curves import CURVE_NAMES, TOKEN_S, CurvesWriter, TrackOverTime, read_curves
from data.track_record import TrackRecord
from features.video.profile_coefficients import ProfileCoefficients
from features.video.signals import COLUMNS
from features.video.timeline import Timeline
from leitmotif.calibration.ratings import read_ratings
from leitmotif.catalogue.memory import Seen, State
from leitmotif.learning.scored_videos import _Journal, read_sources
from leitmotif.score.model import Cue, Film, HitPoint, Piece, Score, Track
from leitmotif.score.timecode import FrameRate
from leitmotif.settings import Settings
from matcher import arc_store
from matcher.exact import TrackIndex
from matcher.filters import parse_filter
from matcher.importance import parse_weights
from recommender.predict import SHIPPED, load_recommender


@dataclass(frozen=True)
class Reader:
    """originals : small valid files. read : a file to something that `wrong` judges.

    wrong : says what is wrong with a result, given what the original gave; empty if nothing is.
    is_text : whether people write such files. name : what mutated files are called.
    """

    name: str
    originals: tuple[bytes, ...]
    read: Callable[[Path], Any]
    wrong: Callable[[Any, Any], str]
    is_text: bool = False


def differs(found: Any, original: Any) -> str:
    """For files with a checksum: a result is the original, or there is none."""
    return "" if found == original else "another answer, silently"


def loses(found: Any, original: Any) -> str:
    """For memories of many records: each is as it was, or forgotten."""
    right = all(original.get(key) == value for key, value in found.items())
    return "" if right else "another record, silently"


def readers(folder: Path) -> Iterator[Reader]:
    """All readers; their valid files are made in `folder`, their caches looked for there."""
    for make in (_catalogues, _curves, _index, _arc, _timeline, _memory, _journal, _pairs):
        yield from make(folder)
    for make in (_profiles, _predictors, _ratings, _scores, _settings, _words):
        yield from make(folder)


# ------------------------------------------------------------------------------ tracks


def _rows(n: int = 12) -> list[dict[str, object]]:
    rng = np.random.default_rng(0)
    low, high = (np.array([getattr(f, end) for f in MUSIC_FIELDS]) for end in ("low", "high"))
    values = np.round(low + (high - low) * rng.random((n, len(MUSIC_FIELDS))), 3)
    return [
        dict(zip(MUSIC_NAMES, row, strict=True))
        | {"track_id": f"t{i}", "title": f'Für "{i}", 夜', "artist": "A; B", "bpm": 60 + i}
        for i, row in enumerate(values.tolist())
    ]


def _catalogues(folder: Path) -> Iterator[Reader]:
    catalogue = Catalogue.from_rows(_rows())
    paths = [folder / f"catalogue.{ending}" for ending in ("csv", "parquet")]
    for path in paths:
        catalogue.write(path)
    text = paths[0].read_text(encoding="utf-8")
    german = _german(text)
    bare = "\n".join(",".join(map(repr, row)) for row in catalogue.features.tolist())
    texts = (text.encode(), german.encode("utf-8-sig"), bare.encode(), text.encode("utf-16"))
    yield Reader("catalogue.csv", texts, Catalogue.read, _wrong_catalogue, is_text=True)
    yield Reader("catalogue.parquet", (paths[1].read_bytes(),), _catalogue_said, differs)


def _german(text: str) -> str:
    """The same table with semicolons and decimal commas."""
    written = io.StringIO()
    rows = ([cell.replace(".", ",") for cell in row] for row in csv.reader(io.StringIO(text)))
    csv.writer(written, delimiter=";", lineterminator="\n").writerows(rows)
    return written.getvalue()


def _catalogue_said(path: Path) -> tuple[object, ...]:
    found = Catalogue.read(path)
    texts = {name: column.tolist() for name, column in found.columns.items()}
    return found.features.tolist(), found.confidence.tolist(), texts, found.skipped


def _wrong_catalogue(found: Catalogue, _: object) -> str:
    if not len(found) or not (np.abs(found.features) <= LARGEST).all():
        return "no finite rows"
    if len(set(found.track_ids)) < len(found):
        return "an id twice"
    if not ((found.confidence >= 0) & (found.confidence <= 1)).all():
        return "a confidence outside 0-1"
    lines = [row.line for row in found.skipped]
    return "" if lines == sorted(lines) and all(line > 0 for line in lines) else "odd lines"


def _track(seed: int = 0) -> TrackOverTime:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(40, len(CURVE_NAMES))).astype(np.float32).astype(np.float64)
    curves = Curves(np.arange(40) * TOKEN_S, values, CURVE_NAMES)
    beats = np.arange(0, 20, 0.5)
    return TrackOverTime(curves, beats, beats % 2 == 0, 0.5, 0.25, np.array([0.0, 8.0]))


def _track_said(track: TrackOverTime) -> tuple[object, ...]:
    said = (track.curves.values, track.beats, track.accents, track.sections)
    return *(a.tolist() for a in said), track.beat_confidence, track.accent_confidence


def _curves(folder: Path) -> Iterator[Reader]:
    with CurvesWriter(path := folder / "made.curves.parquet") as writer:
        for i in range(4):
            writer.add(f"t{i}", _track(i))
    yield Reader(
        "read.curves.parquet",
        (path.read_bytes(),),
        lambda p: {name: _track_said(t) for name, t in read_curves(p).items()},
        differs,
    )


def _index(folder: Path) -> Iterator[Reader]:
    features = np.random.default_rng(1).normal(size=(200, len(MUSIC_NAMES)))
    index = TrackIndex.build(features, [f"t{i}" for i in range(200)], engine="blocks")
    index.save(path := folder / "made.index")

    def answers(path: Path) -> list[object]:
        ids, distances = TrackIndex.load(path).search_batch(features[:4] + 0.1, 5)
        return [ids.tolist(), distances.tolist()]

    yield Reader("index", (path.read_bytes(),), answers, differs)


def _arc(folder: Path) -> Iterator[Reader]:
    made = arc_store.CatalogueCurves.build([_track(i) for i in range(4)])
    arc_store.write(path := folder / "made.arc", made, "of these")

    def said(path: Path) -> list[object]:
        found = arc_store.read(path, "of these")
        return [getattr(found, n).tolist() for n in ("loudness", "first", "places", "of")]

    yield Reader("arc", (path.read_bytes(),), said, differs)


# ------------------------------------------------------------------------------ what is remembered


def _timeline(folder: Path) -> Iterator[Reader]:
    rng = np.random.default_rng(2)
    made = Timeline(
        np.arange(20) * 0.5,
        rng.random((20, len(COLUMNS))),
        COLUMNS,
        [(0.0, 5.0), (5.0, 10.0)],
        10.0,
        rng.random((20, 36)).astype(np.float32),
        keyframes=[(1.0, b"jpeg"), (6.0, b"another")],
        extractor="test 1",
    )
    made.save(path := folder / "made.npz")

    def said(path: Path) -> int:
        found = Timeline.load(path)
        arrays = (found.times, found.values, found.palette)
        return checksum(*arrays, repr((found.shots, found.keyframes, found.warnings)))

    yield Reader("timeline.npz", (path.read_bytes(),), said, differs)


def _memory(folder: Path) -> Iterator[Reader]:
    profile = MusicProfile.neutral("ear 1")
    with closing(State(path := folder / "made.build.sqlite", "ear 1")) as state:
        for i in range(6):
            record = TrackRecord(profile, _track(i), np.arange(9, dtype=np.uint32), 3.0 + i)
            digest = hashlib.sha256(bytes([i])).hexdigest()
            state.remember_file(f"/{i}.wav", Seen(f"t{i}", 100 + i, 5 + i, digest, ""))
            state.remember(digest, record)
        state.finish("all")

    def said(path: Path) -> dict[str, object]:
        for ending in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        with closing(State(path, "ear 1")) as state:
            state.forget_damaged()
            known = sorted(state.known())
            records = zip(known, state.records(known), strict=True)
            measured = {k: (r.duration_s, _track_said(r.over_time)) for k, r in records}
            return {**state.files(), **measured}

    yield Reader("memory.build.sqlite", (path.read_bytes(),), said, loses)


def _journal(folder: Path) -> Iterator[Reader]:
    journal = _Journal(folder / "journal.jsonl")
    scene = {"video": VideoProfile.neutral("eye 1").to_dict(), "start_s": 0.0}
    for i in range(4):
        journal.add({"file": f"{i}.mp4", "digest": f"d{i}", "failed": "", "scenes": [scene]})

    def said(path: Path) -> dict[str, object]:
        return dict(_Journal(path).records)

    yield Reader("journal.jsonl", (journal.path.read_bytes(),), said, loses)


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# ------------------------------------------------------------------------------ tables and profiles


def _pairs(folder: Path) -> Iterator[Reader]:
    names = ["source", "start_s", "end_s", "split", *VIDEO_NAMES, *MUSIC_NAMES]
    values = [f"{f.neutral:g}" for f in (*VIDEO_FIELDS, *MUSIC_FIELDS)]
    lines = [",".join([f'"film, {i}"', "0", "12.5", "train", *values]) for i in range(6)]
    text = "\n".join([",".join(names), *lines]) + "\n"

    def wrong(found: Any, _: object) -> str:
        for part, fields in ((found.video, VIDEO_FIELDS), (found.music, MUSIC_FIELDS)):
            if not (np.isnan(part) | _inside(part, fields)).all():
                return "a value outside its range"
        return "an infinite time" if np.isinf([found.start, found.end]).any() else ""

    yield Reader("pairs.csv", (text.encode(),), read_pairs, wrong, is_text=True)
    table = ("file,source\n" + "".join(f'{i}.mp4,"film {i}"\n' for i in range(6))).encode()
    yield Reader("sources.csv", (table,), read_sources, _right, is_text=True)


def _right(found: object, _: object) -> str:
    return ""


def _inside(values: np.ndarray, fields: tuple[Field, ...]) -> np.ndarray:
    low, high = (np.array([getattr(f, end) for f in fields]) for end in ("low", "high"))
    slack = 1e-6 * (high - low)
    return (values >= low - slack) & (values <= high + slack)


def _profiles(folder: Path) -> Iterator[Reader]:
    for kind in (VideoProfile, MusicProfile):
        made = kind.neutral("test 1")
        for ending, read in (("json", kind.from_json), ("csv", kind.from_csv)):
            original = made.to_json() if ending == "json" else made.to_csv()
            yield Reader(
                f"{kind.__name__}.{ending}",
                (original.encode(),),
                lambda path, read=read: read(path.read_text("utf-8", "surrogateescape")),
                _wrong_profile,
                is_text=True,
            )


def _wrong_profile(found: Profile, _: object) -> str:
    if not _inside(found.values, found.FIELDS).all():
        return "a value outside its range"
    sure = ((found.confidence >= 0) & (found.confidence <= 1)).all()
    return "" if sure else "a confidence outside 0-1"


def _ratings(folder: Path) -> Iterator[Reader]:
    clips = folder / "clips"
    clips.mkdir()
    for i in range(6):
        (clips / f"{i}.mp4").touch()
    rows = [f"{i}.mp4,0,{5 + i},anna,{10 * i},-20" for i in range(6)]
    text = "\n".join(["clip,start,end,rater,scene_tension,visual_valence", *rows]) + "\n"

    def wrong(found: Any, _: object) -> str:
        right = np.isnan(found.values) | _inside(found.values, VIDEO_FIELDS)
        return "" if right.all() else "a rating outside its range"

    yield Reader(
        "ratings.csv", (text.encode(),), lambda path: read_ratings(path, clips), wrong, is_text=True
    )


def _scores(folder: Path) -> Iterator[Reader]:
    film = Film("a.mp4", "ab" * 32, FrameRate(Fraction(24000, 1001)), 480)
    track = Track("t1", "a.flac", Fraction(60), "Für Élise", facts={"isrc": "X"})
    pieces = (Piece(Fraction(1, 2), Fraction(10), Fraction(1)),)
    cue = Cue("1m01", 24, 240, track, pieces, ((24, -6.0),), (HitPoint(48, "door"),))
    Score(film, (cue,)).write(path := folder / "made.score.json")

    def wrong(found: Score, _: object) -> str:
        inside = all(0 <= c.start < c.end <= found.film.frames for c in found.cues)
        return "" if inside else "a cue outside its film"

    yield Reader("score.json", (path.read_bytes(),), Score.read, wrong, is_text=True)


# ------------------------------------------------------------------------------ what was learned


def _predictors(folder: Path) -> Iterator[Reader]:
    picture = np.array([f.neutral + 0.2 * (f.high - f.low) for f in VIDEO_FIELDS])

    def asked(path: Path) -> list[float]:
        return load_recommender(path).predict(picture).values.tolist()  # type: ignore[union-attr]

    yield Reader("predictor.safetensors", (SHIPPED.read_bytes(),), asked, differs)
    curves = np.tile(np.linspace(-2.5, 2.5, 9), (len(VIDEO_FIELDS), 2, 1))
    kinds = ("calibrated", *["closed"] * (len(VIDEO_FIELDS) - 1))
    ProfileCoefficients(kinds, curves, "test 1").save(path := folder / "made.safetensors")

    def bent(path: Path) -> list[float]:
        return ProfileCoefficients.load(path).bend(picture).tolist()

    yield Reader("coefficients.safetensors", (path.read_bytes(),), bent, differs)


# ------------------------------------------------------------------------------ what people type


def _settings(folder: Path) -> Iterator[Reader]:
    def said(path: Path) -> Settings:
        text = path.read_bytes().replace(b"\0", b"").decode("utf-8", "surrogateescape")
        lines = [line.partition("=") for line in text.split("\n")]
        known = {n: v for n, _, v in lines if n.startswith("LEITMOTIF_") and n.isidentifier()}
        with _environment(**known):
            return Settings.from_environment()

    def wrong(found: Settings, _: object) -> str:
        return "" if found.max_upload_mb >= 1 else "no upload allowed"

    text = b"LEITMOTIF_MAX_UPLOAD_MB=2048\nLEITMOTIF_CATALOGUE=/a.csv\n"
    yield Reader("settings", (text,), said, wrong, is_text=True)


def _words(folder: Path) -> Iterator[Reader]:
    def typed(read: Callable[[str], Any]) -> Callable[[Path], Any]:
        return lambda path: read(path.read_bytes().decode("utf-8", "surrogateescape"))

    def finite(found: np.ndarray, _: object) -> str:
        return "" if np.isfinite(found).all() else "not finite"

    vectors = (b"1,2,3,4,5,6,7,8,9,10", "[1;2;3,5;−4;5;6;7;8;9;10]".encode())
    read = typed(lambda text: parse_vector(text, MUSIC_FIELDS, "--pred_feat"))
    yield Reader("pred_feat", vectors, read, finite, is_text=True)
    filters = (b"bpm=60..200, artist=A*|B, title!=x, duration<=90",)
    yield Reader("filter", filters, typed(parse_filter), _right, is_text=True)
    weights = (b"valence=2,arousal=0", b"1,1,1,1,1,1,1,1,2,3")
    yield Reader("weights", weights, typed(parse_weights), finite, is_text=True)
