"""Reports made by the workers of a cluster: what a report needs goes there by key, and its files come back as bytes."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psykanalys import cluster
from psykanalys.data.files import write_all
from psykanalys.data.inputs import project_files
from psykanalys.data.prepare import load_prepared
from psykanalys.data.project import Project
from psykanalys.manifest import canonical
from psykanalys.report import forked, runner
from psykanalys.report.fork import can_fork
from psykanalys.report.runner import Outcome
from psykanalys.report.unchanged import MORE_PACKAGES

Files = dict[str, bytes]


class Bundle:
    """A project's files by name, and how long a notebook may run. `key` is their checksum.

    In a worker the files are laid out in a folder of its own when the first report needs them. Folder and helpers are
    gone when the worker lets go of the bundle: when its run ends, also where the one who asked was killed.
    """

    def __init__(self, files: Mapping[str, bytes], limit: float) -> None:
        self.files, self.limit = dict(files), limit
        sums = {name: sha256(content).hexdigest() for name, content in self.files.items()}
        self.key = f"psykanalys-{sha256(canonical([sums, limit]).encode()).hexdigest()}"
        self._lock = threading.Lock()
        self._workshop: Workshop | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Bundle, (self.files, self.limit)

    def __sizeof__(self) -> int:
        return sum(map(len, self.files.values()))

    def make(self, county: str, values: Mapping[str, Any], formats: Sequence[str]) -> tuple[Outcome, Files]:
        """In a worker: make one report, one at a time. Returns its outcome, with bare names, and its files."""
        with self._lock:
            os.environ[forked.LIMIT] = f"{self.limit:g}"
            if self._workshop is None:
                self._workshop = Workshop(self.files, values["threshold"])
                weakref.finalize(self, self._workshop.close)
            return self._workshop.make(county, values, formats)


class Workshop:
    """A project laid out in a temporary folder of a worker, and a process that forks itself for each report."""

    def __init__(self, files: Mapping[str, bytes], threshold: int) -> None:
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="psykanalys-", dir=cluster.scratch())))
        self._project = Project(self._folder / "project")
        write_all({self._project.root / name: content for name, content in files.items()}, private=True)
        self._server = self._stack.enter_context(forked.server()) if can_fork() else None
        if self._server:
            self._server.send(forked.warming(self._project, {threshold}))

    def make(self, county: str, values: Mapping[str, Any], formats: Sequence[str]) -> tuple[Outcome, Files]:
        """Make one report as it is made locally."""
        with TemporaryDirectory(dir=self._folder) as name:
            folder = Path(name)
            outcome = self._made(county, (self._project, county, values, folder, formats))
            files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        made = tuple(Path(path.name) for path in outcome.made)
        return replace(outcome, path=Path(outcome.path.name), made=made), files

    def _made(self, county: str, arguments: tuple[Any, ...]) -> Outcome:
        if self._server is None:
            return runner.run_one(*arguments)
        made = forked.run(self._server, {county: arguments}, 1, given_up=cluster.given_up())
        _, outcome, fault = next(made, (county, None, "cancelled"))
        return outcome or Outcome(county, False, Path(f"{county}.failed.ipynb"), message=fault)

    def close(self) -> None:
        """End the process and delete the folder."""
        self._stack.close()


def make(
    bundle: Bundle, expected: cluster.Versions, county: str, values: Mapping[str, Any], formats: Sequence[str]
) -> tuple[Outcome, Files]:
    """The task: one report, by a worker that has the versions expected. Raises VersionError."""
    cluster.check_here(expected)
    return bundle.make(county, values, formats)


def run(
    project: Project, tasks: Mapping[str, Any], folder: Path, formats: Sequence[str], address: str
) -> Iterator[Outcome]:
    """Make the reports on a cluster and write their files to `folder`; yields each outcome as it is done.

    Raises PsykanalysError where the cluster cannot be used.
    """
    with cluster.connected(address, MORE_PACKAGES) as workers:
        bundle = Bundle(_files(project, tasks), forked.time_limit())
        shared = workers.share(bundle.key, bundle)
        given = {
            name: (lambda worker, name=name: (*shared(worker), workers.expected, name, tasks[name], list(formats)))
            for name in forked.largest_first(load_prepared(project), tasks)
        }
        for name, result, fault in workers.run(make, given):
            if result is None:
                yield Outcome(name, False, folder / f"{name}.failed.ipynb", message=fault)
            else:
                yield _written(folder, *result)


def _files(project: Project, tasks: Mapping[str, Any]) -> dict[str, bytes]:
    """Everything that reports are made of."""
    level = runner.params.level_of(next(iter(tasks.values())))
    named = sorted({each[name] for each in tasks.values() for name in ("commentary", "previous") if each.get(name)})
    notebook = {f"notebooks/{runner.NOTEBOOKS[level]}": runner.notebook(project, level).read_bytes()}
    return {**project_files(project, named), **notebook}


def _written(folder: Path, outcome: Outcome, files: Mapping[str, bytes]) -> Outcome:
    """Write what a worker made, whole or not at all; an earlier run's failed notebook goes."""
    outcome = replace(outcome, path=folder / outcome.path, made=tuple(folder / path for path in outcome.made))
    try:
        write_all({folder / name: content for name, content in files.items()})
    except OSError as error:
        said = f"{folder}: cannot be written ({error.strerror}) — earlier files are untouched"
        return replace(outcome, done=False, made=(), message=said)
    if outcome.done:
        (folder / f"{outcome.county}.failed.ipynb").unlink(missing_ok=True)
    return outcome
