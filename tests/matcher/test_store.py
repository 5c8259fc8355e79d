"""An index on disk: mapped, the same answers, rebuilt when its catalogue changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data.errors import InputError
from matcher import TrackIndex
from matcher.store import index_of

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


def test_a_cut_index_is_said_so(tmp_path):
    path = tmp_path / "a.index"
    TrackIndex.build(X).save(path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InputError, match="damaged"):
        TrackIndex.load(path)


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
    """Loading the compiled search takes longer than scanning: one question must not pay for it."""
    TrackIndex.build(X, engine="blocks").save(tmp_path / "a.index")
    run(
        "import sys\nimport numpy as np\nfrom matcher import TrackIndex\n"
        f"index = TrackIndex.load({str(tmp_path / 'a.index')!r})\n"
        "first = index.search(np.zeros(10), 3)\n"
        "assert 'numba' not in sys.modules\n"
        "index.patience = 0\n"
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
        f"index = TrackIndex.load({str(tmp_path / 'a.index')!r})\n"
        "index.patience = 0\n"
        f"assert index.search(index.features[7], 4)[0].tolist() == {rows}\n"
        f"assert TrackIndex.build(index.features).search(index.features[7], 4)[0].tolist() == {rows}\n"
    )
