"""Swedish sentences. Every judgement in them comes from a verdict or a comparison object; none is made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.areas import short_name
from psykanalys.comparison import INSUFFICIENT, Comparison
from psykanalys.data.contract import WITHOUT_VALUE
from psykanalys.data.prepare import as_rows
from psykanalys.disclosure import THRESHOLD
from psykanalys.periods import parse_period
from psykanalys.present import formatting as fmt
from psykanalys.present.commentary import Commentary
from psykanalys.present.counts import counted, goals_at
from psykanalys.present.counts import goals as goals_counted
from psykanalys.present.html import Bullets, Steps, Text
from psykanalys.present.notices import SYNTHETIC
from psykanalys.present.tables import Tables, reported_indicators, target_text
from psykanalys.present.words import FINDING_KINDS
from psykanalys.references import Marked, capital, plain
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
        area = self._analysis.county
        return f"Psykisk hälsa i {short_name(area)}{' kommun' if area.kind == 'municipality' else ''}"

    def synthetic(self) -> Text | None:
        """That the figures are made up, where they are."""
        return (
            Text(f"{SYNTHETIC}: alla siffror på sidan är påhittade.", "warning")
            if self._analysis.is_synthetic
            else None
        )

    def scope(self) -> Text:
        """Which plan and which period the report concerns."""
        sources = self._analysis.sources
        plans = as_rows(sources[sources["plan_start"].notna()])
        named = fmt.listed(f"”{row['title']}” ({row['publisher']})" for row in plans)
        what = f"{'planerna' if len(plans) > 1 else 'planen'} {named}" if plans else "länets uppföljningar"
        told = self._analysis.results[self._analysis.results["status"] != "forecast"]["when"]
        last = max((parse_period(str(when)).last for when in told), default=None)
        until = f" Den senaste uppgiften gäller {last.year}." if last else ""
        whose = " Planen är länets; siffrorna är kommunens egna." if self._analysis.who == "kommunen" else ""
        return Text(f"Analys av {what}.{whose}{until}", "lead")

    def use(self) -> Bullets:
        """What the report may and may not be used for."""
        return Bullets(
            [
                "Analysen bygger enbart på de dokument som anges sist. Varje siffra har en hänvisning till dokument och rad.",
                f"Den visar var {self._analysis.who} står i förhållande till {'länets' if self._analysis.who == 'kommunen' else 'sin egen'} plan. Den rangordnar inte {'kommunerna' if self._analysis.who == 'kommunen' else 'länen'}, och den visar inte vad en insats har lett till.",
                "Där ett antal eller en nämnare saknas i dokumentet räknas den inte fram. Då står det att underlaget är otillräckligt.",
                "Klamrar efter ett värde, till exempel [35; 56], visar osäkerheten. Orden säkert och troligen har en bestämd betydelse, se Metod och källor.",
            ]
        )

    def message(self) -> Text:
        """The one sentence to remember: whether it can be said that goals are reached."""
        goals, judged = len(self._analysis.current_goals), len(self._analysis.goals_that["judged"])
        if not goals:
            return Text("Planen innehåller inga mål.", "message")
        if goals == 1:
            return Text(
                "Planens enda mål kan bedömas." if judged else "Det går inte att säga om planens enda mål är nått.",
                "message",
            )
        if not judged:
            return Text(f"Det går inte att säga om något av planens {self._goals_at('goals')} mål är nått.", "message")
        return Text(self._judged_goals(), "message")

    def _judged_goals(self) -> str:
        """How the judged goals came out: 'Av planens 24 mål kan 20 bedömas: 9 är nådda, … och 2 går inte att avgöra.'"""
        goals = self._analysis.goals_that["judged"]
        said = {goal: {each.word for each in self._analysis.plan_verdicts if each.goal == goal} for goal in goals}
        worst = {goal: next(name for name, words in _JUDGED.items() if found & words) for goal, found in said.items()}
        parts = {name: [goal for goal in goals if worst[goal] == name] for name in reversed(list(_JUDGED))}
        told = [
            f"{self._counted(f'judged/{name}', own)} {_came_out(name, len(own))}" for name, own in parts.items() if own
        ]
        start = f"Av planens {self._goals_at('goals')} mål kan {self._goals_at('judged')} bedömas"
        return f"{start}: {f'det {_came_out(next(iter(worst.values())), 1)}' if len(goals) == 1 else fmt.listed(told)}."

    def why(self) -> Text:
        """Why goals cannot be judged: parts that make up all goals that are not."""
        analysis = self._analysis
        steps = analysis.goal_steps
        kinds = {
            "cannot-be-tested": (["not_testable"], "går inte att pröva"),
            "without-result": (["measured_by_other", "testable"], "saknar resultat som mäter målet"),
            "not-enough": (["with_result"], "har bara uppgifter som inte räcker för ett omdöme"),
        }
        told = []
        for name, (codes, words) in kinds.items():
            goals = steps.index[steps.isin(codes)]
            if len(goals):
                told.append(f"{self._counted(f'why/{name}', goals)} {words}")
        return Text(f"{fmt.listed(told)}." if told else "", "why")

    def steps(self) -> Steps:
        """How many of the plan's goals remain at each step towards a verdict."""
        words = {
            "goals": "mål i planen",
            "testable": "är skrivna så att de går att pröva",
            "with_result": "har ett redovisat läge",
            "judged": "kan bedömas som nådda eller inte",
        }
        counts = [(goals_counted(self._analysis, name), word) for name, word in words.items()]
        return Steps(counts, self._goals())

    def summary(self) -> dict[str, Bullets]:
        """The main messages under three questions, the most telling sentence of each first."""
        answers = {
            "Hur går det?": [*self._judged(), self._baseline(), *self._positions(), *self._before_and_after()],
            "Hur säkert är det?": [self._stands_out(), *self._compared(), *self._stated(), self._errors()],
            "Vad saknas?": [self._missing(), self._not_comparable(), self._findings()],
        }
        return {question: Bullets([each for each in told if each]) for question, told in answers.items()}

    def focus_area(self, number: int) -> Text:
        """How far the goals of a focus area can be followed."""
        row = self._analysis.overview.loc[number]
        if not row["goals"]:
            return Text("Planen innehåller inga mål i det här fokusområdet.", "lead")
        goals = f"Planen har {self._goals_in_words(number)} i det här fokusområdet."
        if not row["testable"]:
            return Text(f"{goals} {_untestable(row['goals'])}", "lead")
        testable = "Det" if row["goals"] == 1 else f"{self._goals_at('testable', number)} av dem"
        if row["testable"] == 1:
            judged = f"det har {'ett' if row['with_result'] else 'inget'} redovisat resultat och kan {'' if row['judged'] else 'inte '}bedömas"
        else:
            with_result, kept = (self._goals_at(step, number) for step in ("with_result", "judged"))
            judged = f"{with_result} av de målen har ett redovisat resultat, och {kept} kan bedömas"
        return Text(f"{goals} {testable} går att pröva; {judged}.", "lead")

    def judgement(self, verdict: Verdict) -> Marked:
        """One verdict as a sentence: the target, the figure, the word."""
        goal = target_text(verdict)
        aim = f" (målet: {goal})" if goal and verdict.operator != "yes" else ""
        when = f", {fmt.period(verdict.period)}" if verdict.observation else ""
        tense = "läget mot målet: " if verdict.position and verdict.is_firm else ""
        by_hand = " (satt för hand)" if verdict.override else ""
        return capital(f"{verdict.label}: {self._figure(verdict)}{aim}{when} – {tense}{verdict.word}{by_hand}.")

    def commentary(self, number: int) -> list[Commentary]:
        """The county's own words on a focus area, signed and dated."""
        rows = self._analysis.commentary[self._analysis.commentary["focus_area"] == number]
        return [Commentary(row["text"], row["author"], row["role"], row["date"]) for row in as_rows(rows)]

    def measurability(self) -> Text:
        """How much of the plan can be followed at all."""
        counts = self._counts()
        if not counts["goals"]:
            return Text("Planen innehåller inga mål.")
        if counts["goals"] == 1:
            return Text(
                f"Planens enda mål har {'en' if counts['with_indicator'] else 'ingen'} uppföljningsindikator som mäter "
                f"målet, går {'' if counts['testable'] else 'inte '}att pröva och har "
                f"{'ett' if counts['with_result'] else 'inget'} redovisat resultat."
            )
        also = "också " if counts["with_result"] else ""
        return Text(
            f"Av planens {self._goals_at('goals')} mål har {self._goals_at('with_indicator')} en "
            f"uppföljningsindikator som mäter målet, {self._goals_at('testable')} går att pröva och "
            f"{self._goals_at('with_result')} har {also}ett redovisat resultat.",
        )

    def data_quality(self) -> Text:
        """What kinds of finding there are, and how many."""
        findings = self._analysis.findings
        kinds = findings["kind"].map(FINDING_KINDS)
        told = fmt.listed(
            f"{kind} ({self._counted(f'findings/{kind}', findings.loc[kinds == kind, 'id'])})"
            for kind, _ in sorted(kinds.value_counts().items(), key=lambda pair: (-pair[1], pair[0]))
        )
        found = self._in_words("findings", findings["id"], "avvikelse", "avvikelser")
        if not told:
            return Text(f"När dokumenten lästes rad för rad hittades {found}.")
        return Text(
            f"När dokumenten lästes rad för rad hittades {found}: {told}. Inget har rättats i det tysta; varje avvikelse redovisas med plats och hur den behandlats."
        )

    def method(self) -> Bullets:
        """How figures, intervals and verdicts are made."""
        return Bullets(
            [
                "Andelar räknas ur tryckta antal. Är bara andelen tryckt visas den som den står, utan intervall.",
                "Säkert betyder att hela det exakta 95-procentsintervallet (Clopper–Pearson för andelar, exakt Poisson för händelser) ligger på ena sidan om målet. Troligen betyder detsamma för 80-procentsintervallet.",
                "Där alla är räknade, till exempel alla hälsocentraler, finns ingen slump och inget intervall. Svarade inte alla visas den lägsta och högsta andel som var möjlig.",
                "Siffror med ”cirka” jämförs med en marginal på 2,5 procentenheter, andra tryckta tal med sin avrundning.",
                "Resultat som är äldre än planen, eller som står i det dokument som antar den, är utgångslägen och inte måluppfyllelse.",
                self._errors()
                or "Inget omdöme bygger på intervall, eftersom dokumenten inte anger de antal som krävs.",
                self._protection(),
            ]
        )

    def _protection(self) -> str:
        """The rule that protects persons, and how often it was needed."""
        protected = self._analysis.protected
        least = protected.threshold if protected else THRESHOLD
        rule = f"Antal personer eller händelser från 1 till {least - 1} visas inte, om de inte redan är offentliga, och inte heller uppgifter som de går att räkna ut ur."
        hidden = self._analysis.results.loc[self._analysis.results["status"] == "suppressed", "id"]
        if len(hidden):
            told = self._in_words("suppressed", hidden, "uppgift skyddad", "uppgifter skyddade")
            return f"{rule} I den här rapporten är {told}."
        unpublished = (self._analysis.results["published"] == "no").any()
        return (
            f"{rule} Här behövdes det inte{'' if unpublished else ': alla uppgifter är redan offentliga i dokumenten'}."
        )

    def not_for_mailing(self) -> Text | None:
        """A warning where a hidden count can still be told."""
        still_open = set(self._analysis.protected.open if self._analysis.protected else ())
        own = self._analysis.results.loc[self._analysis.results["id"].isin(still_open), "title"]
        if not len(own):
            return None
        return Text(f"Ej för utskick: skyddade antal går att räkna ut ({fmt.listed(sorted(set(own)))}).", "warning")

    def nothing(self, what: str) -> Text:
        """Said instead of an empty table."""
        return Text(f"Dokumenten innehåller {what}.", "note")

    def _counted(self, name: str, rows: Iterable[str], text: str | None = None) -> Marked:
        return counted(self._analysis, name, rows, text)

    def _in_words(self, name: str, rows: Iterable[str], singular: str, plural: str) -> Marked:
        """How many rows there are, with their noun: 'tre avvikelser'."""
        ids = set(rows)
        return self._counted(name, ids, fmt.counted(len(ids), singular, plural))

    def _goals_at(self, step: str, focus_area: int = 0) -> Marked:
        """How many goals reach a step: a figure, or 'inget'."""
        text = None if goals_at(self._analysis, step, focus_area) else "inget"
        return goals_counted(self._analysis, step, focus_area, text)

    def _goals_in_words(self, focus_area: int = 0) -> Marked:
        """'tre mål'."""
        number = len(goals_at(self._analysis, "goals", focus_area))
        return goals_counted(self._analysis, "goals", focus_area, fmt.counted(number, "mål", "mål"))

    def _counts(self) -> dict[str, int]:
        analysis = self._analysis
        goals = set(analysis.current_goals["id"])
        followed = {name: len(ids) for name, ids in analysis.goals_that.items()}
        return {"goals": len(goals), "with_indicator": len(goals & analysis.goals_with_indicator), **followed}

    def _goals(self) -> str:
        counts = self._counts()
        start = f"Planen har {self._goals_in_words()}."
        if not counts["testable"]:
            return f"{start} {_untestable(counts['goals'])}".strip()
        if counts["testable"] == 1:
            told = f"{'Det' if counts['goals'] == 1 else '1'} går att pröva, {'' if counts['in_figures'] else 'inte '}mot en siffra"
            return f"{start} {told}; det har {'ett' if counts['with_result'] else 'inget'} redovisat resultat."
        figures = f"{self._goals_at('in_figures')} av dem mot en siffra"
        told = f"{self._goals_at('testable')} går att pröva, {figures}"
        return f"{start} {told}; {self._goals_at('with_result')} har ett redovisat resultat."

    def _judged(self) -> list[str]:
        judged = sorted(self._judged_verdicts(), key=_importance)
        return [self.judgement(verdict) for verdict in judged[: self._messages]]

    def _judged_verdicts(self) -> list[Verdict]:
        """The verdicts that make their goals count as judged in the overview."""
        followed = [v for v in self._analysis.plan_verdicts if "not_testable" not in v.reasons]
        return [v for v in followed if v.is_firm or v.word == Word.UNDECIDED]

    def _baseline(self) -> str:
        """How many goals have nothing but a starting value."""
        baseline = {str(v.goal) for v in self._analysis.plan_verdicts if v.word == Word.BASELINE}
        if not baseline:
            return ""
        number = self._in_words("baseline", baseline, "mål", "mål")
        start = "" if self._judged_verdicts() else "Det vet vi inte. "
        listed = "" if any(self._positions()) else " Se tabellen längre ned."
        told = "har ett redovisat läge, men från tiden före planen eller ur planen själv"
        return f"{start}{capital(number)} {told}.{listed}"

    def _positions(self) -> list[str]:
        """Where the county stood on its own goals: one figure, else one statement, per focus area."""
        shown: dict[str, Verdict] = {}
        usable = [v for v in self._analysis.plan_verdicts if v.word in _STARTING and self._is_told(v)]
        usable.sort(key=lambda v: (v.focus_areas, v.value is None, _STARTING.index(v.word), v.target))
        for verdict in usable:
            shown.setdefault(verdict.focus_areas, verdict)
        return [self._position(verdict) for verdict in list(shown.values())[: self._messages]]

    def _is_told(self, verdict: Verdict) -> bool:
        return verdict.value is not None or (verdict.word == Word.BASELINE and bool(self._figure(verdict)))

    def _position(self, verdict: Verdict) -> str:
        """The goal first, marked as a goal; then where the county stood."""
        aim = target_text(verdict)
        is_said = bool(aim) and set(plain(aim).lower().split()) <= set(verdict.label.lower().split())
        stated = aim or "planen anger ingen andel"
        untested = "; går inte att pröva" if aim and verdict.word == Word.NOT_TESTABLE else ""
        goal = "" if is_said and not untested else f" ({stated}{untested})"
        return f"Mål: {_uncapital(verdict.label)}{goal}. Läget {fmt.period(verdict.period)}: {self._figure(verdict)}."

    def _stated(self) -> list[str]:
        """Comparisons that the documents make in words only, quoted as theirs; those with riket first."""
        results = self._analysis.results
        own = results[(results["area"] == self._analysis.county.code) & results["direction"].isin(_COMPARED_IN_WORDS)]
        own = own[own[_FIGURES].isna().all(axis="columns")]
        own = own.assign(_other=~own["wording"].str.contains("riket|landsting|nationell", case=False))
        targeted = set(self._analysis.targets[["indicator", "reported_indicator"]].stack())
        own = own.assign(_aside=~own["indicator"].isin(targeted))
        own = own[own["wording"] != ""].sort_values(["_aside", "_other", "direction", "id"])
        told = own.drop_duplicates(["indicator", "wording"]).drop_duplicates("indicator").head(2)
        same = [
            own[(own["indicator"] == row["indicator"]) & (own["wording"] == row["wording"])]
            for _, row in told.iterrows()
        ]
        return [self._quoted(as_rows(rows)) for rows in same]

    def _quoted(self, rows: Sequence[Mapping[str, Any]]) -> str:
        """The document's words on a measure, with the populations that they are about (a compared level is in them)."""
        row = rows[0]
        levels = ("" if each["dimension"] in ("jämförelse", "utveckling") else each["level"] for each in rows)
        details = [fmt.population(each["sex"], each["age"], level) for each, level in zip(rows, levels, strict=True)]
        whom = f" ({fmt.listed(sorted(set(details)))})" if all(details) else ""
        when = fmt.period(row["when"])
        return f"{capital(row['title'])}{whom}: dokumentet skriver ”{row['wording']}”, utan siffror ({when})."

    def _stands_out(self) -> str:
        family = [each for each in self._analysis.comparisons if each.stands_out is not None]
        if not family:
            what = f"om {self._analysis.who} skiljer sig från riket"
            whether = what if self._judged_verdicts() else f"om målen nås eller {what}"
            return f"Underlaget räcker inte för att säga {whether}."
        is_one = len(family) == 1
        ids = [f"{each.observation}/{each.other}" for each in family]
        number = capital(self._in_words("comparisons-tested", ids, "jämförelse", "jämförelser"))
        looked = f"{number} har prövats{'' if is_one else ' tillsammans'}"
        outstanding = sorted((each for each in family if each.stands_out), key=lambda each: each.p_value or 0.0)
        found = [self._comparison(each).rstrip(".") for each in outstanding[:MOST_OUTSTANDING]]
        if more := [f"{each.observation}/{each.other}" for each in outstanding[MOST_OUTSTANDING:]]:
            found.append(self._in_words("comparisons-outstanding-more", more, "till", "till"))
        nothing = "den sticker inte ut" if is_one else "ingen sticker ut"
        return f"{looked}; {f'det som sticker ut: {fmt.listed(found)}' if found else nothing}."

    def _before_and_after(self) -> list[str]:
        """Printed values before and after a change, as the document gives them; nothing is said of the cause."""
        results = self._analysis.results
        printed = (results["value"].notna() | results["value_low"].notna()) & results["numerator"].isna()
        rows = results[results["level"].isin(["före", "efter"]) & printed]
        pairs = rows.groupby(["indicator", "dimension", "area", "comparator", "sex", "age"], sort=True)
        return [self._pair(pair) for _, pair in pairs if sorted(pair["level"]) == ["efter", "före"]]

    def _pair(self, pair: pd.DataFrame) -> str:
        show = Tables(self._analysis).figure
        by_level = {row["level"]: row for row in as_rows(pair)}
        after = by_level["efter"]
        detail = f" ({after['dimension']})" if after["dimension"] else ""
        return f"{capital(after['title'])}: {show(by_level['före'])} före och {show(after)} efter{detail}. Så står det i dokumentet, utan antal."

    def _compared(self) -> list[str]:
        chosen = [
            c for c in self._analysis.comparisons if c.kind == "nation" and c.sex == "T" and c.difference is not None
        ]
        return [self._comparison(comparison, with_reason=False) for comparison in chosen[:2]]

    def _comparison(self, comparison: Comparison, *, with_reason: bool = True) -> str:
        """One comparison as a sentence; only its own word judges it."""
        detail = fmt.population(comparison.sex, comparison.age, comparison.level)
        measure = capital(self._analysis.catalogue[comparison.indicator].title) + (f" ({detail})" if detail else "")
        own, other = Tables(self._analysis).compared(comparison)
        period = fmt.period(comparison.period)
        text = {
            "nation": f"{measure}: {own} mot {other} i riket ({period})",
            "group": f"{measure}: {own} mot {other} för {comparison.against} ({period})",
            "past": f"{measure}: {own} {period} mot {other} {_earlier(comparison)}",
        }[comparison.kind]
        if comparison.word == INSUFFICIENT and not with_reason:
            return f"{text}; antal anges inte, så skillnadens säkerhet kan inte bedömas."
        if comparison.word == INSUFFICIENT:
            return f"{text}. Antal och nämnare redovisas inte för båda, så skillnadens säkerhet kan inte bedömas."
        return f"{text} – {comparison.word}."

    def _missing(self) -> str:
        indicators = self._analysis.plan_indicators[self._analysis.plan_indicators["kind"] != "none"]
        known = reported_indicators(self._analysis.results)
        without = indicators[~indicators["indicator"].isin(known)]["id"]
        testable = goals_at(self._analysis, "testable")
        unknown, parts = testable - goals_at(self._analysis, "with_result"), []
        if len(without):
            noun = "uppföljningsindikator" if len(indicators) == 1 else "uppföljningsindikatorer"
            of_all = self._counted("indicators", indicators["id"])
            parts.append(f"{self._counted('indicators/without-result', without)} av {of_all} {noun}")
        if unknown:
            of_all = self._goals_at("testable")
            those = "det enda" if len(testable) == 1 else f"{self._counted('testable/unknown', unknown)} av de {of_all}"
            parts.append(f"{those} mål som går att pröva")
        ask = f" Fråga {self._contact}." if self._contact else ""
        return f"Resultat saknas för {fmt.listed(parts)}.{ask}" if parts else ""

    def _not_comparable(self) -> str:
        """How many printed figures lie near a goal of the plan but measure something else."""
        near = {v.observation for v in self._analysis.plan_verdicts if v.word == Word.MEASURES_OTHER}
        figures = self._analysis.results[~self._analysis.results["status"].isin(WITHOUT_VALUE)]
        shown = figures.loc[figures["id"].isin(near), "id"]
        if not len(shown):
            return ""
        told = self._in_words("measures-other", shown, "uppgift", "uppgifter")
        return f"{capital(told)} ligger nära ett mål men mäter något annat än målet (vår läsning)."

    def _findings(self) -> str:
        number = len(self._analysis.findings)
        if not number:
            return ""
        such = ", till exempel summor som inte stämmer eller nämnare som saknas," if number > 1 else ""
        told = self._in_words("findings", self._analysis.findings["id"], "avvikelse", "avvikelser")
        return f"{capital(told)} i dokumenten{such} redovisas under Datakvalitet."

    def _errors(self) -> str:
        errors = expected_errors(self._analysis.verdicts)
        if not errors["judged"]:
            return ""
        judged = [f"{v.target}/{v.observation}" for v in self._analysis.verdicts if v.by_interval]
        wrong, likely = (
            self._counted(f"by-interval/{name}", judged, fmt.number(errors[name]))
            for name in ("surely_wrong_at_most", "likely_wrong_at_most")
        )
        told = capital(self._in_words("by-interval", judged, "omdöme", "omdömen"))
        return f"{told} bygger på intervall; antalet felaktigt säkra väntas vara högst {wrong} och antalet felaktigt troliga högst {likely}."

    def _figure(self, verdict: Verdict) -> str:
        if verdict.observation is None:
            return "inget redovisat resultat"
        row = self._analysis.results_by_id[verdict.observation]
        return Tables(self._analysis).figure(row)


