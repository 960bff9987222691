"""The report as PDF, as a Word document and as text: the page's content, readable by machines, the same every time."""

from __future__ import annotations

import base64
import copy
import hashlib
import io
import os
import re
import subprocess
import sys
import zipfile
from collections import Counter
from functools import cached_property
from pathlib import Path

import docx
import numpy as np
import pandas as pd
import pypdf
import pytest
from docx.oxml.ns import qn
from lxml import etree, html
from matplotlib.figure import Figure as Canvas
from typer.testing import CliRunner

from psykanalys.cli import app
from psykanalys.errors import PsykanalysError, ReportError
from psykanalys.present.words import LOOKS
from psykanalys.report import runner, unchanged
from psykanalys.report.document import (
    Contents,
    FigureBlock,
    Heading,
    Items,
    Paragraph,
    Preformatted,
    Room,
    TableBlock,
    column_widths,
    parse,
    plain,
)  # fmt: skip
from psykanalys.report.formats import ENDINGS, FORMATS, convert

ROOT = Path(__file__).parents[2]
NAMES = ("gavleborg", "norrbotten", "vasterbotten")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("formats")
    formats = [argument for form in FORMATS for argument in ("--format", form)]
    command = [sys.executable, "-m", "psykanalys", "report", "--out", out, "--project", ROOT, *formats]
    done = subprocess.run([str(part) for part in command], cwd=out, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module", params=NAMES)
def report(request, folder):
    return Report(folder, request.param)


class Report:
    """One county's report in all formats, each read by a reader of its own."""

    def __init__(self, folder: Path, name: str):
        self.path = folder / name
        self.page = (folder / f"{name}.html").read_text(encoding="utf-8")
        self.tree = html.document_fromstring(self.page.encode(), parser=html.HTMLParser(encoding="utf-8"))
        self.pdf = pypdf.PdfReader(folder / f"{name}.pdf")
        self.word = docx.Document(str(folder / f"{name}.docx"))
        self.text = (folder / f"{name}.txt").read_text(encoding="utf-8")

    def texts(self, *tags: str) -> list[str]:
        return [_squeezed("".join(element.itertext())) for element in self.tree.iter(*tags)]

    @cached_property
    def pages(self) -> list[str]:
        return [page.extract_text() for page in self.pdf.pages]

    @cached_property
    def structure(self) -> list[pypdf.generic.DictionaryObject]:
        return list(_elements(self.pdf.trailer["/Root"]["/StructTreeRoot"]))


def _elements(node):
    node = node.get_object()
    if isinstance(node, list):
        for part in node:
            yield from _elements(part)
    elif isinstance(node, dict):
        if "/S" in node:
            yield node
        if "/K" in node:
            yield from _elements(node["/K"])


def _squeezed(text: str) -> str:
    """Text without what a line break changes."""
    return re.sub(r"[\s\u00ad\u2010-]", "", text)


def _drawings(report: Report) -> list[str]:
    return [svg.get("aria-label") for svg in report.tree.iter("svg") if svg.get("role") == "img"]


def test_the_tree_holds_the_whole_page_in_its_order(report):
    body = copy.deepcopy(report.tree.find("body"))
    summaries = {_squeezed(summary.text_content()) for summary in body.iter("summary")}
    for element in [*body.iter("summary", "svg", "nav"), *body.find_class("skip")]:
        element.drop_tree()
    document = parse(report.page)
    blocks = [block for block in document.blocks if not _is_summary(block, summaries)]
    texts = [document.title, *(text for block in blocks for text in _block_texts(block))]
    assert _squeezed("".join(texts)) == _squeezed("".join(body.itertext()))


def _is_summary(block, summaries):
    """A heading that a summary became: it opens what has no caption of its own."""
    return isinstance(block, Heading) and _squeezed(plain(block.runs)) in summaries


def _block_texts(block):
    if isinstance(block, TableBlock):
        yield plain(block.caption)
        yield from (plain(line) for row in (*block.head, *block.body) for cell in row for line in cell.lines)
        yield from (plain(note) for note in block.notes)
    elif isinstance(block, FigureBlock):
        yield from (plain(block.title), plain(block.source))
    elif isinstance(block, Items):
        yield from (text for item in block.items for part in item for text in _block_texts(part))
    elif hasattr(block, "blocks"):
        yield from (text for part in block.blocks for text in _block_texts(part))
    elif not isinstance(block, Contents):
        yield plain(block.runs)


def test_the_pdf_is_tagged_swedish_and_titled(report):
    root = report.pdf.trailer["/Root"]
    assert root["/Lang"] == "sv"
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value is True
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert report.pdf.metadata.title == plain_title(report)
    assert report.pdf.metadata.author is None
    assert "pdfuaid:part" in root["/Metadata"].get_data().decode()


def plain_title(report: Report) -> str:
    return report.tree.findtext("head/title")


def test_the_pdf_has_no_date_and_only_the_packages_fonts(report):
    assert not {"/CreationDate", "/ModDate"} & set(report.pdf.metadata)
    fonts = {
        str(font.get_object()["/BaseFont"]).split("+")[1]
        for page in report.pdf.pages
        for font in page["/Resources"].get("/Font", {}).values()
    }
    assert {re.match(r"LibertinusSerif|DejaVuSans|", font)[0] for font in fonts} == {"LibertinusSerif", "DejaVuSans"}


def test_the_bookmarks_are_the_sections(report):
    titles = [_squeezed(entry.title) for entry in report.pdf.outline if not isinstance(entry, list)]
    assert titles == report.texts("h2")


def test_tables_and_figures_are_as_many_in_every_format(report):
    kinds = Counter(element["/S"] for element in report.structure)
    tables = len(list(report.tree.iter("table")))
    assert tables > 10
    assert (kinds["/Table"], len(report.word.tables)) == (tables, tables)
    assert (kinds["/Figure"], len(report.word.inline_shapes)) == (len(_drawings(report)),) * 2
    assert kinds["/TH"] == sum(cell.getparent().getparent().tag == "thead" for cell in report.tree.iter("th"))


def test_every_table_keeps_its_cells_in_their_columns(report):
    shapes = [
        (len(list(table.iter("tr"))), max(len(row) for row in table.iter("tr"))) for table in report.tree.iter("table")
    ]
    assert [(len(table._tbl.tr_lst), len(table.columns)) for table in report.word.tables] == shapes
    rows = [element for element in report.structure if element["/S"] == "/TR"]
    assert len(rows) == sum(rows for rows, _ in shapes)
    assert sum(len(row["/K"]) for row in rows) == sum(rows * columns for rows, columns in shapes)


def test_every_figure_says_its_numbers_in_words(report):
    alternatives = _drawings(report)
    assert alternatives
    assert [element["/Alt"] for element in report.structure if element["/S"] == "/Figure"] == alternatives
    assert [shape._inline.docPr.get("descr") for shape in report.word.inline_shapes] == alternatives


def test_every_heading_and_caption_stands_in_the_pdf_and_the_word_document(report):
    wanted = report.texts("h1", "h2", "h3", "h4", "caption", "figcaption")
    in_pdf = _squeezed("".join(report.pages))
    in_word = {_squeezed(paragraph.text) for paragraph in report.word.paragraphs}
    assert [text for text in wanted if text not in in_pdf] == []
    assert [text for text in wanted if text not in in_word] == []


def test_every_page_tells_its_number(report):
    for number, text in enumerate(report.pages, 1):
        assert f"Sida {number} av {len(report.pages)}" in text


def test_nothing_is_written_beyond_the_pages_edge(report):
    for page in report.pdf.pages[2:6]:
        places: list[tuple[float, float]] = []
        page.extract_text(visitor_text=lambda text, cm, tm, *_, to=places: to.append((tm[4], len(text))))
        assert all(x <= float(page.mediabox.width) - 56 for x, length in places if length > 0)


def test_the_word_document_has_real_headings_and_is_swedish(report):
    paragraphs = report.word.paragraphs
    styled = {level: [_squeezed(p.text) for p in paragraphs if p.style.name == f"Heading {level}"] for level in (1, 2)}
    assert styled[1] == report.texts("h2")
    assert set(report.texts("h3")) <= set(styled[2])
    assert paragraphs[0].style.name == "Title"
    assert report.word.core_properties.title == plain_title(report)
    languages = {element.get(qn("w:val")) for element in report.word.styles.element.iter(qn("w:lang"))}
    assert languages == {"sv-SE"}
    assert report.word.settings.element.find(qn("w:themeFontLang")).get(qn("w:val")) == "sv-SE"


def test_the_word_documents_tables_repeat_their_heads_and_keep_rows_whole(report):
    for table in report.word.tables:
        first, *others = table._tbl.tr_lst
        assert first.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
        assert not any(row.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for row in others)
        short = [row for row in others if len("".join(row.itertext())) <= 400]
        assert all(row.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is not None for row in short)
        assert sum(column.width for column in table.columns) <= 170.5 * 36000


def test_numbers_stand_to_the_right_in_every_format(report):
    document = parse(report.page)
    tables = [block for block in document.all_blocks() if isinstance(block, TableBlock)]
    marked = [
        {place for place, cell in enumerate(table.xpath("thead/tr[last()]/th")) if "number" in cell.get("class", "")}
        for table in report.tree.iter("table")
    ]
    assert any(marked)
    assert [set(table.numeric) for table in tables] == marked
    for table, numeric in zip(report.word.tables, marked, strict=True):
        cells = table._tbl.tr_lst[-1].tc_lst
        right = {place for place, cell in enumerate(cells) if cell.find(f".//{qn('w:jc')}") is not None}
        assert right == numeric


def test_the_word_document_is_well_formed_and_has_no_times(report):
    with zipfile.ZipFile(f"{report.path}.docx") as package:
        assert package.testzip() is None
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for name in package.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(package.read(name))
        identities = re.findall(rb'<wp:docPr id="(\d+)"', package.read("word/document.xml"))
        assert len(identities) == len(set(identities))


def test_the_text_has_the_message_and_fits_a_mail(report):
    lines = report.text.splitlines()
    assert max(map(len, lines)) <= 78
    assert lines[0] == plain_title(report)
    answers = report.tree.xpath("(//p[contains(@class, 'lead')])[1] | //h3[following::nav] | //li[following::nav]")
    assert len(answers) > 5
    told = _squeezed(report.text)
    assert [text for text in (_squeezed(part.text_content()) for part in answers) if text not in told] == []
    others = ", ".join(f"{report.path.name}{ENDINGS[form]}" for form in ("html", "pdf", "docx"))
    assert lines[-1] == f"Hela rapporten: {others}"


def test_the_texts_table_stands_in_columns(report):
    lines = report.text.splitlines()
    rule = next(place for place, line in enumerate(lines) if re.fullmatch(r"(?:-+ {2})+-+", line))
    ends = [match.end() for match in re.finditer(r"-+", lines[rule])]
    first = next(line for line in lines[rule + 1 :] if line.startswith("1 "))
    numbers = [match.end() for match in re.finditer(r"\d+", first)][1:]
    assert numbers == ends[1:]


@pytest.mark.parametrize("form", ["pdf", "docx", "text"])
def test_another_process_in_another_time_zone_gives_the_same_bytes(folder, form, tmp_path):
    program = (
        "import sys, pathlib; from psykanalys.report.formats import FORMATS, convert; "
        "page = pathlib.Path(sys.argv[1]).read_text(encoding='utf-8'); "
        "sys.stdout.buffer.write(convert(page, sys.argv[2], 'norrbotten', FORMATS))"
    )
    arguments = [sys.executable, "-c", program, str(folder / "norrbotten.html"), form]
    elsewhere = os.environ | {"TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1"}
    made = subprocess.run(arguments, env=elsewhere, cwd=tmp_path, capture_output=True, check=True).stdout
    before = (folder / f"norrbotten{ENDINGS[form]}").read_bytes()
    assert hashlib.sha256(made).hexdigest() == hashlib.sha256(before).hexdigest()


def test_only_whole_files_are_left(folder):
    wanted = {f"{name}{ending}" for name in NAMES for ending in (*ENDINGS.values(), ".json")} | {"index.html"}
    assert {path.name for path in folder.iterdir()} == wanted | {unchanged.FOLDER}


# pages that an analyst may make


def made(*parts: str, head: str = "") -> str:
    return f"<!doctype html><html lang=sv><title>T</title>{head}<body><main><h1>Titel</h1>{''.join(parts)}</main>"


def pdf_text(page: str) -> str:
    return "\n".join(part.extract_text() for part in pypdf.PdfReader(io.BytesIO(convert(page, "pdf", "x"))).pages)


def word_text(page: str) -> str:
    document = docx.Document(io.BytesIO(convert(page, "docx", "x")))
    return "\n".join(node.text for node in document.element.body.iter(qn("w:t"), qn("w:br")) if node.text)


HOSTILE = [
    '#panic("x")', "#let x = 1", "$1 + 1$", "*fet*", "_kursiv_", "`kod`", "<etikett>", "@ref", "\\u{41}", "~~",
    "// bort", "/* bort */", "= rubrik", "- punkt", "+ punkt", "\"citat\" 'citat'", "]; }", "#(",
    "https://exempel.se", "😀 🧠", "a -- b --- c ...", "&amp;amp;", "{{ mall }}", "%d %s \\n",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_read_as_markup(text):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    page = made(
        f"<h2>{escaped} X</h2><p>{escaped} Y</p><ul><li>{escaped} Z</ul>",
        f"<table><caption>{escaped} C<thead><tr><th>{escaped} H<tbody><tr><td>{escaped} D</table>",
    )
    for read in (pdf_text(page), word_text(page), parse(page).title + convert(page, "text", "x").decode()):
        assert [mark for mark in "XYZCHD" if _squeezed(f"{text} {mark}") not in _squeezed(read)] == []


def test_what_no_format_can_hold_is_left_out_and_the_rest_kept():
    page = made("<p>före\x01\x0b\u200b\ufffe och efter</p>")
    assert "före och efter" in pdf_text(page)
    assert "före och efter" in word_text(page)


def test_unknown_elements_keep_their_text():
    page = made(
        "<p>ett <okänd-sak>två <blink>tre</blink></okänd-sak> fyra</p><egen>fem <div>sex</div> sju</egen>",
        "<dl><dt>åtta<dd>nio</dl><select><option>tio<option>elva</select><fieldset><legend>tolv</legend>tretton</fieldset>",
        "<table><tr><td>fjorton<table><tr><td>femton<td>sexton</table>sjutton<td>arton</table><address>nitton</address>",
        "<script>bort()</script><style>p{color:red}</style><!-- bort -->",
    )
    words = [
        "ett",
        "två",
        "tre",
        "fyra",
        "fem",
        "sex",
        "sju",
        "åtta",
        "nio",
        "tio",
        "elva",
        "tolv",
        "tretton",
        "fjorton",
        "femton",
        "sexton",
        "sjutton",
        "arton",
        "nitton",
    ]
    for read in (pdf_text(page), word_text(page)):
        assert [word for word in words if not re.search(rf"\b{word}\b", read)] == []
        assert "bort" not in read
        assert "color" not in read


def test_end_tags_may_be_left_out():
    page = made(
        "<figure><figcaption>Bild</figcaption>",
        "<svg role=img aria-label='1 av 2' viewBox='0 0 9 9'><path d='M0 0L9 9'/></svg>",
        "<p class=source>Källa<details><summary>Visa</summary>",
        "<table><caption>K<tr><th>a<th>b<tr><th>c<td>d</table></details>",
        "</figure><p>efter",
    )
    figure, table, after = parse(page).blocks
    assert isinstance(figure, FigureBlock)
    assert (plain(figure.title), plain(figure.source), figure.alternative) == ("Bild", "Källa", "1 av 2")
    assert isinstance(table, TableBlock)
    assert [[cell.text for cell in row] for row in (*table.head, *table.body)] == [["a", "b"], ["c", "d"]]
    assert isinstance(after, Paragraph)


def test_a_folded_part_is_opened_and_gets_a_heading_only_where_it_has_none():
    table = "<table><caption>Egen</caption><tr><td>1</table>"
    page = made(
        f"<h2>Ett</h2><details><summary>Bort</summary>{table}</details><details><summary>Kvar</summary><p>x</details>"
    )
    headings = [plain(block.runs) for block in parse(page).blocks if isinstance(block, Heading)]
    assert headings == ["Ett", "Kvar"]


def test_headings_never_skip_a_level():
    page = made("<h4>a</h4><h2>b</h2><h5>c</h5><h6>d</h6><h1>e</h1>")
    assert [block.level for block in parse(page).blocks] == [2, 2, 3, 4, 2]
    convert(page, "pdf", "x")


def test_looks_are_kept_and_raised_figures_stay_raised():
    page = made(
        '<p>a <b>b</b> <em>c</em> <code>d</code> <span class="sure">● e</span> 10<sup>2</sup> x<sup>abc</sup></p>'
    )
    (paragraph,) = parse(page).blocks
    looks = {run.text.strip(): (run.bold, run.italic, run.code, run.kind) for run in paragraph.runs}
    assert looks["b"] == (True, False, False, "")
    assert looks["c"] == (False, True, False, "")
    assert looks["d"] == (False, False, True, "")
    assert looks["● e"] == (False, False, False, "sure")
    assert "10² x^abc" in plain(paragraph.runs)


def test_a_data_frame_becomes_a_table_with_numbers_to_the_right():
    frame = pd.DataFrame({"namn": ["Östra", "Västra"], "antal": [12, 3]}, index=pd.Index([1, 2], name="nr"))
    (table,) = parse(made(frame.to_html())).blocks
    assert isinstance(table, TableBlock)
    assert table.numeric == {2}
    assert [cell.text for cell in table.body[0]] == ["1", "Östra", "12"]
    assert "Östra" in pdf_text(made(frame.to_html()))


def test_merged_cells_stay_in_their_columns():
    columns = pd.MultiIndex.from_product([["2021", "2022"], ["k", "m"]])
    frame = pd.DataFrame(
        [[1, 2, 3, 4], [5, 6, 7, 8]], index=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]), columns=columns
    )
    page = made(frame.to_html())
    word = docx.Document(io.BytesIO(convert(page, "docx", "x"))).tables[0]
    assert [cell.text for cell in word.rows[3].cells] == ["a", "y", "5", "6", "7", "8"]
    assert [cell.text for cell in word.rows[0].cells] == ["", "", "2021", "2021", "2022", "2022"]
    assert "5 6 7 8" in pdf_text(page)


