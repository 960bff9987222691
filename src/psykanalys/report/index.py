"""The index of a batch: every area by group with one line of message and a link, and a map. No script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from math import cos, radians
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
from lxml import html

from psykanalys.areas import Area, UnknownAreaError, borders_file, counties, find_county, find_municipality, short_name
from psykanalys.data.files import write_all
from psykanalys.present.notices import SYNTHETIC

TITLE = "Psykisk hälsa i länen"
NOT_MADE = "Rapporten kunde inte göras om. Den som ansvarar för körningen ser varför."
WIDTH = 200.0  # of the map, in its own units
MIDDLE = 62.5  # degrees north: where the map is as wide as it should be
BEND = 0.04  # degrees: the finest bend that is kept
_STYLE = (
    ".areas{display:flex;flex-wrap:wrap;align-items:flex-start;gap:2rem}.areas>div{flex:1 1 22rem}"
    ".areas h2{margin-top:0}.areas ul+h2{margin-top:1.5rem}.areas svg{width:11rem;height:auto}"
    ".areas path{fill:#e6e6e6;stroke:#fff;stroke-width:1}.areas path.made{fill:#1f5f8b}.areas ul{padding-left:1.1rem}"
    ".areas li{margin:.35rem 0}"
)
_LAST_LETTERS = str.maketrans({"å": "z{", "ä": "z|", "ö": "z}"})  # after z, in this order
_HEAD_BYTES = 60_000  # the first section lies well within


@dataclass(frozen=True)
class Entry:
    """One report in the index: its name (of the file, without ending) and its page, None where it was not made."""

    name: str
    page: Path | None


def write_index(folder: Path, entries: Iterable[Entry]) -> Path:
    """Write `index.html`: the areas by group, in Swedish order of name, each with its message and a link."""
    listed = sorted(entries, key=_in_swedish_order)
    heads = {entry.name: _head(entry.page) for entry in listed}
    made_up = any(SYNTHETIC.encode() in head for head in heads.values())
    warning = f'<p class="warning">{SYNTHETIC}: alla siffror är påhittade.</p>\n' if made_up else ""
    page = (
        '<!DOCTYPE html>\n<html lang="sv">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{TITLE}</title>\n'
        f"<style>\n{_shared_style()}{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{TITLE}</h1>\n{warning}"
        '<p class="lead">En analys per område av planen för psykisk hälsa. '
        "Planerna skiljer sig åt och kan inte rangordnas.</p>\n"
        f'<div class="areas">\n<div>\n{"".join(_groups(listed, heads))}</div>\n{_map(listed)}\n</div>\n'
        "</main>\n</body>\n</html>\n"
    )
    write_all({folder / "index.html": page.encode()})
    return folder / "index.html"


def _in_swedish_order(entry: Entry) -> tuple[str, str]:
    area = area_of(entry.name)
    return (short_name(area) if area else entry.name).lower().translate(_LAST_LETTERS), entry.name


def area_of(name: str) -> Area | None:
    """The area that a file name is of; None where it is of none."""
    try:
        return find_municipality(name) if name.endswith("-kommun") else find_county(name)
    except UnknownAreaError:
        return None


def _groups(listed: Sequence[Entry], heads: Mapping[str, bytes]) -> Iterator[str]:
    """The counties first, then the municipalities of each county."""
    areas = {entry.name: area_of(entry.name) for entry in listed}
    of_county = [entry for entry in listed if (area := areas[entry.name]) is None or area.kind == "county"]
    items = "".join(_item(each, areas[each.name], heads[each.name]) for each in of_county)
    yield f"<h2>Län</h2>\n<ul>{items}</ul>\n" if items else ""
    for county in counties():
        own = [each for each in listed if (area := areas[each.name]) is not None and area.parent == county.code]
        own = [each for each in own if each not in of_county]
        if own:
            items = "".join(_item(each, areas[each.name], heads[each.name]) for each in own)
            yield f"<h2>Kommuner i {escape(county.name)}</h2>\n<ul>{items}</ul>\n"


def _item(entry: Entry, area: Area | None, head: bytes) -> str:
    name = escape(short_name(area) if area else entry.name)
    if entry.page is None:
        return f"<li><strong>{name}</strong>: {NOT_MADE}</li>"
    message = escape(_message(head))
    return f'<li><a href="{escape(entry.page.name)}">{name}</a>{f": {message}" if message else ""}</li>'


def _head(page: Path | None) -> bytes:
    if page is None:
        return b""
    with page.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _message(head: bytes) -> str:
    """The main message of a page, as text; a finished page leaves end tags out, so it is parsed."""
    if not head:
        return ""
    tree = html.document_fromstring(head, parser=html.HTMLParser(encoding="utf-8"))
    return " ".join(tree.xpath("string((//p[@class='message'])[1])").split())


@cache
def _shared_style() -> str:
    return (Path(__file__).parent / "templates" / "psykanalys" / "style.css").read_text(encoding="utf-8")


def _map(listed: Sequence[Entry]) -> str:
    """The counties, those with a report in colour; the list says the same to who does not see it."""
    shapes, height = _shapes()
    made = {area.code for entry in listed if entry.page and (area := area_of(entry.name))}
    drawn = [f'<path{" class=made" if code in made else ""} d="{path}"/>' for code, path in shapes]
    return f'<svg viewBox="0 0 {WIDTH:g} {height:g}" aria-hidden="true" focusable="false">{"".join(drawn)}</svg>'


def have_map() -> None:
    """Draw the map of the index already now."""
    _shapes()


@cache
def _shapes() -> tuple[list[tuple[str, str]], float]:
    """Code and path of each county on a canvas of WIDTH, and how high it is."""
    import shapely

    table = parquet.read_table(borders_file("lan"), columns=["lan_kod", "geometry"]).to_pydict()
    shapes = shapely.coverage_simplify(shapely.from_wkb(table["geometry"]), BEND)
    west, south, east, north = shapely.total_bounds(shapes)
    scale = WIDTH / (east - west)
    stretch = scale / cos(radians(MIDDLE))

    def flat(points: Any) -> Any:
        return (points - (west, north)) * (scale, -stretch)

    drawn = zip(table["lan_kod"], map(_path, shapely.transform(shapes, flat)), strict=True)
    return sorted(drawn), round((north - south) * stretch, 1)


def _path(shape: Any) -> str:
    """A shape as the data of an SVG path."""
    rings = [polygon.exterior.coords for polygon in getattr(shape, "geoms", [shape]) if not polygon.is_empty]
    return "".join(f"M{'L'.join(f'{x:.0f} {y:.0f}' for x, y in list(ring)[:-1])}Z" for ring in rings)
