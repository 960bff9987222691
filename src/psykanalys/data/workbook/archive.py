"""The workbook as a file: nothing is opened that could harm, and the same content gives the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.workbook import Workbook

from psykanalys.data.files import TooLargeError, read_within, write_all
from psykanalys.data.reader import shown
from psykanalys.data.workbook.messages import tell
from psykanalys.errors import DataError, Fault

MOST_BYTES = 5_000_000
MOST_UNPACKED = 25_000_000
MOST_PARTS = 500
MOST_CELLS = 400_000
_REFUSED = {
    "xl/vbaProject": "macros",
    "xl/macrosheets/": "macros",
    "xl/externalLinks/": "links",
    "xl/connections": "connections",
    "xl/queryTables/": "connections",
    "xl/embeddings/": "embedded",
    "xl/activeX/": "controls",
}
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_TIME = (1980, 1, 1, 0, 0, 0)
_CREATED = datetime(2000, 1, 1)
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


@dataclass(frozen=True)
class Opened:
    """A workbook as written, with its formulas; and its content, from which stored values are read where needed."""

    written: Workbook
    content: bytes

    def stored(self, sheet: str, cell: str) -> Any:
        """The value that was last calculated for a cell with a formula; None if there is none."""
        return self._values[sheet][cell].value

    @cached_property
    def _values(self) -> Workbook:
        return _load(self.content, values=True)


def open_workbook(path: Path) -> Opened:
    """Open a workbook that holds nothing but cells. Raises DataError."""
    content = _read(path)
    _check_archive(path, content)
    try:
        return Opened(_load(content, values=False), content)
    except Exception as error:  # noqa: BLE001 - whatever a broken file makes the package raise
        raise _refused(path, "unreadable", why=type(error).__name__) from None


def save(workbook: Workbook, path: Path) -> None:
    """Write a workbook without any time of day."""
    workbook.properties.created = _CREATED
    stream, fixed = io.BytesIO(), io.BytesIO()
    workbook.save(stream)
    with zipfile.ZipFile(stream) as parts, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as out:
        for name in parts.namelist():
            content = _MODIFIED.sub(rb"\g<1>2000-01-01T00:00:00Z", parts.read(name))
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = 3
            out.writestr(entry, content, zipfile.ZIP_DEFLATED)
    write_all({path: fixed.getvalue()})


def _read(path: Path) -> bytes:
    if path.suffix.lower() != ".xlsx":
        raise _refused(path, "no_workbook", given=path.suffix)
    try:
        return read_within(path, MOST_BYTES)
    except TooLargeError:
        raise _refused(path, "large_file", most=MOST_BYTES // 1_000_000) from None
    except OSError as error:
        raise _refused(path, "no_file", why=error.strerror) from None


def _check_archive(path: Path, content: bytes) -> None:
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refused(path, "protected")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_parts(path, archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, KeyError, zlib.error) as error:
        raise _refused(path, "damaged", why=error) from None


def _check_parts(path: Path, archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise _refused(path, "unpacks")
    for start, name in _REFUSED.items():
        if any(part.filename.casefold().startswith(start.casefold()) for part in parts):
            raise _refused(path, name)
    contents = [archive.read(part).replace(b"\0", b"") for part in parts]
    if any(_declares(content) for content in contents):
        raise _refused(path, "entities")
    if sum(len(_CELL.findall(content)) for content in contents) > MOST_CELLS:
        raise _refused(path, "unpacks")
    if b"macroEnabled" in archive.read("[Content_Types].xml"):
        raise _refused(path, "macros")


def _declares(content: bytes) -> bool:
    return b"<!DOCTYPE" in content or b"<!ENTITY" in content


def _load(content: bytes, *, values: bool) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(content), data_only=values, keep_links=False, keep_vba=False)


def _refused(path: Path, name: str, **given: object) -> DataError:
    told = tell(name, **given)
    return DataError([Fault(shown(path), 0, "", told.what, told.expected)])
