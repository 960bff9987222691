"""Measures to raw data: observations, findings, areas and sources that obey the raw contract, one document a county."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from math import isnan
from pathlib import Path
from typing import Any

from psykanalys.areas import official_areas, short_name, slugify
from psykanalys.catalogue import get_indicator
from psykanalys.data.contract import columns
from psykanalys.data.files import write_all
from psykanalys.data.reader import shown
from psykanalys.errors import PsykanalysError
from psykanalys.records.checks import Reason
from psykanalys.records.counts import AGES, LIMITS, Month, Step
from psykanalys.records.measures import Durations, Waits, known_limits

REPORTING = "wait_reporting_units"
CHOSEN = "patientvald väntan"
OVER = "väntat längre än"
NOBODY_ENDED = "Ingen väntan avslutades under månaden."
NOBODY_BEGAN = "Ingen väntan började under månaden."
NESTED = "Skyddad: färre än {threshold} ligger mellan denna gräns och en annan."
TREATMENT = "Räknas inte med i någon siffra; raderna står med orsak i karantänfilen."
NOT_REACHED = {"median": "Fler än hälften väntar ännu.", "percentile_90": "Fler än en tiondel väntar ännu."}


@dataclass
class Document:
    """What is told of one county: rows of the raw contract by kind, each on its line of the text."""

    county: str
    extract_date: date
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @cached_property
    def id(self) -> str:
        """The document's id; the name of its folder."""
        return f"{official_areas()[self.county].slug}-contacts-{self.extract_date}"

    def say(self, line: str) -> str:
        """Add a line to the text; return its place."""
        self.lines.append(line)
        return f"{self.id}:{len(self.lines)}"

    def add(self, kind: str, row_id: str, line: str, /, **cells: Any) -> None:
        """Add a row and the line of the text where it stands."""
        own = {"id": f"{self.id}-{row_id}", "source": self.id, "places": self.say(line)}
        self.rows.setdefault(kind, []).append({**own, **cells})

    @property
    def text(self) -> bytes:
        """The text that the rows have their places in."""
        return ("\n".join(self.lines) + "\n").encode()

    def source(self, publisher: str) -> dict[str, Any]:
        """The document's row in `sources.csv`."""
        name = short_name(official_areas()[self.county])
        return {
            "id": self.id, "title": f"Väntetider ur kontakter i {name}, utdrag {self.extract_date}", "title_is": "ours",
            "role": "follow_up", "publisher": publisher or f"Regionen i {name}", "year": self.extract_date.year,
            "dated": self.extract_date.isoformat(), "dated_is": "document", "county_code": self.county,
            "sha256": hashlib.sha256(self.text).hexdigest(), "lines": len(self.lines),
            "note": "Räknat av psykanalys records ur ett utdrag med en rad per kontakt.",
        }  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Whom a figure is about: an area, a sex or an age, as the raw contract says it."""

    area: str
    sex: str = "T"
    age: str = ""

    @classmethod
    def of(cls, county: str, margin: str, member: Any, units: Sequence[str]) -> Group:
        """The group of a margin's member; `units` are the codes of the units by number."""
        if margin == "area":
            return cls(f"{int(member):02d}" if member < 100 else f"{int(member):04d}")
        if margin == "unit":
            return cls(units[int(member)])
        if margin == "sex":
            return cls(county, sex=str(member))
        return cls(county, age=AGES[int(member)]) if margin == "age" else cls(county)

    @property
    def cells(self) -> dict[str, str]:
        """The columns that say it."""
        return {"area": self.area, "sex": self.sex, "age": self.age}

    def __str__(self) -> str:
        parts = (self.area, "" if self.sex == "T" else self.sex.lower(), self.age.removesuffix("-"))
        return "-".join(part for part in parts if part)


