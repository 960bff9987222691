"""Log-linear and logistic trends: against the reference values, a general optimiser, and by what always holds."""

from math import exp, lgamma, log
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import norm
from scipy.stats import t as student

from psykanalys.methods import MethodError, Problem
from psykanalys.methods.trends import logistic_trend, poisson_trend

REFERENCE = Path(__file__).parent / "reference"
YEARS = np.arange(2015, 2025)
COLUMNS = {
    "slope": "slope",
    "se": "standard_error",
    "z": "z",
    "annual_pct_change": "value",
    "apc_lower95": "ci_low",
    "apc_upper95": "ci_high",
    "deviance": "deviance",
    "df": "degrees_of_freedom",
    "pearson_dispersion": "dispersion",
    "quasi_se": "quasi_standard_error",
    "quasi_t": "quasi_t",
    "quasi_p": "quasi_p",
    "prop_trend_chisq": "chi_square",
    "prop_trend_p": "chi_square_p",
}
NUMBERS = sorted({*COLUMNS.values(), "p", "quasi_ci_low", "quasi_ci_high"})
EVENTS, EXPOSURE = [12, 9, 14, 7, 8, 5], [1000, 1010, 1030, 1020, 1050, 1060]

unhurried = settings(deadline=None)
both = pytest.mark.parametrize("trend", [poisson_trend, logistic_trend])
points = st.lists(st.tuples(st.integers(0, 40), st.integers(41, 5000)), min_size=3, max_size=9)


def expected_and_found():
    expected = pd.read_csv(REFERENCE / "trend_poisson_expected.csv").set_index("series")
    inputs = pd.read_csv(REFERENCE / "trend_poisson_inputs.csv")
    events, exposure = (inputs.pivot(index="series", columns="year", values=name) for name in ("events", "pop"))
    return expected, poisson_trend(events.loc[expected.index], exposure.loc[expected.index], time=events.columns)


def assert_same(one, other):
    for name in NUMBERS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


# --- against the reference values


@pytest.mark.parametrize(("column", "field"), COLUMNS.items(), ids=COLUMNS.keys())
def test_poisson_trends_agree_with_the_reference(column, field):
    expected, found = expected_and_found()
    assert len(expected) == 3
    np.testing.assert_allclose(getattr(found, field), expected[column], rtol=1e-9)


def test_p_agrees_with_the_reference_as_far_as_its_standard_error_goes():
    # One step before the end gave the reference its standard error (4e-10 off); p magnifies that to 7e-9.
    expected, found = expected_and_found()
    np.testing.assert_allclose(found.p, expected["p"], rtol=1e-8)
    np.testing.assert_allclose(found.p, 2 * norm.sf(abs(found.slope / found.standard_error)), rtol=1e-12)


def one_step_before_the_end(events, exposure, time):
    """Newton's method from log(events + 0.1), its standard error from the step before the one that ended it."""
    design, offset = np.column_stack([np.ones(len(time)), time - np.mean(time)]), np.log(exposure)
    line, deviance = np.log(events + 0.1), np.inf
    for _ in range(50):
        weight = np.exp(line)
        working = line - offset + (events - weight) / weight
        inverse = np.linalg.inv(design.T @ (weight[:, None] * design))
        line = design @ (inverse @ (design.T @ (weight * working))) + offset
        before, deviance = deviance, 2 * np.sum(events * np.log(events / np.exp(line)) - events + np.exp(line))
        if abs(deviance - before) < 1e-14 * (abs(deviance) + 0.1):
            break
    return np.sqrt(inverse[1, 1])


def test_the_references_p_follows_from_the_step_before_the_end():
    expected, found = expected_and_found()
    inputs = pd.read_csv(REFERENCE / "trend_poisson_inputs.csv")
    rows = inputs[inputs["series"] == "s1"].to_numpy()[:, 1:].astype(float)
    error = one_step_before_the_end(rows[:, 1], rows[:, 2], rows[:, 0])
    assert expected["p"]["s1"] == pytest.approx(2 * norm.sf(abs(found.slope[0] / error)), rel=1e-11)


