"""Counts drawn about trends, and the trends they would have shown: each series the same alone as among others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from psykanalys.methods.core import FloatArray, tails
from psykanalys.methods.loglinear import fit_line, poisson, separated
from psykanalys.methods.series import Mask, Series, first_time, last_time
from psykanalys.methods.trends import dispersion

WIDE = 1e4  # variance of a count
UNEVEN = 1e3  # excess: so much more than Poisson


def chances(seed: int, *shape: int) -> FloatArray:
    """Return reproducible chances strictly between 0 and 1."""
    return np.maximum(np.random.default_rng(seed).random(shape), np.finfo(float).tiny)


def counts_about(expected: FloatArray, excess: FloatArray, chance: FloatArray) -> FloatArray:
    """Return counts about what each line expects.

    Shapes (rows, points), (rows,) and (draws, points) give (rows, draws, points). Poisson where `excess` is 0; else
    negative binomial with variance (1 + excess) · mean. Every row uses the same chances. Above a standard deviation of
    100, or an excess of 1000, a rounded gamma distribution with the same mean and variance takes their place.
    """
    spread = np.broadcast_to(excess[:, None], expected.shape)
    wide = (expected > 0) & ((expected * (1 + spread) > WIDE) | (spread > UNEVEN))
    counts = _looked_up(np.where(wide, 0, expected), spread, chance)
    row, point = np.nonzero(wide)
    scale = 1 + spread[row, point, None]
    counts[row, :, point] = np.rint(special.gammaincinv(expected[row, point, None] / scale, chance.T[point]) * scale)
    return counts


def _looked_up(expected: FloatArray, spread: FloatArray, chance: FloatArray) -> FloatArray:
    """The cumulative chances of all counts that can reasonably come are tabulated once per point."""
    mean, excess = expected.ravel(), spread.ravel()
    reach = 9 * np.sqrt(mean * (1 + excess)) + 9
    lowest = np.maximum(np.floor(mean - reach), 0)
    width = np.where(mean > 0, np.ceil(mean + reach + 30 * excess - lowest), 0).astype(int) + 1
    cell, start = np.repeat(np.arange(mean.size), width), np.cumsum(width) - width
    reached = _at_most(lowest[cell] + np.arange(cell.size) - start[cell], mean[cell], excess[cell])
    cells = np.arange(mean.size).reshape(len(expected), 1, expected.shape[1])
    place = np.searchsorted(cell + np.minimum(reached, 1), cells + chance) - start[cells]
    return lowest[cells] + np.clip(place, 0, width[cells] - 1)


def _at_most(count: FloatArray, mean: FloatArray, excess: FloatArray) -> FloatArray:
    """The chance of at most so many, Poisson or negative binomial."""
    chance, uneven = special.pdtr(count, mean), (excess > 0) & (mean > 0)
    size, share = mean[uneven] / excess[uneven], 1 / (1 + excess[uneven])
    chance[uneven] = special.betainc(size, count[uneven] + 1, share)
    return chance


def single_counts(mean: FloatArray, excess: FloatArray, of_mean: FloatArray, of_count: FloatArray) -> FloatArray:
    """Return one count per mean, from one pair of chances each; all arrays are broadcast against each other.

    The same distributions as in `counts_about`, the negative binomial as Poisson counts with gamma-distributed means.
    An infinite mean gives an infinite count.
    """
    mean, excess, of_mean, of_count = np.broadcast_arrays(mean, excess, of_mean, of_count)
    varied, finite = mean.copy(), np.isfinite(mean)
    uneven = finite & (excess > 0) & (mean > 0)
    varied[uneven] = special.gammaincinv(mean[uneven] / excess[uneven], of_mean[uneven]) * excess[uneven]
    varied[finite] = poisson_quantile(of_count[finite], varied[finite])
    return varied


def poisson_quantile(chance: FloatArray, mean: FloatArray) -> FloatArray:
    """Return the smallest count whose cumulative Poisson probability reaches `chance`; one-dimensional arrays.

    Starts from Cornish and Fisher's approximation and walks to the exact count.
    """
    z = special.ndtri(chance)
    count = np.maximum(np.floor(mean + z * np.sqrt(mean) + (z**2 - 1) / 6), 0)
    todo = np.arange(count.size)
    while todo.size:
        todo = todo[special.pdtr(count[todo], mean[todo]) < chance[todo]]
        count[todo] += 1
    todo = np.flatnonzero(count > 0)
    while todo.size:
        todo = todo[special.pdtr(count[todo] - 1, mean[todo]) >= chance[todo]]
        count[todo] -= 1
        todo = todo[count[todo] > 0]
    return count


@dataclass(frozen=True)
class Lines:
    """One line per series: its log rate at the last time, its slope, the counts it expects, their excess variance."""

    end: FloatArray
    slope: FloatArray
    expected: FloatArray
    excess: FloatArray


def fitted(series: Series) -> Lines:
    """Return the log-linear trend of each series of events and exposures; NaN where nothing is known."""
    events, exposure = series.values
    line = fit_line(events, exposure, series.time, series.known, poisson)
    excess = np.maximum(dispersion(series, line) - 1, 0)
    return Lines(line.at(series.last), line.slope, line.expected, excess)


def simulated_lines(series: Series, lines: Lines, draws: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return log rate at the last time and slope of lines through counts drawn about each line: (series, draws)."""
    rows = np.flatnonzero(~np.isnan(lines.slope))
    expected, chance = np.where(series.known, lines.expected, 0), chances(seed, draws, series.known.shape[1])
    counts = counts_about(expected[rows], lines.excess[rows], chance).reshape(rows.size * draws, chance.shape[1])
    parts: tuple[NDArray[Any], ...] = (series.values[1], series.time, series.known)
    exposure, time, known = (np.repeat(part[rows], draws, axis=0) for part in parts)
    end, slope = np.full((2, len(lines.slope), draws), np.nan)
    end[rows], slope[rows] = (part.reshape(rows.size, draws) for part in _through(counts, exposure, time, known))
    return end, slope


def middle(drawn: FloatArray, confidence: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the limits of the middle part along axis 1, the next drawn value outwards; levels give a last axis."""
    ordered, most = np.sort(drawn, axis=1), drawn.shape[1] - 1
    tail, _ = tails(confidence, ())
    below = np.floor(np.round(tail * most, 9)).astype(int)
    return _taken(ordered, below), _taken(ordered, most - below)


def _taken(ordered: FloatArray, rank: NDArray[np.intp]) -> FloatArray:
    return np.moveaxis(ordered[:, rank], 1, -1) if rank.ndim else ordered[:, rank]


def _through(counts: FloatArray, exposure: FloatArray, time: FloatArray, known: Mask) -> tuple[FloatArray, FloatArray]:
    """Log rate at the last time and slope; where no best line exists, what ever better lines tend to (±∞)."""
    last, none = last_time(time, known), counts.sum(axis=1) == 0
    endless = separated(counts, exposure, time, known) & ~none
    rising = endless & (first_time(time, counts > 0) == last)
    line = fit_line(counts, exposure, time, known & ~(none | endless)[:, None], poisson, tolerance=1e-5)
    at_last = known & (time == last[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log(np.where(at_last, counts, 0).sum(axis=1) / np.where(at_last, exposure, 0).sum(axis=1))
    end = np.select([none, rising, endless], [-np.inf, level, -np.inf], line.at(last))
    return end, np.select([none, rising, endless], [0.0, np.inf, -np.inf], line.slope)
