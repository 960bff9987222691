"""Fingertips' recent trend: the arrow beside an indicator, from its last five points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from psykanalys.methods.core import Errors, Estimate, FloatArray, set_aside
from psykanalys.methods.rates import rate
from psykanalys.methods.series import Mask, Series, as_series, infinite, simultaneous

Kind = Literal["proportion", "rate"]

POINTS = 5
THRESHOLD = 9.5495  # χ² with 1 degree of freedom, 0.2 %
WIDTH = 3.92  # of a 95 % interval, in standard errors
NO_SLOPE = 1e-9  # of the largest value over the time spanned: rounding, not direction


@dataclass(frozen=True, kw_only=True)
class TrendMarker(Estimate):
    """χ² for trend of the last five points (`value`; no limits) and the `marker`, one of each per series.

    `marker` is "increasing", "decreasing", "no_change" or "not_enough_points", and "not_estimable" where `problems`
    has the reason. `significant` says that χ² is large enough; `outlier` that a single point made it so.
    """

    marker: NDArray[np.str_]
    significant: Mask
    outlier: Mask
    slope: FloatArray


def trend_marker(
    x: ArrayLike,
    n: ArrayLike,
    *,
    time: ArrayLike | None = None,
    axis: int = -1,
    kind: Kind = "proportion",
    errors: Errors = "collect",
) -> TrendMarker:
    """Return Fingertips' trend marker of each series: increasing, decreasing, no_change or not_enough_points.

    Only the last five points count. There is a change if χ² for trend is above 9.5495 (0.2 %) and the slope keeps its
    sign whichever of the five is left out; its direction is that of the slope.
    "proportion": χ² as in `logistic_trend`; the sign of the slope is that of Σ (t − t̄)(x − n p), which is also the
    sign of the logistic slope, and exists where x is 0. "rate": regression of x/n with weights 1/se², se being the
    width of its 95 % interval (exact below 10 events, Byar's from 10) divided by 3.92; χ² = slope² Σ (t − t̄)²/se².

    When: one arrow per area in a large table, by a rule known beforehand. When not: fewer than five points; periods
    that overlap; months or quarters; a break in the series; as proof that nothing changed ("no_change" is "not shown").

    Shapes: one series or many, time along `axis`; results have the shape of the rest. A point with anything missing
    is left out: the five are the last known. `slope` is per unit of time, of the fraction x/n.
    Errors: NaN and a problem (numbered by series) for negative x, n that is not positive, x larger than n (proportions
    only: events may exceed persons), two values at the same time, five points with no x or with nothing but x.

    References: OHID, Fingertips Public Health Technical Guidance: Trend markers, 2025. Armitage,
    Biometrics 1955;11:375.
    """
    series = as_series(x, n, time=time, axis=axis)
    recent = _last(series)
    enough = recent.points == POINTS
    usable, problems = set_aside(_conditions(series, recent, enough, kind), errors)
    slope, chi_square, kept = _tested(recent.only(usable & enough), kind)
    significant = chi_square > THRESHOLD
    change = np.where(slope > 0, "increasing", "decreasing")
    marker = np.select(
        [~usable, ~enough, significant & kept], ["not_estimable", "not_enough_points", change], "no_change"
    )
    nothing = np.full(slope.shape, np.nan)
    results = {"value": chi_square, "ci_low": nothing, "ci_high": nothing, "slope": slope, "marker": marker}
    results |= {"significant": significant, "outlier": significant & ~kept}
    return TrendMarker(
        statistic="chi_square_for_trend", interval_method="none", problems=problems, **series.shaped(results)
    )


def chi_square_for_trend(x: FloatArray, n: FloatArray, time: FloatArray, known: Mask) -> tuple[FloatArray, FloatArray]:
    """Return Armitage's χ² for trend in proportions of each row, and its p; NaN where some x is larger than n."""
    possible = known & np.all(~known | (x <= n), axis=1)[:, None]
    value, weight = _shares(x, n, possible)
    slope, spread = _slope(value, weight, time)
    chi_square = slope**2 * spread / _binomial_variance(value, weight)
    return chi_square, special.chdtrc(1, chi_square)


def _conditions(series: Series, recent: Series, enough: Mask, kind: Kind) -> list[tuple[Mask, str]]:
    (x, n), known = recent.values, recent.known
    conditions = [
        (infinite(series), "a value or time is infinite"),
        (np.any(series.values[0] < 0, axis=1), "x is negative"),
        (np.any(series.values[1] <= 0, axis=1), "n is not positive"),
        (simultaneous(series), "two values at the same time"),
        (enough & np.all(~known | (x == 0), axis=1), "x is 0 in the last five points: not estimable"),
    ]
    if kind == "proportion":
        conditions.append((np.any(series.values[0] > series.values[1], axis=1), "x is larger than n"))
        conditions.append((enough & np.all(~known | (x == n), axis=1), "x is n in the last five points: not estimable"))
    return conditions


def _last(series: Series) -> Series:
    """The last five known points of each series."""
    ordered = series.in_time_order()
    start = max(ordered.known.shape[1] - POINTS, 0)
    values = tuple(array[:, start:] for array in ordered.values)
    return replace(ordered, values=values, time=ordered.time[:, start:], known=ordered.known[:, start:])


def _tested(recent: Series, kind: Kind) -> tuple[FloatArray, FloatArray, Mask]:
    """Slope, χ², and whether the slope keeps its sign whichever point is left out."""
    x, n = recent.values
    value, weight = _VALUES[kind](x, n, recent.known)
    slope, spread = _slope(value, weight, recent.time)
    variance = _binomial_variance(value, weight) if kind == "proportion" else 1.0
    without = ~np.eye(weight.shape[1], dtype=bool)
    others, _ = _slope(value[:, None, :], weight[:, None, :] * without, recent.time[:, None, :])
    same = np.sign(_rounded(others, value, recent)) == np.sign(slope)[:, None]
    return slope, slope**2 * spread / variance, same.all(axis=1)


def _rounded(slopes: FloatArray, value: FloatArray, recent: Series) -> FloatArray:
    span = np.where(recent.known.any(axis=1), recent.last - recent.first, np.nan)
    noise = NO_SLOPE * np.abs(value).max(axis=1, initial=0) / span
    return np.where(np.abs(slopes) <= noise[:, None], 0.0, slopes)


def _shares(x: FloatArray, n: FloatArray, known: Mask) -> tuple[FloatArray, FloatArray]:
    weight = np.where(known, n, 0.0)
    return np.where(known, x, 0.0) / np.where(known, n, 1.0), weight


def _rates(x: FloatArray, n: FloatArray, known: Mask) -> tuple[FloatArray, FloatArray]:
    estimate = rate(np.where(known, x, 0.0), np.where(known, n, 1.0), per=1, method="phe")
    error = (estimate.ci_high - estimate.ci_low) / WIDTH
    return estimate.value, np.where(known, 1 / error**2, 0.0)


def _slope(value: FloatArray, weight: FloatArray, time: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The weighted slope along the last axis, and the weighted spread of time; NaN without weights."""
    time = np.where(weight > 0, time, 0.0)
    total = weight.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        off = time - (weight * time).sum(axis=-1, keepdims=True) / total
        away = value - (weight * value).sum(axis=-1, keepdims=True) / total
        spread = (weight * off**2).sum(axis=-1)
        return (weight * off * away).sum(axis=-1) / spread, spread


def _binomial_variance(value: FloatArray, weight: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (value * weight).sum(axis=1) / weight.sum(axis=1)
    return np.where((share > 0) & (share < 1), share * (1 - share), np.nan)


_VALUES = {"proportion": _shares, "rate": _rates}
