"""A project of made-up figures: it says so everywhere, adds up, and its known truth bears out the verdicts."""

from __future__ import annotations

import io
import json
import sys

import docx
import pandas as pd
import pypdf
import pytest
from lxml import html

from psykanalys import cli
from psykanalys.analysis import assemble
from psykanalys.areas import counties, find_area, municipalities
from psykanalys.data.prepare import check_project, load_prepared
from psykanalys.data.project import Project
from psykanalys.demo import LAST_YEAR, TRUTH, Size, check_verdicts, make_demo, measures
from psykanalys.errors import MailError, ProjectError
from psykanalys.mail import guard
from psykanalys.present.notices import SYNTHETIC
from psykanalys.report import params, runner, summary
from psykanalys.report.asked import file_names
from psykanalys.report.exporter import MOST_BYTES
from psykanalys.report.formats import convert
from psykanalys.report.runner import Outcome
from psykanalys.report.trace import trace
from psykanalys.report.verify import verify
from report.in_process import ROOT, make_page

SIZE = Size(indicators=20, years=6, counties=2, seed=3)
AREAS = 2 + 26 + 8  # Stockholm's and Uppsala's municipalities


@pytest.fixture(scope="module")
def sweden(tmp_path_factory) -> Project:
    folder = tmp_path_factory.mktemp("demo") / "sverige"
    assert make_demo(folder, ROOT, SIZE) == (AREAS + 1) * 20 * 6 * 3
    return Project(folder)


@pytest.fixture(scope="module")
def page(sweden):
    return make_page(sweden, params.read(sweden, "uppsala", optional=True).model_dump())


@pytest.fixture(scope="module")
def series(sweden):
    found = load_prepared(sweden).series
    return found.rows(sorted(found.sources))


def test_it_holds_by_the_contract(sweden):
    assert check_project(sweden) == []


def test_a_hundred_measures_of_fifteen_years_fit_a_page_that_can_be_mailed(tmp_path):
    make_demo(tmp_path / "large", ROOT, Size(counties=1))
    project = Project(tmp_path / "large")
    page = make_page(project, params.read(project, "stockholm", optional=True).model_dump())
    assert 250_000 < len(page.encode()) <= MOST_BYTES
    tree = html.document_fromstring(page)
    assert not tree.xpath("//caption[contains(., 'inte jämförs')]")


def test_the_same_seed_gives_the_same_figures_and_another_gives_others(tmp_path, sweden):
    for name, seed in (("same", 3), ("other", 4)):
        make_demo(tmp_path / name, ROOT, Size(20, 6, 2, seed))
    raw = "data/raw/demo-register-03/series.csv"
    same, other, own = ((folder / raw).read_bytes() for folder in (tmp_path / "same", tmp_path / "other", sweden.root))
    assert same == own != other


def test_counties_are_their_municipalities_and_all_are_women_and_men(series):
    wide = series.pivot_table(index=["indicator", "period", "area"], columns="sex", values="numerator", aggfunc="sum")
    assert (wide["T"] == wide["K"] + wide["M"]).all()
    totals = wide["T"].unstack()
    own = [code for code in totals if len(code) == 4 and code.startswith("03")]
    assert (totals[own].sum(axis=1) == totals["03"]).all()
    assert (totals["01"] + totals["03"] == totals["00"]).all()


def test_a_folder_that_is_there_is_not_touched(sweden):
    before = (sweden.root / TRUTH).read_bytes()
    with pytest.raises(ProjectError, match="already exists"):
        make_demo(sweden.root, ROOT, SIZE)
    assert (sweden.root / TRUTH).read_bytes() == before


