"""What the tests of reports share: the pages as the command makes them, and a browser to open them in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The pages of all counties and their index, made once by the command."""
    out = tmp_path_factory.mktemp("reports")
    command = [sys.executable, "-m", "psykanalys", "report", "--out", str(out), "--project", str(ROOT)]
    done = subprocess.run(command, cwd=out, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium, started once per module."""
    from browsing import started_chromium

    with started_chromium() as browser:
        yield browser
