"""What holds between rows: one mistake is one fault, and what may be right is not called wrong."""

import pytest

from psykanalys.catalogue import load_catalogue
from psykanalys.data.checks import check, gather
from psykanalys.data.prepare import check_project, raw_files
from psykanalys.data.reader import read_table


@pytest.fixture
def found(small):
    """Where the faults of the small project are, without its folders."""

    def where() -> list[str]:
        faults = check_project(small.project)
        return [f"{fault.file.rpartition('/')[2]}:{fault.row}:{fault.column}" for fault in faults]

    return where


def test_a_project_that_holds_has_no_faults(small, found):
    assert found() == []


@pytest.mark.parametrize(
    ("name", "line", "cells"),
    [
        ("sources", 2, {"sha256": "?"}),
        ("goals", 2, {"level": "?"}),
        ("goals", 3, {"level": "?"}),
        ("units", 2, {"listed": "?"}),
        ("areas", 2, {"kind": "?"}),
        ("targets", 2, {"operator": "?"}),
        ("consultation", 2, {"answered": "?"}),
    ],
)
def test_a_row_with_a_fault_does_not_make_those_that_refer_to_it_wrong(small, found, name, line, cells):
    small.set(name, line, **cells)
    assert found() == [f"{name}.csv:{line}:{next(iter(cells))}"]


@pytest.mark.parametrize("name", ["sources", "goals", "units", "areas", "targets", "consultation"])
def test_a_file_that_cannot_be_read_is_one_fault(small, found, name):
    small.path(name).write_bytes(b"")
    assert found() == [f"{name}.csv:0:"]


def test_a_file_whose_name_is_misspelt_is_one_fault(small, found):
    small.path("goals").rename(small.path("goals").with_name("goal.csv"))
    assert found() == ["goal.csv:0:"]


def test_a_row_with_too_few_cells_is_one_fault(small, found):
    small.replace("goals", b",24,group-alcohol", b",24")
    assert found() == ["goals.csv:2:"]


def test_every_reference_of_every_kind_is_followed(small, found):
    for name, column in [
        ("goals", "parent"), ("activities", "goal"), ("activities", "responsible"), ("targets", "goal"),
        ("plan_indicators", "goals"), ("needs", "goals"), ("funding", "goals"), ("funding", "recipient"),
        ("consultation", "answered_by"), ("findings", "concerns"),
    ]:  # fmt: skip
        small.set(name, 2, **{column: "nowhere"})
    small.set("overrides", 2, target="nowhere")
    assert found() == [
        "overrides.csv:2:target", "activities.csv:2:goal", "activities.csv:2:responsible",
        "consultation.csv:2:answered_by", "findings.csv:2:concerns", "funding.csv:2:goals",
        "funding.csv:2:recipient", "goals.csv:2:parent", "needs.csv:2:goals", "plan_indicators.csv:2:goals",
        "targets.csv:2:goal",
    ]  # fmt: skip


def test_each_name_of_a_list_is_followed(small):
    small.set("findings", 2, concerns="goal-long | nowhere | party | nobody")
    assert [fault.what for fault in check_project(small.project)] == [
        "'nobody' does not exist",
        "'nowhere' does not exist",
    ]


def test_money_may_go_to_a_unit_or_to_an_area(small, found):
    small.set("funding", 2, recipient="unit-pv | area-umea")
    assert found() == []


def test_a_figure_may_be_of_the_nation_in_a_county_s_document(small, found):
    small.set("observations", 2, area="00")
    small.set("findings", 2, county_code="00")
    assert found() == []


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ("72", True),
        ("71", True),
        ("71,8", True),
        ("71,7", True),
        ("71,79", True),
        ("71,9", False),
        ("70", False),
        ("74", False),
    ],
)
def test_a_share_may_differ_from_its_counts_by_the_rounding_of_its_last_digit(small, found, value, holds):
    small.set("observations", 2, value=value)
    assert found() == ([] if holds else ["observations.csv:2:value"])


def test_a_share_that_a_finding_concerns_may_differ_from_its_counts(small, found):
    small.set("observations", 2, value="60")
    small.set("findings", 2, concerns="obs-units")
    assert found() == []


@pytest.mark.parametrize("column", ["value", "value_low", "value_high", "ci_low", "ci_high"])
@pytest.mark.parametrize("share", ["100,1", "-1"])
def test_no_part_of_a_share_is_outside_0_to_100(small, found, column, share):
    ends = {"value_low": "0", "value_high": "100", "ci_low": "0", "ci_high": "100", "numerator": "", "denominator": ""}
    small.set("observations", 2, **{**ends, column: share})
    below = {"value_low": "value_high", "ci_low": "ci_high"}.get(column) if share == "100,1" else None
    above = {"value_high": "value_high", "ci_high": "ci_high"}.get(column) if share == "-1" else None
    assert found() == [f"observations.csv:2:{below or above or column}"]


