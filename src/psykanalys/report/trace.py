"""The figures of a finished page with their sections, and the way from each to the documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lxml import etree, html

from psykanalys.areas import UnknownAreaError, find_county, find_municipality
from psykanalys.data.project import Project
from psykanalys.errors import ReportError
from psykanalys.present.county import County, load
from psykanalys.present.trace import Reference
from psykanalys.references import REFERENCE
from psykanalys.report.pages import read_page

TITLE = "Psykisk hälsa i "
HEADINGS = ("h1", "h2", "h3")
ALL_MESSAGES = 1000


@dataclass(frozen=True)
class Shown:
    """A figure where a page shows it: under which headings, as what text, with which reference.

    `place` is 'text', 'drawing' (a text in a figure) or 'alternative' (said only in a figure's words).
    """

    section: str
    text: str
    ref: str
    place: str = "text"


@dataclass(frozen=True)
class Traced:
    """A figure on a page with what it stands for now; `now` are its texts now where they differ from the page's."""

    shown: Shown
    reference: Reference | None
    now: tuple[str, ...] = ()


def figures(page: str) -> list[Shown]:
    """Every marked figure of a page, or of a part of one, in its order."""
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        return list(_figures(html.document_fromstring(page.encode(), parser=parser)))
    except etree.ParserError:
        return []


def _figures(tree: html.HtmlElement) -> Iterator[Shown]:
    headings = ["", "", ""]
    for element in tree.iter(etree.Element):
        if element.tag in HEADINGS:
            level = HEADINGS.index(element.tag)
            headings[level:] = [_even(element), *[""] * (2 - level)]
        section = " › ".join(part for part in headings[1:] if part)
        if element.tag == "data" and REFERENCE.fullmatch(element.get("value") or ""):
            yield Shown(section, _even(element), element.get("value"))
        for ref in (element.get("data-r") or "").split():
            is_text = element.tag == "text"
            yield Shown(section, _even(element) if is_text else "", ref, "drawing" if is_text else "alternative")


def _even(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().replace("\u00ad", "").split())


def trace(path: Path, project: Project, wanted: str = "") -> list[Traced]:
    """A page's figures, each with its chain; with `wanted` those with this reference, or this in their text.

    Raises ReportError for what is no report, and where nothing is found.
    """
    page = read_page(path)
    found = figures(page)
    if not found:
        raise ReportError(f"{path}: no figure is marked in it — expected a page made by `psykanalys report`")
    county = _county(page, path, project)
    chosen = [each for each in found if _is_wanted(each, wanted)]
    if not chosen:
        raise ReportError(f"{path}: no figure says '{wanted}' or has that reference — leave it out to list them all")
    return _traced(chosen, county)


def _is_wanted(shown: Shown, wanted: str) -> bool:
    text = " ".join(wanted.split())
    return text == shown.ref or text.lower() in shown.text.lower()


def _traced(chosen: Iterable[Shown], county: County) -> list[Traced]:
    references = county.references()
    now: dict[str, list[str]] = {}
    for each in figures("".join(county.sections.values())):
        now.setdefault(each.ref, []).append(each.text)
    return [Traced(each, references.get(each.ref), _differing(each, now, references)) for each in chosen]


def _differing(shown: Shown, now: Mapping[str, Sequence[str]], known: Mapping[str, Reference]) -> tuple[str, ...]:
    """What the figure says now, where it never says what the page says."""
    texts = now.get(shown.ref, [known[shown.ref].text] if shown.ref in known else [])
    is_said = shown.place == "alternative" or shown.text.lower() in (text.lower() for text in texts)
    return () if is_said else tuple(dict.fromkeys(texts))


def _county(page: str, path: Path, project: Project) -> County:
    """The county or municipality that the page is about, as its title says."""
    tree = html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8", huge_tree=True))
    title = " ".join(_even(heading) for heading in tree.iter("h1"))
    name = title.removeprefix(TITLE)
    try:
        area = find_municipality(name) if name.endswith(" kommun") else find_county(name)
    except UnknownAreaError as error:
        raise ReportError(f"{path}: '{title}' is no title of a county's report — expected '{TITLE}…'") from error
    if area.kind == "municipality":
        return load(municipality=area.code, messages=ALL_MESSAGES, project=project)
    return load(area.code, messages=ALL_MESSAGES, project=project)


def told(traced: Iterable[Traced]) -> str:
    """The figures as text for a terminal, by section; a chain that was told before is not told again."""
    lines: list[str] = []
    section, seen = "", set()
    for each in traced:
        if each.shown.section != section:
            section = each.shown.section
            lines += ["", section] if lines else [section]
        lines.append(_heading(each))
        if each.shown.ref not in seen:
            seen.add(each.shown.ref)
            lines += [f"      → {line}" for line in _chain(each)]
    return "\n".join(lines)


def _heading(each: Traced) -> str:
    place = "" if each.shown.place == "text" else f" ({each.shown.place})"
    changed = f" — the data have changed: now {' / '.join(each.now)}" if each.now else ""
    return f"  {each.shown.text or '…'}  [{each.shown.ref}]{place}{changed}"


def _chain(each: Traced) -> list[str]:
    if each.reference is None:
        return [
            "UNKNOWN: no row of the project has this reference; its raw row is gone, or the page is of another project"
        ]
    return each.reference.lines()


def unresolved(traced: Iterable[Traced]) -> list[str]:
    """The references that stand for nothing."""
    return list(dict.fromkeys(each.shown.ref for each in traced if each.reference is None))


def as_json(traced: Iterable[Traced]) -> str:
    """The figures as JSON."""
    return json.dumps([_record(each) for each in traced], ensure_ascii=False, indent=1)


def _record(each: Traced) -> dict[str, Any]:
    known = each.reference
    chain = {} if known is None else {
        "kind": known.kind, "row": known.row, "label": known.label, "steps": list(known.steps),
        "raw": [asdict(row) for row in known.rows_read], "places": list(known.places),
    }  # fmt: skip
    return {**asdict(each.shown), "known": known is not None, "changed_to": list(each.now), **chain}
