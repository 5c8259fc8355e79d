"""Profile coefficients: one file that bends the closed-form profile towards a person's own ratings.

Per field the file keeps one of four models, the simplest that won on held-out clips:

    closed       the closed form as it is
    calibrated   a monotone curve over the closed form's z
    summary      that curve plus a Gaussian process over what a window is on the whole
    transformer  both plus the residual of the temporal Transformer

A field's z is the normal quantile of its place in its range, so that the closed form's scores
(shares of a reference population) are reference z units and no sum of z leaves the range.
`leitmotif calibrate` writes these files (safetensors, never pickle); reading one runs no code.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save
from scipy.special import ndtr, ndtri

from data.atomic import atomic_path
from data.checksums import Damaged, check_arrays, parse_json, seal_arrays
from data.errors import InputError
from data.profiles import VIDEO_FIELDS, VIDEO_NAMES, Curves, VideoProfile
from data.words import Sentence
from features.video import profile
from features.video.summary import SummaryModel, summarise
from features.video.tokens import TokenScale

if TYPE_CHECKING:
    from features.video.temporal import TemporalTransformer
    from features.video.timeline import Timeline

MODELS = ("closed", "calibrated", "summary", "transformer")
"""From the simplest to the most elaborate; each builds on those before it."""
_FILE = ("profile-coefficients", 2)
Z_LIMIT = 2.5758
"""Ends of the scale: a field within 0.5 % of its end counts as that far, lest z become infinite
(heuristic)."""

_LOW = np.array([f.low for f in VIDEO_FIELDS], dtype=float)
_SPAN = np.array([f.high - f.low for f in VIDEO_FIELDS], dtype=float)


def to_z(values: np.ndarray) -> np.ndarray:
    """Field values (…, 11) to z units, held within ±2.58; NaN stays NaN."""
    with np.errstate(invalid="ignore"):
        return np.clip(ndtri((values - _LOW) / _SPAN), -Z_LIMIT, Z_LIMIT)


def from_z(z: np.ndarray) -> np.ndarray:
    """z units (…, 11) to field values: inverse of `to_z`."""
    return _LOW + _SPAN * ndtr(z)


@dataclass(frozen=True, eq=False)
class ProfileCoefficients:
    """What calibration learned.

    models : one of `MODELS` per field, in the order of `VIDEO_FIELDS`.
    curves : float64 (11, 2, k), from the closed form's z (row 0, rising) to the calibrated z (row
        1).
    extractor : the video extractor whose Timelines it was learned on.
    piece : longest window in seconds that was rated; longer parts are read in pieces of about that
        length.
    scale, summary, network : the input of the last two models and these models, where some field
        keeps them.
    reliability : held-out R² of the kept model per field, 0 where unknown or negative.
    report : the table of held-out scores, as it was printed.
    """

    models: tuple[str, ...]
    curves: np.ndarray
    extractor: str
    piece: float = 60.0
    scale: TokenScale | None = None
    summary: SummaryModel | None = None
    network: TemporalTransformer | None = None
    reliability: np.ndarray = field(default_factory=lambda: np.zeros(len(VIDEO_FIELDS)))
    report: Mapping = field(default_factory=dict)
    digest: str = ""
    """First digits of the file's sha256; part of the profiles' extractor name."""

    def score(
        self, timeline: Timeline, start: float = 0.0, end: float | None = None
    ) -> VideoProfile:
        """As `features.video.score`, bent towards the ratings; fields that keep the closed form are
        untouched.

        A field that was learned from more than the closed form is at least as sure as its held-out
        R². Raises `InputError` for a Timeline of another extractor.
        """
        self._check(timeline)
        closed = profile.score(timeline, start, end)
        moments, residual = self.residuals(timeline, closed, start, end)
        values = self.bend(closed.values, residual.mean(axis=0))
        curves = closed.curves
        if curves is not None:
            over_time = np.stack([np.interp(curves.times, moments, r) for r in residual.T], axis=1)
            curves = Curves(curves.times, self.bend(curves.values, over_time), curves.names)
        confidence = np.where(
            self._seeing, np.maximum(closed.confidence, self.reliability), closed.confidence
        )
        return VideoProfile(
            values,
            confidence,
            f"{closed.extractor} + ratings {self.digest}".rstrip(),
            curves,
            closed.warnings,
        )

    def bend(self, values: np.ndarray, residual: np.ndarray | float = 0.0) -> np.ndarray:
        """Closed-form values (…, 11) and residuals in z (…, 11) to values by each field's kept
        model."""
        z = to_z(values)
        bent = np.stack(
            [np.interp(z[..., i], *curve) for i, curve in enumerate(self.curves)], axis=-1
        )
        return np.where(
            np.array(self.models) == "closed",
            values,
            from_z(bent + np.where(self._seeing, residual, 0.0)),
        )

    def residuals(
        self, timeline: Timeline, closed: VideoProfile, start: float = 0.0, end: float | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the last two models add in the pieces of a part: middle of each in seconds (m,), z
        units (m, 11).

        closed : the part's closed form, with its curves.
        """
        part = profile.window(timeline, start, end)
        if self.summary is None or self.scale is None or closed.curves is None:
            return part.times[:1], np.zeros((1, len(VIDEO_FIELDS)))
        count = max(round((part.times[-1] - part.times[0]) / self.piece), 1)
        tokens, seen, seconds, curves, times = (
            np.array_split(array, count)
            for array in (*self.scale.read(part), part["seconds"], closed.curves.values, part.times)
        )
        pieces = list(zip(tokens, seen, strict=True))
        z = [to_z(profile.summary(*of_piece)) for of_piece in zip(curves, seconds, strict=True)]
        signals = len(self.scale.names)
        numbers = [summarise(at, *piece, signals) for at, piece in zip(z, pieces, strict=True)]
        found = self.summary.residual(np.array(numbers))
        if self.network is not None:
            from features.video.temporal import residuals

            by_network = np.array(self.models) == "transformer"
            found = found + np.where(by_network, residuals(self.network, pieces), 0.0)
        return np.array([of_piece.mean() for of_piece in times]), found

    @property
    def _seeing(self) -> np.ndarray:
        """(11,): which fields look at more than the closed form's own value."""
        return np.isin(self.models, ("summary", "transformer"))

    def _check(self, timeline: Timeline) -> None:
        if timeline.extractor != self.extractor:
            raise InputError(
                "video.coefficients_of_another",
                theirs=self.extractor,
                ours=timeline.extractor,
            )

    # ------------------------------------------------------------------------------ the file

    def save(self, path: str | os.PathLike) -> Self:
        """Write a .safetensors file, whole or not at all; gives back these weights with the file's
        digest."""
        about = {
            "fields": dict(zip(VIDEO_NAMES, self.models, strict=True)),
            "extractor": self.extractor,
            "piece": self.piece,
            "report": dict(self.report),
        }
        tensors = {"curves": self.curves, "reliability": self.reliability}
        if self.summary is not None and self.scale is not None:
            about |= {"signals": self.scale.names}
            tensors |= {f"scale.{name}": array for name, array in self.scale.arrays().items()}
            tensors |= {f"summary.{name}": array for name, array in self.summary.arrays().items()}
        if self.network is not None:
            about |= {"network": asdict(self.network.settings)}
            tensors |= {
                f"network.{name}": tensor.numpy()
                for name, tensor in self.network.state_dict().items()
            }
        tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
        text = json.dumps(about, ensure_ascii=False, sort_keys=True)
        metadata = seal_arrays(*_FILE, tensors, {"leitmotif": text})
        raw = save(tensors, metadata=metadata)
        with atomic_path(path) as temporary:
            temporary.write_bytes(raw)
        return replace(self, digest=_digest(raw))

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Read a file that `leitmotif calibrate` wrote; raises `InputError` for anything else."""
        try:
            raw = Path(path).read_bytes()
        except OSError as error:
            raise InputError(
                "video.coefficients_unreadable", file=path, why=error.strerror
            ) from None
        try:
            tensors, metadata = load(raw), _metadata(raw)
            about = check_arrays(*_FILE, tensors, metadata, path, Sentence("video.calibrate_again"))
            return cls._from_parts(json.loads(about["leitmotif"]), tensors, _digest(raw))
        except Damaged:
            raise
        except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError):
            raise InputError("video.no_coefficients", file=path) from None

    @classmethod
    def _from_parts(cls, about: Mapping, tensors: Mapping[str, np.ndarray], digest: str) -> Self:
        models = tuple(about["fields"][name] for name in VIDEO_NAMES)
        if not set(models) <= set(MODELS) or tensors["curves"].shape[:2] != (len(models), 2):
            raise ValueError(models)
        scale = summary = network = None

        def part(name: str) -> dict[str, np.ndarray]:
            return {k.removeprefix(name): v for k, v in tensors.items() if k.startswith(name)}

        if "signals" in about:
            scale = TokenScale.from_arrays(about["signals"], part("scale."))
            summary = SummaryModel.from_arrays(part("summary."))
        if "network" in about:
            from features.video.temporal import load_network

            network = load_network(about["network"], part("network."))
        learned = (scale, summary, network, tensors["reliability"])
        return cls(
            models,
            tensors["curves"],
            about["extractor"],
            about["piece"],
            *learned,
            about["report"],
            digest,
        )


def _metadata(raw: bytes) -> dict[str, str]:
    """The metadata of a safetensors file: eight bytes of length, then JSON. Raises `ValueError`."""
    size = int.from_bytes(raw[:8], "little")
    header = parse_json(raw[8 : 8 + size], "")
    found = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(found, dict):
        raise ValueError("no metadata")
    return found


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:8]
