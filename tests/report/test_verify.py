"""`psykanalys verify`: identical, or where and why not. Each cause is injected alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from in_process import edit, make, shipped, small_project
from typer.testing import CliRunner

import psykanalys.analysis
import psykanalys.manifest
from psykanalys.cli import app
from psykanalys.data.project import Project
from psykanalys.errors import ReportError
from psykanalys.present.twin import written
from psykanalys.report import seal
from psykanalys.report import verify as proving
from psykanalys.report.verify import RESAVED, RESTYLED, TAMPERED, verify

FIGURE, FALSE = "57\u00a0självmord</data>", "51\u00a0självmord</data>"
ROW = "nb16-obs-suicides-2014"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return small_project(tmp_path_factory.mktemp("verify"))


@pytest.fixture(scope="module")
def made(project):
    return make(project, shipped(project))


@pytest.fixture(scope="module")
def with_changed_row(tmp_path_factory):
    """What is made after one raw row was changed."""
    other = small_project(tmp_path_factory.mktemp("row"))
    edit(other, "norrbotten-plan-2016/observations", ROW, numerator="58")
    remade = make(other, shipped(other))
    return lambda project, parameters: remade


@pytest.fixture(scope="module")
def with_changed_definition(project):
    """What is made after one definition was changed."""
    catalogue = dict(psykanalys.analysis.load_catalogue())
    catalogue["suicides"] = catalogue["suicides"].model_copy(update={"title": "Avlidna i självmord"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psykanalys.analysis, "load_catalogue", lambda: catalogue)
        remade = make(project, shipped(project))
    return lambda project, parameters: remade


@pytest.fixture
def issued(made, tmp_path):
    """A page as it was issued, with its twin beside it."""
    path = tmp_path / "norrbotten.html"
    path.write_bytes(made[0].encode())
    path.with_suffix(".json").write_text(written(made[1]), encoding="utf-8")
    return path


@pytest.fixture
def again(made):
    """Making the report again gives what was issued: nothing has changed in the project."""
    return lambda project, parameters: made


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="")


def test_a_page_that_is_made_again_is_identical(issued, project, again):
    proof = verify(issued, project, remake=again)
    assert proof.identical
    assert proof.why == proof.input == proof.differences == proof.notes == ()


def test_a_page_without_its_twin_is_proved_too(issued, project, again):
    issued.with_suffix(".json").unlink()
    proof = verify(issued, project, remake=again)
    assert proof.identical
    assert "no twin norrbotten.json" in proof.notes[0]


@pytest.mark.parametrize("with_twin", [True, False])
def test_a_tampered_digit_is_found_with_its_figure(issued, project, again, with_twin):
    if not with_twin:
        issued.with_suffix(".json").unlink()
    change(issued, FIGURE, FALSE)
    proof = verify(issued, project, remake=again)
    assert not proof.identical
    assert proof.why == (TAMPERED,)
    (place,) = proof.differences
    assert ("51 självmord" in place.page, "57 självmord" in place.now) == (True, True)
    assert place.why == TAMPERED
    assert len(place.figures) == 1
    assert place.section


def test_a_tampered_word_outside_the_figures_is_found(issued, project, again):
    change(issued, "<h1>Psykisk hälsa i Norrbotten", "<h1>Psykisk ohälsa i Norrbotten")
    (place,) = verify(issued, project, remake=again).differences
    assert (place.page, place.now, place.why) == ("Psykisk ohälsa i Norrbotten", "Psykisk hälsa i Norrbotten", TAMPERED)


def test_a_page_that_was_tampered_with_and_sealed_again_is_found(issued, project, again):
    text = issued.read_text(encoding="utf-8").replace(FIGURE, FALSE, 1)
    old = seal.manifest_of(text)["text"]
    issued.write_text(seal.sealed(text.replace(old, seal.NO_TEXT)), encoding="utf-8")
    assert seal.text_checksum(issued.read_text(encoding="utf-8")) != old
    proof = verify(issued, project, remake=again)
    assert TAMPERED in proof.why
    assert "51 självmord" in proof.differences[0].page


def test_another_reference_on_a_figure_is_found(issued, project, again):
    text = issued.read_text(encoding="utf-8")
    ref = re.search(r"<data value=(r\w{6})>57\u00a0självmord", text)[1]
    change(issued, f"<data value={ref}>", "<data value=r000000>")
    assert verify(issued, project, remake=again).differences[0].why == TAMPERED


def test_rows_in_another_order_are_found(issued, project, again):
    text = issued.read_text(encoding="utf-8")
    one, two = re.findall(r"<tr><th scope=row>.*?(?=<tr>|</table>)", text)[:2]
    issued.write_text(text.replace(one + two, two + one, 1), encoding="utf-8")
    proof = verify(issued, project, remake=again)
    assert [place.why for place in proof.differences] == [f"{TAMPERED}: the same lines in another order"]


def test_a_hidden_paragraph_is_found(issued, project, again):
    change(issued, "</style>", "p{display:none}</style>")
    proof = verify(issued, project, remake=again)
    assert proof.why == (RESTYLED,)


def test_a_changed_code_is_found(issued, project, again):
    text = issued.read_text(encoding="utf-8")
    told = seal.told_codes(text)[0].replace(" ", "\u00a0")
    change(issued, told, "1111\u00a02222\u00a03333")
    assert verify(issued, project, remake=again).why[0].startswith(TAMPERED)


@pytest.mark.parametrize("with_twin", [True, False])
def test_a_changed_raw_row_is_named_with_what_it_changed(issued, project, with_changed_row, with_twin):
    if not with_twin:
        issued.with_suffix(".json").unlink()
    proof = verify(issued, project, remake=with_changed_row)
    assert proof.input == (f"raw row changed: observations/{ROW}",)
    assert {why.partition(":")[0] for why in proof.why} <= {"raw row changed", "raw rows changed"}
    rows = [place for place in proof.differences if any(ref.startswith("r") for ref in place.figures)]
    assert {place.why for place in rows} == {f"raw row changed: observations/{ROW}"}
    assert any("57 självmord" in place.page and "58 självmord" in place.now for place in rows)


def test_a_changed_row_does_not_hide_a_tampered_digit(issued, project, with_changed_row):
    change(issued, ">137,21\u00a0per", ">37,21\u00a0per")
    proof = verify(issued, project, remake=with_changed_row)
    why = {place.why for place in proof.differences if "37,21" in place.page and "137,21" in place.now}
    assert why == {TAMPERED}
    assert f"raw row changed: observations/{ROW}" in {place.why for place in proof.differences}


@pytest.mark.parametrize("with_twin", [True, False])
def test_a_changed_definition_is_named(issued, project, with_changed_definition, with_twin):
    if not with_twin:
        issued.with_suffix(".json").unlink()
    proof = verify(issued, project, remake=with_changed_definition)
    named = "suicides (title)" if with_twin else "suicides"
    assert proof.input == (f"definition changed: {named}",)
    renamed = [place for place in proof.differences if "Avlidna i självmord" in place.now and place.figures]
    assert renamed
    assert {place.why for place in renamed} == {"definition changed: suicides"}
    assert all("Självmord" in place.page for place in renamed)
    assert not any(place.page.rstrip("⁰¹²³⁴⁵⁶⁷⁸⁹") == place.now.rstrip("⁰¹²³⁴⁵⁶⁷⁸⁹") for place in proof.differences)


def test_changed_code_and_packages_are_named(issued, project, monkeypatch):
    monkeypatch.setattr(psykanalys.manifest, "versions", lambda: dict.fromkeys(psykanalys.manifest.PACKAGES, "0.0"))
    monkeypatch.setattr(psykanalys.manifest, "code_checksum", lambda: "0" * 16)
    proof = verify(issued, project, remake=make)
    assert proof.why == ("the same text and figures, made from other input",)
    assert any(each.startswith("packages changed: numpy") for each in proof.input)
    assert any(each.startswith("code changed") and each.endswith("→ 0000000000000000") for each in proof.input)


def test_other_parameters_in_the_project_are_a_note(issued, again, tmp_path):
    other = small_project(tmp_path / "other")
    (other.params / "norrbotten.yaml").write_text("county: norrbotten\ncontact: Registratorn\n", encoding="utf-8")
    proof = verify(issued, other, remake=again)
    assert proof.identical
    assert "the project's parameter contact is 'Registratorn' now" in proof.notes[0]


def test_a_twin_of_another_page_is_not_used(issued, made, project, again):
    other = {**made[1], "page": {**made[1]["page"], "manifest": {}, "code": "1 2 3"}}
    issued.with_suffix(".json").write_text(written(other), encoding="utf-8")
    proof = verify(issued, project, remake=again)
    assert proof.identical
    assert "is the twin of another page (control code 1 2 3)" in proof.notes[0]


@pytest.mark.browser
def test_a_page_that_a_browser_saved_again_says_the_same(issued, project, again, chromium):
    tab = chromium.new_page()
    tab.goto(issued.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    saved = tab.content()
    tab.close()
    assert saved != issued.read_text(encoding="utf-8")
    issued.write_text(saved, encoding="utf-8")
    proof = verify(issued, project, remake=again)
    assert not proof.identical
    assert proof.why == (RESAVED,)
    assert proof.differences == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<p>Hej", "tells nothing of what it was made from"),
        (b"", "tells nothing"),
        (b"\xff\xfe\x00", "is not text in UTF-8"),
        (b"<p data-manifest='{'>x", "tells nothing"),
        (b"""<p data-manifest='{"format":99,"version":"9.9","parameters":{}}'>x""", "was made by version 9.9"),
        (b"""<p data-manifest='{"format":1,"parameters":{"county":"Atlantis"}}'>x""", "in the page's manifest"),
    ],
)
def test_what_is_no_report_is_a_sentence(tmp_path, project, content, said):
    path = tmp_path / "x.html"
    path.write_bytes(content)
    with pytest.raises(ReportError, match=said):
        verify(path, project)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path, project):
    with pytest.raises(ReportError, match="no such file"):
        verify(tmp_path / "x.html", project)


def test_the_command_answers_and_exits(issued, project, again, monkeypatch):
    monkeypatch.setattr(proving.runner, "make", again)
    arguments = ["verify", str(issued), "--project", str(project.root)]
    same = CliRunner().invoke(app, arguments)
    assert (same.exit_code, "norrbotten.html: identical" in same.stdout) == (0, True)
    change(issued, FIGURE, FALSE)
    other = CliRunner().invoke(app, arguments)
    assert (other.exit_code, f"why:  {TAMPERED}" in other.stdout) == (1, True)
    content = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert content["answer"] == "differs"
    assert content["differences"][0]["why"] == TAMPERED


def test_a_kernel_that_fails_is_a_sentence(issued, project, monkeypatch):
    def fail(*given):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(proving.runner, "_execute", fail)
    with pytest.raises(ReportError, match="the report cannot be made again: RuntimeError: out of memory"):
        verify(issued, project)


def test_every_figure_that_a_page_marks_is_in_its_twin_but_counts(made):
    known = {figure["ref"] for figure in made[1]["figures"]}
    assert {ref for ref in seal.shown(made[0]) if not ref.startswith("n")} <= known
    assert made[1]["page"]["shown"] == seal.shown(made[0])


def test_the_project_of_these_tests_is_a_project(project):
    assert isinstance(project, Project)
