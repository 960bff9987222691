"""The audit of plans on a terminal and as JSON: counties side by side, and each finding with its row or cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from psykanalys.analysis import FOCUS_AREAS, Analysis, analyse, assemble
from psykanalys.areas import UnknownAreaError, find_county, nearest_county, short_name
from psykanalys.audit import CHECKS, PARTS, Audit, Finding, Measurability, audit
from psykanalys.data.folder import Folder
from psykanalys.data.prepare import load_prepared, prepare, rows_in_files
from psykanalys.data.project import Project, find_project
from psykanalys.data.reader import shown
from psykanalys.data.workbook import cells_of_rows
from psykanalys.errors import DataError, ParameterError

NOTHING = "-: nothing to ask of, since the plan has no such row (a time limit, a grant, a goal in the focus area …)."
CAUTION = (
    "The plans differ in kind: who made them, for how long, and whether they list indicators, units and money at all. "
    "The counts say what each plan lacks; they do not rank counties."
)


@dataclass(frozen=True)
class Audited:
    """One county's plan with its audit, and the project or folder that its rows lie in."""

    analysis: Analysis
    audit: Audit
    project: Project

    @property
    def name(self) -> str:
        """The county's name in short."""
        return short_name(self.analysis.county)


def audit_plans(names: Sequence[str], project: Path | None) -> list[Audited]:
    """The plans of counties (names or codes), of folders, or of every county with documents where none is named.

    Raises DataError where a folder's files do not hold, ParameterError where there is no plan to audit.
    """
    found = [each for name in names for each in _named(name, project)] if names else list(_all(find_project(project)))
    if not found:
        raise ParameterError("audit: no document adopts a plan — give its plan_start in sources.csv")
    return found


def side_by_side(plans: Sequence[Audited]) -> str:
    """One line per code and per part of mätbarhetsgrad, one column per county."""
    names = [each.name for each in plans]
    rows = [["", *names, ""], *_code_rows(plans), [""], *_part_rows(plans), [""], *_share_rows(plans)]
    lacking = any(cell == "-" for row in rows for cell in row)
    notes = [*([NOTHING] if lacking else []), *([CAUTION] if len(plans) > 1 else [])]
    return "\n\n".join([_aligned(rows, len(names)), *notes])


def details(plans: Iterable[Audited]) -> Iterator[str]:
    """Each finding as `place: code label: what is lacking — what would mend it`.

    The place is the workbook's sheet and cell where the plan lies in one, else file and row.
    """
    for each in plans:
        places = rows_in_files(each.project) | _cells(each.project)
        for finding in each.audit.findings:
            what = f"{finding.text} {_as_sentence(finding.detail)}".strip()
            where = _where(finding, places) or each.name
            yield f"{where}: {finding.code} {finding.label}: {what} — {finding.mend}"


def as_records(plans: Iterable[Audited]) -> list[dict[str, Any]]:
    """The same for a program: per county its plan, its measurability, its codes and its findings."""
    return [_record(each) for each in plans]


def codes() -> list[dict[str, str]]:
    """Every code with its severity, text, definition and what would mend it."""
    names = ("code", "severity", "kind", "text", "definition", "mend")
    return [{name: str(getattr(check, name)) for name in names} for check in CHECKS]


def _named(name: str, project: Path | None) -> list[Audited]:
    """A county by name or code; else a folder."""
    try:
        county = find_county(name)
    except UnknownAreaError as error:
        if not Path(name).is_dir():
            raise ParameterError(_unknown(name)) from error
        return _of_folder(Path(name))
    where = find_project(project)
    analysis = analyse(county.code, where)
    if not analysis.plan_sources:
        raise ParameterError(f"audit: {county.name} has no plan — give plan_start to its document in sources.csv")
    return [Audited(analysis, audit(analysis), where)]


def _unknown(name: str) -> str:
    """What to say of a name that is neither a county nor a folder."""
    path = Path(name)
    if path.suffix.lower() == ".xlsx" and path.is_file():
        return (
            f"audit: '{name}' is a workbook — read it in: psykanalys read-workbook {name} "
            f"— then audit its folder: psykanalys audit {shown(path.parent)}"
        )
    near = nearest_county(name)
    return f"audit: '{name}' is no county and no folder — " + (f"did you mean {near}?" if near else "name one of them")


