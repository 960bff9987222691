"""The county's own words on its focus areas, from a Markdown file: signed and dated (docs/commentary.md).

The text stays Markdown in the commentary table: paragraphs, lines that begin with '- ' and *emphasis*, nothing else.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import yaml

from psykanalys.data.files import read_within
from psykanalys.data.prepare import as_table
from psykanalys.data.project import Project, find_file
from psykanalys.data.reader import shown
from psykanalys.data.settings import compose
from psykanalys.data.text import unseen
from psykanalys.errors import DataError, Fault
from psykanalys.periods import FORMS, parse_period

FENCE = "---"
MOST_BYTES = 200_000
LONGEST_HEADING = 200
SIGNATURE: Mapping[str, str] = {"author": "författare", "role": "roll", "date": "datum"}
BEFORE, UNKNOWN = 0, -1  # instead of a focus area's number
HEADING = re.compile(r"##[ \t]+([1-5])(?:[ \t]+(.*?))?[ \t]*")
EMPHASIS = re.compile(r"\*(\S(?:[^*]*\S)?)\*")
REFUSED: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"<[A-Za-z/!?]"), "HTML is refused", "plain text, '- ' and *emphasis*"),
    (re.compile(r"\]\(|\]\[|^\[[^\]]+\]:"), "links and images are refused", "the words without the address"),
    (re.compile(r"\bhttps?://|\bwww\.", re.IGNORECASE), "addresses are refused", "the words without the address"),
    (re.compile(r"\*\*|__|`|~~"), "only *emphasis* marks words", "one * on each side"),
    (re.compile(r"^(?:[*+]|\d{1,2}[.)])\s"), "this kind of list is refused", "lines that begin with '- '"),
    (re.compile(r"^\s+-\s"), "lists inside lists are refused", "a line that begins with '- '"),
    (re.compile(r"^(?:[>|]|---|===)"), "quotations, tables and rules are refused", "paragraphs and lines with '- '"),
)


@dataclass
class _Reading:
    """A file while it is read: what it says, the line each focus area begins on, and the faults found."""

    path: Path
    names: Mapping[int, str]
    signature: dict[str, str] = field(default_factory=dict)
    texts: dict[int, list[str]] = field(default_factory=dict)
    begins: dict[int, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int, column: str, what: str, expected: str) -> None:
        self.faults.append(Fault(shown(self.path), line, column, what, expected))


def locate(project: Project, text: str) -> Path:
    """The commentary file that a parameter names, relative to the project folder.

    Raises ParameterError where it is not there or lies outside the project.
    """
    expected = "a Markdown file, named relative to the project folder, such as commentary/vasterbotten.md"
    return find_file(project, text, "commentary", expected)


def read_commentary(path: Path, county_code: str, names: Mapping[int, str]) -> pd.DataFrame:
    """Read a commentary file as rows of the commentary table, one per focus area.

    `names` are the focus areas' official names by number. Raises DataError with every fault and its line.
    """
    reading = _Reading(path, names)
    lines = _lines(reading)
    if lines is not None:
        body = _read_signature(reading, lines)
        _read_body(reading, lines, body)
    if reading.faults:
        raise DataError(sorted(reading.faults))
    return as_table("commentary", list(_rows(reading, county_code)))


def _rows(reading: _Reading, county_code: str) -> Iterator[dict[str, object]]:
    for number, lines in sorted(reading.texts.items()):
        text = "\n".join(lines).strip()
        row = {"id": f"commentary-{county_code}-{number}", "county_code": county_code, "focus_area": number}
        yield {**row, **reading.signature, "text": text}


def _lines(reading: _Reading) -> list[str] | None:
    try:
        text = read_within(reading.path, MOST_BYTES).decode("utf-8-sig")
        return _without_unseen(reading, text.replace("\r\n", "\n").split("\n"))
    except OSError as error:
        reading.fault(0, "", f"the file cannot be read ({error.strerror})", "a readable Markdown file")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        reading.fault(line, "", "the file is not UTF-8", "save it as UTF-8")
    return None


def _without_unseen(reading: _Reading, lines: list[str]) -> list[str]:
    for line, text in enumerate(lines, 1):
        if found := unseen(text):
            reading.fault(line, "", f"a character that is not seen stands here ({found})", "delete it")
    return lines


def _read_signature(reading: _Reading, lines: list[str]) -> int:
    """Read who wrote it, as what and when; return the index of the first line after it."""
    expected = f"lines with {', '.join(SIGNATURE)} between two lines with {FENCE}"
    if lines[0].rstrip() != FENCE:
        reading.fault(1, "", f"the file does not begin with {FENCE}", expected)
        return next((number for number, line in enumerate(lines) if line.startswith("#")), len(lines))
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        reading.fault(1, "", f"the signature has no second {FENCE}", expected)
        return len(lines)
    try:
        entries = compose("\n".join(lines[1:end]))
    except yaml.YAMLError as error:
        reading.fault(_line_of(error) + 2, "", "the signature is not readable as YAML", expected)
        return end + 1
    _read_entries(reading, entries, expected)
    return end + 1


def _line_of(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line if mark else 0


def _read_entries(reading: _Reading, entries: yaml.Node | None, expected: str) -> None:
    if entries is not None and not isinstance(entries, yaml.MappingNode):
        reading.fault(2, "", "the signature is no list of 'name: text'", expected)
        return
    meant = {_read_entry(reading, key, value) for key, value in (entries.value if entries else [])}
    for name in SIGNATURE:
        if name not in meant:
            reading.fault(1, name, "is missing", f"a line '{name}: …' (or '{SIGNATURE[name]}: …')")


def _read_entry(reading: _Reading, key: yaml.Node, value: yaml.Node) -> str:
    """Read one line of the signature; return the name that it has or, misspelt, most likely means."""
    english = {swedish: name for name, swedish in SIGNATURE.items()} | {name: name for name in SIGNATURE}
    written = str(key.value) if isinstance(key, yaml.ScalarNode) else "a name that is no text"
    line = key.start_mark.line + 2
    text = value.value.strip() if isinstance(value, yaml.ScalarNode) else ""
    near = difflib.get_close_matches(written.lower(), english, 1)
    name = english.get(written.lower(), "")
    if not name:
        hint = f"did you mean '{near[0]}'?" if near else f"one of {', '.join(SIGNATURE)}"
        reading.fault(line, written, "is no part of the signature", hint)
        return english[near[0]] if near else ""
    if name in reading.signature:
        reading.fault(line, name, "stands there more than once", f"one line with {name} or {SIGNATURE[name]}")
    elif not text:
        reading.fault(line, name, "has no text", f"'{name}: …'")
    elif name == "date" and not _is_period(text):
        reading.fault(line, name, f"'{text}' is no date", FORMS)
    reading.signature.setdefault(name, text)
    return name


def _is_period(text: str) -> bool:
    try:
        parse_period(text)
    except ValueError:
        return False
    return True


def _read_body(reading: _Reading, lines: list[str], first: int) -> None:
    number = BEFORE
    for line, text in enumerate(lines[first:], first + 1):
        if text.startswith("#"):
            number = _read_heading(reading, line, text.strip())
        elif number == BEFORE and text.strip():
            reading.fault(line, "", "text before the first heading", "a heading '## 1' to '## 5' above it")
            number = UNKNOWN
        elif number in reading.texts:
            reading.texts[number].append(text.rstrip())
            _check_line(reading, line, text)
    for each, begin in reading.begins.items():
        if not any(reading.texts[each]):
            reading.fault(begin, "", f"no text about focus area {each}", "at least one paragraph, or no heading")
    if not reading.begins and not reading.faults:
        reading.fault(0, "", "no focus area is commented", "a heading '## 1' to '## 5' with text below it")


def _read_heading(reading: _Reading, line: int, text: str) -> int:
    """The number of the focus area that a heading names."""
    found = HEADING.fullmatch(text) if len(text) <= LONGEST_HEADING else None
    if found is None:
        expected = "'## 1' to '## 5', alone or with the official name"
        reading.fault(line, "", f"'{text[:LONGEST_HEADING]}' is no heading of a focus area", expected)
        return UNKNOWN
    number, name = int(found[1]), reading.names[int(found[1])]
    if found[2] and found[2].casefold() != name.casefold():
        reading.fault(line, "", f"'{found[2]}' is not focus area {number}", f"'## {number} {name}' or '## {number}'")
    if number in reading.begins:
        what = f"focus area {number} stands already on line {reading.begins[number]}"
        reading.fault(line, "", what, "all text about it below one heading")
        return UNKNOWN
    reading.begins[number], reading.texts[number] = line, []
    return number


def _check_line(reading: _Reading, line: int, text: str) -> None:
    for pattern, what, expected in REFUSED:
        if pattern.search(text):
            reading.fault(line, "", what, expected)
            return
    if "*" in EMPHASIS.sub("", text):
        reading.fault(line, "", "a * stands alone", "two on the same line, around the words to emphasise")
