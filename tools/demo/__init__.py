"""Composes, draws and encodes the demo film and its tracks: `python -m tools.demo`."""
