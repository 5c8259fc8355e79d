"""What is installed works beside whatever somebody else calls `data` or `features`."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
THEIRS = ("data", "features", "matcher", "recommender", "match_audio", "streamlit_app")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the unpacked wheel, as site-packages would."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps"]
    subprocess.run([*command, "-w", folder, ROOT], check=True, cwd=folder, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "installed")
    return folder / "installed"


def run(installed: Path, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": ""}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_everything_is_under_one_name(installed: Path):
    assert {p.name for p in installed.iterdir() if p.suffix != ".dist-info"} == {"leitmotif"}


def test_it_works_beside_a_persons_own_modules(installed: Path, tmp_path: Path):
    for name in THEIRS:
        (tmp_path / f"{name}.py").write_text("MINE = True\n")
    script = tmp_path / "script.py"
    script.write_text(
        "import data, features, matcher, recommender\n"
        "import leitmotif\n"
        "from leitmotif import pipeline\n"
        "from leitmotif.data import Catalogue\n"
        "from leitmotif.features import music_profile\n"
        "from leitmotif.recommender import load_recommender\n"
        "from leitmotif.settings import DEMO_CATALOGUE, DEMO_VIDEO, PAGE\n"
        "assert data.MINE and features.MINE and matcher.MINE and recommender.MINE\n"
        "assert DEMO_VIDEO.is_file() and PAGE.is_file()\n"
        "assert (PAGE.parent / '.streamlit' / 'config.toml').is_file()\n"
        "print(len(Catalogue.read(DEMO_CATALOGUE)), leitmotif.__file__)\n"
    )
    result = run(installed, tmp_path, str(script))
    assert result.returncode == 0, result.stderr
    count, home = result.stdout.split(" ", 1)
    assert count == "28" and Path(home.strip()).is_relative_to(installed)


def test_its_command_recommends_from_a_folder_that_has_such_modules(
    installed: Path, tmp_path: Path
):
    for name in THEIRS:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    numbers = "0,0,0,0,0,50,50,50,0,0"
    command = ("-m", "leitmotif.match_audio", f"--pred_feat={numbers}", "--audio_csv")
    demo = str(installed / "leitmotif" / "data" / "audio_features.csv")
    result = run(installed, tmp_path, *command, demo)
    assert result.returncode == 0 and len(result.stdout.splitlines()) >= 5, result.stderr
