"""Exports stay as they were looked at once, letter for letter (`golden_score.py` writes them)."""

from __future__ import annotations

import os

import pytest
from golden_score import FOLDER, exported, golden_score

FILES = exported(golden_score())


@pytest.mark.skipif(os.name == "nt", reason="addresses of files have a drive there")
@pytest.mark.parametrize("name", FILES)
def test_an_export_is_as_it_was(name: str):
    assert (FOLDER / name).read_bytes().decode("utf-8") == FILES[name]


def test_every_format_has_its_golden_file_and_no_other_is_there():
    assert {path.name for path in FOLDER.iterdir()} == set(FILES)
