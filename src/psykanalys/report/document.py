"""A finished page as a small tree: headings, paragraphs, lists, tables, figures. The other formats are written from it.

The page is the one truth: what stands on it stands in the tree, in the same order. Folded parts are opened; the page's
list of contents becomes a mark of its place, since each format makes its own. Text in elements that are not known here
is kept.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from lxml import etree, html
from PIL import Image, UnidentifiedImageError

from psykanalys.present.figures.svg import fixed
from psykanalys.present.notices import SYNTHETIC
from psykanalys.present.palette import LIGHT_THEME

BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "img",
    "legend", "li", "main", "nav", "ol", "p", "pre", "search", "section", "summary", "svg", "table", "ul",
})  # fmt: skip
CLOSING = BLOCKS - {"body", "img", "legend", "svg"}  # their start ends a paragraph whose end tag is left out
ROWS = frozenset({"tbody", "tfoot", "thead", "tr"})
APART = frozenset({"button", "label", "noscript", "option", "td", "th"})  # never run together with what follows
DROPPED = frozenset({"script", "style", "head", "meta", "link"})
STYLES = {
    "bold": {"b", "strong", "dt"},
    "italic": {"i", "em", "cite", "dfn", "var"},
    "code": {"code", "kbd", "samp", "tt"},
}
RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b\ufeff\ufffe\uffff\ud800-\udfff]")
NUMBER = re.compile(r"[-+−]?[\d\s\u00a0]+(?:[.,]\d+)?\s?%?|nan|NaN|–|-|")
SVG_NAMES = {
    name.lower(): name
    for name in (
        "viewBox", "preserveAspectRatio", "clipPath", "clipPathUnits", "linearGradient", "radialGradient",
        "gradientTransform", "gradientUnits", "patternUnits", "patternTransform", "markerWidth", "markerHeight",
        "markerUnits", "refX", "refY", "textPath", "textLength", "spreadMethod", "startOffset",
        "maskUnits", "pathLength",
    )
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A piece of text of one look. `kind` is the class that the page gives it, such as a verdict's."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    kind: str = ""


Runs = tuple[Run, ...]


@dataclass(frozen=True)
class Heading:
    """A heading of level 2 to 6, never more than one below the heading before it. The title is the document's."""

    level: int
    runs: Runs


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `kind` is its class on the page: lead, note, message …"""

    runs: Runs
    kind: str = ""


@dataclass(frozen=True)
class Preformatted:
    """Text whose line breaks and spaces count."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list; each item is a sequence of blocks, mostly one paragraph."""

    items: tuple[tuple[Block, ...], ...]
    ordered: bool = False
    kind: str = ""


@dataclass(frozen=True)
class Quote:
    """Somebody else's words, such as the county's own commentary."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Cell:
    """A table cell: one or several lines, over one or several columns and rows."""

    lines: tuple[Runs, ...] = ()
    header: bool = False
    columns: int = 1
    rows: int = 1

    @property
    def text(self) -> str:
        """The lines as plain text."""
        return "; ".join(plain(line) for line in self.lines)


@dataclass(frozen=True)
class TableBlock:
    """A table. Every row fills all columns, counting cells that reach down from above."""

    caption: Runs
    head: tuple[tuple[Cell, ...], ...]
    body: tuple[tuple[Cell, ...], ...]
    width: int
    numeric: frozenset[int] = frozenset()
    notes: tuple[Runs, ...] = ()


@dataclass(frozen=True)
class FigureBlock:
    """A drawing as an SVG document that stands alone, `size` in points, with its numbers in words."""

    svg: str
    size: tuple[float, float]
    alternative: str
    title: Runs = ()
    source: Runs = ()


@dataclass(frozen=True)
class Contents:
    """Where the page has its list of contents."""


Block = Heading | Paragraph | Preformatted | Items | Quote | TableBlock | FigureBlock | Contents


@dataclass(frozen=True)
class Document:
    """A page's title, language and blocks."""

    title: str
    language: str
    blocks: tuple[Block, ...]

    @property
    def mark(self) -> str:
        """What every sheet must say: that the figures are made up; empty where they are not."""
        warnings = (plain(each.runs) for each in self.blocks if isinstance(each, Paragraph) and each.kind == "warning")
        return SYNTHETIC if any(text.startswith(SYNTHETIC) for text in warnings) else ""

    def all_blocks(self) -> Iterator[Block]:
        """Every block, also those inside lists and quotations."""
        yield from _descend(self.blocks)


