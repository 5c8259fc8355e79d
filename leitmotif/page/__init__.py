"""The parts of the page, top to bottom.

`script` is what runs at every redraw. `inputs` is the sidebar, `film` what it saw, `results` and
`tracks` what it wants to hear and the list, `takeaway` the downloads; `score_tab`, with
`score_tab_out` for what leaves it, and `catalogue_tab` are the other views. `state` holds what a
session keeps and what all share, `widgets` and `uploads` what several of them draw, `serving` files
for players.

Only these modules and `streamlit_app.py` know Streamlit. They draw; what they draw is computed
elsewhere, and what outlives a session lies in `leitmotif.sessions`.
"""
