"""The container's steps, run where there is no daemon: what is copied in installs, and answers."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")
pytest.importorskip("fastapi", reason="the service needs `pip install leitmotif[service]`")
if os.name != "posix":
    pytest.skip("the container's folders are those of Linux", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "0123456789abcdef"


def instructions() -> list[tuple[str, str]]:
    """(instruction, argument) of the Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def last(name: str) -> str:
    return next(rest for found, rest in reversed(instructions()) if found == name)


def settings() -> dict[str, str]:
    pairs = (
        piece.split("=", 1)
        for name, rest in instructions()
        if name == "ENV"
        for piece in shlex.split(rest)
    )
    return dict(pairs)


def copied(folder: Path) -> Path:
    """What `COPY . .` takes: the tracked files that .dockerignore leaves."""
    lines = (ROOT / ".dockerignore").read_text().split()
    left_out = [line.removeprefix("**/") for line in lines if not line.startswith("!")]
    kept = [line[1:] for line in lines if line.startswith("!")]

    def ignored(where: str, names: list[str]) -> set[str]:
        top = Path(where) == ROOT
        patterns = left_out if top else [line[3:] for line in lines if line.startswith("**/")]
        return {n for n in names if n not in kept and any(fnmatch.fnmatch(n, p) for p in patterns)}

    return Path(shutil.copytree(ROOT, folder / "source", ignore=ignored))


def test_the_image_runs_without_root_and_keeps_its_data_in_a_volume():
    assert last("USER") == "leitmotif" and last("VOLUME") == "/data"
    assert settings()["LEITMOTIF_DATA"] == "/data"
    assert settings()["LEITMOTIF_CACHE"].startswith("/data/")
    shell = " ".join(rest for name, rest in instructions() if name == "RUN")
    assert "whl/cpu" in shell and "leitmotif models pull" in shell


def test_what_is_installed_by_name_is_pinned():
    pinned = (ROOT / "constraints.txt").read_text()
    assert re.search("^torch==", pinned, re.M) and re.search(
        "^opencv-contrib-python==", pinned, re.M
    )
    extras = re.search(r'"\.\[([a-z,]+)\]"', (ROOT / "Dockerfile").read_text())
    project = (ROOT / "pyproject.toml").read_text()
    assert extras and all(re.search(f"^{e} = ", project, re.M) for e in extras[1].split(","))


def test_the_compose_file_joins_service_cluster_and_milvus():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = compose["services"]
    assert services["worker"]["deploy"]["replicas"] == 2
    for name in ("service", "worker"):
        assert "tcp://scheduler:8786" in services[name]["command"]
        assert services[name]["volumes"] == services["scheduler"]["volumes"] == ["data:/data"]
    assert "standalone" in services["milvus"]["command"]
    named = {v.split(":")[0] for s in services.values() for v in s["volumes"]}
    assert named == set(compose["volumes"])


def test_its_steps_make_a_service_that_is_healthy(tmp_path: Path):
    """In a fresh virtual environment that finds the packages of this one, so nothing is fetched."""
    source, place = copied(tmp_path), tmp_path / "venv"
    venv.create(place, with_pip=True)
    inside = next((place / "lib").glob("python*/site-packages"))
    (inside / "here.pth").write_text(sysconfig.get_paths()["purelib"])
    flags = ["-q", "--no-deps", "--no-index"]
    build = [sys.executable, "-m", "pip", "wheel", *flags, "--no-build-isolation", str(source)]
    subprocess.run(build, check=True, cwd=tmp_path)
    install = [str(place / "bin" / "python"), "-m", "pip", "install", *flags, "--force-reinstall"]
    subprocess.run([*install, str(next(tmp_path.glob("*.whl")))], check=True, cwd=tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "LEITMOTIF_DATA": str(tmp_path / "data"),
    }
    command = [*json.loads(last("CMD")), "--port", port]
    refused = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 2 and "--token" in refused.stderr  # others could come in
    check = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    check = [word.replace("8600", port) for word in check]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment | {"LEITMOTIF_TOKEN": TOKEN}
    ) as service:
        try:
            healthy = [sys.executable, *check[1:]]
            end = time.monotonic() + 60
            while subprocess.run(healthy, capture_output=True).returncode:
                assert time.monotonic() < end and service.poll() is None
                time.sleep(0.3)
            address = f"http://127.0.0.1:{port}/v1/catalogues/default"
            assert tracks(address) == 28
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(address)
        finally:
            service.terminate()


def tracks(address: str) -> Any:
    known = {"Authorization": f"Bearer {TOKEN}"}
    with urllib.request.urlopen(urllib.request.Request(address, headers=known)) as answer:
        return json.load(answer)["tracks"]
