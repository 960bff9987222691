"""Rows that hold to counts: whose wait ended in a month, who waited at its end, and how long who began in it waited."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from psykanalys.errors import PsykanalysError
from psykanalys.periods import parse_period
from psykanalys.records.engine import literal

LIMITS = (0, 3, 7, 30, 90)
AGES = ("0-17", "18-64", "65-")
MARGINS = ("area", "unit", "sex", "age")
STILL = 99_999  # the month when the wait ended, of those who still wait


@dataclass(frozen=True)
class Step:
    """A wait from one column's date to another's."""

    name: str
    begins: str
    ends: str


STEPS = (
    Step("first_visit", "referral", "first_visit"),
    Step("assessment", "first_visit", "assessment"),
    Step("treatment", "first_visit", "treatment_start"),
    Step("medical_assessment", "referral", "assessment"),
)


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month."""

    number: int  # months since year 0

    @property
    def first(self) -> date:
        """Its first day."""
        return date(*self._parts, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return date(*self._parts, monthrange(*self._parts)[1])

    @property
    def _parts(self) -> tuple[int, int]:
        return self.number // 12, self.number % 12 + 1

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def find_months(text: str | None, extract_date: date) -> list[Month]:
    """The months of a period, or the last whole month before the extract was drawn. Raises PsykanalysError."""
    after = Month(extract_date.year * 12 + extract_date.month - 1)
    latest = after if after.last == extract_date else Month(after.number - 1)
    if text is None:
        return [latest]
    try:
        period = parse_period(text)
    except ValueError as error:
        raise PsykanalysError(f"--month: {error}") from error
    first, last = (Month(day.year * 12 + day.month - 1) for day in (period.first, period.last))
    if (period.first, period.last) != (first.first, last.last):
        raise PsykanalysError(f"--month: '{text}' is no whole month — expected such as 2024-06 or 2024-01/2024-06")
    if last > latest:
        raise PsykanalysError(f"--month: '{text}' ends after the extract — expected {latest} or earlier")
    return [Month(number) for number in range(first.number, last.number + 1)]


@dataclass(frozen=True)
class Places:
    """Areas and units of the extract: each pair, and its county; `units` are (county, name), numbered from 0."""

    pairs: tuple[tuple[str, str | None], ...]
    units: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, pairs: Sequence[tuple[str | None, str | None]], unknown: set[str]) -> Places:
        """The pairs whose area is known."""
        known = tuple((area, unit) for area, unit in pairs if area and area not in unknown)
        return cls(known, tuple(sorted({(area[:2], unit) for area, unit in known if unit})))

    @property
    def counties(self) -> list[str]:
        """County codes."""
        return sorted({area[:2] for area, _ in self.pairs})

    def insert(self, connection: Any) -> None:
        """Make the table `places`."""
        number = {unit: place for place, unit in enumerate(self.units)}
        columns = [[pair[0] for pair in self.pairs], [pair[1] for pair in self.pairs],
                   [number.get((area[:2], unit or "")) for area, unit in self.pairs]]  # fmt: skip
        connection.execute(
            "CREATE TEMP TABLE places AS SELECT area AS known_area, unit AS known_unit, "
            "CAST(area[:2] AS UTINYINT) AS county, "
            "CAST(area AS USMALLINT) AS area_number, CAST(unit_number AS UINTEGER) AS unit_number FROM "
            "(SELECT unnest(?::VARCHAR[]) AS area, unnest(?::VARCHAR[]) AS unit, unnest(?::INTEGER[]) AS unit_number)",
            columns,
        )


_MEMBERS = {
    "": "0",
    "area": "area_number",
    "unit": "unit_number",
    "sex": "sex",
    "age": "CASE WHEN age < 18 THEN 0 WHEN age < 65 THEN 1 ELSE 2 END",
}


def keep_waits(connection: Any, months: Sequence[Month], margins: Sequence[str]) -> None:
    """Make the table `waits`: the rows that hold and that any figure of these months needs, in a narrow form.

    The table `impossible` has the others.
    """
    own = [f"{_MEMBERS[name]} AS member_{name}" for name in margins]
    last = "greatest(referral, first_visit, assessment, treatment_start, closed)"
    needed = f"referral <= {_day(months[-1].last)} AND (waiting OR {last} >= {_day(months[0].first)})"
    connection.execute(
        f"CREATE TEMP TABLE waits AS SELECT {', '.join(['county', 'unit_number', '0 AS member_', *own])}, referral, "
        "first_visit, assessment, treatment_start, closed, waiting, coalesce(patient_chosen_days > 0, false) AS chosen "
        "FROM extract ANTI JOIN impossible USING (file_number, row) "
        f"LEFT JOIN places ON area = known_area AND unit IS NOT DISTINCT FROM known_unit WHERE {needed}"
    )

    if lost := connection.execute("SELECT count(*) FROM waits WHERE county IS NULL").fetchall()[0][0]:
        raise AssertionError(f"{lost} rows hold but have no place")


