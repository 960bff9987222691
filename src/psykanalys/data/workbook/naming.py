"""What an empty cell stands for, ids that are made, and references by number or text."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from psykanalys.areas import official_areas, short_name, slugify
from psykanalys.catalogue import load_catalogue
from psykanalys.data.checks import REFERENCES
from psykanalys.data.contract import KINDS
from psykanalys.data.workbook.layout import sheets
from psykanalys.data.workbook.reading import Filled, Row, every_row, read_places

FULL_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_AREAS = re.compile(r"[1-5]( \| [1-5])*")
_LONGEST = 48
_NAMED = ("units", "areas")  # their labels are names, each of which will do
_LISTS = ("goals", "responsible", "recipient", "answered_by", "concerns")
_INDICATORS = ("indicator", "reported_indicator")


def complete(filled: Mapping[str, Filled]) -> None:
    """Fill in what follows from other cells, in the order in which one thing follows from another."""
    _name_documents(filled["sources"])
    documents = {row["id"]: row for row in filled["sources"].rows}
    for sheet, row in every_row(filled):
        _place(sheet, row, documents)
        _measure(sheet, row)
    taken = {row["id"] for _, row in every_row(filled) if FULL_ID.fullmatch(row["id"])}
    for sheet, row in every_row(filled):
        _name(sheet, row, next(iter(documents), ""), taken)
    _group(filled)
    index = _index(filled)
    for sheet, row in every_row(filled):
        _refer(sheet, row, index)
    _inherit(filled)


# --- documents, counties, places -------------------------------------------------------------------------------------


def _name_documents(documents: Filled) -> None:
    for row in documents.rows:
        county = official_areas().get(row["county_code"])
        if not row["id"] and county:
            row.cells["id"] = slugify(f"{short_name(county)}-plan-{row['year']}")


def _place(sheet: Filled, row: Row, documents: Mapping[str, Row]) -> None:
    """The document and county of a row, and the document of its lines."""
    needed = KINDS[sheet.sheet.kind].model_fields
    if "source" in needed and not row["source"] and len(documents) == 1:
        row.cells["source"] = next(iter(documents))
    document = documents.get(row["source"]) or (next(iter(documents.values())) if len(documents) == 1 else None)
    if "county_code" in needed and not row["county_code"] and document:
        row.cells["county_code"] = document["county_code"]
        row.wrong |= {"county_code"} & document.wrong
    if sheet.sheet.kind == "targets" and not row["area"]:
        row.cells["area"] = row["county_code"]
    read_places(sheet, row)


# --- measures --------------------------------------------------------------------------------------------------------


def _measure(sheet: Filled, row: Row) -> None:
    """The ids of measures named by their title, and the unit of a measure."""
    catalogue, titles = load_catalogue(), _titles()
    for column in _INDICATORS:
        text = row[column]
        row.cells[column] = name = text if text in catalogue else titles.get(_key(text), text)
        if text and name not in catalogue:
            near = difflib.get_close_matches(_key(text), titles, 1)
            expected = f"did you mean '{catalogue[titles[near[0]]].title}'?" if near else "a row of the sheet 'Mått'"
            sheet.row_fault(row, column, f"'{text}' is no measure in the catalogue", expected)
    wants_unit = sheet.sheet.kind == "observations" or (sheet.sheet.kind == "targets" and row["value"])
    if wants_unit and not row["unit"] and row["indicator"] in catalogue:
        row.cells["unit"] = catalogue[row["indicator"]].unit


@cache
def _titles() -> Mapping[str, str]:
    """Ids of the measures by title."""
    return {_key(indicator.title): name for name, indicator in load_catalogue().items()}


# --- ids -------------------------------------------------------------------------------------------------------------


def _name(sheet: Filled, row: Row, document: str, taken: set[str]) -> None:
    """Give the row an id: its own, or prefix, kind and number or text."""
    kind = sheet.sheet.kind
    if kind == "areas" and not row["code"]:
        row.cells["code"] = slugify(f"{row['parent'][:2]} {row['name']}")
    if kind == "funding" and row["grant"]:
        row.cells["grant"] = slugify(row["grant"])
    if kind == "sources" or FULL_ID.fullmatch(row["id"]):
        return
    own = row["id"] or " ".join(row[name] for name in _parts(sheet)) or f"row {row.line}"
    made = _made_id(row["source"] or document, sheet.sheet.id_word, own)
    row.cells["id"] = made if row["id"] else _free(made, taken)
    taken.add(row.cells["id"])


def _parts(sheet: Filled) -> tuple[str, ...]:
    """The columns whose texts make the id; units and areas are named once, however many names they have."""
    return sheet.sheet.labels[:1] if sheet.sheet.kind in _NAMED else sheet.sheet.labels


def _made_id(document: str, word: str, text: str) -> str:
    cut = slugify(text)[: _LONGEST + 1]
    cut = cut.rpartition("-")[0] or cut[:_LONGEST] if len(cut) > _LONGEST else cut
    return "-".join(part for part in (document, word, cut) if part)


def _free(made: str, taken: set[str]) -> str:
    number, free = 1, made
    while free in taken:
        number += 1
        free = f"{made}-{number}"
    return free


# --- references ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Index:
    """Ids of each kind, and ids by the texts that name a row."""

    ids: Mapping[str, set[str]]
    texts: Mapping[str, Mapping[str, list[str]]]
    shown: Mapping[str, str]


def _index(filled: Mapping[str, Filled]) -> _Index:
    ids: dict[str, set[str]] = defaultdict(set)
    texts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    shown: dict[str, str] = {}
    for sheet, row in every_row(filled):
        kind = sheet.sheet.kind
        ids[kind].add(row["id"])
        for text in _names(sheet, row):
            shown[_key(text)] = text
            if row["id"] not in texts[kind][_key(text)]:
                texts[kind][_key(text)].append(row["id"])
    for row in filled["goals"].rows:
        ids["groups"].add(row["group"])
        shown[_key(row["group_label"])] = row["group_label"]
        if row["group"] not in texts["groups"][_key(row["group_label"])]:
            texts["groups"][_key(row["group_label"])].append(row["group"])
    return _Index(ids, texts, shown)


def _names(sheet: Filled, row: Row) -> list[str]:
    """What other sheets may call a row: any of its labels, or its number."""
    number = row["id"].removeprefix(f"{row['source']}-{sheet.sheet.id_word}-")
    own = sheet.sheet.labels if sheet.sheet.kind in _NAMED else sheet.sheet.labels[:1]
    return [text for text in (*(row[name] for name in own), number) if text]


def _refer(sheet: Filled, row: Row, index: _Index) -> None:
    kind = sheet.sheet.kind
    for (owner, column), targets in REFERENCES.items():
        if owner == kind and row[column]:
            kinds = tuple(sheets()) if targets == ("*",) else targets
            parts = row[column].split(" | ") if column in _LISTS else [row[column]]
            row.cells[column] = " | ".join(_resolve(sheet, row, column, part, kinds, index) for part in parts)
    if kind in {"activities", "plan_indicators", "needs"} and row["group"] and not FULL_ID.fullmatch(row["group"]):
        row.cells["group"] = _resolve(sheet, row, "group", row["group"], ("groups",), index)


def _resolve(sheet: Filled, row: Row, column: str, text: str, kinds: tuple[str, ...], index: _Index) -> str:
    """The id that a text means, or the text with a fault noted."""
    if any(text in index.ids[kind] for kind in kinds):
        return text
    found = [name for kind in kinds for name in index.texts[kind].get(_key(text), ())]
    if len(found) == 1:
        return found[0]
    where = " or ".join(
        f"'{sheets()[kind].name if kind in sheets() else sheets()['goals'].name}'" for kind in kinds[:2]
    )
    if found:
        what, expected = f"'{text}' names {len(found)} rows", f"a number (Nr) of one row in {where}"
    else:
        near = difflib.get_close_matches(_key(text), [key for kind in kinds for key in index.texts[kind]], 1)
        what = f"'{text}' is no row of the sheet {where}"
        expected = f"did you mean '{index.shown[near[0]]}'?" if near else "its number (Nr) or its text"
    sheet.row_fault(row, column, what, expected)
    return text


def _group(filled: Mapping[str, Filled]) -> None:
    """Groups are named by their label: the same label is the same group."""
    for row in filled["goals"].rows:
        if not row["group"] and row["group_label"]:
            row.cells["group"] = _made_id(row["source"], "group", row["group_label"])


def _inherit(filled: Mapping[str, Filled]) -> None:
    """What stands beside goals has their group, if it is one, and their focus areas, where nothing else is said."""
    goals = {row["id"]: row for row in filled["goals"].rows}
    for kind, column in (("activities", "goal"), ("plan_indicators", "goals"), ("targets", "goal")):
        for row in filled[kind].rows:
            served = [goals[name] for name in row[column].split(" | ") if name in goals]
            _inherit_from(row, served, "group" in KINDS[kind].model_fields)
            if column in row.wrong or not all(_AREAS.fullmatch(goal["focus_areas"]) for goal in served):
                row.wrong |= {"group", "focus_areas"} - row.cells.keys()  # the fault is the goal's


def _inherit_from(row: Row, goals: Sequence[Row], grouped: bool) -> None:  # noqa: FBT001
    groups = {goal["group"] for goal in goals}
    if grouped and not row["group"] and len(groups) == 1:
        row.cells["group"] = groups.pop()
    if not row["focus_areas"]:
        areas = {area for goal in goals for area in goal["focus_areas"].split(" | ")}
        if "" not in areas and (joined := " | ".join(sorted(areas))) and _AREAS.fullmatch(joined):
            row.cells["focus_areas"] = joined


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
