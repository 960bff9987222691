"""Where a project lies: the folder with `params/common.yaml`, `data/raw/` and `notebooks/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psykanalys.errors import ParameterError, ProjectError

MARKER = Path("params") / "common.yaml"


@dataclass(frozen=True)
class Project:
    """A project folder and the places in it."""

    root: Path

    @property
    def raw(self) -> Path:
        """Raw data: `sources.csv` and one folder per document."""
        return self.root / "data" / "raw"

    @property
    def processed(self) -> Path:
        """Processed tables and their manifest."""
        return self.root / "data" / "processed"

    @property
    def params(self) -> Path:
        """Parameter files."""
        return self.root / "params"

    @property
    def notebooks(self) -> Path:
        """Notebooks."""
        return self.root / "notebooks"

    @property
    def reports(self) -> Path:
        """Where reports go by default."""
        return self.root / "reports"


def last_change(project: Project) -> int:
    """When a file that reports are made of was changed last, in nanoseconds; 0 where there is none."""
    places = (project.raw, project.params, project.notebooks)
    return max((path.lstat().st_mtime_ns for place in places for path in place.rglob("*")), default=0)


def find_project(folder: Path | str | None = None) -> Project:
    """Return the project in `folder`, or the nearest at or above the working folder. Raises ProjectError."""
    start = Path(folder or Path.cwd()).resolve()
    candidates = [start] if folder else [start, *start.parents]
    for candidate in candidates:
        if (candidate / MARKER).is_file():
            return Project(candidate)
    where = f"'{start}' is not a project" if folder else f"no project at or above '{start}'"
    raise ProjectError(f"{where} — expected a folder with {MARKER.as_posix()}; name one with --project DIR")


def find_file(project: Project, text: str, parameter: str, expected: str) -> Path:
    """The file that a parameter names, relative to the project folder.

    Raises ParameterError where it is not there or lies outside the project.
    """
    root = project.root.resolve()
    try:
        path = (root / text).resolve()
        is_file = path.is_file()
    except (OSError, ValueError) as error:
        raise ParameterError(f"{parameter}: {text[:80]!r} is no name of a file — expected {expected}") from error
    if not path.is_relative_to(root):
        raise ParameterError(f"{parameter}: '{text}' lies outside the project — expected {expected}")
    if not is_file:
        raise ParameterError(f"{parameter}: '{text}' is no file in the project — expected {expected}")
    return path
