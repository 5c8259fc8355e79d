"""`match_audio.py` as people call it: their own column names, spellings, and mistakes."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import match_audio
from data.profiles import MUSIC_NAMES

ROOT = Path(__file__).resolve().parents[1]
USER_COLUMNS = [
    "Richness", "Variation", "Rhythm", "Warmth", "Harmony", "brightness_score",
    "Melody Trend Score", "Rhythm speed score", "音乐唤醒度", "音乐效价",
]  # fmt: skip
USER_QUERY = "-5.5244,-3.5814,-8.4680,-0.1249,-1.5983,20.7980,52.0154,77.2815,42.1747,-13.7280"
QUERY = np.array([float(x) for x in USER_QUERY.split(",")])


def tracks(n: int = 12) -> list[list]:
    """Row i lies i apart from the user's query in arousal and 2i in valence; the rest is noise."""
    rng = np.random.default_rng(3)
    rows = []
    for i in range(1, n + 1):
        values = np.round(rng.uniform(-5, 5, 10), 3)
        values[8:] = QUERY[8] + i, QUERY[9] - 2 * i
        rows.append([f"曲 {i}", *values.tolist()])
    rng.shuffle(rows)
    return rows


def write_table(path: Path, rows: list[list], header: list[str], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_table(tmp_path / "我的 曲目.csv", tracks(), ["曲名", *USER_COLUMNS], "utf-8-sig")


def asked_of(table: Path) -> tuple:
    return "--audio_csv", table, "--pred_feat", USER_QUERY


def call(*argv: str, capsys) -> tuple[int, str, str]:
    code = match_audio.main(list(map(str, argv)))
    return code, *capsys.readouterr()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "utf-16"])
def test_valence_and_arousal_of_the_users_own_table(tmp_path, encoding, capsys):
    path = write_table(tmp_path / "a.csv", tracks(), ["曲名", *USER_COLUMNS], encoding)
    code, out, err = call(
        "--audio_csv",
        path,
        f"--pred_feat={USER_QUERY}",
        "--top_k",
        3,
        "--features",
        "va",
        capsys=capsys,
    )
    assert (code, err) == (0, "")
    assert "numbers used:  arousal 42.1747, valence -13.728" in out
    assert "euclidean, raw scale" in out
    listed = [line.split() for line in out.splitlines() if line[:3].strip().isdigit()]
    assert [(row[0], float(row[1]), row[3]) for row in listed] == [
        (str(i), pytest.approx(math.sqrt(5) * i, abs=5e-5), str(i)) for i in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    "spelling",
    [
        ["--audio_csv", "{}", "--pred_feat", USER_QUERY],
        ["--audio-csv={}", "--pred-feat", USER_QUERY],
        ["--pred-feat", *USER_QUERY.split(","), "--audio_csv", "{}"],
        ["--audio_csv", "{}", f"--pred_feat=[{USER_QUERY.replace(',', ', ')}]"],
        ["--audio_csv", "{}", "--pred_feat", USER_QUERY.replace(",", "，")],
    ],
)
def test_every_spelling_of_the_same_call_gives_the_same_answer(table, spelling, capsys):
    argv = [s.format(table) for s in spelling]
    code, out, _ = call(*argv, "--format", "csv", capsys=capsys)
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    values = {row["title"]: np.array([float(row[n]) for n in MUSIC_NAMES]) for row in rows}
    for row in rows:
        assert float(row["distance"]) == pytest.approx(
            np.linalg.norm(values[row["title"]] - QUERY), rel=1e-14
        )


def test_json_is_complete(table, capsys):
    asked = ("--scale", "standard", "--metric", "cosine", "--format", "json")
    weights = ("--weights", "valence=2,arousal=2,rhythm=0")
    code, out, _ = call(*asked_of(table), *asked, *weights, capsys=capsys)
    record = json.loads(out)
    assert code == 0
    assert record["weights"] == dict.fromkeys(MUSIC_NAMES, 1.0) | {
        "valence": 2.0,
        "arousal": 2.0,
        "rhythm": 0.0,
    }
    assert (record["metric"], record["scale"], record["tracks"], record["skipped"]) == (
        "cosine",
        "standard",
        12,
        [],
    )
    assert len(record["matches"]) == 5
    for match in record["matches"]:
        assert sum(match["shares"].values()) == pytest.approx(1)
        assert match["shares"]["rhythm"] == 0


def test_names_choose_dimensions_and_weights_apply_within_them(table, capsys):
    call_ = ("--audio_csv", table, "--pred_feat", USER_QUERY, "--format", "json")
    _, out, _ = call(
        *call_, "--features", "音乐唤醒度,Rhythm", "--weights", "1,1,4,1,1,1,1,1,1,1", capsys=capsys
    )
    weights = json.loads(out)["weights"]
    assert {n: w for n, w in weights.items() if w} == {"rhythm": 4.0, "arousal": 1.0}


