"""Sentences say what the verdicts and comparisons hold: nothing else, nothing against one another, in right Swedish."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.areas import find_county
from psykanalys.catalogue import Indicator, load_catalogue
from psykanalys.comparison import Comparison, compare_all
from psykanalys.data import contract
from psykanalys.indicators import calculate
from psykanalys.present import formatting as fmt
from psykanalys.present.focus_area import FocusAreaSentences
from psykanalys.present.sentences import Sentences
from psykanalys.present.tables import Tables, signed, target_text
from psykanalys.verdicts import Verdict, Word, expected_errors, judge_all

RAW = Path(__file__).parents[2] / "data" / "raw"
COUNTY, NATION = "24", "00"
REACHED = {Word.REACHED, Word.SURELY_REACHED, Word.LIKELY_REACHED}
NUMBERS = ["numerator", "denominator", "value", "value_low", "value_high", "change", "ci_low", "ci_high"]
KINDS = [
    "areas",
    "units",
    "goals",
    "activities",
    "targets",
    "plan_indicators",
    "needs",
    "findings",
    "commentary",
    "funding",
]


def _indicator(name: str, statistic: str, nature: str, unit: str, **more) -> Indicator:
    definition = {
        "id": name, "title": f"Mått {name}", "question": "Hur många?", "focus_areas": [1], "numerator": "Några",
        "statistic": statistic, "nature": nature, "unit": unit, "decimals": 0, "desired_direction": "higher",
        "source": "Uppföljning", "counts": "units", "caveats": [], "changes": [{"date": "2026-11-21", "note": "Ny."}],
    }  # fmt: skip
    return Indicator.model_validate(definition | more)


SHARES = [
    _indicator(nature, "proportion", nature, "procent", denominator="Alla", decimals=decimals)
    for nature, decimals in (("process", 0), ("sample", 1), ("census", 0), ("census_with_nonresponse", 0))
]
RATE = _indicator("rate", "rate", "events", "per 100000", denominator="Invånare", per=100000, decimals=1)
EVENTS = _indicator("events", "count", "events", "självmord")
UNITS = _indicator("units", "count", "census", "hälsocentraler")
POSTS = _indicator("posts", "quantity", "census", "tjänster")
YES_NO = _indicator("agreement", "yes_no", "census", "ja/nej")
CATALOGUE = {each.id: each for each in (*SHARES, RATE, EVENTS, UNITS, POSTS, YES_NO)}


# --- small analyses -------------------------------------------------------------------------------------------------


def _row(table: str, /, **values) -> dict:
    fields = contract.KINDS[table].model_fields
    blank = {name: "" if field.default == "" else None for name, field in fields.items()}
    return blank | {"source": "plan", "places": "plan:1", "county_code": COUNTY} | values


def _table(kind: str, rows: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(dict.fromkeys([*contract.columns(kind), *(rows[0] if rows else ())])))


def _goal(number: int, focus_areas: str = "1") -> dict:
    return _row(
        "goals", id=f"g{number}", plan="current", group="a", group_label="Område", level="long", label="Ett mål",
        focus_areas=focus_areas, joint="no", state="unknown",
    )  # fmt: skip


def _target(number: int, goal: str | None = "g0", **changes) -> dict:
    letter = "ABCDEFGHIJ"[number]
    return _row(
        "targets", id=f"t{number}", goal=goal, focus_areas="1", label=f"Målet {letter}", indicator="process",
        operator=">=", value=90.0, area=COUNTY, sex="T", unit="procent", due="2020", testable="yes",
        why_not_testable="Andel anges inte.", why_other="Något annat.",
    ) | changes  # fmt: skip


def _observation(number: int, **changes) -> dict:
    row = _row(
        "observations", id=f"o{number:02}", source="follow-up", places="follow-up:1", indicator="process",
        area=COUNTY, period="2022", sex="T", status="exact", published="yes",
    ) | changes  # fmt: skip
    return row | {"unit": CATALOGUE[row["indicator"]].unit}


def analysis_of(observations=(), targets=(), goals=(), listed=(), findings=0, overrides=(), sources=None) -> Analysis:
    """One county's analysis of a few rows: the same steps as `analyse`, without files."""
    documents = sources or [
        {"id": "plan", "title": "Planen", "publisher": "Regionen", "county_code": COUNTY, "plan_start": "2019"},
        {"id": "follow-up", "title": "Uppföljningen", "publisher": "Regionen", "county_code": COUNTY},
    ]
    faults = [_row("findings", id=f"f{n}", kind=("arithmetic", "unit")[n % 2]) for n in range(findings)]
    rows = {"goals": list(goals), "targets": list(targets), "plan_indicators": list(listed), "findings": faults}
    tables = {kind: _table(kind, rows.get(kind, [])) for kind in KINDS}
    tables["sources"] = pd.DataFrame(documents, columns=["id", "title", "publisher", "county_code", "plan_start"])
    tables["survey"] = pd.DataFrame([{"source": "follow-up", "kind": "frame", "count": 38}])
    texts = dict.fromkeys(["period", "as_of", "base_period", "direction", "yes_no"], "string")
    printed = _table("observations", list(observations)).astype(dict.fromkeys(NUMBERS, "Float64") | texts)
    results = calculate(CATALOGUE, printed, tables["survey"])
    words = pd.DataFrame(list(overrides))
    verdicts = judge_all(tables["targets"], results, tables["sources"], tables["goals"], words)
    comparisons = tuple(compare_all(results, COUNTY)) if len(results) else ()
    return Analysis(find_county(COUNTY), tables, results, tuple(verdicts), comparisons, (), CATALOGUE, {})