def test_an_analysts_own_picture_keeps_its_text_in_every_format():
    canvas = Canvas(figsize=(2, 1))
    canvas.add_subplot().plot([1, 2])
    drawings = {}
    for form in ("png", "svg"):
        buffer = io.BytesIO()
        canvas.savefig(buffer, format=form)
        drawings[form] = buffer.getvalue()
    svg = drawings["svg"].decode()
    png = base64.b64encode(drawings["png"]).decode()
    page = made(
        f'<figure><img src="data:image/png;base64,{png}" alt="Linje 1 till 2"></figure>',
        f"<figure>{svg[svg.index('<svg') :]}</figure>",
    )
    structure = pypdf.PdfReader(io.BytesIO(convert(page, "pdf", "x"))).trailer["/Root"]["/StructTreeRoot"]
    assert next(element["/Alt"] for element in _elements(structure) if element["/S"] == "/Figure") == "Linje 1 till 2"
    shapes = docx.Document(io.BytesIO(convert(page, "docx", "x"))).inline_shapes
    assert next(shape._inline.docPr.get("descr") for shape in shapes) == "Linje 1 till 2"
    assert len(shapes) == 2


def test_a_picture_that_cannot_be_shown_leaves_its_text():
    page = made('<img src="data:image/png;base64,aGVq" alt="En karta"><img src="karta.png" alt="En till">')
    assert [plain(block.runs) for block in parse(page).blocks] == ["En karta", "En till"]


