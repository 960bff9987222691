"""When a trend reaches its target, how sure that date is, and how well the rule would have done before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from psykanalys.methods.backtest import Backtest, backtest, backtest_series
from psykanalys.methods.core import Errors, Estimate, FloatArray, set_aside
from psykanalys.methods.series import Mask, Series, as_series, simultaneous
from psykanalys.methods.simulation import Lines, fitted, middle, simulated_lines
from psykanalys.methods.trends import Conditions, poisson_conditions

__all__ = ["Backtest", "TimeToTarget", "backtest", "time_to_target"]

Direction = Literal["lower", "higher"]

LEAST_POINTS = 5
ZERO_EVENTS = 0.5  # expected in a period: no event is then more likely than one or more
SIGN = {"lower": -1.0, "higher": 1.0}


@dataclass(frozen=True, kw_only=True)
class TimeToTarget(Estimate):
    """The time at which the trend reaches the target (`value`) with its limits, one per series.

    An infinite upper limit: at this confidence it may never get there. `never` is the share of simulated trends that
    do not. `reached` says that the trend stands at the target at the last point already. `threshold` is the rate
    aimed at; where `zero_rule` is True the target is 0 and the threshold 0.5 expected events per period.
    `rate_at_end` is the trend at the last point, `percent_change` its slope per unit of time.
    """

    threshold: FloatArray
    zero_rule: Mask
    reached: Mask
    never: FloatArray
    rate_at_end: FloatArray
    percent_change: FloatArray
    backtest: Backtest


def time_to_target(
    events: ArrayLike,
    exposure: ArrayLike,
    target: ArrayLike,
    *,
    direction: Direction,
    time: ArrayLike | None = None,
    breaks: ArrayLike | None = None,
    axis: int = -1,
    per: float = 100_000,
    confidence: ArrayLike = 0.80,
    held_out: int = 2,
    draws: int = 1000,
    seed: int = 1,
    errors: Errors = "collect",
) -> TimeToTarget:
    """Return the time at which the fitted trend of each series reaches its target, with limits, or a refusal.

    The trend is that of `poisson_trend`; it reaches the rate R at (log R − level) / slope. Limits by simulation on the
    count scale: `draws` times new counts are drawn about the fitted line (Poisson, or with gamma-distributed means
    where the dispersion φ is above 1, so that the variance is φ times the mean), a line is fitted to them, and its
    time noted; a trend that never gets there is infinite, one that was there throughout gets the first time. The
    limits are the quantiles of these times, the next one outwards. The same `seed` gives the same limits, and each
    series the same alone as among others.
    A line on the log scale never reaches 0. A target of 0 counts as reached when fewer than 0.5 events are expected in
    a period with the last point's exposure: a period without events is then likelier than one with.

    When: to tell whether today's trend is enough. When not: as a forecast; the trend is carried on unchanged, and only
    chance in the counts is in the limits. Read it with `backtest`, which is the same rule tried on the last `held_out`
    points.

    Shapes: as for `poisson_trend`; `target` is one number or one per series, in events per `per` exposure as in
    `rate`. `breaks` is True at points not comparable with the point before, one per point. The result is in units of
    `time` (years give a year with decimals); limits have one more last axis for several confidence levels.
    Errors: refusals are NaN and a problem (numbered by series): what `poisson_trend` refuses, fewer than 5 points, a
    break in the series, two values at the same time, a negative target, a zero target from below, a trend in the
    wrong direction; also where the series stands at the target but moves away from it.

    References: Efron & Tibshirani, An Introduction to the Bootstrap 1993, ch. 6 and 13. McCullagh & Nelder 1989, ch. 6.
    """
    series = as_series(events, exposure, time=time, axis=axis)
    goals = np.broadcast_to(np.asarray(target, dtype=float), series.shape).reshape(len(series.known))
    thresholds, zero = _thresholds(series, goals / per)
    logs = np.log(np.where(thresholds > 0, thresholds, np.nan))
    conditions = _impossible(series, goals, breaks, direction)
    conditions += _wrong_way(series, conditions, logs, direction)
    usable, problems = set_aside(conditions, errors)
    series = series.only(usable)
    lines = fitted(series)
    value = _arrival(lines.end, lines.slope, logs, series.first, series.last, direction)
    arrivals = _simulated_arrivals(series, lines, logs, direction, draws, seed)
    low, high = middle(arrivals, confidence)
    results = {
        "value": value,
        "ci_low": low,
        "ci_high": high,
        "threshold": thresholds * per,
        "zero_rule": zero,
        "reached": SIGN[direction] * (lines.end - logs) >= 0,
        "never": np.where(np.isnan(value), np.nan, np.isinf(arrivals).mean(axis=1)),
        "rate_at_end": np.exp(lines.end) * per,
        "percent_change": 100 * np.expm1(lines.slope),
    }
    return TimeToTarget(
        statistic="time_to_target",
        interval_method="simulated_counts",
        problems=problems,
        backtest=backtest_series(series, held_out, confidence, draws, seed, "collect"),
        **series.shaped(results),
    )


def _impossible(series: Series, goals: FloatArray, breaks: ArrayLike | None, direction: Direction) -> Conditions:
    return [
        *poisson_conditions(series, least=LEAST_POINTS),
        (simultaneous(series), "two values at the same time"),
        (_broken(series, breaks), "break in the series"),
        (goals < 0, "target is negative"),
        ((goals == 0) & (direction == "higher"), "a target of 0 cannot be reached from below"),
    ]


def _thresholds(series: Series, rates: FloatArray) -> tuple[FloatArray, Mask]:
    """The rates to be reached, and where the rule for zero made them."""
    zero, exposure = rates == 0, series.in_time_order().values[1]
    last = exposure[:, -1] if exposure.shape[1] else np.full(len(rates), np.nan)
    with np.errstate(divide="ignore"):
        return np.where(zero, ZERO_EVENTS / last, rates), zero


def _broken(series: Series, breaks: ArrayLike | None) -> Mask:
    """Which series have a break after their first known point."""
    if breaks is None:
        return np.zeros(len(series.known), dtype=bool)
    marks = np.atleast_1d(np.asarray(breaks, dtype=bool))
    marks = marks if marks.ndim == 1 else np.moveaxis(marks, series.axis, -1)
    rows = np.broadcast_to(marks, series.shape + series.known.shape[1:]).reshape(series.known.shape)
    return np.any(rows & (series.time > series.first[:, None]) & (series.time <= series.last[:, None]), axis=1)


def _wrong_way(series: Series, conditions: Conditions, logs: FloatArray, direction: Direction) -> Conditions:
    possible = ~np.any([mask for mask, _ in conditions], axis=0)
    lines = fitted(series.only(possible))
    away = SIGN[direction] * lines.slope <= 0
    there = SIGN[direction] * (lines.end - logs) >= 0
    return [
        (away & there, "at the target, but the trend moves away from it"),
        (away, "trend in the wrong direction"),
    ]


def _simulated_arrivals(
    series: Series, lines: Lines, logs: FloatArray, direction: Direction, draws: int, seed: int
) -> FloatArray:
    ends, slopes = simulated_lines(series, lines, draws, seed)
    first, last = series.first[:, None], series.last[:, None]
    return _arrival(ends, slopes, logs[:, None], first, last, direction)


def _arrival(
    end: FloatArray, slope: FloatArray, logs: FloatArray, first: FloatArray, last: FloatArray, direction: Direction
) -> FloatArray:
    """When a line is at the target: before the last point at the earliest at the first, after it perhaps never."""
    there, towards = SIGN[direction] * (end - logs) >= 0, SIGN[direction] * slope > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = last + (logs - end) / slope
    before = np.where(towards & (crossing > first), np.minimum(crossing, last), first)
    ahead = np.where(towards, crossing, np.inf)
    return np.where(np.isnan(end + logs), np.nan, np.where(there, before, ahead))
