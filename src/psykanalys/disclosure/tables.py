"""Observations as systems of counts, and back: which rows may be shown.

Only counts of persons are protected. A row's count (and the count below the line) is a cell; how it overlaps with
others follows from its area, sex, ages, level and period. Where the counts contradict such a structure (unique patients
of two years are fewer than the sum of the years), it is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from psykanalys.areas import Area
from psykanalys.catalogue import Indicator
from psykanalys.disclosure.attack import THRESHOLD
from psykanalys.disclosure.suppress import Choice, suppress
from psykanalys.disclosure.system import Mask, System
from psykanalys.periods import parse_period

GROUP = 20
FIGURES = (
    "numerator", "denominator", "value", "value_low", "value_high", "direction", "wording", "yes_no", "change",
    "change_unit", "base_period", "ci_low", "ci_high",
)  # fmt: skip
TEXTS = ("wording", "change_unit")
MOST_ATOMS = 4000
Row = Mapping[str, Any]
Atom = tuple[Any, ...]


@dataclass(frozen=True)
class Protected:
    """Observations that may be shown, and the log of how they were chosen.

    `hidden` gives for each hidden row why: `primary` (a small count), `group` (everybody or nobody) or `secondary`.
    `open` are rows whose count can be told although all that may be hidden is hidden: they must not be mailed.
    """

    observations: pd.DataFrame
    hidden: Mapping[str, str] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    threshold: int = THRESHOLD


def protect(
    observations: pd.DataFrame,
    catalogue: Mapping[str, Indicator],
    areas: Mapping[str, Area],
    *,
    threshold: int = THRESHOLD,
    group: int = GROUP,
    known: Collection[str] = (),
    seconds: float = 5.0,
) -> Protected:
    """Hide the unpublished counts of persons that could be told, over all observations together.

    `observations`: the rows of every county, since a reader may have every report; `published` rows are public and
    stay. `threshold`: counts from 1 to below it are hidden. `group`: in groups of fewer persons nobody and everybody
    are hidden too. `known`: rows that a reader has from an earlier report; like published ones they cannot be hidden any
    more. A hidden row has status `suppressed` and no figure.
    """
    told = {"published": "yes"}
    rows = [row | (told if row["id"] in known else {}) for row in _records(observations)]
    rows = [row for row in rows if catalogue[row["indicator"]].counts == "persons" and row["numerator"] is not None]
    at_stake = sorted({row["indicator"] for row in rows if row["published"] == "no"})
    tables = {name: Table.of([row for row in rows if row["indicator"] == name], areas, group) for name in at_stake}
    choices = _choose(tables, catalogue, threshold, seconds)
    hidden = {row: why for name, choice in choices.items() for row, why in tables[name].hidden_rows(choice).items()}
    still_open = {row for name, choice in choices.items() for row in tables[name].open_rows(choice)}
    log = [f"{name}: {text}" for name in at_stake for text in (*tables[name].notes, *choices[name].steps)]
    shown = _without_figures(observations, hidden)
    return Protected(shown, hidden, tuple(sorted(still_open)), tuple(log), threshold)


def _choose(
    tables: Mapping[str, Table], catalogue: Mapping[str, Indicator], threshold: int, seconds: float
) -> dict[str, Choice]:
    """What each measure hides. A count below the line that one measure hides is hidden where others print it, too."""
    choices: dict[str, Choice] = {}
    groups: set[Atom] = set()
    while True:
        for name, table in tables.items():
            also = table.group_lines | table.at(groups, catalogue[name].denominator)
            if name not in choices or (also & ~choices[name].hidden).any():
                choices[name] = suppress(table.system, threshold=threshold, also=also, seconds=seconds)
        found = {
            key for name, table in tables.items() for key in table.below(choices[name], catalogue[name].denominator)
        }
        if found <= groups:
            return choices
        groups |= found


@dataclass(frozen=True)
class Table:
    """One measure's rows as a system. Cells are counts above the line, counts below it, and what is left of these."""

    system: System
    keys: tuple[tuple[str, Atom], ...]
    rows: Mapping[tuple[str, Atom], tuple[str, ...]]
    group_lines: Mask
    notes: tuple[str, ...]

    @classmethod
    def of(cls, rows: Sequence[Row], areas: Mapping[str, Area], group: int) -> Table:
        """Put together the system of one measure's rows."""
        cells = list(_cells(rows))
        where = _Where([cell.row for cell in cells], areas)
        notes: list[str] = []
        for structure in where.structures():
            parts, columns = where.parts(cells, structure)
            if len(columns) <= MOST_ATOMS:
                system = _system(cells, parts, group)
                if all(part.world is not None for _, part in system.apart):
                    break
            notes.append(f"the counts do not add up over {', '.join(structure) or 'any column'}; taken apart")
        found: dict[tuple[str, Atom], tuple[str, ...]] = {}
        for cell in cells:
            found[cell.key] = (*found.get(cell.key, ()), cell.row["id"])
        return cls(system, tuple(cell.key for cell in cells), found, _group_lines(cells, group), tuple(notes))

    def hidden_rows(self, choice: Choice) -> dict[str, str]:
        """The unpublished rows with a hidden cell, each with why."""
        small = choice.primary & ~self.group_lines
        why = [("secondary", choice.secondary), ("group", choice.primary & self.group_lines), ("primary", small)]
        return {row: reason for reason, mask in why for row in self._rows_at(mask)}

    def open_rows(self, choice: Choice) -> list[str]:
        """Rows of cells that both hiding and attacking leave open."""
        return sorted(set(self._rows_at(choice.open)))

    def below(self, choice: Choice, denominator: str | None) -> set[Atom]:
        """The hidden counts below the line, by what they are of."""
        hidden = choice.hidden & ~self.system.fixed
        return {(denominator, *self.keys[place]) for place in np.flatnonzero(hidden) if self.keys[place][0] == "below"}

    def at(self, groups: Collection[Atom], denominator: str | None) -> Mask:
        """The cells that are such counts below the line and may be hidden."""
        same = np.array([(denominator, *key) in groups for key in self.keys], dtype=bool)
        return same & ~self.system.fixed

    def _rows_at(self, mask: Mask) -> Iterator[str]:
        for place in np.flatnonzero(mask):
            yield from self.rows[self.keys[place]]


