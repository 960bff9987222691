"""The figures as files: complete, the same bytes in every run, whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import subprocess
import sys

import pytest
from lxml import etree
from typer.testing import CliRunner

from psykanalys.cli import app
from psykanalys.errors import ProjectError
from psykanalys.export import write_whole
from psykanalys.present.export_figures import export_figures

runner = CliRunner()
MUNICIPALITIES = (
    "Arjeplog", "Arvidsjaur", "Boden", "Gällivare", "Haparanda", "Jokkmokk", "Kalix", "Kiruna", "Luleå", "Pajala",
    "Piteå", "Älvsbyn", "Överkalix", "Övertorneå",
)  # fmt: skip


@pytest.fixture
def run(project):
    def invoke(*arguments):
        return runner.invoke(app, ["export", *map(str, arguments), "--project", str(project.root)])

    return invoke


@pytest.fixture(scope="module")
def folder(project, tmp_path_factory):
    out = tmp_path_factory.mktemp("figures") / "new" / "folder"
    export_figures(project, "norrbotten", out=out)
    return out


def rows(path, encoding="utf-8", delimiter=","):
    return list(csv.reader(io.StringIO(path.read_text(encoding), newline=""), delimiter=delimiter))


def checksums(folder):
    return {path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.*")}


def test_each_figure_is_a_drawing_an_image_and_its_numbers(folder, counties):
    names = {figure.name for figure in counties["norrbotten"].figures}
    expected = {f"{name}.{kind}" for name in names for kind in ("svg", "png", "csv")}
    assert {path.name for path in folder.iterdir()} == expected | {"figurer.csv", "dokument.csv"}
    assert len(names) >= 3


def test_the_numbers_are_the_figures_table_with_nothing_above_its_header(folder, counties):
    for figure in counties["norrbotten"].figures:
        header, *body = rows(folder / f"{figure.name}.csv")
        assert header == list(figure.table.columns)
        assert body == [[str(cell) for cell in row] for row in figure.table.rows]


def test_drawing_and_image_can_be_opened_and_say_what_they_show(folder, counties):
    for figure in counties["norrbotten"].figures:
        root = etree.fromstring((folder / f"{figure.name}.svg").read_bytes())
        assert root.findtext("{http://www.w3.org/2000/svg}title") == figure.title
        assert root.findtext("{http://www.w3.org/2000/svg}desc") == figure.alternative
        assert (folder / f"{figure.name}.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_titles_alternatives_and_sources_go_along(folder, counties):
    header, *body = rows(folder / "figurer.csv")
    assert header == ["name", "title", "alternative", "source", "notes"]
    assert [row[:4] for row in body] == [
        [figure.name, figure.title, figure.alternative, figure.source] for figure in counties["norrbotten"].figures
    ]
    assert any(row[4].startswith("1. ") for row in body)


def test_the_letters_in_the_tables_are_explained(folder, counties):
    header, *body = rows(folder / "dokument.csv")
    assert header[:2] == ["Beteckning", "Titel"]
    assert [row[0] for row in body] == [row[0] for row in counties["norrbotten"].tables.sources().rows]


def test_two_runs_give_the_same_bytes(project, folder, tmp_path):
    command = [sys.executable, "-m", "psykanalys", "export", "figures", "norrbotten", "--project", str(project.root)]
    runs = [tmp_path / "one", tmp_path / "two"]
    for out in runs:
        subprocess.run([*command, "--out", str(out)], check=True, capture_output=True)
    one, two = map(checksums, runs)
    assert one == two == checksums(folder)


def test_without_a_county_every_county_gets_a_folder(project, tmp_path, monkeypatch, run):
    monkeypatch.setattr("psykanalys.present.figures.Figure.png", lambda self: b"png")
    result = run("figures", "--out", tmp_path)
    assert result.exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"gavleborg", "norrbotten", "vasterbotten"}
    for path in tmp_path.iterdir():
        count = len(list(path.glob("*.svg")))
        assert count == len(rows(path / "figurer.csv")) - 1 > 0
        assert f"{count} figures in {path.as_posix()}/" in result.stdout


def test_the_default_folder_lies_among_the_reports(project, tmp_path, monkeypatch, run):
    monkeypatch.setattr("psykanalys.data.project.Project.reports", tmp_path / "reports")
    assert run("figures", "25").exit_code == 0
    assert (tmp_path / "reports" / "figures" / "norrbotten" / "figurer.csv").is_file()


def test_excel_gets_semicolons_and_a_mark(run, tmp_path):
    assert run("figures", "norrbotten", "--excel", "--out", tmp_path).exit_code == 0
    assert (tmp_path / "figurer.csv").read_bytes().startswith(b"\xef\xbb\xbfname;title;")
    header, *body = rows(tmp_path / "karta-sam.csv", "utf-8-sig", ";")
    assert header == ["Kommun", "Enligt dokumentet", "Period", "Källa"]
    assert sorted(name for row in body for name in re.split(", | och ", row[0])) == sorted(MUNICIPALITIES)


def test_the_county_is_named_in_either_way(run):
    told = {run("goals", *words).stdout for words in (["norrbotten"], ["--county", "norrbotten"], ["25"])}
    assert len(told) == 1
    assert "nb16-" in told.pop()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["figures", "Atlantis"], 1, "'Atlantis' is no known area"),
        (["figures", "skane"], 1, "Skåne län has no documents"),
        (["figures", "norrbotten", "--format", "json"], 2, "leave --format out"),
        (["figures", "norrbotten", "--county", "gavleborg"], 2, "two counties"),
        (["figure"], 2, "expected one of observations"),
    ],
)
def test_a_mistake_is_a_sentence_and_no_traceback(project, words, code, said):
    command = [sys.executable, "-m", "psykanalys", "export", *words, "--project", str(project.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert done.returncode == code
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_made_is_a_sentence(project, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ProjectError, match=r"cannot be written .* choose another place with --out"):
        export_figures(project, "norrbotten", out=tmp_path / "file")


def test_a_file_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a.svg"
    path.write_bytes(b"before")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(ProjectError, match="No space left on device"):
        write_whole({path: b"after"})
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
