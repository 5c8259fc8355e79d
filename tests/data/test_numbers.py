"""Numbers as spreadsheets of the world write them."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.columns import ArrowColumn, Column
from data.numbers import parse_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("-4.29", -4.29),
        (" 4,29 ", 4.29),
        ("−4,29", -4.29),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1 234,5", 1234.5),
        ("1\u202f234,5", 1234.5),
        ("1\u2019234.5", 1234.5),
        ("1,234,567", 1234567),
        ("－１２．５", -12.5),
        ("+1e-3", 1e-3),
        ("1.", 1),
        (".5", 0.5),
    ],
)
def test_a_number(text: str, number: float):
    assert parse_number(text) == number


@pytest.mark.parametrize(
    "text",
    ["", " ", "nan", "inf", "-Infinity", "1_000", "0x1", "1,2,3", "1.2.3", "1,5,", "3²", "a"],
)
def test_no_number(text: str):
    assert math.isnan(parse_number(text))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_python_writes(number: float):
    assert parse_number(repr(number)) == number


@settings(deadline=None)
@given(st.lists(st.sampled_from(["1", " 1", "1,5", "-2.5", "−3", "", "nan", "inf", "x", "1 000"])))
def test_arrow_and_python_find_the_same(cells: list[str]):
    arrow = ArrowColumn(pa.chunked_array([pa.array(cells, pa.string())]))
    plain = Column(cells)
    assert repr(arrow.numbers().tolist()) == repr(plain.numbers().tolist())
    assert arrow.blanks().tolist() == plain.blanks().tolist()
    assert arrow.repeats().tolist() == plain.repeats().tolist()
    assert arrow == plain