def parse(page: str) -> Document:
    """Read a finished page."""
    root = html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8", huge_tree=True))
    _close_paragraphs(root)
    reader = _Reader(_right_aligned(root))
    blocks = tuple(reader.blocks(root.find("body")))
    title = reader.title or plain(_tidied([Run(root.findtext("head/title") or "")])) or "Länsanalys"
    return Document(title, root.get("lang") or "sv", blocks)


def plain(runs: Runs) -> str:
    """The runs' text."""
    return "".join(run.text for run in runs)


@dataclass(frozen=True)
class Room:
    """How much text goes into a line across the page, in characters, and what a column takes besides its text.

    `bold` is how much wider than plain text a head is; words longer than `longest` may be divided.
    """

    characters: int
    padding: float = 0.0
    bold: float = 1.0
    longest: int = 40


def column_widths(table: TableBlock, room: Room) -> list[float]:
    """The columns' widths as shares of the room: no word is crushed, and the rows become low.

    Narrow tables take the room they need; in others each character's room goes where it lowers the rows most.
    """
    lengths, natural, least = _measures(table, room)
    if natural.sum() <= room.characters:
        return [float(width) for width in natural / room.characters]
    widths = least * min(1.0, room.characters / least.sum())
    for _ in range(int(room.characters - widths.sum())):
        heights = [_height(lengths, widths + one - room.padding) for one in np.eye(table.width)]
        widths[int(np.argmin(heights))] += 1
    return [float(width) for width in widths / widths.sum()]


def _measures(table: TableBlock, room: Room) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each cell's length, and each column's widths without breaking lines and without dividing words."""
    rows = [*table.head, *table.body]
    lengths, natural, least = np.ones((len(rows), table.width)), np.ones(table.width), np.ones(table.width)
    for row, place, cell in _placed(rows, table.width):
        if cell.columns == 1:
            lines = [plain(line) for line in cell.lines] or [""]
            words = max(min(room.longest, len(word)) for line in lines for word in re.split(r"[ \n/-]", line))
            is_head = row < len(table.head)
            whole = max(words, *(len(line) / 2 if is_head else len(line) for line in lines))
            wider = room.bold if is_head else 1.0
            lengths[row, place] = sum(map(len, lines)) + 6 * (len(lines) - 1) + 1
            natural[place] = max(natural[place], wider * whole + room.padding)
            least[place] = max(least[place], wider * words + room.padding)
    return lengths, natural, least


def _height(lengths: np.ndarray, widths: np.ndarray) -> float:
    """About how high the rows become: a smooth maximum of the cells' lines."""
    return float((((lengths / np.maximum(widths, 1)) ** 4).sum(axis=1) ** 0.25).sum())


def _placed(rows: Sequence[Sequence[Cell]], width: int) -> Iterator[tuple[int, int, Cell]]:
    """Every cell with its row and its first column."""
    taken: set[tuple[int, int]] = set()
    for row, cells in enumerate(rows):
        for cell in cells:
            place = next((at for at in range(width) if (row, at) not in taken), width - 1)
            taken |= {(row + down, place + right) for down in range(cell.rows) for right in range(cell.columns)}
            yield row, place, cell


def _descend(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Quote):
            yield from _descend(block.blocks)
        if isinstance(block, Items):
            for item in block.items:
                yield from _descend(item)


