"""The audit of the plan as the report shows it: how measurable the goals are, what is lacking, and where."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.audit import Audit, Finding, Measurability, Outcome, Severity
from psykanalys.present import formatting as fmt
from psykanalys.present.counts import counted
from psykanalys.present.html import Cell, Details, Table, Text
from psykanalys.present.tables import Cells, Tables
from psykanalys.references import Marked

# What a check looks at, in the plural and the singular.
NOUNS = {
    "goals": ("mål", "mål"),
    "joint_goals": ("gemensamma mål", "gemensamt mål"),
    "groups": ("målområden", "målområde"),
    "targets": ("målformuleringar", "målformulering"),
    "targets_in_figures": (
        "målformuleringar med en siffra eller omfattning",
        "målformulering med en siffra eller omfattning",
    ),
    "targets_with_start": ("målformuleringar med utgångsläge", "målformulering med utgångsläge"),
    "untestable_goals": ("mål som inte går att pröva", "mål som inte går att pröva"),
    "testable_goals": ("mål som går att pröva", "mål som går att pröva"),
    "time_limits": ("tidsgränser", "tidsgräns"),
    "targets_by_chance": ("målformuleringar med räknade fall", "målformulering med räknade fall"),
    "indicators": ("platser för indikatorer", "plats för indikator"),
    "filled_indicators": ("indikatorer", "indikator"),
    "measures": ("indikatorer med ett värde", "indikator med ett värde"),
    "activities": ("aktiviteter", "aktivitet"),
    "units": ("ansvariga enheter", "ansvarig enhet"),
    "needs": ("behov", "behov"),
    "focus_areas": ("fokusområden", "fokusområde"),
    "grants": ("bidrag", "bidrag"),
}
KINDS = {
    "goals": "Mål",
    "groups": "Målområden",
    "targets": "Målformuleringar",
    "plan_indicators": "Uppföljningsindikatorer",
    "activities": "Aktiviteter",
    "units": "Enheter",
    "needs": "Behov",
    "focus_areas": "Fokusområden",
    "funding": "Bidrag",
}
# Checks whose finding says more than its code does, and that is not said elsewhere in the report.
TELLING = ("P09", "P14", "P16")
# Kinds of row that the focus areas list with their codes.
MARKED = ("goals", "activities", "plan_indicators")
PARTS = ("testable", "yes_no", "with_baseline")


class PlanAudit:
    """The tables and sentences of one plan's audit."""

    def __init__(self, analysis: Analysis, audit: Audit):
        self._analysis, self._audit = analysis, audit

    def introduction(self) -> Text:
        """What the audit is, how much it found, and what it does not say."""
        start = "Granskningen ställer samma frågor till varje rad i planen: finns det som krävs för att målen ska gå att följa?"
        found = self._audit.findings
        if not found:
            return Text(f"{start} Ingenting saknas.")
        noun = "anmärkning" if len(found) == 1 else "anmärkningar"
        prevents = [finding for finding in found if finding.severity == Severity.PREVENTS]
        return Text(
            f"{start} Den gav {self._number('audit', found)} {noun}; {self._number('audit/prevents', prevents)} av dem "
            f"{Severity.PREVENTS}. En anmärkning säger vad som saknas, inte att målet är fel. Antalen beror på hur "
            "planen är uppställd och går inte att jämföra med andra läns."
        )

    def measurability(self) -> Table:
        """Mätbarhetsgrad with its parts, for the plan and for each focus area."""
        return Table(
            "Mätbarhetsgrad: hur många av målen som har det som krävs för att kunna mätas",
            ["Fokusområde", "Mål", "Går att pröva", "Därav ja eller nej", "Har utgångsläge", "Mätbara: mätbarhetsgrad",
             "Har indikator", "Har måltidpunkt"],
            [self._measurable(row) for row in self._audit.measurability],
            numeric=frozenset(range(1, 8)),
            notes=[
                "Ett mål är mätbart när det går att pröva och har ett redovisat utgångsläge. Mål som besvaras med ja eller nej "
                "behöver inget utgångsläge. Mätbarhetsgraden är andelen mätbara mål.",
                "Ett mål kan höra till flera fokusområden men räknas en gång i hela planen.",
            ],
        )  # fmt: skip

    def lacking(self) -> Table:
        """What is lacking, by code: on how many of the rows looked at, how much it matters, what would mend it."""
        order = list(Severity)
        shown = [outcome for outcome in self._audit.outcomes if outcome.findings]
        rows: list[Cells] = [
            [each.check.code, each.check.text, self._of(each), each.check.severity, each.check.mend]
            for each in sorted(shown, key=lambda each: (order.index(each.check.severity), each.check.code))
        ]
        columns = ["Kod", "Vad som saknas", "Antal", "Betydelse", "Vad som kan göras"]
        return Table("Vad som saknas för att planen ska gå att följa", columns, rows, notes=self._without_findings())

    def rows(self) -> Details | None:
        """The rows with a finding whose codes stand nowhere else in the report, with their place, folded."""
        found = [finding for finding in self._audit.findings if finding.kind not in MARKED]
        found.sort(key=lambda finding: (list(KINDS).index(finding.kind), _line(finding)))
        tables = [self._kind(kind, list(rows)) for kind, rows in groupby(found, key=lambda finding: finding.kind)]
        told = Text(
            "Vid varje mål, aktivitet och uppföljningsindikator i fokusområdena står de koder som gäller den.", "note"
        )
        count = sum(len(table.rows) for table in tables)
        return Details(f"Övriga rader med anmärkning ({count})", [told, *tables]) if tables else None

    def _measurable(self, row: Measurability) -> Cells:
        area = f"area-{row.focus_area}/" if row.focus_area else ""
        names = {name: f"{area}{name}" for name in Measurability.__dataclass_fields__}

        def shown(name: str, text: str | None = None) -> Marked:
            return counted(self._analysis, names[name], self._audit.parts[name, row.focus_area], text)

        share = (
            "–" if row.share is None else f"{fmt.with_unit(row.share, 'procent', 0)} ({row.measurable} av {row.goals})"
        )
        name = f"{row.focus_area} {FOCUS_AREAS[row.focus_area]}" if row.focus_area else "Hela planen"
        beside = ("with_indicator", "with_due_date")
        return [name, shown("goals"), *map(shown, PARTS), shown("measurable", share), *map(shown, beside)]

    def _of(self, outcome: Outcome) -> Marked:
        plural, singular = NOUNS[outcome.check.among]
        noun = singular if outcome.looked_at == 1 else plural
        text = f"{fmt.number(len(outcome.findings))} av {fmt.number(outcome.looked_at)} {noun}"
        return self._number(f"audit/{outcome.check.code}", outcome.findings, text)

    def _number(self, name: str, found: Sequence[Finding], text: str = "") -> Marked:
        rows = {row for finding in found for row in finding.rows}
        return counted(self._analysis, name, rows, text or fmt.number(len(found)))

    def _without_findings(self) -> list[str]:
        passed = [each.check.code for each in self._audit.outcomes if each.looked_at and not each.findings]
        unasked = [each.check.code for each in self._audit.outcomes if not each.looked_at]
        told = {"Frågor utan anmärkning": passed, "Frågor som inte är aktuella för planen": unasked}
        return [f"{what}: {', '.join(codes)}." for what, codes in told.items() if codes]

    def _kind(self, kind: str, found: Sequence[Finding]) -> Table:
        """The rows of one kind, those with the same codes together."""
        by_row: dict[str, list[Finding]] = {}
        for finding in found:
            by_row.setdefault(finding.row, []).append(finding)
        by_codes: dict[str, list[str]] = {}
        for same in by_row.values():
            by_codes.setdefault(", ".join(each.code for each in same), []).append(self._told(same))
        rows: list[Cells] = [[codes, Cell(tuple(told))] for codes, told in sorted(by_codes.items())]
        return Table(f"{KINDS[kind]} med anmärkning", ["Koder", "Rader i planen"], rows)

    def _told(self, same: Sequence[Finding]) -> str:
        """One row of the plan: its label and place, and what some of the findings add to their code."""
        place = Tables(self._analysis)._places(same[0].places)
        details = [f"{finding.code}: {finding.detail}" for finding in same if finding.code in TELLING]
        return "; ".join([f"{same[0].label}{f' ({place})' if place else ''}", *details])


def _line(finding: Finding) -> tuple[str, int]:
    """Where a finding stands, to put the rows in the order of the plan; a focus area stands nowhere."""
    source, _, line = finding.places.partition(" | ")[0].rpartition(":")
    return source, int(line or 0)
