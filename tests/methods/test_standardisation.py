"""Standardised rates and ratios: against the reference values, slow second implementations, and by what must hold."""

from math import fsum, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import gamma, poisson

from psykanalys.methods import MethodError, Problem
from psykanalys.methods.standardisation import (
    directly_standardised_rate,
    indirectly_standardised_rate,
    indirectly_standardised_ratio,
)
from psykanalys.methods.standards import ESP2013

REFERENCE = Path(__file__).parent / "reference"
METHODS = ["dobson", "dobson_exact", "gamma"]
each_method = pytest.mark.parametrize("method", METHODS)
unhurried = settings(deadline=None, max_examples=60)

BANDS = ["0-4", "5-9", "90+"]
STANDARD = {"0-4": 5000, "5-9": 3000, "90+": 100}


def dsr_reference():
    return pd.read_csv(REFERENCE / "dsr_inputs.csv"), pd.read_csv(REFERENCE / "dsr_expected.csv")


# --- direct standardisation: against the reference values


@pytest.mark.parametrize(
    ("method", "confidence", "low", "high"),
    [
        ("dobson", 0.9, "lower90cl", "upper90cl"),
        ("dobson", 0.95, "lower95_0cl", "upper95_0cl"),
        ("dobson", 0.998, "lower99_8cl", "upper99_8cl"),
        ("dobson_exact", 0.95, "dobson_exact_lower95", "dobson_exact_upper95"),
        ("gamma", 0.95, "gamma_ff_lower95", "gamma_ff_upper95"),
    ],
)
def test_limits_agree_with_the_reference(method, confidence, low, high):
    rows, expected = dsr_reference()
    rates = directly_standardised_rate(
        rows["events"], rows["pop"], rows["stdpop"], group=rows["area"], method=method, confidence=confidence
    )
    there = expected[low].notna().to_numpy()
    assert there.sum() >= 10
    assert rates.problems == ()
    np.testing.assert_array_equal(rates.group, expected["area"])
    np.testing.assert_allclose(rates.ci_low[there], expected[low][there], rtol=1e-9)
    np.testing.assert_allclose(rates.ci_high[there], expected[high][there], rtol=1e-9)


def test_values_variances_and_totals_agree_with_the_reference_also_below_ten_events():
    rows, expected = dsr_reference()
    rates = directly_standardised_rate(rows["events"], rows["pop"], rows["stdpop"], group=rows["area"])
    np.testing.assert_allclose(rates.value, expected["value_unsuppressed"], rtol=1e-9)
    np.testing.assert_allclose(rates.variance, expected["var_unsuppressed"], rtol=1e-9)
    np.testing.assert_array_equal(rates.total_events, expected["total_count"])
    np.testing.assert_array_equal(rates.total_population, expected["total_pop"])


def test_the_shipped_standard_is_that_of_the_reference():
    rows, _ = dsr_reference()
    one = rows[rows["area"] == "lan_03"]
    assert dict(zip(one["ageband"], one["stdpop"], strict=True)) == dict(ESP2013)
    assert sum(ESP2013.values()) == 100_000


def test_the_shipped_standard_cannot_be_altered():
    with pytest.raises(TypeError):
        ESP2013["0-4"] = 1


# --- direct standardisation: against a slow second implementation


def slow_rate(persons, standard, method, confidence):
    """From one entry per person with events: (events of the person, population and weight of the band)."""
    total = fsum(standard)
    shares = [f * w / n / total for f, n, w in persons]
    value, variance, events = fsum(shares), fsum(k**2 for k in shares), sum(f for f, _, _ in persons)
    tail = (1 - confidence) / 2

    def root(function, low, high):
        return brentq(function, low, high, xtol=1e-15, rtol=1e-14)

    if method == "gamma":
        low = 0.0 if not persons else gamma.ppf(tail, value**2 / variance, scale=variance / value)
        return value, variance, low
    low = root(lambda mean: poisson.sf(events - 1, mean) - tail, 0, events) if events else 0.0
    high = root(lambda mean: poisson.cdf(events, mean) - tail, events, 10 * events + 50)
    scale = sqrt(variance / events)
    return value, variance, value + scale * (low - events), value + scale * (high - events)


bands = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 9000), st.integers(1, 7000)), min_size=1, max_size=6
).filter(lambda rows: any(x for x, _, _ in rows))


