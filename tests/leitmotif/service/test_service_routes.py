"""What the service answers: the same as the command line, and problems with a code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import make_film, parse_events

pytest.importorskip("fastapi", reason="the service needs `pip install leitmotif[service]`")
testing = pytest.importorskip("starlette.testclient", exc_type=(ImportError, RuntimeError))

from data.profiles import MUSIC_NAMES  # noqa: E402
from leitmotif import pipeline  # noqa: E402
from leitmotif.service.application import build_application  # noqa: E402
from leitmotif.service.state import Options  # noqa: E402
from leitmotif.service.worker import Hand  # noqa: E402
from leitmotif.settings import DEMO_CATALOGUE, DEMO_VIDEO  # noqa: E402
from match_audio import main as match_audio  # noqa: E402

ASKED = [-0.8372, 2.8622, -3.8342, -5.1344, -4.2335, 22.4444, 50.9279, 76.1797, 56.2267, -20.4412]


class Asked(testing.TestClient):
    """A service without workers: the test does what they would."""

    def work(self) -> int:
        """Do everything that waits; how many jobs that were."""
        jobs, done = self.app.state.service.jobs, 0
        while claim := jobs.claim("0"):
            Hand(jobs, claim).work(None)
            done += 1
        return done

    def upload(self, film: Path, name: str = "a.mp4", **headers: str):
        kind = {"Content-Type": "application/octet-stream"}
        content = film.read_bytes()
        return self.post(f"/v1/films?name={name}", content=content, headers=kind | headers)


def asking(folder: Path, **options) -> Asked:
    given = {"folder": folder, "catalogue": DEMO_CATALOGUE, "workers": 0, "per_second": 0}
    application = build_application(Options(**given | options))
    return Asked(application, base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film in it."""
    folder = tmp_path_factory.mktemp("media")
    make_film(folder / "bar.mp4")
    return folder


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, media: Path) -> Iterator[Asked]:
    with asking(tmp_path_factory.mktemp("data"), roots=(media, DEMO_VIDEO.parent)) as client:
        yield client


@pytest.fixture(scope="module")
def film(client: Asked, media: Path) -> str:
    """A film that was sent and watched."""
    answer = client.upload(media / "bar.mp4", "bar.mp4")
    client.work()
    return answer.json()["film"]["id"]


# ------------------------------------------------------------------------------ films and jobs


def test_a_film_that_is_sent_is_watched_as_a_job(client: Asked, tmp_path: Path):
    sent = make_film(tmp_path / "b.mp4", shade=20)
    answer = client.upload(sent)
    assert answer.status_code == 202
    job = answer.json()["job"]
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert (job["state"], job["position"], job["kind"]) == ("queued", 1, "watch")
    client.work()
    done = client.get(answer.headers["Location"]).json()
    assert done["state"] == "succeeded" and done["done"] == done["total"] == pytest.approx(2.0)
    shown = client.get(done["href"]).json()
    assert shown["watched"] and shown["name"] == "a.mp4" and shown["bytes"] == sent.stat().st_size


def test_the_same_content_is_one_film_watched_once(client: Asked, film: str, media: Path):
    again = client.upload(media / "bar.mp4", "other name.mov").json()
    assert again["film"]["id"] == film and again["job"]["state"] == "succeeded"
    named = client.post("/v1/films", json={"path": "bar.mp4"}).json()
    assert named["film"]["id"] == film and client.work() == 0
    kept = client.app.state.service.shelf.films_folder
    assert sorted(p.suffix for p in kept.glob(f"{film}*")) == [".mp4", ".npz"]


def test_a_film_inside_a_root_stays_where_it_is(client: Asked, media: Path):
    make_film(media / "own.mp4", shade=40)
    sent = client.post("/v1/films", json={"path": str(media / "own.mp4")}).json()
    assert client.work() == 1
    assert client.delete(f"/v1/films/{sent['film']['id']}").status_code == 204
    assert (media / "own.mp4").is_file()
    assert client.get(f"/v1/films/{sent['film']['id']}").status_code == 404


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret.mp4", "link.mp4", "nothing.mp4", "\0"])
def test_nothing_outside_the_roots_is_read(client: Asked, media: Path, path: str):
    outside = make_film(media.parent / "secret.mp4")
    if not (media / "link.mp4").is_symlink():
        (media / "link.mp4").symlink_to(outside)
    answer = client.post("/v1/films", json={"path": path})
    assert answer.status_code == 403 and answer.json()["code"] == "service.outside"


