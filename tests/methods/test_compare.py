"""One population against another or a target: against the reference values, by hand, and by what always holds."""

from decimal import Decimal
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import chi2

from psykanalys.methods.compare import binomial_test, compare
from psykanalys.methods.comparison import difference_of_proportions, ratio_of_rates
from psykanalys.methods.core import MethodError, Problem

REFERENCE = Path(__file__).parent / "reference"
LEVELS = [0.5, 0.8, 0.95, 0.99]
EVERYTHING = ("value", "ci_low", "ci_high", "ratio", "ratio_low", "ratio_high", "p_value")

unhurried = settings(deadline=None)
each_kind = pytest.mark.parametrize("kind", ["proportion", "rate"])
levels = st.sampled_from(LEVELS)
part = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
two_parts = st.tuples(part, part).map(lambda parts: (*parts[0], *parts[1]))
with_events = two_parts.filter(lambda numbers: numbers[0] + numbers[2] > 0)
inside = st.tuples(part, part).map(lambda parts: (*parts[0], parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]))


def two_areas():
    rows = pd.read_csv(REFERENCE / "p_values_two_areas.csv")
    assert len(rows) == 4
    return rows, [rows[name] for name in ("x1", "n1", "x2", "n2")]


def assert_same(one, other):
    for name in EVERYTHING:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


# --- against the reference values


@pytest.mark.parametrize(
    ("name", "column"),
    [("value", "prop_diff"), ("ci_low", "newcombe_lower95"), ("ci_high", "newcombe_upper95"), ("p_value", "fisher_p")],
)
def test_proportions_of_two_areas_agree_with_the_reference(name, column):
    rows, counts = two_areas()
    np.testing.assert_allclose(getattr(compare(*counts), name), rows[column], rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("ratio", "rate_ratio"),
        ("ratio_low", "poisson_rr_lower95"),
        ("ratio_high", "poisson_rr_upper95"),
        ("p_value", "poisson_p"),
    ],
)
def test_rates_of_two_areas_agree_with_the_reference(name, column):
    rows, counts = two_areas()
    np.testing.assert_allclose(getattr(compare(*counts, kind="rate"), name), rows[column], rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "column"),
    [("value", "value"), ("p_value", "binom_exact_p"), ("ci_low", "clopper_lower95"), ("ci_high", "clopper_upper95")],
)
def test_tests_against_a_target_agree_with_the_reference(name, column):
    rows = pd.read_csv(REFERENCE / "p_values_to_target.csv")
    assert len(rows) == 21
    actual = getattr(binomial_test(rows["x"], rows["n"], rows["target"]), name)
    np.testing.assert_allclose(actual, rows[column], rtol=1e-9)


# --- against a slow second implementation


def wilson(x, n, z):
    a, b, c = n + z**2, -(2 * x + z**2), Decimal(x) ** 2 / n
    root = max(b**2 - 4 * a * c, Decimal(0)).sqrt()
    return float((-b - root) / (2 * a)), float((-b + root) / (2 * a))


def ratio_by_search(x1, n1, x2, n2, confidence):
    """The ratios θ at which the Newcombe limits of p₁ − θ·p₂ reach 0."""
    z = Decimal(NormalDist().inv_cdf((1 + confidence) / 2))
    (low1, high1), (low2, high2) = wilson(x1, n1, z), wilson(x2, n2, z)
    p1, p2 = x1 / n1, x2 / n2

    def lowest(log_ratio):
        ratio = np.exp(log_ratio)
        return p1 - ratio * p2 - np.hypot(p1 - low1, ratio * (high2 - p2))

    def highest(log_ratio):
        ratio = np.exp(log_ratio)
        return p1 - ratio * p2 + np.hypot(high1 - p1, ratio * (p2 - low2))

    low = 0.0 if x1 == 0 else np.exp(brentq(lowest, -30, 30, xtol=1e-14, rtol=1e-14))
    high = np.inf if x2 == 0 else np.exp(brentq(highest, -30, 30, xtol=1e-14, rtol=1e-14))
    return low, high


@given(with_events, levels)
@unhurried
def test_limits_of_a_ratio_of_proportions_are_where_the_difference_reaches_0(numbers, confidence):
    comparison = compare(*numbers, confidence=confidence)
    expected = ratio_by_search(*numbers, confidence)
    np.testing.assert_allclose((comparison.ratio_low, comparison.ratio_high), expected, rtol=1e-7)


