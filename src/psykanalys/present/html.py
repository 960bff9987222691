"""The few shapes that a page is made of: paragraphs, lists, tables. Each also answers as plain text.

Texts may carry references (`psykanalys.references`): in HTML they stand as `<data value=…>`, elsewhere they are not seen.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from psykanalys.references import Shown, pieces


class Block(ABC):
    """Something that a notebook cell shows: HTML for the page, plain text for a terminal."""

    @abstractmethod
    def to_html(self) -> str:
        """HTML for the page."""

    @abstractmethod
    def to_text(self) -> str:
        """Plain text with the same content."""

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        return self.to_text()


@dataclass(frozen=True, repr=False)
class Heading(Block):
    """A heading below the notebook's own (level 3 or 4), or the page's title (level 1)."""

    text: str
    level: int = 3

    def to_html(self) -> str:
        """HTML for the page."""
        return f"<h{self.level}>{escape(self.text)}</h{self.level}>"

    def to_text(self) -> str:
        """Plain text with the same content."""
        return f"{'#' * self.level} {self.text}"


@dataclass(frozen=True, repr=False)
class Text(Block):
    """A paragraph. `kind` is a class of the page's style: lead, note, caution."""

    text: str
    kind: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", Shown(self.text))

    def to_html(self) -> str:
        """HTML for the page."""
        return f"<p{_class(self.kind)}>{markup(self.text)}</p>"

    def to_text(self) -> str:
        """Plain text with the same content."""
        return self.text


@dataclass(frozen=True, repr=False)
class Bullets(Block):
    """A list of sentences."""

    sentences: Sequence[str]
    kind: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sentences", [Shown(each) for each in self.sentences])

    def to_html(self) -> str:
        """HTML for the page."""
        return f"<ul{_class(self.kind)}>{''.join(f'<li>{markup(each)}</li>' for each in self.sentences)}</ul>"

    def to_text(self) -> str:
        """Plain text with the same content."""
        return "\n".join(f"• {each}" for each in self.sentences)


@dataclass(frozen=True, repr=False)
class Steps(Block):
    """Counts that follow from one another, largest first, as a strip of large numbers; `sentence` says the same."""

    counts: Sequence[tuple[str, str]]
    sentence: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "sentence", Shown(self.sentence))

    def to_html(self) -> str:
        """HTML for the page."""
        items = "".join(f"<li><b>{markup(count)}</b> {escape(what)}</li>" for count, what in self.counts)
        return f'<ol class="steps">{items}</ol>'

    def to_text(self) -> str:
        """Plain text with the same content."""
        return self.sentence


@dataclass(frozen=True, repr=False)
class Columns(Block):
    """Blocks side by side on a wide screen, after one another on a narrow one."""

    blocks: Sequence[Block]

    def to_html(self) -> str:
        """HTML for the page."""
        return f'<div class="three">{"".join(f"<div>{block.to_html()}</div>" for block in self.blocks)}</div>'

    def to_text(self) -> str:
        """Plain text with the same content."""
        return "\n\n".join(block.to_text() for block in self.blocks)


@dataclass(frozen=True)
class Cell:
    """A cell with more than text: a class for its style, or several lines."""

    lines: tuple[str, ...]
    kind: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(Shown(line) for line in self.lines))

    def to_html(self) -> str:
        """HTML for the page."""
        if len(self.lines) > 1:
            return f"<ul class='cell'>{''.join(f'<li>{markup(line)}</li>' for line in self.lines)}</ul>"
        text = markup(self.lines[0]) if self.lines else ""
        return f"<span{_class(self.kind)}>{text}</span>" if self.kind else text

    def __str__(self) -> str:
        return "; ".join(self.lines)


@dataclass(frozen=True, repr=False)
class Table(Block):
    """A table with caption and header cells; numeric columns are right-aligned; notes stand below it."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    numeric: frozenset[int] = frozenset()
    notes: Sequence[str] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        rows = [[cell if isinstance(cell, Cell) else Shown(cell) for cell in row] for row in self.rows]
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "caption", Shown(self.caption))
        object.__setattr__(self, "notes", [Shown(note) for note in self.notes])

    def texts(self) -> Iterator[str]:
        """Every text of the table, with its references."""
        yield self.caption
        for row in self.rows:
            for cell in row:
                yield from cell.lines if isinstance(cell, Cell) else [cell]
        yield from self.notes

    def to_html(self) -> str:
        """HTML for the page."""
        head = "".join(f'<th scope="col"{self._align(i)}>{escape(name)}</th>' for i, name in enumerate(self.columns))
        body = "".join(f"<tr>{self._row(row)}</tr>" for row in self.rows)
        notes = "".join(f"<li>{markup(note)}</li>" for note in self.notes)
        return (
            f'<div class="table"><table><caption>{markup(self.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            + (f'<ol class="notes">{notes}</ol>' if notes else "")
            + "</div>"
        )

    def to_text(self) -> str:
        """Plain text with the same content."""
        lines = [self.caption, " | ".join(self.columns), *(" | ".join(str(cell) for cell in row) for row in self.rows)]
        return "\n".join([*lines, *(f"{i}. {note}" for i, note in enumerate(self.notes, 1))])

    def _row(self, row: Sequence[str | Cell]) -> str:
        cells = [cell.to_html() if isinstance(cell, Cell) else markup(cell) for cell in row]
        first = f'<th scope="row">{cells[0]}</th>'
        return first + "".join(f"<td{self._align(i)}>{cells[i]}</td>" for i in range(1, len(cells)))

    def _align(self, column: int) -> str:
        return ' class="number"' if column in self.numeric else ""


@dataclass(frozen=True, repr=False)
class Stack(Block):
    """Several blocks after one another."""

    blocks: Sequence[Block]

    def to_html(self) -> str:
        """HTML for the page."""
        return "\n".join(block.to_html() for block in self.blocks)

    def to_text(self) -> str:
        """Plain text with the same content."""
        return "\n\n".join(block.to_text() for block in self.blocks)


@dataclass(frozen=True, repr=False)
class Details(Block):
    """Blocks that the reader opens (a details element: no script)."""

    summary: str
    blocks: Sequence[Block]

    def __post_init__(self) -> None:
        object.__setattr__(self, "summary", Shown(self.summary))

    def to_html(self) -> str:
        """HTML for the page."""
        inner = "\n".join(block.to_html() for block in self.blocks)
        return f"<details><summary>{markup(self.summary)}</summary>\n{inner}\n</details>"

    def to_text(self) -> str:
        """Plain text with the same content."""
        return "\n".join([self.summary, *(block.to_text() for block in self.blocks)])


def markup(text: str) -> str:
    """A text as HTML; what carries a reference stands in a `data` element."""
    return "".join(f'<data value="{ref}">{escape(part)}</data>' if ref else escape(part) for ref, part in pieces(text))


def stack(blocks: Iterable[Block | None]) -> Stack:
    """Put blocks after one another, leaving out what is None."""
    return Stack([block for block in blocks if block is not None])


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
