"""An index on disk: mapped, the same answers, rebuilt when its catalogue changed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from matcher import TrackIndex, store
from matcher.index import index_of

X = np.random.default_rng(0).normal(size=(4000, 10))


@pytest.mark.parametrize("engine", ["scan", "blocks"])
@pytest.mark.parametrize("ids", [None, [f"曲{i}" for i in range(4000)]])
def test_a_loaded_index_answers_as_the_one_saved(tmp_path, engine, ids):
    index = TrackIndex.build(X, ids, engine=engine)
    index.save(tmp_path / "目录.index")
    loaded = TrackIndex.load(tmp_path / "目录.index")
    assert len(loaded) == 4000
    for metric in ("euclidean", "cosine"):
        for weights in (None, np.eye(10)[9]):
            for mine, its in zip(
                index.search(X[1], 6, weights, metric),
                loaded.search(X[1], 6, weights, metric),
                strict=True,
            ):
                np.testing.assert_array_equal(mine, its)


def test_the_kept_index_follows_its_catalogue(tmp_path):
    path = tmp_path / "a.index"
    index_of(X, path)
    first = path.stat().st_mtime_ns
    index_of(X, path)
    assert path.stat().st_mtime_ns == first
    changed = X.copy()
    changed[17, 3] += 1e-9
    assert index_of(changed, path).search(changed[17], 1)[1] == 0
    assert TrackIndex.load(path).search(changed[17], 1)[1] == 0


@pytest.mark.parametrize(
    "content", [b"", b"short", b"\xff" * 64, b"\x02\0\0\0\0\0\0\0{}", b"PK\x03\x04" + bytes(500)]
)
def test_what_is_no_index_is_said_so(tmp_path, content):
    path = tmp_path / "a.index"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not an index of Leitmotif"):
        TrackIndex.load(path)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("small") / "a.index"
    TrackIndex.build(X[:70], [f"曲{i}" for i in range(70)], engine="blocks").save(path)
    return path


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, 1600) | st.integers(0, 2**32), bit=st.integers(0, 7))
def test_one_flipped_bit_is_found_or_does_no_harm(small, place, bit):
    damaged = bytearray(small.read_bytes())
    damaged[place % len(damaged)] ^= 1 << bit
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.index")
        path.write_bytes(damaged)
        try:
            index = TrackIndex.load(path, patience=0)
        except InputError:
            return
    for weights in (None, np.eye(10)[9]):  # a bit between two arrays
        assert index.search(X[3], 4, weights)[0].tolist() == nearest(X[:70], X[3], 4, weights)


def nearest(x, query, k, weights) -> list[str]:
    found = TrackIndex.build(x, [f"曲{i}" for i in range(70)], engine="scan")
    return found.search(query, k, weights)[0].tolist()


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1, exclude_max=True))
def test_a_cut_index_is_said_so(small, share):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.index")
        whole = small.read_bytes()
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InputError, match=r"damaged|not an index"):
            TrackIndex.load(path)


@pytest.mark.parametrize(
    "name", ["WRONG_answers_silently", "EXC_KeyError_store_py_load_fingerprint_"]
)
def test_indexes_that_did_harm_once(shared, name):
    path = shared / "cases" / "faults" / f"indexsmall_{name}"
    if path.stat().st_size != 5714:
        pytest.skip("an index of another size lies there: it was made again")
    with pytest.raises(InputError, match="another version"):
        TrackIndex.load(path)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("blocks.order", np.full(70, 70, np.int32)),
        ("side.order", np.full(70, -1, np.int32)),
        ("blocks.near", np.zeros((16, 10, 32), np.float32)),
        ("blocks.tops", np.zeros((2, 9, 1), np.float32)),
        ("blocks.dims", np.full(10, 10)),
        ("sd", np.ones(9)),
        ("features", np.ones((70, 9))),
        ("ids", np.frombuffer(b"{}", np.uint8)),
    ],
)
def test_an_index_that_does_not_fit_together_is_refused(tmp_path, small, part, value):
    """Its checksum is right: somebody else's program wrote it."""
    store.write(tmp_path / "a.index", store.read(small) | {part: value})
    with pytest.raises(InputError, match="damaged"):
        TrackIndex.load(tmp_path / "a.index")


def test_a_damaged_index_is_made_again(tmp_path):
    path = tmp_path / "a.index"
    index_of(X, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000])
    assert index_of(X, path).search(X[9], 1)[0] == 9
    assert path.read_bytes() == whole


def test_a_file_of_another_kind_is_left_alone(tmp_path):
    path = tmp_path / "my tracks.csv"
    path.write_text("title,richness")
    with pytest.raises(InputError, match="not an index of Leitmotif"):
        index_of(X, path)
    assert path.read_text() == "title,richness"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.index")
    with pytest.raises(InputError, match="not an index of Leitmotif"):
        index_of(X, tmp_path / "a.index")


def test_an_index_shortened_while_it_is_open_still_answers(tmp_path):
    path = tmp_path / "a.index"
    TrackIndex.build(X, engine="blocks").save(path)
    index = TrackIndex.load(path, patience=0)
    with path.open("r+b") as file:
        file.truncate(100)
    assert index.search(X[7], 1)[0] == 7


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_an_index_is_for_whom_the_umask_says(tmp_path):
    before = os.umask(0o027)
    try:
        TrackIndex.build(X).save(tmp_path / "a.index")
    finally:
        os.umask(before)
    assert (tmp_path / "a.index").stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_a_full_disk_is_said_so(tmp_path, monkeypatch):
    index = TrackIndex.build(X)
    monkeypatch.setattr("data.atomic.Path.touch", lambda path, **_: path.symlink_to("/dev/full"))
    with pytest.raises(InputError, match="the disk is full"):
        index.save(tmp_path / "a.index")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["n" * 5000, "a\0b"])
def test_a_name_that_no_file_can_have(tmp_path, name):
    with pytest.raises(InputError):
        index_of(X, tmp_path / name)


def test_a_missing_index_is_said_so(tmp_path):
    with pytest.raises(InputError, match="no index to read here"):
        TrackIndex.load(tmp_path / "none.index")


def run(code: str) -> None:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, encoding="utf-8"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_first_question_is_answered_before_numba_is_loaded(tmp_path):
    """Loading the compiled search takes longer than scanning: one question must not pay."""
    TrackIndex.build(X, engine="blocks").save(tmp_path / "a.index")
    run(
        "import sys\nimport numpy as np\nfrom matcher import TrackIndex\n"
        f"index = TrackIndex.load({str(tmp_path / 'a.index')!r})\n"
        "first = index.search(np.zeros(10), 3)\n"
        "assert 'numba' not in sys.modules\n"
        f"index = TrackIndex.load({str(tmp_path / 'a.index')!r}, patience=0)\n"
        "later = index.search(np.zeros(10), 3)\n"
        "assert 'numba' in sys.modules\n"
        "assert all((a == b).all() for a, b in zip(first, later))\n"
    )


def test_without_numba_the_answers_are_the_same(tmp_path):
    index = TrackIndex.build(X, engine="blocks")
    index.save(tmp_path / "a.index")
    rows = index.search(X[7], 4)[0].tolist()
    run(
        "import sys\nsys.modules['numba'] = None\nfrom matcher import TrackIndex\n"
        f"index = TrackIndex.load({str(tmp_path / 'a.index')!r}, patience=0)\n"
        "for index in (index, TrackIndex.build(index.features)):\n"
        f"    assert index.search(index.features[7], 4)[0].tolist() == {rows}\n"
    )
