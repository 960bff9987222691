from __future__ import annotations

import io
import json
import subprocess
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from psykanalys import __version__
from psykanalys.cli import app
from psykanalys.data.prepare import prepare
from psykanalys.export import FIRST_COLUMNS, KINDS

runner = CliRunner()


@pytest.fixture
def run(project):
    def invoke(*arguments):
        return runner.invoke(app, [*arguments, "--project", str(project.root)])

    return invoke


def test_the_version_is_told():
    assert runner.invoke(app, ["--version"]).stdout.strip() == __version__


def test_every_command_shows_an_example():
    for command in ("check", "prepare", "report", "verify", "export", "indicators", "init", "records"):
        assert "Example:" in runner.invoke(app, [command, "--help"]).stdout


def test_the_shipped_raw_data_holds(run):
    result = run("check")
    assert result.exit_code == 0, result.stdout


def test_faults_as_json_are_empty_for_the_shipped_data(run):
    assert json.loads(run("check", "--json").stdout) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_exported_with_its_columns_first(run, kind):
    result = run("export", kind)
    assert result.exit_code == 0
    table = pd.read_csv(io.StringIO(result.stdout), dtype=str)
    assert list(table.columns)[: len(FIRST_COLUMNS.get(kind, "id").split())] == FIRST_COLUMNS.get(kind, "id").split()
    assert len(table) > 0


def test_excel_gets_semicolons_decimal_commas_and_a_mark(run, tmp_path):
    path = tmp_path / "observations.csv"
    assert run("export", "observations", "--excel", "--out", str(path)).exit_code == 0
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfid;indicator;area_code")
    assert b";137,21;" in content


def test_json_and_parquet_hold_the_same_rows(run, tmp_path):
    rows = json.loads(run("export", "findings", "--format", "json").stdout)
    path = tmp_path / "findings.parquet"
    assert run("export", "findings", "--format", "parquet", "--out", str(path)).exit_code == 0
    assert len(rows) == len(pd.read_parquet(path))


def test_one_county_can_be_exported(run):
    table = pd.read_csv(io.StringIO(run("export", "goals", "--county", "Region Gävleborg").stdout), dtype=str)
    assert set(table["county_code"]) == {"21"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "goal"], "expected one of observations"),
        (["export", "goals", "--format", "xlsx"], "expected one of csv, json, parquet"),
        (["export", "goals", "--excel", "--format", "json"], "--excel goes with --format csv"),
        (["export", "goals", "--format", "parquet"], "needs --out"),
        (["report", "--jobs", "0"], "--jobs"),
    ],
)
def test_wrong_usage_exits_with_two(run, arguments, said):
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_an_indicator_is_shown_or_its_near_names(run):
    assert "Hälsocentraler" in runner.invoke(app, ["indicators", "audit_screening_units"]).stdout
    assert "did you mean: audit_screening_units" in str(
        runner.invoke(app, ["indicators", "audit_screening_unit"]).exception
    )


def test_a_new_project_folder_has_what_a_report_needs(tmp_path):
    folder = tmp_path / "new"
    assert runner.invoke(app, ["init", str(folder)]).exit_code == 0
    assert runner.invoke(app, ["check", "--project", str(folder)]).exit_code == 0
    assert "already exists" in str(runner.invoke(app, ["init", str(folder)]).exception)


def test_a_folder_that_is_no_project_is_named(tmp_path):
    result = runner.invoke(app, ["check", "--project", str(tmp_path)])
    assert "is not a project" in str(result.exception)


def test_what_is_prepared_is_what_is_read_back(project, tmp_path):
    from psykanalys.data.prepare import load_prepared
    from psykanalys.data.project import Project

    root = tmp_path / "p"
    runner.invoke(app, ["init", str(root)])
    made, read = prepare(Project(root)), load_prepared(Project(root))
    for kind, table in made.tables.items():
        pd.testing.assert_frame_equal(table, read[kind])


def test_a_closed_stream_is_no_fault():
    ended = subprocess.run(f"{sys.executable} -m psykanalys --help >&-", shell=True, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_at_its_end_the_command_does_what_was_to_be_done_at_exit():
    code = "import atexit; atexit.register(print, 'put away'); from psykanalys.cli import main; main()"
    for asked, exit_code in (("--version", 0), ("--nonsense", 2)):
        ended = subprocess.run([sys.executable, "-c", code, asked], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout.splitlines()[-1]) == (exit_code, "put away")
