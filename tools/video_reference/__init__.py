"""Measures the population that the video fields are scaled on: `python -m tools.video_reference`."""
