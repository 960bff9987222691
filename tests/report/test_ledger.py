"""What has changed since an earlier report: each cause, injected alone, is the one that is told."""

from __future__ import annotations

import pytest
from in_process import copied, edit, make_page, rewrite, shipped

import psykanalys
import psykanalys.analysis
from psykanalys.errors import ParameterError
from psykanalys.present import formatting, ledger
from psykanalys.present.ledger import Cause, changes
from psykanalys.present.twin import written
from psykanalys.report import runner

OBSERVATIONS = "norrbotten-plan-2016/observations"
SUICIDES = "nb16-obs-suicides-2014"
COUNCILS = "nb16-obs-local-patient-councils"  # no finding refers to it, so it can go


def twin(project):
    return psykanalys.load("norrbotten", project=project).twin


@pytest.fixture(scope="module")
def before(project):
    return twin(project)


@pytest.fixture
def copy(tmp_path):
    return copied(tmp_path)


def causes(found):
    return {change.cause for change in found}


def of(found, row):
    return next(change for change in found if change.kind == "result" and f"observations/{row}" in change.rows)


def test_nothing_has_changed_between_two_of_the_same(before, copy):
    assert changes(before, twin(copy)) == []
    assert "Ingen uppgift i den förra rapporten har ändrats." in ledger.section(before, before).to_text()


def test_a_new_period_is_told_with_the_earlier_figure(before, copy):
    def add(rows):
        (row,) = [row for row in rows if row["id"] == SUICIDES]
        return [*rows, {**row, "id": f"{SUICIDES}-later", "period": "2015", "numerator": "49"}]

    rewrite(copy, OBSERVATIONS, add)
    found = changes(before, twin(copy))
    assert causes(found) - {Cause.NEW} == {Cause.NEW_PERIOD}
    change = of(found, f"{SUICIDES}-later")
    assert (change.was, change.period_was) == ("57\u00a0självmord", "2014")
    assert (change.now, change.period) == ("49\u00a0självmord", "2015")


def test_a_revised_row_is_told(before, copy):
    edit(copy, OBSERVATIONS, SUICIDES, numerator="58")
    found = changes(before, twin(copy))
    assert causes(found) == {Cause.REVISED_ROW}
    change = of(found, SUICIDES)
    assert (change.was, change.now) == ("57\u00a0självmord", "58\u00a0självmord")


def test_a_revised_target_reaches_its_verdict(before, copy):
    edit(copy, "norrbotten-plan-2016/targets", "nb16-target-zero-suicides", value="60", operator="<=")
    found = changes(before, twin(copy))
    assert causes(found) == {Cause.REVISED_ROW}
    assert any(change.kind == "target" and change.now == "högst 60\u00a0självmord" for change in found)


def test_a_deleted_row_is_told_and_a_new_figure_is_only_counted(before, copy):
    rewrite(copy, OBSERVATIONS, lambda rows: [row for row in rows if row["id"] != COUNCILS])
    after = twin(copy)
    (gone,) = [change for change in changes(before, after) if change.kind == "result"]
    assert (gone.now, gone.cause) == ("–", Cause.DELETED_ROW)
    assert gone.was.endswith("100\u00a0%")
    (came,) = [change for change in changes(after, before) if change.kind == "result"]
    assert came.cause == Cause.NEW
    results = {**before, "figures": [each for each in before["figures"] if each["kind"] == "result"]}
    fewer = {**results, "figures": [each for each in results["figures"] if each["row"] != COUNCILS]}
    assert "Dessutom har en uppgift tillkommit." in ledger.section(fewer, results).to_text()
    assert "100" not in ledger.section(fewer, results).to_text()


def test_a_changed_definition_is_told(before, project, monkeypatch):
    catalogue = dict(psykanalys.analysis.load_catalogue())
    shares = [figure for figure in before["figures"] if figure["kind"] == "result" and " av " in figure["text"]]
    name = shares[0]["definitions"][0]
    catalogue[name] = catalogue[name].model_copy(update={"decimals": catalogue[name].decimals + 2})
    monkeypatch.setattr(psykanalys.analysis, "load_catalogue", lambda: catalogue)
    found = changes(before, twin(project))
    assert causes(found) == {Cause.DEFINITION}
    assert {change.definitions for change in found if change.kind == "result"} == {(name,)}


