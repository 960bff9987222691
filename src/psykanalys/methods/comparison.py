"""Two populations: the difference between proportions, the ratio between rates. Three periods: change of growth."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from psykanalys.methods.core import Errors, Estimate, FloatArray, MethodError, as_floats, fractional, masked, set_aside
from psykanalys.methods.hybrid import hybrid_sum
from psykanalys.methods.proportions import proportion
from psykanalys.methods.rates import rate


def difference_of_proportions(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    *,
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> Estimate:
    """Return x1/n1 − x2/n2 with Newcombe's hybrid score limits (Stat Med 1998;17:873, method 10).

    With Wilson limits l and u of each share: d − √((p₁−l₁)² + (u₂−p₂)²) and d + √((u₁−p₁)² + (p₂−l₂)²).
    The two populations must not overlap: subtract an area from the nation that contains it first.
    """
    x1, n1, x2, n2 = as_floats(x1, n1, x2, n2)
    one = proportion(x1, n1, method="wilson", confidence=confidence)
    two = proportion(x2, n2, method="wilson", confidence=confidence)
    problems = tuple(sorted({*one.problems, *two.problems}))
    if problems and errors == "raise":
        raise MethodError(problems)
    first, second = (_like(share.ci_low, share.value) for share in (one, two))
    low = first - second - np.hypot(first - one.ci_low, two.ci_high - second)
    high = first - second + np.hypot(one.ci_high - first, second - two.ci_low)
    return Estimate(one.value - two.value, low, high, "difference_of_proportions", "newcombe", problems)


def change_of_growth(
    x: ArrayLike, n: ArrayLike, *, kind: Literal["proportion", "rate"] = "proportion", confidence: ArrayLike = 0.95
) -> Estimate:
    """Return (third − second) − (second − first) of three periods along the last axis: below 0, growth has slowed.

    Formula: v₃ − 2v₂ + v₁ with limits recovered from those of each period alone (hybrid): Wilson for proportions, exact
    Poisson for rates, which are per unit of exposure.

    When: a target on the growth rate, with counts in three comparable periods. When not: fewer periods, periods that
    overlap, counts without exposure.

    Errors: as in `proportion` and `rate`; a period that cannot be used makes its series NaN.

    References: Zou & Donner, Stat Med 2008;27:1693.
    """
    x, n = as_floats(x, n)
    parts = [_PERIOD[kind](x[..., place], n[..., place], confidence) for place in range(3)]
    found = hybrid_sum(parts, (1.0, -2.0, 1.0))
    problems = tuple(sorted({problem for part in parts for problem in part.problems}))
    return replace(found, statistic="change_of_growth", problems=problems)


_PERIOD = {
    "proportion": lambda x, n, confidence: proportion(x, n, method="wilson", confidence=confidence),
    "rate": lambda x, n, confidence: rate(x, n, per=1, confidence=confidence),
}


def ratio_of_rates(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    *,
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> Estimate:
    """Return (x1/n1) / (x2/n2) with exact limits, conditional on the total x1 + x2.

    Given the total, x1 is binomial with share n1·R/(n1·R + n2); Clopper–Pearson limits of that share give the
    limits of the ratio R (Przyborowski & Wilenski, Biometrika 1940;31:313). No events at all: not estimable.
    """
    x1, n1, x2, n2 = as_floats(x1, n1, x2, n2)
    conditions = [
        ((x1 < 0) | (x2 < 0), "events are negative"),
        (fractional(x1) | fractional(x2), "events are not whole numbers"),
        ((n1 <= 0) | (n2 <= 0), "exposure is not positive"),
        (x1 + x2 == 0, "no events in either population"),
    ]
    usable, problems = set_aside(conditions, errors)
    x1, n1, x2, n2 = (masked(array, usable) for array in (x1, n1, x2, n2))
    share = proportion(x1, x1 + x2, confidence=confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, low, high = (
            _odds(part) * _like(part, n2) / _like(part, n1) for part in (share.value, share.ci_low, share.ci_high)
        )
    return Estimate(value, low, high, "ratio_of_rates", "exact_conditional", problems)


def _like(limits: FloatArray, array: FloatArray) -> FloatArray:
    return array[..., None] if limits.ndim > array.ndim else array


def _odds(share: FloatArray) -> FloatArray:
    return np.where(share >= 1, np.inf, np.exp(special.logit(np.clip(share, 0, 1))))
