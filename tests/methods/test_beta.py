"""Quantiles of the beta and gamma distributions: against scipy's own inverse, and by putting them back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from psykanalys.methods import beta, chunks, gamma, proportion, rate

CONFIDENCES = [0.5, 0.8, 0.9, 0.95, 0.99, 0.998, 0.9999]
every_confidence = pytest.mark.parametrize("confidence", CONFIDENCES)


def counts(*sizes):
    """x and n at the ends, near them, in the middle and in between."""
    pairs = set()
    for n in sizes:
        inner = np.unique(np.geomspace(1, n, 40).astype(int))
        for x in {0, 1, 2, 3, n - 3, n - 2, n - 1, n, n // 2, *inner.tolist(), *(n - inner).tolist()}:
            pairs.add((min(max(x, 0), n), n))
    return np.array(sorted(pairs), dtype=float).T


SMALL = counts(*range(1, 40), 50, 77, 100, 313, 1000, 2047, 5000, 10_000)
LARGE = counts(30_000, 100_000, 777_777, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000)


def scipy_limits(x, n, tail):
    low = special.betaincinv(np.maximum(x, 1), n - np.maximum(x, 1) + 1, tail)
    high = special.betainccinv(np.minimum(x, n - 1) + 1, n - np.minimum(x, n - 1), tail)
    return np.where(x == 0, 0, low), np.where(x == n, 1, high)


@every_confidence
def test_limits_are_those_of_scipys_inverse(confidence):
    x, n = SMALL
    estimate = proportion(x, n, confidence=confidence)
    low, high = scipy_limits(x, n, (1 - confidence) / 2)
    np.testing.assert_allclose(estimate.ci_low, low, rtol=1e-12, atol=0)
    np.testing.assert_allclose(estimate.ci_high, high, rtol=1e-12, atol=0)


@every_confidence
def test_limits_of_large_counts_are_those_of_scipys_inverse_as_far_as_that_goes(confidence):
    """scipy's own errors grow to 3e-8 at a thousand million, and at 1000 of them it is lost (1.9e-6 for 9.4e-7)."""
    x, n = LARGE[:, ~((LARGE[1] == 1e9) & np.isin(LARGE[0], [1000, 1e9 - 1000]))]
    estimate = proportion(x, n, confidence=confidence)
    low, high = scipy_limits(x, n, (1 - confidence) / 2)
    np.testing.assert_allclose(estimate.ci_low, low, rtol=1e-7, atol=0)
    np.testing.assert_allclose(estimate.ci_high, high, rtol=1e-7, atol=0)


@every_confidence
def test_limits_of_large_counts_put_back_give_the_tail(confidence):
    """The error of a limit, to first order: that of the tail, over the density times the limit."""
    x, n = LARGE[:, (LARGE[0] > 1) & (LARGE[0] < LARGE[1] - 1)]
    tail, estimate = (1 - confidence) / 2, proportion(x, n, confidence=confidence)
    written = estimate.ci_low > 1e-10  # below, the test's own approximation is too coarse
    assert np.abs(off(x, n - x + 1, estimate.ci_low, tail))[written].max() < 1e-12
    assert np.abs(off(x + 1, n - x, estimate.ci_high, 1 - tail)).max() < 1e-12


def off(a, b, p, area):
    """The relative error of p as a quantile of the beta distribution, to first order.

    Judged at the nearest number whose distance to 1 can be written exactly, as the function needs that too.
    """
    beside = 1 - (1 - p)
    density = np.exp(special.xlogy(a, beside) + special.xlog1py(b, -beside) - special.betaln(a, b))
    return (special.betainc(a, b, beside) - area) / density * (1 - beside) + (p - beside) / beside


@every_confidence
def test_poisson_limits_are_those_of_scipys_inverse(confidence):
    x = np.concatenate([np.arange(200.0), np.geomspace(200, 1e9, 300).round()])
    tail = (1 - confidence) / 2
    np.testing.assert_allclose(gamma.upper_quantile(x + 1, tail), special.gammainccinv(x + 1, tail), rtol=1e-12)
    np.testing.assert_allclose(gamma.lower_quantile(x[1:], tail), special.gammaincinv(x[1:], tail), rtol=1e-12)


@given(st.floats(0.01, 0.9), st.floats(0.001, 1e4), st.floats(0.001, 1e4))
@settings(deadline=None)
def test_any_parameters_give_scipys_inverse(tail, a, b):
    np.testing.assert_allclose(gamma.lower_quantile(a, tail), special.gammaincinv(a, tail), rtol=1e-11)
    np.testing.assert_allclose(beta.lower_quantile(a, b, tail), special.betaincinv(a, b, tail), rtol=1e-11)


def test_unknown_parameters_give_an_unknown_quantile():
    assert np.isnan(beta.lower_quantile([np.nan, 2], [3, np.nan], 0.025)).all()
    assert np.isnan(beta.upper_quantile([np.nan, 2], [3, np.nan], 0.025)).all()
    assert np.isnan(gamma.lower_quantile(np.nan, 0.025))


# --- chunks and threads


@pytest.mark.parametrize("confidence", [0.95, [0.95, 0.8]])
@pytest.mark.parametrize("method", [proportion, rate])
def test_neither_chunks_nor_threads_change_a_digit(monkeypatch, method, confidence):
    rng = np.random.default_rng(1)
    n = rng.integers(1, 3000, (5, 700))
    x = rng.integers(0, n + 1)
    monkeypatch.setattr(chunks, "CHUNK", 10_000)
    whole = method(x, n, confidence=confidence)
    monkeypatch.setattr(chunks, "CHUNK", 97)
    monkeypatch.setattr(chunks, "THREADS_FROM", 1)
    monkeypatch.setattr(chunks, "_cores", lambda: 4)
    pieces = method(x, n, confidence=confidence)
    np.testing.assert_array_equal(pieces.ci_low, whole.ci_low)
    np.testing.assert_array_equal(pieces.ci_high, whole.ci_high)


def test_an_error_in_a_thread_is_raised(monkeypatch):
    monkeypatch.setattr(chunks, "THREADS_FROM", 1)
    monkeypatch.setattr(chunks, "_cores", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        chunks.over_chunks(lambda part: 1 / 0, 10)
