"""Slope and relative index of inequality, quantile groups: references, slow second implementations, what must hold."""

from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import norm

from psykanalys.methods import MethodError, Problem
from psykanalys.methods.inequality import quantile_groups, slope_index

REFERENCE = Path(__file__).parent / "reference"
KINDS = {0: "other", 1: "rate", 2: "proportion"}
WAYS = [("other", False), ("rate", False), ("rate", True), ("proportion", False), ("proportion", True)]
unhurried = settings(deadline=None, max_examples=60)
each_way = pytest.mark.parametrize(("kind", "transform"), WAYS)

Z = norm.ppf(0.975)
POPULATION = np.array([900, 1100, 1000, 700, 1300])
VALUE = np.array([0.30, 0.26, 0.27, 0.20, 0.15])
ERROR = VALUE / 20


def reference(value_type, transform):
    rows, expected = (pd.read_csv(REFERENCE / f"sii_{name}.csv") for name in ("inputs", "expected"))
    expected = expected[(expected["value_type"] == value_type) & (expected["transform"] == transform)]
    return rows[rows["case"].isin(expected["case"])], expected.sort_values("case")


def found_in(rows, value_type, transform, **options):
    return slope_index(
        rows["value"],
        rows["population"],
        limits=(rows["lower_cl"], rows["upper_cl"]),
        rank=rows["quantile"],
        group=rows["case"],
        kind=KINDS[value_type],
        transform=transform,
        **options,
    )


each_reference = pytest.mark.parametrize(
    ("value_type", "transform"), [(0, False), (1, False), (1, True), (2, False), (2, True)]
)


# --- slope index: against the reference values


@each_reference
def test_indices_and_intercepts_agree_with_the_reference(value_type, transform):
    rows, expected = reference(value_type, transform)
    found = found_in(rows, value_type, transform)
    assert len(expected) == 2
    assert found.problems == ()
    np.testing.assert_array_equal(found.group, expected["case"])
    np.testing.assert_allclose(found.value, expected["sii"], rtol=1e-9)
    np.testing.assert_allclose(found.ratio, expected["rii"], rtol=1e-9)
    np.testing.assert_allclose(found.intercept, expected["intercept"], rtol=1e-9)


def test_the_standard_error_of_the_closed_form_agrees_with_the_reference():
    rows, expected = reference(0, transform=False)
    np.testing.assert_allclose(found_in(rows, 0, transform=False).standard_error, expected["analytic_se"], rtol=1e-9)


@each_reference
def test_limits_agree_with_the_simulated_ones_of_the_reference(value_type, transform):
    rows, expected = reference(value_type, transform)
    found = found_in(rows, value_type, transform, confidence=[0.95, 0.998])
    for low, high, name in ((found.ci_low, found.ci_high, "sii"), (found.ratio_low, found.ratio_high, "rii")):
        lower = expected[[f"{name}_lower95_0cl", f"{name}_lower99_8cl"]].to_numpy()
        upper = expected[[f"{name}_upper95_0cl", f"{name}_upper99_8cl"]].to_numpy()
        assert np.all(np.abs(low - lower) <= 0.02 * (upper - lower))
        assert np.all(np.abs(high - upper) <= 0.02 * (upper - lower))


# --- slope index: against a slow second implementation


def fitted(value, population):
    """Intercept and slope by least squares on √a and √a·x, as the method was first written down."""
    a = population / population.sum()
    x = np.array([a[:place].sum() + a[place] / 2 for place in range(a.size)])
    return np.linalg.lstsq(np.column_stack([np.sqrt(a), np.sqrt(a) * x]), np.sqrt(a) * value, rcond=None)[0]


quantiles = st.lists(st.tuples(st.floats(0.05, 0.9), st.integers(1, 9000)), min_size=2, max_size=10)


@given(quantiles)
@unhurried
def test_the_slope_is_that_of_least_squares_on_the_middle_ranks(rows):
    value, population = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    intercept, slope = fitted(value, population)
    found = slope_index(value, population, standard_error=value)
    np.testing.assert_allclose([found.intercept, found.value], [intercept, slope], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("kind", "forward", "back"), [("rate", np.log, np.exp), ("proportion", logit, expit)])
def test_a_transformed_index_compares_the_ends_of_a_line_taken_back(kind, forward, back):
    intercept, slope = fitted(forward(VALUE), POPULATION)
    found = slope_index(VALUE, POPULATION, standard_error=ERROR, kind=kind, transform=True)
    assert found.value == pytest.approx(back(intercept + slope) - back(intercept), rel=1e-12)
    assert found.ratio == pytest.approx(back(intercept + slope) / back(intercept), rel=1e-12)


