"""Tracks by words and by likeness: "dark ambient drone, no drums", "like this, but calmer"."""

from leitmotif.find.likeness import Original
from leitmotif.find.reading import Reading, read
from leitmotif.find.search import Found, find

__all__ = ["Found", "Original", "Reading", "find", "read"]
