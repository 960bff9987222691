"""Every number on the pages is a figure with a source, or stands in the list of numbers that need none."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from psykanalys import __version__, references
from psykanalys.analysis import FOCUS_AREAS
from psykanalys.areas import official_areas
from psykanalys.audit import CHECKS
from psykanalys.present import formatting as fmt
from psykanalys.present.figures.access import limit_in_days
from psykanalys.references import reference
from psykanalys.report.trace import figures

ROOT = Path(__file__).parents[2]
NAMES = ("gavleborg", "norrbotten", "vasterbotten")
DIGITS = re.compile(r"\d+")
NUMBER_WORD = re.compile(r"\b(?:två|tre|fyra|fem|sex|sju|åtta|nio|tio|elva|tolv)\b", re.IGNORECASE)
UNSEEN = ("style", "script", "title", "head")
PERIODS = ("period", "as_of", "base_period", "year", "due", "dated", "asked", "plan_start", "plan_end", "date", "when")
# Constants of the method and of the form: the same in every report, whatever the data say.
CONSTANTS = (
    "från 1 till 4 visas inte",
    f"psykanalys {__version__}", "95-procentsintervallet", "80-procentsintervallet", "95-procentigt intervall",
    "2,5 procentenheter", "[35; 56]", "SHA-256", "till 100 %: ",
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A text on the page that is no marked figure: what it says, in what element, column and table it stands."""

    text: str
    tag: str
    column: str = ""
    rows: int = -1  # of the tables that a summary opens


def tree(page: str) -> Any:
    return html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8", huge_tree=True))


def even(text: str) -> str:
    return " ".join(text.replace("\u00ad", "").split())


def pieces(element: Any, column: str = "") -> Iterator[Piece]:
    """Every visible text outside marked figures, with what surrounds it."""
    if not isinstance(element.tag, str) or element.tag in UNSEEN or element.tag == "data" or element.get("data-r"):
        if element.tag == "figure":  # its data-r is for its alternative only
            yield from _inside(element, column)
        return
    yield from _inside(element, column_of(element) or column)


def _inside(element: Any, column: str) -> Iterator[Piece]:
    if element.tag == "svg":
        yield from _drawn(element)
        return
    rows = len(element.xpath("../div//tbody/tr")) if element.tag == "summary" else -1
    yield Piece(even(element.text or ""), element.tag, column, rows)
    for child in element:
        yield from pieces(child, column)
        yield Piece(even(child.tail or ""), element.tag, column, rows)


def _drawn(svg: Any) -> Iterator[Piece]:
    """A drawing's texts without reference: marks on axes one by one, the lines of labels together."""
    texts = [even(part.text_content()) for part in svg.iter("text") if not part.get("data-r")]
    alone = [text for text in texts if re.fullmatch(r"[1-5]|\d+ %", text)]
    yield from (Piece(text, "text") for text in alone)
    yield Piece(" ".join(text for text in texts if text not in alone), "label")


def column_of(element: Any) -> str:
    """The column head of a table's cell."""
    if element.tag not in ("td", "th") or element.get("scope") == "col":
        return ""
    heads = element.xpath("ancestor::table/thead/tr/th")
    place = len(list(element.itersiblings(preceding=True)))
    return even(heads[place].text_content()) if place < len(heads) else ""


class Allowed:
    """What one county's page may say in numbers without a mark."""

    def __init__(self, county: Any):
        self.raw, self.periods = raw_texts(county), periods(county)


def raw_texts(county: Any, about: re.Pattern[str] = DIGITS) -> tuple[str, ...]:
    """What the raw rows and the definitions say with a number in it, the longest first."""
    texts = {each for table in county.analysis.tables_by_kind.values() for each in _cells(table)}
    for indicator in county.catalogue.values():
        titles = {indicator.title, indicator.title.partition(" ")[2]}  # a figure may leave out a shared first word
        texts |= {*titles, indicator.numerator, indicator.denominator or "", *indicator.caveats}
        texts |= {f"{days} dagar" for days in [limit_in_days(indicator.title)] if days}
    for row in county.results[county.results["level"] != ""].to_dict("records"):
        texts |= {f"{row['dimension']}: {row['level']}"}
        texts |= {fmt.with_unit(int(row["level"]), "månader")} if row["level"].isdigit() else set()
    texts |= {area.name for area in official_areas().values()}
    texts |= {text for check in CHECKS for text in (check.text, check.mend)}
    kept = {even(text).rstrip(".") for text in texts if about.search(text) and re.search("[a-zåäö]{3}", text.lower())}
    forms = {form for text in kept for form in (text, text[:1].upper() + text[1:], text[:1].lower() + text[1:])}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _cells(table: Any) -> Iterator[str]:
    for column in table.select_dtypes("string"):
        if column not in {*PERIODS, "id", "places", "sha256", "focus_areas", "state_places"}:
            yield from table[column].dropna()


