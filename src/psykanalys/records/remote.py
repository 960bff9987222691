"""Records counted by the workers of a cluster: each counts its part of the extract, and the counts are added here.

Counts are whole numbers and a row lies in one part, so the sums are those of all rows. An id may lie in two parts: each
part tells a hash of 64 bits per id; where two are equal, the parts that have them are counted again with these hashes,
tell the ids, and, where different ids had the same hash, once more without those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow.parquet

from psykanalys import cluster
from psykanalys.data.reader import shown
from psykanalys.errors import PsykanalysError
from psykanalys.records import checks, counts, engine
from psykanalys.records.counts import Month, Places, Step
from psykanalys.records.order import Order, Tally
from psykanalys.records.rows import Rows

PACKAGES = ("duckdb", "pyarrow")
MOST_ROWS = 2_000_000  # of a part of a Parquet file, unless one row group has more
AHEAD = 2  # parts that lie with each worker


@dataclass(frozen=True)
class Part:
    """A CSV file, or row groups of a Parquet file; `first` is how many rows of the file stand before it."""

    file: engine.File
    groups: tuple[int, ...] = ()
    first: int = 0

    def content(self) -> bytes:
        """The part as a file."""
        if not self.groups:
            return self.file.path.read_bytes()
        stream = BytesIO()
        with pyarrow.parquet.ParquetFile(self.file.path) as whole:
            pyarrow.parquet.write_table(whole.read_row_groups(self.groups), stream)
        return stream.getvalue()


@dataclass(frozen=True)
class Twice:
    """What is known of ids that stand there more than once: hashes that are equal, and ids that are there once only."""

    hashes: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))
    single: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counted:
    """What one part gives: its tally, places, counts, ids and their hashes, and its rows for the quarantine."""

    tally: Tally
    pairs: list[tuple[str | None, str | None]]
    tables: Mapping[tuple[str, str, str], pd.DataFrame]
    hashes: np.ndarray
    ids: Mapping[str, int]
    quarantine: bytes
    quarantined: int


def count(
    content: bytes, part: Part, order: Order, asked: tuple[Sequence[Month], Sequence[str]], twice: Twice,
    expected: cluster.Versions,
) -> Counted:  # fmt: skip
    """The task: count one part, of which only the name is the file's. `asked` are months and names of steps."""
    cluster.check_here(expected)
    with TemporaryDirectory(prefix="psykanalys-records-", dir=cluster.scratch()) as folder:
        path = Path(folder) / part.file.path.name
        path.write_bytes(content)
        try:
            return _count(
                path, part, replace(order, bounds=replace(order.bounds, temporary=Path(folder))), asked, twice
            )
        except PsykanalysError as error:
            raise PsykanalysError(str(error).replace(shown(path), part.file.shown)) from None


def _count(path: Path, part: Part, order: Order, asked: tuple[Sequence[Month], Sequence[str]], twice: Twice) -> Counted:
    months, steps = asked
    with (
        engine.connected([path], order.bounds) as (connection, folder),
        cluster.ended_when_given_up(connection.interrupt),
    ):
        (opened,) = engine.open_files(connection, [path], order.names)
        if dict(opened.columns) != dict(part.file.columns):
            raise PsykanalysError(f"{part.file.shown}: a column has another type in a part of the file")
        rows = Rows(order, connection, months, [replace(opened, first=part.first, name=part.file.shown)], folder)
        checks.keep_hashes(connection, twice.hashes, twice.single)
        tally = rows.tally(once=True)
        ids = dict(connection.execute("SELECT id, n FROM duplicate_ids").fetchall())
        tables = {("reporting", "", ""): rows.reporting()}
        for step in (step for step in counts.STEPS if step.name in steps):
            for margin in ("", *order.by):
                found = {"flow": rows.flow, "queue": rows.queue, "begun": rows.begun}
                tables |= {(kind, step.name, margin): table(step, margin) for kind, table in found.items()}
        bad = list(rows.quarantine()) if tally.bad else []
        hashes = np.empty(0, np.uint64) if twice.hashes.size else checks.hashes(connection)
        quarantine = b"".join(each for each, _ in bad)
        return Counted(tally, rows.pairs, tables, hashes, ids, quarantine, sum(number for _, number in bad))


