"""Funnel plots: control limits around an average, and areas against them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

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
from psykanalys.methods.rates import count
from psykanalys.methods.strata import BoolArray

FunnelKind = Literal["proportion", "ratio"]
FunnelMethod = Literal["normal", "exact", "poisson"]
LEVELS = (0.95, 0.998)


@dataclass(frozen=True, kw_only=True)
class FunnelPoints(Estimate):
    """Areas in a funnel: `value` is each area's own, `ci_low` and `ci_high` are the control limits at its size.

    `average` is the centre line. `position` is "within", "low 95", "high 99.8" and so on, by the widest limits that the
    value lies outside; "" where it is unknown.
    """

    average: FloatArray
    position: NDArray[np.str_]


def funnel_limits(
    average: ArrayLike,
    n: ArrayLike,
    *,
    kind: FunnelKind = "proportion",
    method: FunnelMethod | None = None,
    per: float = 1,
    levels: ArrayLike = LEVELS,
    errors: Errors = "collect",
) -> Estimate:
    """Return the average, times `per`, with the control limits between which areas of size n vary by chance.

    `kind="proportion"`: average p as a fraction, n persons. `normal` (the default): p ∓ z√(p(1−p)/n), the straight
    formula that most funnels show; it leaves 0 to 1 where n is small and is not cut there, nor at 100 or any other
    number whatever `per` is. `exact`: the binomial quantiles at α/2 and 1−α/2 over n. Fewer than α/2 of areas at the
    average fall below the lower one, and fewer than α/2 above the upper one, for every n; an area at a limit is within.

    `kind="ratio"`: average ratio or rate r, n expected events or exposure, so that r·n events are expected. `poisson`
    (the default): χ²(α/2; 2rn)/2n and χ²(1−α/2; 2rn+2)/2n. `exact`: the Poisson quantiles over n, with the promise
    above. `normal`: r ∓ z√(r/n).

    `levels` are the confidence levels, usually 95 and 99.8 %; the limits have them as their last axis.

    When: to see which of many areas of unlike size differ from their average by more than chance. When not: for one
    area against a target (use its own interval), or where areas differ for known reasons or nearly all lie outside (see
    `overdispersion`).

    An average outside 0 to 1 (or below 0), n ≤ 0, or a fractional n for exact binomial limits gives NaN and a problem.

    References: Spiegelhalter, Stat Med 2005;24:1185. Breslow & Day, Statistical methods in cancer research II, IARC
    1987 (Poisson limits).
    """
    method = _method(kind, method)
    p, n = as_floats(average, n)
    usable, problems = set_aside(_bad_funnel(p, n, kind, method), errors)
    known = usable & ~np.isnan(p) & ~np.isnan(n)
    p, n = masked(p, known), masked(n, known)
    tail, several = tails(levels, p.shape)
    low, high = _LIMITS[kind, method](p[..., None], n[..., None], np.atleast_1d(tail))
    if not several:
        low, high = low[..., 0], high[..., 0]
    return Estimate(p * per, low * per, high * per, "funnel_limits", method, problems)


def funnel_points(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    average: float | None = None,
    kind: FunnelKind = "proportion",
    method: FunnelMethod | None = None,
    per: float = 1,
    levels: ArrayLike = LEVELS,
    errors: Errors = "collect",
) -> FunnelPoints:
    """Return each area's numerator over denominator, times `per`, with its control limits and its position.

    The centre is `average` (a fraction, ratio or rate, before `per`) or, without it, Σnumerator/Σdenominator over the
    areas that can be used. Limits, kinds and methods are those of `funnel_limits`. An area on a limit is within it.

    With m areas all at the average, about m/20 lie outside the 95 % limits by chance: a position is a reason to look,
    not a ranking and no verdict.

    A negative numerator, a denominator ≤ 0, or a numerator above the denominator of a proportion gives NaN and a
    problem, and has no part in the average.

    References: Spiegelhalter, Stat Med 2005;24:1185.
    """
    x, n = as_floats(numerator, denominator)
    conditions = [(x < 0, "the numerator is negative"), (n <= 0, "the denominator is not positive")]
    if kind == "proportion":
        conditions.append(((x > n), "the numerator is larger than the denominator"))
    if (kind, _method(kind, method)) == ("proportion", "exact"):
        conditions.append((fractional(n), "the denominator is not a whole number; use method='normal'"))
    usable, problems = set_aside(conditions, errors)
    x, n = masked(x, usable), masked(n, usable)
    center = pooled(x, n) if average is None else np.asarray(average, dtype=float)
    limits = funnel_limits(center, n, kind=kind, method=method, levels=levels, errors=errors)
    problems = tuple(sorted({*problems, *limits.problems}))
    return FunnelPoints(
        x / n * per,
        limits.ci_low * per,
        limits.ci_high * per,
        f"funnel_{kind}",
        limits.interval_method,
        problems,
        average=center * per,
        position=_positions(x / n, limits, levels),
    )


def _method(kind: FunnelKind, method: FunnelMethod | None) -> FunnelMethod:
    chosen = method or ("normal" if kind == "proportion" else "poisson")
    if (kind, chosen) not in _LIMITS:
        raise ValueError(f"method={method!r} does not fit kind={kind!r}")
    return chosen


def _bad_funnel(p: FloatArray, n: FloatArray, kind: FunnelKind, method: FunnelMethod) -> list[tuple[BoolArray, str]]:
    conditions = [(n <= 0, "n is not positive"), (p < 0, "the average is negative")]
    if kind == "proportion":
        conditions.append((p > 1, "the average is larger than 1"))
    if (kind, method) == ("proportion", "exact"):
        conditions.append((fractional(n), "n is not a whole number; use method='normal'"))
    return conditions


def pooled(x: FloatArray, n: FloatArray) -> FloatArray:
    """Σx/Σn over what is known, as a single number; unknown if nothing is."""
    known = ~np.isnan(x) & ~np.isnan(n)
    total = np.sum(n, where=known)
    return np.asarray(np.sum(x, where=known) / total if total > 0 else np.nan)


def _positions(value: FloatArray, limits: Estimate, levels: ArrayLike) -> NDArray[np.str_]:
    """The name of the widest limits that each value lies outside."""
    level = np.atleast_1d(np.asarray(levels, dtype=float))
    order, shape = np.argsort(level), (*value.shape, level.size)
    below = np.sum(value[..., None] < limits.ci_low.reshape(shape)[..., order], axis=-1)
    above = np.sum(value[..., None] > limits.ci_high.reshape(shape)[..., order], axis=-1)
    names = [f"{100 * one:.4g}" for one in level[order]]
    side = np.where(below > 0, -below, above)
    listed = np.array(["within", *(f"high {name}" for name in names), *(f"low {name}" for name in reversed(names))])
    return np.where(np.isnan(value) | np.isnan(limits.ci_low.reshape(shape)[..., 0]), "", listed[side])


def _quantile(
    probability: FloatArray,
    inverse: Callable[[FloatArray], FloatArray],
    distribution: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """The smallest whole number that at least `probability` of outcomes do not exceed."""
    guess = np.maximum(np.ceil(np.nan_to_num(inverse(probability))), 0)
    below = np.maximum(guess - 1, 0)
    return np.where(distribution(below) >= probability, below, guess)


Limits = tuple[FloatArray, FloatArray]


def _normal(average: FloatArray, variance: FloatArray, tail: FloatArray) -> Limits:
    half = z_value(tail) * np.sqrt(variance)
    return average - half, average + half


def _binomial(p: FloatArray, n: FloatArray, tail: FloatArray) -> Limits:
    low, high = (
        _quantile(part, lambda q: special.bdtrik(q, n, p), lambda k: special.betaincc(k + 1, n - k, p)) / n
        for part in (tail, 1 - tail)
    )
    sure = (p == 0) | (p == 1)
    return np.where(sure, p, low), np.where(sure, p, high)


def _poisson(average: FloatArray, n: FloatArray, tail: FloatArray) -> Limits:
    limits = count(average[..., 0] * n[..., 0], confidence=np.ravel(1 - 2 * tail))
    return limits.ci_low / n, limits.ci_high / n


def _poisson_quantiles(average: FloatArray, n: FloatArray, tail: FloatArray) -> Limits:
    low, high = (
        _quantile(part, lambda q: special.pdtrik(q, average * n), lambda k: special.pdtr(k, average * n)) / n
        for part in (tail, 1 - tail)
    )
    return low, high


_LIMITS: dict[tuple[str, str], Callable[[FloatArray, FloatArray, FloatArray], Limits]] = {
    ("proportion", "normal"): lambda p, n, tail: _normal(p, p * (1 - p) / n, tail),
    ("proportion", "exact"): _binomial,
    ("ratio", "poisson"): _poisson,
    ("ratio", "exact"): _poisson_quantiles,
    ("ratio", "normal"): lambda r, n, tail: _normal(r, r / n, tail),
}
