"""A county against the nation, against other groups, and against its own past: the difference is judged.

The other value is never taken as fixed. Without printed counts on both sides nothing can be said about how sure a
difference is, and the document's own words are only quoted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

import numpy as np
import pandas as pd

from psykanalys import methods
from psykanalys.areas import NATION
from psykanalys.data.prepare import plain_records
from psykanalys.periods import parse_period
from psykanalys.verdicts import change_directions

SAME_POPULATION = ["indicator", "when", "sex", "age", "level"]
SURELY_HIGHER, SURELY_LOWER = "säkert högre", "säkert lägre"
LIKELY_HIGHER, LIKELY_LOWER = "troligen högre", "troligen lägre"
NOT_TOLD_APART = "går inte att skilja åt"
INSUFFICIENT = "otillräckligt underlag"
STATED = "enligt dokumentet"
COUNTED = "räknade värden"
OTHER_PERIOD = "olika slags perioder"
FALSE_DISCOVERY_RATE = 0.05


@dataclass(frozen=True)
class Comparison:
    """One printed figure beside another of the same measure. `against`: the nation, a group or an earlier period."""

    indicator: str
    observation: str
    other: str
    kind: str  # nation, group or past
    against: str
    period: str
    sex: str
    value: float | None
    other_value: float | None
    difference: float | None
    unit: str
    word: str
    age: str = ""
    level: str = ""
    p_value: float | None = None
    stands_out: bool | None = None

    @property
    def population(self) -> tuple[str, ...]:
        """What it compares, sex apart: a total and its sexes are one comparison in the family."""
        return self.indicator, self.kind, self.period, self.against, self.age, self.level


def compare_all(results: pd.DataFrame, area: str, history: Collection[str] = ()) -> list[Comparison]:
    """Return every printed comparison of an area: with the nation or a group, and with its own past.

    Only where measure, period, sex, age and level are the same; `not_compared` tells of the others. `history` has the
    ids of a register's earlier years: its last year is compared with the one before and with the first. Which of them
    stand out is decided together, by `find_outstanding`.
    """
    own = results[(results["area"] == area) & (results["comparator"] == "")]
    return find_outstanding(_compared([*_with_others(results, own), *_with_past(own, history)]))


def find_outstanding(comparisons: list[Comparison]) -> list[Comparison]:
    """Mark the comparisons that stand out, at a false discovery rate of 5 % within one county's family.

    The family is every comparison with riket or the county's own past that has an exact p-value: counts and exposures
    on both sides, independent periods, no census. A total and its sexes count once, by the total. Others keep None.
    """
    family = {id(comparison) for comparison in _family(comparisons)}
    members = [comparison for comparison in comparisons if id(comparison) in family]
    if not members:
        return comparisons
    adjusted = methods.adjust([comparison.p_value or 0.0 for comparison in members]).value
    found = {id(each): bool(value <= FALSE_DISCOVERY_RATE) for each, value in zip(members, adjusted, strict=True)}
    return [replace(each, stands_out=found[id(each)]) if id(each) in found else each for each in comparisons]


def _family(comparisons: list[Comparison]) -> list[Comparison]:
    testable = [each for each in comparisons if each.p_value is not None and each.kind in ("nation", "past")]
    totals = {each.population for each in testable if each.sex == "T"}
    return [each for each in testable if each.sex == "T" or each.population not in totals]


@dataclass(frozen=True)
class NotCompared:
    """A figure of the county and one of the nation that are of the same measure and still not compared, and why."""

    observation: str
    other: str
    reasons: tuple[str, ...]


def not_compared(results: pd.DataFrame, area: str, apart: Collection[str] = ()) -> list[NotCompared]:
    """Return figures with a printed value in the nation of the same measure, but for another period or population.

    `apart` are ids of figures of which that need not be told: a register's earlier years, whose last is compared.
    """
    figures = plain_records(results[results["value"].notna()])
    own = [row for row in figures if row["area"] == area and not row["comparator"] and row["id"] not in apart]
    others = [row for row in figures if row["area"] == NATION or row["comparator"]]
    found = []
    for row in own:
        same = [other for other in others if other["indicator"] == row["indicator"]]
        differing = [tuple(name for name in SAME_POPULATION[1:] if other[name] != row[name]) for other in same]
        if same and all(differing):
            nearest = min(range(len(same)), key=lambda place: len(differing[place]))
            found.append(NotCompared(row["id"], same[nearest]["id"], differing[nearest]))
    return found


def stated(results: pd.DataFrame, area: str) -> pd.DataFrame:
    """Return the results of an area that the document states as a direction without a figure."""
    return results[(results["area"] == area) & results["direction"].notna()]


Pair = tuple[dict[str, Any], dict[str, Any], str]  # the area's row, the other row, and the kind of comparison


def _with_others(results: pd.DataFrame, own: pd.DataFrame) -> list[Pair]:
    others = results[(results["area"] == NATION) | (results["comparator"] != "")]
    pairs = own.merge(others, on=SAME_POPULATION, suffixes=("", "_other"))
    pairs = pairs[pairs["value"].notna() & pairs["value_other"].notna()]
    return [(*_halves(pair), _kind(pair)) for pair in plain_records(pairs)]


def _with_past(own: pd.DataFrame, history: Collection[str]) -> list[Pair]:
    keys = [name for name in SAME_POPULATION if name != "when"]
    figures = plain_records(own[own["value"].notna()].sort_values([*keys, "when", "id"]))
    series = [list(group) for _, group in groupby(figures, key=itemgetter(*keys))]
    return [
        (later, before, "past")
        for rows in series
        for place, later in enumerate(rows)
        if later["id"] not in history
        for before in _before(later, rows[:place], history)
        if before["when"] != later["when"]
    ]


def _before(later: dict[str, Any], rows: list[dict[str, Any]], history: Collection[str]) -> list[dict[str, Any]]:
    """What a figure is compared with of those before it: the last; a register's own last and first."""
    own = [row for row in rows if row["id"] in history and row["source"] == later["source"]]
    return own[:1] + own[1:][-1:] if own else rows[-1:]


