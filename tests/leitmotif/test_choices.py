"""What a page can hold passes as it is; anything else is named."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif.sessions.choices import Unfit, checked

CHOICES = {
    "language": "zh",
    "turns": {"film": "ab" * 32, "scene|ab": 2, "weights": [1.0] * 10, "preset": None},
    "remembered": {
        "metric": "cosine",
        "k": 20,
        "diverse": 0.3,
        "find|ab|0.000|None": "calm piano",
        "licence|a.csv|28|CC0": ["CC0"],
        "energy|a.csv|28": ["calm", "peak"],
        "bpm|a.csv|28|(60, 180)": [70, 120],
        "lasso|a.csv|28": {"of": "all_ten|3", "line": [[0.5, 1.0], [2, 3]]},
        "leading": False,
        "of another version": [1, "two", None],
    },
    "wishes": {"ab|0.000|None": {"arousal": -100.0}},
    "places": {"ab|0.000|None|track": 12.0},
    "own_weights": ["warmth"],
}


def test_what_the_page_keeps_passes_as_it_is():
    assert checked(CHOICES) == CHOICES and checked({}) == {}


@pytest.mark.parametrize(
    ("room", "name", "value"),
    [
        ("remembered", "metric", "manhattan"),
        ("remembered", "k", 21),
        ("remembered", "k", 5.0),
        ("remembered", "k", True),
        ("remembered", "diverse", math.nan),
        ("remembered", "energy|a.csv|28", ["loud"]),
        ("remembered", "bpm|a.csv|28|(60, 180)", [10, 120]),
        ("remembered", "bpm|a.csv|28|(60, 180)", [120, 70]),
        ("remembered", "bpm|a.csv|28", [70, 120]),
        ("remembered", "lasso|a.csv|28", {"line": [[1, 2]]}),
        ("remembered", "find|ab", {"a": 1}),
        ("turns", "weights", [1.0] * 9),
        ("turns", "weights", [9.0] * 10),
        ("turns", "scene|ab", "2"),
        ("wishes", "ab|0.000|None", {"arousal": 101}),
        ("wishes", "ab|0.000|None", {"loudness": 1}),
        ("places", "ab|0.000|None|track", -1),
    ],
)
def test_what_the_page_cannot_hold_is_named(room, name, value):
    with pytest.raises(Unfit) as error:
        checked({room: {name: value}})
    inner = next(iter(value)) if room == "wishes" else name
    assert error.value.name == inner


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*CHOICES, *CHOICES["remembered"]]), inner, max_size=3
            )
        ),
        max_leaves=12,
    )
)
def test_nothing_else_is_raised_whatever_a_file_says(given):
    with suppress(Unfit):
        checked(given)
