"""Where a share lies against a target, by its exact interval: for whole tables, without drawing any interval."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from psykanalys.methods.chunks import over_chunks
from psykanalys.methods.core import FloatArray, as_floats, fractional, tails
from psykanalys.methods.proportions import proportion

Operator = Literal[">=", ">", "<=", "<", "=", "between"]
Positions = NDArray[np.int8]

LEVELS = (0.95, 0.80)  # surely, likely
UNKNOWN = -9
NEAR = 1e-6  # relative: a tail this close to its level is decided by the limit itself


def verdict_positions(
    x: ArrayLike,
    n: ArrayLike,
    target: ArrayLike,
    *,
    operator: Operator = ">=",
    target_high: ArrayLike | None = None,
) -> Positions:
    """Return −2 surely not, −1 likely not, 0 open, 1 likely, 2 surely for x of n against a target (a fraction).

    Surely: the whole exact 95 % interval lies on one side; likely: the whole 80 % interval. A limit equal to the
    target is not outside. The lower limit is above the target exactly where P(X ≥ x) at the target is below α/2, and
    the upper below it where P(X ≤ x) is (Clopper & Pearson, Biometrika 1934;26:404): one probability per element
    instead of four limits. Where it is within a millionth of α/2, the limits of `proportion` decide, so that the
    answer never contradicts the interval.

    "=" can be missed but never shown; "between" (`target` to `target_high`) is reached strictly inside.
    Shapes: broadcast; the result is int8. −9 where anything is missing or impossible (x < 0, x > n, n ≤ 0, x not
    whole).
    Raises ValueError for an operator that is none of these, or for "between" without `target_high`.

    When: counts that are a sample of what could have happened. When not: everything counted, "all" or "none" targets,
    development since an earlier year; those are judged in other ways.
    """
    if operator not in _VERDICTS or (operator == "between") != (target_high is not None):
        raise ValueError(f"operator={operator!r} with target_high={target_high!r}")
    x, n, low, high = as_floats(x, n, target, target if target_high is None else target_high)
    shape, flat = x.shape, [np.reshape(array, -1) for array in (x, n, low, high)]
    answer = np.empty(x.size, dtype=np.int8)

    def fill(part: slice) -> None:
        answer[part] = _judged(operator, *(array[part] for array in flat))

    over_chunks(fill, x.size)
    return answer.reshape(shape)


def _judged(operator: Operator, x: FloatArray, n: FloatArray, low: FloatArray, high: FloatArray) -> Positions:
    possible = (x >= 0) & (x <= n) & (n > 0) & ~fractional(x) & ~np.isnan(low) & ~np.isnan(high)
    side = _sides(x, n, low, possible)
    other = _sides(x, n, high, possible) if operator == "between" else side
    return np.where(possible, _VERDICTS[operator](side, other), UNKNOWN).astype(np.int8)


def _sides(x: FloatArray, n: FloatArray, target: FloatArray, possible: NDArray[np.bool_]) -> Positions:
    """2 or 1 where the interval is wholly above the target, −2 or −1 wholly below, 0 where it holds it."""
    x, n, within = np.where(possible, x, 0), np.where(possible, n, 1), np.clip(target, 0, 1)
    above = x > n * within
    a, b = np.where(above, x, n - x), np.where(above, n - x, x) + 1
    tail = special.betainc(a, b, np.where(above, within, 1 - within))
    levels, _ = tails(LEVELS, x.shape)
    level = (tail < levels[..., 0]).astype(np.int8) + (tail < levels[..., 1])
    sides = np.where(above, level, -level).astype(np.int8)
    close = np.any(np.abs(tail[:, None] / levels - 1) < NEAR, axis=1) | (target != within) | (x == n * within)
    if close.any():
        sides[close] = _by_limits(x[close], n[close], target[close])
    return sides


def _by_limits(x: FloatArray, n: FloatArray, target: FloatArray) -> Positions:
    limits = proportion(x, n, confidence=LEVELS)
    above, below = limits.ci_low > target[:, None], limits.ci_high < target[:, None]
    return (above.sum(axis=1) - below.sum(axis=1)).astype(np.int8)


def _within(side: Positions, other: Positions) -> Positions:
    """Strictly inside two targets, or outside one of them."""
    return np.maximum(np.minimum(side, -other), 0) - np.maximum(np.maximum(-side, other), 0)


_VERDICTS = {
    ">=": lambda side, _: side,
    ">": lambda side, _: side,
    "<=": lambda side, _: -side,
    "<": lambda side, _: -side,
    "=": lambda side, _: -np.abs(side),
    "between": _within,
}
