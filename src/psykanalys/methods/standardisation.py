"""Rates of populations whose ages differ: directly and indirectly standardised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from psykanalys.methods.core import Errors, Estimate, FloatArray, as_floats, masked, tails
from psykanalys.methods.rates import RateMethod, count
from psykanalys.methods.strata import (
    BoolArray,
    Faults,
    Joined,
    Strata,
    beside,
    faults_of_groups,
    faults_of_rows,
    first_of_band,
    join,
    set_aside_groups,
    stratify,
)

DirectMethod = Literal["dobson", "dobson_exact", "gamma"]
Keyed = ArrayLike | Mapping[Any, float]


@dataclass(frozen=True, kw_only=True)
class DirectlyStandardisedRate(Estimate):
    """One rate per group. `variance` is in the square of the rate's unit; `few_events` is true below 10 events."""

    variance: FloatArray
    total_events: FloatArray
    total_population: FloatArray
    few_events: BoolArray
    group: NDArray[Any] | None = None


@dataclass(frozen=True, kw_only=True)
class IndirectlyStandardised(Estimate):
    """One ratio or rate per group. `reference_rate` is the crude rate of the reference, per `per` for a rate."""

    observed: FloatArray
    expected: FloatArray
    reference_rate: FloatArray
    group: NDArray[Any] | None = None


