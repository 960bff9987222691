"""What a letter says, in both of its forms, for the three counties."""

from __future__ import annotations

import base64
import copy
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html as lxml_html

import psykanalys
from psykanalys.errors import MailError
from psykanalys.mail import body, letter
from psykanalys.mail.letter import Letter, Listing, Picture, Row
from psykanalys.present.html import Text

CODE = "1234 5678 9012"
NAMES = ("gavleborg", "norrbotten", "vasterbotten")
WORD_CANNOT = re.compile(r"flex|grid|var\(|<svg|<style|<script|position:|float|calc\(|rgba\(|<link|@media|http", re.I)


@pytest.fixture(scope="module")
def letters(counties):
    return {name: letter.write(county, CODE, "html") for name, county in counties.items()}


@pytest.fixture(scope="module")
def counties(project):
    return {name: psykanalys.load(name, project=project, contact="Registratorn") for name in NAMES}


@pytest.fixture(scope="module")
def project():
    from psykanalys.data.project import find_project

    return find_project()


def words(text: str) -> str:
    return " ".join(text.split())


def said(page: str) -> str:
    """All that a page says, with the alternatives of its images."""
    tree = lxml_html.document_fromstring(page).find("body")
    for image in tree.iter("img"):
        image.tail = f" {image.get('alt')} {image.tail or ''}"
    for line in tree.iter("br", "th", "td", "p", "li", "h1", "h2"):
        line.tail = f" {line.tail or ''}"
    return words(tree.text_content())


def texts(written: Letter) -> list[str]:
    """Every text of a letter, in reading order."""
    found = []
    for part in written.parts:
        if isinstance(part, Picture):
            found += [part.title, part.alternative, part.source]
        elif isinstance(part, Listing):
            lines = [line for row in part.rows for line in (*row.what, *row.known)]
            found += [part.caption, *lines, *part.notes, part.left_out]
        else:
            found += list(getattr(part, "sentences", None) or [part.text])
    return [words(each) for each in found if each]


@pytest.mark.parametrize("name", NAMES)
def test_both_forms_say_the_same_in_the_same_order(letters, name):
    written = letters[name]
    for form in (said(body.as_html(written, "x@y")), words(re.sub(r"^\* ", "", body.as_text(written), flags=re.M))):
        place = 0
        for text in texts(written):
            assert text in form[place:], text
            place = form.index(text, place) + len(text)


@pytest.mark.parametrize("name", NAMES)
def test_the_summary_and_the_indicator_table_are_the_reports_own(counties, letters, name):
    told = texts(letters[name])
    answers = counties[name].sentences.summary().values()
    assert {words(each) for answer in answers for each in answer.sentences} <= set(told)
    for row in counties[name].tables.key_figures().rows:
        assert {words(str(row[place])) for place in (0, 2, 3, 5)} <= set(told)


@pytest.mark.parametrize("name", NAMES)
def test_every_mail_program_can_show_it(letters, name):
    page = body.as_html(letters[name], "x@y")
    assert len(page.encode()) < 30_000
    assert WORD_CANNOT.findall(page) == []
    tree = lxml_html.document_fromstring(page)
    (image,) = tree.iter("img")
    assert (image.get("src"), image.get("width")) == ("cid:x@y", "480")
    assert "fokusområde 5" in image.get("alt")
    assert tree.get("lang") == "sv"
    assert all(table.get("role") == "presentation" or table.get("aria-label") for table in tree.iter("table"))
    assert all("color:" in each.get("style") for each in tree.iter("p", "li", "h1", "h2", "th", "td"))
    assert max(len(line) for line in body.as_text(letters[name]).splitlines()) <= 72


def test_subject_and_file_name_tell_county_and_period(letters, counties):
    assert letters["norrbotten"].subject == "Psykisk hälsa i Norrbotten – analys av planen 2016–2018"
    assert letters["gavleborg"].subject == "Psykisk hälsa i Gävleborg – analys av planen 2017"
    assert letter.file_name(counties["norrbotten"], "html") == "psykisk-halsa-i-norrbotten-2016-2018.html"
    assert letter.file_name(counties["gavleborg"], "pdf") == "psykisk-halsa-i-gavleborg-2017.pdf"


