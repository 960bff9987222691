"""Goal → activity → indicator → result → money in one view: what each part of the plan has, and what it lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pandas as pd

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.data.prepare import items
from psykanalys.present import words
from psykanalys.present.counts import counted
from psykanalys.present.html import Table
from psykanalys.references import Marked
from psykanalys.verdicts import Word

LACKING = "saknas"
COLUMNS = ["Område i planen", "Mål", "Aktiviteter", "Ansvariga", "Indikatorer", "Resultat", "Medel för målen"]


def table(analysis: Analysis, focus_area: int, goals: pd.DataFrame) -> Table:
    """One row per part of the plan that has goals here; `goals` are these goals in the plan's order."""
    groups = goals.groupby("group", sort=False)
    rows = [_Part(analysis, focus_area, str(group), part).row() for group, part in groups]
    caption = f"Från mål till resultat och medel – {FOCUS_AREAS[focus_area].lower()}"
    return Table(caption, COLUMNS, rows)


class _Part:
    """One part of the plan: the goals of a group that concern a focus area, and what belongs to them."""

    def __init__(self, analysis: Analysis, focus_area: int, group: str, goals: pd.DataFrame):
        self._analysis = analysis
        self._name = f"area-{focus_area}/{group}"
        self._label = str(goals["group_label"].iloc[0])
        self._goals = set(goals["id"])
        activities = analysis.in_focus_area("planned_activities", focus_area)
        self._activities = activities[activities["group"] == group]
        listed = analysis.in_focus_area("plan_indicators", focus_area)
        self._indicators = listed[(listed["group"] == group) & (listed["kind"] != "none")]

    def row(self) -> list[str]:
        """What the part has of each link of the chain."""
        responsible = {unit for text in self._activities["responsible"] for unit in items(text)}
        return [
            self._label,
            self._count("goals", self._goals),
            self._count("activities", self._activities["id"]),
            self._count("responsible", responsible),
            self._indicators_told(),
            self._results_told(),
            self._count("funding", self._funding()),
        ]

    def _count(self, name: str, rows: Iterable[str]) -> str:
        ids = set(rows)
        return self._number(name, ids) if ids else LACKING

    def _number(self, name: str, rows: Collection[str]) -> Marked:
        return counted(self._analysis, f"{self._name}/{name}", rows)

    def _indicators_told(self) -> str:
        if self._indicators.empty:
            return LACKING
        measuring = self._indicators.loc[(self._indicators["measures"] == "goal").fillna(False), "id"]
        number = self._number("indicators", self._indicators["id"])
        if len(self._indicators) == 1:
            return f"{number}, mäter {'' if len(measuring) else 'inte '}målet"
        told = f"varav {self._number('indicators-of-goals', measuring)}" if len(measuring) else "ingen"
        return f"{number}, {told} mäter målet"

    def _results_told(self) -> str:
        found = [each for each in self._analysis.verdicts if each.goal in self._goals and each.observation]
        usable = [each for each in found if each.word != Word.MEASURES_OTHER]
        if not usable:
            other = {str(each.observation) for each in found}
            return f"{LACKING}; {self._number('results-of-other', other)} mäter annat" if other else LACKING
        best = min((each.word for each in usable), key=list(words.LOOKS).index)
        return f"{self._number('results', {str(each.observation) for each in usable})}: {best}"

    def _funding(self) -> list[str]:
        funding = self._analysis.funding
        tied = [bool(self._goals & set(items(goals))) for goals in funding["goals"]]
        return list(funding.loc[tied, "id"])
