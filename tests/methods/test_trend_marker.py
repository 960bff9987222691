"""Fingertips' trend markers: against published ones, against the rule written out, and by what always holds."""

from math import sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from psykanalys.methods import MethodError, Problem, rate
from psykanalys.methods.trend_marker import trend_marker
from psykanalys.methods.trends import logistic_trend

unhurried = settings(deadline=None)
points = st.lists(st.tuples(st.integers(0, 300), st.integers(301, 3000)), min_size=5, max_size=5)
some_in_some_out = points.filter(lambda series: any(x for x, _ in series))
N = [1000] * 5
UP, DOWN, LEVEL = [50, 80, 90, 120, 150], [150, 120, 90, 80, 50], [100, 95, 105, 98, 101]


# --- against published markers and the published rule


def test_prevalence_of_diabetes_in_england_is_increasing_as_fingertips_has_it():
    # Fingertips, indicator 241, England 2019/20 to 2023/24
    x = [3455176, 3491868, 3625401, 3774801, 3938080]
    n = [48783947, 49122259, 49956777, 50649129, 51441896]
    assert trend_marker(x, n).marker == "increasing"


def test_mmr_coverage_in_yorkshire_and_the_humber_is_decreasing_as_fingertips_has_it():
    # Fingertips, indicator 30309, Yorkshire and the Humber 2019/20 to 2023/24
    x, n = [57274, 55865, 53681, 51767, 53185], [61834, 60511, 59074, 57508, 59028]
    assert trend_marker(x, n).marker == "decreasing"


def test_sight_loss_from_diabetes_in_england_is_increasing_as_fingertips_has_it():
    # Fingertips, indicator 41203 (a crude rate), England 2019/20 to 2023/24; limits per 100 000 as published
    x, n = [1416, 935, 1344, 1415, 1502], [48246126, 48440507, 48753376, 49300918, 49866388]
    limits = rate(x, n, method="phe")
    np.testing.assert_allclose(limits.ci_low, [2.7841, 1.8085, 2.6113, 2.7225, 2.8616], atol=6e-5)
    assert trend_marker(x, n, kind="rate").marker == "increasing"


def test_the_threshold_is_that_of_a_chi_square_with_a_chance_of_1_in_500():
    from psykanalys.methods.trend_marker import THRESHOLD

    assert chi2.sf(THRESHOLD, 1) == pytest.approx(0.002, rel=1e-4)


# --- against a slow second implementation


def slope_of(time, value, weight):
    total = sum(weight)
    middle = sum(w * t for w, t in zip(weight, time, strict=True)) / total
    level = sum(w * v for w, v in zip(weight, value, strict=True)) / total
    spread = sum(w * (t - middle) ** 2 for w, t in zip(weight, time, strict=True))
    return sum(w * (t - middle) * (v - level) for w, t, v in zip(weight, time, value, strict=True)) / spread, spread


def by_the_rule(time, value, weight, variance):
    slope, spread = slope_of(time, value, weight)
    others = [slope_of(*(list(part[:i]) + list(part[i + 1 :]) for part in (time, value, weight)))[0] for i in range(5)]
    same = all(other * slope > 0 and abs(other) > 1e-9 * max(value) / 4 for other in others)
    chi_square = slope**2 * spread / variance
    changed = chi_square > 9.5495 and same
    return chi_square, ("increasing" if slope > 0 else "decreasing") if changed else "no_change"


@given(some_in_some_out)
@unhurried
def test_markers_of_proportions_follow_the_rule_written_out(series):
    x, n = zip(*series, strict=True)
    share = sum(x) / sum(n)
    values = [one / many for one, many in zip(x, n, strict=True)]
    chi_square, marker = by_the_rule(range(5), values, n, share * (1 - share))
    found = trend_marker(x, n)
    assert found.value == pytest.approx(chi_square, rel=1e-9, abs=1e-12)
    assert found.marker == marker


@given(some_in_some_out)
@unhurried
def test_markers_of_rates_follow_the_rule_written_out(series):
    x, n = zip(*series, strict=True)
    limits = rate(x, n, per=1, method="phe")
    errors = [(high - low) / 3.92 for low, high in zip(limits.ci_low, limits.ci_high, strict=True)]
    values = [one / many for one, many in zip(x, n, strict=True)]
    chi_square, marker = by_the_rule(range(5), values, [1 / error**2 for error in errors], 1)
    found = trend_marker(x, n, kind="rate")
    assert found.value == pytest.approx(chi_square, rel=1e-9, abs=1e-12)
    assert found.marker == marker


@given(some_in_some_out)
@unhurried
def test_chi_square_is_that_of_the_trend_in_proportions(series):
    x, n = zip(*series, strict=True)
    trend = logistic_trend(x, n)
    if not trend.problems:
        assert trend_marker(x, n).value == pytest.approx(float(trend.chi_square), rel=1e-12, abs=1e-12)
        if abs(trend.slope) > 1e-9:
            assert np.sign(trend_marker(x, n).slope) == np.sign(trend.slope)


# --- the rule's parts


def test_a_rise_a_fall_and_no_change():
    found = trend_marker([UP, DOWN, LEVEL], N)
    assert found.marker.tolist() == ["increasing", "decreasing", "no_change"]
    assert found.significant.tolist() == [True, True, False]
    assert not found.outlier.any()


def test_a_single_point_makes_no_trend():
    found = trend_marker([100, 98, 96, 94, 250], N)
    assert found.value > 9.5495
    assert (bool(found.significant), bool(found.outlier)) == (True, True)
    assert found.marker == "no_change"


