"""What a letter says, in Swedish: the same parts for its HTML and its plain text, in reading order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psykanalys.areas import short_name, slugify
from psykanalys.periods import parse_period
from psykanalys.present import ledger
from psykanalys.present.county import County
from psykanalys.present.html import Block, Bullets, Details, Heading, Stack, Table, Text
from psykanalys.references import capital, plain

MOST_ROWS = 20
FORMATS = {"html": "webbsida", "pdf": "PDF", "zip": "zip-fil"}
ENDINGS = {"html": ".html", "pdf": ".pdf", "zip": ".zip"}
_OPENING = {
    "html": "Går den inte att öppna direkt ur mejlet: spara den och öppna den i en webbläsare. "
    "Den innehåller inga skript och hämtar inget från nätet.",
    "pdf": "Den går att skriva ut och att diarieföra.",
    "zip": "Packa upp den och öppna webbsidan i en webbläsare. Filen med ändelsen .json innehåller samma uppgifter "
    "för datorprogram.",
}


@dataclass(frozen=True)
class Row:
    """One line of a listing: what it is about, and what is known; the first text of each is the weighty one."""

    what: tuple[str, ...]
    known: tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """A table of two columns, which a phone has room for. `left_out` rows stand in the report only."""

    caption: str
    columns: tuple[str, str]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    left_out: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure as an image, with its title, its numbers in words and its source. `size` in CSS pixels."""

    title: str
    alternative: str
    source: str
    png: bytes
    size: tuple[int, int]


Part = Heading | Text | Bullets | Listing | Picture


@dataclass(frozen=True)
class Letter:
    """A letter without its recipients."""

    subject: str
    parts: tuple[Part, ...]

    @property
    def picture(self) -> Picture | None:
        """The letter's figure."""
        return next((part for part in self.parts if isinstance(part, Picture)), None)


def write(county: County, code: str, form: str, previous: Mapping[str, Any] | None = None) -> Letter:
    """The letter that a county's report goes with: `code` is its control code, `form` one of FORMATS.

    `previous` is the twin of the report that was mailed before, to tell what has changed since.
    """
    parts = [
        Heading(county.sentences.title(), 1),
        county.sentences.scope(),
        *_attached(county, form),
        county.sentences.message(),
        county.sentences.why(),
        *_answers(county),
        *(_changes(previous, county.twin) if previous else ()),
        *_overview(county),
        *_indicators(county),
        *_proof(code, form),
    ]
    return Letter(subject(county), tuple(parts))


def subject(county: County) -> str:
    """'Psykisk hälsa i Norrbotten – analys av planen 2016–2018'."""
    plans, years = _plans(county)
    what = f"{'planerna' if plans > 1 else 'planen'} {years}" if plans else "länets uppföljningar"
    return f"{county.sentences.title()} – analys av {what}"


def file_name(county: County, form: str) -> str:
    """The attachment's name, in letters that every mail program keeps: 'psykisk-halsa-i-norrbotten-2016-2018.html'."""
    return _stem(county) + ENDINGS[form]


def _stem(county: County) -> str:
    years = _plans(county)[1].replace("–", "-")
    return slugify(f"Psykisk hälsa i {short_name(county.analysis.county)} {years}")


def _plans(county: County) -> tuple[int, str]:
    """How many documents adopt a plan, and the years from the first to the last: '2016–2018', 'från 2016'."""
    sources = county.analysis.sources
    plans = sources[sources["plan_start"].notna()]
    if plans.empty:
        return 0, ""
    first = min(parse_period(str(text)).first.year for text in plans["plan_start"])
    if plans["plan_end"].isna().any():
        return len(plans), f"från {first}"
    last = max(parse_period(str(text)).last.year for text in plans["plan_end"])
    return len(plans), f"{first}" if first == last else f"{first}–{last}"


def _attached(county: County, form: str) -> Iterator[Part]:
    yield Text(f"Hela rapporten är bifogad som {FORMATS[form]}: {file_name(county, form)}", "attached")


