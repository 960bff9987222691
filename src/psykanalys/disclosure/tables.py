"""Observations as systems of counts, and back: which rows may be shown.

Only counts of persons are protected. A row's count (and the count below the line) is a cell; how it overlaps with
others follows from its area, sex, ages, level and period. Where counts contradict such a relation (unique patients of
two years are fewer than the sum of the years), those that hang together by it are taken apart there, and only there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from psykanalys.areas import Area
from psykanalys.catalogue import Indicator
from psykanalys.disclosure.attack import THRESHOLD
from psykanalys.disclosure.counts import Cell, Facts, Row
from psykanalys.disclosure.places import RELATIONS, Places, Structure, structures
from psykanalys.disclosure.suppress import Choice, suppress
from psykanalys.disclosure.system import Mask, System

GROUP = 20
FIGURES = (
    "numerator", "denominator", "value", "value_low", "value_high", "direction", "wording", "yes_no", "change",
    "change_unit", "base_period", "ci_low", "ci_high",
)  # fmt: skip
CHANGE = ("change", "change_unit", "base_period")
TEXTS = ("wording", "change_unit")


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
    members: Mapping[str, Collection[str]] | None = None,
    seconds: float = 5.0,
) -> Protected:
    """Hide the unpublished counts of persons that could be told, over all observations together.

    `observations`: the rows of every county, since a reader may have every report; `published` rows are public and
    stay. `threshold`: counts from 1 to below it are hidden. `group`: in groups of fewer persons nobody and everybody
    are hidden too. `known`: rows that a reader has from an earlier report; like published ones they can be
    hidden no more. `members`: the official codes that an area without official code consists of. A hidden row has
    status `suppressed` and no figure.
    """
    told = {"published": "yes"}
    rows = [row | (told if row["id"] in known else {}) for row in _records(observations)]
    rows = [row for row in rows if catalogue[row["indicator"]].counts == "persons"]
    ours = frozenset(row["id"] for row in rows if row["published"] == "no")
    hidden: dict[str, str] = {}
    changes: set[str] = set()
    still_open: set[str] = set()
    log: list[str] = []
    for names in _families(rows, catalogue):
        facts = Facts.of([row for row in rows if row["indicator"] in names], catalogue, threshold)
        table = Table.of(facts.cells(), areas, group, members or {})
        choice = suppress(table.system, threshold=threshold, also=table.group_lines, seconds=seconds)
        alone = {row["id"]: "primary" for row in facts.rows if row["id"] in ours and facts.tells_by_itself(row)}
        hidden |= alone | {row: why for row, why in table.hidden(choice, "row") if row in ours}
        changes |= {row for row, _ in table.hidden(choice, "change")} & ours
        still_open |= table.open_rows(choice) & ours
        log += [f"{', '.join(names)}: {text}" for text in (*table.notes, *choice.steps)]
    shown = _without_figures(observations, hidden, changes, ours)
    return Protected(shown, hidden, tuple(sorted(still_open)), tuple(log), threshold)


def _families(rows: Sequence[Row], catalogue: Mapping[str, Indicator]) -> list[tuple[str, ...]]:
    """Measures of one population belong together; those without any unpublished row are left out."""
    of_population: dict[str, set[str]] = {}
    for name in {row["indicator"] for row in rows}:
        of_population.setdefault(catalogue[name].denominator or f"({name})", set()).add(name)
    at_stake = {row["indicator"] for row in rows if row["published"] == "no"}
    return sorted(tuple(sorted(names)) for names in of_population.values() if names & at_stake)


@dataclass(frozen=True)
class Table:
    """The cells of one family of measures as a system; relations between measures stand last in it."""

    system: System
    cells: tuple[Cell, ...]
    group_lines: Mask
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls, cells: Sequence[Cell], areas: Mapping[str, Area], group: int, members: Mapping[str, Collection[str]]
    ) -> Table:
        """Put together the system."""
        if not cells:
            return cls(System.of(np.zeros((0, 0)), np.zeros(0)), (), np.zeros(0, dtype=bool), ())
        places = Places(cells, areas, members)
        notes: list[str] = []
        found = list(_that_add_up(cells, places, list(structures()), notes))
        ordered = tuple(cell for part, _ in found for cell in part)
        matrix = sparse.block_diag([parts[: len(part)] for part, parts in found], format="csr")
        ties = sparse.block_diag([parts[len(part) :] for part, parts in found], format="csr")
        system = _system(ordered, sparse.vstack([matrix, ties], format="csr"), group)
        lines = [_is_group_line(cell, group) for cell in ordered] + [False] * ties.shape[0]
        return cls(system, ordered, np.array(lines), tuple(notes))

    def hidden(self, choice: Choice, what: str) -> Iterator[tuple[str, str]]:
        """Rows with a hidden cell that the row (or its change) tells, each with why; the weightiest reason last."""
        small = choice.primary & ~self.group_lines
        reasons = {"secondary": choice.secondary, "group": choice.primary & self.group_lines, "primary": small}
        for reason, mask in reasons.items():
            for place in np.flatnonzero(mask):
                yield from ((row, reason) for row, part in self.cells[place].tellers if part == what)

    def open_rows(self, choice: Choice) -> set[str]:
        """Rows of cells that both hiding and attacking leave open."""
        return {row for place in np.flatnonzero(choice.open) for row, _ in self.cells[place].tellers}


def _that_add_up(
    cells: Sequence[Cell], places: Places, to_try: Sequence[Structure], notes: list[str]
) -> Iterator[tuple[Sequence[Cell], sparse.csr_array]]:
    """Cells that hang together with the first structure in which they do not contradict each other."""
    parts = places.parts(cells, to_try[0])
    counts = np.array([cell.count for cell in cells] + [0] * (parts.shape[0] - len(cells)))
    for own, system in System.of(parts, counts).apart:
        some = [cells[place] for place in own if place < len(cells)]
        if not some:
            continue
        if system.world is None and len(to_try) > 1:
            yield from _that_add_up(some, places, to_try[1:], notes)
            continue
        yield some, system.parts
        left_out = [name for name in RELATIONS if name not in to_try[0] and name != "exact"]
        if left_out:
            ids = ", ".join(islice(dict.fromkeys(row for cell in some for row, _ in cell.tellers), 4))
            notes.append(f"counts do not add up over {', '.join(left_out)} and are taken apart there: {ids} …")


def _system(cells: Sequence[Cell], parts: sparse.csr_array, group: int) -> System:
    relations = parts.shape[0] - len(cells)
    return System.of(
        parts,
        np.array([cell.count for cell in cells] + [0] * relations),
        fixed=np.array([cell.public for cell in cells] + [True] * relations),
        silent=np.array([cell.role == "rest" for cell in cells] + [False] * relations),
        may_be_zero=np.array([_is_group(cell, group) for cell in cells] + [False] * relations),
    )


def _is_group(cell: Cell, group: int) -> bool:
    return cell.population is not None and cell.population < group


def _is_group_line(cell: Cell, group: int) -> bool:
    """Counts above the line where everybody or nobody of a small group is counted."""
    return cell.role == "above" and _is_group(cell, group) and cell.count in (0, cell.population)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    names = table.columns.tolist()
    return [dict(zip(names, row, strict=True)) for row in table.to_numpy(dtype=object, na_value=None)]


def _without_figures(
    observations: pd.DataFrame, hidden: Collection[str], changes: Collection[str], ours: Collection[str]
) -> pd.DataFrame:
    """Hidden rows keep their place and lose their figures; no shown row tells a change from or to a hidden one."""
    if not hidden and not changes:
        return observations
    shown = observations.copy()
    at = shown["id"].isin(list(hidden))
    _empty(shown, at, FIGURES)
    shown.loc[at, "status"] = "suppressed"
    of = ["indicator", "area", "comparator", "sex", "age", "dimension", "level"]
    gone = set(map(tuple, shown.loc[at, [*of, "period"]].fillna("").to_numpy()))
    bases = map(tuple, shown[[*of, "base_period"]].fillna("").to_numpy())
    tells = shown["change"].notna() & pd.Series([base in gone for base in bases], index=shown.index)
    tells = (tells & shown["id"].isin(list(ours))) | shown["id"].isin(list(changes))
    _empty(shown, tells & ~at, CHANGE)
    return shown


def _empty(table: pd.DataFrame, rows: pd.Series, columns: Sequence[str]) -> None:
    for name in columns:
        text = pd.api.types.is_string_dtype(table[name]) and name in TEXTS
        table.loc[rows, name] = "" if text else pd.NA
