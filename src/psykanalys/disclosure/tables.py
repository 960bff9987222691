"""Observations as systems of counts, and back: which rows may be shown.

Only counts of persons are protected. A row's count (and the count below the line) is a cell; how it overlaps with
others follows from its area, sex, ages, level and period. Where counts contradict such a relation (unique patients of
two years are fewer than the sum of the years), those that hang together by it are taken apart there, and only there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from psykanalys.areas import Area
from psykanalys.catalogue import Indicator
from psykanalys.disclosure.attack import THRESHOLD, attack, has_reason, is_small
from psykanalys.disclosure.counts import Cell, Facts, Row
from psykanalys.disclosure.merging import Merge, candidates, known_merges, parts_of, with_sums
from psykanalys.disclosure.places import RELATIONS, Places, Structure, structures
from psykanalys.disclosure.suppress import EVERYTHING, SECONDS, Choice, suppress
from psykanalys.disclosure.system import Mask, System

GROUP = 20
MOST_MERGES = 40  # that are tried for one family of measures
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
    A part of a sum that is shown instead has `merged`; `merged` gives for each such sum its two parts.
    `open` are rows whose count can be told although all that may be hidden is hidden: they must not be mailed.
    """

    observations: pd.DataFrame
    hidden: Mapping[str, str] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    threshold: int = THRESHOLD
    merged: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def protect(
    observations: pd.DataFrame,
    catalogue: Mapping[str, Indicator],
    areas: Mapping[str, Area],
    *,
    threshold: int = THRESHOLD,
    group: int = GROUP,
    known: Collection[str] = (),
    members: Mapping[str, Collection[str]] | None = None,
    seconds: float = SECONDS,
) -> Protected:
    """Hide the unpublished counts of persons that could be told, over all observations together.

    `observations`: the rows of every county, since a reader may have every report; `published` rows are public and
    stay. `threshold`: counts from 1 to below it are hidden. `group`: in groups of fewer persons nobody and everybody
    are hidden too. `known`: rows that a reader has from an earlier report; like published ones they can be
    hidden no more. `members`: the official codes that an area without official code consists of. A hidden row has
    status `suppressed` and no figure. Where hiding would cost a margin, age bands that touch may be shown as their sum
    (docs/disclosure.md). `seconds`: the last resort for what hangs together.
    """
    earlier = known_merges(known, set(observations["id"]))
    everything = with_sums(observations, earlier, published=True)
    told = {"published": "yes"}
    rows = [row | (told if row["id"] in known else {}) for row in _records(everything)]
    rows = [row for row in rows if catalogue[row["indicator"]].counts == "persons"]
    ours = frozenset(row["id"] for row in rows if row["published"] == "no")
    rule = Rule(catalogue, areas, members or {}, threshold, group, seconds)
    found = [_family(everything, rows, names, ours, rule, earlier) for names in _families(rows, catalogue)]
    hidden = {row: why for each in found for row, why in each.hidden.items()}
    changes = set().union(*(each.changes for each in found))
    merges = [merge for each in found for merge in each.merges]  # earlier ones among them
    shown = _without_figures(with_sums(observations, merges), hidden, changes, ours)
    return Protected(
        shown,
        hidden,
        tuple(sorted(row for each in found for row in each.open)),
        tuple(text for each in found for text in each.log),
        threshold,
        parts_of(merges),
    )


@dataclass(frozen=True)
class Rule:
    """What is asked for, and what is known of measures and areas."""

    catalogue: Mapping[str, Indicator]
    areas: Mapping[str, Area]
    members: Mapping[str, Collection[str]]
    threshold: int
    group: int
    seconds: float


@dataclass(frozen=True)
class Attempt:
    """One family of measures protected in one way: with these sums shown instead of their parts."""

    facts: Facts
    table: Table
    choice: Choice
    hidden: Mapping[str, str]
    changes: frozenset[str]
    open: frozenset[str]
    merges: tuple[Merge, ...] = ()
    log: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Sequence[Row], ours: Collection[str], rule: Rule, merges: tuple[Merge, ...] = ()) -> Attempt:
        """Choose what to hide; the parts of sums always are."""
        parts = {name for merge in merges for name in (merge.first, merge.second)}
        facts = Facts.of(rows, rule.catalogue, rule.threshold)
        table = Table.of(facts.cells(), rule.areas, rule.group, rule.members, parts)
        choice = suppress(
            table.system, threshold=rule.threshold, also=table.group_lines, merged=table.parts, seconds=rule.seconds
        )
        alone = {row["id"]: "primary" for row in facts.rows if row["id"] in ours and facts.tells_by_itself(row)}
        hidden = alone | {row: why for row, why in table.hidden(choice, "row", rule.threshold) if row in ours}
        changes = frozenset(row for row, _ in table.hidden(choice, "change", rule.threshold) if row in ours)
        still_open = frozenset(table.open_rows(choice) & set(ours))
        return cls(facts, table, choice, hidden, changes, still_open, merges, (*table.notes, *choice.steps))

    @property
    def number_shown(self) -> int:
        """How many rows are shown, sums among them."""
        return len(self.facts.rows) - len(self.hidden)

    @property
    def is_costly(self) -> bool:
        """Whether a margin or everything that hangs together is hidden, or something can be told even so."""
        return bool(self.open) or EVERYTHING in self.choice.steps or (self.choice.secondary & self.table.margins).any()

    def is_safe(self, threshold: int) -> bool:
        """Whether the sums are shown, their parts are not, and both attackers, beginning anew, fail."""
        names = {name for merge in self.merges for name in (merge.first, merge.second)}
        if self.open or not names <= set(self.hidden) or {merge.id for merge in self.merges} & set(self.hidden):
            return False
        hidden, others = self.choice.hidden, self.table.group_lines & ~has_reason(self.table.system, threshold)
        attacks = (
            attack(self.table.system, hidden, threshold=threshold, knows_rule=knows, other_reasons=others, bounds=False)
            for knows in (False, True)
        )
        return not any(found.narrow.any() for found in attacks)


