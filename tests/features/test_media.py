"""Whatever looks into a media file opens that file, and none that it names."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from data.errors import InputError
from features.audio.container import container_tags, has_picture
from features.video.container import read_container

TEST = ("-f", "lavfi", "-i", "testsrc=duration=1:size=64x64:rate=10", "-metadata", "title=Secret")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.ts"
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([ffmpeg, "-v", "error", *TEST, "-c:v", "mpeg2video", str(path)], check=True)
    return path


def test_the_film_itself_is_looked_into(film: Path):
    assert has_picture(film) and read_container(film).frames == 10


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{film}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile film.ts\n"),
    ],
)
def test_a_list_of_other_files_is_not_followed(film: Path, name: str, text: str):
    path = film.with_name(name)
    path.write_text(text.format(film=film))
    assert not has_picture(path) and container_tags(path) == {}
    with pytest.raises(InputError):
        read_container(path)
