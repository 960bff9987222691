"""Trends in counts with an exposure and in proportions; with the tests by ranks and Fingertips' markers, all trends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from psykanalys.methods.core import Errors, Estimate, FloatArray, set_aside, tails, z_value
from psykanalys.methods.loglinear import Family, Line, binomial, fit_line, poisson, separated
from psykanalys.methods.mann_kendall import MannKendall, mann_kendall
from psykanalys.methods.series import Mask, Series, as_series, fewer, infinite
from psykanalys.methods.trend_marker import TrendMarker, chi_square_for_trend, trend_marker

__all__ = ["MannKendall", "Trend", "TrendMarker", "logistic_trend", "mann_kendall", "poisson_trend", "trend_marker"]

Conditions = list[tuple[Mask, str]]


@dataclass(frozen=True, kw_only=True)
class Trend(Estimate):
    """A trend per unit of time (`value`) with its limits, and the line behind it, one of each per series.

    `slope` is on the log scale. `dispersion` is Pearson's χ² per degree of freedom: about 1 where only chance moves
    the points about the line. The `quasi_` fields widen everything by √dispersion and use Student's t.
    """

    slope: FloatArray
    standard_error: FloatArray
    z: FloatArray
    p: FloatArray
    deviance: FloatArray
    degrees_of_freedom: FloatArray
    dispersion: FloatArray
    quasi_standard_error: FloatArray
    quasi_t: FloatArray
    quasi_p: FloatArray
    quasi_ci_low: FloatArray
    quasi_ci_high: FloatArray
    chi_square: FloatArray
    chi_square_p: FloatArray
    points: NDArray[np.intp]


def poisson_trend(
    events: ArrayLike,
    exposure: ArrayLike,
    *,
    time: ArrayLike | None = None,
    axis: int = -1,
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> Trend:
    """Return the change of a rate in per cent per unit of time with its limits, for each series.

    log E(events) = log(exposure) + level + slope · time, by maximum likelihood; value 100(exp(slope) − 1), limits
    100(exp(slope ∓ z se) − 1). `quasi_` limits use t with n − 2 degrees of freedom and se · √dispersion, dispersion
    being Σ (events − expected)²/expected / (n − 2). `chi_square` is the test for trend in proportions (see
    `logistic_trend`), NaN where events exceed the exposure.

    When: counts of events over years with population or person-time. Look at `dispersion`: well above 1 (say 1.5) the
    quasi limits are the honest ones. When not: rolling means or the same persons year after year; a break in how
    events are counted; a curve (the line is straight on the log scale).

    Shapes: one series or many, time along `axis`; results have the shape of the rest, limits one more last axis when
    several confidence levels are asked for. A point with anything missing is left out. `time` is in years if the
    change is to be per year (default: per step).
    Errors: NaN and a problem (numbered by series) for negative events, an exposure that is not positive, fewer than 3
    points, times that are all equal, no events at all or only at the first or the last time (not estimable).

    References: McCullagh & Nelder, Generalized Linear Models 1989, ch. 6 and 9. Kim et al., Stat Med 2000;19:335.
    """
    series = as_series(events, exposure, time=time, axis=axis)
    conditions = poisson_conditions(series)
    return _trend(series, conditions, poisson, _percent_change, "percent_change", confidence, errors)


def logistic_trend(
    x: ArrayLike,
    n: ArrayLike,
    *,
    time: ArrayLike | None = None,
    axis: int = -1,
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> Trend:
    """Return the odds ratio per unit of time of a proportion with its limits, for each series.

    log odds of x of n = level + slope · time, by maximum likelihood; value exp(slope), limits exp(slope ∓ z se), and
    `quasi_` limits as for `poisson_trend`. `chi_square` is the test for trend in proportions with 1 degree of
    freedom: (Σ (t − t̄)(x − n p))² / (p(1 − p) Σ n(t − t̄)²) with p = Σx/Σn and t̄ weighted by n.

    When: shares of persons or units counted anew each year. When not: the same units followed from year to year;
    everything counted and only the past asked about (a census needs no test).

    Shapes: as for `poisson_trend`.
    Errors: NaN and a problem (numbered by series) for negative x, n that is not positive, x larger than n, fewer than
    3 points, times that are all equal, x that are all 0 or all n, or one time that splits those with from those
    without (not estimable).

    References: Armitage, Biometrics 1955;11:375. McCullagh & Nelder, Generalized Linear Models 1989, ch. 4.
    """
    series = as_series(x, n, time=time, axis=axis)
    return _trend(series, logistic_conditions(series), binomial, np.exp, "odds_ratio", confidence, errors)


def poisson_conditions(series: Series, *, least: int = 3) -> Conditions:
    """What makes a log-linear line through these counts impossible, in order of precedence."""
    events, exposure = series.values
    return [
        (infinite(series), "a value or time is infinite"),
        (np.any(events < 0, axis=1), "events are negative"),
        (np.any(exposure <= 0, axis=1), "exposure is not positive"),
        *_too_few(series, least),
        (_none(series, events), "no events: not estimable"),
        (separated(events, exposure, series.time, series.known), "events at one end only: not estimable"),
    ]


def logistic_conditions(series: Series) -> Conditions:
    """What makes a logistic line through these proportions impossible, in order of precedence."""
    x, n = series.values
    return [
        (infinite(series), "a value or time is infinite"),
        (np.any(x < 0, axis=1), "x is negative"),
        (np.any(n <= 0, axis=1), "n is not positive"),
        (np.any(x > n, axis=1), "x is larger than n"),
        *_too_few(series, 3),
        (_none(series, x), "x is 0 throughout: not estimable"),
        (_none(series, n - x), "x is n throughout: not estimable"),
        (separated(x, n - x, series.time, series.known), "one time splits all with from all without: not estimable"),
    ]


def _too_few(series: Series, least: int) -> Conditions:
    return [
        (fewer(series, least), f"fewer than {least} points"),
        (series.first == series.last, "all times are equal"),
    ]


def _none(series: Series, counts: FloatArray) -> Mask:
    return (series.points > 0) & ~np.any(series.known & (counts > 0), axis=1)


def _percent_change(slope: FloatArray) -> FloatArray:
    return 100 * np.expm1(slope)


def _trend(
    series: Series,
    conditions: Conditions,
    family: Family,
    scale: Callable[[FloatArray], FloatArray],
    statistic: str,
    confidence: ArrayLike,
    errors: Errors,
) -> Trend:
    points = series.points
    usable, problems = set_aside(conditions, errors)
    series = series.only(usable)
    x, n = series.values
    line = fit_line(x, n, series.time, series.known, family)
    results = _results(series, line, family)
    results |= _limits(line.slope, results, scale, confidence)
    results |= {"value": scale(line.slope), "points": points}
    return Trend(statistic=statistic, interval_method="wald", problems=problems, **series.shaped(results))


def _results(series: Series, line: Line, family: Family) -> dict[str, NDArray]:
    freedom = np.where(np.isnan(line.slope), np.nan, series.points - 2)
    z, spread = line.slope / line.standard_error, dispersion(series, line)
    with np.errstate(divide="ignore", invalid="ignore"):
        quasi_t = z / np.sqrt(spread)
    x, n = series.values
    chi_square, chi_square_p = chi_square_for_trend(x, n, series.time, series.known)
    return {
        "slope": line.slope,
        "standard_error": line.standard_error,
        "z": z,
        "p": 2 * special.ndtr(-np.abs(z)),
        "deviance": _deviance(series, line, family),
        "degrees_of_freedom": freedom,
        "dispersion": spread,
        "quasi_standard_error": line.standard_error * np.sqrt(spread),
        "quasi_t": quasi_t,
        "quasi_p": 2 * special.stdtr(freedom, -np.abs(quasi_t)),
        "chi_square": chi_square,
        "chi_square_p": chi_square_p,
    }


def dispersion(series: Series, line: Line) -> FloatArray:
    """Pearson's χ² per degree of freedom of a fitted line."""
    known = series.known & (line.variance > 0)
    with np.errstate(over="ignore"):
        terms = (series.values[0] - line.expected) ** 2 / np.where(known, line.variance, 1)
    return np.where(known, terms, 0).sum(axis=1) / np.where(np.isnan(line.slope), np.nan, series.points - 2)


