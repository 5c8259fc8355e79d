"""Somebody at the page: the server that they come to, and what they can do there."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "demo" / "sample.mp4"
LIMIT_MB = 8
GRACE_S = 2
PATIENCE_MS = 240_000
"""A busy machine may take this long; a step that works ends as soon as it is done."""
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
)
QUIET += (
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


USUAL = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "accept_downloads": True}


@dataclass(frozen=True)
class Server:
    url: str
    pid: int
    temporary: Path
    """Where it makes its temporary files."""

    def sessions(self) -> list[Path]:
        """The temporary folders of the desks in use."""
        return [
            f
            for root in self.temporary.glob("leitmotif-page-*")
            for f in root.iterdir()
            if f.is_dir()
        ]

    def kept(self) -> list[Path]:
        """The films that it keeps for later visits."""
        return [f for f in (self.temporary / "kept").rglob("*") if f.suffix == ".mp4"]


class Visit:
    """One person at the page, in a browser session of their own.

    They look before they act: every act here waits for what it visibly does, so that the next
    one meets the page as a person would.
    """

    def __init__(self, browser, server: Server, desk: str | None = None, **context) -> None:
        self.desk = desk or uuid.uuid4().hex
        self.context = browser.new_context(**USUAL | context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.elsewhere: list[str] = []
        """Addresses on other machines that the page asked for."""
        self._asked = self._running = True
        self.page.on("request", self._note)
        self.page.on("websocket", self._listen)
        self.page.goto(f"{server.url}/?desk={self.desk}")
        self.rest()

    def _note(self, request) -> None:
        if not request.url.startswith(("http://localhost:", "ws://localhost:", "data:", "blob:")):
            self.elsewhere.append(request.url)

    def _listen(self, socket) -> None:
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, frame: bytes | str) -> None:
        if isinstance(frame, bytes) and BackMsg.FromString(frame).HasField("rerun_script"):
            self._asked = True

    def _received(self, frame: bytes | str) -> None:
        kind = ForwardMsg.FromString(frame).WhichOneof("type") if isinstance(frame, bytes) else None
        if kind == "new_session":
            self._asked, self._running = False, True
        elif kind == "script_finished":
            self._running = False

    # ---------------------------------------------------------------- looking

    def wait_for(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for()

    def wait_for_tracks(self) -> None:
        """The list of the full look stands, every player is there, and the page is at rest."""
        self.page.locator(".lm .title").first.wait_for()
        self.page.locator(".st-key-first_look").wait_for(state="detached")
        self.page.locator("audio").first.wait_for()
        self.rest()

    def wait_for_catalogue(self, name: str) -> None:
        """The catalogue chosen has this name."""
        from playwright.sync_api import expect

        expect(self.page.get_by_role("combobox", name="Catalogue")).to_have_value(
            name, timeout=PATIENCE_MS
        )
        self.rest()

    def rest(self) -> None:
        """Until every redraw that the page asked for has come to its end and is shown.

        Not the sign of work in its corner: that comes late, so that short redraws do not flicker.
        """
        self.page.locator("input[type=file]").first.wait_for(state="attached")
        end = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < end:
            self.page.wait_for_function(_CALM)
            self.page.wait_for_timeout(60)  # lets what is on its way be heard
            if not (self._asked or self._running) and self.page.evaluate(_CALM):
                return
        raise AssertionError("the page does not come to rest")

    def tracks(self) -> list[str]:
        return self.page.locator(".lm .title").all_text_contents()

    def wait_for_other_tracks(self, before: list[str]) -> list[str]:
        self.page.wait_for_function(
            "before => { const all = document.querySelectorAll('.lm .title');"
            "const now = [...all].map(e => e.textContent);"
            "return now.length && JSON.stringify(now) != JSON.stringify(before) }",
            arg=before,
        )
        self.rest()
        return self.tracks()

    # ---------------------------------------------------------------- acting

    def give_film(self, *files) -> None:
        """Give files to the field for videos, each a path or (name, bytes).

        What the page makes of them is awaited by the caller.
        """
        self._give("video", files)

    def give_catalogue(self, file) -> None:
        """Give a table to the field for catalogues; likewise."""
        self._give("catalogue", [file])

    def give_scene(self, file) -> None:
        """Give a picture or an edit to the field of the Scenes tab; likewise."""
        self._give("scene", [file])

    def _give(self, what: str, files) -> None:
        self.rest()  # a field that is about to be drawn anew would lose them
        payload = [
            f
            if isinstance(f, Path)
            else {"name": f[0], "mimeType": "application/octet-stream", "buffer": f[1]}
            for f in files
        ]
        self.page.locator(f"[class*=st-key-{what}_upload] input[type=file]").set_input_files(
            payload
        )

    def choose(self, name: str) -> None:
        """Click one of several choices, and see it taken."""
        from playwright.sync_api import expect

        choice = self.page.get_by_role("radio", name=name)
        choice.click()
        expect(choice).to_be_checked(timeout=PATIENCE_MS)
        self.rest()

    def turn_to(self, tab: str) -> None:
        """Open one of the two views of the page."""
        from playwright.sync_api import expect

        view = self.page.get_by_role("tab", name=tab)
        view.click()
        expect(view).to_have_attribute("aria-selected", "true", timeout=PATIENCE_MS)
        self.rest()

    def remove_film(self) -> None:
        """Take the only video away again."""
        self.page.get_by_role("button", name="Remove this video").click()
        self.wait_for("Drop a video in")
        self.rest()

    def close(self) -> None:
        self.context.close()


_CALM = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  return app && app.dataset.testScriptState == 'notRunning'
    && app.dataset.testConnectionState == 'CONNECTED'
    && !document.querySelector('[data-stale=true], [aria-label^="Cancel upload"]')
    && ![...document.querySelectorAll('.sliders')].some((sliders) => sliders.flying);
}"""
