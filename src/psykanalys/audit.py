"""The plan itself: what makes its goals impossible, or hard, to follow. Stable codes, one finding per row of the plan.

Every check looks at the rows of the adopted plan only. It says what is lacking, never that a goal is wrong. A check is
a kind of row and a question to each row of that kind, so how many were looked at is known as well as how many lack it.
docs/plan-audit.md is made from `CHECKS`.
"""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import pandas as pd

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.areas import NATION
from psykanalys.data.prepare import items
from psykanalys.indicators import has_figure
from psykanalys.verdicts import Verdict, Word, judge

Row = Mapping[str, Any]


class Severity(StrEnum):
    """How much a finding stands in the way. Swedish, since the words are what the reader meets."""

    PREVENTS = "hindrar uppföljning"
    HAMPERS = "försvårar uppföljning"
    NOTED = "att känna till"


@dataclass(frozen=True)
class Finding:
    """One thing lacking: which check, on which row of the plan, where it stands, and what would mend it.

    `detail` is what the plan's own row adds to the text; `needed_n` is the number of cases at which today's share
    would give a certain answer (P14 only, and only where some number would). `rows` are the ids of the raw rows it is
    about: the row itself, or the goals of a group.
    """

    code: str
    severity: Severity
    kind: str
    row: str
    label: str
    focus_areas: str
    places: str
    text: str
    detail: str
    mend: str
    needed_n: int | None = None
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One kind of finding.

    `kind` is the kind of row it is about and `among` the rows of `Plan` that it looks at; `lacks` answers whether a
    row lacks it; `detail` gives a sentence more on such a row. `definition` is what docs/plan-audit.md says.
    """

    code: str
    kind: str
    among: str
    severity: Severity
    text: str
    mend: str
    definition: str
    lacks: Callable[[Plan, Row], bool]
    detail: Callable[[Plan, Row], str] = lambda plan, row: ""  # noqa: ARG005


@dataclass(frozen=True)
class Outcome:
    """What one check found on one plan: the findings, and how many rows it looked at."""

    check: Check
    findings: tuple[Finding, ...]
    looked_at: int


@dataclass(frozen=True)
class Audit:
    """The outcome of every check on one plan, in the order of the codes, and how measurable its goals are.

    `parts` are the ids of the goals that have each part of mätbarhetsgrad, by part and focus area (0: the whole plan).
    """

    outcomes: tuple[Outcome, ...]
    parts: Mapping[tuple[str, int], frozenset[str]]

    @property
    def measurability(self) -> tuple[Measurability, ...]:
        """The parts of mätbarhetsgrad: first the whole plan, where a goal counts once, then each focus area."""
        return tuple(
            Measurability(number, **{name: len(self.parts[name, number]) for name in PARTS})
            for number in (0, *FOCUS_AREAS)
        )

    @property
    def findings(self) -> list[Finding]:
        """The findings of all checks, in the order of the codes and of the plan."""
        return [finding for outcome in self.outcomes for finding in outcome.findings]

    @property
    def table(self) -> pd.DataFrame:
        """The findings as a table, one row each, with the columns of `Finding` but `rows`."""
        return to_table(self.findings)


def audit(analysis: Analysis) -> Audit:
    """Return the outcome of every check on the county's plan. Made once for an analysis."""
    made: dict[str, Audit] = analysis.made
    if "audit" not in made:
        plan = Plan(analysis)
        made["audit"] = Audit(tuple(_outcome(check, plan) for check in CHECKS), _parts(plan))
    return made["audit"]


def to_table(found: Iterable[Finding]) -> pd.DataFrame:
    """Return findings as a table, one row each, with the columns of `Finding` but `rows`."""
    columns = [name for name in Finding.__dataclass_fields__ if name != "rows"]
    table = pd.DataFrame([asdict(finding) for finding in found], columns=columns)
    return table.astype({name: "string" for name in columns if name != "needed_n"} | {"needed_n": "Int64"})


@dataclass(frozen=True)
class Measurability:
    """The parts of *mätbarhetsgrad* for one focus area, or for the plan (`focus_area` 0): goals by what they have.

    A goal is measurable if it can be tested (states a share, scope or figure, or something that is there or not) and
    has a starting value, which a goal of yes or no (`yes_no`) does not need. Beside them stand goals with a follow-up
    indicator and with a due date. `share` is measurable ÷ goals in per cent, None where there is no goal.
    """

    focus_area: int
    goals: int
    testable: int
    yes_no: int
    with_baseline: int
    measurable: int
    with_indicator: int
    with_due_date: int

    @property
    def share(self) -> float | None:
        """Measurable goals in per cent of all goals."""
        return 100 * self.measurable / self.goals if self.goals else None


