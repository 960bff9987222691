"""The messages as plain text, for a mail or a terminal: title, scope, summary, and where the whole report is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from psykanalys.report.document import (
    Block,
    Cell,
    Contents,
    Document,
    Heading,
    Items,
    Paragraph,
    Preformatted,
    Quote,
    Room,
    TableBlock,
    column_widths,
    plain,
)

WIDTH = 78
GAP = "  "
ELSEWHERE = "Hela rapporten finns hos den som har skickat den här texten."


def write_text(document: Document, others: Sequence[str] = ()) -> bytes:
    """The page's head and first section. `others` are the file names of the whole report in other formats."""
    parts = [_underlined(document.title, "="), *_parts(_summary(document.blocks))]
    where = f"Hela rapporten: {', '.join(others)}" if others else ELSEWHERE
    text = "\n\n".join([*parts, _wrapped(where)]).replace("\u00a0", " ")
    return f"{text}\n".encode()


def _summary(blocks: Sequence[Block]) -> Iterator[Block]:
    """What stands before the second heading of level 2."""
    headings = 0
    for block in blocks:
        headings += isinstance(block, Heading) and block.level == 2
        if headings > 1 or isinstance(block, Contents):
            return
        yield block


def _parts(blocks: Iterator[Block]) -> Iterator[str]:
    """The blocks as text, no table twice; a figure's numbers stand in its table."""
    shown: set[str] = set()
    for block in blocks:
        text = _text(block)
        if text and not (isinstance(block, TableBlock) and text in shown):
            shown.add(text)
            yield text


def _text(block: Block) -> str:
    match block:
        case Heading(level, runs):
            return _underlined(plain(runs), "-") if level == 2 else plain(runs)
        case Paragraph(runs):
            return _wrapped(plain(runs))
        case Preformatted(text):
            return "\n".join(line[:WIDTH] for line in text.splitlines())
        case Items():
            return _items(block)
        case Quote(blocks):
            return "\n".join(_text(part) for part in blocks)
        case TableBlock():
            return _table(block)
    return ""


def _items(items: Items) -> str:
    counted = items.ordered and items.kind != "steps"
    marks = [f"{place}." if counted else "-" for place in range(1, len(items.items) + 1)]
    texts = [" ".join(_text(part).replace("\n", " ") for part in item) for item in items.items]
    return "\n".join(_wrapped(f"{mark} {text}", " " * (len(mark) + 1)) for mark, text in zip(marks, texts, strict=True))


def _table(table: TableBlock) -> str:
    room = WIDTH - len(GAP) * (table.width - 1)
    widths = [max(1, int(share * room + 1e-6)) for share in column_widths(table, Room(room))]
    head = [line for row in table.head for line in _row(row, widths, table.numeric)]
    body = [line for row in table.body for line in _row(row, widths, table.numeric)]
    rule = [GAP.join("-" * width for width in widths)] if head else []
    notes = [_wrapped(f"{place}. {plain(note)}", "   ") for place, note in enumerate(table.notes, 1)]
    caption = [_wrapped(plain(table.caption)), ""] if table.caption else []
    return "\n".join([*caption, *head, *rule, *body, *([""] if notes else []), *notes])


def _row(row: Sequence[Cell], widths: Sequence[int], numeric: frozenset[int]) -> Iterator[str]:
    """One row of the table, as many lines as its highest cell has."""
    columns = [textwrap.wrap(cell.text, width) for cell, width in zip(row, widths, strict=False)]
    for which in range(max(map(len, columns), default=0)):
        parts = [column[which] if which < len(column) else "" for column in columns]
        placed = [
            part.rjust(width) if place in numeric else part.ljust(width)
            for place, (part, width) in enumerate(zip(parts, widths, strict=False))
        ]
        yield GAP.join(placed).rstrip()


def _wrapped(text: str, indent: str = "") -> str:
    lines = text.splitlines() or [""]
    return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False) for line in lines)


def _underlined(text: str, mark: str) -> str:
    wrapped = _wrapped(text)
    return f"{wrapped}\n{mark * max(map(len, wrapped.splitlines()))}"
