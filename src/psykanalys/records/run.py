"""An extract to raw data: open → check every row → count → measure → write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from psykanalys.data.reader import shown
from psykanalys.errors import PsykanalysError
from psykanalys.records import checks, counts, engine, measures, output
from psykanalys.records.counts import Month, Places, Step
from psykanalys.records.order import Order, Tally
from psykanalys.records.rows import Rows

if TYPE_CHECKING:
    from psykanalys.records.remote import Parts

QUARANTINE = "quarantine.csv"


@dataclass(frozen=True)
class Done:
    """What was read and written: `rows` = `used` + the rows of each reason in `quarantined`."""

    rows: int
    used: int
    quarantined: dict[str, int]
    quarantine: Path | None
    documents: tuple[str, ...]
    observations: int


def measure(order: Order) -> Done:
    """Read, check, count and write. Raises PsykanalysError; nothing is written unless everything was read.

    The same rows give the same raw files in whatever order, files and number of threads they are read.
    """
    _check_place(order.out)
    months = counts.find_months(order.month, order.extract_date)
    paths = engine.find_files(order.files)
    before = _stamps(paths)
    quarantine = order.out / QUARANTINE
    with engine.connected(paths, order.bounds) as (connection, folder):
        files = engine.open_files(connection, paths, order.names)
        steps = [step for step in counts.STEPS if _has(files, order, step.begins) and _has(files, order, step.ends)]
        source = _source(order, (connection, folder), months, files, steps)
        tally = source.check()
        documents = _Telling(order, months, files, steps, source).documents(tally)
        if _stamps(paths) != before:
            raise PsykanalysError("records: a file of the extract was changed while it was read — run again")
        written = source.write_quarantine(quarantine) if tally.bad else 0
    if tally.used + written != tally.rows:
        raise AssertionError(f"{tally.rows} rows in, but {tally.used} used and {written} quarantined")
    if not tally.bad:
        quarantine.unlink(missing_ok=True)
    output.write(documents, order.out, order.publisher)
    rows = sum(len(document.rows.get("observations", [])) for document in documents)
    return Done(tally.rows, tally.used, tally.by_reason(), quarantine if tally.bad else None,
                tuple(document.id for document in documents), rows)  # fmt: skip


def _check_place(out: Path) -> None:
    """The quarantine holds persons' rows: it must not lie among raw data."""
    parts = out.resolve().parts
    if any(pair == ("data", "raw") for pair in pairwise(parts)):
        raise PsykanalysError(
            f"{shown(out)}: lies in raw data, and the quarantine file holds persons' rows — name a folder outside it"
        )


def _stamps(paths: Sequence[Path]) -> list[tuple[int, int]]:
    return [(path.stat().st_size, path.stat().st_mtime_ns) for path in paths]


def _has(files: Sequence[engine.File], order: Order, column: str) -> bool:
    """Whether some file has a column."""
    wanted = order.names.source_name(column)
    return any(wanted == name for file in files for name, _ in file.columns)


def _source(
    order: Order, here: tuple[Any, Path], months: Sequence[Month], files: Sequence[engine.File], steps: Sequence[Step]
) -> Rows | Parts:
    """Who counts: this process, or a cluster. `here`: the connection, and its folder."""
    connection, folder = here
    if not order.dask:
        return Rows(order, connection, months, files, folder)
    from psykanalys.records.remote import Parts

    return Parts(order, months, files, steps, folder)


