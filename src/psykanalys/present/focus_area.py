"""What is said of one focus area under five questions: what the county wants, does and measures, what is known, what is not.

Every count is of the rows that the table below the sentence lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from psykanalys.analysis import Analysis
from psykanalys.present import formatting as fmt
from psykanalys.present.counts import counted
from psykanalys.present.html import Text
from psykanalys.present.tables import as_printed, reported_indicators
from psykanalys.present.words import STATES
from psykanalys.references import Marked, capital
from psykanalys.verdicts import Word

MOST_NAMED = 8


class FocusAreaSentences:
    """The sentences of one focus area (1 to 5)."""

    def __init__(self, analysis: Analysis, number: int):
        self._analysis = analysis
        self._number = number

    def wants(self) -> Text:
        """Which parts of the plan hold the goals."""
        goals = as_printed(self._rows("current_goals"))
        if goals.empty:
            return Text("Planen anger inga mål här.")
        groups = {label: rows["id"] for label, rows in goals.groupby("group_label", sort=False)}
        named = [f"{label} ({self._count(f'goals/{label}', ids)})" for label, ids in groups.items()]
        if len(named) > MOST_NAMED + 1:
            rest = [each for ids in list(groups.values())[MOST_NAMED:] for each in ids]
            further = self._count("groups/further", rest, f"{_number(len(groups) - MOST_NAMED)} områden")
            named[MOST_NAMED:] = [f"ytterligare {further}"]
        areas = self._count(
            "groups", goals["id"], f"{_number(len(groups))} {'område' if len(groups) == 1 else 'områden'}"
        )
        number = self._count("goals", goals["id"], fmt.counted(len(goals), "mål", "mål"))
        return Text(f"{capital(number)} i {areas}: {fmt.listed(named)}.")

    def does(self) -> Text:
        """How many activities there are, in what state, and for how many nobody is named."""
        planned, other = self._rows("planned_activities"), self._rows("other_activities")
        number = self._count("activities", planned["id"], fmt.counted(len(planned), "aktivitet", "aktiviteter"))
        told = f"Planen anger {number} här{self._without_responsible(planned)}"
        if len(other):
            states = ", ".join(
                f"{STATES[state]} {self._count(f'activities/{state}', other.loc[other['state'] == state, 'id'])}"
                for state in STATES
                if state in set(other["state"])
            )
            number = self._count("activities/other", other["id"], fmt.counted(len(other), "insats", "insatser"))
            told += f" {capital(number)} nämns i andra dokument ({states})."
        return Text(told)

    def measures(self) -> Text:
        """How many follow-up indicators the plan lists, what they measure, and for how many there is a result."""
        listed = self._rows("plan_indicators")
        named = listed[listed["kind"] != "none"]
        if named.empty:
            return Text("Planen anger ingen uppföljningsindikator här.")
        words = fmt.counted(len(named), "uppföljningsindikator", "uppföljningsindikatorer")
        told = f"Planen anger {self._count('indicators', named['id'], words)} här. "
        of_goals = named.loc[(named["measures"] == "goal").fillna(False), "id"]
        reported = named.loc[named["indicator"].isin(reported_indicators(self._analysis.results)), "id"]
        if len(named) == 1:
            found = "ett" if len(reported) else "inget"
            return Text(f"{told}Den mäter {'' if len(of_goals) else 'inte '}målet; {found} resultat finns.")
        results = self._count("indicators/reported", reported, _number(len(reported), "en"))
        some = f"resultat finns för {results}" if len(reported) else "inget resultat finns"
        measuring = self._count("indicators/of-goals", of_goals, _number(len(of_goals), "en"))
        return Text(f"{told}{capital(measuring)} av dem mäter målet; {some}.")

    def known(self) -> Text:
        """How many reported results meet a goal, and how many measure something else."""
        verdicts = [verdict for verdict in self._analysis.verdicts_in(self._number) if verdict.observation]
        results = {str(verdict.observation) for verdict in verdicts}
        met = {str(v.observation) for v in verdicts if v.word not in (Word.MEASURES_OTHER, Word.NOT_TESTABLE)}
        other = {str(v.observation) for v in verdicts if v.word == Word.MEASURES_OTHER} - met
        if not results:
            return Text("Dokumenten redovisar inget resultat som rör målen här.")
        if len(results) == 1:
            what = (
                "mäter något annat än målet (vår läsning)"
                if other
                else f"går {'' if met else 'inte '}att ställa mot målet"
            )
            return Text(f"Det enda redovisade resultatet {what}.")
        usable = self._count("results/usable", met, _number(len(met)))
        of_all = self._count("results", results, _number(len(results)))
        told = f"{capital(usable)} av {of_all} redovisade resultat går att ställa mot ett mål"
        rest = self._count("results/other", other, "alla" if other == results else _number(len(other)))
        return Text(f"{told}{f'; {rest} mäter något annat än målet (vår läsning)' if other else ''}.")

    def unknown(self) -> Text:
        """How many targets have no result, and how many of those could not be tested even with one."""
        verdicts = self._analysis.verdicts_in(self._number)
        without = [verdict.target for verdict in verdicts if not verdict.observation]
        untestable = [v.target for v in verdicts if not v.observation and v.word == Word.NOT_TESTABLE]
        if not verdicts:
            return Text("Planen anger inget här som går att pröva.")
        if not without:
            return Text("Alla målformuleringar här har någon uppgift i dokumenten.")
        words = fmt.counted(len(without), "målformulering", "målformuleringar")
        told = capital(self._count("targets/without-result", without, words))
        return Text(f"{told} saknar resultat{self._untestable(untestable, len(without))}.")

    def _count(self, name: str, rows: Iterable[str], text: str | None = None) -> Marked:
        return counted(self._analysis, f"area-{self._number}/{name}", rows, text)

    def _without_responsible(self, planned: pd.DataFrame) -> str:
        without = planned.loc[planned["responsible"] == "", "id"]
        if without.empty:
            return "."
        if len(without) == len(planned):
            return ". Ingen ansvarig anges."
        number = self._count("activities/without-responsible", without, _number(len(without), "en"))
        return f"; för {number} av dem anges ingen ansvarig."

    def _untestable(self, targets: Sequence[str], among: int) -> str:
        if not targets:
            return ""
        if among == 1 or len(targets) == among:
            return f"; {'den går inte' if among == 1 else 'ingen av dem går'} att pröva ens med ett resultat"
        number = self._count("targets/untestable", targets, _number(len(targets), "en"))
        return f"; {number} av dem går inte att pröva ens med ett resultat"

    def _rows(self, kind: str) -> pd.DataFrame:
        return self._analysis.in_focus_area(kind, self._number)


def _number(count: int, one: str = "ett") -> str:
    """'inget', 'ett', 'tre', '20'; `one` is 'en' for nouns of common gender."""
    if count <= 1:
        return ("ingen" if one == "en" else "inget") if count == 0 else one
    return fmt.NUMBER_WORDS[count] if count < len(fmt.NUMBER_WORDS) else fmt.number(count)
