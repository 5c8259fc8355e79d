"""The loudness of every track of a catalogue, and where music may begin, as one file.

It lies beside the catalogue's curves (`NAME.curves.parquet` → `NAME.arc`), is made from them when
it is missing, older than they are, or damaged, and is laid out as safetensors:

    loudness  (seconds,) float32   curves of `matcher.arc.loudness_curve`, one track after another
    first     (tracks + 1,) int64  where each begins in it, in the catalogue's order
    places    (n,) float64         seconds at which music may begin, one track after another
    of        (tracks + 1,) int64  where each track's places begin
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.checksums import check_arrays, checksum, damaged, parse_json, seal_arrays
from data.errors import InputError
from data.track_curves import TrackOverTime, read_curves
from matcher import arc_step
from matcher.arc import (
    CUTS,
    MOTION,
    SHARPNESS,
    SHORTEST_S,
    PictureCurves,
    loudness_curve,
    score_windows,
)
from matcher.placement import begin_places

KIND, VERSION = "arc", 1
_ARRAYS = {"loudness": np.float32, "first": np.int64, "places": np.float64, "of": np.int64}


@dataclass(frozen=True, eq=False)
class CatalogueCurves:
    """What the arc needs of every track; the arrays of the module's head."""

    loudness: np.ndarray
    first: np.ndarray
    places: np.ndarray
    of: np.ndarray

    def __len__(self) -> int:
        return len(self.first) - 1

    def track(self, row: int) -> np.ndarray:
        """(T,) loudness of one track; empty where the catalogue has none."""
        return self.loudness[self.first[row] : self.first[row + 1]]

    def begins(self, row: int) -> np.ndarray:
        """(n,) seconds at which the music of one track may begin."""
        return self.places[self.of[row] : self.of[row + 1]]

    @classmethod
    def build(cls, tracks: Sequence[TrackOverTime | None]) -> CatalogueCurves:
        """Of tracks in the catalogue's order; None where nothing is known of one."""
        curves, places = [], []
        for track in tracks:
            curve = loudness_curve(track.curves["loudness"]) if track else np.zeros(0, np.float32)
            curves.append(curve)
            places.append(begin_places(curve, track) if track else np.zeros(0))
        first, of = (
            np.concatenate([[0], np.cumsum([len(a) for a in arrays])]).astype(np.int64)
            for arrays in (curves, places)
        )
        none = [np.zeros(0, np.float32)]
        return cls(
            np.concatenate(curves or none), first, np.concatenate([*places, np.zeros(0)]), of
        )


def evidence_of(
    picture: PictureCurves, curves: CatalogueCurves, rows: np.ndarray, place: float | None = None
) -> np.ndarray:
    """(n,) how much the arc speaks for each track of `rows`; NaN where it cannot say.

    place : None to look at every place where a track may begin; else seconds, and r there counts.
    """
    owner, at = _places(curves, rows) if place is None else _one_place(curves, rows, place)
    r, z = _score(picture, curves, rows[owner], at)
    said = np.isfinite(r)
    owner, r, z = owner[said], r[said], z[said]
    found = np.full(len(rows), np.nan)
    if not len(owner):
        return found
    firsts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    if place is not None:
        found[owner] = r
        return found
    weight = np.exp(SHARPNESS * (z[:, CUTS] + z[:, MOTION]))
    counts = np.diff(np.r_[firsts, len(owner)])
    found[owner[firsts]] = np.log(np.add.reduceat(weight, firsts) / counts)
    return found


def step_evidence(
    film: np.ndarray,
    weights: np.ndarray,
    curves: CatalogueCurves,
    row: int,
    place: float | None = None,
) -> float:
    """How much the linear step speaks for one track; NaN where it cannot say.

    film : (5, W) of `arc_step.film_rows`. weights : (10,). place : as in `evidence_of`.
    """
    loudness = curves.track(row)
    seconds = min(film.shape[1], len(loudness))
    at = np.round(curves.begins(row) if place is None else [place]).astype(np.int64)
    at = at[(at >= 0) & (at + seconds <= len(loudness))]
    if seconds < SHORTEST_S or not len(at):
        return float("nan")
    shown = film[None, :, :seconds]
    z = arc_step.agreements(shown, arc_step.music_rows(loudness), at)[:, 0] @ weights
    return float(z.max() + np.log(np.exp(z - z.max()).mean()))


