"""A county's files in a folder of their own: read and checked as raw data are, without being part of any project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psykanalys.data.project import Project
from psykanalys.data.reader import read_table


@dataclass(frozen=True)
class Folder(Project):
    """A folder with `sources.csv` and the files of its documents, beside it or in one folder per document."""

    @property
    def raw(self) -> Path:
        """The folder itself: its files lie as those of `data/raw/` do."""
        return self.root

    @property
    def workbooks(self) -> list[Path]:
        """The workbooks in the folder, but for what Excel keeps of an open one."""
        return sorted(path for path in self.root.glob("*.xlsx") if not path.name.startswith("~$"))

    @property
    def unread(self) -> list[Path]:
        """The workbooks whose document has no rows yet: it is not in `sources.csv`, or has no checksum there."""
        return [path for path in self.workbooks if not self._is_read(path.stem)]

    def _is_read(self, document: str) -> bool:
        sources = self.raw / "sources.csv"
        if not sources.is_file():
            return False
        return not any(row.get("id") == document and not row.get("sha256") for row in read_table(sources).rejected)
