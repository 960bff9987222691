"""Mann–Kendall and Sen: against the reference values, against every order there is, and by what always holds."""

from itertools import combinations, permutations
from math import factorial
from pathlib import Path
from statistics import NormalDist, median

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psykanalys.methods import MethodError, Problem
from psykanalys.methods.mann_kendall import mann_kendall

REFERENCE = Path(__file__).parent / "reference"
COLUMNS = {
    "n": "points",
    "S": "s",
    "varS": "variance",
    "tau_trendpkg": "tau",
    "z_cc": "z",
    "p_cc": "p_normal",
    "z_nocc": "z_uncorrected",
    "p_nocc": "p_uncorrected",
    "sen_slope": "value",
    "sen_lower95": "ci_low",
    "sen_upper95": "ci_high",
}
NUMBERS = ["value", "ci_low", "ci_high", "s", "variance", "tau", "z", "p", "p_normal", "p_uncorrected", "smallest_p"]
SEVEN = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0]

unhurried = settings(deadline=None)
values = st.lists(st.integers(-6, 6), min_size=3, max_size=12).filter(lambda y: len(set(y)) > 1)
different = st.lists(st.integers(-500, 500), min_size=3, max_size=7, unique=True)


def expected_and_found():
    expected = pd.read_csv(REFERENCE / "trend_mk_expected.csv").set_index("series")
    inputs = pd.read_csv(REFERENCE / "trend_mk_inputs.csv")
    rows = inputs.pivot(index="series", columns="t", values="y").loc[expected.index]
    return expected, mann_kendall(rows)


def assert_same(one, other):
    for name in NUMBERS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


# --- against the reference values


@pytest.mark.parametrize(("column", "field"), COLUMNS.items(), ids=COLUMNS.keys())
def test_series_of_different_lengths_in_one_table_agree_with_the_reference(column, field):
    expected, found = expected_and_found()
    assert len(expected) == 4
    np.testing.assert_allclose(getattr(found, field), expected[column], rtol=1e-9)


def test_exact_p_values_agree_with_the_reference_where_no_values_are_equal():
    expected, found = expected_and_found()
    exact = expected.index != "ties"  # with equal values R falls back on the normal distribution, uncorrected
    np.testing.assert_array_equal(found.exact, exact)
    np.testing.assert_allclose(found.p[exact], expected["cor_kendall_p"][exact], rtol=1e-9)
    np.testing.assert_allclose(found.p_uncorrected[~exact], expected["cor_kendall_p"][~exact], rtol=1e-9)


# --- against a slow second implementation


def by_hand(y):
    pairs = list(combinations(range(len(y)), 2))
    s = sum((y[j] > y[i]) - (y[j] < y[i]) for i, j in pairs)
    n, groups = len(y), [list(y).count(one) for one in set(y)]
    variance = (n * (n - 1) * (2 * n + 5) - sum(g * (g - 1) * (2 * g + 5) for g in groups)) / 18
    slopes = sorted((y[j] - y[i]) / (j - i) for i, j in pairs)
    return s, variance, slopes


@given(values)
@unhurried
def test_the_test_is_that_of_counting_pairs_by_hand(y):
    s, variance, slopes = by_hand(y)
    z = (s - (s > 0) + (s < 0)) / variance**0.5
    found = mann_kendall(y)
    assert found.s == s
    assert found.variance == pytest.approx(variance, rel=1e-12)
    assert found.value == pytest.approx(median(slopes), abs=1e-12)
    assert found.p_normal == pytest.approx(2 * NormalDist().cdf(-abs(z)), rel=1e-9)


@given(values, st.sampled_from([0.5, 0.8, 0.95]))
@unhurried
def test_sens_limits_are_the_ranked_slopes(y, confidence):
    _, variance, slopes = by_hand(y)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * variance**0.5
    low, high = round((len(slopes) - reach) / 2), round((len(slopes) + reach) / 2 + 1)
    found = mann_kendall(y, confidence=confidence)
    assert found.ci_low == pytest.approx(slopes[low - 1] if low >= 1 else np.nan, abs=1e-12, nan_ok=True)
    assert found.ci_high == pytest.approx(slopes[high - 1] if high <= len(slopes) else np.nan, abs=1e-12, nan_ok=True)


