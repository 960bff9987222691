"""The plan itself: what makes its goals impossible, or hard, to follow. Stable codes, one finding per row of the plan.

Every check looks at the rows of the adopted plan only. It says what is lacking, never that a goal is wrong.
docs/plan-audit.md defines each code with an example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

import pandas as pd

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.data.prepare import items
from psykanalys.indicators import has_figure
from psykanalys.verdicts import Verdict, Word


class Severity(StrEnum):
    """How much a finding stands in the way. Swedish, since the words are what the reader meets."""

    PREVENTS = "hindrar uppföljning"
    HAMPERS = "försvårar uppföljning"
    NOTED = "att känna till"


@dataclass(frozen=True)
class Finding:
    """One thing lacking: which check, on which row of the plan, where it stands, and what would mend it.

    `needed_n` is the number of cases at which today's share would give a certain answer (P14 only).
    """

    code: str
    severity: Severity
    kind: str
    row: str
    label: str
    focus_areas: str
    places: str
    text: str
    mend: str
    needed_n: int | None = None


@dataclass(frozen=True)
class Check:
    """One kind of finding: its code, what it means, how much it matters, what would mend it, and how it is found.

    `kind` is the kind of row it looks at; `find` gives those rows, with `detail` where the text needs one.
    """

    code: str
    kind: str
    severity: Severity
    text: str
    mend: str
    find: Callable[[Analysis], pd.DataFrame]


def audit(analysis: Analysis) -> list[Finding]:
    """Return the findings of every check on the county's plan, in the order of the codes and of the plan."""
    return [finding for check in CHECKS for finding in _findings(check, analysis)]


def to_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """Return findings as a table, one row each, with the columns of `Finding`."""
    columns = list(Finding.__dataclass_fields__)
    table = pd.DataFrame([asdict(finding) for finding in findings], columns=columns)
    return table.astype({name: "string" for name in columns if name != "needed_n"} | {"needed_n": "Int64"})


@dataclass(frozen=True)
class Measurability:
    """The parts of *mätbarhetsgrad* for one focus area, or for the plan (`focus_area` 0): goals by what they have.

    A goal is measurable if it can be tested (states a share, scope or figure) and has a follow-up indicator that
    measures it and a starting value. `share` is measurable ÷ goals in per cent, empty where there is no goal.
    """

    focus_area: int
    goals: int
    testable: int
    with_indicator: int
    with_baseline: int
    with_due_date: int
    measurable: int

    @property
    def share(self) -> float | None:
        """Measurable goals in per cent of all goals."""
        return 100 * self.measurable / self.goals if self.goals else None


def measurability(analysis: Analysis) -> list[Measurability]:
    """Return the parts of mätbarhetsgrad: first the whole plan, where a goal counts once, then each focus area."""
    parts = _goal_parts(analysis)
    areas = {0: analysis.current_goals} | {n: analysis.in_focus_area("current_goals", n) for n in FOCUS_AREAS}
    return [_measurability(number, set(goals["id"]), parts) for number, goals in areas.items()]


def _measurability(number: int, goals: set[str], parts: Mapping[str, frozenset[str]]) -> Measurability:
    counts = {name: len(goals & having) for name, having in parts.items()}
    return Measurability(number, len(goals), **counts)


def _goal_parts(analysis: Analysis) -> dict[str, frozenset[str]]:
    """Ids of the plan's goals that have each part, and of those that have all that makes them measurable."""
    testable, indicated = analysis.goals_that["testable"], analysis.goals_with_indicator
    started, dated = analysis.goals_that["with_result"], _goals_of(_targets(analysis), "due")
    return {
        "testable": testable,
        "with_indicator": indicated,
        "with_baseline": started,
        "with_due_date": dated,
        "measurable": testable & indicated & started,
    }


def _goals_of(targets: pd.DataFrame, column: str) -> frozenset[str]:
    return frozenset(targets.loc[targets[column].fillna("") != "", "goal"]) - {""}


def _findings(check: Check, analysis: Analysis) -> list[Finding]:
    return [
        Finding(
            check.code,
            check.severity,
            check.kind,
            row["id"],
            row["label"],
            row["focus_areas"],
            row["places"],
            check.text.format(detail=row.get("detail", "")),
            check.mend,
            row.get("needed_n"),
        )
        for row in check.find(analysis).to_dict("records")
    ]


# --- the checks ------------------------------------------------------------------------------------------------------


def _goals_without_indicator(analysis: Analysis) -> pd.DataFrame:
    goals = analysis.current_goals
    return goals[~goals["id"].isin(analysis.goals_with_indicator)]


def _untestable_goals(analysis: Analysis) -> pd.DataFrame:
    goals = analysis.current_goals
    return goals[~goals["id"].isin(analysis.goals_that["testable"])]


