"""What an empty cell stands for, ids that are made, and references by number or text."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from psykanalys import areas
from psykanalys.areas import slugify
from psykanalys.catalogue import load_catalogue
from psykanalys.data.checks import REFERENCES
from psykanalys.data.contract import KINDS
from psykanalys.data.workbook.layout import sheets
from psykanalys.data.workbook.messages import Told, did_you_mean, one_of, tell, wanted
from psykanalys.data.workbook.reading import DOCUMENT_ID, Filled, Row, every_row, read_places

FULL_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_AREAS = re.compile(r"[1-5]( \| [1-5])*")
_NUMBER = re.compile(r"[^\W\d]{0,3}[\s.-]?\d{1,4}[a-zåäö]?", re.IGNORECASE)  # M1, A 12
_LONGEST = 48
_NAMED = ("units", "areas")  # their labels are names, each of which will do
_LISTS = ("goals", "responsible", "recipient", "answered_by", "concerns")
_ONE = {  # what to do where a cell that takes one goal has several
    "activities": "one goal; beside several, leave the cell empty and fill in Grupp and Fokusområde",
    "targets": "one goal: a row for each",
    "goals": "one long-term goal",
}
_INDICATORS = ("indicator", "reported_indicator")


def complete(filled: Mapping[str, Filled]) -> None:
    """Fill in what follows from other cells, in the order in which one thing follows from another."""
    documents = {row["id"]: row for row in filled["sources"].rows}
    for sheet, row in every_row(filled):
        if sheet.sheet.kind != "sources":
            _place(sheet, row, documents)
        _measure(sheet, row)
        if sheet.sheet.kind == "areas" and row["parent"]:
            row.cells["parent"] = _official_area(sheet, row)
    _name_rows(filled, next(iter(documents), ""))
    _group(filled)
    index = _index(filled)
    for sheet, row in every_row(filled):
        _find_area(sheet, row, index)
        _refer(sheet, row, index)
    _inherit(filled)


# --- documents, counties, places -------------------------------------------------------------------------------------


def _place(sheet: Filled, row: Row, documents: Mapping[str, Row]) -> None:
    """The document and county of a row, and the document of its lines. The fault of a document is told once, there."""
    needed = KINDS[sheet.sheet.kind].model_fields
    only = next(iter(documents.values())) if len(documents) == 1 else None
    if "source" in needed and not row["source"] and only:
        row.cells["source"] = only["id"]
    read_places(sheet, row)
    document = documents.get(row["source"]) if row["source"] else only
    if document is None or not DOCUMENT_ID.fullmatch(row["source"] or document["id"]):
        _no_document(sheet, row, documents)
    if "county_code" in needed and not row["county_code"] and document:
        row.cells["county_code"] = document["county_code"]
        row.wrong |= (
            {"county_code", "area"} if "county_code" in document.wrong or not document["county_code"] else set()
        )
    if sheet.sheet.kind == "targets" and not row["area"]:
        row.cells["area"] = row["county_code"]


def _no_document(sheet: Filled, row: Row, documents: Mapping[str, Row]) -> None:
    """A row of no document, or of one that has no id of its own: nothing that follows from it can be told."""
    known = [name for name in documents if name]
    is_told = row["source"] not in documents and (row["source"] or len(known) > 1)
    if "source" in KINDS[sheet.sheet.kind].model_fields and known and is_told:
        name = "no_document" if row["source"] else "empty"
        told = tell(
            name, given=row["source"], known=", ".join(known), expected="the Id of a document: " + one_of(known)
        )
        sheet.row_fault(row, "source", told)
    row.wrong |= {"source", "places", "state_places"} | ({"county_code", "area"} - row.cells.keys())


# --- measures --------------------------------------------------------------------------------------------------------


def _measure(sheet: Filled, row: Row) -> None:
    """The ids of measures named by their title, and the unit of a measure."""
    catalogue, titles = load_catalogue(), _titles()
    for column in _INDICATORS:
        text = row[column]
        row.cells[column] = name = text if text in catalogue else titles.get(_key(text), text)
        if text and name not in catalogue:
            near = [catalogue[titles[key]].title for key in difflib.get_close_matches(_key(text), titles, 1)]
            expected = did_you_mean(near, "a row of the sheet 'Mått'")
            sheet.row_fault(row, column, tell("no_measure", given=text, expected=expected))
    wants_unit = sheet.sheet.kind == "observations" or (sheet.sheet.kind == "targets" and row["value"])
    if not wants_unit:
        return
    if not row["unit"] and row["value"].endswith("%"):
        row.cells["unit"] = "procent"
    if row["indicator"] in catalogue:
        _unit(row, catalogue[row["indicator"]].unit)
    elif sheet.sheet.kind == "observations" and not row["unit"]:
        row.wrong.add("unit")  # the fault is the measure's


def _unit(row: Row, unit: str) -> None:
    """The unit of a measure, where none is given or it is written with other capitals."""
    if not row["unit"] or _key(row["unit"]) == _key(unit):
        row.cells["unit"] = unit


@cache
def _titles() -> Mapping[str, str]:
    """Ids of the measures by title."""
    return {_key(indicator.title): name for name, indicator in load_catalogue().items()}


# --- ids -------------------------------------------------------------------------------------------------------------


def _name_rows(filled: Mapping[str, Filled], document: str) -> None:
    """Give every row an id. Those with a number of their own come first, so that no made id takes theirs."""
    taken = {row["id"] for _, row in every_row(filled) if FULL_ID.fullmatch(row["id"])}
    rows = list(every_row(filled))
    for sheet, row in sorted(rows, key=lambda found: not found[1]["id"]):
        _name(sheet, row, document, taken)
    for sheet in filled.values():
        _refuse_numbers_twice(sheet)


def _refuse_numbers_twice(sheet: Filled) -> None:
    first: dict[str, int] = {}
    for row in sheet.rows:
        if row.number and row["id"] in first:
            sheet.row_fault(row, "id", tell("number_twice", given=row.number, row=first[row["id"]]))
        first.setdefault(row["id"], row.line)


def _name(sheet: Filled, row: Row, document: str, taken: set[str]) -> None:
    """Give the row an id: its own, or prefix, kind and number or text."""
    kind = sheet.sheet.kind
    if kind == "areas" and not row["code"]:
        row.cells["code"] = slugify(f"{row['parent'][:2]} {row['name']}")
    if kind == "funding" and row["grant"]:
        row.cells["grant"] = slugify(row["grant"])
    row.number = row["id"] if kind != "sources" else ""
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
    return "-".join(part for part in (slugify(document), word, cut) if part)


def _free(made: str, taken: set[str]) -> str:
    number, free = 1, made
    while free in taken:
        number += 1
        free = f"{made}-{number}"
    return free


# --- references ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Index:
    """Ids of each kind, ids by the texts that name a row, and kinds in which a number or a text is lost to a fault."""

    ids: Mapping[str, set[str]]
    texts: Mapping[str, Mapping[str, list[str]]]
    shown: Mapping[str, str]
    codes: Mapping[str, str]
    lost_numbers: frozenset[str]
    lost_texts: frozenset[str]

    def find(self, text: str, kinds: Sequence[str]) -> list[str]:
        """The ids that a text may mean."""
        if any(text in self.ids[kind] for kind in kinds):
            return [text]
        return [name for kind in kinds for name in self.texts[kind].get(_key(text), ())]

    def may_be_lost(self, text: str, kinds: Sequence[str]) -> bool:
        """Whether what a text names may be a row whose own number or text has a fault."""
        return bool((self.lost_numbers if _NUMBER.fullmatch(text) else self.lost_texts) & set(kinds))


def _index(filled: Mapping[str, Filled]) -> _Index:
    ids: dict[str, set[str]] = defaultdict(set)
    texts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    shown: dict[str, str] = {}
    for kind, name, text in _named(filled):
        ids[kind].add(name)
        shown.setdefault(_key(text), text)
        if text and name not in texts[kind][_key(text)]:
            texts[kind][_key(text)].append(name)
    codes = {row["id"]: row["code"] for row in filled["areas"].rows}
    numbers = {sheet.sheet.kind for sheet, row in every_row(filled) if "id" in row.wrong}
    labels = {sheet.sheet.kind for sheet, row in every_row(filled) if _has_lost_its_text(sheet, row)}
    if any("group_label" in row.wrong or not row["group_label"] for row in filled["goals"].rows):
        labels.add("groups")
    return _Index(ids, texts, shown, codes, frozenset(numbers), frozenset(labels))


def _named(filled: Mapping[str, Filled]) -> Iterator[tuple[str, str, str]]:
    """Kind, id and each name of every row; a group is named by its label."""
    for sheet, row in every_row(filled):
        yield from ((sheet.sheet.kind, row["id"], text) for text in ("", *_names(sheet, row)))
    for row in filled["goals"].rows:
        if row["group"]:
            yield "groups", row["group"], row["group_label"]


def _has_lost_its_text(sheet: Filled, row: Row) -> bool:
    label = sheet.sheet.labels[0]
    return not row.number and (label in row.wrong or not row[label])


def _names(sheet: Filled, row: Row) -> list[str]:
    """What other sheets may call a row: any of its labels, or its number."""
    own = sheet.sheet.labels if sheet.sheet.kind in _NAMED else sheet.sheet.labels[:1]
    made = row["id"].removeprefix(f"{row['source']}-{sheet.sheet.id_word}-")
    return [text for text in (*(row[name] for name in own), row.number or made) if text]


def _refer(sheet: Filled, row: Row, index: _Index) -> None:
    kind = sheet.sheet.kind
    for (owner, column), targets in REFERENCES.items():
        if owner == kind and row[column]:
            kinds = tuple(sheets()) if targets == ("*",) else targets
            find = _resolve_list if column in _LISTS else _resolve
            row.cells[column] = find(sheet, row, column, row[column], kinds, index)
    if kind in {"activities", "plan_indicators", "needs"} and row["group"]:
        _refer_to_group(sheet, row, index)


def _refer_to_group(sheet: Filled, row: Row, index: _Index) -> None:
    text = row["group"]
    found = index.find(text, ("groups",))
    if len(found) == 1:
        row.cells["group"] = found[0]
    elif not FULL_ID.fullmatch(text) and not index.may_be_lost(text, ("groups",)):
        near = [index.shown[key] for key in difflib.get_close_matches(_key(text), index.texts["groups"], 1)]
        expected = did_you_mean(near, "the same text as in the column 'Grupp' there")
        sheet.row_fault(row, "group", tell("no_group", given=text, expected=expected))
    else:
        row.wrong |= set() if FULL_ID.fullmatch(text) else {"group"}


def _resolve_list(sheet: Filled, row: Row, column: str, text: str, kinds: tuple[str, ...], index: _Index) -> str:
    """The ids that a list means: its items stand between | or commas, which texts of goals may have too."""
    items = [item for part in text.split(" | ") for item in _items(part, kinds, index)]
    found = [_resolve(sheet, row, column, item, kinds, index) for item in items]
    return " | ".join(found)


def _items(text: str, kinds: tuple[str, ...], index: _Index) -> list[str]:
    """A text at those of its commas that part known names: the longest name first."""
    pieces = [piece.strip() for piece in re.split("[,;]", text)]
    items: list[str] = []
    while pieces:
        length = next((n for n in range(len(pieces), 0, -1) if index.find(", ".join(pieces[:n]), kinds)), 0)
        if not length and not (items or any(index.find(piece, kinds) for piece in pieces)) and not _are_numbers(pieces):
            return [text]  # a text with a comma of its own, and a fault in it
        items.append(", ".join(pieces[: length or 1]))
        pieces = pieces[length or 1 :]
    return [item for item in items if item]


def _are_numbers(pieces: Sequence[str]) -> bool:
    return all(_NUMBER.fullmatch(piece) for piece in pieces)


def _resolve(sheet: Filled, row: Row, column: str, text: str, kinds: tuple[str, ...], index: _Index) -> str:
    """The id that a text means, or the text with a fault noted."""
    found = index.find(text, kinds)
    if len(found) == 1:
        return found[0]
    where = " or ".join(f"'{sheets()[kind].name}'" for kind in kinds[:2]) if len(kinds) <= 2 else "that it names"
    several = [item for part in re.split(r"[|\n]", text) for item in _items(part.strip(), kinds, index)]
    if found:
        told = tell("many_rows", given=text, count=len(found), where=where)
    elif column not in _LISTS and len(several) > 1:
        told = tell("only_one", given=text, expected=_ONE.get(sheet.sheet.kind, "one of them"))
    elif index.may_be_lost(text, kinds):
        row.wrong.add(column)  # the fault is told where that row stands
        return text
    else:
        keys = [] if _NUMBER.fullmatch(text) else [key for kind in kinds for key in index.texts[kind]]
        near = [index.shown[key] for key in difflib.get_close_matches(_key(text), keys, 1)]
        told = tell("no_row", given=text, where=where, expected=did_you_mean(near, "its number (Nr) or its text"))
    sheet.row_fault(row, column, told)
    return text


# --- areas -----------------------------------------------------------------------------------------------------------


def _find_area(sheet: Filled, row: Row, index: _Index) -> None:
    """Areas by number, name or code, in every column that names one."""
    if row["area"] and "area" not in row.wrong:
        row.cells["area"] = _area(sheet, row, "area", row["area"], index)
    if sheet.sheet.kind == "areas" and row["members"]:
        members = [index.find(text, ("areas",)) for text in row["members"].split(" | ")]
        texts = zip(members, row["members"].split(" | "), strict=True)
        row.cells["members"] = " | ".join(index.codes[found[0]] if len(found) == 1 else text for found, text in texts)


def _area(sheet: Filled, row: Row, column: str, text: str, index: _Index) -> str:
    found = index.find(text, ("areas",))
    if len(found) == 1:
        return index.codes[found[0]]
    if text in index.codes.values():
        return text
    try:
        return areas.find_area(text).code
    except areas.UnknownAreaError as error:
        if index.may_be_lost(text, ("areas",)):
            row.wrong.add(column)
            return text
        own = [] if _NUMBER.fullmatch(text) else [index.shown[key] for key in index.texts["areas"]]
        sheet.row_fault(row, column, _no_area(sheet, text, str(error), own, column))
        return text


def _official_area(sheet: Filled, row: Row) -> str:
    try:
        return areas.find_area(row["parent"]).code
    except areas.UnknownAreaError as error:
        sheet.row_fault(row, "parent", _no_area(sheet, row["parent"], str(error), [], "parent"))
        return row["parent"]


def _no_area(sheet: Filled, text: str, why: str, own: Sequence[str], column: str) -> Told:
    if "more than one" in why:
        return tell("two_areas", given=text, codes=why.rpartition("write the code: ")[2])
    names = {_key(areas.short_name(area)): areas.short_name(area) for area in areas.official_areas().values()}
    names |= {_key(name): name for name in own}
    near = [] if _NUMBER.fullmatch(text) else difflib.get_close_matches(_key(text), names, 1, 0.75)
    return tell("no_area", given=text, expected=did_you_mean((names[key] for key in near), wanted(sheet.sheet, column)))


# --- groups and what follows from goals ------------------------------------------------------------------------------


def _group(filled: Mapping[str, Filled]) -> None:
    """Groups are named by their label: the same label is the same group."""
    for row in filled["goals"].rows:
        if row["group"]:
            continue
        row.cells["group"] = _made_id(row["source"], "group", row["group_label"]) if row["group_label"] else ""
        if not row["group"]:
            row.wrong.add("group")  # the fault is the label's


def _inherit(filled: Mapping[str, Filled]) -> None:
    """What stands beside goals has their group, if it is one, and their focus areas, where nothing else is said."""
    goals = {row["id"]: row for row in filled["goals"].rows}
    for kind, column in (("activities", "goal"), ("plan_indicators", "goals"), ("targets", "goal")):
        for row in filled[kind].rows:
            served = [goals[name] for name in row[column].split(" | ") if name in goals]
            if "group" in KINDS[kind].model_fields and not row["group"]:
                _inherit_group(filled[kind], row, served)
            _inherit_areas(row, served)
            if column in row.wrong:
                row.wrong |= {
                    name for name in ("group", "focus_areas") if not row[name]
                }  # the fault is the reference's


def _inherit_group(sheet: Filled, row: Row, goals: Sequence[Row]) -> None:
    groups = {goal["group"] for goal in goals}
    if not all(groups):
        row.wrong.add("group")  # the fault is the goal's
    elif len(groups) == 1:
        row.cells["group"] = groups.pop()
    elif groups:
        sheet.row_fault(row, "group", tell("many_groups", sheet.sheet, count=len(groups)))


def _inherit_areas(row: Row, goals: Sequence[Row]) -> None:
    if row["focus_areas"] or not goals:
        return
    if not all(_AREAS.fullmatch(goal["focus_areas"]) for goal in goals):
        row.wrong.add("focus_areas")  # the fault is the goal's
    else:
        row.cells["focus_areas"] = " | ".join(
            sorted({area for goal in goals for area in goal["focus_areas"].split(" | ")})
        )


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
