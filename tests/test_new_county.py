"""A county that nobody has entered yet: from an empty workbook to its raw files, its audit and its analysis."""

from __future__ import annotations

import shutil

import openpyxl
import pytest
from typer.testing import CliRunner

import psykanalys
from psykanalys.audit import audit
from psykanalys.cli import app
from psykanalys.data.project import Project
from psykanalys.data.workbook.layout import sheets
from psykanalys.errors import DataError, PsykanalysError

runner = CliRunner()
ID = "halland-plan-2024"
PLAN = {
    "Dokument": [{"Titel": "Plan för psykisk hälsa", "Utgivare": "Region Halland", "Datum": 2024}],
    "Enheter": [{"Namn": "Elevhälsan", "Förkortning": "EH", "I planens lista": "nej", "Rad i textutdraget": 124}],
    "Mål": [
        {
            "Nr": "M1", "Grupp": "Elevhälsa", "Mål": "Alla elever får träffa elevhälsan inom en vecka",
            "Sikt": "kortsiktigt", "Fokusområde": 2, "Rad i textutdraget": "120–121",
        },
        {
            "Nr": "M2", "Grupp": "Elevhälsa", "Mål": "Eleverna mår bättre", "Sikt": "långsiktigt",
            "Fokusområde": "1, 2", "Rad i textutdraget": 118,
        },
    ],
    "Aktiviteter": [
        {"Aktivitet": "Drop in-tider", "Hör till mål": "M1", "Ansvarig": "EH", "År": "2024", "Rad i textutdraget": 124}
    ],
    "Indikatorer": [
        {
            "Indikator": "Skolor med drop in", "Slag": "antal", "Hör till mål": "M1",
            "Vad den mäter": "att aktiviteten är gjord", "Rad i textutdraget": 127,
        }
    ],
}  # fmt: skip


def fill_in(path, plan):
    book = openpyxl.load_workbook(path)
    for name, rows in plan.items():
        page = book[name]
        headings = [cell.value for cell in page[1]]
        for line, row in enumerate(rows, 4 if page["A3"].value == "EXEMPEL – tas bort" else 3):
            for heading, value in row.items():
                page.cell(line, headings.index(heading) + 1).value = value
    book.save(path)


def invoke(*arguments):
    return runner.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def workbook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("new-county", "hallands län", "--year", "2024")
    assert result.exit_code == 0, result.output
    path = tmp_path / "plans" / ID / f"{ID}.xlsx"
    path.with_suffix(".txt").write_text("rad\n" * 200, encoding="utf-8")
    return path


@pytest.fixture
def own_project(project, tmp_path):
    root = tmp_path / "project"
    for part in ("params", "data/raw"):
        shutil.copytree(project.root / part, root / part)
    return Project(root)


@pytest.mark.parametrize("command", ["new-county", "read-workbook"])
def test_the_commands_show_an_example(command):
    assert "Example:" in invoke(command, "--help").stdout


def test_the_folder_has_a_workbook_and_every_raw_file_with_its_header(workbook):
    found = {path.stem for path in workbook.parent.rglob("*.csv")}
    assert found == set(sheets())
    header, row = (workbook.parent / "sources.csv").read_text(encoding="utf-8").splitlines()
    assert header.startswith("id,title,")
    assert row.startswith(f"{ID},,document,plan,,2024,")


def test_what_is_there_is_not_overwritten(workbook):
    before = workbook.read_bytes()
    result = invoke("new-county", "13", "--year", "2024")
    assert isinstance(result.exception, PsykanalysError)
    assert "already exists — name another folder with --out DIR" in str(result.exception)
    assert workbook.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "year", "what"), [("Atlantis", "2024", "is no county"), ("Halland", "1066", "no year")]
)
def test_an_unknown_county_or_year_is_a_sentence(tmp_path, monkeypatch, name, year, what):
    monkeypatch.chdir(tmp_path)
    assert what in str(invoke("new-county", name, "--year", year).exception)
    assert not list(tmp_path.iterdir())


