"""Arousal and valence as people hear them: descriptors and what YAMNet hears, weighed by a fit.

A ridge regression, fitted by `tools.fit_ear`: to ratings of piano pieces and of an experiment's
tunes by people, and to the opinion of a larger network on unrated music. Published formulas
(`features.audio.profile`) keep a share where that predicts better. `data/EAR.md` tells every
number's source and score.
Without YAMNet's scores a second set of coefficients reads the descriptors alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.checksums import check_arrays, seal_arrays
from data.folders import ROOT
from data.track_sounds import STEP
from features.audio.descriptors import DESCRIPTORS, Description

EAR = ROOT / "weights" / "ear.safetensors"
KIND, VERSION = "ear", 3
WITNESSES = (*(name for name in DESCRIPTORS if name != "tempo"), "pulse_strength")
"""Not the tempo: an octave's error, which a codec can turn over, must not move what is heard."""
CLASSES = 521
OUTPUTS = ("arousal", "valence")


@dataclass(frozen=True, eq=False)
class Ear:
    """Coefficients by name, all float32.

    centre, scale (22,) of `WITNESSES`; score_centre (521,) of mean log scores;
    alone (2, 22) without YAMNet; joined (2, 22) and scores (2, 521) with it;
    sd (2, 2) of the sums over the unrated tracks, rows without and with YAMNet; formula (2, 2) the
    formulas' shares, 0–1; mean_sd (2, 2) of what both together say of these tracks.
    """

    arrays: dict[str, np.ndarray]

    def hear(self, witnesses: np.ndarray, scores: np.ndarray | None = None) -> np.ndarray:
        """Arousal and valence in standard deviations of ordinary music, (n, 2).

        witnesses : (n, 22), see `witnesses`. scores : (n, 521), see `log_scores`; None without
        YAMNet.
        """
        a = self.arrays
        z = np.clip((witnesses - a["centre"]) / a["scale"], -3, 3)
        if scores is None:
            return z @ a["alone"].T / a["sd"][0]
        return (z @ a["joined"].T + (scores - a["score_centre"]) @ a["scores"].T) / a["sd"][1]

    def join(
        self, witnesses: np.ndarray, formula: np.ndarray, scores: np.ndarray | None = None
    ) -> np.ndarray:
        """`hear` and the formulas by their shares, again in standard deviations, (n, 2).

        formula : (n, 2), see `features.audio.profile.formula`.
        """
        way = 0 if scores is None else 1
        share = self.arrays["formula"][way]
        mean = (1 - share) * self.hear(witnesses, scores) + share * formula
        return mean / self.arrays["mean_sd"][way]


def witnesses(description: Description) -> np.ndarray:
    """The descriptors that the ear reads, (22,)."""
    values = description.values | {"pulse_strength": description.pulse_strength}
    return np.array([values[name] for name in WITNESSES])


def log_scores(scores: np.ndarray) -> np.ndarray:
    """Mean log score of each class over YAMNet's windows, (521,). scores : (windows, 521)."""
    return np.log(scores.astype(np.float64) + STEP).mean(axis=0)


def write_ear(path: str | os.PathLike[str], ear: Ear, text: str) -> None:
    """Write coefficients and, under `leitmotif`, what is known about them; whole or not at all."""
    from safetensors.numpy import save_file

    with atomic_path(path) as temporary:
        save_file(
            ear.arrays, temporary, seal_arrays(KIND, VERSION, ear.arrays, {"leitmotif": text})
        )


def read_ear(path: str | os.PathLike[str] = EAR) -> Ear:
    """Read what `write_ear` wrote. Raises `Damaged`, or `OSError` where it cannot be read."""
    from safetensors import safe_open

    with safe_open(Path(path), framework="numpy") as file:
        metadata = file.metadata() or {}
        arrays = {name: file.get_tensor(name) for name in list(file.keys())}
    check_arrays(KIND, VERSION, arrays, metadata, path)
    return Ear(arrays)
