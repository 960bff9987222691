"""Counts and rates: against the reference values, against a slow second implementation, and by what always holds."""

from math import fsum
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import poisson

from psykanalys.methods import Problem, count, rate

REFERENCE = Path(__file__).parent / "reference"
PRECISE = {"xtol": 1e-15, "rtol": 1e-14}
LEVELS = [0.5, 0.8, 0.9, 0.95, 0.99, 0.998]

unhurried = settings(deadline=None)
each_method = pytest.mark.parametrize("method", ["exact", "byar", "phe"])


# --- against the reference values


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99, 0.998])
@pytest.mark.parametrize(("method", "column"), [("exact", "exact"), ("byar", "byars"), ("phe", "phe")])
def test_limits_of_a_count_agree_with_the_reference(confidence, method, column):
    rows = pd.read_csv(REFERENCE / "poisson_count_limits.csv")
    rows = rows[rows["confidence"] == confidence].dropna(subset=f"{column}_lower")
    estimate = count(rows["count"], method=method, confidence=confidence)
    assert len(rows) >= 26
    assert estimate.problems == ()
    np.testing.assert_array_equal(estimate.value, rows["count"])
    np.testing.assert_allclose(estimate.ci_low, rows[f"{column}_lower"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_high, rows[f"{column}_upper"], rtol=1e-9)


@pytest.mark.parametrize(("confidence", "label"), [(0.95, "95_0"), (0.998, "99_8")])
@pytest.mark.parametrize("multiplier", [1, 1000, 100_000])
def test_rates_agree_with_the_reference(multiplier, confidence, label):
    rows = pd.read_csv(REFERENCE / "rate_byar_exact.csv")
    rows = rows[rows["multiplier"] == multiplier]
    estimate = rate(rows["x"], rows["n"], per=multiplier, method="phe", confidence=confidence)
    assert len(rows) >= 14
    assert estimate.problems == ()
    np.testing.assert_allclose(estimate.value, rows["value"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_low, rows[f"lower{label}cl"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_high, rows[f"upper{label}cl"], rtol=1e-9)


@pytest.mark.parametrize(("confidence", "label"), [(0.95, "95_0"), (0.998, "99_8")])
@pytest.mark.parametrize(("method", "named"), [("exact", "Exact"), ("byar", "Byars")])
def test_each_part_of_the_phe_rule_agrees_with_the_method_the_reference_names(method, named, confidence, label):
    rows = pd.read_csv(REFERENCE / "rate_byar_exact.csv")
    rows = rows[(rows["method"] == named) & (rows["multiplier"] == 100_000)]
    estimate = rate(rows["x"], rows["n"], method=method, confidence=confidence)
    assert len(rows) >= 27
    np.testing.assert_allclose(estimate.ci_low, rows[f"lower{label}cl"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_high, rows[f"upper{label}cl"], rtol=1e-9)


# --- against a slow second implementation


def garwood(events, tail):
    """The expected counts at which this many or more, and this many or fewer, are as improbable as `tail`."""

    def at_least(expected):
        return 1 - fsum(poisson.pmf(range(events), expected)) - tail

    def at_most(expected):
        return fsum(poisson.pmf(range(events + 1), expected)) - tail

    low = 0.0 if events == 0 else brentq(at_least, 0, events, **PRECISE)
    return low, brentq(at_most, events, 10 * events + 50, **PRECISE)


@given(st.integers(0, 60), st.sampled_from(LEVELS))
@unhurried
def test_exact_limits_are_where_the_summed_poisson_tails_reach_half_of_alpha(events, confidence):
    estimate = count(events, confidence=confidence)
    expected = garwood(events, (1 - confidence) / 2)
    np.testing.assert_allclose((estimate.ci_low, estimate.ci_high), expected, rtol=1e-9)


@given(st.integers(0, 60), st.integers(1, 10**7), st.sampled_from([1, 1000, 100_000]), st.sampled_from(LEVELS))
@unhurried
def test_a_rate_is_its_count_over_the_exposure(events, exposure, per, confidence):
    estimate = rate(events, exposure, per=per, confidence=confidence)
    expected = [limit / exposure * per for limit in garwood(events, (1 - confidence) / 2)]
    assert estimate.value == pytest.approx(events / exposure * per, rel=1e-14)
    np.testing.assert_allclose((estimate.ci_low, estimate.ci_high), expected, rtol=1e-9)


# --- what the exact limits promise


def test_each_exact_limit_errs_in_at_most_2_5_percent_of_samples():
    events = np.arange(400)
    limits = count(events)
    expected = np.concatenate([np.logspace(-9, 0, 200), np.linspace(1, 100, 1000)])[:, None]
    probability = poisson.pmf(events, expected)
    assert np.sum(probability * (limits.ci_low > expected), axis=1).max() <= 0.025
    assert np.sum(probability * (limits.ci_high < expected), axis=1).max() <= 0.025


# --- what always holds


@each_method
def test_limits_contain_the_count(method):
    estimate = count(np.arange(500), method=method, confidence=LEVELS)
    assert np.all(estimate.ci_low <= estimate.value[:, None])
    assert np.all(estimate.value[:, None] < estimate.ci_high)


@each_method
def test_higher_confidence_never_gives_narrower_limits(method):
    estimate = count(np.arange(500), method=method, confidence=LEVELS)
    assert np.all(np.diff(estimate.ci_low) <= 0)
    assert np.all(np.diff(estimate.ci_high) > 0)


@each_method
def test_more_events_raise_both_limits(method):
    estimate = count(np.arange(500), method=method)
    assert np.all(np.diff(estimate.ci_low) > 0)
    assert np.all(np.diff(estimate.ci_high) > 0)


@each_method
def test_no_events_have_the_lower_limit_exactly_0(method):
    assert count(0, method=method).ci_low == 0.0
    assert np.all(rate(0, [1, 25, 10_551_707], method=method).ci_low == 0.0)


def test_exact_limits_are_never_negative():
    assert np.all(count(np.arange(500), confidence=[0.5, 0.95, 0.9999]).ci_low >= 0)


def test_the_phe_rule_is_exact_below_ten_events_and_byar_from_ten():
    events = np.arange(20)
    phe, exact, byar = (count(events, method=method) for method in ("phe", "exact", "byar"))
    np.testing.assert_array_equal(phe.ci_low, np.where(events < 10, exact.ci_low, byar.ci_low))
    np.testing.assert_array_equal(phe.ci_high, np.where(events < 10, exact.ci_high, byar.ci_high))


# --- what may be asked


def test_exact_limits_per_100_000_are_the_default():
    estimate = rate(39, 244_554)
    assert estimate.interval_method == "exact"
    assert estimate.value == pytest.approx(39 / 244_554 * 100_000)


@each_method
def test_an_answer_names_its_statistic_and_its_method(method):
    assert (count(3, method=method).statistic, count(3, method=method).interval_method) == ("count", method)
    assert (rate(3, 9, method=method).statistic, rate(3, 9, method=method).interval_method) == ("rate", method)


def test_events_may_exceed_persons():
    estimate = rate([365, 3], [25, 1], per=1)
    assert estimate.problems == ()
    np.testing.assert_allclose(estimate.value, [14.6, 3.0])
    assert np.all(estimate.ci_high > estimate.value)


def test_another_multiplier_only_moves_the_decimal_point():
    one, thousand = (rate([0, 3, 120], 5321, per=per) for per in (1, 1000))
    np.testing.assert_allclose(thousand.value, one.value * 1000, rtol=1e-14)
    np.testing.assert_allclose(thousand.ci_low, one.ci_low * 1000, rtol=1e-14)
    np.testing.assert_allclose(thousand.ci_high, one.ci_high * 1000, rtol=1e-14)


def test_a_yearly_mean_may_be_fractional():
    estimate, whole = count(2.5), count([2, 3])
    assert estimate.problems == ()
    assert whole.ci_low[0] < estimate.ci_low < whole.ci_low[1]
    assert whole.ci_high[0] < estimate.ci_high < whole.ci_high[1]


@each_method
def test_a_negative_count_is_set_aside_and_disturbs_no_other(method):
    estimate, undisturbed = count([4, -1, 12], method=method), count([4, 12], method=method)
    assert estimate.problems == (Problem(1, "x is negative"),)
    np.testing.assert_array_equal(np.isnan(estimate.ci_low), [False, True, False])
    np.testing.assert_array_equal(estimate.value[[0, 2]], undisturbed.value)
    np.testing.assert_array_equal(estimate.ci_low[[0, 2]], undisturbed.ci_low)
    np.testing.assert_array_equal(estimate.ci_high[[0, 2]], undisturbed.ci_high)


@pytest.mark.parametrize(
    ("x", "n", "reason"),
    [(-1, 10, "x is negative"), (3, 0, "n is not positive"), (3, -5, "n is not positive"), (-1, 0, "x is negative")],
)
def test_an_impossible_rate_is_set_aside_with_its_reason_and_disturbs_no_other(x, n, reason):
    estimate, undisturbed = rate([5, x, 7], [10, n, 3]), rate([5, 7], [10, 3])
    assert estimate.problems == (Problem(1, reason),)
    np.testing.assert_array_equal(np.isnan(estimate.value), [False, True, False])
    np.testing.assert_array_equal(estimate.ci_low[[0, 2]], undisturbed.ci_low)
    np.testing.assert_array_equal(estimate.ci_high[[0, 2]], undisturbed.ci_high)


def test_no_events_in_an_unknown_exposure_leave_both_limits_unknown():
    estimate = rate(0, np.nan)
    assert np.isnan([estimate.value, estimate.ci_low, estimate.ci_high]).all()
    assert estimate.problems == ()
