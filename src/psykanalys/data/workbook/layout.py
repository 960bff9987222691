"""What the workbook looks like: its sheets, columns and words, from layout.yaml and the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml

from psykanalys.data import contract

FIRST_ROW = 3  # below the headings and the names
LAST_ROW, LAST_COLUMN = 20_000, 200

_ROLES = {
    "number": contract.Number, "count": contract.Count, "period": contract.PeriodText, "lines": contract.Places,
    "areas": contract.FocusAreas, "list": contract.Items,
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column: its name in the contract, what the analyst sees, and what may stand there.

    `role` is number, count, period, lines, areas, list or text; `words` gives the word of each code of a closed column.
    """

    name: str
    heading: str
    help: str
    role: str
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def codes(self) -> dict[str, str]:
        """Codes by what may be written for them: the word, or the code itself, in lower case."""
        written = {code.casefold(): code for code in self.words}
        return written | {word.casefold(): code for code, word in self.words.items()}


@dataclass(frozen=True)
class Sheet:
    """One sheet: a kind of the contract, its columns in order, and how its rows are named.

    `id_word` stands in ids that are made; `labels` are the columns that say what a row is.
    """

    kind: str
    name: str
    about: str
    id_word: str
    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    example: Mapping[str, str]

    def column(self, name: str) -> Column:
        """The column of that name in the contract."""
        return next(column for column in self.columns if column.name == name)


@cache
def layout() -> Mapping[str, Any]:
    """The layout as it is written."""
    return yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


@cache
def sheets() -> Mapping[str, Sheet]:
    """The sheets by kind, in the workbook's order."""
    return {kind: _sheet(kind, written) for kind, written in layout()["sheets"].items()}


def _sheet(kind: str, written: Mapping[str, Any]) -> Sheet:
    columns = tuple(_column(kind, name, texts) for name, texts in written["columns"].items())
    example = {"id": layout()["example_mark"]} | written["example"] if "example" in written else {}
    return Sheet(kind, written["name"], written["about"], written["id"], tuple(written["labels"]), columns, example)


def _column(kind: str, name: str, texts: list[str] | None) -> Column:
    heading, explanation = texts or layout()["common"][name]
    model_field = contract.KINDS[kind].model_fields[name]
    words = layout()["words"] | layout()["own_words"].get(f"{kind}.{name}", {})
    codes = _codes(model_field.annotation)
    return Column(name, heading, explanation, _role(name, model_field), {code: words[code] for code in codes})


def _codes(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return next((get_args(part) for part in get_args(annotation) if get_origin(part) is Literal), ())


def _role(name: str, model_field: Any) -> str:
    if name == "state_places":
        return "lines"
    marks = {role: get_args(annotation)[1] for role, annotation in _ROLES.items()}
    return next((role for role, mark in marks.items() if mark in model_field.metadata), "text")