@dataclass
class _Reader:
    """Reads elements to blocks; knows how deep the last heading was, and which columns the page aligns to the right."""

    right: dict[str, set[int]]
    title: str = ""
    level: int = 1

    def blocks(self, parent: html.HtmlElement, kind: str = "", leave: Sequence[html.HtmlElement] = ()) -> list[Block]:
        """The blocks inside an element; loose text becomes paragraphs of the given kind."""
        found: list[Block] = []
        loose: list[Run] = []
        look = _look(parent)
        for part in _parts(parent, leave):
            if isinstance(part, str):
                loose.append(replace(look, text=_spaced(part)))
            elif not _is_block(part):
                loose += _runs(part, look)
            else:
                found += _paragraph(loose, kind)
                loose = []
                self._append(found, part)
        return found + _paragraph(loose, kind)

    def _append(self, found: list[Block], element: html.HtmlElement) -> None:
        """Add an element's blocks; notes right below a table belong to it."""
        if _has_class(element, "notes") and found and isinstance(found[-1], TableBlock):
            notes = tuple(_line(item) for item in element.iter("li"))
            found[-1] = replace(found[-1], notes=found[-1].notes + notes)
        else:
            found += self._block(element)

    def _block(self, element: html.HtmlElement) -> list[Block]:
        handler = _HANDLERS.get(element.tag)
        return getattr(self, handler)(element) if handler else self.blocks(element, element.get("class", ""))

    def _heading(self, element: html.HtmlElement) -> list[Block]:
        runs = _line(element)
        if element.tag == "h1" and not self.title:
            self.title = plain(runs)
            return []
        return [self._headed(int(element.tag[1]), runs)] if runs else []

    def _headed(self, level: int, runs: Runs) -> Heading:
        self.level = max(2, min(level, self.level + 1))
        return Heading(self.level, runs)

    def _list(self, element: html.HtmlElement) -> list[Block]:
        items = tuple(tuple(self.blocks(item)) for item in element if isinstance(item.tag, str))
        kept = tuple(item for item in items if item)
        return [Items(kept, element.tag == "ol", element.get("class", ""))] if kept else []

    def _quote(self, element: html.HtmlElement) -> list[Block]:
        inner = tuple(self.blocks(element))
        return [Quote(inner)] if inner else []

    def _pre(self, element: html.HtmlElement) -> list[Block]:
        text = _printable("".join(element.itertext())).strip("\n")
        return [Preformatted(text)] if text.strip() else []

    def _nav(self, element: html.HtmlElement) -> list[Block]:
        return [Contents()] if _has_class(element, "contents") else self.blocks(element)

    def _details(self, element: html.HtmlElement) -> list[Block]:
        """The content, opened; the summary is its heading where it has none of its own."""
        summary = element.find("summary")
        title = _line(summary) if summary is not None else ()
        outer = self.level
        inner = self.blocks(element, leave=[] if summary is None else [summary])
        if not title or (inner and _is_titled(inner[0])):
            return inner
        if not inner:
            return [Paragraph(title)]
        self.level = outer
        heading = self._headed(outer + 1, title)
        self.level = outer
        return [heading, *inner]

    def _figure(self, element: html.HtmlElement) -> list[Block]:
        caption = element.find(".//figcaption")
        source = next((p for p in element.iter("p") if _has_class(p, "source")), None)
        parts = [part for part in (caption, source) if part is not None]
        title, said = (() if part is None else _line(part) for part in (caption, source))
        inner = self.blocks(element, leave=parts)
        place = next((place for place, block in enumerate(inner) if isinstance(block, FigureBlock)), None)
        if place is None:
            bold = tuple(replace(run, bold=True) for run in title)
            return [*_paragraph(bold, ""), *inner, *_paragraph(said, "source")]
        drawing = inner[place]
        assert isinstance(drawing, FigureBlock)
        alternative = drawing.alternative or plain(title) or "Figur"
        inner[place] = replace(drawing, title=title, source=said, alternative=alternative)
        return inner

    def _svg(self, element: html.HtmlElement) -> list[Block]:
        if element.get("aria-hidden") == "true":
            return []
        said = element.get("aria-label") or element.findtext("desc") or element.findtext("title") or ""
        return [_drawing(element, plain(_tidied([Run(_spaced(said))])))]

    def _img(self, element: html.HtmlElement) -> list[Block]:
        said = plain(_tidied([Run(_spaced(element.get("alt") or ""))]))
        picture = _picture(element.get("src") or "", said)
        return [picture] if picture else _paragraph([Run(said)], "")

    def _table(self, table: html.HtmlElement) -> list[Block]:
        known = {"caption", "thead", "tbody", "tfoot", "tr", "colgroup"}
        strays = [part for part in table if isinstance(part.tag, str) and part.tag not in known]
        after = [block for part in strays for block in self._block(part)]
        caption = table.find("caption")
        head, body = _table_rows(table)
        pictures = [block for row in (*head, *body) for cell in row for block in self._pictures(cell)]
        rows, width = _filled([[_cell(cell) for cell in row] for row in (*head, *body)], len(head))
        if not rows:
            return [*_paragraph(() if caption is None else _line(caption), ""), *after]
        shown = TableBlock(
            () if caption is None else _line(caption), rows[: len(head)], rows[len(head) :], width,
            self._numeric(table, head, rows[len(head) :]),
        )  # fmt: skip
        return [shown, *pictures, *after]

    def _pictures(self, cell: html.HtmlElement) -> list[Block]:
        """Pictures in a cell stand after the table."""
        found = [block for part in cell.iter("img", "svg") for block in self._block(part)]
        return [block for block in found if isinstance(block, FigureBlock)]

    def _numeric(
        self, table: html.HtmlElement, head: list[list[html.HtmlElement]], body: Sequence[Sequence[Cell]]
    ) -> frozenset[int]:
        """The columns aligned to the right: marked in the head, by the page's style, or all numbers in a data frame."""
        marked = {place for place, cell in enumerate(head[-1]) if _has_class(cell, "number")} if head else set()
        styled = {place for name in (table.get("class") or "").split() for place in self.right.get(name, ())}
        return frozenset(marked | styled | (_all_numbers(body) if _has_class(table, "dataframe") else set()))


