"""Files that try to harm whoever reads them: each is refused in one sentence, soon, without a traceback."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr

import pytest

from data.conftest import lay_out
from psykanalys import cli
from psykanalys.data import reader
from psykanalys.data.project import Project
from psykanalys.data.workbook import archive
from psykanalys.data.workbook.raw import new_county
from psykanalys.errors import ParameterError, ReportError
from psykanalys.present import ledger
from psykanalys.report import gate, pages, params, seal, trace, verify
from psykanalys.report.gate import leaks_in
from report.in_process import ROOT, copied


@pytest.fixture
def small(tmp_path, monkeypatch):
    laid = lay_out(tmp_path / "project")
    monkeypatch.chdir(laid.root)
    return laid


@pytest.fixture
def run(monkeypatch):
    """Run the command as the shell does; give what it complained of. It must fail with sentences."""

    def run(*arguments) -> str:
        monkeypatch.setattr(sys, "argv", ["psykanalys", *map(str, arguments)])
        told = io.StringIO()
        with redirect_stderr(told), pytest.raises(SystemExit) as stopped:
            cli.run()
        assert stopped.value.code in (1, 2)
        assert "Traceback" not in told.getvalue()
        return told.getvalue()

    return run


# --- raw data --------------------------------------------------------------------------------------------------------


def test_a_huge_raw_file_is_not_read(small, run):
    with small.path("goals").open("wb") as file:
        file.truncate(5_000_000_000)  # sparse
    assert "goals.csv:-:-: the file is too large — at most 20 MB" in run("prepare")


def test_a_million_columns_are_one_fault(small, run):
    small.path("goals").write_text(",".join(["id", *(f"c{n}" for n in range(1_000_000))]) + "\n")
    assert run("prepare").count("goals.csv:1:-: the header has 1000001 columns") == 1


def test_a_million_faults_are_not_told(small, run):
    header, row = small.path("goals").read_text(encoding="utf-8").splitlines()[:2]
    small.path("goals").write_text("\n".join([header, *[row.replace("long", "?")] * 20_000]), encoding="utf-8")
    told = run("prepare")
    assert "there are 1000 faults above" in told
    assert told.count("goals.csv:") < 2 * reader.MOST_FAULTS


def test_an_endless_cell_is_a_sentence_and_not_told_whole(small, run):
    header = small.path("goals").read_text(encoding="utf-8").splitlines()[0]
    small.path("goals").write_text(f'{header}\n"' + "x" * 300_000)
    assert "a cell has more than 131072 characters" in run("prepare")
    small.set("units", 2, listed="y" * 100_000)
    assert len(run("prepare")) < 5000


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"])
def test_a_pipe_or_a_device_is_never_opened(small, run, make):
    small.path("goals").unlink()
    make(small.root / "data" / "raw" / "vb-plan" / "goals.csv")
    assert "cannot be read (no ordinary file)" in run("prepare")


def test_a_link_that_leads_out_of_the_project_is_refused(small, run, tmp_path):
    (tmp_path / "outside").mkdir()
    real = small.path("goals").rename(tmp_path / "outside" / "goals.csv")
    (small.root / "data/raw/vb-plan/goals.csv").symlink_to(real)
    (small.root / "data/raw/more").symlink_to(tmp_path / "outside")
    told = run("prepare")
    assert "data/raw/vb-plan/goals.csv:-:-: a link that leads out of the project" in told
    assert "data/raw/more:-:-: a link that leads out of the project" in told


# --- parameters ------------------------------------------------------------------------------------------------------

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
YAML = {
    "a tag": ("contact: !!python/object/apply:os.system ['touch owned']\n", "could not determine a constructor"),
    "a bomb": (BOMB, "anchors and aliases"),
    "a circle": ("contact: &a [*a]\n", "anchors and aliases"),
    "a name twice": ("contact: a\ncontact: b\n", "'contact' stands there twice"),
    "too deep": ("contact: " + "[" * 5_000, "nested too deeply"),
    "too large": ("contact: " + "x" * 200_000, "larger than"),
    "not UTF-8": (b"contact: \xe5\n", "can't decode"),
    "no date": ("contact: 2024-13-45\n", "month must be in 1..12"),
    "a huge number": (f"messages: {'9' * 5000}\n", "Exceeds the limit"),
    "control": ('contact: "a\\e[2J"\n', "not seen (U+001B)"),
    "right to left": ('contact: "a\\u202Eb"\n', "not seen (U+202E)"),
    "half a character": ('contact: "\\ud800"\n', "not seen"),
    "NUL in a path": ('commentary: "a\\0b"\n', "not seen (U+0000)"),
    "a long path": (f"commentary: {'x' * 5000}\n", "is no name of a file"),
    "out of the project": ("commentary: ../../../etc/passwd\n", "lies outside the project"),
    "an absolute path": ("previous: /etc/passwd\n", "lies outside the project"),
    "a name that is no text": ("1: 2\n", "unknown parameter"),
    "a list": ("- a\n", "not a list of parameters"),
    "a wrong type": (f"contact: [{'x, ' * 2000}x]\n", "cannot be used"),
}


@pytest.mark.parametrize("name", YAML)
def test_a_hostile_parameter_file_is_a_sentence(small, run, name):
    content, said = YAML[name]
    common = "county: vasterbotten\ncommentary: ''\nprevious: ''\nthreshold: 5\n"
    (small.root / "params" / "common.yaml").write_text('contact: ""\nmessages: 4\nall_figures: true\n' + common)
    content = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    (small.root / "params" / "vasterbotten.yaml").write_bytes(content)
    told = run("report", "vasterbotten", "--out", small.root / "out")
    assert said in told
    assert len(told) < 1000
    assert not (small.root / "owned").exists()


@pytest.mark.parametrize("text", ["messages=[1", "messages=&a [*a]", "messages=!!python/name:os.system", "x", "=1"])
def test_a_hostile_param_is_a_sentence(small, run, text):
    assert len(run("report", "vasterbotten", "--param", text)) < 500


def test_a_hostile_signature_of_a_commentary_is_a_sentence(small):
    from psykanalys.analysis import FOCUS_AREAS
    from psykanalys.data.commentary import read_commentary
    from psykanalys.errors import DataError

    path = small.root / "ord.md"
    for signature in (BOMB, "? [a, [b]]\n: c", "author: " + "[" * 5_000, "author: !!python/object:os.x a"):
        path.write_text(f"---\n{signature}\n---\n## 1\nText\n", encoding="utf-8")
        with pytest.raises(DataError) as raised:
            read_commentary(path, "24", FOCUS_AREAS)
        assert len(str(raised.value)) < 3000
    path.write_text("x" * 300_000)
    with pytest.raises(DataError, match="larger than"):
        read_commentary(path, "24", FOCUS_AREAS)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc", "norrbotten/../gavleborg", "norrbotten\n", "", "<b>", "."]
)
def test_a_county_that_is_a_path_is_no_county(small, run, name, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    if name.strip() != "norrbotten":
        assert "no" in run("new-county", name, "--year", "2024")
    run("report", name)
    assert [path for path in sorted(tmp_path.rglob("*")) if "processed" not in path.parts] == [
        path for path in before if "processed" not in path.parts
    ]


def test_a_stray_parameter_file_stops_nothing(tmp_path, monkeypatch):
    from psykanalys.report import runner

    def run_all(project, tasks, folder, *rest):
        return [runner.Outcome(name, False, folder) for name in tasks]

    monkeypatch.setattr(runner, "_run_all", run_all)
    project = copied(tmp_path)
    (project.params / "<b>.yaml").write_text("county: gavleborg\n")
    outcomes = runner.run(project, out=tmp_path / "out")
    assert [outcome.county for outcome in outcomes if outcome.message] == ["<b>"]
    assert "&lt;b&gt;" in (tmp_path / "out" / "index.html").read_text()


def test_an_override_with_another_word_is_a_sentence(small, run):
    small.set("overrides", 2, verdict="<b>bäst</b>")
    assert "overrides.csv: override: '<b>bäst</b>' is no verdict — one of" in run("export", "verdicts", "vasterbotten")


# --- workbooks -------------------------------------------------------------------------------------------------------


@pytest.fixture
def workbook(tmp_path):
    return new_county("Halland", 2024, tmp_path / "plan")


def with_part(path, name, content):
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as out:
        out.writestr(name, content)


def cells(count):
    return b"<worksheet><sheetData><row>" + b"<c/>" * count + b"</row></sheetData></worksheet>"


@pytest.mark.parametrize(
    ("part", "content", "said"),
    [
        ("xl/media/zeros.bin", b"\0" * 30_000_000, "unpacks to far too much"),
        ("xl/worksheets/sheet99.xml", cells(archive.MOST_CELLS + 1), "unpacks to far too much"),
        ("xl/x.xml", b'<!DOCTYPE a [<!ENTITY b "c">]>', "declares entities"),
        ("xl/x.xml", '<!DOCTYPE a [<!ENTITY b "c">]>'.encode("utf-16"), "declares entities"),
        ("xl/vbaProject.bin", b"x", "macros"),
        ("xl/externalLinks/e.xml", b"x", "the workbook links to"),
    ],
    ids=["zeros", "cells", "entities", "entities in UTF-16", "macros", "links"],
)
def test_a_hostile_workbook_is_refused(workbook, run, part, content, said):
    with_part(workbook, part, content)
    assert said in run("read-workbook", workbook)


def test_a_part_with_a_path_is_never_unpacked_to_disk(workbook, run, tmp_path):
    with_part(workbook, "../../../evil.txt", b"x")
    run("read-workbook", workbook)
    assert not list(tmp_path.rglob("evil.txt"))


def test_a_document_whose_id_is_a_path_is_refused(workbook, run, tmp_path):
    import openpyxl

    book = openpyxl.load_workbook(workbook)
    page = book["Dokument"]
    page.cell(3, [cell.value for cell in page[1]].index("Id") + 1).value = "../../evil"
    book.save(workbook)
    run("read-workbook", workbook, "--out", tmp_path / "raw")
    assert not list(tmp_path.rglob("*evil*"))
    assert not (tmp_path / "raw").exists()


# --- pages and twins -------------------------------------------------------------------------------------------------

MANIFEST = {
    "format": 1, "version": "0", "rows": {}, "definitions": ["", ""], "packages": {},
    "parameters": {
        "county": "norrbotten", "contact": "", "messages": 4, "all_figures": True, "commentary": "", "previous": "",
        "threshold": 5,
    },
}  # fmt: skip


def page_of(manifest) -> bytes:
    told = json.dumps(manifest).replace("'", "&#39;")
    return f"<html><body><h1>Psykisk hälsa i Norrbotten</h1><p data-manifest='{told}'>x</p>".encode()


LAUGHS = b"<!DOCTYPE html [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;'>]><p>&c;&c;</p>"
PAGES = {
    "empty": (b"", "tells nothing"),
    "a script": (b"<script>alert(1)</script>", "tells nothing"),
    "entities": (LAUGHS, "tells nothing"),
    "not UTF-8": (b"\xff\xfe<p>", "is not text in UTF-8"),
    "NUL": (b"<p>\0</p>" * 10, "tells nothing"),
    "too deep": (b"<div>" * 50_000, "no report is like that"),
    "too many": (b"<p>" * 200_000, "no report is like that"),
    "a deep manifest": (b"<p data-manifest='" + b"[" * 100_000 + b"'>", "tells nothing"),
    "half a character": (b"<p data-manifest='{\"a\":\"\\ud800\"}'>", "tells nothing"),
    "a huge number": (b"<p data-manifest='{\"a\":" + b"9" * 5000 + b"}'>", "tells nothing"),
    "no rows": (page_of({**MANIFEST, "rows": 5}), "its manifest is damaged (rows)"),
    "no definitions": (page_of({**MANIFEST, "definitions": ["a"]}), "its manifest is damaged (definitions"),
    "code": (page_of({**MANIFEST, "parameters": {"county": "norrbotten", "x": "1"}}), "unknown parameter"),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_a_hostile_page_is_a_sentence(name, tmp_path, run):
    content, said = PAGES[name]
    path = tmp_path / "x.html"
    path.write_bytes(content)
    assert said in run("verify", path, "--project", ROOT)
    assert len(run("trace", path, "--project", ROOT)) < 500


def test_a_page_of_500_mb_is_not_read(tmp_path, run):
    path = tmp_path / "x.html"
    with path.open("wb") as file:
        file.truncate(500_000_000)
    for command in ("verify", "trace"):
        assert f"larger than {pages.MOST_BYTES / 1e6:g} MB" in run(command, path, "--project", ROOT)
        assert "no such file" in run(command, tmp_path, "--project", ROOT)


def test_a_page_that_names_a_file_outside_the_project_is_a_sentence(tmp_path):
    path = tmp_path / "x.html"
    path.write_bytes(page_of({**MANIFEST, "parameters": {**MANIFEST["parameters"], "commentary": "../../etc/passwd"}}))

    def remake(project, values):
        params.locate(project, values["commentary"])
        return "", {}

    with pytest.raises((ParameterError, ReportError), match="lies outside the project"):
        verify.verify(path, Project(ROOT), remake=remake)


def test_many_lines_beside_many_lines_end_soon():
    gone = [seal.Line(f"rad {number}", "") for number in range(4_000)]
    came = [seal.Line(f"line {number}", "") for number in range(2_000)]
    assert len(list(verify._pairs_of_lines(gone, came))) == 6_000


def test_what_a_page_says_cannot_steer_the_terminal(tmp_path, run):
    path = tmp_path / "x.html"
    path.write_bytes("<h1>a\x1b]0;b\x07\u202e</h1><data value=r000000>5</data>".encode())
    told = run("trace", path, "--project", ROOT)
    assert not {"\x1b", "\x07", "\u202e"} & set(told)
    assert trace.figures(path.read_text())


FIGURE = {
    "ref": "r000000", "kind": "result", "label": "", "population": "", "period": "", "text": "", "series": "",
    "suppressed": False, "rows": [], "definitions": [],
}  # fmt: skip
TWIN = {
    "schema": ledger.VERSION,
    "county": {"code": "25", "name": "N"},
    "rows": {},
    "definitions": {},
    "figures": [FIGURE],
}
TWINS = {
    "sound": (json.dumps(TWIN), ""),
    "too deep": ("[" * 100_000, "is no twin"),
    "no object": ("5", "is no twin"),
    "a huge number": ("9" * 10_000, "is no twin"),
    "not UTF-8": (b"\xff", "is no twin"),
    "figures of another type": (json.dumps({**TWIN, "figures": {"a": 1}}), "is damaged at figures"),
    "an unknown kind": (json.dumps({**TWIN, "figures": [{**FIGURE, "kind": "x"}]}), "is damaged at figures.0.kind"),
    "a forged reference": (json.dumps({**TWIN, "figures": [{**FIGURE, "ref": '"><b>'}]}), "damaged at figures.0.ref"),
    "private characters": (json.dumps({**TWIN, "figures": [{**FIGURE, "text": "\ue100"}]}), "at figures.0.text"),
    "rows of another type": (json.dumps({**TWIN, "rows": {"a": 5}}), "is damaged at rows.a"),
    "a page without code": (json.dumps({**TWIN, "page": {}}), "is damaged at page"),
    "another schema": (json.dumps({**TWIN, "schema": "9" * 1000}), "the twin has schema 999"),
}  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
def test_a_hostile_twin_is_a_sentence(name, tmp_path):
    content, said = TWINS[name]
    path = tmp_path / "x.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if not said:
        assert ledger.read_twin(path) == TWIN
        return
    with pytest.raises(ParameterError, match=said) as raised:
        ledger.read_twin(path)
    assert len(str(raised.value)) < 300


def test_a_huge_twin_is_not_read(tmp_path):
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(ParameterError, match="larger than 10 MB"):
        ledger.read_twin(tmp_path / "x.json")


def test_a_file_name_that_is_no_text_is_a_sentence(tmp_path):
    name = os.fsencode(str(tmp_path)) + b"/\xff.html"
    command = [sys.executable, "-m", "psykanalys", "verify", name, "--project", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no such file" in done.stderr


# --- archives to be mailed --------------------------------------------------------------------------------------------


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_an_archive_that_would_fill_the_memory_is_not_unpacked(monkeypatch, counties):
    report = counties["norrbotten"]
    monkeypatch.setattr(gate, "MOST_UNPACKED", 1_000_000)
    bomb = zipped({"a.txt": b" " * 1_000_001})
    assert len(bomb) < 2_000
    for ending in ("zip", "docx"):
        (leak,) = leaks_in({f"a.{ending}": bomb}, report)
        assert "cannot be read" in str(leak)
    assert leaks_in({"a.zip": zipped({"b.zip": zipped({"a.txt": b""})})}, report)
    monkeypatch.setattr(gate, "MOST_PARTS", 2)
    assert leaks_in({"a.zip": zipped({f"{number}.txt": b"" for number in range(3)})}, report)
