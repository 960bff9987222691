"""Time to target and its back-test: against the line itself, a slow simulation, and by what always holds."""

from math import log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psykanalys.methods import MethodError, Problem
from psykanalys.methods.target import backtest, time_to_target
from psykanalys.methods.trends import poisson_trend

YEARS = np.arange(2010, 2020)
EXPOSURE = np.full(10, 250_000.0)
FALLING = np.array([61, 58, 52, 55, 47, 49, 41, 44, 36, 39])
NUMBERS = ["value", "ci_low", "ci_high", "never", "rate_at_end", "percent_change"]

unhurried = settings(deadline=None)
events = st.lists(st.integers(0, 60), min_size=5, max_size=9)


def falling(**options):
    return time_to_target(FALLING, EXPOSURE, 10, **({"direction": "lower", "time": YEARS} | options))


def assert_same(one, other, rows=slice(None)):
    for name in NUMBERS:
        np.testing.assert_array_equal(getattr(one, name)[rows], getattr(other, name), err_msg=name)


# --- against the line itself


def test_the_date_is_where_the_line_of_the_poisson_trend_crosses_the_target():
    found, trend = falling(), poisson_trend(FALLING, EXPOSURE, time=YEARS)
    assert found.percent_change == pytest.approx(float(trend.value), rel=1e-12)
    years_left = log(10 / float(found.rate_at_end)) / float(trend.slope)
    assert found.value == pytest.approx(2019 + years_left, rel=1e-12)
    assert found.ci_low < found.value < found.ci_high
    assert (bool(found.reached), bool(found.zero_rule), float(found.threshold)) == (False, False, 10)


def test_a_steady_fall_by_half_in_ten_years_takes_ten_more_to_fall_by_half_again():
    exposure = np.full(11, 1e12)
    found = time_to_target(exposure * 2e-4 * 0.5 ** (np.arange(11) / 10), exposure, 5, direction="lower")
    assert found.value == pytest.approx(20, abs=1e-6)
    assert found.ci_low == pytest.approx(20, abs=0.01)
    assert found.ci_high == pytest.approx(20, abs=0.01)


def test_a_rise_may_be_wanted_too():
    found = time_to_target(FALLING[::-1], EXPOSURE, 30, direction="higher", time=YEARS)
    assert found.problems == ()
    assert found.ci_low < found.value < found.ci_high
    assert found.ci_low > 2019


def test_the_target_is_a_rate_per_the_exposure_asked_for():
    one, other = falling(), time_to_target(FALLING, EXPOSURE, 0.1, per=1_000, direction="lower", time=YEARS)
    assert other.value == pytest.approx(float(one.value), rel=1e-12)
    assert other.rate_at_end == pytest.approx(float(one.rate_at_end) / 100)


# --- a target of zero


def test_a_target_of_zero_is_reached_when_half_an_event_is_expected_in_a_year():
    found = time_to_target(FALLING, EXPOSURE, 0, direction="lower", time=YEARS)
    expected = (
        float(found.rate_at_end)
        / 100_000
        * 250_000
        * (1 + float(found.percent_change) / 100) ** (float(found.value) - 2019)
    )
    assert expected == pytest.approx(0.5, rel=1e-9)
    assert found.zero_rule
    assert found.threshold == pytest.approx(0.5 / 250_000 * 100_000)
    assert found.problems == ()
    assert found.ci_low < found.value < found.ci_high


def test_a_series_that_has_nearly_no_events_left_has_reached_zero():
    found = time_to_target([9, 4, 2, 1, 0, 0], [1e5] * 6, 0, direction="lower", time=YEARS[:6])
    assert found.reached
    assert 2010 <= found.value <= 2015


# --- refusals


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([9, 8, 7, 6, np.nan, np.nan], "fewer than 5 points"),
        ([0, 0, 0, 0, 0, 0], "no events: not estimable"),
        ([7, 0, 0, 0, 0, 0], "events at one end only: not estimable"),
        ([3, 4, 5, 6, 7, 9], "trend in the wrong direction"),
        ([-3, 4, 5, 6, 7, 9], "events are negative"),
    ],
)
def test_a_refusal_says_why_and_disturbs_no_other(row, reason):
    rows, exposure = [[30, 26, 22, 21, 17, 14], row, [60, 50, 45, 41, 30, 31]], np.full(6, 1e5)
    found = time_to_target(rows, exposure, 2, direction="lower")
    undisturbed = time_to_target([rows[0], rows[2]], exposure, 2, direction="lower")
    assert found.problems == (Problem(1, reason),)
    assert np.isnan([getattr(found, name)[1] for name in NUMBERS]).all()
    assert np.isnan(found.backtest.inside[1]).all()
    assert not found.reached[1]
    assert_same(found, undisturbed, [0, 2])


