"""Many comparisons at once: p-values adjusted for how many were looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from psykanalys.methods.core import Errors, Estimate, FloatArray, as_floats, masked, set_aside


@dataclass(frozen=True, kw_only=True)
class Adjusted(Estimate):
    """Adjusted p-values (`value`; the limits are NaN) and `family`, the number of comparisons that shared the error."""

    family: int


def adjust(p: ArrayLike, *, method: Literal["bh", "holm"] = "bh", errors: Errors = "collect") -> Adjusted:
    """Return p-values adjusted for the number of comparisons: one is firm if its adjusted value is at most the level.

    Formula, for the m known p-values in rising order: `bh` (false discovery rate) min over j ≥ i of m·p₍ⱼ₎/j; `holm`
    (familywise error) max over j ≤ i of (m − j + 1)·p₍ⱼ₎; neither above 1.

    When: `bh` when several areas or indicators are looked through for those that stand out: of those named, the
    expected share of false ones is at most the level, for independent or positively dependent comparisons. `holm`
    when not one false name is acceptable, whatever the dependence. When not: a single comparison settled beforehand;
    the same persons counted twice (a total beside its parts) belong in the family once.

    Shapes and units: p has any shape and is one family; call once per family. An unknown p stays unknown and is no
    part of the family, whose size is in `family`.

    Errors: a p outside 0 … 1 gives NaN and a problem, and is no part of the family.

    References: Benjamini & Hochberg, J R Stat Soc B 1995;57:289. Holm, Scand J Stat 1979;6:65.
    """
    if method not in _STEPS:
        raise ValueError(f"method={method!r}: expected 'bh' or 'holm'")
    (p,) = as_floats(p)
    usable, problems = set_aside([((p < 0) | (p > 1), "p is not between 0 and 1")], errors)
    value = masked(p, usable).ravel()
    known = np.flatnonzero(~np.isnan(value))
    rising = known[np.argsort(value[known], kind="stable")]
    value[rising] = np.minimum(_STEPS[method](value[rising]), 1)
    nothing = np.full(p.shape, np.nan)
    return Adjusted(
        value.reshape(p.shape)[()], nothing, nothing, f"p_adjusted_{method}", "none", problems, family=known.size
    )


def _step_up(rising: FloatArray) -> FloatArray:
    scaled = rising * rising.size / np.arange(1, rising.size + 1)
    return np.minimum.accumulate(scaled[::-1])[::-1]


def _step_down(rising: FloatArray) -> FloatArray:
    return np.maximum.accumulate(rising * np.arange(rising.size, 0, -1))


_STEPS = {"bh": _step_up, "holm": _step_down}