@dataclass(frozen=True)
class _Cell:
    row: Row
    role: str  # above, below or rest
    count: int

    @property
    def key(self) -> tuple[str, Atom]:
        return self.role, _coordinates(self.row)


def _cells(rows: Iterable[Row]) -> Iterator[_Cell]:
    """One cell per count and population; the same count in several rows is one cell."""
    seen: dict[tuple[str, Atom], int] = {}
    for row in rows:
        above, below = _whole(row["numerator"]), _whole(row["denominator"])
        counts = {"above": above, "below": below}
        if above is not None and below is not None and below >= above:
            counts["rest"] = below - above
        for role, count in counts.items():
            if count is not None and seen.setdefault((role, _coordinates(row)), len(seen)) == len(seen) - 1:
                yield _Cell(row, role, count)


def _system(cells: Sequence[_Cell], parts: sparse.csr_array, group: int) -> System:
    public = np.array([cell.row["published"] == "yes" for cell in cells])
    silent = np.array([cell.role == "rest" for cell in cells])
    return System.of(
        parts,
        np.array([cell.count for cell in cells]),
        fixed=public,
        silent=silent,
        may_be_zero=np.array([_group_size(cell.row, group) for cell in cells]),
    )


def _group_lines(cells: Sequence[_Cell], group: int) -> Mask:
    """Counts above the line where everybody or nobody of a small group is counted."""
    return np.array([
        cell.role == "above" and _group_size(cell.row, group) and cell.count in (0, _whole(cell.row["denominator"]))
        for cell in cells
    ])  # fmt: skip


def _group_size(row: Row, group: int) -> bool:
    below = _whole(row["denominator"])
    return below is not None and below < group


