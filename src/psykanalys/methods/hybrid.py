"""Limits of a difference and of a ratio, recovered from the limits of each part alone (Donner & Zou 2012)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from psykanalys.methods.core import Estimate
from psykanalys.methods.strata import beside


def hybrid_difference(one: Estimate, two: Estimate) -> Estimate:
    """Return one − two, with d − √((v₁−l₁)² + (u₂−v₂)²) and d + √((u₁−v₁)² + (v₂−l₂)²) as limits."""
    first, second = (beside(part.value, part.ci_low) for part in (one, two))
    low = first - second - np.hypot(first - one.ci_low, two.ci_high - second)
    high = first - second + np.hypot(one.ci_high - first, second - two.ci_low)
    return Estimate(one.value - two.value, low, high, "difference_of_rates", "hybrid_exact")


def hybrid_ratio(one: Estimate, two: Estimate) -> Estimate:
    """Return one / two; the limits solve d = 0 for the difference d between one and the ratio times two.

    Infinite where only two is zero, NaN where both are.
    """
    first, second = (beside(part.value, part.ci_low) for part in (one, two))
    low1, high1, low2, high2 = (
        limit * (2 * value - limit)
        for value, limit in ((first, one.ci_low), (first, one.ci_high), (second, two.ci_low), (second, two.ci_high))
    )
    both = first * second
    with np.errstate(divide="ignore", invalid="ignore"):
        low = low1 / (both + np.sqrt(np.maximum(both**2 - low1 * high2, 0)))
        high = (both + np.sqrt(np.maximum(both**2 - high1 * low2, 0))) / low2
        value = one.value / two.value
    low = np.where(first > 0, low, np.where((first == 0) & (second > 0), 0.0, np.nan))[()]
    high = np.where(second > 0, high, np.where((second == 0) & (first > 0), np.inf, np.nan))[()]
    return Estimate(value, low, high, "ratio_of_proportions", "hybrid_score")


def hybrid_sum(parts: Sequence[Estimate], weights: Sequence[float]) -> Estimate:
    """Return Σ wᵢ·valueᵢ of independent parts, with limits from those of each part (Zou & Donner 2008).

    Each part leans towards the end that its weight's sign points at: low = Σwv − √Σ(wv − min(wl, wu))², high likewise.
    """
    values = [weight * beside(part.value, part.ci_low) for part, weight in zip(parts, weights, strict=True)]
    ends = [(weight * part.ci_low, weight * part.ci_high) for part, weight in zip(parts, weights, strict=True)]
    below = np.sqrt(sum((v - np.minimum(*end)) ** 2 for v, end in zip(values, ends, strict=True)))
    above = np.sqrt(sum((np.maximum(*end) - v) ** 2 for v, end in zip(values, ends, strict=True)))
    total = np.sum([weight * part.value for part, weight in zip(parts, weights, strict=True)], axis=0)
    middle = np.sum(values, axis=0)
    return Estimate(total, middle - below, middle + above, "weighted_sum", "hybrid")
