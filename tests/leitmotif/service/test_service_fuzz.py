"""No request makes a mistake of ours; `benchmarks/service.py fuzz` sends thousands more."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the service needs `pip install leitmotif[service]`")
pytest.importorskip("schemathesis", reason="`pip install schemathesis`")

import schemathesis
from fuzzing import fuzz, ids_of
from serving import make_film
from starlette.testclient import TestClient

from leitmotif.service.application import build_application
from leitmotif.service.state import Options
from leitmotif.service.worker import Hand
from leitmotif.settings import DEMO_CATALOGUE


def test_no_request_is_a_mistake_of_ours(tmp_path: Path):
    token = "0123456789abcdef"
    options = Options(tmp_path, DEMO_CATALOGUE, workers=0, per_second=0, tokens=(token,))
    application = build_application(options)
    known = {"Authorization": f"Bearer {token}"}
    kind = {"Content-Type": "application/octet-stream"} | known
    with TestClient(application, base_url="http://localhost") as client:
        film = make_film(tmp_path / "a.mp4").read_bytes()
        sent = client.post("/v1/films", content=film, headers=kind).json()
        jobs = application.state.service.jobs
        claim = jobs.claim("0")
        assert claim
        Hand(jobs, claim).work(None)
        there = ids_of(sent["film"]["id"], "default", sent["job"]["id"], "x")
        schema = schemathesis.openapi.from_asgi("/openapi.json", application, headers=known)
        statuses = fuzz(schema, 150, there, known)
    assert sum(statuses.values()) >= 120
    assert {status for status in statuses if status >= 500} == set(), statuses
    assert statuses[200] and statuses[404] and statuses[422]