class _Where:
    """The atoms of each coordinate: leaves of the areas, the sexes, stretches of age and of time, levels."""

    def __init__(self, rows: Sequence[Row], areas: Mapping[str, Area]):
        self.rows, self.areas = rows, areas
        self.codes = {row["area"] for row in rows}
        self.ages = _stretches(_age(row["age"]) for row in rows)
        self.days = _stretches(_days(row) for row in rows)
        self.levels = sorted({(row["dimension"], row["level"]) for row in rows if row["level"]})
        if len({dimension for dimension, _ in self.levels}) > 1:
            self.levels = []  # levels of two dimensions overlap

    def structures(self) -> Iterator[tuple[str, ...]]:
        """Structures to try: all columns, then without time, then without each other one, then none."""
        whole = ("area", "sex", "age", "level", "time")
        yield whole
        yield whole[:-1]
        for left in whole[:-1]:
            yield tuple(name for name in whole[:-1] if name != left)
        yield ()

    def parts(self, cells: Sequence[_Cell], structure: tuple[str, ...]) -> tuple[sparse.csr_array, dict[Atom, int]]:
        """Which atoms each cell counts."""
        columns: dict[Atom, int] = {}
        places: list[tuple[int, int]] = []
        for number, cell in enumerate(cells):
            for atom in self.atoms(cell, structure):
                places.append((number, columns.setdefault(atom, len(columns))))
        rows, cols = zip(*places, strict=True)
        shape = (len(cells), len(columns))
        return sparse.csr_array((np.ones(len(places)), (rows, cols)), shape=shape), columns

    def atoms(self, cell: _Cell, structure: tuple[str, ...]) -> Iterator[Atom]:
        """The atoms of one cell: those above the line, those below that are not above it, or both."""
        row = cell.row
        sides = {"above": ("in",), "rest": ("out",), "below": ("in", "out")}[cell.role]
        split: dict[str, Callable[[], Sequence[Any]]] = {
            "area": lambda: self._leaves(row["area"]),
            "sex": lambda: {"T": ("K", "M")}.get(row["sex"], (row["sex"],)),
            "age": lambda: _inside(self.ages, _age(row["age"])),
            "level": lambda: self._levels(row),
            "time": lambda: _inside(self.days, _days(row)),
        }
        level = (row["dimension"], row["level"])
        own = {"area": row["area"], "sex": row["sex"], "age": row["age"], "level": level, "time": _days(row)}
        lists = [split[name]() if name in structure else (own[name],) for name in split]
        yield from ((side, row["comparator"], *place) for side in sides for place in product(*lists))

    def _leaves(self, code: str) -> Sequence[str]:
        inside = [other for other in self.codes if other != code and self._is_in(other, code)]
        direct = [other for other in inside if not any(other != one and self._is_in(other, one) for one in inside)]
        found = [leaf for other in sorted(direct) for leaf in self._leaves(other)]
        return [*found, f"{code} rest"] if not self._is_whole(code, direct) else found

    def _is_in(self, code: str, other: str) -> bool:
        while code in self.areas and self.areas[code].parent:
            code = self.areas[code].parent
            if code == other:
                return True
        return False

    def _is_whole(self, code: str, parts: Sequence[str]) -> bool:
        children = {area.code for area in self.areas.values() if area.parent == code and area.code.isdigit()}
        return bool(children) and children <= set(parts)

    def _levels(self, row: Row) -> Sequence[tuple[str, str]]:
        """A row without a level counts all levels of its measure and what is left of them."""
        if row["level"]:
            return [(row["dimension"], row["level"])]
        return [*self.levels, ("", "rest")]


def _coordinates(row: Row) -> Atom:
    return (*tuple(row[name] or "" for name in ("area", "comparator", "sex", "age", "dimension", "level")), _days(row))


def _age(text: str | None) -> tuple[int, int]:
    low, _, high = (text or "0-").partition("-")
    return int(low or 0), int(high) + 1 if high else 200


def _days(row: Row) -> tuple[int, int]:
    period = parse_period(row["period"] or row["as_of"])
    return period.first.toordinal(), period.last.toordinal() + 1


def _stretches(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The stretches between all ends."""
    ends = sorted({end for span in spans for end in span})
    return list(pairwise(ends))


def _inside(stretches: Sequence[tuple[int, int]], span: tuple[int, int]) -> list[tuple[int, int]]:
    return [stretch for stretch in stretches if span[0] <= stretch[0] and stretch[1] <= span[1]]


def _whole(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    names = table.columns.tolist()
    return [dict(zip(names, row, strict=True)) for row in table.to_numpy(dtype=object, na_value=None)]


def _without_figures(observations: pd.DataFrame, hidden: Mapping[str, str]) -> pd.DataFrame:
    """Hidden rows keep their place and lose their figures; no shown row tells a change from a hidden one."""
    if not hidden:
        return observations
    shown = observations.copy()
    at = shown["id"].isin(list(hidden))
    _empty(shown, at, FIGURES)
    shown.loc[at, "status"] = "suppressed"
    of = ["indicator", "area", "comparator", "sex", "age", "dimension", "level"]
    gone = set(map(tuple, shown.loc[at, [*of, "period"]].fillna("").to_numpy()))
    bases = map(tuple, shown[[*of, "base_period"]].fillna("").to_numpy())
    tells = shown["change"].notna() & pd.Series([base in gone for base in bases], index=shown.index)
    _empty(shown, tells, ("change", "change_unit", "base_period"))
    return shown


def _empty(table: pd.DataFrame, rows: pd.Series, columns: Sequence[str]) -> None:
    for name in columns:
        text = pd.api.types.is_string_dtype(table[name]) and name in TEXTS
        table.loc[rows, name] = "" if text else pd.NA
