"""A small project that holds, made anew for every test, and the command line to run in it."""

from __future__ import annotations

import csv
import io
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from psykanalys import cli
from psykanalys.data.prepare import prepare
from psykanalys.data.project import Project

PLAN = "vb-plan"
SURVEY = "gb-survey"  # a document of another county
FIRST = {"source": PLAN, "places": f"{PLAN}:1"}
GOAL = {**FIRST, "county_code": "24", "group": "group-alcohol", "group_label": "Alkohol", "focus_areas": "1"}
TARGET = {**FIRST, "county_code": "24", "focus_areas": "1", "area": "24", "testable": "yes"}
OBSERVATION = {**FIRST, "area": "24", "period": "2018", "sex": "T", "status": "exact", "published": "yes"}
UNITS = {"indicator": "audit_screening_units", "unit": "procent"}
DOCUMENT = {
    "title": "Plan för psykisk hälsa", "title_is": "ours", "role": "plan", "publisher": "Region Västerbotten",
    "year": "2018", "dated": "2018", "dated_is": "ours", "county_code": "24", "sha256": "0" * 64, "lines": "100",
}  # fmt: skip

RAW: dict[str, list[dict[str, str]]] = {
    "sources.csv": [
        {**DOCUMENT, "id": PLAN, "plan_start": "2019", "plan_end": "2022"},
        {**DOCUMENT, "id": SURVEY, "county_code": "21", "publisher": "Region Gävleborg"},
    ],
    "commentary.csv": [
        {
            "id": "words", "county_code": "24", "focus_area": "1", "author": "Åsa Öberg", "role": "Samordnare",
            "date": "2022-05-02", "text": "Vi fortsätter.",
        }
    ],
    "overrides.csv": [
        {
            "id": "override", "target": "target-units", "verdict": "uppnått", "name": "Åsa Öberg", "date": "2022-05-02",
            "reason": "Alla utom en.",
        }
    ],
    f"{PLAN}/areas.csv": [
        {**FIRST, "id": "area-umea", "code": "24-umea-area", "name": "Umeåområdet", "kind": "subregion", "parent": "24"}
    ],
    f"{PLAN}/units.csv": [
        {**FIRST, "id": "unit-pv", "county_code": "24", "name": "Primärvården", "abbreviation": "PV", "listed": "yes"}
    ],
    f"{PLAN}/goals.csv": [
        {**GOAL, "id": "goal-long", "level": "long", "label": "Mindre riskbruk", "focus_areas": "1 | 2"},
        {**GOAL, "id": "goal-short", "level": "short", "label": "Fler frågar om alkohol", "parent": "goal-long"},
    ],
    f"{PLAN}/activities.csv": [
        {
            **FIRST, "id": "act-audit", "county_code": "24", "goal": "goal-short", "group": "group-alcohol",
            "focus_areas": "1", "label": "Utbilda i AUDIT", "responsible": "unit-pv", "year": "2019",
        }
    ],
    f"{PLAN}/targets.csv": [
        {
            **TARGET, "id": "target-units", "goal": "goal-short", "label": "90 procent screenar", "operator": ">=",
            "value": "90", "unit": "procent", "due": "2019", "indicator": "audit_screening_units",
            "reported_indicator": "audit_screening_units", "measures": "same",
        },
        {
            **TARGET, "id": "target-more", "label": "Fler får vård", "operator": "increase", "testable": "no",
            "why_not_testable": "Ingen omfattning anges.",
        },
    ],
    f"{PLAN}/plan_indicators.csv": [
        {
            **FIRST, "id": "plan-indicator", "county_code": "24", "group": "group-alcohol", "goals": "goal-short",
            "focus_areas": "1", "kind": "share", "label": "Andel som screenar", "indicator": "audit_screening_units",
            "measures": "goal",
        }
    ],
    f"{PLAN}/needs.csv": [
        {**FIRST, "id": "need", "county_code": "24", "focus_areas": "1", "label": "Tidigt stöd", "goals": "goal-long"}
    ],
    f"{PLAN}/observations.csv": [
        {**OBSERVATION, **UNITS, "id": "obs-units", "numerator": "28", "denominator": "39", "value": "72"},
        {**OBSERVATION, **UNITS, "id": "obs-sub", "numerator": "7", "denominator": "9", "area": "24-umea-area"},
        {
            **OBSERVATION, "id": "obs-care", "indicator": "compulsory_care_rate", "unit": "per 100000",
            "value_low": "24,5", "value_high": "31,25", "period": "2016/2018",
        },
        {**OBSERVATION, "id": "obs-dead", "indicator": "suicides", "unit": "självmord", "numerator": "28", "sex": "K"},
    ],
    f"{PLAN}/funding.csv": [
        {
            **FIRST, "id": "fund", "county_code": "24", "year": "2018", "grant": "grant-2018", "kind": "part",
            "label": "Till primärvården", "recipient": "unit-pv", "amount": "9,293", "unit": "mnkr",
            "goals": "goal-long",
        }
    ],
    f"{PLAN}/survey.csv": [
        {**FIRST, "id": "question", "county_code": "24", "kind": "question", "label": "AUDIT?", "reported": "figures"}
    ],
    f"{PLAN}/consultation.csv": [
        {
            **FIRST, "id": "party", "county_code": "24", "party": "Brukarrådet", "asked": "2018-08", "answered": "yes",
            "view": "Vill se fler träffar, oftare.", "answered_by": "goal-long",
        }
    ],
    f"{PLAN}/findings.csv": [
        {
            **FIRST, "id": "finding", "county_code": "24", "kind": "wording", "description": "Länet heter två saker.",
            "treatment": "Återges som det står.", "concerns": "goal-long | party",
        }
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Small:
    """The small project, with ways to change a raw file. Line 1 of a file is its header."""

    root: Path

    @property
    def project(self) -> Project:
        return Project(self.root)

    def path(self, name: str) -> Path:
        """`observations` is that file of the plan; `sources` and names with a suffix lie in data/raw/ itself."""
        folder = self.root / "data" / "raw"
        return (
            folder / name if "." in name else next(iter([*folder.glob(f"{name}.csv"), *folder.glob(f"*/{name}.csv")]))
        )

    def records(self, name: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.path(name).read_text(encoding="utf-8"), newline="")))

    def write(self, name: str, records: list[list[str]], delimiter: str = ",") -> None:
        stream = io.StringIO(newline="")
        csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(records)
        self.path(name).write_text(stream.getvalue(), encoding="utf-8", newline="")

    def set(self, name: str, line: int, **cells: str) -> None:
        """Set cells of a row; a column that the file lacks is added to it."""
        header, *rows = self.records(name)
        for column, value in cells.items():
            if column not in header:
                header.append(column)
                rows = [[*row, ""] for row in rows]
            rows[line - 2][header.index(column)] = value
        self.write(name, [header, *rows])

    def add(self, name: str, **cells: str) -> None:
        """Add a row: the last one, changed."""
        records = self.records(name)
        self.write(name, [*records, records[-1]])
        self.set(name, len(records) + 1, **cells)

    def header(self, name: str, change: Callable[[list[str]], list[str]]) -> None:
        first, *rows = self.records(name)
        self.write(name, [change(first), *rows])

    def drop(self, name: str, column: str) -> None:
        records = self.records(name)
        place = records[0].index(column)
        self.write(name, [[cell for number, cell in enumerate(row) if number != place] for row in records])

    def replace(self, name: str, old: bytes, new: bytes) -> None:
        content = self.path(name).read_bytes()
        assert old in content
        self.path(name).write_bytes(content.replace(old, new, 1))

    def recode(self, name: str, encoding: str, content: str | None = None) -> None:
        text = self.path(name).read_text(encoding="utf-8") if content is None else content
        self.path(name).write_bytes(text.encode(encoding))

    def processed(self) -> dict[str, tuple[bytes, int]]:
        """The processed files as they are: bytes and time of change."""
        folder = self.root / "data" / "processed"
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, what it printed, what it complained of."""

    code: int
    out: str
    err: str


def lay_out(root: Path) -> Small:
    small = Small(root)
    (root / "params").mkdir(parents=True)
    (root / "params" / "common.yaml").write_text('contact: ""\nmessages: 4\nall_figures: true\n', encoding="utf-8")
    for name, rows in RAW.items():
        path = small.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        header = list(dict.fromkeys(column for row in rows for column in ("id", *row)))
        small.write(name, [header, *([row.get(column, "") for column in header] for row in rows)])
    return small


@pytest.fixture(scope="session")
def prepared_once(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("template") / "project"
    prepare(lay_out(root).project)
    return root


@pytest.fixture
def small(prepared_once, tmp_path, monkeypatch) -> Small:
    """The small project, prepared; it is the working folder."""
    root = tmp_path / "project"
    shutil.copytree(prepared_once, root)
    monkeypatch.chdir(root)
    return Small(root)


@pytest.fixture
def run(capsys, monkeypatch) -> Callable[..., Ran]:
    """Run the command as its console script does."""

    def command(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["psykanalys", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.run()
        printed = capsys.readouterr()
        return Ran(int(ended.value.code or 0), printed.out, printed.err)

    return command


@pytest.fixture
def table(tmp_path):
    """Read one file of a kind from text or bytes, as it lies on disk."""
    from psykanalys.data.reader import read_table

    def make(kind: str, content: str | bytes):
        path = tmp_path / f"{kind}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path)

    return make