@given(different)
@unhurried
def test_exact_p_is_the_share_of_all_orders_at_least_as_far_from_no_trend(y):
    scores = [abs(by_hand(order)[0]) for order in permutations(range(len(y)))]
    share = sum(score >= abs(by_hand(y)[0]) for score in scores) / len(scores)
    assert mann_kendall(y).p == pytest.approx(share, rel=1e-12)


def test_the_chances_of_49_points_add_up():
    y = np.arange(49.0)
    assert mann_kendall(y).exact
    assert not mann_kendall(np.arange(50.0)).exact
    assert 0 < mann_kendall(y).p == mann_kendall(y).smallest_p
    assert mann_kendall(np.r_[y[24:], y[:24]]).p == pytest.approx(
        mann_kendall(np.r_[y[24:], y[:24]]).p_normal, rel=0.05
    )


# --- what few points can show


@pytest.mark.parametrize(("points", "reachable"), [(3, False), (4, False), (5, True), (6, True), (10, True)])
def test_fewer_than_5_points_can_never_reach_5_percent(points, reachable):
    found = mann_kendall(np.arange(points))
    assert found.p == found.smallest_p == pytest.approx(min(1, 2 / factorial(points)), rel=1e-12)
    assert bool(found.can_reach_5_percent) is reachable
    assert found.problems == ()


@given(st.lists(st.integers(0, 9), min_size=3, max_size=4).filter(lambda y: len(set(y)) > 1))
@unhurried
def test_no_3_or_4_values_reach_5_percent_by_any_of_the_p_values_reported(y):
    found = mann_kendall(y)
    assert found.p >= found.smallest_p > 0.05
    assert not found.can_reach_5_percent


@given(values)
@unhurried
def test_the_smallest_p_is_that_of_the_same_values_in_order(y):
    assert mann_kendall(y).smallest_p == pytest.approx(mann_kendall(sorted(y)).p, rel=1e-12)


def test_equal_values_raise_the_smallest_p():
    found = mann_kendall([[1, 2, 3, 4, 5], [1, 1, 1, 1, 5]])
    np.testing.assert_array_equal(found.can_reach_5_percent, [True, False])


# --- what always holds


@given(values)
@unhurried
def test_turning_time_round_turns_the_trend_round(y):
    one, other = mann_kendall(y), mann_kendall(y[::-1])
    assert other.s == -one.s
    assert other.value == pytest.approx(-one.value, abs=1e-12)
    assert other.p == one.p


@given(values)
@unhurried
def test_only_order_counts_for_the_test(y):
    assert mann_kendall(np.exp(np.array(y))).p == mann_kendall(y).p


@given(values, st.permutations(range(12)))
@unhurried
def test_points_may_come_in_any_order_with_their_times(y, order):
    order = [place for place in order if place < len(y)]
    shuffled = mann_kendall(np.array(y)[order], time=np.array(order))
    assert_same(shuffled, mann_kendall(y))


@given(values)
@unhurried
def test_tau_and_p_stay_within_their_bounds(y):
    found = mann_kendall(y)
    assert -1 <= found.tau <= 1
    assert 0 < found.smallest_p <= found.p <= 1


def test_the_slope_is_per_unit_of_time():
    years = np.array([2015, 2016, 2018, 2021, 2022])
    assert mann_kendall(3.0 * years, time=years).value == pytest.approx(3)
    assert mann_kendall(3.0 * years, time=12 * years).value == pytest.approx(0.25)


# --- what may be asked


def test_an_answer_names_its_statistic_and_its_method():
    assert (mann_kendall(SEVEN).statistic, mann_kendall(SEVEN).interval_method) == ("sen_slope", "sen_ranks")