@given(bands, st.sampled_from([0.8, 0.95, 0.998]), st.sampled_from(["dobson_exact", "gamma"]))
@unhurried
def test_a_rate_is_that_of_its_persons_one_by_one(rows, confidence, method):
    x, n, w = (np.array(column) for column in zip(*rows, strict=True))
    rate = directly_standardised_rate(x, n, w, per=1, method=method, confidence=confidence)
    persons = [(1, population, weight) for events, population, weight in rows for _ in range(events)]
    value, variance, low, *high = slow_rate(persons, w, method, confidence)
    assert rate.value == pytest.approx(value, rel=1e-12)
    assert rate.variance == pytest.approx(variance, rel=1e-12)
    assert rate.ci_low == pytest.approx(low, rel=1e-9, abs=1e-12)
    assert all(rate.ci_high == pytest.approx(limit, rel=1e-9) for limit in high)


def test_the_upper_gamma_limit_is_a_gamma_quantile_with_one_more_event_of_the_largest_weight():
    x, n, w = np.array([3, 0, 1]), np.array([900, 800, 20]), np.array([5000, 3000, 100])
    k = w / n / w.sum()
    y, v = fsum(k * x) + k.max(), fsum(k**2 * x) + k.max() ** 2
    rate = directly_standardised_rate(x, n, w, per=1, method="gamma")
    assert rate.ci_high == pytest.approx(gamma.ppf(0.975, y**2 / v, scale=v / y), rel=1e-12)


def test_a_gamma_interval_of_one_band_is_the_exact_one():
    gamma_limits = directly_standardised_rate(7, 1234, 100, method="gamma")
    exact = directly_standardised_rate(7, 1234, 100, method="dobson_exact")
    assert gamma_limits.ci_low == pytest.approx(exact.ci_low, rel=1e-12)
    assert gamma_limits.ci_high == pytest.approx(exact.ci_high, rel=1e-12)


def test_gamma_limits_err_on_the_safe_side_with_few_events_and_unequal_weights():
    n, w = np.array([4000, 900, 60]), np.array([5000, 3000, 1000])
    rates, samples = np.array([0.0005, 0.002, 0.03]), 4000
    events = np.random.default_rng(3).poisson(rates * n, (samples, 3))
    true = (w * rates).sum() / w.sum()
    found = directly_standardised_rate(
        events, np.tile(n, (samples, 1)), np.tile(w, (samples, 1)), group=np.repeat(range(samples), 3).reshape(-1, 3),
        per=1, method="gamma",
    )  # fmt: skip
    assert np.mean(found.ci_low > true) < 0.025
    assert np.mean(found.ci_high < true) < 0.025


# --- direct standardisation: few events


@each_method
def test_no_events_have_the_lower_limit_0_and_an_upper_limit_that_weighs_the_heaviest_band(method):
    rate = directly_standardised_rate([0, 0], [1000, 10], [3000, 100], per=1, method=method)
    assert (rate.value, rate.ci_low) == (0, 0)
    assert rate.ci_high == pytest.approx(-np.log(0.025) * 100 / 10 / 3100, rel=1e-12)
    assert rate.problems == ()


@each_method
def test_few_events_are_marked_and_not_withheld(method):
    events = np.array([[4, 5], [5, 5]])
    rates = directly_standardised_rate(
        events, np.full((2, 2), 900), np.full((2, 2), 50), group=[["a", "a"], ["b", "b"]], method=method
    )
    np.testing.assert_array_equal(rates.few_events, [True, False])
    assert np.isfinite([rates.value, rates.ci_low, rates.ci_high]).all()


def test_events_may_exceed_the_population():
    rate = directly_standardised_rate([90, 30], [30, 10], [1, 1], per=1)
    assert rate.value == pytest.approx(3)
    assert rate.problems == ()


# --- direct standardisation: joined by age band


@each_method
def test_a_keyed_standard_is_joined_by_age_band_whatever_the_order(method):
    x, n = np.array([4, 9, 2]), np.array([900, 800, 30])
    straight = directly_standardised_rate(x, n, STANDARD, age_band=BANDS, method=method)
    turned = directly_standardised_rate(x[::-1], n[::-1], STANDARD, age_band=BANDS[::-1], method=method)
    beside = directly_standardised_rate(x, n, list(STANDARD.values()), method=method)
    for other in (turned, beside):
        np.testing.assert_allclose(
            [straight.value, straight.ci_low, straight.ci_high], [other.value, other.ci_low, other.ci_high], rtol=1e-13
        )