def test_normal_limits_are_1_96_standard_errors_away():
    slopes = [fitted(VALUE + ERROR * unit, POPULATION)[1] - fitted(VALUE, POPULATION)[1] for unit in np.eye(5)]
    error = np.sqrt(np.sum(np.square(slopes)))
    found = slope_index(VALUE, POPULATION, standard_error=ERROR)
    assert found.standard_error == pytest.approx(error, rel=1e-9)
    assert found.ci_high - found.value == pytest.approx(Z * error, rel=1e-9)
    assert found.value - found.ci_low == pytest.approx(Z * error, rel=1e-9)


def test_fieller_limits_are_the_ratios_that_data_just_do_not_contradict():
    found = slope_index(VALUE, POPULATION, standard_error=ERROR)

    def contradiction(ratio, value):
        intercept, slope = fitted(value, POPULATION)
        return intercept + slope - ratio * intercept

    for ratio in (found.ratio_low, found.ratio_high):
        error = np.sqrt(sum(contradiction(ratio, ERROR * unit) ** 2 for unit in np.eye(5)))
        assert abs(contradiction(ratio, VALUE)) == pytest.approx(Z * error, rel=1e-9)


def test_closed_limits_are_those_that_simulation_finds():
    drawn = VALUE + ERROR * np.random.default_rng(5).standard_normal((40_000, 5))
    lines = np.array([fitted(unit, POPULATION) for unit in np.eye(5)])
    intercept, slope = (drawn @ lines).T
    found = slope_index(VALUE, POPULATION, standard_error=ERROR)
    for low, high, sample in (
        (found.ci_low, found.ci_high, slope),
        (found.ratio_low, found.ratio_high, 1 + slope / intercept),
    ):
        np.testing.assert_allclose(np.quantile(sample, [0.025, 0.975]), [low, high], atol=0.02 * (high - low))


def test_simulated_limits_are_percentiles_of_refitted_values():
    sigma = ERROR / VALUE
    drawn = np.exp(np.log(VALUE) + sigma * np.random.default_rng(6).standard_normal((40_000, 5)))
    slope = drawn @ np.array([fitted(unit, POPULATION)[1] for unit in np.eye(5)])
    found = slope_index(VALUE, POPULATION, standard_error=ERROR, kind="rate")
    np.testing.assert_allclose(
        np.quantile(slope, [0.025, 0.975]),
        [found.ci_low, found.ci_high],
        atol=0.02 * (found.ci_high - found.ci_low),
    )
    assert found.standard_error == pytest.approx(slope.std(), rel=0.02)


def test_the_relative_index_is_unknown_where_the_fitted_value_at_rank_0_may_be_0():
    found = slope_index([0.1, 1, 2, 3, 4], np.ones(5), standard_error=np.ones(5))
    assert np.isnan([found.ratio_low, found.ratio_high]).all()
    assert np.isfinite([found.ci_low, found.ci_high, found.ratio]).all()
    assert found.problems == ()


# --- slope index: what always holds


@each_way
def test_the_answer_has_the_same_fields_whatever_the_options(kind, transform):
    found = slope_index(VALUE, POPULATION, standard_error=ERROR, kind=kind, transform=transform)
    assert vars(found).keys() == vars(slope_index(VALUE, POPULATION, standard_error=ERROR)).keys()
    for name in ("value", "ci_low", "ci_high", "ratio", "ratio_low", "ratio_high", "intercept", "standard_error"):
        assert np.isfinite(getattr(found, name))
    assert found.ci_low < found.value < found.ci_high
    assert found.ratio_low < found.ratio < found.ratio_high


@pytest.mark.parametrize(
    ("kind", "transform", "methods"),
    [
        ("other", False, ("normal", "fieller")),
        ("rate", False, ("simulation", "simulation")),
        ("rate", True, ("transformed", "transformed")),
        ("proportion", True, ("transformed", "transformed")),
    ],
)
def test_the_answer_names_how_its_limits_were_made(kind, transform, methods):
    found = slope_index(VALUE, POPULATION, standard_error=ERROR, kind=kind, transform=transform)
    assert (found.interval_method, found.ratio_interval_method) == methods
    assert found.statistic == "slope_index"


