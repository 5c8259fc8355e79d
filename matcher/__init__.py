"""Which tracks lie nearest to a 10-D music profile, exactly, under any weights."""

from matcher.exact import TrackIndex
from matcher.importance import parse_weights
from matcher.query import Query
from matcher.search import Match, rank

__all__ = ["Match", "Query", "TrackIndex", "parse_weights", "rank"]
