"""A page that somebody sent: read as text and refused where no report looks like that, before anything works on it."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from psykanalys.data.files import TooLargeError, read_within
from psykanalys.errors import ReportError
from psykanalys.report.seal import parsed

MOST_BYTES = 2_000_000  # a report has at most 400 kB; browsers write more when they save one
MOST_ELEMENTS = 50_000
DEEPEST = 100


def read_page(path: Path) -> str:
    """The text of an HTML page. Raises ReportError with what to do."""
    if path.is_dir() or not path.exists():
        raise ReportError(f"{path}: no such file — name a page made by `psykanalys report`")
    try:
        page = read_within(path, MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReportError(f"{path}: is not text in UTF-8 — name the HTML page of a report") from error
    except TooLargeError as error:
        raise ReportError(f"{path}: {error.strerror} — name the HTML page of a report") from error
    except OSError as error:
        raise ReportError(f"{path}: cannot be read ({error.strerror}) — name the HTML page of a report") from error
    _refuse_what_is_no_report(page, path)
    return page


def _refuse_what_is_no_report(page: str, path: Path) -> None:
    depth = deepest = elements = 0
    for event, _ in etree.iterwalk(parsed(page), events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest, elements = max(deepest, depth), elements + (event == "start")
    if deepest > DEEPEST or elements > MOST_ELEMENTS:
        raise ReportError(
            f"{path}: has {elements} elements, {deepest} deep — no report is like that "
            f"(at most {MOST_ELEMENTS}, {DEEPEST} deep)"
        )
