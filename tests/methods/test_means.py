"""Means and quantiles: against the reference values, against slow second implementations, and by what always holds."""

from fractions import Fraction
from math import ceil, comb, floor, fsum, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from psykanalys.methods.core import MethodError, Problem
from psykanalys.methods.means import mean, quantile

REFERENCE = Path(__file__).parent / "reference"
TYPES = ["type7", "type6", "type2", "type8"]
LEVELS = [0.5, 0.8, 0.95, 0.99]

unhurried = settings(deadline=None)
each_type = pytest.mark.parametrize("method", TYPES)
each_function = pytest.mark.parametrize("function", [mean, quantile])
levels = st.sampled_from(LEVELS)
probabilities = st.sampled_from([0.05, 0.1, 0.25, 0.3, 0.5, 0.7, 0.9, 0.99])
samples = st.lists(st.integers(-50, 400), min_size=1, max_size=30)
labelled = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 400)), min_size=1, max_size=40)


def inputs():
    return pd.read_csv(REFERENCE / "mean_inputs.csv")


def expected(file, groups, **selection):
    rows = pd.read_csv(REFERENCE / file)
    for column, value in selection.items():
        rows = rows[rows[column] == value]
    return rows.set_index("group").loc[list(groups)]


# --- against the reference values


@pytest.mark.parametrize(("confidence", "label"), [(0.9, "90"), (0.95, "95_0"), (0.998, "99_8")])
def test_means_agree_with_the_reference(confidence, label):
    estimate = mean(inputs()["value"], group=inputs()["group"], confidence=confidence)
    rows = expected("mean_expected.csv", estimate.group)
    assert len(rows) == 4
    assert estimate.problems == ()
    np.testing.assert_array_equal(estimate.n, rows["value_count"])
    np.testing.assert_allclose(estimate.standard_deviation, rows["stdev"], rtol=1e-9)
    np.testing.assert_allclose(estimate.value, rows["value"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_low, rows[f"lower{label}cl"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_high, rows[f"upper{label}cl"], rtol=1e-9)


@each_type
@pytest.mark.parametrize("probability", [0.25, 0.5, 0.75, 0.9])
def test_quantiles_and_their_limits_agree_with_the_reference(probability, method):
    estimate = quantile(inputs()["value"], probability, group=inputs()["group"], method=method)
    rows = expected("median_quantile_expected.csv", estimate.group, prob=probability)
    assert len(rows) == 4
    np.testing.assert_allclose(estimate.value, rows[f"q_{method}"], rtol=1e-9)
    np.testing.assert_allclose(estimate.coverage, rows["coverage"], rtol=1e-9)
    for actual, column in (
        (estimate.n, "n"),
        (estimate.rank_low, "ci95_rank_lower"),
        (estimate.rank_high, "ci95_rank_upper"),
        (estimate.ci_low, "ci95_lower"),
        (estimate.ci_high, "ci95_upper"),
    ):
        np.testing.assert_array_equal(actual, rows[column])


# --- against slow second implementations


@given(samples.filter(lambda values: len(values) > 1), levels)
@unhurried
def test_limits_of_a_mean_are_students_by_hand(values, confidence):
    n, middle = len(values), Fraction(sum(values), len(values))
    deviation = sqrt(sum((value - middle) ** 2 for value in values) / (n - 1))
    half = student.ppf((1 + confidence) / 2, n - 1) * deviation / sqrt(n)
    estimate = mean(values, confidence=confidence)
    assert estimate.value == pytest.approx(float(middle), rel=1e-13, abs=1e-13)
    assert estimate.standard_deviation == pytest.approx(deviation, rel=1e-12)
    expected_limits = (float(middle) - half, float(middle) + half)
    np.testing.assert_allclose((estimate.ci_low, estimate.ci_high), expected_limits, rtol=1e-9, atol=1e-10)


def quantile_by_hand(values, probability, method):
    """Hyndman and Fan's definitions with exact fractions of the probability as it is written."""
    ordered, n, p = sorted(values), len(values), Fraction(str(probability))
    if method == "type2":
        return (ordered[ceil(n * p) - 1] + ordered[min(floor(n * p) + 1, n) - 1]) / 2
    place = {"type7": 1 + (n - 1) * p, "type6": (n + 1) * p, "type8": (n + Fraction(1, 3)) * p + Fraction(1, 3)}[method]
    place = min(max(place, Fraction(1)), Fraction(n))
    low, high = ordered[floor(place) - 1], ordered[min(floor(place) + 1, n) - 1]
    return float(low + (place - floor(place)) * (high - low))


@each_type
@given(samples, probabilities)
@unhurried
def test_quantiles_are_those_of_the_definitions(method, values, probability):
    estimate = quantile(values, probability, method=method)
    assert estimate.value == pytest.approx(quantile_by_hand(values, probability, method), rel=1e-12, abs=1e-12)


def chance(n, probability, outcomes):
    return fsum(comb(n, k) * probability**k * (1 - probability) ** (n - k) for k in outcomes)


def ranks_by_hand(n, probability, confidence):
    """Try every place, by summing the binomial."""
    tail = (1 - confidence) / 2 * (1 + 1e-12)
    low = [place for place in range(1, n + 1) if chance(n, probability, range(place)) <= tail]
    high = [place for place in range(1, n + 1) if chance(n, probability, range(place, n + 1)) <= tail]
    return max(low, default=None), min(high, default=None)


@given(samples, probabilities, levels)
@unhurried
def test_limits_of_a_quantile_are_the_values_at_the_ranks_found_by_trying_all(values, probability, confidence):
    n, ordered = len(values), sorted(values)
    estimate = quantile(values, probability, confidence=confidence)
    low, high = ranks_by_hand(n, probability, confidence)
    between = range(low or 0, high or n + 1)
    for rank, limit, place in ((low, estimate.ci_low, estimate.rank_low), (high, estimate.ci_high, estimate.rank_high)):
        np.testing.assert_array_equal(place, np.nan if rank is None else rank)
        np.testing.assert_array_equal(limit, np.nan if rank is None else ordered[rank - 1])
    assert estimate.coverage == pytest.approx(chance(n, probability, between), rel=1e-9)


# --- what always holds


@pytest.mark.parametrize("confidence", LEVELS)
@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_limits_of_a_quantile_cover_at_least_as_often_as_they_promise(probability, confidence):
    for n in [*range(1, 60), 500, 12_345]:
        assert quantile(np.arange(n), probability, confidence=confidence).coverage >= confidence * (1 - 1e-12)


@given(st.floats(-1e6, 1e6), st.integers(2, 50))
def test_equal_values_have_limits_equal_to_them(value, n):
    estimate = mean([value] * n)
    assert estimate.standard_deviation == pytest.approx(0, abs=1e-12 * abs(value))
    np.testing.assert_allclose((estimate.value, estimate.ci_low, estimate.ci_high), value, rtol=1e-10)


@given(samples)
@unhurried
def test_turning_the_values_round_turns_the_quantile_and_its_limits_round(values):
    one, other = quantile(values, 0.25), quantile([-value for value in values], 0.75)
    np.testing.assert_allclose(other.value, -one.value, atol=1e-12)
    np.testing.assert_array_equal(other.ci_low, -one.ci_high)
    np.testing.assert_array_equal(other.ci_high, -one.ci_low)
    assert other.coverage == pytest.approx(one.coverage, rel=1e-12)


@given(samples)
@unhurried
def test_higher_confidence_never_gives_narrower_limits_of_a_quantile(values):
    estimate = quantile(values, confidence=LEVELS)
    assert np.all(np.diff(np.nan_to_num(estimate.rank_low, nan=0)) <= 0)
    assert np.all(np.diff(np.nan_to_num(estimate.rank_high, nan=len(values) + 1)) >= 0)
    assert np.all(np.diff(estimate.coverage) >= -1e-12)


@each_function
@given(labelled)
@unhurried
def test_a_group_has_the_same_results_as_if_it_were_alone(function, rows):
    group, values = (np.array(column) for column in zip(*rows, strict=True))
    together = function(values, group=group, confidence=[0.8, 0.95])
    assert list(together.group) == sorted(set(group))
    for number, label in enumerate(together.group):
        alone = function(values[group == label], confidence=[0.8, 0.95])
        for name in ("value", "ci_low", "ci_high"):
            np.testing.assert_allclose(getattr(together, name)[number], getattr(alone, name), rtol=1e-12)


# --- what may be asked


@each_function
def test_one_value_has_no_limits(function):
    estimate = function(12)
    assert (estimate.value, estimate.n) == (12, 1)
    assert np.isnan([estimate.ci_low, estimate.ci_high]).all()
    assert [np.shape(part) for part in (estimate.value, estimate.ci_low, estimate.n)] == [(), (), ()]
    assert estimate.problems == ()


@each_function
def test_whole_numbers_and_series_count_the_same_as_floats(function):
    floats = function([3.0, 5.0, 1.0], group=["b", "a", "b"])
    series = function(pd.Series([3, 5, 1], index=[7, 7, 9]), group=pd.Series(["b", "a", "b"]))
    for name in ("value", "ci_low", "ci_high", "group"):
        np.testing.assert_array_equal(getattr(series, name), getattr(floats, name))


@each_function
def test_an_unknown_value_leaves_its_group_unknown_and_is_no_problem(function):
    estimate = function([1, 2, 3, np.nan], group=["a", "a", "b", "b"])
    assert estimate.value[0] == 1.5
    assert np.isnan([estimate.value[1], estimate.ci_low[1], estimate.n[1]]).all()
    assert estimate.problems == ()


@each_function
def test_an_impossible_value_sets_its_group_aside_and_disturbs_no_other(function):
    estimate = function([1, np.inf, 2, 5], group=["a", "b", "a", "b"])
    undisturbed = function([1, 2], group=["a", "a"])
    assert estimate.problems == (Problem(1, "a value is not finite (row 1)"),)
    assert np.isnan([estimate.value[1], estimate.ci_low[1], estimate.ci_high[1]]).all()
    assert estimate.value[0] == undisturbed.value[0]
    assert estimate.problems[0].index == 1


@each_function
def test_a_raised_error_lists_every_group(function):
    with pytest.raises(MethodError) as caught:
        function([np.inf, 1, -np.inf], group=[1, 2, 3], errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 2]


@each_function
def test_no_values_are_a_problem_where_one_answer_was_asked_for(function):
    estimate = function([])
    assert np.shape(estimate.value) == ()
    assert np.isnan([estimate.value, estimate.ci_low, estimate.ci_high]).all()
    assert estimate.problems == (Problem(0, "no values"),)


@each_function
def test_no_groups_give_nothing(function):
    estimate = function([], group=[])
    assert estimate.value.shape == estimate.ci_low.shape == estimate.group.shape == (0,)
    assert estimate.problems == ()


@each_function
def test_several_confidence_levels_give_the_limits_a_last_axis(function):
    values, group = [1, 4, 2, 9, 5, 7, 3], list("aabbbbb")
    estimate = function(values, group=group, confidence=[0.5, 0.8])
    assert (estimate.value.shape, estimate.ci_low.shape) == ((2,), (2, 2))
    for position, level in enumerate([0.5, 0.8]):
        alone = function(values, group=group, confidence=level)
        np.testing.assert_array_equal(estimate.ci_low[:, position], alone.ci_low)
        np.testing.assert_array_equal(estimate.ci_high[:, position], alone.ci_high)
    assert function(values, confidence=[0.5]).ci_low.shape == (1,)


@each_function
def test_one_label_is_needed_for_each_value(function):
    with pytest.raises(ValueError, match="2 labels for 3"):
        function([1, 2, 3], group=["a", "b"])


@each_function
@pytest.mark.parametrize("confidence", [95, 0, 1], ids=str)
def test_a_level_that_is_not_a_fraction_is_refused(function, confidence):
    with pytest.raises(ValueError, match=r"such as 0\.95"):
        function([3, 11], confidence=confidence)


@pytest.mark.parametrize("probability", [0, 1, 50, -0.5, np.nan], ids=str)
def test_a_probability_that_is_not_a_fraction_is_refused(probability):
    with pytest.raises(ValueError, match=r"such as 0\.5"):
        quantile([3, 11], probability)


def test_an_unknown_type_is_refused():
    with pytest.raises(ValueError, match="expected one of type7, type6, type2, type8"):
        quantile([3, 11], method="type1")


def test_answers_name_their_statistic_and_their_method():
    assert (mean([1, 2]).statistic, mean([1, 2]).interval_method) == ("mean", "student_t")
    assert (quantile([1, 2]).statistic, quantile([1, 2]).interval_method) == ("quantile", "order_statistics")
