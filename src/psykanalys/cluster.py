"""More machines: tasks on a dask.distributed cluster, whose workers must have the same code and packages as we.

Data travel with the tasks or by key, never over a shared disk. A task is run again elsewhere where its worker dies.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import uuid4

from psykanalys import __version__, manifest
from psykanalys.errors import PsykanalysError

PACKAGES = ("cloudpickle", "dask", "distributed", "msgpack")
CONNECTING = 5.0  # seconds until a scheduler is given up
ATTEMPTS = 3  # how often a task is given out anew where the data that it needs were lost with their workers
MISSING = "none"
_CODE = (".py", ".j2", ".css", ".typ", ".yaml")
Arguments = Callable[[], tuple[Any, ...]]
Versions = Mapping[str, str]


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


class Cluster:
    """A scheduler with workers that have been asked for their versions."""

    def __init__(self, client: Any, address: str, expected: Versions) -> None:
        self._client, self.address, self.expected = client, address, expected

    @property
    def workers(self) -> int:
        """How many workers there are now."""
        return len(self._client.scheduler_info(n_workers=-1)["workers"])

    def share(self, key: str, value: Any) -> Arguments:
        """Give every worker a value by key, once; returns what stands for it among a task's arguments.

        It is given anew where every worker that had it is gone.
        """
        held: list[Any] = []

        def future() -> tuple[Any, ...]:
            if not held or held[-1].cancelled():
                held[:] = [self._client.scatter({key: value}, broadcast=True)[key]]
            return (held[-1],)

        return future

    def send(self, key: str, value: Any) -> Any:
        """Give one worker a value by key; returns what stands for it among a task's arguments. Nobody else keeps it."""
        return self._client.scatter({key: value})[key]

    def run(
        self, function: Callable[..., Any], tasks: Mapping[str, Arguments], ahead: int | None = None
    ) -> Iterator[tuple[str, Any, str]]:
        """Call a function on the workers for each task, `ahead` given out at once (default: all).

        Yields (name, result, "") as each is done, or (name, None, what went wrong). A task whose worker dies is run by
        another; what is not done when the caller stops is cancelled.
        """
        from distributed import as_completed

        left, run = [(name, 1) for name in reversed(list(tasks))], uuid4().hex
        running: dict[Any, tuple[str, int]] = {}
        done = as_completed(loop=self._client.loop)
        try:
            while left or running:
                while left and len(running) < (ahead or len(tasks)):
                    name, attempt = left.pop()
                    future = self._submit(function, tasks[name], f"psykanalys-{name}-{attempt}-{run}")
                    running[future] = name, attempt
                    done.add(future)
                future = next(done)
                name, attempt = running.pop(future)
                if future.cancelled() and attempt < ATTEMPTS:
                    left.append((name, attempt + 1))
                else:
                    yield name, *_result(future)
        finally:
            with suppress(Exception):  # a scheduler that is gone has forgotten them
                self._client.cancel(list(running), force=True)

    def _submit(self, function: Callable[..., Any], arguments: Arguments, key: str) -> Any:
        try:
            return self._client.submit(function, *arguments(), key=key, pure=False)
        except (OSError, RuntimeError) as error:  # what dask raises where no worker is left, or the scheduler is gone
            raise PsykanalysError(f"{self.address}: no worker is left ({_first_line(error)}) — start some") from error


@contextmanager
def connected(address: str, packages: Sequence[str] = ()) -> Iterator[Cluster]:
    """A cluster whose workers all have the same code and packages as we; `packages` are asked for besides.

    Raises PsykanalysError where dask is not installed, nobody answers, or there is no worker, and VersionError with
    every worker and package that differs; then nothing is run.
    """
    client = _client(address)
    try:
        expected = versions(packages)
        _check_workers(client, address, expected)
        yield Cluster(client, address, expected)
    finally:
        with _quiet():
            client.close()


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise PsykanalysError(
            "--dask: dask.distributed is not installed — install it with: python -m pip install 'psykanalys[dask]'"
        ) from None
    try:
        with _quiet(), warnings.catch_warnings(action="ignore"):  # versions are compared below, and refused
            return Client(address, timeout=CONNECTING, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise PsykanalysError(
            f"--dask {address}: no scheduler answers ({_first_line(error)}) — start one with `dask scheduler`, "
            "or name another, such as tcp://scheduler:8786"
        ) from error


def _check_workers(client: Any, address: str, expected: Versions) -> None:
    told = client.run(_asking(), list(expected), on_error="return")
    if not told:
        raise PsykanalysError(f"--dask {address}: there is no worker — start some with `dask worker {address}`")
    found = {worker: differences(expected, each) for worker, each in sorted(told.items()) if isinstance(each, dict)}
    found |= {worker: [_first_line(each)] for worker, each in told.items() if not isinstance(each, dict)}
    if wrong := {worker: each for worker, each in found.items() if each}:
        raise VersionError(_told(wrong))


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


def _result(future: Any) -> tuple[Any, str]:
    if future.cancelled():
        return None, "the workers that had its data were lost, again and again"
    error = future.exception()
    if error is None:
        return future.result(), ""
    if isinstance(error, PsykanalysError):
        return None, str(error)
    if type(error).__name__ == "KilledWorker":
        return None, "every worker that began with it died"
    return None, f"{type(error).__name__}: {_first_line(error)}"


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
    """Nothing of dask's own log on the terminal: what goes wrong is told as a sentence."""
    log = logging.getLogger("distributed")
    before, log.level = log.level, logging.CRITICAL
    try:
        yield
    finally:
        log.setLevel(before)