def _halves(pair: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    shared = {name: pair[name] for name in SAME_POPULATION}
    other = {name.removesuffix("_other"): value for name, value in pair.items() if name.endswith("_other")}
    return pair, shared | other


def _kind(pair: dict[str, Any]) -> str:
    return "group" if pair["comparator_other"] else "nation"


def _compared(pairs: list[Pair]) -> list[Comparison]:
    """Each pair as a comparison; words and p-values are calculated for all of them at once."""
    return [
        _comparison(own, other, kind, word, p_value)
        for (own, other, kind), word, p_value in zip(pairs, _words(pairs), _p_values(pairs), strict=True)
    ]


def _comparison(own: dict[str, Any], other: dict[str, Any], kind: str, word: str, p_value: float | None) -> Comparison:
    value, other_value = (_optional(row["value"]) for row in (own, other))
    return Comparison(
        indicator=own["indicator"],
        observation=own["id"],
        other=other["id"],
        kind=kind,
        against={"nation": "riket", "group": other["comparator"], "past": str(other["when"])}[kind],
        period=str(own["when"]),
        sex=own["sex"],
        value=value,
        other_value=other_value,
        difference=None if value is None or other_value is None else value - other_value,
        unit=own["unit"],
        word=word,
        age=own["age"],
        level=own["level"],
        p_value=p_value,
    )


def _p_values(pairs: list[Pair]) -> list[float | None]:
    """The exact p-value of no difference, where both have counts and exposures and the periods do not overlap."""
    found: list[float | None] = [None] * len(pairs)
    groups: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for place, (own, other, kind) in enumerate(pairs):
        if _is_testable(own, other, kind):
            groups[own["statistic"], kind == "nation"].append(place)
    for (statistic, contains), places in groups.items():
        numbers = np.array([_counts(*pairs[place][:2]) for place in places], dtype=float).T
        measure: Literal["proportion", "rate"] = "rate" if statistic == "rate" else "proportion"
        tested = methods.compare(*numbers, kind=measure, contains=contains)
        for place, p_value in zip(places, tested.p_value, strict=True):
            found[place] = None if math.isnan(p_value) else float(p_value)
    return found


def _is_testable(own: dict[str, Any], other: dict[str, Any], kind: str) -> bool:
    if own["nature"] == "census" or None in _counts(own, other) or own["statistic"] not in ("proportion", "rate"):
        return False
    one, two = (parse_period(str(row["when"])) for row in (own, other))
    return one.months == two.months and not (kind == "past" and one.overlaps(two))


def _counts(own: dict[str, Any], other: dict[str, Any]) -> list[float | None]:
    return [_optional(row[name]) for row in (own, other) for name in ("numerator", "denominator")]


def _words(pairs: list[Pair]) -> list[str]:
    others = [_without_own(own, other) if kind == "nation" else other for own, other, kind in pairs]
    directions = change_directions(others, [own for own, *_ in pairs], [0.95, 0.80])
    return [_word(*pair[:2], *sides) for pair, sides in zip(pairs, directions, strict=True)]


def _word(own: dict[str, Any], other: dict[str, Any], sure: int | None, likely: int | None) -> str:
    if parse_period(str(own["when"])).months != parse_period(str(other["when"])).months:
        return OTHER_PERIOD
    if own["nature"] == "census" and None not in (_optional(own["value"]), _optional(other["value"])):
        return COUNTED
    if sure is None or (sure == 0 and likely is None):
        return INSUFFICIENT
    if sure:
        return SURELY_HIGHER if sure > 0 else SURELY_LOWER
    if likely:
        return LIKELY_HIGHER if likely > 0 else LIKELY_LOWER
    return NOT_TOLD_APART


def _without_own(own: dict[str, Any], nation: dict[str, Any]) -> dict[str, Any]:
    """The nation without the area that it contains, so that the two are independent."""
    parts = {}
    for name in ("numerator", "denominator"):
        whole, part = _optional(nation[name]), _optional(own[name])
        parts[name] = None if whole is None or part is None else whole - part
    return nation | parts


def _optional(value: Any) -> float | None:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return float(value)
