"""The shipped figures and definitions: held against the documents' numbers, read afresh."""

from __future__ import annotations

import pytest
import yaml

from psykanalys.catalogue import FOLDER, load_catalogue
from psykanalys.data.prepare import items, load_prepared
from psykanalys.records.counts import LIMITS, STEPS
from psykanalys.records.output import REPORTING


@pytest.fixture(scope="module")
def prepared(project):
    return load_prepared(project)


# place → (numerator, denominator, value, value_low, value_high) as the line prints them
FIGURES = {
    "vasterbotten-plan-2019:904": (28, 39, None, None, None),
    "vasterbotten-plan-2019:921": (29, 39, None, None, None),
    "vasterbotten-plan-2019:1014": (27, 39, None, None, None),
    "vasterbotten-plan-2019:1144": (35, 39, None, None, None),
    "vasterbotten-plan-2019:1309": (26, 38, None, None, None),
    "vasterbotten-plan-2019:990": (9, 15, None, None, None),
    "vasterbotten-plan-2019:1344": (None, None, 28.0, None, None),
    "vasterbotten-plan-2019:1354": (None, None, 46.0, None, None),
    "vasterbotten-plan-2019:1207": (24328, None, None, None, None),
    "vasterbotten-plan-2019:1220": (None, None, 28.9, None, None),
    "vasterbotten-survey-2019:180": (11, 31, None, None, None),
    "vasterbotten-survey-2019:129": (18, 31, None, None, None),
    "vasterbotten-followup-2022:165": (None, None, None, 70.0, 80.0),
    "vasterbotten-followup-2022:171": (178, None, None, None, None),
    "vasterbotten-followup-2022:218": (15, 15, None, None, None),
    "gavleborg-plan-2017:97": (2500, None, None, None, None),
    "gavleborg-plan-2017:1297": (None, None, 85.0, None, None),
    "norrbotten-plan-2016:357": (None, None, 137.21, None, None),
    "norrbotten-plan-2016:358": (None, None, 123.20, None, None),
    "norrbotten-plan-2016:321": (12, 14, None, None, None),
    "norrbotten-plan-2016:142": (26, 57, None, None, None),
}


@pytest.mark.parametrize("place", FIGURES)
def test_a_figure_stands_as_its_line_prints_it(prepared, place):
    table = prepared["observations"]
    rows = table[[place in items(places) for places in table["places"]]]
    columns = ["numerator", "denominator", "value", "value_low", "value_high"]
    found = [
        tuple(None if value != value else value for value in row)
        for row in rows[columns].astype(object).where(rows[columns].notna(), None).to_numpy()
    ]
    assert FIGURES[place] in found


def test_the_months_that_reported_add_up_to_the_units_that_reported(prepared):
    table = prepared["observations"]
    months = table[table["indicator"] == "health_centres_by_months_reported"]
    assert months["numerator"].sum() == 26


def test_the_parts_of_the_grants_do_not_add_up_and_a_finding_says_so(prepared):
    funding, findings = prepared["funding"], prepared["findings"]
    grants = funding[(funding["kind"] == "grant") & (funding["county_code"] == "24")].set_index("grant")["amount"]
    parts = funding[(funding["kind"] == "part") & funding["amount"].notna()].groupby("grant")["amount"].sum()
    off = {grant for grant, total in parts.items() if grant in grants and abs(total - grants[grant]) > 1e-9}
    assert len(off) >= 2
    assert (findings["kind"] == "arithmetic").sum() >= 2


def test_no_denominator_was_inferred(prepared):
    """A printed share has counts only where all three are printed."""
    table = prepared["observations"]
    both = table[table["value"].notna() & table["denominator"].notna()]
    assert set(both["indicator"]) <= {"bup_patients_share_by_sex"}


def test_every_definition_is_used_or_named_by_a_target(prepared):
    used = set(prepared["observations"]["indicator"]) | set(prepared["plan_indicators"]["indicator"].dropna())
    for column in ("indicator", "reported_indicator"):
        used |= set(prepared["targets"][column].dropna())
    used |= set(prepared["survey"]["indicator"].dropna())
    used |= made_from_records()
    assert set(load_catalogue()) == used


def made_from_records() -> set[str]:
    """The measures that `psykanalys records` makes."""
    parts = [*(f"within_{limit}" for limit in LIMITS), "queue", "median", "percentile_90"]
    return {f"wait_{step.name}_{part}" for step in STEPS for part in parts} | {REPORTING}


def test_every_definition_file_is_named_by_its_id_and_holds_no_code():
    for path in FOLDER.glob("*.yaml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert "id" not in content
        assert not any(mark in path.read_text(encoding="utf-8") for mark in ("{{", "lambda", "eval("))


def test_every_county_has_goals_in_all_five_focus_areas(prepared):
    goals = prepared["goals"]
    for county, rows in goals[goals["plan"] == "current"].groupby("county_code"):
        assert {number for areas in rows["focus_areas"] for number in items(areas)} == set("12345"), county


@pytest.mark.parametrize("script", ["generate.py", "generate_methods.py"])
def test_the_generated_pages_are_up_to_date(project, script):
    import subprocess
    import sys

    done = subprocess.run([sys.executable, project.root / "docs" / script, "--check"], check=False)
    assert done.returncode == 0