def test_a_damaged_film_fails_with_its_own_name(client: Asked, tmp_path: Path):
    (tmp_path / "x.mp4").write_bytes(b"no film")
    answer = client.upload(tmp_path / "x.mp4", "holiday.mp4")
    client.work()
    spoken = {"Accept-Language": "zh-CN, en;q=0.5"}
    error = client.get(answer.headers["Location"], headers=spoken).json()["error"]
    assert error["code"].startswith("video.") and "holiday.mp4" in error["detail"]
    assert any("\u4e00" <= c <= "\u9fff" for c in error["detail"])
    asked = client.get(f"/v1/films/{answer.json()['film']['id']}/profile")
    assert asked.status_code == 409 and asked.json()["code"] == "service.film_failed"


def test_cancelling_ends_a_job_and_is_no_error(client: Asked, tmp_path: Path):
    answer = client.upload(make_film(tmp_path / "c.mp4", shade=50))
    where = answer.headers["Location"]
    assert client.delete(where).json()["state"] == "canceled"
    assert client.delete(where).status_code == 200 and client.work() == 0
    asked = client.get(f"/v1/films/{answer.json()['film']['id']}/profile").json()
    assert asked["status"] == 409 and "canceled" in asked["detail"]
    assert client.upload(tmp_path / "c.mp4").json()["job"]["state"] == "queued"
    assert client.work() == 1


def test_events_have_ids_and_go_on_after_the_last_one_seen(client: Asked, tmp_path: Path):
    answer = client.upload(make_film(tmp_path / "d.mp4", shade=60))
    client.work()
    where = answer.headers["Location"] + "/events"
    first = client.get(where)
    assert first.headers["Content-Type"].startswith("text/event-stream")
    events = list(parse_events(first.iter_lines()))
    assert [json.loads(data)["state"] for _, kind, data in events if kind == "state"] == [
        *("queued", "running", "succeeded")
    ]
    assert any(kind == "progress" for _, kind, _ in events)
    again = client.get(where, headers={"Last-Event-ID": events[1][0]})
    assert list(parse_events(again.iter_lines())) == events[2:]
    assert client.get(where, headers={"Last-Event-ID": events[-1][0]}).text == ""
    assert client.get("/v1/jobs/nix/events").status_code == 404


def test_a_repeated_request_with_a_key_begins_nothing_new(client: Asked, film: str):
    key = {"Idempotency-Key": "2f1c"}
    first = client.post("/v1/scores", json={"film": film}, headers=key)
    again = client.post("/v1/scores", json={"film": film}, headers=key)
    assert first.status_code == again.status_code == 202
    assert first.headers["Location"] == again.headers["Location"]
    other = client.post("/v1/scores", json={"film": film, "reprise": True}, headers=key)
    assert other.status_code == 422 and other.json()["code"] == "service.key_used"
    client.delete(first.headers["Location"])


# ------------------------------------------------------------------------------ answers


def test_profile_and_recommendations_are_those_of_the_command_line(
    client: Asked, film: str, media: Path
):
    answer = client.get(f"/v1/films/{film}/recommendations").json()
    expected = pipeline.recommend(media / "bar.mp4", DEMO_CATALOGUE).to_dict()
    assert answer["recommendations"] == [json.loads(json.dumps(expected))]
    profile = client.get(f"/v1/films/{film}/profile").json()["profiles"][0]
    assert {"start_s": 0.0, "end_s": 2.0} | expected["video"] == profile


def test_a_request_in_the_address_and_as_a_body_mean_the_same(client: Asked, film: str):
    asked = {"k": 3, "metric": "cosine", "filter": ["bpm=60..200"], "diversity": 0.3, "start": 0.5}
    where = f"/v1/films/{film}/recommendations"
    one = client.get(where, params=asked | {"importance": "valence=2,rhythm=0.5"})
    two = client.post(where, json=asked | {"importance": {"valence": 2, "rhythm": 0.5}})
    assert one.status_code == 200 and one.json() == two.json()
    request = one.json()["recommendations"][0]["request"]
    assert (request["k"], request["metric"], request["importance"]["valence"]) == (3, "cosine", 2.0)


def test_a_moved_slider_is_a_value_of_the_request(client: Asked, film: str):
    where = f"/v1/films/{film}/recommendations"
    moved = client.post(where, json={"values": dict(zip(MUSIC_NAMES, ASKED, strict=True))})
    result = moved.json()["recommendations"][0]
    assert (
        list(result["music"]["values"].values()) == ASKED
        and "valence" in result["request"]["edited"]
    )
    scenes = client.get(where, params={"per_scene": True, "k": 1}).json()["recommendations"]
    assert all(len(scene["matches"]) == 1 for scene in scenes)