@given(two_parts, levels)
@unhurried
def test_limits_of_a_difference_of_rates_are_recovered_from_the_exact_limits_of_each(numbers, confidence):
    x1, n1, x2, n2 = numbers
    tail = (1 - confidence) / 2
    (low1, high1), (low2, high2) = (
        (chi2.ppf(tail, 2 * x) / 2 / n if x else 0.0, chi2.ppf(1 - tail, 2 * x + 2) / 2 / n)
        for x, n in ((x1, n1), (x2, n2))
    )
    first, second = x1 / n1, x2 / n2
    low = first - second - ((first - low1) ** 2 + (high2 - second) ** 2) ** 0.5
    high = first - second + ((high1 - first) ** 2 + (second - low2) ** 2) ** 0.5
    comparison = compare(*numbers, kind="rate", confidence=confidence)
    np.testing.assert_allclose((comparison.ci_low, comparison.ci_high), (low, high), rtol=1e-9, atol=1e-12)


# --- what always holds


@each_kind
@given(with_events, levels)
@unhurried
def test_limits_contain_the_difference_and_the_ratio(kind, numbers, confidence):
    comparison = compare(*numbers, kind=kind, confidence=confidence)
    assert comparison.ci_low <= comparison.value <= comparison.ci_high
    assert 0 <= comparison.ratio_low <= comparison.ratio * (1 + 1e-12)
    assert comparison.ratio <= comparison.ratio_high * (1 + 1e-12)
    assert 0 <= comparison.p_value <= 1


@each_kind
@given(with_events.filter(lambda numbers: numbers[0] > 0 and numbers[2] > 0))
@unhurried
def test_swapping_the_populations_turns_everything_round(kind, numbers):
    x1, n1, x2, n2 = numbers
    one, other = compare(x1, n1, x2, n2, kind=kind), compare(x2, n2, x1, n1, kind=kind)
    np.testing.assert_allclose((other.value, other.ci_low), (-one.value, -one.ci_high), atol=1e-13)
    np.testing.assert_allclose((other.ratio, other.ratio_low), (1 / one.ratio, 1 / one.ratio_high), rtol=1e-9)
    assert other.p_value == pytest.approx(one.p_value, rel=1e-9)


@given(two_parts)
@unhurried
def test_the_ratio_and_the_difference_of_proportions_tell_the_same_side_of_chance(numbers):
    comparison = compare(*numbers)
    if numbers[0] + numbers[2] > 0 and abs(comparison.ci_low) > 1e-9 and abs(comparison.ci_high) > 1e-9:
        assert (comparison.ci_low > 0) == (comparison.ratio_low > 1)
        assert (comparison.ci_high < 0) == (comparison.ratio_high < 1)


def test_equal_populations_do_not_differ():
    for kind in ("proportion", "rate"):
        comparison = compare(40, 9000, 40, 9000, kind=kind)
        assert comparison.value == 0
        assert comparison.p_value == pytest.approx(1, rel=1e-12)
        assert comparison.ratio_low * comparison.ratio_high == pytest.approx(1, rel=1e-9)


@given(two_parts)
@unhurried
def test_the_parts_known_before_are_the_same(numbers):
    shares, rates = compare(*numbers), compare(*numbers, kind="rate")
    difference, ratio = difference_of_proportions(*numbers), ratio_of_rates(*numbers)
    assert (shares.value, shares.ci_low, shares.ci_high) == (difference.value, difference.ci_low, difference.ci_high)
    np.testing.assert_array_equal(
        (rates.ratio, rates.ratio_low, rates.ratio_high), (ratio.value, ratio.ci_low, ratio.ci_high)
    )


# --- an area against the nation that contains it


@each_kind
@given(inside)
@unhurried
def test_the_first_is_subtracted_from_the_second_that_contains_it(kind, numbers):
    x1, n1, x2, n2 = numbers
    assert_same(compare(*numbers, kind=kind, contains=True), compare(x1, n1, x2 - x1, n2 - n1, kind=kind))


