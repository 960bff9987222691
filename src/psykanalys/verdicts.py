"""Result + target → verdict: computed once, read by every table, figure, sentence and export.

The first rule that fits gives the word; whatever else applies stays in `reasons`. The rules and their order are
described in docs/verdicts.md.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd

from psykanalys import methods
from psykanalys.data.contract import WITHOUT_VALUE
from psykanalys.data.prepare import as_rows, plain_records
from psykanalys.errors import ParameterError
from psykanalys.periods import Period, parse_period


class Word(StrEnum):
    """The words a verdict can have. Swedish, since they are what the reader meets."""

    MEASURES_OTHER = "mäter annat"
    NOT_TESTABLE = "går inte att pröva"
    PROTECTED = "skyddat"
    NOT_REACHED_PROTECTED = "inte nått, antal skyddat"
    BASELINE = "utgångsläge"
    REACHED = "nått"
    NOT_REACHED = "inte nått"
    UNDECIDED = "går inte att avgöra"
    INSUFFICIENT = "otillräckligt underlag"
    SURELY_REACHED = "säkert nått"
    LIKELY_REACHED = "troligen nått"
    LIKELY_NOT_REACHED = "troligen inte nått"
    SURELY_NOT_REACHED = "säkert inte nått"
    MISSING = "uppgift saknas"


BY_INTERVAL = (Word.SURELY_REACHED, Word.LIKELY_REACHED, Word.LIKELY_NOT_REACHED, Word.SURELY_NOT_REACHED)
FIRM = (Word.REACHED, Word.NOT_REACHED, Word.NOT_REACHED_PROTECTED, *BY_INTERVAL)
APPROXIMATE_PERCENTAGE_POINTS = 2.5
_BY_CHANCE = ("process", "events", "sample")
_COMPARISONS = ("increase", "decrease", "growth_stops", "growth_slows")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """One target against one result (or against none).

    `value`, `distance` and limits are in `unit`, and empty where the result has another unit than the target;
    `ci_low` and `ci_high` are the limits that were judged by, at `confidence`. `position` is true where the target is
    not yet due or has no due date: then the verdict is the position today, not attainment. `word_by_rule` keeps what
    the rules said where a person has overridden it. `needed_n` is the smallest n at which the same share would give
    *säkert*, where the answer is open.
    """

    target: str
    goal: str | None
    indicator: str | None
    observation: str | None
    county_code: str
    focus_areas: str
    label: str
    operator: str
    target_value: float | None
    target_high: float | None
    unit: str
    word: Word
    reasons: tuple[str, ...] = ()
    area: str = ""
    period: str = ""
    sex: str = "T"
    age: str = ""
    value: float | None = None
    value_low: float | None = None
    value_high: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    confidence: float | None = None
    distance: float | None = None
    distance_in_count: int | None = None
    position: bool = False
    by_interval: bool = False
    needed_n: int | None = None
    word_by_rule: Word | None = None
    override: str = ""

    @property
    def is_firm(self) -> bool:
        """Whether the word says that the target is reached or not."""
        return self.word in FIRM


@dataclass(frozen=True)
class _Case:
    """What a rule looks at: the target, the result, earlier results of the same population, the plan's first day."""

    target: Row
    result: Row
    earlier: Sequence[Row]
    plan_start: Period | None
    low: float  # the smallest and largest value that the printed figure can stand for
    high: float

    @property
    def goal_value(self) -> float:
        return _number(self.target["value"])

    @property
    def is_all_or_none(self) -> bool:
        return (self.target["operator"], self.goal_value) in {(">=", 100.0), ("=", 100.0), ("<=", 0.0), ("=", 0.0)}


def judge_all(
    targets: pd.DataFrame,
    results: pd.DataFrame,
    sources: pd.DataFrame,
    goals: pd.DataFrame | None = None,
    overrides: pd.DataFrame | None = None,
    history: Collection[str] = (),
) -> list[Verdict]:
    """Return the verdicts of every target: one per result that concerns it, or one where there is none.

    `history` has the ids of results that are there for a development only: they get no verdict of their own.
    `targets`, `sources`, `goals` and `overrides` are processed tables; `results` comes from `indicators.calculate`.
    A target of an earlier plan has no starting point in the plan that reports on it.
    """
    plan_starts = {row["id"]: row["plan_start"] for _, row in sources.iterrows() if _given(row["plan_start"])}
    previous = set() if goals is None else set(goals.loc[goals["plan"] == "previous", "id"])
    of_measure: dict[str, list[Row]] = defaultdict(list)
    for result in plain_records(results):
        of_measure[result["indicator"]].append(result)
    verdicts = [
        verdict
        for target in plain_records(targets)
        for verdict in judge_target(
            target,
            [result for name in _measures(target) for result in of_measure[name]],
            None if target["goal"] in previous else plan_starts.get(target["source"]),
            history,
        )
    ]
    return apply_overrides(verdicts, overrides)


