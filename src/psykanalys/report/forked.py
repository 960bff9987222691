"""Several reports at once, each made in its own fork of one process that has everything loaded."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psykanalys.data.project import Project, last_change
from psykanalys.errors import PsykanalysError
from psykanalys.report.fork import End, Fork, ForkServer, Warm, can_fork

if TYPE_CHECKING:
    from psykanalys.catalogue import Indicator
    from psykanalys.data.prepare import Held, Prepared
    from psykanalys.report.runner import Outcome

MADE = ".made"
LIMIT = "PSYKANALYS_TIMEOUT"
SECONDS = 600.0
MOMENT = 0.5  # seconds between two looks whether what runs is still wanted
PATIENCE = 60.0  # seconds beyond a notebook's time limit until its report is given up


def time_limit() -> float:
    """How many seconds one notebook may run: PSYKANALYS_TIMEOUT of the environment, or ten minutes."""
    return float(os.environ.get(LIMIT, SECONDS))


_early: list[ForkServer] = []


def looks_due(project: Project, folder: Path) -> bool:
    """Whether there is probably something to make: nothing was made in the folder yet, or a file is younger.

    A guess from the files' times, which costs nothing; what is due is found out from what they hold.
    """
    made = [record.stat().st_mtime_ns for record in (folder / MADE).glob("*.json")]
    return not made or last_change(project) > min(made)


def start_early() -> None:
    """Start the server now, while this process still finds out what is to be made: both import the same for seconds."""
    if not can_fork():
        return
    _early.append(ForkServer())
    atexit.register(_early[-1].close)


def end_early() -> None:
    """End a server that was started early and that nobody needed after all."""
    while _early:
        _early.pop().close()


def server() -> ForkServer:
    """The server that was started early, or a new one; whoever gets it closes it."""
    return _early.pop() if _early else ForkServer()


def warming(project: Project, thresholds: Iterable[int]) -> Warm:
    """The order to have what is the same for every report of a project, and what this process has read already."""
    from psykanalys.catalogue import load_catalogue
    from psykanalys.data.prepare import held

    return Warm(_warm, (project, load_catalogue(), held(project), set(thresholds)))


def _warm(project: Project, catalogue: Mapping[str, Indicator], kept: Held, thresholds: Iterable[int]) -> None:
    from psykanalys import manifest
    from psykanalys.catalogue import hold as hold_catalogue
    from psykanalys.data.prepare import hold
    from psykanalys.report.gate import phrases_of_definitions

    hold_catalogue(catalogue)
    manifest.code_checksum()
    manifest.versions()
    hold(project, kept)
    for threshold in thresholds:
        phrases_of_definitions(threshold)


def run_one(project: Project, county: str, values: Mapping[str, Any], *rest: Any) -> Outcome:
    """In a fork: make one report.

    The county is put together, then the kernel is forked while nothing else runs here: notebook and checks share it.
    """
    from psykanalys.analysis import analyse_ahead
    from psykanalys.audit import audit
    from psykanalys.manifest import row_checksums
    from psykanalys.report import kernels, params, runner

    with suppress(PsykanalysError):  # the notebook tells what is wrong
        analysis = analyse_ahead(params.area_of(values), project, values["threshold"])
        audit(analysis)
        row_checksums(analysis)
    kernel = kernels.fork_ahead()
    runner.check_ahead(project, values)
    try:
        return runner.run_one(project, county, values, *rest)
    finally:
        kernel.end()


def largest_first(prepared: Prepared, tasks: Mapping[str, Any]) -> list[str]:
    """The areas by their county's number of raw rows: the longest report is not begun last."""
    import pandas as pd

    from psykanalys.report import params

    sources = prepared["sources"].set_index("id")["county_code"]
    rows = pd.concat([table["source"] for table in prepared.tables.values() if "source" in table])
    sizes = rows.map(sources).value_counts()
    return sorted(tasks, key=lambda name: -int(sizes.get(params.area_of(tasks[name]).code[:2], 0)))


def run(
    by: ForkServer,
    tasks: Mapping[str, tuple[Any, ...]],
    jobs: int,
    function: Callable[..., Any] = run_one,
    given_up: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[str, Any, str]]:
    """Call a function for each task in a fork of its own, at most `jobs` at once.

    Yields (name, result, "") as each is done, or (name, None, what went wrong). Once `given_up` tells so, what runs is
    ended and nothing more is yielded.
    """
    limit = time_limit() + PATIENCE
    left, running = list(tasks.items())[::-1], dict[str, float]()
    while left or running:
        while left and len(running) < jobs:
            name, arguments = left.pop()
            by.send(Fork(name, function, arguments))
            running[name] = time.monotonic() + limit
        if given_up():
            for name in running:
                by.send(End(name))
            return
        for name, result, fault in _told(by, running, limit):
            del running[name]
            yield name, result, fault


def _told(by: ForkServer, running: Mapping[str, float], limit: float) -> Iterator[tuple[str, Any, str]]:
    """What the server tells next of the running ones; or which of them have run too long, and are ended."""
    told = by.told(min(MOMENT, max(0.0, min(running.values()) - time.monotonic())))
    if told is None:
        for name in [name for name, until in running.items() if until <= time.monotonic()]:
            by.send(End(name))
            yield name, None, f"no report after {limit:g} s"
    elif told.tag in running and told.what != "started":
        done = told.what == "done"
        yield told.tag, told.value if done else None, "" if done else told.value
