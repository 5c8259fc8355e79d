"""Which tracks lie nearest to a 10-D music profile, exactly, under any weights."""

from matcher.exact import TrackIndex
from matcher.metric import parse_weights
from matcher.search import Match, rank

__all__ = ["Match", "TrackIndex", "parse_weights", "rank"]
