"""From blendshapes to expression evidence, and from that to valence and arousal.

Each expression is the conjunction (geometric mean) of the facial actions that Ekman & Friesen's
EMFACS names for it, read from the blendshapes that picture those actions. What counts as a clear
action, and the baselines of shapes that are never quite 0 on a neutral face, are heuristic; checked
by eye on the talking heads and performers of the reference clips.

Valence and arousal of each expression: Russell & Mehrabian (1977), Evidence for a three-factor
theory of emotions, J. Research in Personality 11, 273–294.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

AFFECT = {
    "happy": (0.81, 0.51),
    "surprised": (0.40, 0.67),
    "angry": (-0.51, 0.59),
    "afraid": (-0.64, 0.60),
    "disgusted": (-0.60, 0.35),
    "sad": (-0.63, -0.27),
}
"""Valence and arousal, −1–1; a neutral face is 0, 0."""


class Expression(NamedTuple):
    """What one face shows; field names are the Timeline's, some there with `face_` in front."""

    valence: float
    arousal: float
    smile: float
    gaze: float
    happy: float
    surprised: float
    angry: float
    afraid: float
    disgusted: float
    sad: float


def expression(shapes: Mapping[str, float], turn: float = 0.0) -> Expression:
    """The expression of a face's blendshapes (name to 0–1).

    `turn` is the head's turn aside, 0 facing the camera, 0.5 about a quarter turn.
    """
    found = evidence(shapes)
    total = max(sum(found.values()), 1.0)
    found = {name: value / total for name, value in found.items()}
    valence, arousal = (sum(found[name] * AFFECT[name][axis] for name in AFFECT) for axis in (0, 1))
    return Expression(
        valence, arousal, _ramp(_both(shapes, "mouthSmile"), 0.1, 0.7), gaze(shapes, turn), **found
    )


def evidence(shapes: Mapping[str, float]) -> dict[str, float]:
    """Evidence of each expression, 0–1, not exclusive. Facial actions in the comments."""
    smile = _ramp(_both(shapes, "mouthSmile"), 0.1, 0.7)  # 12
    brows_up = _ramp(
        (shapes["browInnerUp"] + _both(shapes, "browOuterUp")) / 2, 0.25, 0.75
    )  # 1 + 2
    inner_up = _ramp(shapes["browInnerUp"], 0.25, 0.8)  # 1
    brows_down = _ramp(_both(shapes, "browDown"), 0.35, 0.8)  # 4
    eyes_wide = _ramp(_both(shapes, "eyeWide"), 0.1, 0.5)  # 5
    squint = _ramp(_both(shapes, "eyeSquint"), 0.5, 0.9)  # 7
    sneer = _ramp(_both(shapes, "noseSneer"), 0.1, 0.5)  # 9
    upper_lip = _ramp(_both(shapes, "mouthUpperUp"), 0.2, 0.7)  # 10
    frown = _ramp(_both(shapes, "mouthFrown"), 0.1, 0.5)  # 15
    stretch = _ramp(_both(shapes, "mouthStretch"), 0.15, 0.6)  # 20
    press = _ramp(_both(shapes, "mouthPress"), 0.2, 0.6)  # 23, 24
    jaw = _ramp(shapes["jawOpen"], 0.15, 0.6)  # 26
    unsmiling = 1 - smile
    return {
        "happy": smile,
        "surprised": np.sqrt(brows_up * max(eyes_wide, jaw)) * (1 - frown),
        "angry": np.sqrt(brows_down * max(press, squint, sneer)) * unsmiling,
        "afraid": np.sqrt(inner_up * stretch) * unsmiling,
        "disgusted": np.sqrt(sneer * max(upper_lip, sneer)) * unsmiling,
        "sad": np.sqrt(max(inner_up, 0.5 * frown) * frown) * unsmiling,
    }


def gaze(shapes: Mapping[str, float], turn: float) -> float:
    """1 looking into the camera, 0 away: eyes within their usual 0.3 of straight, head facing
    us."""
    aside = max(
        (shapes[f"eyeLookIn{s}"] + shapes[f"eyeLookOut{o}"]) / 2
        for s, o in (("Left", "Right"), ("Right", "Left"))
    )
    aloft = max(_both(shapes, "eyeLookUp"), _both(shapes, "eyeLookDown"))
    return (1 - _ramp(aside, 0.3, 0.7)) * (1 - _ramp(aloft, 0.3, 0.7)) * (1 - _ramp(turn, 0.1, 0.4))


def _both(shapes: Mapping[str, float], name: str) -> float:
    return (shapes[f"{name}Left"] + shapes[f"{name}Right"]) / 2


def _ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`."""
    return float(min(max((value - low) / (high - low), 0.0), 1.0))