def _goals_without_activity(analysis: Analysis) -> pd.DataFrame:
    goals, activities = analysis.current_goals, analysis.planned_activities
    served = {goal for text in activities["goal"].fillna("") for goal in items(text)}
    return goals[~goals["group"].isin(set(activities["group"])) & ~goals["id"].isin(served)]


def _goals_measured_by_other(analysis: Analysis) -> pd.DataFrame:
    goals = analysis.current_goals
    return goals[goals["id"].isin(analysis.goals_that["measured_by_other"])]


def _goals_in_several_areas(analysis: Analysis) -> pd.DataFrame:
    """Goals of the same wording that the plan states in different focus areas, once each."""
    goals = analysis.current_goals
    key = goals["label"].str.casefold()
    areas = goals.groupby(key)["focus_areas"].transform("nunique")
    first = goals.groupby(key)["focus_areas"].transform("first")
    return goals.assign(detail=first)[(areas > 1) & (goals["focus_areas"] != first)]


def _time_limits_without_share(analysis: Analysis) -> pd.DataFrame:
    targets = _targets(analysis)
    return targets[targets["limit_days"].notna() & targets["share"].isna() & targets["value"].isna()]


def _targets_without_due(analysis: Analysis) -> pd.DataFrame:
    targets = _targets(analysis)
    return targets[targets["due"].fillna("") == ""]


def _targets_without_baseline(analysis: Analysis) -> pd.DataFrame:
    targets = _targets(analysis)
    known = {verdict.target for verdict in analysis.plan_verdicts if _meets(verdict)}
    return targets[(targets["testable"] == "yes") & ~targets["id"].isin(known)]


def _undecidable_targets(analysis: Analysis) -> pd.DataFrame:
    """Targets whose answer is open at today's number of cases. A census has none: everything is counted."""
    needed = {
        verdict.target: verdict.needed_n
        for verdict in analysis.plan_verdicts
        if verdict.needed_n is not None and verdict.word in _OPEN
    }
    targets = _targets(analysis)
    found = targets[targets["id"].isin(needed)]
    return found.assign(needed_n=found["id"].map(needed), detail=found["id"].map(needed))


def _indicators_of(kind: str) -> Callable[[Analysis], pd.DataFrame]:
    def find(analysis: Analysis) -> pd.DataFrame:
        listed = _indicators(analysis)
        return listed[listed["kind"] == kind]

    return find


def _indicators_of_activities(analysis: Analysis) -> pd.DataFrame:
    listed = _indicators(analysis)
    return listed[listed["measures"] == "activity"]


def _indicators_of_other(analysis: Analysis) -> pd.DataFrame:
    listed = _indicators(analysis)
    found = listed[listed["measures"] == "other"]
    return found.assign(detail=found["why_other"].str.rstrip("."))


def _indicators_without_result(analysis: Analysis) -> pd.DataFrame:
    listed, results = _indicators(analysis), analysis.results
    reported = set(results.loc[has_figure(results), "indicator"])
    return listed[~listed["kind"].isin(["none", "yes_no"]) & ~listed["indicator"].isin(reported)]


def _activities_without_responsible(analysis: Analysis) -> pd.DataFrame:
    activities = analysis.planned_activities
    return activities[activities["responsible"] == ""]


def _unlisted_units(analysis: Analysis) -> pd.DataFrame:
    """Units that are responsible for activities of the plan but stand in no list of the plan's units."""
    units = analysis.units[(analysis.units["listed"] == "no") & analysis.units["source"].isin(analysis.plan_sources)]
    used = {unit for text in analysis.planned_activities["responsible"] for unit in items(text)}
    return units[units["id"].isin(used)].assign(label=lambda rows: rows["name"], focus_areas="")


def _unanswered_needs(analysis: Analysis) -> pd.DataFrame:
    needs = _of_plan(analysis, "needs")
    return needs[needs["goals"] == ""]


def _empty_areas(analysis: Analysis) -> pd.DataFrame:
    empty = [number for number in FOCUS_AREAS if analysis.in_focus_area("current_goals", number).empty]
    rows = [
        {"id": f"focus-area-{n}", "label": f"{n} {FOCUS_AREAS[n]}", "focus_areas": str(n), "places": ""} for n in empty
    ]
    return pd.DataFrame(rows, columns=["id", "label", "focus_areas", "places"])


def _money_without_goal(analysis: Analysis) -> pd.DataFrame:
    """Grants and purposes that no goal is tied to; a grant's parts are not counted beside it."""
    funding = _of_plan(analysis, "funding")
    return funding[(funding["goals"] == "") & (funding["kind"] != "part")]