def test_ten_numbers_find_what_match_audio_finds(client: Asked, capsys: pytest.CaptureFixture):
    answer = client.post("/v1/match", json={"values": ASKED, "k": 4}).json()
    numbers = ",".join(map(str, ASKED))
    command = ["--audio_csv", str(DEMO_CATALOGUE), f"--pred_feat={numbers}", "--top_k=4"]
    assert match_audio([*command, "--format=json"]) == 0
    expected = json.loads(capsys.readouterr().out)
    assert answer["matches"] == expected["matches"] and answer["query"] == expected["query"]


# ------------------------------------------------------------------------------ catalogues


def test_a_table_that_is_sent_can_be_asked_at_once(client: Asked):
    rows = "\n".join(["id," + ",".join(MUSIC_NAMES), "a," + ",".join(map(str, ASKED))])
    kind = {"Content-Type": "text/csv"}
    sent = client.post("/v1/catalogues?name=mine.csv", content=rows.encode(), headers=kind)
    assert sent.status_code == 201
    key = sent.json()["id"]
    assert client.get(sent.headers["Location"]).json()["tracks"] == 1
    assert key in [c["id"] for c in client.get("/v1/catalogues").json()]
    found = client.post("/v1/match", json={"values": ASKED, "catalogue": key}).json()["matches"]
    assert [m["track_id"] for m in found] == ["a"] and found[0]["distance"] == 0
    broken = client.post("/v1/catalogues?name=mine.csv", content=b"a,b\n", headers=kind)
    assert broken.status_code == 422 and "mine.csv" in broken.json()["detail"]


def test_a_folder_of_music_becomes_a_catalogue_as_a_job(client: Asked, media: Path):
    soundfile = pytest.importorskip("soundfile")
    import numpy as np

    (media / "music").mkdir()
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(3 * 22050) / 22050)
    soundfile.write(media / "music" / "tone.wav", tone, 22050)
    begun = client.post("/v1/catalogues", json={"path": "music"})
    assert begun.status_code == 202
    assert len(client.get("/v1/catalogues").json()) == len(
        [c for c in client.get("/v1/catalogues").json() if c["name"] != "music"]
    )
    client.work()
    done = client.get(begun.headers["Location"]).json()
    assert done["state"] == "succeeded" and done["result"]["tracks"] == 1
    assert client.get(done["href"]).json()["name"] == "music"


# ------------------------------------------------------------------------------ scores


def test_a_score_is_planned_rendered_and_exported(client: Asked):
    sent = client.upload(DEMO_VIDEO, "My film.mp4").json()
    begun = client.post("/v1/scores", json={"film": sent["film"]["id"]})
    assert client.get(f"/v1/scores/{begun.json()['job']['id']}").status_code == 409
    client.work()
    done = client.get(begun.headers["Location"]).json()
    assert done["state"] == "succeeded", done
    score = client.get(done["href"]).json()
    assert score["leitmotif_score"] >= 1 and len(score["cues"]) == done["result"]["cues"] > 0
    assert client.get("/v1/scores").json()[0]["id"] == done["id"]

    exported = client.post(f"{done['href']}/exports", json={"format": "edl"})
    assert exported.status_code == 201
    text = client.get(exported.headers["Location"])
    assert text.text.startswith("TITLE: My film.mp4\n")
    assert "edl.edl" in text.headers["Content-Disposition"]
    unknown = client.post(f"{done['href']}/exports", json={"format": "../../x"})
    assert unknown.json()["code"] == "score.unknown_format"

    begun = client.post(f"{done['href']}/renders", json={"stem": True})
    client.work()
    rendered = client.get(begun.headers["Location"]).json()
    assert rendered["state"] == "succeeded", rendered
    sound = client.get(rendered["href"])
    assert sound.content[:4] == b"RIFF"
    assert client.get(rendered["href"], headers={"Range": "bytes=0-3"}).content == b"RIFF"


# ------------------------------------------------------------------------------ problems


