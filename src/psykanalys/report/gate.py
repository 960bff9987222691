"""The last gate: finished files are read once more, and nothing that could reveal a person may stand in them.

Everything before the gate works on protected rows. What can still go wrong is free text (a commentary, a caution), and
what somebody did to a file afterwards. So the gate reads what a receiver would: text, alternatives, titles, labels in
drawings, attributes, comments, embedded data, file names. A small number beside a word for people is a leak unless it
is the figure of a row that may be shown, or stands in a public document. A protected row has no figure anywhere.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from lxml import etree

from psykanalys.catalogue import load_catalogue
from psykanalys.present.county import County
from psykanalys.present.words import GLOSSARY
from psykanalys.references import reference
from psykanalys.report.seal import Line, as_tree, lines, text_of

_WORDS = ("noll", "en|ett", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv")
_OF_PEOPLE = (
    "patient", "person", "barn", "ungdom", "elev", "flick", "pojk", "kvinn", r"män\b", "individ",
    r"brukar(?:e|en|na|nas|ens)?\b", "invånar", "självmord", "suicid", "dödsfall", "avlid", "vuxna", "äldre",
    "anhörig", "närstående", "förälder", "föräldr", "asylsökande", "nyanländ", "placerad", "vårdtillfäll", "intagn",
    "tvångsvårda",
)  # fmt: skip
_PEOPLE = f"(?:{'|'.join(_OF_PEOPLE)})"
_STEMS = [re.split(r"\W", word)[0] for word in _OF_PEOPLE]
_NUMERIC = ("numerator", "denominator", "value", "value_low", "value_high", "ci_low", "ci_high", "change")


NOT_FOR_MAILING = "Ej för utskick: en uppgift kan avslöja någon. Den som gjorde rapporten ser vilken."
MOST_PARTS = 2_000
MOST_UNPACKED = 200_000_000
_APART = " ¶ "  # between texts: a number at the end of one has nothing to do with the first word of the next
_UNREADABLE = "cannot be read, so nobody knows what it says"
_PDF_TEXTS = ("/Alt", "/ActualText", "/Title", "/T", "/Contents", "/TU")
_SHAPES = ("path", "rect", "circle", "use", "line", "polygon")
_ATTRIBUTES = etree.XPath("//@*")
_UNSEEN = etree.XPath("//head | //script | //style | //template | //title | //desc | //metadata | //*[@class='seal']")
_NOTES = etree.XPath("//comment() | //processing-instruction()")  # also before the page begins
_NOT_OF = "(?:av|bland|efter|för|har|i|inom|med|och|om|på|som|till|under|vid|år)"


@dataclass(frozen=True, order=True)
class Leak:
    """Something in a finished file that must not leave the house: the file, where in it, and what it says."""

    file: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.where}: {self.what}"


def leaks(files: Iterable[Path], report: County) -> list[Leak]:
    """Everything in the files that could reveal a person. `report` is the county's report as it is made now.

    Reads html, json, pdf, docx, txt and zip archives of them; a file of another kind is itself a leak, since it cannot
    be read. Drawn shapes say nothing that can be read back; that they are the right ones is for `verify`.
    """
    return leaks_in({path.name: path.read_bytes() for path in files}, report)


def leaks_in(files: Mapping[str, bytes], report: County) -> list[Leak]:
    """The same for files that are not written yet, by name."""
    known = know(report)
    return sorted({leak for name, content in files.items() for leak in _in_file(name, content, known)})


def know(report: County) -> _Known:
    """What may be said in files of a report: put together once for the last report asked for."""
    if not _last or _last[0].report is not report:
        _last[:] = [_Known(report)]
    return _last[0]


_last: list[_Known] = []


def marked(page: str) -> str:
    """The page with a warning below its title; it is no longer the page that was sealed."""
    warning = f'<p class="warning">{NOT_FOR_MAILING}</p>'
    return page if warning in page else re.sub(r"(</h1>)", rf"\1{warning}", page, count=1)


def _in_file(name: str, content: bytes, known: _Known) -> Iterator[Leak]:
    for hit in known.hits(re.sub(r"[_\-.]+", " ", name)):
        yield Leak(name, "file name", hit)
    reader = _READERS.get(Path(name).suffix.lower(), _unreadable)
    try:
        yield from [Leak(name, where, what) for where, what in reader(content, known)]
    except Exception:  # noqa: BLE001 - a damaged file makes its reader raise anything; it is not mailed
        yield Leak(name, "file", _UNREADABLE)


class _Known:
    """What may be said: the threshold, the protected rows, and every phrase of public documents and shown figures."""

    def __init__(self, report: County):
        self.small = _small(report.threshold)
        hidden = report.analysis.protected.hidden if report.analysis.protected else {}
        self.hidden = {reference("r", row): row for row in hidden}
        self.rows = frozenset(hidden)
        self.report = report
        self._found: dict[str, list[str]] = {}
        self._sections = chain(report.without_figures().each_section(), report.each_section())
        self._on_the_page = set[str]()
        said = self._all(_with_people([*_public_texts(report), *_shown_figures(report)]))
        self.public = phrases_of_definitions(report.threshold).union(said)

    def allows(self, texts: Iterable[str]) -> bool:
        """Whether none of the texts says what `hits` would find: all of them at once."""
        return not self.hits(_with_people(texts))

    def hits(self, text: str) -> list[str]:
        """Small numbers beside people that nothing allows."""
        if text not in self._found:
            self._found[text] = self._all(text)
        left = [hit for hit in self._found[text] if hit not in self.public]
        return [hit for hit in left if not self._is_on_the_page(hit)]

    def _is_on_the_page(self, hit: str) -> bool:
        """Whether the report as it is made now has the phrase, with a marked figure.

        Made only as far as is needed: text and tables first, then with what is drawn.
        """
        while hit not in self._on_the_page and (section := next(self._sections, None)):
            self._on_the_page.update(self._shown(section[1]))
        return hit in self._on_the_page

    def _all(self, text: str) -> list[str]:
        return _phrases(self.small, text)

    def _shown(self, section: str) -> Iterator[str]:
        """Phrases whose number is a marked figure of a row that may be shown."""
        for line in lines(section):
            marked = [text for ref, text in line.figures if ref not in self.hidden and text]
            yield from (hit for hit in self._all(line.text) if any(_is_of(hit, text) for text in marked))


def _is_of(hit: str, marked: str) -> bool:
    """Whether a phrase's number is the marked figure's, or the phrase is part of what is marked."""
    return hit in _even(marked) or _even(marked) in hit or set(_numbers(hit)) <= set(_numbers(marked))


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+|\b(?:" + "|".join(_WORDS) + r")\b", text.lower())


def _public_texts(report: County) -> Iterator[str]:
    """The texts of every raw row that is public; a commentary is the county's own and is not."""
    for kind, table in report.analysis.tables_by_kind.items():
        if kind == "commentary":
            continue
        rows = table[table["published"] != "no"] if "published" in table else table
        for name in rows.select_dtypes(["string", "object"]):
            yield from (str(text) for text in rows[name].dropna().unique())


