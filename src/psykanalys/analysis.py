"""Everything that is known about one county, put together once: plan, results, verdicts, comparisons, findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from psykanalys import indicators, registers
from psykanalys.areas import NATION, Area, UnknownAreaError, find_area, find_county, find_municipality, official_areas
from psykanalys.catalogue import Indicator, load_catalogue
from psykanalys.comparison import Comparison, NotCompared, compare_all, not_compared
from psykanalys.data.prepare import Prepared, as_rows, items, load_prepared, with_plain_texts
from psykanalys.data.project import Project
from psykanalys.data.series import as_observations
from psykanalys.disclosure import THRESHOLD, Protected, protect
from psykanalys.errors import ParameterError
from psykanalys.verdicts import Verdict, Word, judge_all, to_table

FOCUS_AREAS: Mapping[int, str] = {
    1: "Förebyggande och främjande arbete",
    2: "Tillgängliga tidiga insatser",
    3: "Enskildas delaktighet och rättigheter",
    4: "Utsatta grupper",
    5: "Ledning, styrning och organisation",
}

# How far a goal can be followed, the furthest first; each goal of a plan is at exactly one of them.
STEPS = ("judged", "with_result", "measured_by_other", "testable", "not_testable")


@dataclass(frozen=True)
class Analysis:
    """One county: its documents' rows (processed tables) and what was calculated from them.

    `goals`, `activities`, `targets`, `plan_indicators`, `units`, `needs`, `funding`, `survey`, `consultation`,
    `findings` and `commentary` are tables of the contract; `results` comes from `indicators.calculate`; `verdicts`
    and `comparisons` are lists of objects; `developments` tells of each measure of a register how it has developed
    (`registers.developments`). `county` is the area that the report is about: a county or a municipality.
    """

    county: Area
    tables_by_kind: Mapping[str, pd.DataFrame]
    results: pd.DataFrame
    verdicts: tuple[Verdict, ...]
    comparisons: tuple[Comparison, ...]
    not_compared: tuple[NotCompared, ...]
    catalogue: Mapping[str, Indicator]
    manifest: Mapping[str, Any]
    protected: Protected | None = None
    developments: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __getattr__(self, name: str) -> pd.DataFrame:
        tables = self.__dict__.get("tables_by_kind", {})
        if name in tables:
            return tables[name]
        raise AttributeError(name)

    @property
    def who(self) -> str:
        """What the area is called in a sentence: 'länet' or 'kommunen'."""
        return "kommunen" if self.county.kind == "municipality" else "länet"

    @property
    def is_synthetic(self) -> bool:
        """Whether any of the figures are made up: then every page says so."""
        return bool((self.sources["synthetic"] == "yes").any())

    @cached_property
    def current_goals(self) -> pd.DataFrame:
        """The goals of the plan that the county has adopted; earlier plans' and other documents' goals are left out."""
        return self.goals[(self.goals["plan"] == "current") & self.goals["source"].isin(self.plan_sources)]

    @cached_property
    def planned_activities(self) -> pd.DataFrame:
        """The activities of the plan."""
        return self.activities[self.activities["source"].isin(self.plan_sources)]

    @cached_property
    def other_activities(self) -> pd.DataFrame:
        """Activities that other documents than the plan state."""
        return self.activities[~self.activities["source"].isin(self.plan_sources)]

    @cached_property
    def verdict_table(self) -> pd.DataFrame:
        """The verdicts as a table."""
        return to_table(self.verdicts)

    @cached_property
    def area_names(self) -> Mapping[str, str]:
        """Name of every area that a result concerns."""
        extra = [Area(row["code"], row["name"], row["kind"], row["parent"]) for row in as_rows(self.areas)]
        return {code: find_area(code, extra).name for code in self.results["area"].unique()}

    def in_focus_area(self, kind: str, number: int) -> pd.DataFrame:
        """The rows of a kind that concern a focus area."""
        if (kind, number) not in self._in_focus_areas:
            table = self.results if kind == "results" else getattr(self, kind)
            concerns = np.array([str(number) in items(areas) for areas in table["focus_areas"]], dtype=bool)
            self._in_focus_areas[kind, number] = table[concerns]
        return self._in_focus_areas[kind, number].copy(deep=False)

    @cached_property
    def made(self) -> dict[str, Any]:
        """What was made of this analysis elsewhere and need not be made again, by name."""
        return {}

    @cached_property
    def _in_focus_areas(self) -> dict[tuple[str, int], pd.DataFrame]:
        return {}

    def verdicts_in(self, number: int) -> list[Verdict]:
        """The verdicts of targets in a focus area."""
        return [verdict for verdict in self.verdicts if str(number) in items(verdict.focus_areas)]

    @cached_property
    def overview(self) -> pd.DataFrame:
        """One row per focus area: goals, with a follow-up indicator, with a testable target, with a result, judged."""
        return pd.DataFrame([self._count_goals(number) for number in FOCUS_AREAS]).set_index("focus_area")

    def _count_goals(self, number: int) -> dict[str, int]:
        goals = set(self.in_focus_area("current_goals", number)["id"])
        return {
            "focus_area": number,
            "goals": len(goals),
            "with_indicator": len(goals & self.goals_with_indicator),
            "testable": len(goals & self.goals_that["testable"]),
            "with_result": len(goals & self.goals_that["with_result"]),
            "judged": len(goals & self.goals_that["judged"]),
        }

    @cached_property
    def plan_verdicts(self) -> list[Verdict]:
        """The verdicts of the adopted plan's own goals."""
        goals = set(self.current_goals["id"])
        return [verdict for verdict in self.verdicts if verdict.goal in goals]

    @cached_property
    def goals_that(self) -> Mapping[str, frozenset[str]]:
        """Ids of the plan's goals by how far they can be followed, each kind a part of the one before.

        `testable`: some target of the goal states what must be reached; `with_result`: and a result of that measure is
        reported; `judged`: and it gave a verdict. `in_figures`: testable against a figure. `measured_by_other`: what
        is reported measures something else.
        """
        testable = [v for v in self.plan_verdicts if "not_testable" not in v.reasons or v.override]
        with_result = [v for v in testable if v.word not in (Word.MISSING, Word.MEASURES_OTHER)]
        judged = [v for v in with_result if v.is_firm or v.word == Word.UNDECIDED]
        return {
            "testable": _goals_of(testable),
            "in_figures": _goals_of(v for v in testable if v.target_value is not None),
            "with_result": _goals_of(with_result),
            "judged": _goals_of(judged),
            "measured_by_other": _goals_of(v for v in self.plan_verdicts if v.word == Word.MEASURES_OTHER),
        }

    @cached_property
    def goal_steps(self) -> pd.Series:
        """The furthest step of `STEPS` that each of the plan's goals reaches, by goal id."""
        reached = {
            "judged": self.goals_that["judged"],
            "with_result": self.goals_that["with_result"],
            "measured_by_other": self.goals_that["testable"] & self.goals_that["measured_by_other"],
            "testable": self.goals_that["testable"],
        }
        goals = self.current_goals["id"]
        steps = [next((step for step in reached if goal in reached[step]), "not_testable") for goal in goals]
        return pd.Series(pd.Categorical(steps, STEPS), index=goals, name="step")

    @cached_property
    def results_by_id(self) -> Mapping[str | None, Mapping[str, Any]]:
        """The rows of `results` as dictionaries, by id."""
        return {row["id"]: row for row in as_rows(self.results)}

    @cached_property
    def verdicts_by_result(self) -> Mapping[str | None, list[Verdict]]:
        """The verdicts on each result that was set against a level in its own unit, by the result's id."""
        found: dict[str | None, list[Verdict]] = {}
        for verdict in self.verdicts:
            is_judged = verdict.value is not None and verdict.target_value is not None
            if is_judged and verdict.word not in (Word.MEASURES_OTHER, Word.NOT_TESTABLE):
                found.setdefault(verdict.observation, []).append(verdict)
        return found

    @cached_property
    def register_sources(self) -> frozenset[str]:
        """Ids of the sources that are registers, not documents."""
        return frozenset(self.sources.loc[self.sources["role"] == "register", "id"])

    @cached_property
    def plan_sources(self) -> frozenset[str]:
        """Ids of the documents that adopt a plan."""
        return frozenset(self.sources.loc[self.sources["plan_start"].notna(), "id"])

    @cached_property
    def goals_with_indicator(self) -> frozenset[str]:
        """Ids of goals with a follow-up indicator that measures the goal, not only that an activity was done.

        An indicator that stands beside no particular goal counts where its group has one goal only: with several it is
        not known which of them it measures.
        """
        listed = self.plan_indicators[self.plan_indicators["measures"] == "goal"]
        named = {goal for goals in listed["goals"] for goal in items(goals)}
        groups = set(listed.loc[listed["goals"] == "", "group"])
        alone = self.goals[~self.goals["group"].duplicated(keep=False)]
        return frozenset(named | set(alone.loc[alone["group"].isin(groups), "id"]))