_HANDLERS: dict[str, str] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "_heading"),
    **dict.fromkeys(("ul", "ol"), "_list"),
    "blockquote": "_quote", "pre": "_pre", "nav": "_nav", "details": "_details", "figure": "_figure", "svg": "_svg",
    "img": "_img", "table": "_table",
}  # fmt: skip


def _close_paragraphs(root: html.HtmlElement) -> None:
    """Move out of each paragraph what the page left to its reader to move: blocks end it, also without an end tag."""
    for paragraph in reversed(list(root.iter("p"))):
        first = next((child for child in paragraph if child.tag in CLOSING), None)
        if first is not None:
            moved = [first, *first.itersiblings()]
            tail, paragraph.tail = paragraph.tail or "", None
            place = paragraph.getparent().index(paragraph)
            for further, element in enumerate(moved, 1):
                paragraph.getparent().insert(place + further, element)
            moved[-1].tail = (moved[-1].tail or "") + tail


def _parts(parent: html.HtmlElement, leave: Sequence[html.HtmlElement]) -> Iterator[str | html.HtmlElement]:
    """An element's text and elements in order, without comments, styles and those to leave out."""
    yield parent.text or ""
    for child in parent:
        shown = isinstance(child.tag, str) and child.tag not in DROPPED and not _has_class(child, "skip")
        if shown and child not in leave:
            yield child
        yield child.tail or ""


def _is_block(element: html.HtmlElement) -> bool:
    return element.tag in BLOCKS or any(inner.tag in BLOCKS for inner in element.iterdescendants())


def _has_class(element: html.HtmlElement, name: str) -> bool:
    return name in (element.get("class") or "").split()


