"""An extract as rows in the database: checked, kept and counted there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from psykanalys.errors import PsykanalysError
from psykanalys.records import checks, counts, engine
from psykanalys.records.convert import convert
from psykanalys.records.counts import Month, Places, Step
from psykanalys.records.order import Order, Tally


class Rows:
    """One extract, or a part of one, while it is counted. `folder`: for what does not fit in memory."""

    def __init__(
        self, order: Order, connection: Any, months: Sequence[Month], files: Sequence[engine.File], folder: Path
    ):
        self._order, self._connection, self._months, self._folder = order, connection, months, folder
        self._files = files = convert(connection, files, order.names, folder)
        connection.execute(f"CREATE TEMP VIEW extract AS {engine.as_extract(files, order.names)}")
        self.pairs = checks.few(checks.find_places(connection))
        self._unknown = checks.unknown_areas(self.pairs)
        self.places = Places.of(self.pairs, self._unknown)
        self._reasons = checks.reasons(order.extract_date, self._unknown)

    @cached_property
    def _total(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM extract").fetchall()[0][0])

    def check(self) -> Tally:
        """Find the rows that are impossible, and count them; the others are kept for counting."""
        if not self._total:
            raise PsykanalysError("records: the extract has no rows — expected one row per contact")
        checks.find_equal_hashes(self._connection, self._total, self._folder)
        return self.tally()

    def tally(self, *, once: bool = False) -> Tally:
        """Count the rows that are impossible, and keep the others. `once`: as `checks.set_apart`."""
        self.places.insert(self._connection)
        bad: Counter[tuple[str, str]] = Counter()
        for number, area, count in checks.set_apart(self._connection, self._files, self._reasons, once=once):
            bad[self._reasons[number].code, area[:2] if area and area not in self._unknown else ""] += count
        counts.keep_waits(self._connection, self._months, self._order.by)
        return Tally(self._total, self._total - sum(bad.values()), dict(bad))

    def flow(self, step: Step, margin: str) -> pd.DataFrame:
        """As `counts.count_flow`."""
        return counts.count_flow(self._connection, step, margin, self._months)

    def queue(self, step: Step, margin: str) -> pd.DataFrame:
        """As `counts.count_queue`."""
        return counts.count_queue(self._connection, step, margin, self._months)

    def begun(self, step: Step, margin: str) -> pd.DataFrame:
        """As `counts.count_begun`."""
        return counts.count_begun(self._connection, step, margin, self._months, self._order.extract_date)

    def reporting(self) -> pd.DataFrame:
        """As `counts.reporting_units`."""
        return counts.reporting_units(self._connection, self._months)

    def quarantine(self) -> Iterator[tuple[bytes, int]]:
        """The impossible rows as CSV, some at a time, with their number."""
        return checks.quarantine(self._connection)

    def write_quarantine(self, path: Path) -> int:
        """Write the impossible rows; return how many."""
        return checks.write_quarantine(self.quarantine(), path)
