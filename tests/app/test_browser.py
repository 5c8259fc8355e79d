"""A real browser at the real page: what an editor does, and what a hostile file does not do."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import psutil
import pytest
from browsing import GRACE_S, LIMIT_MB, SAMPLE, Server, Visit
from conftest import running

from data.catalogue import Catalogue
from data.profiles import MUSIC_NAMES
from features.audio.load import load
from features.media import probe
from leitmotif.render import ffmpeg

CLIP = "data/video_music/cav_mae__00w1lcxw_wu_40_000_6ca848.mp4"


def short_film(path: Path, picture: str = "testsrc2", seconds: float = 1.5) -> Path:
    source = ["-f", "lavfi", "-i", f"{picture}=size=160x90:rate=12", "-t", str(seconds)]
    subprocess.run(
        [ffmpeg.executable(), "-v", "error", "-y", *source, "-pix_fmt", "yuv420p", path], check=True
    )
    return path


def picture(path: Path) -> str:
    arguments = ["-v", "error", "-i", path, "-map", "0:V:0", "-c", "copy", "-f", "streamhash", "-"]
    return subprocess.run(
        [ffmpeg.executable(), *arguments], capture_output=True, check=True, text=True
    ).stdout


def loudness(path: Path, end: float | None = None) -> float:
    """Integrated loudness in LUFS (BS.1770)."""
    return load(path, 0.0, end).lufs


def table(*rows: dict) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["track_id", "title", "artist", "license", "path", *MUSIC_NAMES])
    writer.writeheader()
    rng = np.random.default_rng(1)
    for row in rows:
        writer.writerow(
            dict(zip(MUSIC_NAMES, rng.normal(size=10).round(3).tolist(), strict=True)) | row
        )
    return text.getvalue().encode()


def test_sample_film_from_the_first_click_to_the_download(visit, tmp_path: Path):
    editor = visit()
    page = editor.page
    editor.give_film(SAMPLE)
    editor.wait_for_tracks()
    first = editor.tracks()
    assert len(first) == 5

    # A slider moves, the list follows, the film is not watched again.
    slider = page.get_by_role("slider", name="Warmth").first
    slider.focus()
    for _ in range(3):
        page.keyboard.press("Home")
    editor.wait_for("You changed Warmth")
    wished = editor.wait_for_other_tracks(first)
    page.get_by_role("button", name="Back to the prediction").click()
    assert editor.wait_for_other_tracks(wished) == first

    editor.choose("VA only")
    assert editor.wait_for_other_tracks(first) != first

    # The player has something to play, and plays it.
    page.locator("audio").first.scroll_into_view_if_needed()  # it is asked for once it is seen
    page.wait_for_function("document.querySelector('audio').readyState >= 2")
    audio = page.locator("audio").first
    audio.evaluate("a => { a.muted = true; return a.play() }")
    page.wait_for_function("document.querySelector('audio').currentTime > 0.1")
    assert audio.evaluate("a => a.duration") > 5 and audio.evaluate("a => a.error") is None
    audio.evaluate("a => a.pause()")

    # The film with the track under it: seen, and downloaded with the picture as it was.
    page.get_by_role("button", name="Hear it with the picture").first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download this video").click()
    saved = tmp_path / "preview.mp4"
    download.value.save_as(saved)
    assert picture(saved) == picture(SAMPLE)
    assert probe(saved).duration == pytest.approx(probe(SAMPLE).duration, abs=0.2)
    assert loudness(saved) == pytest.approx(-16, abs=1.5)
    page.wait_for_function(
        "(all => all.length == 2 && all[1].readyState >= 1)(document.querySelectorAll('video'))"
    )

    # Taken away.
    with page.expect_download() as download:
        page.get_by_role("button", name="Everything (JSON)").click()
    record = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert [
        m["track"].get("title") for m in record["recommendations"][0]["matches"]
    ] == editor.tracks()
    weights = record["recommendations"][0]["request"]["importance"]
    assert weights["arousal"] == 1 and weights["warmth"] == 0

    # The other language, and nothing lost.
    kept = editor.tracks()
    page.get_by_text("中文", exact=True).click()
    editor.wait_for("所见画面")
    editor.wait_for_tracks()
    assert editor.tracks() == kept
    assert page.get_by_role("radio", name="只看唤醒与效价").is_checked()
    assert not editor.elsewhere


def test_the_same_film_again_is_not_watched_again(visit):
    editor = visit()
    editor.give_film(SAMPLE)
    editor.wait_for_tracks()
    editor.close()

    other = visit()  # another session, another name, the same content
    other.page.evaluate(
        "() => { window.watched = false;"
        "const look = () => { window.watched ||= / of 0:34/.test(document.body.innerText) };"
        "const all = {subtree: true, childList: true, characterData: true};"
        "new MutationObserver(look).observe(document.body, all) }"
    )
    other.give_film(("renamed.mp4", SAMPLE.read_bytes()))
    other.wait_for_tracks()
    assert other.page.get_by_text("renamed.mp4 · 0:34").count()
    assert not other.page.evaluate("window.watched"), "progress through the film was shown"


def test_scene_by_a_click_on_the_film(visit):
    editor = visit()
    editor.give_film(SAMPLE)
    editor.wait_for_tracks()
    whole = editor.page.locator(".st-key-answer").get_by_text("Whole video")
    assert whole.count() == 1
    chart = editor.page.get_by_role("img", name="Keyframes, ")
    chart.scroll_into_view_if_needed()
    size = chart.bounding_box()
    editor.page.mouse.click(size["x"] + 0.6 * size["width"], size["y"] + 0.5 * size["height"])
    whole.wait_for(state="detached")
    editor.wait_for_tracks()
    assert "0:1" in editor.page.locator(".st-key-answer").inner_text()
    assert chart.locator(".band").first.is_visible()
    editor.page.mouse.click(size["x"] + 0.6 * size["width"], size["y"] + 0.5 * size["height"])
    whole.wait_for()  # another click on the same one lets go of it


def test_a_scene_outlives_another_language_and_f5(visit):
    """The walk that once ended the page: a scene, then another language."""
    editor = visit()
    page = editor.page
    editor.give_film(SAMPLE)
    editor.wait_for_tracks()
    scene = page.locator("[class*=st-key-course] input").first
    scene.click()
    page.get_by_role("option").nth(2).click()
    page.wait_for_function("document.querySelector('video').src.includes('#t=')")
    editor.wait_for_tracks()
    chosen, source = editor.tracks(), page.locator("video").first.get_attribute("src")
    starts = float(source.split("#t=")[1].split(",")[0])
    page.wait_for_function("document.querySelector('video').readyState >= 1")
    assert page.locator("video").first.evaluate("v => v.currentTime") == pytest.approx(starts)
    with page.expect_download() as download:
        page.get_by_role("button", name="Table (CSV)").click()
    assert re.fullmatch(
        r"sample-0m\d\d\.\ds-0m\d\d\.\ds-music\.csv", download.value.suggested_filename
    )

    page.get_by_text("中文", exact=True).click()
    editor.wait_for("所见画面")
    editor.wait_for_tracks()
    assert editor.tracks() == chosen
    assert scene.input_value().startswith("场景 2")
    page.reload()
    editor.wait_for_tracks()
    assert editor.tracks() == chosen and scene.input_value().startswith("场景 2")
    assert page.locator("video").first.get_attribute("src") == source
    assert not editor.elsewhere


def test_a_restart_finds_the_film_and_the_catalogue_that_was_built(browser, tmp_path: Path):
    music = tmp_path / "My music"
    music.mkdir()
    for track in sorted((SAMPLE.parent / "tracks").iterdir())[:2]:
        (music / track.name).write_bytes(track.read_bytes())
    film = short_film(tmp_path / "first.mp4")
    server_folder = tmp_path / "server"
    server_folder.mkdir()
    with running(server_folder) as server:
        editor = Visit(browser, server, desk="own")
        editor.give_film(film)
        editor.wait_for_tracks()
        editor.page.get_by_text("Another catalogue").click()
        folder = editor.page.get_by_role("textbox", name="Folder of music on this machine")
        folder.fill(str(music))
        editor.page.keyboard.press("Enter")
        editor.rest()
        editor.page.get_by_role("button", name="Build", exact=True).click()
        editor.wait_for_catalogue("My music")
        editor.wait_for_tracks()
        before = editor.tracks()
        second_tab = Visit(browser, server, desk="own")
        second_tab.wait_for_tracks()
        assert second_tab.tracks() == before
        second_tab.close()
        editor.close()
    with running(server_folder) as server:
        editor = Visit(browser, server, desk="own")
        editor.wait_for_tracks()
        assert editor.tracks() == before
        editor.wait_for_catalogue("My music")
        assert "first.mp4" in editor.page.content()
        editor.turn_to("The catalogue")
        with editor.page.expect_download() as download:
            editor.page.get_by_role("button", name="Download this catalogue").click()
        taken = Catalogue.read(download.value.path())
        assert len(taken) == 2 and set(before) <= set(taken.text("title"))
        editor.close()


def test_twenty_clips_in_a_row(visit, tmp_path: Path):
    editor = visit()
    clip = short_film(tmp_path / "f.mp4", seconds=0.5).read_bytes()
    editor.give_film(*((f"clip {n}.mp4", clip + bytes([n])) for n in range(20)))
    editor.page.get_by_role("radio", name="clip 19.mp4").wait_for(state="attached")
    for n in (19, 0, 10):
        editor.page.get_by_text(f"clip {n}.mp4", exact=True).first.click()
        editor.wait_for(f"clip {n}.mp4 · 0:0")
        editor.wait_for_tracks()
    assert editor.page.locator("[class*=st-key-film] [role=radio]").count() in (0, 20)
    assert not editor.page.get_by_role("alert").count()


def test_real_clip(visit, shared: Path):
    editor = visit()
    editor.give_film(shared / CLIP)
    editor.wait_for_tracks()
    assert len(editor.tracks()) == 5


def test_nothing_is_wider_than_a_phone(visit):
    editor = visit(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    editor.give_film(SAMPLE)
    editor.wait_for_tracks()
    assert editor.page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390
    top = "name => document.querySelector(name).getBoundingClientRect().top"
    tracks, sliders = (
        editor.page.evaluate(f"({top})({name!r})")
        for name in (".lm .title", "[role=slider], input[type=range]")
    )
    assert tracks < sliders


# ---------------------------------------------------------------- bad and hostile files


def test_files_that_are_no_films_get_one_sentence_each(visit, server: Server):
    editor = visit()
    editor.give_film(("notes.mp4", b"these are words, not pictures\n" * 50))
    editor.page.get_by_role("alert").first.wait_for()
    said = editor.page.get_by_role("alert").first.inner_text()
    assert "notes.mp4: " in said and str(server.temporary) not in said
    assert "Traceback" not in editor.page.content()
    editor.remove_film()

    editor.give_film(("empty.mp4", b""))
    editor.wait_for("empty.mp4: this file is empty")
    editor.give_film(("../../../../escape.mp4", b""))
    editor.wait_for("escape.mp4: this file is empty")
    assert not list(server.temporary.rglob("*escape*"))


def test_a_file_over_the_limit_is_refused(visit, server: Server, tmp_path: Path):
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate((LIMIT_MB << 20) + 1024)
    editor = visit()
    editor.give_film(large)
    editor.page.get_by_text(f"File must be {LIMIT_MB}").first.wait_for()
    assert not [f for session in server.sessions() for f in session.iterdir()]
    assert not [f for f in server.kept() if f.stat().st_size > LIMIT_MB << 20]


def test_broken_and_hostile_tables(visit, tmp_path: Path):
    editor = visit()
    page = editor.page
    page.get_by_text("Another catalogue").click()
    editor.give_catalogue(("broken.csv", b"a,b\n1,2\n"))
    page.get_by_role("alert").first.wait_for()
    said = page.get_by_role("alert").first.inner_text()
    assert "broken.csv" in said and "not a music catalogue" in said

    struck = []
    page.on("dialog", lambda dialog: (struck.append(dialog.message), dialog.dismiss()))
    html = "<img src=x onerror=alert(1)><script>alert(2)</script><b id=bold>bold</b>"
    mark = "![x](https://elsewhere.invalid/x.png) [y](javascript:alert(3)) **z** $$x$$ :red[r]"
    rows = [
        {
            "track_id": "1",
            "title": html,
            "artist": '=HYPERLINK("https://elsewhere.invalid")',
            "license": html,
            "path": "/etc/passwd",
        },
        {
            "track_id": "2",
            "title": mark,
            "artist": "+1+cmd|' /C calc'!A0",
            "license": mark,
            "path": "../../../../etc/hostname",
        },
        {
            "track_id": "3",
            "title": "@SUM(1)",
            "artist": "-1-1",
            "license": "CC0",
            "path": "\\\\host\\share\\a.ogg",
        },
    ]
    name = f"{html[:30]}.csv"
    editor.give_catalogue((name, table(*rows)))
    editor.wait_for_catalogue(f"{name} (uploaded)")
    editor.turn_to("The catalogue")
    editor.wait_for("Licences")
    editor.turn_to("Music for this video")
    editor.give_film(SAMPLE)
    page.locator(".lm .title", has_text="@SUM(1)").wait_for()
    editor.rest()
    assert set(editor.tracks()) == {html, mark, "@SUM(1)"}
    assert page.locator("#bold, .lm img[src=x]").count() == 0 and page.locator("audio").count() == 0
    with page.expect_download() as download:
        page.get_by_role("button", name="Table (CSV)").click()
    cells = [
        c
        for row in csv.reader(
            io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))
        )
        for c in row
    ]
    dangerous = [c for c in cells if c[:1] in "=+-@" and c and not _is_number(c)]
    assert not dangerous
    assert not struck and not editor.elsewhere


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "origin", "status"),
    [("localhost", None, 200), ("evil.example", None, 403), ("localhost", "http://evil", 403)],
)
def test_the_server_answers_to_its_own_name_only(server: Server, name, origin, status):
    port = server.url.rsplit(":", 1)[1]
    headers = {"Host": f"{name}:{port}"} | ({"Origin": origin} if origin else {})
    try:
        answer = urllib.request.urlopen(urllib.request.Request(server.url, headers=headers))
    except urllib.error.HTTPError as error:
        answer = error
    assert answer.status == status
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


# ---------------------------------------------------------------- many at once, many in a row


def test_two_people_do_not_meet(visit, tmp_path: Path):
    one, two = visit(), visit()
    one.give_film(short_film(tmp_path / "first.mp4"))
    two.give_film(short_film(tmp_path / "second.mp4", "mandelbrot"))
    one.wait_for_tracks()
    two.wait_for_tracks()
    one.choose("VA only")
    assert "first.mp4" in one.page.content() and "second.mp4" not in one.page.content()
    assert "second.mp4" in two.page.content() and "first.mp4" not in two.page.content()
    assert not two.page.get_by_role("radio", name="VA only").is_checked()


def test_six_uploads_in_a_row_leave_nothing(visit, server: Server, tmp_path: Path):
    process = psutil.Process(server.pid)
    editor = visit()
    padding = b"\0" * (7 << 20)  # after the film, so that every upload is large and quickly watched
    film = short_film(tmp_path / "f.mp4", seconds=0.5).read_bytes()
    before, kept = None, server.kept()
    for n in range(6):
        editor.give_film((f"film {n}.mp4", film + padding + bytes([n])))
        editor.wait_for(f"film {n}.mp4 · 0:0")
        editor.rest()
        if n == 3:
            before = (
                process.memory_info().rss
            )  # what is loaded once, and the allocator's own reserve, are there
        editor.remove_film()
    grown = process.memory_info().rss - before
    assert grown < 20 << 20, f"{grown >> 20} MiB more after two uploads of 7 MiB"
    assert server.kept() == kept
    editor.give_film(("last.mp4", film))
    editor.wait_for("last.mp4 · 0:0")
    assert len(server.kept()) == len(kept) + 1
    editor.close()
    for _ in range(100):
        if not server.sessions():
            break
        time.sleep(0.2)
    assert not server.sessions(), f"still there {GRACE_S} s after the browser has gone"
