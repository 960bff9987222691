"""One population against another, or against a target: how far apart, how surely, and how likely by chance alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psykanalys.methods.comparison import difference_of_proportions, ratio_of_rates
from psykanalys.methods.core import Errors, Estimate, FloatArray, Problem, as_floats, fractional, masked, set_aside
from psykanalys.methods.exact_tests import binomial_p, fisher_p
from psykanalys.methods.hybrid import hybrid_difference, hybrid_ratio
from psykanalys.methods.proportions import proportion
from psykanalys.methods.rates import rate

Kind = Literal["proportion", "rate"]
Conditions = list[tuple[NDArray[np.bool_], str]]


@dataclass(frozen=True, kw_only=True)
class TargetTest(Estimate):
    """A proportion with its limits, and the two-sided p-value of its target."""

    p_value: FloatArray


@dataclass(frozen=True, kw_only=True)
class Comparison(Estimate):
    """The difference (`value`) and the ratio with their limits, and the two-sided p-value of no difference."""

    ratio: FloatArray
    ratio_low: FloatArray
    ratio_high: FloatArray
    ratio_method: str
    p_value: FloatArray


def compare(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    *,
    kind: Kind = "proportion",
    contains: bool = False,
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> Comparison:
    """Return x1/n1 − x2/n2 and (x1/n1)/(x2/n2) with limits, and the exact two-sided p-value of no difference.

    Formula: with p = x/n and l, u the limits of each population alone, the difference d lies between
    d − √((p₁−l₁)² + (u₂−p₂)²) and d + √((u₁−p₁)² + (p₂−l₂)²): Wilson limits for proportions (Newcombe), exact Poisson
    limits for rates. The ratio of proportions lies, with f(p, l) = l(2p − l) and the same Wilson limits, from
    f(p₁,l₁) / (p₁p₂ + √(p₁²p₂² − f(p₁,l₁)·f(p₂,u₂))) to (p₁p₂ + √(p₁²p₂² − f(p₁,u₁)·f(p₂,l₂))) / f(p₂,l₂).
    The ratio of rates is exact, conditional on x1 + x2. The p-value is Fisher's for proportions and the
    conditional binomial for rates: the chance, given the totals, of every outcome no more likely than the observed.
    `contains=True`: the second population contains the first, as a nation its counties; x1 and n1 are taken away
    from x2 and n2 first, and the names of the methods end in `first_subtracted`.

    When: two areas, groups or periods with counts. When not: the same persons in both (unless `contains`), a target
    that is not itself counted (binomial_test), waits or events that cluster (the limits are then too narrow). Limits
    and p-value are different constructions and may disagree close to the border.

    Shapes and units: four arrays that broadcast; proportions as fractions, rates per unit of exposure. The ratio is
    infinite where only the second population has no events.

    Errors: negative or fractional events, no exposure, more events than persons (proportions), a second population
    that cannot contain the first: NaN and a problem. No events in either: no ratio and a problem, but a difference.

    References: Newcombe, Stat Med 1998;17:873. Donner & Zou, Stat Methods Med Res 2012;21:347. Fagerland, Lydersen &
    Laake, Stat Methods Med Res 2015;24:224. Przyborowski & Wilenski, Biometrika 1940;31:313. Fisher, J R Stat Soc
    1935;98:39.
    """
    if kind not in _PARTS:
        raise ValueError(f"kind={kind!r}: expected 'proportion' or 'rate'")
    counts, faults = _set_faulty_aside(as_floats(x1, n1, x2, n2), kind)
    if contains:
        counts, faults = _subtract_first(counts, faults, kind)
    nothing = (counts[0] + counts[2] == 0, "no events in either population: no ratio")
    _, problems = set_aside([*faults, nothing], errors)
    difference, ratio, p_value = _PARTS[kind](*counts, confidence)
    return _join(difference, ratio, p_value, "_first_subtracted" if contains else "", problems)


def binomial_test(
    x: ArrayLike, n: ArrayLike, target: ArrayLike, *, confidence: ArrayLike = 0.95, errors: Errors = "collect"
) -> TargetTest:
    """Return x/n with exact limits and the exact two-sided p-value of the target, a fixed share.

    Formula: the summed binomial probability, with `target` as the true share, of every outcome of 0 … n that is no
    more likely than x. Limits are Clopper–Pearson.

    When: a counted share against a fixed target. When not: against another area or an earlier year, which vary too
    (compare); a census of units, which has no chance in it (coverage). The test is two-sided by likelihood and the
    limits by tails: close to the border they may disagree.

    Shapes and units: arrays that broadcast; the target is a fraction from 0 to 1.

    Errors: x < 0, n ≤ 0, x > n, fractional x or n, target outside 0 … 1: NaN and a problem.

    References: Clopper & Pearson, Biometrika 1934;26:404.
    """
    x, n, target = as_floats(x, n, target)
    outside = ((target < 0) | (target > 1), "the target is not a fraction from 0 to 1")
    usable, problems = set_aside([*_faults(x, n, "proportion"), outside], errors)
    x, n, target = (masked(array, usable) for array in (x, n, target))
    share = proportion(x, n, confidence=confidence)
    p_value = _by_element(binomial_p, x, n, target, 1 - target)
    return TargetTest(share.value, share.ci_low, share.ci_high, "proportion", "exact", problems, p_value=p_value)


def _faults(x: FloatArray, n: FloatArray, kind: Kind) -> Conditions:
    whole = [x, n] if kind == "proportion" else [x]
    return [
        (x < 0, "x is negative"),
        ((n <= 0) | np.isinf(n), "n is not a positive number"),
        ((x > n) & (kind == "proportion"), "x is larger than n"),
        (np.any([fractional(part) | np.isinf(part) for part in whole], axis=0), "the counts are not whole numbers"),
    ]


def _set_faulty_aside(counts: tuple[FloatArray, ...], kind: Kind) -> tuple[tuple[FloatArray, ...], Conditions]:
    x1, n1, x2, n2 = counts
    faults = [*_faults(x1, n1, kind), *_faults(x2, n2, kind)]
    usable, _ = set_aside(faults, "collect")
    return tuple(masked(array, usable) for array in counts), faults


def _subtract_first(
    counts: tuple[FloatArray, ...], faults: Conditions, kind: Kind
) -> tuple[tuple[FloatArray, ...], Conditions]:
    x1, n1, x2, n2 = counts
    rest, left = x2 - x1, n2 - n1
    impossible = (rest < 0) | (left <= 0) | ((rest > left) & (kind == "proportion"))
    faults = [*faults, (impossible, "the second cannot contain the first, or is the first")]
    return tuple(masked(array, ~impossible) for array in (x1, n1, rest, left)), faults


def _proportions(
    x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray, confidence: ArrayLike
) -> tuple[Estimate, Estimate, FloatArray]:
    one, two = (proportion(x, n, method="wilson", confidence=confidence) for x, n in ((x1, n1), (x2, n2)))
    difference = difference_of_proportions(x1, n1, x2, n2, confidence=confidence)
    return difference, hybrid_ratio(one, two), _by_element(fisher_p, x1, n1, x2, n2)


def _rates(
    x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray, confidence: ArrayLike
) -> tuple[Estimate, Estimate, FloatArray]:
    one, two = (rate(x, n, per=1, confidence=confidence) for x, n in ((x1, n1), (x2, n2)))
    ratio = ratio_of_rates(x1, n1, x2, n2, confidence=confidence)
    p_value = _by_element(binomial_p, x1, x1 + x2, n1 / (n1 + n2), n2 / (n1 + n2))
    return hybrid_difference(one, two), ratio, p_value


_PARTS: dict[str, Callable[..., tuple[Estimate, Estimate, FloatArray]]] = {"proportion": _proportions, "rate": _rates}


def _by_element(test: Callable[..., FloatArray], *arrays: FloatArray) -> FloatArray:
    return test(*(array.ravel() for array in arrays)).reshape(arrays[0].shape)[()]


def _join(
    difference: Estimate, ratio: Estimate, p_value: FloatArray, suffix: str, problems: tuple[Problem, ...]
) -> Comparison:
    return Comparison(
        difference.value,
        difference.ci_low,
        difference.ci_high,
        difference.statistic,
        difference.interval_method + suffix,
        problems,
        ratio=ratio.value,
        ratio_low=ratio.ci_low,
        ratio_high=ratio.ci_high,
        ratio_method=ratio.interval_method + suffix,
        p_value=p_value,
    )
