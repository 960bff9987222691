"""What ties a printed figure to its data: a short reference, and text that carries references without showing them.

A reference is a letter for what the figure is made of and six hex digits of the row's name:

    r  an observation and its result     v  a verdict: target/observation
    f  a funding row                     c  a comparison: observation/other observation
    s  a survey row                      q  a finding
    t  a target                          n  a count of rows, by its name

In text a mark is written with private-use characters, so that it survives being put into a sentence. `Marked` text
reads, compares and measures as if it had no marks, and gives them on when it is formatted into other text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Self

KINDS = {
    "r": "result",
    "f": "funding",
    "s": "survey",
    "t": "target",
    "v": "verdict",
    "c": "comparison",
    "q": "finding",
    "n": "count",
}
DIGITS = 6
REFERENCE = re.compile(rf"[{''.join(KINDS)}][0-9a-f]{{{DIGITS}}}")
_END, _SHIFT = "\ue000", 0xE100
_TO_INVISIBLE = {code: _SHIFT + code for code in range(128)}
_INVISIBLE = re.compile("[\ue000-\ue17f]")
_MARK = re.compile(f"([\ue100-\ue17f]{{{DIGITS + 1}}})([^{_END}]*){_END}")


def reference(kind: str, row: str) -> str:
    """The reference of a figure: `reference("r", "vb19-obs-audit-units")` is 'r' and six hex digits."""
    if kind not in KINDS:
        raise ValueError(f"'{kind}' is no kind of reference; expected one of {', '.join(KINDS)}")
    return kind + hashlib.sha256(row.encode()).hexdigest()[:DIGITS]


def index(rows: Iterable[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Every (kind, row) by its reference. Raises ValueError where two rows have the same one."""
    found: dict[str, tuple[str, str]] = {}
    for kind, row in rows:
        ref = reference(kind, row)
        if found.setdefault(ref, (kind, row)) != (kind, row):
            raise ValueError(f"{ref}: stands for both '{found[ref][1]}' and '{row}'; give one of the rows another id")
    return found


class Shown(str):
    """Text as it is read, in every use of it; `marked` is the same text with its marks."""

    marked: str

    def __new__(cls, text: str) -> Self:
        """From text with marks, or from text without any."""
        made = super().__new__(cls, plain(text))
        made.marked = _with_marks(text)
        return made

    def __getnewargs__(self) -> tuple[str]:
        return (self.marked,)


class Marked(Shown):
    """Text on its way into other text: an f-string and `+` keep its marks; all else sees it as it is read."""

    def __format__(self, spec: str) -> str:
        return format(self.marked, spec)

    def __add__(self, other: str) -> Marked:
        return Marked(self.marked + _with_marks(other))

    def __radd__(self, other: str) -> Marked:
        return Marked(_with_marks(other) + self.marked)


def marked(ref: str, text: str) -> Marked:
    """The text, carrying the reference of the figure that it is. Marks inside it give way to this one."""
    return Marked(f"{ref.translate(_TO_INVISIBLE)}{plain(text)}{_END}" if text else "")


def plain(text: str) -> str:
    """The text as read."""
    return _INVISIBLE.sub("", str(text))


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """The text in order as (reference, text), with an empty reference for what is not marked."""
    written = _with_marks(text)
    end = 0
    for match in _MARK.finditer(written):
        yield "", plain(written[end : match.start()])
        ref = "".join(chr(ord(letter) - _SHIFT) for letter in match[1])
        yield ref if REFERENCE.fullmatch(ref) else "", plain(match[2])
        end = match.end()
    yield "", plain(written[end:])


def references(*texts: str) -> list[str]:
    """The references in texts, each once, in order."""
    return list(dict.fromkeys(ref for text in texts for ref, _ in pieces(text) if ref))


def joined(separator: str, texts: Iterable[str]) -> Marked:
    """`separator.join(texts)` that keeps the marks."""
    return Marked(separator.join(_with_marks(text) for text in texts))


def capital(text: str) -> Marked:
    """The text with a capital first letter."""
    return Marked(re.sub("^[\ue100-\ue17f]*.", lambda start: start[0].upper(), _with_marks(text), count=1))


def _with_marks(text: str) -> str:
    return text.marked if isinstance(text, Shown) else text
