"""Waiting times: by hand, against slow second implementations and SciPy's own curve, and by what always holds."""

from fractions import Fraction
from math import exp, inf, log, sqrt
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from psykanalys.methods.core import MethodError, Problem
from psykanalys.methods.means import quantile
from psykanalys.methods.proportions import proportion
from psykanalys.methods.waiting import kaplan_meier, waiting_times

LEVELS = [0.5, 0.8, 0.95]
LIMITS = (0, 3, 7, 30, 90)
PARTS = ("value", "ci_low", "ci_high", "ended", "ended_within", "queue", "queue_over")

unhurried = settings(deadline=None)
levels = st.sampled_from(LEVELS)
wait = st.tuples(st.sampled_from("abc"), st.integers(0, 12), st.booleans(), st.booleans())
waits = st.lists(wait, min_size=1, max_size=40)


def columns(rows):
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def ask(rows, **options):
    group, days, waiting, chosen = columns(rows)
    return waiting_times(days, waiting=waiting, patient_chosen=chosen, group=group, **options)


# --- the flow and the queue


def test_a_small_clinic_by_hand():
    days = [0, 2, 3, 10, 40, 100, 5, 95]
    waiting = [False] * 6 + [True] * 2
    chosen = [False, False, False, False, False, True, False, True]
    result = waiting_times(days, waiting=waiting, patient_chosen=chosen)
    np.testing.assert_array_equal(result.within, LIMITS)
    assert (result.ended, result.queue) == (6, 2)
    np.testing.assert_array_equal(result.ended_within, [1, 3, 3, 4, 5])
    np.testing.assert_array_equal(result.queue_over, [2, 2, 1, 1, 1])
    np.testing.assert_allclose(result.value, np.array([1, 3, 3, 4, 5]) / 6)
    unchosen = result.without_patient_chosen
    assert (unchosen.ended, unchosen.queue) == (5, 1)
    np.testing.assert_allclose(unchosen.value, np.array([1, 3, 3, 4, 5]) / 5)
    np.testing.assert_array_equal(unchosen.queue_over, [1, 1, 0, 0, 0])


def test_limits_of_the_shares_are_exact():
    result = waiting_times([1, 20, 40, 100], confidence=[0.8, 0.95])
    expected = proportion(result.ended_within, 4, confidence=[0.8, 0.95])
    assert result.interval_method == "exact"
    np.testing.assert_array_equal(result.ci_low, expected.ci_low)
    np.testing.assert_array_equal(result.ci_high, expected.ci_high)


@given(waits)
@unhurried
def test_counts_of_every_group_are_those_of_counting_one_by_one(rows):
    result = ask(rows, within=(2, 5))
    assert list(result.group) == sorted({row[0] for row in rows})
    for number, label in enumerate(result.group):
        own = [row for row in rows if row[0] == label]
        for part, chosen_too in ((result, True), (result.without_patient_chosen, False)):
            flow = [days for _, days, waiting, chosen in own if not waiting and (chosen_too or not chosen)]
            queue = [days for _, days, waiting, chosen in own if waiting and (chosen_too or not chosen)]
            assert (part.ended[number], part.queue[number]) == (len(flow), len(queue))
            for place, limit in enumerate((2, 5)):
                assert part.ended_within[number, place] == sum(days <= limit for days in flow)
                assert part.queue_over[number, place] == sum(days > limit for days in queue)