def test_a_rising_trend_below_the_target_is_refused_with_its_own_reason():
    found = time_to_target([3, 4, 5, 6, 7, 9], [1e5] * 6, 20, direction="lower")
    assert found.problems == (Problem(0, "at the target, but the trend moves away from it"),)


@pytest.mark.parametrize(("year", "refused"), [(2009, False), (2010, False), (2011, True), (2019, True), (2020, False)])
def test_a_break_between_the_first_and_the_last_point_is_refused(year, refused):
    years = np.arange(2009, 2021)
    rows = [np.concatenate([[np.nan], column, [np.nan]]) for column in (FALLING, EXPOSURE)]
    found = time_to_target(*rows, 10, direction="lower", time=years, breaks=years == year)
    assert found.problems == ((Problem(0, "break in the series"),) if refused else ())


def test_breaks_may_differ_from_series_to_series():
    breaks = np.zeros((2, 10), dtype=bool)
    breaks[1, 5] = True
    found = time_to_target([FALLING, FALLING], [EXPOSURE, EXPOSURE], 10, direction="lower", breaks=breaks)
    assert found.problems == (Problem(1, "break in the series"),)
    turned = time_to_target(
        np.array([FALLING] * 2).T, np.array([EXPOSURE] * 2).T, 10, direction="lower", breaks=breaks.T, axis=0
    )
    assert turned.problems == found.problems


def test_impossible_targets_are_refused_one_by_one():
    rows = np.array([FALLING, FALLING, FALLING[::-1]])
    found = time_to_target(rows, EXPOSURE, [10, -1, 10], direction="lower")
    assert found.problems == (Problem(1, "target is negative"), Problem(2, "trend in the wrong direction"))
    upward = time_to_target(FALLING[::-1], EXPOSURE, 0, direction="higher")
    assert upward.problems == (Problem(0, "a target of 0 cannot be reached from below"),)


def test_two_counts_at_the_same_time_are_refused():
    years = YEARS.copy()
    years[3] = 2012
    assert falling(time=years).problems == (Problem(0, "two values at the same time"),)


def test_an_unknown_target_gives_an_unknown_date_and_no_problem():
    found = time_to_target([FALLING, FALLING], EXPOSURE, [np.nan, 10], direction="lower", time=YEARS)
    np.testing.assert_array_equal(np.isnan(found.value), [True, False])
    assert found.problems == ()
    assert not found.reached[0]


def test_a_raised_error_lists_every_series():
    with pytest.raises(MethodError) as caught:
        time_to_target([FALLING, FALLING * 0, FALLING[::-1]], EXPOSURE, 10, direction="lower", errors="raise")
    assert [problem.index for problem in caught.value.problems] == [1, 2]


def test_an_unknown_direction_is_refused():
    with pytest.raises(KeyError):
        falling(direction="down")


# --- the limits


def slow_arrivals(counts, exposure, time, threshold, draws):
    """Another generator, one series at a time, each line found by bisection on its slope."""
    generator = np.random.default_rng(99)
    slope, level = by_bisection(counts, exposure, time)
    expected = exposure * np.exp(level + slope * time)
    arrivals = []
    for _ in range(draws):
        slope, level = by_bisection(generator.poisson(expected), exposure, time)
        arrivals.append((log(threshold) - level) / slope if slope < 0 else np.inf)
    return arrivals


def by_bisection(counts, exposure, time):
    low, high, mean_time = -2.0, 2.0, np.sum(time * counts) / np.sum(counts)
    for _ in range(60):
        slope = (low + high) / 2
        weight = exposure * np.exp(slope * time)
        low, high = (slope, high) if np.sum(weight * time) / np.sum(weight) < mean_time else (low, slope)
    return slope, log(np.sum(counts) / np.sum(weight))


def test_limits_are_those_of_a_slow_simulation():
    time = np.arange(10.0)
    assert poisson_trend(FALLING, EXPOSURE).dispersion < 1
    arrivals = slow_arrivals(FALLING, EXPOSURE, time, 10 / 100_000, 4000)
    found = time_to_target(FALLING, EXPOSURE, 10, direction="lower", draws=4000)
    low, high = np.quantile(arrivals, [0.1, 0.9])
    assert found.ci_low == pytest.approx(low, abs=0.03 * (high - low))
    assert found.ci_high == pytest.approx(high, abs=0.05 * (high - low))


