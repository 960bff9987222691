"""Life expectancy: against the reference values, against a slow life table, and by what always holds."""

from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from psykanalys.methods import MethodError, Problem
from psykanalys.methods.life import life_expectancy

REFERENCE = Path(__file__).parent / "reference"
unhurried = settings(deadline=None, max_examples=60)

AGE = [0, 1, 25, 65, 85]
DEATHS = [6, 4, 70, 300, 200]
POPULATION = [900, 21_000, 40_000, 12_000, 1500]


def reference():
    return (pd.read_csv(REFERENCE / f"life_expectancy_{name}.csv") for name in ("inputs", "expected"))


# --- against the reference values


@pytest.mark.parametrize("shuffled", [False, True])
def test_life_expectancy_at_every_age_agrees_with_the_reference(shuffled):
    rows, expected = reference()
    rows = rows.sample(frac=1, random_state=3) if shuffled else rows
    expected = rows[["area", "startage"]].merge(expected, how="left", on=["area", "startage"], validate="1:1")
    found = life_expectancy(rows["deaths"], rows["pop"], rows["startage"], group=rows["area"], confidence=[0.95, 0.998])
    assert len(expected) == 60
    assert expected["value"].notna().sum() == 40
    np.testing.assert_allclose(found.value, expected["value"], rtol=1e-9)
    np.testing.assert_allclose(found.ci_low, expected[["lower95_0cl", "lower99_8cl"]], rtol=1e-9)
    np.testing.assert_allclose(found.ci_high, expected[["upper95_0cl", "upper99_8cl"]], rtol=1e-9)
    np.testing.assert_array_equal(found.population_used, expected["pops_used"])
    np.testing.assert_array_equal(found.deaths_used, expected["dths_used"])


def test_the_area_that_the_reference_leaves_empty_is_a_problem():
    rows, _ = reference()
    found = life_expectancy(rows["deaths"], rows["pop"], rows["startage"], group=rows["area"])
    assert [problem.index for problem in found.problems] == [1]
    assert found.problems[0].reason.startswith("the deaths are negative")


# --- against a slow second implementation


def life_table(deaths, population, age, of=100_000):
    """The columns l, d, L and T of a life table by hand, and the variance as a sum over the bands above."""
    last = len(age) - 1
    part = [0.1 if start == 0 else 0.5 for start in age]
    width = [age[band + 1] - age[band] for band in range(last)]
    rate = [d / n for d, n in zip(deaths, population, strict=True)]
    alive, years, dying = [float(of)], [], []
    for band in range(last):
        q = width[band] * rate[band] / (1 + (1 - part[band]) * width[band] * rate[band])
        dying.append(q)
        alive.append(alive[band] * (1 - q))
        years.append(width[band] * (alive[band + 1] + part[band] * (alive[band] - alive[band + 1])))
    years.append(alive[last] / rate[last])
    expectancy = [sum(years[band:]) / alive[band] for band in range(last + 1)]
    terms = [
        alive[band] ** 2
        * ((1 - part[band]) * width[band] + expectancy[band + 1]) ** 2
        * (dying[band] ** 2 * (1 - dying[band]) / deaths[band] if deaths[band] else 0)
        for band in range(last)
    ]
    terms.append((alive[last] / 2) ** 2 * 4 / (deaths[last] * rate[last] ** 2))
    return expectancy, [sqrt(sum(terms[band:]) / alive[band] ** 2) for band in range(last + 1)]


tables = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 60), st.integers(4000, 90_000)), min_size=1, max_size=25)


@given(tables, st.sampled_from([0, 1, 15]))
@unhurried
def test_any_number_of_age_bands_gives_the_life_table_made_by_hand(rows, first):
    width, deaths, population = (list(column) for column in zip(*rows, strict=True))
    age = [first + sum(width[:band]) for band in range(len(width))]
    found = life_expectancy(deaths, population, age, minimum_population=0)
    expectancy, error = life_table(deaths, population, age)
    np.testing.assert_allclose(found.value, expectancy, rtol=1e-9)
    np.testing.assert_allclose(found.standard_error, error, rtol=1e-9)
    np.testing.assert_allclose(found.ci_high, np.add(expectancy, norm.ppf(0.975) * np.array(error)), rtol=1e-9)


def test_the_standard_error_is_the_spread_of_life_expectancy_when_deaths_vary_by_chance():
    deaths = np.random.default_rng(2).binomial(POPULATION, np.divide(DEATHS, POPULATION), (3000, 5))
    samples = life_expectancy(
        deaths, np.tile(POPULATION, (3000, 1)), np.tile(AGE, (3000, 1)), group=np.repeat(np.arange(3000), 5)
    )
    found = life_expectancy(DEATHS, POPULATION, AGE)
    np.testing.assert_allclose(samples.value.std(axis=0), found.standard_error, rtol=0.08)


# --- what always holds


def test_one_band_for_life_is_the_inverse_of_the_death_rate():
    found = life_expectancy(50, 6000, 0)
    assert found.value == pytest.approx(120)
    assert found.value.shape == ()
    assert found.standard_error == pytest.approx(120 / sqrt(50))


def test_whoever_has_reached_an_age_will_on_average_grow_older_than_a_newborn():
    found = life_expectancy(DEATHS, POPULATION, AGE)
    assert np.all(np.diff(found.value + AGE) > 0)