def _targets(analysis: Analysis) -> pd.DataFrame:
    """The targets of the adopted plan's goals."""
    targets = analysis.targets
    return targets[targets["goal"].isin(set(analysis.current_goals["id"]))]


def _indicators(analysis: Analysis) -> pd.DataFrame:
    return _of_plan(analysis, "plan_indicators")


def _of_plan(analysis: Analysis, kind: str) -> pd.DataFrame:
    table = getattr(analysis, kind)
    return table[table["source"].isin(analysis.plan_sources)]


def _meets(verdict: Verdict) -> bool:
    return verdict.observation is not None and verdict.word not in (Word.MEASURES_OTHER, Word.MISSING)


_OPEN = (Word.UNDECIDED, Word.LIKELY_REACHED, Word.LIKELY_NOT_REACHED, Word.BASELINE)
_PREVENTS, _HAMPERS, _NOTED = Severity.PREVENTS, Severity.HAMPERS, Severity.NOTED

CHECKS: tuple[Check, ...] = (
    Check("P01", "goals", _PREVENTS, "Målet har ingen uppföljningsindikator som mäter målet.",
          "Ange en indikator som mäter det målet handlar om.", _goals_without_indicator),
    Check("P02", "goals", _PREVENTS, "Målet går inte att pröva: det anger ingen andel, omfattning eller siffra.",
          "Ange hur stor andel, hur många eller vilken omfattning som ska nås.", _untestable_goals),
    Check("P03", "targets", _PREVENTS, "Målet anger en tidsgräns men inte hur stor andel som ska klara den.",
          "Ange andelen, till exempel minst 90 % inom gränsen.", _time_limits_without_share),
    Check("P04", "targets", _HAMPERS, "Det står inte när målet ska vara nått.",
          "Ange ett år eller datum.", _targets_without_due),
    Check("P05", "targets", _HAMPERS, "Det finns inget utgångsläge att jämföra med.",
          "Mät läget innan insatserna börjar, med samma mått som målet.", _targets_without_baseline),
    Check("P06", "plan_indicators", _HAMPERS, "Indikatorn kan bara besvaras med ja eller nej.",
          "Välj ett mått som visar hur mycket eller hur många.", _indicators_of("yes_no")),
    Check("P07", "plan_indicators", _PREVENTS, "Platsen för en indikator är tom.",
          "Ange en indikator eller stryk raden.", _indicators_of("none")),
    Check("P08", "plan_indicators", _HAMPERS, "Indikatorn visar att aktiviteten är gjord, inte om målet är nått.",
          "Komplettera med ett mått på det som ska uppnås.", _indicators_of_activities),
    Check("P09", "plan_indicators", _HAMPERS, "Indikatorn mäter något annat än målet: {detail}.",
          "Byt indikator eller skriv om målet så att de handlar om samma sak.", _indicators_of_other),
    Check("P10", "plan_indicators", _HAMPERS, "Inget resultat redovisas för indikatorn.",
          "Redovisa utgångsvärdet i planen.", _indicators_without_result),
    Check("P11", "activities", _HAMPERS, "Ingen ansvarig anges för aktiviteten.",
          "Ange en enhet som ansvarar.", _activities_without_responsible),
    Check("P12", "units", _NOTED, "Enheten ansvarar för aktiviteter men står inte i planens lista över enheter.",
          "Lägg till enheten i listan.", _unlisted_units),
    Check("P13", "goals", _PREVENTS, "Ingen aktivitet hör till målet.",
          "Ange vad som ska göras, eller säg att målet saknar aktivitet.", _goals_without_activity),
    Check("P14", "targets", _HAMPERS, "Dagens värde räcker inte för ett säkert besked; med samma andel krävs {detail} fall.",
          "Samla fler fall, till exempel flera år tillsammans, eller sätt ett mål som går att skilja från dagens värde.",
          _undecidable_targets),
    Check("P15", "goals", _PREVENTS, "Det resultat som redovisas mäter något annat än målet.",
          "Redovisa ett resultat av samma mått som målet.", _goals_measured_by_other),
    Check("P16", "goals", _NOTED, "Samma mål står också i fokusområde {detail}.",
          "Låt målet stå en gång och hänvisa till det.", _goals_in_several_areas),
    Check("P17", "needs", _NOTED, "Inget mål svarar mot behovet (vår läsning).",
          "Sätt ett mål, eller säg varför behovet lämnas.", _unanswered_needs),
    Check("P18", "focus_areas", _NOTED, "Planen har inga mål i fokusområdet.",
          "Sätt mål, eller säg varför området lämnas.", _empty_areas),
    Check("P19", "funding", _NOTED, "Medlen är inte knutna till något mål.",
          "Ange vilket mål medlen ska bidra till.", _money_without_goal),
)  # fmt: skip
