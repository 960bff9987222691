"""What a machine can tell of accessibility: WCAG 2.2 AA and EN 301 549, in a real browser, on screen and on paper."""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path

import pytest

from psykanalys.areas import find_county, short_name
from psykanalys.data.project import Project
from psykanalys.present.words import GLOSSARY, LOOKS
from psykanalys.report.params import counties_with_parameters

pytestmark = pytest.mark.browser

NAMES = counties_with_parameters(Project(Path(__file__).parents[2]))
WIDE, PHONE, ZOOMED = 1280, 390, 320  # CSS pixels; 320 is 1280 at 400 %
VIEWS = [(width, scheme) for width in (WIDE, ZOOMED) for scheme in ("light", "dark")]
BRIEF = {"resultTypes": ["violations", "incomplete"]}  # axe describes only what is no pass
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "EN-301-549", "best-practice"]
PAPER_WIDTH, PAPER_HEIGHT = 680, 994  # CSS pixels within the margins of A4
ENGLISH = r"\b(?:the|and|of|with|from|figure|table|missing|unknown|nan|none|null|true|false)\b"
KNOWN_TO_ALL = {"EU", "SHA"}
NUMBER_WORDS = r"\d|\b(?:noll|ingen|inget|inga|en|ett|två|tre|fyra|fem|sex|sju|åtta|nio|tio|elva|tolv)\b"


@pytest.fixture(scope="module")
def tabs(chromium, folder):
    from axe_playwright_python.sync_playwright import Axe
    from browsing import open_page

    @cache
    def tab(name):
        opened = open_page(chromium, folder / f"{name}.html")
        opened.page.evaluate(Axe().axe_script)
        return opened

    return tab


@pytest.fixture(params=[*NAMES, "index"])
def tab(request, tabs):
    """Every page, as a wide screen shows it, with everything unfolded."""
    return tabs(request.param).show()


@pytest.fixture(params=NAMES)
def report(request, tabs):
    """Every county's page, as a wide screen shows it, with everything unfolded."""
    return tabs(request.param).show()


@pytest.fixture(scope="module")
def paper(tabs, folder):
    """The page of the county with the least to say, and the lines of text of each sheet, printed folded."""
    from pypdf import PdfReader

    name = min(NAMES, key=lambda name: (folder / f"{name}.html").stat().st_size)
    printed = tabs(name).show(media="print", unfolded=False).page.pdf(format="A4")
    sheets = [sheet.extract_text().splitlines() for sheet in PdfReader(io.BytesIO(printed)).pages]
    return tabs(name).show(), sheets


def letters(text: str) -> str:
    """What is left when line breaks, hyphens and spaces may fall anywhere."""
    return re.sub(r"[\W_]", "", text).lower()


FAULTY = """<!DOCTYPE html><html><head><style>
html { font-size: 9px } body { margin: 0; background: #fff; --grid: #eee; --line: #ddd } .faint { color: #bbb } .red { color: #c00 }
.wide { width: 2000px } .cut { width: 50px; overflow: hidden; white-space: nowrap } .hidden { display: none } svg { width: 300px }
</style></head><body><h1>Ett</h1><h3 id="x">Tre</h3><h2></h2><p id="x" class="faint">blek</p><p class="red" tabindex="3">röd</p>
<table><tr><th>a</th><td></td></tr></table><table><caption>T</caption></table><table><caption>T</caption></table>
<a href="#nowhere">dit</a> <a href="#x">dit</a> <details><summary>Visa</summary></details><details><summary>Visa</summary></details>
<p class="wide">bred</p><p class="cut">avklippt text som inte ryms</p><figure><figcaption>F</figcaption>
<svg viewBox="0 0 100 2000"><path d="M0 0L9 0L9 9z" fill="#f4f4f4"/><path d="M0 50L90 50L90 90L0 90z" fill="#123"/>
<text x="10" y="70" fill="#345">mörk på mörk</text><text x="12" y="72">ovanpå</text><text x="90" y="20">utanför ramen</text></svg></figure>
</body></html>"""  # noqa: E501
QUESTIONS = [
    "headings", "empty", "doubledIds", "tables", "sameCaption", "deadLinks", "sameNameOtherPlace", "sameSummary",
    "disturbsTab", "faintInFigures", "textOutsideFigure", "textOnText", "sideways", "cutOff", "coloured", "faintText",
    "smallText", "tallFigures",
]  # fmt: skip


