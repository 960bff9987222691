"""Funnel limits and points: against the reference values, against slow second implementations, and by their promise."""

from math import fsum
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm, poisson

from psykanalys.methods import MethodError, Problem
from psykanalys.methods.funnel import funnel_limits, funnel_points

REFERENCE = Path(__file__).parent / "reference"
WAYS = [
    ("proportion", "normal"),
    ("proportion", "exact"),
    ("ratio", "poisson"),
    ("ratio", "exact"),
    ("ratio", "normal"),
]
unhurried = settings(deadline=None, max_examples=80)
each_way = pytest.mark.parametrize(("kind", "method"), WAYS)
tails = st.sampled_from([0.1, 0.025, 0.001])


# --- against the reference values and published ones


def test_limits_of_a_proportion_agree_with_the_reference():
    rows = pd.read_csv(REFERENCE / "funnel_proportion_limits.csv")
    limits = funnel_limits(rows["average"], rows["n"])
    assert len(rows) == 22
    np.testing.assert_allclose(limits.ci_low, rows[["limit_low_0.975", "limit_low_0.999"]], rtol=1e-9)
    np.testing.assert_allclose(limits.ci_high, rows[["limit_high_0.975", "limit_high_0.999"]], rtol=1e-9)


def test_poisson_limits_of_a_ratio_are_those_that_funnelplotr_publishes():
    limits = funnel_limits(1, [15, 20, 30], kind="ratio")
    np.testing.assert_array_equal(limits.ci_low[:, 0].round(7), [0.5596924, 0.6108260, 0.6746958])
    np.testing.assert_array_equal(limits.ci_high[:, 0].round(6), [1.649348, 1.544419, 1.427562])
    np.testing.assert_array_equal(limits.ci_low[:, 1].round(7), [0.3862650, 0.4479107, 0.5289724])
    np.testing.assert_array_equal(limits.ci_high[:, 1].round(6), [2.082907, 1.902094, 1.702771])


# --- against slow second implementations


def outermost(probabilities, tail):
    """The lowest and highest outcome with no more than `tail` of the probability beyond it."""
    low = max(k for k in range(len(probabilities)) if fsum(probabilities[:k]) <= tail)
    high = min(k for k in range(len(probabilities)) if fsum(probabilities[k + 1 :]) <= tail)
    return low, high


@given(st.integers(1, 80), st.floats(0.001, 0.999), tails)
@unhurried
def test_exact_limits_of_a_proportion_are_outcomes_with_at_most_half_of_alpha_beyond(n, average, tail):
    limits = funnel_limits(average, n, method="exact", levels=1 - 2 * tail)
    low, high = outermost(list(binom.pmf(range(n + 1), n, average)), tail)
    assert (round(limits.ci_low * n), round(limits.ci_high * n)) == (low, high)


@given(st.floats(0.01, 60), st.floats(0.1, 4), tails)
@unhurried
def test_exact_limits_of_a_ratio_are_outcomes_with_at_most_half_of_alpha_beyond(n, average, tail):
    limits = funnel_limits(average, n, kind="ratio", method="exact", levels=1 - 2 * tail)
    low, high = outermost(list(poisson.pmf(range(600), average * n)), tail)
    assert limits.ci_low * n == pytest.approx(low)
    assert limits.ci_high * n == pytest.approx(high)


def test_normal_limits_are_z_standard_errors_away():
    share = funnel_limits(0.3, 50, levels=0.9)
    assert share.ci_high - 0.3 == pytest.approx(norm.ppf(0.95) * np.sqrt(0.3 * 0.7 / 50), rel=1e-12)
    ratio = funnel_limits(0.3, 50, kind="ratio", method="normal", levels=0.9)
    assert 0.3 - ratio.ci_low == pytest.approx(norm.ppf(0.95) * np.sqrt(0.3 / 50), rel=1e-12)


# --- what the exact limits promise


@pytest.mark.parametrize("n", [1, 5, 10, 31, 100, 1000])
@pytest.mark.parametrize("level", [0.95, 0.998])
def test_exact_limits_call_at_most_half_of_alpha_of_average_areas_low_and_as_many_high(n, level):
    average, outcomes = np.linspace(0.001, 0.999, 333)[:, None], np.arange(n + 1)
    limits = funnel_limits(average[:, 0], n, method="exact", levels=level)
    probability = binom.pmf(outcomes, n, average)
    low = np.sum(probability * (outcomes / n < limits.ci_low[:, None] - 1e-12), axis=1)
    high = np.sum(probability * (outcomes / n > limits.ci_high[:, None] + 1e-12), axis=1)
    assert low.max() <= (1 - level) / 2 + 1e-12
    assert high.max() <= (1 - level) / 2 + 1e-12


