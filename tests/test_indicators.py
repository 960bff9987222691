from __future__ import annotations

import math

import pandas as pd
import pytest

from psykanalys.indicators import calculate


@pytest.fixture
def result(make_indicator, make_observations):
    def one(observation: dict, survey=None, **definition):
        indicator = make_indicator(**definition)
        table = calculate({indicator.id: indicator}, make_observations(observation), survey)
        return table.iloc[0]

    return one


def test_a_share_is_calculated_from_its_printed_counts(result):
    row = result({"numerator": 28, "denominator": 39})
    assert row["value"] == pytest.approx(100 * 28 / 39)
    assert row["ci_low"] < row["likely_low"] < row["value"] < row["likely_high"] < row["ci_high"]
    assert (row["interval_method"], row["statistic"]) == ("exact", "proportion")


def test_an_unknown_count_stays_unknown(result):
    row = result({"denominator": 39, "status": "not_reported"})
    assert row[["value", "ci_low", "ci_high"]].isna().all()


def test_a_printed_share_keeps_its_value_and_gets_no_interval(result):
    row = result({"value": 28.0})
    assert (row["value"], bool(row["has_counts"])) == (28.0, False)
    assert math.isnan(row["ci_low"])


def test_a_census_has_no_interval(result):
    row = result({"numerator": 28, "denominator": 39}, nature="census")
    assert row["value"] == pytest.approx(100 * 28 / 39)
    assert row[["ci_low", "ci_high"]].isna().all()


def test_an_impossible_pair_does_not_take_the_others_with_it(make_indicator, make_observations):
    indicator = make_indicator()
    rows = make_observations({"numerator": 40, "denominator": 39}, {"numerator": 28, "denominator": 39})
    table = calculate({indicator.id: indicator}, rows)
    assert table["value"].isna().tolist() == [True, False]


def test_events_have_exact_poisson_limits(result):
    row = result({"numerator": 57}, statistic="count", nature="events", unit="självmord", denominator=None)
    assert row["value"] == 57
    assert (round(row["ci_low"], 1), round(row["ci_high"], 1)) == (43.2, 73.9)


def test_a_rate_is_events_per_exposure(result):
    row = result(
        {"numerator": 30, "denominator": 250_000}, statistic="rate", per=100000, nature="events", unit="per 100000"
    )
    assert row["value"] == pytest.approx(12)


def test_non_response_gives_bounds_over_all_that_were_asked(result):
    survey = pd.DataFrame([{"source": "follow-up", "kind": "frame", "count": 38}])
    row = result({"numerator": 11, "denominator": 31}, survey, nature="census_with_nonresponse")
    assert (row["worst"], row["best"]) == (pytest.approx(100 * 11 / 38), pytest.approx(100 * 18 / 38))


def test_published_limits_are_kept(result):
    row = result({"value": 30.0, "ci_low": 25.0, "ci_high": 35.0})
    assert (row["ci_low"], row["ci_high"]) == (25.0, 35.0)
    assert math.isnan(row["likely_low"])


def test_no_observations_give_no_results(make_indicator, make_observations):
    indicator = make_indicator()
    assert calculate({indicator.id: indicator}, make_observations({"value": 1.0}).head(0)).empty
