"""What may leave the house: a report that is there, is its county's, says what its data says, and tells of nobody."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psykanalys.analysis import protect_all
from psykanalys.areas import find_county
from psykanalys.data.prepare import load_prepared
from psykanalys.data.project import Project
from psykanalys.errors import MailError, PsykanalysError
from psykanalys.mail import log
from psykanalys.mail.body import as_html, as_text
from psykanalys.mail.letter import Letter
from psykanalys.mail.message import Attachment
from psykanalys.present.county import County, load
from psykanalys.present.twin import SUPPRESSED, written
from psykanalys.report import gate, runner, seal
from psykanalys.report.verify import Proof, verify

NOT_FOR_MAIL = "ej för utskick"
_AGAIN = "make it again: psykanalys report {}"


@dataclass(frozen=True)
class Report:
    """A report that is what its project says: `page` and `twin` are the texts of its two files."""

    slug: str
    county: County
    page: str
    code: str
    content: Mapping[str, Any]  # the twin

    @property
    def twin(self) -> str:
        """The twin as the text of its file."""
        return written(self.content)

    @property
    def checksum(self) -> str:
        """SHA-256 of the page, in hex: what tells one report from another."""
        return sha256(self.page.encode()).hexdigest()

    def cells(self, *, with_twin: bool) -> list[str]:
        """Ids of the observations that are not published and are told: on the page, or in the twin that goes along."""
        shown = self.content["page"]["shown"]
        return sorted(
            figure["row"]
            for figure in self.content["figures"]
            if figure["kind"] == "result"
            and figure["details"]["published"] != "yes"
            and figure["details"]["status"] != SUPPRESSED
            and (with_twin or figure["ref"] in shown)
        )


def checked(project: Project, slug: str, folder: Path) -> Report:
    """The county's report in a folder of reports. Raises MailError with why it may not be mailed.

    The page is read once: what is proved is what is mailed. Its twin is made anew.
    """
    path = folder / f"{slug}.html"
    if not path.is_file():
        raise MailError(f"{slug}: there is no report {path} — {_AGAIN.format(slug)}")
    content = path.read_bytes()
    manifest = _manifest_of(content, slug)
    with TemporaryDirectory(prefix="psykanalys-") as workshop:
        _proved(project, content, slug, Path(workshop))
    page = content.decode("utf-8")
    county = load(project=project, **manifest["parameters"])
    if county.analysis.is_synthetic:
        raise MailError(f"{slug}: its figures are made up (sources.csv, synthetic) — a demo is not mailed")
    twin = runner.twin_of(project, manifest["parameters"], page)
    return Report(slug, county, page, seal.code(manifest), twin)


def check_files(report: Report, letter: Letter, attachment: Attachment) -> None:
    """Put everything that would be mailed through the last gate. Raises MailError naming what leaks."""
    files = {
        f"{report.slug}.html": report.page.encode(),
        f"{report.slug}.json": report.twin.encode(),
        "letter.html": as_html(letter, "").encode(),
        "letter.txt": f"{letter.subject}\n\n{as_text(letter)}".encode(),
        attachment.name: attachment.content,
    }
    with TemporaryDirectory(prefix="psykanalys-") as workshop:
        paths = [_laid_out(Path(workshop) / name, content) for name, content in files.items()]
        found = [str(leak) for leak in _gate(paths, report.county)]
    if found:
        more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
        raise MailError(f"{report.slug}: tells what must be protected: {'; '.join(found[:3])}{more} — not mailed")


def check_earlier(project: Project, report: Report) -> None:
    """Hold the report beside what was mailed before: together they must not tell what either hides.

    Raises MailError naming the rows that a reader of both could work out.
    """
    known = {cell.row for cell in log.mailed_cells(project)}
    hidden = report.county.analysis.protected.hidden if report.county.analysis.protected else {}
    if not known or not hidden:
        return
    again = protect_all(load_prepared(project), report.county.threshold, known)
    told = sorted({*again.open, *(row for row in again.hidden if row not in hidden), *(known & set(hidden))})
    if told:
        raise MailError(
            f"{report.slug}: with what was mailed before, a reader can work out {', '.join(told[:3])} — give the rows "
            f"that were mailed published=yes in observations.csv, then {_AGAIN.format(report.slug)}"
        )


def _gate(files: Sequence[Path], county: County) -> Sequence[object]:
    """What the last gate finds in the finished files."""
    return gate.leaks(files, county)


def _laid_out(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _manifest_of(content: bytes, slug: str) -> dict[str, Any]:
    """The page's manifest, which must name this county, on a page that may be mailed."""
    page = content.decode("utf-8", "replace")
    manifest = seal.manifest_of(page)
    if manifest is None or not isinstance(manifest.get("parameters"), dict):
        raise MailError(f"{slug}: {slug}.html is no report — {_AGAIN.format(slug)}")
    if NOT_FOR_MAIL in " ".join(unescape(page).casefold().split()):
        raise MailError(
            f"{slug}: the report is marked '{NOT_FOR_MAIL}' — mend what it names, then {_AGAIN.format(slug)}"
        )
    try:
        other = find_county(str(manifest["parameters"].get("county"))).slug
    except ValueError:
        other = "no known county"
    if other != slug:
        raise MailError(f"{slug}: {slug}.html is the report of {other} — {_AGAIN.format(slug)}")
    return manifest


def _proved(project: Project, content: bytes, slug: str, workshop: Path) -> None:
    """Make the report again and hold it beside these bytes. Raises MailError where they are not the same."""
    path = _laid_out(workshop / f"{slug}.html", content)
    try:
        proof = verify(path, project)
    except PsykanalysError as error:
        raise MailError(f"{slug}: {str(error).replace(f'{workshop}{os.sep}', '')}") from error
    if not proof.identical:
        raise MailError(f"{slug}: {_why_not(proof)} — {_AGAIN.format(slug)}")


def _why_not(proof: Proof) -> str:
    rows = [each for each in proof.input if each.startswith("raw row")]
    if rows:
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        return f"the report is older than its data ({rows[0]}{more})"
    return f"the report does not pass `psykanalys verify` ({'; '.join(proof.why[:3])})"
