"""What every method shares: shapes, unknown and impossible elements, confidence levels; and the parts behind it."""

import numpy as np
import pandas as pd
import pytest

from psykanalys import methods
from psykanalys.methods import (
    MethodError,
    Problem,
    bounds,
    count,
    coverage,
    difference_of_proportions,
    proportion,
    rate,
    ratio_of_rates,
)
from psykanalys.methods.core import as_floats, fractional, masked, set_aside, tails, z_value

WITH_LEVELS = {
    "proportion, exact": proportion,
    "proportion, wilson": lambda x, n, **options: proportion(x, n, method="wilson", **options),
    "count, exact": lambda x, n, **options: count(x, **options),
    "count, byar": lambda x, n, **options: count(x, method="byar", **options),
    "count, phe": lambda x, n, **options: count(x, method="phe", **options),
    "rate, exact": rate,
    "rate, byar": lambda x, n, **options: rate(x, n, method="byar", **options),
    "rate, phe": lambda x, n, **options: rate(x, n, method="phe", **options),
    "difference, first": lambda x, n, **options: difference_of_proportions(x, n, 3, 40, **options),
    "difference, second": lambda x, n, **options: difference_of_proportions(3, 40, x, n, **options),
    "ratio, first": lambda x, n, **options: ratio_of_rates(x, n, 3, 40, **options),
    "ratio, second": lambda x, n, **options: ratio_of_rates(3, 40, x, n, **options),
}
WITHOUT_LEVELS = {
    "coverage": coverage,
    "bounds": lambda x, n, **options: bounds(x, n, 50, **options),
}
ALL = WITH_LEVELS | WITHOUT_LEVELS
USING_N = {name: method for name, method in ALL.items() if not name.startswith("count")}

every_method = pytest.mark.parametrize("method", ALL.values(), ids=ALL.keys())
every_method_that_uses_n = pytest.mark.parametrize("method", USING_N.values(), ids=USING_N.keys())
every_method_with_levels = pytest.mark.parametrize("method", WITH_LEVELS.values(), ids=WITH_LEVELS.keys())


def numbers(estimate):
    return estimate.value, estimate.ci_low, estimate.ci_high


def assert_same(one, other):
    for actual, expected in zip(numbers(one), numbers(other), strict=True):
        np.testing.assert_array_equal(actual, expected)
    assert one.problems == other.problems


# --- shapes in, shapes out


@every_method
def test_one_number_gives_one_number(method):
    estimate = method(11, 31)
    assert [np.shape(part) for part in numbers(estimate)] == [(), (), ()]
    assert isinstance(float(estimate.value), float)


@every_method
def test_one_impossible_number_gives_one_unknown(method):
    estimate = method(-1, 31)
    assert [np.shape(part) for part in numbers(estimate)] == [(), (), ()]
    assert np.isnan(numbers(estimate)).all()
    assert [problem.index for problem in estimate.problems] == [0]


@every_method
def test_one_number_gives_the_same_as_its_row_in_an_array(method):
    rows = method([3, 11, 30], [5, 31, 40])
    for alone, row in zip(numbers(method(11, 31)), numbers(rows), strict=True):
        np.testing.assert_array_equal(alone, row[1])


@every_method
def test_whole_numbers_count_the_same_as_floats(method):
    assert_same(method(np.array([3, 11]), np.array([5, 31])), method([3.0, 11.0], [5.0, 31.0]))


@every_method
def test_a_series_gives_the_same_as_an_array_whatever_its_index(method):
    x, n = (pd.Series(column, index=["01", "25"]) for column in ([3, 11], [5, 31]))
    estimate = method(x, n)
    assert_same(estimate, method([3, 11], [5, 31]))
    assert all(isinstance(part, np.ndarray) for part in numbers(estimate))


@every_method
def test_a_missing_value_in_a_series_is_unknown(method):
    x, n = pd.Series([3, None, 11], dtype="Int64"), pd.Series([5, 31, 31], dtype="Int64")
    assert_same(method(x, n), method([3, np.nan, 11], [5, 31, 31]))


@every_method_that_uses_n
def test_one_n_serves_many_x(method):
    assert_same(method([3, 11], 31), method([3, 11], [31, 31]))