def test_many_vectors_at_once(table, tmp_path, capsys):
    vectors = tmp_path / "预测.csv"
    vectors.write_text(
        "scene," + ",".join(MUSIC_NAMES) + "\n" + "".join(f"s{i},{USER_QUERY}\n" for i in range(3)),
        encoding="utf-8",
    )
    code, out, _ = call(
        "--audio_csv",
        table,
        "--pred_csv",
        vectors,
        "--features",
        "va",
        "--top_k",
        2,
        "--format",
        "csv",
        capsys=capsys,
    )
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [row["title"] for row in rows] == ["曲 1", "曲 2"] * 3
    assert len({row["query"] for row in rows}) == 3


def test_a_prepared_index_and_a_filter_change_nothing_but_what_they_should(table, tmp_path, capsys):
    asked = (
        "--audio_csv",
        table,
        "--pred_feat",
        USER_QUERY,
        "--features",
        "va",
        "--format",
        "csv",
        "--filter",
        "title!=曲 1|曲 3",
    )
    plain = call(*asked, capsys=capsys)
    assert [row["title"] for row in csv.DictReader(io.StringIO(plain[1]))] == [
        "曲 2",
        "曲 4",
        "曲 5",
        "曲 6",
        "曲 7",
    ]
    for _ in range(2):
        assert call(*asked, "--index", tmp_path / "我的.index", capsys=capsys) == plain


