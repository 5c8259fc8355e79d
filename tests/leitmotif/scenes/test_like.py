"""Scenes that somebody names, as a request for music."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.errors import InputError
from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS, MusicProfile, VideoProfile
from leitmotif.scenes.library import Film
from leitmotif.scenes.like import Liked, Scene, parse_scene, request, weighed


def liked(picture: float, music: float, sure: float = 1.0) -> Liked:
    """A scene at a share of every field's range, in picture and music."""
    return Liked(
        Scene("film.mp4", "film"),
        VideoProfile(_at(VIDEO_FIELDS, picture), np.ones(11), "test"),
        MusicProfile(_at(MUSIC_FIELDS, music), np.full(10, sure), "test"),
    )


def _at(fields, share: float) -> np.ndarray:
    return np.array([f.low + share * (f.high - f.low) for f in fields])


PICTURE = liked(0.3, 0.0).picture


def test_the_request_is_the_music_of_the_scene():
    one = liked(0.9, 0.7)
    asked = request(PICTURE, [one])
    assert asked.values == pytest.approx(one.music.values)
    assert asked.confidence == pytest.approx(np.ones(10))


def test_scenes_that_look_like_the_film_weigh_more():
    near, far = weighed(PICTURE, [liked(0.3, 0.8), liked(0.9, 0.2)])
    assert near.weight + far.weight == pytest.approx(1)
    assert near.weight > 0.8
    asked = request(PICTURE, [near, far])
    assert (asked.values > _at(MUSIC_FIELDS, 0.6)).all()


def test_scenes_that_look_the_same_weigh_the_same():
    asked = request(PICTURE, [liked(0.3, 0.2), liked(0.3, 0.6)])
    assert asked.values == pytest.approx(_at(MUSIC_FIELDS, 0.4))


def test_music_of_which_nothing_is_known_says_nothing():
    asked = request(PICTURE, [liked(0.3, 0.2, sure=0.0), liked(0.3, 0.6)])
    assert asked.values == pytest.approx(_at(MUSIC_FIELDS, 0.6))


def test_a_scene_is_a_file_and_a_stretch(tmp_path: Path):
    file = tmp_path / "a@b.mp4"
    file.touch()
    assert parse_scene(str(file)) == Scene(str(file), "a@b")
    assert parse_scene(f"{file}@1:20-1:50.5") == Scene(str(file), "a@b", 80.0, 110.5)
    assert parse_scene(f"{file}@1:00:00-1:00:01").start == 3600.0


def test_a_scene_is_a_film_of_the_library_by_title_or_id():
    film = Film("0123456789abcdef", "0" * 64, "/films/x.mkv", "The Film", 1, 2, 60.0, 25.0)
    for name in ("The Film", "0123456789abcdef", "The Film S01E02"):
        assert parse_scene(f"{name}@5-9", [film]) == Scene("/films/x.mkv", film.name, 5.0, 9.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [("nothing.mp4", "no such file"), ("a@9-5", "FILM@1:20"), ("a@::-5", "FILM@")],
)
def test_what_is_no_scene_is_said(given: str, said: str):
    with pytest.raises(InputError, match=said):
        parse_scene(given)