@pytest.mark.parametrize("extra", [1.0, 4.0])
def test_80_percent_limits_hold_the_true_date_in_about_80_percent_of_series(extra):
    generator = np.random.default_rng(4)
    expected = 60 * np.exp(-0.05 * np.arange(10))
    mean = expected if extra == 1 else generator.gamma(expected / (extra - 1), extra - 1, (300, 10))
    found = time_to_target(generator.poisson(mean, (300, 10)), EXPOSURE, 12, direction="lower", draws=300)
    truth = log(2) / 0.05
    known = ~np.isnan(found.value)
    inside = (found.ci_low[known] <= truth) & (truth <= found.ci_high[known])
    assert known.mean() > 0.9
    assert 0.74 < inside.mean() < 0.93


def test_a_doubtful_trend_may_never_arrive():
    found = time_to_target([6, 7, 4, 6, 5, 5], [1e5] * 6, 2, direction="lower")
    assert found.ci_high == np.inf
    assert 0.1 < found.never < 0.5
    assert np.isfinite(found.value)
    assert falling().never < 0.01


def test_overdispersed_counts_have_wider_limits():
    wild = np.array([75, 40, 66, 39, 62, 30, 58, 27, 47, 22])
    calm = poisson_trend(wild, EXPOSURE)
    assert calm.dispersion > 2
    wide, narrow = (time_to_target(counts, EXPOSURE, 8, direction="lower") for counts in (wild, FALLING))
    assert wide.ci_high - wide.ci_low > narrow.ci_high - narrow.ci_low


def test_the_same_seed_gives_the_same_limits_and_another_seed_nearly_the_same():
    one, again, other = falling(), falling(), falling(seed=2)
    assert (one.ci_low, one.ci_high) == (again.ci_low, again.ci_high)
    assert (one.ci_low, one.ci_high) != (other.ci_low, other.ci_high)
    assert other.ci_high == pytest.approx(float(one.ci_high), abs=0.5)


def test_a_series_gets_the_same_limits_alone_as_among_others():
    among = time_to_target([FALLING[::-1], FALLING * 0, FALLING], EXPOSURE, 10, direction="lower", time=YEARS)
    assert_same(among, falling(), 2)
    np.testing.assert_array_equal(among.backtest.ci_high[2], falling().backtest.ci_high)


def test_several_confidence_levels_give_the_limits_a_last_axis():
    found = falling(confidence=[0.5, 0.8, 0.95])
    assert found.ci_low.shape == found.ci_high.shape == (3,)
    assert (found.ci_low[1], found.ci_high[1]) == (falling().ci_low, falling().ci_high)
    assert np.all(np.diff(found.ci_low) < 0)
    assert np.all(np.diff(found.ci_high) > 0)
    assert found.backtest.inside.shape == (2, 3)


@given(events, st.sampled_from([0, 3, 20, 80]), st.sampled_from(["lower", "higher"]))
@unhurried
def test_there_is_either_a_date_within_its_limits_or_a_reason(counts, target, direction):
    found = time_to_target(counts, [1e5] * len(counts), target, direction=direction, draws=50, confidence=0.99)
    assert np.isnan(found.value) == bool(found.problems)
    if not found.problems:
        assert found.value >= 0
        assert found.reached == (found.value <= len(counts) - 1)
        assert found.ci_low <= found.ci_high
        assert 0 <= found.never <= 1


# --- shapes


def test_shapes_follow_the_input():
    rows = np.array([FALLING, FALLING + 5])
    assert np.shape(falling().value) == ()
    found = time_to_target(rows, EXPOSURE, [10, 12], direction="lower", time=YEARS)
    assert found.value.shape == found.reached.shape == (2,)
    assert found.backtest.value.shape == (2, 2)
    turned = time_to_target(rows.T, np.array([EXPOSURE] * 2).T, [10, 12], direction="lower", time=YEARS, axis=0)
    assert_same(found, turned)
    empty = time_to_target(np.empty((0, 6)), np.empty((0, 6)), 10, direction="lower")
    assert (empty.value.shape, empty.backtest.value.shape) == ((0,), (0, 2))


