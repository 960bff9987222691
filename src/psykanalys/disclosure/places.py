"""Which atoms a count is made of: leaves of areas, sexes, stretches of age and time, levels, sides of a line."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np
from scipy import sparse

from psykanalys.areas import Area
from psykanalys.disclosure.counts import Cell, Row, days

Structure = frozenset[str]
Atom = tuple[Any, ...]

# What relates counts. `exact`: the parts that are told are all there are. `shared`: measures of one population.
RELATIONS = ("exact", "shared", "time", "level", "area", "sex", "age", "line")
MOST_LEFT_OUT = 3
MOST_CROSSED = 400  # levels of all dimensions multiplied; beyond that they are not related


def structures() -> Iterator[Structure]:
    """Structures to try in turn: every relation, then without one, two or three of them; then no relation at all."""
    for left_out in range(MOST_LEFT_OUT + 1):
        for some in combinations(RELATIONS, left_out):
            yield frozenset(RELATIONS) - set(some)
    yield frozenset({"line"})
    yield frozenset()


class Places:
    """The atoms of all cells of one family of measures."""

    def __init__(self, cells: Sequence[Cell], areas: Mapping[str, Area], members: Mapping[str, Collection[str]]):
        self.areas, self.members = areas, members
        rows = [cell.row for cell in cells]
        self.codes = {row["area"] for row in rows}
        self.ages = _stretches(_age(row["age"]) for row in rows)
        self.days = _stretches(days(row) for row in rows)
        self.levels: dict[str, list[str]] = {}
        for dimension, level in sorted({(row["dimension"], row["level"]) for row in rows if row["level"]}):
            self.levels.setdefault(dimension, []).append(level)
        self.crossed = math.prod(len(levels) + 1 for levels in self.levels.values()) <= MOST_CROSSED

    def parts(self, cells: Sequence[Cell], structure: Structure) -> sparse.csr_array:
        """Cells × atoms, and below the cells the relations between measures of one population."""
        found = [dict.fromkeys(self._atoms(cell, structure), 1) for cell in cells]
        found += self._same_population(found) if "shared" in structure else []
        return _merged(found)

    def _atoms(self, cell: Cell, structure: Structure) -> Iterator[Atom]:
        """The atoms of one cell: those above the line, those below that are not above it, or both."""
        if not structure or cell.apart:
            yield cell.key, cell.count
            return
        row = cell.row
        both = ("above", "rest") if "line" in structure else ("below",)
        sides = both if cell.role == "below" else (cell.role,)
        level = (row["dimension"], row["level"])
        own = {"area": row["area"], "sex": row["sex"], "age": row["age"] or "", "level": level, "time": days(row)}
        split = {
            "area": lambda: self._leaves(row["area"], exact="exact" in structure),
            "sex": lambda: {"T": ("K", "M")}.get(row["sex"], (row["sex"],)),
            "age": lambda: _inside(self.ages, _age(row["age"])),
            "level": lambda: self._levels(row, exact="exact" in structure),
            "time": lambda: _inside(self.days, days(row)),
        }
        lists = [split[name]() if name in structure else (own[name],) for name in split]
        yield from ((side, row["indicator"], row["comparator"], *at) for side in sides for at in product(*lists))

    def _same_population(self, found: Sequence[Mapping[Atom, int]]) -> list[dict[Atom, int]]:
        """In each place: above and rest of one measure are as many as above and rest of another."""
        of_measure: dict[Atom, dict[str, set[Atom]]] = {}
        for atom in {atom for atoms in found for atom in atoms if atom[0] in ("above", "rest")}:
            of_measure.setdefault(atom[2:], {}).setdefault(atom[1], set()).add(atom)
        ties = []
        for place, measures in sorted(of_measure.items(), key=lambda item: repr(item[0])):
            if len(measures) > 1:
                for name in sorted(measures):
                    sides = dict.fromkeys([("above", name, *place), ("rest", name, *place)], 1)
                    ties.append({**sides, ("population", *place): -1})
        return ties

    def _leaves(self, code: str, *, exact: bool) -> Sequence[str]:
        inside = [other for other in self.codes if other != code and self._is_in(other, code)]
        direct = [other for other in inside if not any(other != one and self._is_in(other, one) for one in inside)]
        found = [leaf for other in sorted(direct) for leaf in self._leaves(other, exact=exact)]
        return found if found and (exact or self._is_whole(code, direct)) else [*found, f"{code} rest"]

    def _is_in(self, code: str, other: str) -> bool:
        if code in self.members.get(other, ()):
            return True
        while code in self.areas and self.areas[code].parent:
            code = self.areas[code].parent
            if code == other:
                return True
        return False

    def _is_whole(self, code: str, parts: Collection[str]) -> bool:
        children = {area.code for area in self.areas.values() if area.parent == code and area.code.isdigit()}
        children = set(self.members.get(code, ())) or children
        covered = {child for child in children for part in parts if child == part or self._is_in(child, part)}
        return bool(children) and children <= covered

    def _levels(self, row: Row, *, exact: bool) -> Sequence[Atom]:
        """Each dimension divides the whole by itself: a row counts all levels, and what is left, of every other one."""
        if not self.crossed:
            return [(row["dimension"], row["level"])]
        own = {row["dimension"]: [row["level"]]} if row["level"] else {}
        rest = [] if exact else [""]
        return list(product(*(own.get(name, [*levels, *rest]) for name, levels in self.levels.items())))


def _merged(found: Sequence[Mapping[Atom, int]]) -> sparse.csr_array:
    """The matrix; atoms that no count tells apart are one."""
    of_atom: dict[Atom, list[tuple[int, int]]] = {}
    for number, atoms in enumerate(found):
        for atom, times in atoms.items():
            of_atom.setdefault(atom, []).append((number, times))
    columns = list(dict.fromkeys(tuple(places) for places in of_atom.values()))
    entries = [(row, column, times) for column, places in enumerate(columns) for row, times in places]
    rows, cols, numbers = (np.array(values) for values in zip(*entries, strict=True))
    return sparse.csr_array((numbers.astype(float), (rows, cols)), shape=(len(found), len(columns)))


def _age(text: str | None) -> tuple[int, int]:
    low, _, high = (text or "0-").partition("-")
    return int(low or 0), int(high) + 1 if high else 200


def _stretches(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The stretches between all ends."""
    ends = sorted({end for span in spans for end in span})
    return list(pairwise(ends))


def _inside(stretches: Sequence[tuple[int, int]], span: tuple[int, int]) -> list[tuple[int, int]]:
    return [stretch for stretch in stretches if span[0] <= stretch[0] and stretch[1] <= span[1]]