@dataclass(frozen=True)
class Writer:
    """Writes a county's observations to its document."""

    document: Document
    threshold: int

    def flow(self, step: Step, group: Group, month: Month, waits: Waits | None, chosen: str = "") -> None:
        """Shares of waits that ended in a month; `chosen`: of those with ("ja") or without ("nej") a chosen wait."""
        shown = waits.shown(self.threshold) if waits else ()
        for place, limit in enumerate(LIMITS):
            level = {"dimension": CHOSEN, "level": chosen} if chosen else {}
            figure: dict[str, Any] = {"status": "not_applicable", "caution": NOBODY_ENDED}
            if waits and waits.number:
                figure = {"numerator": waits.within[place], "denominator": waits.number}
                figure = figure if shown[place] else self._hidden
            suffix = {"": "", "nej": "not-chosen", "ja": "chosen"}[chosen]
            self._observe(f"wait_{step.name}_within_{limit}", group, str(month), suffix, **level, **figure)

    def queue(self, step: Step, group: Group, month: Month, waits: Waits | None) -> None:
        """Who waits on a month's last day: all, and those who have waited longer than each limit."""
        waits = waits or Waits(0, (0,) * len(LIMITS))
        name, day = f"wait_{step.name}_queue", month.last.isoformat()
        self._observe(name, group, day, "", numerator=waits.number)
        for limit, count, told in zip(LIMITS, waits.over(), waits.shown(self.threshold), strict=True):
            level = {"dimension": OVER, "level": f"{limit} dagar"}
            self._observe(
                name, group, day, f"over-{limit}", **level, **({"numerator": count} if told else self._hidden)
            )

    def durations(self, step: Step, group: Group, month: Month, found: Durations, place: int | None) -> None:
        """Median and 90th percentile of the waits that began in a month."""
        for name, estimate in (("median", found.median), ("percentile_90", found.percentile_90)):
            figure: dict[str, Any] = {"status": "not_applicable", "caution": NOBODY_BEGAN}
            if place is not None:
                figure = {"status": "not_applicable", "caution": NOT_REACHED[name]}
                value, low, high = (float(part[place]) for part in (estimate.value, estimate.ci_low, estimate.ci_high))
                if not isnan(value):
                    limits = known_limits(low, high)
                    figure = {"value": value, "numerator": found.number[place]}
                    figure |= dict(zip(("ci_low", "ci_high"), limits, strict=True)) if limits else {}
            self._observe(f"wait_{step.name}_{name}", group, str(month), "", **figure)

    def reporting(self, month: Month, reported: int, units: int) -> None:
        """How many of the units registered anything in a month."""
        if units:
            group = Group(self.document.county)
            self._observe(REPORTING, group, str(month), "", numerator=reported, denominator=units)

    def impossible(self, reason: Reason, rows: int, *, everywhere: bool) -> None:
        """A finding that tells how many rows were left out and why."""
        where = "hela utdraget" if everywhere else "utdraget"
        said = f"{rows} {'rad' if rows == 1 else 'rader'} i {where} {reason.text}."
        suffix = f"{reason.code.replace('_', '-')}{'-everywhere' if everywhere else ''}"
        cells = {"county_code": self.document.county, "focus_areas": "2", "kind": reason.kind, "description": said}
        self.document.add("findings", f"rows-{suffix}", said, **cells, treatment=TREATMENT)

    @property
    def _hidden(self) -> dict[str, str]:
        return {"status": "suppressed", "caution": NESTED.format(threshold=self.threshold)}

    def _observe(self, indicator: str, group: Group, period: str, suffix: str, **cells: Any) -> None:
        meaning = get_indicator(indicator)
        row_id = "-".join(part for part in (indicator.replace("_", "-"), str(group), period, suffix) if part)
        cells = {"status": "exact", "published": "no", "unit": meaning.unit, "period": period, **group.cells, **cells}
        told = "; ".join(f"{name} {value}" for name, value in cells.items() if value != "")
        self.document.add("observations", row_id, f"{meaning.title}: {told}", indicator=indicator, **cells)


def unit_codes(units: Sequence[tuple[str, str]]) -> list[str]:
    """The codes of units: county code and name in ASCII; where two names give the same, a number is added."""
    codes: list[str] = []
    seen: Counter[str] = Counter()
    for county, name in units:
        code = f"{county}-{slugify(name) or 'enhet'}"
        seen[code] += 1
        codes.append(f"{code}-nr-{seen[code]}" if seen[code] > 1 else code)
    return codes


def as_csv(kind: str, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows of a kind as a raw file."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns(kind), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return stream.getvalue().encode()


def _cell(value: Any) -> Any:
    return f"{value:.12g}" if isinstance(value, float) else value


def write(documents: Sequence[Document], out: Path, publisher: str) -> list[Path]:
    """Write the raw files to `out/raw/` and each document's text beside it; return the paths.

    Documents of other extracts that are there stay listed. Raises PsykanalysError for another kind of list.
    """
    raw = out / "raw"
    own = {document.id: document.source(publisher) for document in documents}
    others = [row for row in _sources(raw / "sources.csv") if row["id"] not in own]
    files = {raw / "sources.csv": as_csv("sources", [*others, *own.values()])}
    for document in documents:
        files |= {raw / document.id / f"{kind}.csv": as_csv(kind, rows) for kind, rows in document.rows.items()}
        files[out / f"{document.id}.txt"] = document.text
    write_all(files, private=True)
    return list(files)


def _sources(path: Path) -> list[dict[str, str]]:
    """The documents that are listed already."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if list(rows.fieldnames or ()) == columns("sources"):
                return list(rows)
    except FileNotFoundError:
        return []
    except (OSError, ValueError, csv.Error):
        pass
    raise PsykanalysError(f"{shown(path)}: no list of documents as written here — move it, or name another --out")


def documents_of(counties: Iterable[str], extract_date: date) -> Iterator[Document]:
    """An empty document for each county."""
    for county in counties:
        document = Document(county, extract_date)
        document.say(f"Väntetider räknade ur ett utdrag av kontakter draget {extract_date}.")
        yield document