def test_lines_and_spaces_count_in_preformatted_text():
    (block,) = parse(made("<pre>  a  b\n #c</pre>")).blocks
    assert block == Preformatted("  a  b\n #c")


def test_the_verdicts_symbols_have_their_glyphs():
    symbols = {look.symbol for look in LOOKS.values()}
    page = made(f"<p>{' '.join(sorted(symbols))} ¹²³ [ ] – − ≥ ≤ åäöÅÄÖé</p>")
    reader = pypdf.PdfReader(io.BytesIO(convert(page, "pdf", "x")))
    fonts = {str(font.get_object()["/BaseFont"]) for font in reader.pages[0]["/Resources"]["/Font"].values()}
    assert not any("LastResort" in font for font in fonts)
    assert symbols <= set(reader.pages[0].extract_text())


def test_wide_text_gets_more_room_and_no_word_is_crushed():
    cells = "".join(f"<tr><td>{'lång text med många ord ' * 12}<td>kort<td>{n}<td>bostadsort" for n in range(9))
    (table,) = parse(made(f"<table><tr><th>A<th>B<th>C<th>D{cells}</table>")).blocks
    widths = np.array(column_widths(table, Room(100, padding=2, longest=14))) * 100
    assert widths.sum() == pytest.approx(100)
    assert widths[0] > 60
    assert widths[1] >= 6
    assert widths[3] >= 12


