"""What goes wrong with a person's file is said in Chinese on the Chinese page: real files."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_NAMES, VIDEO_FIELDS, VideoProfile
from data.words import say
from leitmotif import pipeline
from leitmotif.render import ffmpeg, preview
from leitmotif.sessions.workspace import CATALOGUE_SUFFIXES, VIDEO_SUFFIXES, local_file
from leitmotif.sessions.workspace import receive as receive_file
from leitmotif.settings import DEMO_CATALOGUE, DEMO_VIDEO
from leitmotif.words.page_words import Words
from matcher.query import Query

TRACK = sorted((DEMO_CATALOGUE.parent / "demo" / "tracks").iterdir())[0]
HEADER = "track_id," + ",".join(MUSIC_NAMES)
ROW = "1,2,3,4,5,6,7,8,9,10"


def in_chinese(work: Callable[[], object]) -> str:
    with pytest.raises(InputError) as error:
        work()
    assert Words("en").trouble(error.value) == str(error.value)
    said = Words("zh").trouble(error.value)
    assert said == say(error.value.code, "zh", **error.value.values) != str(error.value)
    return said


def image(path: Path) -> None:
    import cv2

    path.write_bytes(cv2.imencode(".png", np.full((90, 160, 3), 99, np.uint8))[1].tobytes())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: p.touch(), "空文件"),
        (lambda p: p.write_text("INT. KITCHEN. NIGHT.\n" * 50), "文本文件"),
        (lambda p: p.write_bytes(bytes(range(256)) * 50), "无法作为视频打开"),
        (lambda p: shutil.copy(TRACK, p), "只有声音"),
        (image, "图片"),
        (lambda p: None, "没有这个文件"),
    ],
)
def test_what_is_no_film(tmp_path: Path, make, said: str):
    path = tmp_path / "片 film.mp4"
    make(path)
    sentence = in_chinese(lambda: pipeline.read_video(path))
    assert sentence.startswith(f"{path}：") and said in sentence


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "曲库是空的"),
        (b"a,b\n1,2\n", "不是音乐曲库"),
        (b"\xff\x81\xff" * 9, "不是 UTF-8"),
        (b"PAR1 and nothing more", "Parquet 文件已损坏"),
        (HEADER.replace(",warmth", "").encode(), "缺少 warmth 列"),
        (f"{HEADER}\na,{ROW},11".encode(), "第 2 行：有 12 列，而表头有 11 列"),
        (f"{HEADER}\na,{ROW.replace('4', '')}".encode(), "第 2 行：缺少 warmth"),
        (f"{HEADER}\na,{ROW.replace('4', 'loud')}".encode(), "warmth 不是有限的数字（“loud”）"),
        (HEADER.encode(), "没有可用的曲目；"),
    ],
)
def test_what_is_no_catalogue(tmp_path: Path, content: bytes, said: str):
    path = tmp_path / "曲库.csv"
    path.write_bytes(content)
    assert said in in_chinese(lambda: Catalogue.read(path))


def test_what_the_page_does_not_take_in(tmp_path: Path):
    def receive(name: str, content: bytes) -> str:
        return in_chinese(
            lambda: receive_file(tmp_path, name, io.BytesIO(content), VIDEO_SUFFIXES, 1)
        )

    assert receive("notes.pdf", b"x").startswith("notes.pdf：这里不读取这种文件")
    assert receive("空.mp4", b"").startswith("空.mp4：这是空文件")
    assert "超过了本页可接收的 1 MB" in receive("large.mp4", bytes((1 << 20) + 1))
    assert "本机没有这个文件" in in_chinese(
        lambda: local_file(str(tmp_path / "gone.csv"), CATALOGUE_SUFFIXES)
    )


def test_what_cannot_be_matched_or_heard(tmp_path: Path):
    video = VideoProfile(
        np.array([(f.low + f.high) / 2 for f in VIDEO_FIELDS]), np.ones(11), "test"
    )
    catalogue = Catalogue.read(DEMO_CATALOGUE)
    assert "所有权重都为零" in in_chinese(lambda: Query(importance=np.zeros(10)))
    mixed = replace(
        catalogue, columns=catalogue.columns | {"extractor": ["one", "two"] * (len(catalogue) // 2)}
    )
    assert "2 个不同的提取器" in in_chinese(lambda: pipeline.match(video, mixed))
    warnings = pipeline.match(video, catalogue, Query(k=100)).warnings
    assert any("已全部列出" in Words("zh").sentence(w) for w in warnings)
    assert "没有画面" in in_chinese(lambda: preview.render(TRACK, TRACK, tmp_path / "out.mp4"))
    silent = tmp_path / "silent.mp4"
    ffmpeg.run(
        [
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=64x64:rate=5:duration=0.4",
            "-pix_fmt",
            "yuv420p",
            str(silent),
        ]
    )
    assert "没有声音" in in_chinese(
        lambda: preview.render(DEMO_VIDEO, silent, tmp_path / "out.mp4")
    )


def test_half_a_film_and_missing_networks_are_said_in_chinese(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("features.video.signals.networks.locate", lambda name: None)
    half = tmp_path / "half.mp4"
    half.write_bytes(DEMO_VIDEO.read_bytes()[: DEMO_VIDEO.stat().st_size // 4])
    warnings = pipeline.read_video(half, cache=False).warnings
    said = [Words("zh").sentence(w) for w in warnings]
    assert any("只读出" in s for s in said) and any(
        "没有检测人脸" in s and "缺少预训练文件" in s for s in said
    )
