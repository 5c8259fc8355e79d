"""Everything that the Python interface promises is on its pages."""

from __future__ import annotations

from pathlib import Path

import data
import features
import leitmotif
import matcher
import recommender
from tools.api_pages import write


def test_every_public_name_has_its_place(tmp_path: Path):
    pages = {p.relative_to(tmp_path).as_posix(): p.read_text("utf-8") for p in write(tmp_path)}
    for package in (data, features, leitmotif, matcher, recommender):
        page = pages[f"{package.__name__}.html"]
        assert [name for name in package.__all__ if f'id="{name}"' not in page] == []
