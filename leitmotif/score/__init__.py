"""A film's music as a plan: cues over the film, fitted to the frame, rendered and exported.

>>> from leitmotif.score import complete, export, render_film, score
>>> plan = score("film.mp4", "audio_features.csv")               # spotted, chosen, fitted, ducked
>>> plan = complete(plan.move("1m02", end=1500).hit("1m01", [240]))   # as a person wants it
>>> written = render_film(plan, "film.scored.mp4")
>>> project = export(plan, "fcpxml", "film.fcpxml")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leitmotif.score.compose import complete, score, with_ducking
    from leitmotif.score.exports import export
    from leitmotif.score.model import DUCKINGS, Ducking, Score
    from leitmotif.score.render import preview_cue, render_film, write_stem

__all__ = [
    "DUCKINGS",
    "Ducking",
    "Score",
    "complete",
    "export",
    "preview_cue",
    "render_film",
    "score",
    "with_ducking",
    "write_stem",
]
_HOMES = {
    "compose": ("complete", "score", "with_ducking"),
    "exports": ("export",),
    "model": ("DUCKINGS", "Ducking", "Score"),
    "render": ("preview_cue", "render_film", "write_stem"),
}


def __getattr__(name: str) -> Any:
    # Lazy, so that a score can be read without the libraries that make one.
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(name)