def test_a_demo_that_cannot_be_finished_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("psykanalys.demo._register", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space"):
        make_demo(tmp_path / "demo", ROOT, SIZE)
    assert not (tmp_path / "demo").exists()


def test_more_measures_than_there_are_is_a_sentence():
    with pytest.raises(ProjectError, match="ask for fewer"):
        measures(10_000)


def test_there_are_measures_enough_for_the_whole_of_sweden():
    assert len({each.id for each in measures(100)}) == 100
    assert len(counties()) + len(municipalities()) == 311


def test_the_verdicts_are_as_often_wrong_as_they_say(sweden):
    codes = ["01", "03", *(area.code for area in municipalities() if area.parent == "03")]
    table = check_verdicts(sweden, codes)
    assert table["verdicts"].sum() == len(codes) * len(assemble(find_area("03"), load_prepared(sweden)).targets)
    sure, likely = (
        table.loc[[word for word in table.index if word.startswith(start)]] for start in ("säkert", "troligen")
    )
    assert sure["verdicts"].sum() > 50
    assert sure["wrong"].sum() <= 0.05 * sure["verdicts"].sum()
    assert likely["wrong"].sum() <= 0.20 * max(likely["verdicts"].sum(), 10)
    assert table.loc["går inte att avgöra", "wrong"] == 0


def test_a_truth_that_is_turned_round_makes_the_verdicts_wrong(tmp_path):
    make_demo(tmp_path / "demo", ROOT, Size(10, 3, 1, 5))
    truth = pd.read_csv(tmp_path / "demo" / TRUTH, dtype=str)
    turned = truth.assign(is_reached=truth["is_reached"].map({"yes": "no", "no": "yes"}))
    turned.to_csv(tmp_path / "demo" / TRUTH, index=False)
    table = check_verdicts(Project(tmp_path / "demo"), ["01"])
    firm = table.drop(index="går inte att avgöra", errors="ignore")
    assert firm["wrong"].sum() >= 0.8 * firm["verdicts"].sum() > 0


def test_every_page_says_that_its_figures_are_made_up(sweden, page, tmp_path):
    heading = html.document_fromstring(page).xpath("//h1/following-sibling::*[1]")[0]
    assert heading.text_content().startswith(SYNTHETIC)
    sheets = pypdf.PdfReader(io.BytesIO(convert(page, "pdf", "uppsala", ("html",)))).pages
    assert len(sheets) > 3
    assert all(SYNTHETIC in sheet.extract_text() for sheet in sheets)
    word = docx.Document(io.BytesIO(convert(page, "docx", "uppsala", ("html",))))
    assert SYNTHETIC in word.sections[0].footer.paragraphs[0].text
    assert SYNTHETIC in convert(page, "text", "uppsala", ("html",)).decode()
    (tmp_path / "uppsala.html").write_text(page, encoding="utf-8")
    index = runner.write_index(tmp_path, [Outcome("uppsala", True, tmp_path, made=(tmp_path / "uppsala.html",))])
    assert SYNTHETIC in index.read_text(encoding="utf-8")
    (item,) = html.document_fromstring(index.read_bytes()).xpath("//li")
    assert item.text_content().startswith("Uppsala: Av planens ")


def test_a_page_of_real_figures_says_nothing_of_the_kind(counties):
    assert [name for name, county in counties.items() if SYNTHETIC in county.head().to_html()] == []


def test_a_demo_is_not_mailed(sweden, page, tmp_path, monkeypatch):
    (tmp_path / "uppsala.html").write_text(page, encoding="utf-8")
    monkeypatch.setattr(guard, "_proved", lambda *_: None)
    with pytest.raises(MailError, match="made up"):
        guard.checked(sweden, "uppsala", tmp_path)


def test_the_first_message_adds_up(page):
    (message,) = html.document_fromstring(page).xpath("//p[@class='message']")
    goals, judged, *parts = [int(figure.text) for figure in message.xpath(".//data")]
    assert sum(parts) == judged <= goals
    assert len(parts) > 1


def test_how_each_measure_developed_stands_in_a_table(page, sweden):
    tables = html.document_fromstring(page).xpath("//table[caption[contains(., 'Utveckling enligt register')]]")
    shown = {row.xpath("string(*[1])") for table in tables for row in table.xpath(".//tbody/tr")}
    listed = assemble(find_area("03"), load_prepared(sweden)).developments
    assert len(shown) == len(listed) == 20
    assert set(listed["marker"]) <= {"increasing", "decreasing", "no_change", "not_enough_points", "not_estimable"}


# --- areas, index and summary ----------------------------------------------------------------------------------------


def test_all_and_municipalities_are_those_with_figures(sweden):
    assert file_names(sweden, [], everything=True) == ["stockholm", "uppsala"]
    assert len(file_names(sweden, [], "municipality")) == AREAS - 2
    assert file_names(sweden, ["Uppsala kommun", "0380"], "municipality") == ["uppsala-kommun"]


def test_a_municipality_has_its_countys_plan_and_its_own_figures(sweden):
    analysis = assemble(find_area("0380"), load_prepared(sweden))
    assert set(analysis.results["area"]) == {"0380", "00"}
    assert {each.area for each in analysis.verdicts} == {"0380"}
    assert {each.period for each in analysis.verdicts} == {str(LAST_YEAR)}
    assert len(analysis.current_goals) == len(assemble(find_area("03"), load_prepared(sweden)).current_goals)


@pytest.fixture
def pages(tmp_path):
    """An index of pages that say one sentence each."""

    def pages(**messages: str):
        outcomes = []
        for name, message in messages.items():
            path = tmp_path / f"{name.replace('_', '-')}.html"
            path.write_text(f'<h1>Rubrik</h1><p class="message">{message}</p>', encoding="utf-8")
            outcomes.append(Outcome(path.stem, True, path, made=(path,)))
        return html.document_fromstring(runner.write_index(tmp_path, outcomes).read_bytes())

    return pages


def test_the_index_groups_areas_and_gives_each_its_message(pages):
    index = pages(uppsala="Ett <b>mål</b> är nått.", uppsala_kommun="Inget är nått.", gavle_kommun="Två är nådda.")
    assert [heading.text for heading in index.xpath("//h2")] == [
        "Län",
        "Kommuner i Uppsala län",
        "Kommuner i Gävleborgs län",
    ]
    items = [item.text_content() for item in index.xpath("//li")]
    assert items == ["Uppsala: Ett mål är nått.", "Uppsala: Inget är nått.", "Gävle: Två är nådda."]
    assert [link.get("href") for link in index.xpath("//li/a")] == [
        "uppsala.html",
        "uppsala-kommun.html",
        "gavle-kommun.html",
    ]


def test_areas_stand_in_swedish_order(pages):
    counties = dict.fromkeys(["orebro", "gotland", "gavleborg", "varmland", "ostergotland"], "Ett.")
    municipalities = dict.fromkeys(["lulea_kommun", "alvsbyn_kommun", "overkalix_kommun", "pitea_kommun"], "Två.")
    assert [link.text for link in pages(**counties, **municipalities).xpath("//li/a")] == [
        "Gotland", "Gävleborg", "Värmland", "Örebro", "Östergötland", "Luleå", "Piteå", "Älvsbyn", "Överkalix",
    ]  # fmt: skip


def test_the_map_draws_all_counties_and_marks_those_that_have_a_page(pages):
    index = pages(uppsala="Ett.", norrbotten="Två.", umea_kommun="Tre.")
    (drawing,) = index.xpath("//svg")
    assert len(drawing.xpath(".//path")) == 21
    assert len(drawing.xpath(".//path[@class='made']")) == 2
    assert drawing.get("aria-hidden") == "true"
    assert not index.xpath("//script")


def test_what_became_of_a_batch_is_told_in_a_line_and_as_data(tmp_path):
    outcomes = [
        Outcome("a", True, tmp_path / "a.html", 2.04, made=(tmp_path / "a.html",), warnings=("b",)),
        Outcome("b", True, tmp_path / "b.html", made=(tmp_path / "b.html",), kept=True),
        Outcome("c", False, tmp_path, message="no data"),
    ]
    assert summary.told(outcomes, 3.21, "reports") == "2 of 3 reports in reports/ (1 up to date) in 3.2 s"
    data = summary.as_data(outcomes, 3.21, "reports")
    assert json.loads(json.dumps(data)) == data
    assert {name: data[name] for name in ("made", "kept", "failed")} == {"made": 1, "kept": 1, "failed": 1}
    assert data["areas"][0] == {
        "name": "a", "state": "made", "seconds": 2.0, "files": ["a.html"], "message": "", "warnings": ["b"],
    }  # fmt: skip
    assert data["areas"][2]["message"] == "no data"


def test_the_command_makes_reports_of_municipalities_and_writes_the_summary(sweden, tmp_path, monkeypatch, capsys):
    arguments = [
        "report",
        "Knivsta",
        "--level",
        "municipality",
        "--out",
        tmp_path / "out",
        "--summary",
        tmp_path / "s.json",
    ]
    monkeypatch.setattr(sys, "argv", ["psykanalys", *map(str, arguments), "--project", str(sweden.root)])
    with pytest.raises(SystemExit) as stopped:
        cli.run()
    assert stopped.value.code == 0
    assert "1 of 1 reports in" in capsys.readouterr().out
    data = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert [(each["name"], each["state"]) for each in data["areas"]] == [("knivsta-kommun", "made")]
    page = (tmp_path / "out" / "knivsta-kommun.html").read_text(encoding="utf-8")
    assert html.document_fromstring(page).xpath("string(//h1)") == "Psykisk hälsa i Knivsta kommun"
    assert "Vad kommunen vill" in page
    assert "Planen är länets; siffrorna är kommunens egna." in page
    assert "Vad länet vill" not in page
    path = tmp_path / "out" / "knivsta-kommun.html"
    assert verify(path, sweden).identical
    about = {place for each in trace(path, sweden) if each.reference for place in each.reference.places}
    assert any(place.startswith("demo-register-03:") for place in about)