PERIODS = st.sampled_from(
    ["2020", "2021", "2022", "2020", "2021", "2022", "2016/2018", "2014/15", "2018-01/2018-08", "2021-08", "2022-09-30"]
)
FIGURES = st.decimals(0, 100, places=2).map(float)
STATUSES = st.sampled_from(["exact", "exact", "approximate", "at_least", "at_most", "forecast"])
WITHOUT = [{"status": status} for status in contract.WITHOUT_VALUE]
IN_WORDS = [{"direction": "higher", "wording": "högre än riket"}, {"direction": "decreasing", "wording": "minskar"}]


@st.composite
def _counted(draw, indicator: Indicator) -> dict:
    x = draw(st.sampled_from([0, 1, 2, 5, 11, 19, 30, 36, 38]))
    if indicator.statistic == "count":
        return {"numerator": x}
    if indicator.nature == "census_with_nonresponse":
        return {"numerator": x, "denominator": 38 if x > 31 else max(x, 31)}
    return {
        "numerator": x,
        "denominator": draw(st.sampled_from([max(x, 1), 39, 400])) * (1000 if indicator is RATE else 1),
    }


@st.composite
def _printed(draw) -> dict:
    low, value, high = sorted(draw(st.tuples(FIGURES, FIGURES, FIGURES)))
    forms = [
        {"value": value},
        {"value": value, "wording": "ungefär hälften"},
        {"value_low": low, "value_high": high},
        {"value": value, "ci_low": low, "ci_high": high},
        {"value": value, "change": low - value, "change_unit": "", "base_period": "2015"},
    ]
    return draw(st.sampled_from(forms)) | {"status": draw(STATUSES)}


def _content(indicator: Indicator):
    if indicator is YES_NO:
        return st.sampled_from(
            [{"yes_no": "yes"}, {"yes_no": "no"}, {"yes_no": "yes", "status": "approximate"}, *WITHOUT]
        )
    forms = [_printed(), st.sampled_from(WITHOUT + IN_WORDS)]
    return st.one_of(*forms) if indicator is POSTS else st.one_of(_counted(indicator), *forms)


@st.composite
def _figures(draw, number: int, indicator: Indicator) -> list[dict]:
    """One figure of the county, sometimes with riket's for the same period, which then contains it."""
    period, content = draw(PERIODS), draw(_content(indicator))
    row = {"indicator": indicator.id, "period": period, "sex": draw(st.sampled_from("TTTTTK"))}
    source = draw(st.sampled_from(["plan", "follow-up", "follow-up"]))
    own = _observation(2 * number, **row, **content, source=source)
    if content.get("denominator", 0) > 38 and draw(st.booleans()):
        counts = {name: 40 * content[name] + draw(st.integers(0, 500)) for name in ("numerator", "denominator")}
        counts["denominator"] = max(counts["denominator"], counts["numerator"] + 1)
        return [own, _observation(2 * number + 1, **row, **counts, area=NATION)]
    if "value" in content and draw(st.booleans()):
        return [own, _observation(2 * number + 1, **row, value=draw(FIGURES), area=NATION)]
    return [own]


@st.composite
def _targets(draw, number: int, goals: int, indicator: Indicator) -> dict:
    low, high = sorted(draw(st.tuples(*[st.sampled_from([0.0, 1.0, 10.0, 33.3, 50.0, 90.0, 100.0])] * 2)))
    levels = [{"operator": operator, "value": low} for operator in (">=", "<=", ">", "<", "=")]
    forms = [*levels, {"operator": "between", "value": low, "value_high": high}]
    forms += [{"operator": each, "value": None} for each in ("increase", "decrease", "growth_stops", "growth_slows")]
    yes = {"operator": "yes", "value": None}
    form = yes if indicator is YES_NO else draw(st.sampled_from(forms))
    other = draw(
        st.sampled_from([{}, {}, {}, {}, {"reported_indicator": indicator.id, "measures": "other", "indicator": None}])
    )
    goal = f"g{draw(st.integers(0, goals - 1))}" if goals and draw(st.integers(0, 4)) else None
    due, testable = (
        draw(st.sampled_from([None, "2020", "2030"])),
        draw(st.sampled_from(["yes", "yes", "yes", "yes", "no"])),
    )
    about = {"indicator": indicator.id, "unit": indicator.unit, "due": due, "testable": testable}
    return _target(number, goal, **about | form | other)


@st.composite
def analyses(draw) -> Analysis:
    goals = [_goal(n, draw(st.sampled_from(["1", "2", "1 | 3"]))) for n in range(draw(st.integers(0, 4)))]
    about = st.sampled_from(draw(st.lists(st.sampled_from(list(CATALOGUE.values())), min_size=1, max_size=2)))
    targets = [draw(_targets(n, len(goals), draw(about))) for n in range(draw(st.integers(1, 5)))]
    rows = [row for n in range(draw(st.integers(1, 6))) for row in draw(_figures(n, draw(about)))]
    word = draw(st.sampled_from(["nått", "inte nått", "utgångsläge", "går inte att avgöra"]))
    by_hand = {"id": "x", "target": "t0", "verdict": word, "name": "N N", "date": "2026-11-21", "reason": "Skäl."}
    listed = [
        _row("plan_indicators", id=f"p{n}", group="a", focus_areas="1", kind="share", label="En", measures="goal",
             indicator=draw(st.sampled_from([None, *CATALOGUE])))
        for n in range(draw(st.integers(0, 3)))
    ]  # fmt: skip
    overrides = [by_hand] if targets and not draw(st.integers(0, 3)) else []
    return analysis_of(rows, targets, goals, listed, draw(st.integers(0, 3)), overrides)


def rare_words() -> Analysis:
    """What chance seldom brings: *troligen*, a hidden count against zero, a difference from riket that stands out."""
    likely = [_observation(n, numerator=x, denominator=100, period=f"202{n}") for n, x in enumerate((95, 85))]
    hidden = _observation(2, indicator="events", status="suppressed")
    riket = _observation(3, numerator=2000, denominator=4000, period="2020", area=NATION)
    none = {"indicator": "events", "operator": "<=", "value": 0.0, "unit": "självmord"}
    return analysis_of([*likely, hidden, riket], [_target(0), _target(1, "g1", **none)], [_goal(0), _goal(1)])