def test_what_is_given_twice_adds_up(table, capsys):
    def titles(*argv: str) -> list[str]:
        _, out, _ = call(*asked_of(table), "--format", "csv", *argv, capsys=capsys)
        return [row["title"] for row in csv.DictReader(io.StringIO(out))]

    once = titles("--features", "va", "--filter", "title!=曲 1, title!=曲 3")
    twice = titles("--features", "va", "--filter", "title!=曲 1", "--filter", "title!=曲 3")
    assert once == twice and "曲 1" not in once and "曲 3" not in once
    assert titles("--weights", "rhythm=3,valence=2") == titles(
        "--weights", "rhythm=3", "--weights", "valence=2"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_table(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    for name in (str(tmp_path / "pipe"), "/dev/null"):
        code, out, err = call(*asked_of(Path(name)), capsys=capsys)
        assert (code, out) == (2, "")
        assert err == (
            f"match_audio.py: {name}: this is a pipe or a device, not a file; "
            "save the table to a file and give its name.\n"
        )


def test_a_diverse_list_begins_with_the_nearest(table, capsys):
    asked = ("--features", "va", "--diverse", "0.6", "--format", "csv")
    code, out, _ = call(*asked_of(table), *asked, capsys=capsys)
    titles = [row["title"] for row in csv.DictReader(io.StringIO(out))]
    assert code == 0
    assert titles[0] == "曲 1" and titles != [f"曲 {i}" for i in range(1, 6)]


def test_more_tracks_than_there_are(table, capsys):
    code, out, err = call(
        "--audio_csv",
        table,
        "--pred_feat",
        USER_QUERY,
        "--top_k",
        50,
        "--format",
        "csv",
        capsys=capsys,
    )
    assert code == 0
    assert len(out.splitlines()) == 13
    assert "--top_k 50 is more than the 12 tracks" in err


def test_a_track_in_which_nothing_is_heard_is_not_listed(tmp_path, capsys):
    sure = [f"{name}_confidence" for name in MUSIC_NAMES]
    rows = [[*row, *[float(i != 3)] * 10] for i, row in enumerate(tracks())]
    path = write_table(tmp_path / "a.csv", rows, ["title", *USER_COLUMNS, *sure])
    for k, said in (
        (5, ""),
        (12, "match_audio.py: note: nothing can be heard in 1 of the tracks; "),
    ):
        code, out, err = call(*asked_of(path), "--top_k", k, "--format", "csv", capsys=capsys)
        listed = [row["title"] for row in csv.DictReader(io.StringIO(out))]
        assert code == 0 and rows[3][0] not in listed and len(listed) == min(k, 11)
        assert err.startswith(said) and bool(err) == bool(said)


def test_good_rows_are_served_and_bad_rows_counted(tmp_path, capsys):
    rows = tracks()
    rows[1][4], rows[5][9] = "", "nan"
    rows[7] = rows[7][:-2]
    path = write_table(tmp_path / "a.csv", rows, ["title", *USER_COLUMNS])
    code, out, err = call(
        "--audio_csv",
        path,
        "--pred_feat",
        USER_QUERY,
        "--format",
        "json",
        "--top_k",
        9,
        capsys=capsys,
    )
    record = json.loads(out)
    assert code == 0
    assert [s["line"] for s in record["skipped"]] == [3, 7, 9]
    assert len(record["matches"]) == 9
    assert "3 of 12 rows skipped; the first is line 3: warmth is missing" in err


NINE = ",".join(USER_QUERY.split(",")[:9])


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--pred_feat", NINE], "--pred_feat: 9 numbers given, 10 needed"),
        (["--pred_feat", "loud,and,slow"], "--pred_feat: 'loud' is not a number"),
        (
            ["--pred_feat", "nan" + USER_QUERY[7:]],
            "--pred_feat: the value of richness is not a finite number",
        ),
        (
            ["--pred_feat", USER_QUERY, "--weights", "valence=-1"],
            "--weights: the weight of valence is negative",
        ),
        (
            ["--pred_feat", USER_QUERY, "--weights", ",".join(["0"] * 10)],
            "--weights: all weights are zero",
        ),
        (
            ["--pred_feat", USER_QUERY, "--features", "va", "--weights", "arousal=0,valence=0"],
            "every dimension of --features has weight 0",
        ),
        (
            ["--pred_feat", USER_QUERY, "--weights", "loudness=2"],
            "--weights: there is no dimension 'loudness'",
        ),
        (
            ["--pred_feat", USER_QUERY, "--weights", "valence=high"],
            "--weights: 'high' is not a number",
        ),
        (
            ["--pred_feat", USER_QUERY, "--weights", "valence=inf"],
            "--weights: every weight needs to be a finite number",
        ),
        (
            ["--pred_feat", USER_QUERY, "--features", "mood"],
            "--features: there is no dimension 'mood'",
        ),
        (["--pred_feat", USER_QUERY, "--top_k", "0"], "--top_k: '0' given"),
        (["--pred_feat", USER_QUERY, "--top_k", "five"], "--top_k: 'five' given"),
        (
            ["--pred_feat", USER_QUERY, "--metric", "manhattan"],
            "--metric: 'manhattan' is not known",
        ),
        (["--pred_feat", USER_QUERY, "--scale", "log"], "--scale: 'log' is not known"),
        (["--pred_feat", USER_QUERY, "--format", "xml"], "--format: 'xml' is not known"),
        (["--pred_feat", USER_QUERY, "--diverse", "1"], "--diverse: 1 given"),
        (
            ["--pred_feat", USER_QUERY, "--filter", "mood=sad"],
            "--filter: the catalogue has no column 'mood'",
        ),
        (
            ["--pred_feat", USER_QUERY, "--filter", "title=none"],
            "--filter: none of the 12 tracks passes 'title=none'",
        ),
        (["--pred_feat", USER_QUERY, "--pred_csv", "more.csv"], "give either --pred_feat"),
        (["--pred_csv", "missing.csv"], "missing.csv: no such catalogue file"),
        (["--pred_feat", USER_QUERY, "--topk", "3"], "unrecognized arguments: --topk"),
        ([], "give either --pred_feat (ten numbers) or --pred_csv"),
    ],
)
def test_a_mistake_gets_one_sentence_and_code_2(table, argv, sentence, capsys):
    code, out, err = call("--audio_csv", table, *argv, capsys=capsys)
    assert (code, out) == (2, "")
    assert err.startswith("match_audio.py: ") and sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "no such catalogue file"),
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "catalogue"),
        (b"title,richness\na,1\n", "no column for variation"),
        ((",".join(USER_COLUMNS) + "\n").encode(), "no usable track"),
        (
            (",".join(USER_COLUMNS) + "\n" + ",".join(["nan"] * 10)).encode(),
            "line 2: richness is not a finite number",
        ),
    ],
)
def test_an_unusable_catalogue_gets_one_sentence_and_code_2(tmp_path, content, sentence, capsys):
    path = tmp_path / "catalogue.csv"
    if content is not None:
        path.write_bytes(content)
    code, out, err = call("--audio_csv", path, "--pred_feat", USER_QUERY, capsys=capsys)
    assert (code, out) == (2, "")
    assert err.startswith(f"match_audio.py: {path}") and sentence in err
    assert err.count("\n") == 1


HEAVY = {"pandas", "torch", "pyarrow", "numba", "scipy", "librosa", "cv2", "rich", "pymilvus"}


def test_nothing_heavy_is_imported(table):
    code = (
        "import sys, match_audio\n"
        f"code = match_audio.main(['--audio_csv', {str(table)!r}, '--pred_feat', {USER_QUERY!r}])\n"
        f"heavy = {HEAVY!r} & set(sys.modules)\n"
        "sys.exit(code or ' '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_an_answer_that_finds_no_room_is_said_so(table):
    argv = [sys.executable, str(ROOT / "match_audio.py"), *map(str, asked_of(table))]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, encoding="utf-8")
    assert done.returncode == 2
    assert done.stderr == (
        "match_audio.py: the answer cannot be written (No space left on device); "
        "make room, or print it somewhere else.\n"
    )


def test_it_runs_as_a_script_from_anywhere(table, tmp_path):
    argv = [
        sys.executable,
        str(ROOT / "match_audio.py"),
        "--audio_csv",
        str(table),
        "--pred_feat",
        USER_QUERY,
    ]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert "曲" in done.stdout
