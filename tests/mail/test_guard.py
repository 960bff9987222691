"""What may not leave the house, and why."""

from __future__ import annotations

import copy

import pytest

from psykanalys.errors import MailError
from psykanalys.mail import addresses, guard, log, mailing
from psykanalys.present.county import load
from psykanalys.present.twin import written
from psykanalys.report import gate
from psykanalys.report import verify as proving
from report.in_process import copied, edit, make, rewrite, shipped, small_project

ROW = "nb16-obs-suicides-2014"


def refused(project, *, to=("a@example.se",), book=None):
    ready, results = mailing.prepare(project, ["norrbotten"], mailing.Order(addresses.recipients(to), book=book or {}))
    assert ready == []
    (result,) = results
    assert not result.done
    return result.said


def change(project, old, new):
    path = project.reports / "norrbotten.html"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="")


def test_a_report_that_holds_may_be_mailed(project, again, made):
    (ready,), results = mailing.prepare(project, ["25"], mailing.Order(addresses.recipients(["a@example.se"])))
    assert results == []
    assert ready.report.page == made[0]
    assert ready.report.twin == written(made[1])


def test_a_missing_report_is_refused(project):
    (project.reports / "norrbotten.html").unlink()
    assert refused(project).startswith("refused: there is no report")


@pytest.mark.parametrize(
    "content", [b"", b"<p>x</p>", b"\xff\xfe", b'<p data-manifest="{}">', b'<p data-manifest="[">']
)
def test_what_is_no_report_is_refused(project, content):
    (project.reports / "norrbotten.html").write_bytes(content)
    assert "norrbotten.html is no report — make it again: psykanalys report norrbotten" in refused(project)


def test_another_countys_report_is_refused(project):
    change(project, '"county":"norrbotten"', '"county":"gavleborg"')
    assert "norrbotten.html is the report of gavleborg" in refused(project)


def test_a_tampered_digit_is_refused(project, again):
    change(project, "57\u00a0självmord</data>", "51\u00a0självmord</data>")
    assert "does not pass `psykanalys verify` (page changed after it was made)" in refused(project)


def test_a_report_older_than_its_data_is_refused_with_the_row(project, monkeypatch, tmp_path):
    newer = small_project(tmp_path / "newer")
    edit(newer, "norrbotten-plan-2016/observations", ROW, numerator="58")
    remade = make(newer, shipped(newer))
    monkeypatch.setattr(guard, "verify", lambda path, at: proving.verify(path, at, remake=lambda *_: remade))
    said = refused(project)
    assert f"older than its data (raw row changed: observations/{ROW})" in said
    assert "psykanalys report norrbotten" in said


@pytest.mark.parametrize("mark", ["Ej för utskick", "EJ FÖR\n UTSKICK", "Ej f&ouml;r utskick"])
def test_a_report_marked_as_not_for_mail_is_refused(project, again, mark):
    change(project, "<main", f"<p>{mark}</p><main")
    assert "marked 'ej för utskick'" in refused(project)


def test_a_report_that_leaks_is_refused_naming_where(project, again, monkeypatch):
    found = [gate.Leak("letter.txt", "text", f"cell {number}") for number in range(5)]
    monkeypatch.setattr(gate, "leaks", lambda files, county: found)
    said = refused(project)
    assert "tells what must be protected: letter.txt: text: cell 0; letter.txt: text: cell 1" in said
    assert "(and 2 more) — not mailed" in said


def test_a_fault_in_the_report_names_no_temporary_folder(project, made):
    change(project, '"messages":4', '"messages":99')
    said = refused(project)
    assert "norrbotten.html: messages: 99 cannot be used" in said
    assert "psykanalys-" not in said


def test_recipients_of_another_county_are_refused(project, again):
    book = {"gavleborg": addresses.recipients(["bo@example.se"])}
    said = refused(project, to=["a@example.se", "Bo <BO@example.se>"], book=book)
    assert said == "refused: BO@example.se is a recipient of gavleborg — not of norrbotten; mend the recipients"


def test_nobody_to_mail_to_is_refused(project):
    assert "nobody to mail to" in refused(project, to=())


def test_one_refused_county_does_not_stop_another(project, again):
    order = mailing.Order(addresses.recipients(["a@example.se"]))
    ready, results = mailing.prepare(project, ["gavleborg", "norrbotten"], order)
    assert [each.report.slug for each in ready] == ["norrbotten"]
    assert [(each.county, "there is no report" in each.said) for each in results] == [("gavleborg", True)]


def test_cells_are_unpublished_figures_that_are_shown(checked_once):
    report = copy.deepcopy(checked_once.report)
    assert report.cells(with_twin=True) == []
    results = [figure for figure in report.content["figures"] if figure["kind"] == "result"]
    shown = [figure for figure in results if figure["ref"] in report.content["page"]["shown"]]
    unshown = [figure for figure in results if figure not in shown]
    for figure in (shown[0], unshown[0], shown[1]):
        figure["details"]["published"] = "no"
    shown[1]["details"]["status"] = "suppressed"
    assert report.cells(with_twin=False) == [shown[0]["row"]]
    assert report.cells(with_twin=True) == sorted([shown[0]["row"], unshown[0]["row"]])


def test_the_real_report_of_norrbotten_passes_the_real_guard(tmp_path):
    """The notebook is run by a kernel, as `psykanalys verify` does."""
    root = copied(tmp_path)
    root.reports.mkdir()
    page, twin = make(root, shipped(root))
    (root.reports / "norrbotten.html").write_bytes(page.encode())
    report = guard.checked(root, "norrbotten", root.reports)
    assert report.page == page
    assert report.content == twin


EARLIER = {"women": {"sex": "K", "numerator": "3"}, "men": {"sex": "M", "numerator": "51"}, "all": {"numerator": "54"}}


EARLIER = {"women": {"sex": "K", "numerator": "3"}, "men": {"sex": "M", "numerator": "51"}, "all": {"numerator": "54"}}


class TestEarlier:
    """A report and what was mailed before, side by side on a reader's desk."""

    @pytest.fixture(scope="class")
    def protected(self, tmp_path_factory):
        project = copied(tmp_path_factory.mktemp("earlier"))

        def add(rows):
            (row,) = [row for row in rows if row["id"] == "nb16-obs-suicides-2014"]
            own = {"period": "2015", "published": "no"}
            return [*rows, *({**row, **own, "id": f"nb16-obs-{name}", **more} for name, more in EARLIER.items())]

        rewrite(project, "norrbotten-plan-2016/observations", add)
        return project, guard.Report("norrbotten", load("norrbotten", project=project), "", "", {})

    def mailed(self, monkeypatch, *rows):
        cells = [log.Cell("norrbotten", row, "0") for row in rows]
        monkeypatch.setattr(log, "mailed_cells", lambda project: cells)

    def test_what_was_never_mailed_is_no_obstacle(self, protected, monkeypatch):
        self.mailed(monkeypatch)
        guard.check_earlier(*protected)

    def test_a_total_that_was_mailed_and_is_still_shown_is_none_either(self, protected, monkeypatch):
        self.mailed(monkeypatch, "nb16-obs-all")
        guard.check_earlier(*protected)

    def test_a_part_that_was_mailed_tells_the_one_that_is_hidden(self, protected, monkeypatch):
        self.mailed(monkeypatch, "nb16-obs-men", "nb16-obs-all")
        with pytest.raises(MailError, match=r"norrbotten: with what was mailed before.*published=yes") as refused:
            guard.check_earlier(*protected)
        assert "nb16-obs-women" in str(refused.value) or "nb16-obs-men" in str(refused.value)