@pytest.fixture(scope="module")
def sample() -> list[Analysis]:
    """A hundred analyses of all kinds, generated once: building them takes longer than reading their sentences."""
    found: list[Analysis] = []

    @settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(analysis=analyses())
    def collect(analysis):
        found.append(analysis)

    collect()
    return [*found, rare_words()]


# --- reading sentences back -----------------------------------------------------------------------------------------

WORDS = {word: count for count, word in enumerate(fmt.NUMBER_WORDS)} | {"en": 1, "inget": 0, "ingen": 0}
FIGURE = re.compile(rf"{fmt.MINUS}?\d+(?:{fmt.NO_BREAK}\d{{3}})*(?:,\d+)?")


def read_number(text: str) -> float:
    """A number in figures or in words, as a reader takes it."""
    text = text.lower()
    plain = text.replace(fmt.NO_BREAK, "").replace(fmt.MINUS, "-").replace(",", ".")
    return WORDS[text] if text in WORDS else float(plain)


def numbers_in(text: str) -> list[tuple[float, float]]:
    """Every number of a text with half a unit of its last decimal. A rate's 'per 100 000' belongs to its unit."""
    text = re.sub(rf"per 100?{fmt.NO_BREAK}000", "", text)
    return [(read_number(found), 0.5 * 10.0 ** -len(found.partition(",")[2])) for found in FIGURE.findall(text)]


def figures_of(row: pd.Series) -> list[float]:
    told = [row[name] for name in (*NUMBERS, "worst", "best")]
    return [float(number) for number in told if not pd.isna(number)]


def period_parts(*periods: str) -> list[float]:
    return [float(part) for text in periods for part in re.findall(r"\d+", str(text))]


def limits_of(verdict: Verdict) -> list[float]:
    return [number for number in (verdict.target_value, verdict.target_high) if number is not None]


def assert_all_known(text: str, known: list[float]) -> None:
    strange = [n for n, half in numbers_in(text) if not any(abs(n - each) <= half + 1e-9 for each in known)]
    assert not strange, f"{strange} in {text!r}"


def result_of(analysis: Analysis, name: str) -> pd.Series:
    return analysis.results.set_index("id").loc[name]


def known_of(analysis: Analysis, verdict: Verdict) -> list[float]:
    known = limits_of(verdict)
    if verdict.observation:
        row = result_of(analysis, verdict.observation)
        known += [*figures_of(row), *period_parts(verdict.period, row["base_period"])]
    return known


def compared_by(analysis: Analysis, comparison: Comparison) -> list[float]:
    values = [comparison.value, comparison.other_value]
    return [*values, *period_parts(comparison.period, comparison.against if comparison.kind == "past" else "")]


def summary_of(analysis: Analysis) -> list[str]:
    """What the first screen says, in order."""
    told = Sentences(analysis, contact="Registratorn")
    answers = [sentence for part in told.summary().values() for sentence in part.sentences]
    return [told.message().text, told.steps().sentence, *([told.why().text] if told.why().text else []), *answers]


def every_sentence(analysis: Analysis) -> list[str]:
    told = Sentences(analysis, contact="Registratorn")
    usable = [verdict for verdict in analysis.verdicts if verdict.observation]
    return [
        *summary_of(analysis),
        *(told.judgement(verdict) for verdict in analysis.verdicts),
        *(told._position(verdict) for verdict in usable),
        *(told._comparison(comparison) for comparison in analysis.comparisons),
        *(told.focus_area(number).text for number in FOCUS_AREAS),
        told.scope().text, told.measurability().text, told.data_quality().text, *told.method().sentences,
        *told.use().sentences, *focus_area_sentences(analysis),
    ]  # fmt: skip


def focus_area_sentences(analysis: Analysis) -> list[str]:
    areas = [FocusAreaSentences(analysis, number) for number in FOCUS_AREAS]
    return [told().text for each in areas for told in (each.wants, each.does, each.measures, each.known, each.unknown)]


def starting(texts: list[str], pattern: str) -> re.Match | None:
    return next((found for text in texts if (found := re.match(pattern, text))), None)


def test_the_sample_holds_every_word_and_every_kind_of_comparison(sample):
    assert {verdict.word for analysis in sample for verdict in analysis.verdicts} == set(Word)
    comparisons = [each for analysis in sample for each in analysis.comparisons]
    assert {each.kind for each in comparisons} == {"nation", "past"}
    assert {each.stands_out for each in comparisons} == {True, False, None}


# --- (1) the same numbers -------------------------------------------------------------------------------------------


def test_a_judgement_holds_the_verdicts_numbers_and_its_word_and_nothing_else(sample):
    for analysis in sample:
        told = Sentences(analysis)
        for verdict in analysis.verdicts:
            text = told.judgement(verdict)
            assert f"{verdict.word}" in text.rpartition(" – ")[2]
            assert_all_known(text, known_of(analysis, verdict))


def test_a_judgement_leaves_out_neither_the_figure_nor_the_target(sample):
    for analysis in sample:
        told = Sentences(analysis)
        for verdict in analysis.verdicts:
            read = numbers_in(told.judgement(verdict))
            for number in limits_of(verdict) if verdict.target_value else []:
                assert any(abs(number - each) <= half for each, half in read)
            row = result_of(analysis, verdict.observation) if verdict.observation else None
            if verdict.value is not None:
                assert any(abs(float(row["value"]) - each) <= half + 1e-9 for each, half in read)


def test_a_starting_point_holds_the_verdicts_numbers(sample):
    for analysis in sample:
        told = Sentences(analysis)
        for verdict in analysis.verdicts:
            if verdict.observation:
                assert_all_known(told._position(verdict), known_of(analysis, verdict))


