"""Imports run one way, so that the path of the data can be read from them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("data", "features", "recommender", "matcher", "leitmotif", "streamlit_app", "match_audio")
MAY_IMPORT = {
    "data": {"data"},
    "features": {"features", "data"},
    "recommender": {"recommender", "data"},
    "matcher": {"matcher", "data"},
    "leitmotif": {"leitmotif", "data", "features", "recommender", "matcher"},
    "streamlit_app": {"leitmotif", "data"},
    "match_audio": {"matcher", "data"},
}
HOMES = {
    "cv2": r"features/",
    "mediapipe": r"features/",
    "scenedetect": r"features/",
    "librosa": r"features/",
    "av": r"features/|tools/demo/",  # the demo's generator writes the files that features read
    "torch": r"features/video/temporal\.py|recommender/|leitmotif/calibration/residual\.py",
    "pytorch_lightning": r"recommender/(lit_module|datamodule|fit_network|tune)\.py|leitmotif/calibration/residual\.py",
    "optuna": r"recommender/tune\.py",
    "pymilvus": r"matcher/milvus\.py",
    "streamlit": r"streamlit_app\.py|leitmotif/page/|leitmotif/commands/app\.py",  # the page's parts, and what starts it
    "dask": r"leitmotif/",
    "distributed": r"leitmotif/",
}
"""Library to the files that may import it."""
TRAINING = "leitmotif/calibration/residual.py"
"""Imported by nothing at its top, so it may import what it likes."""
SLOW_AT_THE_TOP = {
    "torch",
    "pandas",
    "librosa",
    "mediapipe",
    "pytorch_lightning",
    "optuna",
    "streamlit",
    "sklearn",
    "matplotlib",
    "cv2",
    "numba",
}


def sources() -> list[Path]:
    folders = [p for name in OURS if (p := ROOT / name).is_dir()]
    files = [ROOT / f"{name}.py" for name in OURS if (ROOT / f"{name}.py").is_file()]
    return files + [f for folder in folders for f in sorted(folder.rglob("*.py"))]


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [node.module.split(".")[0]]
    return []


@pytest.mark.parametrize("source", sources(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_run_one_way(source: Path):
    name = source.relative_to(ROOT).as_posix()
    package = name.split("/")[0].removesuffix(".py")
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        for module in imported(node):
            if module in OURS:
                assert module in MAY_IMPORT[package], f"{name} imports {module}"
            if module in HOMES:
                assert re.match(HOMES[module], name), (
                    f"{name} imports {module}, whose home is {HOMES[module]}"
                )


def not_page() -> list[Path]:
    """Everything in `leitmotif` but the page's parts, which nothing but the page imports."""
    return [f for f in sorted((ROOT / "leitmotif").rglob("*.py")) if f.parent.name != "page"]


@pytest.mark.parametrize("source", not_page(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_commands_import_nothing_slow_before_it_is_needed(source: Path):
    top = ast.parse(source.read_text(encoding="utf-8")).body
    assert not any(
        isinstance(node, ast.ImportFrom) and node.module == "leitmotif.calibration.residual"
        for node in top
    )
    slow = {m for node in top for m in imported(node)} & SLOW_AT_THE_TOP
    assert not slow or source == ROOT / TRAINING, f"{source.name} imports {slow} at the top"


def test_every_rule_names_a_package_that_stands():
    assert {s.relative_to(ROOT).parts[0].removesuffix(".py") for s in sources()} <= set(MAY_IMPORT)
