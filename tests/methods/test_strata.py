"""Rows by group and age band: totals, joins by key, and the groups that are set aside."""

import numpy as np
import pytest

from psykanalys.methods import MethodError, Problem
from psykanalys.methods.strata import (
    faults_of_groups,
    faults_of_rows,
    join,
    set_aside_groups,
    stratify,
)


def test_totals_come_in_the_order_of_the_labels():
    strata = stratify(["b", "a", "b"], 3)
    np.testing.assert_array_equal(strata.labels, ["a", "b"])
    np.testing.assert_array_equal(strata.total(np.array([1, 2, 4])), [2, 5])


def test_an_unknown_row_makes_its_own_total_unknown():
    np.testing.assert_array_equal(stratify([1, 1, 2], 3).total(np.array([1, np.nan, 4])), [np.nan, 4])


def test_without_labels_everything_is_one_group():
    strata = stratify(None, 3)
    assert strata.total(np.array([1, 2, 4])) == 7
    assert strata.total(np.array([1, 2, 4])).shape == ()


def test_rows_are_ordered_by_group_and_key_and_know_their_place():
    order, place = stratify(["b", "a", "b", "a"], 4).order(np.array([9, 5, 1, 7]))
    np.testing.assert_array_equal(order, [1, 3, 2, 0])
    np.testing.assert_array_equal(place, [0, 1, 0, 1])


def test_a_group_is_reported_once_with_its_first_fault_and_first_row():
    strata = stratify(["a", "b", "b", "c"], 4)
    faults = [
        faults_of_rows(strata, np.array([False, True, True, False]), "bad"),
        faults_of_groups(np.array([False, True, True]), "worse"),
    ]
    usable, problems = set_aside_groups(strata, faults, "collect")
    np.testing.assert_array_equal(usable, [True, False, False])
    assert problems == (Problem(1, "bad (row 1)"), Problem(2, "worse"))
    with pytest.raises(MethodError, match="element 1: bad"):
        set_aside_groups(strata, faults, "raise")


def test_a_mapping_is_joined_by_key_and_an_array_taken_as_it_is():
    strata = stratify(["a", "a", "b", "b"], 4)
    joined = join({"young": 3, "old": 1}, ["old", "young", "young", "old"], strata, "table")
    np.testing.assert_array_equal(joined.rows, [1, 3, 3, 1])
    assert not any(joined.faults)
    np.testing.assert_array_equal(join([4, 5, 6, 7], None, strata, "table").rows, [4, 5, 6, 7])


def test_keys_that_do_not_fit_are_faults_of_their_group():
    strata = stratify(["a", "a", "b", "b"], 4)
    foreign, missing = join({"young": 3, "old": 1}, ["young", "ancient", "young", "old"], strata, "table").faults
    assert foreign == {0: "the age band is not in the table (row 1)"}
    assert missing == {0: "age bands of the table are missing: old"}


def test_a_mapping_without_age_bands_is_refused():
    with pytest.raises(ValueError, match="the table is keyed by age band: age_band is needed"):
        join({"young": 3}, None, stratify(None, 1), "table")