# --- against a slow second implementation


def least(negative_log_likelihood, start):
    simplex = minimize(negative_log_likelihood, start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13})
    return simplex.x


def curvature(function, at, step):
    """The second derivatives by differences."""
    unit = np.eye(2) * step
    return np.array(
        [
            [
                (function(at + a + b) - function(at + a - b) - function(at - a + b) + function(at - a - b))
                / (4 * step**2)
                for b in unit
            ]
            for a in unit
        ]
    )


def poisson_by_optimiser(events, exposure):
    middle = (len(events) - 1) / 2

    def negative(parameters):
        level, slope = parameters
        means = [n * exp(level + slope * (i - middle)) for i, n in enumerate(exposure)]
        return -sum(x * log(mean) - mean - lgamma(x + 1) for x, mean in zip(events, means, strict=True))

    best = least(negative, [log(sum(events) / sum(exposure)), 0.0])
    return best[1], np.sqrt(np.linalg.inv(curvature(negative, best, 1e-3))[1, 1])


def logistic_by_optimiser(x, n):
    middle = (len(x) - 1) / 2

    def negative(parameters):
        level, slope = parameters
        odds = [level + slope * (i - middle) for i in range(len(x))]
        return sum(many * np.logaddexp(0, one) - some * one for some, many, one in zip(x, n, odds, strict=True))

    share = sum(x) / sum(n)
    best = least(negative, [log(share / (1 - share)), 0.0])
    return best[1], np.sqrt(np.linalg.inv(curvature(negative, best, 1e-3))[1, 1])


@pytest.mark.parametrize(
    ("trend", "by_optimiser"), [(poisson_trend, poisson_by_optimiser), (logistic_trend, logistic_by_optimiser)]
)
@pytest.mark.parametrize(
    ("x", "n"),
    [
        (EVENTS, EXPOSURE),
        ([0, 3, 0, 1], [50, 60, 55, 70]),
        ([30, 28, 33, 20, 12], [40, 41, 42, 43, 44]),
        ([1, 0, 0, 2, 0, 3, 4], [9, 12, 8, 20, 11, 9, 10]),
    ],
)
def test_a_general_optimiser_finds_the_same_line(trend, by_optimiser, x, n):
    found, (slope, error) = trend(x, n), by_optimiser(x, n)
    assert found.slope == pytest.approx(slope, abs=1e-6)
    assert found.standard_error == pytest.approx(error, rel=1e-4)


def expected_counts(trend, found, x, n):
    """The counts of the line, found by bisection on its level alone: the slope is taken as given."""
    time = np.arange(len(x)) - len(x) / 2
    low, high = -60.0, 60.0
    for _ in range(200):
        level = (low + high) / 2
        line = level + float(found.slope) * time
        expected = n * np.exp(line) if trend is poisson_trend else n / (1 + np.exp(-line))
        low, high = (level, high) if expected.sum() < x.sum() else (low, level)
    return expected


@both
@given(points)
@unhurried
def test_at_the_best_line_neither_the_sum_nor_the_moment_of_the_counts_is_off(trend, series):
    x, n = np.array(series, dtype=float).T
    found = trend(x, n)
    assume(found.problems == ())
    expected, time = expected_counts(trend, found, x, n), np.arange(len(x))
    assert np.sum(time * (x - expected)) == pytest.approx(0, abs=1e-7 * np.sum(time * x))


