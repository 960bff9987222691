"""Texts that try to be more than text: in every format of a report they come out as the words they are."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from html import escape

import openpyxl
import pandas as pd
import pypdf
import pytest
from lxml import etree, html
from typer.testing import CliRunner

import psykanalys
from data.conftest import lay_out
from psykanalys.analysis import FOCUS_AREAS
from psykanalys.cli import app
from psykanalys.data.commentary import read_commentary
from psykanalys.data.workbook import write_workbook
from psykanalys.errors import DataError
from psykanalys.export import as_text
from psykanalys.present.html import Table, Text, markup
from psykanalys.references import marked, pieces
from psykanalys.report import runner
from psykanalys.report.formats import convert
from report.in_process import copied, make, rewrite, shipped, small_project

TEXTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><svg/onload=alert(1)>",
    "</title></style></svg><b>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;lt;b&amp;gt;",
    "<!-- x --><![CDATA[y]]>",
    "javascript:alert(1)",
    "måndag onsdag = stängt",
    "href=//example.org",
    'var(--x) "var(--y)"',
    "$\\frac{1}{ $a_b$",
    '#import "x": * #eval("1")',
    "@ref \\evil *b* _i_ `c` ]",
    "{{7*7}} {% raise %} ${x}",
    "-" * 32,
    "[länk](https://example.org)",
    "<data value=r000000>9</data>",
]
COLUMNS = ("label", "name", "description", "treatment", "group_label", "view", "party", "title", "caution", "note")
DOCUMENT = "norrbotten-plan-2016"
cli = CliRunner()


def words(text: str) -> str:
    """What stands there, whatever the lines, hyphens and widths of blanks."""
    return re.sub(r"[\s\u00ad-]", "", text)


def spoil(project):
    """Put one of the texts after every free text of a county's raw rows."""
    for kind in ("goals", "units", "areas", "findings", "consultation", "observations", "activities", "targets"):

        def change(rows):
            return [
                {name: f"{cell} {TEXTS[line % len(TEXTS)]}" if name in COLUMNS and cell else cell
                 for name, cell in row.items()}
                for line, row in enumerate(rows)
            ]  # fmt: skip

        rewrite(project, f"{DOCUMENT}/{kind}", change)
    return project


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    project = small_project(tmp_path_factory.mktemp("sound"))
    return make(project, shipped(project))[0]


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory):
    return spoil(small_project(tmp_path_factory.mktemp("spoilt")))


@pytest.fixture(scope="module")
def hostile(spoilt):
    """The page and its twin of a county whose texts are hostile, and whom to ask too."""
    return make(spoilt, shipped(spoilt) | {"contact": " ".join(TEXTS)})


def shapes(page):
    tree = html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8"))
    return {(element.tag, name) for element in tree.iter(etree.Element) for name in ("", *element.attrib)}


def test_markup_in_raw_data_and_parameters_is_text_on_the_page(hostile, sound):
    page = hostile[0]
    assert shapes(page) <= shapes(sound) | {("p", "class")}
    said = words(html.document_fromstring(page).text_content())
    assert [text for text in TEXTS if words(text) not in said] == []


@pytest.mark.browser
def test_a_browser_runs_nothing_of_a_hostile_page(hostile):
    from report.browsing import started_chromium

    with started_chromium() as browser:
        shown = browser.new_page()
        met = []
        shown.on("dialog", lambda dialog: (met.append(dialog.message), dialog.dismiss()))
        shown.on("request", lambda request: met.append(request.url))
        shown.on("pageerror", lambda error: met.append(error))
        shown.set_content(hostile[0])
        assert shown.locator("script, img, svg[onload], iframe").count() == 0
        assert met == []


def read(content: bytes, form: str) -> str:
    if form == "docx":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "".join(etree.fromstring(archive.read("word/document.xml")).itertext())
    if form == "pdf":
        return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    return content.decode()


@pytest.mark.parametrize("form", ["docx", "pdf", "text"])
def test_markup_is_text_in_the_other_formats(form):
    title, *texts = TEXTS
    blocks = [Text(text).to_html() for text in texts]
    table = Table(title, texts[:2], [texts[2:4]], notes=texts[4:6]).to_html()
    page = f"<html><head></head><body><h1>{escape(title)}</h1>{table}{''.join(blocks)}</body></html>"
    said = words(read(convert(page, form, "norrbotten"), form))
    assert [text for text in TEXTS if words(text) not in said] == []


def test_markup_is_text_in_the_twin(hostile):
    figures = " ".join(figure["label"] for figure in hostile[1]["figures"])
    assert [text for text in TEXTS[:3] if text not in figures] == []


def test_drawings_hold_hostile_labels_as_text(spoilt):
    report = psykanalys.load("norrbotten", project=spoilt)
    first, *others = report.figures
    for figure in (first, *others):
        root = etree.fromstring(figure.svg().encode())
        assert {etree.QName(element).localname for element in root.iter(etree.Element)} <= {
            "svg", "title", "desc", "rect", "path", "text", "circle",
        }  # fmt: skip
        assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
        assert figure is not first or figure.png().startswith(b"\x89PNG")


def test_the_index_shows_names_and_messages_as_text(tmp_path, hostile):
    page = tmp_path / "norrbotten.html"
    page.write_text(hostile[0], encoding="utf-8")
    outcomes = [
        runner.Outcome("norrbotten", True, page, made=(page,)),
        runner.Outcome("<script>alert(1)</script>", False, tmp_path),
    ]
    index = runner.write_index(tmp_path, outcomes).read_text(encoding="utf-8")
    tree = html.document_fromstring(index)
    assert not tree.xpath("//script | //img | //svg//*[not(self::path)] | //svg/@onload")
    assert "<script>alert(1)</script>" in tree.text_content()