@cache
def phrases_of_definitions(threshold: int) -> frozenset[str]:
    """The phrases of the glossary and of every definition: the same for all reports."""
    texts = [f"{short}: {long}" for short, long in GLOSSARY.items()]
    for measure in load_catalogue().values():
        texts += [measure.title, measure.question, measure.numerator, measure.denominator or "", *measure.caveats]
    return frozenset(_phrases(_small(threshold), _APART.join(texts)))


def _shown_figures(report: County) -> Iterator[str]:
    """The figures of every row that may be shown, their differences, and the plan's targets, as the twin has them."""
    rows = report.analysis.results
    counted = set(rows.loc[rows["numerator"].notna(), "id"])
    for each in report.twin["figures"]:
        if each["kind"] in ("comparison", "target") or (each["kind"] == "result" and each["row"] in counted):
            yield each["text"]


def _small(threshold: int) -> re.Pattern[str]:
    """A number from 1 to below the threshold with people after it, or right before it, in text that is `_even`."""
    numbers = [*map(str, range(1, threshold)), *_WORDS[1:threshold]]
    number = rf"(?<![\w,.–-])(?:{'|'.join(numbers)})(?![\w,.]*\d)(?!\s?[%–-])"
    return re.compile(rf"{number}(?:\s+(?!{_NOT_OF}\b)[^\W\d]+)?\s+{_PEOPLE}\w*|{_PEOPLE}\w*\s*[:=]\s*{number}\b")