def _parts(plan: Plan) -> dict[tuple[str, int], frozenset[str]]:
    """Ids of the goals that have each part, in the whole plan (0) and in each focus area."""
    areas = {number: {goal["id"] for goal in plan.goals if _is_in(goal, number)} for number in (0, *FOCUS_AREAS)}
    return {(name, n): having & goals for name, having in plan.parts.items() for n, goals in areas.items()}


def _is_in(goal: Row, focus_area: int) -> bool:
    return not focus_area or str(focus_area) in items(goal["focus_areas"])


class Plan:
    """The rows of the adopted plan by kind, and what the checks look up about them, each looked up once."""

    def __init__(self, analysis: Analysis):
        self.analysis = analysis

    @cached_property
    def goals(self) -> list[Row]:
        """The plan's goals."""
        return _records(self.analysis.current_goals)

    @cached_property
    def joint_goals(self) -> list[Row]:
        """Goals joint with municipalities, in a plan that lists its units (else it is not known whose a unit is)."""
        listed = {row["listed"] for row in self._of_plan("units")}
        return [goal for goal in self.goals if goal["joint"] == "yes"] if listed & {"yes", "no"} else []

    @cached_property
    def groups(self) -> list[Row]:
        """The table rows or development areas that have goals: one row each, with the areas and places of its goals."""
        return [
            {
                "id": group,
                "label": goals[0]["group_label"],
                "focus_areas": _joined(goals, "focus_areas"),
                "places": _joined(goals, "places"),
            }
            for group, goals in self.goals_of_group.items()
        ]

    @cached_property
    def activities(self) -> list[Row]:
        """The plan's activities."""
        return _records(self.analysis.planned_activities)

    @cached_property
    def targets(self) -> list[Row]:
        """The targets of the plan's goals; those in running text belong to no goal."""
        goals = {goal["id"] for goal in self.goals}
        return [row for row in self._of_plan("targets") if row["goal"] in goals]

    @cached_property
    def testable_targets(self) -> list[Row]:
        """The targets that state a share, scope or figure."""
        return [target for target in self.targets if target["testable"] == "yes"]

    @cached_property
    def targets_in_figures(self) -> list[Row]:
        """The targets that state a share, scope or figure and not only yes or no."""
        return [target for target in self.targets if _is_in_figures(target)]

    @cached_property
    def untestable_goals(self) -> list[Row]:
        """The goals that do not themselves say what is to be measured."""
        return [goal for goal in self.goals if goal["id"] not in self.parts["testable"]]

    @cached_property
    def testable_goals(self) -> list[Row]:
        """The goals that can be tested."""
        return [goal for goal in self.goals if goal["id"] in self.parts["testable"]]

    @cached_property
    def targets_with_start(self) -> list[Row]:
        """The targets in figures with a starting value."""
        return [target for target in self.targets_in_figures if target["id"] in self.with_baseline]

    @cached_property
    def time_limits(self) -> list[Row]:
        """The targets with a time limit."""
        return [target for target in self.targets if target["limit_days"] is not None]

    @cached_property
    def targets_by_chance(self) -> list[Row]:
        """The targets whose value today is judged by an interval: shares and rates of samples, never a census."""
        return [target for target in self.testable_targets if target["id"] in self._today]

    @cached_property
    def indicators(self) -> list[Row]:
        """The places for a follow-up indicator, filled in or empty."""
        return self._of_plan("plan_indicators")

    @cached_property
    def filled_indicators(self) -> list[Row]:
        """The follow-up indicators."""
        return [row for row in self.indicators if row["kind"] != "none"]

    @cached_property
    def measures(self) -> list[Row]:
        """The follow-up indicators with a value: counts, shares and statistics, not yes or no."""
        return [row for row in self.filled_indicators if row["kind"] != "yes_no"]

    @cached_property
    def units(self) -> list[Row]:
        """The units that are responsible for some activity, in a plan that has a list of units."""
        used = {unit for activity in self.activities for unit in items(activity["responsible"])}
        rows = [row for row in self._of_plan("units") if row["id"] in used and row["listed"] != "not_applicable"]
        return [{**row, "label": row["name"], "focus_areas": ""} for row in rows]

    @cached_property
    def needs(self) -> list[Row]:
        """The needs that the plan states."""
        return self._of_plan("needs")

    @cached_property
    def focus_areas(self) -> list[Row]:
        """The five focus areas."""
        return [
            {"id": f"focus-area-{number}", "label": f"{number} {name}", "focus_areas": str(number), "places": ""}
            for number, name in FOCUS_AREAS.items()
        ]

    @cached_property
    def grants(self) -> list[Row]:
        """The grants that the county received; those of the whole nation and posts without an amount are left out."""
        return [row for row in self._own_funding if row["kind"] == "grant"]

    @cached_property
    def goals_of_group(self) -> dict[str, list[Row]]:
        """The goals of each group."""
        return _grouped(self.goals, "group")

    @cached_property
    def activities_of_group(self) -> dict[str, list[Row]]:
        """The activities of each group."""
        return _grouped(self.activities, "group")

    @cached_property
    def targets_of_goal(self) -> dict[str, list[Row]]:
        """The targets of each goal, also those that a later document reads out of it."""
        return _grouped(_records(self.analysis.targets), "goal")

    @cached_property
    def with_baseline(self) -> frozenset[str]:
        """Ids of the targets that have a figure of the right measure from before the plan, or in the plan itself."""
        found = (v for v in self.analysis.plan_verdicts if v.observation in self._figures and "baseline" in v.reasons)
        return frozenset(verdict.target for verdict in found if verdict.word != Word.MEASURES_OTHER)

    @cached_property
    def reported(self) -> frozenset[str]:
        """The measures of which a figure for the county, or a part of it, is reported."""
        own = (row for row in self._figures.values() if row["area"] != NATION and not row["comparator"])
        return frozenset(row["indicator"] for row in own)

    @cached_property
    def aimed_at(self) -> frozenset[str]:
        """The measures that some target of the plan names."""
        targets = self._of_plan("targets")
        return frozenset(target["indicator"] for target in targets if target["indicator"])

    @cached_property
    def first_with_label(self) -> dict[str, Row]:
        """The first goal of each wording; a parenthesis at the end only tells apart and is no part of it."""
        return {same_wording(goal): goal for goal in reversed(self.goals)}

    @cached_property
    def granted_goals(self) -> Counter[str]:
        """How many rows of each grant are tied to a goal."""
        return Counter(row["grant"] for row in self._own_funding if row["goals"])

    @cached_property
    def parts(self) -> dict[str, frozenset[str]]:
        """Ids of the goals that have each part of mätbarhetsgrad, and of those that have all of them."""
        goals = frozenset(goal["id"] for goal in self.goals)
        testable = self.analysis.goals_that["testable"]
        started = frozenset(target["goal"] for target in self.targets_with_start)
        in_figures = (goal for goal in testable if any(map(_is_in_figures, self.targets_of_goal[goal])))
        yes_no = testable - frozenset(in_figures)
        return {
            "goals": goals,
            "testable": testable,
            "yes_no": yes_no,
            "with_baseline": started,
            "measurable": started | yes_no,
            "with_indicator": goals & self.analysis.goals_with_indicator,
            "with_due_date": frozenset(target["goal"] for target in self.targets if target["due"]),
        }

    def goals_of_indicator(self, row: Row) -> list[str]:
        """The goals beside which an indicator stands: those named, else all of its group."""
        return items(row["goals"]) or [goal["id"] for goal in self.goals_of_group.get(row["group"], [])]

    def served(self, goal: Row) -> bool:
        """Whether some activity serves a goal: one that names it, its long-term goal or a short-term goal of it, or
        one of its group that names no goal."""
        family = {goal["id"], goal["parent"], *(child["id"] for child in self._children.get(goal["id"], []))}
        named = {activity["goal"] for activity in self.activities if activity["goal"]}
        in_group = self.activities_of_group.get(goal["group"], [])
        return bool(named & family) or any(not activity["goal"] for activity in in_group)

    def is_reported_on(self, goal: Row) -> bool:
        """Whether some document tells the state of a goal, of a short-term goal of it or of an activity of its group,
        or a result of such a goal, be it of another measure."""
        goals = [goal, *self._children.get(goal["id"], [])]
        rows = [*goals, *self.activities_of_group.get(goal["group"], [])]
        has_result = self.analysis.goals_that["with_result"] | self.analysis.goals_that["measured_by_other"]
        return any(row["state"] != "unknown" for row in rows) or any(row["id"] in has_result for row in goals)

    def only_yes_or_no(self, indicator: Row) -> bool:
        """Whether the goals beside which an indicator stands are themselves answered by yes or no."""
        goals = set(self.goals_of_indicator(indicator))
        return bool(goals) and goals <= self.parts["yes_no"]

    def indicator_of_group(self, goal: Row) -> bool:
        """Whether an indicator that stands beside no particular goal measures some goal of the group."""
        listed = (row for row in self.filled_indicators if row["group"] == goal["group"])
        return any(row["measures"] == "goal" and not row["goals"] for row in listed)

    def unnamed(self, activity: Row) -> bool:
        """Whether nobody more definite than 'those concerned' is responsible for an activity."""
        names = [self._unit_names[unit] for unit in items(activity["responsible"])]
        return bool(names) and all(_CONCERNED.search(name) for name in names)

    def reached_at_start(self, target: Row) -> bool:
        """Whether the starting value already is what a target wants."""
        figures = (v for v in self.analysis.plan_verdicts if v.target == target["id"] and "baseline" in v.reasons)
        return any(_satisfies(target, self._figures[v.observation]) for v in figures if v.observation in self._figures)

    def municipal(self, goal: Row) -> bool:
        """Whether a unit that serves a goal's group has a name that says it is a municipality's."""
        units = {unit for row in self.activities_of_group.get(goal["group"], []) for unit in items(row["responsible"])}
        return any(_MUNICIPAL.search(row["name"]) for row in self._of_plan("units") if row["id"] in units)

    def open_today(self, target: Row) -> Verdict | None:
        """The verdict on today's value, as the verdict's own test gives it, where it is not certain."""
        verdict = self._today[target["id"]]
        return None if verdict.word in (Word.SURELY_REACHED, Word.SURELY_NOT_REACHED) else verdict

    @cached_property
    def _today(self) -> dict[str, Verdict]:
        """The verdict on each target's latest figure, be it a starting value or not, where it is judged by interval."""
        latest = {v.target: v.observation for v in self.analysis.plan_verdicts if v.observation in self._figures}
        judged = (
            judge(target, self._figures[latest[target["id"]]])
            for target in self.testable_targets
            if target["id"] in latest
        )
        return {verdict.target: verdict for verdict in judged if verdict.by_interval}

    @cached_property
    def _figures(self) -> dict[str, Row]:
        """The results that report a figure, by id."""
        results = self.analysis.results
        return {row["id"]: row for row in _plain(results[has_figure(results)])}

    @cached_property
    def _unit_names(self) -> dict[str, str]:
        return {row["id"]: row["name"] for row in _plain(self.analysis.units)}

    @cached_property
    def _children(self) -> dict[str, list[Row]]:
        return _grouped(self.goals, "parent")

    @cached_property
    def _own_funding(self) -> list[Row]:
        return [row for row in self._of_plan("funding") if row["county_code"] != NATION]

    def _of_plan(self, kind: str) -> list[Row]:
        rows = _records(getattr(self.analysis, kind))
        return [row for row in rows if row["source"] in self.analysis.plan_sources]


