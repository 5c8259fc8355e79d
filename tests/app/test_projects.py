"""Projects in a real browser: they do not meet, travel as a file, and outlive a killed server."""

from __future__ import annotations

from pathlib import Path

from browsing import SAMPLE, Visit
from conftest import running

from leitmotif.sessions.desk import OWN, owner_of
from leitmotif.sessions.later import AFTER_S
from leitmotif.sessions.projects import Projects, one


def bar(editor: Visit, name: str) -> None:
    """Open what stands behind the project's name, unless it is open."""
    named(editor, name)
    inside = editor.page.get_by_role("button", name="New project")
    if not inside.is_visible():
        editor.page.get_by_role("button", name=name, exact=True).click()
    inside.wait_for()


def named(editor: Visit, name: str) -> None:
    editor.page.get_by_role("button", name=name, exact=True).wait_for()
    editor.rest()


def test_projects_do_not_meet_and_travel_as_a_file(visit, tmp_path: Path):
    editor = visit()
    page = editor.page
    editor.give_film(SAMPLE)
    editor.wait_for_tracks()
    editor.choose("VA only")
    wished = editor.tracks()
    bar(editor, "Project 1")
    page.get_by_role("textbox", name="Name").fill("Opera")
    page.keyboard.press("Enter")
    named(editor, "Opera")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as a file").click()
    assert download.value.suggested_filename == "Opera.leitmotif"
    parcel = tmp_path / "taken.leitmotif"
    download.value.save_as(parcel)

    page.get_by_role("button", name="New project").click()
    named(editor, "Project 1")
    editor.wait_for("Drop a video in")
    editor.give_film(SAMPLE)  # a film of the other project, with choices of its own
    editor.wait_for_tracks()
    assert not page.get_by_role("radio", name="VA only").is_checked()

    bar(editor, "Project 1")
    page.get_by_text("Opera", exact=True).first.click()
    named(editor, "Opera")
    editor.wait_for_tracks()
    assert editor.tracks() == wished and page.get_by_role("radio", name="VA only").is_checked()
    other_tab = visit(desk=editor.desk)
    named(other_tab, "Opera")
    other_tab.wait_for_tracks()
    assert other_tab.tracks() == wished

    stranger = visit()  # the same machine, so the film is found where it lies
    bar(stranger, "Project 1")
    stranger._give("project", [parcel])
    named(stranger, "Opera")
    stranger.wait_for_tracks()
    assert stranger.tracks() == wished
    bar(stranger, "Opera")
    stranger._give("project", [("nonsense.leitmotif", b"no zip")])
    stranger.wait_for("nonsense.leitmotif: not a project that Leitmotif exported")

    page = stranger.page  # deleted after a second question; the project before it is open again
    bar(stranger, "Opera")
    page.get_by_role("button", name="Delete this project").click()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Delete this project").click()
    page.get_by_role("button", name="Delete for good").click()
    named(stranger, "Project 1")
    bar(stranger, "Project 1")
    assert not page.get_by_text("Opera", exact=True).count()
    assert not editor.elsewhere


def test_a_killed_server_loses_nothing(browser, tmp_path: Path):
    tmp_path.joinpath("server").mkdir()
    data = tmp_path / "server" / "kept"
    with running(tmp_path / "server", killed=True) as server:
        editor = Visit(browser, server, desk=OWN)
        editor.give_film(SAMPLE)
        editor.wait_for_tracks()
        editor.choose("VA only")
        wished = editor.tracks()
        editor.page.wait_for_timeout(2000 * AFTER_S)  # what is newer than that may be lost
        project = Projects(data).of(owner_of(OWN))[0]
        (key,) = one(Projects(data).parts(project.id)[0], "film")
    editor.close()
    with running(tmp_path / "server") as server:
        editor = Visit(browser, server, desk=OWN)
        editor.wait_for_tracks()
        assert editor.tracks() == wished
        assert editor.page.get_by_role("radio", name="VA only").is_checked()
        assert list(one(Projects(data).parts(project.id)[0], "film")) == [key]
        editor.close()