def test_exact_limits_of_a_proportion_never_leave_0_to_1():
    limits = funnel_limits(np.linspace(0, 1, 50)[:, None], np.arange(1, 40), method="exact")
    assert limits.ci_low.min() == 0
    assert limits.ci_high.max() == 1


def test_an_average_of_0_or_1_leaves_no_room():
    limits = funnel_limits([0, 1], 7, method="exact")
    np.testing.assert_array_equal(limits.ci_low, [[0, 0], [1, 1]])
    np.testing.assert_array_equal(limits.ci_high, [[0, 0], [1, 1]])


# --- what always holds


@each_way
def test_limits_contain_the_average_and_the_wider_ones_the_narrower(kind, method):
    limits = funnel_limits(0.4, np.arange(1, 400), kind=kind, method=method, levels=[0.8, 0.95, 0.998])
    assert np.all(limits.ci_low[:, 0] <= 0.4)
    assert np.all(limits.ci_high[:, 0] >= 0.4)
    assert np.all(np.diff(limits.ci_low) <= 0)
    assert np.all(np.diff(limits.ci_high) >= 0)


@each_way
def test_a_funnel_narrows(kind, method):
    limits = funnel_limits(0.4, [10, 100, 1000, 10_000], kind=kind, method=method)
    assert np.all(np.diff(limits.ci_high - limits.ci_low, axis=0) < 0)


@each_way
@pytest.mark.parametrize("per", [100, 1000, 100_000])
def test_limits_are_not_cut_at_100_whatever_the_multiplier(kind, method, per):
    plain, scaled = (funnel_limits(0.5, 4, kind=kind, method=method, per=per) for per in (1, per))
    np.testing.assert_allclose(scaled.ci_low, plain.ci_low * per)
    np.testing.assert_allclose(scaled.ci_high, plain.ci_high * per)
    assert scaled.value == 0.5 * per


def test_limits_of_small_areas_go_beyond_what_is_possible_and_are_not_cut():
    limits = funnel_limits(0.5, 1, per=1000)
    assert limits.ci_low[0] < 0
    assert limits.ci_high[0] > 1000


@each_way
def test_levels_are_the_last_axis_and_one_level_has_none(kind, method):
    options = {"kind": kind, "method": method}
    assert funnel_limits([0.1, 0.2, 0.3], 9, **options).ci_low.shape == (3, 2)
    assert funnel_limits([0.1, 0.2, 0.3], 9, levels=0.9, **options).ci_low.shape == (3,)
    assert funnel_limits(0.1, 9, **options).ci_low.shape == (2,)
    one, both = funnel_limits(0.1, 9, levels=0.998, **options), funnel_limits(0.1, 9, **options)
    assert one.ci_high == both.ci_high[1]


@each_way
def test_unknown_and_impossible_elements_disturb_no_other(kind, method):
    options = {"kind": kind, "method": method}
    limits = funnel_limits([0.1, np.nan, 0.1, -0.1], [9, 9, 0, 9], **options)
    assert limits.problems == (Problem(2, "n is not positive"), Problem(3, "the average is negative"))
    assert np.isnan(limits.ci_low[1:]).all()
    np.testing.assert_array_equal(limits.ci_high[0], funnel_limits(0.1, 9, **options).ci_high)


def test_an_average_above_1_is_a_problem_of_a_proportion_only():
    assert funnel_limits(1.2, 9).problems == (Problem(0, "the average is larger than 1"),)
    assert funnel_limits(1.2, 9, kind="ratio").problems == ()


def test_a_fraction_of_a_person_has_no_exact_limits():
    limits = funnel_limits(0.2, [9.5, 9], method="exact")
    assert limits.problems == (Problem(0, "n is not a whole number; use method='normal'"),)
    assert funnel_limits(0.2, 9.5).problems == ()


@pytest.mark.parametrize("function", [funnel_limits, funnel_points])
def test_a_method_that_does_not_fit_the_kind_is_refused(function):
    with pytest.raises(ValueError, match="does not fit kind='proportion'"):
        function(0.5, 4, method="poisson")


def test_a_raised_error_lists_every_problem():
    with pytest.raises(MethodError) as caught:
        funnel_limits([-1, 0.5, 2], [9, 0, 9], errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 1, 2]