@both
@given(points)
@unhurried
def test_everything_else_follows_from_the_expected_counts(trend, series):
    x, n = np.array(series, dtype=float).T
    found = trend(x, n)
    assume(found.problems == ())
    expected = expected_counts(trend, found, x, n)
    variance = expected if trend is poisson_trend else expected * (1 - expected / n)
    time, df = np.arange(len(x)), len(x) - 2
    off = time - np.sum(variance * time) / np.sum(variance)
    error, dispersion = np.sum(variance * off**2) ** -0.5, np.sum((x - expected) ** 2 / variance) / df
    scale = (lambda slope: 100 * np.expm1(slope)) if trend is poisson_trend else np.exp
    assert found.degrees_of_freedom == df
    assert found.standard_error == pytest.approx(error, rel=1e-6)
    assert found.dispersion == pytest.approx(dispersion, rel=1e-5, abs=1e-12)
    assert found.quasi_standard_error == pytest.approx(error * dispersion**0.5, rel=1e-5, abs=1e-12)
    reach = student.ppf(0.975, df) * float(found.quasi_standard_error)
    assert found.quasi_ci_high == pytest.approx(scale(float(found.slope) + reach), rel=1e-9)
    assert found.value == pytest.approx(scale(float(found.slope)), rel=1e-12)


def test_deviance_counts_points_without_events():
    events, exposure = np.array([0.0, 3, 0, 1]), np.array([50.0, 60, 55, 70])
    poisson, logistic = poisson_trend(events, exposure), logistic_trend(events, exposure)
    fitted = expected_counts(poisson_trend, poisson, events, exposure)
    terms = [(x * log(x / mu) if x else 0) - x + mu for x, mu in zip(events, fitted, strict=True)]
    assert poisson.deviance == pytest.approx(2 * sum(terms), rel=1e-9)
    fitted = expected_counts(logistic_trend, logistic, events, exposure)
    with_trait = [x * log(x / mu) if x else 0 for x, mu in zip(events, fitted, strict=True)]
    without = [(n - x) * log((n - x) / (n - mu)) for x, mu, n in zip(events, fitted, exposure, strict=True)]
    assert logistic.deviance == pytest.approx(2 * (sum(with_trait) + sum(without)), rel=1e-9)


# --- what always holds


@given(points)
@unhurried
def test_another_unit_of_exposure_changes_nothing_but_the_test_for_proportions(series):
    x, n = np.array(series, dtype=float).T
    one, other = poisson_trend(x, n), poisson_trend(x, n / 1000)
    assert one.problems == other.problems
    np.testing.assert_allclose(other.slope, one.slope, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(other.standard_error, one.standard_error, rtol=1e-9)


@both
@given(points)
@unhurried
def test_turning_time_round_turns_the_slope_round(trend, series):
    x, n = np.array(series, dtype=float).T
    one, other = trend(x, n), trend(x[::-1], n[::-1])
    np.testing.assert_allclose(other.slope, -one.slope, rtol=1e-9, atol=1e-12)


@given(points)
@unhurried
def test_counting_those_without_the_trait_turns_the_odds_upside_down(series):
    x, n = np.array(series, dtype=float).T
    one, other = logistic_trend(x, n), logistic_trend(n - x, n)
    np.testing.assert_allclose(other.value, 1 / one.value, rtol=1e-9)
    np.testing.assert_allclose(other.chi_square, one.chi_square, rtol=1e-9, atol=1e-12)


@both
@given(points)
@unhurried
def test_limits_contain_the_trend_and_widen_with_confidence(trend, series):
    x, n = np.array(series, dtype=float).T
    found = trend(x, n, confidence=[0.5, 0.8, 0.95])
    assume(found.problems == ())
    assert np.all(np.diff(found.ci_low) < 0)
    assert np.all(np.diff(found.ci_high) > 0)
    assert found.ci_low[0] < found.value < found.ci_high[0]


def test_a_steady_fall_of_5_percent_a_year_is_found():
    exposure = np.full(10, 1e9)
    found = poisson_trend(exposure * 1e-3 * 0.95 ** np.arange(10), exposure, time=YEARS)
    assert found.value == pytest.approx(-5, rel=1e-9)
    assert found.dispersion == pytest.approx(0, abs=1e-12)


def test_the_trend_is_per_unit_of_time():
    years, months = poisson_trend(EVENTS, EXPOSURE), poisson_trend(EVENTS, EXPOSURE, time=12 * np.arange(6))
    assert months.slope == pytest.approx(years.slope / 12, rel=1e-12)


def test_dispersion_tells_overdispersed_counts_from_poisson_ones():
    _, found = expected_and_found()
    assert found.dispersion[2] > 40
    assert found.p[2] < 1e-7
    assert found.quasi_p[2] > 0.4
    assert found.quasi_ci_low[2] < 0 < found.quasi_ci_high[2]


def test_rare_events_in_wild_exposures_are_fitted_all_the_same():
    generator = np.random.default_rng(20)
    exposure = np.exp(generator.uniform(0, 20, (500, 5)))
    events = generator.poisson(np.exp(generator.uniform(-4, 10, (500, 5))))
    found = poisson_trend(events, exposure, time=[0, 1, 7, 50, 99])
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found.slope)), [problem.index for problem in found.problems])


