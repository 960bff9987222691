"""Life expectancy at every age, from an abridged life table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psykanalys.methods.core import Errors, Estimate, FloatArray, as_floats, masked, tails, z_value
from psykanalys.methods.strata import Faults, Strata, faults_of_groups, faults_of_rows, set_aside_groups, stratify

INFANT_FRACTION = 0.1
"""The part of the first age band that those who die in it live on average; elsewhere it is a half."""


@dataclass(frozen=True, kw_only=True)
class LifeExpectancy(Estimate):
    """One life expectancy, in years, per row: at the age where its band starts. `problems` count groups.

    `deaths_used` and `population_used` are the totals from that age upwards.
    """

    standard_error: FloatArray
    deaths_used: FloatArray
    population_used: FloatArray


def life_expectancy(
    deaths: ArrayLike,
    population: ArrayLike,
    age_start: ArrayLike,
    *,
    group: ArrayLike | None = None,
    minimum_population: float = 5000,
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> LifeExpectancy:
    """Return the years that remain, at today's death rates, to those who reach each age.

    One row per group and age band; `population` is in person-years. Any number of bands, of any width, in any order:
    a band lasts until the next `age_start` of its group, the last one for life. Chiang II: with M the death rate, n
    the width and a the part of the band lived by those who die in it (0.1 in the band that starts at 0, else 0.5),
    the probability of dying is q = nM / (1 + (1−a)nM), at most 1. Life expectancy is 1/M in the last band, and before
    it e = n(1 − q + aq) + (1 − q)·e of the next band.

    The variance of q is q²(1−q)/deaths, and with Silcocks' term for the last band: V = 1/(deaths·M²) there, before it
    V = q²(1−q)/deaths · ((1−a)n + e of the next band)² + (1−q)²·V of the next band. The limits are e ∓ z√V.

    When: at least some years and 5 000 person-years at all ages; an expectancy from a single small area says little
    (see its limits). When not: as a forecast for those now living.

    A group is impossible, with NaN for all its ages and a problem with the group's number, if a band has negative
    deaths, no population, more deaths than population, or comes twice, if nobody died in the last band, or if its
    person-years do not exceed `minimum_population` (Toson and Baker; 0 to calculate anyway). An unknown figure makes
    its own age and the ages below it unknown, not those above.

    References: Chiang, Introduction to stochastic processes in biostatistics, Wiley 1968. Silcocks, Jenner & Reza,
    J Epidemiol Community Health 2001;55:38. Toson & Baker, National Statistics Methodological Series 33, 2003.
    Eayres & Williams, J Epidemiol Community Health 2004;58:243.
    """
    arrays = as_floats(deaths, population, age_start)
    shape, (d, n, age) = arrays[0].shape, (array.ravel() for array in arrays)
    strata = stratify(group, d.size)
    table = _life_table(strata, d, n, age)
    usable, problems = set_aside_groups(strata, _faults(strata, table, d, n, age, minimum_population), errors)
    known = strata.spread(usable).reshape(shape)
    sums = _Sums(*(part.reshape(shape) for part in _sum_downwards(strata, table, d, n)))
    years, error = masked(sums.years, known), np.sqrt(masked(sums.variance, known))
    tail, several = tails(confidence, shape)
    middle, spread = (years[..., None], error[..., None]) if several else (years, error)
    return LifeExpectancy(
        years,
        middle - z_value(tail) * spread,
        middle + z_value(tail) * spread,
        "life_expectancy",
        "chiang_silcocks",
        problems,
        standard_error=error,
        deaths_used=sums.deaths,
        population_used=sums.population,
    )


class _LifeTable(NamedTuple):
    """Per row: its place among the bands of its group, whether it is the last, whether the next starts at the same age.

    Of those who enter a band, each lives `lived` years in it on average, and `survive` is the part that leaves it
    alive. Another death in the band costs `reach` years and the expectancy of the next one; `variance` is that of q.
    """

    place: NDArray[np.intp]
    last: NDArray[np.bool_]
    again: NDArray[np.bool_]
    lived: FloatArray
    survive: FloatArray
    reach: FloatArray
    variance: FloatArray


def _life_table(strata: Strata, deaths: FloatArray, population: FloatArray, age: FloatArray) -> _LifeTable:
    place, last, width = _bands(strata, age)
    fraction = np.where(age == 0, INFANT_FRACTION, 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = deaths / population
        dying = np.minimum(width * rate / (1 + (1 - fraction) * width * rate), 1)
        variance = np.where(deaths == 0, 0, dying**2 * (1 - dying) / deaths)
        return _LifeTable(
            place,
            last,
            width == 0,
            np.where(last, 1 / rate, width * (1 - dying + fraction * dying)),
            np.where(last, 0, 1 - dying),
            np.where(last, 1, (1 - fraction) * width),
            np.where(last, 1 / (deaths * rate**2), variance),
        )


def _bands(strata: Strata, age: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.bool_], FloatArray]:
    """The place of each row among the bands of its group, whether it is the last, and the years to the next."""
    rows, place = strata.order(age)
    last = np.append(np.diff(strata.of_row[rows]) != 0, True)[: rows.size]
    width = np.where(last, np.nan, np.append(np.diff(age[rows]), np.nan)[: rows.size])
    back = np.argsort(rows)
    return place[back], last[back], width[back]


def _faults(
    strata: Strata, table: _LifeTable, deaths: FloatArray, population: FloatArray, age: FloatArray, minimum: float
) -> list[Faults]:
    conditions = [
        (deaths < 0, "the deaths are negative"),
        (population <= 0, "the population is not positive"),
        (deaths > population, "there are more deaths than population"),
        (np.isnan(age), "the age is unknown"),
        (table.again, "the age band comes twice"),
        (table.last & (deaths == 0), "nobody died in the last age band"),
    ]
    few = (strata.total(population) <= minimum) & (strata.total(np.ones_like(age)) > 0)
    rows = [faults_of_rows(strata, bad, reason) for bad, reason in conditions]
    return [*rows, faults_of_groups(few, f"the person-years do not exceed {minimum:g}")]


class _Sums(NamedTuple):
    years: FloatArray
    variance: FloatArray
    deaths: FloatArray
    population: FloatArray


def _sum_downwards(strata: Strata, table: _LifeTable, deaths: FloatArray, population: FloatArray) -> FloatArray:
    """From the last band to the first, for all groups at once: years, their variance, deaths and population."""
    found, above = np.empty((4, deaths.size)), np.zeros((4, strata.number))
    for place in range(table.place.max(initial=-1), -1, -1):
        here = np.flatnonzero(table.place == place)
        group = strata.of_row[here]
        years, variance, dead, persons = above[:, group]
        survive, reach = table.survive[here], table.reach[here] + years
        above[0, group] = table.lived[here] + survive * years
        above[1, group] = table.variance[here] * reach**2 + survive**2 * variance
        above[2, group], above[3, group] = dead + deaths[here], persons + population[here]
        found[:, here] = above[:, group]
    return found
