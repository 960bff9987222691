"""A finished page's seal: the checksum of what it says, its manifest and the short code that stands in it.

What a page says is its visible text with the alternatives of its figures, line by line, whatever wrote the markup:
a browser that saves the page anew changes its bytes and none of its lines.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from html.parser import HTMLParser
from typing import Any

from lxml import etree

from psykanalys.manifest import canonical, checksum
from psykanalys.references import REFERENCE

NO_TEXT = secrets.token_hex(16)  # where the text's checksum goes; no text of a page can be it
_MANIFEST = re.compile(r'data-manifest="([^"]*)"')
_CODE = re.compile(r'(<b class=["\']?seal["\']?>)[^<]*')
_INLINE = (
    "a", "abbr", "b", "bdi", "cite", "code", "data", "dfn", "em", "font", "i", "kbd", "mark", "output", "q", "s",
    "samp", "small", "span", "strong", "sub", "sup", "tspan", "time", "u", "var", "wbr",
)  # fmt: skip
_CELLS = ("td", "th")
_CELL, _PART = "\uf8f0", "\uf8f1"  # where a cell begins, and a part of it: in no text, and no blanks
_UNSEEN = ("script", "style", "template", "head")
_SPOKEN = ("aria-label", "alt", "title")
_HEADINGS = ("h1", "h2", "h3", "h4", "figcaption", "caption")


@dataclass(frozen=True)
class Line:
    """One line that the page says, the heading it stands under, and the figures marked in it.

    A figure of a drawing that is said in a sentence for the whole of it has no text of its own.
    """

    text: str
    section: str
    figures: tuple[tuple[str, str], ...] = ()

    @property
    def says(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What counts: the text and its figures, not where they stand."""
        return self.text, self.figures


def with_source(page: str, **more: str) -> str:
    """The page with more in its manifest and room for the text's checksum; a page without manifest as it is."""

    def extended(match: re.Match[str]) -> str:
        manifest = {**json.loads(unescape(match[1])), **more, "text": NO_TEXT}
        return f'data-manifest="{escape(canonical(manifest), quote=True)}"'

    return _MANIFEST.sub(extended, page, count=1)


def sealed(page: str) -> str:
    """The finished page with the checksum of its text in the manifest, and its code wherever the code is told."""
    if manifest_of(page) is None:
        return page
    page = page.replace(NO_TEXT, text_checksum(page), 1)
    shown = code(manifest_of(page) or {}).replace(" ", "\u00a0")
    return _CODE.sub(rf"\g<1>{shown}", page)


def code(manifest: Mapping[str, Any]) -> str:
    """The report's code: twelve digits that can be said on the phone."""
    digits = f"{int(checksum(manifest), 16) % 10**12:012d}"
    return f"{digits[:4]} {digits[4:8]} {digits[8:]}"


def told_codes(page: str) -> list[str]:
    """The codes that the page itself tells."""
    found = parsed(page).xpath("//b[@class='seal']")
    return [" ".join(text_of(element).split()) for element in found]


def manifest_of(page: str) -> dict[str, Any] | None:
    """The manifest in a page, or None where there is none that can be read."""
    found = parsed(page).xpath("//@data-manifest")
    try:
        manifest = json.loads(found[0]) if found else None
        canonical(manifest).encode()  # half characters are no text
    except (ValueError, RecursionError):
        return None
    return manifest if isinstance(manifest, dict) else None


def text_checksum(page: str) -> str:
    """The checksum of what a page says."""
    said = [line.says for line in lines(page)]
    return hashlib.sha256(canonical(said).encode()).hexdigest()[: len(NO_TEXT)]


@lru_cache(maxsize=2)
def lines(page: str) -> Sequence[Line]:
    """What a page says, line by line. The last page is remembered: twin and gate both read it."""
    reader = _Lines()
    reader.read(parsed(page))
    return tuple(reader.found)


def shown(page: str) -> dict[str, list[str]]:
    """The texts of each marked figure, in the page's order."""
    found: dict[str, list[str]] = {}
    for line in lines(page):
        for ref, text in line.figures:
            if text:
                found.setdefault(ref, []).append(text)
    return found


def skeleton(page: str) -> list[tuple[Any, ...]]:
    """The page's elements, attributes and style, without what browsers add or rewrite when they save a page."""
    reader = _Skeleton()
    reader.feed(page)
    return reader.found


