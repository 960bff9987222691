"""The notebook by hand: a real JupyterLab on loopback, a real browser, Run All, and the export menu."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from psykanalys.data.project import Project
from psykanalys.present.proof import NO_CODE
from psykanalys.report import params

ROOT = Path(__file__).parents[2]
COUNTY = "norrbotten"
SETTINGS = "@jupyterlab/notebook-extension/tracker.jupyterlab-settings"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab server in a copy of the project; gives its address."""
    tmp_path = tmp_path_factory.mktemp("lab")
    for part in ("params", "data/raw", "notebooks"):
        shutil.copytree(ROOT / part, tmp_path / "project" / part)
    _keep_every_cell_in_the_page(tmp_path / "settings")
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


def _keep_every_cell_in_the_page(settings: Path) -> None:
    path = settings / SETTINGS
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"windowingMode": "none"}), encoding="utf-8")


def parameter_cell() -> str:
    """The parameters that the command reads for the county, as an analyst would write them."""
    values = params.read(Project(ROOT), COUNTY).model_dump()
    return "\n".join(f"{name} = {value!r}" for name, value in values.items())


def plain(text: str) -> str:
    """The text without white space: the page has less of it between its parts."""
    return "".join(text.split())


def tables(page, selector: str) -> list[list[list[str]]]:
    read = "tables => tables.map(table => [...table.rows].map(row => [...row.cells].map(cell => cell.textContent)))"
    return [[[plain(cell) for cell in row] for row in table] for table in page.locator(selector).evaluate_all(read)]


def _run_all_cells(tab, tries: int = 5) -> None:
    """What is asked before the kernel answers is lost on a busy machine: ask until a cell is at work or done."""
    from playwright.sync_api import TimeoutError as NotYet
    from playwright.sync_api import expect

    expect(tab.get_by_text("| Idle").first).to_be_visible(timeout=120_000)
    begun = tab.locator(".jp-CodeCell .jp-InputPrompt", has_text=re.compile(r"\[(\*|\d+)\]"))
    for _ in range(tries):
        tab.get_by_role("menuitem", name="Run", exact=True).click()
        tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            begun.first.wait_for(timeout=15_000)
        except NotYet:
            continue
        return
    raise AssertionError("Run All Cells started no cell")


@pytest.fixture(scope="module")
def run_all(lab, chromium):
    """The lab's tab after the county was changed and all cells were run."""
    from playwright.sync_api import expect

    tab = chromium.new_page(viewport={"width": 1400, "height": 1000})
    tab.goto(f"{lab}/lab/tree/notebooks/county_report.ipynb")
    parameters = tab.locator(".jp-CodeCell", has_text="county = ").first
    parameters.wait_for(timeout=120_000)
    parameters.locator(".cm-content").click()
    tab.keyboard.press("Control+a")
    tab.keyboard.insert_text(parameter_cell())
    _run_all_cells(tab)
    last = tab.locator(".jp-CodeCell", has_text="report.method()").locator(".jp-OutputArea-output")
    errors = tab.locator(".jp-CodeCell .jp-OutputArea-output", has_text="Traceback (most recent call last)")
    expect(last.or_(errors).first).to_be_attached(timeout=240_000)
    assert errors.all_text_contents() == []
    return tab


def test_run_all_shows_the_values_that_are_mailed_and_the_page_can_be_exported(lab, run_all, chromium, folder):
    from browsing import keep_picture
    from playwright.sync_api import expect

    formats = json.load(urllib.request.urlopen(f"{lab}/api/nbconvert"))
    assert formats["psykanalys"] == {"output_mimetype": "text/html"}
    mailed = chromium.new_page()
    mailed.goto((folder / f"{COUNTY}.html").as_uri())
    mailed.evaluate("document.querySelectorAll('.terms').forEach(added => added.remove())")

    expect(run_all.get_by_role("heading", name=mailed.title())).to_be_visible()
    assert_outputs_are_in(run_all, plain(mailed.locator("main").text_content()))
    assert_tables_are_those_of(mailed, run_all)

    run_all.locator(".jp-CodeCell", has_text="report.summary()").scroll_into_view_if_needed()
    assert keep_picture(run_all, f"lab-{COUNTY}")
    run_all.get_by_role("menuitem", name="File", exact=True).click()
    run_all.locator(".lm-Menu-itemLabel", has_text="Save and Export Notebook").hover()
    expect(run_all.locator(".lm-Menu-itemLabel", has_text="sykanalys")).to_be_visible(timeout=30_000)


def test_run_all_warns_of_nothing(run_all):
    assert run_all.locator(".jp-CodeCell [data-mime-type$='stderr']").all_text_contents() == []


def test_figures_have_their_colours_in_the_lab_too(run_all):
    """The page's variables are not there: a colour that is only a variable is black, and a line of it is not drawn."""
    read = """shapes => shapes.map(shape => ['fill', 'stroke'].filter(paint => shape.getAttribute(paint))
        .map(paint => [shape.getAttribute(paint), getComputedStyle(shape)[paint]])).flat()"""
    paints = run_all.locator(".jp-RenderedHTML figure svg *").evaluate_all(read)
    assert paints
    undrawn = {asked for asked, shown in paints if asked != "none" and shown in ("none", "rgb(0, 0, 0)")}
    assert undrawn == set()


def assert_outputs_are_in(lab, page: str) -> None:
    """What every cell shows stands word for word in the mailed page; only the page's own code is not known before."""
    texts = [plain(text) for text in lab.locator(".jp-CodeCell .jp-RenderedHTML").all_text_contents()]
    summary = lab.locator(".jp-CodeCell", has_text="report.summary()").locator(".jp-RenderedHTML")
    assert len(plain(summary.text_content())) > 200
    assert len(texts) >= 15
    told = [part for text in texts for part in text.split(plain(NO_CODE))]
    assert [part[:80] for part in told if part not in page] == []


def assert_tables_are_those_of(mailed, lab) -> None:
    """Table by table and cell by cell, in the same order."""
    shown, sent = tables(lab, ".jp-OutputArea-output table"), tables(mailed, "main table")
    assert len(shown) == len(sent) > 5
    for one, other in zip(shown, sent, strict=True):
        assert one == other
