"""From a printed figure back to the document: verdict → result → observation → raw row → document and line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import pandas as pd

from psykanalys.analysis import Analysis
from psykanalys.comparison import Comparison
from psykanalys.data.contract import columns
from psykanalys.data.prepare import as_rows, items
from psykanalys.errors import ParameterError
from psykanalys.present import formatting as fmt
from psykanalys.present.counts import counts
from psykanalys.present.html import Block
from psykanalys.present.tables import Tables, difference_text, target_text
from psykanalys.references import KINDS, REFERENCE, index, reference
from psykanalys.verdicts import Verdict

TABLES = {"r": "observations", "f": "funding", "s": "survey", "t": "targets", "q": "findings"}
NAMES = ("label", "title", "name", "party")  # columns that say what a row is about
PRINTED = ("numerator", "denominator", "value", "value_low", "value_high", "change", "amount", "count", "yes_no",
           "direction", "wording", "operator", "unit", "status")  # fmt: skip
MOST_ROWS = 5


@dataclass(frozen=True)
class RawRow:
    """One row of the raw data: its file and id, what it says, its document's title and the lines there."""

    id: str
    file: str
    says: str
    document: str
    lines: str

    def __str__(self) -> str:
        says = f" ({self.says})" if self.says else ""
        return f"{self.file}, row {self.id}{says} → {self.document}, {self.lines}"


@dataclass(frozen=True)
class Reference:
    """What a reference stands for: the figure as shown, and the way from it to the raw rows.

    `kind` is one of the names in `references.KINDS`, `row` the row's name, `rows` the ids of the raw rows that the
    figure is made of, `places` their places (`source:line`), `steps` what lies between figure and raw rows.
    """

    ref: str
    kind: str
    row: str
    label: str
    text: str
    steps: tuple[str, ...]
    rows_read: tuple[RawRow, ...]
    places: tuple[str, ...]

    @property
    def rows(self) -> tuple[str, ...]:
        """The ids of the raw rows."""
        return tuple(each.id for each in self.rows_read)

    def lines(self, most: int = MOST_ROWS) -> list[str]:
        """The chain, one step a line; of many raw rows only the first."""
        left = len(self.rows_read) - most
        more = [f"… and {left} more rows"] if left > 0 else []
        return [*self.steps, *(f"raw row: {each}" for each in self.rows_read[:most]), *more]


@dataclass(frozen=True, repr=False)
class Chains(Block):
    """Chains of one or several figures, for a notebook."""

    references: tuple[Reference, ...]

    def to_html(self) -> str:
        """HTML for the page."""
        return "".join(
            f"<p><b>{escape(_heading(each))}</b></p>"
            f"<ol>{''.join(f'<li>{escape(line)}</li>' for line in each.lines())}</ol>"
            for each in self.references
        )

    def to_text(self) -> str:
        """Plain text with the same content."""
        return "\n".join(
            "\n".join([_heading(each), *(f"  → {line}" for line in each.lines())]) for each in self.references
        )


def _heading(found: Reference) -> str:
    return f"{found.text or '–'}   [{found.ref}] {found.kind}: {found.label}"


