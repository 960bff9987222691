"""Reports in forks of one process: the same bytes as by any other way, nothing left behind, nothing carried over."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from hashlib import sha256

import nbformat
import psutil
import pytest
from in_process import ROOT, small_project

from psykanalys.report import fork
from psykanalys.report.runner import NOTEBOOK

NAMES = ("gavleborg", "norrbotten")
WAIT = 60  # seconds until a test gives up; it waits for what happens, not for time to pass


def command(project, *counties, **environment):
    arguments = [sys.executable, "-m", "psykanalys", "report", *counties, "--project", str(project.root), "--jobs", "2"]
    options = {"cwd": project.root, "env": {**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment}, "text": True}
    return subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=hear_interrupts, **options
    )


def hear_interrupts():
    """As on a terminal: whoever runs the tests in the background has taken Ctrl-C away from what they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def report(project, *counties, **environment):
    """What the command said, and its exit code; nobody it started is left."""
    with command(project, *counties, **environment) as process:
        out, err = process.communicate(timeout=WAIT)
    return process.returncode, out + err


def with_cell(project, source):
    """The small notebook with one cell more, after the parameters."""
    path = project.notebooks / NOTEBOOK
    notebook = nbformat.read(path, as_version=4)
    cell = nbformat.v4.new_code_cell(source, id="planted")
    place = next(i for i, each in enumerate(notebook.cells) if "parameters" in each.metadata.get("tags", []))
    notebook.cells.insert(place + 1, cell)
    nbformat.write(notebook, path)
    return project


def sums(project):
    return {name: sha256((project.reports / f"{name}.html").read_bytes()).hexdigest() for name in NAMES}


