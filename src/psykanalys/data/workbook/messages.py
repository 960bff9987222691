"""Every message about a workbook: English sentences with the workbook's own names for sheets, columns and answers.

docs/ny-plan.md explains each of them. What the raw files' checks say is told again here (`retold`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from psykanalys import areas
from psykanalys.catalogue import load_catalogue
from psykanalys.data.workbook.layout import Sheet, sheets

PERIODS = "such as 2024, 2024–2026, läsåret 2024/25, 2024-03, 2024-01–2024-09 or 2024-03-15"
_LINES = "such as 120, 120–122 or 120, 124"
_AREAS = "numbers 1 to 5, several with a comma: 1, 2"
_AGAIN = "format the cell as Text and write it again"
_REMOVE = "open and save it in Excel"
_XLSX = "save it as an Excel workbook (.xlsx)"
_DATA = "remove its data connections"

# name: what is wrong, what is expected; {h[column]} is a heading of the sheet
MESSAGES: Mapping[str, tuple[str, str]] = {
    # one cell
    "empty": ("the cell is empty", "{expected}"),
    "not_allowed": ("'{given}' is not allowed", "one of {words}"),
    "cannot_be_used": ("'{given}' cannot be used", "{expected}"),
    "wrong_form": ("'{given}' has the wrong form", "{expected}"),
    "formula_text": ("'{given}' begins as a formula", "text that does not begin with = + - or @"),
    "formula_unstored": ("a formula without a stored value", "the value itself, or save the workbook in Excel"),
    "error_value": ("the cell holds the error {given}", "a value"),
    "control": ("the text has a control character in it", "plain text"),
    "made_date": ("Excel has made a date of this ({given})", f"{{expected}}: {_AGAIN}"),
    "no_line": ("'{given}' is no line of the text extract", _LINES),
    "no_span": ("'{given}' is no span of lines", "the lower line first, at most {most} lines"),
    "outside": ("'{given}' is outside the document", "a line from 1 to {last}"),
    "no_period": ("'{given}' is not a period", PERIODS),
    "two_readings": ("'{given}' can be a school year or two years", "läsåret {school} or {years}"),
    "backwards": ("'{given}' ends before it begins", "the earlier end first"),
    "no_county": ("'{given}' is no county", "{expected}"),
    "other_county": ("'{given}' is not the county of {source}", "{county}"),
    "no_area": ("'{given}' is no known area", "{expected}"),
    "two_areas": ("'{given}' names more than one area", "the code: {codes}"),
    "official_code": ("'{given}' is an official code", "county code, hyphen, short name, such as 24-umeaomradet"),
    "no_focus_areas": ("'{given}' is not a list of focus areas", _AREAS),
    "no_number": ("'{given}' is not a number", "such as 28, 6,51 or 24 328"),
    "many_digits": ("'{given}' has too many digits", "at most 15"),
    "two_numbers": ("'{given}' can be read as {whole} or as {decimal}", "the one that is meant"),
    "points": ("'{given}' has points between the thousands", "{whole}"),
    "no_count": ("'{given}' is not a whole number of at least 0", "such as 28 or 24 328"),
    "repeated": ("'{given}' names the same thing twice", "each once"),
    # what a cell refers to
    "no_measure": ("'{given}' is no measure in the catalogue", "{expected}"),
    "no_document": ("'{given}' is no document", "an Id in the sheet 'Dokument': {known}"),
    "no_row": ("'{given}' is no row of the sheet {where}", "{expected}"),
    "no_group": ("'{given}' is no group of the sheet 'Mål'", "{expected}"),
    "many_rows": ("'{given}' names {count} rows", "a number (Nr) of one row in {where}"),
    "only_one": ("'{given}' names several rows", "{expected}"),
    "number_twice": ("Nr {given} stands already on row {row}", "another Nr"),
    "already": ("'{given}' is already the {h[COLUMN]} of {where}", "another {h[COLUMN]}"),
    "many_groups": ("the goals belong to {count} groups", "fill in {h[group]}"),
    # what cells of a row say together
    "value_unneeded": (
        "{h[value]} is filled in though {h[operator]} is {word}", "an empty cell, or another answer in {h[operator]}"),
    "value_untested": (
        "{h[value]} is filled in though {h[testable]} is nej",
        "ja where it can be tested; else an empty cell, unless the figure itself stands in the plan"),
    "nothing_said": (
        "the row states nothing",
        "a figure in {h[value]} or {h[numerator]}, an answer in {h[direction]} or {h[yes_no]}, or why not in "
        "{h[status]}"),
    "no_figure": ("{h[status]} says that there is no figure, but one is given", "one of the two removed"),
    "denominator_zero": ("0 is not a denominator", "an empty cell, and why in {h[status]}"),
    "half_range": ("a range needs both ends", "this one too"),
    "upside_down": ("the range is upside down", "at least {low}, its lower end"),
    "both_times": (
        "both {h[period]} and {h[as_of]} are given",
        "{h[as_of]} empty where the document states a period"),
    "no_time": ("neither {h[period]} nor {h[as_of]} is given", "the one that the document has"),
    "other_unit": ("'{given}' is not the unit of '{measure}'", "{unit}, or an empty cell"),
    "unpublished": (
        "an unpublished figure about persons without its counts", "the counts behind it in {h[numerator]}"),
    "no_denominator": ("a count has no denominator", "an empty cell, or a measure that is a share"),
    "below_zero": ("{given} is below 0", "a figure of at least 0"),
    "no_share": ("{given} procent is no share", "a figure from 0 to 100"),
    "too_large": ("{given} is larger than the denominator {whole}", "a part of the whole"),
    "does_not_follow": (
        "{given} does not follow from {part} of {whole}",
        "about {exact}; if the document says otherwise, a row in 'Iakttagelser' with this one in Gäller"),
    "differs": (
        "the figure differs from that of {where}",
        "one row for each figure, or a row in 'Iakttagelser' with both in Gäller"),
    # sheets
    "no_heading": ("a value in a column without a heading", "a column of this sheet, or an empty cell"),
    "example": ("the example row has been written in ({given})", "empty this cell to keep the row, or delete the row"),
    "unknown_sheet": ("unknown sheet", "{expected}"),
    "no_sheet": ("the sheet is missing", "a sheet of this name, with one row for each document"),
    "far_out": ("the sheet has cells very far out", "delete the rows and columns out there"),
    "column_twice": ("the column '{given}' stands there more than once", "each column once"),
    "no_column": ("'{given}' is no column of this sheet", "{expected}"),
    "column_missing": ("the column '{given}' is missing", "a column of this name in row 1"),
    "merged": ("the cells {given} are merged", "a value in each row"),
    "no_plan": ("no document", "one row for the plan"),
    "no_extract": ("the text extract is not there", "the text extract as {name}.txt beside the workbook"),
    # the file
    "unreadable": ("the workbook cannot be read ({why})", _REMOVE),
    "no_workbook": ("'{given}' is no workbook that can be read", "an Excel workbook without macros (.xlsx)"),
    "large_file": ("the file is too large", "at most {most} MB; remove pictures"),
    "no_file": ("the file cannot be read ({why})", "a readable workbook"),
    "protected": ("the workbook is protected by a password, or of an old kind", "save it as .xlsx without one"),
    "damaged": ("the file is damaged ({why})", _REMOVE),
    "unpacks": ("the file unpacks to far too much", "a workbook made by 'psykanalys new-county'"),
    "entities": ("a part of the workbook declares entities", _REMOVE),
    "macros": ("the workbook holds macros", _XLSX),
    "links": ("the workbook links to another workbook", "break the links (Data, Edit Links), values instead"),
    "connections": ("the workbook fetches data from elsewhere", _DATA),
    "embedded": ("another file is embedded in the workbook", "remove it"),
    "controls": ("the workbook holds ActiveX controls", "remove them"),
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What is wrong, and what is expected."""

    what: str
    expected: str


