"""Fitted predictors into weights files, with all that a reader of the file should know."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from data.pairs import Pairs
from recommender.forward import Forward, network_forward
from recommender.linear import Linear
from recommender.spread import NO_SPREAD, fit_spread
from recommender.train import Trained
from recommender.weights import write_weights


def save(
    path: str | os.PathLike, model: Linear | Trained, pairs: Pairs, *, name: str, description: str, stretch: bool = True, **metadata: object
) -> None:
    """Write a linear model or a network, and the stretch that `pairs` (what it was fitted on) give it.

    metadata : scores, reliability (10 numbers) and whatever else belongs to the file.
    """
    spread = NO_SPREAD
    if stretch:
        spread = fit_spread(forward_of(model)(pairs.video, pairs.video_confidence)[0], pairs.music)
    arrays: dict[str, np.ndarray] = {"spread_centre": spread.centre, "spread_factor": spread.factor}
    known: dict[str, object] = {
        "trained_on": {"origin": Path(pairs.origin).name, "pairs": len(pairs), "sources": sorted(set(pairs.sources))}
    }
    if isinstance(model, Linear):
        kind = "linear"
        arrays |= {f.name: np.asarray(getattr(model, f.name)) for f in fields(Linear)}
    else:
        kind = "network"
        arrays |= {n: t.detach().cpu().numpy() for n, t in model.network.state_dict().items()}
        known |= {"config": model.config.to_dict(), "settings": model.settings.to_dict(), "best_epoch": model.best_epoch}
    known |= {"name": name, "description": description, "video_extractor": pairs.video_extractor, "music_extractor": pairs.music_extractor}
    write_weights(path, kind, arrays, {**known, **metadata})


def forward_of(model: Linear | Trained) -> Forward:
    """The function of a fitted model."""
    return model.forward if isinstance(model, Linear) else network_forward(model.network)


def reliability(outputs: Mapping[str, Mapping[str, float]]) -> list[float]:
    """Held-out R² that each output can reach when its scale is right: r², 0 where r is negative, NaN where unmeasured.

    outputs : as `recommender.protocol.per_output` gives them.
    """
    return [max(o["r"], 0.0) ** 2 if np.isfinite(o["r"]) else np.nan for o in outputs.values()]