def judge_target(
    target: Row, results: Iterable[Row], plan_start: str | None = None, history: Collection[str] = ()
) -> list[Verdict]:
    """Return one verdict per result that concerns the target, in order of period; one without result if none does."""
    results = sorted(results, key=lambda r: (str(r["when"]), r["id"]))
    concerned = [r for r in results if concerns(target, r)] or _reported_against(target, results)
    if not concerned:
        return [_without_result(target)]
    return [
        judge(target, result, concerned[:place], plan_start)
        for place, result in enumerate(concerned)
        if result["id"] not in history
    ]


def concerns(target: Row, result: Row) -> bool:
    """Whether a result is of the measure and the population that a target names."""
    return (
        result["indicator"] in _measures(target)
        and result["area"] == target["area"]
        and result["sex"] == target["sex"]
        and result["age"] == target["age"]
        and result["level"] == target["level"]
        and not result["comparator"]
        and (target["operator"] in (*_COMPARISONS, "yes") or not _is_in_words(result))
    )


def _measures(target: Row) -> set[str]:
    """What a target measures, and what its document reports against it."""
    return {name for name in (target["indicator"], target["reported_indicator"]) if _given(name)}


def _is_in_words(result: Row) -> bool:
    """Whether a result states a direction only: nothing that a level could be set against."""
    figures = (result["value"], result["value_low"], result["numerator"], result["yes_no"])
    return _given(result["direction"]) and not any(_given(figure) for figure in figures)


def _reported_against(target: Row, results: Sequence[Row]) -> list[Row]:
    """The latest of the results that a document reports against a target although they measure something else."""
    found = [result for result in results if _is_reported_against(target, result)]
    return [result for result in found if result["when"] == found[-1]["when"]]


def _is_reported_against(target: Row, result: Row) -> bool:
    """Whether the document reports a result against a target although it measures something else."""
    return (
        target["measures"] == "other"
        and result["indicator"] == target["reported_indicator"]
        and not result["comparator"]
    )


def judge(target: Row, result: Row, earlier: Sequence[Row] = (), plan_start: str | None = None) -> Verdict:
    """Return the verdict of one target and one result: the first rule that fits gives the word."""
    low, high = possible_values(result)
    start = parse_period(str(plan_start)) if _given(plan_start) else None
    case = _Case(target, result, earlier, start, low, high)
    rule, (word, confidence) = next((rule, ruling) for rule in _RULES if (ruling := rule(case)))
    also = [_REASON[other] for other in _STANDING if other(case)]
    reasons = tuple(dict.fromkeys((_REASON[rule], *also))) + _remarks(case)
    verdict = replace(_blank(case), word=word, reasons=reasons, by_interval=rule is _by_interval)
    verdict = replace(verdict, needed_n=_needed_n(case, verdict))
    return replace(verdict, **_shown_interval(case, verdict, confidence))


def apply_overrides(verdicts: Iterable[Verdict], overrides: pd.DataFrame | None) -> list[Verdict]:
    """Replace the word of verdicts that a person has overridden; the rule's word and the person's reason stay."""
    if overrides is None or overrides.empty:
        return list(verdicts)
    by_target = {row["target"]: row for row in as_rows(overrides)}
    return [_overridden(v, by_target[v.target]) if v.target in by_target else v for v in verdicts]


def expected_errors(verdicts: Iterable[Verdict]) -> dict[str, float]:
    """How many verdicts were judged by interval, and how many of them are expected at most to be firmly wrong.

    For each side of a fixed target *säkert* errs at most 2.5 %, *troligen* at most 10 %.
    """
    judged = sum(verdict.by_interval for verdict in verdicts)
    return {"judged": judged, "surely_wrong_at_most": 0.025 * judged, "likely_wrong_at_most": 0.10 * judged}