def test_a_misspelt_county_is_told_with_the_nearest_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (("new-county", "Norbotten", "--year", "2024"), ("audit", "Norbotten")):
        assert "did you mean Norrbotten?" in str(invoke(*command).exception)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_finished_is_not_left_half_made(tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("psykanalys.data.workbook.raw.write_workbook", fail)
    assert invoke("new-county", "Halland", "--year", "2024").exit_code != 0
    assert not list(tmp_path.iterdir())


def test_a_plan_of_another_year_is_mentioned(workbook):
    result = invoke("new-county", "Halland", "--year", "2025")
    assert f"note: plans/{ID} is there too" in result.stderr
    assert "note" not in invoke("new-county", "Kronoberg", "--year", "2025").stderr


def test_an_unread_workbook_is_told_with_the_command_that_reads_it(workbook):
    file = f"plans/{ID}/{ID}.xlsx"
    told = str(invoke("audit", f"plans/{ID}").exception)
    assert told == f"audit: {file} is not read in yet — run: psykanalys read-workbook {file}"
    told = str(invoke("audit", file).exception)
    assert f"psykanalys read-workbook {file}" in told
    assert told.endswith(f"psykanalys audit plans/{ID}")


def test_details_name_the_cell_and_the_number(workbook):
    target = {
        "Målnivå": "Eleverna mår bättre", "Hör till mål": "M2", "Jämförelse": "ska öka", "Går att pröva": "nej",
        "Vad som saknas": "hur mycket", "Rad i textutdraget": 118,
    }  # fmt: skip
    fill_in(workbook, PLAN | {"Målnivåer": [target]})
    assert invoke("read-workbook", workbook).exit_code == 0
    lines = invoke("audit", workbook.parent, "--details").stdout.splitlines()
    places = {line.partition(": P")[0] for line in lines if ": P01 " in line}
    assert places == {"Mål!C4 (M1)", "Mål!C5 (M2)"}
    assert any(line.startswith("Indikatorer!B4: P08 ") for line in lines)
    (told,) = [line for line in lines if ": P02 " in line]
    assert "går inte att pröva. Det saknas: hur mycket. — " in told
    assert not any(".csv" in line for line in lines)


def test_a_dash_is_explained_below_the_table(workbook):
    fill_in(workbook, PLAN)
    invoke("read-workbook", workbook)
    shown = invoke("audit", workbook.parent).stdout
    assert "\n-: nothing to ask of" in shown
    assert shown.index("mätbarhetsgrad, focus area 5") < shown.index("-: nothing to ask of")


def test_a_questionable_value_is_noted_and_read(workbook):
    target = {
        "Målnivå": "Alla", "Hör till mål": "M2", "Jämförelse": "minst", "Värde": 100, "Enhet": "%",
        "Går att pröva": "nej", "Vad som saknas": "vad som räknas", "Rad i textutdraget": 118,
    }  # fmt: skip
    fill_in(workbook, PLAN | {"Målnivåer": [target]})
    result = invoke("read-workbook", workbook)
    assert result.exit_code == 0
    assert "note: Målnivåer!E4: Värde is filled in though Går att pröva is nej" in result.stderr


def test_nothing_is_written_unless_everything_holds(workbook):
    fill_in(workbook, PLAN | {"Mål": [PLAN["Mål"][0] | {"Sikt": "snart"}]})
    before = {path: path.read_bytes() for path in workbook.parent.rglob("*.csv")}
    result = invoke("read-workbook", workbook)
    assert isinstance(result.exception, DataError)
    assert [str(fault).partition(":")[0] for fault in result.exception.faults] == ["Mål!D4"]
    assert {path: path.read_bytes() for path in workbook.parent.rglob("*.csv")} == before


def test_rows_are_written_over_only_when_asked_for(workbook):
    fill_in(workbook, PLAN)
    assert invoke("read-workbook", workbook).exit_code == 0
    again = invoke("read-workbook", workbook)
    assert "has rows already — add --replace" in str(again.exception)
    fill_in(workbook, {"Mål": [{"Mål": "Alla elever får hjälp"}]})
    assert invoke("read-workbook", workbook, "--replace").exit_code == 0
    assert "Alla elever får hjälp" in (workbook.parent / ID / "goals.csv").read_text(encoding="utf-8")


def test_the_folder_is_audited_without_a_project(workbook):
    fill_in(workbook, PLAN)
    invoke("read-workbook", workbook)
    result = invoke("audit", workbook.parent)
    assert result.exit_code == 0, result.output
    assert "Halland" in result.stdout


def test_the_county_joins_the_others_and_touches_none(workbook, own_project):
    fill_in(workbook, PLAN)
    before = {path: path.read_bytes() for path in own_project.raw.rglob("*.csv")}
    result = invoke("read-workbook", workbook, "--out", own_project.raw)
    assert result.exit_code == 0, result.exception
    after = {path: path.read_bytes() for path in own_project.raw.rglob("*.csv")}
    sources = own_project.raw / "sources.csv"
    assert after[sources].startswith(before.pop(sources))
    assert before.items() <= after.items()
    assert {path.name for path in after.keys() - before.keys() - {sources}} == {
        "units.csv", "goals.csv", "activities.csv", "plan_indicators.csv",
    }  # fmt: skip
    analysis = psykanalys.load("halland", project=own_project, contact="Registratorn")
    assert list(analysis.goals["focus_areas"]) == ["2", "1 | 2"]
    assert list(analysis.activities["responsible"]) == [f"{ID}-unit-elevhalsan"]


def test_the_workbook_and_its_raw_files_are_audited_alike(workbook, own_project):
    fill_in(workbook, PLAN)
    invoke("read-workbook", workbook, "--out", own_project.raw)
    analysis = psykanalys.load("halland", project=own_project, contact="Registratorn").analysis
    codes = {finding.code for finding in audit(analysis).findings}
    assert {"P01", "P08"} <= codes