def test_numbers_serve_as_age_bands():
    standard = {0: 5000, 5: 3000}
    named = directly_standardised_rate([4, 9], [900, 800], {"0": 5000, "5": 3000}, age_band=["0", "5"])
    assert directly_standardised_rate([9, 4], [800, 900], standard, age_band=[5, 0]).value == named.value


@pytest.mark.parametrize(
    ("age_band", "reason"),
    [
        (["0-4", "5-9", "85+"], "the age band is not in the standard (row 5)"),
        (["0-4", "5-9", "5-9"], "age bands of the standard are missing: 90+"),
        (["0-4", "0-4", "0-4"], "age bands of the standard are missing: 5-9, 90+"),
    ],
)
def test_age_bands_that_do_not_fit_the_standard_are_a_problem_of_their_group_only(age_band, reason):
    x, n, group = [4, 9, 2] * 3, [900, 800, 30] * 3, np.repeat(["a", "b", "c"], 3)
    rates = directly_standardised_rate(x, n, STANDARD, age_band=[*BANDS, *age_band, *BANDS], group=group)
    assert rates.problems == (Problem(1, reason),)
    np.testing.assert_array_equal(np.isnan(rates.value), [False, True, False])
    assert rates.value[0] == directly_standardised_rate([4, 9, 2], [900, 800, 30], STANDARD, age_band=BANDS).value


def test_a_band_that_weighs_nothing_need_not_be_there():
    standard = {**STANDARD, "95+": 0}
    assert directly_standardised_rate([4, 9, 2], [900, 800, 30], standard, age_band=BANDS).problems == ()


def test_the_same_age_band_twice_is_a_problem():
    rate = directly_standardised_rate([4, 9], [900, 800], [50, 50], age_band=["0-4", "0-4"])
    assert rate.problems == (Problem(0, "the age band comes twice (row 1)"),)


def test_a_keyed_standard_without_age_bands_is_refused():
    with pytest.raises(ValueError, match="age_band is needed"):
        directly_standardised_rate([4, 9, 2], [900, 800, 30], STANDARD)


# --- direct standardisation: events that do not come independently


def test_recurrent_events_have_the_variance_of_their_persons():
    events, n, f, band = [40, 3, 7, 2], [900, 900, 80, 80], [1, 5, 1, 2], ["young", "young", "old", "old"]
    standard = {"young": 900, "old": 100}
    persons = [(1, 900, 900)] * 40 + [(5, 900, 900)] * 3 + [(1, 80, 100)] * 7 + [(2, 80, 100)] * 2
    value, variance, low, high = slow_rate(persons, [900, 100], "dobson_exact", 0.95)
    rate = directly_standardised_rate(events, n, standard, age_band=band, frequencies=f, per=1, method="dobson_exact")
    assert rate.total_events == 66
    assert rate.total_population == 980
    assert rate.value == pytest.approx(value, rel=1e-12)
    assert rate.variance == pytest.approx(variance, rel=1e-12)
    assert rate.ci_low == pytest.approx(low, rel=1e-9)
    assert rate.ci_high == pytest.approx(high, rel=1e-9)


def test_the_variance_of_recurrent_events_is_the_sum_of_squared_frequencies_times_their_variances():
    n, standard, band = [900, 80], {"young": 900, "old": 100}, ["young", "old"]
    alone = {
        f: directly_standardised_rate(x, n, standard, age_band=band).variance for f, x in ((1, [40, 7]), (3, [5, 2]))
    }
    together = directly_standardised_rate([40, 7, 5, 2], n * 2, standard, age_band=band * 2, frequencies=[1, 1, 3, 3])
    assert together.variance == pytest.approx(alone[1] + 9 * alone[3], rel=1e-12)


