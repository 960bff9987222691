"""How long until it happens, when for some it has not happened yet: Kaplan–Meier curves and their quantiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psykanalys.methods.core import Estimate, FloatArray, tails, z_value
from psykanalys.methods.strata import Strata, beside

TOLERANCE = 1e-9  # a curve this close to a level runs along it


@dataclass(frozen=True)
class Curve:
    """One row per group and distinct day: the share left after it, and its limits (NaN where the share is 0 or 1)."""

    number: NDArray[np.intp]
    day: FloatArray
    at_risk: FloatArray
    events: FloatArray
    censored: FloatArray
    share: FloatArray
    low: FloatArray
    high: FloatArray


def fit_curve(
    days: FloatArray, happened: FloatArray, strata: Strata, confidence: ArrayLike, counts: FloatArray | None = None
) -> Curve:
    """Return the product over days of 1 − events / at risk, with log(−log) limits from Greenwood's variance.

    `happened` is 1 or 0. `counts`: how many each element stands for, where equal ones were counted beforehand; 1 each
    without. Groups with something unknown must have it unknown in all of `days`; they get one empty row.
    """
    number, day, row = _distinct(days, strata)
    each = np.ones(days.shape) if counts is None else counts
    events, leaving = (np.bincount(row, part, day.size).astype(float) for part in (happened * each, each))
    place, left = _left_before(number, leaving, strata)
    with np.errstate(divide="ignore"):
        variance = _running(np.add, events / (left * (left - events)), place)
    share = _running(np.multiply, 1 - events / left, place)
    left, events, censored, share = (
        np.where(np.isnan(day), np.nan, part) for part in (left, events, leaving - events, share)
    )
    return Curve(number, day, left, events, censored, share, *_limits(share, variance, confidence))


def quantile_of_curve(curve: Curve, probability: float, strata: Strata) -> Estimate:
    """Return the day when `probability` of each group is done; NaN where the curve never falls so far.

    The limits are the days when the curve's lower and upper limits fall so far.
    """
    value, low, high = (
        _crossing(curve, part, 1 - probability, strata) for part in (curve.share, curve.low, curve.high)
    )
    return Estimate(value, low, high, "quantile_with_censoring", "brookmeyer_crowley_log_log")


def _distinct(days: FloatArray, strata: Strata) -> tuple[NDArray[np.intp], FloatArray, NDArray[np.intp]]:
    """Group and day of each row of the curves, and the row of each element."""
    order, place = strata.order(days)
    group, day = strata.of_row[order], days[order]
    same = (place > 0) & ((day == np.roll(day, 1)) | np.isnan(day))
    row = np.empty(days.size, dtype=np.intp)
    row[order] = np.cumsum(~same) - 1
    return group[~same], day[~same], row


def _left_before(number: NDArray[np.intp], leaving: FloatArray, strata: Strata) -> tuple[NDArray[np.intp], FloatArray]:
    """The place of each row in its curve (from 0), and how many of the group are left before its day."""
    rows = np.bincount(number, minlength=strata.number)
    first = (np.cumsum(rows) - rows)[number]
    gone = np.cumsum(leaving) - leaving
    size = np.bincount(number, leaving, strata.number)
    return np.arange(number.size) - first, size[number] - (gone - gone[first])


def _running(combine: Callable[..., FloatArray], values: FloatArray, place: NDArray[np.intp]) -> FloatArray:
    """Running sums or products that start anew in each group; doubles the stretch combined at each step."""
    total, step = values.copy(), 1
    while step <= place.max(initial=0):
        total[step:] = np.where(place[step:] >= step, combine(total[step:], total[:-step]), total[step:])
        step *= 2
    return total


def _limits(share: FloatArray, variance: FloatArray, confidence: ArrayLike) -> tuple[FloatArray, FloatArray]:
    tail, _ = tails(confidence, share.shape)
    inner = np.where((share > 0) & (share < 1), share, np.nan)
    spread = np.sqrt(np.where(np.isnan(inner), np.nan, variance)) / -np.log(inner)
    factor = np.exp(z_value(tail) * beside(spread, tail))
    return beside(inner, tail) ** factor, beside(inner, tail) ** (1 / factor)


def _crossing(curve: Curve, share: FloatArray, level: float, strata: Strata) -> FloatArray:
    """The first day at or below the level; the middle of the stretch where the curve runs along it."""
    reached, below = (_first_day(curve, share, level + margin, strata) for margin in (TOLERANCE, -TOLERANCE))
    middle = np.where(np.isfinite(below), (reached + below) / 2, reached)
    return np.where(np.isfinite(middle), middle, np.nan)[()]


def _first_day(curve: Curve, share: FloatArray, level: float, strata: Strata) -> FloatArray:
    first = np.full((strata.number, *share.shape[1:]), np.inf)
    np.minimum.at(first, curve.number, np.where(share <= level, beside(curve.day, share), np.inf))
    return first.reshape(strata.shape + share.shape[1:])
