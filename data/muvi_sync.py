"""Music videos as pairs: the per-second columns of MuVi-Sync, read as our fields.

MuVi-Sync (Kang, Poria & Herremans 2024, *Expert Systems with Applications* 249) describes picture
and music of some 700 music videos second by second. Its numbers are not ours: the picture emotions
are the output of a zero-shot CLIP model, not ratings, the notes and chords the output of
transcription. A field read from them is a cousin of the field that our extractors measure, and the
pairs carry an extractor name of their own so that nothing mixes the two unnoticed.

    field              from
    visual_arousal     emotion probabilities × arousal of Russell & Mehrabian 1977 (`COORDINATES`)
    visual_valence     emotion probabilities × pleasure, likewise
    scene_tension      probability of "tense" + "fearful"
    motion_amplitude   log mean frame difference
    action_energy      log mean squared frame difference
    narrative_pacing   log cuts per window (seconds whose scene offset is 0)
    arousal            mean of z(loudness) and z(note density)
    rhythm_speed       note density
    richness           mean of z(note density) and z(entropy of the chords' pitch classes)
    valence            seconds of major chords − minor, over both (mode)
    harmony            seconds of plain major and minor triads, over all chords
    variation          mean of z(chord changes per second) and z(standard deviation of loudness)

The other five picture fields and three music fields stay empty, as do valence, harmony and the
chord parts where fewer than `MIN_CHORD_SECONDS` of a window have a chord. Which column stands for
which field is a heuristic. Each quantity becomes a score as everywhere in Leitmotif: percentile
Φ(z) of a reference, here the windows of the training videos (`data/reference/muvi_sync.json`,
written by `python -m data.muvi_sync FOLDER`).

Windows are `WINDOW_S` long and lie whole inside the video without its first and last `MARGIN_S`
seconds: fades and leftovers at the ends would tell which music belongs to which picture.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.errors import InputError
from data.folders import ROOT
from data.pairs import Pairs, split_of
from data.profiles import MUSIC_NAMES, VIDEO_NAMES
from data.tables import read_table

EXTRACTOR = "muvi_sync-1"
WINDOW_S, MARGIN_S, MIN_CHORD_SECONDS = 30, 15, 5
REFERENCE = ROOT / "reference" / "muvi_sync.json"

COORDINATES: dict[str, tuple[float, float]] = {
    "exciting": (0.62, 0.75),
    "fearful": (-0.64, 0.60),
    "tense": (0.01, 0.59),
    "sad": (-0.63, -0.27),
    "relaxing": (0.68, -0.46),
    "neutral": (0.0, 0.0),
}
"""Pleasure and arousal of the nearest terms of Russell & Mehrabian 1977 (*J. Research in
Personality* 11): excited, fearful, anxious, sad, relaxed. The choice of terms is a heuristic."""

COLUMNS = (
    "video",
    "t_s",
    *COORDINATES,
    "motion",
    "scene_offset_s",
    "loudness",
    "note_density",
    "chord",
)

PITCH_CLASSES = {
    n: i for i, n in enumerate(("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"))
}
QUALITIES: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7), "min": (0, 3, 7), "dim": (0, 3, 6), "aug": (0, 4, 8),
    "sus2": (0, 2, 7), "sus4": (0, 5, 7),
    "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "min7": (0, 3, 7, 10),
    "dim7": (0, 3, 6, 9), "hdim7": (0, 3, 6, 10),
    "maj6": (0, 4, 7, 9), "min6": (0, 3, 7, 9),
}  # fmt: skip
"""Semitones above the root."""
MAJOR, MINOR = ("maj", "maj7", "maj6", "7"), ("min", "min7", "min6")

PARTS: dict[str, tuple[str, ...]] = {
    "visual_arousal": ("picture_arousal",),
    "visual_valence": ("picture_pleasure",),
    "scene_tension": ("picture_tension",),
    "motion_amplitude": ("log_motion",),
    "action_energy": ("log_motion_energy",),
    "narrative_pacing": ("log_cuts",),
    "arousal": ("loudness", "note_density"),
    "rhythm_speed": ("note_density",),
    "richness": ("note_density", "pitch_class_entropy"),
    "valence": ("mode",),
    "harmony": ("triad_share",),
    "variation": ("chord_changes", "loudness_sd"),
}
"""Each field: the quantities whose z-scores are averaged into it."""
SCALES = {n: (0.0, 100.0) for n in VIDEO_NAMES + MUSIC_NAMES} | {
    "motion_amplitude": (0.0, 1.0),
    "visual_arousal": (-100.0, 100.0), "visual_valence": (-100.0, 100.0),
    "richness": (-10.0, 10.0), "variation": (-10.0, 10.0), "harmony": (-10.0, 10.0),
    "arousal": (-100.0, 100.0), "valence": (-100.0, 100.0),
}  # fmt: skip


def is_muvi_sync(folder: str | os.PathLike) -> bool:
    """Whether a folder is laid out like MuVi-Sync."""
    return Path(folder, "per_second.csv").is_file()


def read_muvi_sync(folder: str | os.PathLike) -> Pairs:
    """The pairs of a folder with `per_second.csv`: one row per 30-s window, sources `muvi-001` ….

    Raises `InputError` if a column is missing, a cell is no number, or no video is long enough.
    """
    quantities, sources, start = measure(folder)
    return _pairs(
        quantities,
        sources,
        start,
        json.loads(REFERENCE.read_text(encoding="utf-8"))["quantities"],
        str(folder),
    )


def measure(folder: str | os.PathLike) -> tuple[dict[str, np.ndarray], tuple[str, ...], np.ndarray]:
    """Raw quantities of every window, their sources, and starts (n,) in seconds.

    Quantities are (n,) by name, NaN where there is too little to say.
    """
    path = Path(folder, "per_second.csv")
    table = _read(path)
    records, sources, starts = [], [], []
    for video, rows in _by_video(table):
        for at in range(MARGIN_S, len(rows) - MARGIN_S - WINDOW_S + 1, WINDOW_S):
            window = rows[at : at + WINDOW_S]
            records.append(_quantities({n: column[window] for n, column in table.items()}))
            sources.append(f"muvi-{video}")
            starts.append(float(table["t_s"][window[0]]))
    if not records:
        raise InputError("pairs.too_short", file=path, seconds=WINDOW_S + 2 * MARGIN_S)
    return (
        {n: np.array([r[n] for r in records]) for n in records[0]},
        tuple(sources),
        np.array(starts),
    )


def read_seconds(folder: str | os.PathLike) -> dict[str, dict[str, np.ndarray]]:
    """The columns of every video second by second, by source (`muvi-001` …); see `COLUMNS`.

    Raises `InputError` as `read_muvi_sync` does.
    """
    table = _read(Path(folder, "per_second.csv"))
    return {
        f"muvi-{video}": {name: column[rows] for name, column in table.items()}
        for video, rows in _by_video(table)
    }


def write_reference(folder: str | os.PathLike, path: str | os.PathLike = REFERENCE) -> dict:
    """Median and 1.4826·MAD of every quantity over the windows of the training videos, as JSON."""
    quantities, sources, _ = measure(folder)
    train = np.array([split_of(s) == "train" for s in sources])
    stats = {}
    for name, values in quantities.items():
        values = values[train & np.isfinite(values)]
        median = float(np.median(values))
        spread = 1.4826 * float(np.median(np.abs(values - median)))
        stats[name] = {
            "median": median,
            "spread": spread or float(values.std()),
            "count": len(values),
        }
    videos = len({s for s, t in zip(sources, train, strict=True) if t})
    record = {
        "source": "MuVi-Sync, shared part, training videos",
        "videos": videos,
        "windows": int(train.sum()),
        "quantities": stats,
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return record


def _read(path: Path) -> dict[str, np.ndarray]:
    """`per_second.csv` by column: text for `video` and `chord`, float64 for the rest.

    An empty cell is NaN.
    """
    if not path.is_file():
        raise InputError("pairs.no_muvi_sync", file=path)
    table = read_table(path, lambda cells: "video" in cells)
    missing = [n for n in COLUMNS if n not in table.header]
    if missing:
        raise InputError("pairs.muvi_columns", file=path, missing=missing[0], columns=COLUMNS)
    found: dict[str, np.ndarray] = {}
    for name in COLUMNS:
        column = table.columns[table.header.index(name)]
        if name in ("video", "chord"):
            found[name] = np.array(column.tolist(), dtype=object)
            continue
        found[name] = column.numbers()
        for row in np.flatnonzero(~np.isfinite(found[name]) & ~column.blanks()):
            line, cell = int(table.lines[row]), column[int(row)][:40]
            raise InputError("pairs.muvi_cell", file=path, line=line, column=name, cell=cell)
    return found


def _by_video(table: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """Each video's name and its rows in order of time."""
    names = table["video"].astype(str)
    order = np.lexsort((table["t_s"], names))
    edges = np.flatnonzero(names[order][1:] != names[order][:-1]) + 1
    for rows in np.split(order, edges):
        if len(rows):
            yield str(names[rows[0]]), rows