def _phrases(small: re.Pattern[str], text: str) -> list[str]:
    said = _even(text)
    return [match[0] for match in small.finditer(said)] if any(stem in said for stem in _STEMS) else []


def _with_people(texts: Iterable[str]) -> str:
    """Those of the texts in which a word for people can stand, apart: found in all of them at once."""
    joined = _even(_APART.join(dict.fromkeys(texts)))
    found: dict[int, str] = {}
    for stem in _STEMS:
        at = joined.find(stem)
        while at >= 0:
            end = joined.find(_APART, at)
            end = len(joined) if end < 0 else end
            start = joined.rfind(_APART, 0, at) + 1
            found[start] = joined[start:end]
            at = joined.find(stem, end)
    return _APART.join(found.values())


def _even(text: str) -> str:
    """The text with single blanks, without soft hyphens, and in lower case as a search that ignores case has it."""
    return " ".join(text.replace("\u00ad", "").casefold().replace("ı", "i").split())


# --- readers: each yields where and what, or raises where the file cannot be read -----------------------------------

Found = Iterator[tuple[str, str]]


_TEXT_OF_JSON = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')


class _TooLargeError(Exception):
    """An archive that unpacks to more than any report does."""


def _unreadable(_content: bytes, _known: _Known) -> Found:
    yield "file", _UNREADABLE


def _html(content: bytes, known: _Known) -> Found:
    said, tree = lines(content.decode("utf-8", "replace")), as_tree(content)
    texts = [*((f"text under ”{line.section}”", line.text) for line in said), *_beside_the_lines(tree)]
    if not known.allows(text for _, text in texts):
        yield from ((where, hit) for where, text in texts for hit in known.hits(text))
    if known.rows:
        yield from _protected(said, tree, known)
    for manifest in tree.xpath("//@data-manifest"):
        yield from _json(manifest.encode(), known)


def _beside_the_lines(tree: Any) -> Iterator[tuple[str, str]]:
    """What a page holds that no line says: attributes, comments, scripts, titles of drawings; where, and the text."""
    yield from ((f"attribute {value.attrname}", value) for value in _ATTRIBUTES(tree))
    yield from (("comment", note.text or "") for note in _NOTES(tree))
    yield from ((f"<{element.tag}>", text_of(element)) for element in _UNSEEN(tree))


def _protected(said: Iterable[Line], tree: Any, known: _Known) -> Found:
    """Figures and shapes of protected rows."""
    for section, ref, text in ((line.section, *figure) for line in said for figure in line.figures):
        if ref in known.hidden and re.search(r"\d", text):
            yield f"figure under ”{section}”", f"{known.hidden[ref]} is protected but shown as ”{text}”"
    for shape in tree.iter(*_SHAPES):
        hidden = [ref for ref in (shape.get("data-r") or "").split() if ref in known.hidden]
        yield from ((f"<{shape.tag}>", f"{known.hidden[ref]} is protected but drawn") for ref in hidden)