def test_a_changed_suppression_is_told_before_the_row(before, copy):
    edit(copy, OBSERVATIONS, SUICIDES, numerator="", status="suppressed")
    after = twin(copy)
    found = changes(before, after)
    assert [change.cause for change in found if change.kind == "result"] == [Cause.SUPPRESSION]
    assert causes(found) <= {Cause.SUPPRESSION}
    assert "57" not in str([figure for figure in after["figures"] if figure["row"] == SUICIDES])


def test_what_remains_is_changed_code(before, project, monkeypatch):
    plain = formatting.with_unit
    monkeypatch.setattr(formatting, "with_unit", lambda *given: plain(*given).replace("självmord", "suicid"))
    found = changes(before, twin(project))
    assert causes(found) == {Cause.CODE}


def test_two_causes_at_once_are_each_told_where_they_work(before, copy, monkeypatch):
    edit(copy, OBSERVATIONS, SUICIDES, numerator="58")
    edit(copy, OBSERVATIONS, "nb16-obs-sunderby-2015", numerator="", status="suppressed")
    found = [change for change in changes(before, twin(copy)) if change.kind == "result"]
    assert {change.rows: change.cause for change in found} == {
        (f"observations/{SUICIDES}",): Cause.REVISED_ROW,
        ("observations/nb16-obs-sunderby-2015",): Cause.SUPPRESSION,
    }


def test_a_row_under_another_name_is_the_same_figure(before, copy):
    edit(copy, OBSERVATIONS, COUNCILS, id=f"{COUNCILS}-again")
    assert [change for change in changes(before, twin(copy)) if change.kind == "result"] == []


def test_the_section_is_swedish_and_stands_in_the_page_only_where_there_is_an_earlier_report(before, copy, project):
    (copy.root / "earlier.json").write_text(written(before), encoding="utf-8")
    edit(copy, OBSERVATIONS, SUICIDES, numerator="58")
    page = make_page(copy, shipped(copy) | {"previous": "earlier.json"})
    assert f">{ledger.TITLE}</h2>" in page
    assert "genom rättad uppgift i underlaget" in page
    assert '"previous":"earlier.json"' in page
    assert psykanalys.load("norrbotten", project=project).changes().to_html() == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no twin of a report"),
        ("[]", "is no twin of a report"),
        ('{"schema": 99}', "the twin has schema 99"),
        ('{"schema": 1, "county": {"code": "21", "name": "Gävleborgs län"}}', "the twin is damaged at figures"),
        (
            '{"schema": 1, "county": {"code": "21", "name": "Gävleborgs län"}, "figures": [], "rows": {},'
            ' "definitions": {}}',
            "is of Gävleborgs län",
        ),
    ],
)
def test_what_is_no_earlier_twin_is_a_sentence(copy, content, said):
    (copy.root / "earlier.json").write_text(content, encoding="utf-8")
    with pytest.raises(ParameterError, match=said):
        psykanalys.load("norrbotten", project=copy, previous="earlier.json")


def test_the_batch_finds_each_countys_twin(copy, tmp_path, monkeypatch):
    archive = copy.root / "archive"
    archive.mkdir()
    (archive / "norrbotten.json").write_text("{}", encoding="utf-8")
    asked = {}

    def note(_, tasks, how, *rest):
        asked.update(tasks)
        return [runner.Outcome(name, False, how.folder) for name in tasks]

    monkeypatch.setattr(runner, "_run_all", note)
    runner.run(copy, ["gavleborg", "norrbotten"], out=tmp_path / "out", previous=archive)
    assert (asked["gavleborg"]["previous"], asked["norrbotten"]["previous"]) == ("", "archive/norrbotten.json")


def test_an_earlier_twin_that_would_be_overwritten_or_lies_elsewhere_is_refused(copy, tmp_path_factory):
    copy.reports.mkdir()
    (copy.reports / "norrbotten.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ParameterError, match="would be overwritten"):
        runner.run(copy, ["norrbotten"], previous=copy.reports)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "norrbotten.json"
    elsewhere.write_text("{}", encoding="utf-8")
    with pytest.raises(ParameterError, match="lies outside the project"):
        runner.run(copy, ["norrbotten"], previous=elsewhere)
