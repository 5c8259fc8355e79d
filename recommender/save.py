"""Fitted predictors into weights files, with all that a reader of the file should know."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from data.pairs import Pairs
from recommender.alignment import Requests
from recommender.fit_network import Trained
from recommender.forward import Forward, network_forward
from recommender.linear import Linear
from recommender.predictor_file import write_predictor
from recommender.stretch import NO_STRETCH, Stretch, fit_stretch


def save(
    path: str | os.PathLike,
    model: Linear | Trained,
    pairs: Pairs,
    *,
    name: str,
    description: str,
    stretch: bool = True,
    pictures: Pairs | None = None,
    **metadata: object,
) -> None:
    """Write a linear model or a network, with the stretch and the requests that `pairs` give it.

    pairs : what it was fitted on. pictures : what it will be asked about, where that was measured
    in another way; its requests are looked at over these. metadata : scores, reliability (10
    numbers) and whatever else belongs to the file.
    """
    predicted = forward_of(model)(pairs.video, pairs.video_confidence)[0]
    stretched = fit_stretch(predicted, pairs.music) if stretch else NO_STRETCH
    if pictures is not None:
        predicted = forward_of(model)(pictures.video, pictures.video_confidence)[0]
    arrays = query_arrays(stretched, stretched.apply(predicted))
    known: dict[str, object] = {
        "trained_on": {
            "origin": Path(pairs.origin).name,
            "pairs": len(pairs),
            "sources": sorted(set(pairs.sources)),
        }
    }
    if isinstance(model, Linear):
        kind = "linear"
        arrays |= {f.name: np.asarray(getattr(model, f.name)) for f in fields(Linear)}
    else:
        kind = "network"
        arrays |= {n: t.detach().cpu().numpy() for n, t in model.network.state_dict().items()}
        known |= {
            "config": model.config.to_dict(),
            "settings": model.settings.to_dict(),
            "best_epoch": model.best_epoch,
        }
    known |= {
        "name": name,
        "description": description,
        "video_extractor": pairs.video_extractor,
        "music_extractor": pairs.music_extractor,
    }
    write_predictor(path, kind, arrays, {**known, **metadata})


def query_arrays(stretch: Stretch, asked: np.ndarray) -> dict[str, np.ndarray]:
    """What a predictor's file holds beside the model. asked : (n, 10) requests over pictures."""
    requests = Requests.of(asked)
    return {
        "stretch_centre": stretch.centre,
        "stretch_factor": stretch.factor,
        "requests_mean": requests.mean,
        "requests_covariance": requests.covariance,
    }


def forward_of(model: Linear | Trained) -> Forward:
    """The function of a fitted model."""
    return model.forward if isinstance(model, Linear) else network_forward(model.network)


def reliability(outputs: Mapping[str, Mapping[str, float]], sources: int) -> list[float]:
    """Held-out R² that each output can reach when its scale is right: r² of a correlation that was
    not believed blindly.

    outputs : as `recommender.protocol.per_output` gives them. sources : independent films behind
        them.

    A correlation over few films is mostly chance, so each is pulled towards the mean of all as far
    as their spread can be chance (empirical Bayes with standard error 1/√sources); negative ones
    count as 0. NaN where an output was not measured.
    """
    r = np.array([o["r"] for o in outputs.values()], dtype=float)
    known = np.isfinite(r)
    if known.any():
        chance = 1 / sources
        real = max(float(r[known].var()) - chance, 0.0)
        r = r[known].mean() + real / (real + chance) * (r - r[known].mean())
    return (np.maximum(r, 0.0) ** 2).tolist()
