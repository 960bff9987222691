"""More machines: tasks on a dask.distributed cluster, whose workers must have the same code and packages as we.

Data travel with the tasks or by key, never over a shared disk. A task is run again elsewhere where its worker dies.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import Any
from uuid import uuid4

from psykanalys import __version__, manifest
from psykanalys.errors import PsykanalysError

PACKAGES = ("cloudpickle", "dask", "distributed", "msgpack")
CONNECTING = 5.0  # seconds until a scheduler is given up
ANSWERING = 30.0  # seconds until a scheduler that no longer answers is given up
FETCHING = 60.0  # seconds until a result is given up that its worker does not hand over
PATIENCE = 60.0  # seconds that a run waits for a worker when none is left
MOMENT = 0.5  # seconds between two looks at who is there
TRIES = 3  # workers that may be lost with a task until it is given up
NO_ANSWER = "no answer"
MISSING = "none"
_CODE = (".py", ".j2", ".css", ".typ", ".yaml")
Arguments = Callable[[str], tuple[Any, ...]]  # of a task, for the worker that gets it
Versions = Mapping[str, str]


log = logging.getLogger(__name__)


class VersionError(PsykanalysError):
    """A worker that has other code or packages than the one who asks."""


def versions(packages: Sequence[str] = ()) -> dict[str, str]:
    """What decides that a worker gives the same bytes as we: Python, our code, and the packages it runs with."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    own = {"python": python, "psykanalys": __version__, "code": f"{manifest.code_checksum()}-{_files()}"}
    return own | {name: _version(name) for name in sorted({*manifest.PACKAGES, *PACKAGES, *packages})}


def check_here(expected: Versions) -> None:
    """In a worker: raise VersionError unless it has what is expected. A worker may join while a run goes on."""
    here = versions([name for name in expected if name not in ("python", "psykanalys", "code")])
    if here != expected:
        raise VersionError(_told({_worker(): differences(expected, here)}))


def differences(expected: Versions, there: Versions) -> list[str]:
    """What is another there, as sentences' parts: 'pandas 2.2.0 there, 2.3.1 here'."""
    return [
        f"{name} {there.get(name, MISSING)} there, {expected[name]} here"
        for name in expected
        if there.get(name, MISSING) != expected[name]
    ]


class _UnreachableError(Exception):
    """Nothing could be given to a worker."""


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, LookupError) as error:  # what dask raises where a worker, or the scheduler, is gone
        raise _UnreachableError from error


class Cluster:
    """A scheduler with workers that have been asked for their versions, also those that join later."""

    def __init__(self, client: Any, address: str, expected: Versions) -> None:
        self._client, self.address, self.expected = client, address, expected
        self._same: set[str] = set()
        self._refused: dict[str, str] = {}

    def check(self) -> None:
        """Ask all workers for their versions. Raises VersionError with each that differs; nothing is run then."""
        told = self._asked(None)
        if not told:
            raise PsykanalysError(
                f"--dask {self.address}: there is no worker — start some with `dask worker {self.address}`"
            )
        if wrong := {worker: each for worker, each in sorted(told.items()) if each}:
            raise VersionError(_told(wrong))
        self._same = set(told)

    def share(self, key: str, value: Any) -> Arguments:
        """Give every worker a value by key, once; returns what stands for it among a task's arguments.

        A worker that joins later gets it from another. It is given anew where every worker that had it is gone.
        """
        held: list[Any] = []

        def future(_: str) -> tuple[Any, ...]:
            if not held or held[-1].cancelled():
                held[:] = [self._scatter(key, value, None)]
            return (held[-1],)

        return future

    def send(self, key: str, value: Any, worker: str) -> Any:
        """Give one worker a value by key; returns what stands for it among a task's arguments. Nobody else keeps it."""
        return self._scatter(key, value, worker)

    def present(self) -> dict[str, bool]:
        """The workers that have our versions, and whether each takes work now.

        One that joined later is asked; one that differs gets nothing, which is told once. Raises PsykanalysError where
        the scheduler does not answer.
        """
        workers = self._listed()
        if new := workers.keys() - self._same - self._refused.keys():
            self._welcome(new)
        return {worker: each["status"] == "running" for worker, each in workers.items() if worker in self._same}

    def refuse(self, worker: str, why: str) -> None:
        """Give a worker nothing more, and tell why."""
        self._same.discard(worker)
        if worker not in self._refused:
            log.warning("%s", why)
        self._refused[worker] = why

    def lack(self) -> str:
        """Why there is nobody to do the work."""
        waited = f"--dask {self.address}: no worker for {PATIENCE:g} s"
        advice = f"start some with `dask worker {self.address}`, then this command again: what is made is kept"
        return "\n".join([*self._refused.values(), f"{waited} — {advice}"])

    def run(
        self, function: Callable[..., Any], tasks: Mapping[str, Arguments], each: int = 1
    ) -> Iterator[tuple[str, Any, str]]:
        """Call a function on the workers for each task; a worker has at most `each` of them at once.

        Yields (name, result, "") as each is done, or (name, None, what went wrong). A task whose worker dies is run by
        another after all others, and given up when TRIES workers are lost. Where there has been no worker for PATIENCE
        seconds, or no scheduler, the tasks that are left are given up. What is not done when the caller stops is
        cancelled.
        """
        batch = _Batch(self, function, tasks, each)
        try:
            while batch.unfinished:
                try:
                    yield from batch.step()
                except PsykanalysError as error:
                    yield from batch.give_up(str(error))
        finally:
            with suppress(Exception):  # a scheduler that is gone has forgotten them
                self._client.cancel(list(batch.running), force=True)

    def submit(self, function: Callable[..., Any], arguments: tuple[Any, ...], key: str, worker: str) -> Any:
        """Have one worker call a function; returns the future."""
        with _reaching():
            return self._client.submit(function, *arguments, key=key, pure=False, workers=[worker])

    def forget(self, future: Any) -> None:
        """Cancel a task."""
        self._client.cancel([future], force=True)

    def _scatter(self, key: str, value: Any, worker: str | None) -> Any:
        """A value for one worker, or for all that have our versions."""
        with _reaching():
            workers = [worker] if worker else list(self._same & self._ask_scheduler().keys())
            return self._client.scatter({key: value}, workers=workers, broadcast=True)[key]

    def _listed(self) -> dict[str, Any]:
        """All workers as the scheduler tells of them. A broken line is tried once more, for CONNECTING seconds."""
        for _ in range(2):
            with suppress(OSError, RuntimeError):
                return self._ask_scheduler()
        advice = "start it and its workers again, then this command: what is made is kept"
        raise PsykanalysError(f"--dask {self.address}: the scheduler answers no more — {advice}")

    def _ask_scheduler(self) -> dict[str, Any]:
        told = self._client.sync(self._client.scheduler.identity, callback_timeout=ANSWERING)
        return dict(told["workers"])

    def _welcome(self, workers: Iterable[str]) -> None:
        """Ask workers that have joined for their versions; one that does not answer is asked again later."""
        for worker, wrong in self._asked(list(workers)).items():
            if not wrong:
                self._same.add(worker)
            elif not wrong[0].startswith(NO_ANSWER):
                self.refuse(worker, _told({worker: wrong}))

    def _asked(self, workers: list[str] | None) -> dict[str, list[str]]:
        """What is another in each worker than here."""
        told = self._client.run(_asking(), list(self.expected), workers=workers, on_error="return")
        return {
            worker: differences(self.expected, each)
            if isinstance(each, dict)
            else [f"{NO_ANSWER} ({_first_line(each)})"]
            for worker, each in told.items()
        }