def test_what_is_wrong_is_a_problem_in_the_language_asked_for(client: Asked):
    answer = client.get("/v1/films/nix", headers={"Accept-Language": "fr, zh;q=0.9, en;q=0.1"})
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Content-Language"] == "zh-Hans"
    problem = answer.json()
    assert problem["detail"].startswith("没有影片 nix")
    assert {k: problem[k] for k in ("type", "title", "status", "code")} == {
        "type": "urn:leitmotif:error:service.no_film",
        "title": "Not Found",
        "status": 404,
        "code": "service.no_film",
    }
    assert client.get("/v1/films/nix").json()["detail"].startswith("no film nix")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nowhere", 404, "service.no_page"),
        ("PUT", "/v1/films", 405, "service.method"),
        ("GET", "/v1/jobs/x", 404, "service.no_job"),
        ("GET", "/v1/catalogues/x", 404, "service.no_catalogue"),
        ("GET", "/v1/scores/x", 404, "service.no_score"),
        ("GET", "/v1/scores/x/renders/y", 404, "service.no_render"),
        ("POST", "/v1/match", 422, "service.request"),
        ("POST", "/v1/films?name=a.exe", 415, "session.wrong_kind"),
        ("POST", "/v1/films", 422, "session.empty_file"),
    ],
)
def test_every_refusal_is_a_problem(client: Asked, method: str, path: str, status: int, code: str):
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_says_where_it_is_wrong(client: Asked):
    problem = client.post("/v1/match", json={"values": ASKED, "k": 0, "kk": 1}).json()
    assert [e["pointer"] for e in problem["errors"]] == ["/body/k", "/body/kk"]
    kind = {"Content-Type": "text/plain"}
    assert client.post("/v1/films", content=b"x", headers=kind).status_code == 415


def test_sizes_have_limits(tmp_path: Path):
    with asking(tmp_path, max_upload_mb=1) as client:
        kind = {"Content-Type": "application/octet-stream"}
        large = client.post("/v1/films", content=bytes((1 << 20) + 1), headers=kind)
        assert (large.status_code, large.json()["code"]) == (413, "service.too_large")
        assert list(client.app.state.service.shelf.films_folder.iterdir()) == []
        body = client.post("/v1/match", content=b" " * (2 << 20))
        assert body.status_code == 413 and "problem+json" in body.headers["Content-Type"]


def test_a_mistake_of_ours_is_a_problem_too(
    client: Asked, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
):
    monkeypatch.setattr(type(client.app.state.service.shelf), "films", lambda self: 1 / 0)
    answer = client.get("/v1/films")
    assert (answer.status_code, answer.json()["code"]) == (500, "service.mistake")
    assert "ZeroDivisionError" in capfd.readouterr().err and "Zero" not in answer.text


# ------------------------------------------------------------------------------ who may ask


def test_a_token_is_demanded_where_one_was_given(tmp_path: Path):
    token = "0123456789abcdef"
    with asking(tmp_path, tokens=(token,)) as client:
        for given in ({}, {"Authorization": "Bearer no"}, {"Authorization": f"Basic {token}"}):
            answer = client.get("/v1/films", headers=given)
            assert (answer.status_code, answer.json()["code"]) == (401, "service.token")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        right = {"Authorization": f"Bearer {token}"}
        assert client.get("/v1/films", headers=right).json() == []
        assert client.get("/v1/health").json() == {"workers": 0}


def test_another_site_cannot_ask_from_a_browser(client: Asked):
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        assert client.get("/v1/films", headers=headers).status_code == 403


def test_a_client_that_asks_too_often_waits(tmp_path: Path):
    with asking(tmp_path, per_second=2) as client:
        answers = [client.get("/v1/films") for _ in range(12)]
    assert {a.status_code for a in answers[:8]} == {200}
    assert answers[-1].json()["code"] == "service.too_fast" and answers[-1].headers["Retry-After"]


def test_the_openapi_names_every_route_with_examples(client: Asked):
    openapi = client.get("/openapi.json").json()
    assert {"/v1/films", "/v1/match", "/v1/scores/{id}/renders", "/v1/jobs/{id}/events"} <= set(
        openapi["paths"]
    )
    schemas = openapi["components"]["schemas"]
    for name in ("MatchRequest", "RecommendationRequest", "JobShown", "FilmShown", "ScoreRequest"):
        assert schemas[name]["examples"], name
    films = openapi["paths"]["/v1/films"]["post"]
    assert set(films["requestBody"]["content"]) == {"application/octet-stream", "application/json"}
    assert "application/problem+json" in films["responses"]["4XX"]["content"]


def test_results_outlive_a_restart(tmp_path: Path, media: Path):
    with asking(tmp_path) as client:
        sent = client.upload(media / "bar.mp4").json()
        client.work()
        before = client.get(f"/v1/films/{sent['film']['id']}/recommendations").json()
    with asking(tmp_path) as client:
        assert client.get(f"/v1/jobs/{sent['job']['id']}").json()["state"] == "succeeded"
        after = client.get(f"/v1/films/{sent['film']['id']}/recommendations").json()
        assert after == before and client.work() == 0
