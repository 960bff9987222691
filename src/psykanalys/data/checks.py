"""What must hold between rows and files: ids, references, places, areas, indicators, possible figures."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psykanalys import areas
from psykanalys.catalogue import Indicator
from psykanalys.data.contract import KINDS, Area, Observation, Source, Target
from psykanalys.data.reader import Table
from psykanalys.errors import Fault

# column -> kinds of file whose ids it may name
REFERENCES = {
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
_LINE = re.compile(r"[1-9][0-9]{0,6}")
_NEVER_NEGATIVE = ("count", "rate")


@dataclass(frozen=True)
class Everything:
    """All tables of a project with what the checks look up in them.

    `rejected` has the ids (and area codes) of rows that do not hold and `unread` the kinds with a file that could not
    be read: what refers to them is not called missing, so that one mistake gives one fault and not hundreds.
    """

    tables: tuple[Table, ...]
    catalogue: Mapping[str, Indicator]
    sources: Mapping[str, Source]
    ids: Mapping[str, Mapping[str, Any]]
    rejected: Mapping[str, set[str]]
    unread: frozenset[str]

    @property
    def extra_areas(self) -> list[areas.Area]:
        """The areas without an official code."""
        by_code = {row.code: row for row in self.ids.get("areas", {}).values()}
        own = [row for code, row in by_code.items() if code not in areas.official_areas()]
        return [areas.Area(row.code, row.name, row.kind, row.parent) for row in own]

    @property
    def concerned(self) -> set[str]:
        """The ids of the rows that a finding concerns."""
        return {row_id for finding in self.ids.get("findings", {}).values() for row_id in finding.concerns}

    def may_have(self, kind: str, name: str) -> bool:
        """Whether a row of this kind has the id, or may have it once other faults are mended."""
        return name in self.ids.get(kind, {}) or name in self.rejected.get(kind, ()) or kind in self.unread


def gather(tables: Iterable[Table], catalogue: Mapping[str, Indicator]) -> Everything:
    """Index the tables for the checks."""
    tables = tuple(tables)
    ids: dict[str, dict[str, Any]] = defaultdict(dict)
    rejected: dict[str, set[str]] = defaultdict(set)
    for table in tables:
        for row in table.rows:
            ids[table.kind].setdefault(row.id, row)
        for cells in table.rejected:
            rejected[table.kind] |= {cells.get("id", ""), cells.get("code", "")}
    unread = frozenset(table.kind for table in tables if not table.whole)
    return Everything(tables, catalogue, ids["sources"], ids, rejected, unread)


def check(everything: Everything) -> list[Fault]:
    """Return every fault: those of single rows, and those between rows. Sorted by file and row."""
    faults = [fault for table in everything.tables for fault in table.faults]
    faults += [*_duplicates(everything, "id"), *_duplicates(everything, "code"), *_wrong_folders(everything)]
    faults += _contradictions(everything)
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
    if isinstance(row, Area):
        yield from _wrong_area(row)
    if isinstance(row, Observation) and row.indicator in everything.catalogue:
        yield from _impossible(everything, row, everything.catalogue[row.indicator])
    if isinstance(row, Target) and row.value is not None:
        yield from _wrong_target(everything, row)


def _duplicates(everything: Everything, column: str) -> Iterator[Fault]:
    first: dict[str, tuple[str, Any]] = {}
    for table in everything.tables:
        for line, row in zip(table.lines, table.rows, strict=True):
            value = getattr(row, column, None)
            if value is None:
                continue
            place, other = first.setdefault(value, (f"{table.path.parent.name}/{table.path.name} row {line}", row))
            if other is not row and not (column == "code" and _same_area(row, other)):
                yield table.fault(line, column, f"'{value}' is already the {column} of {place}", f"another {column}")


def _same_area(row: Area, other: Area) -> bool:
    """Whether two documents tell of the same area."""
    told = [(area.name, area.kind, area.parent, area.members) for area in (row, other)]
    return row.source != other.source and told[0] == told[1]


_POPULATION = ("source", "indicator", "area", "comparator", "period", "as_of", "sex", "age", "dimension", "level")
_FIGURE = ("numerator", "denominator", "value", "value_low", "value_high", "change", "yes_no", "direction")


def _contradictions(everything: Everything) -> Iterator[Fault]:
    """Two rows of one document that give different figures for the same thing, without a finding that says so."""
    first: dict[tuple, Observation] = {}
    for table in everything.tables:
        for line, row in zip(table.lines, table.rows, strict=True):
            if not isinstance(row, Observation):
                continue
            one = first.setdefault(tuple(getattr(row, name) for name in _POPULATION), row)
            differs = [name for name in _FIGURE if None not in (getattr(one, name), getattr(row, name))
                       and getattr(one, name) != getattr(row, name)]  # fmt: skip
            if differs and not {one.id, row.id} & everything.concerned:
                expected = "one row for each figure, or a finding that concerns them"
                yield table.fault(line, differs[0], f"the figure differs from that of {one.id}", expected)


def _wrong_folders(everything: Everything) -> Iterator[Fault]:
    """Files in the raw data that lie too deep, or in a folder that is no document's."""
    roots = {table.path.parent for table in everything.tables if table.path.name == "sources.csv"}
    for table in everything.tables:
        below = next((parent for parent in table.path.parents if parent in roots), table.path.parent)
        folders = table.path.relative_to(below).parent.parts
        if len(folders) > 1:
            yield table.fault(0, "", "the file lies too deep in the raw data", f"{folders[0]}/{table.path.name}")
        elif folders and not everything.may_have("sources", folders[0]):
            expected = "the id of a document as the folder's name, or a row for it in sources.csv"
            yield table.fault(0, "", f"the folder '{folders[0]}' is no document in sources.csv", expected)


