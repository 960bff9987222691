"""What an analyst can do wrong, said as sentences. A traceback means that we did something wrong."""

from __future__ import annotations

from dataclasses import dataclass


class PsykanalysError(Exception):
    """A mistake that the analyst can mend; shown without a traceback, in JupyterLab too."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class DataError(PsykanalysError):
    """Raw data that breaks the contract. Carries every fault, not only the first."""

    def __init__(self, faults: list[Fault]):
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class CatalogueError(PsykanalysError):
    """An indicator definition that is missing or cannot be used."""


class ParameterError(PsykanalysError):
    """A parameter that is unknown, missing or of the wrong type."""


class ProjectError(PsykanalysError):
    """A project folder, or a file that must lie in it, was not found."""


class ReportError(PsykanalysError):
    """A report that could not be made."""


class MailError(PsykanalysError):
    """A letter that may not be sent, or could not be."""


@dataclass(frozen=True, order=True)
class Fault:
    """One fault in one cell: where it is, what is wrong, what was expected.

    `row` is the line in the file as an editor counts it (the header is 1); 0 means the whole file.
    """

    file: str
    row: int
    column: str
    what: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.row or '-'}:{self.column or '-'}: {self.what} — {self.expected}"
