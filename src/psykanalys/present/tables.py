"""The report's tables. Each method returns one `Table`; nothing is calculated here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

import pandas as pd

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.areas import NATION
from psykanalys.audit import audit
from psykanalys.comparison import Comparison
from psykanalys.data.contract import WITHOUT_VALUE
from psykanalys.data.prepare import as_rows, items
from psykanalys.indicators import has_figure
from psykanalys.present import chain, words
from psykanalys.present import formatting as fmt
from psykanalys.present.counts import counted, goals
from psykanalys.present.html import Cell, Table
from psykanalys.references import Marked, capital, marked, reference
from psykanalys.verdicts import Verdict, Word

MISSING = "uppgift saknas"
# Where a figure is listed that is not listed in its focus area: section of the report by kind of figure.
TOPICS = {
    "young": "Barn och unga: tillgänglighet",
    "primary_care": "Primärvården: behov, volym och gap",
    "stated": "Jämförelser och förändring över tid",
    "not_shown": "Datakvalitet",
}
MOST_FINER = 4  # decimals beyond the measure's own
_PRINTED = ("value", "ci_low", "ci_high", "worst", "best")
Row = Mapping[str, Any]
Cells = list[str | Cell]


@dataclass
class Notes:
    """Footnotes of a table: the same caution gets the same number."""

    texts: list[str] = field(default_factory=list)

    def mark(self, text: str) -> str:
        """Return the mark to print beside a figure: a raised number, never to be taken for a count."""
        if not text:
            return ""
        if text not in self.texts:
            self.texts.append(text)
        return f"{fmt.NO_BREAK}{str(self.texts.index(text) + 1).translate(_RAISED)}"


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Tables:
    """The tables of one county's analysis."""

    def __init__(self, analysis: Analysis):
        self._analysis = analysis

    def overview(self) -> Table:
        """One row per focus area: how many goals, and how far each can be followed."""
        overview = self._analysis.overview
        rows = [
            [f"{number} {FOCUS_AREAS[number]}", *(goals(self._analysis, step, number) for step in overview.columns)]
            for number in overview.index
        ]
        return Table(
            "Målen i planen och hur långt de går att följa, per fokusområde",
            ["Fokusområde", "Mål", "Med uppföljningsindikator", "Går att pröva", "Känt läge", "Bedömda"],
            rows,
            numeric=frozenset(range(1, 6)),
            notes=[
                "Ett mål kan höra till flera fokusområden och räknas då i vart och ett av dem.",
                "Indikatorn ska mäta själva målet, inte bara att en aktivitet är genomförd.",
            ],
        )

    def verdicts(self, focus_area: int | None = None) -> Table:
        """Targets with results of the same measure: the figure, its interval, what was to be reached, the verdict."""
        notes = Notes()
        rows = [
            self._verdict_row(verdict, notes)
            for verdict in sorted(self._with_result(focus_area), key=lambda v: v.word == Word.NOT_TESTABLE)
            if verdict.word != Word.MEASURES_OTHER
        ]
        columns = ["Mål att pröva", "Mått", "Resultat", "Period", "Ska nås", "Avstånd", "Omdöme", "Källa"]
        return Table(f"Mål och resultat{_where(focus_area)}", columns, rows, frozenset({2, 5}), notes.texts)

    def measuring_other(self, focus_area: int) -> Table:
        """Results that lie near a target but measure something else, and what."""
        why = self._analysis.targets.set_index("id")["why_other"]
        notes = Notes()
        rows: list[Cells] = []
        for verdict in self._with_result(focus_area):
            if verdict.word == Word.MEASURES_OTHER:
                result = self._analysis.results_by_id[verdict.observation]
                figure = self.figure(result) + notes.mark(result["caution"])
                aim = target_text(verdict)
                rows.append(
                    [
                        f"{verdict.label} ({aim})" if aim else verdict.label,
                        self._measure(result),
                        figure,
                        _when(result),
                        why[verdict.target],
                        self._places(result["places"]),
                    ]
                )
        columns = ["Mål", "Mått", "Resultat", "Period", "Varför det inte mäter målet", "Källa"]
        where = FOCUS_AREAS[focus_area].lower()
        return Table(f"Resultat som mäter något annat än målet – {where}", columns, rows, frozenset({2}), notes.texts)

    def _with_result(self, focus_area: int | None) -> list[Verdict]:
        verdicts = self._analysis.verdicts if focus_area is None else self._analysis.verdicts_in(focus_area)
        return sorted((v for v in verdicts if v.observation), key=lambda v: (v.focus_areas, v.target, v.period))

    def key_figures(self) -> Table:
        """One page: every target whose result can be set against it, by focus area."""
        left_out = (Word.MEASURES_OTHER, Word.NOT_TESTABLE, Word.MISSING)
        shown = [v for v in self._analysis.verdicts if v.observation and v.word not in left_out]
        results = self._analysis.results_by_id
        rows: list[Cells] = [
            [
                verdict.label,
                verdict.focus_areas.replace(" | ", ", "),
                self.figure(results[verdict.observation]),
                _when(results[verdict.observation]),
                target_text(verdict) or "anges inte",
                _verdict_cell(verdict),
            ]
            for verdict in sorted(shown, key=lambda v: (v.focus_areas, v.target, v.period))
        ]
        columns = ["Mål att pröva", "Fokusområde", "Resultat", "Period", "Vad som ska nås", "Omdöme"]
        return Table("Mål som kan ställas mot en uppgift i dokumenten", columns, rows, frozenset({2}))

    def missing(self, focus_area: int | None = None) -> Table:
        """Targets without a result, with why."""
        verdicts = self._analysis.verdicts if focus_area is None else self._analysis.verdicts_in(focus_area)
        targets = self._analysis.targets.set_index("id")
        rows = [
            self._missing_row(verdict, targets.loc[verdict.target]) for verdict in verdicts if not verdict.observation
        ]
        columns = ["Mål att pröva", "Vad som ska nås", "Ska vara nått", "Omdöme", "Källa"]
        return Table(f"Mål utan redovisat resultat{_where(focus_area)}", columns, rows)

    def goals(self, focus_area: int) -> Table:
        """Goals with their activities and who is responsible, row by row as the plan groups them."""
        goals = as_printed(self._analysis.in_focus_area("current_goals", focus_area))
        activities = as_printed(self._analysis.in_focus_area("planned_activities", focus_area))
        groups = list(dict.fromkeys([*goals["group"], *activities["group"]]))
        names = dict(zip(goals["group"], goals["group_label"], strict=True))
        rows = [
            self._goal_row(
                names.get(group, "Aktiviteter utan mål"),
                goals[goals["group"] == group],
                activities[activities["group"] == group],
            )
            for group in groups
        ]
        columns = ["Område i planen", "Mål", "Aktiviteter", "Ansvariga", "Källa"]
        return Table(f"Mål och aktiviteter – {FOCUS_AREAS[focus_area].lower()}", columns, rows)

    def chain(self, focus_area: int) -> Table:
        """Goals, activities, responsible, indicators, results and money of each part of the plan, gaps in words."""
        return chain.table(
            self._analysis, focus_area, as_printed(self._analysis.in_focus_area("current_goals", focus_area))
        )

    def other_activities(self, focus_area: int) -> Table:
        """What other documents than the plan say is done, under way or planned."""
        units = self._analysis.units.set_index("id")["name"]
        rows = [
            [
                row["label"],
                self._state(row) or words.STATES["unknown"],
                fmt.period(row["year"]),
                ", ".join(units[unit] for unit in items(row["responsible"])) or "anges inte",
                self._places(row["places"]),
            ]
            for row in as_rows(as_printed(self._analysis.in_focus_area("other_activities", focus_area)))
        ]
        return Table(
            f"Insatser enligt uppföljningarna{_where(focus_area)}", ["Insats", "Läge", "År", "Ansvariga", "Källa"], rows
        )

    def plan_indicators(self, focus_area: int) -> Table:
        """The follow-up indicators that the plan lists, what they measure and what is reported."""
        listed = as_printed(self._analysis.in_focus_area("plan_indicators", focus_area))
        reported = reported_indicators(self._analysis.results)
        rows = [
            [
                _with_marks(row["label"], self._codes(row)),
                words.INDICATOR_KINDS[row["kind"]],
                words.MEASURES.get(_text(row["measures"]), "–"),
                "ja" if row["indicator"] in reported else MISSING,
                self._places(row["places"]),
            ]
            for row in as_rows(listed)
        ]
        columns = ["Uppföljningsindikator", "Slag", "Mäter", "Resultat redovisat", "Källa"]
        return Table(f"Planens uppföljningsindikatorer – {FOCUS_AREAS[focus_area].lower()}", columns, rows)

    def results(self, focus_area: int) -> Table:
        """The figures whose place in the report is this focus area, with population, period, interval and source."""
        rows = self._analysis.results[self._home == str(focus_area)]
        return self.figures(rows, f"Redovisade uppgifter – {FOCUS_AREAS[focus_area].lower()}")

    def listed_elsewhere(self, focus_area: int) -> str:
        """Where the focus area's other figures are listed: '41 under Barn och unga, 3 under fokusområde 1'."""
        rows = self._analysis.in_focus_area("results", focus_area)
        here = self._home.loc[rows.index].set_axis(rows["id"])
        names = {**TOPICS, **{str(number): f"fokusområde {number}" for number in FOCUS_AREAS}}
        told = [
            f"{self._count(f'area-{focus_area}/listed-{home}', _at(here, home))} under {name}"
            for home, name in names.items()
            if home in set(here) and home != str(focus_area)
        ]
        return Marked(fmt.listed(told))

    def on_topic(self, topic: str) -> pd.DataFrame:
        """The results that are listed in an in-depth section."""
        return self._analysis.results[self._home == topic]

    @cached_property
    def _home(self) -> pd.Series:
        """Where each result is listed, once: an in-depth section, or the first of its focus areas."""
        results, catalogue = self._analysis.results, self._analysis.catalogue
        home = results["focus_areas"].map(lambda areas: items(areas)[0])
        topics = results["indicator"].map(lambda name: next((t for t in catalogue[name].topics if t in TOPICS), ""))
        home = home.mask(topics != "", topics).mask(results["direction"].notna(), "stated")
        return home.mask(results["status"].isin(WITHOUT_VALUE), "not_shown")

    def figures(self, results: pd.DataFrame, caption: str) -> Table:
        """A table of results: measure, population, period, figure, source."""
        notes = Notes()
        ordered = results.sort_values(["title", "when", "area", "sex", "level", "id"])
        rows = [
            [
                row["title"],
                self._population(row),
                _when(row),
                self.figure(row) + notes.mark(row["caution"]),
                self._places(row["places"]),
            ]
            for row in as_rows(ordered)
        ]
        return Table(caption, ["Mått", "Gäller", "Period", "Uppgift", "Källa"], rows, frozenset({3}), notes.texts)

    def comparisons(self, kind: str | None = None) -> Table:
        """Figures beside riket, other groups and the county's own past (`kind`: nation, group or past)."""
        notes = Notes()
        rows = [self._comparison_row(each, notes) for each in self._analysis.comparisons if kind in (None, each.kind)]
        columns = ["Mått", "Gäller", "Period", self._analysis.who.capitalize(), "Jämförs med", "Skillnad", "Säkerhet"]
        caption = (
            "Jämförelser med riket"
            if kind == "nation"
            else "Jämförelser med riket, andra grupper och tidigare perioder"
        )
        return Table(caption, columns, rows, frozenset({3, 4, 5}), notes.texts)

    def developments(self, number: int) -> Table:
        """How each measure of a register has developed: its first and last figure, and what can be said of the trend."""
        results = self._analysis.results_by_id
        listed = self._analysis.developments
        about = [each for each in listed.to_dict("records") if each["last"] in results]
        about = [each for each in about if str(number) in items(results[each["last"]]["focus_areas"])]
        rows: list[Cells] = []
        for each in about:
            first, last = (results[each[end]] for end in ("first", "last"))
            shown = [f"{self.figure(row, with_interval=False)}, {_when(row)}" for row in (first, last)]
            whom = fmt.population("T", each["age"], "")
            rows.append([f"{last['title']}{f' ({whom})' if whom else ''}", *shown, words.MARKERS[each["marker"]]])
        return Table(
            "Utveckling enligt register", ["Mått", "Först", "Senast", "De senaste fem åren"], rows, frozenset({1, 2})
        )

    def not_compared(self) -> Table:
        """Figures of one measure that are not set against each other, and why."""
        results = self._analysis.results_by_id
        rows: list[Cells] = []
        for each in self._analysis.not_compared:
            own, other = results[each.observation], results[each.other]
            reasons = ", ".join(words.DIFFERENCES[reason] for reason in each.reasons)
            figures = (f"{self._population(row)}, {_when(row)}: {self.figure(row)}" for row in (own, other))
            rows.append([own["title"], *figures, reasons])
        return Table(
            "Uppgifter som inte jämförs, och varför",
            ["Mått", self._analysis.who.capitalize(), "Jämförelse", "Skiljer sig i"],
            rows,
        )

    def stated(self) -> Table:
        """Comparisons and developments that the documents state in words only."""
        notes = Notes()
        rows = [
            [
                row["title"],
                self._population(row),
                _when(row),
                marked(reference("r", row["id"]), _direction(row)) + notes.mark(row["caution"]),
                self._places(row["places"]),
            ]
            for row in as_rows(self.on_topic("stated").sort_values(["title", "when", "id"]))
        ]
        return Table(
            "Uppgifter som dokumenten anger i ord",
            ["Mått", "Gäller", "Period", "Dokumentets ord", "Källa"],
            rows,
            notes=notes.texts,
        )

    def needs(self) -> Table:
        """Needs that the documents state and the goals that answer them."""
        goals = self._analysis.goals.set_index("id")["label"]
        rows = [
            [
                row["label"],
                row["focus_areas"].replace(" | ", ", "),
                Cell(tuple(goals[goal] for goal in items(row["goals"])))
                if row["goals"]
                else Cell((f"inget mål svarar. {row['why_unanswered']}".strip(),), "open"),
                self._places(row["places"]),
            ]
            for row in as_rows(self._analysis.needs.sort_values(["focus_areas", "source", "id"]))
        ]
        return Table(
            "Behov som dokumenten anger, och mål som svarar mot dem (vår läsning)",
            ["Behov", "Fokusområde", "Mål", "Källa"],
            rows,
        )

    def funding(self) -> Table:
        """Grants with their parts below them; other money and posts by themselves."""
        funding = self._analysis.funding
        order = funding["kind"].map({"grant": 0, "part": 1, "purpose": 2})
        funding = funding.assign(_order=order).sort_values(["grant", "_order", "id"])
        granted = set(funding.loc[funding["kind"] == "grant", "grant"])
        rows = [
            self._funding_row(row, below=row["kind"] != "grant" and row["grant"] in granted) for row in as_rows(funding)
        ]
        columns = ["Medel", "År", "Mottagare", "Belopp eller omfattning", "Källa"]
        return Table("Medel enligt dokumenten", columns, rows, frozenset({3}))

    def _funding_row(self, row: Row, *, below: bool) -> Cells:
        units = self._analysis.units.set_index("id")["name"]
        nationwide = " (hela landet)" if row["county_code"] == NATION and "hela landet" not in row["label"] else ""
        return [
            ("– " if below else "") + row["label"] + nationwide,
            fmt.period(row["year"]),
            ", ".join(units.get(unit, unit) for unit in items(row["recipient"])) or "–",
            self._amount(row),
            self._places(row["places"]),
        ]

    def survey(self) -> Table:
        """What the survey asked, how it is reported, and who did not answer."""
        kinds = {
            "frame": "tillfrågade",
            "question": "fråga",
            "non_response": "svarade inte",
            "merged": "svar sammanslagna",
            "unreported": "inte redovisat",
        }
        reported = {
            "figures": "i siffror",
            "words": "i ord",
            "chart_lost": "diagrammet saknas",
            "no": "nej",
            "not_applicable": "–",
        }
        rows = [
            [
                row["label"],
                kinds[row["kind"]],
                row["number"] or "–",
                reported[row["reported"]],
                row["reason"] or _asked(row) or "–",
                self._places(row["places"]),
            ]
            for row in as_rows(self._analysis.survey.sort_values(["kind", "number", "id"]))
        ]
        return Table(
            "Enkätens uppläggning, frågor och bortfall",
            ["Fråga eller enhet", "Slag", "Nr", "Redovisas", "Orsak eller antal", "Källa"],
            rows,
        )

    def consultation(self) -> Table:
        """Who was asked about the plan, and what they said."""
        answered = {"yes": "ja", "no": "nej", "unknown": MISSING}
        rows = [
            [
                row["party"],
                fmt.period(row["asked"]),
                answered[row["answered"]],
                row["view"] or "–",
                self._places(row["places"]),
            ]
            for row in as_rows(self._analysis.consultation)
        ]
        return Table("Samråd om planen", ["Part", "Tillfrågad", "Svar inkom", "Synpunkt", "Källa"], rows)

    def findings(self) -> Table:
        """What does not hold in the documents, and what was done about it."""
        rows = [
            [
                words.FINDING_KINDS[row["kind"]],
                marked(reference("q", row["id"]), row["description"])
                if _has_digit(row["description"])
                else row["description"],
                row["treatment"],
                self._places(row["places"]),
            ]
            for row in as_rows(self._analysis.findings.sort_values(["kind", "id"]))
        ]
        return Table(
            "Avvikelser i dokumenten och hur de behandlats",
            ["Slag", "Vad som inte stämmer", "Behandling", "Källa"],
            rows,
        )

    def not_shown(self) -> Table:
        """Figures that the documents mention but that are not there, with the reason."""
        gone = self.on_topic("not_shown")
        rows = [
            [
                row["title"],
                self._population(row),
                _when(row),
                words.STATUSES[row["status"]],
                row["caution"] or "–",
                self._places(row["places"]),
            ]
            for row in as_rows(gone.sort_values(["title", "id"]))
        ]
        return Table(
            "Uppgifter som saknas eller skyddas, med orsak",
            ["Mått", "Gäller", "Period", "Varför", "Kommentar", "Källa"],
            rows,
        )

    def verdict_words(self) -> Table:
        """The verdicts' words, symbols and meanings."""
        rows: list[Cells] = [
            [Cell((f"{words.LOOKS[word].symbol} {word}",), words.LOOKS[word].css), meaning]
            for word, meaning in words.MEANINGS.items()
        ]
        return Table("Omdömen och vad de betyder", ["Omdöme", "Betyder"], rows)

    def sources(self) -> Table:
        """The documents, with checksum."""
        rows = [
            [
                self._short_names[row["id"]],
                row["title"] + (" (vår rubrik)" if row["title_is"] == "ours" else ""),
                row["publisher"],
                fmt.period(row["dated"]) + (" (vår datering)" if row["dated_is"] == "ours" else ""),
                row["sha256"][:16],
            ]
            for row in as_rows(self._analysis.sources)
        ]
        return Table(
            "Dokument som analysen bygger på",
            ["Beteckning", "Titel", "Utgivare", "Datum", "Kontrollsumma (SHA-256, början)"],
            rows,
        )

    def glossary(self) -> Table:
        """The abbreviations that occur in this county's rows, written out."""
        columns = {"goals": "label", "activities": "label", "targets": "label", "needs": "label", "results": "title",
                   "findings": "description", "plan_indicators": "label", "survey": "label"}  # fmt: skip
        text = " ".join(" ".join(getattr(self._analysis, kind)[column]) for kind, column in columns.items())
        near = [short for short in words.GLOSSARY if short in text]  # quicker than the pattern
        found = [short for short in near if re.search(rf"\b{re.escape(short)}\b", text)]
        return Table("Förkortningar", ["Förkortning", "Betyder"], [[short, words.GLOSSARY[short]] for short in found])

    def definitions(self) -> Table:
        """The measures of which a figure is shown, as defined in the catalogue."""
        used = sorted(reported_indicators(self._analysis.results))
        rows: list[Cells] = []
        for name in used:
            indicator = self._analysis.catalogue[name]
            below = f" / {indicator.denominator}" if indicator.denominator else ""
            rows.append(
                [
                    indicator.title,
                    f"{indicator.numerator}{below}",
                    words.NATURES[indicator.nature],
                    " ".join(indicator.caveats) or "–",
                ]
            )
        return Table("Mått som används", ["Mått", "Räknas som", "Slag", "Att tänka på"], rows)

    def figure(self, row: Row, *, with_interval: bool = True) -> Marked:
        """A result as printed: counts, value with unit, interval, range, change, direction, yes/no or why it is missing."""
        return marked(reference("r", row["id"]), self._printed(row, with_interval=with_interval))

    def _printed(self, row: Row, *, with_interval: bool) -> str:
        if row["status"] in ("not_reported", "not_applicable", "missing_in_extract", "suppressed"):
            stated = f" (”{row['wording']}”)" if row["wording"] else ""
            return words.STATUSES[row["status"]] + stated
        value = _value(row, self.decimals(row), with_interval=with_interval)
        parts = [_change(row), _range(row), _yes_no(row), value, _direction(row)]
        text = "; ".join(part for part in parts if part)
        firmness = (
            "i stort sett" if row["status"] == "approximate" and _yes_no(row) else words.STATUSES.get(row["status"], "")
        )
        quoted = f"”{row['wording']}”, återges som " if row["wording"] and not _text(row["direction"]) else ""
        return quoted + f"{firmness} {text}".strip()

    def decimals(self, row: Row) -> int | None:
        """The decimals that a calculated value and its limits are shown with, None for one shown as printed.

        They are the measure's, or as many more as keep the figure on its side of what was to be reached: a limit of
        31.8 against 31.9 is not shown as 32.
        """
        usual, verdicts = _decimals(row), self._analysis.verdicts_by_result.get(row["id"], [])
        if usual is None or not verdicts:
            return usual
        finer = range(usual, usual + MOST_FINER + 1)
        return next((each for each in finer if _stands_alike(row, verdicts, each)), usual)

    def compared(self, comparison: Comparison) -> tuple[Marked, Marked]:
        """Both values of a comparison, with the decimals of the one that is shown with more elsewhere."""
        rows = [self._analysis.results_by_id[name] for name in (comparison.observation, comparison.other)]
        decimals = [self.decimals(row) for row in rows]
        known = [each for each in decimals if each is not None]
        shared = max(known) if len(known) == 2 else None if known else _most_decimals(row["value"] for row in rows)
        own, other = (
            fmt.with_unit(row["value"], row["unit"], self.decimals(row) if shared is None else shared) for row in rows
        )
        if own == other and comparison.difference:
            own, other = _told_apart(comparison)
        return marked(reference("r", comparison.observation), own), marked(reference("r", comparison.other), other)

    @property
    def _short_names(self) -> dict[str, str]:
        return {source: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i] for i, source in enumerate(self._analysis.sources["id"])}

    def _places(self, text: str) -> str:
        return fmt.places(text, self._short_names)

    def _population(self, row: Row) -> str:
        name = row["comparator"] or self._analysis.area_names[row["area"]]
        detail = fmt.population(row["sex"], row["age"], _level(row))
        return f"{name}, {detail}" if detail else name

    def _detail(self, row: Row) -> str:
        """What sets a population apart from the whole county: area, sex, age, level."""
        area = "" if row["area"] == self._analysis.county.code else self._analysis.area_names[row["area"]]
        return ", ".join(part for part in (area, fmt.population(row["sex"], row["age"], _level(row))) if part)

    def _verdict_row(self, verdict: Verdict, notes: Notes) -> Cells:
        result = self._analysis.results_by_id[verdict.observation]
        limits = fmt.interval(verdict.ci_low, verdict.ci_high, self.decimals(result))
        return [
            verdict.label,
            self._measure(result),
            f"{self.figure(result, with_interval=False)} {of_verdict(verdict, limits)}".strip()
            + notes.mark(result["caution"]),
            _when(result),
            target_text(verdict) or "anges inte",
            _distance(verdict),
            _verdict_cell(verdict, notes.mark(_why(verdict, self._analysis))),
            self._places(result["places"]),
        ]

    def _measure(self, row: Row) -> str:
        detail = self._detail(row)
        return row["title"] + (f" ({detail})" if detail else "")

    def _missing_row(self, verdict: Verdict, target: Row) -> Cells:
        look = words.LOOKS[verdict.word]
        reason = (
            f": {target['why_not_testable']}"
            if verdict.word == Word.NOT_TESTABLE and target["why_not_testable"]
            else ""
        )
        return [
            verdict.label,
            target_text(verdict) or "anges inte",
            fmt.period(target["due"]),
            Cell((f"{look.symbol} {verdict.word}{reason}",), look.css),
            self._places(target["places"]),
        ]

    def _goal_row(self, name: str, goals: pd.DataFrame, activities: pd.DataFrame) -> Cells:
        units = self._analysis.units.set_index("id")["name"]
        responsible = dict.fromkeys(unit for text in activities["responsible"] for unit in items(text))
        places = " | ".join([*goals["places"], *activities["places"]])
        return [
            name,
            Cell(tuple(self._goal_line(goal) for goal in as_rows(goals))),
            Cell(tuple(self._with_state(row) for row in as_rows(activities)) or ("inga aktiviteter angivna",)),
            ", ".join(units[unit] for unit in responsible) or "ansvarig anges inte",
            self._places(places),
        ]

    def _goal_line(self, goal: Row) -> str:
        joint = "gemensamt" if goal["joint"] == "yes" else ""
        return _with_marks(goal["label"], words.LEVELS[goal["level"]], joint, self._state(goal), self._codes(goal))

    def _with_state(self, activity: Row) -> str:
        return _with_marks(activity["label"], self._state(activity), self._codes(activity))

    def _codes(self, row: Row) -> str:
        """The codes of the audit's findings on a row of the plan: 'P01, P02'."""
        return ", ".join(self._findings_by_row.get(row["id"], ()))

    @cached_property
    def _findings_by_row(self) -> Mapping[str, list[str]]:
        codes: dict[str, list[str]] = {}
        for finding in audit(self._analysis).findings:
            codes.setdefault(finding.row, []).append(finding.code)
        return codes

    def _state(self, row: Row) -> str:
        """The state that a document reports, with that document's date; nothing where none is reported."""
        if row["state"] == "unknown":
            return ""
        places = items(row["state_places"]) or items(row["places"])
        dated = self._analysis.sources.set_index("id")["dated"].get(places[0].rpartition(":")[0])
        return f"{words.STATES[row['state']]} {fmt.period(dated)}" if dated else words.STATES[row["state"]]

    def _comparison_row(self, comparison: Comparison, notes: Notes) -> Cells:
        results = self._analysis.results_by_id
        own, other = results[comparison.observation], results[comparison.other]
        difference = "–" if comparison.difference is None else difference_text(comparison)
        value, other_value = self.compared(comparison)
        return [
            own["title"],
            self._population(own),
            _when(own),
            value + notes.mark(own["caution"]),
            f"{_when(other) if comparison.kind == 'past' else comparison.against}: {other_value}"
            + notes.mark(other["caution"]),
            difference,
            comparison.word,
        ]

    def _count(self, name: str, rows: Iterable[str]) -> Marked:
        return counted(self._analysis, name, rows)

    def _amount(self, row: Row) -> str:
        return marked(reference("f", row["id"]), self._amount_printed(row))

    def _amount_printed(self, row: Row) -> str:
        if fmt.is_missing(row["amount"]):
            return (
                words.STATUSES.get(row["status"], "belopp anges inte")
                if row["status"] != "exact"
                else "belopp anges inte"
            )
        return f"{words.STATUSES.get(row['status'], '')} {fmt.with_unit(row['amount'], row['unit'])}".strip()


