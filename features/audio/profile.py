"""From descriptors to the ten features.

Every descriptor becomes z = (x − median)/(1.4826·MAD) over the reference tracks of
`data/reference/music.json`, held within ±3; a feature is a weighted sum of such z, itself put
on its scale by the same population. So 67 reads "brighter than two thirds of ordinary tracks".
Valence and melody trend have true zeros instead (no leaning to major or minor; level). Arousal and
valence are such a sum and what `features.audio.ear` learned, by shares that were fitted, too.

Where coefficients come from is said beside each: *published*, *fitted* (data and cross-validated
score), or *heuristic*.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from data.folders import ROOT
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, MusicProfile
from data.words import Sentence

if TYPE_CHECKING:
    from features.audio.descriptors import Description
    from features.audio.ear import Ear

EXTRACTOR = "leitmotif-audio 4"
"""Name and version; the version rises whenever the same file would get different numbers."""
WITH_YAMNET = f"{EXTRACTOR} + yamnet"
"""Its name where YAMNet was heard, too."""
_NAME, _, _VERSION = EXTRACTOR.rpartition(" ")
REFERENCE = ROOT / "reference" / "music.json"

_COEFFICIENTS: dict[str, dict[str, float]] = {
    # fullness alone explains rated density of 72 film-music excerpts with a CV R² of .39; the rest
    # is a heuristic
    "richness": {"fullness": 0.5, "entropy": 0.15, "onset_rate": 0.2, "pitch_classes": 0.15},
    # fullness explains rated repetitiveness of the same excerpts (CV R² .27); the rest is a
    # heuristic
    "variation": {
        "fullness": -0.2,
        "harmonic_change": 0.2,
        "chroma_novelty": 0.2,
        "novelty": 0.2,
        "loudness_change": 0.2,
    },
    "rhythm": {"pulse_clarity": 1.0},
    "warmth": {"warm_share": 0.7, "attack": -0.3},  # heuristic
    "harmony": {"key_clarity": 0.6, "roughness": -0.4},  # heuristic
    "brightness": {"bright": 1.0},
    "melody_trend": {},
    "rhythm_speed": {"speed": 1.0},
}
PARTS: dict[str, dict[str, float]] = {
    # published: Eerola 2009 as in MIRtoolbox's miremotion; its RMS term is constant after loudness
    # normalisation
    "miremotion_arousal": {
        "pulse_clarity": 0.6099,
        "centroid": 0.4486,
        "spread": -0.4639,
        "entropy": 0.7056,
    },
    "miremotion_valence": {
        "loudness_change": -0.3161,
        "pulse_clarity": 0.6099,
        "key_clarity": 0.8802,
        "mode": 0.4565,
        "novelty": 0.4015,
    },
    # fitted: alone it explains rated energy of 85 film-music excerpts with a CV R² of .31 (`fits`)
    "energy": {"fullness": 1.0},
    # fitted: standardised effects on (happy + scary − sad − peaceful) and (happy + peaceful − scary
    # − sad) of 141 pieces in which these were set (Eerola, Friberg & Bresin 2013; CV R² .87 and
    # .91). Mode's effect on the first sum (.45) is left to valence; register, which spans three
    # octaves there and less than one in our reference tracks, enters at half its effect (heuristic)
    "factorial_arousal": {"speed": 0.54, "attack": 0.16},
    # heuristic: what those effects and people's ratings of piano pieces have in common (ρ .76 with
    # these; `attack`, as it is measured, falls where playing is dense); timbre is left to the ear
    "events": {"speed": 1.0},
    "factorial_valence": {"mode": 0.69, "register": 0.18, "speed": 0.15},
}
"""What the formulas of arousal and valence, and the course of arousal, are made of.