def test_a_narrow_table_is_not_stretched():
    (table,) = parse(made("<table><tr><th>A<th>B<tr><td>x<td>1</table>")).blocks
    assert sum(column_widths(table, Room(100, padding=2))) < 0.2


def test_a_cell_never_reaches_out_of_its_table():
    page = made("<table><tr><th rowspan=9>R<th colspan=2>K<tr><th>k<th>l<tr><td rowspan=99>a<td>b<tr><td>c</table>")
    (table,) = parse(page).blocks
    assert table.width == 3
    assert next(cell.rows for row in table.head for cell in row) == 2
    assert "a" in pdf_text(page)
    convert(page, "docx", "x")


def test_a_list_begins_at_one_each_time():
    page = made("<ol><li>a<li>b</ol><p>x</p><ol><li>c</ol>")
    document = docx.Document(io.BytesIO(convert(page, "docx", "x")))
    numbers = [p._p.pPr.numPr.numId.val for p in document.paragraphs if p.style.name == "List Number"]
    assert len(numbers) == 3
    assert numbers[0] == numbers[1] != numbers[2]


def test_the_text_alone_names_no_file():
    page = made("<h2>I korthet</h2><p>Läget</p><h2>Mer</h2><p>Bort</p>")
    text = convert(page, "text", "x", ["text"]).decode()
    assert "x." not in text
    assert "Läget" in text
    assert "Bort" not in text


