"""Files: read within a limit, and written whole or not at all, never through a link."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO


class TooLargeError(OSError):
    """A file that is larger than any of its kind is."""


def read_within(path: Path, most: int) -> bytes:
    """The content of an ordinary file of at most `most` bytes. Raises OSError; a device or a pipe is never opened."""
    if not path.is_file():
        reason = "no ordinary file" if path.exists() and not path.is_dir() else None
        if reason:
            raise OSError(None, reason, str(path))
    elif path.stat().st_size > most:
        raise TooLargeError(None, f"it is larger than {most / 1_000_000:g} MB", str(path))
    return path.read_bytes()


def beside(path: Path) -> Path:
    """A new name in the same folder, that nobody can have put a link at."""
    return path.with_name(f".{path.name[:80]}.{secrets.token_hex(8)}")


def create(path: Path, *, private: bool = False) -> IO[bytes]:
    """A new file to write to, never one that is there; `private`: for this user only from the start."""
    if not private:
        return path.open("xb")
    path.touch(mode=0o600, exist_ok=False)
    return path.open("r+b")


def write_all(files: Mapping[Path, bytes], *, private: bool = False) -> None:
    """Write files whole or not at all: each under another name first, so that a full disk changes nothing.

    What has the name is replaced; a link is not followed. `private`: for this user only. Raises OSError, and leaves no
    other file behind.
    """
    written: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            written[path] = beside(path)
            with create(written[path], private=private) as file:
                file.write(content)
        for path, temporary in written.items():
            temporary.replace(path)
    finally:
        for temporary in written.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


State = tuple[int, int, int, int]


def state(path: Path) -> State:
    """What is another where a file was changed or replaced: what was read of it before need not be read again."""
    try:
        now = path.stat()
    except OSError:
        return 0, 0, 0, 0
    return now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns
