"""Which counts a row tells: those printed, and those that follow from its share, decimals, limits or change."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from psykanalys.catalogue import Indicator
from psykanalys.periods import parse_period

Row = Mapping[str, Any]
Coordinates = tuple[Any, ...]
Key = tuple[str, str, Coordinates]  # role (above, below, rest), measure, of what
MANY_DECIMALS = 3
LIMIT = 1.96  # standard errors from a share to its 95 % limit


@dataclass(frozen=True)
class Cell:
    """One count: above the line, below it, or the rest between; and what in which rows tells it.

    `tellers`: row ids with what of the row tells it: `row` or `change`. `population`: the count below the line, if it
    is known. `public`: some public row tells it. `apart`: another row tells another count of the same.
    """

    role: str
    row: Row
    count: int
    public: bool
    tellers: tuple[tuple[str, str], ...]
    population: int | None = None
    apart: bool = False

    @property
    def key(self) -> Key:
        """What is counted."""
        return self.role, self.row["indicator"], coordinates(self.row)


@dataclass(frozen=True)
class Facts:
    """Everything that rows tell of counts, row by row."""

    rows: tuple[Row, ...]
    catalogue: Mapping[str, Indicator]
    threshold: int
    populations: dict[tuple[str, Coordinates], int] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Row], catalogue: Mapping[str, Indicator], threshold: int) -> Facts:
        """Read the rows. A count below the line serves every row of the same population."""
        facts = cls(tuple(rows), catalogue, threshold)
        for row in facts.rows:
            if (below := whole(row["denominator"])) is not None:
                facts.populations.setdefault((facts._name(row), coordinates(row)), below)
        facts._add_third_sex()
        return facts

    def cells(self) -> list[Cell]:
        """One cell for each count; the same count told in several rows is one, contradicting counts are several."""
        found: dict[tuple[Key, int], Cell] = {}
        first: dict[Key, int] = {}
        for cell in [*self._told(), *self._changes()]:
            same = first.setdefault(cell.key, cell.count)
            if cell.count != same:
                found[cell.key, same] = _together(found[cell.key, same], replace(cell, public=False))
            before = found.get((cell.key, cell.count))
            found[cell.key, cell.count] = _together(before, cell) if before else replace(cell, apart=cell.count != same)
        return [*found.values(), *_rests(cell for cell in found.values() if not cell.apart)]

    def above(self, row: Row) -> int | None:
        """The count above the line: printed, a count measure's value, or what the share leaves little choice of."""
        printed = whole(row["numerator"])
        if printed is not None or row["value"] is None:
            return printed
        if self.catalogue[row["indicator"]].statistic == "count":
            return round(row["value"]) if row["value"] >= 0 else None
        below, per = self._below_or_known(row), self._per(row)
        return self._nearest(row["value"], below / per) if below and per else None

    def below(self, row: Row) -> int | None:
        """The count below the line: printed, or what count and share leave one choice of."""
        printed, above, per = whole(row["denominator"]), whole(row["numerator"]), self._per(row)
        if printed is not None or not (above and per and row["value"]):
            return printed
        half = _half_unit(row["value"])
        least, most = above * per / (row["value"] + half), above * per / max(row["value"] - half, 1e-12)
        return math.ceil(least) if math.ceil(least) == math.floor(most) else None

    def tells_by_itself(self, row: Row) -> bool:
        """Whether a row without any count still gives a small one: many decimals, narrow limits, a short range."""
        if self.above(row) is not None:
            return False
        share = row["value"] / 100 if row["value"] is not None and self._per(row) == 100 else None
        return self._short_range(row) or (share is not None and (self._decimals(row) or self._limits(row, share)))

    def _add_third_sex(self) -> None:
        """Two of all, women and men tell the third."""
        for name, place in list(self.populations):
            by_sex = {sex: (name, (*place[:2], sex, *place[3:])) for sex in "TKM"}
            known = {sex: self.populations.get(key) for sex, key in by_sex.items()}
            lacking = [sex for sex, count in known.items() if count is None]
            if len(lacking) == 1:
                total, women, men = (known[sex] or 0 for sex in "TKM")
                third = women + men if lacking == ["T"] else total - women - men
                if third > 0:
                    self.populations[by_sex[lacking[0]]] = third

    def _told(self) -> Iterator[Cell]:
        for row in self.rows:
            public, tellers, population = row["published"] == "yes", ((row["id"], "row"),), self._below_or_known(row)
            for role, count in (("above", self.above(row)), ("below", self.below(row))):
                if count is not None:
                    yield Cell(role, row, count, public, tellers, population)

    def _changes(self) -> Iterator[Cell]:
        """What the count was before a printed change, or became by it."""
        counts = {cell.key: cell.count for cell in self._told()}
        for row in self.rows:
            for other, count in self._before(row, counts):
                key = ("above", row["indicator"], coordinates(other))
                known = counts.get(key)
                near = known is not None and abs(known - count) <= 1 + 0.01 * known
                told = known if near and known is not None else count
                yield Cell("above", other, told, row["published"] == "yes", ((row["id"], "change"),))

    def _before(self, row: Row, counts: Mapping[Key, int]) -> Iterator[tuple[Row, int]]:
        if row["change"] is None or not row["base_period"]:
            return
        base = {**row, "period": row["base_period"], "as_of": None, "denominator": None}
        is_count = self.catalogue[row["indicator"]].statistic == "count"
        in_percent = row["change_unit"] == "procent"
        now = self.above(row) if is_count else row["value"]
        if now is None:
            before = counts.get(("above", row["indicator"], coordinates(base))) if is_count else None
            if before is not None:
                count = before * (1 + row["change"] / 100) if in_percent else before + row["change"]
                yield row, max(round(count), 0)
            return
        if in_percent and row["change"] <= -100:
            return
        was = now / (1 + row["change"] / 100) if in_percent else now - row["change"]
        size = 1.0 if is_count else (self._below_or_known(base) or 0) / (self._per(row) or 1)
        if size and was >= 0:
            yield base, round(was * size)

    def _name(self, row: Row) -> str:
        return self.catalogue[row["indicator"]].denominator or row["indicator"]

    def _below_or_known(self, row: Row) -> int | None:
        below = self.below(row)
        return self.populations.get((self._name(row), coordinates(row))) if below is None else below

    def _per(self, row: Row) -> int | None:
        measure = self.catalogue[row["indicator"]]
        return 100 if measure.statistic == "proportion" else measure.per

    def _nearest(self, value: float, size: float) -> int | None:
        """The whole number nearest to value × size, if rounding leaves fewer numbers than a hidden count needs."""
        half = _half_unit(value)
        least, most = math.ceil((value - half) * size), math.floor((value + half) * size)
        told = most - least + 1 < self.threshold
        return max(round(value * size), 0) if told else None

    def _decimals(self, row: Row) -> bool:
        """Many decimals are those of one fraction with a small count above the line or in the rest."""
        if _places(row["value"]) < MANY_DECIMALS:
            return False
        exact, half = Fraction(str(row["value"])) / 100, Fraction(str(_half_unit(row["value"]))) / 100
        for size in range(2, 1000):
            count = round(exact * size)
            if abs(Fraction(count, size) - exact) <= half:
                return self._is_small(count) or self._is_small(size - count)
        return False

    def _limits(self, row: Row, share: float) -> bool:
        """The width of an interval tells how many there are, and so how many have the trait."""
        if row["ci_low"] is None or row["ci_high"] is None or row["ci_high"] <= row["ci_low"] or not 0 < share < 1:
            return False
        size = share * (1 - share) * (2 * LIMIT * 100 / (row["ci_high"] - row["ci_low"])) ** 2
        return min(share, 1 - share) * size < self.threshold

    def _short_range(self, row: Row) -> bool:
        low, high = row["value_low"], row["value_high"]
        is_count = self.catalogue[row["indicator"]].statistic == "count"
        return is_count and low is not None and high > 0 and low < self.threshold and high - low + 1 < self.threshold

    def _is_small(self, count: int) -> bool:
        return 0 < count < self.threshold


