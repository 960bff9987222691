"""The step by which a quantile is improved, whatever the distribution."""

from __future__ import annotations

import numpy as np

from psykanalys.methods.core import FloatArray
from psykanalys.methods.series import Mask

CLOSE = 1e-13  # what the series may leave undone, on the scale on which it steps
LONGEST = 1.0  # step, on the same scale, where the series cannot be trusted
Slopes = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def quantile_step(newton: FloatArray, slopes: Slopes) -> tuple[FloatArray, Mask]:
    """Return the step from a first guess to the quantile, and where it is exact to 1e-13.

    `newton` is u = (wanted probability − probability at the guess) / density there; `slopes` are the first four
    derivatives g₁…g₄ of the log density there. The quantile y(u) solves y' = exp(g(0) − g(y)), so its Taylor series is
    u − g₁u²/2 + (2g₁² − g₂)u³/6 + (7g₁g₂ − 6g₁³ − g₃)u⁴/24 + (24g₁⁴ − 46g₁²g₂ + 7g₂² + 11g₁g₃ − g₄)u⁵/120: Newton's
    step, Halley's and two more orders, at one evaluation of the probability. Where the last term does not show that
    the rest is nothing, the step is Halley's, u/(1 + g₁u/2), at most 1 long.

    References: Abramowitz & Stegun 3.6.25. Steinbrecher & Shaw, Eur J Appl Math 2008;19:87.
    """
    u, (g1, g2, g3, g4) = newton, slopes
    square = g1 * g1
    third = (2 * square - g2) / 6
    fourth = (g1 * (7 * g2 - 6 * square) - g3) / 24
    fifth = (square * (24 * square - 46 * g2) + 7 * g2 * g2 + 11 * g1 * g3 - g4) / 120
    last = u**5 * fifth
    step = u * (1 + u * (-g1 / 2 + u * (third + u * fourth))) + last
    rest = np.abs(last) * np.minimum(1, 4 * np.abs(u) * (np.abs(g1) + np.sqrt(np.abs(g2))))
    exact = rest <= CLOSE
    if exact.all():
        return step, exact
    halley = u / np.maximum(1 + g1 * u / 2, 0.5)
    return np.where(exact, step, np.clip(halley, -LONGEST, LONGEST)), exact
