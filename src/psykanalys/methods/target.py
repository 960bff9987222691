"""When a trend reaches its target, how sure that date is, and how well the rule would have done before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psykanalys.methods.core import Errors, Estimate, FloatArray, set_aside, tails
from psykanalys.methods.loglinear import fit_line, poisson, separated
from psykanalys.methods.series import Mask, Series, as_series, first_time, last_time, simultaneous
from psykanalys.methods.simulation import chances, draw_counts
from psykanalys.methods.trends import Conditions, dispersion, poisson_conditions

Direction = Literal["lower", "higher"]

LEAST_POINTS = 5
LEAST_TESTED = 3
ZERO_EVENTS = 0.5  # expected in a period: no event is then more likely than one or more
SIGN = {"lower": -1.0, "higher": 1.0}


@dataclass(frozen=True, kw_only=True)
class Backtest(Estimate):
    """Predicted counts (`value`) of the held-out points with their limits, and what then came.

    All have one more axis than a series has results: the held-out points in the order of time. `inside` is 1 where
    the count that came lies within the limits, 0 where not, NaN where nothing could be tested.
    """

    observed: FloatArray
    inside: FloatArray
    confidence: FloatArray

    def __str__(self) -> str:
        """One line per confidence level, such as "80 %: 3 of 4 held-out values inside"."""
        inside = self.inside.reshape(-1, self.confidence.size)
        tested, hits = np.sum(~np.isnan(inside), axis=0), np.nansum(inside, axis=0)
        return "\n".join(
            f"{100 * level:g} %: {hit:.0f} of {number} held-out values inside"
            for level, hit, number in zip(self.confidence.ravel(), hits, tested, strict=True)
        )


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


@dataclass(frozen=True)
class _Lines:
    """One line per series: its log rate at the last time, its slope, the counts it expects, their excess variance."""

    end: FloatArray
    slope: FloatArray
    expected: FloatArray
    excess: FloatArray


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
    draws: int = 2000,
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
    break in the series, two values at the same time, a negative target, a zero target from below, a trend in the wrong direction. A series already
    at the target and moving away from it is refused too.

    References: Efron & Tibshirani, An Introduction to the Bootstrap 1993, ch. 6 and 13. McCullagh & Nelder 1989, ch. 6.
    """
    series = as_series(events, exposure, time=time, axis=axis)
    goals = np.broadcast_to(np.asarray(target, dtype=float), series.shape).reshape(len(series.known))
    thresholds, zero = _thresholds(series, goals / per)
    conditions = [
        *poisson_conditions(series, least=LEAST_POINTS),
        (simultaneous(series), "two values at the same time"),
        (_broken(series, breaks), "break in the series"),
        (goals < 0, "target is negative"),
        (zero & (direction == "higher"), "a target of 0 cannot be reached from below"),
    ]
    logs = np.log(np.where(thresholds > 0, thresholds, np.nan))
    conditions += _wrong_way(series, conditions, logs, direction)
    usable, problems = set_aside(conditions, errors)
    series = series.only(usable)
    lines = _fit(series)
    value = _arrival(lines.end, lines.slope, logs, series.first, series.last, direction)
    arrivals = _simulated_arrivals(series, lines, logs, direction, draws, seed)
    low, high = _quantiles(arrivals, confidence)
    results = {
        "threshold": thresholds * per,
        "zero_rule": zero,
        "reached": SIGN[direction] * (lines.end - logs) >= 0,
        "never": np.where(np.isnan(value), np.nan, np.isinf(arrivals).mean(axis=1)),
        "rate_at_end": np.exp(lines.end) * per,
        "percent_change": 100 * np.expm1(lines.slope),
    }
    return TimeToTarget(
        *(series.per_series(part) for part in (value, low, high)),
        "time_to_target",
        "simulated_counts",
        problems,
        **{name: series.per_series(part) for name, part in results.items()},
        backtest=_backtest(series, held_out, confidence, draws, seed, "collect"),
    )


def backtest(
    events: ArrayLike,
    exposure: ArrayLike,
    *,
    held_out: int = 2,
    time: ArrayLike | None = None,
    axis: int = -1,
    confidence: ArrayLike = 0.80,
    draws: int = 2000,
    seed: int = 1,
    errors: Errors = "collect",
) -> Backtest:
    """Return what the trend of all but the last `held_out` points said about those points, and whether it came true.

    A line is fitted to the earlier points as in `time_to_target`; for every simulated line a count is drawn for each
    held-out point with its own exposure, and the limits are quantiles of these counts: they hold both the doubt about
    the line and the chance in the single count. Printing the result gives the number of values inside.

    When: beside every date from `time_to_target`. When not: as proof from a single series; two values are inside by
    chance more often than not. Over many series the share inside should be near the confidence level or above it.

    Shapes: as for `poisson_trend`, with the held-out points as one more axis, before that of the confidence levels.
    Errors: NaN and a problem (numbered by series): what `poisson_trend` refuses in the earlier points, of which there
    must be at least 3.

    References: Hyndman & Athanasopoulos, Forecasting: Principles and Practice 2021, ch. 5.
    """
    series = as_series(events, exposure, time=time, axis=axis)
    return _backtest(series, held_out, confidence, draws, seed, errors)


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
    lines = _fit(series.only(possible))
    away = SIGN[direction] * lines.slope <= 0
    there = SIGN[direction] * (lines.end - logs) >= 0
    return [
        (away & there, "at the target, but the trend moves away from it"),
        (away, "trend in the wrong direction"),
    ]