def target_text(verdict: Verdict) -> str:
    """What was to be reached: 'minst 90 %', 'högst 0 självmord', 'ska minska'."""
    text = _target_printed(verdict)
    return marked(reference("t", verdict.target), text) if _has_digit(text) else text


def of_verdict(verdict: Verdict, text: str) -> Marked:
    """A text with a figure that the verdict calculated."""
    return marked(reference("v", f"{verdict.target}/{verdict.observation}"), text)


def _target_printed(verdict: Verdict) -> str:
    if verdict.operator in words.DEVELOPMENTS:
        return words.DEVELOPMENTS[verdict.operator]
    if verdict.target_value is None:
        return ""
    if (verdict.operator, verdict.target_value, verdict.unit) == (">=", 100, "procent"):
        return "alla (100\u00a0%)"
    if verdict.target_value == 0 and verdict.operator in {"<=", "="}:
        return _none_of(verdict.unit)
    value = fmt.with_unit(verdict.target_value, verdict.unit)
    if verdict.operator == "between":
        return f"{fmt.number(verdict.target_value)}–{fmt.with_unit(verdict.target_high, verdict.unit)}"
    return f"{words.OPERATORS[verdict.operator]} {value}".strip()


def signed(value: float, unit: str, decimals: int = 1) -> str:
    """'+2,4 procentenheter', '−1 procentenhet', '0 procentenheter'; what is not 0 is not shown as 0."""
    rounded = next((near for each in range(decimals, fmt.MOST_DECIMALS + 1) if (near := round(value, each))), 0.0)
    return f"{'+' if rounded > 0 else ''}{fmt.with_unit(rounded, unit)}"


