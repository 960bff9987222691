"""Over-dispersion: against the reference values, against a slow second implementation, and by what it is for."""

from math import asin, exp, fsum, log, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psykanalys.methods import MethodError, Problem
from psykanalys.methods.funnel import funnel_limits
from psykanalys.methods.overdispersion import overdispersion

REFERENCE = Path(__file__).parent / "reference"
METHODS = ["SHMI", "CQC", "proportion"]
each_method = pytest.mark.parametrize("method", METHODS)
unhurried = settings(deadline=None, max_examples=60)


# --- against the reference values


@pytest.mark.parametrize("case", ["mild", "none"])
@pytest.mark.parametrize("method", ["SHMI", "CQC"])
def test_every_figure_agrees_with_the_reference(case, method):
    rows, expected = (pd.read_csv(REFERENCE / f"overdispersion_{name}.csv") for name in ("inputs", "expected"))
    rows = rows[rows["case"] == case]
    expected = expected[(expected["case"] == case) & (expected["sr_method"] == method)]
    found = overdispersion(rows["numerator"], rows["denominator"], method=method)
    assert len(expected) == len(rows) == 21
    np.testing.assert_allclose(found.transformed, expected["Y"], rtol=1e-9)
    np.testing.assert_allclose(found.standard_error, expected["s"], rtol=1e-9)
    np.testing.assert_allclose(found.z, expected["z_unadjusted"], rtol=1e-9)
    np.testing.assert_allclose(found.z_kept, expected["z_trimmed"], rtol=1e-9)
    np.testing.assert_allclose(found.z_adjusted, expected["z_adjusted"], rtol=1e-9)
    np.testing.assert_allclose(expected["phi"], found.phi, rtol=1e-9)
    np.testing.assert_allclose(expected["tau2"], found.tau2, rtol=1e-9)
    np.testing.assert_array_equal(expected["n_used"], found.areas_used)


# --- against a slow second implementation


def slow(numerator, denominator, method):
    """Phi, tau² and adjusted z, one area at a time."""
    areas = list(zip(numerator, denominator, strict=True))
    pooled = sum(numerator) / sum(denominator)
    scale = {"SHMI": log, "CQC": sqrt, "proportion": lambda share: asin(sqrt(share))}[method]
    target = scale(pooled) if method == "proportion" else scale(1)
    error = [1 / sqrt(n) if method == "SHMI" else 0.5 / sqrt(n) for _, n in areas]
    z = [(scale(x / n) - target) / s for (x, n), s in zip(areas, error, strict=True)]
    low, high = (float(pd.Series(z).quantile(tail)) for tail in (0.1, 0.9))
    if method == "SHMI":
        kept = [(one, s) for one, s in zip(z, error, strict=True) if low - 1e-12 <= one <= high + 1e-12]
    else:
        kept = [(min(max(one, low), high), s) for one, s in zip(z, error, strict=True)]
    phi = fsum(one**2 for one, _ in kept) / len(kept)
    weights = [1 / s**2 for _, s in kept]
    excess = len(kept) * phi - (len(kept) - 1)
    tau2 = max(0.0, excess / (fsum(weights) - fsum(weight**2 for weight in weights) / fsum(weights)))
    return phi, tau2, [one * s / sqrt(s**2 + tau2) for one, s in zip(z, error, strict=True)]


areas = st.lists(st.tuples(st.integers(1, 300), st.integers(1, 300)), min_size=5, max_size=40)


