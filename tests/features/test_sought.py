"""A shot is sought in a stretch of a film: where it runs to the frame, and how it lies."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from features.video.exact_line import Trace
from features.video.sought import seek
from features.video.stretch import Stretch
from features.video.views import Ground
from leitmotif.scenes.joining import FOREIGN_BELOW
from tests.features.video_files import dance, texture

FPS = 25
SIZE = (144, 256)


def zoom(rate: float, seed: int = 3) -> np.ndarray:
    """Six seconds of a picture that slowly grows, uint8 (150, 144, 256)."""
    page = cv2.cvtColor(texture(300, 520, seed), cv2.COLOR_BGR2GRAY)
    frames = []
    for k in range(150):
        scale = 0.5 * (1 + rate) ** k
        matrix = np.array([[scale, 0, 128 - 260 * scale], [0, scale, 72 - 150 * scale]])
        frames.append(cv2.warpAffine(page, matrix, SIZE[::-1], flags=cv2.INTER_AREA))
    return np.stack(frames)


def cropped(pictures: np.ndarray, seed: int = 0) -> np.ndarray:
    """The middle of pictures with the noise of an encoder, at their size."""
    noise = np.random.default_rng(seed)
    found = []
    for picture in pictures:
        part = cv2.resize(picture[15:130, 22:226], SIZE[::-1], interpolation=cv2.INTER_CUBIC)
        found.append(np.clip(part + noise.normal(0, 3, part.shape), 0, 255).astype(np.uint8))
    return np.stack(found)


def ground(pictures: np.ndarray) -> Ground:
    return Ground(Stretch(np.arange(len(pictures)) / FPS, pictures, 0))


def sought(shot: np.ndarray, film: np.ndarray, hint: float, thorough: bool = True) -> Trace:
    times = np.arange(len(shot)) / FPS
    return seek(shot, times, slice(None), ground(film), [(0.5, hint)], thorough)[0]


@pytest.mark.parametrize("rate", [0.0008, 0.002])
def test_a_slow_zoom_is_found_to_the_frame(rate: float):
    film = zoom(rate)
    trace = sought(cropped(film[60:100]), film, 2.0)
    assert abs(trace.line.start * FPS - 60) < 1
    assert abs(trace.line.at(np.array([39 / FPS]))[0] * FPS - 99) < 1
    corners = trace.placement.matrix @ np.array([[-0.5, -0.5, 1], [255.5, 143.5, 1]]).T
    assert np.abs(corners - [[21.5, 225.5], [14.5, 129.5]]).max() < 0.3


def walk() -> np.ndarray:
    """Six seconds of a figure that comes and goes before a plain wall."""
    frames = []
    for k in range(150):
        frame = np.full(SIZE, 235, np.uint8)
        x, y = 60 + k, 80 - round(18 * np.sin(k / 9))
        cv2.ellipse(frame, (x, y), (9, 22), 0, 0, 360, 60, -1)
        cv2.circle(frame, (x + 3, y - 28), 8, 110, -1)
        cv2.line(frame, (x, y - 10), (x + round(30 * np.cos(k / 7)), y - 40), 80, 5)
        frames.append(cv2.GaussianBlur(frame, None, 1.2))
    return np.stack(frames)


def test_a_plain_picture_is_placed_though_another_moment_looks_like_it():
    film = walk()
    shot = np.stack([cv2.resize(p[10:118, 30:222], SIZE[::-1]) for p in film[50:85]])
    trace = sought(shot, film, 5.6)
    assert abs(trace.line.start * FPS - 50) < 1
    assert trace.line.agreement > 0.9


def test_a_hasty_look_is_where_the_hint_is():
    film = np.concatenate([zoom(0.002, 3), zoom(0.002, 4)])
    shot = cropped(film[170:200])
    assert sought(shot, film, 7.0, thorough=False).line.agreement > 0.9


def test_another_dance_on_the_same_stage_is_another_film():
    shot = cropped(dance(1)[40:100])
    there, elsewhere = sought(shot, dance(1), 2.8), sought(shot, dance(2), 2.8)
    assert abs(there.line.start * FPS - 40) < 1
    assert there.line.agreement > 0.85 > elsewhere.line.agreement + 0.4
    assert elsewhere.each[:60].max() < FOREIGN_BELOW < there.each[:60].min()


def test_where_nothing_moves_the_picture_alone_tells():
    film = np.stack([zoom(0.0)[0]] * 150)
    assert sought(cropped(film[60:100]), film, 2.0).line.agreement > 0.85


def test_a_small_picture_of_a_sharp_film_agrees_at_its_moment():
    film = dance(1).transpose(0, 2, 1).copy()
    shot = np.stack([cv2.resize(p, (61, 109), interpolation=cv2.INTER_AREA) for p in film[60:100]])
    trace = sought(shot, film, 2.0)
    assert trace.line.agreement > 0.99
    assert abs(trace.line.start * FPS - 60) < 1


def test_a_line_is_followed_beyond_a_cut_of_the_film():
    film = np.concatenate([zoom(0.002, 3)[:75], zoom(0.002, 4)[:75]])
    shot = cropped(film[50:110])
    times = np.arange(60) / FPS
    trace = seek(shot, times, slice(0, 25), ground(film), [(0.5, 2.5)], True, [25])[0]
    assert abs(trace.line.start * FPS - 50) < 1
    assert trace.each.min() > 0.8


def test_of_a_still_that_moment_is_found_from_which_the_edit_runs_on():
    film = np.concatenate([np.stack([zoom(0.0, 5)[0]] * 60), zoom(0.002, 3)[:60]])
    for start in (5, 33):
        shot = cropped(film[start:80])
        inside, times = slice(0, 60 - start), np.arange(80 - start) / FPS
        trace = seek(shot, times, inside, ground(film), [(0.5, 1.0)], True, [60 - start])[0]
        assert abs(trace.line.start * FPS - start) < 1


def test_a_title_over_a_plain_picture_does_not_hide_it():
    film = walk()
    shot = film[50:85].copy()
    for picture in shot:
        for row in (40, 80, 120):
            cv2.putText(picture, "AND NOW", (2, row), cv2.FONT_HERSHEY_DUPLEX, 0.65, 0, 2)
    trace = sought(shot, film, 2.6)
    assert abs(trace.line.start * FPS - 50) < 1
    assert trace.line.agreement > FOREIGN_BELOW
