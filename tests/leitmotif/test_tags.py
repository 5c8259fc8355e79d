"""Tags of every kind of file become the catalogue's columns."""

from __future__ import annotations

import struct
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
    found = read_tags(tagged(tmp_path / f"file{suffix}"))
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
    found = read_tags(path)
    assert (found["title"], found["isrc"], found["bpm_stated"]) == ("In ID3", "QZ1234567890", "128")


def test_gbk_that_calls_itself_latin_1_is_read_as_chinese(tmp_path: Path):
    path = tagged(tmp_path / "file.mp3")
    tags = mutagen.id3.ID3(path)
    for kind, text in ((mutagen.id3.TIT2, "无心睡眠"), (mutagen.id3.TPE1, "张国荣")):
        tags.add(kind(encoding=0, text=text.encode("gbk").decode("latin-1")))
    tags.save()
    found = read_tags(path)
    assert (found["title"], found["artist"]) == ("无心睡眠", "张国荣")


@pytest.mark.parametrize("name", ["Für Elise", "Björk", "Café del Mar", "plain", "naïve façade"])
def test_western_names_in_latin_1_stay(name: str):
    assert latin1_again([name]) == [name]


def test_short_texts_are_judged_together_with_the_others_of_the_file():
    said = ["Группа крови", "Кино", "Ария"]
    assert latin1_again([t.encode("cp1251").decode("latin-1") for t in said]) == said
    said = ["无心睡眠", "张国荣", "无"]
    assert latin1_again([t.encode("gbk").decode("latin-1") for t in said]) == said


def info_wav(path: Path, **texts: bytes) -> Path:
    """A tenth of a second of silence with a RIFF INFO chunk."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)

    info = b"".join(chunk(name.encode(), text + b"\0") for name, text in texts.items())
    kind = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16))
    body = b"WAVE" + kind + chunk(b"LIST", b"INFO" + info) + chunk(b"data", bytes(1600))
    path.write_bytes(chunk(b"RIFF", body))
    return path


def test_gbk_in_an_info_chunk_is_read_as_chinese(tmp_path: Path):
    path = info_wav(tmp_path / "a.wav", INAM="月亮代表我的心".encode("gbk"), IART=b"Teresa Teng")
    found = read_tags(path)
    assert (found["title"], found["artist"]) == ("月亮代表我的心", "Teresa Teng")


def test_a_field_that_one_reader_lacks_comes_from_the_other(tmp_path: Path):
    path = info_wav(tmp_path / "a.wav", INAM=b"In INFO", IART=b"Its Artist")
    file = mutagen.File(path)
    file.add_tags()
    file.tags.add(mutagen.id3.TIT2(encoding=3, text="In ID3"))
    file.save()
    found = read_tags(path)
    assert (found["title"], found["artist"]) == ("In ID3", "Its Artist")


def test_a_file_without_tags_says_nothing(tmp_path: Path):
    path = tmp_path / "no tags.flac"
    subprocess.run(
        [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", "-bitexact", path],
        check=True,
    )
    assert set(read_tags(path).values()) == {""}


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3\x04\x00\xff\xff\xff\xff" + bytes(50)])
def test_a_damaged_file_has_no_tags_and_no_error(tmp_path: Path, content: bytes):
    path = tmp_path / "broken.mp3"
    path.write_bytes(content)
    assert set(read_tags(path).values()) == {""}
