"""What another way to choose the try would have earned, from the lists that were shown.

Inverse propensity scoring (Horvitz & Thompson 1952) is right on average whatever the truth, and
noisy; the doubly robust estimate (Dudík, Langford & Li, ICML 2011) takes the noise away that a
model of the reward explains. A reward is 1 where the try was liked or chosen, else 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from data.profiles import MUSIC_NAMES
from leitmotif.taste.beliefs import NEUTRAL, Sliders, features
from leitmotif.taste.diary import Event, believed, by_list

Policy = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From candidates z (n, 10) and importance (10,) to a probability of each, (n,)."""


@dataclass(frozen=True, eq=False)
class Logged:
    """A try that was made: candidates (n, 10), importance (10,), which one, how likely, reward."""

    candidates: np.ndarray
    importance: np.ndarray
    drawn: int
    probability: float
    reward: float


@dataclass(frozen=True)
class Worth:
    """Mean reward of a policy with standard errors, and as it was logged."""

    ips: float
    ips_error: float
    robust: float
    robust_error: float
    logged: float
    tries: int


def logged(events: Sequence[Event]) -> list[Logged]:
    """The tries of lists that were answered and seen as far as the try."""
    found = []
    for shown, answers in by_list(events):
        said = shown.said
        if said["try"] is None or not answers:
            continue
        track = said["tracks"][said["try"]]
        taken = [a.said["track"] for a in answers if a.kind in ("like", "chosen")]
        places = [said["tracks"].index(a.said["track"]) + 1 for a in answers
                  if a.said["track"] in said["tracks"]]  # fmt: skip
        if max([*places, *(int(a.said["seen"]) for a in answers)]) <= said["try"]:
            continue  # unseen is no refusal
        found.append(
            Logged(
                np.array(said["candidates"], np.float64).reshape(-1, len(MUSIC_NAMES)),
                np.array(said["importance"], np.float64),
                int(said["drawn"]),
                float(said["probabilities"][said["drawn"]]),
                float(track in taken),
            )
        )
    return found


def evaluate(tries: Sequence[Logged], policy: Policy) -> Worth | None:
    """What a policy would have earned; None without tries."""
    if not tries:
        return None
    rewards = np.array([t.reward for t in tries])
    x = np.array([features(t.candidates[[t.drawn]], t.importance)[0] for t in tries])
    model = _ridge(x, rewards)
    ips, robust = np.empty(len(tries)), np.empty(len(tries))
    for i, t in enumerate(tries):
        chances = policy(t.candidates, t.importance)
        weight = chances[t.drawn] / t.probability
        expected = np.clip(model(features(t.candidates, t.importance)), 0, 1)
        ips[i] = weight * t.reward
        robust[i] = chances @ expected + weight * (t.reward - expected[t.drawn])
    errors = [float(v.std() / np.sqrt(len(v))) for v in (ips, robust)]
    return Worth(
        float(ips.mean()), errors[0], float(robust.mean()), errors[1],
        float(rewards.mean()), len(tries),
    )  # fmt: skip


def _ridge(x: np.ndarray, y: np.ndarray, strength: float = 10.0) -> Callable:
    """A linear model of the reward about its mean."""
    center, mean = x.mean(axis=0), y.mean()
    z = x - center
    coefficients = np.linalg.solve(z.T @ z + strength * np.eye(z.shape[1]), z.T @ (y - mean))
    return lambda new: mean + (new - center) @ coefficients


def greedy(sliders: Sliders) -> Policy:
    """Always the best by some sliders."""

    def policy(candidates: np.ndarray, importance: np.ndarray) -> np.ndarray:
        best = int(np.argmax(sliders.worth(candidates, importance)))
        return (np.arange(len(candidates)) == best).astype(np.float64)

    return policy


def uniform(candidates: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """Any candidate alike."""
    return np.full(len(candidates), 1 / len(candidates))


def policies(events: Sequence[Event]) -> dict[str, Policy]:
    """The ways that are compared: as learned, without what was learned, at random."""
    return {
        "learned": greedy(believed(events).sliders),
        "fixed": greedy(NEUTRAL),
        "random": uniform,
    }
