"""What a trend said about points it had not seen, and whether it came true."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from psykanalys.methods.core import Errors, Estimate, FloatArray, set_aside
from psykanalys.methods.series import Series, as_series, simultaneous
from psykanalys.methods.simulation import Lines, chances, fitted, middle, simulated_lines, single_counts
from psykanalys.methods.trends import Conditions, poisson_conditions

LEAST_POINTS = 3


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


def backtest(
    events: ArrayLike,
    exposure: ArrayLike,
    *,
    held_out: int = 2,
    time: ArrayLike | None = None,
    axis: int = -1,
    confidence: ArrayLike = 0.80,
    draws: int = 1000,
    seed: int = 1,
    errors: Errors = "collect",
) -> Backtest:
    """Return what the trend of all but the last `held_out` points said about those points, and what then came.

    A line is fitted to the earlier points as in `time_to_target`; for every simulated line a count is drawn for each
    held-out point with its own exposure, and the limits are quantiles of these counts: they hold both the doubt about
    the line and the chance in the single count. Printing the result gives the number of values inside.

    When: beside every date from `time_to_target`. When not: as proof from a single series; two values are inside by
    chance more often than not. Over many series the share inside should be near the confidence level or above it.

    Shapes: as for `poisson_trend`, with the held-out points as one more axis, before that of the confidence levels.
    Errors: NaN and a problem (numbered by series) for fewer than 3 earlier points, two values at the same time, or
    what `poisson_trend` refuses in the earlier points. ValueError unless `held_out` is at least 1.

    References: Hyndman & Athanasopoulos, Forecasting: Principles and Practice 2021, ch. 5.
    """
    return backtest_series(as_series(events, exposure, time=time, axis=axis), held_out, confidence, draws, seed, errors)


def backtest_series(
    series: Series, held_out: int, confidence: ArrayLike, draws: int, seed: int, errors: Errors
) -> Backtest:
    """Return `backtest` of series already in rows."""
    if held_out < 1:
        raise ValueError(f"held_out={held_out!r}: expected at least 1 point")
    series = _widened(series, held_out).in_time_order()
    usable, problems = set_aside(_conditions(series, held_out), errors)
    series = series.only(usable)
    earlier, lines = _without_last(series, held_out), fitted(_without_last(series, held_out))
    observed, exposures, times = (array[:, -held_out:] for array in (*series.values, series.time))
    ahead = times - earlier.last[:, None]
    value = exposures * np.exp(lines.end[:, None] + lines.slope[:, None] * ahead)
    low, high = middle(_simulated_counts(earlier, lines, exposures, ahead, draws, seed), confidence)
    came = np.where(np.isnan(value), np.nan, observed)
    results = {"value": value, "ci_low": low, "ci_high": high, "observed": came, "inside": _inside(came, low, high)}
    return Backtest(
        statistic="held_out_count",
        interval_method="simulated_counts",
        problems=problems,
        confidence=np.asarray(confidence, dtype=float),
        **series.shaped(results),
    )


def _conditions(series: Series, held_out: int) -> Conditions:
    earlier = _without_last(series, held_out)
    return [
        ((series.points > 0) & (earlier.points < LEAST_POINTS), "fewer than 3 points before the held-out ones"),
        (simultaneous(series), "two values at the same time"),
        *poisson_conditions(earlier),
    ]


def _simulated_counts(
    earlier: Series, lines: Lines, exposure: FloatArray, ahead: FloatArray, draws: int, seed: int
) -> FloatArray:
    """Counts of the held-out points: series, draws, points."""
    end, slope = simulated_lines(earlier, lines, draws, seed)
    with np.errstate(over="ignore"):
        mean = exposure[:, None, :] * np.exp(end[:, :, None] + slope[:, :, None] * ahead[:, None, :])
    of_mean, of_count = chances(seed + 1, 2, draws, exposure.shape[1])
    return single_counts(mean, lines.excess[:, None, None], of_mean, of_count)


def _inside(came: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    came = came[..., None] if low.ndim > came.ndim else came
    return np.where(np.isnan(came + low), np.nan, (low <= came) & (came <= high))


def _without_last(series: Series, held_out: int) -> Series:
    places = np.arange(series.known.shape[1])
    return replace(series, known=series.known & (places < places.size - held_out))


def _widened(series: Series, columns: int) -> Series:
    """The series with at least so many points, unknown ones added in front."""
    width = ((0, 0), (max(columns - series.known.shape[1], 0), 0))
    values = tuple(np.pad(array, width) for array in series.values)
    return replace(series, values=values, time=np.pad(series.time, width), known=np.pad(series.known, width))
