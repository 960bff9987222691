"""The notebook by hand: a real JupyterLab on loopback, a real browser, Run All, and the export menu."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from system import browser

ROOT = Path(__file__).parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]

pytestmark = pytest.mark.browser


@pytest.fixture
def lab(tmp_path):
    """A JupyterLab server in a copy of the project; gives its address."""
    for part in ("params", "data/raw", "notebooks"):
        shutil.copytree(ROOT / part, tmp_path / "project" / part)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=",
        f"--ServerApp.root_dir={tmp_path / 'project'}", f"--LabApp.user_settings_dir={tmp_path / 'settings'}",
        f"--LabApp.workspaces_dir={tmp_path / 'workspaces'}",
    ]  # fmt: skip
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    _wait_for(f"{address}/api/status")
    yield address
    server.terminate()
    server.wait(20)


def _wait_for(address: str, tries: int = 120) -> None:
    for _ in range(tries):
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError(f"{address} did not answer")


def test_run_all_shows_the_county_that_was_chosen_and_the_page_can_be_exported(lab):
    from playwright.sync_api import expect, sync_playwright

    formats = json.load(urllib.request.urlopen(f"{lab}/api/nbconvert"))
    assert formats["psykanalys"] == {"output_mimetype": "text/html"}
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser(), args=FLAGS)
        tab = chromium.new_page(viewport={"width": 1400, "height": 1000})
        tab.goto(f"{lab}/lab/tree/notebooks/county_report.ipynb")
        parameters = tab.locator(".jp-CodeCell", has_text="county = ").first
        parameters.wait_for(timeout=120_000)
        parameters.locator(".cm-content").click()
        tab.keyboard.press("Control+a")
        tab.keyboard.insert_text('county = "norrbotten"\ncontact = "Registratorn"\nmessages = 4\nall_figures = True')
        tab.get_by_role("menuitem", name="Run", exact=True).click()
        tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        expect(tab.get_by_role("heading", name="Psykisk hälsa i Norrbotten")).to_be_visible(timeout=120_000)
        tab.get_by_role("menuitem", name="File", exact=True).click()
        tab.locator(".lm-Menu-itemLabel", has_text="Save and Export Notebook").hover()
        expect(tab.locator(".lm-Menu-itemLabel", has_text="sykanalys")).to_be_visible(timeout=30_000)
        chromium.close()
