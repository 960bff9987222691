"""Numbers, periods, units and places as a Swedish reader expects them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from psykanalys.data.prepare import items
from psykanalys.periods import Period, parse_period

NO_BREAK = "\u00a0"
MINUS = "\u2212"
MONTHS = ("januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober",
          "november", "december")  # fmt: skip
SEX = {"T": "", "K": "kvinnor/flickor", "M": "män/pojkar"}
YOUNG_SEX = {"T": "", "K": "flickor", "M": "pojkar"}
ADULT_SEX = {"T": "", "K": "kvinnor", "M": "män"}
SINGULAR_ENDINGS = (
    ("föräldrar", "förälder"), ("listade", "listad"), ("tillfällen", "tillfälle"), ("områden", "område"),
    ("slingor", "slinga"), ("skador", "skada"),
    ("dagar", "dag"), ("delar", "del"), ("domar", "dom"), ("gånger", "gång"), ("ningar", "ning"), ("vägar", "väg"),
    ("minuter", "minut"), ("månader", "månad"), ("ioner", "ion"), ("insatser", "insats"),
    ("platser", "plats"), ("tjänster", "tjänst"), ("grupper", "grupp"), ("kommuner", "kommun"), ("heter", "het"),
    ("teter", "tet"), ("centraler", "central"), ("personer", "person"), ("patienter", "patient"), ("örer", "ör"),
    ("loger", "log"), ("torer", "tor"), ("ister", "ist"), ("intervjuer", "intervju"), ("planer", "plan"),
    ("parter", "part"), ("åtgärder", "åtgärd"), ("träffar", "träff"),
)  # fmt: skip
# Units that stand for 'no unit' or for a scale that is not written after a number.
MOST_DECIMALS = 4  # of a number that is shown with as many as it has
WITHOUT_UNIT = ("antal", "andel", "bedömning", "ej angiven", "ej angivet", "ja/nej")
NUMBER_WORDS = ("inga", "ett", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv")


def is_missing(value: Any) -> bool:
    """Whether a single value is missing: quicker than pandas, which also takes arrays."""
    return value is None or value is pd.NA or value != value


def number(value: Any, decimals: int | None = None) -> str:
    """'24 328', '6,51', '−0,4'. Without `decimals` as many as the value has, at most four."""
    if is_missing(value):
        return "–"
    text = f"{value:z,.{decimals}f}" if decimals is not None else _shortest(value)
    return text.replace(",", NO_BREAK).replace(".", ",").replace("-", MINUS)


def with_unit(value: Any, unit: str, decimals: int | None = None) -> str:
    """'28 %', '58 per 1 000', '36 patienter', '1 patient'."""
    text = number(value, decimals)
    return f"{text}{NO_BREAK}{one(unit) if text.lstrip(MINUS) == '1' else unit_text(unit)}".strip()


def one(unit: str) -> str:
    """The unit after the number 1: 'personer' gives 'person', 'hälsocentraler' 'hälsocentral'."""
    first, _, rest = unit_text(unit).partition(" ")
    for plural, singular in SINGULAR_ENDINGS:
        if first.endswith(plural):
            first = first.removesuffix(plural) + singular
            break
    return f"{first} {rest}".strip()


def unit_text(unit: str) -> str:
    """The unit as printed after a number."""
    written = {"procent": "%", "per 1000": f"per 1{NO_BREAK}000", "per 100000": f"per 100{NO_BREAK}000"}
    return "" if unit in WITHOUT_UNIT else written.get(unit, unit)


def interval(low: float | None, high: float | None, decimals: int | None) -> str:
    """'[35; 56]', or nothing where there is no interval. Without `decimals` the limits as they are printed."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    return f"[{number(low, decimals)}; {number(high, decimals)}]"


def period(text: Any) -> str:
    """'januari–augusti 2018', '2016–2018', 'läsåret 2014/15', '30 september 2018'."""
    if text is None or text is pd.NA or not text:
        return "ej angiven"
    return _written(parse_period(str(text)))


def population(sex: str, age: str, level: str = "") -> str:
    """'flickor, 0–17 år', or nothing for everybody."""
    words = _sexes(age)[sex]
    ages = f"{age.rstrip('-').replace('-', '–')} år{' och äldre' if age.endswith('-') else ''}" if age else ""
    return ", ".join(part for part in (words, ages, level) if part)


def counted(count: int, singular: str, plural: str) -> str:
    """'ett mål', 'tre mål', '20 mål': small numbers in words."""
    if count == 1:
        return f"{'en' if singular in _COMMON_GENDER else 'ett'} {singular}"
    word = NUMBER_WORDS[count] if 0 <= count < len(NUMBER_WORDS) else number(count)
    return f"{word} {plural}"


def places(text: str, short_names: dict[str, str]) -> str:
    """'A rad 904', 'A rad 899–904': documents by letter, with lines."""
    by_source: dict[str, list[int]] = {}
    for place in items(text):
        source, _, line = place.rpartition(":")
        by_source.setdefault(source, []).append(int(line))
    return ", ".join(
        f"{short_names.get(source, source)}{NO_BREAK}rad {line_ranges(lines)}" for source, lines in by_source.items()
    )


def listed(words: Iterable[str]) -> str:
    """'a, b och c'."""
    words = [f"{word}" for word in words]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} och {words[-1]}" if words else ""


_COMMON_GENDER = {
    "aktivitet",
    "indikator",
    "uppföljningsindikator",
    "uppgift",
    "avvikelse",
    "fråga",
    "enhet",
    "målrad",
    "jämförelse",
    "insats",
    "målformulering",
}


def _shortest(value: float) -> str:
    return f"{value:z,.{MOST_DECIMALS}f}".rstrip("0").rstrip(".")


def _written(span: Period) -> str:
    first, last = span.first, span.last
    if len(span.text) == 7 and "/" in span.text:
        return f"läsåret {span.text}"
    if first == last:
        return f"{first.day} {MONTHS[first.month - 1]} {first.year}"
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and span.text.count("-") < 2:
        return str(first.year) if first.year == last.year else f"{first.year}–{last.year}"
    if first.year == last.year and first.month == last.month:
        return f"{MONTHS[first.month - 1]} {first.year}"
    start = MONTHS[first.month - 1] + ("" if first.year == last.year else f" {first.year}")
    return f"{start}–{MONTHS[last.month - 1]} {last.year}"


def _sexes(age: str) -> dict[str, str]:
    first, _, last = age.partition("-")
    if last.isdigit() and int(last) <= 20:
        return YOUNG_SEX
    return ADULT_SEX if first.isdigit() and int(first) >= 16 else SEX


def line_ranges(lines: list[int]) -> str:
    """'357–358, 361'."""
    lines = sorted(set(lines))
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)
