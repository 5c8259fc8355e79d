"""Which music goes with a stretch of music video by averages alone, without the course of time.

Beside the arc stands the question what averages can tell. Windows of picture and music are told by
`recommender.window_columns`, and the few directions in which the two go together are found by
canonical correlation (Hotelling 1936), with a ridge (Vinod 1976, *J. Econometrics* 4). A track
counts by the ratio of two likelihoods under the model behind it (Bach & Jordan 2005, *A
probabilistic interpretation of canonical correlation analysis*): with a and b the canonical
variables of picture and music, and ρ their correlation,

    score = Σ (ρ a b − ρ² (a² + b²) / 2) / (1 − ρ²)  =  log p(a, b) − log p(a) p(b) + constant

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
from recommender.window_columns import Columns, music_averages, picture_averages

SHIPPED = ROOT / "weights" / "muvi_sync_averages.safetensors"
KIND, VERSION = "muvi-averages", 2
WINDOWS_S = (30, 60, 120)
EDGE_S = 30
"""Seconds at both ends of a video that are never looked at: fades and titles give pairs away."""
MIDDLE = 1
"""Of the windows at the beginning, in the middle and at the end: the one that is judged."""
RIDGE = 1.0
"""Added to the variance of standardised columns (by cross-validation on 514 videos; .5 to 2 do
alike)."""
DIRECTIONS = 5
"""Canonical directions that count (likewise; with 3 less is found, 7 to 30 do alike)."""
FAR_SD = 3.0
"""Columns are held within so many standard deviations (heuristic): shares have long tails."""


def begins(seconds: int, window: int) -> tuple[int, int, int] | None:
    """Where the three windows of a video begin; None if the video is too short for one."""
    if seconds < window + 2 * EDGE_S:
        return None
    return EDGE_S, (seconds - window) // 2, seconds - EDGE_S - window


def part(video: Columns, start: int, end: int) -> dict[str, np.ndarray]:
    """Some seconds of a video."""
    return {name: column[start:end] for name, column in video.items()}


@dataclass(frozen=True, eq=False)
class WindowAverages:
    """Averages of three windows of some videos.

    sources : names. picture : (n, 3, 70). music : (n, 3, 53) of the same windows. track : (n, 53)
        of the whole video without its edges.
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

    def judged(self, what: str) -> np.ndarray:
        """(n, 53) of the "music" of the windows in the middle, or of each whole "track"."""
        return self.track if what == "track" else self.music[:, MIDDLE]

    def fit(self, what: str) -> Canonical:
        """What goes with which "music" of the same window, or with which whole "track"."""
        music = self.music
        if what == "track":
            music = np.broadcast_to(self.track[:, None], music.shape)
        flat = (x.reshape(-1, x.shape[-1]) for x in (self.picture, music))
        return fit(*flat)


def window_averages(videos: Mapping[str, Columns], window: int) -> WindowAverages:
    """Averages of every video that is long enough."""
    names, picture, music, track = [], [], [], []
    for name, video in videos.items():
        seconds = len(video["t_s"])
        at = begins(seconds, window)
        if at is None:
            continue
        shown = [part(video, start, start + window) for start in at]
        names.append(name)
        picture.append([picture_averages(w) for w in shown])
        music.append([music_averages(w) for w in shown])
        track.append(music_averages(part(video, EDGE_S, seconds - EDGE_S)))
    return WindowAverages(tuple(names), np.array(picture), np.array(music), np.array(track))


@dataclass(frozen=True, eq=False)
class Canonical:
    """Directions of picture and music that go together.

    picture, music : columns (p,), (m,): mean, standard deviation, and the directions (·, k).
    correlation : (k,) of the pairs of directions, shrunk by the ridge.
    """

    picture: tuple[np.ndarray, np.ndarray, np.ndarray]
    music: tuple[np.ndarray, np.ndarray, np.ndarray]
    correlation: np.ndarray

    def score(self, picture: np.ndarray, music: np.ndarray) -> np.ndarray:
        """(q, n) log likelihood ratios, up to a constant, of pictures (q, p) and music (n, m)."""
        mean, sd, directions = self.picture
        a = _held(picture, mean, sd) @ directions
        mean, sd, directions = self.music
        b = _held(music, mean, sd) @ directions
        rest = 1 - np.square(self.correlation)
        own = np.square(self.correlation) / rest / 2
        alone = (np.square(a) @ own)[:, None] + (np.square(b) @ own)[None]
        return (a * self.correlation / rest) @ b.T - alone


def fit(picture: np.ndarray, music: np.ndarray) -> Canonical:
    """Fit on pictures (n, p) and their music (n, m)."""
    of_picture, of_music = ((v.mean(0), np.maximum(v.std(0), 1e-9)) for v in (picture, music))
    x, y = _held(picture, *of_picture), _held(music, *of_music)
    whiten_x, whiten_y = _whitening(x), _whitening(y)
    left, correlation, right = np.linalg.svd(
        whiten_x @ (x.T @ y / len(x)) @ whiten_y, full_matrices=False
    )
    return Canonical(
        (*of_picture, whiten_x @ left[:, :DIRECTIONS]),
        (*of_music, whiten_y @ right[:DIRECTIONS].T),
        correlation[:DIRECTIONS],
    )


def _held(values: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    return np.clip((values - mean) / sd, -FAR_SD, FAR_SD)


def _whitening(values: np.ndarray) -> np.ndarray:
    """The inverse square root of their covariance, ridge included."""
    covariance = values.T @ values / len(values) + RIDGE * np.eye(values.shape[1])
    variance, axes = np.linalg.eigh(covariance)
    return (axes / np.sqrt(variance)) @ axes.T


# ------------------------------------------------------------------------------ the shipped windows


def write_shipped(videos: Mapping[str, Columns], path: str | os.PathLike = SHIPPED) -> None:
    """Write the averages of `videos` at every window length, as float16."""
    from safetensors.numpy import save_file

    arrays, names = {}, {}
    for window in WINDOWS_S:
        found = window_averages(videos, window)
        names[str(window)] = found.sources
        for name in ("picture", "music", "track"):
            arrays[f"{name}_{window}"] = getattr(found, name).astype(np.float16)
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