@given(waits, st.integers(0, 30))
@unhurried
def test_the_queue_never_changes_the_flow(rows, more):
    _, days, waiting, _ = columns(rows)
    one = waiting_times(days, waiting=waiting)
    other = waiting_times([*days, *[200] * more], waiting=[*waiting, *[True] * more])
    for name in ("value", "ci_low", "ci_high", "ended", "ended_within"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(other.queue_over, one.queue_over + more)


@given(waits)
@unhurried
def test_a_longer_limit_never_holds_fewer(rows):
    result = ask(rows)
    assert np.all(np.diff(result.ended_within, axis=-1) >= 0)
    assert np.all(np.diff(result.queue_over, axis=-1) <= 0)


# --- the curve


def curve_by_hand(rows):
    """(day, at risk, started, share, Greenwood's sum) for each distinct day, in exact fractions."""
    share, spread = Fraction(1), Fraction(0)
    for day in sorted({days for days, _ in rows}):
        at_risk = sum(days >= day for days, _ in rows)
        started = sum(days == day and not waiting for days, waiting in rows)
        share *= 1 - Fraction(started, at_risk)
        spread = inf if started == at_risk else spread + Fraction(started, at_risk * (at_risk - started))
        yield day, at_risk, started, share, spread


def limits_by_hand(share, spread, confidence):
    if share in (0, 1):
        return np.nan, np.nan
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(spread) / abs(log(share))
    middle = log(-log(share))
    return exp(-exp(middle + half)), exp(-exp(middle - half))


@given(waits, levels)
@unhurried
def test_the_curve_is_kaplan_and_meiers_by_hand(rows, confidence):
    pairs = [(days, waiting) for _, days, waiting, _ in rows]
    curve = kaplan_meier(*columns(pairs), confidence=confidence)
    for row, (day, at_risk, started, share, spread) in enumerate(curve_by_hand(pairs)):
        assert (curve.day[row], curve.at_risk[row], curve.started[row]) == (day, at_risk, started)
        assert curve.value[row] == pytest.approx(float(share), rel=1e-12)
        expected = limits_by_hand(share, spread, confidence)
        np.testing.assert_allclose((curve.ci_low[row], curve.ci_high[row]), expected, rtol=1e-9)
    assert curve.started.sum() + curve.censored.sum() == len(rows)


@given(waits.filter(lambda rows: not all(row[2] for row in rows)))
@unhurried
def test_the_curve_is_that_of_scipy(rows):
    _, days, waiting, _ = columns(rows)
    curve = kaplan_meier(days, waiting)
    expected = ecdf(CensoredData(uncensored=days[~waiting], right=days[waiting])).sf
    np.testing.assert_array_equal(curve.day, expected.quantiles)
    np.testing.assert_allclose(curve.value, expected.probabilities, rtol=1e-12)


@given(waits)
@unhurried
def test_a_curve_is_the_same_alone_as_among_others(rows):
    group, days, waiting, _ = columns(rows)
    together = kaplan_meier(days, waiting, group, confidence=[0.8, 0.95])
    for label in set(group):
        alone = kaplan_meier(days[group == label], waiting[group == label], confidence=[0.8, 0.95])
        for name in ("day", "value", "ci_low", "ci_high", "at_risk", "started", "censored"):
            np.testing.assert_allclose(
                getattr(together, name)[together.group == label], getattr(alone, name), rtol=1e-12
            )


# --- median and 90th percentile


def crossing_by_hand(points, level):
    """The first day at or below the level, the middle of the stretch if the curve runs along it."""
    reached = next(((day, share) for day, share in points if share <= level + 1e-9), None)
    if reached is None:
        return np.nan
    later = [day for day, share in points if share < level - 1e-9]
    return (reached[0] + later[0]) / 2 if abs(reached[1] - level) <= 1e-9 and later else reached[0]


@given(waits, levels, st.sampled_from([("median", 0.5), ("percentile_90", 0.9)]))
@unhurried
def test_the_days_until_half_or_nine_tenths_are_met_are_where_the_curve_and_its_limits_cross(rows, confidence, asked):
    name, probability = asked
    pairs = [(days, waiting) for _, days, waiting, _ in rows]
    estimate = getattr(waiting_times(*columns(pairs)[:1], waiting=columns(pairs)[1], confidence=confidence), name)
    points = [
        (day, float(share), *limits_by_hand(share, spread, confidence))
        for day, _, _, share, spread in curve_by_hand(pairs)
    ]
    for actual, column in ((estimate.value, 1), (estimate.ci_low, 2), (estimate.ci_high, 3)):
        curve = [(point[0], point[column]) for point in points if not np.isnan(point[column])]
        np.testing.assert_array_equal(actual, crossing_by_hand(curve, 1 - probability))


@given(st.lists(st.integers(0, 60), min_size=1, max_size=50))
@unhurried
def test_when_nobody_waits_the_median_and_percentile_are_the_ordinary_ones(days):
    result = waiting_times(days)
    assert result.median.value == quantile(days, 0.5, method="type2").value
    assert result.percentile_90.value == quantile(days, 0.9, method="type2").value


def test_those_still_waiting_lengthen_the_median():
    days = [5, 10, 20, 30, 60, 60, 60, 60]
    counted = waiting_times(days, waiting=[False] * 5 + [True] * 3)
    forgotten = waiting_times(days[:5])
    assert (forgotten.median.value, counted.median.value) == (20, 45)


def test_a_published_example_of_remission_times():
    """Freireich et al., Blood 1963;21:699: 21 patients on 6-MP, the textbook's median of 23 weeks, lower limit 13."""
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    still = [0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1]
    median = waiting_times(weeks, waiting=still).median
    assert (median.value, median.ci_low) == (23, 13)
    assert np.isnan(median.ci_high)
    curve = kaplan_meier(weeks, still)
    table = dict(zip(curve.day, curve.value, strict=True))
    expected = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    np.testing.assert_allclose([table[week] for week in (6, 7, 10, 13, 16, 22, 23)], expected, atol=5e-4)


def test_a_median_that_is_not_reached_is_unknown_and_says_why():
    result = waiting_times([5, 10, 20], waiting=[False, True, True])
    assert np.isnan(result.median.value)
    assert result.median.problems == (Problem(0, "fewer than 50% are known to have been met"),)
    assert result.problems == ()


def test_several_confidence_levels_give_the_limits_a_last_axis():
    rows = [("a", 1, False, False), ("a", 5, False, True), ("a", 9, True, False), ("b", 3, False, False)]
    result = ask(rows, confidence=[0.5, 0.8, 0.95])
    assert (result.value.shape, result.ci_low.shape) == ((2, 5), (2, 5, 3))
    assert (result.median.value.shape, result.median.ci_low.shape) == ((2,), (2, 3))
    for place, level in enumerate([0.5, 0.8, 0.95]):
        alone = ask(rows, confidence=level)
        np.testing.assert_array_equal(result.ci_low[..., place], alone.ci_low)
        np.testing.assert_array_equal(result.median.ci_low[..., place], alone.median.ci_low)
        np.testing.assert_array_equal(result.median.ci_high[..., place], alone.median.ci_high)


# --- what may be asked, the unknown and the impossible


def test_a_queue_or_a_choice_that_is_not_told_is_unknown_and_not_none():
    result = waiting_times([1, 2, 50])
    assert np.isnan(result.queue)
    assert np.isnan(result.queue_over).all()
    assert np.isnan(result.without_patient_chosen.value).all()
    np.testing.assert_allclose(result.value, [0, 2 / 3, 2 / 3, 2 / 3, 1])
    assert result.problems == result.without_patient_chosen.problems == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("b", -1, 0, 0), "days are negative or infinite (row 1)"),
        (("b", np.inf, 0, 0), "days are negative or infinite (row 1)"),
        (("b", 4, 2, 0), "waiting is neither true nor false (row 1)"),
        (("b", 4, 0, 0.5), "patient_chosen is neither true nor false (row 1)"),
        (("b", 4, 1, 0), "no wait has ended"),
    ],
)
def test_a_group_that_cannot_be_calculated_is_set_aside_with_its_reason_and_disturbs_no_other(row, reason):
    rows = [("a", 2, 0, 0), row, ("a", 5, 1, 0), ("a", 40, 0, 0), ("c", 7, 0, 0)]
    result, undisturbed = ask(rows), ask([rows[0], *rows[2:]])
    assert result.problems == (Problem(1, reason),)
    for one, other in ((result, undisturbed), (result.without_patient_chosen, undisturbed.without_patient_chosen)):
        assert np.isnan(one.value[1]).all()
        for name in PARTS:
            np.testing.assert_array_equal(getattr(one, name)[[0, 2]], getattr(other, name))
    np.testing.assert_array_equal(result.median.value[[0, 2]], undisturbed.median.value)


