"""Words above the tracks, in a real browser: sliders move, chips say what was understood."""

from __future__ import annotations

from browsing import SAMPLE


def test_words_move_the_sliders_and_the_list(visit):
    editor = visit()
    page = editor.page
    editor.give_film(SAMPLE)
    editor.wait_for_tracks()
    first = editor.tracks()
    line = page.get_by_role("textbox", name="Say it in words")
    line.fill("very slow, no drums, flurbish")
    line.press("Enter")
    editor.wait_for("not understood: flurbish")
    editor.wait_for("You changed")
    wished = editor.wait_for_other_tracks(first)
    assert page.get_by_text("“drums” not to be heard").count()
    line.fill("")
    line.press("Enter")
    assert editor.wait_for_other_tracks(wished) == first

    # More like one of them: that one gives way to others, and its name can be let go.
    page.get_by_role("button", name="More like this").first.click()
    named = page.get_by_role("button", name=f"Like {first[0]}")
    named.wait_for()
    liked = editor.wait_for_other_tracks(first)
    assert first[0] not in liked
    named.click()
    assert editor.wait_for_other_tracks(liked) == first
