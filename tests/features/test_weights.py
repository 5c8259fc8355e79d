"""Pretrained files: looked for, verified, fetched once, and missed with grace."""

import functools
import hashlib
import http.server
import threading

import pytest

from data.errors import InputError
from features import weights
from features.weights import WEIGHTS, Weights


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine with an empty cache and no folder of models."""
    monkeypatch.delenv("LEITMOTIF_MODELS", raising=False)
    monkeypatch.setenv("LEITMOTIF_CACHE", str(tmp_path / "cache"))
    weights.locate.cache_clear()
    weights._offline.cache_clear()
    yield tmp_path
    weights.locate.cache_clear()
    weights._offline.cache_clear()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A web server with one file of known content; `served` names a listed file that points to it."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "tiny.bin").write_bytes(b"weights" * 1000)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{httpd.server_port}/tiny.bin"
        sha = hashlib.sha256(b"weights" * 1000).hexdigest()
        monkeypatch.setattr(
            weights, "WEIGHTS", (Weights("tiny", "tiny.bin", url, sha, 7000, "MIT", "nothing"),)
        )
        yield httpd
        httpd.shutdown()


def test_every_listed_file_says_where_it_is_from():
    for entry in WEIGHTS:
        assert entry.url.startswith("https://") and entry.url.endswith(
            entry.filename.split(".")[-1]
        )
        assert len(entry.sha256) == 64 and entry.licence and entry.serves
    assert len({entry.name for entry in WEIGHTS}) == len(WEIGHTS)


def test_the_real_files_are_found_and_verified(models, monkeypatch):
    monkeypatch.setenv("LEITMOTIF_MODELS", str(models))
    for entry in WEIGHTS:
        path = weights.find(entry.name)
        assert path == models / entry.filename
        assert path.stat().st_size == entry.size


def test_a_changed_file_is_not_used(bare, monkeypatch):
    folder = bare / "models"
    folder.mkdir()
    (folder / "yamnet.tflite").write_bytes(b"something else")
    monkeypatch.setenv("LEITMOTIF_MODELS", str(folder))
    assert weights.find("yamnet") is None


def test_a_missing_file_is_fetched_once_with_progress(bare, server):
    calls = []
    path = weights.pull("tiny", lambda *call: calls.append(call))
    assert path.read_bytes() == b"weights" * 1000
    assert calls[-1] == ("downloading tiny.bin", 7000, 7000)
    server.shutdown()
    assert weights.pull("tiny") == weights.locate("tiny") == path


def test_a_wrong_checksum_leaves_nothing(bare, server, monkeypatch):
    monkeypatch.setattr(weights, "WEIGHTS", (weights.WEIGHTS[0]._replace(sha256="0" * 64),))
    with pytest.raises(InputError, match="checksum is wrong"):
        weights.pull("tiny")
    assert list((bare / "cache" / "models").iterdir()) == []


def test_without_a_network_nothing_is_there_and_the_cure_is_named(bare, monkeypatch):
    unreachable = Weights(
        "tiny", "tiny.bin", "http://127.0.0.1:9/tiny.bin", "0" * 64, 7000, "MIT", "nothing"
    )
    monkeypatch.setattr(weights, "WEIGHTS", (unreachable,))
    assert weights.locate("tiny") is None
    with pytest.raises(InputError, match=r"cannot be reached.*LEITMOTIF_MODELS"):
        weights.pull("tiny")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"'yolo'.*yunet"):
        weights.find("yolo")
