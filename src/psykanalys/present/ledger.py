"""What has changed since an earlier report: each changed figure with why, found by comparing the two reports' twins."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from psykanalys.data.files import TooLargeError, read_within
from psykanalys.data.project import Project, find_file
from psykanalys.data.text import unseen
from psykanalys.errors import ParameterError
from psykanalys.manifest import changed
from psykanalys.present import formatting as fmt
from psykanalys.present.html import Block, Details, Heading, Stack, Table, Text
from psykanalys.present.twin import VERSION
from psykanalys.references import REFERENCE, marked

TITLE = "Vad har ändrats sedan förra rapporten"
MOST_ROWS_OPEN = 12
MOST_BYTES = 10_000_000
NOTHING = "–"
# What a figure is where its label does not tell, in the order of the table.
KINDS = {
    "result": "",
    "target": "Ska nås: ",
    "verdict": "Omdöme: ",
    "comparison": "Jämförelse: ",
    "funding": "",
    "survey": "Enkäten: ",
    "finding": "Avvikelse: ",
    "count": "",
}
_ORDER = {kind: place for place, kind in enumerate(KINDS)}
# Plan rows that the counts of goals and of what is lacking are made of.
_COUNTED = ("goals", "activities", "targets", "plan_indicators", "needs", "overrides", "sources")


class Cause(StrEnum):
    """Why a figure is another. Swedish, since they are what the reader meets."""

    NEW_PERIOD = "ny period"
    REVISED_ROW = "rättad uppgift i underlaget"
    DELETED_ROW = "struken uppgift i underlaget"
    DEFINITION = "ändrad definition av måttet"
    SUPPRESSION = "ändrat skydd av uppgiften"
    CODE = "ändrad beräkning"
    NEW = "ny uppgift"


@dataclass(frozen=True)
class Change:
    """A figure that is another than in the earlier report: what it said, what it says, and why."""

    ref: str
    kind: str
    label: str
    population: str
    was: str
    now: str
    cause: Cause
    period_was: str = ""
    period: str = ""
    rows: tuple[str, ...] = ()  # the changed rows that it depends on
    definitions: tuple[str, ...] = ()  # the changed definitions


def locate(project: Project, text: str) -> Path:
    """The earlier report's twin that a parameter names, relative to the project folder; raises ParameterError."""
    expected = "an earlier report's twin, named relative to the project folder, such as archive/2025/norrbotten.json"
    return find_file(project, text, "previous", expected)


def read_twin(path: Path) -> dict[str, Any]:
    """The twin in a JSON file. Raises ParameterError with what to do."""
    expected = "expected what is written beside a page"
    try:
        content = json.loads(read_within(path, MOST_BYTES).decode())
        version = content["schema"]
    except TooLargeError as error:
        raise ParameterError(f"{path.name}: {error.strerror} — {expected}") from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ParameterError(f"{path.name}: is no twin of a report — {expected}") from error
    if version != VERSION:
        raise ParameterError(f"{path.name}: the twin has schema {str(version)[:20]} — this version reads {VERSION}")
    try:
        _Twin.model_validate(content)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))[:80]
        raise ParameterError(f"{path.name}: the twin is damaged at {where} — {expected}") from error
    return content


def _seen(text: str) -> str:
    if unseen(text):
        raise ValueError("a character that is not seen")
    return text


_Text = Annotated[str, AfterValidator(_seen)]


class _Figure(BaseModel):
    """What a figure of a twin must hold to be compared."""

    model_config = ConfigDict(strict=True)

    ref: Annotated[str, StringConstraints(pattern=f"^{REFERENCE.pattern}$")]
    kind: Literal["result", "target", "verdict", "comparison", "funding", "survey", "finding", "count"]
    label: _Text
    population: _Text
    period: _Text
    text: _Text
    series: str
    suppressed: bool
    rows: list[str]
    definitions: list[str]


class _Definition(BaseModel):
    checksum: str
    definition: dict[str, Any]