def _wrong_source(everything: Everything, table: Table, row: Any) -> Iterator[tuple[str, str, str]]:
    source = getattr(row, "source", None)
    if source is None:
        return
    known, folder = everything.sources, table.path.parent.name
    if source not in known:
        if not everything.may_have("sources", source):
            yield "source", f"'{source}' is not in sources.csv", f"one of {', '.join(sorted(known)) or 'its ids'}"
        return
    if folder != source and folder in known:
        yield "source", f"'{source}' lies in the folder of another document", f"'{folder}'"
    county = getattr(row, "county_code", None)
    if county not in (None, areas.NATION, known[source].county_code):
        yield "county_code", f"'{county}' is not the county of {source}", f"'{known[source].county_code}'"


def _wrong_places(everything: Everything, row: Any) -> Iterator[tuple[str, str, str]]:
    for column in ("places", "state_places"):
        for place in getattr(row, column, ()):
            source, _, line = place.rpartition(":")
            if source not in everything.sources:
                if not everything.may_have("sources", source):
                    yield column, f"'{place}' names an unknown document", "source:line with a source from sources.csv"
            elif not _LINE.fullmatch(line) or int(line) > everything.sources[source].lines:
                last = everything.sources[source].lines
                yield column, f"'{place}' is outside the document", f"a line from 1 to {last}"


def _dangling(everything: Everything, kind: str, row: Any) -> Iterator[tuple[str, str, str]]:
    for (owner, column), targets in REFERENCES.items():
        if owner != kind:
            continue
        value = getattr(row, column)
        kinds = tuple(KINDS) if targets == ("*",) else targets
        for named in value if isinstance(value, tuple) else (value,) if value else ():
            if not any(everything.may_have(target, named) for target in kinds):
                where = "the raw data" if targets == ("*",) else " or ".join(f"{target}.csv" for target in targets)
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
        if not everything.may_have("areas", text):
            what, _, expected = str(error).partition("; ")
            yield "area", what, expected


def _wrong_area(row: Area) -> Iterator[tuple[str, str, str]]:
    if row.code in areas.official_areas():
        yield "code", f"'{row.code}' is an official code", "county code, hyphen, short name, such as 24-umea-area"
    if row.parent not in areas.official_areas():
        yield (
            "parent",
            f"'{row.parent}' is no official code",
            "the code of a county or municipality, such as 24 or 2480",
        )


def _wrong_target(everything: Everything, row: Target) -> Iterator[tuple[str, str, str]]:
    indicator = everything.catalogue.get(row.indicator or "")
    if indicator and row.unit != indicator.unit:
        yield "unit", f"'{row.unit}' is not the unit of {indicator.id}", f"'{indicator.unit}'"


def _impossible(everything: Everything, row: Observation, indicator: Indicator) -> Iterator[tuple[str, str, str]]:
    if row.unit != indicator.unit:
        yield "unit", f"'{row.unit}' is not the unit of {indicator.id}", f"'{indicator.unit}'"
    if row.published == "no" and indicator.counts == "persons":
        yield from _not_protectable(row)
    if indicator.statistic == "count" and row.denominator is not None:
        yield "denominator", "a count has no denominator", "an empty cell, or a measure that is a proportion"
    if indicator.statistic in _NEVER_NEGATIVE and row.value is not None and row.value < 0:
        yield "value", f"{row.value:g} is below 0", f"a {indicator.statistic} of at least 0"
    if indicator.statistic == "proportion":
        yield from _impossible_share(everything, row)


def _not_protectable(row: Observation) -> Iterator[tuple[str, str, str]]:
    """An unpublished figure about persons can only be protected if its counts are known."""
    has_figure = any(part is not None for part in (row.value, row.value_low, row.change, row.ci_low))
    if has_figure and row.numerator is None:
        expected = "the counts behind it: without them nobody can tell whether it reveals somebody"
        yield "numerator", "an unpublished figure about persons without its counts", expected


def _impossible_share(everything: Everything, row: Observation) -> Iterator[tuple[str, str, str]]:
    for column in ("value", "value_low", "value_high", "ci_low", "ci_high"):
        share = getattr(row, column)
        if share is not None and not 0 <= share <= 100:
            yield column, f"{share:g} procent is no share", "a figure from 0 to 100"
    if row.numerator is None or row.denominator is None:
        return
    if row.numerator > row.denominator:
        yield "numerator", f"{row.numerator} is larger than the denominator {row.denominator}", "a part of the whole"
    elif row.value is not None and 0 <= row.value <= 100 and row.id not in everything.concerned:
        exact = 100 * row.numerator / row.denominator
        if abs(row.value - exact) > 10 ** -_decimals(row.value):
            expected = f"about {exact:.2f}; if the document says otherwise, a finding that concerns this row"
            yield "value", f"{row.value:g} does not follow from {row.numerator} of {row.denominator}", expected


def _decimals(value: float) -> int:
    text = f"{value:g}"
    return len(text.partition(".")[2])
