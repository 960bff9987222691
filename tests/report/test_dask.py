"""Reports on a real scheduler with two workers on loopback, one killed while it works: the same bytes as made here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from hashlib import sha256
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from in_process import small_project

from dask_cluster import ROOT, WAIT, assert_gone, cluster, wait_for
from psykanalys import cluster as ours
from psykanalys.data.prepare import load_prepared
from psykanalys.errors import PsykanalysError
from psykanalys.report import runner
from psykanalys.report.runner import NOTEBOOK

NAMES = ("gavleborg", "norrbotten", "vasterbotten")
CELL = """
import os, time
from pathlib import Path
if county == "vasterbotten":
    raise ValueError("planted")
place = Path({place!r})
(place / f"{{os.getpid()}}.kernel").touch()
while (place / "wait").exists() or ((place / "wait for others").exists() and len(list(place.glob("*.kernel"))) > 1):
    time.sleep(0.05)
"""


def sums(folder):
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("[gn]*.[hj]*"))}


def planted(root, place):
    """The small project; each notebook tells its process and waits, and one fails."""
    project = small_project(root)
    path = project.notebooks / NOTEBOOK
    notebook = nbformat.read(path, as_version=4)
    at = next(i for i, each in enumerate(notebook.cells) if "parameters" in each.metadata.get("tags", []))
    notebook.cells.insert(at + 1, nbformat.v4.new_code_cell(CELL.format(place=str(place)), id="planted"))
    nbformat.write(notebook, path)
    return project


def kill_a_worker_at_work(running, place):
    """Kill a worker once each of the two has a kernel that runs; return who it was and what it had started."""

    def both_work():
        kernels = [psutil.Process(int(path.stem)) for path in place.glob("*.kernel")]
        heads = {parent.pid for kernel in kernels for parent in kernel.parents()}
        return all(worker.pid in heads for worker in running.workers)

    wait_for(both_work)
    victim = running.workers[0]
    below = psutil.Process(victim.pid).children(recursive=True)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    return below


def command(project, out, running, *areas):
    """The real command, started."""
    return subprocess.Popen(
        [sys.executable, "-m", "psykanalys", "report", *areas, "--project", str(project.root), "--out", str(out),
         "--dask", running.address],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, stderr=subprocess.PIPE, text=True,
        preexec_fn=hear_interrupts,
    )  # fmt: skip


def hear_interrupts():
    """As on a terminal: whoever runs the tests in the background has taken Ctrl-C away from what they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupted(project, out, running, place):
    """What the command says that is interrupted while a worker works, its exit code, and what it leaves."""
    with command(project, out, running, NAMES[0]) as process:
        wait_for(lambda: list(place.glob("*.kernel")))
        below = running.below()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=WAIT)
    assert_gone(below)  # though their notebooks would wait for ever
    return SimpleNamespace(
        code=process.returncode, said=said, files=[path for path in out.rglob("*") if path.is_file()]
    )


def clear(place):
    for path in place.iterdir():
        path.unlink()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="module")
def project(tmp_path_factory, place):
    project = planted(tmp_path_factory.mktemp("dask") / "project", place)
    load_prepared(project)
    return project


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def told(project, place, running, tmp_path_factory):
    """What a run here and runs on the cluster gave: one interrupted, and one of which a worker was killed."""
    from threading import Thread

    here, there = (tmp_path_factory.mktemp(name) for name in ("here", "there"))
    runner.run(project, NAMES, out=here, jobs=2)
    clear(place)
    (place / "wait").touch()
    made = SimpleNamespace(here=here, there=there, outcomes=[], left=[])
    made.interrupted = interrupted(project, there, running, place)
    clear(place)
    (place / "wait").touch()
    run = Thread(target=lambda: made.outcomes.extend(runner.run(project, NAMES, out=there, dask=running.address)))
    run.start()
    try:
        made.left = kill_a_worker_at_work(running, place)
    finally:
        (place / "wait").unlink()
        run.join()
    return made


def test_ctrl_c_ends_the_command_with_a_sentence_and_leaves_no_file(told):
    assert told.interrupted.code == 130
    assert told.interrupted.said.strip() == "psykanalys: interrupted"
    assert told.interrupted.files == []


def test_all_areas_come_out_though_a_worker_was_killed_with_the_same_bytes(told):
    assert [(each.county, each.done) for each in told.outcomes[:2]] == [("gavleborg", True), ("norrbotten", True)]
    assert len(sums(told.here)) == 4
    assert sums(told.there) == sums(told.here)
    assert (told.there / "index.html").read_bytes() == (told.here / "index.html").read_bytes()