def test_each_question_finds_the_fault_that_it_asks_for(chromium, tmp_path):
    from browsing import open_page

    page = tmp_path / "faulty.html"
    page.write_text(FAULTY, encoding="utf-8")
    tab = open_page(chromium, page).show()
    arguments = {"faintText": [4.5], "faintInFigures": [4.5, 3], "smallText": [12], "tallFigures": [1000]}
    assert [question for question in QUESTIONS if not tab.check(question, *arguments.get(question, []))] == []
    assert len(tab.check("faintInFigures", 4.5, 3)) == 3
    assert len(tab.check("tables")) >= 6


# ------------------------------------------------------------------------------------------------- axe-core


@pytest.mark.parametrize(("width", "scheme"), [VIEWS[0], VIEWS[-1]])
def test_axe_finds_nothing_wide_and_light_nor_narrow_and_dark(tab, width, scheme, record_testsuite_property):
    rules = {"target-size": {"enabled": True}, "color-contrast": {"enabled": False}}
    found = tab.show(width=width, scheme=scheme).check("axe", BRIEF | {"runOnly": STANDARDS, "rules": rules}, False)
    record_testsuite_property("axe", f"{tab.name} {width} {scheme}: {found['passed']} rules passed")
    assert found["passed"] >= 15
    assert (found["violations"], found["open"]) == ([], [])


@pytest.mark.parametrize(("width", "scheme"), [VIEWS[0], VIEWS[-1]])
def test_axe_finds_enough_contrast_in_one_text_of_each_look(tab, width, scheme, record_testsuite_property):
    found = tab.show(width=width, scheme=scheme).check("axe", BRIEF | {"runOnly": ["color-contrast"]}, True)
    record_testsuite_property("contrast", f"{tab.name} {width} {scheme}: {found['looks']} looks")
    assert found["looks"] >= 3
    assert (found["violations"], found["open"]) == ([], [])


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_every_text_stands_out_from_what_is_behind_it(tab, width, scheme):
    assert tab.show(width=width, scheme=scheme).check("faintText", 4.5) == []


# ------------------------------------------------------------------------------------------------ structure


def test_the_page_says_its_language_and_what_it_is(tab):
    assert tab.page.locator("html").get_attribute("lang") == "sv"
    title, heading = tab.page.title(), tab.check("texts", "h1")
    assert [title] == heading
    assert tab.name == "index" or short_name(find_county(tab.name)) in title


@pytest.mark.parametrize("question", ["headings", "empty", "doubledIds", "tables", "disturbsTab"])
def test_structure_that_a_screen_reader_follows(tab, question):
    assert tab.check(question) == []


def test_tables_tell_themselves_apart(report):
    assert report.check("sameCaption") == []


def test_links_and_folded_parts_tell_where_they_lead(tab):
    assert (tab.check("sameNameOtherPlace"), tab.check("sameSummary")) == ([], [])


def test_tables_stay_tables_where_they_are_shown_as_cards(chromium, folder):
    from browsing import open_page

    page = open_page(chromium, folder / f"{NAMES[0]}.html").show(width=ZOOMED)
    for role, selector in {"table": "table", "columnheader": "thead th", "rowheader": "tbody th"}.items():
        assert page.count_role(role) == page.page.locator(selector).count() > 0, role
    page.page.close()


def test_every_figure_says_its_message_and_its_numbers(report):
    pictures = report.check("pictures")
    assert pictures
    for picture in pictures:
        caption, alternative = picture["caption"], picture["alternative"]
        assert picture["role"] == "img"
        assert len(caption) >= 10, alternative
        assert letters(alternative) != letters(caption)
        assert len(re.findall(NUMBER_WORDS, alternative, re.IGNORECASE)) >= 3, alternative
        assert "no description" not in alternative.lower()


