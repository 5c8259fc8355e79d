"""Pretrained files: looked for, verified, fetched once, and missed with grace."""

import contextlib
import functools
import hashlib
import http.server
import socket
import threading
import time

import pytest

from data.errors import Cancelled, InputError
from features import pretrained
from features.pretrained import PRETRAINED, PretrainedFile


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine with an empty cache and no folder of models."""
    monkeypatch.delenv("LEITMOTIF_MODELS", raising=False)
    monkeypatch.setenv("LEITMOTIF_CACHE", str(tmp_path / "cache"))
    pretrained.locate.cache_clear()
    yield tmp_path
    pretrained.locate.cache_clear()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A web server with one file of known content, listed as "tiny"."""
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
            pretrained,
            "PRETRAINED",
            (PretrainedFile("tiny", "tiny.bin", url, sha, 7000, "MIT", "nothing"),),
        )
        yield httpd
        httpd.shutdown()


def test_every_listed_file_says_where_it_is_from():
    for entry in PRETRAINED:
        assert entry.url.startswith("https://") and entry.url.endswith(
            entry.filename.split(".")[-1]
        )
        assert len(entry.sha256) == 64 and entry.licence and entry.serves
    assert len({entry.name for entry in PRETRAINED}) == len(PRETRAINED)


def test_the_real_files_are_found_and_verified(models, monkeypatch):
    monkeypatch.setenv("LEITMOTIF_MODELS", str(models))
    for entry in PRETRAINED:
        path = pretrained.find(entry.name)
        assert path == models / entry.filename
        assert path.stat().st_size == entry.size


def test_a_changed_file_is_not_used(bare, monkeypatch):
    folder = bare / "models"
    folder.mkdir()
    (folder / "yamnet.tflite").write_bytes(b"something else")
    monkeypatch.setenv("LEITMOTIF_MODELS", str(folder))
    assert pretrained.find("yamnet") is None


def test_a_missing_file_is_fetched_once_with_progress(bare, server):
    calls = []
    path = pretrained.pull("tiny", lambda *call: calls.append(call))
    assert path.read_bytes() == b"weights" * 1000
    assert calls[-1] == ("downloading tiny.bin", 7000, 7000)
    server.shutdown()
    assert pretrained.pull("tiny") == pretrained.locate("tiny") == path


def test_a_wrong_checksum_leaves_nothing(bare, server, monkeypatch):
    monkeypatch.setattr(
        pretrained, "PRETRAINED", (pretrained.PRETRAINED[0]._replace(sha256="0" * 64),)
    )
    with pytest.raises(InputError, match="checksum is wrong"):
        pretrained.pull("tiny")
    assert not list((bare / "cache").rglob("tiny*"))


def test_without_a_network_nothing_is_there_and_the_cure_is_named(bare, monkeypatch):
    unreachable = PretrainedFile(
        "tiny", "tiny.bin", "http://127.0.0.1:9/tiny.bin", "0" * 64, 7000, "MIT", "nothing"
    )
    monkeypatch.setattr(pretrained, "PRETRAINED", (unreachable,))
    assert pretrained.locate("tiny") is None
    with pytest.raises(InputError, match=r"cannot be reached.*LEITMOTIF_MODELS"):
        pretrained.pull("tiny")


@pytest.fixture
def trickle(bare, monkeypatch):
    """A server that sends a byte now and then, each well before any timeout, and never ends."""
    over = threading.Event()

    def serve(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7000\r\n\r\n")
            with contextlib.suppress(OSError):
                while not over.wait(0.1):
                    connection.sendall(b"w")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/tiny.bin"
        slow = PretrainedFile("tiny", "tiny.bin", url, "0" * 64, 7000, "MIT", "nothing")
        monkeypatch.setattr(pretrained, "PRETRAINED", (slow,))
        yield
        over.set()


def test_a_server_that_trickles_is_waited_for_only_so_long(trickle):
    began = time.monotonic()
    with pytest.raises(InputError, match=r"within 1 s.*LEITMOTIF_MODELS"):
        pretrained.pull("tiny", wait_s=1.0)
    assert time.monotonic() - began < 2


def test_a_download_is_stopped_at_any_moment(trickle):
    def stop(*_):
        raise Cancelled

    with pytest.raises(Cancelled):
        pretrained.pull("tiny", stop)


def test_a_server_tried_in_vain_is_left_alone_for_an_hour(bare, monkeypatch):
    nowhere = PretrainedFile("a", "a.bin", "http://127.0.0.1:9/a", "0" * 64, 1, "MIT", "nothing")
    monkeypatch.setattr(pretrained, "PRETRAINED", (nowhere, nowhere._replace(name="b")))
    assert pretrained.locate("a") is None
    assert pretrained._given_up()
    assert pretrained.locate("b") is None


def test_a_cache_that_cannot_be_made_is_named(bare, server, monkeypatch):
    (bare / "file").write_text("")
    monkeypatch.setenv("LEITMOTIF_CACHE", str(bare / "file"))
    assert pretrained.locate("tiny") is None
    with pytest.raises(InputError, match="LEITMOTIF_CACHE"):
        pretrained.pull("tiny")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"'yolo'.*yunet"):
        pretrained.find("yolo")
