"""What a ratings table may look like, and what is said of what cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.profiles import VIDEO_NAMES
from leitmotif.calibration.ratings import Ratings, Window, read_ratings

AROUSAL, TENSION = VIDEO_NAMES.index("visual_arousal"), VIDEO_NAMES.index("scene_tension")


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "影片 clips"
    for name in ("a.mp4", "b.mov", "trailers/c.mp4", "trailers/a.mp4", "notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder.parent / "ratings.csv"
    path.write_bytes(text.encode(encoding))
    return path


def read(videos: Path, text: str, encoding: str = "utf-8") -> Ratings:
    return read_ratings(table(videos, text, encoding), videos)


def test_raters_of_a_window_are_averaged(videos):
    ratings = read(
        videos,
        "clip,rater,visual_arousal,scene_tension\nb.mov,1,10,50\nb.mov,2,30,\ntrailers/c.mp4,1,-5,60\n",
    )
    assert [w.clip.name for w in ratings.windows] == ["b.mov", "c.mp4"]
    assert ratings.values[:, AROUSAL].tolist() == [20, -5]
    assert ratings.values[:, TENSION].tolist() == [50, 60]
    assert ratings.counts[:, AROUSAL].tolist() == [2, 1]
    assert ratings.spread[0, AROUSAL] == 200 and np.isnan(ratings.spread[1, AROUSAL])
    assert np.isnan(np.delete(ratings.values, [AROUSAL, TENSION], axis=1)).all()


@pytest.mark.parametrize(
    "name", ["b.mov", "b", "B.MOV", "trailers/c.mp4", "trailers\\c.mp4", "./trailers/c.mp4", "c"]
)
def test_clips_are_found_by_path_name_or_stem(videos, name):
    assert len(read(videos, f"clip,visual_arousal\n{name},1\n")) == 1


def test_windows_groups_and_chinese_columns(videos):
    ratings = read(
        videos,
        "片段;开始;结束;来源;画面唤醒度\nb.mov;1.5;8;film X;-40\nb.mov;8;;film X;20\n",
        "gb18030",
    )
    clip = videos / "b.mov"
    assert ratings.windows == (Window(clip, 1.5, 8.0, "film X"), Window(clip, 8.0, None, "film X"))
    assert ratings.groups.tolist() == [0, 0]


def test_a_clip_is_its_own_group(videos):
    ratings = read(videos, "clip,start,visual_arousal\nb,0,1\nc,0,2\nb,5,3\n")
    assert ratings.groups.tolist() == [ratings.groups[0], 1 - ratings.groups[0], ratings.groups[0]]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("nobody.mp4,,,1,1", r"clip 'nobody.mp4' is not in"),
        (",,,1,1", "no clip is named"),
        ("a.mp4x,,,1,1", "is not in"),
        ("a,,,1,1", r"clip 'a' could be a.mp4 or trailers/a.mp4"),
        ("b,-1,,1,1", "start is '-1'"),
        ("b,x,,1,1", "start is 'x'"),
        ("b,5,2,1,1", "ends at 2 s, before it starts at 5 s"),
        ("b,,,101,", r"visual_arousal is 101, outside -100 to 100"),
        ("b,,,nan,", "visual_arousal is 'nan', not a number"),
        ("b,,,inf,", "not a number"),
        ("b,,,high,", "visual_arousal is 'high', not a number"),
        ("b,,,,", "nothing is rated in this row"),
        ("b", "nothing is rated in this row"),
    ],
)
def test_unusable_rows_are_named_and_the_others_used(videos, row, reason):
    ratings = read(
        videos, f"clip,start,end,visual_arousal,scene_tension\nc,,,5,50\n{row}\nb,1,2,7,70\n"
    )
    assert ratings.values[:, AROUSAL].tolist() == [5, 7]
    (skipped,) = ratings.skipped
    assert skipped.line == 3 and reason in skipped.reason


def test_one_bad_cell_does_not_cost_the_row(videos):
    ratings = read(videos, "clip,visual_arousal,scene_tension\nb,500,70\n")
    assert np.isnan(ratings.values[0, AROUSAL]) and ratings.values[0, TENSION] == 70
    assert ratings.skipped[0].reason == "visual_arousal is 500, outside -100 to 100"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the ratings are empty"),
        ("clip,visual_arousal\n", "the ratings are empty"),
        ("name,visual_arousal\nb,1\n", "no column says which clip was rated"),
        ("clip,excitement\nb,1\n", "none of the eleven fields is a column"),
        (
            "clip,visual_arousal\nnobody,1\nno one,2\n",
            r"no usable rating \(line 2: clip 'nobody' is not in",
        ),
    ],
)
def test_unusable_tables_say_why(videos, text, message):
    with pytest.raises(InputError, match=message):
        read(videos, text)


def test_missing_files_and_folders_say_so(videos, tmp_path):
    with pytest.raises(InputError, match="the ratings cannot be read"):
        read_ratings(tmp_path / "none.csv", videos)
    ratings = table(videos, "clip,visual_arousal\nb,1\n")
    with pytest.raises(InputError, match=r"no such folder; give --videos"):
        read_ratings(ratings, tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="there is no video in it"):
        read_ratings(ratings, tmp_path / "empty")


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=200)
    | st.text(alphabet="clip,visual_arousal\n;\"'ab.0123456789-\t", max_size=200)
)
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "b.mp4").touch()
    (folder / "r.csv").write_text("clip,visual_arousal\n" + text, encoding="utf-8")
    try:
        ratings = read_ratings(folder / "r.csv", folder)
    except InputError as error:
        assert "r.csv" in str(error)
    else:
        assert np.isfinite(ratings.values).any(axis=1).all()


def test_reliability_is_the_share_of_variance_that_raters_agree_on():
    rng = np.random.default_rng(0)
    truth, rows = rng.normal(0, 10, 4000), {}
    raters = truth[:, None] + rng.normal(
        0, 20, (4000, 4)
    )  # one rater: 100 / 500; the mean of four: 100 / 200
    values = np.full((4000, 11), np.nan)
    counts, spread = np.zeros((4000, 11), int), np.full((4000, 11), np.nan)
    values[:, 0], counts[:, 0], spread[:, 0] = raters.mean(axis=1), 4, raters.var(axis=1, ddof=1)
    rows = tuple(Window(Path(str(i)), 0, None, str(i)) for i in range(4000))
    reliability = Ratings(rows, values, counts, spread).reliability()
    assert reliability[0] == pytest.approx(0.5, abs=0.03)
    assert np.isnan(reliability[1:]).all()


@pytest.mark.skipif(os.name == "nt", reason="links need rights on this system")
def test_deleted_clips_and_links_back_do_not_make_a_name_ambiguous(videos):
    for deleted in (".Trash-1000", "$RECYCLE.BIN"):
        (videos / deleted).mkdir()
        (videos / deleted / "b.mov").touch()
    (videos / "again").symlink_to(videos)
    assert len(read(videos, "clip,visual_arousal\nb,1\n")) == 1
