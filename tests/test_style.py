"""The source keeps to the rules that are written down in `pyproject.toml`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("tool", ["ruff check", "ruff format --check", "mypy"])
def test_the_source_is_clean(tool: str):
    pytest.importorskip(tool.split()[0])
    paths = [] if tool == "mypy" else ["."]  # its packages are named in pyproject.toml
    command = [sys.executable, "-m", *tool.split(), *paths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