# ------------------------------------------------------------------------------------------------- keyboard


def test_every_link_within_the_page_leads_to_something_seen(tab):
    assert tab.check("deadLinks") == []


@pytest.mark.parametrize("width", [WIDE, ZOOMED])
def test_every_tab_stop_is_a_named_link_or_fold_that_shows_itself(tab, width, record_testsuite_property):
    stops = tab_stops(tab.show(width=width, unfolded=False))
    record_testsuite_property("tab stops", f"{tab.name} {width}: {len(stops)}")
    assert len(stops) == tab.check("focusable")
    assert [stop["where"] for stop in stops if stop["tag"] not in ("a", "summary") or not stop["name"]] == []
    assert [stop["where"] for stop in stops if not stop["isInView"]] == []
    assert [stop["where"] for stop in stops if stop["outline"] < 2 or stop["contrast"] < 3] == []


def tab_stops(tab) -> list[dict]:
    """Press Tab from the first stop until the focus leaves the page or begins again."""
    tab.check("focusFirst")
    stops: dict[int, dict] = {}
    while (stop := tab.check("focused")) and stop["number"] not in stops:
        stops[stop["number"]] = stop
        tab.page.keyboard.press("Tab")
    return list(stops.values())


# ------------------------------------------------------------------------------------------------- language


def test_nothing_is_said_in_english(tab):
    said = " ".join(tab.check("words"))
    for explanation in GLOSSARY.values():
        said = said.replace(explanation, "")
    assert re.findall(f".{{0,40}}{ENGLISH}.{{0,40}}", said, re.IGNORECASE) == []


def test_every_abbreviation_is_written_out_somewhere(report):
    said = " ".join(report.check("words"))
    used = set(re.findall(r"(?<![\w:])[A-ZÅÄÖ]{2,}(?![\w:])", said)) - KNOWN_TO_ALL
    used |= {name for name in GLOSSARY if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said)}
    assert sorted(name for name in used if GLOSSARY.get(name, "?!") not in said) == []


# -------------------------------------------------------------------------------------------------- figures


@pytest.mark.parametrize(("width", "least"), [(WIDE, 12), (PHONE, 10)])
def test_no_text_is_too_small(tab, width, least):
    assert tab.show(width=width).check("smallText", least) == []


