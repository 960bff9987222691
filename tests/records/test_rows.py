"""Which rows are impossible, what is told of them, and which files are refused."""

from __future__ import annotations

import stat
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from psykanalys.cli import app
from psykanalys.errors import PsykanalysError
from psykanalys.records import checks
from psykanalys.records.contract import NAMES, Names, read_names
from psykanalys.records.convert import BROKEN_QUOTES, WRONG_CELLS
from psykanalys.records.run import read_units

from .conftest import CONTACT, write_extract

runner = CliRunner()
IMPOSSIBLE = [
    ("unreadable", "referral", {"referral": "2024-06-31"}),
    ("unreadable", "first_visit", {"first_visit": "infinity"}),
    ("unreadable", "age", {"age": "12,5"}),
    ("unreadable", "age", {"age": "1e1"}),
    ("unreadable", "waiting", {"waiting": "kanske"}),
    ("missing_id", "id", {"id": " "}),
    ("missing_area", "area", {"area": ""}),
    ("unknown_area", "area", {"area": "9999"}),
    ("unknown_area", "area", {"area": "00"}),
    ("unknown_sex", "sex", {"sex": "X"}),
    ("unknown_sex", "sex", {"sex": ""}),
    ("impossible_age", "age", {"age": "-1"}),
    ("impossible_age", "age", {"age": "121"}),
    ("impossible_age", "age", {"age": ""}),
    ("missing_waiting", "waiting", {"waiting": ""}),
    ("missing_referral", "referral", {"referral": ""}),
    ("too_early", "referral", {"referral": "1899-12-31"}),
    ("in_the_future", "", {"first_visit": "2024-07-01"}),
    ("visit_before_referral", "first_visit", {"first_visit": "2024-06-02"}),
    ("step_without_visit", "first_visit", {"first_visit": "", "assessment": "2024-06-05"}),
    ("assessment_before_visit", "assessment", {"assessment": "2024-06-09"}),
    ("treatment_before_visit", "treatment_start", {"treatment_start": "2024-06-09"}),
    ("closed_too_early", "closed", {"closed": "2024-06-09"}),
    ("closed_and_waiting", "closed", {"closed": "2024-06-12", "waiting": "yes"}),
    ("treated_and_waiting", "waiting", {"treatment_start": "2024-06-12", "waiting": "yes"}),
    ("no_outcome", "waiting", {"first_visit": ""}),
    ("chosen_too_long", "patient_chosen_days", {"patient_chosen_days": "8"}),
    ("chosen_too_long", "patient_chosen_days", {"patient_chosen_days": "-1"}),
]


@pytest.fixture
def impossible(tell):
    return tell([{}, *(row for _, _, row in IMPOSSIBLE), {"id": "same"}, {"id": "same"}])


def test_each_impossible_row_is_told_with_row_reason_and_column(impossible):
    expected = [(str(number), reason, column) for number, (reason, column, _) in enumerate(IMPOSSIBLE, 3)]
    last = len(IMPOSSIBLE) + 3
    assert impossible.quarantine == [*expected, *((str(row), "duplicate_id", "id") for row in (last, last + 1))]


def test_every_row_is_used_or_in_quarantine(impossible):
    done = impossible.done
    assert (done.rows, done.used) == (len(IMPOSSIBLE) + 3, 1)
    assert sum(done.quarantined.values()) == done.rows - done.used


def test_every_reason_is_tried_by_these_tests():
    known = {reason.code for reason in checks.reasons(pd.Timestamp("2024-06-30").date(), {"9999"})}
    assert known == {reason for reason, *_ in IMPOSSIBLE} | {"duplicate_id", WRONG_CELLS, BROKEN_QUOTES}


def test_the_report_is_told_how_many_rows_each_reason_has(impossible):
    told = dict(zip(*(impossible.table("findings")[name] for name in ("id", "description")), strict=True))
    start = "vasterbotten-contacts-2024-06-30-rows-"
    assert told[f"{start}impossible-age"] == "3 rader i utdraget saknar ålder eller har en ålder utanför 0–120 år."
    assert told[f"{start}unknown-area-everywhere"] == "2 rader i hela utdraget har en okänd områdeskod."


