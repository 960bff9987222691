"""One cell to the text that the contract reads: numbers, dates, closed words, places and lists as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from openpyxl.cell.cell import Cell, MergedCell

from psykanalys import areas
from psykanalys.data.text import begins_as_formula, unseen
from psykanalys.data.workbook.dates import PeriodError, date_text, period_text
from psykanalys.data.workbook.layout import Column
from psykanalys.data.workbook.messages import Told, did_you_mean, one_of, tell

MOST_LINES = 50
_AND = r"\s*(?:[|,;/\n]|\boch\b|\s)\s*"
_AREAS = re.compile(rf"[1-5](?:{_AND}[1-5])*")
_PLACE = re.compile(r"(?:(?P<source>[a-z0-9-]+):)?(?P<first>[1-9]\d{0,6})(?:\s?[-–]\s?(?P<last>[1-9]\d{0,6}))?")
_BEFORE_PLACES = re.compile(r"\b(?:rader|raderna|raden|rad)\b", re.IGNORECASE)
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)")
_UNITS = {"unit", "change_unit"}


class CellError(ValueError):
    """What a cell holds that cannot be used, and what was expected."""

    def __init__(self, told: Told):
        super().__init__(told.what)
        self.told = told


def raw_value(cell: Cell | MergedCell, stored: Callable[[str], Any]) -> Any:
    """The cell's value: text, or a date; `stored` gives what Excel last calculated for a formula. Raises CellError."""
    value = getattr(cell, "value", None)
    if getattr(cell, "data_type", "n") == "f":
        value = stored(cell.coordinate)
        if value is None:
            raise CellError(tell("formula_unstored"))
    if isinstance(value, str) and _ERROR.fullmatch(value):
        raise CellError(tell("error_value", given=value))
    if isinstance(value, int | float) and not isinstance(value, bool) and "%" in (cell.number_format or ""):
        return f"{100 * value:.15g} %".replace(".", ",")
    return value if is_date(value) else _plain(value)


def date_in(column: Column, value: Any, form: str) -> str:
    """A date that Excel has made, where the column may have one and it is shown as it is. Raises CellError."""
    text = date_text(value, form) if isinstance(value, date) else ""
    if column.name == "year":
        text, expected = text if len(text) == 4 else "", "the year"
    else:
        expected = "the period" if column.role == "period" else "text"
    if not text or not (column.role == "period" or column.name == "year"):
        raise CellError(tell("made_date", given=shown_date(value), expected=expected))
    return text


def shown_date(value: Any) -> str:
    """A date in messages."""
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else str(value)


def contract_text(column: Column, text: str) -> str:
    """The text as the contract has it: codes for words, lists joined by ' | '. Raises CellError."""
    if column.words:
        return _code(column, text)
    if column.role in {"number", "count"}:
        return text
    if begins_as_formula(text):
        raise CellError(tell("formula_text", given=text[:40]))
    if unseen(text):
        raise CellError(tell("control"))
    if column.role in _BY_ROLE:
        return _BY_ROLE[column.role](column, text)
    if column.name in _UNITS:
        return "procent" if text == "%" else text
    return _county(text) if column.name == "county_code" else text


def places(text: str, source: str) -> str:
    """'541–543, 550' as the contract has it. Raises CellError."""
    found = []
    for part in re.split(r"[|,;\n]|\boch\b", _BEFORE_PLACES.sub(" ", text)):
        if part.strip():
            found += _lines(part.strip(), source)
    return " | ".join(dict.fromkeys(found))


def is_date(value: Any) -> bool:
    """Whether Excel has made a date or a time of it."""
    return isinstance(value, date | datetime | time)


def _focus_areas(column: Column, text: str) -> str:  # noqa: ARG001
    if not _AREAS.fullmatch(text):
        raise CellError(tell("no_focus_areas", given=text))
    return " | ".join(dict.fromkeys(re.findall("[1-5]", text)))


def _period(column: Column, text: str) -> str:  # noqa: ARG001
    try:
        return period_text(text)
    except PeriodError as error:
        raise CellError(error.told) from None


def _listed(column: Column, text: str) -> str:
    """The items of a list; where they are names that have no comma, a comma stands between them too."""
    between = r"\s*(?:\n|\||,)+\s*" if column.name == "members" else r"\s*(?:\n|\|)+\s*"
    return re.sub(between, " | ", text).strip(" |")


def _lines(part: str, source: str) -> list[str]:
    match = _PLACE.fullmatch(part)
    if not match:
        raise CellError(tell("no_line", given=part))
    first = int(match["first"])
    last = int(match["last"] or first)
    if not first <= last <= first + MOST_LINES:
        raise CellError(tell("no_span", given=part, most=MOST_LINES))
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


def _code(column: Column, text: str) -> str:
    written = " ".join(text.casefold().split())
    code = column.codes.get("procent" if written == "%" else written) or column.codes.get(_tight(written))
    if code is None:
        raise CellError(tell("not_allowed", given=text, words=one_of(column.words.values())))
    return code


def _tight(text: str) -> str:
    """Without spaces around a slash: 'ja / nej' is 'ja/nej'."""
    return re.sub(r"\s*/\s*", "/", text)


def _county(text: str) -> str:
    try:
        nation = text.casefold() in {"00", "riket", "sverige"}
        return areas.NATION if nation else areas.find_county(text).code
    except areas.UnknownAreaError:
        near = areas.nearest_county(text)
        expected = did_you_mean([near] if near else [], "its name or code, such as Halland or 13")
        raise CellError(tell("no_county", given=text, expected=expected)) from None


_BY_ROLE: Mapping[str, Callable[[Column, str], str]] = {"areas": _focus_areas, "period": _period, "list": _listed}
