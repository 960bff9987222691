"""The report as a Word document to work on: real headings, tables and lists, Swedish, A4; the same bytes every time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import count
from typing import Any

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph as WordParagraph

from psykanalys.present.palette import ACCENT, INK, LINE, SOFT, SURE
from psykanalys.report.document import (
    Block,
    Cell,
    Contents,
    Document,
    FigureBlock,
    Heading,
    Items,
    Paragraph,
    Preformatted,
    Quote,
    Run,
    Runs,
    TableBlock,
    column_widths,
    plain,
)
from psykanalys.report.pdf import LONG, ROOM, figure_width, rasters

LANGUAGE = "sv-SE"
NEVER = datetime(1980, 1, 1)  # the first day that a zip file can tell
TEXT_WIDTH = 170  # millimetres
FONT = "Calibri"
COLOURS = {"sure": SURE, "counted": ACCENT, "likely": ACCENT}
STYLES = {  # name: (based on, points, colour, before, after)
    "Normal": (None, 10.5, INK, 0, 6),
    "Title": (None, 24, ACCENT, 0, 4),
    "Heading 1": (None, 17, ACCENT, 24, 6),
    "Heading 2": (None, 13, ACCENT, 14, 4),
    "Heading 3": (None, 11, INK, 10, 4),
    "Heading 4": (None, 10.5, INK, 10, 4),
    "Heading 5": (None, 10.5, INK, 10, 4),
    "Caption": (None, 10, INK, 12, 4),
    "Quote": (None, 10.5, INK, 4, 4),
    "Ingress": ("Normal", 10.5, SOFT, 0, 8),
    "Anmärkning": ("Normal", 9, SOFT, 0, 6),
    "Budskap": ("Normal", 14, INK, 4, 8),
    "Tabelltext": ("Normal", 8.5, INK, 1.5, 1.5),
    "Tabellnot": ("Normal", 8, SOFT, 2, 0),
    "Fast bredd": ("Normal", 7.5, INK, 0, 6),
    "toc 1": ("Normal", 10.5, INK, 0, 3),
}
KINDS = {
    "message": "Budskap", "lead": "Ingress", "note": "Anmärkning", "terms": "Anmärkning", "source": "Tabellnot",
}  # fmt: skip


def write_docx(document: Document) -> bytes:
    """The document as .docx."""
    writer = _Writer(document)
    writer.write()
    return writer.saved()


class _Writer:
    """Writes blocks after one another; knows what has to be numbered."""

    def __init__(self, document: Document):
        self.document = document
        self.word = docx.Document()
        self.marks = count(1)
        figures = [block for block in document.all_blocks() if isinstance(block, FigureBlock)]
        self.pictures = iter(rasters(figures))
        _set_up(self.word, document.title, document.mark)

    def write(self) -> None:
        self.word.add_paragraph(self.document.title, style="Title")
        for block in self.document.blocks:
            self.block(block)

    def saved(self) -> bytes:
        if self._last_tag() == "w:tbl":
            self.paragraph((), "Tabellnot")
        buffer = io.BytesIO()
        self.word.save(buffer)
        return _without_times(buffer.getvalue())

    def block(self, block: Block, style: str = "Normal") -> None:
        if isinstance(block, Paragraph):
            self.paragraph(block.runs, KINDS.get(block.kind, style))
        else:
            getattr(self, type(block).__name__.lower())(block)

    def preformatted(self, block: Preformatted) -> None:
        self.paragraph((Run(block.text),), "Fast bredd")

    def quote(self, quote: Quote) -> None:
        for part in quote.blocks:
            self.block(part, "Quote")

    def paragraph(self, runs: Runs, style: str, *, keep: bool = False) -> WordParagraph:
        paragraph = self.word.add_paragraph(style=style)
        _fill(paragraph, runs)
        paragraph.paragraph_format.keep_with_next = keep or None
        return paragraph

    def heading(self, heading: Heading) -> None:
        paragraph = self.paragraph(heading.runs, f"Heading {min(heading.level - 1, 5)}")
        if heading.level == 2:
            mark = next(self.marks)
            start = _element("w:bookmarkStart", id=mark, name=_bookmark(mark))
            paragraph._p.insert_element_before(start, "w:r")
            paragraph._p.append(_element("w:bookmarkEnd", id=mark))

    def items(self, items: Items) -> None:
        number = _new_numbering(self.word) if items.ordered and items.kind != "steps" else None
        for item in items.items:
            for place, part in enumerate(item):
                self.block(part, "List Continue" if place else "List Number" if number else "List Bullet")
                if number and not place and isinstance(part, Paragraph):
                    _numbered(self.word.paragraphs[-1], number)

    def tableblock(self, table: TableBlock) -> None:
        if table.caption:
            self.paragraph(table.caption, "Caption", keep=True)
        elif self._last_tag() == "w:tbl":
            self.paragraph((), "Tabellnot")
        self.word.element.body.insert_element_before(_table(self.word, table), "w:sectPr")
        for place, note in enumerate(table.notes, 1):
            self.paragraph((Run(f"{place}. "), *note), "Tabellnot")

    def figureblock(self, figure: FigureBlock) -> None:
        if figure.title:
            self.paragraph(figure.title, "Caption", keep=True)
        paragraph = self.paragraph((), "Normal", keep=bool(figure.source))
        shape = paragraph.add_run().add_picture(io.BytesIO(next(self.pictures)), width=Mm(figure_width(figure)))
        properties = shape._inline.docPr
        properties.set("descr", figure.alternative)
        properties.set("title", plain(figure.title))
        if figure.source:
            self.paragraph(figure.source, "Tabellnot")

    def contents(self, _: Contents) -> None:
        """The sections as links, inside a field that Word can renew with page numbers."""
        titles = [block.runs for block in self.document.blocks if isinstance(block, Heading) and block.level == 2]
        self.word.add_paragraph("Innehåll", style="TOC Heading")
        for mark, runs in enumerate(titles, 1):
            paragraph = self.word.add_paragraph(style="toc 1")
            if mark == 1:
                _field(paragraph, r'TOC \o "1-1" \h \z \u')
            link = _element("w:hyperlink", anchor=_bookmark(mark), history=1)
            link.append(_with(_element("w:r"), _text(plain(runs))))
            paragraph._p.append(link)
            if mark == len(titles):
                _end_field(paragraph)

    def _last_tag(self) -> str:
        before = self.word.element.body.sectPr.getprevious()
        return "w:tbl" if before is not None and before.tag == qn("w:tbl") else ""


def _set_up(word: Any, title: str, mark: str) -> None:
    """Language, page, properties and styles."""
    defaults = word.styles.element.find(f".//{qn('w:rPrDefault')}/{qn('w:rPr')}")
    fonts, language = defaults.find(qn("w:rFonts")), defaults.find(qn("w:lang"))
    fonts.attrib.clear()
    fonts.attrib.update({qn(f"w:{name}"): FONT for name in ("ascii", "hAnsi", "cs", "eastAsia")})
    language.attrib.update({qn("w:val"): LANGUAGE, qn("w:eastAsia"): LANGUAGE})
    _settings(word.settings.element)
    for name, (based_on, points, colour, before, after) in STYLES.items():
        _style(word, name, based_on, points, colour, (before, after))
    _table_style(word)
    section = word.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm((210 - TEXT_WIDTH) / 2)
    section.top_margin = section.bottom_margin = Mm(20)
    _footer(section.footer.paragraphs[0], mark)
    _properties(word, title)


def _settings(settings: Any) -> None:
    settings.find(qn("w:zoom")).set(qn("w:percent"), "100")
    settings.find(qn("w:defaultTabStop")).addnext(_element("w:autoHyphenation", val="true"))
    mode = settings.find(f".//{qn('w:compatSetting')}[@{qn('w:name')}='compatibilityMode']")
    mode.set(qn("w:val"), "15")
    theme = settings.find(qn("w:themeFontLang"))
    if theme is not None:
        theme.set(qn("w:val"), LANGUAGE)


def _style(word: Any, name: str, based_on: str | None, points: float, colour: str, space: tuple[float, float]) -> None:
    styles = word.styles
    style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH) if name not in styles else styles[name]
    if based_on:
        style.base_style = styles[based_on]
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.attrib.clear()
    style.font.name, style.font.size, style.font.color.rgb = FONT, Pt(points), RGBColor.from_string(colour[1:].upper())
    form = style.paragraph_format
    form.space_before, form.space_after, form.line_spacing = Pt(space[0]), Pt(space[1]), 1.1
    if name == "Budskap":
        style.font.bold = True
    if name == "Fast bredd":
        style.font.name = "Consolas"


def _table_style(word: Any) -> None:
    """Thin lines between rows, a strong one below the head."""
    style = word.styles.add_style("Rapporttabell", WD_STYLE_TYPE.TABLE)
    style.base_style = word.styles["Normal Table"]
    borders = _element("w:tblBorders")
    for side in ("bottom", "insideH"):
        borders.append(_element(f"w:{side}", val="single", sz=4, space=0, color=LINE[1:]))
    margins = _element("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(_element(f"w:{side}", w=70, type="dxa"))
    style.element.append(_with(_element("w:tblPr"), borders, margins))
    below = _with(_element("w:tcBorders"), _element("w:bottom", val="single", sz=8, space=0, color=INK[1:]))
    head = _element("w:tblStylePr", type="firstRow")
    style.element.append(_with(head, _with(_element("w:rPr"), _element("w:b")), _with(_element("w:tcPr"), below)))


def _properties(word: Any, title: str) -> None:
    properties = word.core_properties
    properties.title, properties.language = title, LANGUAGE
    properties.author = properties.last_modified_by = properties.comments = properties.keywords = ""
    properties.created = properties.modified = NEVER
    package = word.part.package
    for name in [name for name, relation in package.rels.items() if relation.reltype.endswith("/thumbnail")]:
        package.rels.pop(name)


def _footer(paragraph: WordParagraph, mark: str) -> None:
    for text, field in ((f"{mark}   Sida ".lstrip(), "PAGE"), (" av ", "NUMPAGES")):
        paragraph.add_run(text)
        paragraph._p.append(_with(_element("w:fldSimple", instr=field), _with(_element("w:r"), _text("1"))))
    paragraph.paragraph_format.alignment = 2
    for run in paragraph.runs:
        run.font.size = Pt(8)


def _table(word: Any, table: TableBlock) -> Any:
    """A table as an element; python-docx's own way is slow for long tables."""
    widths = [round(share * Mm(TEXT_WIDTH).twips) for share in column_widths(table, ROOM)]
    properties = _with(
        _element("w:tblPr"),
        _element("w:tblStyle", val=word.styles["Rapporttabell"].style_id),
        _element("w:tblW", w=sum(widths), type="dxa"),
        _element("w:tblLayout", type="fixed"),
        _element("w:tblLook", val="04A0", firstRow=1, lastRow=0, firstColumn=1, lastColumn=0, noHBand=1, noVBand=1),
        *([_element("w:tblCaption", val=plain(table.caption))] if table.caption else []),
    )
    grid = _with(_element("w:tblGrid"), *(_element("w:gridCol", w=width) for width in widths))
    style = word.styles["Tabelltext"].style_id
    rows = [
        *_rows(table.head, widths, table.numeric, style, head=True),
        *_rows(table.body, widths, table.numeric, style),
    ]
    return _with(_element("w:tbl"), properties, grid, *rows)


