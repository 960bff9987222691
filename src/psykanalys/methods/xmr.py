"""XmR charts: which points of a series stand out from its own point-to-point variation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from psykanalys.methods.core import Errors, Estimate, FloatArray, set_aside
from psykanalys.methods.series import Mask, as_series, fewer, infinite

Direction = Literal["higher", "lower", "neutral"]

TO_LIMIT = 2.66  # 3 standard deviations, in mean moving ranges
TO_NEAR = 2 * TO_LIMIT / 3
SCREENED_FROM = 3.267
RUN = 7
WEAK_UP_TO = 10
POINT_TYPES = {
    "higher": ("special_cause_improvement", "special_cause_concern"),
    "lower": ("special_cause_concern", "special_cause_improvement"),
    "neutral": ("special_cause_neutral_high", "special_cause_neutral_low"),
}


@dataclass(frozen=True, kw_only=True)
class Xmr(Estimate):
    """Mean (`value`) and process limits of each series, and what each of its points is.

    Per series: `value`, `ci_low`, `ci_high` (process limits, not confidence limits), `mean_moving_range` (after
    screening), `weak`. Per point, in the shape of the input: the other fields. `relative_to_mean` is 1 above, −1
    below and 0 on the mean; `special_cause_type` and `point_type` are empty where nothing can be said.
    """

    mean_moving_range: FloatArray
    weak: Mask
    outside_limits: Mask
    relative_to_mean: FloatArray
    close_to_limits: Mask
    special_cause_type: NDArray[np.str_]
    point_type: NDArray[np.str_]


def xmr(
    y: ArrayLike,
    *,
    axis: int = -1,
    screen: bool = True,
    desired_direction: Direction = "neutral",
    errors: Errors = "collect",
) -> Xmr:
    """Return the XmR chart of each series: mean, process limits, and which points have a special cause.

    Limits: mean ± 2.66 · mean moving range, the moving range being |yᵢ − yᵢ₋₁|. With `screen`, ranges of 3.267 times
    their mean or more are left out of it, once. The first rule that fits names a point's `special_cause_type`:
    "Above UCL" or "Below LCL" (outside the limits); "7 Point Trend (Increasing)" or "(Decreasing)" (part of 7 points
    in a row each higher, or each lower, than the one before); "2 in 3 Above CL" or "Below CL" (one of at least two
    points beyond two thirds of the way to the same limit among three in a row on that side of the mean);
    "7 Points Above CL" or "Below CL" (part of 7 in a row on that side); else "Common Cause". `point_type` is
    "common_cause", or "special_cause_improvement" or "special_cause_concern" by `desired_direction`, or
    "special_cause_neutral_high" and "_low".

    When: many points of one process (months, weeks) whose normal variation is wanted. When not: a series of 10 points
    or fewer is marked `weak`: its limits move much with every new point, and 7 in a row is most of it; series with a
    built-in trend or season; few events per point.

    Shapes: `y` is one series or many, time in order along `axis`. A missing point is left out of the mean, gives no
    range to its neighbours, and ends a run.
    Errors: NaN and a problem (numbered by series) for fewer than 2 points, no two points in a row, or no variation
    between the points after screening (limits of no width would put every point outside; the mean is kept).

    References: Wheeler, Understanding Variation 1993. Provost & Murray, The Health Care Data Guide 2011. NHS England,
    Making Data Count 2019.
    """
    series = as_series(y, time=None, axis=axis)
    values = np.where(series.known & ~infinite(series)[:, None], series.values[0], np.nan)
    mean, moving = _mean(values), _mean_moving_range(np.abs(np.diff(values, axis=1)), screen=screen)
    some = series.points >= 2
    conditions = [
        (infinite(series), "a value is infinite"),
        (fewer(series, 2), "fewer than 2 points"),
        (some & np.isnan(moving), "no two points in a row: limits not estimable"),
        (some & (moving == 0), "no variation between the points: limits not estimable"),
    ]
    usable, problems = set_aside(conditions, errors)
    moving, mean = np.where(usable, moving, np.nan), np.where(fewer(series, 2), np.nan, mean)
    points = _points(values, mean, moving, desired_direction)
    limits = {"ci_low": mean - TO_LIMIT * moving, "ci_high": mean + TO_LIMIT * moving}
    results: dict[str, NDArray] = {"value": mean, **limits, "mean_moving_range": moving}
    results["weak"] = series.points <= WEAK_UP_TO
    per_point: dict[str, Any] = {name: series.per_point(part) for name, part in points.items()}
    method = "xmr_screened" if screen else "xmr"
    return Xmr(statistic="mean", interval_method=method, problems=problems, **series.shaped(results), **per_point)


def _mean(values: FloatArray) -> FloatArray:
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0).sum(axis=1) / known.sum(axis=1)


def _mean_moving_range(ranges: FloatArray, *, screen: bool) -> FloatArray:
    average = _mean(ranges)
    if not screen:
        return average
    kept = (ranges < SCREENED_FROM * average[:, None]) | (average[:, None] == 0)
    return _mean(np.where(kept, ranges, np.nan))


def _points(values: FloatArray, mean: FloatArray, moving: FloatArray, desired: Direction) -> dict[str, NDArray]:
    centre, unit = mean[:, None], moving[:, None]
    outside = (values > centre + TO_LIMIT * unit) | (values < centre - TO_LIMIT * unit)
    near = ~outside & ((values > centre + TO_NEAR * unit) | (values < centre - TO_NEAR * unit))
    side = np.sign(values - centre)
    cause = np.where(np.isnan(values - unit), "", _cause(values, side, outside, near)[:, : values.shape[1]])
    return {
        "outside_limits": outside,
        "relative_to_mean": side,
        "close_to_limits": near,
        "special_cause_type": cause,
        "point_type": _point_type(cause, desired),
    }


def _cause(values: FloatArray, side: FloatArray, outside: Mask, near: Mask) -> NDArray[np.str_]:
    steps, above, below = np.diff(values, axis=1), side > 0, side < 0
    rising, falling = _trend(steps > 0), _trend(steps < 0)
    turning_up = _before(steps > 0)  # of two trends that meet, the later one names the point
    rules = [
        (outside & above, "Above UCL"),
        (outside & below, "Below LCL"),
        (rising & (~falling | turning_up), "7 Point Trend (Increasing)"),
        (falling, "7 Point Trend (Decreasing)"),
        (_two_in_three(near, above), "2 in 3 Above CL"),
        (_two_in_three(near, below), "2 in 3 Below CL"),
        (_in_windows(above, RUN, RUN), "7 Points Above CL"),
        (_in_windows(below, RUN, RUN), "7 Points Below CL"),
    ]
    return np.select([mask for mask, _ in rules], [name for _, name in rules], "Common Cause")


def _trend(steps: Mask) -> Mask:
    """Which points take part in a trend, from which steps go that way."""
    inside = _in_windows(steps, RUN - 1, RUN - 1)
    return _before(inside) | np.pad(inside, ((0, 0), (1, 0)))


def _before(steps: Mask) -> Mask:
    """Which points have such a step after them."""
    return np.pad(steps, ((0, 0), (0, 1)))


def _two_in_three(near: Mask, side: Mask) -> Mask:
    return near & _in_windows(side, 3, 3, near & side, 2)


def _in_windows(marked: Mask, width: int, least: int, also: Mask | None = None, least_also: int = 0) -> Mask:
    """Which points lie in a window with at least so many marked, and so many also marked."""
    if not marked.shape[1]:
        return marked
    full = _count(marked, width) >= least
    if also is not None:
        full &= _count(also, width) >= least_also
    return np.any(sliding_window_view(full, width, axis=1), axis=2)


def _count(marked: Mask, width: int) -> NDArray[np.intp]:
    padded = np.pad(marked, ((0, 0), (width - 1, width - 1)))
    return sliding_window_view(padded, width, axis=1).sum(axis=2)


def _point_type(cause: NDArray[np.str_], desired: Direction) -> NDArray[np.str_]:
    high = (np.char.find(cause, "Above") >= 0) | (np.char.find(cause, "Increasing") >= 0)
    when_high, when_low = POINT_TYPES[desired]
    return np.select([cause == "", cause == "Common Cause", high], ["", "common_cause", when_high], when_low)
