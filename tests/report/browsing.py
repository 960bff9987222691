"""A real Chromium for the tests: started once, pages opened from disk, questions asked of what is shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from system import browser

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
CHECKS = Path(__file__).with_name("page_checks.js").read_text(encoding="utf-8")
WIDE, PHONE, ZOOMED = 1280, 390, 320  # CSS pixels; 320 is 1280 at 400 %
HEIGHT = {WIDE: 900, PHONE: 844, ZOOMED: 640}
UNFOLD = "open => document.querySelectorAll('details').forEach(part => part.open = open)"


@contextmanager
def started_chromium() -> Iterator[Browser]:
    """The system's Chromium without a window. Only one at a time in a process."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser(), args=FLAGS)
        yield chromium
        chromium.close()


@dataclass
class Tab:
    """A page in a tab of its own, with every address it asked for and everything it complained of."""

    name: str
    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def show(
        self, *, width: int = WIDE, scheme: str = "light", media: str = "screen", unfolded: bool = True, **more: Any
    ) -> Tab:
        """Show the page as it is seen so; `more` goes to the emulation of media. Every call says all anew."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT.get(width, 900)})
        self.page.emulate_media(**{"media": media, "color_scheme": scheme, "forced_colors": "none", **more})
        self.page.evaluate(UNFOLD, unfolded)
        self.page.evaluate("checks.lookAnew()")
        return self

    def check(self, name: str, *arguments: Any) -> list[Any]:
        """Ask one of the questions in page_checks.js; most answer with a list of faults."""
        return self.page.evaluate("([name, values]) => checks[name](...values)", [name, list(arguments)])

    def count_role(self, role: str) -> int:
        """How many parts of the page the browser tells a screen reader to have this role."""
        devtools = self.page.context.new_cdp_session(self.page)
        root = devtools.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
        nodes = devtools.send("Accessibility.queryAXTree", {"nodeId": root, "role": role})["nodes"]
        devtools.detach()
        return len(nodes)


def open_page(chromium: Browser, path: Path) -> Tab:
    """Open a page from disk. Its scripts (it has none) could not run before the first question."""
    tab = Tab(path.stem, chromium.new_page(viewport={"width": WIDE, "height": HEIGHT[WIDE]}))
    tab.page.on("request", lambda request: tab.requests.append(request.url))
    tab.page.on("console", lambda message: tab.complaints.append(message.text))
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.page.goto(path.as_uri())
    tab.page.evaluate(CHECKS)
    return tab


def keep_picture(page: Page, name: str) -> bytes:
    """A picture of what the viewport shows, kept where PSYKANALYS_PICTURES names a folder."""
    picture = page.screenshot()
    if folder := os.environ.get("PSYKANALYS_PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.png").write_bytes(picture)
    return picture