Each part has unit spread over the reference tracks."""
_STEEP = 2.5
"""Per semitone a second; gives slopes the spread on the demo's tracks that Theil and Sen's had."""
_JOINED = {
    "arousal": ("events",),
    "valence": ("miremotion_valence", "factorial_valence"),
}
"""Parts count equally (heuristic); how much the ear counts beside them is fitted
(`data/EAR.md`)."""
_COURSE = ("miremotion_arousal", "energy", "factorial_arousal")
"""By how much a moment is more arousing than its track: within one recording timbre counts, too."""
_WITHOUT_YAMNET = {"arousal": 0.97, "valence": 0.80}
"""Confidence that remains without YAMNet: ratio of ρ² to people's ratings of piano pieces
(`data/EAR.md`)."""


def is_older(extractor: str) -> bool:
    """Whether a name is that of an earlier version of this extractor."""
    version = extractor.removeprefix(f"{_NAME} ").split(" ")[0]
    return extractor.startswith(_NAME) and version.isdigit() and int(version) < int(_VERSION)


@cache
def ear() -> Ear:
    """The coefficients that ship with the project."""
    from features.audio.ear import read_ear

    return read_ear()


@cache
def reference() -> dict[str, Any]:
    """The reference statistics that ship with the project."""
    return json.loads(REFERENCE.read_text(encoding="utf-8"))


def z_scores(values: Mapping[str, Any], statistics: dict[str, Any]) -> dict[str, Any]:
    """Robust z of each descriptor, held within ±3; mode counts from neither major nor minor.

    values : a float or an array of any shape by name; z has the same shape.
    """
    zero = {name: 0.0 if name == "mode" else statistics[name]["median"] for name in values}
    return {
        name: np.clip((x - zero[name]) / max(1.4826 * statistics[name]["mad"], 1e-9), -3, 3)
        for name, x in values.items()
    }


def composites(values: dict[str, float], statistics: dict[str, Any]) -> dict[str, float]:
    """The ten weighted sums by name and arousal's `course`, before they are put on their scales."""
    z = z_scores(values, statistics["descriptors"])
    sums = {name: weighted(coefficients, z) for name, coefficients in _COEFFICIENTS.items()}
    sums["melody_trend"] = values["melody_slope"]
    sums["course"] = _joined(_COURSE, z, statistics)
    return sums | {name: _joined(parts, z, statistics) for name, parts in _JOINED.items()}


def weighted(coefficients: Mapping[str, float], z: Mapping[str, Any]) -> Any:
    """Σ coefficient·z, in the shape of z."""
    return sum(coefficient * z[name] for name, coefficient in coefficients.items())


def _joined(parts: tuple[str, ...], z: Mapping[str, Any], statistics: dict[str, Any]) -> Any:
    return sum(weighted(PARTS[part], z) / statistics["parts"][part] for part in parts)


def _standard(x: Any, scale: Mapping[str, float]) -> Any:
    return (x - scale["median"]) / (1.4826 * scale["mad"])


def score(
    description: Description,
    warnings: tuple[str, ...] = (),
    class_scores: np.ndarray | None = None,
) -> MusicProfile:
    """The ten features; neutral with confidence 0 for silence.

    class_scores : (windows, 521) of YAMNet (`features.audio.tags`), None where it was not asked.
    """
    extractor = EXTRACTOR if class_scores is None else WITH_YAMNET
    if not description.values:
        neutral = np.array([field.neutral for field in MUSIC_FIELDS])
        return MusicProfile(
            neutral,
            np.zeros(len(neutral)),
            extractor,
            warnings=(*warnings, Sentence("audio.nothing_heard")),
        )
    found = _on_scale(composites(description.values, reference()))
    found |= _arousal_and_valence(description, class_scores)
    trust = confidence(description)
    if class_scores is None:
        trust = trust * [_WITHOUT_YAMNET.get(name, 1.0) for name in MUSIC_NAMES]
    values = np.array([found[name] for name in MUSIC_NAMES])
    return MusicProfile(values, trust, extractor, warnings=warnings)


