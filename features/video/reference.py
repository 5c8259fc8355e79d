"""The reference population: what raw quantities are like in ordinary clips, and z from that.

A quantity x becomes z = (g(x) − median) / (1.4826·MAD) over the scenes of the reference clips, with
g = log(x + floor) for skewed positive quantities, and asinh about grey for heat. The statistics
are shipped in `data/reference/video.json`, with the counts behind them;
`python -m tools.video_reference` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtr

from data.checksums import read_json, write_json
from data.folders import ROOT

_FILE = ("video-reference", 2)
PATH = ROOT / "reference" / "video.json"


@dataclass(frozen=True)
class Scale:
    """How one quantity is spread over the reference population."""

    median: float
    mad_sd: float
    """1.4826·MAD: the standard deviation, if the quantity were normal."""
    count: int
    floor: float | None = None
    """Added before the logarithm; None where no logarithm is taken."""
    centre: float | None = None
    """For a quantity of both signs with long tails: g(x) = asinh((x − centre) / 0.05)."""

    def transform(self, raw: np.ndarray) -> np.ndarray:
        """g(x): the scale on which the quantity is averaged and compared."""
        if self.centre is not None:
            return np.arcsinh((raw - self.centre) / 0.05)
        return raw if self.floor is None else np.log(raw + self.floor)

    def z(self, raw: np.ndarray) -> np.ndarray:
        """Standard score, held within ±3.5 (a longer tail than the population has says nothing
        more)."""
        return np.clip((self.transform(raw) - self.median) / self.mad_sd, -3.5, 3.5)


@dataclass(frozen=True)
class Fit:
    """A linear fit on normal scores: what people said, from what was measured."""

    coefficients: dict[str, float]
    """Of each standardised quantity."""
    sd: float
    """Standard deviation of the weighted sum over the fitted clips."""
    score: dict[str, Any] = field(default_factory=dict)
    """Cross-validated correlation, its interval, counts."""
    lowest: dict[str, float] = field(default_factory=dict)
    """Of inputs that many fitted clips have least of (no cut at all): the score they then have."""

    def z(self, standard: Mapping[str, np.ndarray]) -> np.ndarray:
        """The weighted sum of standard scores, again as a standard score.

        Each is held within ±2, where nearly all of the fitted clips lie, and not below the least
        there can be.
        """
        terms = (
            c * np.clip(standard[name], self.lowest.get(name, -2), 2)
            for name, c in self.coefficients.items()
        )
        return np.asarray(sum(terms) / self.sd)


@dataclass(frozen=True)
class Reference:
    """Everything the scorers compare with."""

    scales: dict[str, Scale]
    shot_length: Scale
    """Of log seconds, at a random moment of a film (each shot counts by its length)."""
    arousal: Fit
    valence: Fit
    made_from: dict[str, Any]

    @classmethod
    def read(cls, path: Path = PATH) -> Reference:
        """What `write` wrote. Raises `InputError` for a damaged file."""
        record = read_json(path, *_FILE)
        return cls(
            scales={name: Scale(**s) for name, s in record["scales"].items()},
            shot_length=Scale(**record["shot_length"]),
            arousal=Fit(**record["arousal"]),
            valence=Fit(**record["valence"]),
            made_from=record["made_from"],
        )

    def write(self, path: Path) -> None:
        """Write a sealed JSON file, whole or not at all."""
        write_json(path, *_FILE, asdict(self))


@cache
def shipped() -> Reference:
    """The reference that comes with Leitmotif."""
    return Reference.read()


def scale_of(values: np.ndarray, floor: float | None = None, centre: float | None = None) -> Scale:
    """The robust statistics of transformed `values` (g already applied); NaN is left out."""
    values = values[np.isfinite(values)]
    median = float(np.median(values))
    mad_sd = 1.4826 * float(np.median(np.abs(values - median)))
    return Scale(round(median, 6), round(max(mad_sd, 1e-6), 6), len(values), floor, centre)


def percentile(z: np.ndarray) -> np.ndarray:
    """Φ(z): the fraction of the reference population that lies below, 0–1."""
    return np.asarray(ndtr(z))