def _rows(
    rows: Sequence[Sequence[Cell]], widths: Sequence[int], numeric: frozenset[int], style: str, *, head: bool = False
) -> Iterable[Any]:
    below: dict[int, tuple[Cell, int]] = {}  # cells that reach down: column → cell, rows left
    for row in rows:
        waiting = list(row)
        line = _with(_element("w:tr"), _row_properties(row, head=head))
        place = 0
        while place < len(widths):
            cell, left = below.pop(place, (None, 0))
            continued = cell is not None
            cell = cell or (waiting.pop(0) if waiting else Cell())
            left = left if continued else cell.rows
            width = sum(widths[place : place + cell.columns])
            line.append(_cell(cell, width, style, right=place in numeric, continued=continued))
            if left > 1:
                below[place] = (cell, left - 1)
            place += cell.columns
        yield line


def _row_properties(row: Sequence[Cell], *, head: bool) -> Any:
    whole = [] if any(len(cell.text) > LONG for cell in row) else [_element("w:cantSplit")]
    return _with(_element("w:trPr"), *whole, *([_element("w:tblHeader")] if head else []))


def _cell(cell: Cell, width: int, style: str, *, right: bool, continued: bool) -> Any:
    properties = _with(_element("w:tcPr"), _element("w:tcW", w=width, type="dxa"))
    if cell.columns > 1:
        properties.append(_element("w:gridSpan", val=cell.columns))
    if cell.rows > 1:
        properties.append(_element("w:vMerge", **({} if continued else {"val": "restart"})))
    lines: Sequence[Runs] = [()] if continued or not cell.lines else cell.lines
    mark = "• " if len(lines) > 1 else ""
    return _with(_element("w:tc"), properties, *(_cell_line(line, style, mark, right=right) for line in lines))


