"""The library of films over HTTP, in the shape that clients of trace.moe know."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the service needs `pip install leitmotif[service]`")

from starlette.testclient import TestClient

from leitmotif.scenes.library import Library
from leitmotif.service.application import build_application
from leitmotif.service.state import Options
from leitmotif.settings import DEMO_CATALOGUE, DEMO_VIDEO


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("data")
    with Library.open(folder / "scenes") as library:
        library.add([DEMO_VIDEO], jobs=1)
    application = build_application(Options(folder, DEMO_CATALOGUE, workers=0, per_second=0))
    with TestClient(application, base_url="http://localhost") as opened:
        yield opened


@pytest.fixture(scope="module")
def picture() -> bytes:
    """A frame of the demo film, cropped, as PNG."""
    film = cv2.VideoCapture(str(DEMO_VIDEO))
    film.set(cv2.CAP_PROP_POS_MSEC, 8000)
    _, frame = film.read()
    h, w = frame.shape[:2]
    return cv2.imencode(".png", np.ascontiguousarray(frame[h // 10 :, : w * 9 // 10]))[1].tobytes()


@pytest.mark.parametrize("how", ["body", "form"])
def test_a_picture_is_answered_as_clients_expect(client: TestClient, picture: bytes, how: str):
    if how == "body":
        headers = {"Content-Type": "image/png"}
        answer = client.post("/v1/scenes/search", content=picture, headers=headers)
    else:
        edge = "XX"
        head = f'--{edge}\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
        body = f"{head}Content-Type: image/png\r\n\r\n".encode() + picture + b"\r\n--XX--\r\n"
        headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        answer = client.post("/v1/scenes/search", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert set(said) == {"frameCount", "error", "result"} and said["error"] == ""
    assert said["frameCount"] > 5
    first = said["result"][0]
    asked = {"anilist", "filename", "episode", "from", "to", "at", "similarity", "video", "image"}
    assert asked <= set(first)
    assert first["filename"] == DEMO_VIDEO.name and first["known"]
    assert first["from"] - 0.6 <= 8 <= first["to"] + 0.6
    video = client.get(first["video"])
    assert video.headers["content-type"] == "video/mp4" and video.content[4:8] == b"ftyp"
    image = client.get(first["image"])
    assert cv2.imdecode(np.frombuffer(image.content, np.uint8), 1).shape[1] == 320


def test_films_are_listed_and_unknown_ones_are_not_found(client: TestClient):
    films = client.get("/v1/scenes").json()
    assert [film["filename"] for film in films] == [DEMO_VIDEO.name]
    gone = client.get("/v1/scenes/0123456789abcdef/preview")
    assert gone.status_code == 404 and gone.json()["code"] == "scenes.no_film"


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_what_is_no_picture_is_said_to_be_none(client: TestClient, content: bytes):
    answer = client.post("/v1/scenes/search", content=content)
    assert answer.status_code == 422 and answer.json()["code"] == "scenes.no_picture"
