"""What runs at every redraw of the page. It only shows; what it says comes from `leitmotif`."""

import streamlit as st

from leitmotif.page import (
    catalogue_tab,
    film,
    inputs,
    project_bar,
    results,
    scene_references,
    scenes_tab,
    score_tab,
    state,
    tracks,
)

st.set_page_config(page_title="Leitmotif", page_icon=state.ICON, layout="wide")
state.begin()
words = inputs.language()
state.style()

with st.sidebar:
    inputs.title(words)
    project_bar.show(words)
    inputs.video(words)
    library = inputs.catalogue(words)
    inputs.language_switch(words)

chosen = state.chosen_film()
for_video, the_score, the_scenes, the_catalogue = st.tabs(
    [words("for_video"), words("the_score"), words("the_scenes"), words("the_catalogue")],
    on_change="rerun",
    key="view",
)
with for_video:
    state.troubles(words)
    if chosen is None:
        inputs.empty(words)
        tracks.ahead()
    elif not chosen.ready:
        film.progress(chosen, words)
    elif library is not None:
        film.settle(chosen)
        film.show(chosen, words)
        results.show(chosen, library, words)
with the_score:
    if the_score.open and chosen is not None and chosen.ready and library is not None:
        if chosen.first_look:
            st.info(words("score_needs_full_look"))
        else:
            score_tab.show(chosen, library, words)
            scene_references.show(chosen, library, words)
    elif the_score.open:
        st.info(words("score_needs_film"))
with the_scenes:
    if the_scenes.open:
        scenes_tab.show(words)
with the_catalogue:
    if the_catalogue.open and library is not None:
        catalogue_tab.show(library, words)
state.remember()