# the batch


@pytest.fixture
def batch(project, tmp_path, monkeypatch):
    """A batch whose notebook is not run: the pages are ready."""
    monkeypatch.setenv("PSYKANALYS_NO_FORK", "1")  # what is put in its place here is not there in a fork
    monkeypatch.setattr(runner, "_execute", lambda project, values, executed: executed.write_text("{}"))
    monkeypatch.setattr(runner, "_page", lambda executed: made("<h2>I korthet</h2><p>Läget</p>"))

    def run(*formats):
        return runner.run(project, ["gavleborg", "norrbotten"], out=tmp_path, jobs=1, formats=formats)

    return run


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != unchanged.FOLDER)


def test_only_what_is_asked_for_is_written(batch, tmp_path):
    outcomes = batch("pdf", "text")
    assert names(tmp_path) == ["gavleborg.pdf", "gavleborg.txt", "norrbotten.pdf", "norrbotten.txt"]
    assert all(outcome.done and outcome.page is None for outcome in outcomes)
    assert [path.name for path in outcomes[0].made] == ["gavleborg.pdf", "gavleborg.txt"]


def test_the_index_comes_with_the_pages(batch, tmp_path):
    batch("html", "html")
    assert names(tmp_path) == ["gavleborg.html", "index.html", "norrbotten.html"]