def test_a_comparison_holds_both_values_and_its_own_periods(sample):
    for analysis in sample:
        told = Sentences(analysis)
        for comparison in analysis.comparisons:
            text = told._comparison(comparison)
            assert_all_known(text, compared_by(analysis, comparison))
            assert ("i riket" in text) == (comparison.kind == "nation")
            assert comparison.difference == 0 or len(set(Tables(analysis).compared(comparison))) == 2


def test_counts_in_the_summary_are_those_of_the_rows(sample):
    for analysis in sample:
        texts = summary_of(analysis)
        (start,) = [text for text in texts if text.startswith("Planen har")]
        assert read_number(re.match(r"Planen har (\w+) mål\.", start)[1]) == len(analysis.current_goals)
        old = {v.goal for v in analysis.plan_verdicts if v.word == Word.BASELINE}
        found = starting(texts, r"(?:Det vet vi inte\. )?(\w+) mål har ett redovisat läge, men från tiden före planen")
        assert (read_number(found[1]) if found else 0) == len(old)
        faults = starting(texts, r"(\w+) avvikelse(?:r)? i dokumenten")
        assert (read_number(faults[1]) if faults else 0) == len(analysis.findings)
        near = {v.observation for v in analysis.plan_verdicts if v.word == Word.MEASURES_OTHER}
        shown = analysis.results[~analysis.results["status"].isin(contract.WITHOUT_VALUE)]
        told = starting(texts, r"(\w+) uppgift(?:er)? ligger nära")
        assert (read_number(told[1]) if told else 0) == len(near & set(shown["id"]))


def test_expected_errors_are_those_of_the_verdicts_judged_by_interval(sample):
    for analysis in sample:
        errors = expected_errors(analysis.verdicts)
        found = starting(
            summary_of(analysis), r"(\w+) omdömen? bygger på intervall; .* högst ([\d,]+) och .* högst ([\d,]+)\."
        )
        assert bool(found) == bool(errors["judged"])
        if found:
            assert [read_number(found[n]) for n in (1, 2, 3)] == pytest.approx(list(errors.values()))


def test_a_figure_is_never_rounded_into_all_or_none():
    rows = [_observation(0, numerator=399, denominator=400), _observation(1, numerator=1, denominator=400)]
    analysis = analysis_of(rows, [_target(0, value=100.0)])
    texts = [Sentences(analysis).judgement(verdict).replace(fmt.NO_BREAK, " ") for verdict in analysis.verdicts]
    assert texts[0].startswith("Målet A: 99,75 % (399 av 400) [98,62; 99,99] (målet: alla (100 %))")
    assert texts[1].startswith("Målet A: 0,2 % (1 av 400)")


def test_published_limits_stand_as_they_are_printed():
    analysis = analysis_of([_observation(0, value=94.25, ci_low=91.75, ci_high=96.5)], [_target(0)])
    assert f"94,25{fmt.NO_BREAK}% [91,75; 96,5]" in Sentences(analysis).judgement(analysis.verdicts[0])


def test_a_quoted_figure_keeps_how_firm_it_is():
    analysis = analysis_of([_observation(0, value=50.0, status="at_least", wording="drygt hälften")], [_target(0)])
    text = Sentences(analysis).judgement(analysis.verdicts[0])
    assert f"”drygt hälften”, återges som minst 50{fmt.NO_BREAK}%" in text


# --- (2) nothing against anything else ------------------------------------------------------------------------------


def test_no_target_is_both_reached_and_not_reached_for_one_result(sample):
    for analysis in sample:
        told = Sentences(analysis)
        sides: dict[str, set[bool]] = {}
        for verdict in analysis.verdicts:
            if verdict.is_firm:
                said, _, word = told.judgement(verdict).rpartition(" – ")
                assert ("inte nått" in word) == (verdict.word not in REACHED)
                sides.setdefault(f"{said} {verdict.observation}", set()).add("inte nått" in word)
        assert all(len(side) == 1 for side in sides.values())


@pytest.mark.parametrize(
    ("x", "n", "goal", "cell"),
    [
        (14, 50, 28.0, "28 % (14 av 50) [16; 42]"),  # 100 * 14 / 50 is 28, 14 / 50 * 100 is not
        (1, 1, 10.0, "100 % (1 av 1) [2; 100]"),
        (19, 55, 44.0, "35 % (19 av 55) [22; 49]"),  # the 80 % limit, 44.0004, is not printed
    ],
)
def test_no_decimals_are_shown_that_nothing_needs(x, n, goal, cell):
    analysis = analysis_of([_observation(0, numerator=x, denominator=n)], [_target(0, value=goal)])
    (row,) = analysis.results_by_id.values()
    assert str(Tables(analysis).figure(row)).replace(fmt.NO_BREAK, " ") == cell


def test_two_figures_and_their_difference_agree():
    nation = {"area": NATION, "numerator": 316_000, "denominator": 1_000_000}
    rows = [_observation(0, numerator=29_000, denominator=91_000), _observation(1, **nation)]
    analysis = analysis_of(rows, [_target(0, value=31.9)])
    (comparison,) = analysis.comparisons
    assert [text.replace(fmt.NO_BREAK, " ") for text in Tables(analysis).compared(comparison)] == ["31,87 %", "31,60 %"]


@given(st.integers(1, 400), st.integers(1, 100))
def test_a_share_that_is_a_whole_percentage_is_on_its_target(size, goal):
    hits, rest = divmod(size * goal, 100)
    analysis = analysis_of([_observation(0, indicator="census", numerator=hits, denominator=size)], [])
    assert (analysis.results["value"][0] == goal) == (rest == 0)