def _family(
    observations: pd.DataFrame,
    rows: Sequence[Row],
    names: Collection[str],
    ours: frozenset[str],
    rule: Rule,
    earlier: Sequence[Merge],
) -> Attempt:
    """Protect one family; where that costs a margin, the sums are shown with which most rows are.

    `earlier`: sums that a reader has; they stay sums, since their parts are protected only so.
    """
    own = [row for row in rows if row["indicator"] in names]
    kept = tuple(merge for merge in earlier if merge.id in {row["id"] for row in own})
    parts = {name for merge in kept for name in (merge.first, merge.second)}
    best = first = Attempt.of(own, ours, rule, kept)
    free = [row for row in own if row["id"] not in parts]
    for merges in candidates(free, first.hidden, ours, rule.threshold)[:MOST_MERGES] if first.is_costly else []:
        sums = [row for row in _records(with_sums(observations, merges)) if row["id"] in parts_of(merges)]
        found = Attempt.of([*own, *sums], ours | set(parts_of(merges)), rule, (*kept, *merges))
        more = found.number_shown > best.number_shown or (best.open and not found.open)
        if more and found.is_safe(rule.threshold):
            best = found
    texts = [
        f"merged, {best.number_shown} instead of {first.number_shown} rows shown: {merge.id}" for merge in best.merges
    ]
    return replace(best, log=tuple(f"{', '.join(names)}: {text}" for text in (*best.log, *texts)))


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
    parts: Mask
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        cells: Sequence[Cell],
        areas: Mapping[str, Area],
        group: int,
        members: Mapping[str, Collection[str]],
        parts_of_sums: Collection[str] = (),
    ) -> Table:
        """Put together the system. `parts_of_sums`: rows that are hidden since their sum is shown."""
        nowhere = np.zeros(0, dtype=bool)
        if not cells:
            return cls(System.of(np.zeros((0, 0)), np.zeros(0)), (), nowhere, nowhere, ())
        places = Places(cells, areas, members)
        notes: list[str] = []
        found = list(_that_add_up(cells, places, list(structures()), notes))
        ordered = tuple(cell for part, _ in found for cell in part)
        matrix = sparse.block_diag([parts[: len(part)] for part, parts in found], format="csr")
        ties = sparse.block_diag([parts[len(part) :] for part, parts in found], format="csr")
        none = [False] * ties.shape[0]
        merged = np.array([_is_told_by(cell, parts_of_sums) for cell in ordered] + none)
        system = _system(ordered, sparse.vstack([matrix, ties], format="csr"), group, merged)
        lines = [_is_group_line(cell, group) for cell in ordered] + none
        return cls(system, ordered, np.array(lines), merged, tuple(notes))

    @property
    def margins(self) -> Mask:
        """Cells that another cell of the same role is part of."""
        atoms = (self.system.dense[: len(self.cells)] > 0).astype(float)
        size = atoms.sum(axis=1)
        roles = np.array([cell.role for cell in self.cells])
        inside = (atoms @ atoms.T == size) & (size < size[:, None]) & (roles == roles[:, None])
        return np.concatenate([inside.any(axis=1), np.zeros(len(self.system) - len(self.cells), dtype=bool)])

    def hidden(self, choice: Choice, what: str, threshold: int) -> Iterator[tuple[str, str]]:
        """Rows with a hidden cell that the row (or its change) tells, each with why; the weightiest reason last."""
        other = self.group_lines | (self.parts & ~is_small(self.system.counts, threshold))
        reasons = {
            "merged": choice.primary & other & ~self.group_lines,
            "secondary": choice.secondary,
            "group": choice.primary & self.group_lines,
            "primary": choice.primary & ~other,
        }
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


def _system(cells: Sequence[Cell], parts: sparse.csr_array, group: int, merged: Mask) -> System:
    relations = parts.shape[0] - len(cells)
    return System.of(
        parts,
        np.array([cell.count for cell in cells] + [0] * relations),
        fixed=np.array([cell.public for cell in cells] + [True] * relations),
        silent=np.array([cell.role == "rest" for cell in cells] + [False] * relations),
        may_be_zero=np.array([_is_group(cell, group) for cell in cells] + [False] * relations) | merged,
    )


def _is_told_by(cell: Cell, rows: Collection[str]) -> bool:
    return any(row in rows for row, part in cell.tellers if part == "row") and cell.role != "rest"


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
