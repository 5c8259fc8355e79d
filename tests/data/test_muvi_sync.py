"""Music videos as pairs: windows, correspondences, and what is left empty."""

import math
from itertools import pairwise

import numpy as np
import pytest

from data.errors import InputError
from data.muvi_sync import COLUMNS, EXTRACTOR, MARGIN_S, WINDOW_S, measure, read_muvi_sync
from data.profiles import MUSIC_NAMES, VIDEO_NAMES

CALM = {
    "exciting": 0,
    "fearful": 0,
    "tense": 0,
    "sad": 0,
    "relaxing": 1,
    "neutral": 0,
    "motion": 1,
    "scene_offset_s": 5,
}
WILD = {
    "exciting": 0.5,
    "fearful": 0,
    "tense": 0.5,
    "sad": 0,
    "relaxing": 0,
    "neutral": 0,
    "motion": 40,
    "scene_offset_s": 0,
}
SOFT = {"loudness": 0.05, "note_density": 2, "chord": "C"}
LOUD = {"loudness": 0.4, "note_density": 20, "chord": "A:min"}


def folder(path, videos: dict[str, list[dict]]):
    rows = [",".join(COLUMNS)]
    for video, seconds in videos.items():
        rows += [
            ",".join(str({"video": video, "t_s": t, **s}[n]) for n in COLUMNS)
            for t, s in enumerate(seconds)
        ]
    (path / "per_second.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_windows_lie_inside_the_video_and_carry_its_name(tmp_path):
    length = 2 * MARGIN_S + 2 * WINDOW_S + 10
    pairs = read_muvi_sync(
        folder(
            tmp_path,
            {
                "007": [CALM | SOFT] * length,
                "008": [CALM | SOFT] * (length - WINDOW_S),
                "009": [CALM | SOFT] * 40,
            },
        )
    )
    assert pairs.sources == ("muvi-007", "muvi-007", "muvi-008")
    assert (
        pairs.start.tolist() == [MARGIN_S, MARGIN_S + WINDOW_S, MARGIN_S]
        and (pairs.end - pairs.start == WINDOW_S).all()
    )
    assert pairs.video_extractor == pairs.music_extractor == EXTRACTOR


def test_a_calm_soft_video_scores_below_a_wild_loud_one(tmp_path):
    pairs = read_muvi_sync(folder(tmp_path, {"1": [CALM | SOFT] * 60, "2": [WILD | LOUD] * 60}))
    calm, wild = (
        dict(zip(VIDEO_NAMES + MUSIC_NAMES, np.hstack(v), strict=True))
        for v in zip(pairs.video, pairs.music, strict=True)
    )
    for name in (
        "visual_arousal",
        "scene_tension",
        "motion_amplitude",
        "action_energy",
        "narrative_pacing",
        "arousal",
        "rhythm_speed",
        "richness",
    ):
        assert calm[name] < wild[name], name
    assert calm["visual_valence"] > wild["visual_valence"] and calm["valence"] > wild["valence"], (
        "relaxing and major against tense and minor"
    )


def test_what_music_videos_do_not_measure_stays_empty(tmp_path):
    pairs = read_muvi_sync(folder(tmp_path, {"1": [CALM | SOFT] * 60}))
    empty = {
        n
        for n, v in zip(
            VIDEO_NAMES + MUSIC_NAMES, np.hstack([pairs.video[0], pairs.music[0]]), strict=True
        )
        if np.isnan(v)
    }
    assert empty == {
        "character_tension", "narrative_content", "image_affinity", "color_weight", "color_warmth",
        "rhythm", "warmth", "brightness", "melody_trend",
    }  # fmt: skip
    assert ((pairs.video_confidence > 0) == np.isfinite(pairs.video)).all()


def test_without_chords_nothing_is_said_of_harmony(tmp_path):
    pairs = read_muvi_sync(folder(tmp_path, {"1": [CALM | SOFT | {"chord": "N"}] * 60}))
    music = dict(zip(MUSIC_NAMES, pairs.music[0], strict=True))
    assert all(
        math.isnan(music[n]) for n in ("valence", "harmony", "variation", "richness")
    ) and math.isfinite(music["arousal"])


def test_quantities_by_hand(tmp_path):
    seconds = [
        CALM | SOFT | {"chord": c, "motion": m}
        for c, m in zip(("C", "C", "A:min", "G:7") * 15, (2, 4) * 30, strict=True)
    ]
    found, sources, start = measure(folder(tmp_path, {"1": seconds}))
    assert sources == ("muvi-1",) and start.tolist() == [MARGIN_S]
    value = {n: v[0] for n, v in found.items()}
    chords = (("C", "C", "A:min", "G:7") * 15)[MARGIN_S : MARGIN_S + WINDOW_S]
    major, minor = sum(c in ("C", "G:7") for c in chords), chords.count("A:min")
    assert value["mode"] == pytest.approx((major - minor) / 30)
    assert value["triad_share"] == pytest.approx(1 - chords.count("G:7") / 30)
    assert value["log_motion"] == pytest.approx(math.log(3.1)) and value[
        "log_motion_energy"
    ] == pytest.approx(math.log(10.01))
    assert value["picture_pleasure"] == pytest.approx(0.68) and value[
        "picture_arousal"
    ] == pytest.approx(-0.46)
    assert value["chord_changes"] == pytest.approx(sum(a != b for a, b in pairwise(chords)) / 29)
    assert value["log_cuts"] == 0


def test_the_real_table(shared):
    pairs = read_muvi_sync(shared / "data" / "muvi_sync")
    assert len(set(pairs.sources)) > 500
    measured = np.isfinite(pairs.video).any(0)
    middle = np.nanmedian(pairs.video[:, measured], axis=0)
    ranges = np.nanmax(pairs.video[:, measured], axis=0) - np.nanmin(
        pairs.video[:, measured], axis=0
    )
    assert measured.sum() == 6 and (np.isfinite(pairs.music).any(0)).sum() == 6
    assert (ranges > 0).all() and abs(
        middle[list(np.array(VIDEO_NAMES)[measured]).index("visual_arousal")]
    ) < 10


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "no such file; a folder laid out like MuVi-Sync holds per_second.csv"),
        ("video,t_s\n1,0\n", "column exciting is missing"),
        (",".join(COLUMNS) + "\n", "no video is 60 s long or longer"),
        (
            ",".join(COLUMNS) + "\n" + ",".join(["1", "0", *["x"] * 10, "C"]) + "\n",
            "a cell is not a number",
        ),
    ],
)
def test_bad_tables_are_one_sentence(tmp_path, text, sentence):
    if text is not None:
        (tmp_path / "per_second.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=sentence):
        read_muvi_sync(tmp_path)