class _Lines:
    """Gathers lines: every element but those inside a line of text begins and ends one; a table's row is one line."""

    def __init__(self) -> None:
        self.found: list[Line] = []
        self._text: list[str] = []
        self._figures: list[tuple[str, str]] = []
        self._section: list[str] = ["", ""]
        self._is_in_row = False

    def read(self, element: Any) -> None:
        """Find the lines of an element and all inside it."""
        tag = element.tag
        if not isinstance(tag, str) or tag in _UNSEEN:
            return
        if tag not in _INLINE:
            self._bound(tag)
        self._is_in_row |= tag == "tr"
        is_told_apart = self._attributes(element, tag) if element.keys() else False
        if not is_told_apart:
            self._content(element)
        self._is_in_row &= tag != "tr"
        if tag not in _INLINE:
            self._bound("" if tag in _CELLS else tag)
        if tag in _HEADINGS:
            self._note(element)

    def _attributes(self, element: Any, tag: str) -> bool:
        """What an element says without text, and which figure it is; whether its own text does not count."""
        for name in _SPOKEN:
            if said := element.get(name):
                refs = tuple((ref, "") for ref in _drawn(element))
                self.found.append(Line(_even(said), self._where, refs))
        if element.get("class") == "seal":
            return True
        if tag == "data" and REFERENCE.fullmatch(element.get("value", "")):
            self._figures.append((element.get("value"), _said(element)))
        elif tag == "text":
            self._figures += [(ref, _said(element)) for ref in _drawn(element)]
        return False

    def _content(self, element: Any) -> None:
        say = self._text.append
        if element.text:
            say(element.text)
        for child in element:
            self.read(child)
            if child.tail:
                say(child.tail)

    def _bound(self, tag: str) -> None:
        """Where an element that is not inside a line begins or ends: a line, a cell of a row, or a part of a cell."""
        if self._is_in_row and tag != "tr":
            self._text.append(_CELL if tag in _CELLS else _PART)
        elif self._text or self._figures:
            self._line()

    def _line(self) -> None:
        text = _even("".join(self._text))
        if self._is_in_row or _CELL in text or _PART in text:
            text = " | ".join(map(_in_parts, text.removeprefix(_CELL).split(_CELL)))
        if text.strip(" |"):
            self.found.append(Line(text, self._where, tuple(self._figures)))
        self._text, self._figures = [], []

    def _note(self, heading: Any) -> None:
        text = _said(heading)
        self._section = [text, ""] if heading.tag in ("h1", "h2") else [self._section[0], text]

    @property
    def _where(self) -> str:
        return " › ".join(part for part in self._section if part)


class _Skeleton(HTMLParser):
    """The start tags in order, with their attributes, and the style."""

    _ADDED = ("html", "head", "body", "tbody", "meta", "colgroup")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[Any, ...]] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._ADDED:
            kept = ((name, _local(name, value or "")) for name, value in attrs if name != "open")
            self.found.append((tag, tuple(sorted(kept))))
        self._in_style = tag == "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.found.append(("style", "".join(data.split())))
            self._in_style = False


def _local(name: str, value: str) -> str:
    """A link inside the page without the address that a browser puts before it."""
    return value[value.index("#") :] if name == "href" and "#" in value else value


def _drawn(element: Any) -> list[str]:
    """The references of a text in a drawing, or of the words that stand for the whole of it."""
    return (element.get("data-r") or "").split()


text_of = etree.XPath("string()", smart_strings=False)  # of an element and all inside it


def _in_parts(cell: str) -> str:
    if _PART not in cell:
        return cell.strip()
    return "; ".join(filter(None, (part.strip() for part in cell.split(_PART))))


def _said(element: Any) -> str:
    return _even(text_of(element))


def _even(text: str) -> str:
    """The text with single ordinary blanks and without soft hyphens."""
    return " ".join((text.replace("\u00ad", "") if "\u00ad" in text else text).split())


def parsed(page: str) -> Any:
    """A page as a tree of elements."""
    return as_tree(page.encode())


def as_tree(content: bytes) -> Any:
    """The same of a page's bytes; a page that holds nothing is an empty paragraph."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    tree = None
    with suppress(etree.ParseError):
        tree = etree.fromstring(content, parser)
    return etree.fromstring(b"<p></p>", etree.HTMLParser()) if tree is None else tree
