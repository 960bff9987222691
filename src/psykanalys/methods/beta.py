"""Quantiles of the beta distribution: the exact limits of a proportion, in long arrays."""

from __future__ import annotations

import numpy as np
from scipy import special

from psykanalys.methods.chunks import in_chunks
from psykanalys.methods.core import FloatArray
from psykanalys.methods.inverse import quantile_step
from psykanalys.methods.series import Mask

STEPS = 3


def lower_quantile(a: FloatArray, b: FloatArray, tail: FloatArray) -> FloatArray:
    """Return p with I_p(a, b) = tail, as scipy.special.betaincinv, to a relative 1e-12 (see `quantile`)."""
    return _quantile(a, b, tail, upper=False)


def upper_quantile(a: FloatArray, b: FloatArray, tail: FloatArray) -> FloatArray:
    """Return p with 1 − I_p(a, b) = tail, as scipy.special.betainccinv, to a relative 1e-12."""
    return _quantile(a, b, tail, upper=True)


def _quantile(a: FloatArray, b: FloatArray, tail: FloatArray, *, upper: bool) -> FloatArray:
    """Work on y = logit p, where the density is p^a q^b / B(a, b) and nearly normal.

    Start: Abramowitz & Stegun 26.5.22 (Carter, Biometrika 1947;34:352). Then `quantile_step` on the regularised
    incomplete beta function itself; scipy's own inverse for the few that have not arrived after three steps.
    """
    a, b, tail = np.broadcast_arrays(a, b, tail)
    sign = -1.0 if upper else 1.0

    def solve(a: FloatArray, b: FloatArray, tail: FloatArray) -> FloatArray:
        y = _start(a, b, sign * special.ndtri(tail))
        y, left = _improved(y, a, b, tail, upper=upper)
        left = np.flatnonzero(~left)
        return y

    return in_chunks(solve, a.ravel(), b.ravel(), tail.ravel()).reshape(a.shape)