@each_way
def test_the_same_seed_gives_the_same_limits(kind, transform):
    one, other = (
        slope_index(VALUE, POPULATION, standard_error=ERROR, kind=kind, transform=transform, repetitions=1000)
        for _ in range(2)
    )
    assert (one.ci_low, one.ci_high, one.ratio_low) == (other.ci_low, other.ci_high, other.ratio_low)


def test_another_seed_gives_nearly_the_same_limits():
    one, other = (slope_index(VALUE, POPULATION, standard_error=ERROR, kind="rate", seed=seed) for seed in (1, 2))
    assert one.ci_low != other.ci_low
    assert abs(one.ci_low - other.ci_low) < 0.02 * (one.ci_high - one.ci_low)


@each_way
def test_a_group_has_the_same_limits_alone_and_among_forty_others(kind, transform):
    options = {"kind": kind, "transform": transform, "repetitions": 500}
    rng = np.random.default_rng(1)
    value, population, group = rng.uniform(0.1, 0.4, 205), rng.integers(100, 900, 205), np.repeat(np.arange(41), 5)
    together = slope_index(value, population, standard_error=value / 10, group=group, **options)
    rows = group == 37
    alone = slope_index(value[rows], population[rows], standard_error=value[rows] / 10, **options)
    for name in ("value", "ci_low", "ci_high", "ratio", "ratio_low", "ratio_high", "standard_error"):
        assert getattr(together, name)[37] == pytest.approx(getattr(alone, name), rel=1e-9)


@each_way
def test_rows_in_any_order_give_the_same_with_their_ranks(kind, transform):
    order, options = [3, 0, 4, 1, 2], {"kind": kind, "transform": transform, "repetitions": 500}
    straight = slope_index(VALUE, POPULATION, standard_error=ERROR, **options)
    mixed = slope_index(
        VALUE[order], POPULATION[order], standard_error=ERROR[order], rank=np.arange(5)[order], **options
    )
    for name in ("value", "ci_low", "ratio", "ratio_high"):
        assert getattr(mixed, name) == pytest.approx(getattr(straight, name), rel=1e-12)


@each_way
def test_no_difference_is_index_0_and_ratio_1(kind, transform):
    found = slope_index(np.full(5, 0.2), POPULATION, standard_error=ERROR, kind=kind, transform=transform)
    assert found.value == pytest.approx(0, abs=1e-14)
    assert found.ratio == pytest.approx(1, rel=1e-14)
    assert found.ci_low < 0 < found.ci_high
    assert found.ratio_low < 1 < found.ratio_high


@each_way
@pytest.mark.parametrize("multiplier", [100, -1, -100])
def test_a_multiplier_scales_the_index_and_a_negative_one_turns_its_direction(kind, transform, multiplier):
    options = {"standard_error": ERROR, "kind": kind, "transform": transform, "repetitions": 500}
    plain = slope_index(VALUE, POPULATION, **options)
    found = slope_index(VALUE, POPULATION, multiplier=multiplier, **options)
    assert found.value == pytest.approx(plain.value * multiplier)
    assert sorted([found.ci_low, found.ci_high]) == pytest.approx(
        sorted([plain.ci_low * multiplier, plain.ci_high * multiplier])
    )
    assert found.ci_low < found.value < found.ci_high
    assert found.ratio_low < found.ratio < found.ratio_high
    assert found.ratio == pytest.approx(plain.ratio if multiplier > 0 else 1 / plain.ratio)


@pytest.mark.parametrize(("kind", "forward"), [("other", np.asarray), ("rate", np.log), ("proportion", logit)])
def test_limits_count_on_the_scale_where_values_are_normal(kind, forward):
    low, high = VALUE * 0.9, VALUE * 1.12
    slope_of = {"other": 1, "rate": VALUE, "proportion": VALUE * (1 - VALUE)}[kind]
    error = (forward(high) - forward(low)) / (2 * norm.ppf(0.95)) * slope_of
    one = slope_index(VALUE, POPULATION, limits=(low, high), limits_confidence=0.9, kind=kind, repetitions=500)
    other = slope_index(VALUE, POPULATION, standard_error=error, kind=kind, repetitions=500)
    assert one.ci_low == pytest.approx(other.ci_low, rel=1e-12)


