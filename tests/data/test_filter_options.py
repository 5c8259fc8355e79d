"""Short forms of filters: what each stands for, and what is no such thing."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

from data.buckets import ENERGIES, energies
from data.errors import InputError
from data.filter_options import add_filter_options, conditions


def asked(*argv: str) -> list[str]:
    parser = argparse.ArgumentParser()
    add_filter_options(parser)
    return conditions(parser.parse_args(argv))


def test_energy_is_arousal_in_thirds():
    found = energies(np.array([-100, -33.1, -33, 0, 33, 33.1, 100]))
    assert [ENERGIES[i] for i in found] == ["calm"] * 2 + ["groove"] * 3 + ["peak"] * 2


@pytest.mark.parametrize(
    ("argv", "stands_for"),
    [
        ([], []),
        (["--filter", "bpm>90", "--filter", "artist=A"], ["bpm>90", "artist=A"]),
        (["--energy", "calm, Groove"], ["energy=calm|groove"]),
        (["--instrumental"], ["vocals<0.2"]),
        (["--vocals"], ["vocals>=0.2"]),
        (["--max-speech", ".2"], ["speech<=0.2"]),
        (["--max_speech", "0"], ["speech<=0"]),
        (["--bpm", "90-110"], ["bpm=90..110"]),
        (["--bpm", "110..90.5"], ["bpm=90.5..110"]),
        (["--bpm", "100"], ["bpm=97..103"]),
        (["--filter", "key=C*", "--vocals"], ["key=C*", "vocals>=0.2"]),
    ],
)
def test_an_option_stands_for_a_condition(argv: list[str], stands_for: list[str]):
    assert asked(*argv) == stands_for


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--energy", "loud"], "--energy: 'loud'"),
        (["--energy", ","], "--energy: ','"),
        (["--bpm", "fast"], "--bpm: 'fast'"),
        (["--bpm", "-5"], "--bpm: '-5'"),
        (["--bpm", "nan"], "--bpm: 'nan'"),
        (["--max-speech", "20"], "--max-speech: '20'"),
    ],
)
def test_what_stands_for_nothing_is_said_so(argv: list[str], said: str):
    with pytest.raises(InputError, match=said):
        asked(*(f"{argv[0]}={argv[1]}",))


def test_a_track_is_sung_or_instrumental():
    with pytest.raises(SystemExit):
        asked("--vocals", "--instrumental")
