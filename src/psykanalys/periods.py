"""Periods as the documents state them: a year, a span, a school year, a month, a day.

Written forms (ISO 8601 where it has one):
    2018                 year
    2016/2018            span of years
    2014/15              school year (August to June)
    2018-08              month
    2018-01/2018-08      span of months
    2018-09-30           point in time
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

FORMS = "2018, 2016/2018, 2014/15 (school year), 2018-08, 2018-01/2018-08 or 2018-09-30"

_YEAR = re.compile(r"((?:19|20)[0-9]{2})")
_MONTH = re.compile(rf"{_YEAR.pattern}-([0-9]{{2}})")
_DAY = re.compile(rf"{_MONTH.pattern}-([0-9]{{2}})")
_SCHOOL_YEAR = re.compile(rf"{_YEAR.pattern}/([0-9]{{2}})")


@dataclass(frozen=True, order=True)
class Period:
    """A period with its first and last day; `text` is the written form it came from."""

    first: date
    last: date
    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def is_point(self) -> bool:
        """Whether the period is a single day."""
        return self.first == self.last

    @property
    def months(self) -> int:
        """How many calendar months the period touches; 0 for a single day."""
        if self.is_point:
            return 0
        return 12 * (self.last.year - self.first.year) + self.last.month - self.first.month + 1

    def overlaps(self, other: Period) -> bool:
        """Whether the two have a day in common."""
        return self.first <= other.last and other.first <= self.last


@lru_cache(maxsize=4096)
def parse_period(text: str) -> Period:
    """Read a written period. Raises ValueError saying which forms are allowed."""
    try:
        first, last = _school_year(text) or _span(text)
    except ValueError as error:
        raise ValueError(f"'{text}' is not a period; expected {FORMS}") from error
    if last < first:
        raise ValueError(f"'{text}' ends before it begins; expected the earlier end first")
    return Period(first, last, text)


def same_season(one: Period, other: Period) -> bool:
    """Whether two periods cover the same months of different years, so that they can be compared."""
    months = [(p.first.month, p.last.month, p.last.year - p.first.year) for p in (one, other)]
    return months[0] == months[1] and one.first.year != other.first.year


def _school_year(text: str) -> tuple[date, date] | None:
    match = _SCHOOL_YEAR.fullmatch(text)
    if not match:
        return None
    start = int(match[1])
    if int(match[2]) != (start + 1) % 100:
        raise ValueError(text)
    return date(start, 8, 1), date(start + 1, 6, 30)


def _span(text: str) -> tuple[date, date]:
    start, is_span, end = text.partition("/")
    first, last = _unit(start), _unit(end if is_span else start)
    return first[0], last[1]


def _unit(text: str) -> tuple[date, date]:
    if match := _DAY.fullmatch(text):
        day = date(*(int(part) for part in match.groups()))
        return day, day
    if match := _MONTH.fullmatch(text):
        year, month = int(match[1]), int(match[2])
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    if match := _YEAR.fullmatch(text):
        return date(int(match[1]), 1, 1), date(int(match[1]), 12, 31)
    raise ValueError(text)
