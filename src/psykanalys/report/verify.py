"""The issuer's proof: a page is made again from the project, with the page's own parameters, and held beside it."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from psykanalys.data.project import Project
from psykanalys.errors import PsykanalysError, ReportError
from psykanalys.manifest import FORMAT, changed
from psykanalys.present import ledger
from psykanalys.present.ledger import Cause
from psykanalys.report import params, runner, seal
from psykanalys.report.pages import read_page
from psykanalys.report.seal import Line

Remake = Callable[[Project, Mapping[str, Any]], tuple[str, dict[str, Any]]]
MOST_TOLD = 20
MOST_PAIRS = 2_000_000  # lines that are held beside each other by likeness
_NO_NOTES = dict.fromkeys(map(ord, "⁰¹²³⁴⁵⁶⁷⁸⁹"))

TAMPERED = "page changed after it was made"
RESAVED = "only saved again by a program: the same text and figures, other markup"
RESTYLED = "page changed after it was made: the same text and figures, other elements, attributes or style"
SAME_TEXT = "the same text and figures, made from other input"
REASONS = {
    Cause.NEW_PERIOD: "new period",
    Cause.REVISED_ROW: "raw row changed",
    Cause.DELETED_ROW: "raw row removed",
    Cause.DEFINITION: "definition changed",
    Cause.SUPPRESSION: "suppression changed",
    Cause.CODE: "code or packages changed",
    Cause.NEW: "raw row added",
}
_PARTS = {
    "rows": "raw rows changed", "definitions": "definitions changed", "code": "code changed",
    "packages": "packages changed", "python": "Python changed", "version": "version changed",
    "notebook": "notebook changed", "previous": "the earlier report's twin changed", "parameters": "parameters changed",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """One place where the page and what is made now say different things."""

    section: str
    page: str
    now: str
    why: str
    figures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """What came of it. `input` names what the page was made from that is another now."""

    file: str
    code: str
    identical: bool
    why: tuple[str, ...] = ()
    input: tuple[str, ...] = ()
    differences: tuple[Place, ...] = ()
    notes: tuple[str, ...] = ()


def verify(path: Path, project: Project, *, remake: Remake | None = None) -> Proof:
    """Make a page again and tell whether it is the same, and if not, where and why.

    The twin beside the page is used if it is there and belongs to it. Raises ReportError for what is no report.
    """
    page = read_page(path)
    manifest = _manifest(page, path)
    twin, notes = _twin(path.with_suffix(".json"), manifest)
    now, twin_now = (remake or runner.make)(project, manifest["parameters"])
    notes += _other_parameters(project, manifest["parameters"])
    told = seal.code(manifest)
    if page == now:
        return Proof(path.name, told, True, notes=tuple(notes))
    return _Comparison(page, now, manifest, seal.manifest_of(now) or {}, twin, twin_now).proof(path.name, told, notes)


def told(proof: Proof) -> str:
    """The proof as text for a terminal."""
    head = f"{proof.file}: {'identical' if proof.identical else 'differs'} (control code {proof.code})"
    lines = [head, *(f"  why: {why}" for why in proof.why), *(f"  input: {each}" for each in proof.input)]
    for each in proof.differences[:MOST_TOLD]:
        lines += [f"  {each.section}", f"    page: {each.page or '–'}", f"    now:  {each.now or '–'}"]
        lines += [f"    why:  {each.why}"]
    left = len(proof.differences) - MOST_TOLD
    lines += [f"  … and {left} more (--json lists all)"] if left > 0 else []
    return "\n".join([*lines, *(f"  note: {note}" for note in proof.notes)])


class _Comparison:
    """A page beside what is made now, with their manifests and twins."""

    def __init__(
        self,
        page: str,
        now: str,
        manifest: Mapping[str, Any],
        manifest_now: Mapping[str, Any],
        twin: Mapping[str, Any] | None,
        twin_now: Mapping[str, Any],
    ):
        self._page, self._now = page, now
        self._manifest, self._manifest_now = manifest, manifest_now
        self._twin, self._twin_now = twin, twin_now
        self._parts = [part for part in _PARTS if manifest.get(part) != manifest_now.get(part)]
        self._is_broken = seal.text_checksum(page) != manifest.get("text") or set(seal.told_codes(page)) != {
            seal.code(manifest)
        }
        self._difference = ledger.Difference(twin, twin_now) if twin else None
        self._changes = {change.ref: change for change in self._difference.found()} if self._difference else {}
        self._rows = self._changed_rows()
        self._definitions = self._changed_definitions() if "definitions" in self._parts else []
        self._redefined = {name.partition(" ")[0] for _, name in self._definitions}

    def proof(self, file: str, code: str, notes: list[str]) -> Proof:
        """What the comparison says."""
        differences = tuple(self._differences())
        return Proof(file, code, False, tuple(self._why(differences)), tuple(self._input()), differences, tuple(notes))

    def _why(self, differences: Iterable[Place]) -> Iterator[str]:
        reasons = dict.fromkeys(each.why.partition(":")[0] for each in differences)
        if self._is_broken and TAMPERED not in reasons:
            yield f"{TAMPERED}: its text does not fit its own checksum and control code"
        yield from reasons
        if reasons or self._is_broken:
            return
        if self._parts:
            yield SAME_TEXT
        else:
            yield RESAVED if seal.skeleton(self._page) == seal.skeleton(self._now) else RESTYLED

    def _input(self) -> Iterator[str]:
        """What the page was made from that is another now, as exactly as page and twin can tell."""
        for part in self._parts:
            if part == "rows":
                yield from (f"raw row {how}: {name}" for how, names in self._rows.items() for name in names)
            elif part == "definitions":
                yield from (f"definition {how}: {name}" for how, name in self._definitions)
            elif part in ("packages", "parameters"):
                yield from _pairs(part, self._manifest.get(part, {}), self._manifest_now.get(part, {}))
            else:
                yield f"{_PARTS[part]}: {self._manifest.get(part, '–')} → {self._manifest_now.get(part, '–')}"

    def _changed_rows(self) -> dict[str, list[str]]:
        """The rows that are others now, by how: exact with the twin, by the manifest's signs without."""
        if self._twin:
            before, after = ledger.flat(self._twin["rows"]), ledger.flat(self._twin_now["rows"])
            return changed(before, after)
        found: dict[str, list[str]] = {"changed": [], "added": [], "removed": []}
        before, after = self._manifest.get("rows", {}), self._manifest_now.get("rows", {})
        for kind in sorted({*before, *after}):
            names = [f"{kind}/{name}" for name in sorted(self._twin_now["rows"].get(kind, {}))]
            _compare_signs(before.get(kind, ["", ""]), after.get(kind, ["", ""]), names, kind, found)
        return found

    def _changed_definitions(self) -> list[tuple[str, str]]:
        found: dict[str, list[str]] = {"changed": [], "added": [], "removed": []}
        if self._twin:
            before, after = self._twin["definitions"], self._twin_now["definitions"]
            found = changed(*({name: entry["checksum"] for name, entry in each.items()} for each in (before, after)))
            found["changed"] = [_with_fields(name, before[name], after[name]) for name in found["changed"]]
        else:
            names = sorted(self._twin_now["definitions"])
            before, after = self._manifest["definitions"], self._manifest_now["definitions"]
            _compare_signs(before, after, names, "definitions", found)
        return [(how, name) for how, names in found.items() for name in names]

    def _differences(self) -> Iterator[Place]:
        """Where the two say different things; a line that only stands elsewhere is no difference."""
        before, after = seal.lines(self._page), seal.lines(self._now)
        matcher = difflib.SequenceMatcher(None, [line.says for line in before], [line.says for line in after], False)
        blocks = [block[1:] for block in matcher.get_opcodes() if block[0] != "equal"]
        gone = [line for start, end, _, _ in blocks for line in before[start:end]]
        came = [line for _, _, start, end in blocks for line in after[start:end]]
        gone, came = _without_moved(gone, came), _without_moved(came, gone)
        if not gone and not came and blocks:
            yield Place("", "", "", f"{self._general()}: the same lines in another order")
        for one, other in _pairs_of_lines(gone, came):
            if self._parts and _says_the_same(one, other):
                continue
            figures = tuple(dict.fromkeys(ref for ref, _ in (*one.figures, *other.figures)))
            yield Place(one.section or other.section, one.text, other.text, self._cause(one, figures), figures)

    def _cause(self, line: Line, figures: Iterable[str]) -> str:
        if not self._parts or self._is_altered(line):
            return TAMPERED
        causes = [self._cause_of(ref) for ref in figures]
        causes = [cause for cause in dict.fromkeys(causes) if cause]
        return "; ".join(causes) or self._general()

    def _general(self) -> str:
        """Why anything may be otherwise that is tied to no row and no definition."""
        return " or ".join(_PARTS[part] for part in self._parts) or TAMPERED

    def _is_altered(self, line: Line) -> bool:
        """Whether the page shows a figure otherwise than it did when its twin was written."""
        shown = self._twin["page"]["shown"] if self._twin else {}
        return bool(shown) and any(text and text not in shown.get(ref, []) for ref, text in line.figures)

    def _cause_of(self, ref: str) -> str:
        """Why a figure is another, with the rows or definitions that made it so."""
        change = self._changes.get(ref)
        if change:
            what = ", ".join(change.rows if change.cause != Cause.DEFINITION else change.definitions)
            return f"{REASONS[change.cause]}: {what}" if what else REASONS[change.cause]
        if ref.startswith("n"):
            return REASONS[self._difference.cause_of_count()] if self._difference else ""
        figure = next((each for each in self._twin_now["figures"] if each["ref"] == ref), None)
        if figure is None:
            return ""
        rows = [row for names in self._rows.values() for row in names if row in figure["rows"]]
        if rows:
            return f"{REASONS[Cause.REVISED_ROW]}: {', '.join(rows)}"
        definitions = [name for name in figure["definitions"] if name in self._redefined]
        return f"{REASONS[Cause.DEFINITION]}: {', '.join(definitions)}" if definitions else ""