@each_way
def test_nothing_gives_nothing(kind, method):
    assert funnel_limits([], [], kind=kind, method=method).ci_low.shape == (0, 2)
    found = funnel_points([], [], kind=kind, method=method)
    assert found.value.shape == found.position.shape == (0,)
    assert found.problems == ()


def test_an_answer_names_its_statistic_and_its_method():
    assert funnel_limits(0.1, 9).interval_method == "normal"
    assert funnel_limits(0.1, 9, kind="ratio").interval_method == "poisson"
    assert funnel_points(1, 9, kind="ratio").statistic == "funnel_ratio"


# --- points


def test_areas_are_named_by_the_widest_limits_they_lie_outside():
    found = funnel_points([50, 40, 60, 30, 70], 100, average=0.5)
    np.testing.assert_array_equal(found.position, ["within", "low 95", "high 95", "low 99.8", "high 99.8"])
    np.testing.assert_allclose(found.value, [0.5, 0.4, 0.6, 0.3, 0.7])


def test_positions_do_not_depend_on_the_order_of_the_levels():
    one = funnel_points([50, 40, 30], 100, average=0.5, levels=[0.95, 0.998])
    other = funnel_points([50, 40, 30], 100, average=0.5, levels=[0.998, 0.95])
    np.testing.assert_array_equal(one.position, other.position)
    np.testing.assert_array_equal(funnel_points([50, 30], 100, average=0.5, levels=0.9).position, ["within", "low 90"])


def test_an_area_on_a_limit_is_within_it():
    limits = funnel_limits(0.5, 100, method="exact", levels=0.95)
    edge = round(limits.ci_high * 100)
    found = funnel_points([edge, edge + 1], 100, average=0.5, method="exact", levels=0.95)
    np.testing.assert_array_equal(found.position, ["within", "high 95"])


@each_way
def test_about_one_average_area_in_twenty_lies_outside_95_percent(kind, method):
    n = np.random.default_rng(1).integers(200, 3000, 20_000)
    draw = {"proportion": lambda rng: rng.binomial(n, 0.3), "ratio": lambda rng: rng.poisson(0.3 * n)}[kind]
    found = funnel_points(draw(np.random.default_rng(2)), n, kind=kind, method=method)
    assert found.average == pytest.approx(0.3, rel=0.01)
    assert 0.035 < np.mean(found.position != "within") < 0.06
    assert np.mean(np.char.endswith(found.position, "99.8")) < 0.004


def test_the_average_is_that_of_the_areas_that_can_be_used():
    found = funnel_points([3, 5, -1, 7, np.nan, 4], [10, 10, 10, 0, 10, np.nan])
    assert found.average == pytest.approx(8 / 20)
    assert found.problems == (
        Problem(2, "the numerator is negative"),
        Problem(3, "the denominator is not positive"),
    )
    np.testing.assert_array_equal(found.position, ["within", "within", "", "", "", ""])


def test_events_may_exceed_the_expected_but_not_the_persons():
    assert funnel_points([12, 3], [10, 9], kind="ratio").problems == ()
    assert funnel_points([12, 3], [10, 9]).problems == (Problem(0, "the numerator is larger than the denominator"),)


def test_rates_per_100_000_are_ratios_to_the_exposure():
    found = funnel_points([12, 30], [100_000, 80_000], kind="ratio", per=100_000)
    assert found.average == pytest.approx(42 / 180_000 * 100_000)
    np.testing.assert_allclose(found.value, [12, 37.5])
    limits = funnel_limits(42 / 180_000, [100_000, 80_000], kind="ratio", per=100_000)
    np.testing.assert_allclose(found.ci_high, limits.ci_high)


def test_an_impossible_average_is_a_problem_of_every_area():
    found = funnel_points([1, 2], [10, 10], average=47)
    assert [problem.reason for problem in found.problems] == ["the average is larger than 1"] * 2
    np.testing.assert_array_equal(found.position, ["", ""])


def test_one_area_is_one_point():
    found = funnel_points(3, 10, average=0.5)
    assert (found.value.shape, found.ci_low.shape, found.position.shape) == ((), (2,), ())
    assert found.position == "within"


def test_a_series_gives_the_same_as_an_array_whatever_its_index():
    x, n = (pd.Series(column, index=["01", "25"]) for column in ([3, 11], [5, 31]))
    np.testing.assert_array_equal(funnel_points(x, n).ci_low, funnel_points([3, 11], [5, 31]).ci_low)