class _Page(BaseModel):
    manifest: dict[str, Any]
    code: _Text
    shown: dict[str, list[str]]


class _Of(BaseModel):
    code: str
    name: _Text


class _Twin(BaseModel):
    """What of a twin is read here and by `verify`."""

    county: _Of
    figures: list[_Figure]
    rows: dict[str, dict[str, str]]
    definitions: dict[str, _Definition]
    page: _Page = _Page(manifest={}, code="", shown={})


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every figure of `after` that says another thing than in `before`, or is gone, with why; `NEW` are new ones."""
    difference = Difference(before, after)
    return sorted(
        difference.found(), key=lambda each: (_ORDER[each.kind], each.label, each.population, each.period, each.ref)
    )


def section(before: Mapping[str, Any], after: Mapping[str, Any]) -> Block:
    """The report's section of changes."""
    found = changes(before, after)
    old = [change for change in found if change.cause != Cause.NEW]
    added = len(found) - len(old)
    code = before.get("page", {}).get("code", "")
    which = f" Den förra rapporten har kontrollkoden {code}." if code else ""
    parts: list[Block] = [Heading(TITLE, 2), Text(_told(old, added) + which)]
    if old:
        table = _table(old)
        parts.append(table if len(old) <= MOST_ROWS_OPEN else Details(f"Visa ändringarna ({len(old)})", [table]))
    return Stack(parts)


def _told(old: Iterable[Change], added: int) -> str:
    counts = {cause: sum(change.cause == cause for change in old) for cause in Cause}
    causes = [f"{fmt.number(count)} genom {cause}" for cause, count in counts.items() if count]
    total = sum(counts.values())
    what = "Ingen uppgift i den förra rapporten har ändrats."
    if total:
        ending = "uppgift har ändrats" if total == 1 else "uppgifter har ändrats"
        what = f"{fmt.number(total)} {ending}: {fmt.listed(causes)}."
    more = f" Dessutom har {fmt.counted(added, 'uppgift', 'uppgifter')} tillkommit." if added else ""
    return what + more


def _table(found: Iterable[Change]) -> Table:
    rows = [
        [
            KINDS[change.kind] + ", ".join(part for part in (change.label, change.population) if part),
            _dated(change.was, change.period_was if change.period_was != change.period else ""),
            _now(change),
            str(change.cause),
        ]
        for change in found
    ]
    return Table("Ändrade uppgifter, med orsak", ["Uppgift", "Förra rapporten", "Nu", "Orsak"], rows)


def _now(change: Change) -> str:
    """What the figure says now, with its reference; a count may be one that the page prints nowhere else."""
    text = _dated(change.now, change.period if change.period_was != change.period else "")
    return text if change.kind == "count" or text == NOTHING else marked(change.ref, text)


def _dated(text: str, period: str) -> str:
    return f"{text} ({fmt.period(period)})" if period and text != NOTHING else text