_ahead: dict[tuple[str, Path, int], Analysis] = {}


def analyse(county: str, project: Project, threshold: int = THRESHOLD) -> Analysis:
    """Put together everything about a county. `county` is a code, a name in any spelling or a file name.

    Raises ParameterError where the county is unknown or has no documents, DataError where raw data breaks the contract.
    """
    return _analysed(_county(county), project, threshold)


def analyse_municipality(municipality: str, project: Project, threshold: int = THRESHOLD) -> Analysis:
    """The same for a municipality: the plan of its county, with the municipality's own figures."""
    try:
        return _analysed(find_municipality(municipality), project, threshold)
    except UnknownAreaError as error:
        raise ParameterError(f"municipality: {error}") from error


def analyse_ahead(area: Area, project: Project, threshold: int = THRESHOLD) -> Analysis:
    """Put together an area for the next calls of `analyse`, in this process and those that are forked from it.

    For a process that lives as long as one report does: raw data that changes meanwhile is not seen.
    """
    _ahead[area.code, project.root, threshold] = analysis = assemble(area, load_prepared(project), threshold)
    return analysis


def _analysed(area: Area, project: Project, threshold: int) -> Analysis:
    ahead = _ahead.get((area.code, project.root, threshold))
    return _unshared(ahead) if ahead else assemble(area, load_prepared(project), threshold)


