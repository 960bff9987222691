from __future__ import annotations

import numpy as np
import pytest

from psykanalys.comparison import COUNTED, INSUFFICIENT, NOT_TOLD_APART, SURELY_HIGHER, compare_all, not_compared
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


def test_a_registers_last_year_is_compared_with_the_one_before_and_the_first(make_indicator, make_observations):
    years = ("2010", "2022", "2023", "2024")
    rows = make_observations(*({"numerator": 50, "denominator": 100, "period": year} for year in years))
    indicator = make_indicator()
    results = calculate({indicator.id: indicator}, rows)
    history = set(results.loc[results["when"] < "2024", "id"])
    found = [(each.period, each.against) for each in compare_all(results, "24", history)]
    assert sorted(found) == [("2024", "2010"), ("2024", "2023")]
    found = [(each.period, each.against) for each in compare_all(results, "24")]
    assert sorted(found) == [("2022", "2010"), ("2023", "2022"), ("2024", "2023")]
    mixed = results.assign(source=["document", *["register"] * 3])
    found = [(each.period, each.against) for each in compare_all(mixed, "24", history - {results["id"][0]})]
    assert sorted(found) == [("2024", "2022"), ("2024", "2023")]
    two = results[results["when"] >= "2023"]
    assert [each.against for each in compare_all(two, "24", history)] == ["2023"]


def test_other_sexes_and_periods_are_not_compared(compare):
    assert compare({"value": 30.0, "sex": "K"}, {"value": 22.0, "area": "00"}) == []
    assert compare({"value": 30.0, "period": "2018"}, {"value": 22.0, "area": "00", "period": "2017"}) == []


def test_a_group_is_named_as_the_document_names_it(compare):
    (comparison,) = compare({"value": 31.0}, {"value": 22.0, "area": "00", "comparator": "alla landsting"})
    assert (comparison.kind, comparison.against) == ("group", "alla landsting")


class TestStandingOut:
    def pair(self, own, nation, **more):
        x, n = own
        nation_x, nation_n = nation
        return (
            {"numerator": x, "denominator": n, **more},
            {"numerator": nation_x, "denominator": nation_n, "area": "00", **more},
        )

    def test_a_clear_difference_stands_out_and_the_family_is_counted(self, compare):
        rows = *self.pair((80, 100), (4080, 8000), level="a"), *self.pair((51, 100), (4051, 8000), level="b")
        by_level = {each.level: each.stands_out for each in compare(*rows)}
        assert by_level == {"a": True, "b": False}

    def test_a_total_and_its_sexes_are_one_member(self, compare):
        rows = [row for sex in "TKM" for row in self.pair((80, 100), (4080, 8000), sex=sex)]
        assert [each.stands_out for each in compare(*rows)].count(None) == 2

    def test_what_has_no_counts_or_is_a_census_is_no_member(self, compare):
        (printed,) = compare({"value": 40.0}, {"value": 20.0, "area": "00"})
        (counted,) = compare(*self.pair((80, 100), (4080, 8000)), nature="census")
        assert (printed.stands_out, counted.stands_out) == (None, None)

    def test_overlapping_periods_are_not_independent(self, compare):
        rows = [{"numerator": x, "denominator": 100, "period": p} for x, p in ((20, "2016/2019"), (80, "2017/2020"))]
        assert [each.stands_out for each in compare(*rows)] == [None]

    def test_on_null_data_at_most_one_county_in_twenty_is_said_to_stand_out(self):
        """Twelve comparisons in each of 2 000 counties whose truth is the nation's: a false find in at most 5 %."""
        from psykanalys import methods

        chance = np.random.default_rng(20261121)
        sizes = np.array([30, 50, 80, 120, 200, 300, 400, 500, 700, 900, 1500, 3000])
        own = chance.binomial(sizes, 0.3, size=(2000, len(sizes)))
        rest = chance.binomial(40 * sizes, 0.3, size=own.shape)
        p = methods.compare(own, sizes, rest + own, 41 * sizes, contains=True).p_value
        found = [bool((methods.adjust(row).value <= 0.05).any()) for row in p]
        assert np.mean(found) <= 0.05


def test_of_a_register_the_years_before_the_last_need_not_be_told(make_indicator, make_observations):
    indicator = make_indicator()
    rows = make_observations({"value": 30.0, "period": "2018"}, {"value": 22.0, "period": "2017", "area": "00"})
    results = calculate({indicator.id: indicator}, rows)
    assert not_compared(results, "24", frozenset(results["id"])) == []


def test_why_figures_of_one_measure_are_not_compared_is_told(make_indicator, make_observations):
    indicator = make_indicator()
    rows = make_observations({"value": 30.0, "period": "2018"}, {"value": 22.0, "period": "2017", "area": "00"})
    (reason,) = not_compared(calculate({indicator.id: indicator}, rows), "24")
    assert reason.reasons == ("when",)