def test_a_limit_is_not_rounded_past_what_was_to_be_reached():
    rows = [_observation(0, numerator=137, denominator=498), _observation(1, numerator=1918, denominator=3566)]
    texts = [
        Sentences(analysis).judgement(analysis.verdicts[0]).replace(fmt.NO_BREAK, " ")
        for analysis in (
            analysis_of(rows[:1], [_target(0, value=31.9)]),
            analysis_of(rows[1:], [_target(0, value=54.0)]),
        )
    ]
    assert texts[0].startswith("Målet A: 27,5 % (137 av 498) [23,6; 31,7] (målet: minst 31,9 %)")
    assert texts[1].startswith("Målet A: 53,8 % (1 918 av 3 566) [52,1; 55,4] (målet: minst 54 %)")


@given(st.integers(1, 40_000), st.floats(0, 1), st.floats(1, 99).map(lambda share: round(share, 1)))
@settings(max_examples=100, deadline=None)
def test_what_is_printed_bears_out_the_word(size, share, goal):
    rows = [_observation(0, numerator=round(share * size), denominator=size)]
    analysis = analysis_of(rows, [_target(0, value=goal)])
    verdict, tables = analysis.verdicts[0], Tables(analysis)
    cell = str(tables.verdicts().rows[0][2])
    value, limits = numbers_in(cell)[0][0], [read_number(text) for text in FIGURE.findall(cell.partition("[")[2])]
    assert (value >= goal) == (verdict.value >= goal)
    if verdict.word in (Word.SURELY_REACHED, Word.LIKELY_REACHED) and limits:
        assert limits[0] >= goal
    if verdict.word in (Word.SURELY_NOT_REACHED, Word.LIKELY_NOT_REACHED) and limits:
        assert limits[1] < goal


def test_the_counts_of_goals_agree_with_each_other_and_with_the_overview(sample):
    for analysis in sample:
        texts, sentence = summary_of(analysis), Sentences(analysis).measurability().text
        goals, testable, in_figures, with_result = read_goals(texts[1])
        assert goals >= testable >= max(in_figures, with_result)
        columns = list(zip(*([int(cell) for cell in row[1:]] for row in Tables(analysis).overview().rows), strict=True))
        for told, column in ((goals, columns[0]), (testable, columns[2]), (with_result, columns[3])):
            assert max(column) <= told <= sum(column)
        assert read_measurability(sentence) == (goals, testable, with_result)
        missing = starting(texts, r"Resultat saknas för .*?(det enda|\S+ av de (\S+)) mål som går att pröva")
        unknown = 0 if not missing else 1 if missing[1] == "det enda" else read_number(missing[1].split()[0])
        assert unknown + with_result == testable
        assert not missing or not missing[2] or read_number(missing[2]) == testable


def read_goals(text: str) -> tuple[float, ...]:
    """How many goals there are, can be tested, can be tested against a figure, have a result."""
    start, _, rest = text.partition(". ")
    goals = read_number(start.removeprefix("Planen har ").split()[0])
    if not rest or "inte att pröva" in rest or rest == "Inget av dem går att pröva.":
        return goals, 0, 0, 0
    if found := re.fullmatch(r"(Det|1) går att pröva, (inte )?mot en siffra; det har (\w+) redovisat resultat\.", rest):
        assert (found[1] == "Det") == (goals == 1)
        return goals, 1, 0 if found[2] else 1, read_number(found[3])
    found = re.fullmatch(r"(\d+) går att pröva, (\w+) av dem mot en siffra; (\w+) har ett redovisat resultat\.", rest)
    return goals, *(read_number(found[n]) for n in (1, 2, 3))


def read_measurability(text: str) -> tuple[float, ...]:
    if text == "Planen innehåller inga mål.":
        return 0, 0, 0
    if found := re.fullmatch(
        r"Planens enda mål har .*, går (inte )?att pröva och har (\w+) redovisat resultat\.", text
    ):
        return 1, 0 if found[1] else 1, read_number(found[2])
    found = re.fullmatch(r"Av planens (\d+) mål har .*, (\w+) går att pröva och (\w+) har (?:också )?ett .*\.", text)
    return tuple(read_number(found[n]) for n in (1, 2, 3))


def test_the_sentence_of_a_focus_area_is_its_row_of_the_overview(sample):
    for analysis in sample:
        for number, row in analysis.overview.iterrows():
            text = Sentences(analysis).focus_area(number).text
            read = [int(WORDS.get(word.lower(), 1 if word == "Det" else word if word.isdigit() else -1))
                    for word in re.findall(r"\w+", text.replace("ett redovisat resultat, och", ""))
                    if word.lower() in WORDS or word.isdigit() or word == "Det"]  # fmt: skip
            if not row["goals"]:
                assert text == "Planen innehåller inga mål i det här fokusområdet."
            elif not row["testable"]:
                assert read[0] == row["goals"]
                assert text.endswith("går inte att pröva." if row["goals"] == 1 else "Inget av dem går att pröva.")
            else:
                judged = [int("inte bedömas" not in text)] if row["testable"] == 1 else []
                assert [*read, *judged] == [row[name] for name in ("goals", "testable", "with_result", "judged")]


def test_nothing_is_judged_where_the_summary_says_that_nothing_can_be(sample):
    for analysis in sample:
        texts, told = summary_of(analysis), Sentences(analysis)
        open_or_firm = [v for v in analysis.verdicts if v.is_firm or v.word == Word.UNDECIDED]
        judged = {told.judgement(verdict) for verdict in open_or_firm} & set(texts)
        says_none = texts[0].startswith("Det går inte att säga")
        assert not (says_none and judged)
        assert says_none == (bool(len(analysis.current_goals)) and not analysis.goals_that["judged"])
        assert bool(judged) == bool(analysis.goals_that["judged"]) == bool(analysis.overview["judged"].sum())


