"""Writing where something goes wrong: a full disk, a link, another run, an interruption. Files stay whole."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from data.conftest import lay_out
from psykanalys import cli
from psykanalys.data import files
from psykanalys.data.prepare import load_prepared, prepare
from psykanalys.data.workbook.raw import new_county
from psykanalys.errors import ProjectError, PsykanalysError
from psykanalys.export import write_whole
from psykanalys.report import runner
from report.in_process import copied

FULL, READ_ONLY = OSError(errno.ENOSPC, "No space left on device"), PermissionError(errno.EACCES, "Permission denied")


@pytest.fixture
def small(tmp_path, monkeypatch):
    laid = lay_out(tmp_path / "project")
    laid.set("overrides", 2, verdict="säkert nått")
    monkeypatch.chdir(laid.root)
    return laid


@pytest.fixture
def run(monkeypatch):
    """Run the command as the shell does; give its exit code and what it complained of."""

    def run(*arguments) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["psykanalys", *map(str, arguments)])
        told = io.StringIO()
        try:
            with redirect_stderr(told):
                cli.run()
        except SystemExit as stopped:
            return int(stopped.code or 0), told.getvalue()
        return 0, told.getvalue()

    return run


@pytest.fixture
def breaking(monkeypatch):
    """Let the second file that is opened for writing stop half-way."""

    def breaking(error: BaseException) -> None:
        opened = Path.open
        count = iter(range(1000))

        class Half(io.BytesIO):
            def __init__(self, file):
                super().__init__()
                self.file = file

            def write(self, content):
                self.file.write(content[: len(content) // 2])
                self.file.close()
                raise error

        def open_half(path, mode="r", *arguments, **options):
            file = opened(path, mode, *arguments, **options)
            return Half(file) if "x" in mode and next(count) == 1 else file

        monkeypatch.setattr(Path, "open", open_half)

    return breaking


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("error", [FULL, READ_ONLY, KeyboardInterrupt()], ids=["full", "read-only", "interrupted"])
def test_files_are_all_written_or_none(tmp_path, breaking, error):
    (tmp_path / "a").write_bytes(b"before")
    breaking(error)
    with pytest.raises(type(error)):
        files.write_all({tmp_path / "a": b"after", tmp_path / "b": b"after"})
    assert contents(tmp_path) == {"a": b"before"}


def made(county, project, tmp_path):
    executed = tmp_path / "executed.ipynb"
    executed.write_text("{}")
    page = "<!doctype html><html lang=sv><body><h1>Psykisk hälsa</h1><h2>Ett</h2><p>Text."
    return runner._Made(county, page, executed)


def test_a_full_disk_leaves_the_earlier_report_as_it_was(tmp_path, project, breaking):
    out = tmp_path / "out"
    out.mkdir()
    before = {"norrbotten.html": b"before", "norrbotten.txt": b"before"}
    for name, content in before.items():
        (out / name).write_bytes(content)
    breaking(FULL)
    outcome = runner._written(project, {}, made("norrbotten", project, tmp_path), out, ["html", "text"])
    assert not outcome.done
    assert "cannot be written (No space left on device) — earlier files are untouched" in outcome.message
    assert {name: content for name, content in contents(out).items() if "failed" not in name} == before


@pytest.mark.parametrize(
    ("error", "said"), [(FULL, "No space left"), (READ_ONLY, "Permission denied"), (KeyboardInterrupt(), "")]
)
def test_an_export_that_cannot_be_finished_is_a_sentence(small, run, breaking, error, said):
    run("export", "goals", "vasterbotten", "--out", "goals.csv")
    before = (small.root / "goals.csv").read_bytes()
    breaking(error)
    small.root.joinpath("other").mkdir()
    run("export", "units", "vasterbotten", "--out", "other/a.csv")
    code, told = run("export", "goals", "vasterbotten", "--out", "other/b.csv")
    assert code in (1, 130)
    assert said in told
    assert "Traceback" not in told
    assert (small.root / "goals.csv").read_bytes() == before
    assert set(contents(small.root / "other")) == {"a.csv"}


def test_a_project_that_cannot_be_copied_is_not_left_half(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def fail(source, target, **options):
        Path(target).mkdir(parents=True)
        raise FULL

    monkeypatch.setattr(cli.shutil, "copytree", fail)
    code, told = run("init", "mine")
    assert (code, "mine: cannot be written (No space left on device)" in told) == (1, True)
    assert list(tmp_path.iterdir()) == []


# --- links -----------------------------------------------------------------------------------------------------------


def test_a_link_is_replaced_and_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"before")
    (tmp_path / "out").mkdir()
    for name in ("a.csv", "index.html", "norrbotten.failed.ipynb"):
        (tmp_path / "out" / name).symlink_to(victim)
    write_whole({tmp_path / "out" / "a.csv": b"after"})
    runner.write_index(tmp_path / "out", [])
    executed = tmp_path / "executed.ipynb"
    executed.write_bytes(b"{}")
    runner._kept("norrbotten", executed, tmp_path / "out")
    assert victim.read_bytes() == b"before"
    assert not [path for path in (tmp_path / "out").iterdir() if path.is_symlink()]


def test_the_name_of_a_file_in_the_making_cannot_be_foreseen(tmp_path):
    assert files.beside(tmp_path / "a") != files.beside(tmp_path / "a")


def test_processed_data_that_are_links_are_replaced(small, tmp_path):
    prepare(small.project)
    victim = tmp_path / "victim"
    victim.write_bytes(b"before")
    target = small.project.processed / "goals.parquet"
    target.unlink()
    target.symlink_to(victim)
    load_prepared(small.project)
    assert victim.read_bytes() == b"before"
    assert not target.is_symlink()


# --- paths -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("out", ["/", ".", "..", "folder"])
def test_a_folder_as_the_file_to_write_is_a_sentence(small, run, out):
    (small.root / "folder").mkdir()
    code, told = run("export", "goals", "vasterbotten", "--out", out)
    assert (code, "--out" in told, "Traceback" in told) == (1, True, False)


@pytest.mark.parametrize("command", [("report", "--out"), ("export", "figures", "norrbotten", "--out")])
def test_a_folder_that_cannot_be_is_a_sentence(tmp_path, run, command, monkeypatch):
    monkeypatch.setattr(runner, "_run_all", lambda *given: [])
    (tmp_path / "file").write_bytes(b"before")
    project = copied(tmp_path / "project")
    code, told = run(*command, tmp_path / "file" / "x", "--project", project.root)
    assert (code, "Traceback" in told) == (1, False)
    assert (tmp_path / "file").read_bytes() == b"before"


def test_a_new_plan_never_writes_over_what_is_there(tmp_path):
    (tmp_path / "plan").symlink_to(tmp_path)
    with pytest.raises(ProjectError, match="already exists"):
        new_county("Halland", 2024, tmp_path / "plan")
    with pytest.raises(PsykanalysError, match="is no county"):
        new_county("../../x", 2024)


# --- a real end of room ----------------------------------------------------------------------------------------------

NO_ROOM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))
sys.argv = ["psykanalys", *sys.argv[1:]]
from psykanalys.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a process's files")
def test_where_the_system_takes_no_more_bytes_nothing_is_changed(small, run):
    assert run("prepare") == (0, "")
    before = contents(small.project.processed)
    small.set("observations", 2, value="71,8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", NO_ROOM, "prepare"]
    ended = subprocess.run(command, cwd=small.root, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (
        ended.stderr
        == "psykanalys: data/processed: cannot be written (File too large) — the earlier data are untouched\n"
    )
    assert contents(small.project.processed) == before


# --- two runs at once ------------------------------------------------------------------------------------------------

ONE_RUN = """
import sys
from pathlib import Path
from psykanalys.data.project import Project
from psykanalys.data.prepare import load_prepared
from psykanalys.report import runner

