"""A real scheduler and real workers on loopback, each a process of its own, all of them ended afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
WAIT = 60  # seconds until a test gives up; it waits for what happens, not for time to pass
ENVIRONMENT = {
    "DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH": "0",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",
}


class Cluster:
    """A scheduler and its workers."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.workers: list[subprocess.Popen] = []
        self.where = folder / "scheduler.json"
        self.scheduler = self._start("dask_scheduler", "--port", "0")

    @property
    def address(self) -> str:
        return wait_for(lambda: _address(self.where))

    def add_worker(self, source: Path = ROOT / "src") -> subprocess.Popen:
        """A worker that has the package of `source`; it waits for the scheduler."""
        scratch = str(self.folder / "scratch")
        worker = self._start("dask_worker", "--no-nanny", "--nthreads", "1", "--local-directory", scratch,
                             "--memory-limit", "0", PYTHONPATH=str(source))  # fmt: skip
        self.workers.append(worker)
        return worker

    def _start(self, module: str, *arguments: str, **environment: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--host", "127.0.0.1", "--no-dashboard",
                   "--scheduler-file", str(self.where), *arguments]  # fmt: skip
        with (self.folder / f"{module}-{len(self.workers)}.log").open("wb") as log:
            environment = {**os.environ, **ENVIRONMENT, **environment}
            return subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)

    def below(self) -> list[psutil.Process]:
        """What workers have started."""
        return [
            child
            for worker in self.workers
            if worker.poll() is None
            for child in psutil.Process(worker.pid).children(recursive=True)
        ]

    def close(self) -> None:
        """End everything; nobody is left. A worker that is ended from two sides at once may hang: it goes first."""
        below = self.below()
        try:
            for processes in (self.workers, [self.scheduler]):
                for process in processes:
                    process.terminate()
                for process in processes:
                    process.wait(WAIT)
        finally:
            for process in [*self.workers, self.scheduler]:
                process.kill()
        assert_gone(below)


def wait_for(found):
    """What a function gives, once it gives something."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.05)  # what is waited for needs the processor
    raise AssertionError("it did not happen")


def assert_gone(processes) -> None:
    _, alive = psutil.wait_procs(processes, timeout=WAIT)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    folder.mkdir(parents=True, exist_ok=True)
    running = Cluster(folder)
    try:
        for _ in range(workers):
            running.add_worker()
        if workers:
            wait_until_there(running, workers)
        yield running
    finally:
        running.close()


def wait_until_there(running: Cluster, workers: int) -> None:
    from distributed import Client

    with Client(running.address, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=WAIT)


def _address(where):
    """What the scheduler wrote, once it has written all of it."""
    try:
        return json.loads(where.read_text())["address"]
    except (OSError, ValueError):
        return None