class _Batch:
    """Tasks that workers are to do: which are left, and which worker has which."""

    def __init__(self, cluster: Cluster, function: Callable[..., Any], tasks: Mapping[str, Arguments], each: int):
        self._cluster, self._function, self._tasks, self._each = cluster, function, tasks, each
        self._id = uuid4().hex
        self._left = deque(tasks)
        self._lost: Counter[str] = Counter()
        self._ended: SimpleQueue[Any] = SimpleQueue()
        self._last_seen = monotonic()
        self.running: dict[Any, tuple[str, str]] = {}

    @property
    def unfinished(self) -> list[str]:
        """The tasks that have no result yet."""
        return [*(name for name, _ in self.running.values()), *self._left]

    def step(self) -> Iterator[tuple[str, Any, str]]:
        """Give out what can be given out, and yield what ends within a moment."""
        present = self._cluster.present()
        for future in [future for future, (_, worker) in self.running.items() if worker not in present]:
            yield from self._lose(future)
        workers = [worker for worker, takes in present.items() if takes]
        self._give_out(workers)
        if self.running:
            self._last_seen = monotonic()
        elif monotonic() > self._last_seen + PATIENCE:
            raise PsykanalysError(self._cluster.lack())
        with suppress(Empty):
            future = self._ended.get(timeout=MOMENT)
            ended = list(self._end(future)) if future in self.running else []
            self._give_out(workers)  # before the caller deals with what ended: no worker waits for that
            yield from ended

    def give_up(self, fault: str) -> Iterator[tuple[str, None, str]]:
        """Give up what is not done."""
        for name in self.unfinished:
            yield name, None, f"{_lost(self._lost[name])}; {fault}" if self._lost[name] else fault
        self._left.clear()
        self.running.clear()

    def _give_out(self, workers: Sequence[str]) -> None:
        """Give each worker what it may have, those with least first."""
        load = Counter(worker for _, worker in self.running.values())
        for number in range(self._each):
            for worker in workers:
                if self._left and load[worker] <= number:
                    load[worker] += 1
                    with suppress(_UnreachableError):  # a worker has just died: the next look tells which
                        self._submit(self._left[0], worker)

    def _submit(self, name: str, worker: str) -> None:
        key = f"psykanalys-{name}-{self._lost[name]}-{self._id}"
        future = self._cluster.submit(self._function, self._tasks[name](worker), key, worker)
        self._left.popleft()
        self.running[future] = name, worker
        future.add_done_callback(self._ended.put)

    def _end(self, future: Any) -> Iterator[tuple[str, Any, str]]:
        """What a task gave that ended; or nothing, where it is to be done anew."""
        name, worker = self.running[future]
        error = None if future.cancelled() else future.exception()
        if isinstance(error, VersionError):  # another worker took the place of one that was asked
            self._cluster.refuse(worker, str(error))
        if future.cancelled():
            self._cluster.present()  # raises where it is not the worker that is lost, but the scheduler
        if future.cancelled() or isinstance(error, VersionError):
            yield from self._lose(future)
            return
        try:
            ended = (None, _told_of(error)) if error else (future.result(timeout=FETCHING), "")
        except (OSError, CancelledError):  # the worker died with the result
            yield from self._lose(future)
            return
        del self.running[future]
        yield name, *ended

    def _lose(self, future: Any) -> Iterator[tuple[str, None, str]]:
        """Do a task anew after all others, or give it up."""
        name, _ = self.running.pop(future)
        self._cluster.forget(future)
        self._lost[name] += 1
        if self._lost[name] < TRIES:
            self._left.append(name)
        else:
            yield name, None, f"{_lost(TRIES)} — perhaps it ends them: try it alone, without --dask"


