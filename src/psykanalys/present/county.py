"""What a notebook works with: one county's analysis with its tables, figures and sentences, section by section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from psykanalys.analysis import FOCUS_AREAS, Analysis, analyse, analyse_municipality
from psykanalys.audit import Audit, audit
from psykanalys.data.commentary import locate, read_commentary
from psykanalys.data.project import Project, find_project
from psykanalys.disclosure import LEAST_THRESHOLD, THRESHOLD
from psykanalys.errors import ParameterError
from psykanalys.manifest import checksum, manifest
from psykanalys.present import ledger
from psykanalys.present.audit import PlanAudit
from psykanalys.present.figures import Figures
from psykanalys.present.focus_area import FocusAreaSentences
from psykanalys.present.html import Block, Bullets, Columns, Details, Heading, Stack, Table, Text, stack
from psykanalys.present.proof import Proof
from psykanalys.present.sentences import Sentences
from psykanalys.present.tables import Tables
from psykanalys.present.trace import Chains, Reference, Tracer
from psykanalys.present.twin import twin

SECTIONS = (
    "head", "summary", "indicator_table", "how_to_read", "access_for_the_young", "primary_care", "municipalities",
    "survey", "funding", "change", "needs", "plan", "data_quality", "method",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class County:
    """One county as a notebook sees it.

    `analysis` holds the tables and objects (`results`, `verdicts`, `findings`, the plan's rows); `tables`, `figures`
    and `sentences` show them; the methods below put together the report's sections. Each returns something that
    JupyterLab shows as HTML and a terminal as text. `files` are the files named by parameters; `previous` is an earlier
    report's twin.
    """

    analysis: Analysis
    contact: str = ""
    messages: int = 4
    all_figures: bool = True
    files: Mapping[str, str] = field(default_factory=lambda: {"commentary": "", "previous": ""})
    previous: Mapping[str, Any] | None = None
    threshold: int = THRESHOLD

    def __getattr__(self, name: str) -> object:
        if name.startswith("_") or name == "analysis":
            raise AttributeError(name)
        return getattr(self.analysis, name)

    def __repr__(self) -> str:
        analysis = self.analysis
        return (
            f"County({analysis.county.name}: {len(analysis.current_goals)} goals, {len(analysis.results)} results, "
            f"{len(analysis.verdicts)} verdicts, {len(analysis.findings)} findings)"
        )

    @cached_property
    def audit(self) -> Audit:
        """What the plan lacks, by code, and how measurable its goals are."""
        return audit(self.analysis)

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

    @cached_property
    def made_from(self) -> dict[str, Any]:
        """The manifest: parameters, rows, definitions, code and packages, as checksums."""
        told = {"contact": self.contact, "messages": self.messages, "all_figures": self.all_figures}
        told["threshold"] = self.threshold
        area = self.analysis.county
        made = manifest(self.analysis, {area.kind: area.slug, **told, **self.files})
        earlier = {"previous": checksum(dict(self.previous))} if self.previous else {}
        return {**made, **earlier}

    @cached_property
    def twin(self) -> dict[str, Any]:
        """The report for a program: every figure with what it was made of (docs/twin-schema.md)."""
        return twin(self.analysis, self.tables, self.made_from)

    def trace(self, what: Any) -> Chains:
        """Where a figure comes from: verdict → result → observation → raw row → document and line.

        `what` is a reference on the page ('r1a2b3c'), a raw row's id, a verdict, a comparison or a row of `results`.
        """
        if isinstance(what, str) and what.startswith("n"):
            _ = self.sections  # a count is known once it has been printed
        return Tracer(self.analysis).find(what)

    def references(self) -> dict[str, Reference]:
        """Everything that a page of this county may refer to, by reference."""
        _ = self.sections  # a count is known once it has been printed
        return Tracer(self.analysis).all()

    @cached_property
    def sections(self) -> dict[str, str]:
        """Every section of the report as HTML, by the method that makes it."""
        return dict(self.each_section())

    def each_section(self) -> Iterator[tuple[str, str]]:
        """The same one by one, made as they are asked for."""
        for number in FOCUS_AREAS:
            yield f"focus_area({number})", self.focus_area(number).to_html()
        for name in SECTIONS:
            yield name, getattr(self, name)().to_html()

    def without_figures(self) -> County:
        """The same county with text and tables only: its sections cost a fraction."""
        other = replace(self)
        other.__dict__.update({**self.__dict__, "figures": Figures(self.analysis, are_drawn=False)})
        return other

    def head(self) -> Stack:
        """Title, plan and period."""
        told = self.sentences
        return stack([Heading(told.title(), 1), told.synthetic(), told.not_for_mailing(), told.scope()])

    def summary(self) -> Stack:
        """The main message, the three questions, then how far each focus area can be followed."""
        answers = [
            Stack([Heading(question), Text(answer.sentences[0]), *_bullets(answer.sentences[1:])])
            for question, answer in self.sentences.summary().items()
            if answer.sentences
        ]
        told = self.sentences
        return stack([told.message(), told.why(), told.steps(), Columns(answers), self.figures.overview()])

    def indicator_table(self) -> Block:
        """One page: targets that can be set against a result, by focus area, and comparisons with riket."""
        return self._or_nothing(
            "inga resultat som kan ställas mot planens mål",
            _table(self.tables.key_figures()),
            _table(self.tables.comparisons("nation")),
        )

    def changes(self) -> Block:
        """What has changed since an earlier report, with why; nothing where none was given."""
        return ledger.section(self.previous, self.twin) if self.previous else Stack([])

    def how_to_read(self) -> Block:
        """What the report may be used for and how to read it."""
        return self.sentences.use()

    def focus_area(self, number: int) -> Stack:
        """What the county wants, does and measures in one focus area (1 to 5), what is known and what is not."""
        if number not in FOCUS_AREAS:
            raise ParameterError(f"focus_area: {number!r} is no focus area — expected 1 to 5")
        told, tables = FocusAreaSentences(self.analysis, number), self.tables
        who = self.analysis.who
        sections = {
            f"Vad {who} vill": (told.wants(), _folded("Visa mål och aktiviteter", tables.goals(number), "områden")),
            f"Vad {who} gör": (told.does(), _folded("Visa insatser i andra dokument", tables.other_activities(number))),
            f"Vad {who} mäter": (told.measures(), _folded("Visa indikatorerna", tables.plan_indicators(number))),
            "Vad som är känt": (
                told.known(),
                self.figures.verdicts(number),
                _table(tables.verdicts(number)),
                _folded("Visa utvecklingen över åren", tables.developments(number)),
                _folded("Visa resultat som mäter något annat", tables.measuring_other(number)),
                *self._all_figures(number),
            ),
            "Vad som inte är känt": (
                told.unknown(),
                _folded("Visa mål utan resultat", tables.missing(number)),
                _folded("Visa kedjan från mål till resultat och medel", tables.chain(number), "områden"),
            ),
        }
        parts = [stack([Heading(title), *blocks]) for title, blocks in sections.items()]
        return stack([self.sentences.focus_area(number), *self.sentences.commentary(number), *parts])

    def access_for_the_young(self) -> Block:
        """Child access: flow, stock and how many health centres reported."""
        figures = self.tables.figures(
            self.tables.on_topic("young"), "Barn och unga: väntan, kö, inrapportering och antal"
        )
        return self._or_nothing(
            "inga siffror av detta slag om barn och unga; se fokusområdena",
            self.figures.access_flow(),
            self.figures.access_stock(),
            self.figures.months_reported(),
            _folded("Visa alla uppgifter", figures),
        )

    def primary_care(self) -> Block:
        """Need, volume and gap in primary care."""
        rows = self.tables.on_topic("primary_care")
        return self._or_nothing(
            "inga siffror av detta slag om primärvården; se fokusområdena",
            _folded("Visa alla uppgifter", self.tables.figures(rows, "Primärvården: behov, volym och gap")),
        )

    def municipalities(self) -> Block:
        """Where in the county something is in place, as far as the documents name municipalities."""
        return self._or_nothing("inga uppgifter om minst tre namngivna kommuner", *(self.figures.maps() or ()))

    def survey(self) -> Block:
        """The health-centre survey with its non-response."""
        return self._or_nothing(
            "ingen enkät",
            self.figures.survey(),
            _folded("Visa enkätens frågor och bortfall", self.tables.survey()),
        )

    def funding(self) -> Block:
        """Money: grants, parts, and what is not accounted for."""
        return self._or_nothing(
            "inga uppgifter om medel", self.figures.funding(), _folded("Visa alla medel", self.tables.funding())
        )

    def change(self) -> Block:
        """Comparisons with riket, other groups and the county's own past, in figures and in words."""
        return self._or_nothing(
            "inga jämförelser",
            self.figures.before_and_after(),
            self.figures.series(),
            _folded("Visa jämförelserna", self.tables.comparisons()),
            _folded("Visa vad som inte jämförs, och varför", self.tables.not_compared()),
            _folded("Visa vad dokumenten anger i ord", self.tables.stated()),
        )

    def needs(self) -> Block:
        """Needs and the goals that answer them."""
        return self._or_nothing(
            "inga behov",
            _folded("Visa behoven", self.tables.needs()),
            _folded("Visa samråden", self.tables.consultation()),
        )

    def plan(self) -> Stack:
        """How much of the plan can be followed, what is lacking, and who is responsible."""
        shown = PlanAudit(self.analysis, self.audit)
        return stack(
            [
                self.sentences.measurability(),
                self.figures.chain(),
                _table(shown.measurability()),
                shown.introduction(),
                _table(shown.lacking()),
                shown.rows(),
                self.figures.responsible(),
            ]
        )

    def data_quality(self) -> Stack:
        """Findings, and figures that are missing or protected."""
        return stack(
            [
                self.sentences.data_quality(),
                _folded("Visa avvikelserna", self.tables.findings()),
                _folded("Visa uppgifter som saknas", self.tables.not_shown()),
            ]
        )

    def method(self) -> Stack:
        """Method, verdict words, documents and definitions."""
        return Stack(
            [
                self.sentences.method(),
                self.tables.verdict_words(),
                self.tables.sources(),
                self.tables.glossary(),
                Details("Visa hur varje mått räknas", [self.tables.definitions()]),
                Proof(self.made_from),
            ]
        )

    def _all_figures(self, number: int) -> list[Block | None]:
        """Every figure of the focus area that is not listed elsewhere, and how many are listed where."""
        if not self.all_figures:
            return []
        elsewhere = self.tables.listed_elsewhere(number)
        return [
            _folded("Visa alla uppgifter", self.tables.results(number)),
            Text(f"Fler uppgifter som rör fokusområdet: {elsewhere}.", "note") if elsewhere else None,
        ]

    def _or_nothing(self, what: str, *blocks: Block | None) -> Block:
        found = [block for block in blocks if block is not None]
        return Stack(found) if found else self.sentences.nothing(what)


def load(
    county: str = "",
    *,
    municipality: str = "",
    contact: str = "",
    messages: int = 4,
    all_figures: bool = True,
    commentary: str = "",
    previous: str = "",
    threshold: int = THRESHOLD,
    project: str | Project | None = None,
) -> County:
    """Return one area's analysis: `psykanalys.load("gavleborg")`, `psykanalys.load(municipality="umea")`.

    `county` is a code ('21'), a name in any spelling ('Gävleborgs län') or a file name ('gavleborg'); `municipality`
    is the same of a municipality, which has the plan of its county and its own figures; `contact` is
    whom the report asks its readers to turn to; `messages` is how many verdicts the summary tells at most;
    `all_figures` whether each focus area lists every figure too; `commentary` is a Markdown file in the project with
    the county's own words (docs/commentary.md); `previous` is an earlier report's twin in the project, to tell what has
    changed since; `threshold`: unpublished counts of persons from 1 to below it are never shown (docs/disclosure.md);
    `project` is the project's folder (default: the nearest at or above the working folder). Raises PsykanalysError with
    what to do.
    """
    _check_arguments(county, municipality, messages, threshold)
    where = project if isinstance(project, Project) else find_project(project or None)
    about = analyse_municipality(municipality, where, threshold) if municipality else analyse(county, where, threshold)
    analysis = _with_commentary(about, where, commentary)
    files = {"commentary": commentary, "previous": previous}
    earlier = _earlier(ledger.locate(where, previous), analysis) if previous else None
    return County(analysis, contact, messages, all_figures, files, earlier, threshold)


def _check_arguments(county: object, municipality: object, messages: object, threshold: object) -> None:
    area = municipality or county
    is_count = isinstance(messages, int) and not isinstance(messages, bool) and messages >= 1
    if not isinstance(area, str) or not area or (municipality and county) or not is_count:
        raise ParameterError("load: expected county as text ('21', 'gavleborg') and messages of at least 1")
    if isinstance(threshold, bool) or not isinstance(threshold, int) or threshold < LEAST_THRESHOLD:
        raise ParameterError(f"load: threshold: {threshold!r} — expected a whole number of at least {LEAST_THRESHOLD}")


def _earlier(path: Path, analysis: Analysis) -> dict[str, Any]:
    """The earlier report's twin, which must be of the same county."""
    earlier = ledger.read_twin(path)
    if earlier["county"]["code"] != analysis.county.code:
        raise ParameterError(
            f"previous: {path.name} is of {earlier['county']['name']} — expected {analysis.county.name}"
        )
    return earlier


def _with_commentary(analysis: Analysis, project: Project, path: str) -> Analysis:
    """The analysis with the commentary of a Markdown file added to that of the raw data."""
    if not path:
        return analysis
    written = read_commentary(locate(project, path), analysis.county.code, FOCUS_AREAS)
    rows = pd.concat([analysis.commentary, written], ignore_index=True)
    return replace(analysis, tables_by_kind={**analysis.tables_by_kind, "commentary": rows})


def _bullets(sentences: Sequence[str]) -> list[Block]:
    return [Bullets(sentences)] if sentences else []


def _table(table: Table) -> Table | None:
    return table if table.rows else None


def _folded(summary: str, table: Table, what: str = "") -> Block | None:
    return Details(f"{summary} ({len(table.rows)}{f' {what}' if what else ''})", [table]) if table.rows else None


__all__ = ["FOCUS_AREAS", "County", "load"]
