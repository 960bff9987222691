"""Observations protected: every way that printed figures hang together, against an attacker who knows it by hand.

The attacker here is not the module's: for each case the relations that a reader sees are written out (`relations`), and
plain linear programming bounds each hidden count from what is still shown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from psykanalys.areas import Area, official_areas
from psykanalys.disclosure import protect

FIGURES = ["numerator", "denominator", "value", "value_low", "value_high", "change", "ci_low", "ci_high", "yes_no"]
THRESHOLD = 5


@pytest.fixture
def measures(make_indicator):
    share = make_indicator(id="share", counts="persons", denominator="Patienter i gruppen")
    other = make_indicator(id="other_share", counts="persons", denominator="Patienter i gruppen")
    count = make_indicator(id="persons", counts="persons", statistic="count", denominator=None, unit="patienter")
    rate = make_indicator(
        id="rate", counts="persons", statistic="rate", per=1000, denominator="Invånare", unit="per 1000"
    )
    units = make_indicator(id="units", counts="units", statistic="count", denominator=None, unit="enheter")
    return {measure.id: measure for measure in (share, other, count, rate, units)}


@pytest.fixture
def run(measures, make_observations):
    def protected(*rows: dict, areas: dict | None = None, **options):
        usual = {"indicator": "persons", "published": "no"}
        table = make_observations(*({**usual, **row} for row in rows))
        return protect(table, measures, areas or official_areas(), threshold=THRESHOLD, **options)

    return protected


def counts(**numerators: int) -> list[dict]:
    """Rows of the count measure: keys are 'area_sex' or 'area_sex_period'."""
    rows = []
    for key, count in numerators.items():
        area, sex, *period = key.removeprefix("a").split("_")
        rows.append(
            {"id": key, "area": area, "sex": sex, "period": period[0] if period else "2022", "numerator": count}
        )
    return rows


def cannot_be_told(protected, rows: list[dict], relations: list[dict[str, int]], column: str = "numerator") -> None:
    """No hidden count can be bounded to fewer than THRESHOLD values by the relations and what is shown.

    A relation: names with whole-number weights that sum to zero; a name that is no row is an unknown of at least 0.
    """
    shown = protected.observations.set_index("id")[column]
    names = sorted({name for relation in relations for name in relation} | {row["id"] for row in rows})
    known = {name: shown[name] for name in names if name in shown.index and pd.notna(shown[name])}
    matrix = np.array([[relation.get(name, 0) for name in names] for relation in relations])
    bounds = [(known[name], known[name]) if name in known else (0, None) for name in names]
    for row in rows:
        if row["id"] in known or row.get(column) is None:
            continue
        at = np.array([float(name == row["id"]) for name in names])
        ends = [linprog(sign * at, A_eq=matrix, b_eq=np.zeros(len(matrix)), bounds=bounds) for sign in (1, -1)]
        assert ends[0].success
        high = np.inf if ends[1].status == 3 else -ends[1].fun
        assert high - ends[0].fun >= THRESHOLD - 1, f"{row['id']}: {ends[0].fun:g} to {high:g}"


def small_is_hidden(protected, *names: str) -> None:
    assert {name: protected.hidden[name] for name in names} == dict.fromkeys(names, "primary")


SUM = {"a24_T": 1, "a24_K": -1, "a24_M": -1}


def test_total_women_and_men(run):
    rows = counts(a24_T=30, a24_K=27, a24_M=3)
    found = run(*rows)
    small_is_hidden(found, "a24_M")
    assert len(found.hidden) == 2
    assert not found.open
    cannot_be_told(found, rows, [SUM])


def test_every_figure_of_a_hidden_row_is_gone(run):
    row = {
        "id": "one", "numerator": 3, "denominator": 70, "value": 4.3, "value_low": 4, "value_high": 5, "ci_low": 1,
        "ci_high": 12, "change": -2, "change_unit": "procent", "base_period": "2021", "wording": "lägre",
        "direction": "lower", "indicator": "share",
    }  # fmt: skip
    shown = run(row).observations.iloc[0]
    assert shown[FIGURES].isna().all()
    assert shown["status"] == "suppressed"
    assert shown["wording"] == shown["change_unit"] == ""
    assert pd.isna(shown["direction"])
    assert pd.isna(shown["base_period"])
    assert (shown["id"], shown["area"], shown["period"]) == ("one", "24", "2022")


def test_nothing_to_protect_leaves_the_very_table(measures, make_observations):
    table = make_observations({"indicator": "persons", "numerator": 30, "published": "no"})
    assert protect(table, measures, official_areas()).observations is table


def test_units_and_published_rows_are_untouched(run):
    rows = [
        {"id": "few-units", "indicator": "units", "numerator": 2},
        {"id": "public", "numerator": 2, "published": "yes"},
        {"id": "ours", "numerator": 3, "period": "2023"},
    ]
    found = run(*rows)
    assert set(found.hidden) == {"ours"}
    assert found.observations["numerator"].tolist()[:2] == [2, 2]


def test_some_municipalities_of_a_county(run):
    rows = counts(a24_T=60, a2480_T=40, a2482_T=3)
    found = run(*rows)
    assert set(found.hidden) == {"a2482_T"}  # what is left of the county is unknown
    cannot_be_told(found, rows, [{"a24_T": 1, "a2480_T": -1, "a2482_T": -1, "elsewhere": -1}])


def test_all_municipalities_of_a_county(run):
    codes = sorted(area.code for area in official_areas().values() if area.parent == "24")
    inner = {f"a{code}_T": 10 + place for place, code in enumerate(codes)}
    inner["a2480_T"] = 3
    rows = counts(a24_T=sum(inner.values()), **inner)
    found = run(*rows)
    small_is_hidden(found, "a2480_T")
    assert len(found.hidden) >= 2
    cannot_be_told(found, rows, [{"a24_T": 1} | dict.fromkeys(inner, -1)])


def test_parts_that_add_up_are_taken_for_all_parts(run):
    # Two units and no others: 26 + 4 = 30, so a reader sees that there are no others.
    units = [Area(f"24-{name}", name, "unit", "24") for name in ("own", "private")]
    areas = {**official_areas(), **{unit.code: unit for unit in units}}
    rows = [
        {"id": "all", "numerator": 30},
        {"id": "own", "area": "24-own", "numerator": 26},
        {"id": "private", "area": "24-private", "numerator": 4},
    ]
    found = run(*rows, areas=areas)
    assert len(found.hidden) >= 2
    cannot_be_told(found, rows, [{"all": 1, "own": -1, "private": -1}])


def test_subregion_and_its_municipalities(run):
    areas = {**official_areas(), "24-two": Area("24-two", "Två kommuner", "subregion", "24")}
    rows = [{"id": "two", "area": "24-two", "numerator": 43}, *counts(a2482_T=40, a2417_T=3, a24_T=90)]
    found = run(*rows, areas=areas, members={"24-two": ("2482", "2417")})
    assert len(found.hidden) >= 2
    cannot_be_told(found, rows, [{"two": 1, "a2482_T": -1, "a2417_T": -1}])


def test_nation_and_counties(run):
    rows = counts(a00_T=900, a24_T=80, a24_K=78, a24_M=2, a00_K=600, a00_M=300)
    found = run(*rows)
    small_is_hidden(found, "a24_M")
    cannot_be_told(found, rows, [SUM, {"a00_T": 1, "a00_K": -1, "a00_M": -1}])


def test_ages_that_partition_and_overlap(run):
    rows = [
        {"id": name, "age": age, "numerator": count}
        for name, age, count in (
            ("all", "", 70), ("young", "0-17", 20), ("adult", "18-64", 48), ("old", "65-", 2), ("grown", "18-", 50),
        )
    ]  # fmt: skip
    found = run(*rows)
    small_is_hidden(found, "old")
    split = [{"all": 1, "young": -1, "adult": -1, "old": -1}, {"grown": 1, "adult": -1, "old": -1}]
    cannot_be_told(found, rows, split)


def test_rolling_windows_of_years(run):
    by_year = {2016: 12, 2017: 3, 2018: 14, 2019: 11, 2020: 2, 2021: 13}
    rows = [{"id": f"y{year}", "period": str(year), "numerator": count} for year, count in by_year.items()]
    relations = []
    for start in range(2016, 2020):
        years = range(start, start + 3)
        rows.append({
            "id": f"w{start}", "period": f"{start}/{start + 2}", "numerator": sum(by_year[year] for year in years)
        })  # fmt: skip
        relations.append({f"w{start}": 1} | {f"y{year}": -1 for year in years})
    found = run(*rows)
    small_is_hidden(found, "y2017", "y2020")
    cannot_be_told(found, rows, relations)


def test_unique_patients_over_years_do_not_add_up_and_do_not_crash(run):
    rows = [
        {"id": "both-years", "period": "2021/2022", "numerator": 40},
        *counts(a24_T_2021=30, a24_T_2022=33, a24_K_2022=30, a24_M_2022=3),
    ]
    found = run(*rows)
    assert any("do not add up over time" in line for line in found.log)
    split = [{"a24_T_2022": 1, "a24_K_2022": -1, "a24_M_2022": -1}]  # this one still holds
    cannot_be_told(found, rows, split)
    assert len(found.hidden) >= 2


def test_sexes_that_do_not_add_up_do_not_crash(run):
    found = run(*counts(a24_T=30, a24_K=20, a24_M=4))
    small_is_hidden(found, "a24_M")
    assert any("sex" in line for line in found.log)


def test_two_documents_contradicting_each_other(run):
    rows = [*counts(a24_T=30, a24_K=27, a24_M=3), {"id": "second", "numerator": 31}]
    found = run(*rows)
    small_is_hidden(found, "a24_M")
    cannot_be_told(found, rows, [SUM])


def test_the_same_count_in_several_rows(run):
    rows = [*counts(a24_T=30, a24_K=27, a24_M=3), {"id": "again", "sex": "M", "numerator": 3, "dimension": ""}]
    found = run(*rows)
    small_is_hidden(found, "a24_M", "again")


@pytest.mark.parametrize("first", ["yes", "no"])
def test_count_that_one_row_makes_public_is_public(run, first):
    second = "no" if first == "yes" else "yes"
    found = run({"id": "one", "numerator": 3, "published": first}, {"id": "two", "numerator": 3, "published": second})
    assert not found.hidden
    assert not found.open


def test_share_times_printed_denominator(run):
    rows = [{"id": "a", "indicator": "share", "denominator": 40, "value": 7.5}]
    small_is_hidden(run(*rows), "a")


def test_share_times_a_denominator_printed_elsewhere(run):
    rows = [
        {"id": "share", "indicator": "share", "value": 7.5},
        {"id": "elsewhere", "indicator": "other_share", "numerator": 20, "denominator": 40, "value": 50},
    ]
    small_is_hidden(run(*rows), "share")


def test_rate_times_population(run):
    small_is_hidden(run({"id": "a", "indicator": "rate", "denominator": 1200, "value": 2.5}), "a")


def test_rate_of_a_large_population_is_shown(run):
    assert not run({"id": "a", "indicator": "rate", "denominator": 90000, "value": 2.5}).hidden


def test_events_more_than_persons(run):
    found = run({"id": "a", "indicator": "rate", "numerator": 70, "denominator": 50})
    assert not found.hidden
    assert not found.open


@pytest.mark.parametrize(
    ("value", "hidden"), [(33.333, True), (4.7619, True), (42.857, True), (33.3, False), (50, False)]
)
def test_many_decimals_tell_a_small_fraction(run, value, hidden):
    assert bool(run({"id": "a", "indicator": "share", "value": value}).hidden) is hidden


@pytest.mark.parametrize(("low", "high", "hidden"), [(1.2, 26.4, True), (9.0, 13.0, False)])
def test_width_of_an_interval_tells_the_counts(run, low, high, hidden):
    assert bool(run({"id": "a", "indicator": "share", "value": 11, "ci_low": low, "ci_high": high}).hidden) is hidden


def test_short_range_of_a_count(run):
    small_is_hidden(run({"id": "a", "value_low": 1, "value_high": 4}), "a")


def test_count_that_stands_in_the_value_column(run):
    small_is_hidden(run({"id": "a", "value": 3}), "a")


def test_complement_of_a_group(run):
    rows = [{"id": "a", "indicator": "share", "numerator": 38, "denominator": 39, "value": 97.4}]
    found = run(*rows)
    assert set(found.hidden) == {"a"}
    assert not found.open
    assert found.observations[["numerator", "denominator", "value"]].isna().all(axis=None)


def test_public_complement_is_public(run):
    rows = [
        {"id": "a", "indicator": "share", "numerator": 38, "denominator": 39, "published": "yes"},
        {"id": "b", "indicator": "share", "numerator": 30, "denominator": 90, "sex": "K"},
    ]
    found = run(*rows)
    assert not found.hidden
    assert not found.open


@pytest.mark.parametrize(
    ("numerator", "denominator", "hidden"), [(0, 12, True), (12, 12, True), (0, 45, False), (45, 45, False)]
)
def test_everybody_or_nobody(run, numerator, denominator, hidden):
    found = run({"id": "a", "indicator": "share", "numerator": numerator, "denominator": denominator})
    assert found.hidden == ({"a": "group"} if hidden else {})
    assert not found.open


def test_population_told_by_another_measure(run):
    # 38 of 39 must go; another measure prints the 39 of the same patients, and a third row their women and men.
    sizes, rows = {"T": 39, "K": 30, "M": 9}, []
    for measure, above in (("share", {"T": 38, "K": 29, "M": 9}), ("other_share", {"T": 20, "K": 14, "M": 6})):
        for sex, size in sizes.items():
            name = f"{measure.replace('_', '-')}-{sex}".lower()
            rows.append({"id": name, "indicator": measure, "sex": sex, "numerator": above[sex], "denominator": size})
    found = run(*rows)
    assert not found.open
    shown = found.observations.set_index("id")
    sides = [{f"{one}-t": 1, f"{one}-k": -1, f"{one}-m": -1} for one in ("share", "other-share")]
    cannot_be_told(found, rows, sides)
    # Who knows a population (printed by whichever measure) and the count above the line knows the rest.
    for sex in "tkm":
        size = shown.loc[[f"share-{sex}", f"other-share-{sex}"], "denominator"].max()
        rest = size - shown.loc[f"share-{sex}", "numerator"]
        assert pd.isna(rest) or not 0 < rest < THRESHOLD


def test_relations_of_one_measure_tell_the_population_of_another(run):
    # All = women + men in the second measure tells the men whom the first one does not print.
    rows = [
        {"id": "men", "indicator": "share", "sex": "M", "value": 7.5},
        {"id": "all", "indicator": "other_share", "numerator": 50, "denominator": 100},
        {"id": "women", "indicator": "other_share", "sex": "K", "numerator": 30, "denominator": 60},
    ]
    small_is_hidden(run(*rows), "men")  # 7.5 % of 40 men


def test_change_that_tells_the_hidden_count_before(run):
    rows = [
        {"id": "before", "period": "2021", "numerator": 3},
        {"id": "now", "numerator": 12, "change": 9, "change_unit": "patienter", "base_period": "2021"},
    ]
    found = run(*rows)
    small_is_hidden(found, "before")
    shown = found.observations.set_index("id").loc["now"]
    assert shown["numerator"] == 12
    assert pd.isna(shown["change"])
    assert pd.isna(shown["base_period"])
    assert shown["status"] == "exact"


def test_change_that_tells_a_small_count_that_no_row_has(run):
    row = {"id": "now", "numerator": 12, "change": 300, "change_unit": "procent", "base_period": "2021"}
    shown = run(row).observations.iloc[0]
    assert shown["numerator"] == 12
    assert pd.isna(shown["change"])


def test_change_that_tells_the_hidden_count_after(run):
    rows = [
        {"id": "before", "period": "2021", "numerator": 12},
        {"id": "now", "change": -9, "change_unit": "patienter", "base_period": "2021"},
    ]
    shown = run(*rows).observations.set_index("id")
    assert pd.isna(shown.loc["now", "change"]) or pd.isna(shown.loc["before", "numerator"])


def test_public_change_makes_the_count_before_public(run):
    rows = [
        {"id": "before", "period": "2021", "numerator": 3},
        {
            "id": "now",
            "numerator": 12,
            "change": 9,
            "change_unit": "patienter",
            "base_period": "2021",
            "published": "yes",
        },
    ]
    found = run(*rows)
    assert found.observations.set_index("id").loc["now", "change"] == 9
    assert not found.hidden


def test_rows_of_an_earlier_mail_cannot_be_hidden_any_more(run):
    rows = counts(a24_T=30, a24_K=27, a24_M=3)
    found = run(*rows, known={"a24_T", "a24_K"})
    assert found.hidden == {"a24_M": "primary"}
    assert found.open == ("a24_M",)  # 30 - 27


def test_earlier_mail_leaves_another_way(run):
    rows = counts(a24_T=30, a24_K=27, a24_M=3)
    found = run(*rows, known={"a24_K"})
    assert set(found.hidden) == {"a24_M", "a24_T"}
    assert not found.open


def test_levels_of_a_dimension(run):
    rows = [
        {"id": name, "dimension": "diagnos" if level else "", "level": level, "numerator": count}
        for name, level, count in (("all", "", 64), ("a", "ångest", 40), ("b", "psykos", 4), ("c", "övrigt", 20))
    ]
    found = run(*rows)
    small_is_hidden(found, "b")
    assert len(found.hidden) >= 2
    cannot_be_told(found, rows, [{"all": 1, "a": -1, "b": -1, "c": -1}])


def test_two_dimensions_of_one_whole(run):
    rows = [
        {"id": name, "dimension": dimension, "level": level, "numerator": count}
        for name, dimension, level, count in (
            ("all", "", "", 64), ("a1", "diagnos", "ångest", 60), ("a2", "diagnos", "psykos", 4),
            ("b1", "vårdform", "öppen", 50), ("b2", "vårdform", "sluten", 14),
        )
    ]  # fmt: skip
    found = run(*rows)
    small_is_hidden(found, "a2")
    cannot_be_told(found, rows, [{"all": 1, "a1": -1, "a2": -1}, {"all": 1, "b1": -1, "b2": -1}])


def test_comparison_groups_are_no_parts(run):
    rows = [*counts(a00_T=300), {"id": "mean", "area": "00", "comparator": "snitt", "numerator": 3}]
    assert set(run(*rows).hidden) == {"mean"}


def test_several_counties_with_the_same_measure(run):
    rows = counts(a24_T=30, a24_K=27, a24_M=3, a25_T=40, a25_K=20, a25_M=20)
    assert all(name.startswith("a24") for name in run(*rows).hidden)


def test_same_answer_whatever_the_order_of_rows(run):
    rows = counts(a24_T=30, a24_K=27, a24_M=3, a2480_T=12, a2480_K=10, a2480_M=2)
    assert set(run(*rows).hidden) == set(run(*rows).hidden) == set(run(*reversed(rows)).hidden)


def test_sex_by_age_by_area(run):
    rng = np.random.default_rng(3)
    leaves = {
        (area, sex, age): int(rng.poisson(6))
        for area in ("2480", "2482") for sex in "KM" for age in ("0-17", "18-64", "65-")
    }  # fmt: skip
    rows, relations = [], []
    for area in ("2480", "2482"):
        for sex in "KMT":
            for age in ("0-17", "18-64", "65-", ""):
                count = sum(
                    value for (a, s, g), value in leaves.items() if a == area and sex in (s, "T") and age in (g, "")
                )
                name = f"{area}-{sex}-{age or 'all'}".lower().rstrip("-")
                rows.append({"id": name, "area": area, "sex": sex, "age": age, "numerator": count})
    names = {(row["area"], row["sex"], row["age"]): row["id"] for row in rows}
    for (area, sex, age), name in names.items():
        if sex == "T":
            relations.append({name: 1, names[area, "K", age]: -1, names[area, "M", age]: -1})
        if not age:
            relations.append({name: 1} | {names[area, sex, one]: -1 for one in ("0-17", "18-64", "65-")})
    found = run(*rows)
    assert not found.open
    assert any(row["numerator"] in range(1, 5) for row in rows)
    cannot_be_told(found, rows, relations)