def directly_standardised_rate(
    events: ArrayLike,
    population: ArrayLike,
    standard: Keyed,
    *,
    age_band: ArrayLike | None = None,
    group: ArrayLike | None = None,
    frequencies: ArrayLike | None = None,
    per: float = 100_000,
    method: DirectMethod = "dobson",
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> DirectlyStandardisedRate:
    """Return the rate that a standard population would have with each group's own rates by age, per `per`.

    Value Σwx/n / Σw and variance Σw²x/n² / (Σw)², with x events and n persons or person-years in an age band and w
    the standard population there. One row per group and age band.

    `standard` is an array beside the rows, or a mapping from age band to population (such as `ESP2013`) that is
    looked up by `age_band`: never joined by position. A band that the standard lacks, a band of the standard that a
    group lacks, or the same band twice in a group makes that group impossible, and no other.

    `dobson`: value + √(variance/O)·(limit of O − O), O all events of the group, with the limits of a count by the
    PHE rule (exact below 10 events, Byar from 10). `dobson_exact`: the same with exact limits. Both can fall below 0
    where few events carry very unequal weights. `gamma`: Fay and Feuer's limits with k = w/(nΣw), y = Σkx, v = Σk²x
    and the largest weight K: lower v/(2y)·χ²(α/2; 2y²/v), upper (v+K²)/(2(y+K))·χ²(1−α/2; 2(y+K)²/(v+K²)). They
    stay at or above 0, err on the safe side with few events, and are the ones to use then. Without events the lower
    limit is 0 and the upper one weighs the limit of a count by K, whatever the method.

    No value is withheld: `few_events` marks groups with fewer than 10 events, whose value says little.

    `frequencies`: for persons with several events each, which do not come independently. A row then counts the
    persons (`events`) who had that many events (`frequencies`) in an age band; its population is repeated on each row
    of the band, `age_band` is needed, and a band without events has one row with 0 persons. With x_f persons at
    frequency f the events are Σf·x_f and the variance Σf²·var_f, var_f being the variance of the x_f alone.

    Events may exceed the population. Negative events, a population or a sum of weights that is not positive gives
    NaN and a problem that names the group's number and the row. An unknown figure makes its group unknown.

    References: Dobson, Kuulasmaa, Eberle & Scherer, Stat Med 1991;10:457. Fay & Feuer, Stat Med 1997;16:791.
    Breslow & Day, Statistical methods in cancer research II, IARC 1987. Stukel, Glynn, Fisher, Sharp, Lu-Yao &
    Wennberg, Stat Med 1994;13:1781 (recurrent events).
    """
    rows = _direct_rows(events, population, standard, age_band, group, frequencies)
    strata = rows.strata
    usable, problems = set_aside_groups(strata, rows.faults(), errors)
    sums = _Sums(*(masked(part, usable) for part in rows.sums()))
    low, high = _DIRECT[method](sums, confidence)
    return DirectlyStandardisedRate(
        sums.value * per,
        low * per,
        high * per,
        "directly_standardised_rate",
        method,
        problems,
        variance=sums.variance * per**2,
        total_events=strata.total(rows.times * rows.events),
        total_population=strata.total(np.where(rows.counted, rows.population, 0)),
        few_events=sums.events < 10,
        group=strata.labels,
    )


def indirectly_standardised_ratio(
    observed: Keyed,
    population: ArrayLike,
    reference_events: Keyed,
    reference_population: Keyed,
    *,
    age_band: ArrayLike | None = None,
    group: ArrayLike | None = None,
    per: float = 100,
    method: RateMethod = "exact",
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> IndirectlyStandardised:
    """Return observed over expected events, times `per`: 100 is as many as the reference's rates by age would give.

    Expected Σn·x_ref/n_ref, with n persons or person-years in an age band of the group. The limits are those of the
    observed count (`exact`, `byar` or `phe`, as for `count`) over the expected, which is taken as known: use a
    reference much larger than the strata.

    `population` has one row per group and age band. `reference_events` and `reference_population` are arrays beside
    these rows, or mappings from age band that are looked up by `age_band`: never joined by position. A band that the
    reference lacks, or a band of the reference that a group lacks, makes that group impossible, and no other.

    `observed` is an array beside the rows, or the totals only: a mapping from group label, or one number where there
    is one group. Ages of the observed events are then not needed.

    Ratios of two groups are not comparable with each other if their ages differ (each has its own weights); each is
    comparable with the reference. Negative events, or a population or reference that is not positive, give NaN and
    a problem that names the group's number and the row. An unknown figure makes its group unknown.

    References: Breslow & Day, Statistical methods in cancer research II, IARC 1987, chapter 2.
    """
    rows = _indirect_rows(observed, population, reference_events, reference_population, age_band, group)
    usable, problems = set_aside_groups(rows.strata, rows.faults(), errors)
    total, expected = masked(rows.observed, usable), masked(rows.expected(), usable)
    limits = count(total, method=method, confidence=confidence)
    low, high = (limit * per / beside(expected, limit) for limit in (limits.ci_low, limits.ci_high))
    return IndirectlyStandardised(
        total / expected * per,
        low,
        high,
        "indirectly_standardised_ratio",
        method,
        problems,
        observed=rows.observed,
        expected=expected,
        reference_rate=masked(rows.reference_rate(), usable),
        group=rows.strata.labels,
    )


def indirectly_standardised_rate(
    observed: Keyed,
    population: ArrayLike,
    reference_events: Keyed,
    reference_population: Keyed,
    *,
    age_band: ArrayLike | None = None,
    group: ArrayLike | None = None,
    per: float = 100_000,
    method: RateMethod = "exact",
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> IndirectlyStandardised:
    """Return the ratio of observed to expected events times the crude rate of the reference, per `per`.

    The arguments and what makes a group impossible are those of `indirectly_standardised_ratio`; the crude rate of
    the reference is Σx_ref/Σn_ref, and `reference_rate` has it per `per`.

    References: Breslow & Day, Statistical methods in cancer research II, IARC 1987, chapter 2.
    """
    ratio = indirectly_standardised_ratio(
        observed,
        population,
        reference_events,
        reference_population,
        age_band=age_band,
        group=group,
        per=1,
        method=method,
        confidence=confidence,
        errors=errors,
    )
    reference = ratio.reference_rate * per
    low, high = (limit * beside(reference, limit) for limit in (ratio.ci_low, ratio.ci_high))
    return replace(
        ratio,
        value=ratio.value * reference,
        ci_low=low,
        ci_high=high,
        statistic="indirectly_standardised_rate",
        reference_rate=reference,
    )


class _Sums(NamedTuple):
    """Per group, with k the share that one person's events add to the rate: Σkx, Σk²x, all events, the largest k."""

    value: FloatArray
    variance: FloatArray
    events: FloatArray
    largest: FloatArray


@dataclass(frozen=True)
class _Direct:
    """Rows of one group and age band (and frequency) each. `counted` marks the first row of each band."""

    strata: Strata
    events: FloatArray
    population: FloatArray
    times: FloatArray
    weights: Joined
    counted: BoolArray
    twice: BoolArray
    varies: BoolArray

    def faults(self) -> Sequence[Faults]:
        weight = self.weights.rows
        return [
            *self.weights.faults,
            *_faults_of_counts(self.strata, self.events, self.population),
            faults_of_rows(self.strata, self.times <= 0, "the frequency is not positive"),
            faults_of_rows(self.strata, weight < 0, "the standard is negative"),
            faults_of_rows(self.strata, self.twice, "the age band comes twice"),
            faults_of_rows(self.strata, self.varies, "the rows of an age band differ in population"),
            faults_of_groups(self.total_weight() == 0, "the standard is empty"),
        ]

    def total_weight(self) -> FloatArray:
        return self.strata.total(np.where(self.counted, self.weights.rows, 0))

    def sums(self) -> _Sums:
        with np.errstate(divide="ignore", invalid="ignore"):
            k = self.times * self.weights.rows / self.population / self.strata.spread(self.total_weight())
            value, variance = self.strata.total(k * self.events), self.strata.total(k**2 * self.events)
        return _Sums(value, variance, self.strata.total(self.times * self.events), self.strata.largest(k))


def _direct_rows(
    events: ArrayLike,
    population: ArrayLike,
    standard: Keyed,
    age_band: ArrayLike | None,
    group: ArrayLike | None,
    frequencies: ArrayLike | None,
) -> _Direct:
    if frequencies is not None and age_band is None:
        raise ValueError("frequencies need age_band: it tells which rows share a population")
    x, n, times = (array.ravel() for array in as_floats(events, population, 1 if frequencies is None else frequencies))
    strata = stratify(group, x.size)
    weights = join(standard, age_band, strata, "standard")
    cell = first_of_band(strata, age_band)
    first = cell == np.arange(x.size)
    varies = _differ(n, n[cell]) | _differ(weights.rows, weights.rows[cell])
    if frequencies is None:
        return _Direct(strata, x, n, times, weights, np.ones_like(first), ~first, np.zeros_like(first))
    return _Direct(strata, x, n, times, weights, first, np.zeros_like(first), varies)


def _differ(one: FloatArray, other: FloatArray) -> BoolArray:
    return (one != other) & ~np.isnan(one) & ~np.isnan(other)


@dataclass(frozen=True)
class _Indirect:
    """Rows of one group and age band each, with the totals observed in each group."""

    strata: Strata
    observed: FloatArray
    observed_faults: Sequence[Faults]
    population: FloatArray
    reference_events: Joined
    reference_population: Joined
    twice: BoolArray

    def faults(self) -> Sequence[Faults]:
        events, persons = self.reference_events, self.reference_population
        return [
            *events.faults,
            *persons.faults,
            *self.observed_faults,
            faults_of_rows(self.strata, self.population < 0, "the population is negative"),
            faults_of_rows(self.strata, events.rows < 0, "the reference's events are negative"),
            faults_of_rows(self.strata, persons.rows <= 0, "the reference's population is not positive"),
            faults_of_rows(self.strata, self.twice, "the age band comes twice"),
            faults_of_groups(self.expected() == 0, "no events are expected"),
        ]

    def expected(self) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.strata.total(self.reference_events.rows / self.reference_population.rows * self.population)

    def reference_rate(self) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.strata.total(self.reference_events.rows) / self.strata.total(self.reference_population.rows)


def _indirect_rows(
    observed: Keyed,
    population: ArrayLike,
    reference_events: Keyed,
    reference_population: Keyed,
    age_band: ArrayLike | None,
    group: ArrayLike | None,
) -> _Indirect:
    n = np.asarray(population, dtype=float)
    strata = stratify(group, n.size)
    total, faults = _observed(observed, strata)
    events = join(reference_events, age_band, strata, "reference's events")
    persons = join(reference_population, age_band, strata, "reference's population")
    twice = first_of_band(strata, age_band) != np.arange(n.size)
    return _Indirect(strata, total, faults, n.ravel(), events, persons, twice)


def _observed(observed: Keyed, strata: Strata) -> tuple[FloatArray, Sequence[Faults]]:
    """The events of each group, from rows or from totals."""
    if isinstance(observed, Mapping):
        return _observed_by_label(observed, strata)
    events = np.asarray(observed, dtype=float)
    if events.ndim == 0 and strata.labels is not None:
        raise ValueError("observed: one total for several groups; give a mapping from group label to total")
    if events.ndim == 0:
        return events, [faults_of_groups(events < 0, "the events are negative")]
    return strata.total(events), [faults_of_rows(strata, events.ravel() < 0, "the events are negative")]


def _observed_by_label(observed: Mapping[Any, float], strata: Strata) -> tuple[FloatArray, Sequence[Faults]]:
    if strata.labels is None:
        raise ValueError("observed: totals by group label need `group`")
    labels = strata.labels.tolist()
    absent = np.array([label not in observed for label in labels], dtype=bool)
    totals = np.array([observed.get(label, np.nan) for label in labels], dtype=float)
    return totals, [
        faults_of_groups(absent, "the group has no observed total"),
        faults_of_groups(totals < 0, "the events are negative"),
    ]


def _faults_of_counts(strata: Strata, events: FloatArray, population: FloatArray) -> Sequence[Faults]:
    return [
        faults_of_rows(strata, events < 0, "the events are negative"),
        faults_of_rows(strata, population <= 0, "the population is not positive"),
    ]


def _dobson(sums: _Sums, rule: RateMethod, confidence: ArrayLike) -> tuple[FloatArray, FloatArray]:
    counted = count(sums.events, method=rule, confidence=confidence)
    none = sums.events == 0
    scale = np.where(none, sums.largest, np.sqrt(sums.variance / np.where(none, 1, sums.events)))
    low, high = (
        beside(sums.value, limit) + beside(scale, limit) * (limit - beside(sums.events, limit))
        for limit in (counted.ci_low, counted.ci_high)
    )
    return low, high


def _gamma(sums: _Sums, confidence: ArrayLike) -> tuple[FloatArray, FloatArray]:
    tail, several = tails(confidence, sums.value.shape)
    y, v, k = (part[..., None] if several else part for part in (sums.value, sums.variance, sums.largest))
    none = y == 0
    some, spread = np.where(none, 1, y), np.where(none, 1, v)
    low = np.where(none, 0, spread / some * special.gammaincinv(some**2 / spread, tail))
    raised, wider = y + k, v + k**2
    return low, wider / raised * special.gammainccinv(raised**2 / wider, tail)


_DIRECT: dict[str, Callable[[_Sums, ArrayLike], tuple[FloatArray, FloatArray]]] = {
    "dobson": lambda sums, confidence: _dobson(sums, "phe", confidence),
    "dobson_exact": lambda sums, confidence: _dobson(sums, "exact", confidence),
    "gamma": _gamma,
}
