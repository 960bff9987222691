"""More spread between areas than chance gives, and control limits that allow for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from psykanalys.methods.core import Errors, Estimate, FloatArray, as_floats, masked, set_aside, tails, z_value
from psykanalys.methods.funnel import LEVELS, pooled
from psykanalys.methods.strata import BoolArray


@dataclass(frozen=True, kw_only=True)
class Overdispersion(Estimate):
    """Areas against a target with more spread than chance gives: `value` is each area's own.

    `ci_low` and `ci_high` are control limits at each area's size, widened by `tau2`. `transformed`, `standard_error`
    and `z` are on the scale where the values are about normal; `z_kept` is what phi and tau2 were calculated from, NaN
    where an area was left out. `z_adjusted` has the additive adjustment, `z_multiplicative` the multiplicative one.
    """

    transformed: FloatArray
    standard_error: FloatArray
    z: FloatArray
    z_kept: FloatArray
    z_adjusted: FloatArray
    z_multiplicative: FloatArray
    phi: float
    tau2: float
    areas_used: int


def overdispersion(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    method: Literal["SHMI", "CQC", "proportion"] = "SHMI",
    tail: float = 0.1,
    per: float = 1,
    levels: ArrayLike = LEVELS,
    errors: Errors = "collect",
) -> Overdispersion:
    """Return areas with control limits widened for the spread between areas that chance does not explain.

    Each area has y, about normal with standard error s, and a target t: z = (y − t)/s.
    `SHMI`, observed over expected: y = ln(O/E), s = 1/√E, t = 0; the `tail` of areas at each end is left out.
    `CQC`, the same ratio: y = √(O/E), s = 1/(2√E), t = 1; the ends are drawn in to the `tail` and 1−`tail` quantiles
    of z (winsorised). `proportion`, x of n: y = arcsin√(x/n), s = 1/(2√n), t = arcsin√(Σx/Σn); winsorised.

    From the I areas kept: phi = Σz²/I. Multiplicative: z/√phi where phi > 1. Additive, with w = 1/s²:
    tau² = max(0, (I·phi − (I−1)) / (Σw − Σw²/Σw)) and z adjusted = (y − t)/√(s² + tau²). The control limits are
    t ∓ z√(s² + tau²) taken back to the value's scale, times `per`.

    When: funnels with many large areas, where nearly all lie outside the plain limits. When not: fewer than some ten
    areas, or to explain away a spread that has a cause. Fewer than two areas kept: phi, tau² and what follows are NaN.

    A negative numerator, a denominator ≤ 0, no events with `SHMI` (the logarithm needs one), or x > n for `proportion`
    gives NaN and a problem, and has no part in phi and tau².

    References: Spiegelhalter, Qual Saf Health Care 2005;14:347. Spiegelhalter, Sherlaw-Johnson, Bardsley, Blunt, Wood &
    Grigg, J R Stat Soc A 2012;175:1. DerSimonian & Laird, Control Clin Trials 1986;7:177. NHS Digital, Summary
    Hospital-level Mortality Indicator: specification.
    """
    model = _MODELS[method]
    x, n = as_floats(numerator, denominator)
    conditions = [(x < 0, "the numerator is negative"), (n <= 0, "the denominator is not positive")]
    usable, problems = set_aside([*conditions, model.impossible(x, n)], errors)
    x, n = masked(x, usable), masked(n, usable)
    y, s = model.forward(x / n), model.error(n)
    target = model.forward(pooled(x, n)) if model.target is None else model.target
    z = (y - target) / s
    kept = model.ends(z, *_ends(z, tail))
    phi, tau2 = _spread(kept, s)
    alpha, several = tails(levels, x.shape)
    error = np.sqrt(s**2 + tau2)
    reach = z_value(alpha) * (error[..., None] if several else error)
    return Overdispersion(
        x / n * per,
        model.back(target - reach) * per,
        model.back(target + reach) * per,
        "overdispersion",
        method,
        problems,
        transformed=y,
        standard_error=s,
        z=z,
        z_kept=kept,
        z_adjusted=(y - target) / error,
        z_multiplicative=z / np.sqrt(np.maximum(phi, 1)),
        phi=phi,
        tau2=tau2,
        areas_used=int(np.sum(~np.isnan(kept))),
    )


def _left_out(z: FloatArray, low: float, high: float) -> FloatArray:
    return np.where((z >= low) & (z <= high), z, np.nan)


def _nothing(x: FloatArray, _n: FloatArray) -> tuple[BoolArray, str]:
    return np.zeros(x.shape, dtype=bool), ""


def _no_events(x: FloatArray, _n: FloatArray) -> tuple[BoolArray, str]:
    return x == 0, "no events have no logarithm; use method='CQC'"


def _too_many(x: FloatArray, n: FloatArray) -> tuple[BoolArray, str]:
    return x > n, "the numerator is larger than the denominator"


class _Model(NamedTuple):
    """How a value becomes about normal and back, its s, t (None: from the pooled value), and the ends of z."""

    forward: Callable[[FloatArray], FloatArray]
    back: Callable[[FloatArray], FloatArray]
    error: Callable[[FloatArray], FloatArray]
    target: float | None
    ends: Callable[[FloatArray, float, float], FloatArray]
    impossible: Callable[[FloatArray, FloatArray], tuple[BoolArray, str]]


def _half_root(n: FloatArray) -> FloatArray:
    return 1 / (2 * np.sqrt(n))


_MODELS = {
    "SHMI": _Model(np.log, np.exp, lambda n: 1 / np.sqrt(n), 0.0, _left_out, _no_events),
    "CQC": _Model(np.sqrt, lambda y: np.maximum(y, 0) ** 2, _half_root, 1.0, np.clip, _nothing),
    "proportion": _Model(
        lambda p: np.arcsin(np.sqrt(p)),
        lambda y: np.sin(np.clip(y, 0, np.pi / 2)) ** 2,
        _half_root,
        None,
        np.clip,
        _too_many,
    ),
}


def _ends(z: FloatArray, tail: float) -> tuple[float, float]:
    """The `tail` and 1 − `tail` quantiles of what is known, between order statistics."""
    known = np.sort(z[~np.isnan(z)])
    if known.size == 0:
        return np.nan, np.nan
    return _quantile(known, tail), -_quantile(-known[::-1], tail)


def _quantile(ordered: FloatArray, tail: float) -> float:
    place = round(tail * (ordered.size - 1), 9)  # 0.1 · 70 is not quite 7: an area on the quantile is not beyond it
    first = int(place)
    following = ordered[min(first + 1, ordered.size - 1)]
    return float(ordered[first] + (place - first) * (following - ordered[first]))


def _spread(z: FloatArray, error: FloatArray) -> tuple[float, float]:
    """Phi and tau² from the areas kept."""
    kept = ~np.isnan(z)
    number, weight = int(kept.sum()), error[kept] ** -2
    if number < 2:
        return np.nan, np.nan
    phi = float(np.sum(z[kept] ** 2) / number)
    return phi, max(0.0, float((number * phi - (number - 1)) / (weight.sum() - (weight**2).sum() / weight.sum())))