@pytest.mark.parametrize("row", [("b", np.nan, 0, 0), ("b", 4, np.nan, 0)])
def test_an_unknown_wait_leaves_its_group_unknown_and_is_no_problem(row):
    result = ask([("a", 2, 0, 0), row, ("b", 5, 0, 0)])
    assert result.problems == result.median.problems == ()
    for name in PARTS:
        np.testing.assert_array_equal(np.isnan(getattr(result, name)).reshape(2, -1)[:, 0], [False, True])
    np.testing.assert_array_equal(np.isnan(result.median.value), [False, True])


def test_an_unknown_choice_leaves_only_the_shares_without_the_patient_chosen_unknown():
    result = ask([("a", 2, 0, np.nan), ("a", 9, 0, 0)])
    assert result.value[0, 1] == 0.5
    assert result.median.value[0] == 5.5
    assert np.isnan(result.without_patient_chosen.value).all()


def test_waits_that_all_were_chosen_leave_nothing_without_them_and_say_so():
    result = waiting_times([1, 2], patient_chosen=[True, True])
    assert result.without_patient_chosen.problems == (Problem(0, "no wait has ended but the patient-chosen"),)
    assert result.problems == ()


def test_a_raised_error_lists_every_group():
    with pytest.raises(MethodError) as caught:
        ask([("a", -2, 0, 0), ("b", 4, 0, 0), ("c", 4, 1, 0)], errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 2]
    with pytest.raises(MethodError):
        kaplan_meier([-2], errors="raise")