def test_the_edges_are_possible(tell):
    edges = [{"age": "0"}, {"age": "120"}, {"first_visit": "2024-06-03"}, {"patient_chosen_days": "7"},
             {"first_visit": "", "closed": "2024-06-03"}, {"referral": "2024-06-30", "first_visit": "2024-06-30"},
             {"first_visit": "", "waiting": "ja"}, {"referral": "20240603"}, {"first_visit": "2024-06-10 08:15:00"},
             {"first_visit": "2024-06-10T08:15"}, {"area": "24"}, {"unit": ""}]  # fmt: skip
    assert tell(edges).done.used == len(edges)


def test_only_the_user_may_read_what_holds_persons(impossible):
    files = [path for path in impossible.out.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_quarantine_is_gone_when_all_rows_hold(tell):
    tell([{"sex": "X"}, {}])
    told = tell([{}])
    assert told.done.quarantine is None
    assert not (told.out / "quarantine.csv").exists()


def test_a_formula_in_the_quarantine_is_text(tell):
    told = tell([{"unit": "=cmd()", "sex": "X"}])
    assert "'=cmd()" in (told.out / "quarantine.csv").read_text(encoding="utf-8")


def test_the_quarantine_never_lies_in_raw_data(tell, tmp_path):
    with pytest.raises(PsykanalysError, match="name a folder outside it"):
        tell([{}], out=tmp_path / "data" / "raw" / "waits")


def test_many_hashes_are_sorted_a_part_at_a_time(tell, monkeypatch):
    monkeypatch.setattr(checks, "PARTITION", 7)
    told = tell([{"id": str(number % 20)} for number in range(25)])
    assert told.done.quarantined == {"duplicate_id": 10}


# --- names and types


def test_a_systems_own_names_and_values_are_read(tell, tmp_path):
    mapping = tmp_path / "names.yaml"
    mapping.write_text(
        "columns: {id: Ärende, area: Kommun, sex: Kön, waiting: Väntar}\n"
        "values: {sex: {'2': K}, waiting: {V: ja, '': nej}}\n",
        encoding="utf-8",
    )
    own = {"id": "Ärende", "area": "Kommun", "sex": "Kön", "waiting": "Väntar"}
    columns = [own.get(name, name) for name in NAMES]
    row = {own.get(name, name): cell for name, cell in {**CONTACT, "id": "1", "sex": "2", "waiting": ""}.items()}
    path = tmp_path / "own.csv"
    pd.DataFrame([row], columns=columns).to_csv(path, index=False, sep="\t")
    assert tell([path], names=read_names(mapping)).counts("wait_first_visit_within_7") == ("1", "1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns: {idd: x}", "'idd' is no column — expected did you mean 'id'?"),
        ("columns: [id]", "columns is no list of names"),
        ("values: {sex: {1: K}}", "each name and value must be text"),
        ("kolumner: {}", "`columns:` and `values:`"),
        ("columns: &a {id: x}", "anchors and aliases"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_a_sentence(text, said, tmp_path):
    path = tmp_path / "names.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PsykanalysError) as raised:
        read_names(path)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "extract.csv:1:-: the file is empty"),
        ("id,Kön\n", "extract.csv:1:sex: the column is missing"),
        ("id,id\n", "extract.csv:1:id: the column stands there more than once"),
        (
            "id,area,age,sex,referral,first_visit,waiting\n1,2480\n",
            "extract.csv:2:-: Expected Number of Columns: 7 Found: 2",
        ),
        ("id,area,age,sex,referral,first_visit,waiting\n", "the extract has no rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(content, said, tell, tmp_path):
    path = tmp_path / "extract.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PsykanalysError) as raised:
        tell([path])
    assert said in str(raised.value)


def test_what_is_not_utf8_is_told_with_its_line(tell, tmp_path):
    path = write_extract(tmp_path / "extract.csv", [{}, {"unit": "Å"}])
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))
    with pytest.raises(PsykanalysError, match=r"extract\.csv:2:-: the row is not in UTF-8"):
        tell([path])