def _day(day: date) -> str:
    return f"DATE {literal(day.isoformat())}"


def _month(column: str) -> str:
    return f"(year({column}) * 12 + month({column}) - 1)"


def _within(column: str, months: Sequence[Month]) -> str:
    return f"{column} BETWEEN {_day(months[0].first)} AND {_day(months[-1].last)}"


def count_flow(connection: Any, step: Step, margin: str, months: Sequence[Month]) -> pd.DataFrame:
    """Waits that ended in each month: columns `county`, `member`, `month`, `chosen`, `bucket`, `n`.

    `bucket`: how many of the limits the wait is longer than.
    """
    days = f"({step.ends} - {step.begins})"
    bucket = " + ".join(f"CAST({days} > {limit} AS UTINYINT)" for limit in LIMITS)
    return _table(
        connection,
        f"SELECT county, member_{margin} AS member, {_month(step.ends)} AS month, chosen, {bucket} AS bucket, "
        f"count(*) AS n FROM waits WHERE {_within(step.ends, months)} AND member_{margin} IS NOT NULL "
        "GROUP BY ALL ORDER BY ALL",
    )


def count_begun(connection: Any, step: Step, margin: str, months: Sequence[Month], extract_date: date) -> pd.DataFrame:
    """Waits that began in each month: columns `county`, `member`, `month`, `days`, `ended`, `n`.

    `days`: until the step, or until the wait was closed or the extract drawn; then `ended` is false.
    """
    until = f"coalesce({step.ends}, closed, {_day(extract_date)})"
    return _table(
        connection,
        f"SELECT county, member_{margin} AS member, {_month(step.begins)} AS month, {until} - {step.begins} AS days, "
        f"{step.ends} IS NOT NULL AS ended, count(*) AS n FROM waits WHERE {_within(step.begins, months)} "
        f"AND ({step.ends} IS NOT NULL OR closed IS NOT NULL OR waiting) AND member_{margin} IS NOT NULL "
        "GROUP BY ALL ORDER BY ALL",
    )


def count_queue(connection: Any, step: Step, margin: str, months: Sequence[Month]) -> pd.DataFrame:
    """Who waits on the last day of each month: columns `county`, `member`, `month`, `bucket`, `n`.

    `bucket`: how many of the limits the wait is longer than on that day. Who is met or leaves on the last day does not
    wait any more.
    """
    gone = f"coalesce({step.ends}, closed)"
    rows = _table(
        connection,
        f"SELECT county, member_{margin} AS member, CAST({step.begins} - DATE '1970-01-01' AS INTEGER) AS day, "
        f"coalesce({_month(gone)}, {STILL}) AS gone, count(*) AS n FROM waits "
        f"WHERE {step.begins} <= {_day(months[-1].last)} AND member_{margin} IS NOT NULL "
        f"AND ({gone} > {_day(months[0].last)} OR ({gone} IS NULL AND waiting)) "
        f"AND ({gone} IS NULL OR {gone} > last_day({step.begins})) GROUP BY ALL",
    )
    return pd.concat([_queue_at(rows, month) for month in months], ignore_index=True)


def _queue_at(rows: pd.DataFrame, month: Month) -> pd.DataFrame:
    last = (month.last - date(1970, 1, 1)).days
    there = rows[(rows["day"] <= last) & (rows["gone"] > month.number)]
    waited = last - there["day"]
    found = there.assign(month=month.number, bucket=sum((waited > limit).astype(int) for limit in LIMITS))
    return found.groupby(["county", "member", "month", "bucket"], as_index=False)["n"].sum()


def reporting_units(connection: Any, months: Sequence[Month]) -> pd.DataFrame:
    """Which units registered a referral or a first visit in each month: columns `county`, `unit`, `month`."""
    one = [
        f"SELECT DISTINCT county, unit_number AS unit, {_month(column)} AS month FROM waits "
        f"WHERE unit_number IS NOT NULL AND {_within(column, months)}"
        for column in ("referral", "first_visit")
    ]
    return _table(connection, f"SELECT * FROM ({' UNION '.join(one)}) ORDER BY ALL")


def _table(connection: Any, query: str) -> pd.DataFrame:
    table = connection.execute(query).df()
    return table.astype({"n": "int64"}) if "n" in table else table