def test_a_curve_of_an_impossible_group_is_one_unknown_row():
    curve = kaplan_meier([1, -1, 3, 2], [0, 0, 0, 1], ["a", "b", "b", "c"])
    assert list(curve.group) == ["a", "b", "c"]
    np.testing.assert_array_equal(curve.value, [0, np.nan, 1])
    assert curve.problems == (Problem(1, "days are negative or infinite (row 1)"),)


def test_nobody_is_a_problem_where_one_answer_was_asked_for():
    result = waiting_times([])
    assert result.value.shape == (5,)
    assert np.isnan(result.value).all()
    assert np.shape(result.median.value) == ()
    assert result.problems == (Problem(0, "nobody"),)
    assert kaplan_meier([]).value.shape == (0,)


def test_no_groups_give_nothing():
    result = waiting_times([], group=[], confidence=[0.8, 0.95])
    assert (result.value.shape, result.ci_low.shape, result.median.ci_low.shape) == ((0, 5), (0, 5, 2), (0, 2))
    assert result.problems == ()


def test_one_wait_and_a_series_of_waits_are_taken_as_well():
    assert waiting_times(5).median.value == 5
    days, waiting = pd.Series([1, 2, 40], index=[3, 3, 1]), pd.Series([False, True, False], dtype="boolean")
    series, array = waiting_times(days, waiting=waiting), waiting_times([1.0, 2.0, 40.0], waiting=[0, 1, 0])
    for name in PARTS:
        np.testing.assert_array_equal(getattr(series, name), getattr(array, name))


@pytest.mark.parametrize("within", [(), (-1,), (np.nan,), ((1, 2), (3, 4))], ids=str)
def test_limits_that_are_no_days_are_refused(within):
    with pytest.raises(ValueError, match="expected one or more limits in days"):
        waiting_times([1, 2], within=within)


def test_answers_name_their_statistics_and_methods():
    result = waiting_times([1, 2])
    assert (result.statistic, result.median.statistic) == ("share_within", "median_wait")
    assert result.percentile_90.statistic == "percentile_90_wait"
    assert result.median.interval_method == "brookmeyer_crowley_log_log"
    assert (kaplan_meier([1]).statistic, kaplan_meier([1]).interval_method) == ("share_still_waiting", "log_log")
