"""`leitmotif evaluate`, `train` and `tune` as a person runs them."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "recommender"))
from planted import linear_rule, planted

from data.muvi_sync import COLUMNS
from leitmotif.cli import main
from leitmotif.learning import judging as join
from recommender import comparison


@pytest.fixture(scope="module")
def pairs_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("数据 pairs") / "pairs.csv"
    planted(linear_rule, 120, per_source=3, noise=0.2)[0].write(path)
    return path


@pytest.fixture
def music_videos(tmp_path) -> Path:
    """Twelve made-up music videos in MuVi-Sync's layout: their motion goes with their loudness."""
    rng = np.random.default_rng(0)
    lines = [",".join(COLUMNS)]
    for video in range(901, 913):
        strength = rng.uniform(0.1, 1)
        for t in range(95):
            moods = rng.dirichlet(np.ones(6)).round(4)
            motion, cut, loudness = (
                20 * strength + rng.uniform(0, 1),
                rng.integers(0, 4),
                0.3 * strength,
            )
            row = (
                f"{video:03d}",
                t,
                *moods,
                motion,
                cut,
                loudness,
                rng.integers(1, 20),
                rng.choice(["C", "A:min", "G:7", "N"]),
            )
            lines.append(",".join(map(str, row)))
    (tmp_path / "per_second.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def run(*arguments) -> int:
    return main([str(a) for a in arguments])


def test_cross_validation_prints_every_predictor_beside_chance(pairs_file, tmp_path, capsys):
    assert (
        run(
            "evaluate",
            pairs_file,
            "--cross-validate",
            "--folds",
            2,
            "--json",
            "--page",
            tmp_path / "page.html",
            "--draws",
            3,
        )
        == 0
    )
    table = json.loads(capsys.readouterr().out)
    scores = {s["name"]: s for s in table["scores"]}
    assert list(scores)[:11] == [
        *("chance", "mean profile", "VA only", "linear prior"),
        *("ridge, unstretched", "ridge", "ridge around prior"),
        *("k-NN", "PLS", "CCA", "network"),
    ]
    assert any(name.startswith("shipped: ") for name in scores)
    assert (
        table["method"] == "2-fold cross-validation by source"
        and table["pool"] == table["sources"] == 40
        and table["pairs"] == 120
    )
    ridge = scores["ridge"]
    assert set(ridge["metrics"]) == {
        "recall@1",
        "recall@3",
        "recall@5",
        "recall@10",
        "mrr",
        "median_rank",
    }
    assert (
        ridge["low"]["recall@3"] <= ridge["metrics"]["recall@3"] <= ridge["high"]["recall@3"]
        and ridge["p"]["recall@3"] < 0.01
    )
    assert (
        set(ridge["outputs"]["valence"]) == {"r2", "ccc", "r"}
        and ridge["outputs"]["valence"]["r2"] > 0.5
    )
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1 and "ridge around prior" in page and "pools of 40 tracks" in page


def test_nothing_is_trained_on_the_source_unless_told(
    pairs_file, music_videos, monkeypatch, capsys
):
    monkeypatch.setattr("recommender.comparison.cross_validate", None)
    assert run("evaluate", pairs_file, "--json") == 0
    table = json.loads(capsys.readouterr().out)
    names = [s["name"] for s in table["scores"]]
    assert (
        table["method"] == "nothing fitted"
        and names[:3] == ["chance", "VA only", "linear prior"]
        and len(names) == 4
    )
    assert any("--cross-validate fits on SOURCE" in note for note in table["notes"])


def test_a_folder_like_muvi_sync_is_judged_with_the_shipped_pairs(
    music_videos, monkeypatch, capsys
):
    monkeypatch.setattr(
        join,
        "all_fits",
        lambda **_: {n: f for n, f in comparison.BASELINES.items() if n in ("VA only", "ridge")},
    )
    assert run("evaluate", music_videos) == 0
    out, notes = capsys.readouterr()
    assert (
        "24 scenes of 12 sources, pools of 12, held out" in out
        and "ridge" in out
        and "median rank" in out
    )
    assert "fitted on" in notes and "pairs_muvi_sync.csv" in notes


def test_a_table_for_people(pairs_file, capsys):
    assert run("evaluate", pairs_file, "--train", pairs_file, "--pool", 5) == 2
    assert "every source here was trained on" in capsys.readouterr().err
    assert run("evaluate", pairs_file, "--pool", 10) == 0
    out, err = capsys.readouterr()
    assert (
        "120 scenes of 40 sources, pools of 10" in out
        and "R² per output" in out
        and "linear-prior" in err
    )


@pytest.fixture
def few_pairs(tmp_path) -> Path:
    """26 scenes of six films whose arousal follows the picture's; then two rows that are no use."""
    rows = [f"film-{i % 6},{i * 3 - 50},{i * 2 - 30}" for i in range(26)]
    path = tmp_path / "few.csv"
    path.write_text(
        "\n".join(["source,visual_arousal,arousal", *rows, "a,x,3", "b,500,3"]) + "\n",
        encoding="utf-8",
    )
    return path


def test_what_is_too_little_for_the_network_is_enough_for_the_rest(few_pairs, capsys):
    assert run("evaluate", few_pairs, "--cross-validate", "--draws", 2) == 0
    out, notes = capsys.readouterr()
    assert "CCA" in out and "network" not in out and "valence" not in out, (
        "no row and no column without numbers"
    )
    assert "network is left out: " in notes and "pairs are too few to learn from" in notes
    assert (
        "2 rows left out (line 28: visual_arousal is not a number ('x'); "
        "line 29: visual_arousal is 500" in notes
    )
    assert run("train", few_pairs) == run("tune", few_pairs) == 2
    assert capsys.readouterr().err.count("2 rows left out (line 28") == 2


def test_train_keeps_the_best_and_evaluate_judges_it(pairs_file, tmp_path, capsys):
    weights = tmp_path / "mine.safetensors"
    assert run("train", pairs_file, "-o", weights, "--epochs", 2, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert (
        weights.is_file()
        and record["kept"] in ("ridge", "ridge around prior", "network")
        and record["test"]["scores"]
    )
    assert run("evaluate", pairs_file, "--predictor", weights, "--json") == 0
    table = json.loads(capsys.readouterr().out)
    assert "mine learned from some of these sources and is not judged on them." in table["notes"]
    assert run("train", pairs_file, "-o", weights, "--epochs", 1, "--keep", "linear prior") == 0
    assert f"{weights}: linear prior" in capsys.readouterr().out


def test_tune_writes_a_study_that_train_uses(pairs_file, tmp_path, capsys):
    study = tmp_path / "研究.db"
    assert run("tune", pairs_file, "--study", study, "--trials", 2, "--epochs", 1, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["trials"] == 2 and record["recall@3"] >= 0 and "width" in record["parameters"]
    assert (
        run("train", pairs_file, "--study", study, "--epochs", 1, "-o", tmp_path / "w.safetensors")
        == 0
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["evaluate", "nowhere"], "no such file or folder"),
        (["evaluate", "PAIRS", "--pool", "1"], "--pool and --folds need at least 2"),
        (
            ["evaluate", "PAIRS", "--cross-validate", "--train", "PAIRS"],
            "--train: not together with --cross-validate",
        ),
        (["evaluate", "PAIRS", "--predictor", "PAIRS"], "damaged or no safetensors file"),
        (["train", "nowhere.csv"], "no such pairs file"),
        (["train", "PAIRS", "--epochs", "0"], "--epochs and --batch-size: at least 1"),
        (["train", "PAIRS", "--resume"], "--resume: name the folder of the run with --runs"),
        (["train", "PAIRS", "--study", "nowhere.db"], "no such study"),
        (["tune", "PAIRS", "--trials", "0"], "--trials and --epochs: at least 1"),
        (["tune", "PAIRS", "--study", "PAIRS"], "not an Optuna study"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(pairs_file, capsys, arguments, sentence):
    assert run(*(pairs_file if a == "PAIRS" else a for a in arguments)) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1