@given(areas, st.sampled_from(METHODS))
@unhurried
def test_phi_and_tau2_are_those_of_areas_taken_one_by_one(rows, method):
    numerator, denominator = ([min(row) for row in rows], [max(row) for row in rows])
    found = overdispersion(numerator, denominator, method=method)
    phi, tau2, adjusted = slow(numerator, denominator, method)
    assert found.phi == pytest.approx(phi, rel=1e-9, abs=1e-12)
    assert found.tau2 == pytest.approx(tau2, rel=1e-7, abs=1e-12)
    np.testing.assert_allclose(found.z_adjusted, adjusted, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("areas", [11, 21, 71, 101])
def test_an_area_on_the_quantile_is_not_beyond_it(areas):
    numerator = np.random.default_rng(areas).permutation(areas) + 50
    found = overdispersion(numerator, np.full(areas, 100 + areas / 2))
    assert found.areas_used == areas - 2 * (areas // 10)


# --- what it is for


def spread(areas, tau, seed):
    rng = np.random.default_rng(seed)
    expected = rng.uniform(200, 2000, areas)
    return rng.poisson(expected * np.exp(tau * rng.standard_normal(areas))), expected


@pytest.mark.parametrize("method", ["SHMI", "CQC"])
def test_tau_is_found_again_where_areas_were_made_with_it(method):
    found = overdispersion(*spread(4000, 0.2, 1), method=method, tail=0)
    assert sqrt(found.tau2) == pytest.approx(0.2 if method == "SHMI" else 0.1, rel=0.08)


@each_method
def test_areas_that_only_vary_by_chance_have_phi_about_1_and_next_to_no_tau2(method):
    rng = np.random.default_rng(4)
    n = rng.integers(300, 3000, 4000)
    x = rng.binomial(n, 0.3) if method == "proportion" else rng.poisson(n)
    found = overdispersion(x, n, method=method, tail=0)
    assert found.phi == pytest.approx(1, abs=0.1)
    assert sqrt(found.tau2) < 0.01


def test_widened_limits_hold_about_95_percent_where_the_plain_ones_hold_far_fewer():
    numerator, expected = spread(4000, 0.2, 2)
    found = overdispersion(numerator, expected, tail=0)
    plain = funnel_limits(1, expected, kind="ratio")
    assert np.mean((found.value >= found.ci_low[:, 0]) & (found.value <= found.ci_high[:, 0])) > 0.93
    assert np.mean((found.value >= plain.ci_low[:, 0]) & (found.value <= plain.ci_high[:, 0])) < 0.5


@each_method
def test_an_area_is_outside_its_limits_when_its_adjusted_z_is(method):
    rng = np.random.default_rng(5)
    n = rng.integers(50, 900, 60)
    x = rng.binomial(n, rng.uniform(0.3, 0.8, 60))
    found = overdispersion(x, n, method=method, levels=0.95)
    np.testing.assert_array_equal(found.value < found.ci_low, found.z_adjusted < -1.959964)
    np.testing.assert_array_equal(found.value > found.ci_high, found.z_adjusted > 1.959964)


@each_method
def test_limits_stay_where_values_can_be(method):
    found = overdispersion([1, 9, 2, 8, 1], [9, 9, 8, 9, 2], method=method, levels=0.9999)
    assert np.all(found.ci_low >= 0)
    assert method != "proportion" or np.all(found.ci_high <= 1)


def test_the_multiplicative_adjustment_divides_by_the_root_of_phi_and_never_narrows():
    wide, narrow = overdispersion(*spread(40, 0.3, 3)), overdispersion([99, 101, 100, 102], [100] * 4)
    assert wide.phi > 1 > narrow.phi
    np.testing.assert_allclose(wide.z_multiplicative, wide.z / sqrt(wide.phi))
    np.testing.assert_array_equal(narrow.z_multiplicative, narrow.z)


def test_limits_are_taken_back_to_the_ratio_and_scaled():
    found = overdispersion([90, 130, 80, 120, 100], [100] * 5, per=100, levels=0.95)
    half = 1.959963984540054 * sqrt(0.01 + found.tau2)
    np.testing.assert_allclose(found.ci_low, 100 * exp(-half))
    np.testing.assert_allclose(found.ci_high, 100 * exp(half))
    np.testing.assert_allclose(found.value, [90, 130, 80, 120, 100])


# --- what always holds


@each_method
def test_impossible_and_unknown_areas_have_no_part(method):
    good = overdispersion([3, 9, 4, 8, 5], [10, 20, 12, 9, 11], method=method)
    found = overdispersion([3, 9, 4, 8, 5, -1, 5, np.nan], [10, 20, 12, 9, 11, 10, 0, 10], method=method)
    assert found.problems == (
        Problem(5, "the numerator is negative"),
        Problem(6, "the denominator is not positive"),
    )
    assert (found.phi, found.tau2, found.areas_used) == (good.phi, good.tau2, good.areas_used)
    np.testing.assert_array_equal(found.z_adjusted[:5], good.z_adjusted)
    assert np.isnan([found.value[5:], found.z[5:], found.z_adjusted[5:]]).all()


@pytest.mark.parametrize(
    ("method", "row", "reason"),
    [
        ("SHMI", (0, 10), "no events have no logarithm; use method='CQC'"),
        ("proportion", (11, 10), "the numerator is larger than the denominator"),
    ],
)
def test_what_a_method_cannot_transform_is_a_problem(method, row, reason):
    found = overdispersion([3, row[0], 4], [10, row[1], 12], method=method)
    assert found.problems == (Problem(1, reason),)
    assert overdispersion([3, row[0], 4], [10, row[1], 12], method="CQC").problems == ()


@each_method
@pytest.mark.parametrize(("numerator", "denominator"), [([], []), ([4], [9]), ([np.nan] * 2, [9, 9])])
def test_fewer_than_two_areas_have_no_spread(method, numerator, denominator):
    found = overdispersion(numerator, denominator, method=method)
    assert np.isnan([found.phi, found.tau2]).all()
    assert found.value.shape == found.z_adjusted.shape == np.shape(numerator)
    assert np.isnan(found.z_adjusted).all()
    assert found.problems == ()


@each_method
def test_levels_are_the_last_axis(method):
    found = overdispersion([3, 9, 4], [10, 20, 12], method=method)
    assert found.ci_low.shape == (3, 2)
    assert overdispersion([3, 9, 4], [10, 20, 12], method=method, levels=0.95).ci_low.shape == (3,)
    np.testing.assert_array_equal(
        found.ci_low[:, 1], overdispersion([3, 9, 4], [10, 20, 12], method=method, levels=0.998).ci_low
    )


@each_method
def test_a_series_gives_the_same_as_an_array_whatever_its_index(method):
    x, n = (pd.Series(column, index=list("abc")) for column in ([3, 9, 4], [10, 20, 12]))
    np.testing.assert_array_equal(
        overdispersion(x, n, method=method).z_adjusted,
        overdispersion([3, 9, 4], [10, 20, 12], method=method).z_adjusted,
    )


def test_a_raised_error_lists_every_problem():
    with pytest.raises(MethodError) as caught:
        overdispersion([-1, 3, 2], [9, 9, 0], errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 2]
