"""What a filled-in row must say that the contract leaves open: what contradicts itself, or was surely forgotten."""

from __future__ import annotations

from psykanalys.data import contract
from psykanalys.data.workbook.messages import tell, wanted
from psykanalys.data.workbook.reading import Filled, Row

_WITHOUT_VALUE = {"increase", "decrease", "growth_stops", "growth_slows", "yes"}


def check_contents(sheet: Filled, row: Row) -> None:
    """Note the faults of a row, and what is allowed but seldom meant."""
    if "focus_areas" in contract.required_columns(sheet.sheet.kind) and not row["focus_areas"]:
        sheet.row_fault(row, "focus_areas", tell("empty", expected=wanted(sheet.sheet, "focus_areas")))
    if sheet.sheet.kind == "targets" and row["value"]:
        _check_value(sheet, row)


def _check_value(sheet: Filled, row: Row) -> None:
    if row["operator"] in _WITHOUT_VALUE:
        word = sheet.sheet.column("operator").words[row["operator"]]
        sheet.row_fault(row, "value", tell("value_unneeded", sheet.sheet, word=word))
    elif row["testable"] == "no":
        sheet.notes.append(sheet.at(row.line, "value", tell("value_untested", sheet.sheet)))
