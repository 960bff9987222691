"""Many comparisons: against the reference values, against the definitions, and by what always holds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psykanalys.methods.core import MethodError, Problem
from psykanalys.methods.multiplicity import adjust

REFERENCE = Path(__file__).parent / "reference"

each_method = pytest.mark.parametrize("method", ["bh", "holm"])
families = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@pytest.mark.parametrize(("method", "column"), [("bh", "BH"), ("holm", "holm")])
def test_adjusted_values_agree_with_the_reference(method, column):
    rows = pd.read_csv(REFERENCE / "multiple_comparison.csv").sample(frac=1, random_state=1)
    adjusted = adjust(rows["p"], method=method)
    assert adjusted.family == len(rows) == 21
    np.testing.assert_allclose(adjusted.value, rows[column], rtol=1e-9)


# --- against a slow second implementation


def named_at(family, level, method):
    """Which are firm at this level, straight from the step-up and step-down procedures."""
    order = sorted(range(len(family)), key=family.__getitem__)
    m = len(family)
    if method == "bh":
        kept = max((i + 1 for i in range(m) if family[order[i]] <= (i + 1) * level / m), default=0)
    else:
        kept = next((i for i in range(m) if family[order[i]] > level / (m - i)), m)
    return set(order[:kept])


@each_method
@given(families, st.floats(0.001, 0.999))
def test_those_below_a_level_are_those_that_the_procedure_names(method, family, level):
    adjusted = adjust(family, method=method).value
    if np.any(np.abs(adjusted - level) < 1e-9):
        return
    assert set(np.flatnonzero(adjusted <= level)) == named_at(family, level, method)


# --- what always holds


@each_method
@given(families)
def test_adjusting_never_lowers_never_reorders_and_stays_between_0_and_1(method, family):
    adjusted = adjust(family, method=method).value
    assert np.all(adjusted >= np.array(family) * (1 - 1e-15))
    assert np.all(adjusted <= 1)
    assert np.all(np.diff(adjusted[np.argsort(family)]) >= 0)


@given(families)
def test_the_false_discovery_rate_is_never_stricter_than_the_familywise_error(family):
    assert np.all(adjust(family).value <= adjust(family, method="holm").value * (1 + 1e-15))


@each_method
@given(families, st.integers(0, 30))
def test_an_unknown_p_is_no_part_of_the_family(method, family, place):
    place = min(place, len(family))
    adjusted = adjust([*family[:place], np.nan, *family[place:]], method=method)
    assert np.isnan(adjusted.value[place])
    assert adjusted.family == len(family)
    assert adjusted.problems == ()
    np.testing.assert_array_equal(np.delete(adjusted.value, place), adjust(family, method=method).value)


# --- what may be asked


@each_method
def test_one_comparison_is_left_as_it_is(method):
    adjusted = adjust(0.03, method=method)
    assert (adjusted.value, adjusted.family) == (0.03, 1)
    assert np.shape(adjusted.value) == np.shape(adjusted.ci_low) == ()


@each_method
def test_a_table_is_one_family_and_keeps_its_shape(method):
    table = np.array([[0.01, 0.2], [0.03, 1.0]])
    np.testing.assert_array_equal(
        adjust(table, method=method).value.ravel(), adjust(table.ravel(), method=method).value
    )


@each_method
def test_whole_numbers_and_series_count_the_same_as_floats(method):
    np.testing.assert_array_equal(adjust([0, 1], method=method).value, [0, 1])
    series = pd.Series([0.01, None, 0.5], index=list("xyz"))
    np.testing.assert_array_equal(adjust(series, method=method).value, adjust([0.01, np.nan, 0.5], method=method).value)


@each_method
@pytest.mark.parametrize("impossible", [-0.1, 1.1, np.inf])
def test_an_impossible_p_is_set_aside_and_no_part_of_the_family(method, impossible):
    adjusted = adjust([0.01, impossible, 0.5], method=method)
    assert adjusted.problems == (Problem(1, "p is not between 0 and 1"),)
    assert adjusted.family == 2
    np.testing.assert_array_equal(adjusted.value[[0, 2]], adjust([0.01, 0.5], method=method).value)


def test_a_raised_error_lists_every_problem():
    with pytest.raises(MethodError, match=r"element 0: .*; element 2: "):
        adjust([-1, 0.5, 2], errors="raise")


@each_method
def test_nothing_gives_nothing(method):
    adjusted = adjust([], method=method)
    assert adjusted.value.shape == adjusted.ci_low.shape == (0,)
    assert (adjusted.family, adjusted.problems) == (0, ())


@each_method
def test_all_unknown_is_an_empty_family(method):
    adjusted = adjust([np.nan, np.nan], method=method)
    assert np.isnan(adjusted.value).all()
    assert (adjusted.family, adjusted.problems) == (0, ())


def test_the_input_is_left_as_it_was():
    p = np.array([0.5, np.nan, 0.01, -1])
    adjust(p)
    np.testing.assert_array_equal(p, [0.5, np.nan, 0.01, -1])


def test_an_answer_names_its_method_and_has_no_limits():
    adjusted = adjust([0.1, 0.2], method="holm")
    assert (adjusted.statistic, adjusted.interval_method) == ("p_adjusted_holm", "none")
    assert np.isnan([adjusted.ci_low, adjusted.ci_high]).all()


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="expected 'bh' or 'holm'"):
        adjust([0.1], method="bonferroni")
