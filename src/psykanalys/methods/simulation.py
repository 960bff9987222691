"""Counts drawn from given chances: the same chances give the same counts, whatever else is drawn beside them."""

from __future__ import annotations

import numpy as np
from scipy import special

from psykanalys.methods.core import FloatArray


def chances(seed: int, *shape: int) -> FloatArray:
    """Return reproducible chances strictly between 0 and 1."""
    return np.maximum(np.random.default_rng(seed).random(shape), np.finfo(float).tiny)


def draw_counts(mean: FloatArray, excess: FloatArray, of_mean: FloatArray, of_count: FloatArray) -> FloatArray:
    """Return counts with this mean and a variance of (1 + excess) · mean, one for each pair of chances.

    Poisson without excess; with it the means themselves are gamma-distributed, with shape mean/excess. An infinite
    mean gives an infinite count. All arrays are broadcast against each other.
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