def _deviance(series: Series, line: Line, family: Family) -> FloatArray:
    x, n = (np.where(series.known, array, 0.0) for array in series.values)
    terms = special.kl_div(x, line.expected)
    if family is binomial:
        terms = terms + special.kl_div(n - x, n - line.expected)
    return 2 * terms.sum(axis=1)


def _limits(
    slope: FloatArray,
    results: dict[str, NDArray],
    scale: Callable[[FloatArray], FloatArray],
    confidence: ArrayLike,
) -> dict[str, FloatArray]:
    """Limits with the normal distribution, and with dispersion and Student's t."""
    tail, several = tails(confidence, slope.shape)
    names = "standard_error", "degrees_of_freedom", "quasi_standard_error"
    error, freedom, quasi = (_deepened(results[name], deep=several) for name in names)
    centre = _deepened(slope, deep=several)
    reach, quasi_reach = z_value(tail) * error, -special.stdtrit(freedom, tail) * quasi
    with np.errstate(over="ignore"):
        return {
            "ci_low": scale(centre - reach),
            "ci_high": scale(centre + reach),
            "quasi_ci_low": scale(centre - quasi_reach),
            "quasi_ci_high": scale(centre + quasi_reach),
        }


def _deepened(array: NDArray, *, deep: bool) -> NDArray:
    return array[:, None] if deep else array