def _answers(county: County) -> Iterator[Part]:
    for question, answer in county.sentences.summary().items():
        if answer.sentences:
            yield Heading(question, 2)
            yield Bullets([str(each) for each in answer.sentences])


def _overview(county: County) -> Iterator[Part]:
    figure = county.figures.overview()
    if figure is None:
        return
    width, height = figure.canvas.get_size_inches()
    size = (480, round(480 * height / width))
    yield Picture(str(figure.title), str(figure.alternative), str(figure.source), figure.png(), size)


def _indicators(county: County) -> Iterator[Part]:
    """The report's indicator table, narrow: targets with a result, and comparisons with riket."""
    key, nation = county.tables.key_figures(), county.tables.comparisons("nation")
    if key.rows or nation.rows:
        yield Heading("Indikatorerna", 2)
    if key.rows:
        yield _listing(key, ("Mål", "Läget"), [_key_figure(row) for row in _named(key)], _meanings(county, key))
    if nation.rows:
        yield _listing(nation, ("Mått", "Länet och riket"), [_comparison(row) for row in _named(nation)])


def _meanings(county: County, key: Table) -> tuple[str, ...]:
    """What the verdicts' words mean that stand in the table."""
    used = {row["Omdöme"] for row in _named(key)}
    told = _named(county.tables.verdict_words())
    return tuple(f"{row['Omdöme']}: {row['Betyder']}." for row in told if row["Omdöme"] in used)


def _key_figure(row: Mapping[str, str]) -> Row:
    aim = row["Vad som ska nås"]
    aim = capital(aim) if aim.startswith("ska ") else f"Ska nås: {aim}"
    known = (row["Resultat"], row["Omdöme"], row["Period"])
    return Row((row["Mål att pröva"], aim, f"Fokusområde {row['Fokusområde']}"), known)


def _comparison(row: Mapping[str, str]) -> Row:
    difference = f"Skillnad: {row['Skillnad']}; {row['Säkerhet']}"
    return Row((row["Mått"], f"{row['Gäller']}, {row['Period']}"), (row["Länet"], row["Jämförs med"], difference))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Part]:
    """What the ledger tells, with its table in two columns."""
    for block in _opened(ledger.section(before, after)):
        if isinstance(block, Heading | Text):
            yield block
        elif isinstance(block, Table):
            rows = [Row((row["Uppgift"],), _change(row)) for row in _named(block)]
            yield _listing(block, ("Uppgift", "Ändring"), rows)


def _change(row: Mapping[str, str]) -> tuple[str, ...]:
    return f"Nu: {row['Nu']}", f"Förra rapporten: {row['Förra rapporten']}", f"Orsak: {row['Orsak']}"


def _proof(code: str, form: str) -> Iterator[Part]:
    yield Heading("Om den bifogade rapporten", 2)
    yield Text(_OPENING[form])
    yield Text(
        f"Rapportens kontrollkod är {code}. Samma kod står sist i rapporten. Den som har skickat mejlet kan "
        "ta fram rapporten på nytt och visa att inget i den har ändrats; uppge då koden."
    )


def _opened(block: Block) -> Iterator[Block]:
    """The blocks in a block, with those that a page folds."""
    if not isinstance(block, Stack | Details):
        yield block
        return
    for inner in block.blocks:
        yield from _opened(inner)


def _named(table: Table) -> Iterator[dict[str, str]]:
    """The rows as plain texts by column."""
    for row in table.rows:
        yield dict(zip(table.columns, (plain(str(cell)) for cell in row), strict=True))


def _listing(table: Table, columns: tuple[str, str], rows: Sequence[Row], meanings: tuple[str, ...] = ()) -> Listing:
    """The first rows of a table, in two columns; notes below keep the numbers that the cells name."""
    left = len(rows) - MOST_ROWS
    left_out = f"Ytterligare {left} {'rad' if left == 1 else 'rader'} är utelämnade här." if left > 0 else ""
    notes = tuple(f"{place}. {note}" for place, note in enumerate(table.notes, 1))
    return Listing(table.caption, columns, tuple(rows[:MOST_ROWS]), notes + meanings, left_out)
