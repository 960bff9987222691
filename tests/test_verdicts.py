"""The order of words, rule by rule. Intervals quoted are Clopper–Pearson or exact Poisson."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psykanalys import methods, verdicts
from psykanalys.data.prepare import plain_records
from psykanalys.indicators import calculate
from psykanalys.verdicts import Word, expected_errors, judge_target


@pytest.fixture
def verdict(make_indicator, make_observations, make_target):
    """Judge one target against observations of one measure; the last verdict is returned."""

    def judge(target=None, *rows, plan_start="2019", **definition):
        indicator = make_indicator(**definition)
        observations = make_observations(*rows).assign(unit=indicator.unit)
        results = calculate({indicator.id: indicator}, observations)
        return judge_target(make_target(**(target or {})), plain_records(results), plan_start)[-1]

    return judge


def counts(x, n, **more):
    return {"numerator": x, "denominator": n, **more}


class TestTheOrderOfWords:
    def test_a_result_that_measures_something_else_says_so_before_anything_else(self, verdict):
        target = {"indicator": "wanted", "reported_indicator": "some_measure", "measures": "other", "testable": "no"}
        result = verdict(target, counts(28, 39))
        assert result.word == Word.MEASURES_OTHER
        assert "not_testable" in result.reasons

    def test_a_time_limit_without_a_share_cannot_be_tested(self, verdict):
        assert verdict({"testable": "no", "value": None}, counts(28, 39)).word == Word.NOT_TESTABLE

    def test_a_hidden_count_is_never_judged_nor_shown(self, verdict):
        result = verdict({}, {"status": "suppressed"})
        assert (result.word, result.value, result.ci_low, result.distance) == (Word.PROTECTED, None, None, None)

    def test_a_hidden_count_is_at_least_one_so_zero_is_not_reached(self, verdict):
        target = {"operator": "<=", "value": 0.0, "unit": "självmord"}
        result = verdict(target, {"status": "suppressed"}, statistic="count", unit="självmord", denominator=None)
        assert result.word == Word.NOT_REACHED_PROTECTED
        assert result.value is None

    def test_a_result_older_than_the_plan_is_a_starting_point(self, verdict):
        result = verdict({}, counts(28, 39, period="2018"), nature="census")
        assert (result.word, result.distance) == (Word.BASELINE, pytest.approx(100 * 28 / 39 - 90))

    def test_a_period_that_only_begins_before_the_plan_is_a_starting_point_too(self, verdict):
        assert verdict({}, counts(28, 39, period="2018/2020")).word == Word.BASELINE

    def test_a_result_in_the_document_that_adopts_the_plan_is_a_starting_point(self, verdict):
        assert verdict({}, counts(28, 39, source="plan", period="2019")).word == Word.BASELINE

    def test_a_document_without_a_plan_has_no_starting_points(self, verdict):
        assert verdict({}, counts(39, 39, source="plan"), plan_start=None, nature="census").word == Word.REACHED

    def test_a_target_without_a_result_is_missing(self, make_target):
        assert judge_target(make_target(), [])[0].word == Word.MISSING

    def test_an_untestable_target_without_a_result_is_untestable(self, make_target):
        assert judge_target(make_target(testable="no"), [])[0].word == Word.NOT_TESTABLE

    def test_a_lost_table_leaves_the_result_missing(self, verdict):
        assert verdict({}, {"status": "missing_in_extract"}).word == Word.MISSING


class TestEverythingCounted:
    @pytest.mark.parametrize(("x", "word"), [(39, Word.REACHED), (36, Word.REACHED), (35, Word.NOT_REACHED)])
    def test_a_census_is_reached_or_not_and_draws_no_interval(self, verdict, x, word):
        result = verdict({}, counts(x, 39), nature="census")
        assert (result.word, result.ci_low, result.by_interval) == (word, None, False)

    def test_the_distance_in_units_is_what_is_still_needed(self, verdict):
        assert verdict({"value": 100.0}, counts(28, 39), nature="census").distance_in_count == 11
        for operator, cases in ((">=", 1), (">", 2), ("<=", 1), ("<", 0)):  # 28 of 50 is 56 per cent itself
            judged = verdict({"value": 56.0, "operator": operator}, counts(27, 50), nature="census")
            assert judged.distance_in_count == cases

    def test_a_printed_census_share_is_compared_within_its_rounding(self, verdict):
        words = [verdict({}, {"value": value}, nature="census").word for value in (89.0, 90.0, 91.0)]
        assert words == [Word.NOT_REACHED, Word.UNDECIDED, Word.REACHED]

    def test_a_figure_with_circa_is_compared_within_the_stated_margin(self, verdict):
        words = [verdict({}, {"value": v, "status": "approximate"}, nature="census").word for v in (87.0, 88.0, 93.0)]
        assert words == [Word.NOT_REACHED, Word.UNDECIDED, Word.REACHED]

    def test_at_least_tells_nothing_of_how_far_up(self, verdict):
        words = [verdict({}, {"value": v, "status": "at_least"}, nature="census").word for v in (80.0, 92.0)]
        assert words == [Word.UNDECIDED, Word.REACHED]

    def test_a_target_of_all_is_judged_on_the_cases_of_the_period(self, verdict):
        result = verdict({"value": 100.0}, counts(50, 50))
        assert (result.word, result.ci_low) == (Word.REACHED, None)
        assert "in_the_period" in result.reasons

    def test_one_counterexample_is_enough_against_all(self, verdict):
        assert verdict({"value": 100.0}, counts(49, 50)).word == Word.NOT_REACHED
        assert verdict({"value": 100.0}, {"value": 98.0}).word == Word.NOT_REACHED

    def test_a_printed_share_near_all_may_still_be_all(self, verdict):
        assert verdict({"value": 100.0}, {"value": 100.0}).word == Word.INSUFFICIENT

    def test_events_against_zero_are_not_reached(self, verdict):
        target = {"operator": "<=", "value": 0.0, "unit": "självmord"}
        events = {"statistic": "count", "nature": "events", "unit": "självmord", "denominator": None}
        assert verdict(target, {"numerator": 57}, **events).word == Word.NOT_REACHED
        assert verdict(target, {"numerator": 0}, **events).word == Word.REACHED

    def test_yes_and_no(self, verdict):
        yes_no = {"statistic": "yes_no", "nature": "census", "denominator": None, "unit": "ja/nej"}
        target = {"operator": "yes", "value": None}
        assert verdict(target, {"yes_no": "yes"}, **yes_no).word == Word.REACHED
        assert verdict(target, {"yes_no": "no"}, **yes_no).word == Word.NOT_REACHED


class TestNonResponse:
    @pytest.fixture
    def survey_verdict(self, make_indicator, make_observations, make_target):
        survey = pd.DataFrame([{"source": "follow-up", "kind": "frame", "count": 38}])

        def judge(x, value):
            indicator = make_indicator(nature="census_with_nonresponse")
            results = calculate({indicator.id: indicator}, make_observations(counts(x, 31)), survey)
            return judge_target(make_target(value=value), plain_records(results))[0]

        return judge

    def test_reached_only_where_the_worst_case_is(self, survey_verdict):
        assert survey_verdict(30, 70.0).word == Word.REACHED
        assert survey_verdict(30, 80.0).word == Word.UNDECIDED

    def test_not_reached_only_where_the_best_case_is_not(self, survey_verdict):
        assert survey_verdict(11, 50.0).word == Word.NOT_REACHED

    def test_one_no_is_enough_against_all_whoever_did_not_answer(self, survey_verdict):
        assert survey_verdict(30, 100.0).word == Word.NOT_REACHED

    def test_the_bounds_are_the_interval_shown(self, survey_verdict):
        result = survey_verdict(11, 30.0)
        assert (result.ci_low, result.ci_high) == (pytest.approx(100 * 11 / 38), pytest.approx(100 * 18 / 38))


class TestByInterval:
    @pytest.mark.parametrize(
        ("x", "word", "confidence"),
        [
            (98, Word.SURELY_REACHED, 0.95),  # 95 %: 93.0–99.8
            (95, Word.LIKELY_REACHED, 0.80),  # 95 %: 88.7–98.4, 80 %: 90.9–97.5
            (91, Word.UNDECIDED, 0.95),
            (85, Word.LIKELY_NOT_REACHED, 0.80),  # 95 %: 76.5–91.4, 80 %: 79.3–89.6
            (80, Word.SURELY_NOT_REACHED, 0.95),  # 95 %: 70.8–87.3
        ],
    )
    def test_the_word_follows_the_exact_intervals(self, verdict, x, word, confidence):
        result = verdict({}, counts(x, 100))
        assert (result.word, result.confidence, result.by_interval) == (word, confidence, True)

    def test_the_interval_shown_is_the_one_judged_by(self, verdict):
        result = verdict({}, counts(85, 100))
        assert result.ci_high < 90 < verdict({}, counts(91, 100)).ci_high

    def test_a_low_direction_mirrors_the_word(self, verdict):
        assert verdict({"operator": "<=", "value": 10.0}, counts(2, 100)).word == Word.SURELY_REACHED
        assert verdict({"operator": "<=", "value": 10.0}, counts(20, 100)).word == Word.SURELY_NOT_REACHED

    def test_a_range_is_reached_only_inside_it(self, verdict):
        target = {"operator": "between", "value": 40.0, "value_high": 60.0}
        assert verdict(target, counts(500, 1000)).word == Word.SURELY_REACHED
        assert verdict(target, counts(700, 1000)).word == Word.SURELY_NOT_REACHED
        assert verdict(target, counts(600, 1000)).word == Word.UNDECIDED

    def test_an_open_answer_says_how_many_cases_would_do(self, verdict):
        assert verdict({}, counts(95, 100)).needed_n == 167
        assert verdict({}, counts(98, 100)).needed_n is None
        assert verdict({}, counts(90, 100)).needed_n is None

    def test_a_share_without_a_denominator_is_never_judged(self, verdict):
        result = verdict({}, {"value": 28.0})
        assert (result.word, result.value, result.distance) == (Word.INSUFFICIENT, 28.0, -62.0)

    def test_a_documents_range_is_no_interval(self, verdict):
        assert verdict({}, {"value_low": 70.0, "value_high": 80.0}).word == Word.INSUFFICIENT

    def test_published_limits_are_only_sure_or_undecided(self, verdict):
        limits = {"value": 94.0, "ci_low": 91.0, "ci_high": 97.0}
        assert verdict({}, limits).word == Word.SURELY_REACHED
        assert verdict({}, limits | {"ci_low": 89.0}).word == Word.UNDECIDED

    def test_a_limit_equal_to_the_target_is_not_outside(self, verdict):
        assert verdict({}, {"value": 94.0, "ci_low": 90.0, "ci_high": 97.0}).word == Word.UNDECIDED

    def test_how_often_wrong_counts_every_target_judged_by_interval(self, verdict):
        judged = [verdict({}, counts(x, 100)) for x in (98, 91, 80)] + [verdict({}, {"value": 28.0})]
        assert expected_errors(judged) == pytest.approx(
            {"judged": 3, "surely_wrong_at_most": 0.075, "likely_wrong_at_most": 0.3}
        )


class TestDevelopment:
    def test_a_decrease_is_judged_as_a_difference_of_both_values(self, verdict):
        target = {"operator": "decrease", "value": None}
        before = counts(400, 1000, period="2020")
        assert verdict(target, before, counts(300, 1000, period="2021")).word == Word.SURELY_REACHED
        assert verdict(target, before, counts(395, 1000, period="2021")).word == Word.UNDECIDED
        assert verdict(target, before, counts(430, 1000, period="2021")).word == Word.LIKELY_NOT_REACHED

    def test_events_are_compared_by_their_exposure(self, verdict):
        rates = {"statistic": "rate", "per": 100000, "nature": "events", "unit": "per 100000"}
        target = {"operator": "decrease", "value": None, "unit": "per 100000"}
        rows = counts(60, 250_000, period="2020"), counts(30, 250_000, period="2021")
        assert verdict(target, *rows, **rates).word == Word.SURELY_REACHED

    def test_counts_without_exposure_cannot_be_compared(self, verdict):
        patients = {"statistic": "count", "nature": "events", "unit": "patienter", "denominator": None}
        rows = {"numerator": 24328, "period": "2020"}, {"numerator": 23290, "period": "2021"}
        assert verdict({"operator": "decrease", "value": None}, *rows, **patients).word == Word.INSUFFICIENT

    def test_one_period_shows_no_development(self, verdict):
        assert verdict({"operator": "decrease", "value": None}, counts(3, 9)).word == Word.INSUFFICIENT

    def test_growth_that_slows_needs_three_periods(self, verdict):
        target = {"operator": "growth_slows", "value": None, "unit": "tjänster"}
        posts = {"statistic": "quantity", "nature": "census", "unit": "tjänster", "denominator": None}
        rows = [
            {"value": value, "period": period} for value, period in ((10.0, "2020"), (14.0, "2021"), (16.0, "2022"))
        ]
        assert verdict(target, *rows, **posts).word == Word.REACHED
        assert verdict(target, *rows[1:], **posts).word == Word.INSUFFICIENT

    def test_growth_that_slows_is_judged_by_counts_of_three_periods(self, verdict):
        target = {"operator": "growth_slows", "value": None}
        years = [counts(x, 1000, period=f"202{y}") for y, x in enumerate((120, 300, 310))]
        assert verdict(target, *years).word == Word.SURELY_REACHED
        years = [counts(x, 1000, period=f"202{y}") for y, x in enumerate((120, 130, 310))]
        assert verdict(target, *years).word == Word.SURELY_NOT_REACHED
        years = [counts(x, 1000, period=f"202{y}") for y, x in enumerate((120, 150, 178))]
        assert verdict(target, *years).word == Word.UNDECIDED

    def test_growth_that_stops_needs_two_periods(self, verdict):
        target = {"operator": "growth_stops", "value": None, "unit": "tjänster"}
        posts = {"statistic": "quantity", "nature": "census", "unit": "tjänster", "denominator": None}
        rows = {"value": 16.0, "period": "2020"}, {"value": 16.0, "period": "2021"}
        assert verdict(target, *rows, **posts).word == Word.REACHED


class TestPositionAndOverride:
    def test_a_target_without_a_due_date_is_a_position(self, verdict):
        result = verdict({"due": None}, counts(39, 39), nature="census")
        assert result.position
        assert "no_due_date" in result.reasons

    def test_a_target_not_yet_due_is_a_position(self, verdict):
        assert verdict({"due": "2030"}, counts(39, 39), nature="census").position
        assert not verdict({"due": "2020"}, counts(39, 39), nature="census").position

    def test_an_override_keeps_what_the_rule_said(self, verdict):
        row = {"id": "x", "target": "t", "verdict": "nått", "name": "N N", "date": "2026-11-21", "reason": "Skäl."}
        changed = verdicts.apply_overrides([verdict({}, counts(28, 39), nature="census")], pd.DataFrame([row]))[0]
        assert (changed.word, changed.word_by_rule) == (Word.REACHED, Word.NOT_REACHED)
        assert "Skäl." in changed.override


class TestWhatATargetConcerns:
    def test_a_result_in_another_unit_is_never_set_against_the_target(self, verdict):
        result = verdict({"unit": "enheter", "value": 40.0}, counts(28, 39))
        assert (result.word, result.value, result.distance, result.ci_low) == (Word.MEASURES_OTHER, None, None, None)

    def test_other_populations_are_not_its_result(self, verdict, make_target):
        for other in ({"sex": "K"}, {"area": "00"}, {"age": "0-17"}, {"level": "före"}, {"comparator": "alla"}):
            assert verdict({}, counts(39, 39, **other)).word == Word.MISSING

    def test_a_result_reported_against_it_counts_whatever_its_population(self, verdict):
        target = {"indicator": "wanted", "reported_indicator": "some_measure", "measures": "other"}
        assert verdict(target, counts(39, 39, level="nu")).word == Word.MEASURES_OTHER


@given(x=st.integers(0, 200), n=st.integers(1, 200), goal=st.sampled_from([10.0, 50.0, 90.0]))
def test_the_mirrored_question_has_the_mirrored_word(x, n, goal):
    x = min(x, n)
    mirror = {
        Word.SURELY_REACHED: Word.SURELY_NOT_REACHED, Word.LIKELY_REACHED: Word.LIKELY_NOT_REACHED,
        Word.LIKELY_NOT_REACHED: Word.LIKELY_REACHED, Word.SURELY_NOT_REACHED: Word.SURELY_REACHED,
        Word.UNDECIDED: Word.UNDECIDED,
    }  # fmt: skip
    assert _word(x, n, "<=", goal) == mirror[_word(x, n, ">=", goal)]
    assert _word(n - x, n, "<=", 100 - goal) == _word(x, n, ">=", goal)


@given(x=st.integers(0, 100), n=st.integers(1, 100), goal=st.sampled_from([10.0, 50.0, 90.0]))
def test_one_more_success_never_worsens_the_word(x, n, goal):
    order = [Word.SURELY_NOT_REACHED, Word.LIKELY_NOT_REACHED, Word.UNDECIDED, Word.LIKELY_REACHED, Word.SURELY_REACHED]
    x = min(x, n)
    assert order.index(_word(min(x + 1, n), n, ">=", goal)) >= order.index(_word(x, n, ">=", goal))


def _word(x: int, n: int, operator: str, goal: float) -> Word:
    estimate = methods.proportion(x, n, confidence=[0.95, 0.80])
    result = {
        "ci_low": estimate.ci_low[0] * 100, "ci_high": estimate.ci_high[0] * 100,
        "likely_low": estimate.ci_low[1] * 100, "likely_high": estimate.ci_high[1] * 100,
    }  # fmt: skip
    case = verdicts._Case({"operator": operator, "value": goal, "value_high": None}, result, (), None, 0.0, 0.0)
    return verdicts._by_interval(case)[0]


@given(x=st.integers(0, 60), n=st.integers(1, 60), times=st.integers(2, 40), goal=st.sampled_from([10.0, 50.0, 90.0]))
def test_more_data_at_the_same_share_never_turns_a_sure_word_into_its_opposite(x, n, times, goal):
    x = min(x, n)
    opposite = {Word.SURELY_REACHED: Word.SURELY_NOT_REACHED, Word.SURELY_NOT_REACHED: Word.SURELY_REACHED}
    before, after = _word(x, n, ">=", goal), _word(x * times, n * times, ">=", goal)
    assert after != opposite.get(before)
    assert before not in opposite or after == before


@given(x=st.integers(0, 300), n=st.integers(1, 300), goal=st.floats(0.5, 99.5), operator=st.sampled_from([">=", "<="]))
def test_where_an_interval_is_drawn_word_and_interval_never_disagree(x, n, goal, operator):
    x = min(x, n)
    word = _word(x, n, operator, goal)
    estimate = methods.proportion(x, n, confidence=[0.95, 0.80])
    sure, likely = (100 * estimate.ci_low > goal).astype(int) - (100 * estimate.ci_high < goal).astype(int)
    sign = 1 if operator == ">=" else -1
    expected = {1: Word.SURELY_REACHED, -1: Word.SURELY_NOT_REACHED}.get(sign * sure) or {
        1: Word.LIKELY_REACHED, -1: Word.LIKELY_NOT_REACHED, 0: Word.UNDECIDED}[sign * likely]  # fmt: skip
    assert word == expected
