from __future__ import annotations

import pytest

from psykanalys.comparison import COUNTED, INSUFFICIENT, NOT_TOLD_APART, SURELY_HIGHER, compare_all
from psykanalys.indicators import calculate


@pytest.fixture
def compare(make_indicator, make_observations):
    def run(*rows: dict, **definition):
        indicator = make_indicator(**definition)
        results = calculate({indicator.id: indicator}, make_observations(*rows).assign(unit=indicator.unit))
        return compare_all(results, "24")

    return run


def test_without_counts_nothing_is_said_of_how_sure_a_difference_is(compare):
    (comparison,) = compare({"value": 137.21}, {"value": 123.20, "area": "00"})
    assert (comparison.word, comparison.against) == (INSUFFICIENT, "riket")
    assert comparison.difference == pytest.approx(14.01)


def test_the_area_is_subtracted_from_the_nation_that_contains_it(compare):
    own, nation = {"numerator": 50, "denominator": 100}, {"numerator": 80, "denominator": 200, "area": "00"}
    (comparison,) = compare(own, nation)
    # 50 of 100 against 30 of 100; against the whole nation's 80 of 200 the difference would not be sure
    assert comparison.word == SURELY_HIGHER


def test_a_census_is_counted_not_estimated(compare):
    (comparison,) = compare({"numerator": 9, "denominator": 15}, {"value": 50.0, "area": "00"}, nature="census")
    assert comparison.word == COUNTED


def test_two_periods_are_compared_in_order(compare):
    rows = (
        {"numerator": 50, "denominator": 100, "period": "2021"},
        {"numerator": 48, "denominator": 100, "period": "2020"},
    )
    (comparison,) = compare(*rows)
    assert (comparison.kind, comparison.against, comparison.word) == ("past", "2020", NOT_TOLD_APART)
    assert comparison.difference == pytest.approx(2)


def test_other_sexes_and_periods_are_not_compared(compare):
    assert compare({"value": 30.0, "sex": "K"}, {"value": 22.0, "area": "00"}) == []
    assert compare({"value": 30.0, "period": "2018"}, {"value": 22.0, "area": "00", "period": "2017"}) == []


def test_a_group_is_named_as_the_document_names_it(compare):
    (comparison,) = compare({"value": 31.0}, {"value": 22.0, "area": "00", "comparator": "alla landsting"})
    assert (comparison.kind, comparison.against) == ("group", "alla landsting")