def test_series_with_any_index_and_points_in_any_order_are_taken():
    order = [3, 0, 9, 4, 2, 1, 8, 5, 7, 6]
    counts = pd.Series(FALLING[order], index=list("abcdefghij"))
    found = time_to_target(counts, EXPOSURE, 10, direction="lower", time=YEARS[order])
    assert found.value == pytest.approx(float(falling().value), rel=1e-12)
    np.testing.assert_array_equal(found.backtest.observed, falling().backtest.observed)


def test_an_answer_names_its_statistic_and_its_method():
    assert (falling().statistic, falling().interval_method) == ("time_to_target", "simulated_counts")


# --- the back-test


def test_held_out_points_are_predicted_from_the_earlier_ones_alone():
    found, trend = backtest(FALLING, EXPOSURE, time=YEARS), poisson_trend(FALLING[:8], EXPOSURE[:8], time=YEARS[:8])
    slope = float(trend.slope)
    weight = np.exp(slope * np.arange(8))
    level = np.sum(FALLING[:8]) / np.sum(weight)
    np.testing.assert_allclose(found.value, level * np.exp(slope * np.array([8, 9])), rtol=1e-9)
    np.testing.assert_array_equal(found.observed, FALLING[8:])
    np.testing.assert_array_equal(found.inside, (found.ci_low <= FALLING[8:]) & (FALLING[8:] <= found.ci_high))
    changed = backtest([*FALLING[:8], 500, 0], EXPOSURE, time=YEARS)
    np.testing.assert_array_equal(changed.ci_high, found.ci_high)
    np.testing.assert_array_equal(changed.inside, [0, 0])


def test_held_out_points_have_their_own_exposure():
    exposure = np.append(EXPOSURE[:8], [1_000_000, 250_000])
    one, other = backtest(FALLING, EXPOSURE), backtest(FALLING, exposure)
    np.testing.assert_allclose(other.value, one.value * [4, 1])


def test_a_back_test_prints_how_many_values_were_inside():
    found = backtest([FALLING, FALLING * 0, [*FALLING[:8], 500, 0]], EXPOSURE, confidence=[0.8, 0.95])
    assert str(found).splitlines()[1] == "95 %: 2 of 4 held-out values inside"
    assert str(backtest(FALLING, EXPOSURE)) == "80 %: 2 of 2 held-out values inside"
    assert str(falling().backtest) == "80 %: 2 of 2 held-out values inside"
    assert str(backtest(FALLING * 0, EXPOSURE)) == "80 %: 0 of 0 held-out values inside"


def test_80_percent_of_held_out_values_or_a_few_more_come_within_80_percent_limits():
    generator = np.random.default_rng(8)
    counts = generator.poisson(40 * np.exp(-0.04 * np.arange(10)), (300, 10))
    found = backtest(counts, EXPOSURE, draws=300)
    assert 0.78 < np.nanmean(found.inside) < 0.95


def test_the_number_held_out_is_chosen():
    assert backtest(FALLING, EXPOSURE, held_out=3).observed.tolist() == FALLING[7:].tolist()
    assert backtest(FALLING, EXPOSURE, held_out=1).value.shape == (1,)
    with pytest.raises(ValueError, match="expected at least 1 point"):
        backtest(FALLING, EXPOSURE, held_out=0)


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ([5, 4, 3, np.nan], "fewer than 3 points before the held-out ones"),
        ([0, 0, 0, 4, 5], "no events: not estimable"),
        ([5, -4, 3, 2, 1], "events are negative"),
    ],
)
def test_a_series_that_cannot_be_back_tested_says_why(counts, reason):
    found = backtest(counts, [1e5] * len(counts))
    assert found.problems == (Problem(0, reason),)
    assert np.isnan([found.value, found.ci_low, found.inside, found.observed]).all()


def test_held_out_points_are_the_last_known_ones():
    gap = np.append(FALLING.astype(float), np.nan)
    found = backtest(gap, np.append(EXPOSURE, 1.0))
    np.testing.assert_array_equal(found.observed, FALLING[8:])
    assert backtest(3, 1e5, held_out=2).problems == (Problem(0, "fewer than 3 points before the held-out ones"),)
    assert backtest([np.nan] * 6, [1e5] * 6).problems == ()


def test_a_refused_target_can_still_be_back_tested_on_its_own():
    assert np.isnan(time_to_target(FALLING[::-1], EXPOSURE, 10, direction="lower").backtest.inside).all()
    assert not np.isnan(backtest(FALLING[::-1], EXPOSURE).inside).any()
