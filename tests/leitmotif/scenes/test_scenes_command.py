"""`leitmotif scenes` from adding to a preview."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from small_films import film, shot

from leitmotif.cli import main


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is done in this process: starting another with its network takes seconds."""
    monkeypatch.setattr(
        "leitmotif.scenes.library.run_each",
        lambda function, items, jobs: ((item, function(item)) for item in items),
    )


def test_add_list_find(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    film(tmp_path / "films" / "Show S02E03.mp4", [1, 2])
    kept = ["--library", str(tmp_path / "library"), "--json", "--quiet"]
    assert main(["scenes", "add", str(tmp_path / "films"), *kept]) == 0
    added = json.loads(capsys.readouterr().out)
    assert (added["films"], added["frames"], len(added["added"])) == (1, 2, 1)

    assert main(["scenes", "list", *kept]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["title"], listed["season"], listed["episode"]) == ("Show", 2, 3)

    picture = tmp_path / "画面.png"
    picture.write_bytes(cv2.imencode(".png", shot(2))[1].tobytes())
    asked = ["scenes", "find", str(picture), "--preview", str(tmp_path / "out"), "--gif"]
    assert main([*asked, *kept]) == 0
    found = json.loads(capsys.readouterr().out)
    hit = found["hits"][0]
    assert found["known"] and hit["film"]["id"] == listed["id"]
    assert hit["from"] <= 2.25 <= hit["to"] + 0.5
    assert Path(hit["preview"]).read_bytes().startswith(b"GIF8")

    assert main(["scenes", "find", str(picture), "--library", str(tmp_path / "none")]) == 2
    assert "holds no film yet" in capsys.readouterr().err
    assert main(["scenes", "find", str(tmp_path / "x.png"), *kept]) == 2


def test_a_strange_picture_is_not_in_the_library(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    film(tmp_path / "a.mp4", [1, 2, 3])
    kept = ["--library", str(tmp_path / "library"), "--quiet"]
    main(["scenes", "add", str(tmp_path / "a.mp4"), *kept])
    (tmp_path / "b.png").write_bytes(cv2.imencode(".png", shot(99))[1].tobytes())
    capsys.readouterr()
    assert main(["scenes", "find", str(tmp_path / "b.png"), *kept]) == 0
    assert capsys.readouterr().out.startswith("Not in the library. The nearest:")
