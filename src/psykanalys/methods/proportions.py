"""Proportions with exact and Wilson limits."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from psykanalys.methods.beta import lower_quantile, upper_quantile
from psykanalys.methods.chunks import limits_in_chunks
from psykanalys.methods.core import (
    Errors,
    Estimate,
    FloatArray,
    as_floats,
    fractional,
    masked,
    set_aside,
    tails,
    z_value,
)


def proportion(
    x: ArrayLike,
    n: ArrayLike,
    *,
    method: Literal["exact", "wilson"] = "exact",
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> Estimate:
    """Return x/n as a fraction with two-sided limits.

    `exact` is Clopper–Pearson (Biometrika 1934;26:404): it errs at most α/2 on each side for every n and every true
    share. `wilson` (JASA 1927;22:209), (2x + z² ∓ z√(z² + 4x(1−x/n))) / (2(n + z²)), is shorter and keeps its level
    only on average; it takes fractional x. Elements with x < 0, n ≤ 0 or x > n give NaN and a problem.
    """
    x, n = as_floats(x, n)
    conditions = [(x < 0, "x is negative"), (n <= 0, "n is not positive"), (x > n, "x is larger than n")]
    if method == "exact":
        conditions.append((fractional(x), "x is not a whole number; use method='wilson'"))
    usable, problems = set_aside(conditions, errors)
    known = usable & ~np.isnan(x) & ~np.isnan(n)
    x, n = masked(x, known), masked(n, known)
    tail, _ = tails(confidence, x.shape)
    low, high = limits_in_chunks(_LIMITS[method], tail, x, n)
    return Estimate(x / n, low, high, "proportion", method, problems)


def _exact(x: FloatArray, n: FloatArray, tail: FloatArray) -> tuple[FloatArray, FloatArray]:
    some, not_all = np.where(x == 0, 1, x), np.where(x == n, n - 1, x)
    low = lower_quantile(some, n - some + 1, tail)
    high = upper_quantile(not_all + 1, n - not_all, tail)
    return np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)


def _wilson(x: FloatArray, n: FloatArray, tail: FloatArray) -> tuple[FloatArray, FloatArray]:
    z = z_value(tail)
    middle, half = 2 * x + z**2, z * np.sqrt(z**2 + 4 * x * (1 - x / n))
    low, high = (middle - half) / (2 * (n + z**2)), (middle + half) / (2 * (n + z**2))
    return low, np.where(x == n, 1.0, high)


_LIMITS = {"exact": _exact, "wilson": _wilson}