def test_what_stands_out_is_told_and_only_then(sample):
    for analysis in sample:
        (text,) = [t for t in summary_of(analysis) if "om länet skiljer sig från riket" in t or "har prövats" in t]
        family = [each for each in analysis.comparisons if each.stands_out is not None]
        found = [each for each in family if each.stands_out]
        assert text.startswith("Underlaget räcker inte") == (not family)
        assert ("det som sticker ut" in text) == bool(found)
        assert not family or read_number(text.split()[0]) == len(family)
        if found:
            assert "går inte att skilja åt" not in text
            assert_all_known(text, [number for each in found for number in compared_by(analysis, each)])
        assert text.count("Mått ") == len(found)


def test_a_figure_is_not_quoted_as_being_without_figures(sample):
    for analysis in sample:
        results = analysis.results
        quoted = [t for t in summary_of(analysis) if "utan siffror" in t]
        bare = results[results["direction"].notna() & results["value"].isna()] if len(results) else results
        assert all(any(row["title"] in text for row in bare.to_dict("records")) for text in quoted)


def test_one_measure_with_counts_and_no_denominator_is_not_said_to_lack_counts():
    rows = [
        _observation(n, indicator="events", numerator=x, area=area)
        for n, (x, area) in enumerate([(57, "24"), (999, "00")])
    ]
    (text,) = [text for text in summary_of(analysis_of(rows)) if " mot " in text]
    assert "57 självmord mot 999 självmord i riket" in text.replace(fmt.NO_BREAK, " ")
    assert "säkerhet kan inte bedömas" in text
    assert "Antalen redovisas inte" not in text


def test_a_comparison_with_the_past_names_the_earlier_period_and_not_riket():
    years = ((300, "2020"), (100, "2021"))
    rows = [_observation(n, numerator=x, denominator=1000, period=year) for n, (x, year) in enumerate(years)]
    (text,) = [text.replace(fmt.NO_BREAK, " ") for text in summary_of(analysis_of(rows)) if " mot " in text]
    assert (
        text == "En jämförelse har prövats; det som sticker ut: Mått process: 10 % 2021 mot 30 % 2020 – säkert lägre."
    )


def test_a_word_set_by_hand_says_so_even_where_nothing_is_reported():
    by_hand = {"id": "x", "target": "t0", "verdict": "nått", "name": "N N", "date": "2026-11-21", "reason": "Skäl."}
    analysis = analysis_of([], [_target(0)], [_goal(0)], overrides=[by_hand])
    expected = "Målet A: inget redovisat resultat (målet: minst 90 %) – läget mot målet: nått (satt för hand)."
    verdict = replace(analysis.verdicts[0], position=True)
    assert Sentences(analysis).judgement(verdict).replace(fmt.NO_BREAK, " ") == expected


# --- (3) right Swedish for one and many -----------------------------------------------------------------------------

ONE = {
    "aktiviteter": "aktivitet", "andel": "", "antal": "", "arbetsplatser": "arbetsplats",
    "asylsökande per invånare": "asylsökande per invånare", "avdelningar": "avdelning", "barn": "barn",
    "bedömning": "", "bedömningar": "bedömning", "besökare": "besökare", "brukarrevisioner": "brukarrevision",
    "dagar": "dag", "dokument": "dokument", "ej angiven": "", "ej angivet": "", "enheter": "enhet",
    "familjecentraler": "familjecentral", "föräldrar": "förälder", "grupper": "grupp", "gånger": "gång",
    "väntande": "väntande",
    "gånger per månad": "gång per månad", "hälsocentraler": "hälsocentral", "intervjuer": "intervju", "ja/nej": "",
    "kommuner": "kommun", "kontaktvägar": "kontaktväg", "kr": "kr", "kuratorer": "kurator",
    "listade per anställd": "listad per anställd", "läkare": "läkare", "länsdelar": "länsdel", "minuter": "minut",
    "minuter per vecka": "minut per vecka", "minuter varannan vecka": "minut varannan vecka", "mnkr": "mnkr",
    "mottagningar": "mottagning", "parter": "part", "patienter": "patient", "per 1000": "per 1\u00a0000",
    "per 100000": "per 100\u00a0000", "personer": "person", "planer": "plan", "platser": "plats", "poäng": "poäng",
    "processledare": "processledare", "procent": "%", "procentenheter": "procentenhet", "psykologer": "psykolog",
    "recept": "recept", "samtal": "samtal", "självmord": "självmord", "självskador": "självskada",
    "skolområden": "skolområde", "slingor": "slinga", "specialister": "specialist", "stödpersoner": "stödperson",
    "styrgrupper": "styrgrupp", "tillfällen": "tillfälle", "tjänster": "tjänst", "träffar": "träff",
    "undergrupper": "undergrupp", "undersökningar": "undersökning", "ungdomar": "ungdom",
    "utbildningar": "utbildning", "utförare": "utförare", "verksamheter": "verksamhet", "vårdplatser": "vårdplats",
    "vårdtillfällen": "vårdtillfälle", "vårdutvecklare": "vårdutvecklare", "åtgärder": "åtgärd",
}  # fmt: skip


def _units_in_use() -> set[str]:
    rows = [row for path in RAW.glob("*/*.csv") for row in csv.DictReader(path.open(encoding="utf-8"))]
    written = {row[name] for row in rows for name in ("unit", "change_unit") if row.get(name)}
    return written | {indicator.unit for indicator in load_catalogue().values()}


def test_every_unit_in_use_has_a_singular_here():
    assert _units_in_use() <= set(ONE)