def same_wording(goal: Row) -> str:
    """A goal's label as compared with others': without a parenthesis at its end, capitals and spaces apart."""
    return " ".join(re.sub(r"\s*\([^)]*\)\s*$", "", goal["label"]).casefold().split())


def _outcome(check: Check, plan: Plan) -> Outcome:
    rows = getattr(plan, check.among)
    return Outcome(check, tuple(_finding(check, plan, row) for row in rows if check.lacks(plan, row)), len(rows))


def _finding(check: Check, plan: Plan, row: Row) -> Finding:
    open_today = plan.open_today(row) if check.code == UNDECIDABLE else None
    return Finding(
        code=check.code,
        severity=check.severity,
        kind=check.kind,
        row=row["id"],
        label=row["label"],
        focus_areas=row["focus_areas"],
        places=row["places"],
        text=check.text,
        detail=check.detail(plan, row),
        mend=check.mend,
        needed_n=open_today.needed_n if open_today else None,
        rows=_raw_rows(check, plan, row),
    )


def _raw_rows(check: Check, plan: Plan, row: Row) -> tuple[str, ...]:
    """The raw rows that a row of the audit stands for; a focus area stands for none."""
    if check.kind == "groups":
        return tuple(goal["id"] for goal in plan.goals_of_group[row["id"]])
    return () if check.kind == "focus_areas" else (row["id"],)