@every_method
def test_a_table_keeps_its_shape_and_counts_its_problems_row_by_row(method):
    estimate = method([[3, 11, 5], [4, 5, -1]], np.full((2, 3), 31))
    assert [part.shape for part in numbers(estimate)] == [(2, 3)] * 3
    assert [problem.index for problem in estimate.problems] == [5]


@every_method
def test_nothing_gives_nothing(method):
    estimate = method([], [])
    assert [part.shape for part in numbers(estimate)] == [(0,)] * 3
    assert estimate.problems == ()


@every_method
def test_the_inputs_are_left_as_they_were(method):
    x, n = np.array([3.0, -1.0, np.nan]), np.array([5.0, 31.0, 31.0])
    method(x, n)
    np.testing.assert_array_equal(x, [3, -1, np.nan])
    np.testing.assert_array_equal(n, [5, 31, 31])


# --- the unknown and the impossible


@every_method
def test_an_unknown_count_stays_unknown_and_is_no_problem(method):
    estimate, others = method([3, np.nan, 11], [5, 31, 31]), method([3, 11], [5, 31])
    for actual, expected in zip(numbers(estimate), numbers(others), strict=True):
        assert np.isnan(actual[1])
        np.testing.assert_array_equal(actual[[0, 2]], expected)
    assert estimate.problems == ()


@every_method_that_uses_n
def test_an_unknown_n_leaves_the_value_unknown_and_is_no_problem(method):
    estimate, others = method([3, 0, 11], [5, np.nan, 31]), method([3, 11], [5, 31])
    assert np.isnan(estimate.value[1])
    for actual, expected in zip(numbers(estimate), numbers(others), strict=True):
        np.testing.assert_array_equal(actual[[0, 2]], expected)
    assert estimate.problems == ()


@every_method
def test_all_unknown_is_no_problem(method):
    estimate = method([np.nan, np.nan], [np.nan, np.nan])
    assert np.isnan(estimate.value).all()
    assert estimate.problems == ()


@every_method
def test_an_impossible_row_never_disturbs_the_others(method):
    estimate, others = method([3, -1, 11, -2], [5, 31, 31, 31]), method([3, 11], [5, 31])
    assert [problem.index for problem in estimate.problems] == [1, 3]
    for actual, expected in zip(numbers(estimate), numbers(others), strict=True):
        assert np.isnan(actual[[1, 3]]).all()
        np.testing.assert_array_equal(actual[[0, 2]], expected)


@every_method_that_uses_n
def test_a_population_of_nobody_gives_no_number(method):
    estimate = method([3, 0, 11], [5, 0, 31])
    np.testing.assert_array_equal(np.isnan(estimate.value), [False, True, False])
    assert [problem.index for problem in estimate.problems] == [1]


@every_method
def test_a_raised_error_lists_every_problem(method):
    with pytest.raises(MethodError) as caught:
        method([-1, 3, -2], [31, 5, 31], errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 2]
    assert caught.value.problems == method([-1, 3, -2], [31, 5, 31]).problems
    assert "element 0: " in str(caught.value)
    assert "; element 2: " in str(caught.value)


@every_method
def test_nothing_is_raised_where_nothing_is_wrong(method):
    assert_same(method([3, np.nan], [5, 31], errors="raise"), method([3, np.nan], [5, 31]))


# --- confidence


@every_method_with_levels
def test_several_confidence_levels_give_the_limits_a_last_axis(method):
    x, n, levels = [3, -1, 0, 11, np.nan], [5, 31, 31, 31, 31], [0.8, 0.95]
    estimate = method(x, n, confidence=levels)
    assert [part.shape for part in numbers(estimate)] == [(5,), (5, 2), (5, 2)]
    for position, level in enumerate(levels):
        alone = method(x, n, confidence=level)
        np.testing.assert_array_equal(estimate.value, alone.value)
        np.testing.assert_array_equal(estimate.ci_low[:, position], alone.ci_low)
        np.testing.assert_array_equal(estimate.ci_high[:, position], alone.ci_high)
        assert estimate.problems == alone.problems
    assert [problem.index for problem in estimate.problems] == [1]


