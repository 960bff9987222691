"""Real ipykernels that are forked from a process that has everything loaded, as jupyter_client's kernel provisioner.

A forked kernel is an ipykernel like any other: same arguments, environment, protocol and messages; only its imports
are done already. In `psykanalys report` one kernel is forked ahead for each report (`fork_ahead`); elsewhere, where a
kernel spec names the provisioner `psykanalys`, kernels come from a fork server that lives as long as their client.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from queue import Empty
from typing import Any, NoReturn
from uuid import uuid4

import psutil
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from psykanalys.report.fork import Fork, ForkServer, Warm, end_with_parent, own_group
from psykanalys.report.quick_start import defer, without_property_lists

Order = tuple[list[str], str, dict[str, str]]  # arguments, working folder, environment
_POLL = 0.005  # seconds
_ASK_AGAIN = 1.0  # seconds
_LISTEN = 0.2  # seconds
_waiting: list[ForkedAhead] = []


def preload() -> None:
    """Import what a report needs, and do once what is the same for every report. Starts no thread and no loop."""
    defer()
    import ipykernel.kernelapp  # noqa: F401
    import nbclient  # noqa: F401
    import nbformat.v4
    import papermill  # noqa: F401

    from psykanalys.areas import official_areas

    with without_property_lists():
        from psykanalys.present import county  # noqa: F401
    from psykanalys.report import exporter, gate, runner  # noqa: F401

    official_areas()
    exporter.shared_exporter()
    for relax in (False, True):
        nbformat.validate(nbformat.v4.new_notebook(), relax_add_props=relax)  # makes papermill's validator, nbconvert's
    _draw_something()


def _draw_something() -> None:
    """One figure that nobody sees: fonts are found and drawing code is loaded."""
    from io import StringIO

    from psykanalys.present.figures.style import new_canvas, style

    with style():
        canvas = new_canvas(1)
        canvas.add_subplot().set_title("å")
        canvas.savefig(StringIO(), format="svg")


class ForkedProcess:
    """A process that was forked here or by a server, with what jupyter_client asks of a subprocess."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        with suppress(psutil.NoSuchProcess):
            self._process = psutil.Process(pid)  # knows when it was created: a later one of the same id is another

    def poll(self) -> int | None:
        """None while it runs; then its exit code, or 0 where another process has waited for it."""
        if self.returncode is None and not self._is_running():
            self.returncode = 0
            with suppress(ChildProcessError):
                self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def _is_running(self) -> bool:
        try:
            return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, AttributeError):
            return False

    def wait(self) -> int | None:
        """The exit code; jupyter_client calls it when `poll` has told that the process ended."""
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class ForkedAhead:
    """A child that was forked before any loop or thread was started here, and becomes a kernel once it is told to."""

    def __init__(self) -> None:
        hears, self._line = Pipe(duplex=False)
        pid = os.fork()
        if pid == 0:
            self._line.close()
            _become_when_told(hears)
        own_group(pid)
        hears.close()
        self.process = ForkedProcess(pid)

    def become(self, order: Order) -> ForkedProcess:
        """Tell it to become a kernel."""
        self._line.send(order)
        self._line.close()
        return self.process

    def end(self) -> None:
        """End it, whether it became a kernel or not."""
        self._line.close()
        self.process.kill()
        while self.process.poll() is None:
            pass


def fork_ahead() -> ForkedAhead:
    """Fork the kernel that the next notebook of this process runs in. Call it before any loop or thread is started."""
    _waiting.append(ForkedAhead())
    return _waiting[-1]


def is_ready() -> bool:
    """Whether a kernel was forked ahead and waits."""
    return bool(_waiting)


def launch(order: Order) -> ForkedProcess:
    """A kernel: the one that was forked ahead, or a new one of a server."""
    return _waiting.pop().become(order) if _waiting else _by_server(order)


@cache
def _server() -> ForkServer:
    from psykanalys.catalogue import load_catalogue

    server = ForkServer()
    server.send(Warm(load_catalogue))
    atexit.register(server.close)
    return server


def _by_server(order: Order) -> ForkedProcess:
    server = _server()
    server.send(Fork(order[0][-1], become_kernel, order))
    while (told := server.told()) is None or told.what != "started":
        pass  # that an earlier kernel has ended
    return ForkedProcess(told.value)


def _become_when_told(line: Connection) -> NoReturn:
    try:
        end_with_parent()
        own_group(0)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        order = line.recv()
        line.close()
        sys.modules["debugpy"] = None  # type: ignore[assignment] # as if not installed: nobody debugs a batch
        become_kernel(*order)
    except EOFError:
        pass  # not needed
    finally:
        os._exit(0)


def become_kernel(arguments: list[str], folder: str, environment: Mapping[str, str]) -> None:
    """Be an ipykernel until it is told to shut down. `arguments` are those of `python -m ipykernel_launcher`."""
    from ipykernel.kernelapp import IPKernelApp

    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.environ.pop("JPY_PARENT_PID", None)  # of another process
    sys.argv = ["ipykernel_launcher", *arguments]
    IPKernelApp.launch_instance(argv=[*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])


class ForkedProvisioner(LocalProvisioner):
    """Provides kernels by fork: jupyter_client's local provisioner with another way to start."""

    process: Any = None
    launcher: Callable[[Order], ForkedProcess] = staticmethod(launch)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start a kernel with the arguments that follow `ipykernel_launcher` in the kernel spec's command."""
        where = cmd.index("ipykernel_launcher") + 1
        folder, environment = kwargs.get("cwd") or Path.cwd(), dict(kwargs.get("env") or os.environ)
        process = self.launcher((cmd[where:], str(folder), environment))
        self.process = process
        self.pid = self.pgid = process.pid
        self.cwd = kwargs.get("cwd")
        return self.connection_info

    async def wait(self) -> int | None:
        """Wait until the kernel has ended."""
        while self.process is not None and self.process.poll() is None:
            await asyncio.sleep(_POLL)
        ended, self.process = self.process, None
        return ended.returncode if ended else 0


class ForkedKernelClient(AsyncKernelClient):
    """Is ready once its kernel is idle; jupyter_client's own listens for a fifth of a second more."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Ask until the kernel has answered and told that it is idle again. Raises RuntimeError: dead, or too late."""
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        while not await self._has_answered():
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > until:
                raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")

    async def _has_answered(self) -> bool:
        try:
            answer = await self.kernel_info(reply=True, timeout=_ASK_AGAIN)
            self._handle_kernel_info_reply(answer)
            while not _tells_idle(await self.get_iopub_msg(timeout=_LISTEN), answer["parent_header"]["msg_id"]):
                pass
        except (TimeoutError, Empty):
            return False
        return True


def _tells_idle(message: Mapping[str, Any], question: str) -> bool:
    is_status = message["msg_type"] == "status" and message["parent_header"].get("msg_id") == question
    return is_status and message["content"]["execution_state"] == "idle"


class ForkedKernelManager(AsyncKernelManager):
    """Starts kernels by fork, whatever provisioner the kernel spec names; no entry point need be installed."""

    client_factory: Any = ForkedKernelClient

    async def _async_pre_start_kernel(self, **kwargs: Any) -> Any:
        self.kernel_id = self.kernel_id or kwargs.pop("kernel_id", str(uuid4()))
        self.provisioner = self.provisioner or ForkedProvisioner(
            kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
        )
        return await super()._async_pre_start_kernel(**kwargs)

    pre_start_kernel = _async_pre_start_kernel
