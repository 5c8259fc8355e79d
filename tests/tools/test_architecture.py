"""The page about the architecture says what the test of imports holds."""

from __future__ import annotations

from tests.test_imports import rooms
from tools.architecture import PAGE, page, purpose


def test_the_page_is_the_one_that_the_list_gives():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_room_says_what_it_is_for():
    assert all(purpose(room) for room in rooms())
