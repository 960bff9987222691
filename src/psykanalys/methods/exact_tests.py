"""Exact two-sided p-values: the summed probability of every outcome that is no more likely than the observed one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from psykanalys.methods.core import FloatArray

TIED = np.log1p(1e-7)  # outcomes this close in log probability count as equally likely, as in R
BLOCK = 128


def binomial_p(x: FloatArray, n: FloatArray, share: FloatArray, rest: FloatArray) -> FloatArray:
    """Return the two-sided p-value of x of n when each has the trait with chance `share` (`rest` is 1 − share).

    One-dimensional arrays; `rest` is given because 1 − share loses the digits of a small share.
    """
    known = np.isfinite(x + n + share)
    result = np.full(x.shape, np.nan)
    result[known] = _binomial_p(*(array[known] for array in (x, n, share, rest)))
    return result


def fisher_p(x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray) -> FloatArray:
    """Return Fisher's exact two-sided p-value for x1 of n1 against x2 of n2, all one-dimensional."""
    known = np.isfinite(x1 + n1 + x2 + n2)
    result = np.full(x1.shape, np.nan)
    result[known] = _fisher_p(*(array[known] for array in (x1, n1, x2, n2)))
    return result


def binomial_at_most(k: FloatArray, n: FloatArray, share: FloatArray | float, rest: FloatArray | float) -> FloatArray:
    """Return the chance of at most k of n, each with the chance `share`; `rest` is 1 − share."""
    inside = np.clip(k, 0, n - 1)
    by_share = special.betaincc(inside + 1, n - inside, share)
    by_rest = special.betainc(n - inside, inside + 1, rest)
    return np.where(k < 0, 0.0, np.where(k >= n, 1.0, np.where(np.less(share, rest), by_share, by_rest)))


def smallest(holds: Callable[[FloatArray], NDArray[np.bool_]], low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the smallest whole number from `low` for which `holds`, which once true stays true; `high` if none.

    `holds` takes and gives one number per element. Halves all the ranges at once.
    """
    low, high = (array.copy() for array in np.broadcast_arrays(low, high))
    while np.any(low < high):
        middle = np.floor((low + high) / 2)
        true = holds(middle)
        low, high = np.where(true | (low >= high), low, middle + 1), np.where(true, middle, high)
    return low


def _binomial_p(x: FloatArray, n: FloatArray, share: FloatArray, rest: FloatArray) -> FloatArray:
    many = x * rest > (n - x) * share
    x, share, rest = np.where(many, n - x, x), np.where(many, rest, share), np.where(many, share, rest)
    observed = _log_binomial(x, n, share, rest)

    def as_unlikely(outcome: FloatArray) -> NDArray[np.bool_]:
        return _log_binomial(outcome, n, share, rest) <= observed + TIED

    other = smallest(as_unlikely, np.ceil(n * share), n + 1)
    return np.minimum(binomial_at_most(x, n, share, rest) + binomial_at_most(n - other, n, rest, share), 1)


def _fisher_p(x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray) -> FloatArray:
    many = x1 * n2 > x2 * n1
    x1, x2 = np.where(many, x2, x1), np.where(many, x1, x2)
    n1, n2 = np.where(many, n2, n1), np.where(many, n1, n2)
    drawn = x1 + x2
    observed = _log_hypergeometric(x1, n1, n2, drawn)

    def as_unlikely(outcome: FloatArray) -> NDArray[np.bool_]:
        return _log_hypergeometric(outcome, n1, n2, drawn) <= observed + TIED

    most = np.minimum(n1, drawn)
    other = smallest(as_unlikely, np.ceil(drawn * n1 / (n1 + n2)), most + 1)
    above = np.where(other > most, 0.0, _hypergeometric_at_most(drawn - np.minimum(other, most), n2, n1, drawn))
    return np.minimum(_hypergeometric_at_most(x1, n1, n2, drawn) + above, 1)


def _hypergeometric_at_most(k: FloatArray, n1: FloatArray, n2: FloatArray, drawn: FloatArray) -> FloatArray:
    """The chance that at most k of the `drawn` are from the n1, for k below the mean: P(k)·(1 + P(k−1)/P(k) + …)."""
    total, last, here, active = np.ones(k.shape), np.ones(k.shape), k.copy(), np.arange(k.size)
    while active.size:
        outcome = here[active, None] - np.arange(BLOCK)
        first, second, both = n1[active, None], n2[active, None], drawn[active, None]
        ratio = outcome * (second - both + outcome) / ((first - outcome + 1) * (both - outcome + 1))
        terms = last[active, None] * np.cumprod(ratio, axis=1)
        total[active] += terms.sum(axis=1)
        last[active], here[active] = terms[:, -1], here[active] - BLOCK
        active = active[last[active] > 1e-22 * total[active]]
    return np.exp(_log_hypergeometric(k, n1, n2, drawn)) * total


def _log_hypergeometric(k: FloatArray, n1: FloatArray, n2: FloatArray, drawn: FloatArray) -> FloatArray:
    share, rest = drawn / (n1 + n2), (n1 - drawn + n2) / (n1 + n2)
    parts = _log_binomial(k, n1, share, rest) + _log_binomial(drawn - k, n2, share, rest)
    return np.where((drawn == 0) | (rest == 0), 0.0, parts - _log_binomial(drawn, n1 + n2, share, rest))


def _log_binomial(k: FloatArray, n: FloatArray, share: FloatArray, rest: FloatArray) -> FloatArray:
    """The log probability of k of n without the cancellation of large factorials (Loader 2000)."""
    choices = _factorial_error(n) - _factorial_error(k) - _factorial_error(n - k)
    return choices - _deviance(k, n * share) - _deviance(n - k, n * rest)


def _factorial_error(k: FloatArray) -> FloatArray:
    """log k! − (k log k − k)."""
    large = np.maximum(k, 16)
    series = (
        1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / large**2) / large**2) / large**2) / large**2
    ) / large
    small = special.gammaln(k + 1) - special.xlogy(k, k) + k
    return np.where(k < 16, small, 0.5 * np.log(2 * np.pi * large) + series)


def _deviance(k: FloatArray, mean: FloatArray) -> FloatArray:
    """k log(k/mean) + mean − k."""
    with np.errstate(divide="ignore", invalid="ignore"):
        off = (k - mean) / mean
        return mean * (special.xlog1py(1 + off, off) - off)
