"""From a probability to its quantile, in few evaluations of the probability, whatever the distribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from psykanalys.methods.core import FloatArray
from psykanalys.methods.series import Mask

STEPS = 4
CLOSE = 1e-13  # what a step may leave undone, on the scale on which it is taken


@dataclass(frozen=True)
class Tail:
    """A tail probability and the density at y (or at a point beside the one asked for, if `y` says so).

    `slopes` are the first four derivatives of the log density; `blur` is the relative error of the density itself.
    """

    y: FloatArray
    area: FloatArray
    density: FloatArray
    slopes: tuple[FloatArray, FloatArray, FloatArray, FloatArray]
    blur: FloatArray


TailAt = Callable[..., Tail]


def approach(
    start: FloatArray, wanted: FloatArray, tail_at: TailAt, *parameters: FloatArray, upper: bool = False
) -> tuple[FloatArray, Mask]:
    """Return y with tail_at(y, *parameters).area = wanted, from a start that is near, and where it was reached.

    `upper` says that the area falls with y. An element that has been reached is left alone, so that no element changes
    another's last digits.
    """
    y, reached = _stepped(start, wanted, tail_at, *parameters, upper=upper)
    for _ in range(STEPS - 1):
        left = np.flatnonzero(~reached)
        if not left.size:
            break
        some = (array[left] for array in parameters)
        y[left], reached[left] = _stepped(y[left], wanted[left], tail_at, *some, upper=upper)
    return y, reached & np.isfinite(y)


def _stepped(
    y: FloatArray, wanted: FloatArray, tail_at: TailAt, *parameters: FloatArray, upper: bool
) -> tuple[FloatArray, Mask]:
    tail = tail_at(y, *parameters)
    sign = -1.0 if upper else 1.0
    step, undone = series_step(sign * (wanted - tail.area) / tail.density, tail)
    reached = ~(undone > CLOSE)
    if not reached.all():
        step = np.where(reached, step, sign * np.log(wanted / tail.area) * tail.area / tail.density)
    return tail.y + step, reached


def series_step(newton: FloatArray, tail: Tail) -> tuple[FloatArray, FloatArray]:
    """Return the step to the quantile, and how much it may leave undone.

    With u = (wanted probability − probability) / density and g₁…g₄ the derivatives of the log density, the quantile
    solves dy/du = exp(g(0) − g(y)), so that its Taylor series in u is
    u − g₁u²/2 + (2g₁² − g₂)u³/6 + (7g₁g₂ − 6g₁³ − g₃)u⁴/24 + (24g₁⁴ − 46g₁²g₂ + 7g₂² + 11g₁g₃ − g₄)u⁵/120:
    the steps of Newton and Halley and three orders more, at the price of one evaluation. What is left out is of
    the order of the last term times u(g₁ + √g₂), and u times the error of the density.

    When it leaves too much undone, `approach` takes Newton's step for the logarithm of the tail, which is concave for
    the distributions used here, and so comes nearer from anywhere.

    Reference: Steinbrecher & Shaw, Eur J Appl Math 2008;19:87.
    """
    u, (g1, g2, g3, g4) = newton, tail.slopes
    square = g1 * g1
    third = (2 * square - g2) / 6
    fourth = (g1 * (7 * g2 - 6 * square) - g3) / 24
    fifth = (square * (24 * square - 46 * g2) + 7 * g2 * g2 + 11 * g1 * g3 - g4) / 120
    last = u**2 * u**2 * u * fifth
    step = u * (1 + u * (u * (third + u * fourth) - g1 / 2)) + last
    size = np.abs(u)
    ratio = np.minimum(1, 4 * size * (np.abs(g1) + np.sqrt(np.abs(g2))))
    return step, np.abs(last) * ratio + size * tail.blur