def test_column_names_cannot_leave_the_style_sheet():
    from psykanalys.report.exporter import with_column_names

    table = Table("T", ["A", "</style><img src=x>\n}*{color:red"], [["1", "2"]]).to_html()
    style = with_column_names(f"<style></style>{table}").partition("</style>")[0]
    assert "<img" not in style
    assert "\n}" not in style.partition("::before")[2]


@pytest.mark.parametrize("ref", ['"><b x=', "a b=c d", "r00000\x00"])
def test_private_characters_cannot_become_markup(ref):
    forged = "".join(chr(0xE100 + ord(letter)) for letter in ref) + "x\ue000"
    assert markup(Text(forged).text) == "x"
    assert "".join(text for _, text in pieces(forged)) == "x"
    assert markup(marked("r12ab34", "5")) == '<data value="r12ab34">5</data>'


UNSEEN = ["\x1b[31m", "\x00", "\x07", "\u202e", "\u2066", "\u200b", "\ufeff", "\ue100", "\u2028", "\U000e0041"]


@pytest.fixture
def small(tmp_path, monkeypatch):
    laid = lay_out(tmp_path / "project")
    monkeypatch.chdir(laid.root)
    return laid


def faults(*arguments):
    result = cli.invoke(app, ["check", *arguments])
    assert result.exit_code == 1, result.output
    return result.stdout


@pytest.mark.parametrize("character", UNSEEN, ids=lambda text: f"U+{ord(text[0]):04X}")
def test_characters_that_are_not_seen_are_refused(small, character):
    small.set("goals", 2, label=f"Mål{character}mer")
    told = faults()
    assert "goals.csv:2:label" in told or "a NUL character" in told
    assert not any(mark in told for mark in UNSEEN)


def test_what_a_terminal_would_obey_is_told_as_its_escape(small):
    small.path("goals").with_name("x\x1b]0;y\x07.csv").write_text("a\n")
    told = faults()
    assert "\x1b" not in told
    assert "\\u001b" in told


FORMULAS = ["=cmd|' /C calc'!A0", "@SUM(1)", "+1+cmd|x", "-2+3+cmd|' /C calc'!A0", " =1+1"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_in_raw_data_is_refused(small, formula):
    small.set("goals", 2, label=formula)
    assert "begins as a formula" in faults()


def test_a_number_or_a_dash_is_no_formula(small):
    small.set("goals", 2, label="– 5 procent färre")
    small.set("observations", 2, caution="-5 %")
    assert cli.invoke(app, ["check"]).exit_code == 0


@pytest.mark.parametrize("kind", ["string", "object"])
def test_formulas_in_tables_for_excel_are_text(kind):
    table = pd.DataFrame({"=name": pd.Series([*FORMULAS, "\tx", "\r=x", "-5", "−3"], dtype=kind)})
    rows = list(csv.reader(io.StringIO(as_text(table, "csv", excel=True), newline=""), delimiter=";"))
    assert [row[0][0] for row in rows] == ["'"] * 8 + ["-", "−"]


def test_formulas_in_a_workbook_are_text(tmp_path):
    path = tmp_path / "plan.xlsx"
    rows = pd.DataFrame([{"id": "a-b", "label": formula} for formula in FORMULAS])
    write_workbook(path, {"goals": rows})
    book = openpyxl.load_workbook(path)
    cells = [cell for row in book["Mål"].iter_rows() for cell in row if cell.value in FORMULAS]
    assert len(cells) == len(FORMULAS)
    assert {cell.data_type for cell in cells} == {"s"}


@pytest.mark.parametrize(
    "text",
    [
        "import os; os.system('touch owned')",
        '"); __import__("os").system("touch owned") #',
        '"""\n__import__("os").system("touch owned")\n"""',
        "a\nb = 1",
        "\\",
        "{contact!r}",
    ],
)
def test_a_parameter_that_is_code_is_text(text, tmp_path):
    """papermill's own cell, run as the kernel runs it."""
    from papermill.translators import PythonTranslator

    cell = PythonTranslator.codify({"contact": text})
    namespace: dict[str, object] = {}
    exec(cell, namespace)
    assert namespace["contact"] == text
    report = Text(str(namespace["contact"])).to_html()
    assert html.fromstring(report).text_content() == text


def test_a_commentary_is_text_or_refused(tmp_path):
    project = copied(tmp_path)
    path = tmp_path / "ord.md"
    signed = '---\nauthor: "A <b>"\nrole: r\ndate: 2026-11-20\n---\n## 1\n'
    path.write_text(f"{signed}1 < 2 & #import @x $y$ {{{{7·7}}}}\n", encoding="utf-8")
    shown = psykanalys.load("norrbotten", project=project, commentary="ord.md").focus_area(1).to_html()
    assert "1 &lt; 2 &amp; #import @x $y$ {{7·7}}" in shown
    assert "A &lt;b&gt;, r" in shown
    for bad in ("<script>", "[x](javascript:y)", "http://x", "\u202e", "&a [*a]"):
        path.write_text(f"{signed}{bad}\n" if bad[0] != "&" else signed.replace('"A <b>"', bad), encoding="utf-8")
        with pytest.raises(DataError):
            read_commentary(path, "25", FOCUS_AREAS)