@pytest.mark.parametrize("forced", ["none", "active"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_stand_out_from_the_ground(report, scheme, forced):
    report.show(scheme=scheme, forced_colors=forced)
    assert report.check("faintInFigures", 4.5, 3) == []


@pytest.mark.parametrize("width", [WIDE, PHONE, ZOOMED])
def test_texts_in_figures_are_whole_and_apart(report, width):
    report.show(width=width)
    assert (report.check("textOutsideFigure"), report.check("textOnText")) == ([], [])


# --------------------------------------------------------------------------------------------------- reflow


@pytest.mark.parametrize("width", [WIDE, PHONE, ZOOMED])
def test_nothing_needs_sideways_scrolling_or_is_cut_off(tab, width):
    tab.show(width=width)
    assert (tab.check("sideways"), tab.check("cutOff")) == ([], [])


def test_text_may_be_twice_as_large(tab):
    assert tab.show(width=640).check("textAt", 200) == []


@pytest.mark.parametrize("width", [WIDE, ZOOMED])
def test_text_may_be_spaced_out(tab, width):
    assert tab.show(width=width).check("spaced") == []


def test_the_readers_own_text_size_is_respected(tab):
    declared = tab.page.evaluate(
        "[...document.styleSheets[0].cssRules].find(r => r.selectorText === 'html').style.fontSize"
    )
    assert re.fullmatch(r"[\d.]+(?:%|r?em)", declared)


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_the_first_screen_shows_the_title_and_the_first_message(tab, width):
    from browsing import keep_picture

    assert tab.show(width=width, unfolded=False).check("inFirstScreen") == []
    assert keep_picture(tab.page, f"{tab.name}-first-{width}")


# ---------------------------------------------------------------------------------------------------- paper


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_is_white_and_the_print_grey(tab, scheme):
    tab.show(media="print", scheme=scheme, unfolded=False)
    assert tab.check("ground") == [255, 255, 255]
    assert tab.check("coloured") == []


def test_verdicts_are_told_by_symbol_and_word(report):
    """In greyscale the colours of 'sure' and 'reached' are one: see tests/present/test_palette.py."""
    words = {symbol: tuple(word for word in LOOKS if LOOKS[word].symbol == symbol) for symbol, *_ in LOOKS.values()}
    told = report.check("texts", ", ".join(f"td .{look.css}" for look in LOOKS.values()))
    coloured = report.check("texts", "td :is(.sure, .counted, .likely)")
    assert told
    assert [text for text in told if text[0] in words and not text[1:].strip().startswith(words[text[0]])] == []
    assert [text for text in coloured if text[0] not in words] == []


def test_what_is_folded_is_unfolded_for_print(report):
    assert report.show(media="print", unfolded=False).check("unseenInFolds") == []


def test_what_is_folded_and_every_caption_stands_on_paper(paper):
    report, sheets = paper
    printed = letters("".join(line for sheet in sheets for line in sheet))
    expected = [text for text in [*report.check("folded"), *report.check("texts", "caption")] if text]
    assert len(expected) > 20
    assert [text for text in expected if letters(text) not in printed] == []


def test_rows_and_figures_are_not_cut_by_a_page_break(report):
    report.show(media="print", unfolded=False)
    assert report.check("computed", "tr", "breakInside") == ["avoid"]
    assert report.check("computed", "figure", "breakInside") == ["avoid"]
    assert report.check("computed", "thead", "display") == ["table-header-group"]
    assert report.show(media="print", width=PAPER_WIDTH).check("tallFigures", PAPER_HEIGHT - 100) == []


def test_headings_and_heads_of_tables_keep_to_what_follows(report):
    report.show(media="print", unfolded=False)
    for selector in ("h2", "h3", "caption", "thead", "summary", "figcaption"):
        assert report.check("computed", selector, "breakAfter") == ["avoid"], selector


def test_no_sheet_ends_with_a_heading_or_the_head_of_a_table(paper):
    report, sheets = paper
    heads = {letters("".join(table["head"])) for table in report.check("tableTexts")}
    headings = {letters(text) for text in report.check("texts", "h1,h2,h3,h4,caption,figcaption,summary")}
    for sheet in sheets:
        ends = [letters("".join(sheet[-lines:])) for lines in range(1, 12)]
        assert not (heads & set(ends)) | (headings & set(ends[:4])), sheet[-4:]


# ------------------------------------------------------------------------------------------- what it asks for


def test_the_page_asks_for_nothing_and_complains_of_nothing(tab, folder):
    asked = {address.partition("#")[0] for address in tab.requests}
    assert (asked, tab.complaints) == ({(folder / f"{tab.name}.html").as_uri()}, [])


# ----------------------------------------------------------------------------------------------------- to look at


@pytest.mark.parametrize(
    ("name", "view", "target"),
    [
        ("dark", {"scheme": "dark", "unfolded": False}, "h1"),
        ("area", {"unfolded": False}, "h2[id^='avsnitt-1-']"),
        ("area-phone", {"width": PHONE, "unfolded": False}, "h2[id^='avsnitt-1-']"),
        ("400-percent", {"width": ZOOMED, "unfolded": False}, "h1"),
        ("print", {"width": PAPER_WIDTH, "media": "print", "unfolded": False}, "h1"),
    ],
)
def test_a_heading_that_is_gone_to_stands_in_the_picture(report, name, view, target):
    from browsing import keep_picture

    heading = report.show(**view).page.locator(target)
    heading.evaluate("heading => heading.scrollIntoView()")
    assert -1 <= heading.bounding_box()["y"] < 200
    assert keep_picture(report.page, f"{report.name}-{name}")
