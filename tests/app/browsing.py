"""Somebody at the page: the server that they come to, and what they can do there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "demo" / "sample.mp4"
LIMIT_MB = 8
GRACE_S = 2
PATIENCE_MS = 240_000
"""A busy machine may take this long; a step that works ends as soon as it is done."""
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
QUIET += ("--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required")


USUAL = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "accept_downloads": True}


@dataclass(frozen=True)
class Server:
    url: str
    pid: int
    temporary: Path
    """Where it makes its temporary files."""

    def sessions(self) -> list[Path]:
        """The folders of the sessions that it holds."""
        return [f for root in self.temporary.glob("leitmotif-page-*") for f in root.iterdir() if f.is_dir()]


class Visit:
    """One person at the page, in a browser session of their own."""

    def __init__(self, browser, server: Server, **context) -> None:
        self.context = browser.new_context(**USUAL | context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.elsewhere: list[str] = []
        """Addresses on other machines that the page asked for."""
        self.page.on("request", self._note)
        self.page.goto(server.url)
        self.page.locator("input[type=file]").first.wait_for(state="attached")

    def _note(self, request) -> None:
        if not request.url.startswith(("http://localhost:", "ws://localhost:", "data:", "blob:")):
            self.elsewhere.append(request.url)

    def upload(self, *files, into: int = -1) -> None:
        """Give files to an upload field; each a path or (name, bytes). The last field is the one for videos."""
        self.rest()  # a field that is about to be drawn anew would lose them
        payload = [f if isinstance(f, Path) else {"name": f[0], "mimeType": "application/octet-stream", "buffer": f[1]} for f in files]
        self.page.locator("input[type=file]").nth(into).set_input_files(payload)

    def wait_for(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for()

    def wait_for_tracks(self) -> None:
        """The list stands, every player is there, and the page is at rest."""
        self.page.locator(".lm .title").first.wait_for()
        self.page.locator("audio").first.wait_for()
        self.rest()

    def rest(self) -> None:
        self.page.wait_for_function(
            "!document.querySelector('[data-testid=stStatusWidget]') && !document.querySelector('[data-stale=true]')"
        )

    def tracks(self) -> list[str]:
        return self.page.locator(".lm .title").all_inner_texts()

    def wait_for_other_tracks(self, before: list[str]) -> list[str]:
        self.page.wait_for_function(
            "before => { const now = [...document.querySelectorAll('.lm .title')].map(e => e.innerText);"
            "return now.length && JSON.stringify(now) != JSON.stringify(before) }",
            arg=before,
        )
        self.rest()
        return self.tracks()

    def close(self) -> None:
        self.context.close()
