"""How long a batch of reports takes, three ways by turns in one go, on any project folder.

(a) papermill and `jupyter nbconvert --to psykanalys` as commands, area after area: what everybody writes.
(b) nbclient with two kernels at once and the exporter, in one process.
(c) `psykanalys report --force`: the whole command from cold, its server and its checks included; writes the twin too.

    python benchmarks/reports.py [PROJECT] [AREA]... [--repeats N] [--only abc] [--more]
    psykanalys demo /tmp/demo && python benchmarks/reports.py /tmp/demo --repeats 1 --more

Without areas: every area with a parameter file, or where there is none (a demo) every county. `--only cac` runs (c)
before and after (a), where a machine's speed changes. `--more` adds unchanged runs and runs after a changed raw row,
by turns (on a copy of the project). Prints wall and CPU seconds and the peak of memory over the process tree, and
ratios of medians.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil

from psykanalys.data.prepare import load_prepared
from psykanalys.data.project import Project
from psykanalys.report.asked import with_figures

ROOT = Path(__file__).parents[1]
TOOLS = Path(sys.executable).parent
ENVIRONMENT = {  # modules are compiled once, as on any machine
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]),
}
AGAIN = 3  # times that a copy is changed
NOTEBOOK = "notebooks/county_report.ipynb"


@dataclass(frozen=True)
class Cost:
    """What a run took: wall and CPU seconds, and the most megabytes of the process tree at once (shared pages once)."""

    wall: float
    cpu: float
    megabytes: float


class Watch:
    """Adds up CPU and memory of a process and everything below it, also of what has ended."""

    def __init__(self, pid: int) -> None:
        self._root, self._cpu, self._peak, self._over = psutil.Process(pid), {}, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> tuple[float, float]:
        self._over.set()
        self._thread.join()
        return sum(self._cpu.values()), self._peak / 1e6

    def _look(self) -> None:
        for turn in count():
            if self._over.wait(0.3):
                return
            tree = self._tree()
            for process in tree:
                self._note_times(process)
            if turn % 16 == 0:  # reading sizes takes the time of what is measured
                self._peak = max(self._peak, sum(map(self._size, tree)))

    def _tree(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.Error:
            return []

    def _note_times(self, process: psutil.Process) -> None:
        with suppress(psutil.Error, OSError), process.oneshot():
            times = process.cpu_times()
            self._cpu[process.pid, process.create_time()] = times.user + times.system

    def _size(self, process: psutil.Process) -> float:
        try:
            return process.memory_full_info().pss
        except (psutil.Error, OSError):
            return 0.0


def measured(commands: list[list[str]], folder: Path) -> Cost:
    """Run commands one after the other in a project folder."""
    wall = cpu = peak = 0.0
    for command in commands:
        started = time.perf_counter()
        with subprocess.Popen(
            command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            watch = Watch(process.pid)
            _, said = process.communicate()
        took, most = watch.end()
        wall, cpu, peak = wall + time.perf_counter() - started, cpu + took, max(peak, most)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}\n{said}")
    return Cost(wall, cpu, peak)


def plain(project: Path, areas: list[str], out: Path) -> Cost:
    """(a)"""
    commands = []
    for area in areas:
        executed = str(out / f"{area}.ipynb")
        files = [part for name in _files(project, area) for part in ("-f", f"params/{name}.yaml")]
        papermill = [str(TOOLS / "papermill"), NOTEBOOK, executed, *files, "-p", "county", area, "--no-progress-bar"]
        commands += [papermill, [str(TOOLS / "jupyter"), "nbconvert", "--to", "psykanalys", executed]]
    return measured(commands, project)


def _files(project: Path, area: str) -> list[str]:
    """The parameter files of an area; a demo has the common one only."""
    return ["common", *([area] if (project / "params" / f"{area}.yaml").is_file() else [])]


def two_kernels(project: Path, areas: list[str], out: Path) -> Cost:
    """(b)"""
    return measured([[sys.executable, __file__, str(project), *areas, "--nbclient", str(out)]], project)


def ours(project: Path, areas: list[str], out: Path) -> Cost:
    """(c)"""
    command = [sys.executable, "-m", "psykanalys", "report", *_asked(project, areas), "--force", "--out", str(out)]
    return measured([[*command, "--project", str(project)]], project)


def _asked(project: Path, areas: list[str]) -> list[str]:
    """The areas as the command takes them: without parameter files by `--all`."""
    return areas if all(len(_files(project, area)) > 1 for area in areas) else ["--all"]


def by_nbclient(project: Path, areas: list[str], out: Path) -> None:
    """What (b) runs: each area's notebook with its parameters, two at once, and the exporter."""
    import nbformat
    import yaml
    from nbclient import NotebookClient

    from psykanalys.report.exporter import PsykanalysExporter

    def make(area: str) -> None:
        notebook = nbformat.read(project / NOTEBOOK, as_version=4)
        texts = [(project / "params" / f"{name}.yaml").read_text(encoding="utf-8") for name in _files(project, area)]
        values = {name: value for text in texts for name, value in (yaml.safe_load(text) or {}).items()}
        values["county"] = area
        lines = "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in values.items())])
        place = next(i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
        notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(lines, id="injected"))
        NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(project)}}).execute()
        page, _ = PsykanalysExporter().from_notebook_node(notebook)
        (out / f"{area}.html").write_text(page, encoding="utf-8")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, areas))


