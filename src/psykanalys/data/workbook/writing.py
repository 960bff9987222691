"""Tables to a workbook, and an empty workbook to fill in. The same tables give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from psykanalys.catalogue import load_catalogue
from psykanalys.data.contract import required_columns
from psykanalys.data.workbook.archive import save
from psykanalys.data.workbook.dates import shown_period
from psykanalys.data.workbook.layout import FIRST_ROW, Column, Sheet, layout, sheets
from psykanalys.data.workbook.naming import FULL_ID
from psykanalys.data.workbook.reading import SELF_FILLED

_ROWS_TO_FILL = 1000
_HEADING, _NAME = Font(bold=True, color="FFFFFF"), Font(italic=True, color="808080", size=9)
_GROUND, _GREY = PatternFill("solid", fgColor="1F4E79"), PatternFill("solid", fgColor="F2F2F2")
_NEEDED = PatternFill("solid", fgColor="9C4A00")
_WIDE, _MIDDLE, _NARROW = 52, 26, 14
_WIDE_COLUMNS = {
    "label", "group_label", "note", "caution", "description", "treatment", "text", "view", "why_other",
    "why_not_testable", "why_unanswered", "title",
}  # fmt: skip
_NARROW_COLUMNS = {"id", "focus_areas", "value", "year", "level", "lines", "sex", "age", "numerator", "denominator"}
# column -> sheet and column whose texts are offered
_OFFERED = {
    ("activities", "goal"): ("goals", "label"), ("activities", "group"): ("goals", "group_label"),
    ("activities", "responsible"): ("units", "name"), ("plan_indicators", "goals"): ("goals", "label"),
    ("plan_indicators", "group"): ("goals", "group_label"), ("targets", "goal"): ("goals", "label"),
    ("goals", "parent"): ("goals", "label"), ("needs", "goals"): ("goals", "label"),
    ("overrides", "target"): ("targets", "label"),
}  # fmt: skip
_MEASURES = ("indicator", "reported_indicator")
_EXTRA = ("areas", "funding", "consultation", "survey", "findings", "commentary", "overrides")


def write_workbook(path: Path, tables: Mapping[str, pd.DataFrame], *, example: bool = False) -> None:
    """Write tables (columns of the contract) as a workbook that reads back as the same tables.

    With `example`, sheets that have one begin with an example row, which reading ignores. Raises ValueError for an
    id without a hyphen: in a workbook that is a number of the analyst's own.
    """
    workbook = Workbook()
    workbook.remove(workbook.active)
    _write_guide(workbook)
    for kind, sheet in sheets().items():
        _write_sheet(workbook.create_sheet(sheet.name), sheet, tables.get(kind, pd.DataFrame()), example=example)
    _write_measures(workbook)
    save(workbook, path)


def _write_guide(workbook: Workbook) -> None:
    guide = layout()["guide"]
    page = workbook.create_sheet(guide["name"])
    page.column_dimensions["A"].width = 120
    page.sheet_view.showGridLines = False
    for line, text in enumerate(guide["lines"], 1):
        cell = page.cell(line, 1, text)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.font = Font(bold=line == 1, size=14 if line == 1 else 11)


def _write_measures(workbook: Workbook) -> None:
    measures = layout()["measures"]
    page = workbook.create_sheet(measures["name"])
    page.append(measures["headings"])
    ordered = sorted(load_catalogue().values(), key=lambda indicator: indicator.title.casefold())
    for indicator in ordered:
        areas = ", ".join(map(str, indicator.focus_areas))
        page.append([indicator.title, indicator.id, indicator.question, indicator.unit, areas])
    for place, width in enumerate((60, 48, 80, 20, 16), 1):
        _style_heading(page.cell(1, place), _GROUND)
        page.column_dimensions[get_column_letter(place)].width = width
    page.freeze_panes = "A2"
    page.auto_filter.ref = page.dimensions


def _write_sheet(page: Worksheet, sheet: Sheet, table: pd.DataFrame, *, example: bool) -> None:
    page.freeze_panes = page.cell(FIRST_ROW, 3)
    page.sheet_properties.tabColor = "A6A6A6" if sheet.kind in _EXTRA else "1F4E79"
    for place, column in enumerate(sheet.columns, 1):
        _write_column(page, sheet, place, column)
    line = FIRST_ROW
    if example and sheet.example:
        _write_row(page, sheet, line, sheet.example, Font(italic=True, color="808080"))
        line += 1
    for row in table.to_dict("records"):
        _write_row(page, sheet, line, {name: _shown(sheet.column(name), value) for name, value in row.items()}, None)
        _check_id(sheet, row["id"])
        line += 1


def _write_column(page: Worksheet, sheet: Sheet, place: int, column: Column) -> None:
    letter = get_column_letter(place)
    heading, name = page.cell(1, place, column.heading), page.cell(2, place, column.name)
    _style_heading(heading, _NEEDED if _must_be_filled(sheet, column) else _GROUND)
    name.font, name.fill = _NAME, _GREY
    heading.comment = Comment(_explanation(sheet, column, place), "psykanalys", width=320, height=120)
    page.column_dimensions[letter].width = _width(column)
    page.column_dimensions[letter].alignment = Alignment(wrap_text=True, vertical="top")
    if column.role not in {"number", "count"}:
        page.column_dimensions[letter].number_format = "@"  # so that Excel makes no dates of '12-14'
    _offer(page, sheet, column, letter)


def _must_be_filled(sheet: Sheet, column: Column) -> bool:
    inherits = sheet.kind not in {"activities", "plan_indicators", "targets"}
    needed = column.name in required_columns(sheet.kind)
    return needed and (column.name not in SELF_FILLED or (column.name == "focus_areas" and inherits))


def _style_heading(cell: Any, fill: PatternFill) -> None:
    cell.font, cell.fill = _HEADING, fill
    cell.alignment = Alignment(wrap_text=True, vertical="top")


def _explanation(sheet: Sheet, column: Column, place: int) -> str:
    first = f"{sheet.about}\n\n" if place == 1 else ""
    words = f"\n\nSvar: {', '.join(column.words.values())}." if column.words else ""
    return f"{first}{column.help}{words}"


def _width(column: Column) -> int:
    if column.name in _WIDE_COLUMNS:
        return _WIDE
    return _NARROW if column.name in _NARROW_COLUMNS else _MIDDLE


def _offer(page: Worksheet, sheet: Sheet, column: Column, letter: str) -> None:
    """A list to choose from: closed words are the only ones; texts of other rows are offered only."""
    formula = _offered(sheet, column)
    if not formula:
        return
    offer = DataValidation(type="list", formula1=formula, allow_blank=True, showErrorMessage=bool(column.words))
    offer.errorTitle, offer.error = "Välj i listan", "Svaret ska vara ett av orden i listan."
    offer.add(f"{letter}{FIRST_ROW}:{letter}{_ROWS_TO_FILL}")
    page.add_data_validation(offer)


def _offered(sheet: Sheet, column: Column) -> str:
    if column.words:
        return '"' + ",".join(column.words.values()) + '"'
    if column.name in _MEASURES:
        return f"'{layout()['measures']['name']}'!$A$2:$A${len(load_catalogue()) + 1}"
    if (sheet.kind, column.name) in _OFFERED:
        kind, name = _OFFERED[sheet.kind, column.name]
        other = sheets()[kind]
        letter = get_column_letter([column.name for column in other.columns].index(name) + 1)
        return f"'{other.name}'!${letter}${FIRST_ROW + 1}:${letter}${_ROWS_TO_FILL}"
    return ""


def _write_row(page: Worksheet, sheet: Sheet, line: int, cells: Mapping[str, Any], font: Font | None) -> None:
    for place, column in enumerate(sheet.columns, 1):
        value = cells.get(column.name)
        if value is None or value == "":
            continue
        cell = page.cell(line, place)
        cell.value = value
        if isinstance(value, str):
            cell.data_type, cell.number_format = "s", "@"  # never a formula
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if font:
            cell.font = font


def _shown(column: Column, value: Any) -> Any:
    """A value as the analyst sees it: the word of a code, a number as a number."""
    if value is None or value is pd.NA:
        return None
    if isinstance(value, str):
        return shown_period(value) if column.role == "period" else column.words.get(value, value)
    return int(value) if value == int(value) else float(value)


def _check_id(sheet: Sheet, name: str) -> None:
    if sheet.kind != "sources" and not FULL_ID.fullmatch(name):
        raise ValueError(f"'{name}' has no hyphen; expected an id such as vb19-goal-audit")