def test_a_subtraction_is_said_in_the_names_of_the_methods():
    subtracted, apart = compare(3, 10, 9, 40, contains=True), compare(3, 10, 9, 40)
    assert (apart.interval_method, apart.ratio_method) == ("newcombe", "hybrid_score")
    assert subtracted.interval_method == "newcombe_first_subtracted"
    assert subtracted.ratio_method == "hybrid_score_first_subtracted"
    assert compare(3, 10, 9, 40, kind="rate", contains=True).interval_method == "hybrid_exact_first_subtracted"


def test_a_large_part_of_the_nation_differs_more_from_the_rest_than_from_the_whole():
    whole, rest = compare(400, 1000, 500, 2000), compare(400, 1000, 500, 2000, contains=True)
    assert whole.value == pytest.approx(0.15)
    assert rest.value == pytest.approx(0.3)
    assert rest.p_value < whole.p_value


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ((5, 10, 4, 20), "proportion"),
        ((5, 10, 5, 10), "proportion"),
        ((5, 10, 8, 12), "proportion"),
        ((5, 10, 4, 20), "rate"),
        ((5, 10, 6, 9), "rate"),
    ],
)
def test_a_second_population_that_cannot_contain_the_first_is_set_aside(numbers, kind):
    rows = np.array([(3, 10, 9, 40), numbers], dtype=float)
    comparison = compare(*rows.T, kind=kind, contains=True)
    assert comparison.problems == (Problem(1, "the second cannot contain the first, or is the first"),)
    for name in EVERYTHING:
        np.testing.assert_array_equal(np.isnan(getattr(comparison, name)), [False, True])


# --- the unknown and the impossible


@each_kind
def test_no_events_in_either_population_have_a_difference_but_no_ratio(kind):
    comparison = compare([0, 2], 30, [0, 3], 40, kind=kind)
    assert comparison.problems == (Problem(0, "no events in either population: no ratio"),)
    assert np.isnan([comparison.ratio[0], comparison.ratio_low[0], comparison.ratio_high[0]]).all()
    assert comparison.value[0] == 0
    assert comparison.ci_low[0] < 0 < comparison.ci_high[0]
    assert comparison.p_value[0] == 1


@each_kind
def test_no_events_in_one_population_leave_one_limit_of_the_ratio(kind):
    comparison = compare([9, 0], [20, 90], [0, 9], [90, 20], kind=kind)
    np.testing.assert_array_equal(comparison.ratio, [np.inf, 0])
    np.testing.assert_array_equal([comparison.ratio_high[0], comparison.ratio_low[1]], [np.inf, 0])
    assert 0 < comparison.ratio_low[0] < np.inf
    assert 0 < comparison.ratio_high[1] < np.inf


@pytest.mark.parametrize(
    ("numbers", "kind", "reason"),
    [
        ((-1, 10, 3, 10), "proportion", "x is negative"),
        ((3, 10, -1, 10), "rate", "x is negative"),
        ((3, 0, 3, 10), "proportion", "n is not a positive number"),
        ((3, 10, 3, np.inf), "rate", "n is not a positive number"),
        ((11, 10, 3, 10), "proportion", "x is larger than n"),
        ((3, 10, 1.5, 10), "rate", "the counts are not whole numbers"),
        ((3, 10.5, 1, 10), "proportion", "the counts are not whole numbers"),
        ((np.inf, 10, 1, 10), "rate", "the counts are not whole numbers"),
    ],
)
@pytest.mark.parametrize("contains", [False, True])
def test_an_impossible_row_is_set_aside_with_its_reason_and_disturbs_no_other(numbers, kind, reason, contains):
    rows = np.array([(9, 20, 30, 90), numbers, (1, 5, 2, 15)], dtype=float)
    comparison = compare(*rows.T, kind=kind, contains=contains)
    undisturbed = compare(*rows[[0, 2]].T, kind=kind, contains=contains)
    assert comparison.problems == (Problem(1, reason),)
    for name in EVERYTHING:
        assert np.isnan(getattr(comparison, name)[1])
        np.testing.assert_array_equal(getattr(comparison, name)[[0, 2]], getattr(undisturbed, name))


def test_events_may_exceed_persons_and_exposure_may_be_fractional_in_rates():
    comparison = compare(30, 10.5, 15, 10.5, kind="rate")
    assert comparison.problems == ()
    assert comparison.ratio == pytest.approx(2)


@each_kind
def test_an_unknown_count_stays_unknown_and_is_no_problem(kind):
    comparison = compare([3, np.nan, 3], 10, 4, [20, 20, np.nan], kind=kind)
    assert comparison.problems == ()
    for name in EVERYTHING:
        np.testing.assert_array_equal(np.isnan(getattr(comparison, name)), [False, True, True])