def _unshared(analysis: Analysis) -> Analysis:
    """The same analysis with tables of its own: what somebody assigns to one concerns nobody else."""
    tables = {kind: table.copy(deep=False) for kind, table in analysis.tables_by_kind.items()}
    own = replace(analysis, tables_by_kind=tables, results=analysis.results.copy(deep=False))
    own.made.update(analysis.made)
    return own


def assemble(area: Area, prepared: Prepared, threshold: int = THRESHOLD) -> Analysis:
    """Put together everything about a county or a municipality from prepared tables.

    A municipality has the plan of its county, and its own figures. Raises ParameterError where there are no documents.
    Unpublished counts of persons are protected first, over the observations of all counties together; nothing that is
    calculated or shown ever sees a hidden one.
    """
    catalogue = load_catalogue()
    protected = protect_all(prepared, threshold)
    tables = _of_area({**prepared.tables, "observations": protected.observations}, area)
    if tables["sources"].empty:
        raise ParameterError(
            f"{area.kind}: {area.name} has no documents — counties with documents: {_with_documents(prepared)}"
        )
    series = _open_series(prepared, tables["sources"]["id"], area)
    judged = registers.to_judge(series, area.code)
    tables["observations"] = _joined(tables["observations"], as_observations(judged, catalogue))
    tables["targets"] = _targets_of(tables["targets"], area)
    results = indicators.calculate(catalogue, tables["observations"], tables["survey"])
    history = registers.history(judged)
    verdicts = judge_all(tables["targets"], results, tables["sources"], tables["goals"], tables["overrides"], history)
    return Analysis(
        county=area,
        tables_by_kind=tables,
        results=results,
        verdicts=tuple(verdicts),
        comparisons=tuple(compare_all(results, area.code, history)),
        not_compared=tuple(not_compared(results, area.code, registers.beside_the_last(judged))),
        catalogue=catalogue,
        manifest=prepared.manifest,
        protected=protected,
        developments=registers.developments(series, area.code, catalogue),
    )


