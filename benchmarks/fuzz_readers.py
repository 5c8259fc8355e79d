"""Every reader of files and words, with small valid input for it and what a right result is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from data.catalogue import LARGEST, Catalogue
from data.pairs import read_pairs
from data.profiles import MUSIC_NAMES, VIDEO_FIELDS, VIDEO_NAMES, MusicProfile, VideoProfile
from data.profiles import Profile, parse_vector
from data.track_curves import CURVE_NAMES, TOKEN_S, Curves, CurvesWriter, TrackOverTime, read_curves
from data.track_record import TrackRecord
from features.video.profile_coefficients import ProfileCoefficients
from features.video.signals import COLUMNS
from features.video.timeline import Timeline
from leitmotif.calibration.ratings import read_ratings
from leitmotif.catalogue.memory import Seen, State
from leitmotif.learning.scored_videos import _Journal, read_sources
from leitmotif.settings import Settings
from matcher import arc_store
from matcher.exact import TrackIndex
from matcher.filters import parse_filter
from matcher.importance import parse_weights
from recommender.linear import LinearFit  # noqa: F401