project, out, word = Project(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]
page = f"<!doctype html><html lang=sv><body><h1>{word}</h1><h2>Ett</h2>" + f"<p>{word}" * 50 + f" {word}" * 500_000
runner._execute = lambda project, values, executed: executed.write_text("{}")
runner._page = lambda executed: page
for _ in range(6):
    (project.processed / "manifest.json").unlink(missing_ok=True)
    load_prepared(project)
    outcome = runner.run_one(project, "norrbotten", {}, out)
    assert outcome.done, outcome
    runner.write_index(out, [outcome])
"""


def test_two_runs_at_once_leave_whole_files(small, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    command = [sys.executable, "-c", ONE_RUN, str(small.root), str(out)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    runs = [subprocess.Popen([*command, word], stderr=subprocess.PIPE, env=environment) for word in ("ett", "två")]
    ends = [(each.communicate()[1].decode(), each.returncode) for each in runs]
    assert ends == [("", 0), ("", 0)]
    page = (out / "norrbotten.html").read_text(encoding="utf-8")
    assert page.count("ett") * page.count("två") == 0
    assert max(page.count("ett"), page.count("två")) == 500_051
    assert set(contents(out)) == {"norrbotten.html", "index.html"}
    assert not [path for path in small.project.processed.iterdir() if path.name.startswith(".")]
    manifest = json.loads((small.project.processed / "manifest.json").read_text(encoding="utf-8"))
    assert load_prepared(small.project).manifest == manifest
