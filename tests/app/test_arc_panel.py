"""A track dragged along the picture: r and z move with it, and the place it is left at counts."""

import json
import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
from browsing import SAMPLE


def panel_of(page):
    """The first track that is longer than the film."""
    return page.locator(".arc svg[role=slider]").first


def said(panel):
    return panel.get_attribute("aria-valuetext")


def test_a_track_is_dragged_along_the_picture(visit, tmp_path: Path):
    person = visit()
    film = tmp_path / "short.mp4"
    cut = ["-v", "error", "-t", "11", "-i", SAMPLE, "-c", "copy", film]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *cut], check=True)
    person.give_film(film)
    person.wait_for_tracks()
    page, panel = person.page, panel_of(person.page)
    panel.scroll_into_view_if_needed()
    before, box = said(panel), panel.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] - box["width"] / 5, middle[1], steps=8)
    held = said(panel)
    assert held != before and re.search(r"r -?\d\.\d\d · z -?\d", held)
    page.mouse.up()
    person.rest()
    panel = panel_of(page)
    at = float(panel.get_attribute("aria-valuenow"))
    assert at > 0 and said(panel).startswith("Begins at")
    with page.expect_download() as download:
        page.get_by_role("button", name="Everything (JSON)").click()
    download.value.save_as(tmp_path / "result.json")
    text = (tmp_path / "result.json").read_text(encoding="utf-8")
    assert f'"in_point_s": {at}' in text and json.loads(text)

    panel.press("ArrowRight")
    person.rest()
    assert float(panel_of(page).get_attribute("aria-valuenow")) == at + 1
    panel.locator("xpath=..").get_by_role("button", name="Suggested").click()
    person.rest()
    assert said(panel_of(page)) == before
    assert not person.elsewhere