# --- what cannot be estimated


def test_a_series_without_events_is_not_estimable_and_takes_no_other_with_it():
    events = [EVENTS, [0] * 6, EVENTS[::-1]]
    found, undisturbed = poisson_trend(events, EXPOSURE), poisson_trend([EVENTS, EVENTS[::-1]], EXPOSURE)
    assert found.problems == (Problem(1, "no events: not estimable"),)
    for name in NUMBERS:
        assert np.isnan(getattr(found, name)[1]), name
        np.testing.assert_array_equal(getattr(found, name)[[0, 2]], getattr(undisturbed, name), err_msg=name)


@pytest.mark.parametrize(
    ("events", "exposure", "reason"),
    [
        ([-1, 2, 3, 4], [9, 9, 9, 9], "events are negative"),
        ([1, 2, 3, 4], [9, 0, 9, 9], "exposure is not positive"),
        ([1, 2, 3, np.inf], [9, 9, 9, 9], "a value or time is infinite"),
        ([1, 2, np.nan, np.nan], [9, 9, 9, 9], "fewer than 3 points"),
        ([0, 0, 0, 4], [9, 9, 9, 9], "events at one end only: not estimable"),
        ([4, 0, 0, 0], [9, 9, 9, 9], "events at one end only: not estimable"),
    ],
)
def test_an_impossible_rate_trend_is_set_aside_with_its_reason(events, exposure, reason):
    found = poisson_trend([[5, 6, 7, 5], events], [[9, 9, 9, 9], exposure])
    assert found.problems == (Problem(1, reason),)
    np.testing.assert_array_equal(np.isnan(found.value), [False, True])


@pytest.mark.parametrize(
    ("x", "n", "reason"),
    [
        ([-1, 2, 3, 4], [9, 9, 9, 9], "x is negative"),
        ([0, 2, 3, 4], [0, 9, 9, 9], "n is not positive"),
        ([1, 2, 3, 10], [9, 9, 9, 9], "x is larger than n"),
        ([1, 2, np.nan, np.nan], [9, 9, 9, 9], "fewer than 3 points"),
        ([0, 0, 0, 0], [9, 9, 9, 9], "x is 0 throughout: not estimable"),
        ([9, 9, 9, 9], [9, 9, 9, 9], "x is n throughout: not estimable"),
        ([0, 0, 9, 9], [9, 9, 9, 9], "one time splits all with from all without: not estimable"),
        ([0, 0, 0, 4], [9, 9, 9, 9], "one time splits all with from all without: not estimable"),
        ([9, 9, 4, 0], [9, 9, 9, 9], "one time splits all with from all without: not estimable"),
    ],
)
def test_an_impossible_trend_of_proportions_is_set_aside_with_its_reason(x, n, reason):
    found = logistic_trend([[5, 6, 7, 5], x], [[9, 9, 9, 9], n])
    assert found.problems == (Problem(1, reason),)
    np.testing.assert_array_equal(np.isnan(found.value), [False, True])


@both
def test_points_at_a_single_time_show_no_trend(trend):
    assert trend([1, 2, 3], [9, 9, 9], time=[2015] * 3).problems == (Problem(0, "all times are equal"),)


