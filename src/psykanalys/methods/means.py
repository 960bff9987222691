"""What is measured in persons or units: its mean and its quantiles, with limits, group by group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from psykanalys.methods.core import Errors, Estimate, FloatArray, Problem, as_floats, masked, tails
from psykanalys.methods.exact_tests import binomial_at_most, smallest
from psykanalys.methods.strata import Strata, beside, faults_of_groups, faults_of_rows, set_aside_groups, stratify

QuantileMethod = Literal["type7", "type6", "type2", "type8"]


@dataclass(frozen=True, kw_only=True)
class Mean(Estimate):
    """One mean per group, of `n` values with this `standard_deviation`; `group` has the labels, None without groups."""

    n: FloatArray
    standard_deviation: FloatArray
    group: NDArray[Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Quantile(Estimate):
    """One quantile per group, of `n` values.

    `rank_low` and `rank_high` are the places (from 1) of the values that are the limits, and `coverage` the least
    chance that such limits contain the true quantile. NaN for a rank: no value can be that limit.
    """

    n: FloatArray
    rank_low: FloatArray
    rank_high: FloatArray
    coverage: FloatArray
    group: NDArray[Any] | None = None


def mean(
    values: ArrayLike, *, group: ArrayLike | None = None, confidence: ArrayLike = 0.95, errors: Errors = "collect"
) -> Mean:
    """Return the mean of each group with limits from Student's t.

    Formula: m = Σx/n, s² = Σ(x − m)²/(n − 1), limits m ∓ t(1 − α/2; n − 1)·s/√n. One value has a mean but no limits.

    When: costs, scores, bed-days. When not: fewer than about 30 very skewed values, such as waits (quantile): the
    limits may then leave the possible values; shares and counts (proportion, count).

    Shapes and units: `values` is flattened; `group` has one label per value and gives results in the order of
    np.unique(group); None is one group and gives single numbers. Limits get a last axis for several confidences.

    Errors: a group with an infinite value, or with none at all, gives NaN and a problem with the group's number. A
    group with an unknown value has an unknown mean: choose the values first if the others may stand for it.

    References: Student, Biometrika 1908;6:1.
    """
    values, strata, usable, problems = _sort_out(values, group, errors)
    n = _number_of_values(values, strata, usable)
    value = strata.total(values) / n
    value = value + strata.total(values - strata.spread(value)) / n
    squares = strata.total((values - strata.spread(value)) ** 2)
    freedom = np.where(n > 1, n - 1, np.nan)
    deviation = np.sqrt(squares / freedom)
    tail, _ = tails(confidence, strata.shape)
    middle, error, freedom = (beside(part, tail) for part in (value, deviation / np.sqrt(n), freedom))
    half = -special.stdtrit(freedom, tail) * error
    return Mean(
        value,
        middle - half,
        middle + half,
        "mean",
        "student_t",
        problems,
        n=n,
        standard_deviation=deviation,
        group=strata.labels,
    )


def quantile(
    values: ArrayLike,
    probability: float = 0.5,
    *,
    group: ArrayLike | None = None,
    method: QuantileMethod = "type7",
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> Quantile:
    """Return the value below which the share `probability` of each group lies, with limits that are values themselves.

    Formula: the values in rising order, interpolated at place 1 + (n − 1)p (`type7`), (n + 1)p (`type6`) or
    (n + ⅓)p + ⅓ (`type8`, about median-unbiased), never outside the first and last; `type2` is the value at place np
    rounded up, or the mean of it and the next where np is whole. With B binomial (n, p) the lower limit is the value
    at the largest place l with P(B < l) ≤ α/2, the upper that at the smallest u with P(B ≥ u) ≤ α/2. They contain the
    true quantile with the chance P(l ≤ B < u), `coverage`: exact for values without ties, at least that with ties.

    When: waits, ages, costs; any distribution. When not: some values are only known to be larger than something
    (kaplan_meier, waiting_times).

    Shapes and units: as for `mean`. Too few values to have a limit on a side give NaN there; `coverage` then counts
    that side as open.

    Errors: as for `mean`. Raises ValueError unless the probability is a fraction strictly between 0 and 1.

    References: Hyndman & Fan, Am Stat 1996;50:361. Thompson, Ann Math Stat 1936;7:122. David & Nagaraja, Order
    Statistics, 2003.
    """
    _check(probability, method)
    values, strata, usable, problems = _sort_out(values, group, errors)
    ordered = _Ordered(values, strata, usable)
    tail, _ = tails(confidence, strata.shape)
    rank_low, rank_high = _ranks(beside(ordered.n, tail), tail, probability)
    low, high = (ordered.at(rank) for rank in (rank_low, rank_high))
    return Quantile(
        ordered.between(probability, method),
        low,
        high,
        "quantile",
        "order_statistics",
        problems,
        n=ordered.n,
        rank_low=np.where(np.isnan(low), np.nan, rank_low)[()],
        rank_high=np.where(np.isnan(high), np.nan, rank_high)[()],
        coverage=_coverage(rank_low, rank_high, beside(ordered.n, tail), probability),
        group=strata.labels,
    )


class _Ordered:
    """The values of each group in rising order, to be asked for by place (from 1)."""

    def __init__(self, values: FloatArray, strata: Strata, usable: NDArray[np.bool_]):
        order, _ = strata.order(values)
        self.n = _number_of_values(values, strata, usable)
        self.values = np.append(values[order], np.nan)
        self.start = strata.total(np.ones(values.shape))
        self.start = np.cumsum(self.start).reshape(strata.shape) - self.start

    def at(self, place: FloatArray) -> FloatArray:
        inside = (place >= 1) & (place <= beside(self.n, place))
        return self.values[np.where(inside, beside(self.start, place) + place - 1, -1).astype(int)]

    def between(self, probability: float, method: QuantileMethod) -> FloatArray:
        place = _whole_if_close(_PLACES[method](self.n, probability))
        below = np.floor(place)
        weight = place - below
        if method == "type2":
            weight = np.where(weight == 0, 0.5, 1.0)
        low, high = (self.at(np.clip(part, 1, self.n)) for part in (below, below + 1))
        return low + weight * (high - low)


_PLACES: dict[str, Callable[[FloatArray, float], FloatArray]] = {
    "type7": lambda n, p: 1 + (n - 1) * p,
    "type6": lambda n, p: (n + 1) * p,
    "type2": lambda n, p: n * p,
    "type8": lambda n, p: (n + 1 / 3) * p + 1 / 3,
}


def _whole_if_close(place: FloatArray) -> FloatArray:
    whole = np.rint(place)
    return np.where(np.abs(place - whole) <= 4 * np.spacing(np.maximum(whole, 1)), whole, place)


def _check(probability: float, method: str) -> None:
    if not 0 < probability < 1:
        raise ValueError(f"probability={probability!r}: expected a fraction between 0 and 1, such as 0.5")
    if method not in _PLACES:
        raise ValueError(f"method={method!r}: expected one of {', '.join(_PLACES)}")


def _sort_out(
    values: ArrayLike, group: ArrayLike | None, errors: Errors
) -> tuple[FloatArray, Strata, NDArray[np.bool_], tuple[Problem, ...]]:
    flat = as_floats(values)[0].ravel()
    strata = stratify(group, flat.size)
    faults = [
        faults_of_rows(strata, np.isinf(flat), "a value is not finite"),
        faults_of_groups(np.ravel(strata.total(np.ones(flat.shape))) == 0, "no values"),
    ]
    usable, problems = set_aside_groups(strata, faults, errors)
    return np.where(strata.spread(usable), flat, np.nan), strata, usable, problems


def _number_of_values(values: FloatArray, strata: Strata, usable: NDArray[np.bool_]) -> FloatArray:
    """How many values each group has; unknown where one of them is."""
    return masked(strata.total(np.where(np.isnan(values), np.nan, 1.0)), usable)


def _ranks(n: FloatArray, tail: FloatArray, probability: float) -> tuple[FloatArray, FloatArray]:
    """The places of the limits; 0 and n + 1 where no value can be one."""
    n, level = np.broadcast_arrays(n, tail * (1 + 1e-12))

    def place_from_below(share: float, rest: float) -> FloatArray:
        return smallest(lambda k: binomial_at_most(k, n, share, rest) > level, np.zeros(n.shape), n)

    return place_from_below(probability, 1 - probability), n + 1 - place_from_below(1 - probability, probability)


def _coverage(low: FloatArray, high: FloatArray, n: FloatArray, probability: float) -> FloatArray:
    below_high, below_low = (binomial_at_most(rank - 1, n, probability, 1 - probability) for rank in (high, low))
    return below_high - below_low
