"""The ten sliders in a real browser: by mouse, key and finger."""

from __future__ import annotations

from browsing import SAMPLE
from streamlit.proto.BackMsg_pb2 import BackMsg


class Told:
    """What is told from now on: moves at their address, how many of them were ever under way
    together, and what asks for a redraw."""

    def __init__(self, page) -> None:
        self.moves = self.together = self.redraws = self._open = 0
        page.on("request", lambda request: self._move(request, 1))
        page.on("requestfinished", lambda request: self._move(request, -1))
        page.on("websocket", lambda socket: socket.on("framesent", self._said))

    def _move(self, request, step: int) -> None:
        if "/moved/" in request.url:
            self.moves += step > 0
            self._open += step
            self.together = max(self.together, self._open)

    def _said(self, frame) -> None:
        if isinstance(frame, bytes):
            self.redraws += BackMsg.FromString(frame).HasField("rerun_script")


def test_sliders_by_mouse_and_key(visit):
    from playwright.sync_api import expect

    editor = visit()
    page = editor.page
    told = Told(page)
    page.reload()  # so that its socket is heard
    editor.rest()
    editor.give_film(SAMPLE)
    editor.wait_for_tracks()
    first = editor.tracks()
    redrawn = told.redraws

    # Held and drawn: the number follows at once, the list soon, one move at a time.
    slider = page.get_by_role("slider", name="Arousal", exact=True)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    y, left = box["y"] + box["height"] / 2, box["x"]
    page.mouse.move(left + 0.6 * box["width"], y)
    page.mouse.down()
    page.mouse.move(left + 5, y, steps=30)
    value = float(slider.input_value())
    assert value < -80 and slider.get_attribute("aria-valuetext") == f"{value:.1f}"
    dragged = editor.wait_for_other_tracks(first)
    page.mouse.up()
    editor.rest()
    assert float(slider.input_value()) == value, "it stays where the hand left it"
    assert 1 <= told.moves <= 31 and told.together == 1, "each waits for the one before"

    # By key, with what it means read out.
    slider.press("End")
    editor.wait_for_other_tracks(dragged)
    assert slider.get_attribute("aria-valuetext") == "100.0"
    why = page.get_by_role("button", name="Arousal: what it means")
    why.press("Enter")
    assert why.get_attribute("aria-expanded") == "true"
    expect(slider).to_have_accessible_description("the music excites")
    leads = page.get_by_role("switch", name="Changes lead")
    expect(leads).to_be_checked()
    leads.press("Space")
    editor.wait_for("You changed Arousal.")
    assert told.redraws == redrawn, "nothing of it has drawn the page again"

    # The page knows it all the same: what is drawn again, now and at the next visit, is as it was.
    listed = editor.tracks()
    editor.turn_to("Weights")
    page.get_by_role("slider", name="Valence", exact=True).press("End")
    editor.wait_for_other_tracks(listed)
    expect(page.get_by_role("radio", name="Equal")).not_to_be_checked()
    weighed = editor.tracks()
    page.reload()
    editor.wait_for_tracks()
    assert editor.tracks() == weighed
    assert not page.get_by_role("switch", name="Changes lead").is_checked()
    page.get_by_role("button", name="Back to the prediction").click()
    page.get_by_text("You changed").wait_for(state="hidden")
    editor.rest()
    assert not editor.elsewhere


def test_a_move_that_its_address_does_not_answer_draws_the_page_again(visit):
    editor = visit(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = editor.page
    page.route("**/moved/*", lambda route: route.fulfill(status=404))
    editor.give_film(SAMPLE)
    editor.wait_for_tracks()
    first = editor.tracks()
    slider = page.get_by_role("slider", name="Arousal", exact=True)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] >= 24
    page.touchscreen.tap(box["x"] + 3, box["y"] + box["height"] / 2)
    editor.wait_for_other_tracks(first)
    editor.wait_for("You changed Arousal")
    assert float(slider.input_value()) < -90
