"""Cues as sound, kept in the cache folder: a cue that was rendered once is not rendered again.

The key is everything that its sound depends on but the gains, which are put on afterwards: the
track's file, its pieces and the length in samples. So work that was stopped goes on with the cue it
was at, and another ducking costs no decoding.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.checksums import Damaged, pack, unpack
from data.errors import InputError
from data.folders import cache_folder, keep_to_size
from leitmotif.score.model import Cue
from leitmotif.score.sound import SAMPLE_RATE, TRACK_LUFS, Tracks, plain_sound, sample_of
from leitmotif.score.timecode import FrameRate

KIND, VERSION = "cue-sound", 2
MOST_BYTES = 1 << 30
"""Size the folder keeps to: about three quarters of an hour of music (heuristic)."""


def kept_sound(cue: Cue, rate: FrameRate, tracks: Tracks) -> np.ndarray:
    """A cue without its gains, as `plain_sound`, from the cache or rendered and kept."""
    path = cache_folder("cues") / f"{_key(cue, rate)}.f32"
    try:
        sound = np.frombuffer(unpack(path.read_bytes(), KIND, VERSION, path), "<f4").reshape(-1, 2)
    except (Damaged, OSError):
        sound = plain_sound(cue, rate, tracks)
        _keep(sound, path)
        return sound
    with suppress(OSError):  # a cache that may only be read is one, too
        os.utime(path)
    return sound


def _key(cue: Cue, rate: FrameRate) -> str:
    assert cue.track
    start = rate.seconds(cue.start)
    length = sample_of(rate.seconds(cue.end)) - sample_of(start)
    try:
        found = Path(cue.track.path).stat()
    except OSError:
        raise InputError("score.file_gone", file=cue.track.path) from None
    times = [
        [sample_of(t) for t in (p.track_in, p.track_out, p.fade_in, p.fade_out)]
        + [sample_of(p.film_in) - sample_of(start), str(p.speed)]
        for p in cue.pieces
    ]
    file = (str(Path(cue.track.path).resolve()), found.st_size, found.st_mtime_ns)
    told = json.dumps([VERSION, SAMPLE_RATE, TRACK_LUFS, *file, length, times])
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _keep(sound: np.ndarray, path: Path) -> None:
    """Save, if the cache folder takes it: a full disk must not cost a person the result."""
    with suppress(InputError):
        with atomic_path(path) as temporary:
            temporary.write_bytes(pack(KIND, VERSION, sound.astype("<f4").tobytes()))
        keep_to_size(path, MOST_BYTES)