def started(process, until):
    """The processes below one, once `until` is true of them."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(process.pid).children(recursive=True)
            if until(found):
                return found
        time.sleep(0.05)
    raise AssertionError("the processes did not start")


def assert_gone(processes):
    _, alive = psutil.wait_procs(processes, timeout=WAIT)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return small_project(tmp_path_factory.mktemp("forked") / "project")


WAITS = "from pathlib import Path\nwhile Path('wait').exists():\n    pass"


@pytest.mark.parametrize("how", ["Ctrl-C", "kill -9", "kill -9 of the server"])
def test_nobody_is_left_and_the_next_run_gives_the_same_bytes(how, tmp_path):
    """Also of kernels that never give up the processor."""
    project = with_cell(small_project(tmp_path / "project"), WAITS)
    code, said = report(project, *NAMES)
    assert code == 0, said
    expected = sums(project)
    for path in project.reports.glob("*.html"):
        path.unlink()

    (project.root / "wait").touch()
    with command(project, *NAMES) as process:
        below = started(process, lambda found: len(found) >= 5 and any(each.num_threads() > 3 for each in found))
        server = next(
            each for each in below if "psykanalys.report.fork" in each.cmdline() and each.ppid() == process.pid
        )
        target = server.pid if how.endswith("server") else process.pid
        os.kill(target, signal.SIGINT if how == "Ctrl-C" else signal.SIGKILL)
        _, err = process.communicate(timeout=WAIT)
        assert_gone(below)
    assert process.returncode != 0
    assert "Traceback" not in err
    assert list(project.reports.glob("*.html")) in ([], [project.reports / "index.html"])

    (project.root / "wait").unlink()
    code, said = report(project, *NAMES)
    assert (code, sums(project)) == (0, expected), said
    assert [path.name for path in project.reports.iterdir() if path.name.startswith(".")] == [".made"]


def test_a_pool_of_processes_gives_the_same_bytes(project):
    assert report(project, *NAMES)[0] == 0
    forked = sums(project)
    code, said = report(project, *NAMES, "--force", PSYKANALYS_NO_FORK="1")
    assert (code, sums(project)) == (0, forked), said


def test_no_state_goes_from_one_county_to_the_next(tmp_path):
    """One county after the other: what the first leaves in a module and in the environment is not in the second."""
    source = (
        "import os\nfrom psykanalys import periods\n"
        "assert not hasattr(periods, 'planted') and 'PLANTED' not in os.environ, 'state'\n"
        "periods.planted = os.environ['PLANTED'] = county"
    )
    project = with_cell(small_project(tmp_path / "project"), source)
    code, said = report(project, *NAMES, "--jobs", "1")
    assert code == 0, said


def test_a_killed_kernel_leaves_the_others_standing(tmp_path):
    source = "import os, signal\nif county == 'norrbotten':\n    os.kill(os.getpid(), signal.SIGKILL)"
    project = with_cell(small_project(tmp_path / "project"), source)
    code, output = report(project, *NAMES)
    assert code == 1
    assert "failed: norrbotten — DeadKernelError: Kernel died" in output
    assert (project.reports / "gavleborg.html").is_file()
    kept = nbformat.read(project.reports / "norrbotten.failed.ipynb", as_version=4)
    assert any(cell.get("id") == "planted" for cell in kept.cells)


@pytest.mark.parametrize("source", ["while True: pass", "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"])
def test_a_hung_kernel_is_ended_in_time(source, tmp_path):
    project = with_cell(small_project(tmp_path / "project"), source)
    code, output = report(project, "norrbotten", "--timeout", "1")
    assert code == 1
    assert "failed: norrbotten — the notebook was stopped after 1 s — mend it, or give it more time" in output
    assert [each for each in psutil.process_iter(["cwd"]) if each.info["cwd"] == str(project.root)] == []


class TestServer:
    """The server itself."""

    @pytest.fixture
    def server(self):
        with fork.ForkServer() as server:
            yield server

    def done(self, server, function, *arguments):
        server.send(fork.Fork("it", function, arguments))
        while (told := server.told(WAIT)).what == "started":
            pass
        return told

    def test_it_has_one_thread_when_it_forks(self, server):
        assert self.done(server, os.getpid).what == "done"
        assert psutil.Process(server.pid).num_threads() == 1

    def test_each_call_is_in_a_new_process_of_its_own_group(self, server):
        first, second = (self.done(server, os.getpgrp).value for _ in range(2))
        assert len({first, second, os.getpgrp(), server.pid}) == 4

    def test_what_a_call_raises_is_told(self, server):
        assert self.done(server, json.loads, "{").value.startswith("JSONDecodeError: Expecting property name")

    def test_a_child_that_dies_is_told(self, server):
        assert self.done(server, os._exit, 3).value == "its process died"

    def test_children_and_grandchildren_end_with_it(self, server):
        server.send(fork.Fork("it", time.sleep, (WAIT,)))
        child = psutil.Process(server.told(WAIT).value)
        server.close()
        assert_gone([child])

    def test_a_child_is_ended_when_asked(self, server):
        server.send(fork.Fork("it", time.sleep, (WAIT,)))
        child = psutil.Process(server.told(WAIT).value)
        server.send(fork.End("it"))
        assert_gone([child])
        assert self.done(server, len, "abc").value == 3


@pytest.mark.parametrize(
    ("command", "said"), [(["sleep", "60"], "Kernel didn't respond in 2 seconds"), (["true"], "Kernel died before")]
)
def test_a_kernel_that_never_answers_is_told(command, said, monkeypatch):
    from psykanalys.report.kernels import ForkedKernelManager, ForkedProcess, ForkedProvisioner

    def launch(_order):
        return ForkedProcess(subprocess.Popen(command).pid)

    async def wait():
        manager = ForkedKernelManager(kernel_name="python3")
        await manager.start_kernel()
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=2)
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)

    monkeypatch.setattr(ForkedProvisioner, "launcher", staticmethod(launch))
    with pytest.raises(RuntimeError, match=said):
        asyncio.run(wait())


def test_the_benchmark_of_memory_runs():
    command = [sys.executable, str(ROOT / "benchmarks" / "memory.py"), "--reports", "1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search(r"after   1 reports, .* server \d+ \(\d+\)", ended.stdout)


def test_a_forked_kernel_is_an_ipykernel_as_any_other(tmp_path):
    """Through jupyter's own client, with the provisioner that the package registers: plots, folder, environment."""
    from nbclient import NotebookClient

    from psykanalys.report import kernels

    sources = [
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "import os\nos.getcwd(), os.environ['JPY_TEST']",
        "1 / 0",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = NotebookClient(notebook, kernel_manager_class=kernels.ForkedKernelManager, allow_errors=True)
    client.execute(cwd=str(tmp_path), env={**os.environ, "JPY_TEST": "here"})
    figure, text, fault = (cell.outputs[-1] for cell in notebook.cells)
    assert "image/png" in figure.data
    assert ast.literal_eval(text.data["text/plain"]) == (str(tmp_path), "here")
    assert fault.ename == "ZeroDivisionError"
    kernels._server().close()
    kernels._server.cache_clear()


def test_the_provisioner_is_registered():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'psykanalys = "psykanalys.report.kernels:ForkedProvisioner"' in text


@pytest.mark.parametrize(
    ("platform", "switch", "forks"), [("linux", "", True), ("linux", "1", False), ("darwin", "", False)]
)
def test_forks_are_for_linux_only_and_can_be_switched_off(platform, switch, forks, monkeypatch):
    monkeypatch.setattr(fork.sys, "platform", platform)
    monkeypatch.setenv(fork.SWITCH, switch)
    assert fork.can_fork() is forks
