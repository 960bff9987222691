"""A county's files in a folder of their own: read and checked as raw data are, without being part of any project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psykanalys.data.project import Project


@dataclass(frozen=True)
class Folder(Project):
    """A folder with `sources.csv` and the files of its documents, beside it or in one folder per document."""

    @property
    def raw(self) -> Path:
        """The folder itself: its files lie as those of `data/raw/` do."""
        return self.root