@every_method_with_levels
def test_as_many_levels_as_rows_are_not_taken_for_rows(method):
    estimate = method([3, 11], [5, 31], confidence=[0.8, 0.95])
    assert estimate.ci_low[0, 1] == method(3, 5).ci_low
    assert estimate.ci_high[1, 0] == method(11, 31, confidence=0.8).ci_high


@every_method_with_levels
def test_one_level_in_a_list_still_gives_a_last_axis(method):
    assert method([3, 11, 4], 31, confidence=[0.95]).ci_low.shape == (3, 1)
    assert method(3, 31, confidence=[0.95]).ci_low.shape == (1,)
    assert method(3, 31, confidence=[0.8, 0.95, 0.99]).ci_high.shape == (3,)


@every_method_with_levels
def test_95_percent_is_the_default(method):
    assert_same(method([3, 11], [5, 31]), method([3, 11], [5, 31], confidence=0.95))


@every_method_with_levels
@pytest.mark.parametrize("confidence", [95, 0, 1, -0.95, np.nan, [0.8, 95], [[0.8, 0.95]]], ids=str)
def test_a_level_that_is_not_a_fraction_is_refused(method, confidence):
    with pytest.raises(ValueError, match=r"expected fractions between 0 and 1, such as 0\.95"):
        method([3, 11], [5, 31], confidence=confidence)


# --- the parts


def test_everything_promised_is_there():
    assert sorted(methods.__all__) == methods.__all__
    assert all(hasattr(methods, name) for name in methods.__all__)


def test_inputs_are_stretched_to_each_other():
    one, other = as_floats([1, None, 3], 5)
    np.testing.assert_array_equal(one, [1, np.nan, 3])
    np.testing.assert_array_equal(other, [5, 5, 5])
    assert one.dtype == other.dtype == float


def test_inputs_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="shape"):
        as_floats([1, 2, 3], [1, 2])


def test_a_tail_is_half_of_what_confidence_leaves():
    tail, several = tails(0.95, (3,))
    assert tail == pytest.approx(0.025, rel=1e-14)
    assert not several


def test_several_tails_are_ready_to_be_set_against_every_row():
    tail, several = tails([0.8, 0.95], (4, 3))
    assert tail.shape == (1, 1, 2)
    assert several
    np.testing.assert_allclose(tail.ravel(), [0.1, 0.025], rtol=1e-14)


def test_z_values_are_those_of_the_tables():
    expected = [1.2815515655446004, 1.6448536269514722, 1.959963984540054, 2.5758293035489004, 3.090232306167813]
    np.testing.assert_allclose(z_value(np.array([0.1, 0.05, 0.025, 0.005, 0.001])), expected, rtol=1e-13)


def test_the_first_reason_that_fits_is_the_one_reported():
    first, second = np.array([False, True, False]), np.array([True, True, False])
    usable, problems = set_aside([(first, "first"), (second, "second")], "collect")
    np.testing.assert_array_equal(usable, [False, False, True])
    assert problems == (Problem(0, "second"), Problem(1, "first"))


def test_setting_aside_leaves_the_conditions_as_they_were():
    first, second = np.array([False, True]), np.array([True, False])
    set_aside([(first, "first"), (second, "second")], "collect")
    np.testing.assert_array_equal(first, [False, True])
    np.testing.assert_array_equal(second, [True, False])


def test_a_mask_covers_every_level_of_its_row():
    usable = np.array([True, False])
    np.testing.assert_array_equal(masked(np.array([1.0, 2.0]), usable), [1, np.nan])
    np.testing.assert_array_equal(masked(np.ones((2, 3)), usable), [[1, 1, 1], [np.nan] * 3])


def test_only_a_known_number_can_be_fractional():
    np.testing.assert_array_equal(fractional(np.array([2.0, 2.5, np.nan, np.inf])), [False, True, False, False])


def test_an_error_reads_as_a_list_and_is_a_value_error():
    error = MethodError([Problem(2, "x is negative"), Problem(7, "n is not positive")])
    assert isinstance(error, ValueError)
    assert str(error) == "element 2: x is negative; element 7: n is not positive"
    assert error.problems == (Problem(2, "x is negative"), Problem(7, "n is not positive"))


def test_an_estimate_cannot_be_altered():
    estimate = count(3)
    with pytest.raises(AttributeError):
        estimate.value = np.array(4.0)
