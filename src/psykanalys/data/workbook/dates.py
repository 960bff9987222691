"""Periods as Swedes write them, and dates as Excel stores them, to the contract's periods and back."""

from __future__ import annotations

import re
from datetime import date, datetime

from psykanalys.data.workbook.messages import Told, tell
from psykanalys.periods import parse_period

MONTHS = ("januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober",
          "november", "december")  # fmt: skip
_MONTH = rf"(?P<month>{'|'.join(f'{name}|{name[:3]}' for name in MONTHS)}|sept)\.?"
_TO = r"\s*[-–—]\s*|\s+till(?:\s+och\s+med)?\s+"
_ISO = r"(\d{4}(?:-\d\d){0,2})"
_SPAN = re.compile(rf"{_ISO}(?:{_TO}|/){_ISO}")
_TWO_YEARS = re.compile(r"(?P<first>\d{4})/(?P<last>\d{4})")
_SHORT_YEARS = re.compile(r"(?P<first>\d{4})\s*[-–—]\s*(?P<last>\d\d)")
_SCHOOL_YEAR = re.compile(rf"(?:läsår(?:et)?|lå)\s+(?P<first>\d{{4}})(?:/|{_TO})(?:\d\d)?(?P<last>\d\d)")
_NAMED = re.compile(rf"(?:(?:den\s+)?(?P<day>\d\d?)\s+)?{_MONTH}\s+(?P<year>\d{{4}})")
_NAMED_SPAN = re.compile(rf"(?P<start>.*?\D)(?:{_TO})(?P<end>.+)")
_SLASHED = re.compile(r"(?P<day>\d\d?)/(?P<month>\d\d?)[\s-]+(?P<year>\d{4})")
_NOT_SHOWN = re.compile(r'\[[^\]]*\]|"[^"]*"|\\.')


class PeriodError(ValueError):
    """What cannot be read as a period, or only in two ways."""

    def __init__(self, told: Told):
        super().__init__(told.what)
        self.told = told


def period_text(text: str) -> str:
    """'7 oktober 2016', '2016–2018' or 'läsåret 2014/2015' as the contract has it. Raises PeriodError."""
    written = " ".join(text.casefold().split())
    _refuse_two_readings(text, written)
    found = _school_year(written) or _span(written) or _day_or_month(written) or written
    try:
        parse_period(found)
    except ValueError as error:
        name = "backwards" if "ends before" in str(error) else "no_period"
        raise PeriodError(tell(name, given=text)) from None
    return found


def shown_period(text: str) -> str:
    """A period of the contract as a Swede writes it: '2016/2018' gives '2016–2018'."""
    return _SPAN.sub(r"\1–\2", text) if _SPAN.fullmatch(text) else text


def date_text(value: date | datetime, form: str) -> str:
    """A date as it is shown: its day, its month, or its year. Empty where what is shown is not the date."""
    shown = _NOT_SHOWN.sub("", form).casefold()
    has_day, has_month = "d" in shown, "m" in shown.split("h")[0]
    if "y" not in shown or (has_day and not has_month):
        return ""
    if has_day:
        return f"{value:%Y-%m-%d}"
    if has_month:
        return f"{value:%Y-%m}"
    return f"{value:%Y}" if (value.month, value.day) == (1, 1) else ""


def _refuse_two_readings(text: str, written: str) -> None:
    match = _TWO_YEARS.fullmatch(written)
    short = _SHORT_YEARS.fullmatch(written)
    if match and int(match["last"]) == int(match["first"]) + 1:
        first, last = match["first"], match["last"]
    elif short and (not _is_month(short["last"]) or "-" not in written):
        first, last = short["first"], short["first"][:2] + short["last"]
    else:
        return
    if int(last) != int(first) + 1:
        raise PeriodError(tell("no_period", given=text))
    raise PeriodError(tell("two_readings", given=text, school=f"{first}/{last[2:]}", years=f"{first}–{last}"))


def _is_month(digits: str) -> bool:
    return 1 <= int(digits) <= 12


def _school_year(written: str) -> str:
    match = _SCHOOL_YEAR.fullmatch(written)
    return f"{match['first']}/{match['last']}" if match else ""


def _span(written: str) -> str:
    """Two ends of the same kind: years, months or days."""
    match = _SPAN.fullmatch(written)
    if match:
        return f"{match[1]}/{match[2]}" if len(match[1]) == len(match[2]) else ""
    if (ends := _NAMED_SPAN.fullmatch(written)) and (last := _day_or_month(ends["end"])):
        first = _day_or_month(ends["start"]) or _day_or_month(f"{ends['start']} {last[:4]}")
        return f"{first}/{last}" if len(first) == len(last) else ""
    return ""


def _day_or_month(written: str) -> str:
    """'7 oktober 2016', 'oktober 2016' or '31/12 2018'."""
    if match := _SLASHED.fullmatch(written):
        return f"{match['year']}-{int(match['month']):02}-{int(match['day']):02}"
    match = _NAMED.fullmatch(written)
    if not match:
        return ""
    month = next(place for place, name in enumerate(MONTHS, 1) if match["month"][:3] == name[:3])
    day = f"-{int(match['day']):02}" if match["day"] else ""
    return f"{match['year']}-{month:02}{day}"