@contextmanager
def connected(address: str, packages: Sequence[str] = ()) -> Iterator[Cluster]:
    """A cluster whose workers all have the same code and packages as we; `packages` are asked for besides.

    Raises PsykanalysError where dask is not installed, nobody answers, or there is no worker, and VersionError with
    every worker and package that differs; then nothing is run.
    """
    _check_installed()
    with _quiet():
        client = _client(address)
        try:
            cluster = Cluster(client, address, versions(packages))
            cluster.check()
            yield cluster
        finally:
            client.close()


def _check_installed() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise PsykanalysError(
            "--dask: dask.distributed is not installed — install it with: python -m pip install 'psykanalys[dask]'"
        ) from None


def _client(address: str) -> Any:
    from distributed import Client

    try:
        with warnings.catch_warnings(action="ignore"):  # versions are compared below, and refused
            return Client(address, timeout=CONNECTING, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise PsykanalysError(
            f"--dask {address}: no scheduler answers ({_first_line(error)}) — start one with `dask scheduler`, "
            "or name another, such as tcp://scheduler:8786"
        ) from error


def _asking() -> Callable[[list[str]], dict[str, str]]:
    """A function that travels whole, so that a worker without psykanalys, or with an old one, can answer too."""

    def versions_there(names: list[str]) -> dict[str, str]:
        import sys
        from importlib.metadata import PackageNotFoundError, version

        try:
            from psykanalys.cluster import versions

            return versions([name for name in names if name not in ("python", "psykanalys", "code")])
        except ImportError:
            pass
        told = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
        for name in names:
            try:
                told.setdefault(name, version(name))
            except PackageNotFoundError:
                continue
        return told

    return versions_there


def _told(wrong: Mapping[str, Sequence[str]]) -> str:
    lines = [f"worker {worker}: {'; '.join(each)}" for worker, each in wrong.items()]
    advice = "the same versions there as here — nothing was run by it"
    return "\n".join([*lines, f"--dask: a worker has other versions — install {advice}"])


def given_up() -> Callable[[], bool]:
    """In a task: what tells whether it was cancelled, or its worker is closing: then nobody waits for its result."""
    from distributed import get_worker

    try:
        worker = get_worker()
        key = worker.get_current_task()
    except (ValueError, LookupError):
        return lambda: False

    def told() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled" or worker.status.name in ("closing", "closed")

    return told


@contextmanager
def ended_when_given_up(stop: Callable[[], object]) -> Iterator[None]:
    """In a task: while the `with` block runs, call `stop` each MOMENT from the time when nobody waits for the task."""
    done, told = Event(), given_up()

    def watch() -> None:
        while not done.wait(MOMENT):
            if told():
                stop()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def scratch() -> str | None:
    """In a worker: its own folder, of which dask deletes what a killed worker left there."""
    from distributed import get_worker

    try:
        return str(get_worker().local_directory)
    except ValueError:
        return None


def _worker() -> str:
    from distributed import get_worker

    try:
        return str(get_worker().address)
    except ValueError:
        return "here"


def _told_of(error: BaseException) -> str:
    if isinstance(error, PsykanalysError):
        return str(error)
    if type(error).__name__ == "KilledWorker":
        return "every worker that began with it died"
    return f"{type(error).__name__}: {_first_line(error)}"


def _lost(times: int) -> str:
    return f"{times} worker{'s' * (times > 1)} died with it"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return MISSING


@cache
def _files() -> str:
    """A checksum of every file of the package that runs or is read, whether it decides what a page says or not."""
    source = manifest.SOURCE
    paths = sorted(path for path in source.rglob("*") if path.suffix in _CODE)
    contents = {path.relative_to(source).as_posix(): path.read_bytes().replace(b"\r\n", b"\n") for path in paths}
    return manifest.checksum({name: sha256(content).hexdigest() for name, content in contents.items()})


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of dask's own logs on the terminal: what goes wrong is told as a sentence."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "distributed"]
    before = {name: logging.getLogger(name).level for name in names}
    try:
        for name in names:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
