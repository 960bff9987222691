"""Everything counted: n of N without chance, and what the units that did not answer could have changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from psykanalys.methods.core import Errors, Estimate, as_floats, masked, set_aside


def coverage(x: ArrayLike, n: ArrayLike, *, errors: Errors = "collect") -> Estimate:
    """Return x/n as a fraction where every unit was counted: no sampling error, so the limits are NaN.

    Elements with x < 0, n ≤ 0 or x > n give NaN and a problem.
    """
    x, n = as_floats(x, n)
    usable, problems = set_aside(
        [(x < 0, "x is negative"), (n <= 0, "n is not positive"), (x > n, "x is larger than n")], errors
    )
    nothing = np.full(x.shape, np.nan)
    return Estimate(masked(x, usable) / masked(n, usable), nothing, nothing, "coverage", "none", problems)


def bounds(x: ArrayLike, answered: ArrayLike, frame: ArrayLike, *, errors: Errors = "collect") -> Estimate:
    """Return x/answered with the worst and best case over the whole frame as limits.

    If every unit that did not answer lacks the trait the share is x/frame; if every one has it,
    (x + frame − answered)/frame (Manski's bounds, AER 1990;80:319). No chance is involved: the truth lies between
    whatever the reasons for not answering. Elements with x > answered or answered > frame give NaN and a problem.
    """
    x, answered, frame = as_floats(x, answered, frame)
    conditions = [
        (x < 0, "x is negative"),
        (answered <= 0, "nobody answered"),
        (x > answered, "x is larger than the number that answered"),
        (answered > frame, "more answered than were asked"),
    ]
    usable, problems = set_aside(conditions, errors)
    x, answered, frame = (masked(array, usable) for array in (x, answered, frame))
    return Estimate(x / answered, x / frame, (x + frame - answered) / frame, "bounds", "worst_best_case", problems)