def test_more_deaths_at_any_age_shorten_life_at_that_age_and_below():
    one = life_expectancy(DEATHS, POPULATION, AGE)
    for band in range(5):
        other = life_expectancy(np.add(DEATHS, np.eye(5)[band] * 3), POPULATION, AGE)
        assert np.all(other.value[: band + 1] < one.value[: band + 1])
        np.testing.assert_array_equal(other.value[band + 1 :], one.value[band + 1 :])


def test_bands_without_deaths_only_add_their_years():
    found = life_expectancy([0, 0, 9], [900, 4000, 1500], [0, 1, 85])
    assert found.value[0] == pytest.approx(85 + found.value[2])
    assert found.standard_error[0] == pytest.approx(found.standard_error[2])


def test_a_death_rate_that_leaves_nobody_alive_does_not_reach_the_ages_above():
    found = life_expectancy([90, 100, 50], [9000, 100, 500], [0, 50, 90], minimum_population=0)
    assert found.value[2] == pytest.approx(10)
    assert found.value[1] == pytest.approx(20)
    assert np.isfinite(found.standard_error).all()


def test_groups_with_different_age_bands_do_not_disturb_each_other():
    together = life_expectancy([*DEATHS, 40, 60], [*POPULATION, 9000, 2000], [*AGE, 0, 60], group=["b"] * 5 + ["a"] * 2)
    np.testing.assert_array_equal(together.value[:5], life_expectancy(DEATHS, POPULATION, AGE).value)
    np.testing.assert_array_equal(together.value[5:], life_expectancy([40, 60], [9000, 2000], [0, 60]).value)


def test_several_confidence_levels_give_the_limits_a_last_axis():
    several = life_expectancy(DEATHS, POPULATION, AGE, confidence=[0.8, 0.95])
    one = life_expectancy(DEATHS, POPULATION, AGE)
    assert several.ci_low.shape == several.ci_high.shape == (5, 2)
    np.testing.assert_array_equal(several.ci_low[:, 1], one.ci_low)
    np.testing.assert_array_equal(several.ci_high[:, 1], one.ci_high)


def test_an_unknown_band_leaves_the_ages_above_it_known():
    deaths = [6, 4, np.nan, 300, 200]
    found = life_expectancy(deaths, POPULATION, AGE)
    np.testing.assert_array_equal(np.isnan(found.value), [True, True, True, False, False])
    np.testing.assert_array_equal(np.isnan(found.ci_low), [True, True, True, False, False])
    np.testing.assert_array_equal(found.value[3:], life_expectancy(DEATHS, POPULATION, AGE).value[3:])
    assert found.problems == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"deaths": -1}, "the deaths are negative (row 9)"),
        ({"population": 0}, "the population is not positive (row 9)"),
        ({"deaths": 1501}, "there are more deaths than population (row 9)"),
        ({"age": np.nan}, "the age is unknown (row 9)"),
        ({"age": 65}, "the age band comes twice (row 8)"),
        ({"deaths": 0}, "nobody died in the last age band (row 9)"),
        ({"population": -100_000}, "the population is not positive (row 9)"),
    ],
)
def test_an_impossible_band_is_a_problem_of_its_group_and_of_no_other(change, reason):
    columns = {"deaths": DEATHS * 2, "population": POPULATION * 2, "age": AGE * 2}
    columns = {name: np.array(column, dtype=float) for name, column in columns.items()}
    for name, figure in change.items():
        columns[name][9] = figure
    found = life_expectancy(columns["deaths"], columns["population"], columns["age"], group=np.repeat(["a", "b"], 5))
    assert found.problems == (Problem(1, reason),)
    np.testing.assert_array_equal(found.value[:5], life_expectancy(DEATHS, POPULATION, AGE).value)
    assert np.isnan([found.value[5:], found.ci_low[5:], found.ci_high[5:], found.standard_error[5:]]).all()


def test_too_few_person_years_are_a_problem_unless_asked_for():
    few = [9, 210, 400, 120, 15], [1, 1, 1, 3, 2]
    assert life_expectancy(few[1], few[0], AGE).problems == (Problem(0, "the person-years do not exceed 5000"),)
    assert np.isfinite(life_expectancy(few[1], few[0], AGE, minimum_population=0).value).all()


def test_a_raised_error_lists_every_bad_group():
    with pytest.raises(MethodError) as caught:
        life_expectancy([-1, 5, -1], [6000] * 3, [0] * 3, group=["a", "b", "c"], errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 2]


def test_a_series_gives_the_same_as_an_array_whatever_its_index():
    series = [pd.Series(column, index=list("edcba")) for column in (DEATHS, POPULATION, AGE)]
    np.testing.assert_array_equal(life_expectancy(*series).value, life_expectancy(DEATHS, POPULATION, AGE).value)


def test_nothing_gives_nothing():
    for found in (life_expectancy([], [], []), life_expectancy([], [], [], group=[])):
        assert found.value.shape == found.ci_low.shape == (0,)
        assert found.problems == ()


def test_an_answer_names_its_statistic_and_its_method():
    found = life_expectancy(DEATHS, POPULATION, AGE)
    assert (found.statistic, found.interval_method) == ("life_expectancy", "chiang_silcocks")
