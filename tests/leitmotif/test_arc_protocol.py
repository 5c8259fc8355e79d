"""How the arc is judged: pools, truth where it is planted, chance where there is none."""

import json

import numpy as np
import pytest

from data.muvi_sync import COLUMNS
from leitmotif.cli import main
from leitmotif.learning import arc_protocol
from leitmotif.learning.arc_protocol import evaluate_arc, iou
from leitmotif.learning.filmed import nearest_in_order
from recommender import averages


def write(folder, follows: float, videos: int = 24, seconds: int = 190):
    """Music videos whose loudness follows cuts and motion by `follows` (0 not, 1 wholly)."""
    rng, lines = np.random.default_rng(0), [",".join(COLUMNS)]
    chords = np.random.default_rng(1).choice(["C", "G", "A:min", "F:maj7", "D:sus4"], 9999)
    for video in range(videos):
        cuts = rng.random(seconds + video) < 0.2
        motion = rng.exponential(5, seconds + video)
        both = np.log(motion + 0.01) + 2 * cuts
        noise = rng.normal(size=len(both)) * both.std()
        loudness = 0.1 * np.exp(0.3 * (follows * both + (1 - follows) * noise))
        moods = rng.dirichlet(np.ones(6), len(both)).round(4)
        for t in range(len(both)):
            row = (900 + video, t, *moods[t], motion[t], 0 if cuts[t] else 3, loudness[t],
                   rng.integers(1, 20), chords[len(lines)])  # fmt: skip
            lines.append(",".join(map(str, row)))
    (folder / "per_second.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_music_that_follows_the_picture_is_found(tmp_path):
    found = evaluate_arc(write(tmp_path, 0.8), windows=(60,), pool=20)
    rows = {(r.place, r.method): r for r in found.ranks}
    for place in ("known", "unknown", "one of four"):
        assert rows[place, "arc"].recall_at_10 == 1 and rows[place, "arc"].median_rank == 1
        assert rows[place, "arc"].p < 0.01 and rows[place, "arc"].videos == 24
    assert rows["known", "linear step"].recall_at_10 == 1
    point = found.in_points[0]
    assert point.within > 0.95 > 0.2 > point.chance and point.mean_iou > 0.95
    assert point.mean_iou > point.mean_iou_of_middle


def test_music_that_does_not_is_at_chance(tmp_path):
    found = evaluate_arc(write(tmp_path, 0.0, videos=40), windows=(60,), pool=20)
    known = next(r for r in found.ranks if (r.place, r.method) == ("known", "arc"))
    assert known.interval[0] < 0.5 < known.interval[1] and known.p > 0.02
    assert found.null[0].pairs == 40 * 39 and found.null[0].sd == pytest.approx(1, abs=0.1)


def test_pools_hold_the_nearest_in_length():
    pools = nearest_in_order(6, 3)
    assert pools.tolist() == [[0, 1, 2], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [3, 4, 5]]
    assert nearest_in_order(2, 100).tolist() == [[0, 1], [0, 1]]


def test_overlap_by_hand():
    assert iou(np.array([0, 30, 90]), np.array([0, 0, 0]), 60).tolist() == [1, 1 / 3, 0]


def test_videos_that_are_too_short_are_left_out(tmp_path):
    assert evaluate_arc(write(tmp_path, 0.5, videos=3, seconds=100), windows=(60,)) is None


def test_averages_are_not_learned_from_what_they_judge(monkeypatch, tmp_path):
    """Three of the videos are among those that ship: each is judged by a fit without it."""
    fitted, shipped = [], averages.read_shipped(60)
    names = [f"muvi-{900 + i}" for i in range(3)]
    known = averages.WindowAverages(
        (*names, *shipped.sources[3:]), shipped.picture, shipped.music, shipped.track
    )
    monkeypatch.setattr(averages, "read_shipped", lambda window: known)

    def fit(picture, music, honest=averages.fit):
        fitted.append(len(picture))
        return honest(picture, music)

    monkeypatch.setattr(averages, "fit", fit)
    evaluate_arc(write(tmp_path, 0.5, videos=6), windows=(60,))
    one_less, all_of_them = len(known.sources) - 1, len(known.sources)
    assert fitted == [3 * n for n in (one_less, one_less, one_less, all_of_them)] * 3


def test_the_command_shows_the_arc(tmp_path, capsys):
    write(tmp_path, 0.8, videos=12)
    assert main(["evaluate", str(tmp_path), "--json", "--quiet", "--pool", "12"]) == 0
    course = json.loads(capsys.readouterr().out)["arc"]
    assert {r["window_s"] for r in course["ranks"]} == {30, 60, 120}
    methods = {"averages", "arc", "both"}
    by_step = {"linear step", "linear step and averages"}
    assert {r["method"] for r in course["ranks"] if r["place"] != "known"} == methods
    assert {r["method"] for r in course["ranks"] if r["place"] == "known"} == methods | by_step


def test_shipped_averages_are_those_of_the_shared_videos(shared):
    from data.muvi_sync import read_seconds

    shipped = averages.read_shipped(120)
    videos = read_seconds(shared / "data" / "muvi_sync")
    name = shipped.sources[0]
    again = averages.window_averages({name: videos[name]}, 120)
    assert len(shipped.sources) == 503
    assert again.picture[0] == pytest.approx(shipped.picture[0], rel=1e-3, abs=1e-3)
    assert again.track[0] == pytest.approx(shipped.track[0], rel=1e-3, abs=1e-3)


def test_the_tables_of_the_card(tmp_path):
    tables = arc_protocol.markdown(evaluate_arc(write(tmp_path, 0.8), windows=(60,), pool=20))
    assert "| 60 s | known | arc | 24 | 1.000 [" in tables["arc"].replace(" | [", " [")
    assert tables["arc, null"].splitlines()[2].startswith("| 60 s | 552 |")