def _records(table: pd.DataFrame) -> list[Row]:
    """The rows in the order of the document."""
    return sorted(_plain(table), key=lambda row: (row["source"], _line(row["places"])))


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dictionaries in which what is missing is None."""
    names = table.columns.tolist()
    return [dict(zip(names, row, strict=True)) for row in table.to_numpy(dtype=object, na_value=None)]


def _line(places: str) -> int:
    return int(items(places)[0].rpartition(":")[2])


def _grouped(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row[column]:
            groups.setdefault(row[column], []).append(row)
    return groups


def _joined(rows: Iterable[Row], column: str) -> str:
    """The items of the rows' lists, each once."""
    return " | ".join(dict.fromkeys(item for row in rows for item in items(row[column])))


# --- the questions ---------------------------------------------------------------------------------------------------


def _has_levels(*levels: str) -> Callable[[Plan, Row], bool]:
    """Whether all goals of a group are of these levels."""
    return lambda plan, group: {goal["level"] for goal in plan.goals_of_group[group["id"]]} <= set(levels)


def _is(column: str, value: str | None) -> Callable[[Plan, Row], bool]:
    return lambda plan, row: (row[column] or "") == (value or "")  # noqa: ARG005


def _has_no_target(plan: Plan, row: Row) -> bool:
    """Whether no target names the indicator's measure, and no target of its goals can be meant instead."""
    if row["indicator"] in plan.aimed_at:
        return False
    may_be_meant = row["measures"] == "goal" or not row["indicator"]
    return not (may_be_meant and any(plan.targets_of_goal.get(goal) for goal in plan.goals_of_indicator(row)))


