"""The path from the command line, on the shipped film and catalogue."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys

import pytest

from data.catalogue import Catalogue
from data.profiles import MusicProfile, VideoProfile
from data.words import Sentence
from leitmotif import recommend
from leitmotif.cli import COMMANDS, get_parser, main
from leitmotif.settings import DEMO_CATALOGUE, DEMO_VIDEO
from leitmotif.show.progress import warn


def answer(capsys, *arguments) -> dict:
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_video_in_five_tracks_out(capsys):
    found = answer(capsys, "recommend", DEMO_VIDEO)["recommendations"]
    assert len(found) == 1
    video, music, matches = (found[0][k] for k in ("video", "music", "matches"))
    assert VideoProfile.from_dict(video).extractor and MusicProfile.from_dict(music).extractor
    assert [m["distance"] for m in matches] == sorted(m["distance"] for m in matches)
    assert len({m["track_id"] for m in matches}) == 5
    assert all(m["sentence"] and abs(sum(m["shares"].values()) - 1) < 1e-9 for m in matches)


def test_python_and_command_line_agree(capsys):
    said = answer(capsys, "recommend", DEMO_VIDEO, "--top-k", "3")["recommendations"][0]["matches"]
    assert [m.track_id for m in recommend(DEMO_VIDEO, DEMO_CATALOGUE, k=3).matches] == [
        m["track_id"] for m in said
    ]


def test_va_only_is_weights_on_arousal_and_valence_alone(capsys):
    names = [
        "richness",
        "variation",
        "rhythm",
        "warmth",
        "harmony",
        "brightness",
        "melody_trend",
        "rhythm_speed",
    ]
    weights = ",".join(f"{n}=0" for n in names)
    va = answer(capsys, "recommend", DEMO_VIDEO, "--va-only")["recommendations"][0]["matches"]
    assert (
        va
        == answer(capsys, "recommend", DEMO_VIDEO, "--weights", weights)["recommendations"][0][
            "matches"
        ]
    )
    assert all(m["shares"]["arousal"] + m["shares"]["valence"] == pytest.approx(1) for m in va)


def test_scenes_cover_the_film_without_gaps(capsys):
    scenes = answer(capsys, "recommend", DEMO_VIDEO, "--per-scene", "--top-k", "1")[
        "recommendations"
    ]
    assert len(scenes) > 1
    assert scenes[0]["start_s"] == 0
    assert all(a["end_s"] == b["start_s"] for a, b in itertools.pairwise(scenes))


def test_analyze_says_what_recommend_used(capsys):
    profile = answer(capsys, "analyze", DEMO_VIDEO)["profiles"][0]
    used = answer(capsys, "recommend", DEMO_VIDEO)["recommendations"][0]["video"]
    assert profile["values"] == used["values"]


def test_results_go_to_stdout_and_nothing_else_does(capsys):
    assert main(["recommend", str(DEMO_VIDEO)]) == 0
    out, err = capsys.readouterr()
    assert "Tracks" in out and "场景张力" in out
    assert "Tracks" not in err
    assert err == "" or (
        err.count("\n") == 1 and "models pull" in err
    )  # without the pretrained files, one warning


def test_warnings_name_the_video_where_they_are_about_the_video(capsys):
    about = Sentence("video.cut_off", done=1, total=2)
    warn("films/a.mp4", [about, "Faces are not looked for.", about])
    assert capsys.readouterr().err == (
        f"leitmotif: films/a.mp4: {about}\nleitmotif: Faces are not looked for.\n"
    )


@pytest.mark.parametrize("command", ["analyze", "recommend"])
def test_missing_networks_are_nothing_that_the_video_lacks(capsys, monkeypatch, command):
    monkeypatch.setattr("features.video.signals.networks.locate", lambda name: None)
    assert main([command, str(DEMO_VIDEO), "--no-cache"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("leitmotif: Not everything is looked at") and err.count("\n") == 1, err


def test_interrupted_build_leaves_no_half_catalogue(capsys, tmp_path, monkeypatch):
    def interrupt(self, path):
        raise KeyboardInterrupt

    monkeypatch.setattr(Catalogue, "write", interrupt)
    target = tmp_path / "audio_features.csv"
    tracks = DEMO_CATALOGUE.parent / "demo" / "tracks"
    assert (
        main(["catalogue", "build", str(tracks), "-o", str(target), "--jobs", "1", "--quiet"])
        == 130
    )
    assert not target.exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(capsys, command):
    with pytest.raises(SystemExit) as stop:
        get_parser().parse_args([command, "--help"])
    assert stop.value.code == 0
    assert f"leitmotif {command}" in capsys.readouterr().out


def test_help_waits_for_nothing_slow():
    code = (
        "import sys, leitmotif.cli as c\n"
        "try: c.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stderr
    for module in (
        "numpy",
        "torch",
        "pandas",
        "librosa",
        "mediapipe",
        "pytorch_lightning",
        "cv2",
        "rich",
    ):
        assert f"'{module}'" not in loaded, module


@pytest.mark.parametrize("weights", [[], ["--weights", "equal"], ["--weights", "melody_trend=3"]])
def test_what_the_picture_says_nothing_about_is_left_out_of_the_match(capsys, weights):
    said = answer(capsys, "recommend", DEMO_VIDEO, *weights)["recommendations"][0]
    unknown = {name for name, confidence in said["music"]["confidence"].items() if confidence == 0}
    assert all(said["weights"][name] == 0 for name in unknown)
    assert any(said["weights"].values())


def test_a_film_led_by_its_music_is_asked_another_way(capsys):
    story, music = (
        answer(capsys, "recommend", DEMO_VIDEO, "--kind", kind)["recommendations"][0]
        for kind in ("story", "music")
    )
    assert story["music"]["values"] != music["music"]["values"]
    assert music["music"]["extractor"] == "recommender:music-led-1"
    assert any("learned from 'muvi_sync-1'" in warning for warning in music["warnings"])


def test_a_decided_place_is_where_every_track_begins(capsys):
    found = answer(capsys, "recommend", DEMO_VIDEO, "--place", "0:00")["recommendations"][0]
    assert [m["in_point_s"] for m in found["matches"]] == [0.0] * 5
    assert all(m["out_point_s"] > 0 and "r" in m and "z" in m for m in found["matches"])
    assert main(["recommend", str(DEMO_VIDEO), "--place", "soon"]) == 2
    assert "--place: 'soon' is no second of a track" in capsys.readouterr().err
