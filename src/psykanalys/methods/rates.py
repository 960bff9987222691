"""Counts of events, and rates: events over exposure, with exact, Byar and PHE limits."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from psykanalys.methods.chunks import limits_in_chunks
from psykanalys.methods.core import Errors, Estimate, FloatArray, as_floats, masked, set_aside, tails, z_value
from psykanalys.methods.gamma import lower_quantile, upper_quantile

RateMethod = Literal["exact", "byar", "phe"]


def count(
    x: ArrayLike, *, method: RateMethod = "exact", confidence: ArrayLike = 0.95, errors: Errors = "collect"
) -> Estimate:
    """Return a count of events with Poisson limits.

    `exact`: χ²(α/2; 2x)/2 and χ²(1−α/2; 2x+2)/2 (Garwood, Biometrika 1936;28:437). `byar` (Breslow & Day 1987):
    x(1 − 1/(9x) − z/(3√x))³ and (x+1)(1 − 1/(9(x+1)) + z/(3√(x+1)))³, lower limit 0 at x = 0. `phe`: exact below
    10 events, Byar from 10. Negative counts give NaN and a problem.
    """
    (x,) = as_floats(x)
    usable, problems = set_aside([(x < 0, "x is negative")], errors)
    x = masked(x, usable)
    low, high = _count_limits(x, method, confidence)
    return Estimate(x, low, high, "count", method, problems)


def rate(
    x: ArrayLike,
    n: ArrayLike,
    *,
    per: float = 100_000,
    method: RateMethod = "exact",
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> Estimate:
    """Return x/n per `per` with limits as for `count`, n being the exposure (persons, person-years).

    Events may exceed persons, so x > n is no fault. x < 0 or n ≤ 0 gives NaN and a problem.
    """
    x, n = as_floats(x, n)
    usable, problems = set_aside([(x < 0, "x is negative"), (n <= 0, "n is not positive")], errors)
    x, n = masked(x, usable), masked(n, usable)
    low, high = _count_limits(x, method, confidence)
    scale = per / (n[..., None] if low.ndim > n.ndim else n)
    return Estimate(x / n * per, low * scale, high * scale, "rate", method, problems)


def _count_limits(x: FloatArray, method: RateMethod, confidence: ArrayLike) -> tuple[FloatArray, FloatArray]:
    tail, _ = tails(confidence, x.shape)
    return limits_in_chunks(_LIMITS[method], tail, x)


def _exact(x: FloatArray, tail: FloatArray) -> tuple[FloatArray, FloatArray]:
    low = lower_quantile(np.maximum(x, np.finfo(float).tiny), tail)
    return np.where(x == 0, 0.0, low), upper_quantile(x + 1, tail)


def _byar(x: FloatArray, tail: FloatArray) -> tuple[FloatArray, FloatArray]:
    z, above, below = z_value(tail), x + 1, np.where(x == 0, 1.0, x)
    low = below * (1 - 1 / (9 * below) - z / (3 * np.sqrt(below))) ** 3
    return np.where(x == 0, 0.0, low), above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3


def _phe(x: FloatArray, tail: FloatArray) -> tuple[FloatArray, FloatArray]:
    (exact_low, exact_high), (byar_low, byar_high) = _exact(x, tail), _byar(x, tail)
    return np.where(x < 10, exact_low, byar_low), np.where(x < 10, exact_high, byar_high)


_LIMITS = {"exact": _exact, "byar": _byar, "phe": _phe}
