"""The three reports as they are mailed: made by the command, read as files, opened in a real browser."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from psykanalys.analysis import FOCUS_AREAS
from psykanalys.report import unchanged
from system import browser

ROOT = Path(__file__).parents[2]
NAMES = ("gavleborg", "norrbotten", "vasterbotten")
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def psykanalys(*arguments, cwd=ROOT):
    command = [sys.executable, "-m", "psykanalys", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(params=NAMES)
def page(request, folder):
    return (folder / f"{request.param}.html").read_text(encoding="utf-8")


class Outline(HTMLParser):
    """Headings, tables and figures of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.headings, self.stack, self.tables, self.figures, self.attributes = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.tables.append({"caption": 0, "col": 0, "row": 0})
        if tag in {"caption", "th"} and self.tables:
            self.tables[-1][tag if tag == "caption" else dict(attrs).get("scope", "none")] += 1
        if tag == "svg":
            self.figures.append(dict(attrs))


def test_each_covers_the_five_focus_areas_under_their_official_names(page):
    headings = re.findall(r'<h2 id="?avsnitt-\d[^>]*>(.*?)</h2>', page)
    assert headings == [f"{number} {name}" for number, name in FOCUS_AREAS.items()]


def test_each_is_swedish_with_one_title_and_headings_in_order(page):
    outline = Outline(page)
    assert re.search(r'<html lang="?sv"?>', page)
    assert outline.headings.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(outline.headings, outline.headings[1:], strict=False))
    assert re.search(r"<title>Psykisk hälsa i \w+</title>", page)


def test_each_holds_no_script_and_no_address(page):
    assert "<script" not in page
    assert "http" not in page
    assert len(page.encode()) < 400_000


def test_each_table_has_a_caption_and_scoped_headers(page):
    tables = Outline(page).tables
    assert tables
    assert all(
        table["caption"] == 1 and table["col"] >= 2 and table["row"] >= 1 and "none" not in table for table in tables
    )


def test_each_figure_says_its_numbers_in_words(page):
    figures = Outline(page).figures
    assert figures
    for figure in figures:
        assert figure["role"] == "img"
        assert len(re.findall(r"\d", figure["aria-label"])) >= 3


def test_no_missing_value_leaks_through(page):
    text = re.sub(r"<[^>]+>", " ", page)
    assert not re.search(r"\b(nan|NaN|None|<NA>|NA|inf)\b", text)


def test_numbers_have_a_decimal_comma(page):
    shown = re.sub(r"<style>.*?</style>|<(?:path|use|text|g|rect)\b[^>]*>", "", page, flags=re.DOTALL)
    assert not re.findall(r"\d\.\d+\s?(?:%|per|mnkr|procent|kr\b)", shown)