def to_table(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """Return the verdicts as a table: one row each, reasons joined by ' | '."""
    columns = list(Verdict.__dataclass_fields__)
    rows = [{name: getattr(verdict, name) for name in columns} for verdict in verdicts]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(
        word=table["word"].astype("string"), reasons=[" | ".join(reasons) for reasons in table["reasons"]]
    )


def possible_values(result: Row) -> tuple[float, float]:
    """The smallest and largest value that a printed figure can stand for.

    Printed counts are exact. A printed figure stands for its rounding; 'ca' for ± 2.5 percentage points of a share
    and ± 5 % of other figures; 'minst' and 'högst' are open; a range is what it says. Nothing printed: NaN.
    """
    value, low, high = (_number(result[name]) for name in ("value", "value_low", "value_high"))
    ceiling = 100.0 if result["unit"] == "procent" else math.inf
    if not math.isnan(low):
        return low, high
    if math.isnan(value):
        return math.nan, math.nan
    if result["status"] == "at_least":
        return value, ceiling
    if result["status"] == "at_most":
        return 0.0, value
    half = _half_width(result, value)
    return max(value - half, 0.0), min(value + half, ceiling)


def _half_width(result: Row, value: float) -> float:
    if result["status"] == "approximate":
        return APPROXIMATE_PERCENTAGE_POINTS if result["unit"] == "procent" else 0.05 * abs(value)
    return 0.0 if result["has_counts"] else 0.5 * 10.0 ** -_printed_decimals(value)


def _printed_decimals(value: float) -> int:
    return len(f"{value:.10g}".partition(".")[2])


# --- the rules, in order: each returns (word, level of the interval) where it fits, else None -----------------------

Ruling = tuple[Word, float | None]


def _measures_other(case: _Case) -> Ruling | None:
    if _given(case.target["value"]) and not _same_unit(case.target, case.result):
        return Word.MEASURES_OTHER, None
    if case.result["indicator"] == case.target["indicator"] and case.target["measures"] != "other":
        return None
    is_other = case.target["measures"] == "other" and case.result["indicator"] == case.target["reported_indicator"]
    return (Word.MEASURES_OTHER, None) if is_other else None


def _not_testable(case: _Case) -> Ruling | None:
    return (Word.NOT_TESTABLE, None) if case.target["testable"] == "no" else None


def _protected(case: _Case) -> Ruling | None:
    if case.result["status"] != "suppressed":
        return None
    is_zero_target = case.target["operator"] in {"<=", "="} and case.goal_value == 0
    return (Word.NOT_REACHED_PROTECTED if is_zero_target else Word.PROTECTED), None


def _baseline(case: _Case) -> Ruling | None:
    is_adopting = case.plan_start is not None and case.result["source"] == case.target["source"]
    is_early = case.plan_start is not None and parse_period(case.result["when"]).first < case.plan_start.first
    return (Word.BASELINE, None) if is_adopting or is_early else None


def _without_figure(case: _Case) -> Ruling | None:
    return (Word.MISSING, None) if case.result["status"] in WITHOUT_VALUE else None


def _yes_no(case: _Case) -> Ruling | None:
    if case.target["operator"] != "yes":
        return None
    if not _given(case.result["yes_no"]):
        return Word.INSUFFICIENT, None
    return (Word.REACHED if case.result["yes_no"] == "yes" else Word.NOT_REACHED), None


def _comparison(case: _Case) -> Ruling | None:
    """A target on development: the difference from earlier results is judged, not the earlier value as fixed."""
    operator = case.target["operator"]
    if operator not in _COMPARISONS:
        return None
    needed = 2 if operator == "growth_slows" else 1
    earlier = [row for row in case.earlier if _is_comparable(row, case.result)][-needed:]
    if len(earlier) < needed:
        return Word.INSUFFICIENT, None
    if case.result["nature"] == "census":
        return _census_development(case, earlier)
    return _chance_development(case, earlier)


def _counterexample(case: _Case) -> Ruling | None:
    """One case is enough against 'alla' and against zero, whatever was not counted."""
    if not case.is_all_or_none or math.isnan(case.low):
        return None
    is_broken = case.high < 100 if case.goal_value == 100 else case.low > 0
    return (Word.NOT_REACHED, None) if is_broken else None


def _everything_counted(case: _Case) -> Ruling | None:
    is_census = case.result["nature"] == "census"
    is_whole_period = case.is_all_or_none and case.result["has_counts"] and case.result["nature"] != "sample"
    is_whole_period = is_whole_period and case.result["nature"] != "census_with_nonresponse"
    if math.isnan(case.low) or not (is_census or is_whole_period):
        return None
    return _by_range(case, case.low, case.high), None


def _non_response(case: _Case) -> Ruling | None:
    if case.result["nature"] != "census_with_nonresponse" or math.isnan(_number(case.result["worst"])):
        return None
    return _by_range(case, _number(case.result["worst"]), _number(case.result["best"])), None


def _insufficient(case: _Case) -> Ruling | None:
    is_known = case.result["nature"] == "census" and not math.isnan(case.low)
    has_interval = not math.isnan(_number(case.result["ci_low"]))
    return None if is_known or has_interval else (Word.INSUFFICIENT, None)


def _lacks_denominator(case: _Case) -> Ruling | None:
    is_ratio = case.result["statistic"] in ("proportion", "rate")
    return _insufficient(case) if is_ratio and not math.isnan(case.low) else None


def _by_interval(case: _Case) -> Ruling | None:
    sure = _strict_side(case.target, _number(case.result["ci_low"]), _number(case.result["ci_high"]))
    if sure:
        return (Word.SURELY_REACHED if sure > 0 else Word.SURELY_NOT_REACHED), 0.95
    likely = _strict_side(case.target, _number(case.result["likely_low"]), _number(case.result["likely_high"]))
    if likely:
        return (Word.LIKELY_REACHED if likely > 0 else Word.LIKELY_NOT_REACHED), 0.80
    return Word.UNDECIDED, 0.95


Rule = Callable[[_Case], Ruling | None]
_RULES: tuple[Rule, ...] = (
    _measures_other,
    _not_testable,
    _protected,
    _without_figure,
    _baseline,
    _yes_no,
    _comparison,
    _counterexample,
    _everything_counted,
    _non_response,
    _insufficient,
    _by_interval,
)
_REASON: dict[Rule, str] = {
    _measures_other: "measures_other",
    _not_testable: "not_testable",
    _protected: "protected",
    _baseline: "baseline",
    _without_figure: "no_figure",
    _yes_no: "yes_no",
    _comparison: "development",
    _counterexample: "counterexample",
    _everything_counted: "everything_counted",
    _non_response: "non_response",
    _insufficient: "no_denominator",
    _lacks_denominator: "no_denominator",
    _by_interval: "by_interval",
}
# Rules that say something worth keeping as a reason even where an earlier rule gave the word.
_STANDING: tuple[Rule, ...] = (_measures_other, _not_testable, _baseline, _lacks_denominator)


# --- sides ----------------------------------------------------------------------------------------------------------


def _holds(target: Row, value: float) -> bool:
    goal, high = _number(target["value"]), _number(target["value_high"])
    return {
        ">=": value >= goal,
        "<=": value <= goal,
        ">": value > goal,
        "<": value < goal,
        "=": value == goal,
        "between": goal <= value <= high,
    }[target["operator"]]


def _by_range(case: _Case, low: float, high: float) -> Word:
    """Reached or not only where both ends (and, for equalities, all between) agree."""
    both = {_holds(case.target, low), _holds(case.target, high)}
    if case.target["operator"] in {"=", "between"} and low < high and both == {False}:
        goal, goal_high = _number(case.target["value"]), _number(case.target["value_high"])
        top = goal if math.isnan(goal_high) else goal_high
        if low <= top and high >= goal:
            return Word.UNDECIDED
    if len(both) == 2 or (case.target["operator"] == "=" and low < high and both == {True}):
        return Word.UNDECIDED
    return Word.REACHED if both == {True} else Word.NOT_REACHED


def _strict_side(target: Row, low: float, high: float) -> int:
    """+1 if the whole interval is on the wanted side, −1 if wholly on the other, 0 otherwise.

    A limit equal to the target is not outside it.
    """
    if math.isnan(low) or math.isnan(high):
        return 0
    goal, goal_high = _number(target["value"]), _number(target["value_high"])
    above, below = low > goal, high < goal
    match target["operator"]:
        case ">=" | ">":
            return above - below
        case "<=" | "<":
            return below - above
        case "between":
            return (low > goal and high < goal_high) - (below or low > goal_high)
        case _:
            return -(above or below)


# --- development ----------------------------------------------------------------------------------------------------


def _is_comparable(earlier: Row, result: Row) -> bool:
    one, other = parse_period(earlier["when"]), parse_period(result["when"])
    return earlier["indicator"] == result["indicator"] and one.last < other.first


def _census_development(case: _Case, earlier: Sequence[Row]) -> Ruling:
    values = [_number(row["value"]) for row in (*earlier, case.result)]
    if any(math.isnan(value) for value in values):
        return Word.INSUFFICIENT, None
    steps = [later - before for before, later in pairwise(values)]
    reached = {
        "increase": steps[-1] > 0,
        "decrease": steps[-1] < 0,
        "growth_stops": steps[-1] <= 0,
        "growth_slows": len(steps) > 1 and steps[-1] < steps[-2],
    }[case.target["operator"]]
    return (Word.REACHED if reached else Word.NOT_REACHED), None


def _chance_development(case: _Case, earlier: Sequence[Row]) -> Ruling:
    """Compare populations by their counts, at 95 and then 80 %. Counts without exposure cannot be compared."""
    for confidence, up, down in (
        (0.95, Word.SURELY_REACHED, Word.SURELY_NOT_REACHED),
        (0.80, Word.LIKELY_REACHED, Word.LIKELY_NOT_REACHED),
    ):
        change = (
            change_direction(earlier[0], case.result, confidence)
            if len(earlier) == 1
            else growth_direction(earlier[0], earlier[1], case.result, confidence)
        )
        if change is None:
            return Word.INSUFFICIENT, None
        if change:
            wanted = change > 0 if case.target["operator"] == "increase" else change < 0
            return (up if wanted else down), confidence
    return Word.UNDECIDED, 0.95


def growth_direction(first: Row, second: Row, third: Row, confidence: float) -> int | None:
    """+1 if growth has certainly quickened over three periods, −1 if slowed, 0 if not told, None if not testable."""
    rows = (first, second, third)
    x, n = ([_number(row[name]) for row in rows] for name in ("numerator", "denominator"))
    if any(math.isnan(number) for number in (*x, *n)):
        return None
    kind: Literal["proportion", "rate"] = "rate" if third["statistic"] == "rate" else "proportion"
    estimate = methods.change_of_growth(x, n, kind=kind, confidence=confidence)
    return int(float(estimate.ci_low) > 0) - int(float(estimate.ci_high) < 0)


def change_direction(before: Row, after: Row, confidence: float) -> int | None:
    """+1 if `after` is certainly higher at this confidence, −1 if lower, 0 if not told apart, None if not testable."""
    return change_directions([before], [after], [confidence])[0][0]


def change_directions(
    before: Sequence[Row], after: Sequence[Row], confidences: Sequence[float]
) -> list[list[int | None]]:
    """`change_direction` of many pairs at once, at each confidence: one list per pair."""
    numbers = [
        [_number(row[name]) for row in rows] for rows in (after, before) for name in ("numerator", "denominator")
    ]
    counts = np.array(numbers, dtype=float).reshape(4, len(after))
    found: list[list[int | None]] = [[None] * len(confidences) for _ in after]
    is_rate = np.array([row["statistic"] == "rate" for row in after], dtype=bool)
    for chosen, method, same in (
        (is_rate, methods.ratio_of_rates, 1.0),
        (~is_rate, methods.difference_of_proportions, 0.0),
    ):
        places = np.flatnonzero(chosen & ~np.isnan(counts).any(axis=0))
        if places.size:
            estimate = method(*counts[:, places], confidence=list(confidences))
            for place, low, high in zip(places, estimate.ci_low, estimate.ci_high, strict=True):
                found[place] = [_side(*limits, same) for limits in zip(low, high, strict=True)]
    return found


def _side(low: float, high: float, same: float) -> int | None:
    return None if math.isnan(low) else int(low > same) - int(high < same)


# --- the object -----------------------------------------------------------------------------------------------------


def _blank(case: _Case) -> Verdict:
    result, target = case.result, case.target
    is_shown = result["status"] != "suppressed" and _same_unit(target, result)
    value = _optional(result["value"]) if is_shown else None
    return replace(
        _without_result(target),
        indicator=result["indicator"],
        observation=result["id"],
        area=result["area"],
        period=str(result["when"]),
        sex=result["sex"],
        age=result["age"],
        unit=target["unit"] or result["unit"],
        value=value,
        value_low=_optional(result["value_low"]) if is_shown else None,
        value_high=_optional(result["value_high"]) if is_shown else None,
        distance=_distance(target, value),
        distance_in_count=_distance_in_count(target, result),
        position=_is_position(target, result),
    )


def _without_result(target: Row) -> Verdict:
    testable = target["testable"] == "yes"
    return Verdict(
        target=target["id"],
        goal=target["goal"] if _given(target["goal"]) else None,
        indicator=target["indicator"] if _given(target["indicator"]) else None,
        observation=None,
        county_code=target["county_code"],
        focus_areas=target["focus_areas"],
        label=target["label"],
        operator=target["operator"],
        target_value=_optional(target["value"]),
        target_high=_optional(target["value_high"]),
        unit=target["unit"],
        word=Word.MISSING if testable else Word.NOT_TESTABLE,
        reasons=("no_result",) if testable else ("not_testable", "no_result"),
        area=target["area"],
        sex=target["sex"],
        age=target["age"],
        position=not _given(target["due"]),
    )


def _remarks(case: _Case) -> tuple[str, ...]:
    remarks = {
        "no_due_date": not _given(case.target["due"]),
        "approximate": case.result["status"] == "approximate",
        "range": not math.isnan(_number(case.result["value_low"])),
        "published_limits": not case.result["has_counts"] and not math.isnan(_number(case.result["ci_low"])),
        "in_the_period": case.is_all_or_none and case.result["nature"] in _BY_CHANCE,
    }
    return tuple(name for name, applies in remarks.items() if applies)


def _shown_interval(case: _Case, verdict: Verdict, confidence: float | None) -> dict[str, Any]:
    """The interval that was judged by; for a figure that was not judged by one, the 95 % interval it has."""
    if verdict.word in {Word.PROTECTED, Word.NOT_REACHED_PROTECTED} or not _same_unit(case.target, case.result):
        return {}
    if "non_response" in verdict.reasons:
        return {"ci_low": _optional(case.result["worst"]), "ci_high": _optional(case.result["best"])}
    if case.is_all_or_none:
        return {}
    name = "likely" if confidence == 0.80 else "ci"
    low, high = _optional(case.result[f"{name}_low"]), _optional(case.result[f"{name}_high"])
    return {"ci_low": low, "ci_high": high, "confidence": None if low is None else confidence or 0.95}


def _needed_n(case: _Case, verdict: Verdict) -> int | None:
    """The smallest n at which the same share would give *säkert*, for an answer that is open because of few cases."""
    is_open = verdict.by_interval and verdict.word not in {Word.SURELY_REACHED, Word.SURELY_NOT_REACHED}
    if not is_open or case.result["statistic"] != "proportion" or not case.result["has_counts"]:
        return None
    needed = float(methods.needed_n(_number(case.result["value"]) / 100, case.goal_value / 100))
    return None if math.isnan(needed) else int(needed)


def _distance(target: Row, value: float | None) -> float | None:
    goal = _optional(target["value"])
    if value is None or goal is None or target["measures"] == "other":
        return None
    high = _optional(target["value_high"])
    if high is not None and value > goal:
        return max(value - high, 0.0)
    return value - goal


def _distance_in_count(target: Row, result: Row) -> int | None:
    """How many more (or fewer) cases the target needs, where the counts are printed and the target is a share."""
    numbers = [_number(value) for value in (result["numerator"], result["denominator"], target["value"])]
    is_share = result["statistic"] == "proportion" and target["operator"] in {">=", "<=", ">", "<", "="}
    if not is_share or any(math.isnan(number) for number in numbers) or result["status"] == "suppressed":
        return None
    x, n, goal = numbers
    wanted = goal * n / 100
    from_above, from_below = math.ceil(wanted - 1e-9), math.floor(wanted + 1e-9)
    needed = {">": from_below + 1, "<": from_above - 1, "<=": from_below}.get(target["operator"], from_above)
    return int(needed - x)


def _same_unit(target: Row, result: Row) -> bool:
    """Whether a target is stated in the result's unit, or in none; what is not can never be set against it."""
    return not _given(target["unit"]) or target["unit"] == result["unit"]


def _is_position(target: Row, result: Row) -> bool:
    if not _given(target["due"]):
        return True
    return parse_period(str(result["when"])).last < parse_period(target["due"]).first


def _overridden(verdict: Verdict, row: Row) -> Verdict:
    why = f"{row['name']}, {row['date']}: {row['reason']}"
    return replace(verdict, word=_word(row), word_by_rule=verdict.word, override=why, by_interval=False)


def _word(row: Row) -> Word:
    try:
        return Word(row["verdict"])
    except ValueError as error:
        known = ", ".join(map(str, Word))
        raise ParameterError(
            f"overrides.csv: {row['id']}: '{row['verdict']}' is no verdict — one of {known}"
        ) from error


def _given(value: Any) -> bool:
    return value is not None and value is not pd.NA and value == value and value != ""


def _number(value: Any) -> float:
    return float(value) if _given(value) else math.nan


def _optional(value: Any) -> float | None:
    return float(value) if _given(value) else None