def _quantities(window: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The raw quantities of one window of seconds."""
    pleasure, arousal = (
        sum(c[i] * window[n].mean() for n, c in COORDINATES.items()) for i in (0, 1)
    )
    chords = [c for c in window["chord"] if c and c != "N"]
    enough = len(chords) >= MIN_CHORD_SECONDS
    quality = [c.split(":")[1] if ":" in c else "maj" for c in chords]
    major, minor = (sum(q in kind for q in quality) for kind in (MAJOR, MINOR))
    changes = np.mean(
        [a != b for a, b in zip(window["chord"][:-1], window["chord"][1:], strict=True)]
    )
    return {
        "picture_arousal": arousal,
        "picture_pleasure": pleasure,
        "picture_tension": window["tense"].mean() + window["fearful"].mean(),
        "log_motion": math.log(window["motion"].mean() + 0.1),
        "log_motion_energy": math.log((window["motion"] ** 2).mean() + 0.01),
        "log_cuts": math.log1p((window["scene_offset_s"] == 0).sum()),
        "loudness": window["loudness"].mean(),
        "loudness_sd": window["loudness"].std(),
        "note_density": window["note_density"].mean(),
        "chord_changes": changes if enough else math.nan,
        "pitch_class_entropy": _pitch_class_entropy(chords) if enough else math.nan,
        "mode": (major - minor) / (major + minor) if enough and major + minor else math.nan,
        "triad_share": sum(q in ("maj", "min") for q in quality) / len(chords)
        if enough
        else math.nan,
    }


def _pitch_class_entropy(chords: list[str]) -> float:
    """Entropy in bits of the pitch classes sounding in a list of `root:quality` chords."""
    count = np.zeros(12)
    for chord in chords:
        root, _, quality = chord.partition(":")
        for step in QUALITIES.get(quality or "maj", (0,)):
            count[(PITCH_CLASSES[root] + step) % 12] += 1
    share = count[count > 0] / count.sum()
    return float(-(share * np.log2(share)).sum())


def _pairs(
    quantities: Mapping[str, np.ndarray],
    sources: tuple[str, ...],
    start: np.ndarray,
    reference: Mapping[str, Mapping],
    origin: str,
) -> Pairs:
    n = len(sources)
    z = {
        name: (values - reference[name]["median"]) / reference[name]["spread"]
        for name, values in quantities.items()
    }
    video, music = np.full((n, len(VIDEO_NAMES)), np.nan), np.full((n, len(MUSIC_NAMES)), np.nan)
    for field, parts in PARTS.items():
        low, high = SCALES[field]
        target, names = (video, VIDEO_NAMES) if field in VIDEO_NAMES else (music, MUSIC_NAMES)
        target[:, names.index(field)] = low + (high - low) * _phi(
            np.mean([z[p] for p in parts], axis=0)
        )
    return Pairs(
        sources=sources,
        start=start,
        end=start + WINDOW_S,
        video=video,
        video_confidence=np.isfinite(video).astype(float),
        music=music,
        music_confidence=np.isfinite(music).astype(float),
        music_share=np.ones(n),
        splits=tuple(map(split_of, sources)),
        video_extractors=(EXTRACTOR,) * n,
        music_extractors=(EXTRACTOR,) * n,
        origin=origin,
    )


def _phi(z: np.ndarray) -> np.ndarray:
    """Standard normal distribution function; NaN stays NaN."""
    return np.array([0.5 * (1 + math.erf(v / math.sqrt(2))) for v in z])


if __name__ == "__main__":
    write_reference(sys.argv[1])