def test_one_series_gives_numbers_and_a_table_gives_one_per_row():
    one, table = mann_kendall(SEVEN), mann_kendall([SEVEN, SEVEN[::-1]])
    assert np.shape(one.value) == np.shape(one.p) == np.shape(one.can_reach_5_percent) == ()
    assert table.value.shape == table.exact.shape == (2,)
    assert table.p[0] == one.p


def test_time_may_stand_on_another_axis():
    table = np.array([SEVEN, SEVEN[::-1], [7, 6, 5, 4, 3, 2, 1]])
    assert_same(mann_kendall(table.T, axis=0), mann_kendall(table))
    cube = np.stack([table, 2 * table])
    np.testing.assert_array_equal(mann_kendall(np.moveaxis(cube, 2, 1), axis=1).value, mann_kendall(cube).value)


def test_whole_numbers_and_series_with_any_index_are_taken():
    whole = pd.Series([3, 1, 4, 2], index=["01", "03", "24", "25"])
    assert_same(mann_kendall(whole), mann_kendall([3.0, 1.0, 4.0, 2.0]))


def test_a_missing_value_is_left_out_with_its_time():
    with_gap, years = [3, np.nan, 1, 4, 2, 5], np.arange(2015, 2021)
    known = [0, 2, 3, 4, 5]
    assert_same(mann_kendall(with_gap, time=years), mann_kendall(np.array(with_gap)[known], time=years[known]))
    assert mann_kendall(with_gap).points == 5


def test_a_series_of_nothing_but_missing_values_is_unknown_and_no_problem():
    found = mann_kendall([[np.nan] * 4, [1, 2, 3, 5]])
    np.testing.assert_array_equal(np.isnan(found.value), [True, False])
    np.testing.assert_array_equal(found.can_reach_5_percent, [False, False])
    assert found.problems == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([1, 2, np.nan, np.nan], "fewer than 3 points"),
        ([4, 4, 4, 4], "all values are equal: not estimable"),
        ([4, 4, np.inf, 4], "a value or time is infinite"),
    ],
)
def test_a_series_that_cannot_be_tested_is_set_aside_and_disturbs_no_other(row, reason):
    rows = [[1, 3, 2, 4], row, [9, 8, 3, 1]]
    found, undisturbed = mann_kendall(rows), mann_kendall([rows[0], rows[2]])
    assert found.problems == (Problem(1, reason),)
    for name in NUMBERS:
        assert np.isnan(getattr(found, name)[1]), name
        np.testing.assert_array_equal(getattr(found, name)[[0, 2]], getattr(undisturbed, name), err_msg=name)


def test_two_values_at_the_same_time_are_refused():
    assert mann_kendall([1, 2, 3], time=[1, 1, 2]).problems == (Problem(0, "two values at the same time"),)


def test_a_raised_error_lists_every_series():
    with pytest.raises(MethodError) as caught:
        mann_kendall([[1, 1, 1], [1, 2, 3], [1, np.nan, 2]], errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 2]


def test_several_confidence_levels_give_the_limits_a_last_axis():
    table = [SEVEN, SEVEN[::-1]]
    found = mann_kendall(table, confidence=[0.5, 0.8, 0.95])
    assert found.ci_low.shape == (2, 3)
    for position, level in enumerate([0.5, 0.8, 0.95]):
        np.testing.assert_array_equal(found.ci_low[:, position], mann_kendall(table, confidence=level).ci_low)
        np.testing.assert_array_equal(found.ci_high[:, position], mann_kendall(table, confidence=level).ci_high)


def test_nothing_gives_nothing():
    assert mann_kendall(np.empty((0, 5))).value.shape == (0,)
    assert np.isnan(mann_kendall([]).value)
    assert mann_kendall([]).problems == ()
    assert mann_kendall(4).problems == (Problem(0, "fewer than 3 points"),)


def test_a_time_axis_of_another_length_is_refused():
    with pytest.raises(ValueError, match="expected one time per point"):
        mann_kendall([1, 2, 3], time=[1, 2])