@each_method
def test_recurrent_events_have_wider_limits_than_as_many_independent_ones(method):
    n, standard, band = [900, 80], {"young": 900, "old": 100}, ["young", "old"]
    recurrent = directly_standardised_rate([10, 4], n, standard, age_band=band, frequencies=[3, 3], method=method)
    independent = directly_standardised_rate([30, 12], n, standard, age_band=band, method=method)
    assert recurrent.value == pytest.approx(independent.value)
    assert recurrent.ci_low < independent.ci_low
    assert recurrent.ci_high > independent.ci_high


def test_one_event_a_person_changes_nothing():
    plain = directly_standardised_rate([4, 9, 2], [900, 800, 30], STANDARD, age_band=BANDS)
    once = directly_standardised_rate([4, 9, 2], [900, 800, 30], STANDARD, age_band=BANDS, frequencies=[1, 1, 1])
    assert (plain.value, plain.ci_low, plain.ci_high) == (once.value, once.ci_low, once.ci_high)


@pytest.mark.parametrize(
    ("population", "frequency", "reason"),
    [
        (901, 2, "the rows of an age band differ in population (row 1)"),
        (900, 0, "the frequency is not positive (row 1)"),
    ],
)
def test_recurrent_events_that_make_no_sense_are_a_problem(population, frequency, reason):
    rate = directly_standardised_rate(
        [4, 9], [900, population], {"all": 1}, age_band=["all", "all"], frequencies=[1, frequency]
    )
    assert rate.problems == (Problem(0, reason),)


def test_frequencies_without_age_bands_are_refused():
    with pytest.raises(ValueError, match="frequencies need age_band"):
        directly_standardised_rate([4, 9], [900, 900], [1, 1], frequencies=[1, 2])


# --- indirect standardisation


def isr_rows():
    return pd.read_csv(REFERENCE / "isr_inputs.csv")


def keyed(rows):
    one = rows[rows["area"] == "lan_03"]
    return (dict(zip(one["ageband"], one[column], strict=True)) for column in ("ref_events", "ref_pop"))


@pytest.mark.parametrize(
    ("function", "file"),
    [
        (indirectly_standardised_rate, "isr_rate_expected.csv"),
        (indirectly_standardised_ratio, "isr_ratio_expected.csv"),
    ],
)
def test_indirectly_standardised_figures_agree_with_the_reference(function, file):
    rows, expected = isr_rows(), pd.read_csv(REFERENCE / file)
    found = function(
        rows["events"], rows["pop"], rows["ref_events"], rows["ref_pop"],
        group=rows["area"], method="phe", confidence=[0.95, 0.998],
    )  # fmt: skip
    assert len(expected) == 10
    assert found.problems == ()
    np.testing.assert_array_equal(found.group, expected["area"])
    np.testing.assert_array_equal(found.observed, expected["observed"])
    np.testing.assert_allclose(found.expected, expected["expected"], rtol=1e-9)
    np.testing.assert_allclose(found.value, expected["value"], rtol=1e-9)
    np.testing.assert_allclose(found.ci_low, expected[["lower95_0cl", "lower99_8cl"]], rtol=1e-9)
    np.testing.assert_allclose(found.ci_high, expected[["upper95_0cl", "upper99_8cl"]], rtol=1e-9)
    if "ref_rate" in expected:
        np.testing.assert_allclose(found.reference_rate, expected["ref_rate"], rtol=1e-9)


def test_totals_by_group_label_give_the_same_as_events_by_age_in_any_order():
    rows = isr_rows()
    events, persons = keyed(rows)
    totals = rows.groupby("area")["events"].sum()[::-1].to_dict()
    turned = rows.iloc[::-1]
    by_age = indirectly_standardised_ratio(
        rows["events"], rows["pop"], rows["ref_events"], rows["ref_pop"], group=rows["area"]
    )
    by_total = indirectly_standardised_ratio(
        totals, turned["pop"], events, persons, age_band=turned["ageband"], group=turned["area"]
    )
    for name in ("value", "ci_low", "ci_high", "observed", "expected", "reference_rate"):
        np.testing.assert_allclose(getattr(by_age, name), getattr(by_total, name), rtol=1e-13)


