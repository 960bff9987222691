"""The log of what was mailed: kept, dropped in time, and read by what comes after."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from psykanalys.data.project import Project
from psykanalys.errors import MailError
from psykanalys.mail import log
from psykanalys.mail.log import Cell, Delivery, Entry, State

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
A, B = "a@example.se", "B@example.se"


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def twin(number: int) -> str:
    return json.dumps({"number": number})


def entry(number=1, *, days=0, county="25", state=State.SENT, to=A, cells=()) -> Entry:
    return Entry(
        f"<{number}@example.se>", (NOW - timedelta(days=days)).isoformat(), county, "smtp", f"page{number}",
        "1234 5678 9012", log.checksum(twin(number)), "f" * 64, cells, {to: Delivery(state, "250 ok")},
    )  # fmt: skip


def record(project, *found, now=NOW):
    for each in found:
        log.record(project, each, twin(int(each.id[1])), now=now)


def test_what_is_recorded_is_read_back_oldest_first(project):
    one, other = entry(1), entry(2, days=3, cells=("o1", "o2"))
    record(project, one, other)
    assert log.entries(project) == [other, one]
    assert log.read_twin(project, other.twin) == {"number": 2}


def test_an_entry_with_its_result_takes_the_place_of_the_one_before(project):
    record(project, entry(state=State.STARTED), entry(state=State.SENT))
    assert [each.recipients[A].state for each in log.entries(project)] == [State.SENT]


def test_entries_lie_by_year_and_one_line_each(project):
    record(project, entry(1), entry(2, days=365))
    assert sorted(path.name for path in (project.root / "mail-log").glob("*.jsonl")) == ["2025.jsonl", "2026.jsonl"]
    (line,) = (project.root / "mail-log" / "2026.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["recipients"] == {A: {"said": "250 ok", "state": "sent"}}


def test_what_is_older_than_the_retention_is_dropped_with_its_twin(project):
    old, just, new = entry(1, days=log.RETENTION_DAYS + 1), entry(2, days=log.RETENTION_DAYS - 1), entry(3)
    record(project, old, now=NOW - timedelta(days=log.RETENTION_DAYS))
    record(project, just, new)
    assert log.entries(project) == [just, new]
    assert len(list((project.root / "mail-log" / "twins").iterdir())) == 2
    assert not (project.root / "mail-log" / "2024.jsonl").exists() or just.when.startswith("2024")


def test_nothing_is_left_behind_but_the_log(project):
    record(project, entry())
    names = sorted(path.name for path in (project.root / "mail-log").rglob("*") if path.is_file())
    assert names == ["2026.jsonl", f"{entry().twin}.json.gz"]


@pytest.mark.parametrize("state", State)
def test_who_may_have_a_report_has_it(project, state):
    record(project, entry(state=state, to=B))
    had = log.mailed(project, "page1")
    assert set(had) == (set() if state in (State.REFUSED, State.FAILED) else {"b@example.se"})
    assert log.mailed(project, "page2") == {}


def test_the_last_twin_is_of_the_county_and_of_another_report(project):
    record(project, entry(1, days=2), entry(2, days=1), entry(3, county="24"), entry(4, state=State.FAILED))
    assert log.last_twin(project, "norrbotten") == {"number": 2}
    assert log.last_twin(project, "norrbotten", other_than="page2") == {"number": 1}
    assert log.last_twin(project, "gavleborg") is None


def test_mailed_cells_are_those_that_may_have_arrived_once_each(project):
    record(project, entry(1, cells=("o1", "o2")), entry(1, days=1, cells=("o1",)))
    record(project, entry(2, cells=("o9",), state=State.REFUSED))
    first = entry(1).twin
    assert sorted(log.mailed_cells(project), key=str) == [Cell("25", "o1", first), Cell("25", "o2", first)]


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"recipients": {}}', "null"])
def test_a_log_that_cannot_be_read_is_named_and_nothing_is_written_over_it(project, line):
    record(project, entry())
    path = project.root / "mail-log" / "2026.jsonl"
    before = path.read_text(encoding="utf-8") + line + "\n"
    path.write_text(before, encoding="utf-8")
    for use in (lambda: log.mailed(project, "page1"), lambda: record(project, entry(2))):
        with pytest.raises(MailError, match=r"mail-log/2026\.jsonl:2: is no entry"):
            use()
    assert path.read_text(encoding="utf-8") == before


def test_a_twin_that_was_changed_or_is_gone_is_named(project):
    record(project, entry())
    path = project.root / "mail-log" / "twins" / f"{entry().twin}.json.gz"
    record(project, replace(entry(2), twin=entry().twin))
    log._replace(path, log.gzip.compress(b"{}"))
    with pytest.raises(MailError, match="has been changed"):
        log.last_twin(project, "norrbotten")
    path.write_bytes(b"no gzip")
    with pytest.raises(MailError, match="cannot be read"):
        log.last_twin(project, "norrbotten")


def test_only_one_run_at_a_time(project, monkeypatch):
    monkeypatch.setattr(log, "WAIT_FOR_OTHER_RUN", 0.0)
    with log.locked(project), pytest.raises(MailError, match="another `psykanalys mail` is under way"):
        log.locked(project).__enter__()
    with log.locked(project):
        assert log.entries(project) == []
