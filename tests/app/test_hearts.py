"""What a person says of a track is kept, learned from, shown as sliders and forgotten."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
from browsing import PATIENCE_MS, SAMPLE


def heart(page, place: int, word: str):
    """An answer on a card, from 1."""
    return page.locator(".card").nth(place - 1).get_by_role("button", name=word, exact=True)


def say(person, place: int, word: str) -> None:
    from playwright.sync_api import expect

    heart(person.page, place, word).click()
    expect(heart(person.page, place, word)).to_have_attribute(
        "aria-pressed", "true", timeout=PATIENCE_MS
    )
    person.rest()


def test_a_heart_is_kept_learned_and_forgotten(visit, tmp_path: Path):
    person = visit()
    film = tmp_path / "short.mp4"
    cut = ["-v", "error", "-t", "4", "-i", SAMPLE, "-c", "copy", film]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *cut], check=True)
    person.give_film(film)
    person.wait_for_tracks()
    person.page.reload()  # the list of a full look, drawn once
    person.wait_for_tracks()
    page, first = person.page, person.tracks()
    assert not page.get_by_text("In the order of my taste").count()

    say(person, 2, "Like")
    say(person, 1, "Never again")
    assert person.tracks() == first  # the list does not move under the hand

    page.reload()
    person.wait_for_tracks()
    page.get_by_text("In the order of my taste").wait_for()
    assert first[0] not in person.tracks()
    assert page.get_by_text("A try: not what is known").count() == 1

    page.get_by_role("button", name="Your taste").click()
    panel = page.get_by_role("dialog")
    panel.get_by_role("button", name=f"Show {first[0]} again").wait_for()
    panel.get_by_role("slider", name="Matters").first.press("ArrowRight")
    panel.get_by_text("set by you").wait_for()
    panel.get_by_role("button", name="Undo the last").click()
    panel.get_by_text("set by you").wait_for(state="detached")
    panel.get_by_role("button", name="Forget everything").click()
    panel.get_by_role("button", name="Yes, forget everything").click()
    panel.get_by_text("Never shown").wait_for(state="detached")
    page.keyboard.press("Escape")
    page.get_by_text("In the order of my taste").wait_for(state="detached")
    person.rest()
    assert person.tracks() == first
    assert not person.elsewhere
