"""Measures the population that video fields are scaled on: `python -m tools.video_reference`."""
