"""The catalogue's own view: its map, its list, and what is chosen there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from browsing import SAMPLE

from data.catalogue import Catalogue


def catalogue(n: int, path: Path) -> bytes:
    """Two kinds of tracks, Calm 0… and Loud 0…, as a table."""
    rng = np.random.default_rng(3)
    kind = np.arange(n) % 2
    features = rng.normal(size=(n, 10)) + 8 * kind[:, None]
    titles = [f"{('Calm', 'Loud')[k]} {i}" for i, k in enumerate(kind)]
    table = Catalogue(features, {"track_id": [f"t{i}" for i in range(n)], "title": titles})
    table.write(path)
    return path.read_bytes()


def test_from_the_map_to_the_recommendations(visit, tmp_path: Path):
    editor = visit()
    page = editor.page
    editor.give_film(SAMPLE)
    editor.wait_for_tracks()
    editor.give_catalogue(("two kinds.csv", catalogue(60, tmp_path / "a.csv")))
    editor.wait_for_catalogue("two kinds.csv (uploaded)")
    editor.turn_to("The catalogue")
    from playwright.sync_api import expect

    picture = page.get_by_role("img", name="Map of 60 tracks")
    picture.wait_for()

    # Groups are found, and have names.
    page.get_by_role("button", name="Find groups of like tracks").click()
    editor.wait_for("colours are groups")
    editor.rest()

    # Found by words, on the map.
    page.get_by_role("searchbox", name="Find on the map").fill("loud 1")
    expect(page.locator(".bar span")).to_have_text("10")  # Loud 1, 11, 13, … 21, 31, 41, 51
    page.get_by_role("searchbox", name="Find on the map").fill("")

    # Drawn around: the list and the recommendations keep to it, until it is let go.
    page.get_by_role("button", name="Draw around tracks").click()
    box = picture.bounding_box()
    left, top = box["x"], box["y"]
    page.mouse.move(left + 4, top + 4)
    page.mouse.down()
    corners = [(0.5, 0.01), (0.5, 0.99), (0.01, 0.99), (0.01, 0.01)]
    for x, y in corners:
        page.mouse.move(left + x * box["width"], top + y * box["height"], steps=4)
    page.mouse.up()
    editor.wait_for("Drawn around on the map")
    editor.rest()
    said = page.get_by_text("Drawn around on the map").first.inner_text()
    n = int(said.split(":")[1].split()[0])
    assert 0 < n < 60
    editor.wait_for(f"{n} of 60 tracks pass")
    editor.turn_to("Music for this video")
    editor.wait_for_other_tracks([])
    kinds = {title.split()[0] for title in editor.tracks()}
    assert len(kinds) == 1 or n > 31
    page.get_by_role("tab", name="Filters").click()
    page.get_by_role("button", name="Drawn around on the map").click()
    editor.rest()
    assert not page.get_by_text("Drawn around on the map").count()

    # Taken off the list.
    page.get_by_role("button", name="Remove this catalogue").click()
    editor.wait_for_catalogue("Demo tracks")
    assert not editor.elsewhere


def test_a_click_is_heard(visit):
    editor = visit()
    page = editor.page
    editor.turn_to("The catalogue")
    picture = page.get_by_role("img", name="Map of 28 tracks")
    picture.wait_for()
    page.get_by_role("searchbox", name="Find on the map").fill("carousel")
    box = picture.bounding_box()
    tip = page.locator(".tip")
    places = [(x, y) for y in np.arange(0.04, 1, 0.02) for x in np.arange(0.2, 0.82, 0.02)]
    for x, y in places:  # only what was found can be pointed at
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if tip.is_visible():
            break
    assert tip.inner_text().startswith("Carousel")
    page.mouse.down()
    page.mouse.up()
    page.locator("audio").wait_for(state="attached")
    assert page.locator("audio").evaluate("a => a.error") is None


@pytest.mark.parametrize("width", [1440, 390])
def test_the_view_fits_the_screen(visit, width: int):
    editor = visit(viewport={"width": width, "height": 900}, locale="zh-CN")
    editor.page.get_by_role("tab", name="曲库").click()
    editor.page.get_by_role("img", name="28").first.wait_for()
    editor.rest()
    assert editor.page.evaluate("document.querySelector('.stMain').scrollWidth") <= width
