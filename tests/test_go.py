"""`go.py` runs on a machine that has Python and nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_go_imports_the_standard_library_alone():
    nodes = ast.walk(ast.parse((ROOT / "go.py").read_text(encoding="utf-8")))
    modules = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
    assert modules <= sys.stdlib_module_names, modules - sys.stdlib_module_names


def test_go_without_a_command_says_what_it_can_do():
    result = subprocess.run([sys.executable, ROOT / "go.py"], capture_output=True, text=True)
    assert result.returncode != 0
    assert "python3 go.py demo" in result.stderr
    assert "Traceback" not in result.stderr


def test_go_prints_ascii_because_old_consoles_know_nothing_else():
    assert (ROOT / "go.py").read_bytes().isascii()


def test_both_opencv_wheels_are_held_at_one_version():
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line and line[0] != "#"
    )
    assert pins["opencv-python"] == pins["opencv-contrib-python"]
    assert pins["torch"] == "2.13.0"
