"""Imports run one way, so that the path of the data can be read from them."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = (
    ("tools", "streamlit_app", "match_audio", "leitmotif.__main__"),
    ("leitmotif.cli",),
    ("leitmotif.commands", "leitmotif.page"),
    ("leitmotif.service",),
    ("leitmotif.show", "leitmotif.sessions"),
    ("leitmotif.scenes",),
    ("leitmotif.words", "leitmotif.calibration", "leitmotif.score"),
    ("leitmotif.catalogue", "leitmotif.learning", "leitmotif.render"),
    ("leitmotif",),
    ("leitmotif.find", "leitmotif.taste"),
    ("leitmotif.pipeline", "leitmotif.workers", "leitmotif.store"),
    ("leitmotif.settings",),
    ("features", "recommender", "matcher"),
    ("data",),
)
"""From the doors down. A room imports from itself and from the layers below its own: never from a
room beside it, never from one above."""
NARROW = {
    "match_audio": {"matcher", "data"},  # it starts in a blink
    "leitmotif": {"leitmotif.pipeline"},
}
"""Rooms that take less than the layers below offer."""
HOMES = {
    "cv2": r"features/",
    "mediapipe": r"features/",
    "scenedetect": r"features/",
    "librosa": r"features/",
    "av": r"features/|tools/demo/",  # the demo's builder writes the files that features read
    "torch": (
        r"features/(video/(temporal|encoder|augment)|audio/speech)\.py|features/video/eyes/"
        r"|recommender/|leitmotif/(calibration/residual|scenes/training)\.py"
    ),
    "onnxruntime": r"features/video/eyes/siglip\.py",
    "tokenizers": r"features/video/eyes/(clip|siglip)\.py",
    "silero_vad": r"features/audio/speech\.py",
    "pytorch_lightning": (
        r"recommender/(lit_module|datamodule|fit_network|quiet_lightning|tune)\.py"
        r"|leitmotif/(calibration/residual|scenes/training)\.py"
    ),
    "optuna": r"recommender/tune\.py",
    "pymilvus": r"matcher/milvus(_vectors)?\.py",
    "usearch": r"matcher/hnsw\.py",
    "streamlit": r"streamlit_app\.py|leitmotif/page/|leitmotif/commands/app\.py",
    "umap": r"leitmotif/catalogue/layout\.py",
    "fastapi": r"leitmotif/service/",
    "uvicorn": r"leitmotif/commands/serve\.py",
    "mcp": r"leitmotif/service/agent\.py",
    "dask": r"leitmotif/",
    "distributed": r"leitmotif/",
}
"""Library to the files that may import it."""
IMPORT = ast.Import | ast.ImportFrom
TRAINING = {"leitmotif.calibration.residual", "leitmotif.scenes.training"}
"""Imported by nothing at its top, so they may import what they like."""
SLOW = {
    *("torch", "pandas", "librosa", "mediapipe", "pytorch_lightning", "optuna"),
    *("streamlit", "sklearn", "matplotlib", "cv2", "numba", "umap"),
}
"""Not at the top of anything in `leitmotif` but the page."""


@cache
def sources() -> dict[str, Path]:
    """Dotted name of every module of ours to its file."""
    packages = sorted({layer.split(".")[0] for names in LAYERS for layer in names})
    files = [f for p in packages for f in sorted((ROOT / p).rglob("*.py"))]
    files += [f for p in packages if (f := ROOT / f"{p}.py").is_file()]
    names = {".".join(f.relative_to(ROOT).with_suffix("").parts): f for f in files}
    return {name.removesuffix(".__init__"): file for name, file in names.items()}


@cache
def rooms() -> dict[str, int]:
    return {room: level for level, names in enumerate(LAYERS) for room in names}


def room_of(module: str) -> str:
    """The longest name of the list that this module is, or lies in."""
    parts = module.split(".")
    names = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next(name for name in names if name in rooms())


@cache
def imports(module: str) -> tuple[tuple[str, bool], ...]:
    """(imported module, at the top?) of a module; ours as the modules they are, others by name."""
    tree = ast.parse(sources()[module].read_text(encoding="utf-8"))
    top = set(map(id, tree.body))
    return tuple((name, id(n) in top) for n in ast.walk(tree) for name in _named(n))


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        inner = [f"{node.module}.{alias.name}" for alias in node.names]
        known = [name for name in inner if name in sources()]
        return known + [node.module] * (len(known) < len(inner))
    return []


@pytest.mark.parametrize("module", sources())
def test_imports_run_one_way(module: str):
    room = room_of(module)
    for name, _ in imports(module):
        library = name.split(".")[0]
        if library in HOMES:
            path = sources()[module].relative_to(ROOT).as_posix()
            assert re.match(HOMES[library], path), f"{path} imports {library}"
        if name in sources() and (target := room_of(name)) != room:
            assert rooms()[room] < rooms()[target], f"{module} imports {name}"
            assert target in NARROW.get(room, {target}), f"{module} imports {name}"


def test_no_modules_import_each_other():
    graph = {
        module: {
            name
            for name, _ in imports(module)
            if name in sources() and name != module and not module.startswith(f"{name}.")
        }
        for module in sources()
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("module", [m for m in sources() if m.startswith("leitmotif")])
def test_commands_import_nothing_slow_before_it_is_needed(module: str):
    if module not in TRAINING and room_of(module) != "leitmotif.page":
        early = {name for name, at_the_top in imports(module) if at_the_top}
        assert not {name.split(".")[0] for name in early} & SLOW and not TRAINING & early


def test_few_imports_hide_in_functions():
    """At most five per thousand lines: those that would make a start wait."""
    packages = ("data", "features", "leitmotif", "matcher", "recommender")
    texts = [f.read_text("utf-8") for m, f in sources().items() if m.split(".")[0] in packages]
    functions = (
        n
        for text in texts
        for n in ast.walk(ast.parse(text))
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    late = {id(n) for f in functions for n in ast.walk(f) if isinstance(n, IMPORT)}
    assert 1000 * len(late) <= 5 * sum(len(text.splitlines()) for text in texts)


def test_every_room_stands():
    here = {room_of(module) for module in sources()}
    assert here == set(rooms())
    assert {p.name for p in (ROOT / "leitmotif").glob("*.py")} == {
        *("__init__.py", "__main__.py", "cli.py", "pipeline.py", "settings.py")
    }
