"""The formats of a report. Each is written from the finished page."""

from __future__ import annotations

from collections.abc import Sequence

FORMATS = ("html", "pdf", "text", "docx")
ENDINGS = {"html": ".html", "pdf": ".pdf", "text": ".txt", "docx": ".docx"}


def convert(page: str, form: str, name: str, formats: Sequence[str] = FORMATS) -> bytes:
    """The finished page in one of FORMATS. `name` is the file's, without ending; `formats` are all that are made."""
    if form == "html":
        return page.encode()
    from psykanalys.report.document import parse

    document = parse(page)
    if form == "pdf":
        from psykanalys.report.pdf import write_pdf

        return write_pdf(document)
    if form == "docx":
        from psykanalys.report.docx import write_docx

        return write_docx(document)
    from psykanalys.report.text import write_text

    return write_text(
        document, [f"{name}{ENDINGS[other]}" for other in FORMATS if other in formats and other != "text"]
    )
