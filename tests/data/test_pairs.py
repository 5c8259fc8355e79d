"""pairs.csv: written and read back exactly, split by source, generous to columns."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.pairs import SPLITS, Pairs, read_pairs, split_of
from data.profiles import MUSIC_NAMES, VIDEO_NAMES, MusicProfile, VideoProfile


def scene(source="a.mp4", start=0.0, video_by="v 1", music_by="m 1", sure=1.0):
    video = VideoProfile(np.linspace(0.1, 0.9, 11), np.array([0.0, *[sure] * 10]), video_by)
    music = MusicProfile(np.linspace(-5, 5, 10), np.full(10, sure), music_by)
    return source, start, start + 10, video, music, 0.75


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_written_is_read_back(tmp_path):
    pairs = Pairs.from_profiles([scene(), scene("电影 b.mp4", 12.5, sure=0.5)])
    pairs.write(tmp_path / "片段 pairs.csv")
    again = read_pairs(tmp_path / "片段 pairs.csv")
    assert (
        again.sources == ("a.mp4", "电影 b.mp4")
        and again.splits == pairs.splits
        and again.skipped == ()
    )
    for name in (
        "start",
        "end",
        "video",
        "video_confidence",
        "music",
        "music_confidence",
        "music_share",
    ):
        assert np.allclose(getattr(again, name), getattr(pairs, name), rtol=1e-5, equal_nan=True), (
            name
        )
    assert (again.video_extractor, again.music_extractor) == ("v 1", "m 1")


def test_confidence_0_is_not_measured():
    pairs = Pairs.from_profiles([scene()])
    assert (
        np.isnan(pairs.video[0, 0])
        and np.isfinite(pairs.video[0, 1:]).all()
        and np.isfinite(pairs.music).all()
    )


@given(st.text())
def test_a_source_keeps_its_split_whatever_else_is_in_the_file(source):
    assert split_of(source) in SPLITS and split_of(source) == split_of(source)


def test_about_three_in_five_sources_train():
    found = [split_of(f"film {i}") for i in range(2000)]
    assert [found.count(s) / 2000 for s in SPLITS] == pytest.approx([0.6, 0.2, 0.2], abs=0.04)


def test_columns_may_be_few_and_spelt_as_a_person_does(tmp_path):
    pairs = read_pairs(
        write(
            tmp_path / "p.csv",
            "Source,画面唤醒度,Motion Amplitude,brightness_score,split\nx,-20,,80,test\n",
        )
    )
    assert (
        pairs.video[0, VIDEO_NAMES.index("visual_arousal")] == -20
        and pairs.music[0, MUSIC_NAMES.index("brightness")] == 80
    )
    assert np.isfinite(pairs.video).sum() == np.isfinite(pairs.music).sum() == 1
    assert pairs.video_confidence.sum() == 1 and pairs.splits == ("test",)


def test_bad_rows_are_left_out_and_named(tmp_path):
    rows = ["a,1,2,train", "b,loud,2,train", "c,1,200,train", ",1,2,train", "d,1,2,later", "e,1"]
    text = "\n".join(["source,visual_arousal,arousal,split", *rows])
    assert read_pairs(write(tmp_path / "p.csv", text)).skipped == (
        "line 3: visual_arousal is not a number ('loud')",
        "line 4: arousal is 200; it must lie between -100 and 100",
        "line 5: source is empty",
        "line 6: split is 'later'; it must be one of train, validation, test",
        "line 7: 2 columns where the header has 4",
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "no such pairs file; make one with `leitmotif learn FOLDER`"),
        ("", "not a pairs file; it needs a column 'source'"),
        ("track,arousal\n1,2\n", "not a pairs file; it needs a column 'source'"),
        ("source,visual_arousal,arousal\n", "no usable pair"),
        (
            "source,visual_arousal,arousal\na,x,1\n",
            "no usable pair in this file .line 2: visual_arousal is not a number",
        ),
    ],
)
def test_files_that_are_no_pairs(tmp_path, content, sentence):
    path = tmp_path / "p.csv"
    if content is not None:
        write(path, content)
    with pytest.raises(InputError, match=sentence):
        read_pairs(path)


def test_a_binary_file_is_no_table(tmp_path):
    (tmp_path / "p.csv").write_bytes(b"\x80\x04\xff\xfe" * 9)
    with pytest.raises(InputError, match=r"p\.csv: not a CSV table in UTF-8"):
        read_pairs(tmp_path / "p.csv")


def test_mixed_extractors_are_refused_where_they_would_be_mixed():
    pairs = Pairs.from_profiles([scene(), scene("b", video_by="v 2")])
    assert pairs.music_extractor == "m 1"
    with pytest.raises(
        InputError, match=r"pictures measured by 2 different extractors \(v 1, v 2\)"
    ):
        pairs.video_extractor  # noqa: B018


def test_take_and_split_keep_rows_together():
    pairs = Pairs.from_profiles([scene(f"film {i // 2}", float(i)) for i in range(40)])
    assert sum(len(pairs.split(s)) for s in SPLITS) == 40
    assert pairs.take([3, 1]).start.tolist() == [3, 1] and pairs.take([3, 1]).sources == (
        "film 1",
        "film 0",
    )
    assert pairs.groups().tolist() == [i // 2 for i in range(40)]


def test_times_and_numbers_of_other_countries_and_none_that_are_infinite(tmp_path):
    text = 'source;start_s;visual_arousal;arousal\na;1,5;−20;2\nb;inf;1;2\n"c;0;1;2\n'
    pairs = read_pairs(write(tmp_path / "p.csv", text))
    assert pairs.sources == ("a", '"c') and pairs.start.tolist() == [1.5, 0.0]
    assert pairs.video[0, VIDEO_NAMES.index("visual_arousal")] == -20
    assert pairs.skipped == ("line 3: start_s is not a number ('inf')",)
    assert pairs.skipped[0].into("zh") == "第 3 行：start_s 不是数字（“inf”）"
