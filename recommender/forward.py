"""The one shape of every predictor, and the network's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS
from recommender.units import from_units, to_units

if TYPE_CHECKING:
    from recommender.network import Network

Forward = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Pictures (n, 11) in field units and their confidences to music (n, 10) and its confidences."""


def network_forward(network: Network) -> Forward:
    """A network in eval mode as a function of numpy arrays.

    An output's confidence is the share of its linear weights that had evidence behind it; an output
    that no pair measured is neutral at confidence 0.
    """
    import torch

    measured = network.measured.numpy()
    size = (network.skip * network.mask).detach().abs().double().numpy()
    share = size / np.maximum(size.sum(1, keepdims=True), 1e-12)

    def forward(values: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        known = np.where(np.isfinite(values), confidence, 0.0)
        units = torch.as_tensor(to_units(values, VIDEO_FIELDS), dtype=torch.float32)
        with torch.inference_mode():
            music = (
                network.units(network(units, torch.as_tensor(known, dtype=torch.float32)))
                .double()
                .numpy()
            )
        return from_units(np.where(measured, music, 0.0), MUSIC_FIELDS), np.where(
            measured, known @ share.T, 0.0
        )

    return forward