def tell(name: str, sheet: Sheet | None = None, column: str = "", /, **given: object) -> Told:
    """A message by its name, with what it tells of; `sheet` for those that name headings."""
    headings = {each.name: each.heading for each in sheet.columns} if sheet else {}
    headings["COLUMN"] = headings.get(column, "")
    return Told(*(text.format(h=headings, **given) for text in MESSAGES[name]))


def one_of(words: Iterable[str]) -> str:
    """'ja, nej or ej tillämpligt'."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def did_you_mean(near: Iterable[str], otherwise: str) -> str:
    """A question about the nearest name, or what to say where there is none."""
    name = next(iter(near), "")
    return f"did you mean '{name}'?" if name else otherwise


def retold(sheet: Sheet, column: str, what: str, expected: str, places: Mapping[str, str]) -> Told:
    """What the raw files' checks say, as it is said of a sheet; `places` has sheet and row of each id."""
    if what == "the cell is empty":
        return tell("empty", expected=wanted(sheet, column, expected))
    for pattern, name, more in _RAW:
        if match := pattern.match(what):
            given = {"given": "", **match.groupdict(), **more(match, expected, places)}
            if name in _MAY_BE_EMPTY and not given["given"]:
                return tell("empty", expected=wanted(sheet, column, expected))
            given.setdefault("expected", wanted(sheet, column, expected))
            return tell(name, sheet, column, **given)
    return Told(what, expected)


