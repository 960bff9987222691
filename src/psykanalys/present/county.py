"""What a notebook works with: one county's analysis with its tables, figures and sentences, section by section."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from psykanalys.analysis import FOCUS_AREAS, Analysis, analyse
from psykanalys.data.project import Project, find_project
from psykanalys.present.figures import Figures
from psykanalys.present.html import Block, Bullets, Details, Heading, Stack, Table, Text, stack
from psykanalys.present.sentences import Sentences
from psykanalys.present.tables import Tables


@dataclass(frozen=True)
class County:
    """One county as a notebook sees it.

    `analysis` holds the tables and objects (`results`, `verdicts`, `findings`, the plan's rows); `tables`, `figures`
    and `sentences` show them; the methods below put together the report's sections. Each returns something that
    JupyterLab shows as HTML and a terminal as text.
    """

    analysis: Analysis
    contact: str = ""
    messages: int = 4
    all_figures: bool = True

    def __getattr__(self, name: str) -> object:
        if name.startswith("_") or name == "analysis":
            raise AttributeError(name)
        return getattr(self.analysis, name)

    @cached_property
    def tables(self) -> Tables:
        """Tables of the report."""
        return Tables(self.analysis)

    @cached_property
    def figures(self) -> Figures:
        """Figures of the report."""
        return Figures(self.analysis)

    @cached_property
    def sentences(self) -> Sentences:
        """Sentences of the report."""
        return Sentences(self.analysis, self.contact, self.messages)

    def head(self) -> Stack:
        """Title, plan and period."""
        return Stack([Heading(self.sentences.title(), 1), self.sentences.scope()])

    def summary(self) -> Stack:
        """The main messages under three questions, then how far each focus area can be followed."""
        answers = [
            part
            for question, told in self.sentences.summary().items()
            if told.sentences
            for part in (Heading(question), told)
        ]
        counts = Details("Visa antalen som tabell", [self.tables.overview()])
        return stack([*answers, self.figures.overview(), counts])

    def indicator_table(self) -> Block:
        """One page: targets that can be set against a result, by focus area, and comparisons with riket."""
        return self._or_nothing(
            "inga resultat som kan ställas mot planens mål",
            _table(self.tables.key_figures()),
            _table(self.tables.comparisons("nation")),
        )

    def how_to_read(self) -> Block:
        """What the report may be used for and how to read it."""
        return self.sentences.use()

    def focus_area(self, number: int) -> Stack:
        """Goals → activities → responsible → indicator → result → verdict of one focus area."""
        return stack(
            [
                self.sentences.focus_area(number),
                *self.sentences.commentary(number),
                *_section("Mål och aktiviteter i planen", self.tables.goals(number)),
                *_section(
                    "Insatser i uppföljningarna", _folded("Visa insatserna", self.tables.other_activities(number))
                ),
                *_section("Läget mot målen", self.figures.verdicts(number), self.tables.verdicts(number)),
                *_section(
                    "Mål utan resultat", _folded("Visa mål utan redovisat resultat", self.tables.missing(number))
                ),
                *_section("Planens uppföljningsindikatorer", self.tables.plan_indicators(number)),
                *_section("Uppgifter i dokumenten", self._all_figures(number)),
            ]
        )

    def access_for_the_young(self) -> Block:
        """Child access: flow, stock and how many health centres reported."""
        rows = self._results_with(
            "bup_first_visit_within_30",
            "bup_assessment_within_30",
            "first_line_first_visit_within_7",
            "medical_assessment_within_3_days",
        )
        queues = self._results_with(
            *(f"bup_{step}_waiting_over_{days}" for step in ("first_visit", "assessment", "treatment") for days in (30, 90)),
            "waiting_time_reporting_units", "bup_patients", "first_line_child_patients",
        )  # fmt: skip
        return self._or_nothing(
            "inga siffror av detta slag om barn och unga; se fokusområdena",
            self.figures.shares(rows, "Barn och unga: andel som fick en insats inom tidsgränsen"),
            _table(self.tables.figures(queues, "Kö, inrapportering och antal barn och unga")),
            self.figures.counts(
                "health_centres_by_months_reported", "Hälsocentraler efter antal månader som rapporterats"
            ),
        )

    def primary_care(self) -> Block:
        """Need, volume and gap in primary care."""
        rows = self._results_with(
            "primary_care_psych_prevalence", "primary_care_psych_prevalence_percent", "depression_anxiety_point_prevalence",
            "sick_leave_cases_psychiatric", "sick_leave_cases_psychiatric_growth", "sick_leave_share_psychiatric",
            "antidepressant_patients", "antidepressant_share", "antidepressant_patients_women_share",
            "primary_care_psychologists", "primary_care_counsellors",
        )  # fmt: skip
        return self._or_nothing(
            "inga siffror av detta slag om primärvården; se fokusområdena",
            _table(self.tables.figures(rows, "Primärvården: behov och volymer")),
        )

    def survey(self) -> Block:
        """The health-centre survey with its non-response."""
        sources = set(self.analysis.survey["source"])
        results = self.analysis.results
        asked = results["source"].isin(sources) & (results["nature"] == "census_with_nonresponse")
        rows = results[asked & (results["denominator"] != results["frame"]).fillna(True)]
        return self._or_nothing(
            "ingen enkät",
            self.figures.shares(rows, "Enkäten till hälsocentralerna: andel av de svarande"),
            _folded("Visa enkätens frågor och bortfall", self.tables.survey()),
        )

    def funding(self) -> Block:
        """Money: grants, parts, and what is not accounted for."""
        return self._or_nothing("inga uppgifter om medel", _table(self.tables.funding()))

    def change(self) -> Block:
        """Comparisons with riket, other groups and the county's own past, in figures and in words."""
        return self._or_nothing("inga jämförelser", _table(self.tables.comparisons()), _table(self.tables.stated()))

    def needs(self) -> Block:
        """Needs and the goals that answer them."""
        return self._or_nothing("inga behov", _table(self.tables.needs()), _table(self.tables.consultation()))

    def plan(self) -> Stack:
        """How much of the plan can be followed."""
        return Stack([self.sentences.measurability(), self.tables.gaps()])

    def data_quality(self) -> Stack:
        """Findings, and figures that are missing or protected."""
        return stack([_table(self.tables.findings()), _table(self.tables.not_shown())])

    def method(self) -> Stack:
        """Method, verdict words, documents and definitions."""
        return Stack(
            [
                self.sentences.method(),
                self.tables.verdict_words(),
                self.tables.sources(),
                self.tables.glossary(),
                Details("Visa hur varje mått räknas", [self.tables.definitions()]),
            ]
        )

    def _all_figures(self, number: int) -> Block | None:
        return _folded("Visa alla uppgifter", self.tables.results(number)) if self.all_figures else None

    def _results_with(self, *indicators: str) -> pd.DataFrame:
        return self.analysis.results[self.analysis.results["indicator"].isin(indicators)]

    def _or_nothing(self, what: str, *blocks: Block | None) -> Block:
        found = [block for block in blocks if block is not None]
        return Stack(found) if found else self.sentences.nothing(what)


def load(
    county: str,
    *,
    contact: str = "",
    messages: int = 4,
    all_figures: bool = True,
    project: str | Project | None = None,
) -> County:
    """Return one county's analysis: `psykanalys.load("gavleborg")`.

    `county` is a code ('21'), a name in any spelling ('Gävleborgs län') or a file name ('gavleborg'); `contact` is
    whom the report asks its readers to turn to; `messages` is how many verdicts the summary tells at most;
    `all_figures` whether each focus area lists every figure too; `project` is the project's folder (default: the
    nearest at or above the working folder). Raises PsykanalysError with what to do.
    """
    where = project if isinstance(project, Project) else find_project(project or None)
    return County(analyse(county, where), contact, messages, all_figures)


def _section(title: str, *blocks: Block | None) -> Iterable[Block]:
    found = [block for block in blocks if block is not None and not (isinstance(block, Table) and not block.rows)]
    return [Heading(title), *found] if found else []


def _table(table: Table) -> Table | None:
    return table if table.rows else None


def _folded(summary: str, table: Table) -> Block | None:
    return Details(f"{summary} ({len(table.rows)})", [table]) if table.rows else None


__all__ = ["FOCUS_AREAS", "Bullets", "County", "Text", "load"]