@pytest.mark.parametrize("method", ["exact", "byar", "phe"])
def test_a_ratio_is_observed_over_expected_with_the_limits_of_the_count(method):
    x, n, events, persons = [2, 5], [300, 40], [10, 90], [1000, 400]
    expected = 300 * 10 / 1000 + 40 * 90 / 400
    ratio = indirectly_standardised_ratio(x, n, events, persons, method=method)
    one = indirectly_standardised_ratio(7, [expected], [1], [1], method=method)
    assert ratio.value == pytest.approx(7 / 12 * 100, rel=1e-13)
    assert (ratio.ci_low, ratio.ci_high) == pytest.approx((one.ci_low, one.ci_high), rel=1e-13)
    assert (ratio.statistic, ratio.interval_method) == ("indirectly_standardised_ratio", method)


def test_the_exact_limits_of_a_ratio_are_where_the_poisson_tails_reach_half_of_alpha():
    ratio = indirectly_standardised_ratio(7, [12.0], [1], [1], per=1)
    assert poisson.sf(6, ratio.ci_low * 12) == pytest.approx(0.025, rel=1e-9)
    assert poisson.cdf(7, ratio.ci_high * 12) == pytest.approx(0.025, rel=1e-9)


def test_an_area_with_the_reference_s_own_rates_has_ratio_100_and_the_crude_rate():
    x, n = [10, 90], [1000, 400]
    assert indirectly_standardised_ratio(x, n, x, n).value == pytest.approx(100)
    rate = indirectly_standardised_rate(x, n, x, n)
    assert rate.value == pytest.approx(100 / 1400 * 100_000)
    assert rate.reference_rate == pytest.approx(100 / 1400 * 100_000)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"observed": [1, -2, 1, 1]}, "the events are negative (row 1)"),
        ({"observed": {"b": 4}}, "the group has no observed total"),
        ({"observed": {"a": -4, "b": 4}}, "the events are negative"),
        ({"population": [100, -1, 200, 300]}, "the population is negative (row 1)"),
        ({"reference_events": [1, -2, 1, 2]}, "the reference's events are negative (row 1)"),
        ({"reference_population": [90, 0, 90, 80]}, "the reference's population is not positive (row 1)"),
        ({"reference_events": [0, 0, 1, 2]}, "no events are expected"),
        ({"age_band": ["x", "z", "x", "y"], "reference_events": {"x": 1, "y": 2}},
         "the age band is not in the reference's events (row 1)"),
    ],
)  # fmt: skip
def test_what_is_impossible_in_one_group_leaves_the_other_alone(change, reason):
    good = {
        "observed": [1, 2, 3, 4],
        "population": [100, 100, 200, 300],
        "reference_events": [1, 2, 1, 2],
        "reference_population": [90, 80, 90, 80],
    }
    found = indirectly_standardised_ratio(**{**good, **change}, group=["a", "a", "b", "b"])
    assert found.problems == (Problem(0, reason),)
    np.testing.assert_array_equal(np.isnan(found.value), [True, False])
    np.testing.assert_array_equal(np.isnan(found.ci_high), [True, False])


def test_the_same_age_band_twice_is_a_problem_of_a_ratio_too():
    ratio = indirectly_standardised_ratio(7, [10, 20], {"all": 3}, {"all": 9}, age_band=["all", "all"])
    assert ratio.problems == (Problem(0, "the age band comes twice (row 1)"),)


def test_a_bare_total_for_several_groups_is_refused():
    with pytest.raises(ValueError, match="give a mapping from group label to total"):
        indirectly_standardised_ratio(7, [1, 2], [1, 1], [9, 9], group=["a", "b"])
    with pytest.raises(ValueError, match="need `group`"):
        indirectly_standardised_ratio({"a": 7}, [1, 2], [1, 1], [9, 9])


# --- what holds for all of them


def direct(x, n, **options):
    return directly_standardised_rate(x, n, np.linspace(1, 2, np.size(n)), **options)


def with_method(method):
    return lambda x, n, **options: direct(x, n, method=method, **options)


def indirect(x, n, **options):
    return indirectly_standardised_rate(x, n, np.linspace(1, 2, np.size(n)), np.full(np.size(n), 9), **options)


every_function = pytest.mark.parametrize("function", [*map(with_method, METHODS), indirect], ids=[*METHODS, "indirect"])


@every_function
def test_without_groups_the_answer_is_one_number(function):
    found = function([2, 3], [30, 40])
    assert [np.shape(part) for part in (found.value, found.ci_low, found.ci_high)] == [(), (), ()]
    assert found.group is None