@dataclass(frozen=True)
class _Telling:
    """One extract while its measures are told. `steps` are the waits whose both dates it has."""

    order: Order
    months: Sequence[Month]
    files: Sequence[engine.File]
    steps: Sequence[Step]
    source: Rows | Parts

    @property
    def places(self) -> Places:
        return self.source.places

    def documents(self, tally: Tally) -> list[output.Document]:
        """Everything that is told, by county."""
        found = list(output.documents_of(self.places.counties, self.order.extract_date))
        writers = {document.county: output.Writer(document, self.order.threshold) for document in found}
        self._tell_impossible(writers, tally)
        if _has(self.files, self.order, "unit"):
            self._tell_units(writers)
        for step in self.steps:
            for margin in ("", *self.order.by):
                self._tell_step(writers, step, margin)
        return found

    def _tell_impossible(self, writers: dict[str, output.Writer], tally: Tally) -> None:
        for reason in checks.reasons(self.order.extract_date, ()):
            for county, writer in writers.items():
                own, loose = (tally.bad.get((reason.code, where), 0) for where in (county, ""))
                if own:
                    writer.impossible(reason, own, everywhere=False)
                if loose:
                    writer.impossible(reason, loose, everywhere=True)

    def _tell_units(self, writers: dict[str, output.Writer]) -> None:
        listed = set(self.order.units or self.places.units)
        reported = self.source.reporting()
        for county, writer in writers.items():
            own = {number for number, unit in enumerate(self.places.units) if unit[0] == county and unit in listed}
            size = sum(unit[0] == county for unit in listed)
            for month in self.months:
                units = reported.loc[(reported["county"] == int(county)) & (reported["month"] == month.number), "unit"]
                writer.reporting(month, len(own & set(units)), size)
            if "unit" in self.order.by:
                self._tell_areas(writer)

    def _tell_areas(self, writer: output.Writer) -> None:
        for unit, code in zip(self.places.units, output.unit_codes(self.places.units), strict=True):
            if unit[0] == writer.document.county:
                writer.document.add("areas", f"area-{code}", f"Enhet: {unit[1]}", code=code, name=unit[1], kind="unit",
                                    parent=unit[0])  # fmt: skip

    def _tell_step(self, writers: dict[str, output.Writer], step: Step, margin: str) -> None:
        flow = self.source.flow(step, margin)
        queue = measures.waits_by_group(self.source.queue(step, margin))
        begun = self.source.begun(step, margin)
        found = measures.durations(begun)
        place = {group: number for number, group in enumerate(found.groups)}
        ended = {"": measures.waits_by_group(flow)}
        if _has(self.files, self.order, "patient_chosen_days"):
            ended |= {
                "nej": measures.waits_by_group(flow[~flow["chosen"]]),
                "ja": measures.waits_by_group(flow[flow["chosen"]]),
            }
        units = output.unit_codes(self.places.units) if margin == "unit" else ()
        for county, member in self._members(margin, [*ended[""], *queue, *place]):
            writer = writers[f"{county:02d}"]
            group = output.Group.of(writer.document.county, margin, member, units)
            for month in self.months:
                key = (county, member, month.number)
                for chosen, waits in ended.items():
                    writer.flow(step, group, month, waits.get(key), chosen)
                writer.queue(step, group, month, queue.get(key))
                writer.durations(step, group, month, found, place.get(key))

    def _members(self, margin: str, groups: Sequence[tuple[int, Any, int]]) -> list[tuple[int, Any]]:
        """The county itself and the sexes and ages, also those where nobody waited; areas and units where some did."""
        counties = [int(county) for county in self.places.counties]
        always: dict[str, Sequence[Any]] = {"": (0,), "sex": ("K", "M"), "age": range(len(counts.AGES))}
        if margin in always:
            return [(county, member) for county in counties for member in always[margin]]
        found = {(county, member) for county, member, _ in groups}
        return sorted(pair for pair in found if margin == "unit" or pair[1] > 99)  # 24 is the county itself


def read_units(path: Path) -> list[tuple[str, str]]:
    """A list of units that should report: a CSV file with the columns `county` (code) and `unit` (name).

    Raises PsykanalysError.
    """
    try:
        table = pd.read_csv(path, dtype=str, sep=None, engine="python", encoding="utf-8-sig")
        found = list(zip(table["county"].str.strip(), table["unit"].str.strip(), strict=True))
    except (OSError, ValueError, KeyError) as error:
        raise PsykanalysError(
            f"{shown(path)}: cannot be read — expected CSV with the columns county and unit"
        ) from error
    return sorted(set(found))