def test_a_step_at_the_last_point_after_four_equal_ones_is_no_trend():
    assert trend_marker([100, 100, 100, 100, 250], N).marker == "no_change"
    assert trend_marker([10, 20, 30, 10, 250], [100, 200, 300, 100, 1000]).marker == "no_change"


def test_only_the_last_five_points_count():
    assert trend_marker([900, 1, *UP], [1000] * 7).marker == "increasing"
    assert trend_marker([900, 1, *UP], [1000] * 7).value == trend_marker(UP, N).value


@pytest.mark.parametrize("points", [0, 1, 4])
def test_fewer_than_five_points_are_not_enough_and_no_problem(points):
    found = trend_marker(UP[:points], N[:points])
    assert found.marker == "not_enough_points"
    assert np.isnan(found.value)
    assert found.problems == ()


def test_the_last_five_known_points_count_with_their_times():
    x, n = [50, 60, np.nan, 80, 90, 120, 150], [1000, 1000, 1000, np.nan, 1000, 1000, 1000]
    years = np.arange(2015, 2022)
    known = [0, 1, 4, 5, 6]
    found = trend_marker(x, n, time=years)
    assert found.value == trend_marker(np.array(x)[known], N, time=years[known]).value
    assert trend_marker(x[1:], n[1:]).marker == "not_enough_points"


def test_points_may_come_in_any_order_with_their_times():
    order = [3, 0, 4, 2, 1]
    found = trend_marker(np.array(UP)[order], N, time=np.array(order))
    assert found.value == pytest.approx(float(trend_marker(UP, N).value), rel=1e-12)
    assert found.marker == "increasing"


@given(some_in_some_out)
@unhurried
def test_turning_time_round_turns_the_marker_round(series):
    x, n = np.array(series).T
    turned = {"increasing": "decreasing", "decreasing": "increasing", "no_change": "no_change"}
    assert trend_marker(x[::-1], n[::-1]).marker == turned[str(trend_marker(x, n).marker)]


def test_more_units_with_the_same_shares_make_chi_square_larger():
    assert trend_marker(LEVEL, N).marker == "no_change"
    assert trend_marker(np.array(DOWN) / 10, np.array(N) / 10).value == pytest.approx(trend_marker(DOWN, N).value / 10)


# --- what cannot be estimated


@pytest.mark.parametrize(
    ("x", "n", "reason"),
    [
        ([-1, 2, 3, 4, 5], N, "x is negative"),
        ([1, 2, 3, 4, 5], [0, 9, 9, 9, 9], "n is not positive"),
        ([1, 2, 3, 4, 10], [9] * 5, "x is larger than n"),
        ([1, 2, 3, np.inf, 5], N, "a value or time is infinite"),
        ([0] * 5, N, "x is 0 in the last five points: not estimable"),
        (N, N, "x is n in the last five points: not estimable"),
    ],
)
def test_an_impossible_series_is_set_aside_with_its_reason_and_disturbs_no_other(x, n, reason):
    found, undisturbed = trend_marker([UP, x, DOWN], [N, n, N]), trend_marker([UP, DOWN], [N, N])
    assert found.problems == (Problem(1, reason),)
    assert found.marker.tolist() == ["increasing", "not_estimable", "decreasing"]
    assert np.isnan(found.value[1])
    np.testing.assert_array_equal(found.value[[0, 2]], undisturbed.value)


def test_rates_may_have_more_events_than_persons():
    assert trend_marker([20, 30, 40, 55, 90], [10] * 5, kind="rate").marker == "increasing"
    assert trend_marker([0] * 5, N, kind="rate").marker == "not_estimable"
    assert trend_marker([0, 0, 5, 20, 60], N, kind="rate").marker == "increasing"


def test_two_points_at_the_same_time_are_refused():
    found = trend_marker(UP, N, time=[1, 2, 3, 4, 4])
    assert found.problems == (Problem(0, "two values at the same time"),)


def test_a_raised_error_lists_every_series():
    with pytest.raises(MethodError) as caught:
        trend_marker([UP, [0] * 5, [-1, *UP[1:]]], N, errors="raise")
    assert [problem.index for problem in caught.value.problems] == [1, 2]


# --- what may be asked


def test_an_answer_names_its_statistic_and_has_no_limits():
    found = trend_marker(UP, N)
    assert (found.statistic, found.interval_method) == ("chi_square_for_trend", "none")
    assert np.isnan([found.ci_low, found.ci_high]).all()
    assert found.slope == pytest.approx(slope_of(range(5), [x / 1000 for x in UP], N)[0])
    assert sqrt(found.value) > 0


def test_shapes_follow_the_input():
    table = np.array([UP, DOWN, LEVEL])
    assert np.shape(trend_marker(UP, N).marker) == ()
    assert trend_marker(table.T, 1000, axis=0).marker.tolist() == trend_marker(table, 1000).marker.tolist()
    assert trend_marker(np.stack([table, table]), 1000).marker.shape == (2, 3)
    assert trend_marker(np.empty((0, 5)), np.empty((0, 5))).marker.shape == (0,)


def test_series_with_any_index_are_taken():
    x = pd.Series(UP, index=list("edcba"))
    assert trend_marker(x, pd.Series(N)).value == trend_marker(UP, N).value


def test_an_unknown_kind_is_refused():
    with pytest.raises(KeyError):
        trend_marker(UP, N, kind="mean")
