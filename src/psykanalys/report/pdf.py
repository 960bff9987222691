"""The report as a PDF that everybody can read: tagged (PDF/UA-1), Swedish, A4. typst sets it; the template is fixed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import typst

from psykanalys.errors import ReportError
from psykanalys.present.palette import LIGHT_THEME
from psykanalys.report.document import Block, Cell, Document, FigureBlock, Room, Run, Runs, TableBlock, column_widths

TEMPLATE = Path(__file__).parent / "templates" / "psykanalys" / "report.typ"
ROOM = Room(118, padding=3, bold=1.15, longest=12)
PAGE = (170.0, 215.0)  # millimetres that a figure may take
POINT = 25.4 / 72
SCALE = 0.74  # a figure's text becomes as large as the page's
LONG = 400  # characters in a cell whose row may be divided between pages
SHORT = 8  # rows of a table that is never divided


def write_pdf(document: Document) -> bytes:
    """The document as PDF; the same bytes for the same document. Raises ReportError with what typst says."""
    blocks = [_block(block) for block in document.blocks]
    running = f"{document.mark} – {document.title}" if document.mark else document.title
    report = {
        "title": document.title,
        "running": running,
        "language": document.language,
        "colours": dict(LIGHT_THEME),
        "blocks": blocks,
    }
    return _compiled(TEMPLATE.read_bytes(), {"report": json.dumps(report)}, format="pdf", pdf_standards=["ua-1"])


def rasters(figures: list[FigureBlock], dots_per_inch: int = 150) -> list[bytes]:
    """The drawings as PNG images on white, for formats that hold no drawings."""
    source = b"""#set page(width: auto, height: auto, margin: 0pt, fill: white)
#json(bytes(sys.inputs.figures)).map(svg => image(bytes(svg), format: "svg")).join(pagebreak())"""
    if not figures:
        return []
    inputs = {"figures": json.dumps([figure.svg for figure in figures])}
    made = _compiled(source, inputs, format="png", ppi=dots_per_inch)
    return made if isinstance(made, list) else [made]


def figure_width(figure: FigureBlock) -> float:
    """How wide the figure is drawn, in millimetres: text as large as the page's, and never beyond the page."""
    width, height = (side * POINT for side in figure.size)
    return min(width * SCALE, PAGE[0], PAGE[1] * width / height)


def _compiled(source: bytes, inputs: dict[str, str], **how: Any) -> Any:
    try:
        return typst.compile(source, font_paths=_fonts(), ignore_system_fonts=True, sys_inputs=inputs, **how)
    except typst.TypstError as error:
        raise ReportError(f"typst: {error.message} {' '.join(error.hints)}".strip()) from error


@cache
def _fonts() -> typst.Fonts:
    """Only fonts that come with the packages, so that every machine gives the same bytes."""
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(folder)])


def _block(block: Block) -> dict[str, Any]:
    """A block as the template reads it."""
    if isinstance(block, TableBlock | FigureBlock):
        return _table(block) if isinstance(block, TableBlock) else _figure(block)
    return {"type": type(block).__name__.lower()} | {name: _value(value) for name, value in vars(block).items()}


def _value(value: Any) -> Any:
    """A block's field: runs, blocks, blocks in items, or a plain value."""
    if not isinstance(value, tuple):
        return value
    return [
        _run(part) if isinstance(part, Run) else _value(part) if isinstance(part, tuple) else _block(part)
        for part in value
    ]


def _table(table: TableBlock) -> dict[str, Any]:
    return {
        "type": "table",
        "caption": _runs(table.caption),
        "head": [[_cell(cell, row) for cell in row] for row in table.head],
        "body": [[_cell(cell, row) for cell in row] for row in table.body],
        "short": len(table.body) <= SHORT,
        "widths": column_widths(table, ROOM),
        "numeric": sorted(table.numeric),
        "notes": [_runs(note) for note in table.notes],
    }


def _cell(cell: Cell, row: tuple[Cell, ...]) -> dict[str, Any]:
    is_long = any(len(each.text) > LONG for each in row)
    lines = [_runs(line) for line in cell.lines]
    divided = any(len(word) > ROOM.longest for word in cell.text.split())
    return {"lines": lines, "columns": cell.columns, "rows": cell.rows, "long": is_long, "divided": divided}


def _figure(figure: FigureBlock) -> dict[str, Any]:
    return {
        "type": "figure",
        "svg": figure.svg,
        "alternative": figure.alternative,
        "width": figure_width(figure),
        "title": _runs(figure.title),
        "source": _runs(figure.source),
    }


def _runs(runs: Runs) -> list[dict[str, Any]]:
    return [_run(run) for run in runs]


def _run(run: Run) -> dict[str, Any]:
    """What differs from plain text."""
    return {name: value for name, value in vars(run).items() if value}