def reported_indicators(results: pd.DataFrame) -> set[str]:
    """The measures of which a figure, a range or a yes/no is reported."""
    return set(results.loc[has_figure(results), "indicator"])


def _with_marks(label: str, *marks: str) -> str:
    """'Målet (kort sikt, P01)': what is to be known of a row, after its label."""
    told = ", ".join(mark for mark in marks if mark)
    return f"{label} ({told})" if told else label


def _most_decimals(values: Iterable[float]) -> int:
    """How many decimals the most exact of printed values has: 137,21 and 123,20 are shown alike."""
    return max(len(fmt.number(value).partition(",")[2]) for value in values)


def _where(focus_area: int | None) -> str:
    """What a caption adds: tables of the same kind in several focus areas must be told apart."""
    return "" if focus_area is None else f" – {FOCUS_AREAS[focus_area].lower()}"


def _none_of(unit: str) -> str:
    """'inga självmord', 'inga (0 %)': a unit that is a sign or a rate cannot stand after 'inga'."""
    written = fmt.unit_text(unit)
    is_counted = written == unit or not written
    return f"inga {written}".strip() if is_counted else f"inga ({fmt.with_unit(0, unit)})"


def _level(row: Row) -> str:
    return f"{row['dimension']}: {row['level']}" if row["dimension"] and row["level"] else row["level"]


