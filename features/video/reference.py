"""The reference population: what raw quantities are like in ordinary clips, and scores from that.

A quantity x becomes z = (g(x) − median) / (1.4826·MAD) over the scenes of the reference clips, with
g = log(x + floor) for skewed positive quantities, and asinh about grey for heat. The statistics are shipped in
`data/reference/video.json`, written by `leitmotif reference build`, with the counts behind them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from data.folders import ROOT

PATH = ROOT / "reference" / "video.json"


@dataclass(frozen=True)
class Scale:
    """How one quantity is spread over the reference population."""

    median: float
    spread: float
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
        """Standard score, held within ±3.5 (a longer tail than the population has says nothing more)."""
        return np.clip((self.transform(raw) - self.median) / self.spread, -3.5, 3.5)


@dataclass(frozen=True)
class Fit:
    """A linear fit on normal scores: what people said, from what was measured."""

    weights: dict[str, float]
    """Weight of each standardised quantity."""
    spread: float
    """Standard deviation of the weighted sum over the fitted clips."""
    score: dict[str, float] = field(default_factory=dict)
    """Cross-validated correlation, its interval, counts."""

    def z(self, standard: Mapping[str, np.ndarray]) -> np.ndarray:
        """The weighted sum of standard scores, again as a standard score.

        Each is held within ±2, where nearly all of the fitted clips lie.
        """
        return (
            sum(weight * np.clip(standard[name], -2, 2) for name, weight in self.weights.items())
            / self.spread
        )


@dataclass(frozen=True)
class Reference:
    """Everything the raters compare with."""

    scales: dict[str, Scale]
    shot_length: Scale
    """Of log seconds, at a random moment of a film (each shot counts by its length)."""
    arousal: Fit
    valence: Fit
    made_from: dict

    @classmethod
    def read(cls, path: Path = PATH) -> Reference:
        record = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            scales={name: Scale(**s) for name, s in record["scales"].items()},
            shot_length=Scale(**record["shot_length"]),
            arousal=Fit(**record["arousal"]),
            valence=Fit(**record["valence"]),
            made_from=record["made_from"],
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


@cache
def shipped() -> Reference:
    """The reference that comes with Leitmotif."""
    return Reference.read()


def scale_of(values: np.ndarray, floor: float | None = None, centre: float | None = None) -> Scale:
    """The robust statistics of transformed `values` (g already applied); NaN is left out."""
    values = values[np.isfinite(values)]
    median = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - median)))
    return Scale(round(median, 6), round(max(spread, 1e-6), 6), len(values), floor, centre)


def share(z: np.ndarray) -> np.ndarray:
    """Φ(z): the share of the reference population that lies below, 0–1."""
    return ndtr(z)