def test_one_format_failing_leaves_the_others_and_is_told(batch, tmp_path, monkeypatch):
    def failing(page, form, name, formats):
        if (form, name) == ("pdf", "norrbotten"):
            raise ReportError("no ink")
        return convert(page, form, name, formats)

    monkeypatch.setattr(runner, "convert", failing)
    outcomes = batch("html", "pdf", "docx")
    assert [outcome.done for outcome in outcomes] == [True, False]
    assert outcomes[1].message == "pdf: no ink"
    assert [path.name for path in outcomes[1].made] == ["norrbotten.html", "norrbotten.docx"]
    assert "norrbotten.pdf" not in names(tmp_path)
    assert "norrbotten.failed.ipynb" in names(tmp_path)
    assert 'href="norrbotten.html"' in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_nothing_half_written_is_left(batch, tmp_path, monkeypatch):
    def broken(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", broken)
    outcomes = batch("text")
    assert not any(outcome.done for outcome in outcomes)
    assert "No space left" in outcomes[0].message
    assert [name for name in names(tmp_path) if "failed" not in name] == []


def test_an_unknown_format_is_refused(batch, tmp_path):
    with pytest.raises(PsykanalysError, match="expected one of html, pdf, text, docx"):
        batch("odt")
    result = CliRunner().invoke(app, ["report", "--format", "odt", "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "expected one of html, pdf, text, docx" in result.output
    assert not (tmp_path / "out").exists()
