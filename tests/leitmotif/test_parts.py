"""Parts of the work on several machines together give exactly what one run gives."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from data.errors import InputError
from leitmotif.catalogue.build import build
from leitmotif.catalogue.parts import build_part, part_memories
from leitmotif.cli import main
from leitmotif.workers.parts import Part

RATE = 22_050


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four tracks, one of them a copy, and a file that is none."""
    music = tmp_path / "music"
    music.mkdir()
    t = np.arange(4 * RATE) / RATE
    for n, pitch in enumerate((220, 330, 440, 220)):
        sound = 0.2 * np.sin(2 * np.pi * pitch * t) * (1 + np.sin(2 * np.pi * 2 * t))
        soundfile.write(music / f"{n}.flac", sound.astype(np.float32), RATE)
    (music / "none.mp3").write_bytes(b"no sound")
    return music


def written(output: Path) -> dict[str, bytes]:
    """What a build writes but for its memory, by name."""
    found = output.parent.glob(f"{output.stem}.*")
    return {f.name: f.read_bytes() for f in found if ".build." not in f.name}


def test_parts_of_a_catalogue_make_the_bytes_of_one_run(folder: Path, tmp_path: Path):
    whole, parts = (tmp_path / name / "audio_features.csv" for name in ("whole", "parts"))
    options = {"jobs": 1, "tags": False}
    build([folder], whole, **options)
    counts = [build_part([folder], parts, Part(n, 3), **options) for n in (3, 1, 2)]
    assert sum(counts) == 5 and not parts.exists() and len(part_memories(parts)) == 3
    report = build([folder], parts, **options)
    assert report.analysed == 0 and part_memories(parts) == []
    assert written(parts) == written(whole)


def test_a_part_that_was_lost_is_measured_by_whoever_joins_them(folder: Path, tmp_path: Path):
    whole, parts = (tmp_path / name / "audio_features.csv" for name in ("whole", "parts"))
    options = {"jobs": 1, "tags": False}
    build([folder], whole, **options)
    build_part([folder], parts, Part(1, 3), **options)
    assert build([folder], parts, **options).analysed == 3
    assert written(parts) == written(whole)


def test_a_cluster_that_loses_a_worker_midway_makes_the_same_bytes(folder: Path, tmp_path: Path):
    distributed = pytest.importorskip("distributed")
    whole, parts = (tmp_path / name / "audio_features.csv" for name in ("whole", "parts"))
    build([folder], whole, jobs=1, tags=False)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        first = psutil.Process(next(iter(cluster.workers.values())).pid)
        killed = threading.Event()

        def progress(stage: str, done: float, total: float | None) -> None:
            if not killed.is_set():
                killed.set()
                os.kill(first.pid, signal.SIGKILL)
                time.sleep(0.1)

        build([folder], parts, cluster=cluster.scheduler_address, tags=False, progress=progress)
    assert killed.is_set() and written(parts) == written(whole)


@pytest.mark.parametrize("given", [("0", "3"), ("4", "3"), ("1", None), (None, "2")])
def test_a_part_that_cannot_be_is_a_sentence(folder: Path, tmp_path: Path, given, capsys):
    named = zip(("part", "of"), given, strict=True)
    options = [f"--{name}={value}" for name, value in named if value]
    assert main(["catalogue", "build", str(folder), "-o", str(tmp_path / "a.csv"), *options]) == 2
    assert "give both" in capsys.readouterr().err


def test_every_item_is_in_one_part():
    items = list(range(10))
    shares = [Part(n, 3).share(items) for n in (1, 2, 3)]
    assert sorted(n for share in shares for n in share) == items


def test_the_command_says_what_a_part_did(folder: Path, tmp_path: Path, capsys):
    arguments = [str(folder), "-o", str(tmp_path / "a.csv"), "--no-tags", "--quiet", "--json"]
    assert main(["catalogue", "build", *arguments, "-j", "1", "--part", "2", "--of", "5"]) == 0
    assert json.loads(capsys.readouterr().out) == {"part": 2, "of": 5, "analysed": 1}
    with pytest.raises(InputError):
        build_part([tmp_path / "nowhere"], tmp_path / "a.csv", Part(1, 2))