def _came_out(name: str, count: int) -> str:
    """How one goal, or several, came out: a part of `_JUDGED` in words."""
    if name == "undecided":
        return "går inte att avgöra"
    surely = "" if name in ("reached", "not-reached") else "troligen "
    negation = "inte " if name in ("not-reached", "likely-not") else ""
    return f"är {surely}{negation}{'nått' if count == 1 else 'nådda'}"


def focus_area_name(number: int) -> str:
    """The official name of a focus area."""
    return FOCUS_AREAS[number]


# A goal of several targets is as far as the one that is worst off.
_JUDGED: Mapping[str, frozenset[Word]] = {
    "not-reached": frozenset({Word.NOT_REACHED, Word.NOT_REACHED_PROTECTED, Word.SURELY_NOT_REACHED}),
    "likely-not": frozenset({Word.LIKELY_NOT_REACHED}),
    "undecided": frozenset({Word.UNDECIDED}),
    "likely": frozenset({Word.LIKELY_REACHED}),
    "reached": frozenset({Word.REACHED, Word.SURELY_REACHED}),
}
MOST_OUTSTANDING = 3
_STARTING = (Word.BASELINE, Word.NOT_TESTABLE)
_FIGURES = ["value", "value_low", "numerator", "change"]
_COMPARED_IN_WORDS = ["higher", "much_higher", "slightly_higher", "lower", "much_lower", "slightly_lower"]


def _importance(verdict: Verdict) -> tuple[int, int, str, str]:
    """Firm on chance first, then counted, then undecided; not reached before reached; newest first."""
    firmness = 0 if verdict.word in BY_INTERVAL else 1 if verdict.is_firm else 2
    not_reached = verdict.word.endswith("inte nått") or verdict.word == Word.NOT_REACHED_PROTECTED
    return (firmness, not not_reached, "".join(chr(255 - ord(c)) for c in verdict.period), verdict.target)


def _untestable(goals: int) -> str:
    return {0: "", 1: "Det går inte att pröva."}.get(goals, "Inget av dem går att pröva.")


def _uncapital(text: str) -> str:
    """A label inside a sentence; an abbreviation keeps its letters."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _earlier(comparison: Comparison) -> str:
    return fmt.period(comparison.against) if comparison.kind == "past" else ""


def joined(sentences: Iterable[str]) -> str:
    """Sentences as one running text."""
    return " ".join(sentences)