def test_counts_are_those_of_the_documents(folder):
    page = (folder / "vasterbotten.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    for figure in (
        "28 av 39",
        "29 av 39",
        "27 av 39",
        "35 av 39",
        "9 av 15",
        "15 av 15",
        "26 av 38",
        "11 av 31",
        "18 av 31",
    ):
        assert figure in page, figure
    page = (folder / "norrbotten.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    for figure in ("137,21 per 100 000", "12 av 14", "57 självmord", "26 av 57"):
        assert figure in page, figure


def test_the_index_lists_the_three_and_links_them(folder):
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert [f'href="{name}.html"' in index for name in NAMES] == [True] * 3
    assert index.count("<li>") == 3
    assert index.count("Det går inte att säga om något av planens") == 3


def test_running_one_county_again_keeps_the_others_in_the_index(folder):
    assert psykanalys("report", "norrbotten", "--out", folder, "--param", "messages=2").returncode == 0
    assert all(f'href="{name}.html"' in (folder / "index.html").read_text(encoding="utf-8") for name in NAMES)
    assert psykanalys("report", "norrbotten", "--out", folder).returncode == 0


def test_nothing_half_written_is_left(folder):
    assert sorted(path.name for path in folder.iterdir() if path.name != unchanged.FOLDER) == [
        *sorted(["index.html", *(f"{name}.{ending}" for name in NAMES for ending in ("html", "json"))])
    ]


def test_one_county_failing_leaves_the_others_standing(tmp_path, folder):
    import json
    import shutil

    for part in ("params", "data/raw", "notebooks"):
        shutil.copytree(ROOT / part, tmp_path / part)
    path = tmp_path / "notebooks" / "county_report.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(cell for cell in notebook["cells"] if cell["id"] == "plan")
    cell["source"] = "assert county != 'norrbotten', 'the plan is on fire'\nreport.plan()"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    done = psykanalys("report", "gavleborg", "norrbotten", cwd=tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "reports" / "gavleborg.html").is_file()
    assert not (tmp_path / "reports" / "norrbotten.html").exists()
    assert (tmp_path / "reports" / "norrbotten.failed.ipynb").is_file()
    assert "failed: norrbotten — AssertionError: the plan is on fire" in done.stderr
    assert "Traceback" not in done.stderr
    assert "kunde inte göras om" in (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")


def test_one_misspelt_parameter_file_leaves_the_other_counties_standing(tmp_path):
    import shutil

    for part in ("params", "data/raw", "notebooks"):
        shutil.copytree(ROOT / part, tmp_path / part)
    (tmp_path / "params" / "gavleborg.yaml").write_text("county: gavleborg\ncontcat: x\n", encoding="utf-8")
    (tmp_path / "params" / "vasterbotten.yaml").unlink()
    done = psykanalys("report", cwd=tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "reports" / "norrbotten.html").is_file()
    assert "failed: gavleborg — params/gavleborg.yaml: contcat: unknown parameter" in done.stderr


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = psykanalys("report", "norrbotten", "--out", tmp_path / "file" / "reports")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "choose another place" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["atlantis"], "'atlantis' is no known area"),
        (["skane"], "skane.yaml: no such parameter file — there are: gavleborg, norrbotten, vasterbotten"),
        (["gavleborg", "--param", "mesages=3"], "mesages: unknown parameter — did you mean 'messages'?"),
        (["gavleborg", "--param", "messages=many"], "messages: 'many' cannot be used"),
        (["gavleborg", "--param", "county=norrbotten"], "county: cannot be overridden"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_runs(tmp_path, arguments, said):
    done = psykanalys("report", *arguments, "--out", tmp_path / "out")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_plain_papermill_and_nbconvert_give_the_same_page(tmp_path, folder):
    tools = Path(sys.executable).parent
    files = [argument for name in ("common", "norrbotten") for argument in ("-f", f"params/{name}.yaml")]
    executed = tmp_path / "out.ipynb"
    notebook = ROOT / "notebooks" / "county_report.ipynb"
    run = {"cwd": ROOT, "check": True, "capture_output": True}
    subprocess.run([tools / "papermill", notebook, executed, *files, "--no-progress-bar"], **run)
    subprocess.run([tools / "jupyter", "nbconvert", "--to", "psykanalys", executed], **run)
    assert (tmp_path / "out.html").read_text(encoding="utf-8") == (folder / "norrbotten.html").read_text(
        encoding="utf-8"
    )


def test_plain_papermill_refuses_a_misspelt_parameter(tmp_path):
    papermill = Path(sys.executable).parent / "papermill"
    arguments = [ROOT / "notebooks" / "county_report.ipynb", tmp_path / "out.ipynb", "-r", "conuty", "gavleborg"]
    done = subprocess.run([papermill, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "conuty: unknown parameter — did you mean 'county'?" in done.stderr


@pytest.mark.browser
@pytest.mark.parametrize("name", [*NAMES, "index"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_a_real_browser_asks_for_nothing_and_needs_no_sideways_scrolling(folder, name, width):
    from playwright.sync_api import sync_playwright

    asked: list[str] = []
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser(), args=CHROMIUM_FLAGS)
        tab = chromium.new_page(viewport={"width": width, "height": 844})
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto((folder / f"{name}.html").as_uri())
        tab.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        overflow = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        title = tab.title()
        chromium.close()
    assert asked == [(folder / f"{name}.html").as_uri()]
    assert overflow <= 0
    assert title.startswith("Psykisk hälsa i")
