"""Leitmotif: a video in, the tracks of your own catalogue that fit it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leitmotif.pipeline import Recommendation, recommend

__version__ = "0.1.0"
__all__ = ["Recommendation", "recommend"]


def __getattr__(name: str) -> Any:
    # Lazy, so that `leitmotif --help` does not wait for numpy.
    if name in __all__:
        from leitmotif import pipeline

        return getattr(pipeline, name)
    raise AttributeError(name)
