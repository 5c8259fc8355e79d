"""Whatever is typed or read: an answer or one sentence, never a traceback."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import match_audio
from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_NAMES
from matcher.filters import parse_filter, passing
from matcher.importance import parse_features, parse_weights

FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
X = np.round(np.random.default_rng(0).normal(size=(30, 10)), 3)


def table() -> Catalogue:
    return Catalogue(
        X,
        {
            "track_id": [f"t{i}" for i in range(30)],
            "bpm": [str(i) for i in range(30)],
            "artist": ["A, B", "_%*?["] * 15,
        },
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    table().write(found := tmp_path_factory.mktemp("fuzz") / "a.csv")
    return found


def call(argv: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = match_audio.main(argv)
        except SystemExit as end:  # --help
            code = end.code or 0
    return code, out.getvalue(), err.getvalue()


WORDS = (
    *("all", "va", "arousal", "音乐效价", "euclidean", "cosine", "raw", "standard", "text", "json"),
    *("csv", "0", "1", "5", "-3", "1e9", "nan", "-inf", "1,2,3,4,5,6,7,8,9,10", "0.5", "0" * 50),
    *("-1 -2 -3 -4 -5 -6 -7 -8 -9 -10", "valence=2,arousal=0", "bpm>=3, bpm<9", "artist=A*|B"),
    *("--", "-", "a\0b", "n" * 5000, "/dev/null", "."),
)
OPTIONS = (
    *("--top_k", "--top-k", "--metric", "--weights", "--features", "--scale", "--format"),
    *("--filter", "--diverse", "--pred-csv", "--help", "--nonsense", "-x"),
)


def joined(rows: list[list[str]], between: str) -> str:
    return "\n".join(between.join(row) for row in rows)


words = st.one_of(
    st.text(max_size=30),
    st.sampled_from(WORDS),
    st.lists(st.floats(), min_size=8, max_size=12).map(lambda xs: ",".join(map(str, xs))),
)
options = st.sampled_from(OPTIONS)
cells = st.one_of(st.floats().map(str), st.text(max_size=5), st.just(""))
numbers = st.lists(st.integers(-99, 99).map(str), min_size=9, max_size=12)
contents = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=400).map(lambda t: t.encode("utf-8", "surrogatepass")),
    st.lists(st.lists(cells, max_size=13), max_size=8).map(
        lambda rows: joined([[*MUSIC_NAMES], *rows], ",").encode("utf-8", "replace")
    ),
    st.lists(numbers, min_size=1, max_size=8).map(lambda rows: joined(rows, ";").encode("utf-16")),
)
vectors = st.one_of(
    words,
    st.lists(st.floats(-200, 200), min_size=10, max_size=10).map(lambda xs: ",".join(map(str, xs))),
)


@FUZZ
@given(
    st.lists(st.tuples(options, st.one_of(st.none(), words), st.booleans()), max_size=4), vectors
)
def test_the_command_line_answers_or_says_one_sentence(path, pairs, vector):
    argv = ["--audio_csv", str(path), "--pred_feat", vector]
    for option, value, tied in pairs:
        argv += [option] if value is None else [f"{option}={value}"] if tied else [option, value]
    code, out, err = call(argv)
    assert code in (0, 2)
    assert (out == "") == (code == 2)
    assert all(line.startswith("match_audio.py: ") for line in err.splitlines()), err
    assert (err.splitlines() or ["note"])[-1].startswith("match_audio.py: note: ") == (
        code == 0 and err != ""
    )


@FUZZ
@given(contents)
def test_any_file_is_a_catalogue_or_said_not_to_be(content):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "any.csv")
        file.write_bytes(content)
        code, out, err = call(["--audio_csv", str(file), "--pred_feat", ",".join(["1"] * 10)])
        assert code in (0, 2)
        assert (out == "") == (code == 2)
        assert err == "" or err.startswith("match_audio.py: ")
        if code == 0:
            assert np.isfinite(Catalogue.read(file).features).all()


@FUZZ
@given(st.one_of(words, st.text(alphabet="abpm=<>!~|*.,; \"'19:%_and", max_size=40)))
def test_filters_and_weights_parse_or_say_why_not(text):
    with contextlib.suppress(InputError):
        assert passing(table(), parse_filter(text)).shape == (30,)
    with contextlib.suppress(InputError):
        weights = parse_weights(text)
        assert weights.shape == (10,) and (weights >= 0).all() and weights.any()
    with contextlib.suppress(InputError):
        assert parse_features(text).any()