def _is_titled(block: Block) -> bool:
    return isinstance(block, Heading) or bool(getattr(block, "caption", getattr(block, "title", ())))


def _look(element: html.HtmlElement, outer: Run = Run("")) -> Run:
    """The look of text inside an element."""
    kind = element.get("class") if element.tag == "span" else None
    looks: dict[str, Any] = {name: True for name, tags in STYLES.items() if element.tag in tags}
    return replace(outer, kind=kind or outer.kind, **looks)


def _runs(element: html.HtmlElement, outer: Run) -> list[Run]:
    """The text inside an element, everything inside it taken as text."""
    if element.tag == "br":
        return [replace(outer, text="\n")]
    if element.tag == "img":
        return [replace(outer, text=element.get("alt") or "")]
    if element.tag == "sup":
        return [replace(outer, text=_raised("".join(element.itertext())))]
    look = _look(element, outer)
    found: list[Run] = []
    for part in _parts(element, ()):
        found += [replace(look, text=_spaced(part))] if isinstance(part, str) else _runs(part, look)
    return [*found, replace(look, text=" ")] if element.tag in APART else found


def _raised(text: str) -> str:
    """Raised characters where there are such; ten to the second is never to be read as 102."""
    text = text.strip()
    return text.translate(RAISED) if all(ord(letter) in RAISED for letter in text) else f"^{text}"


def _line(element: html.HtmlElement) -> Runs:
    """An element as one line of text."""
    return _tidied(_runs(element, Run("")))


def _lines(element: html.HtmlElement) -> tuple[Runs, ...]:
    """A cell's lines: its list items and paragraphs, or all of it."""
    found: list[Runs] = []
    loose: list[Run] = []
    for part in _parts(element, ()):
        if not isinstance(part, str) and part.tag != "img" and (part.tag in ROWS or _is_block(part)):
            found += [_tidied(loose), *_lines(part)]
            loose = []
        else:
            loose += [Run(_spaced(part))] if isinstance(part, str) else _runs(part, Run(""))
    return tuple(line for line in (*found, _tidied(loose)) if line)


def _paragraph(runs: Iterable[Run], kind: str) -> list[Block]:
    tidied = _tidied(runs)
    return [Paragraph(tidied, kind)] if tidied else []


def _tidied(runs: Iterable[Run]) -> Runs:
    """Runs with single spaces, none at the ends, and no two neighbours of one look."""
    found: list[Run] = []
    for run in runs:
        text = run.text.lstrip(" ") if not found or found[-1].text[-1] in " \n" else run.text
        if not text:
            continue
        if found and replace(found[-1], text="") == replace(run, text=""):
            found[-1] = replace(run, text=found[-1].text + text)
        else:
            found.append(replace(run, text=text))
    while found and not found[-1].text.rstrip(" \n"):
        found.pop()
    if found:
        found[-1] = replace(found[-1], text=found[-1].text.rstrip(" \n"))
    return tuple(found)


def _spaced(text: str) -> str:
    return re.sub(r"[ \t\r\n\f]+", " ", _printable(text))


def _printable(text: str) -> str:
    """Text without what no format can hold; soft hyphens go too, since each format hyphenates by itself."""
    return UNPRINTABLE.sub("", text)


def _table_rows(table: html.HtmlElement) -> tuple[list[list[html.HtmlElement]], list[list[html.HtmlElement]]]:
    """The cells of the head's rows and of the others."""
    head = [row.xpath("th|td") for row in table.xpath("thead/tr")]
    body = [row.xpath("th|td") for row in table.xpath("tr|tbody/tr|tfoot/tr")]
    if not head:
        while len(body) > 1 and body[0] and all(cell.tag == "th" for cell in body[0]):
            head.append(body.pop(0))
    return head, [row for row in body if row]


def _cell(element: html.HtmlElement) -> Cell:
    return Cell(_lines(element), element.tag == "th", _span(element, "colspan"), _span(element, "rowspan"))