class _Manifest(BaseModel):
    """What a manifest must hold to be compared with another."""

    version: str
    parameters: dict[str, Any]
    rows: dict[str, tuple[str, str]]
    definitions: tuple[str, str]
    packages: dict[str, str]


def _manifest(page: str, path: Path) -> dict[str, Any]:
    manifest = seal.manifest_of(page)
    if manifest is None or not isinstance(manifest.get("parameters"), dict):
        raise ReportError(f"{path}: tells nothing of what it was made from — name the HTML page of a report")
    if manifest.get("format") != FORMAT:
        raise ReportError(f"{path}: was made by version {manifest.get('version')} — verify it with that version")
    try:
        params.validate(manifest["parameters"], str(path))
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise ReportError(f"{path}: its manifest is damaged ({where}) — ask for the page again") from error
    except PsykanalysError as error:
        raise ReportError(f"{error} (in the page's manifest)") from error
    return manifest


def _twin(path: Path, manifest: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    """The twin beside the page, if it is one and of this very page."""
    if not path.is_file():
        return None, [f"no twin {path.name} beside it: rows and definitions are told by the page's own signs"]
    try:
        twin = ledger.read_twin(path)
    except PsykanalysError as error:
        return None, [str(error)]
    own = twin.get("page", {"manifest": None, "code": "–"})
    if own["manifest"] != manifest:
        return None, [f"{path.name} beside it is the twin of another page (control code {own['code']})"]
    return twin, []


def _other_parameters(project: Project, parameters: Mapping[str, Any]) -> list[str]:
    """What the project's parameter files say otherwise now; the page's own parameters were used."""
    try:
        area = params.area_of(parameters)
        level = params.level_of(parameters)
        own = params.read(project, area.file_name, level=level, optional=True).model_dump()
    except PsykanalysError as error:
        return [f"the project's own parameters cannot be read: {error}"]
    return [
        f"the project's parameter {name} is {own[name]!r} now, the page was made with {value!r}"
        for name, value in parameters.items()
        if own.get(name) != value and name not in params.LEVELS
    ]


def _without_moved(lines: list[Line], others: list[Line]) -> list[Line]:
    """The lines that do not stand among the others, each as often as it does."""
    left = Counter(line.says for line in others)
    kept = []
    for line in lines:
        if left[line.says] > 0:
            left[line.says] -= 1
        else:
            kept.append(line)
    return kept


def _says_the_same(one: Line, other: Line) -> bool:
    """Whether only the numbers of footnotes differ, which follow from rows that came or went before them."""
    return one.figures == other.figures and one.text.translate(_NO_NOTES) == other.text.translate(_NO_NOTES)


def _pairs_of_lines(gone: list[Line], came: list[Line]) -> Iterator[tuple[Line, Line]]:
    """Each line that is gone beside the one that stands for it: of the same figures, else the next in its section."""
    waiting, by_likeness = list(came), len(gone) * len(came) <= MOST_PAIRS
    for line in gone:
        refs = [ref for ref, _ in line.figures]
        alike = [other for other in waiting if other.section == line.section]
        same = [other for other in alike if refs and [ref for ref, _ in other.figures] == refs]
        near = difflib.get_close_matches(line.text, [other.text for other in alike], 1) if by_likeness else []
        other = next(iter([*same, *(each for each in alike if each.text in near)]), Line("", ""))
        waiting = [each for each in waiting if each is not other]
        yield line, other
    yield from ((Line("", ""), other) for other in waiting)


def _compare_signs(
    before: list[str], after: list[str], names: list[str], kind: str, found: dict[str, list[str]]
) -> None:
    """Which rows are others, by one sign a row in order of id; removed ones have no name any more."""
    if before[0] == after[0]:
        return
    told = 0
    for tag, start, end, start_now, end_now in difflib.SequenceMatcher(None, before[1], after[1], False).get_opcodes():
        if tag == "equal":
            continue
        same = min(end - start, end_now - start_now)
        found["changed"] += names[start_now : start_now + same]
        found["added"] += names[start_now + same : end_now]
        gone = end - start - same
        found["removed"] += (
            [f"{kind}: {gone} after {names[start_now - 1] if start_now else 'the beginning'}"] if gone else []
        )
        told += 1
    if not told:
        found["changed"].append(f"{kind}: one whose sign is the same")


def _pairs(part: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield f"{_PARTS[part]}: {name} {before.get(name, '–')} → {after.get(name, '–')}"


def _with_fields(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    one, other = before["definition"], after["definition"]
    fields = sorted(field for field in {*one, *other} if one.get(field) != other.get(field))
    return f"{name} ({', '.join(fields)})"


def as_json(proof: Proof) -> str:
    """The proof as JSON text."""
    content = {**vars(proof), "answer": "identical" if proof.identical else "differs"}
    return json.dumps(
        content | {"differences": [vars(each) for each in proof.differences]}, ensure_ascii=False, indent=1
    )
