"""Is there a rise or a fall at all, and how steep: ranks only, no model of chance for the single value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from psykanalys.methods.core import Errors, Estimate, FloatArray, set_aside, tails, z_value
from psykanalys.methods.series import Mask, as_series, fewer, infinite, simultaneous

EXACT_BELOW = 50  # points, as in R's cor.test
BLOCK = 4_096  # series at a time


@dataclass(frozen=True, kw_only=True)
class MannKendall(Estimate):
    """Sen's slope (`value`) with its limits, and the test of Mann and Kendall, one of each per series.

    `p` is exact where `exact` says so, else `p_normal` (with continuity correction). `smallest_p` is what `p` would
    be if every pair of unequal values went the same way; `can_reach_5_percent` says whether that is below 0.05.
    """

    s: FloatArray
    variance: FloatArray
    tau: FloatArray
    z: FloatArray
    p: FloatArray
    exact: Mask
    p_normal: FloatArray
    z_uncorrected: FloatArray
    p_uncorrected: FloatArray
    smallest_p: FloatArray
    can_reach_5_percent: Mask
    points: NDArray[np.intp]


@dataclass(frozen=True)
class _Pairs:
    """What comparing every point with every other gives, one per series."""

    points: FloatArray
    s: FloatArray
    unequal: FloatArray
    variance: FloatArray


def mann_kendall(
    y: ArrayLike,
    *,
    time: ArrayLike | None = None,
    axis: int = -1,
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> MannKendall:
    """Return Sen's slope per unit of time with its limits, and the Mann–Kendall test of no trend, for each series.

    S = Σ sign(yⱼ − yᵢ) over all pairs of times i < j; tau = S / √(pairs · unequal pairs);
    var S = (n(n−1)(2n+5) − Σ g(g−1)(2g+5)) / 18 over groups of g equal values; z = (S − sign S) / √var.
    p is exact from the distribution of S over all orders where no two values are equal and n < 50, else 2Φ(−|z|).
    Sen's slope is the median of (yⱼ − yᵢ) / (tⱼ − tᵢ); with N slopes and C = z₁₋α/₂ √var its limits are the slopes
    with ranks (N − C)/2 and (N + C)/2 + 1, rounded, and NaN where there are too few points to have such ranks.

    When: yearly values without known counts, skewed, or with an outlier. When not: counts with an exposure
    (`poisson_trend` uses more of what is known); values that depend on each other, such as rolling means.
    With fewer than 5 points no outcome whatever reaches 5 %: then `can_reach_5_percent` is False, and a large p says
    nothing about the trend. Equal values make the smallest p larger still.

    Shapes: `y` is one series or many, time along `axis`; results have the shape of the rest, limits one more last
    axis when several confidence levels are asked for. Missing values are left out, their times too. The slope is in
    units of `y` per unit of `time` (default: per step).
    Errors: NaN and a problem (numbered by series) for fewer than 3 points, two values at the same time, values that
    are all equal (not estimable), or an infinite one.

    References: Mann, Econometrica 1945;13:245. Kendall, Rank Correlation Methods 1970. Sen, JASA 1968;63:1379.
    """
    series = as_series(y, time=time, axis=axis)
    points = series.points
    conditions = [
        (infinite(series), "a value or time is infinite"),
        (fewer(series, 3), "fewer than 3 points"),
        (simultaneous(series), "two values at the same time"),
        (_all_equal(series.values[0], series.known), "all values are equal: not estimable"),
    ]
    usable, problems = set_aside(conditions, errors)
    series = series.only(usable)
    y_known = np.where(series.known, series.values[0], np.nan)
    results = _in_blocks(y_known, series.time, confidence) | {"points": points}
    return MannKendall(statistic="sen_slope", interval_method="sen_ranks", problems=problems, **series.shaped(results))


def _in_blocks(y: FloatArray, time: FloatArray, confidence: ArrayLike) -> dict[str, NDArray]:
    """The results of all series, block by block: the pairs of points take points² numbers for each series."""
    starts = range(0, max(len(y), 1), BLOCK)
    parts = [_results(y[start : start + BLOCK], time[start : start + BLOCK], confidence) for start in starts]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _results(y: FloatArray, time: FloatArray, confidence: ArrayLike) -> dict[str, NDArray]:
    pairs = _compare(y, time)
    value, low, high = _sen(y, time, pairs, confidence)
    return _test(pairs) | {"value": value, "ci_low": low, "ci_high": high}


def _all_equal(y: FloatArray, known: Mask) -> Mask:
    highest, lowest = (np.where(known, y, limit) for limit in (-np.inf, np.inf))
    return known.any(axis=1) & (highest.max(axis=1, initial=-np.inf) == lowest.min(axis=1, initial=np.inf))


def _compare(y: FloatArray, time: FloatArray) -> _Pairs:
    known = ~np.isnan(y)
    n = np.where(known.any(axis=1), known.sum(axis=1), np.nan)
    rise, lapse = _differences(y), _differences(time)
    s = np.nansum(np.sign(rise) * np.sign(lapse), axis=(1, 2)) / 2
    equal = (rise == 0).sum(axis=2)
    tied = np.where(known, (equal - 1) * (2 * equal + 5), 0).sum(axis=1)
    unequal = (np.abs(rise) > 0).sum(axis=(1, 2)) / 2
    return _Pairs(n, np.where(np.isnan(n), np.nan, s), unequal, (n * (n - 1) * (2 * n + 5) - tied) / 18)


def _differences(values: FloatArray) -> FloatArray:
    return values[:, None, :] - values[:, :, None]


def _test(pairs: _Pairs) -> dict[str, NDArray]:
    n, s, deviation = pairs.points, pairs.s, np.sqrt(pairs.variance)
    every = n * (n - 1) / 2
    z, z_uncorrected = (s - np.sign(s)) / deviation, s / deviation
    exact = (pairs.unequal == every) & (n < EXACT_BELOW)
    smallest_normal = _two_sided((pairs.unequal - 1) / deviation)
    smallest = np.where(exact, _exact_p(n, every, every), smallest_normal)
    return {
        "s": s,
        "variance": pairs.variance,
        "tau": s / np.sqrt(every * pairs.unequal),
        "z": z,
        "p": np.where(exact, _exact_p(n, s, every), _two_sided(z)),
        "exact": exact,
        "p_normal": _two_sided(z),
        "z_uncorrected": z_uncorrected,
        "p_uncorrected": _two_sided(z_uncorrected),
        "smallest_p": smallest,
        "can_reach_5_percent": smallest < 0.05,
    }


def _two_sided(z: FloatArray) -> FloatArray:
    return 2 * special.ndtr(-np.abs(z))


def _exact_p(n: FloatArray, s: FloatArray, pairs: FloatArray) -> FloatArray:
    """The chance of an S at least as far from 0, all orders being as likely."""
    against = np.nan_to_num((pairs - np.abs(s)) / 2).astype(int)
    points = np.nan_to_num(n).astype(int)
    fits = points < EXACT_BELOW
    chance = _chances()[np.where(fits, points, 0), np.where(fits, against, 0)]
    return np.where(fits & ~np.isnan(s), np.minimum(2 * chance, 1), np.nan)


@cache
def _chances() -> FloatArray:
    """Row n: the chance that at most 0, 1, 2, … of all pairs among n points go against the trend."""
    most = (EXACT_BELOW - 1) * (EXACT_BELOW - 2) // 2
    chance, table = np.array([1.0]), np.ones((EXACT_BELOW, most + 1))
    for n in range(1, EXACT_BELOW):
        chance = np.convolve(chance, np.full(n, 1 / n))
        table[n, : chance.size] = np.cumsum(chance)
    return table


def _sen(
    y: FloatArray, time: FloatArray, pairs: _Pairs, confidence: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    earlier, later = np.triu_indices(y.shape[1], 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.sort((y[:, later] - y[:, earlier]) / (time[:, later] - time[:, earlier]), axis=1)
    number = np.sum(~np.isnan(slopes), axis=1)
    middle = (_ranked(slopes, (number + 1) // 2) + _ranked(slopes, number // 2 + 1)) / 2
    tail, several = tails(confidence, number.shape)
    reach, count = z_value(tail) * np.sqrt(_deepened(pairs.variance, deep=several)), _deepened(number, deep=several)
    low, high = np.rint((count - reach) / 2), np.rint((count + reach) / 2 + 1)
    return middle, _ranked(slopes, low), _ranked(slopes, high)


def _deepened(array: NDArray, *, deep: bool) -> NDArray:
    return array[:, None] if deep else array


def _ranked(ordered: FloatArray, rank: NDArray) -> FloatArray:
    """The value of this rank (from 1) in each row; NaN where there is none."""
    padded = np.pad(ordered, ((0, 0), (1, 1)), constant_values=np.nan)
    place = np.clip(np.nan_to_num(rank), 0, padded.shape[1] - 1).astype(int)
    columns = place if place.ndim == 2 else place[:, None]
    return np.take_along_axis(padded, columns, axis=1).reshape(place.shape)
