"""A row that is shown as the sum of two protected ones, from the raw data to page, twin, export, trace and mail."""

from __future__ import annotations

import json
import re

import pytest
from in_process import make, rewrite, shipped, small_project

import psykanalys
from psykanalys.analysis import protect_all
from psykanalys.data import contract
from psykanalys.data.prepare import load_prepared
from psykanalys.export import export_table
from psykanalys.mail import guard, log
from psykanalys.present.twin import written
from psykanalys.references import reference
from psykanalys.report.gate import leaks_in

OBSERVATIONS = "norrbotten-plan-2016/observations"
BANDS = ("0-14", "15-24", "25-34", "")
COUNTS = {"K": (0, 5, 0, 5), "M": (5, 2, 8, 15), "T": (5, 7, 8, 20)}
NAMES = {
    (sex, band): f"nb16-obs-made-{sex.lower()}-{band or 'all'}".replace("--", "-") for sex in COUNTS for band in BANDS
}
PARTS = (NAMES["M", "0-14"], NAMES["M", "15-24"])
SUM = "-and-".join(PARTS)


def with_ages(rows):
    (row,) = [row for row in rows if row["id"] == "nb16-obs-suicides-2014"]
    own = {"period": "2015", "published": "no", "caution": ""}
    made = [
        {**row, **own, "id": NAMES[sex, band], "sex": sex, "age": band, "numerator": str(count)}
        for sex, counts in COUNTS.items()
        for band, count in zip(BANDS, counts, strict=True)
    ]
    made[4]["places"] = f"{row['places']} | norrbotten-plan-2016:3"
    return [*rows, *made]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = small_project(tmp_path_factory.mktemp("merged"))
    rewrite(made, OBSERVATIONS, with_ages)
    return made


@pytest.fixture(scope="module")
def report(project):
    return psykanalys.load("norrbotten", project=project)


def test_the_sum_is_shown_and_its_parts_are_not(report):
    rows = report.results.set_index("id")
    assert report.analysis.protected.merged[SUM] == PARTS
    assert (rows.loc[SUM, "numerator"], rows.loc[SUM, "age"], rows.loc[SUM, "status"]) == (7, "0-24", "exact")
    assert rows.loc[list(PARTS), "status"].tolist() == ["suppressed", "suppressed"]
    assert rows.loc[list(PARTS), ["numerator", "value"]].isna().all(axis=None)


def test_the_sum_is_a_row_of_the_contract(report):
    row = report.analysis.tables_by_kind["observations"].set_index("id", drop=False).loc[SUM].dropna()
    cells = {name: str(row.get(name, "")).removesuffix(".0") for name in contract.columns("observations")}
    read = contract.Observation.model_validate(cells)
    assert read.numerator == 7
    assert len(read.places) == 2


def test_the_sum_leads_back_to_both_raw_rows(report):
    (found,) = report.trace(SUM).references
    assert found.rows == PARTS
    assert found.text.startswith("7\u00a0")
    assert len(found.places) == 2
    assert any(step.startswith("sum: of") for step in found.steps)
    assert not re.search(r"numerator [0-9]", report.trace(SUM).to_text())


def test_page_and_twin_show_the_sum_and_pass_the_gate(project, report):
    page, twin = make(project, shipped(project))
    text = written(twin)
    files = {"norrbotten.html": page.encode(), "norrbotten.json": text.encode()}
    assert reference("r", SUM) in page
    (entry,) = [each for each in json.loads(text)["figures"] if each["ref"] == reference("r", SUM)]
    assert (entry["suppressed"], entry["rows"]) == (False, [f"observations/{SUM}"])
    assert SUM in json.loads(text)["rows"]["observations"]
    assert leaks_in(files, report) == []


def test_the_sum_is_in_the_export(project):
    table = export_table("observations", project, "norrbotten").set_index("id")
    assert table.loc[SUM, "numerator"] == 7
    assert table.loc[list(PARTS), "numerator"].isna().all()


def test_a_report_that_was_mailed_with_the_sum_can_be_mailed_again(project, report, monkeypatch):
    rows = report.results
    sent = rows.loc[rows["status"] != "suppressed", "id"]
    monkeypatch.setattr(log, "mailed_cells", lambda _: [log.Cell("norrbotten", row, "0") for row in sent])
    guard.check_earlier(project, guard.Report("norrbotten", report, "", "", {}))
    again = protect_all(load_prepared(project), report.threshold, set(sent))
    assert again.merged == report.analysis.protected.merged
    assert again.hidden.keys() == report.analysis.protected.hidden.keys()
