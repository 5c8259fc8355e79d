"""Sound to the ten features of music: file → recording → descriptors → `MusicProfile`.

Every stage is a function of its own (`load.load`, `descriptors.listen`, `descriptors.describe`,
`profile.score`); these are the ones other packages call. Heavy imports wait until then.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from data.errors import InputError
from data.profiles import MusicProfile
from data.track_curves import TOKEN_S
from data.track_sounds import to_bytes
from data.words import Sentence
from features.audio.profile import EXTRACTOR, WITH_YAMNET

if TYPE_CHECKING:
    from features.audio.descriptors import Description
    from features.audio.load import Recording
    from features.audio.structure import Beats

QUIETEST_LU = -60.0
Source = str | os.PathLike[str] | np.ndarray
"""A path, or samples."""

__all__ = [
    "EXTRACTOR",
    "WITH_YAMNET",
    "TrackAnalysis",
    "analyze",
    "loudness_over_time",
    "music_profile",
]


@dataclass(frozen=True, eq=False)
class TrackAnalysis:
    """One track as the catalogue keeps it.

    profile : the ten features; its `curves` are those of `data.track_curves.CURVE_NAMES`, one value
        per half second.
    duration_s : seconds. bpm, bpm_alternative : the likeliest and the next metrical level, NaN
        without a pulse; bpm_confidence : 0–1, how periodic the sound is there.
    key : as "F# minor", empty without tones.
    loudness_lufs : integrated, −inf for silence.
    beats : times, accents and their confidences. sections : (start, end) seconds, without gaps.
    fingerprint : uint32 words that know the recording again (`fingerprint`).
    tags : shares and moods by the names in `tags.TAGS`; sound : uint8 (521,), what YAMNet hears on
        the whole (`data.track_sounds`); both None unless asked for and to be had.
    """

    profile: MusicProfile
    duration_s: float
    bpm: float
    key: str
    loudness_lufs: float
    beats: Beats
    sections: list[tuple[float, float]]
    fingerprint: np.ndarray
    tags: dict[str, float] | None = None
    bpm_alternative: float = float("nan")
    bpm_confidence: float = 0.0
    sound: np.ndarray | None = None


def music_profile(
    source: Source,
    *,
    sample_rate: int | None = None,
    start: float = 0.0,
    end: float | None = None,
    rate: int | None = None,
) -> MusicProfile:
    """The 10-D profile of an audio file, of a video's soundtrack, or of samples in memory.

    source : path, or samples (n,) or (n, channels), float with full scale 1, at
        `sample_rate` Hz (`rate` is the older name of it).
    start, end : seconds; the rest is not looked at (a scene of a film, a window of a track).
    YAMNet is heard, too, where its weights are: as in a catalogue, so that both compare.
    Silence gives the neutral profile with confidence 0. Raises `InputError` for a file that
    cannot be read or has no sound.
    """
    return analyze(source, sample_rate=sample_rate or rate, start=start, end=end, tags=True).profile


def analyze(
    source: Source,
    *,
    sample_rate: int | None = None,
    start: float = 0.0,
    end: float | None = None,
    tags: bool = False,
    rate: int | None = None,
) -> TrackAnalysis:
    """The profile and what a catalogue keeps beside it; arguments as in `music_profile`.

    tags : also let YAMNet hear it (a second of start-up per process, a third more time), which
        makes arousal and valence surer. Extractor `WITH_YAMNET` says where that was done.
    """
    from features.audio import structure
    from features.audio.descriptors import describe, listen
    from features.audio.ear import log_scores
    from features.audio.fingerprint import fingerprint
    from features.audio.profile import score
    from features.audio.tags import class_scores, tag

    recording = _recording(source, sample_rate or rate, start, end)
    sound = listen(recording)
    description = describe(sound)
    scores = class_scores(recording.samples, recording.gain) if tags else None
    heard = None if scores is None else tag(scores)
    profile = score(description, recording.warnings, scores)
    profile = replace(
        _weighed(profile, recording, description, heard),
        curves=structure.curves(sound, description, profile["arousal"]),
    )
    return TrackAnalysis(
        profile,
        recording.duration_s,
        description.bpm,
        description.key,
        recording.lufs,
        structure.beats(sound, description),
        structure.sections(sound),
        fingerprint(sound.db),
        heard,
        description.bpm_alternative,
        description.pulse_strength,
        None if scores is None else to_bytes(log_scores(scores)),
    )


def loudness_over_time(source: Source, *, sample_rate: int | None = None) -> np.ndarray:
    """(T,) loudness of every half second (BS.1770) in LU relative to the whole recording's.

    Costs little more than decoding. Silence lies at −60. Arguments and errors as of `analyze`.
    """
    from features.audio.load import SAMPLE_RATE
    from features.audio.loudness import HOP_S, LoudnessMeter, relative_lufs

    recording = _recording(source, sample_rate, 0.0, None)
    if not recording.heard:
        return np.full(int(np.ceil(recording.duration_s / TOKEN_S)), QUIETEST_LU)
    meter = LoudnessMeter()
    meter.feed(recording.samples[None], SAMPLE_RATE, ("FC",))
    powers = meter.powers()
    starts = np.arange(0, len(powers), round(TOKEN_S / HOP_S))
    counts = np.diff(np.append(starts, len(powers)))
    means = np.add.reduceat(powers, starts) / counts
    own = relative_lufs(powers)
    return np.maximum(10 * np.log10(np.maximum(means, 1e-30)) - 0.691 - own, QUIETEST_LU)


def _recording(
    source: Source, sample_rate: int | None, start: float, end: float | None
) -> Recording:
    from features.audio.load import from_samples, load

    if isinstance(source, (str, os.PathLike)):
        return load(source, start, end)
    if not sample_rate:
        raise InputError("audio.no_sample_rate")
    first, last = (None if t is None else round(t * sample_rate) for t in (start, end))
    return from_samples(np.asarray(source)[first:last], sample_rate)


def _weighed(
    profile: MusicProfile,
    recording: Recording,
    description: Description,
    tags: dict[str, float] | None,
) -> MusicProfile:
    """The profile with its confidence lowered to what the recording allows, and why if to none."""
    from features.audio.evidence import evidence

    factors = evidence(recording, description.active_s, tags)
    warnings = profile.warnings
    if description.values and not factors.any():
        code = "audio.too_short" if recording.heard else "audio.too_quiet"
        warnings = (*warnings, Sentence(code))
    return replace(profile, confidence=profile.confidence * factors, warnings=warnings)