def _open_series(prepared: Prepared, sources: Iterable[str], area: Area) -> pd.DataFrame:
    """The rows of registers about an area and the nation that need no protection: all of the measure is public."""
    rows = prepared.series.rows(sources, {area.code, NATION})
    return rows[~rows["indicator"].isin(_at_stake(prepared))]


def _at_stake(prepared: Prepared) -> frozenset[str]:
    """The measures of registers of which some row is not public, and those that share a population with them."""
    named = frozenset[str]().union(*prepared.series.unpublished.values())
    catalogue = load_catalogue()
    populations = {catalogue[name].denominator for name in named} - {None}
    return named | {name for name, each in catalogue.items() if named and each.denominator in populations}


def _joined(observations: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    if more.empty:
        return observations
    return pd.concat([observations, more], ignore_index=True).sort_values("id", ignore_index=True)


def _targets_of(targets: pd.DataFrame, area: Area) -> pd.DataFrame:
    """The targets as they hold for an area: a municipality is held against those of its county."""
    if area.kind != "municipality":
        return targets
    return targets.assign(area=targets["area"].where(targets["area"] != area.parent, area.code))


def _goals_of(verdicts: Iterable[Verdict]) -> frozenset[str]:
    return frozenset(verdict.goal for verdict in verdicts if verdict.goal)


def _county(text: str) -> Area:
    try:
        return find_county(text)
    except UnknownAreaError as error:
        raise ParameterError(f"county: {error}") from error


def protect_all(prepared: Prepared, threshold: int = THRESHOLD, known: Collection[str] = ()) -> Protected:
    """The observations of all counties with what must be hidden hidden; `known` rows a reader has from before.

    Of registers those measures are among them of which some row is not public.
    """
    areas = {**official_areas(), **own_areas(prepared["areas"])}
    members = {row["code"]: items(row["members"]) for row in as_rows(prepared["areas"]) if row["members"]}
    shown, measures = prepared["observations"], _at_stake(prepared)
    if measures:
        rows = prepared.series.rows(sorted(prepared.series.sources), measures=measures)
        shown = _joined(shown, as_observations(rows, load_catalogue()))
    return protect(shown, load_catalogue(), areas, threshold=threshold, known=known, members=members)


def own_areas(table: pd.DataFrame) -> dict[str, Area]:
    """The areas without an official code that the project's documents name."""
    columns = ["code", "name", "kind", "parent"]
    return {row[0]: Area(*row) for row in table[columns].itertuples(index=False)}


def _of_area(tables: Mapping[str, pd.DataFrame], area: Area) -> dict[str, pd.DataFrame]:
    """The rows of the documents about an area: those of its county, and the registers of the nation."""
    county = area.parent if area.kind == "municipality" else area.code
    sources = tables["sources"]
    national = (sources["county_code"] == NATION) & (sources["role"] == "register")
    own = set(sources.loc[sources["county_code"] == county, "id"])
    chosen = {kind: _rows_of(table, own, county) for kind, table in tables.items()}
    if own:
        chosen["sources"] = sources[sources["id"].isin(own) | national].reset_index(drop=True)
    observations = tables["observations"]
    about = observations["area"].isin([area.code, NATION]) | (observations["area"].str[:2] == county)
    shared = observations["source"].isin(set(sources.loc[national, "id"])) & about
    of_own = observations["source"].isin(own)
    if area.kind == "municipality":
        of_own &= observations["area"].isin([area.code, NATION])
    chosen["observations"] = observations[of_own | shared].reset_index(drop=True)
    return {kind: with_plain_texts(table) for kind, table in chosen.items()}


def _rows_of(table: pd.DataFrame, sources: set[str], county: str) -> pd.DataFrame:
    if "source" in table:
        return table[table["source"].isin(sources)].reset_index(drop=True)
    if "county_code" in table:
        return table[table["county_code"].isin([county, NATION])].reset_index(drop=True)
    return table


def _with_documents(prepared: Prepared) -> str:
    codes = sorted(prepared["sources"]["county_code"].unique())
    return ", ".join(find_county(code).slug for code in codes)
