"""The row "like the scenes" of an evaluation: whose music it takes, and whose never."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.pairs import Pairs
from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS
from leitmotif.learning.like_row import like_judge
from tests.features.video_files import encode, texture

FPS = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scored")
    for name, seed in {"a": 1, "twin": 1, "b": 2, "c": 3}.items():
        ground = texture(200, 500, seed)
        frames = [ground[10:154, 4 * k : 4 * k + 256].copy() for k in range(40)]
        encode(folder / f"{name}.mp4", frames, FPS)
    return folder


def pairs() -> Pairs:
    """Four films of one scene each, with music of its own."""
    names = ("a.mp4", "twin.mp4", "b.mp4", "c.mp4")
    video = np.tile([(field.low + field.high) / 2 for field in VIDEO_FIELDS], (4, 1))
    music = np.outer([1.0, 2.0, 3.0, 5.0], np.ones(len(MUSIC_FIELDS)))
    sure = np.ones_like(music)
    return Pairs(
        sources=names,
        start=np.zeros(4),
        end=np.full(4, 4.0),
        video=video,
        video_confidence=np.ones_like(video),
        music=music,
        music_confidence=sure,
        music_share=np.ones(4),
        splits=("test",) * 4,
        video_extractors=("x",) * 4,
        music_extractors=("y",) * 4,
    )


def test_neither_the_film_itself_nor_its_twin_has_a_say(folder: Path):
    music = like_judge(folder)(pairs()).query
    assert np.all((music[:2] >= 3) & (music[:2] <= 5))
    assert np.all((music[2] >= 1) & (music[2] <= 5))
    changed = replace(pairs(), music=pairs().music + np.array([[90.0], [90.0], [0.0], [0.0]]))
    assert np.allclose(like_judge(folder)(changed).query[:2], music[:2])


def test_nothing_is_said_where_there_is_no_other_film(folder: Path):
    alone = pairs().take([0, 1])
    assert np.isnan(like_judge(folder)(alone).query).all()