class Tracer:
    """Everything that a page of one county may refer to."""

    def __init__(self, analysis: Analysis):
        self._analysis = analysis
        self._tables = Tables(analysis)

    def all(self) -> dict[str, Reference]:
        """Every reference with its chain; of counts those that have been printed."""
        return {ref: self._made(ref, *row) for ref, row in self._index().items()}

    def find(self, what: Any) -> Chains:
        """The chains of a reference, of a raw row's id, of a verdict, a comparison or a row of the results.

        Raises ParameterError for what is not known.
        """
        names = list(self._names(what))
        known = self._index()
        found = [self._made(ref, *known[ref]) for ref in names if ref in known]
        if not found:
            raise ParameterError(f"trace: nothing is known as '{_told(what)}' — {self._expected(what)}")
        return Chains(tuple(found))

    def _names(self, what: Any) -> Iterator[str]:
        """The references that something can stand for."""
        if isinstance(what, Verdict):
            yield reference("v", f"{what.target}/{what.observation}")
        elif isinstance(what, Comparison):
            yield reference("c", f"{what.observation}/{what.other}")
        elif isinstance(what, pd.Series | Mapping):
            yield reference("r", str(what.get("id", getattr(what, "name", ""))))
        elif REFERENCE.fullmatch(str(what)):
            yield str(what)
        else:
            yield from (reference(kind, str(what)) for kind in KINDS)

    def _expected(self, what: Any) -> str:
        rows = [row for _, row in self._index().values()]
        near = difflib.get_close_matches(_told(what), rows, n=1)
        return (
            f"did you mean '{near[0]}'?" if near else "give a reference, a row's id, a verdict or a row of the results"
        )

    def _index(self) -> dict[str, tuple[str, str]]:
        analysis = self._analysis
        names = [(kind, row) for kind, table in TABLES.items() for row in analysis.tables_by_kind[table]["id"]]
        names += [("v", f"{each.target}/{each.observation}") for each in analysis.verdicts]
        names += [("c", f"{each.observation}/{each.other}") for each in analysis.comparisons]
        return index([*names, *(("n", name) for name in counts(analysis))])

    def _made(self, ref: str, kind: str, row: str) -> Reference:
        label, text, steps, names = getattr(self, f"_{KINDS[kind]}")(row)
        ids = [part for name in names for part in self._merged.get(name, (name,))]
        raw = [self._raw(name) for name in dict.fromkeys(ids)]
        places = dict.fromkeys(place for name in ids for place in items(self._rows[name][1]["places"]))
        return Reference(ref, KINDS[kind], row, label, str(text), tuple(steps), tuple(raw), tuple(places))

    def _result(self, row: str) -> tuple[str, str, list[str], list[str]]:
        result = self._results[row]
        verdicts = [each for each in self._analysis.verdicts if each.observation == row]
        steps = [*(self._told_verdict(each) for each in verdicts), self._told_result(row), *self._told_merge(row)]
        return result["title"], self._tables.figure(result), steps, [row]

    def _verdict(self, row: str) -> tuple[str, str, list[str], list[str]]:
        (verdict,) = [each for each in self._analysis.verdicts if f"{each.target}/{each.observation}" == row]
        result = [verdict.observation] if verdict.observation else []
        steps = [self._told_verdict(verdict), *(self._told_result(each) for each in result)]
        return verdict.label, verdict.word, steps, [verdict.target, *result]

    def _comparison(self, row: str) -> tuple[str, str, list[str], list[str]]:
        (found,) = [each for each in self._analysis.comparisons if f"{each.observation}/{each.other}" == row]
        text = "–" if found.difference is None else difference_text(found)
        step = f"comparison: {text} against {found.against} – {found.word}"
        both = [found.observation, found.other]
        return self._results[both[0]]["title"], text, [step, *map(self._told_result, both)], both

    def _target(self, row: str) -> tuple[str, str, list[str], list[str]]:
        verdicts = [each for each in self._analysis.verdicts if each.target == row]
        return verdicts[0].label, target_text(verdicts[0]), [self._told_verdict(each) for each in verdicts], [row]

    def _funding(self, row: str) -> tuple[str, str, list[str], list[str]]:
        found = self._rows[row][1]
        return found["label"], self._tables._amount(found), [], [row]

    def _survey(self, row: str) -> tuple[str, str, list[str], list[str]]:
        found = self._rows[row][1]
        return found["label"], fmt.number(found["count"]), [], [row]

    def _finding(self, row: str) -> tuple[str, str, list[str], list[str]]:
        return row, self._rows[row][1]["description"], [], [row]

    def _count(self, name: str) -> tuple[str, str, list[str], list[str]]:
        """A count's own rows; a row of a pair ('target/observation') is its parts."""
        names = counts(self._analysis)[name]
        ids = [part for each in names for part in each.split("/") if part in self._rows]
        return name, fmt.number(len(names)), [f"count: {len(names)} rows, called '{name}'"], ids

    def _told_verdict(self, verdict: Verdict) -> str:
        return (
            f"verdict: {verdict.label}, {target_text(verdict) or 'no level'} – {verdict.word} (target {verdict.target})"
        )

    def _told_result(self, row: str) -> str:
        result = self._results[row]
        population = self._tables._population(result)
        return f"result: {result['title']}, {population}, {fmt.period(result['when'])}: {self._tables.figure(result)}"

    def _told_merge(self, row: str) -> Iterator[str]:
        if row in self._merged:
            yield f"sum: of {' and '.join(self._merged[row])}, each of which is protected (docs/disclosure.md)"

    @cached_property
    def _merged(self) -> Mapping[str, tuple[str, str]]:
        """The rows that are shown as the sum of two raw rows."""
        return self._analysis.protected.merged if self._analysis.protected else {}

    @cached_property
    def _results(self) -> dict[str, dict[str, Any]]:
        return {row["id"]: row for row in as_rows(self._analysis.results)}

    @cached_property
    def _titles(self) -> dict[str, str]:
        """The documents' titles by id."""
        return dict(zip(self._analysis.sources["id"], self._analysis.sources["title"], strict=True))

    @cached_property
    def _rows(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Every raw row by its id, with its kind."""
        tables = {kind: table for kind, table in self._analysis.tables_by_kind.items() if "places" in columns(kind)}
        return {row["id"]: (kind, row) for kind, table in tables.items() for row in as_rows(table)}

    def _raw(self, name: str) -> RawRow:
        kind, row = self._rows[name]
        by_document: dict[str, list[int]] = {}
        for place in items(row["places"]):
            source, _, line = place.rpartition(":")
            by_document.setdefault(source, []).append(int(line))
        documents = "; ".join(f"”{self._titles.get(source, source)}”" for source in by_document)
        lines = "; ".join(f"line {fmt.line_ranges(found)}" for found in by_document.values())
        return RawRow(name, f"data/raw/{row['source']}/{kind}.csv", _says(row), documents, lines)


def _says(row: Mapping[str, Any]) -> str:
    """What a raw row has in its cells: what it is about, and its figures as they are written."""
    label = next((str(row[name]) for name in NAMES if row.get(name)), "")
    cells = ((name, row.get(name)) for name in PRINTED)
    told = [f"{name} {_cell(value)}" for name, value in cells if not _is_empty(value)]
    return ", ".join(part for part in (label, *told) if part)


def _is_empty(value: Any) -> bool:
    return value is None or value is pd.NA or value != value or value == ""


def _cell(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _told(what: Any) -> str:
    return str(what.get("id", "")) if isinstance(what, pd.Series | Mapping) else str(what)