def _span(element: html.HtmlElement, name: str) -> int:
    text = element.get(name) or "1"
    return max(1, int(text)) if re.fullmatch(r"\d{1,3}", text) else 1


def _filled(rows: list[list[Cell]], heads: int) -> tuple[tuple[tuple[Cell, ...], ...], int]:
    """The rows, each filled to the table's width; no cell reaches out of the head or of the table."""
    reaching = [0] * (len(rows) + 1000)
    for place, row in enumerate(rows):
        last = heads if place < heads else len(rows)
        row[:] = [replace(cell, rows=min(cell.rows, last - place)) for cell in row]
        for down in range(max((cell.rows for cell in row), default=1)):
            reaching[place + down] += sum(cell.columns for cell in row if cell.rows > down)
    width = max(reaching, default=0)
    return tuple((*row, *[Cell()] * (width - taken)) for row, taken in zip(rows, reaching, strict=False)), width


def _all_numbers(body: Sequence[Sequence[Cell]]) -> set[int]:
    columns = zip(*body, strict=False)
    return {
        place
        for place, cells in enumerate(columns)
        if not cells[0].header and all(NUMBER.fullmatch(cell.text) for cell in cells)
    }


def _right_aligned(root: html.HtmlElement) -> dict[str, set[int]]:
    """Per class of table: the columns that the page's style aligns to the right."""
    found: dict[str, set[int]] = defaultdict(set)
    for style in root.iter("style"):
        for selectors, rules in re.findall(r"([^{}]+)\{([^{}]*)\}", style.text or ""):
            if re.search(r"text-align:\s*(?:right|end)", rules):
                for name, place in re.findall(r"\.([\w-]+) td:nth-child\((\d+)\)", selectors):
                    found[name].add(int(place) - 1)
    return found


def _drawing(element: html.HtmlElement, alternative: str) -> FigureBlock:
    """A drawing in the page as a document that stands alone, with fixed colours."""
    for part in [part for part in element.iter(etree.Element) if ":" in part.tag or part.tag == "metadata"]:
        part.drop_tree()
    for part in element.iter(etree.Element):
        part.tag = SVG_NAMES.get(part.tag, part.tag)
        attributes = {SVG_NAMES.get(name, name.removeprefix("xlink:")): value for name, value in part.attrib.items()}
        kept = {name: _printable(value) for name, value in attributes.items() if ":" not in name}
        part.attrib.clear()
        part.attrib.update(kept)
    for name in ("role", "aria-label"):
        element.attrib.pop(name, None)
    size = _size(element)
    element.attrib.update({"font-family": "DejaVu Sans"} | dict(element.attrib))
    element.attrib.update({"width": f"{size[0]:g}", "height": f"{size[1]:g}"})
    text = etree.tostring(element, encoding="unicode", with_tail=False)
    return FigureBlock(fixed(text, LIGHT_THEME), size, alternative)


def _size(element: html.HtmlElement) -> tuple[float, float]:
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", element.get("viewBox") or "")]
    if len(numbers) == 4 and min(numbers[2:]) > 0:
        return numbers[2], numbers[3]
    sides = [re.match(r"[\d.]+", element.get(name) or "") for name in ("width", "height")]
    width, height = (float(side[0]) if side else 0.0 for side in sides)
    return width or 346.0, height or 200.0


def _picture(address: str, alternative: str) -> FigureBlock | None:
    """A picture that the page holds, as a drawing of it; None where it cannot be read."""
    match = re.match(r"data:image/(png|jpeg|gif);base64,", address)
    try:
        data = base64.b64decode(address[match.end() :], validate=False) if match else b""
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            width, height = image.size
    except (UnidentifiedImageError, OSError, binascii.Error, SyntaxError):
        return None
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<image width="{width}" height="{height}" href="{address}"/></svg>'
    )
    return FigureBlock(svg, (width * 0.75, height * 0.75), alternative or "Figur")
