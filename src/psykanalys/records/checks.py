"""Which rows of an extract are impossible, and why: one reason for each, the first that applies."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.csv

from psykanalys.areas import official_areas
from psykanalys.data.files import beside, create
from psykanalys.errors import PsykanalysError
from psykanalys.records.contract import NAMES
from psykanalys.records.convert import BROKEN_QUOTES, WRONG_CELLS
from psykanalys.records.engine import File, literal

SOONEST = date(1900, 1, 1)
PARTITION = 40_000_000  # ids whose hashes are sorted at once: 8 bytes each
MOST_PLACES = 50_000
ROWS_AT_ONCE = 100_000
TWICE = "duplicate_id"
DATES = ("referral", "first_visit", "assessment", "treatment_start", "closed")


@dataclass(frozen=True)
class Reason:
    """Why a row is impossible: a code, the column to look at, the SQL that is true of it, and the Swedish words.

    `kind` is the kind of finding; `text` follows "3 rader".
    """

    code: str
    column: str
    sql: str
    text: str
    kind: str = "contradiction"


def reasons(extract_date: date, unknown_areas: Collection[str]) -> list[Reason]:
    """Every reason, in the order in which they are tried. A condition that is unknown (NULL) does not apply.

    The last is of ids that are there twice, which `set_apart` finds.
    """
    day = f"DATE '{extract_date}'"
    areas = ", ".join(map(literal, sorted(unknown_areas)))
    until = f"CASE WHEN waiting THEN {day} ELSE greatest({', '.join(DATES)}) END"
    return [
        Reason(WRONG_CELLS, "", f"broken = '{WRONG_CELLS}'", "har ett annat antal celler än rubriken", "structure"),
        Reason(BROKEN_QUOTES, "", f"broken = '{BROKEN_QUOTES}'", "har ett citattecken som inte stängs", "structure"),
        Reason("unreadable", "", "unreadable IS NOT NULL", "har en cell som inte går att läsa", "structure"),
        Reason("missing_id", "id", "id IS NULL OR id = ''", "saknar nummer", "missing_in_extract"),
        Reason("missing_area", "area", "area IS NULL OR area = ''", "saknar område", "missing_in_extract"),
        Reason("unknown_area", "area", f"area IN ({areas})" if areas else "false",
               "har en okänd områdeskod", "reference"),
        Reason("unknown_sex", "sex", "sex IS NULL OR sex NOT IN ('K', 'M')", "saknar kön eller har en okänd könskod",
               "reference"),
        Reason("impossible_age", "age", "age IS NULL OR age NOT BETWEEN 0 AND 120",
               "saknar ålder eller har en ålder utanför 0–120 år", "other"),
        Reason("missing_waiting", "waiting", "waiting IS NULL", "säger inte om patienten väntar", "missing_in_extract"),
        Reason("missing_referral", "referral", "referral IS NULL", "saknar remissdatum", "missing_in_extract"),
        Reason("too_early", "referral", f"referral < DATE '{SOONEST}'", "har ett datum före år 1900", "period"),
        Reason("in_the_future", "", _any(DATES, f"> {day}"), "har ett datum efter utdragets dag", "period"),
        Reason("visit_before_referral", "first_visit", "first_visit < referral", "har ett första besök före remissen"),
        Reason("step_without_visit", "first_visit",
               "first_visit IS NULL AND (assessment IS NOT NULL OR treatment_start IS NOT NULL)",
               "har en utredning eller behandling men inget första besök"),
        Reason("assessment_before_visit", "assessment", "assessment < first_visit",
               "har en utredning före första besöket"),
        Reason("treatment_before_visit", "treatment_start", "treatment_start < first_visit",
               "har en behandling före första besöket"),
        Reason("closed_too_early", "closed", f"closed IS NOT NULL AND greatest({', '.join(DATES[:-1])}) > closed",
               "är avslutade före en senare händelse"),
        Reason("closed_and_waiting", "closed", "waiting AND closed IS NOT NULL", "är både avslutade och väntande"),
        Reason("treated_and_waiting", "waiting", "waiting AND treatment_start IS NOT NULL",
               "har börjat behandling men väntar ännu"),
        Reason("no_outcome", "waiting", "NOT waiting AND closed IS NULL AND first_visit IS NULL",
               "har varken besök, avslut eller pågående väntan"),
        Reason("chosen_too_long", "patient_chosen_days",
               f"patient_chosen_days <> 0 AND patient_chosen_days NOT BETWEEN 0 AND {until} - referral",
               "har en patientvald väntan som är längre än väntan, eller under noll"),
        Reason(TWICE, "id", "true", "har ett nummer som står flera gånger",
               "duplicate"),
    ]  # fmt: skip


def applies(found: Sequence[Reason]) -> str:
    """The condition that a reason applies to a row, but for its id that may be there twice. Unknown (NULL): none does.

    Not negated, so that the database need not test every reason of every row to its end.
    """
    return " OR ".join(f"({reason.sql})" for reason in found if reason.code != TWICE)


def _any(columns: Iterable[str], comparison: str) -> str:
    return " OR ".join(f"{column} {comparison}" for column in columns)


def reason_of(found: Sequence[Reason]) -> str:
    """The SQL for the number of the first reason that applies."""
    return f"CASE {' '.join(f'WHEN {reason.sql} THEN {number}' for number, reason in enumerate(found))} END"


def find_places(connection: Any) -> list[tuple[str | None, str | None]]:
    """The areas and units that the extract has, in order, up to one more than may be."""
    query = f"SELECT DISTINCT area, unit FROM extract ORDER BY area, unit LIMIT {MOST_PLACES + 1}"
    return list(connection.execute(query).fetchall())


def few(places: list[tuple[str | None, str | None]]) -> list[tuple[str | None, str | None]]:
    """The same areas and units. Raises PsykanalysError where there are too many."""
    if len(places) > MOST_PLACES:
        raise PsykanalysError(
            f"records: there are more than {MOST_PLACES} areas and units — expected codes of areas in `area` and "
            "names of units in `unit`; name the columns in a mapping file"
        )
    return places


def unknown_areas(places: Sequence[tuple[str | None, str | None]]) -> set[str]:
    """The codes that are no county's and no municipality's."""
    known = {code for code, area in official_areas().items() if area.kind in ("county", "municipality")}
    return {area for area, _ in places if area and area not in known}


def find_equal_hashes(connection: Any, rows: int, folder: Path) -> None:
    """Make the table `equal_hashes` of the hashes of ids that stand in more than one row.

    Hashes of 64 bits are sorted a part at a time, so that memory does not grow with the extract. Different ids may have
    the same hash: `set_apart` compares the ids themselves.
    """
    keep_hashes(connection, np.concatenate([np.empty(0, np.uint64), *equal_hashes(_hashes(connection), rows, folder)]))


def keep_hashes(connection: Any, hashes: np.ndarray, single: Sequence[str] = ()) -> None:
    """Make the table `equal_hashes`, and `single_ids` of ids that are known to be there once only."""
    connection.register("told", pyarrow.table({"hash": hashes}))
    connection.execute("CREATE TEMP TABLE equal_hashes AS FROM told")
    connection.unregister("told")
    connection.execute("CREATE TEMP TABLE single_ids AS SELECT unnest(?::VARCHAR[]) AS id", [list(single)])


def equal_hashes(found: Iterable[np.ndarray], rows: int, folder: Path) -> Iterator[np.ndarray]:
    """The hashes that are there more than once, a part at a time; `rows` is about how many there are."""
    paths = [folder / f"hashes-{number}" for number in range(max(-(-rows // PARTITION), 1))]
    _write_hashes(found, paths)
    for path in paths:
        hashes = np.fromfile(path, dtype=np.uint64)
        path.unlink()
        hashes.sort()
        equal = hashes[1:][hashes[1:] == hashes[:-1]]
        if equal.size:
            yield np.unique(equal)


def hashes(connection: Any) -> np.ndarray:
    """The hash of each id of a part of an extract."""
    return np.concatenate([np.empty(0, np.uint64), *_hashes(connection)])


def _hashes(connection: Any) -> Iterator[np.ndarray]:
    for batch in connection.sql("SELECT hash(id) AS hash FROM extract WHERE id IS NOT NULL").to_arrow_reader():
        yield batch.column(0).to_numpy()


def _write_hashes(found: Iterable[np.ndarray], paths: Sequence[Path]) -> None:
    files = [path.open("wb") for path in paths]
    try:
        for hashes in found:
            part = hashes % np.uint64(len(files)) if len(files) > 1 else None
            for number, file in enumerate(files):
                (hashes if part is None else hashes[part == number]).tofile(file)
    finally:
        for file in files:
            file.close()


QUARANTINE = ("file", "row", "reason", "column", *NAMES)


def set_apart(
    connection: Any, files: Sequence[File], found: Sequence[Reason], *, once: bool = False
) -> list[tuple[int, str | None, int]]:
    """Make the table `impossible` of the rows that a reason applies to, as the quarantine file has them.

    The view `extract` has all, and `equal_hashes` the hashes of ids that may be there twice. The ids that are go to the
    table `duplicate_ids`; `once`: also those that are here once, because they are in another part of the extract.
    Return how many rows there are by number of the reason and by area.
    """
    cells = ", ".join(_cells(files, found))
    connection.execute(
        f"CREATE TEMP TABLE impossible AS SELECT file_number, {reason_of(found)} AS reason_number, area AS known_area, "
        f"id AS known_id, {cells} FROM extract WHERE {applies(found)} OR hash(id) IN (SELECT hash FROM equal_hashes)"
    )
    connection.execute(
        "CREATE TEMP TABLE duplicate_ids AS SELECT known_id AS id, count(*) AS n FROM impossible "
        "WHERE hash(known_id) IN (SELECT hash FROM equal_hashes) AND known_id NOT IN (SELECT id FROM single_ids) "
        f"GROUP BY known_id HAVING count(*) > {0 if once else 1}"
    )
    twice = [reason.code for reason in found].index(TWICE)
    connection.execute(
        f"DELETE FROM impossible WHERE reason_number = {twice} AND known_id NOT IN (SELECT id FROM duplicate_ids)"
    )
    return connection.execute(
        "SELECT reason_number, known_area, count(*) FROM impossible GROUP BY ALL ORDER BY ALL"
    ).fetchall()


def quarantine(connection: Any) -> Iterator[tuple[bytes, int]]:
    """The table `impossible` as CSV, by file and row, some at a time, with their number.

    Text that begins as a formula gets an apostrophe.
    """
    names = ", ".join(f'"{name}"' for name in QUARANTINE)
    query = f"SELECT {names} FROM impossible ORDER BY file_number, row"
    for batch in connection.sql(query).to_arrow_reader(ROWS_AT_ONCE):
        yield _as_csv(batch), int(batch.num_rows)


def write_quarantine(found: Iterable[tuple[bytes, int]], path: Path) -> int:
    """Write impossible rows, for this user only; return how many. None: there is no file."""
    temporary, count = beside(path), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with create(temporary, private=True) as stream:
            stream.write((",".join(QUARANTINE) + "\n").encode())
            for rows, number in found:
                stream.write(rows)
                count += number
        if count:
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def _cells(files: Sequence[File], found: Sequence[Reason]) -> list[str]:
    """The SQL for the columns of the quarantine file."""
    names = _list(file.shown for file in files)
    codes, columns = _list(reason.code for reason in found), _list(reason.column for reason in found)
    place = f"[{reason_of(found)} + 1]"
    own = [f"{_no_formula(f'CAST(raw_{name} AS VARCHAR)')} AS {name}" for name in NAMES]
    return [f"{names}[file_number + 1] AS file", "row", f"{codes}{place} AS reason",
            f"coalesce(unreadable, {columns}{place}) AS \"column\"", *own]  # fmt: skip


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(literal, texts))}]"


def _no_formula(column: str) -> str:
    apostrophe = literal("'")
    return f"CASE WHEN regexp_matches({column}, '^[=@+-]') THEN {apostrophe} || {column} ELSE {column} END"


def _as_csv(batch: pyarrow.RecordBatch) -> bytes:
    stream = io.BytesIO()
    pyarrow.csv.write_csv(batch, stream, pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed"))
    return stream.getvalue()
