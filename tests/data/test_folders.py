"""The cache folder is its user's alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data.folders import cache_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_made_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEITMOTIF_CACHE", str(tmp_path / "a" / "cache"))
    folder = cache_folder("timelines")
    assert folder == tmp_path / "a" / "cache" / "timelines"
    assert mode(folder) == mode(folder.parent) == 0o700


def test_a_shared_folder_that_is_named_stays_shared(tmp_path: Path, monkeypatch):
    (tmp_path / "shared").mkdir(mode=0o755)
    monkeypatch.setenv("LEITMOTIF_CACHE", str(tmp_path / "shared"))
    cache_folder("timelines")
    assert mode(tmp_path / "shared") == 0o755


def test_the_systems_own_is_closed_where_it_stood_open(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("LEITMOTIF_CACHE", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *a, **k: str(tmp_path / "leitmotif"))
    (tmp_path / "leitmotif" / "timelines").mkdir(parents=True, mode=0o755)
    (tmp_path / "leitmotif").chmod(0o755)
    cache_folder("timelines")
    assert mode(tmp_path / "leitmotif") == 0o700