def test_0_and_100_per_cent_are_shares(small, found):
    small.set("observations", 2, numerator="0", value="0")
    small.set("observations", 3, numerator="9", value="100")
    assert found() == []


def test_a_rate_may_be_above_100(small, found):
    small.set("observations", 4, value_high="131,25")
    assert found() == []


@pytest.mark.parametrize("line", [4, 5])
def test_a_count_or_rate_is_not_negative(small, found, line):
    small.set("observations", line, value="-3")
    assert found() == [f"observations.csv:{line}:value"]


def test_a_change_may_be_negative(small, found):
    small.set("observations", 5, change="−12,5", change_unit="procent", base_period="2014")
    assert found() == []


def test_an_unpublished_count_of_units_reveals_nobody(small, found):
    small.set("observations", 2, published="no")
    assert found() == []


def test_an_area_code_is_used_once_and_is_not_an_official_one(small, found):
    small.add("areas", id="area-two")
    small.add("areas", id="area-three", code="2480", parent="9999")
    assert found() == ["areas.csv:3:code", "areas.csv:4:code", "areas.csv:4:parent"]


def test_a_duplicate_id_names_where_the_first_one_stands(small):
    small.set("observations", 5, id="goal-long")
    assert [fault.what for fault in check_project(small.project)] == [
        "'goal-long' is already the id of vb-plan/goals.csv row 2"
    ]


def test_faults_come_in_the_order_of_file_and_row(small):
    for line in (5, 2, 3):
        small.set("observations", line, sex="X")
    small.set("goals", 3, level="?")
    small.set("sources", 3, year="?")
    faults = check_project(small.project)
    assert faults == sorted(faults)
    assert [fault.row for fault in faults] == [3, 3, 2, 3, 5]


def test_the_same_rows_give_the_same_faults_in_whatever_order_the_files_are_read(small):
    small.set("goals", 2, level="?")
    small.set("activities", 2, responsible="nowhere")
    tables = [read_table(path) for path in raw_files(small.project)]
    forwards, backwards = (check(gather(order, load_catalogue())) for order in (tables, tables[::-1]))
    assert forwards == backwards
    assert len(forwards) == 2


def test_hidden_files_and_folders_are_no_raw_data(small, found):
    folder = small.path("goals").parent
    for path in (folder / "._goals.csv", folder / ".ipynb_checkpoints" / "goals-checkpoint.csv"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\0")
    checkpoints = small.root / "data" / "raw" / ".ipynb_checkpoints"
    checkpoints.mkdir()
    (checkpoints / "sources-checkpoint.csv").write_text("id\n")
    assert found() == []


def test_a_suffix_in_capitals_is_a_raw_file_too(small):
    small.path("goals").rename(small.path("goals").with_name("goals.CSV"))
    assert "goals.CSV" in {path.name for path in raw_files(small.project)}
    assert check_project(small.project) == []


def test_only_the_named_files_faults_are_told_and_the_others_are_still_looked_up(small):
    small.set("goals", 2, level="?")
    small.set("activities", 2, goal="nowhere", responsible="unit-pv")
    faults = check_project(small.project, [small.path("activities")])
    assert [fault.what for fault in faults] == ["'nowhere' does not exist"]


def test_a_file_outside_the_project_is_checked_as_if_it_lay_in_it(small, tmp_path):
    outside = tmp_path / "elsewhere" / "needs.csv"
    outside.parent.mkdir()
    text = small.path("needs").read_text(encoding="utf-8")
    outside.write_text(text.replace("need,", "other-need,").replace("goal-long", "nowhere"), encoding="utf-8")
    faults = check_project(small.project, [outside])
    assert [(fault.file, fault.row, fault.column) for fault in faults] == [(outside.as_posix(), 2, "goals")]


def test_a_raw_file_that_is_a_link_is_known_by_the_name_of_the_link(small):
    real = small.root / "version-2.csv"
    small.path("goals").rename(real)
    small.path("activities").with_name("goals.csv").symlink_to(real)
    assert check_project(small.project) == []
    small.set("goals", 2, level="?")
    for only in ([], [small.path("goals")]):
        assert [fault.file for fault in check_project(small.project, only)] == ["data/raw/vb-plan/goals.csv"]