def is_known(what: str) -> bool:
    """Whether a message of the raw files' checks has its own words here."""
    return what == "the cell is empty" or any(pattern.match(what) for pattern, _, _ in _RAW)


# --- what a cell wants -----------------------------------------------------------------------------------------------


def wanted(sheet: Sheet, name: str, expected: str = "a value") -> str:
    """What should stand in a cell, in the workbook's words; `expected` is what the raw files' checks say of it."""
    if not name or name not in {column.name for column in sheet.columns}:
        return expected
    column = sheet.column(name)
    if words := _by_column(sheet, name, expected):
        return words
    if column.words:
        return f"one of {one_of(column.words.values())}"
    return _BY_ROLE.get(column.role) or _BY_NAME.get(name) or "a value"


def _by_column(sheet: Sheet, name: str, expected: str) -> str:
    headings = {column.name: column.heading for column in sheet.columns}
    if match := re.match(r"operator '(.+)' needs (.+)", expected):
        return f"{headings['operator']} {sheet.column('operator').words[match[1]]} needs {match[2]}"
    text = _BY_KIND.get((sheet.kind, name), "")
    return text.format(h=headings)


_OR_THE_GOAL = "or the goal in {h[goal]}"
_BY_KIND = {
    ("activities", "group"): "the group, as in the sheet 'Mål', or the goal in {h[goal]}",
    ("plan_indicators", "group"): "the group, as in the sheet 'Mål', or the goal in {h[goals]}",
    ("activities", "focus_areas"): f"{_AREAS}; {_OR_THE_GOAL}",
    ("plan_indicators", "focus_areas"): f"{_AREAS}; or the goal in {{h[goals]}}",
    ("targets", "focus_areas"): f"{_AREAS}; {_OR_THE_GOAL}",
    ("targets", "why_not_testable"): "say what is missing, since {h[testable]} is nej",
    ("targets", "why_other"): "say how the result differs from the target, since {h[measures]} is något annat",
    ("targets", "measures"): "say whether the result measures the target: samma sak or något annat",
    ("areas", "parent"): "the county or municipality that it lies in: its name or code",
    ("areas", "code"): "an empty cell, or county code, hyphen, short name, such as 24-umeaomradet",
    ("overrides", "target"): "a number (Nr) or text of the sheet 'Målnivåer'",
}
_BY_ROLE = {"lines": f"where it stands in the text extract, {_LINES}", "areas": _AREAS, "period": PERIODS}
_BY_NAME = {
    "id": "lower-case letters a–z, digits and hyphens, such as halland-plan-2024",
    "source": "the Id of a document in the sheet 'Dokument'",
    "county_code": "the county's name or code, such as Halland or 13",
    "area": "the area's name, code or Nr in the sheet 'Områden'",
    "indicator": "a measure in the sheet 'Mått'",
    "year": "a year from 1900 to 2100, such as 2024",
    "focus_area": "a number from 1 to 5",
    "unit": "the measure's unit",
    "sha256": "an empty cell",
    "lines": "an empty cell",
    "group": "an empty cell",
}


# --- the raw files' messages -----------------------------------------------------------------------------------------

_Given = Callable[[re.Match[str], str, Mapping[str, str]], dict[str, object]]
_MAY_BE_EMPTY = {"no_focus_areas", "no_line", "wrong_form", "cannot_be_used"}


def _nothing(match: re.Match[str], expected: str, places: Mapping[str, str]) -> dict[str, object]:  # noqa: ARG001
    return {}


def _county(match: re.Match[str], expected: str, places: Mapping[str, str]) -> dict[str, object]:  # noqa: ARG001
    known = areas.official_areas()
    names = [known[code].name if code in known else code for code in (match["given"], expected.strip("'"))]
    return {"given": names[0], "county": names[1]}


def _unit(match: re.Match[str], expected: str, places: Mapping[str, str]) -> dict[str, object]:  # noqa: ARG001
    catalogue = load_catalogue()
    title = catalogue[match["name"]].title if match["name"] in catalogue else match["name"]
    return {"measure": title, "unit": expected.strip("'")}


def _last_word(name: str) -> _Given:
    """The last word of what is expected, by the name that the message has for it."""
    return lambda match, expected, places: {name: expected.split()[-1] if expected else ""}  # noqa: ARG005


def _placed(match: re.Match[str], expected: str, places: Mapping[str, str]) -> dict[str, object]:  # noqa: ARG001
    return {"where": places.get(match["name"], match["name"])}


def _known(match: re.Match[str], expected: str, places: Mapping[str, str]) -> dict[str, object]:  # noqa: ARG001
    return {"known": expected.removeprefix("one of ")}