def _json(content: bytes, known: _Known) -> Found:
    try:
        written = content.decode(json.detect_encoding(content))
        data = json.loads(written, object_pairs_hook=_each_name_once)
    except ValueError:
        yield "data", _UNREADABLE
        return
    if known.rows or not known.allows(_texts_in(written)):
        yield from _values(data, "data", known)


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values of one name only the last would be read, and both stand in the file."""
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a name stands there twice")
    return named


def _texts_in(written: str) -> Iterator[str]:
    """Every text in JSON that could be read: names and values, each once."""
    for text in set(_TEXT_OF_JSON.findall(written)):
        yield json.loads(text) if "\\" in text else text[1:-1]


def _values(data: Any, where: str, known: _Known) -> Found:
    if isinstance(data, dict):
        if data.get("suppressed") is True or data.get("id") in known.rows or set(data.get("rows") or ()) & known.rows:
            yield from _figures_of_hidden(data, where)
        for name, value in data.items():
            yield from ((f"{where}: a name", hit) for hit in known.hits(name))
            yield from _values(value, f"{where}.{name}", known)
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _values(value, f"{where}[{number}]", known)
    elif isinstance(data, str):
        yield from ((where, hit) for hit in known.hits(data))


def _figures_of_hidden(data: Mapping[str, Any], where: str) -> Found:
    details = data.get("details")
    parts = {**data, **(details if isinstance(details, Mapping) else {})}
    for name in _NUMERIC:
        if data.get("suppressed") is not False and parts.get(name) is not None:
            yield f"{where}.{name}", f"protected, but its {name} is given"


def _text(content: bytes, known: _Known) -> Found:
    yield from (("text", hit) for hit in known.hits(content.decode("utf-8-sig", "replace")))


def _pdf(content: bytes, known: _Known) -> Found:
    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(content))
    for number, page in enumerate(reader.pages, 1):
        yield from ((f"page {number}", hit) for hit in known.hits(page.extract_text()))
    for value in (reader.metadata or {}).values():
        yield from (("properties", hit) for hit in known.hits(str(value)))
    for number in range(1, int(str(reader.trailer["/Size"]))):
        yield from _pdf_object(reader.get_object(number), known)


def _pdf_object(thing: Any, known: _Known) -> Found:
    """Alternatives, bookmarks and notes, which no page's text holds; and files within the file."""
    if not isinstance(thing, Mapping):
        return
    for name in _PDF_TEXTS:
        if isinstance(text := thing.get(name), str):
            yield from ((f"{name.strip('/')} of an object", hit) for hit in known.hits(text))
    if thing.get("/Type") == "/EmbeddedFile" or "/EF" in thing:
        yield "attached file", _UNREADABLE


def _docx(content: bytes, known: _Known) -> Found:
    """Every part with text, also alternatives of pictures and properties."""
    for name, part in _parts(content):
        if name.endswith((".xml", ".rels")):
            tree = etree.fromstring(part, parser=etree.XMLParser(resolve_entities=False))
            blocks = _blocks(tree) if name.startswith("word/") else [" ".join(tree.itertext())]
            for block in blocks:
                yield from ((name, hit) for hit in known.hits(block))
        elif not name.startswith("word/media/"):
            yield name, _UNREADABLE


def _blocks(tree: Any) -> Iterator[str]:
    for paragraph in tree.iter("{*}p"):
        yield "".join(paragraph.itertext())
    for element in tree.iter():
        yield from (value for name, value in element.attrib.items() if name.rpartition("}")[2] in ("descr", "title"))


def _zip(content: bytes, known: _Known) -> Found:
    for name, part in _parts(content):
        if name.lower().endswith(".zip"):
            yield name, "an archive in an archive"
        else:
            yield from ((f"{leak.file}: {leak.where}", leak.what) for leak in _in_file(name, part, known))


def _parts(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file in an archive; raises _TooLargeError before it unpacks more than a report is."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > MOST_PARTS or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
            raise _TooLargeError
        for entry in entries:
            with archive.open(entry) as part:  # reads no more than the size that was counted above
                yield entry.filename, part.read(entry.file_size)


_READERS: dict[str, Callable[[bytes, _Known], Found]] = {
    ".html": _html, ".json": _json, ".txt": _text, ".pdf": _pdf, ".docx": _docx, ".zip": _zip,
}  # fmt: skip
