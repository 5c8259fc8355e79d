"""The parts of the page, top to bottom: `inputs` (sidebar), `film` (what it saw), `results` (what it
wants to hear, the tracks, take it away), `catalogue`; `state` holds what a session keeps,
`widgets` and `uploads` what several of them draw.

Only these modules and `streamlit_app.py` know Streamlit. They draw; what they draw is computed elsewhere.
"""
