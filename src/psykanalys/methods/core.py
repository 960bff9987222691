"""What every method shares: the shape of its answer, and how impossible elements are set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

FloatArray = NDArray[np.float64]
Errors = Literal["collect", "raise"]


@dataclass(frozen=True, order=True)
class Problem:
    """An element that could not be calculated: its position in the flattened input, and why."""

    index: int
    reason: str


class MethodError(ValueError):
    """Raised on `errors="raise"`; lists every problem."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        super().__init__("; ".join(f"element {problem.index}: {problem.reason}" for problem in problems))


@dataclass(frozen=True)
class Estimate:
    """Values with their limits, element by element.

    `value` has the shape of the input; `ci_low` and `ci_high` the same, with one more last axis when several
    confidence levels were asked for. NaN is "not calculable"; `problems` says which and why.
    """

    value: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    statistic: str
    interval_method: str
    problems: tuple[Problem, ...] = ()


def as_floats(*arrays: ArrayLike) -> tuple[FloatArray, ...]:
    """Broadcast the inputs against each other and return them as float arrays (missing is NaN)."""
    return tuple(np.broadcast_arrays(*(np.asarray(array, dtype=float) for array in arrays)))


def tails(confidence: ArrayLike, shape: tuple[int, ...]) -> tuple[FloatArray, bool]:
    """Return the tail probability α/2, ready to broadcast, and whether several levels were asked for.

    Raises ValueError unless each level is a fraction strictly between 0 and 1 (0.95, never 95).
    """
    levels = np.asarray(confidence, dtype=float)
    if levels.ndim > 1 or not np.all((levels > 0) & (levels < 1)):
        raise ValueError(f"confidence={confidence!r}: expected fractions between 0 and 1, such as 0.95")
    several = levels.ndim == 1
    alpha = (1 - levels) / 2
    return (alpha.reshape((1,) * len(shape) + (-1,)) if several else alpha), several


def z_value(tail: FloatArray) -> FloatArray:
    """The standard normal quantile that leaves `tail` above it."""
    return -special.ndtri(tail)


def set_aside(
    conditions: Sequence[tuple[NDArray[np.bool_], str]], errors: Errors
) -> tuple[NDArray, tuple[Problem, ...]]:
    """Return a mask of usable elements and the problems of the others.

    `conditions` are (mask of bad elements, reason) in order of precedence; the first that fits is reported. NaN is
    no problem by itself: what is unknown stays unknown.
    """
    bad = np.zeros(np.shape(conditions[0][0]), dtype=bool)
    problems: list[Problem] = []
    for mask, reason in conditions:
        problems += [Problem(int(index), reason) for index in np.flatnonzero(mask & ~bad)]
        bad |= mask
    problems.sort()
    if problems and errors == "raise":
        raise MethodError(problems)
    return ~bad, tuple(problems)


def fractional(array: FloatArray) -> NDArray[np.bool_]:
    """Where a number is known and is not a whole one."""
    return np.isfinite(array) & (np.floor(array) != array)


def masked(array: FloatArray, usable: NDArray[np.bool_]) -> FloatArray:
    """NaN where an element is not usable; limits may have one axis more than the mask."""
    mask = usable if array.ndim == usable.ndim else usable[..., None]
    return np.where(mask, array, np.nan)
