"""A county against the nation, against other groups, and against its own past: the difference is judged.

The other value is never taken as fixed. Without printed counts on both sides nothing can be said about how sure a
difference is, and the document's own words are only quoted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import pandas as pd

from psykanalys.areas import NATION
from psykanalys.periods import parse_period
from psykanalys.verdicts import change_direction, plain_records

SAME_POPULATION = ["indicator", "when", "sex", "age", "level"]
SURELY_HIGHER, SURELY_LOWER = "säkert högre", "säkert lägre"
LIKELY_HIGHER, LIKELY_LOWER = "troligen högre", "troligen lägre"
NOT_TOLD_APART = "går inte att skilja åt"
INSUFFICIENT = "otillräckligt underlag"
STATED = "enligt dokumentet"
COUNTED = "räknade värden"
OTHER_PERIOD = "olika slags perioder"


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


def compare_all(results: pd.DataFrame, area: str) -> list[Comparison]:
    """Return every printed comparison of an area: with the nation or a group, and with its own past."""
    own = results[(results["area"] == area) & (results["comparator"] == "")]
    return [*_with_others(results, own), *_with_past(own)]


def stated(results: pd.DataFrame, area: str) -> pd.DataFrame:
    """Return the results of an area that the document states as a direction without a figure."""
    return results[(results["area"] == area) & results["direction"].notna()]


def _with_others(results: pd.DataFrame, own: pd.DataFrame) -> list[Comparison]:
    others = results[(results["area"] == NATION) | (results["comparator"] != "")]
    pairs = own.merge(others, on=SAME_POPULATION, suffixes=("", "_other"))
    pairs = pairs[pairs["value"].notna() & pairs["value_other"].notna()]
    return [_compare(*_halves(pair), _kind(pair)) for pair in plain_records(pairs)]


def _with_past(own: pd.DataFrame) -> list[Comparison]:
    keys = [name for name in SAME_POPULATION if name != "when"]
    figures = plain_records(own[own["value"].notna()].sort_values([*keys, "when", "id"]))
    series = [list(group) for _, group in groupby(figures, key=itemgetter(*keys))]
    pairs = [pair for rows in series for pair in pairwise(rows) if pair[0]["when"] != pair[1]["when"]]
    return [_compare(later, before, "past") for before, later in pairs]


def _halves(pair: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    shared = {name: pair[name] for name in SAME_POPULATION}
    other = {name.removesuffix("_other"): value for name, value in pair.items() if name.endswith("_other")}
    return pair, shared | other


def _kind(pair: dict[str, Any]) -> str:
    return "group" if pair["comparator_other"] else "nation"


def _compare(own: dict[str, Any], other: dict[str, Any], kind: str) -> Comparison:
    value, other_value = (_optional(row["value"]) for row in (own, other))
    difference = None if value is None or other_value is None else value - other_value
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
        difference=difference,
        unit=own["unit"],
        word=_word(own, other, kind, difference),
    )


def _word(own: dict[str, Any], other: dict[str, Any], kind: str, difference: float | None) -> str:
    if parse_period(str(own["when"])).months != parse_period(str(other["when"])).months:
        return OTHER_PERIOD
    if own["nature"] == "census" and difference is not None:
        return COUNTED
    other = _without_own(own, other) if kind == "nation" else other
    for confidence, higher, lower in ((0.95, SURELY_HIGHER, SURELY_LOWER), (0.80, LIKELY_HIGHER, LIKELY_LOWER)):
        direction = change_direction(other, own, confidence)
        if direction is None:
            return INSUFFICIENT
        if direction:
            return higher if direction > 0 else lower
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
