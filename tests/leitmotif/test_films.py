"""A film is known by a quick look first, then by a full one; seen before, at once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from leitmotif.sessions import jobs
from leitmotif.sessions.films import Film
from leitmotif.sessions.workspace import Kept, Workspace, content_key


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Film:
    """Twelve seconds, with a cache of its own."""
    monkeypatch.setenv("LEITMOTIF_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "film.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=12"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, "-pix_fmt", "yuv420p"]
    subprocess.run([*command, "-g", "20", path], check=True)
    return Film(Kept(content_key(path), path.name, path))


def test_a_first_look_stands_until_the_full_one_takes_its_place(film: Film, tmp_path: Path):
    workspace = Workspace(tmp_path / "desk")
    with jobs._SLOTS, jobs._SLOTS:  # no full look begins
        film.watch(workspace)
        assert film.glance is not None and film.glance.wait(60)
        assert film.ready and film.first_look and not film.refine()
        first = film.timeline
        film.profile(0.0, None, None)
    assert film.job is not None and film.job.wait(60)
    assert film.timeline is first and film.first_look  # until somebody draws anew
    assert film.refine() and not film.first_look and not film.refine()
    assert film.timeline is film.job.result and not film.known
    assert film.timeline.looked is None and first.looked is not None

    again = Film(film.kept)
    again.watch(workspace)
    assert again.ready and not again.first_look and again.glance is None
    workspace.close()


def test_a_look_that_is_left_keeps_what_was_seen(film: Film, tmp_path: Path):
    workspace = Workspace(tmp_path / "desk")
    with jobs._SLOTS, jobs._SLOTS:
        film.watch(workspace)
        assert film.glance is not None and film.glance.wait(60)
        film.leave()
        assert film.job is not None and film.job.wait(10) and film.job.state == "cancelled"
    assert film.ready and film.first_look
    glance = film.glance
    film.watch(workspace)  # closely, after all
    assert film.glance is glance and film.job.wait(60) and film.refine()
    workspace.close()
