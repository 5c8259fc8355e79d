"""What the numbers mean: the two profiles, the catalogue, the pairs; and the files we ship."""

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS, MusicProfile, VideoProfile

__all__ = ["MUSIC_FIELDS", "VIDEO_FIELDS", "Catalogue", "InputError", "MusicProfile", "VideoProfile"]
