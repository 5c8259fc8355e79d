"""Where the real material is. Tests that need it skip with a reason where it is not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SLOW = (
    "app/test_browser.py",
    "app/test_catalogue_tab.py",
    "app/test_page.py",
    "app/test_scenes_tab.py",
    "app/test_search_line.py",
    "app/test_projects.py",
    "app/test_score_tab.py",
    "calibration/",
    "features/test_audio_difficult.py",
    "features/test_audio_profile.py",
    "features/test_audio_soundtrack.py",
    "features/test_temporal.py",
    "features/test_video_",
    "leitmotif/scenes/",
    "leitmotif/score/test_score_bad_input.py",
    "leitmotif/score/test_compose.py",
    "leitmotif/service/test_agent.py",
    "leitmotif/service/test_service_",
    "leitmotif/test_arc_protocol.py",
    "leitmotif/test_batch.py",
    "leitmotif/test_catalogue_build.py",
    "leitmotif/test_commands.py",
    "leitmotif/test_evaluate.py",
    "leitmotif/test_learn.py",
    "leitmotif/test_parts.py",
    "leitmotif/test_preview.py",
    "matcher/test_fuzz.py",
    "matcher/test_indexes.py",
    "matcher/test_milvus.py",
    "recommender/test_planted.py",
    "recommender/test_training.py",
    "test_container.py",
    "test_readers_fuzz.py",
    "test_tour.py",
    "tools/test_demo",
)
"""Beginnings of the test files that need a browser, long media, training, or many processes."""
SHARED = Path(os.environ.get("LEITMOTIF_SHARED") or ROOT.parent / "shared")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real videos, music, ratings and weights; it is not part of the product."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the real material is not here ({SHARED}); set LEITMOTIF_SHARED to its folder")
    return SHARED


@pytest.fixture(scope="session")
def models(shared: Path) -> Path:
    """The folder with pretrained weights."""
    return shared / "models"


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory):
    """Tests never read or fill the cache of the person who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEITMOTIF_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("LEITMOTIF_CATALOGUE", raising=False)
        if (SHARED / "models").is_dir():
            patch.setenv("LEITMOTIF_MODELS", str(SHARED / "models"))
        yield


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C raises `KeyboardInterrupt`, also in the background of a shell that switched it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        inside = item.path.relative_to(ROOT / "tests").as_posix()
        if inside.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