def _points(unit: str) -> str:
    return "procentenheter" if unit == "procent" else unit


def _verdict_cell(verdict: Verdict, mark: str = "") -> Cell:
    look = words.LOOKS[verdict.word]
    return Cell((f"{look.symbol} {verdict.word}{mark}",), look.css)


def _distance(verdict: Verdict) -> str:
    if verdict.distance is None or verdict.word in (Word.NOT_TESTABLE, Word.MEASURES_OTHER):
        return "–"
    text = signed(verdict.distance, _points(verdict.unit))
    if verdict.distance_in_count:
        text += f" ({fmt.number(abs(verdict.distance_in_count))} till)" if verdict.distance_in_count > 0 else ""
    return of_verdict(verdict, text)


def _why(verdict: Verdict, analysis: Analysis) -> str:
    """The reasons that a reader needs, beside the word."""
    parts = [words.REASONS[reason] for reason in verdict.reasons[1:] if reason in words.REASONS]
    if verdict.word == Word.NOT_TESTABLE:
        parts.insert(0, analysis.targets.set_index("id").loc[verdict.target, "why_not_testable"].rstrip("."))
    if verdict.needed_n:
        needed = of_verdict(verdict, fmt.number(verdict.needed_n))
        parts.append(f"med samma andel skulle {needed} fall räcka för ett säkert omdöme")
    if verdict.override:
        parts.insert(0, f"satt för hand ({verdict.override}); regeln gav: {verdict.word_by_rule}")
    text = "; ".join(dict.fromkeys(parts))
    return capital(text) + "." if text else ""


