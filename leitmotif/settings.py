"""Where things are on this machine. Every setting is one environment variable with a default.

LEITMOTIF_CATALOGUE  the catalogue used when none is named (the shipped demo catalogue)
LEITMOTIF_CACHE      folder for results that can be computed again (the system's cache folder)
LEITMOTIF_DATA       folder for what one would miss: projects, jobs, taste (the system's)
LEITMOTIF_HOSTS      names that the page may be asked for by, with commas (localhost)
LEITMOTIF_MODELS     folder with pretrained weights, looked at before the cache (none)
LEITMOTIF_EYES       the embedding network that looks at pictures (mobilenet_v3_small)
LEITMOTIF_MAX_UPLOAD_MB  largest video the page takes (2048)
LEITMOTIF_WORDS      folder of a text embedding for words that `find` does not know (none)
LEITMOTIF_PREDICTOR  file of `leitmotif train` that predicts in place of the shipped one (none)
LEITMOTIF_PROFILE_WEIGHTS  file of `leitmotif calibrate` by which the page sees pictures (none)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from data.errors import InputError
from data.folders import ROOT as DATA

PAGE = DATA.with_name("streamlit_app.py")
DEMO_VIDEO = DATA / "demo" / "sample.mp4"
DEMO_CATALOGUE = DATA / "audio_features.csv"


def data_folder() -> Path:
    """Where everything lies that a person would miss."""
    return Path(os.environ.get("LEITMOTIF_DATA") or platformdirs.user_data_dir("leitmotif", False))


@dataclass(frozen=True)
class Settings:
    catalogue: Path = DEMO_CATALOGUE
    max_upload_mb: int = 2048
    profile_weights: Path | None = None

    @classmethod
    def from_environment(cls) -> Settings:
        """Raises `InputError` for a value that cannot be used."""
        return cls(
            catalogue=Path(os.environ.get("LEITMOTIF_CATALOGUE") or DEMO_CATALOGUE),
            max_upload_mb=_megabytes(
                os.environ.get("LEITMOTIF_MAX_UPLOAD_MB") or cls.max_upload_mb
            ),
            profile_weights=Path(learned)
            if (learned := os.environ.get("LEITMOTIF_PROFILE_WEIGHTS"))
            else None,
        )


def _megabytes(given: str | int) -> int:
    try:
        size = int(given)
    except ValueError:
        size = 0
    if size < 1:
        raise InputError("command.max_upload", given=repr(given))
    return size