@each_way
def test_several_confidence_levels_give_the_limits_a_last_axis(kind, transform):
    options = {"standard_error": np.tile(ERROR, 2), "kind": kind, "transform": transform, "repetitions": 500}
    value, population, group = np.tile(VALUE, 2), np.tile(POPULATION, 2), np.repeat(["a", "b"], 5)
    several = slope_index(value, population, group=group, confidence=[0.8, 0.95], **options)
    one = slope_index(value, population, group=group, **options)
    for name in ("ci_low", "ci_high", "ratio_low", "ratio_high"):
        assert getattr(several, name).shape == (2, 2)
        np.testing.assert_array_equal(getattr(several, name)[:, 1], getattr(one, name))


@each_way
def test_without_groups_the_answer_is_one_number(kind, transform):
    options = {"standard_error": ERROR, "kind": kind, "transform": transform, "repetitions": 500}
    found = slope_index(pd.Series(VALUE, index=list("edcba")), POPULATION, **options)
    assert [np.shape(part) for part in (found.value, found.ci_low, found.ratio_high)] == [(), (), ()]
    assert slope_index(VALUE, POPULATION, confidence=[0.95], **options).ci_low.shape == (1,)
    assert found.group is None


@each_way
def test_an_unknown_figure_makes_its_group_unknown_and_is_no_problem(kind, transform):
    value = np.tile(VALUE, 2)
    value[1] = np.nan
    found = slope_index(
        value, np.tile(POPULATION, 2), standard_error=np.tile(ERROR, 2), group=np.repeat(["a", "b"], 5),
        kind=kind, transform=transform, repetitions=500,
    )  # fmt: skip
    for name in ("value", "ci_low", "ci_high", "ratio", "ratio_low", "intercept", "standard_error"):
        np.testing.assert_array_equal(np.isnan(getattr(found, name)), [True, False])
    assert found.problems == ()


@pytest.mark.parametrize(
    ("kind", "row", "reason"),
    [
        ("other", {"population": 0}, "the population is not positive (row 7)"),
        ("other", {"error": -0.1}, "the standard error is negative (row 7)"),
        ("other", {"rank": 0}, "the rank comes twice (row 7)"),
        ("rate", {"value": 0}, "the value is not between 0 and inf (row 7)"),
        ("proportion", {"value": 1}, "the value is not between 0 and 1 (row 7)"),
    ],
)
def test_a_bad_row_is_reported_with_its_group_and_row_and_disturbs_no_other_group(kind, row, reason):
    columns = {"value": VALUE, "population": POPULATION, "error": ERROR, "rank": np.arange(5)}
    columns = {name: np.tile(column, 2).astype(float) for name, column in columns.items()}

    def index(columns):
        return slope_index(
            columns["value"], columns["population"], standard_error=columns["error"], rank=columns["rank"],
            group=np.repeat(["a", "b"], 5), kind=kind, repetitions=500,
        )  # fmt: skip

    good = index(columns)
    for name, figure in row.items():
        columns[name][7] = figure
    found = index(columns)
    assert found.problems == (Problem(1, reason),)
    assert np.isnan([found.value[1], found.ci_low[1], found.ratio_high[1], found.intercept[1]]).all()
    assert (found.value[0], found.ci_low[0], found.ratio_high[0]) == (
        good.value[0],
        good.ci_low[0],
        good.ratio_high[0],
    )


@pytest.mark.parametrize(
    ("low", "high", "reason"),
    [(0.4, 0.2, "the limits are in the wrong order (row 1)"), (0, 0.5, "a limit is not between 0 and inf (row 1)")],
)
def test_limits_that_make_no_sense_are_a_problem(low, high, reason):
    limits = (VALUE * 0.9, VALUE * 1.1)
    limits[0][1], limits[1][1] = low, high
    assert slope_index(VALUE, POPULATION, limits=limits, kind="rate").problems == (Problem(0, reason),)


def test_one_quantile_has_no_slope():
    found = slope_index([0.2], [100], standard_error=[0.1])
    assert found.problems == (Problem(0, "there are fewer than two rows"),)
    assert np.isnan(found.value)


def test_a_raised_error_lists_every_bad_group():
    with pytest.raises(MethodError) as caught:
        slope_index([1, 2, 3, 4], [1, -1, 1, 0], standard_error=1, group=["a", "a", "b", "b"], errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 1]


@each_way
def test_nothing_gives_nothing(kind, transform):
    options = {"standard_error": [], "kind": kind, "transform": transform, "repetitions": 10}
    found = slope_index([], [], group=[], confidence=[0.8, 0.95], **options)
    assert found.value.shape == (0,)
    assert found.ci_low.shape == found.ratio_high.shape == (0, 2)
    assert found.problems == ()
    assert np.isnan(slope_index([], [], **options).value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either standard_error or limits"),
        ({"standard_error": ERROR, "limits": (VALUE, VALUE)}, "either standard_error or limits"),
        ({"standard_error": ERROR, "transform": True}, "transform: needs kind"),
    ],
)
def test_options_that_do_not_fit_each_other_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        slope_index(VALUE, POPULATION, **options)