def periods(county: Any) -> tuple[str, ...]:
    """Every period of the county's rows as the report writes it, and its years."""
    written = set()
    for table in (*county.analysis.tables_by_kind.values(), county.results):
        for column in set(PERIODS) & set(table.columns):
            written |= {even(fmt.period(value)) for value in table[column].dropna()}
    years = {year for text in written for year in re.findall(r"\b(?:19|20)\d\d\b", text)}
    return tuple(sorted({*written, *years}, key=len, reverse=True))


def without(text: str, parts: tuple[str, ...]) -> str:
    for part in parts:
        if part in text:
            text = re.sub(rf"(?<!\d){re.escape(part)}(?!\d)", " ", text)
    return text


def pattern(form: str) -> Callable[[Piece, Any], str]:
    return lambda piece, _: re.sub(form, " ", piece.text)


def only_in(form: str, *, column: str = ".*", tag: str = ".*") -> Callable[[Piece, Any], str]:
    """The rule takes what has a form, in columns and elements of some names only."""

    def rule(piece: Piece, _: Any) -> str:
        is_there = re.fullmatch(column, piece.column) and re.fullmatch(tag, piece.tag)
        return re.sub(form, " ", piece.text) if is_there else piece.text

    return rule


def rows_below(piece: Piece, _: Any) -> str:
    """A summary's number in brackets, where it is that of the rows that it opens."""
    return re.sub(rf"\({piece.rows}(?: områden)?\)$", " ", piece.text) if piece.tag == "summary" else piece.text


# What need not be traced, by name: what is left of a piece's text when the rule has taken its own.
RULES: dict[str, Callable[[Piece, Any], str]] = {
    "document and line": pattern(r"\b[A-Z] rad \d+(?:–\d+)?(?:, \d+(?:–\d+)?)*"),
    "words of a raw row or a definition": lambda piece, allowed: without(piece.text, allowed.raw),
    "focus area's number": pattern(
        "|".join([*(rf"\b{n} {re.escape(name)}" for n, name in FOCUS_AREAS.items()), r"fokusområde [1-5]\b"])
    ),
    "focus area's number in its column": only_in(r"[1-5](?:, [1-5])*", column="Fokusområde"),
    "focus area's number in a drawing": only_in(r"^[1-5]$", tag="text"),
    "rows that a summary opens": rows_below,
    "code of a check": pattern(r"\bP\d\d\b"),
    "axis": only_in(r"^(?:0|25|50|75|100) %$", tag="text"),
    "question's number": only_in(r"^[\d/a-z ]+$", column="Nr"),
    "control code": only_in(r"^\d{4} \d{4} \d{4}$", tag="b"),
    "checksum": only_in(r"^[0-9a-f]{16}$", column="Kontrollsumma .*"),
    "period": lambda piece, allowed: without(piece.text, allowed.periods),
    "age": pattern(r"\b\d+–\d+ år\b|\b\d+ år och äldre"),
    "constant of the method": lambda piece, _: without(piece.text, CONSTANTS),
}


def unexplained(piece: Piece, allowed: Allowed, taken: Counter[str]) -> str:
    """What no rule explains of a piece's text; counts what each rule took."""
    text = piece.text
    for name, rule in RULES.items():
        if not DIGITS.search(text):
            break
        left = rule(Piece(text, piece.tag, piece.column, piece.rows), allowed)
        taken[name] += len(DIGITS.findall(text)) - len(DIGITS.findall(left))
        text = left
    return text if DIGITS.search(text) else ""


def unexplained_of(page: str, county: Any, taken: Counter[str]) -> list[tuple[str, str, str]]:
    allowed = Allowed(county)
    found = [(unexplained(piece, allowed, taken), piece) for piece in pieces(tree(page).find("body"))]
    return [(left, piece.tag, piece.column) for left, piece in found if left]


@pytest.fixture(params=NAMES)
def named_page(request, folder):
    """A county's name and its page."""
    return request.param, (folder / f"{request.param}.html").read_text(encoding="utf-8")


def test_every_number_on_the_page_is_a_traced_figure_or_allowed_by_name(named_page, counties):
    name, page = named_page
    taken: Counter[str] = Counter()
    left = unexplained_of(page, counties[name], taken)
    marked = len(figures(page))
    print(f"\n{name}: {marked} figures marked; other numbers: {dict(taken.most_common())}")
    assert not left
    assert marked > 350


@pytest.mark.parametrize("name", NAMES)
def test_every_number_in_the_words_of_a_figure_is_marked_or_allowed(counties, name):
    allowed, taken = Allowed(counties[name]), Counter()
    for figure in counties[name].figures:
        words = [even(text) for ref, text in references.pieces(figure.alternative) if not ref]
        left = [rest for text in words if (rest := unexplained(Piece(text, "alternative"), allowed, taken))]
        assert not left, figure.name