def _of_folder(path: Path) -> list[Audited]:
    folder = Folder(path.resolve())
    if unread := folder.unread:
        file = shown(unread[0])
        raise ParameterError(f"audit: {file} is not read in yet — run: psykanalys read-workbook {file}")
    prepared = prepare(folder, write=False)
    counties = sorted(set(prepared["sources"]["county_code"]))
    return _with_plan((assemble(find_county(code), prepared) for code in counties), folder)


def _all(project: Project) -> list[Audited]:
    prepared = load_prepared(project)
    counties = sorted(set(prepared["sources"]["county_code"]))
    return _with_plan((assemble(find_county(code), prepared) for code in counties), project)


def _with_plan(analyses: Iterable[Analysis], project: Project) -> list[Audited]:
    return [Audited(each, audit(each), project) for each in analyses if each.plan_sources]


def _code_rows(plans: Sequence[Audited]) -> Iterator[list[str]]:
    for place, check in enumerate(CHECKS):
        outcomes = [each.audit.outcomes[place] for each in plans]
        counts = [f"{len(each.findings)} of {each.looked_at}" if each.looked_at else "-" for each in outcomes]
        yield [check.code, *counts, f"{check.text} ({check.severity})"]


def _part_rows(plans: Sequence[Audited]) -> Iterator[list[str]]:
    for name in PARTS:
        counts = [str(getattr(each.audit.measurability[0], name)) for each in plans]
        yield ["", *counts, _PART_NAMES[name]]


def _share_rows(plans: Sequence[Audited]) -> Iterator[list[str]]:
    for number in (0, *FOCUS_AREAS):
        name = f"focus area {number}" if number else "whole plan"
        yield ["", *(_share(each.audit.measurability[number]) for each in plans), f"mätbarhetsgrad, {name}"]


def _share(row: Measurability) -> str:
    return "-" if row.share is None else f"{row.measurable} of {row.goals} ({row.share:.0f} %)"


def _aligned(rows: Sequence[Sequence[str]], columns: int) -> str:
    """Columns of text: the first as wide as a code, those of the counties to the right, the text last."""
    full = [row for row in rows if len(row) > 1]
    widths = [max(len(row[place]) for row in full) for place in range(1, columns + 1)]
    lines = [
        f"{row[0]:<3}  "
        + "  ".join(f"{cell:>{width}}" for cell, width in zip(row[1:-1], widths, strict=True))
        + f"  {row[-1]}"
        if len(row) > 1
        else ""
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def _where(finding: Finding, places: Mapping[str, str]) -> str:
    """Where the first raw row stands that a finding is about."""
    return next((places[row] for row in finding.rows if row in places), "")


def _cells(project: Project) -> dict[str, str]:
    """Sheet and cell of each row of the folder's workbooks, by its id; nothing of one that cannot be opened."""
    found: dict[str, str] = {}
    for path in project.workbooks if isinstance(project, Folder) else ():
        try:
            found |= cells_of_rows(path)
        except DataError:
            continue
    return found


def _as_sentence(detail: str) -> str:
    """What a row adds to a finding: reasons that were written as parts of a sentence are what is lacking."""
    if not detail[:1].islower():
        return detail
    return f"Det saknas: {re.sub(r'[.] (?=[a-zåäö])', '; ', detail)}"


def _record(each: Audited) -> dict[str, Any]:
    files, cells = rows_in_files(each.project), _cells(each.project)
    outcomes = each.audit.outcomes
    plans = each.analysis.sources[each.analysis.sources["id"].isin(each.analysis.plan_sources)]
    return {
        "county": each.name,
        "county_code": each.analysis.county.code,
        "plans": list(plans["title"]),
        "measurability": [asdict(row) | {"share": row.share} for row in each.audit.measurability],
        "codes": [{"code": one.check.code, "found": len(one.findings), "looked_at": one.looked_at} for one in outcomes],
        "findings": [
            asdict(one) | {"file": _where(one, files), "cell": _where(one, cells)} for one in each.audit.findings
        ],
    }


_PART_NAMES = {
    "goals": "goals",
    "testable": "goals that can be tested",
    "with_indicator": "goals with an indicator that measures them",
    "yes_no": "of these, answered by yes or no",
    "with_baseline": "goals with a starting value",
    "measurable": "goals that are measurable: with a starting value, or yes or no",
    "with_due_date": "goals with a due date",
}