def test_events_may_exceed_persons_but_proportions_may_not():
    found = poisson_trend([30, 25, 40, 50], [10, 10, 11, 12])
    assert found.problems == ()
    assert found.slope > 0
    assert np.isnan(found.chi_square)


@both
def test_a_raised_error_lists_every_series(trend):
    with pytest.raises(MethodError) as caught:
        trend([[0, 0, 0], [1, 2, 1], [-1, 2, 3]], [9, 9, 9], errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 2]


# --- what may be asked


def test_answers_name_their_statistic_and_their_method():
    poisson, logistic = poisson_trend(EVENTS, EXPOSURE), logistic_trend(EVENTS, EXPOSURE)
    assert (poisson.statistic, poisson.interval_method) == ("percent_change", "wald")
    assert (logistic.statistic, logistic.interval_method) == ("odds_ratio", "wald")


@both
def test_one_series_gives_numbers_and_the_same_as_its_row_in_a_table(trend):
    one, table = trend(EVENTS, EXPOSURE), trend([EVENTS[::-1], EVENTS], EXPOSURE)
    for name in NUMBERS:
        assert np.shape(getattr(one, name)) == (), name
        np.testing.assert_array_equal(getattr(table, name)[1], getattr(one, name), err_msg=name)


@both
def test_time_may_stand_on_another_axis(trend):
    events, exposure = np.array([EVENTS, EVENTS[::-1]]), np.array([EXPOSURE, EXPOSURE])
    assert_same(trend(events.T, exposure.T, axis=0), trend(events, exposure))


@both
def test_series_with_any_index_and_whole_numbers_are_taken(trend):
    x, n = (pd.Series(column, index=list("abcdef")) for column in (EVENTS, EXPOSURE))
    assert_same(trend(x, n), trend([float(one) for one in EVENTS], EXPOSURE))


@both
def test_a_point_with_anything_missing_is_left_out_with_its_time(trend):
    gap_in_x, gap_in_n = np.array(EVENTS, dtype=float), np.array(EXPOSURE, dtype=float)
    gap_in_x[1], gap_in_n[4] = np.nan, np.nan
    known = [0, 2, 3, 5]
    found = trend(gap_in_x, gap_in_n)
    expected = trend(np.array(EVENTS)[known], np.array(EXPOSURE)[known], time=known)
    assert found.points == 4
    for name in NUMBERS:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-12, err_msg=name)


@both
def test_a_series_of_nothing_but_missing_values_is_unknown_and_no_problem(trend):
    found = trend([[np.nan] * 6, EVENTS], EXPOSURE)
    np.testing.assert_array_equal(np.isnan(found.value), [True, False])
    assert found.problems == ()


@both
def test_several_confidence_levels_give_the_limits_a_last_axis(trend):
    table = [EVENTS, EVENTS[::-1], [0] * 6]
    found = trend(table, EXPOSURE, confidence=[0.8, 0.95])
    for name in ("ci_low", "ci_high", "quasi_ci_low", "quasi_ci_high"):
        assert getattr(found, name).shape == (3, 2)
        np.testing.assert_array_equal(getattr(found, name)[:, 1], getattr(trend(table, EXPOSURE), name))


@both
def test_nothing_gives_nothing(trend):
    assert trend(np.empty((0, 5)), np.empty((0, 5))).value.shape == (0,)
    assert np.isnan(trend([], []).value)
    assert trend([], []).problems == ()
    assert trend(4, 9).problems == (Problem(0, "fewer than 3 points"),)


@both
def test_the_inputs_are_left_as_they_were(trend):
    x, n = np.array([3.0, np.nan, -1.0, 2.0]), np.array([9.0, 9.0, 9.0, 0.0])
    trend(x, n)
    np.testing.assert_array_equal(x, [3, np.nan, -1, 2])
    np.testing.assert_array_equal(n, [9, 9, 9, 0])