def more(project: Path, areas: list[str], out: Path) -> None:
    """An unchanged run, and one after one raw row has another note."""
    copy = out / "project"
    for part in ("params", "data", "notebooks"):
        shutil.copytree(project / part, copy / part)
    command = [[sys.executable, "-m", "psykanalys", "report", *_asked(project, areas), "--project", str(copy)]]
    show("first run", measured(command, copy))
    for _ in range(AGAIN):
        show("unchanged", measured(command, copy))
        show(f"one row of {_change_a_row(copy)} changed", measured(command, copy))


def _change_a_row(project: Path) -> str:
    """Give one goal another label, and return the document that it is of."""
    path = min((project / "data" / "raw").glob("*/goals.csv"))
    with path.open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    rows[-1][names.index("label")] += " (ändrat)"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([names, *rows])
    return path.parent.name


def show(what: str, cost: Cost) -> None:
    load = "/".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{what:34} {cost.wall:8.1f} {cost.cpu:8.1f} {cost.megabytes:8.0f}   load {load}", flush=True)


WAYS = {"a": ("papermill + nbconvert", plain), "b": ("nbclient, two kernels", two_kernels), "c": ("psykanalys", ours)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", nargs="?", type=Path, default=ROOT)
    parser.add_argument("areas", nargs="*")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="abc")
    parser.add_argument("--more", action="store_true")
    parser.add_argument("--nbclient", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    project = given.project.resolve()
    hidden = {"common", "recipients"}
    named = sorted(p.stem for p in (project / "params").glob("*.yaml") if p.stem not in hidden)
    areas = given.areas or named or [each.slug for each in with_figures(load_prepared(Project(project)), "county")]
    if given.nbclient:
        by_nbclient(project, areas, given.nbclient)
        return
    print(f"{len(areas)} areas, {os.cpu_count()} cores\n{'':34} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
    costs: dict[str, list[Cost]] = {way: [] for way in given.only}
    for repeat in range(given.repeats):
        for way in given.only:
            title, run = WAYS[way]
            with TemporaryDirectory() as out:
                costs[way].append(run(project, areas, Path(out)))
            show(f"({way}) {title}, {repeat + 1}", costs[way][-1])
    if costs.get("c"):
        walls = {way: median(cost.wall for cost in each) for way, each in costs.items()}
        cpus = {way: median(cost.cpu for cost in each) for way, each in costs.items()}
        for way in sorted(walls.keys() - {"c"}):
            print(f"({way})/(c): wall {walls[way] / walls['c']:.1f}, CPU {cpus[way] / cpus['c']:.1f}")
    if given.more:
        with TemporaryDirectory() as out:
            more(project, areas, Path(out))


if __name__ == "__main__":
    main()