class Difference:
    """Two twins side by side, and why their figures differ."""

    def __init__(self, before: Mapping[str, Any], after: Mapping[str, Any]):
        self._before = {figure["ref"]: figure for figure in before["figures"]}
        self._after = {figure["ref"]: figure for figure in after["figures"]}
        self._rows = changed(flat(before["rows"]), flat(after["rows"]))
        self._definitions = changed(_sums(before["definitions"]), _sums(after["definitions"]))
        self._touched = {row for rows in self._rows.values() for row in rows}
        self._redefined = {name for names in self._definitions.values() for name in names}

    def found(self) -> Iterable[Change]:
        """The changes, in no order."""
        gone = {ref: figure for ref, figure in self._before.items() if ref not in self._after}
        for ref, now in self._after.items():
            was = self._before.get(ref) or self._take(gone, now)
            if was is None:
                yield self._new(now, gone)
            elif (was["text"], was["suppressed"]) != (now["text"], now["suppressed"]):
                yield self._change(was, now, self._cause(was, now))
        for was in list(gone.values()):
            yield self._gone(was)

    def _take(self, gone: dict[str, Any], now: Mapping[str, Any]) -> Any:
        """The figure of the same series and period that is gone: the same figure under another name."""
        same = [ref for ref, was in gone.items() if (was["series"], was["period"]) == (now["series"], now["period"])]
        return gone.pop(same[0]) if same else None

    def _new(self, now: Mapping[str, Any], gone: dict[str, Any]) -> Change:
        """A figure without a counterpart: a new period of a series, or new altogether."""
        earlier = [was for was in self._before.values() if was["series"] == now["series"]]
        latest = max(earlier, key=lambda was: (was["period"], was["ref"]), default=None)
        if latest is None or latest["period"] >= now["period"]:
            return self._without_earlier(now, gone.pop(latest["ref"], None) if latest else None)
        if not latest["period"]:
            gone.pop(latest["ref"], None)
        return self._change(latest, now, Cause.NEW_PERIOD)

    def _without_earlier(self, now: Mapping[str, Any], replaced: Mapping[str, Any] | None) -> Change:
        """A figure that is no later period: it stands where another is gone, or is new."""
        if replaced:
            return self._change(replaced, now, self._cause_of_loss(replaced))
        cause = self.cause_of_count() if now["kind"] == "count" else Cause.NEW
        return self._change({"text": NOTHING, "period": ""}, now, cause)

    def _gone(self, was: Mapping[str, Any]) -> Change:
        return self._change(was, {**was, "text": NOTHING}, self._cause_of_loss(was))

    def _cause_of_loss(self, was: Mapping[str, Any]) -> Cause:
        is_deleted = any(row in self._rows["removed"] for row in was["rows"])
        return Cause.DELETED_ROW if is_deleted else self._cause(was, was)

    def _cause(self, was: Mapping[str, Any], now: Mapping[str, Any]) -> Cause:
        if was["suppressed"] != now["suppressed"]:
            return Cause.SUPPRESSION
        if now["kind"] == "count":
            return self.cause_of_count()
        if self._touched.intersection([*was["rows"], *now["rows"]]):
            return Cause.REVISED_ROW
        if self._redefined.intersection([*was["definitions"], *now["definitions"]]):
            return Cause.DEFINITION
        return Cause.CODE

    def cause_of_count(self) -> Cause:
        """A count rests on every row of the plan and every result: the first kind of change that there is."""
        if any(row.startswith(_COUNTED) for row in self._touched):
            return Cause.REVISED_ROW
        protected = any(
            was["suppressed"] != self._after[ref]["suppressed"]
            for ref, was in self._before.items()
            if ref in self._after
        )
        came = [row for row in self._rows["added"] if row.startswith("observations/")]
        possible = {
            Cause.SUPPRESSION: protected,
            Cause.NEW_PERIOD: bool(came),
            Cause.REVISED_ROW: bool(self._touched),
            Cause.DEFINITION: bool(self._redefined),
        }
        return next((cause for cause, is_so in possible.items() if is_so), Cause.CODE)

    def _change(self, was: Mapping[str, Any], now: Mapping[str, Any], cause: Cause) -> Change:
        return Change(
            ref=now["ref"],
            kind=now["kind"],
            label=now["label"],
            population=now["population"],
            was=was["text"],
            now=now["text"],
            cause=cause,
            period_was=was["period"],
            period=now["period"],
            rows=tuple(sorted(self._touched.intersection([*was.get("rows", ()), *now["rows"]]))),
            definitions=tuple(sorted(self._redefined.intersection([*was.get("definitions", ()), *now["definitions"]]))),
        )


def flat(rows: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Checksums of rows as `kind/id`."""
    return {f"{kind}/{name}": total for kind, sums in rows.items() for name, total in sums.items()}


def _sums(definitions: Mapping[str, Any]) -> dict[str, str]:
    return {name: entry["checksum"] for name, entry in definitions.items()}