@pytest.mark.parametrize("unit", sorted(ONE))
def test_one_of_a_unit_is_singular(unit):
    assert fmt.one(unit) == ONE[unit]
    assert fmt.with_unit(1.0, unit) == f"1\u00a0{ONE[unit]}".strip()
    assert fmt.with_unit(2, unit) == f"2\u00a0{fmt.unit_text(unit)}".strip()


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.0, "procentenheter", "+1 procentenhet"),
        (-1.0, "enheter", "−1 enhet"),
        (0.0, "procentenheter", "0 procentenheter"),
        (-0.04, "procentenheter", "−0,04 procentenheter"),  # what is not 0 is not shown as 0
        (2.45, "procentenheter", "+2,5 procentenheter"),
        (-3.0, "procent", "−3 %"),
    ],
)
def test_a_difference_has_its_sign_and_number(value, unit, text):
    assert signed(value + 1e-12, unit).replace(fmt.NO_BREAK, " ") == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"value": 90.0}, "minst 90 %"),
        ({"value": 100.0}, "alla (100 %)"),
        ({"operator": "<=", "value": 0.0, "unit": "självmord"}, "inga självmord"),
        ({"operator": "=", "value": 0.0, "unit": "antal"}, "inga"),
        ({"operator": "<=", "value": 0.0}, "inga (0 %)"),
        ({"operator": "<=", "value": 0.0, "unit": "per 1000"}, "inga (0 per 1 000)"),
        ({"value": 1.0, "unit": "hälsocentraler"}, "minst 1 hälsocentral"),
        ({"operator": ">", "value": 1.5, "unit": "tjänster"}, "mer än 1,5 tjänster"),
        ({"operator": "between", "value": 30.0, "value_high": 40.0}, "30–40 %"),
        ({"operator": "decrease", "value": None}, "ska minska"),
        ({"operator": "growth_stops", "value": None}, "ökningen ska upphöra"),
    ],
)
def test_a_target_reads_as_a_person_says_it(changes, text):
    (verdict,) = analysis_of([], [_target(0, **changes)]).verdicts
    assert target_text(verdict).replace(fmt.NO_BREAK, " ") == text


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"indicator": "units", "numerator": 1}, "1 hälsocentral, 2022"),
        ({"indicator": "units", "numerator": 1, "denominator": 1}, "1 av 1 hälsocentral, 2022"),
        ({"indicator": "units", "numerator": 0, "denominator": 12}, "0 av 12 hälsocentraler, 2022"),
        ({"indicator": "process", "numerator": 0, "denominator": 12}, "0 % (0 av 12) [0; 26], 2022"),
        ({"indicator": "process", "value_low": 30.0, "value_high": 40.0}, "30–40 %, 2022"),
        ({"indicator": "process", "value": 70.0, "status": "approximate"}, "cirka 70 %, 2022"),
        ({"indicator": "process", "value": 70.0, "status": "at_most"}, "högst 70 %, 2022"),
        ({"indicator": "process", "value": 28.0, "period": "2018-01/2018-08"}, "28 %, januari–augusti 2018"),
        ({"indicator": "process", "value": 28.0, "period": "2014/15"}, "28 %, läsåret 2014/15"),
        ({"indicator": "process", "status": "not_reported"}, "redovisas inte, 2022"),
        ({"indicator": "process", "status": "suppressed"}, "skyddat, 2022"),
        ({"indicator": "agreement", "yes_no": "no"}, "nej, 2022"),
        ({"indicator": "agreement", "yes_no": "yes", "status": "approximate"}, "i stort sett ja, 2022"),
        ({"indicator": "process", "value": 3.0, "change": 1.0, "change_unit": "procentenheter", "base_period": "2019"},
         "+1 procentenhet sedan 2019; 3 %, 2022"),
    ],
)  # fmt: skip
def test_a_figure_reads_as_a_person_says_it(row, text):
    target = _target(0, indicator=row["indicator"], operator="yes", value=None, unit="")
    analysis = analysis_of([_observation(0, **row)], [target])
    said = Sentences(analysis).judgement(analysis.verdicts[0]).replace(fmt.NO_BREAK, " ")
    assert said.startswith(f"Målet A: {text} – ")


def test_a_target_without_a_result_says_so():
    analysis = analysis_of([], [_target(0)])
    text = Sentences(analysis).judgement(analysis.verdicts[0]).replace(fmt.NO_BREAK, " ")
    assert text == "Målet A: inget redovisat resultat (målet: minst 90 %) – uppgift saknas."


@pytest.mark.parametrize(
    ("goals", "targets", "text"),
    [
        (0, [], "Planen har inga mål."),
        (1, [], "Planen har ett mål. Det går inte att pröva."),
        (1, ["g0"], "Planen har ett mål. Det går att pröva, mot en siffra; det har ett redovisat resultat."),
        (2, [], "Planen har två mål. Inget av dem går att pröva."),
        (2, ["g1"], "Planen har två mål. 1 går att pröva, mot en siffra; det har ett redovisat resultat."),
        (13, ["g0", "g1"], "Planen har 13 mål. 2 går att pröva, 2 av dem mot en siffra; 2 har ett redovisat resultat."),
    ],
)
def test_the_first_sentence_is_right_for_none_one_and_many(goals, targets, text):
    rows = [_target(n, goal) for n, goal in enumerate(targets)]
    analysis = analysis_of([_observation(0, value=28.0)], rows, [_goal(n) for n in range(goals)])
    assert Sentences(analysis).steps().sentence == text


@pytest.mark.parametrize(
    ("goals", "targets", "start", "rest"),
    [
        (1, 0, "ett", "Det går inte att pröva."),
        (1, 1, "ett", "Det går att pröva; det har inget redovisat resultat och kan inte bedömas."),
        (3, 1, "tre", "1 av dem går att pröva; det har inget redovisat resultat och kan inte bedömas."),
        (3, 2, "tre", "2 av dem går att pröva; inget av de målen har ett redovisat resultat, och inget kan bedömas."),
    ],
)
def test_a_focus_areas_sentence_is_right_for_one_and_many(goals, targets, start, rest):
    analysis = analysis_of([], [_target(n, f"g{n}") for n in range(targets)], [_goal(n) for n in range(goals)])
    assert Sentences(analysis).focus_area(1).text == f"Planen har {start} mål i det här fokusområdet. {rest}"