def as_printed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order of their document, long-term goals before short-term ones within a group."""
    lines = [int(items(places)[0].rpartition(":")[2]) for places in rows["places"]]
    groups = rows["group"].tolist()
    levels = [_LEVELS.get(level, len(_LEVELS)) for level in rows["level"]] if "level" in rows else [0] * len(rows)
    starts = dict(sorted(zip(groups, lines, strict=True), key=itemgetter(1), reverse=True))  # the first line stays
    order = sorted(range(len(rows)), key=lambda row: (starts[groups[row]], levels[row], lines[row]))
    return rows.iloc[order]


_LEVELS = {"long": 0, "both": 1, "unmarked": 2, "short": 3}


def _counts(row: Row, unit: str = "") -> str:
    x, n = row["numerator"], row["denominator"]
    if fmt.is_missing(x):
        return ""
    return fmt.with_unit(x, unit) if fmt.is_missing(n) else f"{fmt.number(x)} av {fmt.with_unit(n, unit)}"


def _decimals(row: Row) -> int | None:
    """The measure's decimals for a calculated value, None for one shown as printed.

    A share below all is not rounded up to 100 %, and one above none not down to 0 %.
    """
    if not row["has_counts"]:
        return None
    decimals, value = int(row["decimals"]), float(row["value"])
    if row["unit"] != "procent" or value in (0, 100):
        return decimals
    finer = range(decimals, decimals + MOST_FINER + 1)
    return next((each for each in finer if round(value, each) not in (0, 100)), decimals)


def _stands_alike(row: Row, verdicts: Iterable[Verdict], decimals: int) -> bool:
    """Whether all that is printed stands to what was to be reached as it does unrounded: below, on or above it."""
    goals = (goal for verdict in verdicts for goal in (verdict.target_value, verdict.target_high))
    levels = [goal for goal in goals if goal is not None]
    limits = (limit for verdict in verdicts for limit in (verdict.ci_low, verdict.ci_high))
    told = [float(x) for x in (*limits, *(row[name] for name in _PRINTED)) if not fmt.is_missing(x)]
    return all((round(x, decimals) > y) - (round(x, decimals) < y) == (x > y) - (x < y) for x in told for y in levels)


def _value(row: Row, decimals: int | None, *, with_interval: bool) -> str:
    counts = _counts(row)
    if row["statistic"] in {"count", "quantity"} and counts:
        return _counts(row, row["unit"])
    if fmt.is_missing(row["value"]):
        return counts
    value = fmt.with_unit(row["value"], row["unit"], decimals)
    limits = _limits(row, decimals) if with_interval else ""
    return f"{value}{f' ({counts})' if counts else ''}{f' {limits}' if limits else ''}"


def _limits(row: Row, decimals: int | None) -> str:
    """The 95 % interval, or what those that did not answer could have changed."""
    if not fmt.is_missing(row["worst"]) and row["worst"] < row["best"]:
        return f"lägst–högst {fmt.interval(row['worst'], row['best'], decimals)}"
    return fmt.interval(row["ci_low"], row["ci_high"], decimals)


def _when(row: Row) -> str:
    """The period, marked where the document does not state it."""
    return fmt.period(row["when"]) + ("" if _text(row["period"]) else " (dokumentets datum)")


def _range(row: Row) -> str:
    if fmt.is_missing(row["value_low"]):
        return ""
    return f"{fmt.number(row['value_low'])}–{fmt.with_unit(row['value_high'], row['unit'])}"


def _change(row: Row) -> str:
    if fmt.is_missing(row["change"]):
        return ""
    since = f" sedan {fmt.period(row['base_period'])}" if _text(row["base_period"]) else ""
    return signed(row["change"], row["change_unit"] or row["unit"], 4) + since


def _direction(row: Row) -> str:
    if not _text(row["direction"]):
        return ""
    return f"”{row['wording']}”" if row["wording"] else words.DIRECTIONS[row["direction"]]


def _yes_no(row: Row) -> str:
    return {"yes": "ja", "no": "nej"}.get(_text(row["yes_no"]), "")


def _text(value: Any) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)


def _told_apart(comparison: Comparison) -> tuple[str, str]:
    """Both values with as few decimals as tell them apart."""
    values = (comparison.value or 0.0, comparison.other_value or 0.0)
    decimals = next((each for each in range(1, 6) if len({round(value, each) for value in values}) > 1), None)
    own, other = (fmt.with_unit(value, comparison.unit, decimals) for value in values)
    return own, other


def difference_text(comparison: Comparison) -> Marked:
    """The difference of a comparison that has one: '+2,4 procentenheter'."""
    text = signed(comparison.difference or 0.0, _points(comparison.unit))
    return marked(reference("c", f"{comparison.observation}/{comparison.other}"), text)


def _asked(row: Row) -> str:
    """How many a survey row is about."""
    return "" if fmt.is_missing(row["count"]) else marked(reference("s", row["id"]), fmt.number(row["count"]))


def _at(home: pd.Series, place: str) -> Iterable[str]:
    """The ids whose place in the report this is."""
    return home.index[home == place]


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def rows_of(tables: Iterable[Table]) -> int:
    """How many rows several tables have together."""
    return sum(len(table.rows) for table in tables)
