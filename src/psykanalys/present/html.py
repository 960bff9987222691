"""The few shapes that a page is made of: paragraphs, lists, tables. Each also answers as plain text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape


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

    def to_html(self) -> str:
        """HTML for the page."""
        return f"<p{_class(self.kind)}>{escape(self.text)}</p>"

    def to_text(self) -> str:
        """Plain text with the same content."""
        return self.text


@dataclass(frozen=True, repr=False)
class Bullets(Block):
    """A list of sentences."""

    sentences: Sequence[str]
    kind: str = ""

    def to_html(self) -> str:
        """HTML for the page."""
        return f"<ul{_class(self.kind)}>{''.join(f'<li>{escape(each)}</li>' for each in self.sentences)}</ul>"

    def to_text(self) -> str:
        """Plain text with the same content."""
        return "\n".join(f"• {each}" for each in self.sentences)


@dataclass(frozen=True, repr=False)
class Steps(Block):
    """Counts that follow from one another, largest first, as a strip of large numbers; `sentence` says the same."""

    counts: Sequence[tuple[str, str]]
    sentence: str

    def to_html(self) -> str:
        """HTML for the page."""
        items = "".join(f"<li><b>{escape(count)}</b> {escape(what)}</li>" for count, what in self.counts)
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

    def to_html(self) -> str:
        """HTML for the page."""
        if len(self.lines) > 1:
            return f"<ul class='cell'>{''.join(f'<li>{escape(line)}</li>' for line in self.lines)}</ul>"
        text = escape(self.lines[0]) if self.lines else ""
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

    def to_html(self) -> str:
        """HTML for the page."""
        head = "".join(f'<th scope="col"{self._align(i)}>{escape(name)}</th>' for i, name in enumerate(self.columns))
        body = "".join(f"<tr>{self._row(row)}</tr>" for row in self.rows)
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return (
            f'<div class="table"><table><caption>{escape(self.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            + (f'<ol class="notes">{notes}</ol>' if notes else "")
            + "</div>"
        )

    def to_text(self) -> str:
        """Plain text with the same content."""
        lines = [self.caption, " | ".join(self.columns), *(" | ".join(str(cell) for cell in row) for row in self.rows)]
        return "\n".join([*lines, *(f"{i}. {note}" for i, note in enumerate(self.notes, 1))])

    def _row(self, row: Sequence[str | Cell]) -> str:
        cells = [cell.to_html() if isinstance(cell, Cell) else escape(cell) for cell in row]
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

    def to_html(self) -> str:
        """HTML for the page."""
        inner = "\n".join(block.to_html() for block in self.blocks)
        return f"<details><summary>{escape(self.summary)}</summary>\n{inner}\n</details>"

    def to_text(self) -> str:
        """Plain text with the same content."""
        return "\n".join([self.summary, *(block.to_text() for block in self.blocks)])


def stack(blocks: Iterable[Block | None]) -> Stack:
    """Put blocks after one another, leaving out what is None."""
    return Stack([block for block in blocks if block is not None])


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
