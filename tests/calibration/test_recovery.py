"""Calibration finds a rule it was not told, in ratings of real clips as noisy as raters are.

A smaller version of `benchmarks/temporal.py recovery`, which has the whole curve of R² against the
number of rated windows.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.simulated_raters import FIELD, SimulatedRaters
from data.profiles import VIDEO_NAMES
from features.video.timeline import Timeline
from leitmotif.calibration import measures
from leitmotif.calibration.calibrate import Calibration, calibrate
from leitmotif.cli import main

CEILING = 0.8
"""Reliability of the simulated ratings."""


@pytest.fixture(scope="session")
def clips(shared: Path) -> dict[Path, Timeline]:
    """24 real clips of at most 8 s, without pretrained networks: motion, colour and cuts only."""
    import torch

    from features.video import extract
    from features.video.signals import networks

    torch.set_num_threads(1)
    paths = sorted((shared / "data" / "video_other").glob("*.mp4"))[:24]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "locate", lambda name: None)
        return {path: extract.read_timeline(path) for path in paths}


@pytest.fixture(scope="session")
def raters(clips) -> SimulatedRaters:
    return SimulatedRaters(clips, seconds=4.0, step=1.0, agreement=0.8)


def calibrated(
    raters: SimulatedRaters, clips, count: int, folder: Path
) -> tuple[Calibration, np.ndarray, np.ndarray]:
    """Calibrated on `count` drawn windows; with the drawn rows and their ratings."""
    rows = np.sort(np.random.default_rng(1).permutation(len(raters.windows))[:count])
    ratings = raters.rate(rows, reliability=CEILING, seed=1)
    return calibrate(ratings, folder, read=clips.get), rows, ratings.values[:, FIELD]


def test_the_hidden_rule_is_recovered(raters, clips, tmp_path):
    found, rows, rated = calibrated(raters, clips, 90, tmp_path)
    (row,) = found.fields
    ceiling = measures.r_squared(rated, raters.truth[rows])
    assert row.kept == "summary"
    assert row.scores["summary"].r2 > 0.8 * ceiling
    assert row.scores["summary"].r2 > max(row.scores["calibrated"].r2, row.scores["closed"].r2)
    given = np.array(
        [found.weights.score(clips[w.clip], w.start, w.end).values[FIELD] for w in raters.windows]
    )
    others = np.setdiff1d(np.arange(len(raters.windows)), rows)
    assert (
        measures.r_squared(raters.truth[others], given[others]) > 0.9
    )  # what the file says of windows nobody rated


def test_twenty_ratings_do_no_harm(raters, clips, tmp_path):
    found, _, _ = calibrated(raters, clips, 20, tmp_path)
    (row,) = found.fields
    assert row.scores[row.kept].r2 >= row.scores["closed"].r2
    given = np.array(
        [found.weights.score(clips[w.clip], w.start, w.end).values[FIELD] for w in raters.windows]
    )
    groups = np.array([w.clip.name for w in raters.windows])
    assert (
        measures.gain(raters.truth, raters.closed, given, groups).high >= 0
    )  # never below the closed form beyond noise


# ------------------------------------------------------------------------------ the command


@pytest.fixture
def table(raters, tmp_path) -> Path:
    """24 windows rated by three people, and rows that cannot be used."""
    rng = np.random.default_rng(0)
    rows = np.sort(rng.permutation(len(raters.windows))[:24])
    path = tmp_path / "评分 ratings.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", "start", "end", "rater", "Scene tension"])
        for i in rows:
            w = raters.windows[i]
            for rater in "abc":
                writer.writerow(
                    [
                        w.clip.name,
                        w.start,
                        w.end,
                        rater,
                        round(float(np.clip(raters.truth[i] + rng.normal(0, 9), 0, 100)), 1),
                    ]
                )
        writer.writerow(["nobody.mp4", 0, 4, "a", 50])
    return path


def test_the_command_writes_a_file_that_analyze_takes(table, clips, monkeypatch, capsys, tmp_path):
    from features import video

    monkeypatch.setattr(video, "read_timeline", lambda path, **_: clips[Path(path)])
    folder = next(iter(clips)).parent
    weights = tmp_path / "my weights.safetensors"
    assert (
        main(
            [
                "calibrate",
                str(table),
                "--videos",
                str(folder),
                "-o",
                str(weights),
                "--logs",
                str(tmp_path / "logs"),
                "--json",
            ]
        )
        == 0
    )
    out, err = capsys.readouterr()
    record = json.loads(out)
    (field,) = record["fields"]
    assert (record["windows"], field["name"], field["windows"]) == (24, "scene_tension", 24)
    assert 0.5 < field["ceiling"] <= 1
    assert "clip 'nobody.mp4' is not in" in err and record["skipped"][0]["line"] == 74

    clip = next(iter(clips))
    assert main(["analyze", str(clip), "--profile-weights", str(weights), "--json"]) == 0
    (profile,) = json.loads(capsys.readouterr().out)["profiles"]
    assert profile["extractor"].endswith(f"+ ratings {record['digest']}")
    assert set(profile["values"]) == set(VIDEO_NAMES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["calibrate", "--videos", "."], "give either a ratings table or --soundtracks"),
        (["calibrate", "none.csv", "--videos", "."], "the ratings cannot be read"),
        (["analyze", "x.mp4", "--profile-weights", "none.safetensors"], "cannot be read"),
        (["recommend", "x.mp4", "--profile-weights", __file__], "not a profile weights file"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(capsys, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("clip.mp4").touch()
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_help_starts_without_torch():
    code = (
        "import sys; from leitmotif.cli import get_parser; get_parser('calibrate'); "
        "sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