def test_what_is_missing_is_right_for_one():
    listed = [_row("plan_indicators", id="p", group="a", focus_areas="1", kind="share", label="En", indicator="units")]
    texts = summary_of(analysis_of([], [_target(0)], [_goal(0)], listed, findings=1))
    assert texts[-2:] == [
        "Resultat saknas för 1 av 1 uppföljningsindikator och det enda mål som går att pröva. Fråga Registratorn.",
        "En avvikelse i dokumenten redovisas under Datakvalitet.",
    ]


@pytest.mark.parametrize("form", [{"value_low": 1.0, "value_high": 3.0}, {"value": 2.0}, {"numerator": 2}])
def test_an_indicator_with_any_figure_is_not_missing_in_sentence_or_table(form):
    listed = [_row("plan_indicators", id="p", group="a", focus_areas="1", kind="count", label="En", indicator="units")]
    analysis = analysis_of([_observation(0, indicator="units", **form)], listed=listed)
    analysis = replace(analysis, tables_by_kind=analysis.tables_by_kind)
    assert not any("uppföljningsindikator" in text for text in summary_of(analysis))
    assert [row[3] for row in Tables(analysis).plan_indicators(1).rows] == ["ja"]


def test_without_findings_or_goals_the_sections_still_speak():
    told = Sentences(analysis_of())
    assert told.data_quality().text == "När dokumenten lästes rad för rad hittades inga avvikelser."
    assert told.measurability().text == "Planen innehåller inga mål."


@pytest.mark.parametrize(
    ("starts", "text"),
    [
        ([], "Analys av länets uppföljningar."),
        (["2019"], "Analys av planen ”A” (R)."),
        (["2019", "2020"], "Analys av planerna ”A” (R) och ”B” (R)."),
    ],
)
def test_the_plans_are_named_for_none_one_and_many(starts, text):
    sources = [
        {"id": name, "title": name, "publisher": "R", "plan_start": start}
        for name, start in zip("AB", starts, strict=False)
    ]
    follow_up = [{"id": "follow-up", "title": "U", "publisher": "R", "plan_start": None}]
    assert Sentences(analysis_of(sources=sources + follow_up)).scope().text == text


def test_before_and_after_are_told_of_one_population_only():
    row = {"value": 30.0, "dimension": "Kontaktcenter"}
    rows = [
        _observation(0, level="före", **row),
        _observation(1, level="efter", **row),
        _observation(2, level="efter", sex="K", **row),
    ]
    told = [text for text in summary_of(analysis_of(rows)) if "före och" in text]
    assert len(told) == 1
    assert "30 % före och 30 % efter (Kontaktcenter)." in told[0].replace(fmt.NO_BREAK, " ")


# --- (4) the form of a sentence -------------------------------------------------------------------------------------


def assert_is_well_formed(text: str) -> None:
    for sentence in re.split(r"(?<=\.) (?=[A-ZÅÄÖ\d])", text):
        assert sentence[0].isupper() or sentence[0].isdigit(), text
        assert re.search(r"[^.]\.$", sentence), text
    assert not re.search(r"\bnan\b|None|<NA>|\d\.\d|\s\s|\( |\(\)| [.,;:)]|\binf\b", text), text


def test_every_sentence_begins_and_ends_as_one(sample):
    for analysis in sample:
        for text in every_sentence(analysis):
            assert_is_well_formed(text)


@pytest.mark.parametrize("name", ["gavleborg", "norrbotten", "vasterbotten"])
def test_every_sentence_of_the_shipped_reports_begins_and_ends_as_one(counties, name):
    for text in every_sentence(counties[name].analysis):
        assert_is_well_formed(text)


# --- (5) a focus area's five questions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goals", "judged", "text"),
    [
        (0, 0, "Planen innehåller inga mål."),
        (1, 0, "Det går inte att säga om planens enda mål är nått."),
        (1, 1, "Planens enda mål kan bedömas."),
        (13, 0, "Det går inte att säga om något av planens 13 mål är nått."),
        (13, 1, "Av planens 13 mål kan 1 bedömas: det är inte nått."),
        (13, 2, "Av planens 13 mål kan 2 bedömas: 2 är inte nådda."),
    ],
)
def test_the_message_is_right_for_none_one_and_many(goals, judged, text):
    results = [_observation(0, numerator=28, denominator=39, period="2022")]
    targets = [_target(n, f"g{n}") for n in range(judged)]
    analysis = analysis_of(results, targets, [_goal(n) for n in range(goals)])
    assert Sentences(analysis).message().text == text
    assert Sentences(analysis).steps().counts[0][0] == str(goals)
    assert Sentences(analysis).steps().counts[-1][0] == str(judged)


def test_the_counts_of_a_focus_area_are_those_of_its_tables(counties):
    for county in counties.values():
        for number in FOCUS_AREAS:
            told, tables = FocusAreaSentences(county.analysis, number), county.tables
            goals = read_number(told.wants().text.split()[0].lower())
            assert goals == len(county.analysis.in_focus_area("current_goals", number))
            missing = re.match(r"(\w+) målformulering", told.unknown().text)
            assert (read_number(missing[1].lower()) if missing else 0) == len(tables.missing(number).rows)
            activities = re.match(r"Planen anger (\w+) aktivitet", told.does().text)
            assert read_number(activities[1]) == len(county.analysis.in_focus_area("planned_activities", number))


def test_what_is_known_counts_each_result_once(counties):
    for county in counties.values():
        for number in FOCUS_AREAS:
            text = FocusAreaSentences(county.analysis, number).known().text
            rows = [v for v in county.analysis.verdicts_in(number) if v.observation]
            if found := re.match(r"(\w+) av (\w+) redovisade", text):
                assert read_number(found[2]) == len({v.observation for v in rows})
                met = {v.observation for v in rows if v.word not in (Word.MEASURES_OTHER, Word.NOT_TESTABLE)}
                assert read_number(found[1].lower()) == len(met)
