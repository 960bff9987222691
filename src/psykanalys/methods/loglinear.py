"""Straight lines through log rates and log odds: maximum likelihood for many series at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from psykanalys.methods.core import FloatArray
from psykanalys.methods.series import Mask, first_time, last_time

Family = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

STEPS = 500
TOLERANCE = 1e-9  # of a step that is still taken: the error left is of the order of its square


@dataclass(frozen=True)
class Line:
    """level + slope · (time − centre) for each series, and what it expects at each of its points."""

    level: FloatArray
    slope: FloatArray
    centre: FloatArray
    standard_error: FloatArray
    expected: FloatArray
    variance: FloatArray

    def at(self, time: FloatArray) -> FloatArray:
        """The line at one time per series."""
        return self.level + self.slope * (time - self.centre)


def poisson(line: FloatArray, exposure: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of counts whose log rate is `line`."""
    expected = exposure * np.exp(line)
    return expected, expected


def binomial(line: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of counts out of n whose log odds is `line`."""
    expected = n * special.expit(line)
    return expected, expected * special.expit(-line)


def fit_line(
    x: FloatArray,
    n: FloatArray,
    time: FloatArray,
    known: Mask,
    family: Family,
    *,
    tolerance: float = TOLERANCE,
) -> Line:
    """Return the line of maximum likelihood for each row; NaN where nothing is known.

    Newton's method. A step that would move the line by r at some point is shortened by log(1 + r)/r, which for both
    families always gets nearer and costs nothing near the end (Sun & Tran-Dinh, Math Program 2019;178:145). Each row
    stops on its own, so that no row changes another's last digits. The line must exist: see `separated`.
    """
    x, n = np.where(known, x, 0.0), np.where(known, n, 0.0)
    centre, span, place = _placed(time, known)
    level, slope = _flat(x, n, family), np.zeros(len(x))
    active = np.flatnonzero(known.any(axis=1))
    for _ in range(STEPS):
        change, turn = _newton(x[active], n[active], place[active], level[active], slope[active], family)
        reach = np.abs(change[:, None] + turn[:, None] * place[active]).max(axis=1, initial=0)
        damping = np.log1p(reach) / np.where(reach > 0, reach, 1)
        level[active] += np.where(reach > 0, damping, 1) * change
        slope[active] += np.where(reach > 0, damping, 1) * turn
        active = active[reach > tolerance]
        if not active.size:
            break
    expected, variance = family(level[:, None] + slope[:, None] * place, n)
    with np.errstate(divide="ignore"):
        error = 1 / np.sqrt(_information(variance, place)[2])
    return Line(level, slope / span, centre, error / span, expected, variance)


def separated(x: FloatArray, rest: FloatArray, time: FloatArray, known: Mask) -> Mask:
    """Where all x come no later, or no earlier, than all of the rest: the steepest line then has no end."""
    marks = known & (x > 0), known & (rest > 0)
    first_x, first_rest = (first_time(time, mark) for mark in marks)
    last_x, last_rest = (last_time(time, mark) for mark in marks)
    return known.any(axis=1) & ((last_x <= first_rest) | (last_rest <= first_x))


def _placed(time: FloatArray, known: Mask) -> tuple[FloatArray, FloatArray, FloatArray]:
    first, last = first_time(time, known), last_time(time, known)
    any_known = known.any(axis=1)
    centre = np.where(any_known, (first + np.where(any_known, last, 0)) / 2, np.nan)
    span = np.where(any_known, last - np.where(any_known, first, 0), np.nan)
    return centre, span, np.where(known, (time - centre[:, None]) / span[:, None], 0.0)


def _flat(x: FloatArray, n: FloatArray, family: Family) -> FloatArray:
    """The level of the best line without a slope."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = x.sum(axis=1) / n.sum(axis=1)
        return np.log(share) if family is poisson else special.logit(share)


def _newton(
    x: FloatArray, n: FloatArray, place: FloatArray, level: FloatArray, slope: FloatArray, family: Family
) -> tuple[FloatArray, FloatArray]:
    expected, variance = family(level[:, None] + slope[:, None] * place, n)
    weight, middle, spread = _information(variance, place)
    residual = x - expected
    turn = ((place - middle[:, None]) * residual).sum(axis=1) / spread
    return residual.sum(axis=1) / weight - middle * turn, turn


def _information(variance: FloatArray, place: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    weight = variance.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (variance * place).sum(axis=1) / weight
    return weight, middle, (variance * (place - middle[:, None]) ** 2).sum(axis=1)
