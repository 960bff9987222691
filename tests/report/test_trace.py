"""Every number on the pages is a figure with a source, or stands in the list of numbers that need none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from lxml import html

from psykanalys import __version__
from psykanalys.analysis import FOCUS_AREAS
from psykanalys.areas import official_areas
from psykanalys.audit import CHECKS
from psykanalys.present import formatting as fmt
from psykanalys.present.figures.access import limit_in_days

NAMES = ("gavleborg", "norrbotten", "vasterbotten")
DIGITS = re.compile(r"\d+")
UNSEEN = ("style", "script", "title", "head")
PERIODS = ("period", "as_of", "base_period", "year", "due", "dated", "asked", "plan_start", "plan_end", "date", "when")
# Constants of the method and of the form: the same in every report, whatever the data say.
CONSTANTS = (
    f"psykanalys {__version__}", "95-procentsintervallet", "80-procentsintervallet", "95-procentigt intervall", "2,5 procentenheter", "[35; 56]",
    "SHA-256", "till 100 %: ",
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A text on the page that is no marked figure: what it says, in what element, column and table it stands."""

    text: str
    tag: str
    column: str = ""
    rows: int = -1  # of the tables that a summary opens


def tree(page: str) -> Any:
    return html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8", huge_tree=True))


def even(text: str) -> str:
    return " ".join(text.replace("\u00ad", "").split())


def pieces(element: Any, column: str = "") -> Iterator[Piece]:
    """Every visible text outside marked figures, with what surrounds it."""
    if not isinstance(element.tag, str) or element.tag in UNSEEN or element.tag == "data" or element.get("data-r"):
        if element.tag == "figure":  # its data-r is for its alternative only
            yield from _inside(element, column)
        return
    yield from _inside(element, column_of(element) or column)


def _inside(element: Any, column: str) -> Iterator[Piece]:
    if element.tag == "svg":
        yield from _drawn(element)
        return
    rows = len(element.xpath("../div//tbody/tr")) if element.tag == "summary" else -1
    yield Piece(even(element.text or ""), element.tag, column, rows)
    for child in element:
        yield from pieces(child, column)
        yield Piece(even(child.tail or ""), element.tag, column, rows)


def _drawn(svg: Any) -> Iterator[Piece]:
    """A drawing's texts without reference: marks on axes one by one, the lines of labels together."""
    texts = [even(part.text_content()) for part in svg.iter("text") if not part.get("data-r")]
    alone = [text for text in texts if re.fullmatch(r"[1-5]|\d+ %", text)]
    yield from (Piece(text, "text") for text in alone)
    yield Piece(" ".join(text for text in texts if text not in alone), "label")


def column_of(element: Any) -> str:
    """The column head of a table's cell."""
    if element.tag not in ("td", "th") or element.get("scope") == "col":
        return ""
    heads = element.xpath("ancestor::table/thead/tr/th")
    place = len(list(element.itersiblings(preceding=True)))
    return even(heads[place].text_content()) if place < len(heads) else ""


class Allowed:
    """What one county's page may say in numbers without a mark."""

    def __init__(self, county: Any):
        self.raw, self.periods = raw_texts(county), periods(county)


def raw_texts(county: Any) -> tuple[str, ...]:
    """What the raw rows and the catalogue say in words and what is named there, the longest first."""
    texts = {area.name for area in official_areas().values()}
    for table in county.analysis.tables_by_kind.values():
        for column in table.select_dtypes("string"):
            if column not in {*PERIODS, "id", "places", "sha256", "focus_areas", "state_places"}:
                texts |= set(table[column].dropna())
    for indicator in county.analysis.catalogue.values():
        texts |= {indicator.title, indicator.title.partition(" ")[2], indicator.numerator, indicator.denominator or "", *indicator.caveats}
    texts |= {text for each in CHECKS for text in (each.text, each.mend)}
    told = county.results[county.results["level"] != ""]
    texts |= {f"{row['dimension']}: {row['level']}" for row in told.to_dict("records")}
    texts |= {fmt.with_unit(int(row["level"]), "månader") for row in told.to_dict("records") if row["level"].isdigit()}
    texts |= {f"{days} dagar" for each in county.catalogue.values() if (days := limit_in_days(each.title))}
    kept = {even(text).rstrip(".") for text in texts if DIGITS.search(text) and re.search("[a-zåäö]{3}", text.lower())}
    return tuple(sorted({form for text in kept for form in (text, fmt_upper(text), text[:1].lower() + text[1:])}, key=len, reverse=True))


