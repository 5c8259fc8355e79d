"""What a person says of a track is kept, learned from, shown as sliders and taken back."""

import json

from browsing import SAMPLE


def heart(page, place: int, word: str):
    """An answer on a card, from 1."""
    return page.locator(".card").nth(place - 1).get_by_role("button", name=word, exact=True)


def say(person, place: int, word: str) -> None:
    from playwright.sync_api import expect

    heart(person.page, place, word).click()
    expect(heart(person.page, place, word)).to_have_attribute("aria-pressed", "true")
    person.rest()


def test_a_heart_is_kept_learned_and_taken_back(visit):
    person = visit()
    person.give_film(SAMPLE)
    person.wait_for_tracks()
    page, first = person.page, person.tracks()
    assert not page.get_by_text("In the order of my taste").count()

    say(person, 2, "Like")
    person.wait_for("Kept: later lists learn from it.")
    say(person, 1, "Never again")
    gone = first[0]
    assert person.tracks() == first  # the list does not move under the hand

    page.reload()
    person.wait_for_tracks()
    switch = page.get_by_role("switch", name="In the order of my taste")
    switch.wait_for()
    assert gone not in person.tracks()
    assert page.get_by_text("A try: not what is known").count() == 1

    page.get_by_role("button", name="Your taste").click()
    panel = page.get_by_role("dialog")
    panel.get_by_text("Never shown").wait_for()
    assert panel.get_by_role("slider").count() == 20
    panel.get_by_role("slider", name="Matters").first.press("ArrowRight")
    panel.get_by_text("set by you").wait_for()
    with page.expect_download() as download:
        panel.get_by_role("button", name="Take it away").click()
    kept = json.loads(download.value.path().read_text(encoding="utf-8"))
    kinds = [e["kind"] for e in kept["events"]]
    assert kinds.count("like") == kinds.count("never") == kinds.count("edit") == 1
    assert all(e["said"]["probabilities"] for e in kept["events"] if e["said"].get("try"))
    panel.get_by_role("button", name="Undo the last").click()
    panel.get_by_text("set by you").wait_for(state="detached")
    panel.get_by_role("button", name=f"Show {gone} again").click()
    panel.get_by_text("Never shown").wait_for(state="detached")
    panel.get_by_role("button", name="Forget everything").click()
    panel.get_by_role("button", name="Yes, forget everything").click()
    person.rest()
    page.keyboard.press("Escape")
    assert person.wait_for_other_tracks([]) == first
    switch.wait_for(state="detached")
    assert not person.elsewhere
