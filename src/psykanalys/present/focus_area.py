"""What is said of one focus area under five questions: what the county wants, does and measures, what is known, what is not.

Every count is of the rows that the table below the sentence lists.
"""

from __future__ import annotations

import pandas as pd

from psykanalys.analysis import Analysis
from psykanalys.present import formatting as fmt
from psykanalys.present.html import Text
from psykanalys.present.tables import as_printed, reported_indicators
from psykanalys.present.words import STATES
from psykanalys.verdicts import Word

MOST_NAMED = 8


class FocusAreaSentences:
    """The sentences of one focus area (1 to 5)."""

    def __init__(self, analysis: Analysis, number: int):
        self._analysis = analysis
        self._number = number

    def wants(self) -> Text:
        """Which parts of the plan hold the goals."""
        groups = as_printed(self._rows("current_goals"))["group_label"].value_counts(sort=False)
        if groups.empty:
            return Text("Planen anger inga mål här.")
        named = [f"{label} ({count})" for label, count in groups.items()]
        if len(named) > MOST_NAMED + 1:
            named[MOST_NAMED:] = [f"ytterligare {_number(len(named) - MOST_NAMED)} områden"]
        areas = f"{_number(len(groups))} {'område' if len(groups) == 1 else 'områden'}"
        return Text(f"{_capital(fmt.counted(int(groups.sum()), 'mål', 'mål'))} i {areas}: {fmt.listed(named)}.")

    def does(self) -> Text:
        """How many activities there are, in what state, and for how many nobody is named."""
        planned, other = self._rows("planned_activities"), self._rows("other_activities")
        told = f"Planen anger {fmt.counted(len(planned), 'aktivitet', 'aktiviteter')} här"
        told += _without_responsible(int((planned["responsible"] == "").sum()), len(planned))
        if len(other):
            states = ", ".join(f"{STATES[state]} {count}" for state, count in _states(other))
            told += f" {_capital(fmt.counted(len(other), 'insats', 'insatser'))} nämns i andra dokument ({states})."
        return Text(told)

    def measures(self) -> Text:
        """How many follow-up indicators the plan lists, what they measure, and for how many there is a result."""
        listed = self._rows("plan_indicators")
        named = listed[listed["kind"] != "none"]
        if named.empty:
            return Text("Planen anger ingen uppföljningsindikator här.")
        told = f"Planen anger {fmt.counted(len(named), 'uppföljningsindikator', 'uppföljningsindikatorer')} här. "
        of_goals = int((named["measures"] == "goal").sum())
        reported = int(named["indicator"].isin(reported_indicators(self._analysis.results)).sum())
        if len(named) == 1:
            told += f"Den mäter {'' if of_goals else 'inte '}målet; {'ett' if reported else 'inget'} resultat finns."
            return Text(told)
        results = f"resultat finns för {_number(reported, 'en')}" if reported else "inget resultat finns"
        return Text(f"{told}{_capital(_number(of_goals, 'en'))} av dem mäter målet; {results}.")

    def known(self) -> Text:
        """How many reported results meet a goal, and how many measure something else."""
        verdicts = [verdict for verdict in self._analysis.verdicts_in(self._number) if verdict.observation]
        results = {verdict.observation for verdict in verdicts}
        met = {v.observation for v in verdicts if v.word not in (Word.MEASURES_OTHER, Word.NOT_TESTABLE)}
        usable, other = len(met), len({v.observation for v in verdicts if v.word == Word.MEASURES_OTHER} - met)
        if not results:
            return Text("Dokumenten redovisar inget resultat som rör målen här.")
        if len(results) == 1:
            what = (
                "mäter något annat än målet (vår läsning)"
                if other
                else f"går {'' if usable else 'inte '}att ställa mot målet"
            )
            return Text(f"Det enda redovisade resultatet {what}.")
        told = f"{_capital(_number(usable))} av {_number(len(results))} redovisade resultat går att ställa mot ett mål"
        measures = f"; {'alla' if other == len(results) else _number(other)} mäter något annat än målet (vår läsning)"
        return Text(f"{told}{measures if other else ''}.")

    def unknown(self) -> Text:
        """How many targets have no result, and how many of those could not be tested even with one."""
        verdicts = self._analysis.verdicts_in(self._number)
        without = [verdict for verdict in verdicts if not verdict.observation]
        untestable = sum(verdict.word == Word.NOT_TESTABLE for verdict in without)
        if not verdicts:
            return Text("Planen anger inget här som går att pröva.")
        if not without:
            return Text("Alla målformuleringar här har någon uppgift i dokumenten.")
        told = _capital(fmt.counted(len(without), "målformulering", "målformuleringar"))
        return Text(f"{told} saknar resultat{_untestable(untestable, len(without))}.")

    def _rows(self, kind: str) -> pd.DataFrame:
        return self._analysis.in_focus_area(kind, self._number)


def _states(activities: pd.DataFrame) -> list[tuple[str, int]]:
    counts = activities["state"].value_counts()
    return [(state, int(counts[state])) for state in STATES if counts.get(state, 0)]


def _without_responsible(without: int, planned: int) -> str:
    if not without:
        return "."
    return (
        ". Ingen ansvarig anges."
        if without == planned
        else f"; för {_number(without, 'en')} av dem anges ingen ansvarig."
    )


def _untestable(count: int, among: int) -> str:
    if not count:
        return ""
    whom = "den" if among == 1 else "ingen av dem" if count == among else f"{_number(count, 'en')} av dem"
    return f"; {whom} går {'' if whom.startswith('ingen') else 'inte '}att pröva ens med ett resultat"


def _number(count: int, one: str = "ett") -> str:
    """'inget', 'ett', 'tre', '20'; `one` is 'en' for nouns of common gender."""
    if count <= 1:
        return ("ingen" if one == "en" else "inget") if count == 0 else one
    return fmt.NUMBER_WORDS[count] if count < len(fmt.NUMBER_WORDS) else fmt.number(count)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