@pytest.mark.parametrize(
    ("column", "value", "subject"),
    [("plan_end", None, "analys av planen från 2016"), ("plan_start", None, "analys av länets uppföljningar")],
)
def test_a_plan_without_end_or_no_plan_is_told(counties, column, value, subject):
    analysis = counties["norrbotten"].analysis
    sources = analysis.sources.assign(**{column: value})
    other = replace(
        counties["norrbotten"],
        analysis=replace(analysis, tables_by_kind={**analysis.tables_by_kind, "sources": sources}),
    )
    assert letter.subject(other).endswith(subject)


@pytest.mark.parametrize("form", letter.FORMATS)
def test_the_code_and_what_is_attached_are_told(counties, form):
    told = " ".join(texts(letter.write(counties["norrbotten"], CODE, form)))
    assert f"kontrollkod är {CODE}" in told
    assert f"bifogad som {letter.FORMATS[form]}: psykisk-halsa-i-norrbotten-2016-2018.{form}" in told


def test_what_has_changed_since_the_last_report_is_told(counties):
    county = counties["norrbotten"]
    before = copy.deepcopy(dict(county.twin)) | {"page": {"code": "1111 2222 3333"}}
    figure = next(each for each in before["figures"] if each["row"] == "nb16-obs-suicides-2014")
    figure["text"], before["rows"]["observations"]["nb16-obs-suicides-2014"] = "51 självmord", "0" * 16
    told = texts(letter.write(county, CODE, "html", before))
    place = told.index("Vad har ändrats sedan förra rapporten")
    assert told[place + 1].startswith("1 uppgift har ändrats: 1 genom rättad uppgift i underlaget.")
    assert "1111 2222 3333" in told[place + 1]
    assert "Förra rapporten: 51 självmord" in told
    assert place < told.index("Indikatorerna")


def test_without_an_earlier_report_nothing_is_said_of_changes(letters):
    assert not any("förra rapporten" in each for each in texts(letters["norrbotten"]))


def test_a_long_table_is_cut_and_says_so(counties):
    county = counties["vasterbotten"]
    table = county.tables.key_figures()
    many = replace(table, rows=[*table.rows] * 3)
    cut = letter._listing(many, ("Mål", "Läget"), [letter._key_figure(row) for row in letter._named(many)])
    assert len(cut.rows) == letter.MOST_ROWS
    assert cut.left_out == f"Ytterligare {3 * len(table.rows) - letter.MOST_ROWS} rader är utelämnade här."


def test_a_letter_that_mail_programs_would_cut_is_refused():
    with pytest.raises(MailError, match="mail programs cut it at 100000"):
        body.as_html(Letter("Ämne", (Text("ord " * 25_000),)), "")


def test_what_looks_like_markup_is_text():
    hostile = '<script>alert(1)</script> & "citat"'
    written = Letter(hostile, (Text(hostile), Listing(hostile, (hostile, "b"), (Row((hostile,), (hostile,)),))))
    page = body.as_html(written, "")
    assert not list(lxml_html.document_fromstring(page).iter("script"))
    assert said(page).count(hostile) == 5
    assert hostile in words(body.as_text(written))


@pytest.mark.browser
@pytest.mark.parametrize("width", [600, 390, 320])
def test_it_fits_a_window_and_a_phone(letters, width):
    from report.browsing import started_chromium

    with started_chromium() as chromium:
        tab = chromium.new_page(viewport={"width": width, "height": 800})
        for name, written in letters.items():
            image = base64.b64encode(written.picture.png).decode()
            tab.set_content(body.as_html(written, "x@y").replace("cid:x@y", f"data:image/png;base64,{image}"))
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, name
            assert tab.evaluate("document.images[0].naturalWidth") == 960
            if folder := os.environ.get("PSYKANALYS_PICTURES"):
                tab.screenshot(path=Path(folder) / f"mail_{name}_{width}.png", full_page=True)