def test_codes_that_lost_their_zero_are_refused(tell, tmp_path):
    path = tmp_path / "extract.parquet"
    pd.DataFrame([{"id": 1, **CONTACT, "area": 180}]).to_parquet(path)
    with pytest.raises(PsykanalysError, match=r"extract\.parquet:1:area: the column has the type BIGINT — text"):
        tell([path])


def test_a_list_of_units_needs_its_columns(tmp_path):
    path = tmp_path / "units.csv"
    path.write_text("a;b\n1;2\n")
    with pytest.raises(PsykanalysError, match="the columns county and unit"):
        read_units(path)
    path.write_text("county;unit\n24;Malå\n", encoding="utf-8")
    assert read_units(path) == [("24", "Malå")]


# --- names are data


@pytest.mark.parametrize("name", ["a'; DROP TABLE waits; --.csv", "a*b.csv", "[ab]?.csv", 'q"{x}.csv'])
def test_a_file_name_is_no_sql_and_no_pattern(name, tell, tmp_path):
    for other in ("axb.csv", "a1.csv"):
        write_extract(tmp_path / other, [{}] * 5)
    assert tell([write_extract(tmp_path / name, [{}])]).done.rows == 1


def test_a_column_name_is_no_sql(tell, tmp_path):
    hostile = "x\"'); DROP VIEW extract; --"
    path = tmp_path / "extract.csv"
    pd.DataFrame([{**CONTACT, hostile: "1"}]).to_csv(path, index=False)
    assert tell([path], names=Names({"id": hostile})).done.used == 1
    values = {"sex": {"'": "K", "K": "'; DROP VIEW extract; --"}}
    assert tell([path], names=Names({"id": hostile}, values)).done.quarantined == {"unknown_sex": 1}


def test_the_database_opens_no_other_file(tmp_path):
    import duckdb

    from psykanalys.records.engine import Bounds, connected

    path, other = (write_extract(tmp_path / name, [{}]) for name in ("extract.csv", "other.csv"))
    with connected([path], Bounds()) as (connection, _):
        for query in (f"FROM read_csv('{other}')", f"COPY (SELECT 1) TO '{tmp_path / 'new.csv'}'", "INSTALL httpfs",
                      f"COPY (SELECT 1) TO '{tmp_path}/../new.csv'", "SET enable_external_access = true"):  # fmt: skip
            with pytest.raises(duckdb.Error):
                connection.execute(query)


def test_a_missing_database_says_what_to_install(tell, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(PsykanalysError, match=r"pip install 'psykanalys\[records\]'"):
        tell([{}])


# --- the command


def test_the_command_tells_rows_and_reasons(tmp_path):
    write_extract(tmp_path / "one.csv", [{}, {"sex": "X"}])
    result = runner.invoke(app, ["records", str(tmp_path), "--date", "2024-06-30", "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "2 rows: 1 used, 1 in quarantine" in result.output
    assert "1 row in quarantine: unknown_sex" in result.output


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--by", "clinic"], "expected one of area, unit, sex, age"), (["--date", "igår"], "expected a day such as")],
)
def test_wrong_usage_of_the_command_exits_with_two(options, said, tmp_path):
    result = runner.invoke(app, ["records", "x.csv", "--date", "2024-06-30", "--out", str(tmp_path), *options])
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize(("name", "said"), [("none.csv", "no such file"), ("a.txt", "neither CSV nor Parquet"),
                                            ("empty", "no CSV or Parquet file in the folder")])  # fmt: skip
def test_a_place_without_an_extract_is_a_sentence(name, said, tell, tmp_path):
    (tmp_path / "a.txt").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(PsykanalysError, match=said):
        tell([tmp_path / name])


def test_the_command_costs_nothing_until_it_is_used():
    import subprocess

    code = "import sys, psykanalys.cli; sys.exit(bool({'duckdb', 'pandas', 'psykanalys.records'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