def _places(curves: CatalogueCurves, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Position in `rows` and second of every place of these tracks."""
    counts = curves.of[rows + 1] - curves.of[rows]
    owner = np.repeat(np.arange(len(rows)), counts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    return owner, np.round(curves.places[curves.of[rows][owner] + within]).astype(np.int64)


def _one_place(
    curves: CatalogueCurves, rows: np.ndarray, place: float
) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(len(rows)), np.full(len(rows), round(place), dtype=np.int64)


def _score(
    picture: PictureCurves, curves: CatalogueCurves, rows: np.ndarray, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """r (n,) and z (n, 3) of places; NaN where the film does not fit or is too short."""
    length = curves.first[rows + 1] - curves.first[rows]
    seconds = np.minimum(len(picture), length)
    fits = (at + seconds <= length) & (seconds >= SHORTEST_S)
    r, z = np.full(len(rows), np.nan), np.full((len(rows), 3), np.nan)
    for size in np.unique(seconds[fits]):
        chosen = np.flatnonzero(fits & (seconds == size))
        shown = picture if size == len(picture) else picture.first(int(size))
        r[chosen], z[chosen] = score_windows(
            shown, curves.loudness, curves.first[rows[chosen]] + at[chosen]
        )
    return r, z


# ------------------------------------------------------------------------------ the file


def curves_of(source: str | os.PathLike, track_ids: Sequence[str]) -> CatalogueCurves | None:
    """The curves of a table of tracks over time, in the order of `track_ids`; None without one.

    The file beside it is read if it is of these curves and tracks; else it is made, and kept where
    the folder may be written.
    """
    source = Path(source)
    if not source.is_file():
        return None
    path, of = arc_path(source), _fingerprint(source, track_ids)
    try:
        return read(path, of)
    except (InputError, OSError):
        pass  # missing, of other curves, or damaged: made again
    known = read_curves(source)
    curves = CatalogueCurves.build([known.get(track_id) for track_id in track_ids])
    with contextlib.suppress(OSError):  # a folder that may not be written: made again next time
        write(path, curves, of)
    return curves


def curves_path(catalogue: str | os.PathLike) -> Path:
    """Where `leitmotif catalogue build` writes a catalogue's tracks over time."""
    return Path(catalogue).with_name(f"{Path(catalogue).stem}.curves.parquet")


def arc_path(source: str | os.PathLike) -> Path:
    """Where the curves of a table of tracks over time lie."""
    return Path(source).with_name(Path(source).name.removesuffix(".curves.parquet") + ".arc")


def _fingerprint(source: Path, track_ids: Sequence[str]) -> str:
    """Tells these curves and tracks from others."""
    state = source.stat()
    return f"{state.st_size}-{state.st_mtime_ns}-{checksum(json.dumps(list(track_ids))):08x}"


def write(path: str | os.PathLike, curves: CatalogueCurves, of: str) -> None:
    """Write the file, whole or not at all. of : what it was made from."""
    from safetensors.numpy import save_file

    arrays = {name: np.ascontiguousarray(getattr(curves, name)) for name in _ARRAYS}
    with atomic_path(path) as temporary:
        save_file(arrays, temporary, seal_arrays(KIND, VERSION, arrays, {"made_from": of}))


def read(path: str | os.PathLike, of: str) -> CatalogueCurves:
    """Read the file at `path`. Raises `Damaged` if it is not whole or made from something else.

    It is not mapped: to shorten it while it is open would end the process.
    """
    whole = np.fromfile(path, dtype=np.uint8)
    try:
        size = int(whole[:8].view(np.uint64)[0])
        header = parse_json(whole[8 : 8 + size].tobytes(), path)
        metadata = header.pop("__metadata__")
        body, arrays = whole[8 + size :], {}
        for name, dtype in _ARRAYS.items():
            begin, end = header[name]["data_offsets"]
            arrays[name] = body[begin:end].view(dtype)
        known = check_arrays(KIND, VERSION, arrays, metadata, path)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise damaged(path) from None
    if known.get("made_from") != of:
        raise damaged(path)
    return CatalogueCurves(**arrays)
