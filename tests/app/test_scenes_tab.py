"""The Scenes tab in a real browser: a frame and an edit find their film."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from browsing import SAMPLE

from data.atomic import atomic_path
from features.video.stretch import frames_at
from leitmotif.render import ffmpeg
from leitmotif.scenes.library import Library


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> Path:
    """A cropped, mirrored frame of the demo's film, and four seconds of it as an edit."""
    folder = tmp_path_factory.mktemp("asked")
    frame = next(frames_at(SAMPLE, [9.0], 640))
    height, width = frame.shape[:2]
    part = frame[height // 10 : -height // 10, width // 10 : -width // 10, ::1][:, ::-1]
    content = cv2.imencode(".png", np.ascontiguousarray(part))[1].tobytes()
    with atomic_path(folder / "frame.png") as temporary:
        temporary.write_bytes(content)
    cut = ["-ss", "6", "-t", "4", *ffmpeg.source(SAMPLE), "-c:v", "libx264", "-an"]
    ffmpeg.run([*cut, str(folder / "edit.mp4")])
    music = SAMPLE.with_name("tracks") / "carousel.opus"
    both = [*ffmpeg.source(SAMPLE), *ffmpeg.source(music), "-map", "0:v", "-map", "1:a"]
    ffmpeg.run([*both, "-c:v", "copy", "-c:a", "aac", "-shortest", str(folder / "film.mp4")])
    return folder


def test_a_frame_and_an_edit_find_their_film(visit, server, asked: Path):
    with Library.open(server.temporary / "kept" / "scenes") as library:
        library.add([asked / "film.mp4"], jobs=1)
    editor = visit()
    page = editor.page
    page.get_by_role("tab", name="Scenes").click()
    editor.wait_for("Films to look in: 1")
    editor.give_scene(asked / "frame.png")
    editor.wait_for("From this film")
    editor.give_scene(asked / "edit.mp4")
    editor.wait_for("from none of your films: 0")
    page.get_by_role("button", name="EDL").wait_for()


def test_a_scene_found_is_a_reference_of_the_score(visit, server, asked: Path):
    """The music under it is heard, and what it asks for stands beside what was predicted."""
    with Library.open(server.temporary / "kept" / "scenes") as library:
        library.add([asked / "film.mp4"], jobs=1)
    editor = visit()
    page = editor.page
    editor.give_film(SAMPLE)
    editor.wait_for_tracks()
    editor.turn_to("Scenes")
    editor.give_scene(asked / "frame.png")
    page.get_by_role("button", name="Use as reference").first.click()
    editor.rest()
    editor.turn_to("Score")
    editor.wait_for("Like the scenes you named")
    page.get_by_text("Like these scenes", exact=True).wait_for()
    page.get_by_text("Predicted", exact=True).wait_for()
    page.get_by_role("button", name="Leave out").click()
    editor.rest()
    assert not page.get_by_text("Like the scenes you named").count()