def fmt_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def periods(county: Any) -> tuple[str, ...]:
    """Every period of the county's rows as the report writes it, and its years."""
    written = set()
    for table in (*county.analysis.tables_by_kind.values(), county.results):
        for column in set(PERIODS) & set(table.columns):
            written |= {even(fmt.period(value)) for value in table[column].dropna()}
    years = {year for text in written for year in re.findall(r"\b(?:19|20)\d\d\b", text)}
    return tuple(sorted({*written, *years}, key=len, reverse=True))


def without(text: str, parts: tuple[str, ...]) -> str:
    for part in parts:
        if part in text:
            text = re.sub(rf"(?<!\d){re.escape(part)}(?!\d)", " ", text)
    return text


def pattern(form: str) -> Callable[[Piece, Any], str]:
    return lambda piece, _: re.sub(form, " ", piece.text)


def only_in(form: str, *, column: str = ".*", tag: str = ".*") -> Callable[[Piece, Any], str]:
    """The rule takes what has a form, in columns and elements of some names only."""

    def rule(piece: Piece, _: Any) -> str:
        is_there = re.fullmatch(column, piece.column) and re.fullmatch(tag, piece.tag)
        return re.sub(form, " ", piece.text) if is_there else piece.text

    return rule


def rows_below(piece: Piece, _: Any) -> str:
    """A summary's number in brackets, where it is that of the rows that it opens."""
    return re.sub(rf"\({piece.rows}(?: områden)?\)$", " ", piece.text) if piece.tag == "summary" else piece.text


# What need not be traced, by name: what is left of a piece's text when the rule has taken its own.
RULES: dict[str, Callable[[Piece, Any], str]] = {
    "document and line": pattern(r"\b[A-Z] rad \d+(?:–\d+)?(?:, \d+(?:–\d+)?)*"),
    "words of a raw row or a definition": lambda piece, allowed: without(piece.text, allowed.raw),
    "focus area's number": pattern(
        "|".join([*(rf"\b{n} {re.escape(name)}" for n, name in FOCUS_AREAS.items()), r"fokusområde [1-5]\b"])
    ),
    "focus area's number in its column": only_in(r"[1-5](?:, [1-5])*", column="Fokusområde"),
    "focus area's number in a drawing": only_in(r"^[1-5]$", tag="text"),
    "rows that a summary opens": rows_below,
    "code of a check": pattern(r"\bP\d\d\b"),
    "axis": only_in(r"^(?:0|25|50|75|100) %$", tag="text"),
    "question's number": only_in(r"^[\d/a-z ]+$", column="Nr"),
    "control code": only_in(r"^\d{4} \d{4} \d{4}$", tag="b"),
    "checksum": only_in(r"^[0-9a-f]{16}$", column="Kontrollsumma .*"),
    "period": lambda piece, allowed: without(piece.text, allowed.periods),
    "age": pattern(r"\b\d+–\d+ år\b|\b\d+ år och äldre"),
    "constant of the method": lambda piece, _: without(piece.text, CONSTANTS),
}


def unexplained(piece: Piece, allowed: Allowed, taken: Counter[str]) -> str:
    """What no rule explains of a piece's text; counts what each rule took."""
    text = piece.text
    for name, rule in RULES.items():
        if not DIGITS.search(text):
            break
        left = rule(Piece(text, piece.tag, piece.column, piece.rows), allowed)
        taken[name] += len(DIGITS.findall(text)) - len(DIGITS.findall(left))
        text = left
    return text if DIGITS.search(text) else ""


def unexplained_of(page: str, county: Any, taken: Counter[str]) -> list[tuple[str, str, str]]:
    allowed = Allowed(county)
    found = [(unexplained(piece, allowed, taken), piece) for piece in pieces(tree(page).find("body"))]
    return [(left, piece.tag, piece.column) for left, piece in found if left]
