"""Only what changed is made again: each thing that a report depends on makes it due, and nothing else does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from in_process import copied, edit, rewrite
from typer.testing import CliRunner

from psykanalys.cli import app
from psykanalys.report import forked, gate, params, runner, unchanged
from psykanalys.report.fork import SWITCH

SUICIDES = "nb16-obs-suicides-2014"
OBSERVATIONS = "norrbotten-plan-2016/observations"
NAMES = ("gavleborg", "norrbotten", "vasterbotten")


@pytest.fixture
def made(monkeypatch):
    """The counties that were made; the reports themselves are a line of text each."""
    counties: list[str] = []

    def run_one(project, county, values, folder, formats=("html",)):
        counties.append(county)
        path = folder / f"{county}.html"
        path.write_text(f"<h1>{county}</h1>", encoding="utf-8")
        return runner.Outcome(county, True, path, made=(path,))

    monkeypatch.setattr(runner, "run_one", run_one)
    monkeypatch.setenv(SWITCH, "1")  # where it is called here, not in a fork
    return counties


@pytest.fixture
def project(tmp_path):
    return copied(tmp_path / "project")


def again(project, made, counties=(), **options) -> list[str]:
    """Which counties a run makes."""
    made.clear()
    outcomes = runner.run(project, counties, jobs=1, **options)
    assert all(outcome.done for outcome in outcomes)
    assert [outcome.county for outcome in outcomes if not outcome.kept] == made
    return sorted(made)


def test_nothing_is_made_twice(project, made):
    assert again(project, made) == list(NAMES)
    assert again(project, made) == []
    assert again(project, made, force=True) == list(NAMES)


def test_a_changed_row_concerns_its_county_only(project, made):
    again(project, made)
    edit(project, OBSERVATIONS, SUICIDES, numerator="58")
    assert runner.why(project)["norrbotten"] == "changed: raw data"
    assert again(project, made) == ["norrbotten"]


def test_a_parameter_of_one_county_concerns_it_only(project, made):
    again(project, made)
    path = project.params / "gavleborg.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "messages: 2\n", encoding="utf-8")
    assert runner.why(project)["gavleborg"] == "changed: parameters"
    assert again(project, made) == ["gavleborg"]


def test_an_unpublished_row_of_one_county_concerns_all(project, made):
    again(project, made)

    def add(rows):
        (row,) = [row for row in rows if row["id"] == SUICIDES]
        return [*rows, {**row, "id": "nb16-obs-made", "period": "2015", "published": "no"}]

    rewrite(project, OBSERVATIONS, add)
    why = runner.why(project)
    assert why["gavleborg"] == "changed: protection of persons"
    assert why["norrbotten"] == "changed: raw data, protection of persons"
    assert again(project, made) == list(NAMES)


@pytest.mark.parametrize("part", ["definitions", "code", "packages"])
def test_what_all_depend_on_concerns_all(part, project, made, monkeypatch):
    again(project, made)
    name = "_packages" if part == "packages" else "_package"
    real = getattr(unchanged, name)
    ending = unchanged._DEFINITIONS if part == "definitions" else unchanged._CODE
    monkeypatch.setattr(unchanged, name, lambda *given: "other" if given in ((ending,), ()) else real(*given))
    assert set(runner.why(project).values()) == {f"changed: {part}"}
    assert again(project, made) == list(NAMES)


def test_the_notebook_concerns_all(project, made):
    again(project, made)
    path = project.notebooks / runner.NOTEBOOK
    path.write_text(path.read_text(encoding="utf-8").replace("report.head()", "report.head() "), encoding="utf-8")
    assert set(runner.why(project).values()) == {"changed: notebook"}


def test_a_named_file_concerns_who_names_it(project, made):
    comment = project.root / "comment.md"
    comment.write_text("ett", encoding="utf-8")
    path = project.params / "gavleborg.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "commentary: comment.md\n", encoding="utf-8")
    again(project, made)
    comment.write_text("två", encoding="utf-8")
    assert {name: why for name, why in runner.why(project).items() if why} == {
        "gavleborg": "changed: files that parameters name"
    }


def test_a_file_that_is_gone_or_was_touched_is_made_again(project, made):
    again(project, made)
    (project.reports / "norrbotten.html").unlink()
    page = project.reports / "gavleborg.html"
    page.write_text(page.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert runner.why(project) == {
        "gavleborg": "gavleborg.html was changed after it was made", "norrbotten": "norrbotten.html is gone",
        "vasterbotten": "",
    }  # fmt: skip
    assert again(project, made) == ["gavleborg", "norrbotten"]


def test_another_format_or_folder_is_made(project, made, tmp_path):
    again(project, made)
    assert runner.why(project, formats=["html", "text"])["norrbotten"] == "changed: parameters"
    assert again(project, made, out=tmp_path / "other") == list(NAMES)


def test_what_was_interrupted_is_made_and_what_was_done_is_kept(project, made, monkeypatch):
    made_one = runner.run_one

    def run_one(project, county, *rest):
        if county == "norrbotten":
            raise KeyboardInterrupt
        return made_one(project, county, *rest)

    monkeypatch.setattr(runner, "run_one", run_one)
    with pytest.raises(KeyboardInterrupt):
        runner.run(project, jobs=1)
    monkeypatch.setattr(runner, "run_one", made_one)
    assert again(project, made) == ["norrbotten", "vasterbotten"]


def test_a_failed_report_is_tried_again(project, made, monkeypatch):
    failed = runner.Outcome("norrbotten", False, Path("x"), message="broken")
    monkeypatch.setattr(runner, "run_one", lambda *_: failed)
    runner.run(project, ["norrbotten"])
    assert runner.why(project, ["norrbotten"]) == {"norrbotten": "not made here before"}


def test_a_record_that_cannot_be_read_counts_for_nothing(project, made):
    again(project, made)
    (project.reports / unchanged.FOLDER / "norrbotten.json").write_text("{", encoding="utf-8")
    assert again(project, made) == ["norrbotten"]


def test_warnings_are_told_again(project, made, monkeypatch):
    page = project.root / "norrbotten.html"
    page.write_text("x", encoding="utf-8")

    def run_one(project, county, values, folder, formats=("html",)):
        path = folder / "norrbotten.html"
        path.write_text("x", encoding="utf-8")
        return runner.Outcome(county, True, path, made=(path,), warnings=("3 patienter",))

    monkeypatch.setattr(runner, "run_one", run_one)
    runner.run(project, ["norrbotten"])
    (outcome,) = runner.run(project, ["norrbotten"])
    assert (outcome.kept, outcome.warnings) == (True, ("3 patienter",))


def test_the_command_tells_why_and_what_is_up_to_date(project, made):
    def call(*arguments):
        return CliRunner().invoke(app, ["report", *arguments, "--project", str(project.root), "--jobs", "1"])

    told = call("--why").stdout.splitlines()
    assert told == [f"{name}: not made here before" for name in NAMES]
    assert made == []
    assert call().exit_code == 0
    assert call("--why").stdout.splitlines() == [f"{name}: up to date" for name in NAMES]
    assert "norrbotten: up to date" in call().output
    assert made == list(NAMES)


def test_whether_something_looks_due_is_guessed_from_the_files_times(project, made):
    folder = project.reports
    assert forked.looks_due(project, folder)
    again(project, made)
    assert not forked.looks_due(project, folder)
    edit(project, OBSERVATIONS, SUICIDES, numerator="58")
    later = min(path.stat().st_mtime_ns for path in (folder / ".made").glob("*.json")) + 1_000_000_000
    os.utime(project.raw / f"{OBSERVATIONS}.csv", ns=(later, later))
    assert forked.looks_due(project, folder)


def test_what_fails_ahead_is_done_anew_where_it_is_needed(project, monkeypatch):
    values = params.read(project, "norrbotten").model_dump()
    with monkeypatch.context() as broken:
        broken.setattr(gate, "know", fail)
        runner.check_ahead(project, values)
        (ahead,) = runner._ahead.values()
        assert isinstance(ahead.exception(), RuntimeError)
    page = '<p data-manifest="{&quot;a&quot;:1}">'
    assert runner._report(project, values, page).analysis.county.code == "25"
    assert not runner._ahead


def fail(*_):
    raise RuntimeError("planted")
