"""Simulated counts and lines: against the distributions themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma, nbinom, poisson

from psykanalys.methods.series import as_series
from psykanalys.methods.simulation import (
    chances,
    counts_about,
    fitted,
    middle,
    poisson_quantile,
    simulated_lines,
    single_counts,
)
from psykanalys.methods.trends import poisson_trend

EVENTS, EXPOSURE = [24, 30, 21, 18, 22, 14, 15], [1000.0] * 7

unhurried = settings(deadline=None)
chance = st.floats(1e-12, 1 - 1e-12)
means = st.sampled_from([0.0, 1e-9, 0.05, 0.7, 3.2, 41.5, 980.25, 123_456.7])


@given(means, st.lists(chance, min_size=1, max_size=20))
@unhurried
def test_poisson_quantiles_are_the_smallest_counts_that_reach_the_chance(mean, wanted):
    found = poisson_quantile(np.array(wanted), np.full(len(wanted), mean))
    np.testing.assert_array_equal(found, [poisson.ppf(one, mean) for one in wanted])


@given(st.lists(st.sampled_from([0.0, 0.05, 0.7, 3.2, 41.5, 980.25]), min_size=3, max_size=3))
@unhurried
def test_tabulated_poisson_counts_are_the_same_quantiles(row):
    wanted = chances(3, 200, 3)
    found = counts_about(np.array([row, row[::-1]]), np.zeros(2), wanted)
    np.testing.assert_array_equal(found[0], poisson.ppf(wanted, row))
    np.testing.assert_array_equal(found[1], poisson.ppf(wanted, row[::-1]))


@pytest.mark.parametrize("excess", [0.3, 2.0, 40.0])
@pytest.mark.parametrize("mean", [0.05, 3.2, 200.0])
def test_counts_with_excess_variance_are_negative_binomial(mean, excess):
    wanted = chances(3, 500, 1)
    found = counts_about(np.array([[mean]]), np.array([excess]), wanted)[0]
    np.testing.assert_array_equal(found, nbinom.ppf(wanted, mean / excess, 1 / (1 + excess)))


@pytest.mark.parametrize("excess", [0.0, 0.5, 40.0])
def test_large_counts_come_from_a_distribution_next_to_theirs(excess):
    wanted = chances(3, 500, 1)
    found = counts_about(np.array([[50_000.0]]), np.array([excess]), wanted)[0]
    exact = nbinom.ppf(wanted, 50_000 / excess, 1 / (1 + excess)) if excess else poisson.ppf(wanted, 50_000)
    np.testing.assert_allclose(found, exact, atol=0.02 * (50_000 * (1 + excess)) ** 0.5)


@pytest.mark.parametrize("excess", [0.0, 2.0])
def test_single_counts_have_the_mean_and_the_variance_asked_for(excess):
    of_mean, of_count = chances(5, 2, 40_000)
    found = single_counts(np.array(30.0), np.array(excess), of_mean, of_count)
    assert found.mean() == pytest.approx(30, rel=0.01)
    assert found.var() == pytest.approx(30 * (1 + excess), rel=0.03)


def test_single_counts_come_from_gamma_distributed_means():
    of_mean, of_count = np.array([0.3, 0.9]), np.array([0.5, 0.2])
    mean = gamma.ppf(of_mean, 30 / 2, scale=2)
    np.testing.assert_array_equal(single_counts(30.0, 2.0, of_mean, of_count), poisson.ppf(of_count, mean))


def test_an_infinite_mean_gives_an_infinite_count_and_none_gives_none():
    found = single_counts(np.array([np.inf, 0.0]), np.array([2.0, 2.0]), np.array(0.5), np.array(0.5))
    np.testing.assert_array_equal(found, [np.inf, 0])


def test_chances_are_reproducible_and_never_0_or_1():
    np.testing.assert_array_equal(chances(7, 5, 3), chances(7, 5, 3))
    assert np.all((chances(7, 1000) > 0) & (chances(7, 1000) < 1))
    assert np.any(chances(7, 5) != chances(8, 5))


def test_a_line_is_told_by_its_last_point_and_its_slope():
    series = as_series(EVENTS, EXPOSURE, time=None, axis=-1)
    lines, trend = fitted(series), poisson_trend(EVENTS, EXPOSURE)
    assert lines.slope[0] == pytest.approx(float(trend.slope), rel=1e-12)
    assert np.exp(lines.end[0]) * EXPOSURE[-1] == pytest.approx(lines.expected[0, -1], rel=1e-12)
    assert lines.excess[0] == pytest.approx(max(float(trend.dispersion) - 1, 0), rel=1e-12)


def test_simulated_slopes_scatter_about_the_fitted_one_by_its_standard_error():
    series = as_series(EVENTS, EXPOSURE, time=None, axis=-1)
    lines, trend = fitted(series), poisson_trend(EVENTS, EXPOSURE)
    _, slopes = simulated_lines(series, lines, 4000, 1)
    assert lines.excess[0] == 0
    assert slopes.mean() == pytest.approx(float(trend.slope), abs=0.1 * float(trend.standard_error))
    assert slopes.std() == pytest.approx(float(trend.standard_error), rel=0.05)


def test_simulated_counts_without_a_best_line_give_what_better_lines_tend_to():
    events, exposure = [1, 0, 0, 1], [10.0] * 4
    series = as_series(events, exposure, time=None, axis=-1)
    ends, slopes = simulated_lines(series, fitted(series), 2000, 1)
    assert {-np.inf, np.inf} <= set(slopes[np.isinf(slopes)].tolist())
    np.testing.assert_array_equal(ends[slopes == -np.inf], -np.inf)
    assert np.all(np.exp(ends[slopes == np.inf]) > 0)
    assert np.all(slopes[np.isneginf(ends) & (slopes != -np.inf)] == 0)
    assert not np.isnan(ends + np.where(np.isinf(slopes), 0, slopes)).any()


def test_the_middle_part_is_bounded_by_drawn_values():
    drawn = np.arange(101.0)[None, ::-1]
    assert [float(limit[0]) for limit in middle(drawn, 0.8)] == [10, 90]
    low, high = middle(np.append(drawn, np.full((1, 30), np.inf), axis=1), [0.5, 0.8])
    np.testing.assert_array_equal(low, [[32, 13]])
    np.testing.assert_array_equal(high, [[98, np.inf]])
