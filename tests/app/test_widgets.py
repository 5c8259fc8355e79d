"""Widgets stand where the page put them, however often it is drawn before a browser shows it."""

import pytest
from streamlit.testing.v1 import AppTest

from leitmotif.page import widgets


def page():
    from functools import partial

    import streamlit as st

    from leitmotif.page import widgets

    if "begun" not in st.session_state:
        st.session_state["begun"] = True
        widgets.choose("wish", 40)
    widgets.remembered("k", 5, partial(st.number_input, "k", 1, 20))
    st.slider("wish", 0, 100, key=widgets.placed("wish"))


@pytest.mark.parametrize("redraws", [0, 1, 3])
def test_a_redraw_before_the_browser_shows_it_takes_nothing_back(redraws):
    drawn = AppTest.from_function(page).run()
    for _ in range(redraws):
        drawn.run()
    number, slider = drawn.number_input[0].proto, drawn.slider[0].proto
    assert (number.set_value, number.value) == (True, 5)
    assert (slider.set_value, list(slider.value)) == (True, [40])


def test_what_a_person_chose_stays():
    drawn = AppTest.from_function(page).run()
    drawn.number_input[0].set_value(7).run()
    assert drawn.number_input[0].value == drawn.run().number_input[0].value == 7


def test_after_a_while_the_browser_is_believed(monkeypatch):
    drawn = AppTest.from_function(page).run()
    monkeypatch.setattr(widgets, "_SAID_AGAIN_S", 0.0)
    assert not drawn.run().number_input[0].proto.set_value