@each_kind
def test_a_raised_error_lists_every_problem(kind):
    with pytest.raises(MethodError) as caught:
        compare([-1, 3, 0, 3], 10, [2, 3, 0, -1], 10, kind=kind, errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 2, 3]


# --- shapes and levels


@each_kind
def test_one_comparison_gives_numbers_and_a_table_keeps_its_shape(kind):
    one = compare(3, 10, 9, 40, kind=kind)
    table = compare([[3, 4], [5, 6]], 10, 9, 40, kind=kind)
    for name in EVERYTHING:
        assert np.shape(getattr(one, name)) == ()
        assert getattr(table, name).shape == (2, 2)
        assert getattr(table, name)[0, 0] == getattr(one, name)


@each_kind
def test_series_count_the_same_as_arrays_whatever_their_index(kind):
    x1, n1 = pd.Series([3, 4], index=["a", "b"]), pd.Series([10, 12], index=["b", "a"])
    assert_same(compare(x1, n1, 9, 40, kind=kind), compare([3.0, 4.0], [10.0, 12.0], 9, 40, kind=kind))


@each_kind
def test_several_confidence_levels_give_the_limits_a_last_axis(kind):
    comparison = compare([3, 0, 4], 10, [9, 5, 0], 40, kind=kind, confidence=[0.8, 0.95])
    assert comparison.p_value.shape == (3,)
    for position, level in enumerate([0.8, 0.95]):
        alone = compare([3, 0, 4], 10, [9, 5, 0], 40, kind=kind, confidence=level)
        for name in ("ci_low", "ci_high", "ratio_low", "ratio_high"):
            np.testing.assert_array_equal(getattr(comparison, name)[:, position], getattr(alone, name))


@each_kind
def test_nothing_gives_nothing(kind):
    comparison = compare([], [], [], [], kind=kind)
    assert [getattr(comparison, name).shape for name in EVERYTHING] == [(0,)] * len(EVERYTHING)
    assert comparison.problems == ()


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="expected 'proportion' or 'rate'"):
        compare(1, 2, 3, 4, kind="mean")


# --- against a target


@pytest.mark.parametrize(
    ("x", "n", "target", "reason"),
    [
        (-1, 10, 0.5, "x is negative"),
        (1, 0, 0.5, "n is not a positive number"),
        (11, 10, 0.5, "x is larger than n"),
        (1.5, 10, 0.5, "the counts are not whole numbers"),
        (1, 10, 50, "the target is not a fraction from 0 to 1"),
        (1, 10, -0.1, "the target is not a fraction from 0 to 1"),
    ],
)
def test_an_impossible_test_is_set_aside_with_its_reason_and_disturbs_no_other(x, n, target, reason):
    test = binomial_test([3, x], [10, n], [0.2, target])
    assert test.problems == (Problem(1, reason),)
    for name in ("value", "ci_low", "ci_high", "p_value"):
        assert np.isnan(getattr(test, name)[1])
        assert getattr(test, name)[0] == getattr(binomial_test(3, 10, 0.2), name)


def test_one_case_against_a_target_of_none_is_certain():
    np.testing.assert_array_equal(binomial_test([0, 1, 9, 10], 10, [0, 0, 1, 1]).p_value, [1, 0, 0, 1])


def test_an_unknown_target_leaves_only_the_p_value_unknown():
    test = binomial_test(3, 10, np.nan)
    assert np.isnan(test.p_value)
    assert test.value == 0.3
    assert test.problems == ()


def test_a_test_names_its_statistic_and_method_and_takes_one_number_or_none():
    test = binomial_test(3, 10, 0.3)
    assert (test.statistic, test.interval_method) == ("proportion", "exact")
    assert np.shape(test.p_value) == ()
    assert test.p_value == pytest.approx(1, rel=1e-12)
    assert binomial_test([], [], []).p_value.shape == (0,)
    assert binomial_test([3, 4], 10, 0.3, confidence=[0.8, 0.95]).ci_low.shape == (2, 2)


def test_a_raised_error_lists_every_impossible_test():
    with pytest.raises(MethodError) as caught:
        binomial_test([-1, 3, 4], 10, [0.1, 0.2, 2], errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 2]
