"""Tags of every kind of file become the catalogue's columns."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import mutagen.id3
import pytest

from leitmotif.catalogue.tags import latin1_again, read_tags

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
ENCODED = {
    ".wav": "pcm_s16le",
    ".aiff": "pcm_s16be",
    ".flac": "flac",
    ".mp3": "libmp3lame",
    ".m4a": "aac",
    ".wma": "wmav2",
    ".mka": "flac",
    ".webm": "libopus",
    ".opus": "libopus",
    ".caf": "pcm_s16le",
}


def tagged(path: Path, *more: str) -> Path:
    """A second of a tone whose tags say who made it."""
    tags = ("-metadata", "title=My Title", "-metadata", "artist=My Artist")
    if path.suffix == ".aiff":
        more = ("-write_id3v2", "1", *more)
    command = [FFMPEG, "-v", "error", "-y", "-f", "lavfi", "-i", "sine=duration=1", *tags, *more]
    subprocess.run([*command, "-c:a", ENCODED[path.suffix], str(path)], check=True)
    return path


@pytest.mark.parametrize("suffix", ENCODED)
def test_title_and_artist_are_read(tmp_path: Path, suffix: str):
    found = read_tags(tagged(tmp_path / f"file{suffix}"), "file")
    assert (found["title"], found["artist"]) == ("My Title", "My Artist")


def test_id3_inside_a_wav_counts_too(tmp_path: Path):
    path = tmp_path / "file.wav"
    subprocess.run(
        [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", path], check=True
    )
    file = mutagen.File(path)
    file.add_tags()
    file.tags.add(mutagen.id3.TIT2(encoding=3, text="In ID3"))
    file.tags.add(mutagen.id3.TSRC(encoding=3, text="QZ1234567890"))
    file.tags.add(mutagen.id3.TBPM(encoding=3, text="128"))
    file.save()
    found = read_tags(path, "file")
    assert (found["title"], found["isrc"], found["bpm_stated"]) == ("In ID3", "QZ1234567890", "128")


def test_gbk_that_calls_itself_latin_1_is_read_as_chinese(tmp_path: Path):
    path = tagged(tmp_path / "file.mp3")
    tags = mutagen.id3.ID3(path)
    for kind, text in ((mutagen.id3.TIT2, "无心睡眠"), (mutagen.id3.TPE1, "张国荣")):
        tags.add(kind(encoding=0, text=text.encode("gbk").decode("latin-1")))
    tags.save()
    found = read_tags(path, "file")
    assert (found["title"], found["artist"]) == ("无心睡眠", "张国荣")


@pytest.mark.parametrize("name", ["Für Elise", "Björk", "Café del Mar", "plain", "naïve façade"])
def test_western_names_in_latin_1_stay(name: str):
    assert latin1_again(name) == name


def test_a_file_without_tags_is_called_by_its_name(tmp_path: Path):
    path = tmp_path / "no tags.flac"
    subprocess.run(
        [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", "-bitexact", path],
        check=True,
    )
    found = read_tags(path, "no tags")
    assert found["title"] == "no tags" and found["artist"] == ""


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3\x04\x00\xff\xff\xff\xff" + bytes(50)])
def test_a_damaged_file_has_no_tags_and_no_error(tmp_path: Path, content: bytes):
    path = tmp_path / "broken.mp3"
    path.write_bytes(content)
    assert read_tags(path, "broken")["title"] == "broken"
