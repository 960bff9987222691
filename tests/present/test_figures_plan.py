"""The figures about the plan: parts that make up the whole, messages that are true, nothing cut or crowded."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import cycle, product

import pytest
from figure_checks import assert_nothing_cut_or_overlapping, text_boxes
from matplotlib.figure import Figure as Canvas

from psykanalys.analysis import FOCUS_AREAS, STEPS, Analysis
from psykanalys.audit import audit
from psykanalys.comparison import Comparison
from psykanalys.data.prepare import items
from psykanalys.present.figures import Figure, Figures
from psykanalys.present.figures.style import new_canvas
from psykanalys.present.html import Table
from psykanalys.verdicts import Verdict, Word

COUNTIES = ("gavleborg", "norrbotten", "vasterbotten")
LARGEST = 8_000  # bytes of a drawing
WORD_OF_STEP = {
    "judged": Word.SURELY_REACHED,
    "with_result": Word.BASELINE,
    "measured_by_other": Word.MEASURES_OTHER,
    "testable": Word.MISSING,
}


@pytest.fixture
def base(counties) -> Analysis:
    return counties["vasterbotten"].analysis


def with_tables(analysis: Analysis, **tables) -> Analysis:
    return replace(analysis, tables_by_kind={**analysis.tables_by_kind, **tables})


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def check_drawing(figure: Figure) -> None:
    assert_nothing_cut_or_overlapping(figure)
    assert len(figure._drawing().encode()) < LARGEST


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


# --- the check itself -----------------------------------------------------------------------------------------------


def figure_of(canvas: Canvas) -> Figure:
    return Figure("prov", canvas, "", "", "", Table("", [], []))


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        ([(0.1, "ett"), (0.12, "två")], "on top of each other"),
        ([(0.95, "ett långt ord")], "outside the canvas"),
        ([], "no text"),
    ],
)
def test_the_check_finds_what_it_looks_for(texts, fault):
    canvas = new_canvas(1)
    for x, text in texts:
        canvas.text(x, 0.5, text)
    with pytest.raises(AssertionError, match=fault):
        assert_nothing_cut_or_overlapping(figure_of(canvas))


def test_the_check_lets_texts_stand_apart():
    canvas = new_canvas(1)
    canvas.text(0.1, 0.5, "ett")
    canvas.text(0.5, 0.5, "två")
    assert_nothing_cut_or_overlapping(figure_of(canvas))


# --- the three counties ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COUNTIES)
class TestEachCounty:
    def drawn(self, counties, name) -> list[Figure]:
        figures = Figures(counties[name].analysis)
        found = [figures.overview(), figures.chain(), figures.responsible(), *map(figures.verdicts, FOCUS_AREAS)]
        return [figure for figure in found if figure is not None]

    def test_everything_is_seen_and_light(self, counties, name):
        for figure in self.drawn(counties, name):
            check_drawing(figure)

    def test_no_text_lies_on_a_bar_or_square(self, counties, name):
        figures = Figures(counties[name].analysis)
        for figure in (figures.overview(), figures.chain(), figures.responsible()):
            texts = text_boxes(figure)
            bars = [patch.get_window_extent() for ax in figure.canvas.axes for patch in ax.patches]
            assert bars
            assert [text for text, box in texts if any(box.overlaps(bar) for bar in bars if bar.width)] == []

    def test_the_alternative_tells_the_message_in_numbers(self, counties, name):
        for figure in self.drawn(counties, name):
            assert set(numbers(figure.title)) <= set(numbers(figure.alternative))

    def test_each_goal_is_in_exactly_one_part(self, counties, name):
        analysis = counties[name].analysis
        assert list(analysis.goal_steps.index) == list(analysis.current_goals["id"])
        assert analysis.goal_steps.notna().all()

    def test_parts_sum_to_the_goals(self, counties, name):
        analysis = counties[name].analysis
        rows = [[int(cell) for cell in row[1:]] for row in Figures(analysis).chain().table.rows]
        assert all(row[0] == sum(row[1:]) for row in rows)
        assert [row[0] for row in rows] == [len(analysis.current_goals), *analysis.overview["goals"]]

    def test_parts_agree_with_the_overview_and_the_audit(self, counties, name):
        analysis = counties[name].analysis
        rows = [dict(zip(STEPS, map(int, row[2:]), strict=True)) for row in Figures(analysis).chain().table.rows]
        overview = analysis.overview
        assert [row["judged"] for row in rows[1:]] == list(overview["judged"])
        assert [row["judged"] + row["with_result"] for row in rows[1:]] == list(overview["with_result"])
        assert [row["not_testable"] for row in rows[1:]] == list(overview["goals"] - overview["testable"])
        lacking = {outcome.check.code: len(outcome.findings) for outcome in audit(analysis).outcomes}
        assert rows[0]["not_testable"] == lacking["P02"] + lacking["P30"]

    def test_the_alternative_of_the_chain_has_every_number(self, counties, name):
        figure = Figures(counties[name].analysis).chain()
        told = plain(figure.alternative).split(". ", 1)[1].split("; ")
        for row, text in zip(figure.table.rows, told, strict=True):
            assert numbers(text.removeprefix(row[0])) == [int(cell) for cell in row[1:]]

    def test_the_alternative_of_the_overview_has_every_number(self, counties, name):
        figure = Figures(counties[name].analysis).overview()
        told = figure.alternative.split(". ", 1)[1].split("; ")
        for row, text in zip(figure.table.rows, told, strict=True):
            assert numbers(text.removeprefix("fokusområde"))[-5:] == [int(cell) for cell in row[1:]]

    def test_steps_are_called_the_same_everywhere(self, counties, name):
        figure = Figures(counties[name].analysis).overview()
        names = [column.lower() for column in figure.table.columns[1:]]
        headers = [" ".join(ax.get_title(loc="left").split()) for ax in figure.canvas.axes]
        assert headers == names
        assert all(step in figure.alternative for step in names)

    def test_every_planned_activity_is_accounted_for(self, counties, name):
        analysis = counties[name].analysis
        figure = Figures(analysis).responsible()
        totals = [int(row[-1]) for row in figure.table.rows]
        stated = [max(1, len(items(text))) for text in analysis.planned_activities["responsible"]]
        assert sum(totals) == sum(stated)
        by_area = [sum(int(row[number]) for row in figure.table.rows) for number in FOCUS_AREAS]
        assert by_area == [_stated(analysis, number) for number in FOCUS_AREAS]


def _stated(analysis: Analysis, number: int) -> int:
    rows = analysis.in_focus_area("planned_activities", number)["responsible"]
    return sum(max(1, len(items(text))) for text in rows)


# --- a small plan ---------------------------------------------------------------------------------------------------


def verdict(base: Analysis, **changes) -> Verdict:
    """A verdict with a figure in per cent, in focus area 1, changed as wanted."""
    counted = set(base.results.loc[base.results["has_counts"], "id"])
    whole = next(v for v in base.verdicts if v.unit == "procent" and v.observation in counted)
    blank = {"ci_low": None, "ci_high": None, "reasons": (), "override": "", "label": "Målet", "operator": ">="}
    return replace(whole, **{**blank, "target_value": 90.0, "target_high": None, "focus_areas": "1", **changes})


def plan_of(base: Analysis, steps: list[str]) -> Analysis:
    """A plan with one goal per step, in the focus areas in turn."""
    kept = base.current_goals.iloc[[0] * len(steps)].reset_index(drop=True)
    areas = cycle(str(number) for number in FOCUS_AREAS)
    goals = kept.assign(id=[f"g{i}" for i in range(len(steps))], focus_areas=[next(areas) for _ in steps])
    verdicts = [
        verdict(base, goal=f"g{i}", target=f"t{i}", word=WORD_OF_STEP[step])
        for i, step in enumerate(steps)
        if step in WORD_OF_STEP
    ]
    return replace(with_tables(base, goals=goals), verdicts=tuple(verdicts))


def test_a_goal_stands_at_the_furthest_step_that_any_of_its_targets_reaches(base):
    plan = plan_of(base, ["not_testable"] * 5)
    found = {
        "g0": [Word.MISSING, Word.BASELINE, Word.SURELY_NOT_REACHED],
        "g1": [Word.MEASURES_OTHER, Word.BASELINE],
        "g2": [Word.MISSING, Word.MEASURES_OTHER],
        "g3": [Word.NOT_TESTABLE, Word.MISSING],
    }
    verdicts = [
        verdict(base, goal=goal, word=word, reasons=("not_testable",) if word == Word.NOT_TESTABLE else ())
        for goal, words in found.items()
        for word in words
    ]
    assert list(replace(plan, verdicts=tuple(verdicts)).goal_steps) == list(STEPS)


def test_a_goal_that_cannot_be_tested_stays_so_though_something_else_is_measured(base):
    plan = plan_of(base, ["not_testable"])
    other = verdict(base, goal="g0", word=Word.MEASURES_OTHER, reasons=("measures_other", "not_testable"))
    assert list(replace(plan, verdicts=(other,)).goal_steps) == ["not_testable"]


@pytest.mark.parametrize(
    ("steps", "chain", "overview"),
    [
        (["judged"] * 3, "Alla planens 3 mål är bedömda", "3 av planens 3 mål har ett redovisat läge och kan bedömas"),
        (["testable"] * 2, "Alla planens 2 mål går att pröva men saknar resultat",
         "Inget av planens 2 mål har ett redovisat läge"),
        (["with_result"] * 2 + ["judged"], "2 av planens 3 mål har ett redovisat läge som inte kan bedömas",
         "1 av planens 3 mål kan bedömas; 3 har ett redovisat läge"),
        (["with_result"] + ["measured_by_other"] * 3,
         "3 av planens 4 mål går att pröva, men resultatet mäter något annat",
         "Inget av planens 4 mål kan bedömas; 1 har ett redovisat läge"),
        (["not_testable"] * 4 + ["judged"], "4 av planens 5 mål går inte att pröva",
         "1 av planens 5 mål har ett redovisat läge och kan bedömas"),
    ],
)  # fmt: skip
def test_messages_are_true_of_the_plan(base, steps, chain, overview):
    figures = Figures(plan_of(base, steps))
    assert figures.chain().title == chain
    assert figures.overview().title == overview


def test_parts_of_a_small_plan_sum_to_its_goals(base):
    plan = plan_of(base, [*STEPS, "testable", "not_testable"])
    rows = Figures(plan).chain().table.rows
    assert [int(cell) for cell in rows[0][1:]] == [7, 1, 1, 1, 2, 2]
    assert [sum(map(int, row[2:])) for row in rows] == [int(row[1]) for row in rows] == [7, 2, 2, 1, 1, 1]


@pytest.mark.parametrize("steps", [["judged"], [*STEPS[:4], *["not_testable"] * 300], ["judged"] * 400 + [*STEPS[1:]]])
def test_thin_parts_keep_their_numbers_apart(base, steps):
    figures = Figures(plan_of(base, steps))
    for figure in (figures.chain(), figures.overview()):
        check_drawing(figure)


def test_a_focus_area_without_goals_is_told_but_has_no_bar(base):
    figure = Figures(plan_of(base, ["judged", "testable"])).chain()
    assert "5 Ledning, styrning och organisation, 0 mål" in figure.alternative
    drawn = [text.get_text() for text in figure.canvas.axes[0].texts]
    assert [text for text in drawn if text.endswith(" mål")] == [
        "Hela planen, 2 mål", "1 Förebyggande och främjande arbete, 1 mål", "2 Tillgängliga tidiga insatser, 1 mål",
    ]  # fmt: skip


def test_without_goals_or_activities_there_is_no_figure(base):
    empty = with_tables(base, goals=base.goals.iloc[:0], activities=base.activities.iloc[:0])
    figures = Figures(replace(empty, verdicts=()))
    assert [figures.overview(), figures.chain(), figures.responsible(), figures.verdicts(1)] == [None] * 4


# --- results against targets ----------------------------------------------------------------------------------------


def judged(base: Analysis, *verdicts: Verdict, comparisons=()) -> Figure:
    return Figures(replace(base, verdicts=verdicts, comparisons=tuple(comparisons))).verdicts(1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([Word.BASELINE], "Ett resultat är ett utgångsläge och kan inte bedömas mot målet"),
        ([Word.BASELINE] * 2, "Två resultat är utgångslägen; inget kan bedömas mot målet"),
        ([Word.INSUFFICIENT, Word.BASELINE, Word.BASELINE],
         "Två resultat är utgångslägen och ett har otillräckligt underlag; inget kan bedömas mot målet"),
        ([Word.SURELY_REACHED], "Ett resultat mot målet: säkert nått"),
        ([Word.NOT_REACHED, Word.SURELY_REACHED, Word.NOT_REACHED],
         "Tre resultat mot målen: ett säkert nått och två inte nått"),
        ([Word.UNDECIDED, Word.BASELINE], "Två resultat mot målen: ett går inte att avgöra och ett utgångsläge"),
    ],
)  # fmt: skip
def test_the_message_counts_the_verdicts(base, words, message):
    assert judged(base, *(verdict(base, word=word) for word in words)).title == message


def test_what_is_no_share_against_a_share_is_left_to_the_table(base):
    left_out = [
        {"word": Word.MEASURES_OTHER}, {"word": Word.NOT_TESTABLE}, {"unit": "enheter"}, {"value": 120.0},
        {"value": None}, {"target_value": None}, {"target_value": -3.0}, {"focus_areas": "2"},
    ]  # fmt: skip
    assert judged(base, *(verdict(base, **{"word": Word.BASELINE, **changes}) for changes in left_out)) is None


def nation_beside(base: Analysis, own: Verdict, kind: str) -> Comparison:
    results = base.results
    other = results.loc[(results["unit"] == "procent") & results["value"].notna(), "id"].iloc[-1]
    return Comparison(
        "some_measure", own.observation, other, kind, "riket", "2018", "T", own.value, 61.0, own.value - 61, "procent",
        "säkert högre",
    )  # fmt: skip


def ticks_at(figure: Figure, x: float) -> int:
    return sum(list(line.get_xdata()) == [x, x] for line in figure.canvas.axes[0].lines)


def test_riket_is_drawn_and_named_where_it_is_compared(base):
    one = verdict(base, word=Word.BASELINE)
    figure = judged(base, one, comparisons=[nation_beside(base, one, "nation")])
    assert ticks_at(figure, 61.0) == 1
    assert "riket" in figure.source
    assert "riket" in figure.alternative


@pytest.mark.parametrize("kind", ["past", "group", None])
def test_riket_is_not_named_where_it_is_not_drawn(base, kind):
    one = verdict(base, word=Word.BASELINE)
    figure = judged(base, one, comparisons=[nation_beside(base, one, kind)] if kind else [])
    assert ticks_at(figure, 61.0) == 0
    assert "riket" not in figure.source + figure.alternative


@pytest.mark.parametrize("has_interval", [True, False])
def test_the_interval_is_drawn_and_named_only_where_there_is_one(base, has_interval):
    limits = {"ci_low": 58.25, "ci_high": 86.75} if has_interval else {}
    figure = judged(base, verdict(base, word=Word.SURELY_NOT_REACHED, **limits))
    drawn = [list(line.get_xdata()) for line in figure.canvas.axes[0].lines]
    assert ([58.25, 86.75] in drawn) is has_interval
    assert ("intervall" in figure.source) is has_interval
    assert ("[58; 87]" in plain(figure.alternative)) is has_interval


def test_value_target_and_word_stand_in_the_alternative(base):
    one = verdict(base, word=Word.BASELINE)
    result = base.results.set_index("id", drop=False).loc[one.observation]
    text = plain(judged(base, one).alternative)
    assert plain(Figures(base)._tables.figure(result, with_interval=False)) in text
    assert "mot målet minst 90 %: utgångsläge" in text


def test_both_ends_of_a_target_are_drawn(base):
    figure = judged(base, verdict(base, word=Word.BASELINE, operator="between", target_value=30.0, target_high=40.0))
    assert ticks_at(figure, 30.0) == ticks_at(figure, 40.0) == 1


def test_no_value_or_word_makes_texts_meet(base):
    drawn = (word for word in Word if word not in (Word.MEASURES_OTHER, Word.NOT_TESTABLE))
    for word, start in product(drawn, (0.0, 45.0)):
        values = [start + 5 * step for step in range(12)]
        long = "Andel av länets hälsocentraler med minst en medarbetare på den andra nivån"
        verdicts = [verdict(base, word=word, value=value, target_value=value + 0.5 - value % 2, label=f"{long} {value}",
                            ci_low=0.0, ci_high=100.0) for value in values if value < 100]  # fmt: skip
        assert_nothing_cut_or_overlapping(judged(base, *verdicts))


# --- who is responsible ---------------------------------------------------------------------------------------------


def planned_by(base: Analysis, *responsible: str) -> Analysis:
    """A plan with one activity per text of responsible units, in the focus areas 1 and 2."""
    rows = base.planned_activities.iloc[[0] * len(responsible)].reset_index(drop=True)
    names = dict.fromkeys(unit for text in responsible for unit in items(text))
    units = base.units.iloc[[0] * len(names)].reset_index(drop=True)
    return with_tables(
        base,
        activities=rows.assign(
            id=[f"a{i}" for i in range(len(rows))], responsible=list(responsible), focus_areas="1 | 2"
        ),
        units=units.assign(id=list(names), name=[f"Enhet {name}" for name in names]),
    )


@pytest.mark.parametrize(
    ("responsible", "message"),
    [
        (["a", "a | b", "a"], "Enhet a ansvarar för flest aktiviteter, 3 av 3; alla har minst en ansvarig"),
        (["a", "a", "b", ""], "Enhet a ansvarar för flest aktiviteter, 2 av 4; för 1 anges ingen ansvarig"),
        (["a | b", "a | b", ""], "Två enheter ansvarar för flest aktiviteter, 2 var av 3; för 1 anges ingen ansvarig"),
        (["a", "", ""], "För 2 av planens 3 aktiviteter anges ingen ansvarig"),
        (["a", "a", ""], "Enhet a ansvarar för 2 aktiviteter av 3; för 1 anges ingen ansvarig"),
    ],
)
def test_the_message_says_who_has_most_and_how_many_have_nobody(base, responsible, message):
    assert Figures(planned_by(base, *responsible)).responsible().title == message


def test_an_activity_counts_for_each_of_its_units_and_areas(base):
    figure = Figures(planned_by(base, "a | b", "a", "")).responsible()
    assert [list(row) for row in figure.table.rows] == [
        ["Enhet a", "2", "2", "0", "0", "0", "2"],
        ["Enhet b", "1", "1", "0", "0", "0", "1"],
        ["Ansvarig anges inte", "1", "1", "0", "0", "0", "1"],
    ]
    assert "hos var och en av sina ansvariga" in figure.source
    assert "Enhet a: 2 aktiviteter (2 i fokusområde 1 och 2 i fokusområde 2)" in plain(figure.alternative)


def test_no_figure_where_nobody_is_named(base):
    assert Figures(planned_by(base, "", "")).responsible() is None


def test_many_units_are_drawn_as_ten_lines_and_stand_all_in_the_table(base):
    many = [f"u{place:02}" for place in range(30)]
    figure = Figures(planned_by(base, *(unit for unit in many for _ in range(int(unit[1:]) + 1)), "")).responsible()
    check_drawing(figure)
    drawn = [text.get_text() for text in figure.canvas.axes[0].texts if "aktivitet" in text.get_text()]
    assert [plain(text) for text in drawn[-2:]] == [
        "Övriga 21 enheter: 231 aktiviteter",
        "Ansvarig anges inte: 1 aktivitet",
    ]
    assert len(drawn) == 11
    assert len(figure.table.rows) == 31


def test_the_rest_count_an_activity_of_several_units_once(base):
    many = [f"u{place:02}" for place in range(20)]
    figure = Figures(planned_by(base, *many[:10], *many[:10], " | ".join(many[10:]))).responsible()
    assert "Övriga 11 enheter: 3 aktiviteter" in plain(figure.alternative)


def test_the_area_of_a_square_follows_the_number(base):
    figure = Figures(planned_by(base, *["a"] * 9, "b")).responsible()
    large, small = (patch for patch in figure.canvas.axes[0].patches[::2])
    assert large.get_width() * large.get_height() == pytest.approx(9 * small.get_width() * small.get_height())