class Parts:
    """An extract that is counted in parts: what `Rows` tells of it, told by a cluster."""

    def __init__(
        self, order: Order, months: Sequence[Month], files: Sequence[engine.File], steps: Iterable[Step], folder: Path
    ):
        self._order, self._asked, self._folder = order, (months, [step.name for step in steps]), folder
        self._parts = [part for file in files for part in split(file)]
        self._found: dict[int, Counted] = {}

    def check(self) -> Tally:
        """Count every part; parts with an id that is there twice are counted again. Hashes and rows go to files."""
        with cluster.connected(self._order.dask, PACKAGES) as workers:
            self._count(workers, {number: Twice() for number in range(len(self._parts))})
            self._tell_twice(workers)
        tally = Tally.of(each.tally for each in self._found.values())
        if not tally.rows:
            raise PsykanalysError("records: the extract has no rows — expected one row per contact")
        pairs = sorted({pair for each in self._found.values() for pair in each.pairs}, key=_missing_last)
        self.places = Places.of(checks.few(pairs), checks.unknown_areas(pairs))
        return tally

    def _count(self, workers: cluster.Cluster, wanted: Mapping[int, Twice]) -> None:
        def arguments(number: int) -> cluster.Arguments:
            part = self._parts[number]
            order = replace(self._order, files=(), out=Path())
            key = f"psykanalys-part-{number}-{uuid4().hex}"
            return lambda worker: (workers.send(key, part.content(), worker), part, order, self._asked,
                                   wanted[number], workers.expected)  # fmt: skip

        tasks = {str(number): arguments(number) for number in wanted}
        for name, counted, fault in workers.run(count, tasks, AHEAD):
            if counted is None:
                raise PsykanalysError(fault)
            self._keep(int(name), counted)

    def _keep(self, number: int, counted: Counted) -> None:
        """Keep the counts in memory, and what is as long as the extract in files for this user only."""
        if number not in self._found:
            counted.hashes.tofile(self._hashes(number))
        self._quarantine(number).write_bytes(counted.quarantine)
        self._found[number] = replace(counted, hashes=np.empty(0, np.uint64), quarantine=b"")

    def _tell_twice(self, workers: cluster.Cluster) -> None:
        rows = sum(each.tally.rows for each in self._found.values())
        hashes = (np.fromfile(self._hashes(number), np.uint64) for number in range(len(self._parts)))
        equal = np.sort(np.concatenate([np.empty(0, np.uint64), *checks.equal_hashes(hashes, rows, self._folder)]))
        if not equal.size:
            return
        own = {
            number: np.intersect1d(np.fromfile(self._hashes(number), np.uint64), equal)
            for number in range(len(self._parts))
        }
        wanted = {number: Twice(hashes) for number, hashes in own.items() if hashes.size}
        self._count(workers, wanted)
        ids: Counter[str] = Counter()
        for number in wanted:
            ids.update(self._found[number].ids)
        if single := {name for name, rows in ids.items() if rows == 1}:
            concerned = {number: tuple(sorted(single & set(self._found[number].ids))) for number in wanted}
            self._count(workers, {n: replace(wanted[n], single=each) for n, each in concerned.items() if each})

    def _hashes(self, number: int) -> Path:
        return self._folder / f"hashes-of-{number}"

    def _quarantine(self, number: int) -> Path:
        return self._folder / f"quarantine-of-{number}"

    def flow(self, step: Step, margin: str) -> pd.DataFrame:
        """As `counts.count_flow`."""
        return self._sum("flow", step, margin)

    def queue(self, step: Step, margin: str) -> pd.DataFrame:
        """As `counts.count_queue`."""
        return self._sum("queue", step, margin)

    def begun(self, step: Step, margin: str) -> pd.DataFrame:
        """As `counts.count_begun`."""
        return self._sum("begun", step, margin)

    def reporting(self) -> pd.DataFrame:
        """As `counts.reporting_units`."""
        return self._all(("reporting", "", ""), "unit").drop_duplicates().sort_values(["county", "unit", "month"])

    def _sum(self, kind: str, step: Step, margin: str) -> pd.DataFrame:
        table = self._all((kind, step.name, margin), "member" if margin == "unit" else None)
        return table.groupby([name for name in table if name != "n"], as_index=False)["n"].sum()

    def _all(self, key: tuple[str, str, str], units: str | None) -> pd.DataFrame:
        """A table of all parts; in the column `units` each part's numbers of its units become the extract's."""
        number = {unit: place for place, unit in enumerate(self.places.units)}
        tables = []
        for each in self._found.values():
            table = each.tables[key]
            if units:
                own = Places.of(each.pairs, checks.unknown_areas(each.pairs)).units
                table = table.assign(**{units: table[units].map(dict(enumerate(map(number.__getitem__, own))))})
            tables.append(table)
        filled = [table for table in tables if len(table)]
        return pd.concat(filled or tables[:1], ignore_index=True)

    def write_quarantine(self, path: Path) -> int:
        """As `Rows.write_quarantine`."""
        found = ((self._quarantine(n).read_bytes(), self._found[n].quarantined) for n in range(len(self._parts)))
        return checks.write_quarantine(found, path)


def split(file: engine.File) -> Iterator[Part]:
    """A file in parts: row groups of a Parquet file together up to MOST_ROWS rows; a CSV file is one part."""
    if file.delimiter:
        yield Part(file)
        return
    groups: list[int] = []
    first = rows = 0
    with pyarrow.parquet.ParquetFile(file.path) as whole:
        sizes = [whole.metadata.row_group(number).num_rows for number in range(whole.num_row_groups)]
    for number, size in enumerate(sizes):
        if groups and rows + size > MOST_ROWS:
            yield Part(file, tuple(groups), first)
            groups, first, rows = [], first + rows, 0
        groups, rows = [*groups, number], rows + size
    yield Part(file, tuple(groups) if first else (), first)


def _missing_last(pair: tuple[str | None, str | None]) -> tuple[tuple[bool, str], ...]:
    return tuple((text is None, text or "") for text in pair)
