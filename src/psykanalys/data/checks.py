"""What must hold between rows and files: ids, references, places, areas, indicators, possible figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psykanalys import areas
from psykanalys.catalogue import Indicator
from psykanalys.data.contract import Observation, Source
from psykanalys.data.reader import Table
from psykanalys.errors import Fault

# column -> kinds of file whose ids it may name
_REFERENCES = {
    ("goals", "parent"): ("goals",),
    ("activities", "goal"): ("goals",),
    ("activities", "responsible"): ("units",),
    ("targets", "goal"): ("goals",),
    ("plan_indicators", "goals"): ("goals",),
    ("needs", "goals"): ("goals",),
    ("funding", "goals"): ("goals",),
    ("funding", "recipient"): ("units", "areas"),
    ("consultation", "answered_by"): ("goals",),
    ("overrides", "target"): ("targets",),
    ("findings", "concerns"): ("*",),
}
_INDICATOR_COLUMNS = ("indicator", "reported_indicator")


@dataclass(frozen=True)
class Everything:
    """All tables of a project with what the checks look up in them."""

    tables: tuple[Table, ...]
    catalogue: Mapping[str, Indicator]
    sources: Mapping[str, Source]
    ids: Mapping[str, Mapping[str, Any]]

    @property
    def extra_areas(self) -> list[areas.Area]:
        return [areas.Area(row.code, row.name, row.kind, row.parent) for row in self.ids.get("areas", {}).values()]

    @property
    def concerned(self) -> set[str]:
        return {row_id for finding in self.ids.get("findings", {}).values() for row_id in finding.concerns}


def gather(tables: Iterable[Table], catalogue: Mapping[str, Indicator]) -> Everything:
    """Index the tables for the checks."""
    tables = tuple(tables)
    ids: dict[str, dict[str, Any]] = defaultdict(dict)
    for table in tables:
        for row in table.rows:
            ids[table.kind].setdefault(row.id, row)
    return Everything(tables, catalogue, ids["sources"], ids)


def check(everything: Everything) -> list[Fault]:
    """Return every fault: those of single rows, and those between rows. Sorted by file and row."""
    faults = [fault for table in everything.tables for fault in table.faults]
    faults += _duplicate_ids(everything)
    for table in everything.tables:
        for line, row in zip(table.lines, table.rows, strict=True):
            faults += [table.fault(line, *fault) for fault in _row_faults(everything, table, row)]
    return sorted(faults)


def _row_faults(everything: Everything, table: Table, row: Any) -> Iterator[tuple[str, str, str]]:
    yield from _wrong_source(everything, table, row)
    yield from _wrong_places(everything, row)
    yield from _dangling(everything, table.kind, row)
    yield from _unknown_indicators(everything, row)
    yield from _unknown_area(everything, row)
    if isinstance(row, Observation) and row.indicator in everything.catalogue:
        yield from _impossible(everything, row, everything.catalogue[row.indicator])


def _duplicate_ids(everything: Everything) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for table in everything.tables:
        for line, row in zip(table.lines, table.rows, strict=True):
            if row.id in first:
                yield table.fault(line, "id", f"'{row.id}' is already the id of {first[row.id]}", "an id of its own")
            first.setdefault(row.id, f"{table.path.parent.name}/{table.path.name} row {line}")


def _wrong_source(everything: Everything, table: Table, row: Any) -> Iterator[tuple[str, str, str]]:
    source = getattr(row, "source", None)
    if source is None:
        return
    known = everything.sources
    if source not in known:
        yield "source", f"'{source}' is not in sources.csv", f"one of {', '.join(sorted(known)) or 'its ids'}"
        return
    if table.path.parent.name != source and table.path.parent.name in known:
        yield "source", f"'{source}' lies in the folder of another document", f"'{table.path.parent.name}'"
    county = getattr(row, "county_code", None)
    if county not in (None, areas.NATION, known[source].county_code):
        yield "county_code", f"'{county}' is not the county of {source}", f"'{known[source].county_code}'"


def _wrong_places(everything: Everything, row: Any) -> Iterator[tuple[str, str, str]]:
    for column in ("places", "state_places"):
        for place in getattr(row, column, ()):
            source, _, line = place.rpartition(":")
            if source not in everything.sources:
                yield column, f"'{place}' names an unknown document", "source:line with a source from sources.csv"
            elif not line.isdigit() or not 1 <= int(line) <= everything.sources[source].lines:
                last = everything.sources[source].lines
                yield column, f"'{place}' is outside the document", f"a line from 1 to {last}"


def _dangling(everything: Everything, kind: str, row: Any) -> Iterator[tuple[str, str, str]]:
    for (owner, column), targets in _REFERENCES.items():
        if owner != kind:
            continue
        value = getattr(row, column)
        for named in value if isinstance(value, tuple) else (value,) if value else ():
            pools = everything.ids.values() if targets == ("*",) else [everything.ids.get(t, {}) for t in targets]
            if not any(named in pool for pool in pools):
                where = "the raw data" if targets == ("*",) else " or ".join(f"{t}.csv" for t in targets)
                yield column, f"'{named}' does not exist", f"an id in {where}"


def _unknown_indicators(everything: Everything, row: Any) -> Iterator[tuple[str, str, str]]:
    for column in _INDICATOR_COLUMNS:
        named = getattr(row, column, None)
        if named and named not in everything.catalogue:
            yield column, f"'{named}' is not in the catalogue", f"an id there, or a new file catalogue/{named}.yaml"


def _unknown_area(everything: Everything, row: Any) -> Iterator[tuple[str, str, str]]:
    text = getattr(row, "area", None)
    if text is None:
        return
    try:
        areas.find_area(text, everything.extra_areas)
    except areas.UnknownAreaError as error:
        what, _, expected = str(error).partition("; ")
        yield "area", what, expected


def _impossible(everything: Everything, row: Observation, indicator: Indicator) -> Iterator[tuple[str, str, str]]:
    if row.unit != indicator.unit:
        yield "unit", f"'{row.unit}' is not the unit of {indicator.id}", f"'{indicator.unit}'"
    if row.published == "no" and indicator.counts == "persons":
        yield "published", "an unpublished count of persons", "published figures only: disclosure control is not built yet"
    if indicator.statistic == "proportion":
        yield from _impossible_share(everything, row, indicator)


def _impossible_share(everything: Everything, row: Observation, indicator: Indicator) -> Iterator[tuple[str, str, str]]:
    for column in ("value", "value_low", "value_high", "ci_low", "ci_high"):
        share = getattr(row, column)
        if share is not None and not 0 <= share <= 100:
            yield column, f"{share:g} procent is no share", "a figure from 0 to 100"
    if row.numerator is None or row.denominator is None:
        return
    if row.numerator > row.denominator:
        yield "numerator", f"{row.numerator} is larger than the denominator {row.denominator}", "a part of the whole"
    elif row.value is not None and row.id not in everything.concerned:
        exact = 100 * row.numerator / row.denominator
        if abs(row.value - exact) > 10 ** -_decimals(row.value):
            expected = f"about {exact:.2f}; if the document says otherwise, a finding that concerns this row"
            yield "value", f"{row.value:g} does not follow from {row.numerator} of {row.denominator}", expected


def _decimals(value: float) -> int:
    text = f"{value:g}"
    return len(text.partition(".")[2])
