"""What is wanted of an extract, and what became of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from psykanalys.records import engine
from psykanalys.records.contract import Names


@dataclass(frozen=True)
class Order:
    """What is wanted. `month`: a period of whole months, by default the last one; `by`: margins besides the county.

    `dask`: the address of a scheduler whose workers count ("": here).
    """

    files: Sequence[Path]
    out: Path
    extract_date: date
    names: Names = field(default_factory=Names)
    month: str | None = None
    by: Sequence[str] = ()
    units: Sequence[tuple[str, str]] = ()
    publisher: str = ""
    threshold: int = 5
    bounds: engine.Bounds = field(default_factory=engine.Bounds)
    dask: str = ""


@dataclass(frozen=True)
class Tally:
    """How many rows there are and how many hold; the others by reason and county ("" where it is not known)."""

    rows: int
    used: int
    bad: dict[tuple[str, str], int]

    @classmethod
    def of(cls, parts: Iterable[Tally]) -> Tally:
        """The tally of several parts together."""
        found, bad = list(parts), Counter[tuple[str, str]]()
        for each in found:
            bad.update(each.bad)
        return cls(sum(each.rows for each in found), sum(each.used for each in found), dict(bad))

    def by_reason(self) -> dict[str, int]:
        """How many rows each reason concerns."""
        found: Counter[str] = Counter()
        for (reason, _), number in sorted(self.bad.items()):
            found[reason] += number
        return dict(found)
