"""The system parts that some tests need, and how to find them."""

from __future__ import annotations

import shutil

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")


def browser() -> str | None:
    """The path of a Chromium-like browser, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def missing_parts() -> dict[str, str]:
    """Test marks whose system part is missing, with what to install."""
    return {} if browser() else {"browser": "no Chromium found (Debian: apt-get install chromium)"}
