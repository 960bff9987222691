"""Whether memory stays flat over 300 reports: one server, the areas again and again, a new fork for each.

    python benchmarks/memory.py [PROJECT] [--reports 300] [--level municipality]

Prints the time, the server's memory, and each report's two processes (its worker and its kernel) together, in
megabytes: resident (RSS counts shared pages in every process) and proportional (PSS counts them once).
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from psykanalys.data.project import Project
from psykanalys.report import forked, params
from psykanalys.report.asked import file_names
from psykanalys.report.fork import ForkServer

ROOT = Path(__file__).parents[1]


class Sizes:
    """The peaks of memory per process kind since they were last told."""

    def __init__(self, server: int) -> None:
        self._server = psutil.Process(server)
        self.peaks: dict[str, tuple[float, float]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            with suppress(psutil.NoSuchProcess):  # one that has just ended
                self._note("server", self._server)
                for worker in self._server.children():
                    self._note("worker", worker)
                    for kernel in worker.children():
                        self._note("kernel", kernel)

    def _note(self, kind: str, process: psutil.Process) -> None:
        try:
            info = process.memory_full_info()
        except (psutil.Error, OSError):
            return
        rss, pss = self.peaks.get(kind, (0.0, 0.0))
        self.peaks[kind] = (max(rss, info.rss / 1e6), max(pss, info.pss / 1e6))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", nargs="?", type=Path, default=ROOT)
    parser.add_argument("--reports", type=int, default=300)
    parser.add_argument("--level", choices=("county", "municipality"), default="county")
    given = parser.parse_args()
    project = Project(given.project.resolve())
    names = file_names(project, [], given.level)
    values = {name: params.read(project, name, level=given.level, optional=True).model_dump() for name in names}
    told = {1, len(names), *range(100, given.reports + 1, 100), given.reports}
    with TemporaryDirectory() as out, forked.server() as server:
        server.send(forked.warming(project, {5}))
        tasks = {
            f"{name}-{number}": (project, name, values[name], Path(out), ("html",))
            for number, name in ((number, names[number % len(names)]) for number in range(given.reports))
        }
        measure(server, tasks, told)


def measure(server: ForkServer, tasks: dict[str, tuple], told: set[int]) -> None:
    """Make the reports and print the peaks since the line before."""
    sizes, started = Sizes(server.pid), time.perf_counter()
    for number, (name, outcome, fault) in enumerate(forked.run(server, tasks, os.cpu_count() or 1), 1):
        if fault or not outcome.done:
            raise SystemExit(f"{name}: {fault or outcome.message}")
        if number in told:
            shown = "  ".join(f"{kind} {rss:.0f} ({pss:.0f})" for kind, (rss, pss) in sorted(sizes.peaks.items()))
            took = time.perf_counter() - started
            print(f"after {number:3} reports, {took:4.0f} s, peak RSS (PSS) in MB: {shown}", flush=True)
            sizes.peaks.clear()
    sizes.end()


if __name__ == "__main__":
    main()