@every_function
def test_one_band_given_as_a_number_is_enough(function):
    assert function(3, 40).value == function([3], [40]).value


@every_function
def test_a_series_gives_the_same_as_an_array_whatever_its_index(function):
    x, n = (pd.Series(column, index=["01", "25"]) for column in ([2, 3], [30, 40]))
    assert function(x, n, group=pd.Series(["a", "a"])).value[0] == function([2, 3], [30, 40]).value


@every_function
def test_an_unknown_figure_makes_its_group_unknown_and_is_no_problem(function):
    found = function([2, np.nan, 4, 5], [30, 40, 50, 60], group=["a", "a", "b", "b"])
    np.testing.assert_array_equal(np.isnan(found.value), [True, False])
    np.testing.assert_array_equal(np.isnan(found.ci_high), [True, False])
    assert found.problems == ()


@every_function
@pytest.mark.parametrize("row", [(-1, 40), (2, -40)])
def test_a_bad_row_is_reported_with_its_group_and_row_and_disturbs_no_other_group(function, row):
    groups = ["b", "b", "a", "a"]
    found = function([2, row[0], 4, 5], [30, row[1], 50, 60], group=groups)
    good = function([2, 2, 4, 5], [30, 40, 50, 60], group=groups)
    assert [problem.index for problem in found.problems] == [1]
    assert "(row 1)" in found.problems[0].reason
    assert np.isnan([found.value[1], found.ci_low[1], found.ci_high[1]]).all()
    assert (found.value[0], found.ci_low[0], found.ci_high[0]) == (good.value[0], good.ci_low[0], good.ci_high[0])


@every_function
def test_a_raised_error_lists_every_bad_group(function):
    with pytest.raises(MethodError) as caught:
        function([-1, 3, -2], [30, 40, 50], group=["a", "b", "c"], errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 2]


@every_function
def test_several_confidence_levels_give_the_limits_a_last_axis(function):
    x, n, group = [2, 3, 4, 0], [30, 40, 50, 60], ["a", "a", "b", "c"]
    several, one = function(x, n, group=group, confidence=[0.8, 0.95]), function(x, n, group=group)
    assert several.ci_low.shape == several.ci_high.shape == (3, 2)
    np.testing.assert_array_equal(several.ci_low[:, 1], one.ci_low)
    np.testing.assert_array_equal(several.ci_high[:, 1], one.ci_high)
    assert function([2, 3], [30, 40], confidence=[0.8]).ci_low.shape == (1,)


@every_function
def test_groups_come_in_the_order_of_their_labels_wherever_their_rows_are(function):
    found = function([2, 3, 4], [30, 40, 50], group=["25", "01", "24"])
    np.testing.assert_array_equal(found.group, ["01", "24", "25"])
    np.testing.assert_array_equal(np.argsort(found.value), np.argsort([3 / 40, 4 / 50, 2 / 30]))


@every_function
def test_nothing_gives_nothing(function):
    found = function([], [], group=[])
    assert found.value.shape == found.ci_low.shape == (0,)
    assert found.problems == ()


@every_function
def test_no_rows_at_all_have_no_value(function):
    assert np.isnan(function([], []).value)


@every_function
def test_another_multiplier_only_moves_the_decimal_point(function):
    one, thousand = (function([2, 3], [30, 40], per=per) for per in (1, 1000))
    for name in ("value", "ci_low", "ci_high"):
        assert getattr(thousand, name) == pytest.approx(getattr(one, name) * 1000, rel=1e-13)


@every_function
def test_limits_lie_on_each_side_of_the_value(function):
    found = function(np.arange(1, 60), np.arange(100, 159), group=np.arange(59), confidence=[0.5, 0.95, 0.998])
    assert np.all(found.ci_low < found.value[:, None])
    assert np.all(found.ci_high > found.value[:, None])
    assert np.all(np.diff(found.ci_low) < 0)
    assert np.all(np.diff(found.ci_high) > 0)


def test_one_label_too_few_is_refused():
    with pytest.raises(ValueError, match="group has 1 labels for 2 rows: expected one for each"):
        direct([2, 3], [30, 40], group=["a"])
    with pytest.raises(ValueError, match="age_band has 1 labels for 2 rows: expected one for each"):
        directly_standardised_rate([2, 3], [30, 40], {"all": 1}, age_band=["all"])
