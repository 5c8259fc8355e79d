"""The score in a real browser: planned, changed, heard on both sides, exported, rendered."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from browsing import ROOT, SAMPLE, Visit
from conftest import running

from features.audio.load import load
from features.media import probe
from leitmotif.score.exports import FORMATS

BOARD = (
    "[...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]"
    ".map(h => h.shadowRoot.querySelector('.board')).find(b => b)"
)


def settle(editor: Visit) -> None:
    """Until every cue is fitted and can be heard, and what was done is answered."""
    page = editor.page
    page.wait_for_timeout(150)
    page.wait_for_function(
        "() => { const hosts = document.querySelectorAll('[data-testid=stBidiComponentIsolated]');"
        "const board = [...hosts].map(h => h.shadowRoot.querySelector('.board')).find(b => b);"
        "return board && !board.matches('.working') && board.querySelector('.cue')"
        " && !board.querySelector('.cue.fitting') }"
    )
    editor.rest()


def cues(editor: Visit) -> list[str]:
    return editor.page.locator(".cue .body").evaluate_all(
        "all => all.map(e => e.getAttribute('aria-label'))"
    )


def plan(editor: Visit) -> None:
    editor.turn_to("Score")
    editor.page.get_by_role("button", name="Spot the film").click()
    editor.page.locator(".cue").first.wait_for()
    settle(editor)


def press(editor: Visit, key: str) -> list[str]:
    """A key on the timeline, and the cues once it has done its work."""
    editor.page.locator(".scroll").focus()
    editor.page.keyboard.press(key)
    settle(editor)
    return cues(editor)


def sounds(editor: Visit) -> dict[str, str]:
    """What the board says of its sounds: which side is heard, which run, median ms off picture."""
    said = editor.page.locator(".board").evaluate("board => ({...board.dataset})")
    return {name: said.get(name, "") for name in ("heard", "running", "drift")}


def test_a_film_is_scored_changed_heard_and_taken_away(visit, server, tmp_path: Path):
    editor = visit(viewport={"width": 1440, "height": 1000})
    page = editor.page
    editor.give_film(SAMPLE)
    editor.wait_for_tracks()
    plan(editor)
    first = cues(editor)
    assert len(first) >= 2 and first[0].startswith("1m01, ")
    assert first[0].split(", ")[2].startswith("00:00:00:00") and first[-1].endswith("00:00:34:01")

    # An out-point is dragged: the neighbour makes way, the cue is locked; undone, and done again.
    box = page.locator(".cue").first.locator(".handle.out").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 65, box["y"] + 40, steps=4)
    page.mouse.up()
    settle(editor)
    moved = cues(editor)
    assert moved != first and moved[0].endswith(", locked")
    end = moved[0].split(" – ")[1].split(",")[0]
    assert moved[1].split(", ")[2].startswith(end) and moved[-1].endswith("00:00:34:01")
    assert press(editor, "Control+z") == first
    assert press(editor, "Control+Shift+z") == moved

    # By keys alone: an end steps by a frame, a cue is muted, split and joined again.
    handle = page.locator(".cue").first.locator(".handle.out")
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(700)
    settle(editor)
    assert int(handle.get_attribute("aria-valuenow")) % 24 == (int(end[-2:]) + 1) % 24
    assert ", muted" in press(editor, "m")[0] and ", muted" not in press(editor, "m")[0]
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    assert len(press(editor, "s")) == len(first) + 1
    assert len(press(editor, "j")) == len(first)

    # Its track may play a little slower or faster, or not.
    page.get_by_label("May stretch").check()
    settle(editor)
    assert page.get_by_label("May stretch").is_checked()
    press(editor, "Control+z")
    assert not page.get_by_label("May stretch").is_checked()

    # A hit point at the playhead, with how far the music misses it.
    press(editor, "h")
    assert page.locator(".hit .go").inner_text() == "00:00:03:00"
    assert page.locator(".flag").count() == 1

    # Another track as B: both follow the picture, and a key changes over.
    page.get_by_role("button", name="Compare as B", disabled=False).last.click()
    page.locator(".board button.side.b:enabled").wait_for()
    settle(editor)
    page.locator(".scroll").focus()
    page.keyboard.press("Space")
    page.wait_for_function(f"() => {BOARD}.dataset.running.includes('b')")
    assert sounds(editor)["heard"] == "a"
    page.keyboard.press("b")
    # Both run by one clock, a frame or less off the picture as soon as the machine has a second.
    page.wait_for_function(f"() => {BOARD}.dataset.drift > 0 && {BOARD}.dataset.drift <= 40")
    seen = sounds(editor)
    page.keyboard.press("Space")
    assert seen["heard"] == "b" and sorted(seen["running"]) == ["a", "b"]

    # Everything is there again after the page was loaded anew.
    kept = cues(editor)
    page.reload()
    editor.rest()
    editor.turn_to("Score")
    settle(editor)
    assert cues(editor) == kept

    # Every format as one file, and one by itself.
    with page.expect_download() as download:
        page.get_by_role("button", name="formats (ZIP)").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = {name.removeprefix("sample") for name in archive.namelist()}
        assert names >= {f.suffix for f in FORMATS} - {".chapters.txt"}
        timeline = json.loads(archive.read("sample.otio"))
    assert timeline["OTIO_SCHEMA"].startswith("Timeline")
    with page.expect_download() as download:
        page.get_by_role("button", name="Cue sheet", exact=True).click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert len(list(csv.reader(text.splitlines()))) == 1 + len(kept)

    # Rendered: stopped on the way, which leaves nothing behind, and taken up again to the target.
    page.get_by_role("button", name="Render the film").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Render the film").wait_for()
    editor.rest()
    assert not [f for d in server.sessions() for f in d.iterdir() if "-score-" in f.name]
    page.get_by_role("button", name="Render the film").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the film").click()
    saved = tmp_path / "scored.mp4"
    download.value.save_as(saved)
    assert download.value.suggested_filename == "sample.scored.mp4"
    assert probe(saved).duration == pytest.approx(probe(SAMPLE).duration, abs=0.2)
    assert load(saved, 0.0, None).lufs == pytest.approx(-14, abs=1.5)
    assert editor.elsewhere == []


def test_a_track_that_has_vanished_is_a_sentence(browser, tmp_path: Path):
    """Also a film without sound: the timeline says so."""
    library = tmp_path / "library"
    shutil.copytree(ROOT / "data" / "demo" / "tracks", library / "demo" / "tracks")
    for file in (ROOT / "data").glob("audio_features.*"):
        shutil.copy(file, library)
    with running(tmp_path) as server:
        editor = Visit(browser, server)
        page = editor.page
        editor.give_film(SAMPLE)
        editor.wait_for_tracks()
        page.get_by_text("Another catalogue").first.click()
        field = page.get_by_label("Path of a catalogue on this machine")
        field.fill(str(library / "audio_features.csv"))
        field.press("Enter")
        editor.wait_for_catalogue("audio_features.csv")
        plan(editor)
        assert "has no sound" in page.locator(".content").evaluate("e => e.dataset.silent")
        shutil.rmtree(library / "demo")
        press(editor, "l")
        page.locator(".cue.gone").first.wait_for()
        assert "its file is gone" in page.locator(".chosen .trouble").inner_text()
        editor.close()
