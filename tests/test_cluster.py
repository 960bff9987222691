"""What becomes of tasks when workers die, join and differ: a real scheduler, and workers that are killed."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import time
from pathlib import Path
from threading import Thread

import pytest

from dask_cluster import ROOT, WAIT, cluster, wait_for, wait_until_there
from psykanalys import cluster as ours

EACH = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def work(place: Path):
    """A task: tell who has it, and wait while there is a file `wait`."""
    place.mkdir(exist_ok=True)
    (place / "wait").touch()

    def task(name):
        (place / f"{name}.{os.getpid()}").touch()
        while (place / "wait").exists():
            time.sleep(0.05)
        return name, os.getpid()

    return task


def at_work(place: Path) -> set[int]:
    """The workers that have had a task."""
    return {int(path.suffix[1:]) for path in place.glob("*.*")}


def given(names=EACH):
    return {name: lambda _, name=name: (name,) for name in names}


class Run(Thread):
    """A run in a thread of its own; `told` is what it gave."""

    def __init__(self, workers, task, names=EACH):
        super().__init__(daemon=True)
        self.told: dict[str, tuple] = {}
        self._run = workers.run(task, given(names))
        self.start()

    def run(self):
        self.told = {name: (result, fault) for name, result, fault in self._run}

    def ended(self):
        self.join(WAIT)
        assert not self.is_alive()


def kill(worker):
    worker.kill()
    worker.wait()


def alive(running):
    return [worker for worker in running.workers if worker.poll() is None]


def test_what_nobody_waits_for_any_more_is_ended_in_the_worker_and_forgotten(running, tmp_path):
    def task(name):
        if name == "a":
            return
        (tmp_path / f"{name}.begun").touch()
        given_up = ours.given_up()
        with ours.ended_when_given_up((tmp_path / f"{name}.ended").touch):
            while not (given_up() and (tmp_path / f"{name}.ended").exists()):
                time.sleep(0.05)

    with ours.connected(running.address) as workers:
        run = workers.run(task, given())
        assert next(run) == ("a", None, "")
        wait_for(lambda: len(list(tmp_path.glob("*.begun"))) == 2)
        run.close()
        wait_for(lambda: len(list(tmp_path.glob("*.ended"))) == 2)
        assert left_on_the_scheduler(running) == ([], 0)
    assert len(list(tmp_path.glob("*.begun"))) == 2


def left_on_the_scheduler(running):
    """Its tasks, and the clients that want something."""
    from distributed import Client

    def asked(dask_scheduler):
        return [str(each) for each in dask_scheduler.tasks], sum(
            bool(each.wants_what) for each in dask_scheduler.clients.values()
        )

    with Client(running.address, set_as_default=False) as client:
        return client.run_on_scheduler(asked)


def test_a_worker_that_joins_while_a_run_goes_on_gets_work(running, tmp_path):
    with ours.connected(running.address) as workers:
        run = Run(workers, work(tmp_path / "place"))
        wait_for(lambda: len(at_work(tmp_path / "place")) == 2)
        late = running.add_worker()
        wait_for(lambda: late.pid in at_work(tmp_path / "place"))
        (tmp_path / "place" / "wait").unlink()
        run.ended()
    assert {name: told[0][0] for name, told in run.told.items()} == {name: name for name in EACH}
    assert late.pid in {told[0][1] for told in run.told.values()}


def test_a_worker_that_joins_with_other_code_gets_nothing_which_is_told_and_the_others_go_on(running, tmp_path, caplog):
    shutil.copytree(ROOT / "src", tmp_path / "src")
    with (tmp_path / "src" / "psykanalys" / "verdicts.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    before = {each.pid for each in alive(running)}
    place = tmp_path / "place"
    with ours.connected(running.address) as workers, caplog.at_level(logging.WARNING):
        run = Run(workers, work(place), [f"{number}" for number in range(8)])
        other = running.add_worker(tmp_path / "src")
        wait_for(lambda: caplog.messages)
        (place / "wait").unlink()
        run.ended()
    kill(other)
    assert len(caplog.messages) == 1
    assert re.search(rf"worker tcp://\S+: code \S+ there, {ours.versions()['code']} here", caplog.text)
    assert "nothing was run by it" in caplog.text
    assert [fault for _, fault in run.told.values()] == [""] * 8
    assert at_work(place) == before


def test_a_task_that_kills_each_worker_fails_alone(running, tmp_path):
    def task(name):
        (tmp_path / f"{name}.{os.getpid()}").touch()
        if name == "a":
            os.kill(os.getpid(), signal.SIGKILL)
        return name

    wait_until_there(running, 3)
    with ours.connected(running.address) as workers:
        told = {name: (result, fault) for name, result, fault in workers.run(task, given())}
    assert told.pop("a") == (None, "3 workers died with it — perhaps it ends them: try it alone, without --dask")
    assert told == {name: (name, "") for name in "bcd"}
    assert len(list(tmp_path.glob("a.*"))) == 3


def test_without_workers_it_goes_on_where_one_joins_and_ends_where_none_does(running, tmp_path, monkeypatch):
    kill_all(running)
    first = running.add_worker()
    wait_until_there(running, 1)
    with ours.connected(running.address) as workers:
        shared = workers.share("shared-value", "shared")
        run = Run(workers, work(tmp_path / "one"))
        wait_for(lambda: first.pid in at_work(tmp_path / "one"))
        kill(first)
        (tmp_path / "one" / "wait").unlink()
        second = running.add_worker()
        run.ended()
        assert {told[0] for told in run.told.values()} == {(name, second.pid) for name in EACH}
        assert list(workers.run(str.upper, {"x": shared})) == [("x", "SHARED", "")]

        monkeypatch.setattr(ours, "PATIENCE", 1.0)
        run = Run(workers, work(tmp_path / "two"))
        wait_for(lambda: at_work(tmp_path / "two"))
        kill(second)
        run.ended()
    sentence = (
        f"--dask {running.address}: no worker for 1 s — start some with `dask worker {running.address}`, "
        "then this command again: what is made is kept"
    )
    died = [told for told in run.told.values() if told[1].startswith("1 worker died with it; ")]
    assert len(died) == 1
    assert {(result, fault.removeprefix("1 worker died with it; ")) for result, fault in run.told.values()} == {
        (None, sentence)
    }
    assert set(run.told) == set(EACH)


def kill_all(running):
    for worker in alive(running):
        kill(worker)
