"""How much data a firm answer would need."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from psykanalys.methods.core import FloatArray, as_floats, z_value

MOST = 1_000_000
MARGIN = 2.0  # over the standard deviation of the count: standard deviations within which the exact tail is asked


def needed_n(share: ArrayLike, target: ArrayLike, *, confidence: float = 0.95) -> FloatArray:
    """Return the smallest n at which the same share would lie surely on its side of a target.

    For each m the count is the share of m, rounded towards the target; the answer is the smallest m from which the
    exact (Clopper–Pearson) interval of that count leaves the target outside for that m and every larger one up to
    twice it. `share` and `target` are fractions. NaN where the share equals the target or more than a million
    would be needed.

    When: to tell a reader that a verdict is open because there are few cases, and how many would do. When not: for
    a census (no chance) or for planning a study (the true share is not known).
    """
    share, target = as_floats(share, target)
    pairs = np.stack([share.ravel(), target.ravel()], axis=1)
    return np.array([_smallest(p, t, confidence) for p, t in pairs]).reshape(share.shape)


def _smallest(share: float, target: float, confidence: float) -> float:
    if not 0 <= share <= 1 or share == target or np.isnan(target):
        return np.nan
    if _roughly(share, target, confidence) > 2 * MOST:
        return np.nan
    tried, last_open = 0, 0
    top = 64
    while top <= MOST:
        open_ones = np.flatnonzero(~_is_firm(share, target, np.arange(tried + 1, top + 1), confidence))
        last_open = tried + int(open_ones[-1]) + 1 if open_ones.size else last_open
        if last_open < top // 2:
            return float(last_open + 1)
        tried, top = top, 2 * top
    return np.nan


def _roughly(share: float, target: float, confidence: float) -> float:
    """The n by the normal distribution: good enough to see that far more than a million would be needed."""
    return float((z_value(np.asarray((1 - confidence) / 2)) / (share - target)) ** 2 * target * (1 - target))


def _is_firm(share: float, target: float, n: np.ndarray, confidence: float) -> np.ndarray:
    """Whether the exact interval leaves the target outside: where the tail of the target beyond x is small enough.

    The tail is calculated only where the normal distribution leaves it open. The two differ by about (z² − 1)/6 times
    the skewness, which is at most 1/√variance: 2/√variance standard deviations are left as a margin.
    """
    exact, level = share * n, (1 - confidence) / 2
    x = np.floor(exact + 1e-9) if share > target else np.ceil(exact - 1e-9)
    variance = n * target * (1 - target)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = (np.abs(x - n * target) - 0.5) / np.sqrt(variance) - z_value(np.asarray(level))
        firm = apart > 0
        near = (variance < 100) | (np.abs(apart) * np.sqrt(variance) < MARGIN)
    firm[near] = _tail(share > target, x[near], n[near], target) < level
    return firm


def _tail(is_above: bool, x: np.ndarray, n: np.ndarray, target: float) -> np.ndarray:  # noqa: FBT001 - a side
    """The chance of at least (or at most) x of n, if the target were the true share."""
    if is_above:
        return np.where(x > 0, special.betainc(np.maximum(x, 1), n - x + 1, target), 1.0)
    return np.where(x < n, special.betaincc(x + 1, np.maximum(n - x, 1), target), 1.0)
