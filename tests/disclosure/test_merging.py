"""Age bands shown as their sum: where that saves a table, where it would leak, and what the sum's row says."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from psykanalys.areas import official_areas
from psykanalys.disclosure import attack, protect, tables
from psykanalys.disclosure.merging import Merge, candidates, joined_age, known_merges, with_sums

THRESHOLD = 5
BANDS = ("0-14", "15-24", "25-34")
SAVED = ((0, 5, 0), (5, 2, 8))  # women, men


@pytest.fixture
def measures(make_indicator):
    count = make_indicator(id="persons", counts="persons", statistic="count", denominator=None, unit="patienter")
    share = make_indicator(id="share", counts="persons", denominator="Patienter i gruppen")
    return {"persons": count, "share": share}


@pytest.fixture
def run(measures, make_observations):
    def protected(rows: list[dict], **options):
        table = make_observations(*({"indicator": "persons", "published": "no", **row} for row in rows))
        return protect(table, measures, official_areas(), threshold=THRESHOLD, **options)

    return protected


def atoms_of(sex: str, age: str) -> list[int]:
    """Which of the six atoms (women by band, men by band) a row counts."""
    low, _, high = (age or "0-34").partition("-")
    bands = [place for place, band in enumerate(BANDS) if int(low) <= int(band.split("-")[0]) < int(high)]
    return [3 * side + band for side, letter in enumerate("KM") if sex in (letter, "T") for band in bands]


def row(counts: tuple[tuple[int, ...], ...], sex: str, age: str, **more) -> dict:
    flat = [count for line in counts for count in line]
    number = sum(flat[atom] for atom in atoms_of(sex, age))
    return {"id": f"{sex.lower()}-{age or 'all'}", "sex": sex, "age": age, "numerator": number, **more}


def by_sex_and_age(counts: tuple[tuple[int, ...], ...]) -> list[dict]:
    return [row(counts, sex, age) for sex in "KMT" for age in (*BANDS, "")]


def possible_counts(protected, total: int) -> dict[str, set[int]]:
    """For each hidden row its counts in every world in which all that is shown is so: an attacker of the test's own.

    It is told how many there are in all.
    """
    cuts = np.array(list(combinations(range(total + 5), 5)))
    ends = np.hstack([np.full((len(cuts), 1), -1), cuts, np.full((len(cuts), 1), total + 5)])
    worlds = np.diff(ends, axis=1) - 1
    rows = protected.observations.to_dict("records")
    counts = {each["id"]: worlds[:, atoms_of(each["sex"], each["age"])].sum(axis=1) for each in rows}
    fits = np.ones(len(worlds), dtype=bool)
    for each in rows:
        if pd.notna(each["numerator"]):
            fits &= counts[each["id"]] == each["numerator"]
    return {name: set(counts[name][fits].tolist()) for name in protected.hidden}


def shown(protected) -> set[str]:
    return set(protected.observations["id"]) - set(protected.hidden)


def test_a_sum_saves_the_margins(run, monkeypatch):
    rows = by_sex_and_age(SAVED)
    found = run(rows)
    monkeypatch.setattr(tables, "MOST_MERGES", 0)
    without = run(rows)
    margins = {each["id"] for each in rows if each["sex"] == "T" or not each["age"]}
    assert set(without.hidden) & margins
    assert not set(found.hidden) & margins
    assert len(shown(found)) > len(shown(without))
    assert found.merged == {f"{sex}-0-14-and-{sex}-15-24": (f"{sex}-0-14", f"{sex}-15-24") for sex in "km"}
    assert found.hidden["m-15-24"] == "primary"
    assert {found.hidden[name] for name in ("k-0-14", "k-15-24", "m-0-14")} == {"merged"}
    assert any("merged, 10 instead of 8 rows shown" in line for line in found.log)


def test_no_hidden_count_beside_a_sum_can_be_told(run):
    found = run(by_sex_and_age(SAVED))
    assert all(len(counts) >= THRESHOLD for counts in possible_counts(found, 20).values())


def test_a_third_row_that_tells_one_part_refuses_the_sum(run):
    third = [row(SAVED, sex, "15-34", published="yes") for sex in "KM"]  # all less these: the youngest
    found = run([*by_sex_and_age(SAVED), *third])
    assert "m-0-14-and-m-15-24" not in found.merged
    told = {name for name, counts in possible_counts(found, 20).items() if len(counts) < THRESHOLD}
    assert told <= set(found.open)


def test_a_sum_that_leaks_fails_the_attack(run):
    # The same sums with the third rows: the module's attacker finds what the sums would tell.
    third = [row(SAVED, sex, "15-34", published="yes") for sex in "KM"]
    table = run(by_sex_and_age(SAVED)).observations
    leaking = [*by_sex_and_age(SAVED), *third]
    sums = table[table["id"].str.contains("-and-")]
    assert len(sums) == 2
    names = {each["id"]: each for each in leaking} | {each["id"]: each for each in sums.to_dict("records")}
    parts = np.array([np.bincount(atoms_of(each["sex"], each["age"]), minlength=6) for each in names.values()])
    system = tables.System.of(parts, parts @ np.ravel(SAVED))
    hidden = np.isin(list(names), ["k-0-14", "k-15-24", "m-0-14", "m-15-24"])
    assert attack(system, hidden).narrow[list(names).index("m-15-24")]


def test_sums_of_random_tables_leak_nothing_and_show_more(run, monkeypatch):
    merged = 0
    for number in range(24):
        rng = np.random.default_rng([8, number])
        counts = rng.poisson(rng.exponential(4, (2, 3))) * (rng.random((2, 3)) < 0.7)
        if not 0 < counts.sum() <= 20:
            continue
        rows = by_sex_and_age(tuple(map(tuple, counts.tolist())))
        found = run(rows)
        if not found.merged or "t-all" in found.hidden:
            continue
        merged += 1
        for name, values in possible_counts(found, int(counts.sum())).items():
            assert len(values) >= THRESHOLD or name in found.open, (number, name)
        with monkeypatch.context() as patch:
            patch.setattr(tables, "MOST_MERGES", 0)
            without = run(rows)
        assert len(shown(found)) > len(shown(without)) or (without.open and not found.open)
    assert merged > 1


def test_a_sum_that_was_mailed_stays_a_sum(run):
    rows = by_sex_and_age(SAVED)
    first = run(rows)
    again = run(rows, known=shown(first))
    assert again.merged == first.merged
    assert set(again.hidden) == set(first.hidden)
    assert not again.open


def test_a_mailed_sum_and_a_mailed_part_tell_the_other(run):
    rows = by_sex_and_age(SAVED)
    found = run(rows, known={"m-0-14-and-m-15-24", "m-0-14"})
    assert "m-15-24" in found.open


def test_the_row_of_a_sum(make_observations):
    table = make_observations(
        {"id": "a", "age": "15-24", "numerator": 3, "denominator": 30, "places": "s:1 | s:2", "value": 10,
         "change": 2, "change_unit": "procent", "base_period": "2020", "caution": "Ny metod."},
        {"id": "b", "age": "25-34", "numerator": 9, "denominator": 50, "places": "s:2 | s:5", "caution": "Ny metod."},
        {"id": "c", "age": "35-44", "numerator": 9},
    )  # fmt: skip
    found = with_sums(table, [Merge("a", "b")])
    assert found["id"].tolist() == ["a", "a-and-b", "b", "c"]
    assert (found.dtypes == table.dtypes).all()
    row = found.iloc[1]
    assert (row["age"], row["numerator"], row["denominator"]) == ("15-34", 12, 80)
    assert (row["places"], row["status"], row["change_unit"]) == ("s:1 | s:2 | s:5", "exact", "")
    assert row["caution"] == "Ny metod. Summan av 15–24 och 25–34 år, som var för sig är skyddade."
    assert row[["value", "change", "base_period"]].isna().all()


@pytest.mark.parametrize(
    ("other", "may"),
    [
        ({}, True),
        ({"age": "26-34"}, False),
        ({"age": ""}, False),
        ({"sex": "M"}, False),
        ({"area": "25"}, False),
        ({"period": "2021"}, False),
        ({"dimension": "vårdform", "level": "öppen"}, False),
        ({"denominator": None}, False),
        ({"numerator": None}, False),
        ({"status": "approximate"}, False),
        ({"published": "yes"}, False),
        ({"source": "another"}, False),
        ({"numerator": 1}, False),  # the sum is small, too
    ],
)
def test_only_plain_sums_are_tried(other, may, make_observations):
    usual = {"published": "no", "sex": "K", "numerator": 3, "denominator": 40}
    table = make_observations(
        {"id": "a", "age": "15-24", **usual}, {"id": "b", **usual, "age": "25-34", "numerator": 9, **other}
    )
    rows = tables._records(table)
    ours = {row["id"] for row in rows if row["published"] == "no"}
    assert bool(candidates(rows, {"a"}, ours, 5)) is may
    assert not candidates(rows, set(), ours, 5)


def test_a_band_that_has_its_row_is_not_made_again(make_observations):
    ages = {"a": "15-24", "b": "25-34", "c": "15-34"}
    table = make_observations(
        *({"id": name, "age": age, "numerator": 9, "published": "no"} for name, age in ages.items())
    )
    assert not candidates(tables._records(table), {"a"}, {"a", "b", "c"}, 5)


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [("15-24", "25-34", "15-34"), ("55-64", "65-", "55-"), ("65-", "55-64", None), ("15-24", "24-34", None)],
)
def test_bands_that_touch(one, other, joined):
    assert joined_age(one, other) == joined


def test_the_id_of_a_sum_tells_both_parts():
    assert known_merges({"a-and-b", "c", "x-and-y"}, {"a", "b", "c"}) == [Merge("a", "b")]
    assert known_merges({"a-and-b"}, {"a", "b", "a-and-b"}) == []  # a row of that name
