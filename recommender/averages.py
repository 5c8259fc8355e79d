"""What a stretch of music video is like on the whole, and which music goes with it: the averages.

Beside the arc stands the question what averages alone can tell. Pictures and music of a stretch are
described by means and standard deviations of MuVi-Sync's columns, ridge regression leads from one
to the other, and a track counts by the ratio of two likelihoods:

    score(x, y) = log N(y; ŷ(x), Σ_residual) − log N(y; mean, Σ_music)

How likely is this music under this picture, against how common it is at all? The second part keeps
the average track from winning everywhere. The windows of the videos that ship with Leitmotif are
`data/weights/muvi_sync_averages.safetensors`, from which a fit leaves out whatever it is to judge.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.checksums import check_arrays, seal_arrays
from data.folders import ROOT
from data.muvi_sync import COORDINATES, MAJOR, MINOR

Columns = Mapping[str, np.ndarray]
"""Columns of MuVi-Sync by name, each (seconds,)."""

SHIPPED = ROOT / "weights" / "muvi_sync_averages.safetensors"
KIND, VERSION = "muvi-averages", 1
WINDOWS_S = (30, 60, 120)
EDGE_S = 30
"""Seconds at both ends of a video that are never looked at: fades and titles give pairs away."""
PENALTY = 30.0
"""Ridge penalty for standardised inputs (heuristic; 10 to 300 do alike)."""
SHRINKAGE = 0.05
"""Added to the diagonal of standardised covariances (heuristic)."""


def picture_averages(window: Columns) -> np.ndarray:
    """(24,) of a window: picture emotions, motion and cutting, by mean and standard deviation."""
    emotions = np.stack([window[name] for name in COORDINATES])
    motion = np.log(window["motion"] + 0.1)
    shot = np.log1p(np.nan_to_num(window["scene_offset_s"]))
    cuts_a_minute = 60 * float((window["scene_offset_s"] == 0).mean())
    return np.concatenate(
        [
            emotions.mean(1),
            emotions.std(1),
            np.sqrt(np.maximum(emotions, 0)).mean(1),
            [motion.mean(), motion.std(), np.abs(np.diff(motion)).mean()],
            [np.log1p(cuts_a_minute), shot.mean(), shot.std()],
        ]
    )


def music_averages(window: Columns) -> np.ndarray:
    """(11,) of a window: loudness, notes and chords, by mean and standard deviation."""
    loudness, notes = (np.sqrt(np.maximum(window[n], 0)) for n in ("loudness", "note_density"))
    chords = window["chord"].astype(str)
    quality = np.array([c.split(":")[1] if ":" in c else "maj" for c in chords])
    quality = np.where(np.isin(chords, ("N", "")), "none", quality)
    pulse = [
        part for x in (loudness, notes) for part in (x.mean(), x.std(), np.abs(np.diff(x)).mean())
    ]
    harmony = [np.isin(quality, q).mean() for q in (MAJOR, MINOR, ("maj", "min"), ("none",))]
    return np.array([*pulse, *harmony, (chords[1:] != chords[:-1]).mean()])


def middle(seconds: int, window: int) -> int | None:
    """Where the fixed window in the middle of a video begins; None if the video is too short."""
    return (seconds - window) // 2 if seconds >= window + 2 * EDGE_S else None


def part(video: Columns, start: int, end: int) -> dict[str, np.ndarray]:
    """Some seconds of a video."""
    return {name: column[start:end] for name, column in video.items()}


@dataclass(frozen=True, eq=False)
class WindowAverages:
    """Averages of the middle windows of some videos.

    sources : names. picture : (n, 24). music : (n, 11) of the same window. track : (n, 11) of the
        whole video without its edges.
    """

    sources: tuple[str, ...]
    picture: np.ndarray
    music: np.ndarray
    track: np.ndarray

    def without(self, sources: set[str]) -> WindowAverages:
        """All but these videos."""
        keep = np.array([s not in sources for s in self.sources], dtype=bool)
        names = tuple(s for s in self.sources if s not in sources)
        return WindowAverages(names, self.picture[keep], self.music[keep], self.track[keep])


def window_averages(videos: Mapping[str, Columns], window: int) -> WindowAverages:
    """Averages of every video that is long enough."""
    names, picture, music, track = [], [], [], []
    for name, video in videos.items():
        seconds = len(video["t_s"])
        start = middle(seconds, window)
        if start is None:
            continue
        shown = part(video, start, start + window)
        names.append(name)
        picture.append(picture_averages(shown))
        music.append(music_averages(shown))
        track.append(music_averages(part(video, EDGE_S, seconds - EDGE_S)))
    return WindowAverages(tuple(names), np.array(picture), np.array(music), np.array(track))


@dataclass(frozen=True, eq=False)
class LikelihoodRatio:
    """Ridge regression with the covariances that turn its errors into a ratio of likelihoods."""

    in_mean: np.ndarray
    in_sd: np.ndarray
    out_mean: np.ndarray
    out_sd: np.ndarray
    matrix: np.ndarray
    residual_precision: np.ndarray
    music_precision: np.ndarray

    def score(self, picture: np.ndarray, music: np.ndarray) -> np.ndarray:
        """(q, n) log likelihood ratios, up to a constant, of pictures (q, p) and music (n, m)."""
        predicted = ((picture - self.in_mean) / self.in_sd) @ self.matrix
        y = (music - self.out_mean) / self.out_sd
        off = predicted[:, None] - y[None]
        under = np.einsum("qni,ij,qnj->qn", off, self.residual_precision, off)
        common = np.einsum("ni,ij,nj->n", y, self.music_precision, y)
        return (common - under) / 2


def fit(picture: np.ndarray, music: np.ndarray) -> LikelihoodRatio:
    """Fit on pictures (n, p) and their music (n, m)."""
    in_mean, in_sd = picture.mean(0), np.maximum(picture.std(0), 1e-9)
    out_mean, out_sd = music.mean(0), np.maximum(music.std(0), 1e-9)
    x, y = (picture - in_mean) / in_sd, (music - out_mean) / out_sd
    left = x.T @ x + PENALTY * np.eye(x.shape[1])
    matrix = np.linalg.solve(left, x.T @ y)

    def precision(values: np.ndarray) -> np.ndarray:
        return np.linalg.inv(np.cov(values.T) + SHRINKAGE * np.eye(y.shape[1]))

    precisions = precision(y - x @ matrix), precision(y)
    return LikelihoodRatio(in_mean, in_sd, out_mean, out_sd, matrix, *precisions)


# ------------------------------------------------------------------------------ the shipped windows


def write_shipped(videos: Mapping[str, Columns], path: str | os.PathLike = SHIPPED) -> None:
    """Write the averages of `videos` at every window length."""
    from safetensors.numpy import save_file

    arrays, names = {}, {}
    for window in WINDOWS_S:
        found = window_averages(videos, window)
        names[str(window)] = found.sources
        for name in ("picture", "music", "track"):
            arrays[f"{name}_{window}"] = getattr(found, name).astype(np.float32)
    metadata = {"sources": json.dumps(names)}
    with atomic_path(path) as temporary:
        save_file(arrays, temporary, seal_arrays(KIND, VERSION, arrays, metadata))


def read_shipped(window: int, path: str | os.PathLike = SHIPPED) -> WindowAverages:
    """The averages that ship with Leitmotif. Raises `Damaged`."""
    from safetensors import safe_open

    with safe_open(Path(path), framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = check_arrays(KIND, VERSION, arrays, file.metadata() or {}, path)
    names = tuple(json.loads(metadata["sources"])[str(window)])
    parts = (arrays[f"{n}_{window}"].astype(float) for n in ("picture", "music", "track"))
    return WindowAverages(names, *parts)