def _is_in_figures(target: Row) -> bool:
    return target["testable"] == "yes" and target["operator"] != "yes"


def _satisfies(target: Row, result: Row) -> bool:
    """Whether a figure is on the wanted side of a target's value; a range is where its whole is."""
    if target["unit"] != result["unit"] or target["value"] is None or target["operator"] not in _WANTED:
        return False
    figures = [result[name] for name in ("value", "value_low", "value_high") if result[name] is not None]
    return bool(figures) and all(_WANTED[target["operator"]](figure, target["value"]) for figure in figures)


def _is_repeated(plan: Plan, goal: Row) -> bool:
    first = plan.first_with_label[same_wording(goal)]
    return first["id"] != goal["id"] and first["focus_areas"] != goal["focus_areas"]


def _goals_in_group(plan: Plan, row: Row) -> int:
    return len(plan.goals_of_group.get(row["group"], []))


def _is_untied(plan: Plan, row: Row) -> bool:
    """Whether a row names none of the several goals of its group."""
    return not (row.get("goals") or row.get("goal")) and _goals_in_group(plan, row) > 1


def _has_no_indicator(plan: Plan, goal: Row) -> bool:
    return goal["id"] not in plan.parts["with_indicator"]


# --- what a finding adds ---------------------------------------------------------------------------------------------


def _of_targets(column: str) -> Callable[[Plan, Row], str]:
    """What the goal's targets say in a column, each once."""

    def told(plan: Plan, goal: Row) -> str:
        return " ".join(dict.fromkeys(_sentence(row[column]) for row in plan.targets_of_goal.get(goal["id"], [])
                                      if row[column]))  # fmt: skip

    return told


def _own(column: str) -> Callable[[Plan, Row], str]:
    return lambda plan, row: _sentence(row[column])  # noqa: ARG005


def _in_group(plan: Plan, goal: Row) -> str:
    known = plan.indicator_of_group(goal)
    return "Området har en indikator, men det framgår inte vilket av målen den gäller." if known else ""


def _cases(plan: Plan, target: Row) -> str:
    verdict = plan.open_today(target)
    if verdict is not None and verdict.needed_n is not None:
        return f"Med samma andel krävs {verdict.needed_n} fall."
    if verdict is not None and verdict.distance == 0:
        return "Värdet är detsamma som målet, så inget antal fall räcker."
    return "Hur många fall som krävs går inte att räkna ut ur dokumentet."