def _on_scale(sums: dict[str, float]) -> dict[str, float]:
    """The sums that the ear has no part in on the scales of their features."""
    from scipy.special import ndtr

    found = {"melody_trend": float(50 + 50 * np.tanh(_STEEP * sums["melody_trend"]))}
    for field in MUSIC_FIELDS:
        if field.name not in (*found, *_JOINED):
            z = _standard(sums[field.name], reference()["features"][field.name])
            found[field.name] = float(field.low + (field.high - field.low) * ndtr(z))
    return found


def formula(values: dict[str, float]) -> np.ndarray:
    """Arousal and valence by their formulas alone, in standard deviations, (2,)."""
    sums, scales = composites(values, reference()), reference()["features"]
    return np.array([
        _standard(sums["arousal"], scales["arousal"]),
        sums["valence"] / (1.4826 * scales["valence"]["mad"]),
    ])  # fmt: skip


def _arousal_and_valence(
    description: Description, class_scores: np.ndarray | None
) -> dict[str, float]:
    """Both −100–100; 0 is as arousing as ordinary music, and leaning to neither side."""
    from scipy.special import ndtr

    from features.audio.ear import log_scores, witnesses

    scores = None if class_scores is None else log_scores(class_scores)[None]
    z = ear().join(witnesses(description)[None], formula(description.values)[None], scores)[0]
    return {"arousal": float(200 * ndtr(z[0]) - 100), "valence": float(100 * np.tanh(z[1] / 2))}


def arousal(
    values: dict[str, np.ndarray], level: np.ndarray, whole: dict[str, float], track: float
) -> np.ndarray:
    """Arousal of each token of a track, (T,), −100–100.

    A weighted sum, miremotion's RMS term on the level within the track included, says by how much a
    token (values) differs from the track (whole), whose arousal is `track`.
    """
    from scipy.special import ndtr, ndtri

    statistics = reference()
    tokens, middle = (
        _joined(_COURSE, z_scores(v, statistics["descriptors"]), statistics)
        for v in (values, whole)
    )
    differs = (tokens + 0.6664 * level - middle) / (
        1.4826 * statistics["features"]["course"]["mad"]
    )
    return 200 * ndtr(np.clip(ndtri((track + 100) / 200), -4, 4) + differs) - 100


def brightness(share: np.ndarray) -> np.ndarray:
    """Brightness 0–100 of each token's share of energy above 1500 Hz, (T,)."""
    from scipy.special import ndtr

    share = np.clip(share, 1e-4, 1 - 1e-4)
    statistics = reference()
    z = z_scores({"bright": np.log(share / (1 - share))}, statistics["descriptors"])["bright"]
    return 100 * ndtr(_standard(z, statistics["features"]["brightness"]))


_ENOUGH_S = {
    "richness": 1.5,
    "variation": 5.0,
    "rhythm": 3.5,
    "warmth": 1.5,
    "harmony": 13.0,
    "brightness": 3.0,
    "melody_trend": 60.0,
    "rhythm_speed": 2.0,
    "arousal": 1.5,
    "valence": 14.0,
}
"""Fitted: t with which 1 − exp(−s/t) is the variance of a clip's value that s seconds of it
explain, over 73 shared tracks of 30 s cut to 1.5, 3, 6, 12 and 18 s (at 6 s .94 of richness and of
arousal, .77 of rhythm, .28 of valence, nothing of melody trend, whose 60 s is a guess)."""


def confidence(description: Description) -> np.ndarray:
    """Evidence behind each feature, (10,): seconds of sound, clarity of pulse, key and melody.

    How clarity counts is a heuristic.
    """
    pulse = np.clip(2 * description.pulse_strength, 0, 1)
    key = np.clip(1.5 * description.tonal_strength, 0, 1)
    clear = {
        "harmony": 0.5 + 0.5 * key,
        "melody_trend": description.voiced * key,
        "rhythm_speed": 0.5 + 0.5 * pulse,
        "valence": 0.3 + 0.4 * key,
    }
    heard = [1 - np.exp(-description.active_s / _ENOUGH_S[name]) for name in MUSIC_NAMES]
    return np.array(heard) * [clear.get(name, 1.0) for name in MUSIC_NAMES]
