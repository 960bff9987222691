"""From an extract to a page: the raw files hold, small counts are protected, and the report tells what was left out."""

from __future__ import annotations

import csv
import shutil
from datetime import date

import pytest

from psykanalys.analysis import assemble
from psykanalys.areas import find_county
from psykanalys.data.prepare import check_project, prepare
from psykanalys.data.project import Project
from psykanalys.errors import PsykanalysError
from psykanalys.present.county import County

from .test_measures import made

COMMON = 'contact: ""\nmessages: 4\nall_figures: true\n'


@pytest.fixture
def with_waits(tell, tmp_path) -> Project:
    """A project that has nothing but what an extract gave: 4000 contacts, and 3 of unknown sex."""
    rows = made(3, 4000)
    told = tell([*rows, *({"sex": "X"} for _ in range(3))], threshold=5)
    project = Project(tmp_path / "project")
    shutil.copytree(told.out / "raw", project.raw)
    project.params.mkdir()
    (project.params / "common.yaml").write_text(COMMON, encoding="utf-8")
    return project


def test_the_raw_files_obey_the_contract(with_waits):
    assert check_project(with_waits) == []


def test_the_figures_are_unpublished_and_protected(with_waits):
    analysis = assemble(find_county("24"), prepare(with_waits, write=False))
    table = analysis.results
    assert set(table["published"]) == {"no"}
    persons = table[table["counts"] == "persons"]
    assert not persons["numerator"].between(1, 4).any()
    assert (table["status"] == "suppressed").any()
    assert analysis.protected.open == ()


def test_an_unprotected_small_count_would_be_hidden(tell, tmp_path):
    """The catalogue says that the counts are of persons, so that disclosure control sees them."""
    told = tell([{}] * 30 + [{"first_visit": "", "waiting": "yes"}] * 2)
    project = Project(tmp_path / "project")
    shutil.copytree(told.out / "raw", project.raw)
    protected = assemble(find_county("24"), prepare(project, write=False)).protected
    assert "vasterbotten-contacts-2024-06-30-wait-first-visit-queue-24-2024-06-30" in protected.hidden


def test_the_report_shows_the_waits_and_what_was_left_out(with_waits):
    report = County(assemble(find_county("24"), prepare(with_waits, write=False)))
    area, quality = report.focus_area(2)._repr_html_(), report.data_quality()._repr_html_()
    assert "Första besök inom 30 dagar från remiss" in area
    assert "Väntande på första besök vid månadens slut" in area
    assert "3 rader i utdraget saknar kön eller har en okänd könskod." in quality


def test_it_lies_beside_other_documents(with_waits, project, tmp_path):
    """As docs/records.md says: the folder beside the others, the row added to the list of documents."""
    both = Project(tmp_path / "both")
    shutil.copytree(project.raw, both.raw)
    shutil.copytree(project.params, both.params)
    with (with_waits.raw / "sources.csv").open(encoding="utf-8", newline="") as new:
        rows = list(csv.reader(new))[1:]
    with (both.raw / "sources.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    for row in rows:
        shutil.copytree(with_waits.raw / row[0], both.raw / row[0])
    assert check_project(both) == []


def test_two_extracts_in_one_place_tell_of_the_same_units(tell, tmp_path):
    first = tell([{}] * 30 + [{"unit": "Norra"}] * 30, by=("unit",))
    tell([{}] * 30 + [{"unit": "Södra"}] * 30, by=("unit",), day=date(2024, 7, 31), month="2024-06")
    tell([{}] * 30 + [{"unit": "Norra"}] * 30, by=("unit",))
    project = Project(tmp_path / "project")
    shutil.copytree(first.out / "raw", project.raw)
    assert check_project(project) == []
    with (project.raw / "sources.csv").open(encoding="utf-8", newline="") as file:
        assert [row["dated"] for row in csv.DictReader(file)] == ["2024-07-31", "2024-06-30"]
    assert {"24-alidhem", "24-norra", "24-sodra"} <= set(prepare(project, write=False)["observations"]["area"])


def test_another_list_of_sources_is_not_overwritten(tell, tmp_path):
    other = tmp_path / "out" / "raw" / "sources.csv"
    other.parent.mkdir(parents=True)
    other.write_text("Källa;År\n", encoding="utf-8")
    with pytest.raises(PsykanalysError, match="no list of documents as written here"):
        tell([{}])
    assert other.read_text(encoding="utf-8") == "Källa;År\n"
