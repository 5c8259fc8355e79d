"""The parts of the page, top to bottom.

`script` is what runs at every redraw. `inputs` is the sidebar, `film` what it saw, `results` what
is asked and the list, with `wishes`, `weights` and `filters` beside it, `tracks` the cards and
`takeaway` the downloads; `asking` answers a moved slider without a redraw. `score_tab`, with
`score_tab_out` for what leaves it, and `catalogue_tab` are the other views. `state` holds what a
session keeps and what all share, `widgets` and `uploads` what several of them draw, `serving` files
for players.

Only these modules and `streamlit_app.py` know Streamlit. They draw; what they draw is computed
elsewhere, and what outlives a session lies in `leitmotif.sessions`.
"""
