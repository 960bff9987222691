"""The county's own words on a focus area: signed, dated and set apart as theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from psykanalys.data.commentary import EMPHASIS
from psykanalys.present import formatting as fmt
from psykanalys.present.html import Block

LABEL = "Länets kommentar"
ITEM = "- "


@dataclass(frozen=True, repr=False)
class Commentary(Block):
    """A commentary: paragraphs, lines that begin with '- ' as a list, *emphasis*; everything else is plain text."""

    text: str
    author: str
    role: str
    date: str

    @property
    def signature(self) -> str:
        """Who wrote it, as what and when."""
        return f"{self.author}, {self.role}, {fmt.period(self.date)}"

    def to_html(self) -> str:
        """HTML for the page."""
        body = "".join(_html(lines) for lines in _parts(self.text))
        return (
            f'<blockquote class="commentary"><p><strong>{LABEL}</strong></p>{body}'
            f"<footer>{escape(self.signature)}</footer></blockquote>"
        )

    def to_text(self) -> str:
        """Plain text with the same content."""
        body = ("\n".join(_plain(line) for line in lines) for lines in _parts(self.text))
        return "\n\n".join([LABEL, *body, f"– {self.signature}"])


def _parts(text: str) -> Iterator[list[str]]:
    """Paragraphs as one line each, and lists as their lines, which begin with '- '."""
    part: list[str] = []
    for line in [*(line.strip() for line in text.splitlines()), ""]:
        is_item = line.startswith(ITEM)
        begins_list = is_item and not (part and part[0].startswith(ITEM))
        if part and (not line or begins_list):
            yield part
            part = []
        if is_item or (line and not part):
            part.append(line)
        elif line:
            part[-1] = f"{part[-1]} {line}"


def _html(lines: list[str]) -> str:
    if lines[0].startswith(ITEM):
        return f"<ul>{''.join(f'<li>{_emphasised(line.removeprefix(ITEM))}</li>' for line in lines)}</ul>"
    return f"<p>{_emphasised(lines[0])}</p>"


def _emphasised(text: str) -> str:
    return EMPHASIS.sub(r"<em>\1</em>", escape(text))


def _plain(line: str) -> str:
    text = EMPHASIS.sub(r"\1", line)
    return f"• {text.removeprefix(ITEM)}" if text.startswith(ITEM) else text