def test_an_area_that_fails_keeps_its_notebook_and_takes_nobody_along(told):
    failed = told.outcomes[2]
    assert (failed.county, failed.done) == ("vasterbotten", False)
    assert failed.message == "ValueError: planted"
    assert failed.path == told.there / "vasterbotten.failed.ipynb"
    assert any(cell.get("id") == "planted" for cell in nbformat.read(failed.path, as_version=4).cells)


def test_nothing_is_left_of_a_run(told, running):
    assert_gone(told.left)
    wait_for(lambda: [each for each in running.below() if each.status() != psutil.STATUS_ZOMBIE] == [])
    wait_for(lambda: len(list((running.folder / "scratch").glob("*/*/psykanalys-*"))) == 1)  # of the killed worker


def test_what_is_up_to_date_is_left_alone_and_nobody_is_asked(told, project):
    again = runner.run(project, NAMES[:2], out=told.there, dask="tcp://127.0.0.1:1")
    assert [each.kept for each in again] == [True, True]
    assert runner.why(project, NAMES[:2], out=told.there) == {"gavleborg": "", "norrbotten": ""}


def test_other_versions_are_told_by_worker_and_package_and_nothing_is_run(running, project, tmp_path, monkeypatch):
    here = ours.versions()
    monkeypatch.setattr(ours, "versions", lambda packages=(): {**here, "pandas": "0.1", "code": "other"})
    with pytest.raises(ours.VersionError) as caught:
        runner.run(project, NAMES, out=tmp_path, dask=running.address)
    worker = next(line for line in str(caught.value).splitlines() if line.startswith("worker tcp://127.0.0.1:"))
    assert f"pandas {here['pandas']} there, 0.1 here" in worker
    assert f"code {here['code']} there, other here" in worker
    assert list(tmp_path.glob("*.html")) == []


def test_a_worker_that_joins_later_with_other_versions_refuses_the_task():
    with pytest.raises(ours.VersionError, match=r"worker here: numpy .* there, 0\.1 here"):
        ours.check_here({**ours.versions(), "numpy": "0.1"})


def test_a_worker_without_the_package_tells_what_it_lacks():
    assert ours.differences({"psykanalys": "1", "numpy": "2"}, {"numpy": "2"}) == ["psykanalys none there, 1 here"]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "tcp://nowhere.invalid:8786", "nonsense://x"])
def test_a_scheduler_that_does_not_answer_is_a_sentence(address, monkeypatch):
    monkeypatch.setattr(ours, "CONNECTING", 0.5)
    with pytest.raises(PsykanalysError, match=f"--dask {address}: no scheduler answers"), ours.connected(address):
        pass


def test_a_scheduler_without_workers_is_a_sentence(tmp_path):
    with (
        cluster(tmp_path, workers=0) as running,
        pytest.raises(PsykanalysError, match=f"there is no worker — start some with `dask worker {running.address}"),
        ours.connected(running.address),
    ):
        pass


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(PsykanalysError, match=r"pip install 'psykanalys\[dask\]'"), ours.connected("tcp://x:1"):
        pass


def test_dask_is_imported_only_when_it_is_asked_for():
    code = (
        "import sys, psykanalys.cli, psykanalys.cluster, psykanalys.report.remote; print('distributed' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ours.manifest.SOURCE.parent)},
    )  # fmt: skip
    assert done.stdout.strip() == "False"


def test_a_scheduler_that_dies_is_told_in_a_sentence_and_what_was_made_is_kept(told, running, project, place, tmp_path):
    """Last here: it takes the scheduler of all."""
    clear(place)
    (place / "wait for others").touch()
    with command(project, tmp_path, running, *NAMES[:2]) as process:
        wait_for(lambda: len(list(place.glob("*.kernel"))) == 2 and list(tmp_path.glob(".made/*.json")))
        below = running.below()
        running.scheduler.kill()
        _, said = process.communicate(timeout=WAIT)
    assert_gone(below)
    (made,) = (path.stem for path in tmp_path.glob(".made/*.json"))
    (lost,) = {*NAMES[:2]} - {made}
    assert process.returncode == 1
    assert said.splitlines()[-1] == (
        f"failed: {lost} — --dask {running.address}: the scheduler answers no more — "
        "start it and its workers again, then this command: what is made is kept"
    )
    assert "Traceback" not in said
    assert sums(tmp_path).items() <= sums(told.here).items()
    assert set(sums(tmp_path)) == {f"{made}.html", f"{made}.json"}
    reasons = runner.why(project, NAMES[:2], out=tmp_path)
    assert reasons == {made: "", lost: "not made here before"}