def _fit(series: Series) -> _Lines:
    line = fit_line(*series.values, series.time, series.known, poisson)
    excess = np.maximum(dispersion(series, line) - 1, 0)
    return _Lines(line.at(series.last), line.slope, line.expected, excess)


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


def _simulated_arrivals(
    series: Series, lines: _Lines, logs: FloatArray, direction: Direction, draws: int, seed: int
) -> FloatArray:
    end, slope = _simulate(series, lines, draws, seed)
    first, last = series.first[:, None], series.last[:, None]
    return _arrival(end, slope, logs[:, None], first, last, direction)


def _simulate(series: Series, lines: _Lines, draws: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Log rate at the last time and slope of lines fitted to simulated counts: one row per series, NaN where none."""
    rows = np.flatnonzero(~np.isnan(lines.slope))
    of_mean, of_count = chances(seed, 2, draws, series.known.shape[1])
    expected, excess = lines.expected[rows, None, :], lines.excess[rows, None, None]
    counts = draw_counts(np.where(series.known[rows, None, :], expected, 0), excess, of_mean, of_count)
    repeated = (np.repeat(part[rows], draws, axis=0) for part in (series.values[1], series.time, series.known))
    ends, slopes = _lines_through(counts.reshape(-1, counts.shape[2]), *repeated)
    end, slope = np.full((2, len(lines.slope), draws), np.nan)
    end[rows], slope[rows] = ends.reshape(-1, draws), slopes.reshape(-1, draws)
    return end, slope


def _lines_through(
    counts: FloatArray, exposure: FloatArray, time: FloatArray, known: Mask
) -> tuple[FloatArray, FloatArray]:
    """Log rate at the last time and slope, with their limits (±∞) where simulated counts have no best line."""
    last, some = last_time(time, known), counts.sum(axis=1) > 0
    endless = separated(counts, exposure, time, known)
    line = fit_line(counts, exposure, time, known & (some & ~endless)[:, None], poisson)
    only_last = some & endless & (first_time(time, counts > 0) == last)
    at_last = known & (time == last[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log(np.where(at_last, counts, 0).sum(axis=1) / np.where(at_last, exposure, 0).sum(axis=1))
    end = np.select([~some, only_last, endless], [-np.inf, level, -np.inf], line.at(last))
    return end, np.select([~some, only_last, endless], [0.0, np.inf, -np.inf], line.slope)


def _quantiles(drawn: FloatArray, confidence: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """The limits of the middle part along axis 1, the next drawn value outwards; several levels give a last axis."""
    ordered, most = np.sort(drawn, axis=1), drawn.shape[1] - 1
    tail, _ = tails(confidence, ())
    low, high = np.floor(tail * most).astype(int), np.ceil((1 - tail) * most).astype(int)
    return tuple(np.moveaxis(ordered[:, rank], 1, -1) if rank.ndim else ordered[:, rank] for rank in (low, high))


def _backtest(series: Series, held_out: int, confidence: ArrayLike, draws: int, seed: int, errors: Errors) -> Backtest:
    ordered = _widened(series, held_out).in_time_order()
    usable, problems = set_aside(_untestable(ordered, held_out), errors)
    ordered = ordered.only(usable)
    earlier = _without_last(ordered, held_out)
    observed, exposure, time = (array[:, -held_out:] for array in (*ordered.values, ordered.time))
    lines, ahead = _fit(earlier), time - earlier.last[:, None]
    value = exposure * np.exp(lines.end[:, None] + lines.slope[:, None] * ahead)
    low, high = _quantiles(_simulated_counts(earlier, lines, exposure, ahead, draws, seed), confidence)
    several = low.ndim > value.ndim
    came = np.where(np.isnan(value), np.nan, observed)
    reference = came[..., None] if several else came
    inside = np.where(np.isnan(low + reference), np.nan, (low <= reference) & (reference <= high))
    value, low, high, came, inside = (series.per_series(part) for part in (value, low, high, came, inside))
    levels = np.asarray(confidence, dtype=float)
    return Backtest(
        value,
        low,
        high,
        "held_out_counts",
        "simulated_counts",
        problems,
        observed=came,
        inside=inside,
        confidence=levels,
    )


def _untestable(ordered: Series, held_out: int) -> Conditions:
    earlier = _without_last(ordered, held_out)
    conditions = [
        ((ordered.points > 0) & (earlier.points < LEAST_TESTED), "fewer than 3 points before the held-out ones"),
        (simultaneous(ordered), "two values at the same time"),
        *poisson_conditions(earlier),
    ]
    return conditions


def _simulated_counts(
    earlier: Series, lines: _Lines, exposure: FloatArray, ahead: FloatArray, draws: int, seed: int
) -> FloatArray:
    """Counts of the held-out points: series, draws, points."""
    end, slope = _simulate(earlier, lines, draws, seed)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = exposure[:, None, :] * np.exp(end[:, :, None] + slope[:, :, None] * ahead[:, None, :])
    of_mean, of_count = chances(seed + 1, 2, draws, exposure.shape[1])
    return draw_counts(mean, lines.excess[:, None, None], of_mean, of_count)


def _without_last(ordered: Series, held_out: int) -> Series:
    kept = np.arange(ordered.known.shape[1]) < ordered.known.shape[1] - held_out
    return replace(ordered, known=ordered.known & kept)


def _widened(series: Series, columns: int) -> Series:
    """At least so many points, unknown ones added in front."""
    width = ((0, 0), (max(columns - series.known.shape[1], 0), 0))
    values = tuple(np.pad(array, width) for array in series.values)
    return replace(series, values=values, time=np.pad(series.time, width), known=np.pad(series.known, width))
