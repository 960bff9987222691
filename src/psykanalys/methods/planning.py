"""How much data a firm answer would need."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from psykanalys.methods.core import FloatArray, as_floats
from psykanalys.methods.proportions import proportion

MOST = 1_000_000


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
    top = 64
    while top <= MOST:
        tried = np.arange(1, top + 1)
        firm = _is_firm(share, target, tried, confidence)
        last_open = int(np.flatnonzero(~firm)[-1]) + 1 if not firm.all() else 0
        if last_open < top // 2:
            return float(last_open + 1)
        top *= 2
    return np.nan


def _is_firm(share: float, target: float, n: np.ndarray, confidence: float) -> np.ndarray:
    exact = share * n
    x = np.floor(exact + 1e-9) if share > target else np.ceil(exact - 1e-9)
    estimate = proportion(x, n, confidence=confidence)
    return (estimate.ci_low > target) if share > target else (estimate.ci_high < target)