def test_every_number_word_in_running_text_is_marked(named_page, counties):
    """'Tre mål', 'två av dem': small counts are written in words, and are figures all the same."""
    name, page = named_page
    allowed = raw_texts(counties[name], NUMBER_WORD)
    for piece in pieces(tree(page).find("body")):
        if piece.tag in ("p", "figcaption", "caption") or (piece.tag == "li" and not piece.column):
            text = without(piece.text, (*allowed, "minst tre namngivna kommuner"))
            assert not NUMBER_WORD.search(text), piece


def test_an_unmarked_or_altered_number_is_noticed(named_page, counties):
    """The walk can fail: a figure without its mark, a sentence with a number of ours, a wrong count of rows."""
    name, page = named_page
    without_mark = re.sub(r"<data value=\w+>(\d+)</data>", r"\1", page, count=1)
    with_number = page.replace("<li>", "<li>Det är 17 procent. ", 1)
    wrong_rows = re.sub(r"\((\d+) områden\)", "(999 områden)", page, count=1)
    for changed in (without_mark, with_number, wrong_rows):
        assert changed != page
        assert unexplained_of(changed, counties[name], Counter())


def test_all_references_of_the_page_resolve_to_rows_at_a_place(named_page, counties):
    name, page = named_page
    county = counties[name]
    known, lines = county.references(), dict(zip(county.sources["id"], county.sources["lines"], strict=True))
    found = {each.ref for each in figures(page)}
    assert len(found) > 250
    assert found <= set(known)
    for ref in found:
        assert known[ref].places or known[ref].text == "0", ref
        assert all(1 <= int(place.rpartition(":")[2]) <= lines[place.rpartition(":")[0]] for place in known[ref].places)


def run(*arguments):
    command = [sys.executable, "-m", "psykanalys", "trace", *map(str, arguments), "--project", str(ROOT)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_tells_section_figure_and_document(folder):
    done = run(folder / "vasterbotten.html", "28 av 39")
    told = done.stdout.replace("\u00a0", " ")
    assert done.returncode == 0
    assert told.startswith("1 Förebyggande och främjande arbete › Vad som är känt\n  72 % (28 av 39)  [rd699df]\n")
    assert "→ raw row: data/raw/vasterbotten-plan-2019/observations.csv, row vb19-obs-audit-units" in told
    assert "line 904–905" in told


def test_the_command_lists_all_figures_of_the_page_as_records(folder):
    done = run(folder / "norrbotten.html", "--json")
    records = json.loads(done.stdout)
    page = (folder / "norrbotten.html").read_text(encoding="utf-8")
    assert [record["ref"] for record in records] == [each.ref for each in figures(page)]
    assert all(record["known"] and not record["changed_to"] for record in records)
    assert {"text", "drawing"} <= {record["place"] for record in records}
    assert next(record for record in records if record["kind"] == "result")["raw"][0]["lines"].startswith("line ")


@pytest.fixture
def altered(folder, tmp_path):
    """The page of Norrbotten with something replaced, in a file."""

    def make(form, by):
        page = (folder / "norrbotten.html").read_text(encoding="utf-8")
        changed = re.sub(form, by, page)
        assert changed != page
        (tmp_path / "altered.html").write_text(changed, encoding="utf-8")
        return tmp_path / "altered.html"

    return make


def test_a_figure_whose_data_have_changed_is_told(altered):
    done = run(altered("137,21", "136,21"), "136,21")
    assert done.returncode == 0
    assert "136,21 per 100 000" in done.stdout.replace("\u00a0", " ")
    assert "the data have changed: now 137,21 per 100 000" in done.stdout.replace("\u00a0", " ")
    assert "data have changed" not in run(altered("137,21", "136,21"), "12 av 14").stdout


def test_a_reference_of_a_row_that_is_gone_is_an_error(altered):
    page = altered(rf"value={reference('r', 'nb16-obs-compulsory-care-county')}", "value=r000000")
    done = run(page, "r000000")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "UNKNOWN: no row of the project has this reference" in done.stdout
    assert "1 reference cannot be resolved: r000000" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<h1>Psykisk hälsa i Norrbotten</h1><p>37 %", "no figure is marked in it"),
        ("<h1>Psykisk hälsa i Atlantis</h1><data value=r000000>37 %</data>", "'Psykisk hälsa i Atlantis' is no title"),
        ("<h1>Psykisk hälsa i Norrbotten</h1><data value=r000000>37 %</data>", "no figure says 'tolv'"),
    ],
)
def test_a_page_that_cannot_be_traced_is_a_sentence(tmp_path, text, said):
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    done = run(tmp_path / "page.html", "tolv")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert said in done.stderr
