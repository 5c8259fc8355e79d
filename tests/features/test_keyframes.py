"""One picture per shot: of something, and not twice the same in a row."""

from pathlib import Path

import numpy as np
from video_files import encode, texture

from features.video.frames import VideoReader
from features.video.signals.contract import Clock, Pass
from features.video.signals.keyframes import KeyframeSignal


def keyframes(path: Path, cuts: list[float]) -> list[float]:
    """Times of the pictures kept of a film with known cuts."""
    seen, waiting = Pass(), list(cuts)
    signal, clock = KeyframeSignal(seen), Clock(KeyframeSignal.rate)
    with VideoReader(path) as film:
        for frame in film:
            while waiting and frame.time >= waiting[0]:
                seen.cuts.append(waiting.pop(0))
            if clock.due(frame.time):
                signal.update(frame)
        seen.duration = film.end
    signal.finish()
    return [time for time, _ in signal.fields()["keyframes"]]


def test_shots_that_look_alike_in_a_row_have_one_picture(tmp_path: Path):
    one, other = texture(seed=1), texture(seed=2)
    shots = [one] * 25 + [one] * 25 + [other] * 25 + [one] * 25
    film = encode(tmp_path / "film.mp4", shots)
    kept = keyframes(film, [1.0, 2.0, 3.0])
    assert [int(time) for time in kept] == [0, 2, 3]


def test_what_shows_nothing_gives_way(tmp_path: Path):
    picture, black = texture(seed=1), np.zeros((180, 320, 3), np.uint8)
    film = encode(tmp_path / "film.mp4", [picture] * 12 + [black] * 30)
    (kept,) = keyframes(film, [])
    assert kept < 12 / 25