# --- quantile groups


def test_quantile_groups_agree_with_the_reference():
    rows = pd.read_csv(REFERENCE / "quantile_edge.csv")
    assert len(rows) == 216
    for (number, invert), part in rows.groupby(["nquantiles", "invert"]):
        found = quantile_groups(part["value"], number, group=part["case"], invert=invert)
        np.testing.assert_array_equal(found.value, part["quantile"])


def slow_quantile(value, values, groups):
    """One area at a time: how many lie below, and where that is among the groups, in fractions."""
    known = [other for other in values if not np.isnan(other)]
    if np.isnan(value) or len(known) < groups:
        return np.nan
    rank = 1 + sum(other < value for other in known)
    return groups + 1 - ceil(Fraction((len(known) + 1 - rank) * groups, len(known)))


values = st.lists(st.one_of(st.integers(0, 12), st.just(np.nan)), max_size=40)


@given(values, st.integers(1, 12))
@unhurried
def test_quantile_groups_are_those_of_areas_counted_one_by_one(values, groups):
    found = quantile_groups(values, groups, invert=False)
    np.testing.assert_array_equal(found.value, [slow_quantile(value, values, groups) for value in values])


@given(values, st.integers(1, 6))
@unhurried
def test_equal_areas_are_never_parted_and_higher_ones_never_in_a_lower_group(values, groups):
    found, values = quantile_groups(values, groups, invert=False).value, np.array(values)
    order = np.argsort(values)
    known = order[~np.isnan(found[order])]
    assert np.all(np.diff(found[known]) >= 0)
    assert np.all((np.diff(values[known]) > 0) | (np.diff(found[known]) == 0))


@pytest.mark.parametrize(("areas", "groups"), [(20, 4), (290, 10), (21, 1), (12, 12)])
def test_areas_that_divide_evenly_give_groups_of_the_same_size(areas, groups):
    found = quantile_groups(np.random.default_rng(0).permutation(areas), groups)
    np.testing.assert_array_equal(np.unique(found.value, return_counts=True)[1], areas // groups)


def test_whole_number_arithmetic_puts_an_area_on_a_boundary_where_it_belongs():
    found = quantile_groups(np.arange(28), 20, invert=False).value
    assert found[7] == slow_quantile(7, list(range(28)), 20) == 6
    assert np.floor(21 - np.ceil((28 + 1 - 8) / (28 / 20))) == 5  # in floating point


def test_the_highest_value_is_in_the_first_group_by_default():
    np.testing.assert_array_equal(quantile_groups([5, 9, 1, 7], 2).value, [2, 1, 2, 1])
    np.testing.assert_array_equal(quantile_groups([5, 9, 1, 7], 2, invert=False).value, [1, 2, 1, 2])


def test_each_group_of_areas_is_ranked_by_itself():
    found = quantile_groups([5, 90, 1, 70], 2, group=["a", "b", "a", "b"], invert=False)
    np.testing.assert_array_equal(found.value, [2, 2, 1, 1])


def test_fewer_areas_than_groups_is_a_problem_of_each_of_them():
    found = quantile_groups([5, 6, 7, 1, np.nan], 2, group=["a", "a", "a", "b", "b"])
    assert found.problems == (Problem(3, "there are fewer areas than quantile groups"),)
    np.testing.assert_array_equal(found.value, [2, 1, 1, np.nan, np.nan])


def test_a_table_keeps_its_shape_and_one_area_is_one_number():
    assert quantile_groups([[5, 6], [7, 8]], 2).value.shape == (2, 2)
    assert quantile_groups(5, 1).value == 1
    assert quantile_groups(5, 1).value.shape == ()


def test_no_areas_have_no_groups():
    assert quantile_groups([], 4).value.shape == (0,)
    assert quantile_groups([], 4).problems == ()


def test_a_raised_error_lists_every_area_without_a_group():
    with pytest.raises(MethodError) as caught:
        quantile_groups([5, 6], 4, errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 1]


def test_no_quantile_groups_at_all_are_refused():
    with pytest.raises(ValueError, match="expected 1 or more"):
        quantile_groups([5, 6], 0)