def _cell_line(runs: Runs, style: str, mark: str, *, right: bool) -> Any:
    form = _with(_element("w:pPr"), _element("w:pStyle", val=style))
    if mark:
        form.append(_element("w:ind", left=140, hanging=140))
    if right:
        form.append(_element("w:jc", val="right"))
    element = _with(_element("w:p"), form)
    paragraph = WordParagraph(element, None)  # type: ignore[arg-type]  # runs need no part
    _fill(paragraph, (*([Run(mark)] if mark else []), *runs))
    return element


def _fill(paragraph: WordParagraph, runs: Runs) -> None:
    for run in runs:
        part = paragraph.add_run(run.text)
        part.bold = run.bold or run.kind in {"sure", "counted"} or None
        part.italic = run.italic or None
        if run.code:
            part.font.name = "Consolas"
        if run.kind in COLOURS:
            part.font.color.rgb = RGBColor.from_string(COLOURS[run.kind][1:].upper())


def _new_numbering(word: Any) -> int:
    """A numbering of its own for a list, so that it begins at 1."""
    numbering = word.part.numbering_part.numbering_definitions._numbering
    abstract = word.styles["List Number"].element.pPr.numPr.numId.val
    number = numbering.add_num(numbering.num_having_numId(abstract).abstractNumId.val)
    number.add_lvlOverride(ilvl=0).add_startOverride(1)
    return int(number.numId)


def _numbered(paragraph: WordParagraph, number: int) -> None:
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = number


def _field(paragraph: WordParagraph, instruction: str) -> None:
    text = _element("w:instrText")
    text.text = instruction
    text.set(qn("xml:space"), "preserve")
    for part in (_element("w:fldChar", fldCharType="begin"), text, _element("w:fldChar", fldCharType="separate")):
        paragraph._p.append(_with(_element("w:r"), part))


def _end_field(paragraph: WordParagraph) -> None:
    paragraph._p.append(_with(_element("w:r"), _element("w:fldChar", fldCharType="end")))


def _bookmark(number: int) -> str:
    return f"_Toc{number:06}"


def _element(tag: str, **attributes: object) -> Any:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), str(value))
    return element


def _with(element: Any, *children: Any) -> Any:
    for child in children:
        element.append(child)
    return element


def _text(text: str) -> Any:
    element = _element("w:t")
    element.text = text
    element.set(qn("xml:space"), "preserve")
    return element


def _without_times(package: bytes) -> bytes:
    """The zip file with the same content and no times."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, NEVER.timetuple()[:6])
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            new.writestr(entry, old.read(name))
    return buffer.getvalue()
