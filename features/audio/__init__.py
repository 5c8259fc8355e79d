"""Sound to the ten features of music: file → recording → descriptors → `MusicProfile`.

Every stage is a function of its own (`load.load`, `descriptors.listen`, `descriptors.describe`,
`profile.rate`); these are the ones other packages call. Heavy imports wait until then.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from data.errors import InputError
from data.profiles import MusicProfile
from features.audio.profile import EXTRACTOR

if TYPE_CHECKING:
    from features.audio.structure import Beats

__all__ = ["EXTRACTOR", "TrackAnalysis", "analyze", "music_profile"]


@dataclass(frozen=True, eq=False)
class TrackAnalysis:
    """One track as the catalogue keeps it.

    profile : the ten features; its `curves` are those of `data.track_curves.CURVE_NAMES` per half second.
    duration_s : seconds. bpm : NaN without a pulse. key : as "F# minor", empty without tones.
    loudness_lufs : integrated, −inf for silence.
    beats : times, accents and their confidences. sections : (start, end) seconds, without gaps.
    fingerprint : uint32 words that know the recording again (`fingerprint`).
    tags : shares and moods by the names in `tags.TAGS`; None unless asked for and to be had.
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


def music_profile(
    source, *, rate: int | None = None, start: float = 0.0, end: float | None = None
) -> MusicProfile:
    """The 10-D profile of an audio file, of a video's soundtrack, or of samples in memory.

    source : path, or samples (n,) or (n, channels), float with full scale 1, at `rate` Hz.
    start, end : seconds; the rest is not looked at (a scene of a film, a window of a track).
    Silence gives the neutral profile with confidence 0. Raises `InputError` for a file that
    cannot be read or has no sound.
    """
    return analyze(source, rate=rate, start=start, end=end).profile


def analyze(
    source,
    *,
    rate: int | None = None,
    start: float = 0.0,
    end: float | None = None,
    tags: bool = False,
) -> TrackAnalysis:
    """The profile and what a catalogue keeps beside it; arguments as in `music_profile`.

    tags : also let YAMNet hear it (a second of start-up per process, a third more time).
    """
    from features.audio import structure
    from features.audio.descriptors import describe, listen
    from features.audio.fingerprint import fingerprint
    from features.audio.load import from_samples, load
    from features.audio.profile import rate as rated
    from features.audio.tags import tag

    if isinstance(source, (str, os.PathLike)):
        recording = load(source, start, end)
    else:
        if not rate:
            raise InputError("rate: samples in memory need their sample rate in Hz, as rate=44100.")
        first, last = (None if t is None else round(t * rate) for t in (start, end))
        recording = from_samples(source[first:last], rate)
    sound = listen(recording)
    description = describe(sound)
    profile = replace(
        rated(description, recording.warnings), curves=structure.curves(sound, description)
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
        tag(recording.samples, recording.gain) if tags else None,
    )
