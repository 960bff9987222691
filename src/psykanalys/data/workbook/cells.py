"""One cell to the text that the contract reads: numbers, dates, closed words, places and lists as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from openpyxl.cell.cell import Cell, MergedCell

from psykanalys import areas
from psykanalys.data.workbook.layout import Column

MOST_LINES = 50
_AND = r"\s*(?:[|,;/\n]|\boch\b|\s)\s*"
_AREAS = re.compile(rf"[1-5](?:{_AND}[1-5])*")
_PLACE = re.compile(r"(?:(?P<source>[a-z0-9-]+):)?(?P<first>[1-9]\d{0,6})(?:\s?[-–]\s?(?P<last>[1-9]\d{0,6}))?")
_BEFORE_PLACES = re.compile(r"\b(?:rader|raderna|raden|rad)\b", re.IGNORECASE)
_FORMULA = re.compile(r"[=@]|[+-](?![\d\s.,]*%?$)")
_YEARS = re.compile(r"^(\d{4})\s?[-–]\s?(\d{4})$")
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class CellError(ValueError):
    """What a cell holds that cannot be used, and what was expected."""

    def __init__(self, what: str, expected: str):
        super().__init__(what)
        self.what, self.expected = what, expected


def raw_text(cell: Cell | MergedCell, stored: Callable[[str], Any]) -> str:
    """The cell as text; `stored` gives the value that Excel last calculated for a formula. Raises CellError."""
    value = getattr(cell, "value", None)
    if getattr(cell, "data_type", "n") == "f":
        value = stored(cell.coordinate)
        if value is None:
            raise CellError("a formula without a stored value", "the value itself, or save the workbook in Excel")
    if isinstance(value, str) and _ERROR.fullmatch(value):
        raise CellError(f"the cell holds the error {value}", "a value")
    if isinstance(value, int | float) and not isinstance(value, bool) and "%" in (cell.number_format or ""):
        return f"{100 * value:.15g} %".replace(".", ",")
    if isinstance(value, datetime | date):
        return _date(value, cell.number_format or "")
    return _plain(value)


def contract_text(column: Column, text: str) -> str:
    """The text as the contract has it: codes for words, lists joined by ' | '. Raises CellError."""
    if column.words:
        return _code(column, text)
    if column.role in {"number", "count"}:
        return text
    if _FORMULA.match(text):
        raise CellError(f"'{text[:40]}' begins as a formula", "text that does not begin with = + - or @")
    if _CONTROL.search(text):
        raise CellError("the text has a control character in it", "plain text")
    if column.role == "areas" and _AREAS.fullmatch(text):
        return " | ".join(dict.fromkeys(re.findall("[1-5]", text)))
    if column.role == "period":
        return _YEARS.sub(r"\1/\2", text)
    if column.role == "list":
        return re.sub(r"\s*(?:\n|\|)+\s*", " | ", text).strip(" |")
    return _county(text) if column.name == "county_code" else text


def places(text: str, source: str) -> str:
    """'541–543, 550' as the contract has it. Raises CellError."""
    found = []
    for part in re.split(r"[|,;\n]|\boch\b", _BEFORE_PLACES.sub(" ", text)):
        if part.strip():
            found += _lines(part.strip(), source)
    return " | ".join(dict.fromkeys(found))


def is_date(cell: Cell | MergedCell) -> bool:
    """Whether Excel has the cell as a date."""
    return isinstance(getattr(cell, "value", None), date | datetime | time)


def _lines(part: str, source: str) -> list[str]:
    match = _PLACE.fullmatch(part)
    if not match:
        raise CellError(f"'{part}' is no line of the text extract", "such as 120, 120–122 or 120, 124")
    first = int(match["first"])
    last = int(match["last"] or first)
    if not first <= last <= first + MOST_LINES:
        raise CellError(f"'{part}' is no span of lines", f"the lower line first, at most {MOST_LINES} lines")
    return [f"{match['source'] or source}:{line}" for line in range(first, last + 1)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nej"
    if _is_number(value):
        return f"{value:.15g}".replace(".", ",") if 1e-5 <= abs(value) < 1e15 or value == 0 else str(value)
    return re.sub(r"\r\n?", "\n", str(value)).strip()


def _date(value: date, form: str) -> str:
    """A date as a period: of its month where only year and month are shown."""
    return value.strftime("%Y-%m-%d" if "d" in form.casefold() else "%Y-%m")


def _code(column: Column, text: str) -> str:
    code = column.codes.get(" ".join(text.casefold().split()))
    if code is None:
        raise CellError(f"'{text}' is not allowed", "one of " + ", ".join(column.words.values()))
    return code


def _county(text: str) -> str:
    try:
        nation = text.casefold() in {"00", "riket", "sverige"}
        return areas.NATION if nation else areas.find_county(text).code
    except areas.UnknownAreaError:
        raise CellError(f"'{text}' is no county", "its name or code, such as Halland or 13") from None