def _together(cell: Cell, other: Cell) -> Cell:
    """One cell that two rows tell."""
    population = other.population if cell.population is None else cell.population
    return replace(
        cell, tellers=(*cell.tellers, *other.tellers), public=cell.public or other.public, population=population
    )


def coordinates(row: Row) -> Coordinates:
    """Of what a row's counts are."""
    return (*tuple(row[name] or "" for name in ("area", "comparator", "sex", "age", "dimension", "level")), days(row))


def days(row: Row) -> tuple[int, int]:
    """First day and day after the last."""
    period = parse_period(row["period"] or row["as_of"])
    return period.first.toordinal(), period.last.toordinal() + 1


def whole(value: Any) -> int | None:
    """A count as a whole number, or None."""
    return None if value is None or pd.isna(value) else int(value)


def _rests(cells: Iterable[Cell]) -> Iterator[Cell]:
    """What is left of each count below the line."""
    cells = list(cells)
    below = {cell.key[1:]: cell for cell in cells if cell.role == "below"}
    for cell in cells:
        whole_group = below.get(cell.key[1:])
        if cell.role == "above" and whole_group is not None and cell.count <= whole_group.count:
            public = cell.public and whole_group.public
            tellers = tuple(dict.fromkeys((*cell.tellers, *whole_group.tellers)))
            yield Cell("rest", cell.row, whole_group.count - cell.count, public, tellers, whole_group.count)


def _places(value: float) -> int:
    exponent = Decimal(str(value)).normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _half_unit(value: float) -> float:
    return 0.5 * 10.0 ** -_places(value)
