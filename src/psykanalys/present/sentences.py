"""Swedish sentences. Every judgement in them comes from a verdict or a comparison object; none is made here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.areas import short_name
from psykanalys.comparison import INSUFFICIENT, Comparison
from psykanalys.periods import parse_period
from psykanalys.present import formatting as fmt
from psykanalys.present.html import Bullets, Text
from psykanalys.present.tables import Tables, target_text
from psykanalys.verdicts import BY_INTERVAL, Verdict, Word, expected_errors


class Sentences:
    """The sentences of one county's analysis.

    `contact` is whom a reader asks for what is missing; `messages` how many verdicts the summary tells at most.
    """

    def __init__(self, analysis: Analysis, contact: str = "", messages: int = 4):
        self._analysis = analysis
        self._contact = contact
        self._messages = messages

    def title(self) -> str:
        """The report's title."""
        return f"Psykisk hälsa i {short_name(self._analysis.county)}"

    def scope(self) -> Text:
        """Which plan and which period the report concerns."""
        plans = [
            row
            for row in self._analysis.sources.to_dict("records")
            if row["plan_start"] is not None and row["plan_start"] == row["plan_start"]
        ]
        spans = fmt.listed(_span(row["plan_start"], row["plan_end"]) for row in plans if row["plan_start"])
        told = self._analysis.results[self._analysis.results["status"] != "forecast"]["when"]
        last = max((parse_period(str(when)).last for when in told), default=None)
        until = f" Den senaste uppgiften gäller {last.year}." if last else ""
        return Text(f"Analys av länets plan för {spans}.{until}", "lead")

    def use(self) -> Bullets:
        """What the report may and may not be used for."""
        return Bullets(
            [
                "Analysen bygger enbart på de dokument som anges sist. Varje siffra har en hänvisning till dokument och rad.",
                "Den visar var länet står i förhållande till sin egen plan. Den rangordnar inte länen, och den visar inte vad en insats har lett till.",
                "Där ett antal eller en nämnare saknas i dokumentet räknas den inte fram. Då står det att underlaget är otillräckligt.",
                "Klamrar efter ett värde, till exempel [35; 56], visar osäkerheten. Orden säkert och troligen har en bestämd betydelse, se Metod och källor.",
            ]
        )

    def summary(self) -> Bullets:
        """The main messages: how it is going, how sure we are, what is missing."""
        sentences = [
            self._goals(),
            *self._judged(),
            *self._baseline(),
            *self._before_and_after(),
            *self._compared(),
            self._not_comparable(),
            self._missing(),
            self._findings(),
            self._errors(),
        ]
        return Bullets([sentence for sentence in sentences if sentence], "summary")

    def focus_area(self, number: int) -> Text:
        """One sentence on how far a focus area can be followed."""
        row = self._analysis.overview.loc[number]
        if not row["goals"]:
            return Text("Planen innehåller inga mål i det här fokusområdet.", "lead")
        with_result = (
            "Inget av dem har"
            if not row["with_result"]
            else f"{_capital(fmt.counted(row['with_result'], 'mål', 'mål'))} har"
        )
        verdicts = [v for v in self._analysis.verdicts_in(number) if v.observation]
        words = Counter(verdict.word for verdict in verdicts)
        tally = fmt.listed(
            f"{word} ({count})" for word, count in sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))
        )
        told = f" Omdömen: {tally}." if tally else ""
        return Text(
            f"Planen har {fmt.counted(row['goals'], 'mål', 'mål')} här. {with_result} ett redovisat resultat.{told}",
            "lead",
        )

    def judgement(self, verdict: Verdict) -> str:
        """One verdict as a sentence: the target, the figure, the word."""
        figure = self._figure(verdict)
        goal = target_text(verdict)
        aim = f" (målet: {goal})" if goal and verdict.operator != "yes" else ""
        tense = "läget mot målet: " if verdict.position and verdict.is_firm else ""
        return f"{verdict.label}: {figure}{aim}, {fmt.period(verdict.period)} – {tense}{verdict.word}."

    def commentary(self, number: int) -> list[Text]:
        """The county's own words on a focus area, signed and dated."""
        rows = self._analysis.commentary[self._analysis.commentary["focus_area"] == number]
        return [
            Text(f"”{row['text']}” – {row['author']}, {row['role']}, {fmt.period(row['date'])}", "commentary")
            for row in rows.to_dict("records")
        ]

    def measurability(self) -> Text:
        """How much of the plan can be followed at all."""
        counts = self._counts()
        return Text(
            f"Av planens {fmt.number(counts['goals'])} mål har {fmt.number(counts['with_indicator'])} en uppföljningsindikator i planen, "
            f"{fmt.number(counts['testable'])} ett mål som går att pröva och {fmt.number(counts['with_result'])} ett redovisat resultat.",
        )

    def method(self) -> Bullets:
        """How figures, intervals and verdicts are made."""
        return Bullets(
            [
                "Andelar räknas ur tryckta antal. Är bara andelen tryckt visas den som den står, utan intervall.",
                "Säkert betyder att hela det exakta 95-procentsintervallet (Clopper–Pearson för andelar, exakt Poisson för händelser) ligger på ena sidan om målet. Troligen betyder detsamma för 80-procentsintervallet.",
                "Där alla är räknade, till exempel alla hälsocentraler, finns ingen slump och inget intervall. Svarade inte alla visas sämsta och bästa tänkbara utfall.",
                "Siffror med ”cirka” jämförs med en marginal på 2,5 procentenheter, andra tryckta tal med sin avrundning.",
                "Resultat som är äldre än planen, eller som står i det dokument som antar den, är utgångslägen och inte måluppfyllelse.",
                self._errors()
                or "Inget mål har prövats med intervall, eftersom dokumenten inte anger de antal som krävs.",
                "Bara uppgifter som redan är offentliga i dokumenten ingår. Inga opublicerade antal personer visas.",
            ]
        )

    def nothing(self, what: str) -> Text:
        """Said instead of an empty table."""
        return Text(f"Dokumenten innehåller {what}.", "note")

    def _counts(self) -> dict[str, int]:
        analysis = self._analysis
        ids = set(analysis.current_goals["id"])
        own = [verdict for verdict in analysis.verdicts if verdict.goal in ids]
        return {
            "goals": len(ids),
            "with_indicator": len(ids & analysis.goals_with_indicator),
            "testable": len({v.goal for v in own if "not_testable" not in v.reasons}),
            "with_result": len({v.goal for v in own if v.observation and v.word != Word.MEASURES_OTHER}),
            "in_figures": len({v.goal for v in own if v.target_value is not None and "not_testable" not in v.reasons}),
        }

    def _goals(self) -> str:
        counts = self._counts()
        return (
            f"Planen har {fmt.counted(counts['goals'], 'mål', 'mål')}. {_capital(fmt.counted(counts['testable'], 'mål', 'mål'))} "
            f"går att pröva, varav {fmt.number(counts['in_figures'])} i siffror. "
            f"För {fmt.counted(counts['with_result'], 'mål', 'mål')} finns ett redovisat resultat."
        )

    def _judged(self) -> list[str]:
        firm = sorted((v for v in self._analysis.verdicts if v.is_firm), key=_importance)
        return [self.judgement(verdict) for verdict in firm[: self._messages]]

    def _baseline(self) -> list[str]:
        baseline = [v for v in self._analysis.verdicts if v.word == Word.BASELINE]
        if not baseline:
            return []
        judged = any(v.is_firm for v in self._analysis.verdicts)
        number = fmt.counted(len(baseline), "resultat", "resultat")
        text = f"{_capital(number)} som rör målen är äldre än planen eller står i planen själv. De visar utgångsläget, inte måluppfyllelse."
        return [text] if judged else [f"Inget mål kan bedömas ännu. {text}"]

    def _before_and_after(self) -> list[str]:
        """Printed values before and after a change, as the document gives them; nothing is said of the cause."""
        results = self._analysis.results
        rows = results[
            results["level"].isin(["före", "efter"]) & (results["value"].notna() | results["value_low"].notna())
        ]
        return [self._pair(pair) for _, pair in rows.groupby(["indicator", "dimension"], sort=True) if len(pair) == 2]

    def _pair(self, pair: pd.DataFrame) -> str:
        show = Tables(self._analysis).figure
        by_level = {row["level"]: row for row in pair.to_dict("records")}
        after = by_level["efter"]
        return f"{after['title']}: {show(by_level['före'])} före och {show(after)} efter ({after['dimension']}). Uppgiften är dokumentets; antal anges inte."

    def _compared(self) -> list[str]:
        chosen = [
            c for c in self._analysis.comparisons if c.kind == "nation" and c.sex == "T" and c.difference is not None
        ]
        return [self._comparison(comparison) for comparison in chosen[:2]]

    def _comparison(self, comparison: Comparison) -> str:
        title = self._analysis.catalogue[comparison.indicator].title
        values = [fmt.with_unit(value, comparison.unit) for value in (comparison.value, comparison.other_value)]
        text = f"{title}: {values[0]} mot {values[1]} i riket ({fmt.period(comparison.period)})"
        if comparison.word == INSUFFICIENT:
            return f"{text}. Antalen redovisas inte, så skillnadens säkerhet kan inte bedömas."
        return f"{text} – {comparison.word}."

    def _not_comparable(self) -> str:
        number = sum(verdict.word == Word.MEASURES_OTHER for verdict in self._analysis.verdicts)
        if not number:
            return ""
        return f"{_capital(fmt.counted(number, 'resultat', 'resultat'))} som redovisas mot ett mål mäter något annat än målet."

    def _missing(self) -> str:
        missing = [v for v in self._analysis.verdicts if v.word == Word.MISSING]
        indicators = self._analysis.plan_indicators[self._analysis.plan_indicators["kind"] != "none"]
        known = set(
            self._analysis.results.loc[
                self._analysis.results["value"].notna() | self._analysis.results["yes_no"].notna(), "indicator"
            ]
        )
        without = int((~indicators["indicator"].isin(known)).sum())
        parts = []
        if without:
            parts.append(f"resultat för {fmt.number(without)} av {fmt.number(len(indicators))} uppföljningsindikatorer")
        if missing:
            parts.append(f"resultat för {fmt.number(len({v.target for v in missing}))} mål som går att pröva")
        ask = f" Fråga: {self._contact}." if self._contact else ""
        return f"Saknas: {fmt.listed(parts)}.{ask}" if parts else ""

    def _findings(self) -> str:
        number = len(self._analysis.findings)
        return (
            f"{_capital(fmt.counted(number, 'avvikelse', 'avvikelser'))} i dokumenten redovisas öppet under Datakvalitet."
            if number
            else ""
        )

    def _errors(self) -> str:
        errors = expected_errors(self._analysis.verdicts)
        if not errors["judged"]:
            return ""
        number, wrong = int(errors["judged"]), fmt.number(errors["surely_wrong_at_most"])
        likely = fmt.number(errors["likely_wrong_at_most"])
        return f"Av {fmt.counted(number, 'mål', 'mål')} som prövats med intervall väntas högst {wrong} vara felaktigt säkra och högst {likely} felaktigt troliga."

    def _figure(self, verdict: Verdict) -> str:
        row = self._analysis.results.set_index("id").loc[verdict.observation]
        return Tables(self._analysis).figure(row)


def focus_area_name(number: int) -> str:
    """The official name of a focus area."""
    return FOCUS_AREAS[number]


def _importance(verdict: Verdict) -> tuple[int, int, str, str]:
    """Firm on chance first, then counted; not reached before reached; newest first."""
    by_interval = verdict.word in BY_INTERVAL
    not_reached = "inte" in verdict.word
    return (not by_interval, not not_reached, "".join(chr(255 - ord(c)) for c in verdict.period), verdict.target)


def _span(start: str, end: str | None) -> str:
    return fmt.period(start if not end or end == start else f"{start}/{end}")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def joined(sentences: Iterable[str]) -> str:
    """Sentences as one running text."""
    return " ".join(sentences)
