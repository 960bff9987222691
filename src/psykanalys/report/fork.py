"""A process that has loaded everything, and forks itself for each piece of work: no import is paid for twice.

The server has one thread, no event loop and no ZMQ context, so that a fork of it is whole. It is told what to do over a
socket, of which nobody else has the other end: when that end closes, however its owner died, the server ends all its
children and itself. Each child does one thing, tells its result and is gone: nothing of it reaches the next.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, NoReturn

SWITCH = "PSYKANALYS_NO_FORK"
GRACE = 3.0  # seconds that a child has to clean up after itself
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_OBJECTS = 100_000  # new objects between two searches for cycles of them
# Libraries start no threads of their own, and matplotlib draws for notebooks, as ipykernel tells it before its import.
_ENVIRONMENT = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}


def can_fork() -> bool:
    """Whether forks are used: on Linux, unless the environment has PSYKANALYS_NO_FORK=1.

    Elsewhere forking a process that has used system libraries is not safe (macOS) or not possible (Windows).
    """
    return sys.platform == "linux" and os.environ.get(SWITCH, "") in ("", "0")


@dataclass(frozen=True)
class Fork:
    """The order to call a function in a new child; `tag` names the child in what is told of it."""

    tag: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Warm:
    """The order to call a function in the server itself, for what it leaves in memory."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class End:
    """The order to end a child."""

    tag: str


@dataclass(frozen=True)
class Told:
    """What the server tells of a child: `started` (its process id), `done` (its result) or `failed` (why)."""

    tag: str
    what: str
    value: Any = None


class ForkServer:
    """The handle of a server process. Use it in a `with` statement: at its end no child is left."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "psykanalys.report.fork", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,
                start_new_session=True,  # Ctrl-C reaches us alone, and we end them in order
                env={**os.environ, **_ENVIRONMENT},
            )
        self._line = Connection(ours.detach())
        self._has_children = False

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def send(self, order: Fork | Warm | End) -> None:
        """Give an order; returns at once. Raises OSError where the server is gone."""
        self._has_children |= isinstance(order, Fork)
        self._line.send(order)

    def told(self, timeout: float | None = None) -> Told | None:
        """The next thing told; None where nothing was within `timeout` seconds. Raises EOFError: the server is gone."""
        return self._line.recv() if self._line.poll(timeout) else None

    def close(self) -> None:
        """End the server and all its children."""
        self._line.close()
        if not self._has_children:
            self._process.kill()  # perhaps it still imports
        try:
            self._process.wait(2 * GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class _Child:
    tag: str
    pid: int

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Server:
    """The server's own side: obeys orders until its owner is gone."""

    def __init__(self, owner: Connection) -> None:
        self._owner = owner
        self._children: dict[Connection, _Child] = {}

    def serve(self) -> None:
        """Obey orders and pass on results until the owner's end is closed, then end all children."""
        try:
            while True:
                for line in wait([self._owner, *self._children]):
                    if line is self._owner:
                        self._obey(self._owner.recv())
                    elif isinstance(line, Connection):
                        self._owner.send(self._result(line))
        except (EOFError, OSError):
            self._end_all()

    def _obey(self, order: Fork | Warm | End) -> None:
        if isinstance(order, Warm):
            with suppress(Exception):  # a child that needs it does it anew, and tells what is wrong
                order.function(*order.arguments)
            gc.freeze()
        elif isinstance(order, Fork):
            self._fork(order)
        else:
            self._end([line for line, child in self._children.items() if child.tag == order.tag])

    def _fork(self, order: Fork) -> None:
        line, result = Pipe(duplex=False)
        pid = os.fork()
        if pid == 0:
            for inherited in (line, self._owner, *self._children):
                inherited.close()
            _work(order, result)
        own_group(pid)
        result.close()
        self._children[line] = _Child(order.tag, pid)
        self._owner.send(Told(order.tag, "started", pid))

    def _result(self, line: Connection) -> Told:
        """What a child told, or that it died without a word."""
        child = self._children.pop(line)
        try:
            what, value = line.recv()
        except (EOFError, OSError):
            what, value = "failed", "its process died"
        line.close()
        return Told(child.tag, what, value)

    def _end(self, lines: Iterable[Connection]) -> None:
        """End children: first asked, so that they leave nothing half done, then made."""
        left = {line: self._children.pop(line) for line in lines}
        for child in left.values():
            child.signal(signal.SIGTERM)
        until = time.monotonic() + GRACE
        while left and (ended := wait(list(left), max(0.0, until - time.monotonic()))):
            for line in ended:
                if isinstance(line, Connection) and _is_at_end(line):
                    del left[line]
        for child in left.values():
            child.signal(signal.SIGKILL)

    def _end_all(self) -> None:
        self._end(list(self._children))


def _is_at_end(line: Connection) -> bool:
    try:
        line.recv()
    except (EOFError, OSError):
        return True
    return False


def _work(order: Fork, result: Connection) -> NoReturn:
    """What a child does: one call. Its threads and exit handlers are not waited for; nothing is left to it."""
    try:
        end_with_parent()
        own_group(0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, _leave)
        result.send(("done", order.function(*order.arguments)))
    except BaseException as error:  # noqa: BLE001 - whatever it was, it is told
        with suppress(OSError):
            result.send(("failed", f"{type(error).__name__}: {error}"))
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(0)


def _leave(*_: object) -> NoReturn:
    raise SystemExit("ended")


def own_group(pid: int) -> None:
    """Make a process (0: this one) the head of a group of its own, so that a signal to its group hits nobody else."""
    with suppress(OSError):  # parent and child both try: whichever comes first
        os.setpgid(pid, pid)


def end_with_parent() -> None:
    """Be killed when the parent dies, however it dies (Linux)."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def seldom_look_for_cycles() -> None:
    """Spare the time in which garbage is looked for again and again while much is read in that stays."""
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])


def main() -> None:
    """Run as `python -m psykanalys.report.fork SOCKET`: load everything, then serve."""
    owner = Connection(int(sys.argv[1]))
    os.set_inheritable(owner.fileno(), False)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children that ended are not waited for
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # what is imported stays
    from psykanalys.report import kernels

    kernels.preload()
    gc.enable()
    gc.freeze()
    seldom_look_for_cycles()  # children live for one piece of work
    Server(owner).serve()
    os._exit(0)  # what was imported need not be put away


if __name__ == "__main__":
    from psykanalys.report.fork import main as run  # so that what is unpickled is of this module's one copy

    run()