def _areas(match: re.Match[str], expected: str, places: Mapping[str, str]) -> dict[str, object]:  # noqa: ARG001
    return {"codes": expected.removeprefix("write the code: ")}


def _row_of(match: re.Match[str], expected: str, places: Mapping[str, str]) -> dict[str, object]:  # noqa: ARG001
    kind = match["kind"]
    return {"where": f"'{sheets()[kind].name if kind in sheets() else kind}' row {match['row']}"}


def _exact(match: re.Match[str], expected: str, places: Mapping[str, str]) -> dict[str, object]:  # noqa: ARG001
    found = re.match(r"about ([\d.]+)", expected)
    return {"exact": found[1].replace(".", ",") if found else ""}


def _low(match: re.Match[str], expected: str, places: Mapping[str, str]) -> dict[str, object]:  # noqa: ARG001
    found = re.match(r"at least ([-\d.e+]+)", expected)
    return {"low": found[1].replace(".", ",") if found else ""}


_SAID: tuple[tuple[str, str, _Given], ...] = (
    (r"'(?P<given>.*)' is not allowed", "cannot_be_used", _nothing),
    (r"'(?P<given>.*)' cannot be used", "cannot_be_used", _nothing),
    (r"'(?P<given>.*)' has the wrong form", "wrong_form", _nothing),
    (r"'(?P<given>.*)' begins as a formula", "formula_text", _nothing),
    (r"'(?P<given>.*)' is not a period", "no_period", _nothing),
    (r"'(?P<given>.*)' ends before it begins", "backwards", _nothing),
    (r"'(?P<given>.*)' is not a list of focus areas", "no_focus_areas", _nothing),
    (r"'(?P<given>.*)' is not a list of places", "no_line", _nothing),
    (r"'(?P<given>.*)' is not a number", "no_number", _nothing),
    (r"'(?P<given>.*)' has too many digits", "many_digits", _nothing),
    (r"'(?P<given>.*)' can be read as (?P<whole>.*) or as (?P<decimal>.*)", "two_numbers", _nothing),
    (r"'(?P<given>.*)' has points between the thousands", "points", _last_word("whole")),
    (r"'(?P<given>.*)' is not a whole number of at least 0", "no_count", _nothing),
    (r"'(?P<given>.*)' names the same thing twice", "repeated", _nothing),
    (r"'.*' means no figure, but one is given", "no_figure", _nothing),
    (r"the row states nothing", "nothing_said", _nothing),
    (r"0 is not a denominator", "denominator_zero", _nothing),
    (r"a range needs both ends", "half_range", _nothing),
    (r"the range is upside down", "upside_down", _low),
    (r"both period and as_of are given", "both_times", _nothing),
    (r"neither period nor as_of is given", "no_time", _nothing),
    (r"'(?P<given>.*)' is already the (?:id|code) of .*?(?P<kind>\w+)\.csv row (?P<row>\d+)", "already", _row_of),
    (r"the figure differs from that of (?P<name>.*)", "differs", _placed),
    (r"'(?P<given>.*)' is not in sources\.csv", "no_document", _known),
    (r"'(?P<given>.*)' is not the county of (?P<source>.*)", "other_county", _county),
    (r"'(?P<given>.*)' names an unknown document", "no_document", _known),
    (r"'(?P<given>.*)' is outside the document", "outside", _last_word("last")),
    (r"'(?P<given>.*)' does not exist", "cannot_be_used", _nothing),
    (r"'(?P<given>.*)' is not in the catalogue", "no_measure", _nothing),
    (r"'(?P<given>.*)' is no known area", "no_area", _nothing),
    (r"'(?P<given>.*)' names more than one area", "two_areas", _areas),
    (r"'(?P<given>.*)' is an official code", "official_code", _nothing),
    (r"'(?P<given>.*)' is no official code", "no_area", _nothing),
    (r"'(?P<given>.*)' is not the unit of (?P<name>.*)", "other_unit", _unit),
    (r"an unpublished figure about persons without its counts", "unpublished", _nothing),
    (r"a count has no denominator", "no_denominator", _nothing),
    (r"(?P<given>\S+) is below 0", "below_zero", _nothing),
    (r"(?P<given>\S+) procent is no share", "no_share", _nothing),
    (r"(?P<given>\S+) is larger than the denominator (?P<whole>\S+)", "too_large", _nothing),
    (r"(?P<given>\S+) does not follow from (?P<part>\S+) of (?P<whole>\S+)", "does_not_follow", _exact),
)  # fmt: skip
_RAW = tuple((re.compile(text, re.DOTALL), name, more) for text, name, more in _SAID)
