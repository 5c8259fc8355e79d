"""A film's packets are counted, and what is no film is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from features.video.container import read_container


def test_a_file_that_is_no_video_is_named(tmp_path: Path):
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(range(256)) * 8)
    with pytest.raises(InputError, match=r"film\.mp4: cannot be opened as a video"):
        read_container(path)
