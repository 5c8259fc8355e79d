"""A second look says which of two pictures much alike is the one that was asked for."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from features.video.second_look import NONE, agreement, see, slid_agreement


def busy(seed: int) -> np.ndarray:
    """A picture full of corners, grey uint8 (108, 192)."""
    chance = np.random.default_rng(seed)
    return cv2.resize(chance.integers(0, 256, (27, 48), dtype=np.uint8), (192, 108))


def plain(words: str, at: tuple[int, int]) -> np.ndarray:
    """A wall in soft light, with a little writing: grey uint8 (108, 192)."""
    light = np.linspace(60, 110, 192)[None] + np.linspace(0, 30, 108)[:, None]
    return cv2.putText(light.astype(np.uint8), words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 220, 1)


def test_a_part_agrees_with_its_picture_in_any_light():
    picture = busy(1)
    part = cv2.convertScaleAbs(picture[20:90, 30:150], alpha=0.8, beta=15)
    found = agreement(see(part), see(picture))
    assert found.points >= 20 and found.blocks > 0.7
    assert agreement(see(part), see(busy(2))) == NONE


def test_what_the_other_does_not_show_counts_against_it():
    picture = busy(1)
    held = see(np.ascontiguousarray(picture[:, :120]))
    inside = agreement(see(np.ascontiguousarray(picture[:, 20:110])), held)
    beyond = agreement(see(np.ascontiguousarray(picture[:, 50:170])), held)
    assert inside.points and beyond.points
    assert beyond.blocks < inside.blocks - 0.2


@pytest.mark.parametrize("others", ["", "Yes"])
def test_plain_pictures_are_slid_over(others: str):
    asked = cv2.convertScaleAbs(plain("No", (80, 50))[20:100, 40:170], alpha=0.8, beta=10)
    right, wrong = plain("No", (80, 50)), plain(others, (60, 70))
    same, other = (slid_agreement(see(asked), see(p)) for p in (right, wrong))
    assert same.points == other.points == 0
    assert same.blocks > 0.9 and same.blocks > other.blocks + 0.01
