"""What is known of one audio file: from the worker, through a build's memory, to the catalogue."""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.buckets import ENERGIES, energies
from data.catalogue import HEARD_COLUMNS
from data.checksums import pack, parse_json, unpack
from data.profiles import MUSIC_NAMES, Curves, MusicProfile
from data.track_curves import CURVE_NAMES, TOKEN_S, TrackOverTime
from data.words import from_record, to_record

KIND, VERSION = "track", 3
_PLAIN = (
    "duration_s", "bpm", "key", "loudness_lufs", "title", "artist", "license", "license_url",
    "isrc", "composer", "publisher", "bpm_stated", "tags", "bpm_alternative", "bpm_confidence",
)  # fmt: skip
_ROUNDED = {
    "duration_s": 3, "bpm": 2, "bpm_alternative": 2, "bpm_confidence": 3, "loudness_lufs": 2,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class TrackRecord:
    """One audio file by its content; where it lies is none of its business.

    profile : ten values with confidence, extractor and warnings (its curves are in `over_time`).
    over_time : curves, beats and sections. fingerprint : uint32 words that know it again.
    duration_s : seconds. bpm, bpm_alternative : two metrical levels, NaN without a pulse;
    bpm_confidence : 0–1, how periodic the sound is there. key : as "F# minor", empty without tones.
    loudness_lufs : integrated, not finite for silence. bpm_stated : tempo by the file's tags.
    tags : shares and moods by name, sound : uint8 (521,), see `data.track_sounds`; both None where
    nothing tagged it.
    """

    profile: MusicProfile
    over_time: TrackOverTime
    fingerprint: np.ndarray
    duration_s: float
    bpm: float = math.nan
    key: str = ""
    loudness_lufs: float = math.nan
    title: str = ""
    artist: str = ""
    license: str = ""
    license_url: str = ""
    isrc: str = ""
    composer: str = ""
    publisher: str = ""
    bpm_stated: str = ""
    tags: dict[str, float] | None = None
    bpm_alternative: float = math.nan
    bpm_confidence: float = 0.0
    sound: np.ndarray | None = None

    def row(self) -> dict[str, str | float]:
        """Its columns of the catalogue; a number that there is not is empty."""
        row: dict[str, str | float] = {n: getattr(self, n) for n in _PLAIN if n != "tags"}
        for name, digits in _ROUNDED.items():
            value = getattr(self, name)
            row[name] = round(value, digits) if math.isfinite(value) else ""
        names = self.profile.names()
        row |= zip(names, self.profile.values.tolist(), strict=True)
        row |= zip(
            (f"{n}_confidence" for n in names), self.profile.confidence.tolist(), strict=True
        )
        row["energy"] = self.energy
        row |= dict.fromkeys(HEARD_COLUMNS, "")
        for name, value in (self.tags or {}).items():
            row["music_share" if name == "music" else name] = value
        return row | {"extractor": self.profile.extractor}

    @property
    def energy(self) -> str:
        """One of `ENERGIES`; empty where nothing is heard."""
        if self.profile.confidence[MUSIC_NAMES.index("arousal")] == 0:
            return ""
        return ENERGIES[int(energies(np.array(self.profile["arousal"])))]

    def to_bytes(self) -> bytes:
        """For a build's memory, with a checksum."""
        plain = {n: _json_number(getattr(self, n)) for n in _PLAIN}
        plain["profile"] = self.profile.to_dict() | {
            "warnings": [to_record(w) for w in self.profile.warnings]
        }
        plain["confidence"] = [self.over_time.beat_confidence, self.over_time.accent_confidence]
        arrays = io.BytesIO()
        np.savez(
            arrays,
            plain=np.frombuffer(json.dumps(plain).encode(), np.uint8),
            curves=self.over_time.curves.values.astype("<f4"),
            beats=self.over_time.beats.astype("<f4"),
            accents=self.over_time.accents,
            sections=self.over_time.sections.astype("<f4"),
            fingerprint=self.fingerprint,
            sound=np.zeros(0, np.uint8) if self.sound is None else self.sound,
        )
        return pack(KIND, VERSION, arrays.getvalue())

    @classmethod
    def from_bytes(cls, blob: bytes, file: object) -> TrackRecord:
        """Inverse of `to_bytes`. file : for the message. Raises `data.checksums.Damaged`."""
        payload = unpack(blob, KIND, VERSION, file)
        with np.load(io.BytesIO(payload), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        plain: dict[str, Any] = parse_json(arrays["plain"].tobytes(), file)
        warnings = [from_record(w) for w in plain["profile"]["warnings"]]
        values = arrays["curves"].astype(np.float64)
        over_time = TrackOverTime(
            Curves(np.arange(len(values)) * TOKEN_S, values, CURVE_NAMES),
            arrays["beats"].astype(np.float64),
            arrays["accents"],
            plain["confidence"][0],
            plain["confidence"][1],
            arrays["sections"].astype(np.float64),
        )
        known: dict[str, Any] = {
            n: math.nan if plain[n] is None else plain[n] for n in _PLAIN if n != "tags"
        }
        return cls(
            MusicProfile.from_dict(plain["profile"] | {"warnings": warnings}),
            over_time,
            arrays["fingerprint"],
            **known,
            tags=plain["tags"],
            sound=arrays["sound"] if len(arrays["sound"]) else None,
        )


def _json_number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
