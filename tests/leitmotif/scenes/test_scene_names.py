"""How people name their films, and what that says."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif.scenes.names import Name, parse_name

NAMES = [
    ("25_Title/01 Title.mkv", Name("Title", None, 1)),
    ("25_Some Series/12.mkv", Name("Some Series", None, 12)),
    ("The Show/Season 2/03 The Long Way.mkv", Name("The Show", 2, 3)),
    ("The Show/S03/07.mkv", Name("The Show", 3, 7)),
    ("The.Show.S01E02.1080p.WEB.x264.mkv", Name("The Show", 1, 2)),
    ("the_show_s1e2.mp4", Name("the show", 1, 2)),
    ("The Show - 2x05 - A Name.avi", Name("The Show", 2, 5)),
    ("Show/Season 1/S01E10.mkv", Name("Show", 1, 10)),
    ("[Group] Some Anime - 07 [1080p][ABCD1234].mkv", Name("Some Anime", None, 7)),
    ("[Group] Some Anime - 07v2 (BD 1080p x265).mkv", Name("Some Anime", None, 7)),
    ("Some Anime/Episode 4.mkv", Name("Some Anime", None, 4)),
    ("Some Anime EP04.mkv", Name("Some Anime", None, 4)),
    ("Staffel 2/Folge 3.mkv", Name("Folge 3", 2, 3)),
    ("剧名/第2季/第03集.mp4", Name("剧名", 2, 3)),
    ("剧名 第1季第12集.mp4", Name("剧名", 1, 12)),
    ("Blade Runner 2049 (2017).mkv", Name("Blade Runner 2049 (2017)")),
    ("clips/trailer_e536b7.mp4", Name("trailer e536b7")),
    ("2001 A Space Odyssey.mkv", Name("2001 A Space Odyssey")),
    ("movies/1917.mkv", Name("1917")),
]


@pytest.mark.parametrize(("path", "expected"), NAMES)
def test_names_as_people_write_them(path: str, expected: Name):
    assert parse_name(PurePosixPath(path)) == expected


@given(
    st.text(st.characters(categories=("Lu", "Ll")), min_size=3, max_size=12),
    st.integers(1, 99),
    st.integers(1, 999),
    st.sampled_from(
        ["{t} S{s:02d}E{e:02d}", "{t}.s{s}e{e}", "{t} {s}x{e:02d}", "{t}/Season {s}/{e:02d}"]
    ),
)
def test_season_and_episode_come_back(title: str, season: int, episode: int, form: str):
    found = parse_name(form.format(t=title, s=season, e=episode) + ".mkv")
    assert (found.season, found.episode) == (season, episode)
    assert found.title


@given(st.text(min_size=1, max_size=60))
def test_no_name_is_too_strange(name: str):
    found = parse_name(name)
    assert found.title
    assert found.episode is None or found.episode >= 0