def _first_place(plan: Plan, goal: Row) -> str:
    areas = items(plan.first_with_label[same_wording(goal)]["focus_areas"])
    return f"Det står också i fokusområde {' och '.join(areas)}."


def _sentence(text: str | None) -> str:
    return f"{text.rstrip('.')}." if text else ""


def _checks(*rows: tuple[Any, ...]) -> Iterator[Check]:
    for code, (kind, among), *rest in rows:
        yield Check(code, kind, among, *rest)


UNDECIDABLE = "P14"
PARTS = ("goals", "testable", "yes_no", "with_baseline", "measurable", "with_indicator", "with_due_date")
_MUNICIPAL = re.compile("kommun|socialtjänst|socialförvaltning|skol|elevhälsa", re.IGNORECASE)
_CONCERNED = re.compile(r"^berörda?\b", re.IGNORECASE)
_WANTED = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
_PREVENTS, _HAMPERS, _NOTED = Severity.PREVENTS, Severity.HAMPERS, Severity.NOTED
_GOALS, _GROUPS, _ACTIVITIES = ("goals", "goals"), ("groups", "groups"), ("activities", "activities")
_TARGETS, _INDICATORS = ("targets", "targets"), ("plan_indicators", "filled_indicators")

CHECKS: tuple[Check, ...] = tuple(_checks(
    ("P01", ("goals", "untestable_goals"), _PREVENTS, "Målet har ingen uppföljningsindikator som mäter målet.",
     "Ange en indikator som mäter det målet handlar om.",
     "No follow-up indicator measures the goal. An indicator that only shows that an activity was done, or that "
     "measures something else, does not count, nor does one that stands beside no particular goal of several. Looked "
     "at: goals that cannot be tested; P31 looks at the others, which say themselves what is to be measured.",
     _has_no_indicator, _in_group),
    ("P02", _GOALS, _PREVENTS, "Målet säger något om vad som ska nås, men det går inte att pröva.",
     "Ange hur stor andel, hur många eller vilken omfattning som ska nås, och hur det mäts.",
     "The goal says what is to be reached, or in what direction, but without a share, a scope or a measure it cannot "
     "be tested: all its targets are marked so, each with why.",
     lambda plan, goal: goal["id"] in plan.targets_of_goal and goal["id"] not in plan.analysis.goals_that["testable"],
     _of_targets("why_not_testable")),
    ("P03", ("targets", "time_limits"), _PREVENTS,
     "Målet anger en tidsgräns men inte hur stor andel som ska klara den.",
     "Ange andelen, till exempel minst 90 % inom gränsen.",
     "A target with a limit in days but no share that must be within it. Looked at: targets with a time limit.",
     lambda plan, target: target["share"] is None and target["value"] is None),  # noqa: ARG005
    ("P04", _TARGETS, _HAMPERS, "Inget årtal eller datum anges för när målet ska vara nått.",
     "Skriv ut ett år eller datum, också för mål på lång sikt.",
     "A target without a due date. 'Long term' or 'five years' is no date, since it is not said from when.",
     _is("due", None)),
    ("P05", ("targets", "targets_in_figures"), _HAMPERS,
     "Dokumenten vi läst redovisar inget utgångsläge för länet med samma mått.",
     "Redovisa läget när planen antas, med samma mått som målet.",
     "No figure of the same measure is reported from before the plan or in the plan itself. Looked at: targets that "
     "can be tested against a share, scope or figure; one of yes or no needs no starting value.",
     lambda plan, target: target["id"] not in plan.with_baseline),
    ("P06", _INDICATORS, _HAMPERS, "Indikatorn kan bara besvaras med ja eller nej.",
     "Komplettera med hur många eller hur stor del.",
     "A follow-up indicator of the kind yes or no, unless the goals beside it are themselves a yes or no.",
     lambda plan, row: row["kind"] == "yes_no" and not plan.only_yes_or_no(row)),
    ("P07", ("plan_indicators", "indicators"), _PREVENTS, "Platsen för en indikator är tom.",
     "Ange en indikator, eller stryk rubriken.",
     "The heading for an indicator is there but nothing under it. Looked at: places for an indicator.",
     _is("kind", "none")),
    ("P08", _INDICATORS, _HAMPERS, "Indikatorn visar att en aktivitet är gjord, inte om målet är nått.",
     "Komplettera med ett mått på det som ska uppnås.",
     "An indicator that measures that an activity was done.", _is("measures", "activity")),
    ("P09", _INDICATORS, _HAMPERS,
     "Indikatorn mäter något annat än målet, eller bara en del av det (vår läsning).",
     "Byt indikator, eller skriv om målet så att de handlar om samma sak.",
     "An indicator that measures something else than the goal, or only a part of it.", _is("measures", "other"),
     _own("why_other")),
    ("P10", ("plan_indicators", "measures"), _HAMPERS,
     "Dokumenten vi läst redovisar inget värde för länet på indikatorn.",
     "Redovisa utgångsvärdet i planen.",
     "No document reports a figure of the indicator for the county or a part of it. Looked at: indicators with a "
     "value (counts, shares and statistics).",
     lambda plan, row: row["indicator"] not in plan.reported),
    ("P11", _ACTIVITIES, _HAMPERS, "Ingen ansvarig anges för aktiviteten.", "Ange vem som ansvarar.",
     "An activity without a responsible unit.", _is("responsible", "")),
    ("P12", ("units", "units"), _NOTED, "Enheten ansvarar för aktiviteter men står inte i planens lista över enheter.",
     "Lägg till enheten i listan.",
     "A responsible unit that is missing in the plan's own list of units. Looked at: responsible units, where the plan "
     "has a list.", _is("listed", "no")),
    ("P13", _GOALS, _HAMPERS, "Ingen aktivitet är knuten till målet (vår läsning).",
     "Ange vad som ska göras för att nå målet.",
     "No activity names the goal, its long-term goal or a short-term goal of it, and every activity of its group names "
     "another goal.",
     lambda plan, goal: not plan.served(goal)),
    (UNDECIDABLE, ("targets", "targets_by_chance"), _HAMPERS,
     "Målet går inte att skilja från dagens värde med så få fall.",
     "Räkna fler fall, till exempel flera år tillsammans, eller sätt ett mål längre från dagens värde.",
     "The verdict's own exact 95 % interval of the latest value contains the target. The smallest number of cases at "
     "which the same share would give *säkert* is named. Looked at: targets that are judged by an interval; never a "
     "census, where everything is counted.",
     lambda plan, target: plan.open_today(target) is not None, _cases),
    ("P15", _GOALS, _HAMPERS,
     "Den uppgift som ligger närmast målet mäter något annat, eller bara en del av det (vår läsning).",
     "Redovisa ett resultat av samma mått som målet.",
     "What the documents report nearest to one of the goal's targets measures something else, or only a part of it.",
     lambda plan, goal: goal["id"] in plan.analysis.goals_that["measured_by_other"], _of_targets("why_other")),
    ("P16", _GOALS, _NOTED, "Samma mål står i två fokusområden.",
     "Låt målet stå en gång och hänvisa till det.",
     "A goal with the wording of an earlier one (a parenthesis at its end apart) in other focus areas. A goal that "
     "stands once and is given several focus areas is no finding.",
     _is_repeated, _first_place),
    ("P17", ("needs", "needs"), _NOTED, "Inget mål svarar mot behovet (vår läsning).",
     "Visa vilket mål som svarar mot behovet, eller skriv varför det lämnas.",
     "A need in the plan that, as we read it, no goal answers; an activity alone is no answer.", _is("goals", ""),
     _own("why_unanswered")),
    ("P18", ("focus_areas", "focus_areas"), _NOTED, "Planen har inga mål i fokusområdet.",
     "Sätt mål, eller skriv varför området lämnas.", "A focus area in which the plan has no goal.",
     lambda plan, area: not any(area["focus_areas"] in items(goal["focus_areas"]) for goal in plan.goals)),
    ("P19", ("funding", "grants"), _NOTED, "Dokumentet anger inte vilket mål bidraget gäller.",
     "Ange vilka mål pengarna ska bidra till.",
     "Neither the grant nor any of its parts or purposes is tied to a goal. Looked at: grants to the county.",
     lambda plan, grant: not plan.granted_goals[grant["grant"]]),
    ("P20", ("plan_indicators", "measures"), _HAMPERS, "Indikatorn har varken målvärde eller riktning.",
     "Skriv vilket värde som ska nås, eller åt vilket håll värdet ska gå.",
     "No target of the plan names the indicator's measure. An indicator that measures the goal, or whose measure is "
     "not in the catalogue, has one where a goal beside it has any target. Looked at: indicators with a value.",
     _has_no_target),
    ("P21", _GROUPS, _NOTED, "Här finns bara långsiktiga mål.",
     "Sätt ett mål på ett års sikt, så att det går att se om arbetet är på väg.",
     "All goals of a table row or development area are long-term. Looked at: rows or areas with goals.",
     _has_levels("long")),
    ("P22", _GROUPS, _NOTED, "Här finns bara kortsiktiga mål.", "Skriv vad de ska leda till på fem års sikt.",
     "All goals of a table row or development area are short-term. Looked at: rows or areas with goals.",
     _has_levels("short")),
    ("P23", _GOALS, _NOTED, "Det framgår inte om målet gäller på lång eller kort sikt.",
     "Märk målet som lång- eller kortsiktigt.",
     "A goal that the plan does not mark as long-term or short-term.", _is("level", "unmarked")),
    ("P24", ("goals", "joint_goals"), _NOTED, "Målet förutsätter samverkan, men ingen kommun står som ansvarig här.",
     "Kom överens om vem hos kommunerna eller andra aktörer som ansvarar.",
     "A goal marked as joint with municipalities or others where no responsible unit's name says that it is a "
     "municipality's (kommun, socialtjänst, skola …). Looked at: joint goals, in plans that list their units.",
     lambda plan, goal: not plan.municipal(goal)),
    ("P25", _ACTIVITIES, _HAMPERS, "Aktiviteten hör inte till något mål.",
     "Ange vilket mål aktiviteten ska bidra till.",
     "An activity in a table row or development area that has no goals, and that names none.",
     lambda plan, row: not row["goal"] and not _goals_in_group(plan, row)),
    ("P26", _ACTIVITIES, _NOTED, "Aktiviteten står inte vid något enskilt mål.",
     "Ange målet vid aktiviteten.",
     "An activity that names no goal, in a table row or development area with several goals.", _is_untied),
    ("P27", _INDICATORS, _NOTED, "Indikatorn står inte vid något enskilt mål.",
     "Ange målet vid indikatorn.",
     "An indicator that stands beside no particular goal, in a table row or development area with several goals.",
     _is_untied),
    ("P28", _ACTIVITIES, _NOTED, "Det står inte när aktiviteten ska göras.", "Ange ett år.",
     "An activity without a year, in its own row or in the table's heading.", _is("year", None)),
    ("P29", _GOALS, _NOTED, "Vi har inte funnit någon uppgift om läget för målet.",
     "Redovisa läget för målet eller dess aktiviteter vid nästa uppföljning.",
     "No state is reported for the goal, for a short-term goal of it or for any activity of its group, and no result.",
     lambda plan, goal: not plan.is_reported_on(goal)),
    ("P30", _GOALS, _PREVENTS, "Målet anger ingen andel, omfattning eller siffra.",
     "Ange vad som ska nås. Är det något som ska finnas eller vara klart: skriv vad, var och när.",
     "The goal has no target: nothing in its wording can be set against a figure, or answered by yes or no. A named "
     "thing that is to exist or be done (a routine, a text, a network) has a target of its own and is not here.",
     lambda plan, goal: goal["id"] not in plan.targets_of_goal),
    ("P31", ("goals", "testable_goals"), _HAMPERS,
     "Målet anger själv vad som ska mätas, men ingen uppföljningsindikator är utpekad.",
     "Peka ut indikatorn, så att det är klart vem som ska redovisa vad.",
     "No follow-up indicator measures the goal (as in P01). Looked at: goals that can be tested.",
     _has_no_indicator, _in_group),
    ("P32", ("targets", "targets_with_start"), _NOTED, "Utgångsläget uppfyllde redan målet.",
     "Kontrollera målnivån, eller skriv att läget ska behållas.",
     "The starting value, as printed, already is on the wanted side of the target's value. Looked at: targets in "
     "figures with a starting value.",
     lambda plan, target: plan.reached_at_start(target)),
    ("P33", _ACTIVITIES, _NOTED, "Som ansvariga anges bara ”berörda”, utan namn.", "Ange vilka de berörda är.",
     "Every responsible unit of the activity is named only as those concerned.",
     lambda plan, activity: plan.unnamed(activity)),
))  # fmt: skip
BY_CODE: Mapping[str, Check] = {check.code: check for check in CHECKS}
