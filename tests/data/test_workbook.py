"""Workbooks: whole plans there and back, what people write, every fault with its cell, and files that could harm."""

from __future__ import annotations

import ast
import io
import re
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from psykanalys.catalogue import load_catalogue
from psykanalys.data import checks, contract
from psykanalys.data import text as data_text
from psykanalys.data.prepare import load_prepared
from psykanalys.data.workbook import archive, check_workbook, read_workbook, write_workbook
from psykanalys.data.workbook.layout import layout, sheets
from psykanalys.data.workbook.messages import MESSAGES, is_known
from psykanalys.data.workbook.raw import new_county
from psykanalys.errors import DataError

MARK = "EXEMPEL – tas bort"


class Book:
    """An empty workbook of Halland's, written in as a person would: by sheet, line and Swedish heading."""

    def __init__(self, folder):
        self.path = new_county("Halland", 2024, folder / "plan")
        self.book = openpyxl.load_workbook(self.path)
        self.path.with_suffix(".txt").write_text("rad\n" * 200, encoding="utf-8")
        self.write("Dokument", 3, Titel="Plan för psykisk hälsa", Utgivare="Region Halland")

    def cell(self, sheet, line, heading):
        headings = [cell.value for cell in self.book[sheet][1]]
        return self.book[sheet].cell(line, headings.index(heading) + 1)

    def write(self, sheet, line, **cells):
        for heading, value in cells.items():
            self.cell(sheet, line, heading.replace("_", " ")).value = value

    def goal(self, line=4, **cells):
        row = {"Nr": "M1", "Grupp": "Elevhälsa", "Mål": "Alla får hjälp i tid", "Sikt": "kortsiktigt"}
        self.write("Mål", line, **row | {"Fokusområde": 2, "Rad_i_textutdraget": 12} | cells)

    def activity(self, line=4, **cells):
        self.write("Aktiviteter", line, **{"Aktivitet": "Drop in", "Rad_i_textutdraget": 13} | cells)

    def indicator(self, line=4, **cells):
        row = {"Indikator": "Skolor", "Slag": "antal", "Rad_i_textutdraget": 13}
        self.write("Indikatorer", line, **row | cells)

    def target(self, line=4, **cells):
        row = {"Målnivå": "90 procent", "Hör_till_mål": "M1", "Jämförelse": "minst", "Värde": 90, "Går_att_pröva": "ja"}
        self.write("Målnivåer", line, **row | {"Rad_i_textutdraget": 13} | cells)

    def figure(self, line=4, **cells):
        row = {"Mått": next(_counts()), "Område": "Halland", "Period": "2023", "Täljare": 3}
        self.write("Siffror", line, **row | {"Rad_i_textutdraget": 13} | cells)

    def read(self):
        self.book.save(self.path)
        return read_workbook(self.path)

    def faults(self):
        with pytest.raises(DataError) as raised:
            self.read()
        return [str(fault) for fault in raised.value.faults]

    def only_fault(self):
        (fault,) = self.faults()
        return fault


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)


def only(table: pd.DataFrame) -> dict:
    (row,) = table.to_dict("records")
    return row


# --- layout ----------------------------------------------------------------------------------------------------------


def test_every_kind_has_a_sheet_with_every_column_once():
    assert set(sheets()) == set(contract.KINDS)
    for kind, sheet in sheets().items():
        assert sorted(column.name for column in sheet.columns) == sorted(contract.columns(kind))
        headings = [column.heading.casefold() for column in sheet.columns]
        assert len(set(headings)) == len(headings), kind


def test_every_closed_value_has_one_word_in_its_column():
    for sheet in sheets().values():
        for column in sheet.columns:
            words = [word.casefold() for word in column.words.values()]
            assert len(set(words)) == len(words), (sheet.kind, column.name)
            assert not any("," in word for word in words), "a list to choose from cannot have commas"
            assert len(",".join(words)) <= 255, "nor more than 255 characters"


# --- there and back --------------------------------------------------------------------------------------------------


def test_the_shipped_plans_come_back_exactly(project, tmp_path):
    tables = load_prepared(project).tables
    write_workbook(tmp_path / "all.xlsx", tables)
    back = read_workbook(tmp_path / "all.xlsx")
    for kind, table in tables.items():
        pd.testing.assert_frame_equal(back[kind], table)


def test_the_same_tables_give_the_same_bytes(tmp_path, monkeypatch):
    new_county("Halland", 2024, tmp_path / "a")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    new_county("13", 2024, tmp_path / "b")
    name = "halland-plan-2024.xlsx"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    with zipfile.ZipFile(tmp_path / "a" / name) as archive:
        assert {part.date_time[0] for part in archive.infolist()} == {1980}


def test_an_id_that_reading_would_change_is_not_written(project, tmp_path):
    tables = {"units": pd.DataFrame([{"id": "unit"}])}
    with pytest.raises(ValueError, match="'unit' has no hyphen"):
        write_workbook(tmp_path / "x.xlsx", tables)


# --- what people write -----------------------------------------------------------------------------------------------


def test_what_follows_from_other_cells_is_filled_in(book):
    book.goal()
    book.write("Aktiviteter", 4, Aktivitet="Drop in-tider", Hör_till_mål="m1", Rad_i_textutdraget="13")
    tables = book.read()
    goal, activity = only(tables["goals"]), only(tables["activities"])
    assert goal["id"] == "halland-plan-2024-goal-m1"
    assert goal["group"] == "halland-plan-2024-group-elevhalsa"
    assert (goal["level"], goal["joint"], goal["county_code"]) == ("short", "not_stated", "13")
    assert goal["places"] == "halland-plan-2024:12"
    assert activity["id"] == "halland-plan-2024-act-drop-in-tider"
    assert (activity["goal"], activity["group"], activity["focus_areas"]) == (goal["id"], goal["group"], "2")


def test_the_text_extract_beside_the_workbook_gives_checksum_and_lines(book):
    source = only(book.read()["sources"])
    assert source["lines"] == 200
    assert len(source["sha256"]) == 64


def test_a_goal_is_referred_to_by_its_text_in_any_case(book):
    book.goal(Nr=None)
    book.write(
        "Behov", 4, Behov="Kö", Fokusområde="1, 2", Rad_i_textutdraget="5", Besvaras_av_mål=" alla FÅR hjälp i tid "
    )
    need = only(book.read()["needs"])
    assert need["goals"] == "halland-plan-2024-goal-alla-far-hjalp-i-tid"
    assert need["focus_areas"] == "1 | 2"


def test_equal_texts_get_ids_of_their_own(book):
    book.goal(Nr=None)
    book.goal(5, Nr=None)
    ids = list(book.read()["goals"]["id"])
    assert ids == ["halland-plan-2024-goal-alla-far-hjalp-i-tid", "halland-plan-2024-goal-alla-far-hjalp-i-tid-2"]


def test_blank_rows_trailing_spaces_and_other_case_are_taken(book):
    book.goal(7, Sikt=" LÅNGSIKTIGT ", Grupp="Elevhälsa  ", Rad_i_textutdraget="rad 12–14, 20 och 22")
    book.write("Mål", 9, Mål="   ")
    goal = only(book.read()["goals"])
    assert (goal["level"], goal["group_label"]) == ("long", "Elevhälsa")
    assert goal["places"].split(" | ") == [f"halland-plan-2024:{line}" for line in (12, 13, 14, 20, 22)]


@pytest.mark.parametrize(
    ("given", "form", "value"),
    [
        ("72,5", "General", 72.5),
        (72.5, "General", 72.5),
        (0.725, "0.0%", 72.5),
        ("72,5 %", "@", 72.5),
        (1.234, "0.000", 1.234),
    ],
)
def test_numbers_are_read_as_they_are_shown(book, given, form, value):
    book.write(
        "Siffror", 4, Mått="Kommuner med familjecentral", Område="Halland", Period="2023", Rad_i_textutdraget="3"
    )
    book.write("Siffror", 4, Mått=next(_proportions()), Värde=given)
    book.cell("Siffror", 4, "Värde").number_format = form
    row = only(book.read()["observations"])
    assert row["value"] == value
    assert (row["unit"], row["area"]) == ("procent", "13")


def _titles(statistic):
    return (one.title for one in load_catalogue().values() if one.statistic == statistic)


def _proportions():
    return _titles("proportion")


def _counts():
    return _titles("count")


@pytest.mark.parametrize(
    ("given", "form", "period"),
    [
        (date(2024, 3, 15), "yyyy-mm-dd", "2024-03-15"),
        (datetime(2024, 3, 1), "mmm-yy", "2024-03"),
        (2024, "General", "2024"),
        ("2016–2018", "@", "2016/2018"),
        ("2016-2018", "@", "2016/2018"),
        ("2014–2015", "@", "2014/2015"),
        ("2016 till och med 2018", "@", "2016/2018"),
        ("2016-01–2016-09", "@", "2016-01/2016-09"),
        ("2016-01-2016-09", "@", "2016-01/2016-09"),
        ("januari–september 2016", "@", "2016-01/2016-09"),
        ("7 oktober 2016", "@", "2016-10-07"),
        ("den 7 okt. 2016", "@", "2016-10-07"),
        ("Oktober 2016", "@", "2016-10"),
        ("31/12 2018", "@", "2018-12-31"),
        ("2018-12-31", "@", "2018-12-31"),
        ("2014/15", "@", "2014/15"),
        ("läsåret 2014/15", "@", "2014/15"),
        ("läsåret 2014/2015", "@", "2014/15"),
        (datetime(2024, 3, 15), '[$-41D]d mmmm "år" yyyy', "2024-03-15"),
        (datetime(2024, 1, 1), "yyyy", "2024"),
    ],
)
def test_a_date_is_read_as_a_period(book, given, form, period):
    book.write("Dokument", 3, Datum=given)
    book.cell("Dokument", 3, "Datum").number_format = form
    assert only(book.read()["sources"])["dated"] == period


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("2014/2015", "'2014/2015' can be a school year or two years — läsåret 2014/15 or 2014–2015"),
        ("2014-15", "'2014-15' can be a school year or two years — läsåret 2014/15 or 2014–2015"),
        ("2010–11", "'2010–11' can be a school year or two years — läsåret 2010/11 or 2010–2011"),
        ("2018–2016", "'2018–2016' ends before it begins — the earlier end first"),
        ("hösten 2016", "'hösten 2016' is not a period — such as 2024, 2024–2026, läsåret 2024/25, 2024-03"),
        ("2014/16", "'2014/16' is not a period — "),
        ("läsåret 2014/2016", "'läsåret 2014/2016' is not a period — "),
        ("31/2 2018", "'31/2 2018' is not a period — "),
    ],
)
def test_what_is_no_period_or_two_is_refused(book, given, fault):
    book.write("Dokument", 3, Datum=given)
    assert book.only_fault().startswith(f"Dokument!G3: {fault}")


@pytest.mark.parametrize("form", ["yyyy-mm-dd", "yyyy", "mmm-yy", "d-mmm"])
def test_a_date_in_a_column_of_years_is_refused(book, form):
    book.goal()
    book.activity(Hör_till_mål="M1", År=datetime(2016, 10, 1))
    book.cell("Aktiviteter", 4, "År").number_format = form
    expected = "the year: format the cell as Text and write it again"
    assert book.only_fault() == f"Aktiviteter!F4: Excel has made a date of this (2016-10-01) — {expected}"


@pytest.mark.parametrize("form", ["d-mmm", "yyyy"])
def test_a_date_that_is_not_shown_whole_is_refused(book, form):
    book.write("Dokument", 3, Datum=datetime(2026, 10, 7))
    book.cell("Dokument", 3, "Datum").number_format = form
    assert book.only_fault().startswith("Dokument!G3: Excel has made a date of this (2026-10-07) — the period: ")


def test_a_year_that_excel_has_as_its_first_day_is_the_year(book):
    book.goal()
    book.activity(Hör_till_mål="M1", År=datetime(2016, 1, 1))
    book.cell("Aktiviteter", 4, "År").number_format = "yyyy"
    assert only(book.read()["activities"])["year"] == "2016"


@pytest.mark.parametrize(
    "written", ["M1, M2", "M1,M2", "M1 | M2", "M1; M2", "M1\nM2", "M1, Eleverna mår bra, och trivs"]
)
def test_several_goals_stand_between_bars_or_commas(book, written):
    book.goal()
    book.goal(5, Nr="M2", Mål="Eleverna mår bra, och trivs")
    book.indicator(Hör_till_mål=written)
    goals = only(book.read()["plan_indicators"])["goals"]
    assert goals == "halland-plan-2024-goal-m1 | halland-plan-2024-goal-m2"


def test_an_area_is_named_by_number_name_or_code(book):
    places = {"Nr": "O1", "Namn": "Kustbandet", "Slag": "länsdel", "Ligger_i": "Halland", "Består_av": "1380, Varberg"}
    book.write("Områden", 3, Rad_i_textutdraget=3, **places)
    for line, name in enumerate(("O1", "kustbandet", "13-kustbandet"), 4):
        book.figure(line, Område=name)
    book.figure(7, Område="Varberg")
    tables = book.read()
    assert sorted(set(tables["observations"]["area"])) == ["13-kustbandet", "1383"]
    area = only(tables["areas"])
    assert (area["parent"], area["members"]) == ("13", "1380 | Varberg")


def test_per_cent_is_procent(book):
    book.goal()
    book.target(Mått=next(_proportions()), Enhet="%")
    book.target(5, Värde="80 %")
    assert list(book.read()["targets"]["unit"]) == ["procent", "procent"]


def test_a_formula_gives_its_stored_value(book):
    book.goal()
    book.cell("Mål", 4, "Fokusområde").value = "=1+1"
    book.book.save(book.path)
    _edit(book.path, b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>", b"<f>1+1</f><v />")
    assert only(read_workbook(book.path)["goals"])["focus_areas"] == "2"


def test_headings_alone_will_do_and_merged_ones_too(book):
    book.goal()
    for page in book.book.worksheets:
        if page.title in {sheet.name for sheet in sheets().values()}:
            page.delete_rows(2)
            page.merge_cells("Z1:AA1")
    assert len(book.read()["goals"]) == 1


def test_a_column_may_be_moved_or_left_out(book):
    book.goal()
    book.book["Mål"].delete_cols([cell.value for cell in book.book["Mål"][1]].index("Vems mål") + 1)
    assert only(book.read()["goals"])["owner_section"] == ""


def test_the_example_is_no_row_and_one_written_in_is_a_fault(book):
    assert book.read()["goals"].empty
    book.write("Mål", 3, Mål="Vårt eget mål")
    assert book.only_fault().startswith("Mål!A3: the example row has been written in (Vårt eget mål) — ")


# --- faults ----------------------------------------------------------------------------------------------------------

FAULTS = [
    ("Sikt", "halvlångt", "Mål!D4: 'halvlångt' is not allowed — one of långsiktigt, kortsiktigt, både och or inte"),
    ("Sikt", None, "Mål!D4: the cell is empty — "),
    ("Mål", "=HYPERLINK(1)", "Mål!C4: a formula without a stored value — "),
    ("Mål", "'=1+1", None),
    ("Mål", "@SUM(1)", "Mål!C4: '@SUM(1)' begins as a formula — text that does not begin with"),
    ("Mål", "-5+cmd|' /C calc'!A0", "Mål!C4: '-5+cmd|' /C calc'!A0' begins as a formula — "),
    ("Mål", "#REF!", "Mål!C4: the cell holds the error #REF! — a value"),
    ("Mål", date(2024, 1, 2), "Mål!C4: Excel has made a date of this (2024-01-02) — text"),
    ("Fokusområde", "2 | 6", "Mål!E4: '2 | 6' is not a list of focus areas — "),
    ("Rad i textutdraget", "sidan 3", "Mål!F4: 'sidan 3' is no line of the text extract — such as 120"),
    ("Rad i textutdraget", "14–12", "Mål!F4: '14–12' is no span of lines — "),
    ("Rad i textutdraget", "999", "Mål!F4: 'halland-plan-2024:999' is outside the document — a line from 1 to 200"),
    (
        "Hör till långsiktigt mål",
        "Alla får hjelp i tid",
        "Mål!G4: 'Alla får hjelp i tid' is no row of the sheet 'Mål' — did you mean 'Alla får hjälp i tid'?",
    ),
    ("Län", "Hland", "Mål!P4: 'Hland' is no county — did you mean 'Halland'?"),
    ("Län", "Skåne", "Mål!P4: 'Skåne län' is not the county of halland-plan-2024 — Hallands län"),
    ("Län", "Atlantis", "Mål!P4: 'Atlantis' is no county — its name or code, such as Halland or 13"),
    ("Fokusområde", "FO 1", "Mål!E4: 'FO 1' is not a list of focus areas — numbers 1 to 5, several with a comma: 1, 2"),
    ("Fokusområde", None, "Mål!E4: the cell is empty — numbers 1 to 5, several with a comma: 1, 2"),
    ("Grupp", None, "Mål!B4: the cell is empty — "),
    ("Rad i textutdraget", None, "Mål!F4: the cell is empty — where it stands in the text extract, such as 120"),
    ("Gemensamt", "kanske", "Mål!H4: 'kanske' is not allowed — one of ja, nej or inte angivet"),
    ("Dokument", "annan-plan", "Mål!O4: 'annan-plan' is no document — an Id in the sheet 'Dokument': halland-plan-"),
]  # fmt: skip


@pytest.mark.parametrize(("heading", "value", "fault"), FAULTS)
def test_a_fault_names_its_cell(book, heading, value, fault):
    book.goal()
    book.cell("Mål", 4, heading).value = value
    if fault is None:  # an apostrophe is part of the text
        assert only(book.read()["goals"])["label"] == value
    else:
        assert book.only_fault().startswith(fault)


def test_text_that_only_looks_like_a_formula_is_refused(book):
    book.goal()
    cell = book.cell("Mål", 4, "Mål")
    cell.value = "=cmd()"
    cell.data_type = "s"
    assert book.only_fault().startswith("Mål!C4: '=cmd()' begins as a formula — ")


def test_one_pass_lists_all_faults_in_the_order_of_the_workbook(book):
    book.goal(Sikt="x")
    book.goal(6, Nr="M2", Fokusområde="9", Mål=None)
    book.write("Dokument", 3, Utgivare=None)
    book.write("Aktiviteter", 4, Aktivitet="Drop in", Hör_till_mål="M2", Ansvarig="BUP", Rad_i_textutdraget="1")
    book.write(
        "Målnivåer", 4, Målnivå="90 procent", Hör_till_mål="M7", Jämförelse="minst", Värde="nittio", Går_att_pröva="ja"
    )
    cells = [fault.partition(":")[0] for fault in book.faults()]
    assert cells == [
        "Dokument!E3", "Mål!D4", "Mål!C6", "Mål!E6", "Aktiviteter!E4", "Målnivåer!C4", "Målnivåer!E4", "Målnivåer!O4",
    ]  # fmt: skip


def test_a_row_that_is_refused_is_not_missed_by_those_that_name_it(book):
    book.goal(Sikt="x")
    book.write("Aktiviteter", 4, Aktivitet="Drop in", Hör_till_mål="M1", Rad_i_textutdraget="1")
    assert len(book.faults()) == 1


def test_a_text_that_two_rows_have_is_ambiguous(book):
    book.goal()
    book.goal(5, Nr="M2")
    book.write("Aktiviteter", 4, Aktivitet="A", Hör_till_mål="Alla får hjälp i tid", Rad_i_textutdraget="1")
    assert book.faults()[0] == (
        "Aktiviteter!C4: 'Alla får hjälp i tid' names 2 rows — a number (Nr) of one row in 'Mål'"
    )


def test_the_same_number_twice_is_a_fault_that_names_the_sheet(book):
    book.goal()
    book.goal(5, Mål="Ett annat")
    for line in (4, 5):  # an activity of the goal whose number was mistaken
        book.activity(line, Hör_till_mål="M2")
    assert book.only_fault() == "Mål!A5: Nr M1 stands already on row 4 — another Nr"


def test_an_unknown_measure_and_a_wrong_unit(book):
    book.goal()
    title = next(_proportions())
    book.write("Målnivåer", 4, Målnivå="90", Hör_till_mål="M1", Jämförelse="minst", Värde=90, Går_att_pröva="ja")
    book.write("Målnivåer", 4, Rad_i_textutdraget=1, Mått=title, Enhet="kr")
    assert book.only_fault().startswith("Målnivåer!F4: 'kr' is not the unit of ")
    book.write("Målnivåer", 4, Mått=title + "x", Enhet=None)
    assert book.only_fault() == f"Målnivåer!G4: '{title}x' is no measure in the catalogue — did you mean '{title}'?"


def test_an_empty_closed_cell_is_told_with_the_words_of_the_workbook(book):
    book.write("Enheter", 4, Namn="BUP", Rad_i_textutdraget=3)
    assert book.only_fault() == "Enheter!D4: the cell is empty — one of ja, nej or ej tillämpligt"


def test_what_follows_from_an_empty_cell_is_not_told(book):
    book.goal(Grupp=None)
    book.goal(5, Nr=None, Mål=None)
    book.indicator(Hör_till_mål="M1")
    book.activity(Hör_till_mål="Den text som saknas")
    assert [fault.partition(":")[0] for fault in book.faults()] == ["Mål!B4", "Mål!C5"]


@pytest.mark.parametrize(
    ("cell", "where"), [({"Län": None}, "I3"), ({"Id": "Halland 24"}, "A3"), ({"År": "tjugo"}, "F3")]
)
def test_what_follows_from_the_document_is_not_told(book, cell, where):
    book.goal()
    book.target()
    book.write("Dokument", 3, **cell)
    assert book.only_fault().startswith(f"Dokument!{where}: ")


def test_an_activity_needs_a_goal_or_a_group_and_a_focus_area(book):
    book.goal()
    book.activity(14)
    assert book.faults() == [
        "Aktiviteter!D14: the cell is empty — the group, as in the sheet 'Mål', or the goal in Hör till mål",
        "Aktiviteter!G14: the cell is empty — numbers 1 to 5, several with a comma: 1, 2; or the goal in Hör till mål",
    ]
    book.write("Aktiviteter", 14, Grupp="Elevhelsa", Fokusområde=2)
    assert (
        book.only_fault() == "Aktiviteter!D14: 'Elevhelsa' is no group of the sheet 'Mål' — did you mean 'Elevhälsa'?"
    )


def test_goals_of_two_groups_leave_the_group_to_the_analyst(book):
    book.goal()
    book.goal(5, Nr="M2", Mål="Ett annat", Grupp="Skola")
    book.indicator(Hör_till_mål="M1, M2")
    assert book.only_fault() == "Indikatorer!E4: the goals belong to 2 groups — fill in Grupp"
    book.write("Indikatorer", 4, Grupp="Skola")
    assert only(book.read()["plan_indicators"])["group"] == "halland-plan-2024-group-skola"


def test_one_of_several_goals_that_is_not_there_is_the_one_told(book):
    book.goal()
    book.indicator(Hör_till_mål="M1, M9")
    assert book.only_fault() == "Indikatorer!D4: 'M9' is no row of the sheet 'Mål' — its number (Nr) or its text"


def test_several_goals_where_one_belongs(book):
    book.goal()
    book.goal(5, Nr="M2", Mål="Ett annat")
    book.activity(Hör_till_mål="M1, M2", Grupp="Elevhälsa", Fokusområde=2)
    book.target(Hör_till_mål="M1 | M2")
    activity, target = book.faults()
    assert activity.startswith("Aktiviteter!C4: 'M1, M2' names several rows — one goal; beside several, leave")
    assert target == "Målnivåer!C4: 'M1 | M2' names several rows — one goal: a row for each"


def test_an_unknown_area_is_told_with_the_nearest(book):
    for line, name in enumerate(("Halmsta", "O7", "Uppsala"), 4):
        book.figure(line, Område=name)
    assert book.faults() == [
        "Siffror!C4: 'Halmsta' is no known area — did you mean 'Halmstad'?",
        "Siffror!C5: 'O7' is no known area — the area's name, code or Nr in the sheet 'Områden'",
        "Siffror!C6: 'Uppsala' names more than one area — "
        "the code: 03 (Uppsala län, county) or 0380 (Uppsala, municipality)",
    ]


TARGETS = [
    ({"Enhet": "kr"}, "F4: 'kr' is not the unit of '{measure}' — procent, or an empty cell"),
    ({"Jämförelse": "ska öka"}, "E4: Värde is filled in though Jämförelse is ska öka — an empty cell, or another"),
    ({"Jämförelse": "ska minska"}, "E4: Värde is filled in though Jämförelse is ska minska — "),
    ({"Går_att_pröva": "nej"}, "I4: the cell is empty — say what is missing, since Går att pröva is nej"),
    ({"Värde": None}, "E4: the cell is empty — Jämförelse minst needs a value"),
    ({"Jämförelse": "mellan"}, "Q4: the cell is empty — Jämförelse mellan needs both ends"),
    ({"Värde": "1.234"}, "E4: '1.234' can be read as 1234 or as 1,234 — "),
    ({"Jämförelse": None}, "D4: the cell is empty — one of minst, högst, mer än, "),
    ({"Mått_i_redovisningen": "Fel"}, "V4: 'Fel' is no measure in the catalogue — "),
    ({"Resultatet_mäter": "något annat"}, "X4: the cell is empty — say how the result differs from the target, since "),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "fault"), TARGETS)
def test_faults_of_a_target_name_columns_and_answers_as_they_stand_in_the_workbook(book, cells, fault):
    book.goal()
    measure = next(_proportions())
    book.target(Mått=measure, **cells)
    assert book.only_fault().startswith("Målnivåer!" + fault.format(measure=measure))


FIGURES = [
    ({"Täljare": None}, "H4: the row states nothing — a figure in Värde or Täljare, an answer in Riktning or "),
    ({"Säkerhet": "skyddat"}, "S4: Säkerhet says that there is no figure, but one is given — "),
    ({"Period": None}, "D4: neither Period nor Läget per is given — "),
    ({"Läget_per": 2023}, "E4: both Period and Läget per are given — Läget per empty where"),
    ({"Nämnare": 2}, "G4: a count has no denominator — "),
    ({"Mått": None}, "B4: the cell is empty — a measure in the sheet 'Mått'"),
    ({"Mått": "Okänt mått"}, "B4: 'Okänt mått' is no measure in the catalogue — "),
    ({"Område": None}, "C4: the cell is empty — the area's name, code or Nr in the sheet 'Områden'"),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "fault"), FIGURES)
def test_faults_of_a_figure_name_columns_as_they_stand_in_the_workbook(book, cells, fault):
    book.figure(**cells)
    told = book.only_fault().removeprefix("Siffror!")
    assert told.partition(": ")[2].startswith(fault.partition(": ")[2]), told


def test_two_figures_for_the_same_are_told_with_the_other_row(book):
    book.figure()
    book.figure(5, Täljare=4)
    assert book.only_fault().startswith("Siffror!F5: the figure differs from that of 'Siffror' row 4 — ")


def test_a_value_of_what_cannot_be_tested_is_noted_but_stops_nothing(book):
    book.goal()
    book.target(Går_att_pröva="nej", Vad_som_saknas="hur tiden mäts")
    assert len(book.read()["targets"]) == 1
    (note,) = check_workbook(book.path).notes
    assert str(note).startswith("Målnivåer!E4: Värde is filled in though Går att pröva is nej — ja where it can be")


# --- messages and the guide ------------------------------------------------------------------------------------------

GUIDE = Path(__file__).parents[2] / "docs" / "ny-plan.md"


def _explained() -> list[str]:
    """The words of messages in the first column of the guide's tables."""
    rows = re.findall(r"^\| (`.*?`) \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"(?<=names )\d+", "…", text) for row in rows for text in re.findall(r"`([^`]+)`", row)]


def test_the_guide_explains_every_message_and_no_other():
    explained = _explained()
    fixed = {name: re.sub(r"\{.*?\}", "…", what) for name, (what, _) in MESSAGES.items()}
    assert [name for name, what in fixed.items() if not any(text in what for text in explained)] == []
    expected = " ".join(expected for _, expected in MESSAGES.values()) + "say what is missing"
    assert [
        text for text in explained if not any(text in what for what in fixed.values()) and text not in expected
    ] == []


def _written(node) -> str:
    """A text in the code, with a letter where something is put in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)


def _raw_messages():
    """What the raw files' checks may say of a row: texts that are raised in the models and yielded by the checks."""
    for module in (contract, data_text):
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                yield from (_written(text) for text in node.exc.args if isinstance(text, ast.Constant | ast.JoinedStr))
    for node in ast.walk(ast.parse(Path(checks.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 3:
            yield from (
                _written(text) for text in node.value.elts[1:2] if isinstance(text, ast.JoinedStr | ast.Constant)
            )


def test_every_message_of_the_raw_files_is_told_in_words_of_the_workbook():
    told = [re.sub(r"^\w+: ", "", text) for text in _raw_messages()]
    cut = [re.split("; | — ", text)[0] for text in told]
    elsewhere = {"x lies in the folder of another document", "'x' lies in the folder of another document"}
    assert len(cut) > 30
    assert [what for what in cut if not is_known(what) and what not in elsewhere] == []


def test_unknown_columns_and_cells_without_a_heading(book):
    book.goal()
    page = book.book["Mål"]
    page.cell(1, 20).value = "Målet"
    page.cell(4, 22).value = "utanför"
    assert book.faults() == [
        "Mål!T1: 'Målet' is no column of this sheet — did you mean 'Mål'?",
        "Mål!V4: a value in a column without a heading — a column of this sheet, or an empty cell",
    ]


def test_a_column_that_rows_need_is_missed_once(book):
    book.goal()
    book.book["Mål"].delete_cols(4)
    assert book.only_fault() == "Mål!A1: the column 'Sikt' is missing — a column of this name in row 1"


def test_a_renamed_sheet_is_no_silent_loss(book):
    book.goal()
    book.book["Mål"].title = "Målen"
    assert "Målen!A1: unknown sheet — give it back its name 'Mål', or delete it" in book.faults()


def test_merged_rows_are_refused(book):
    book.goal()
    book.book["Mål"].merge_cells("B4:B6")
    assert book.only_fault() == "Mål!B4: the cells B4:B6 are merged — a value in each row"


def test_a_missing_document_and_a_missing_text_extract(book):
    book.path.with_suffix(".txt").unlink()
    assert book.only_fault().startswith("Dokument!L3: the text extract is not there — ")
    book.book["Dokument"].delete_rows(3)
    assert book.only_fault() == "Dokument!A3: no document — one row for the plan"


def test_cells_very_far_out_are_refused_before_they_are_read(book):
    book.book["Mål"].cell(1_000_000, 1).value = "x"
    assert book.only_fault().startswith("Mål!")


# --- files that could harm -------------------------------------------------------------------------------------------


def _edit(path, *changes: bytes):
    """Replace the first text that is found by the second, in every part."""
    old, new, *others = changes
    with zipfile.ZipFile(path) as parts:
        contents = {name: parts.read(name) for name in parts.namelist()}
    assert any(text in content for content in contents.values() for text in (old, *others))
    with zipfile.ZipFile(path, "w") as out:
        for name, content in contents.items():
            for text in (old, *others):
                content = content.replace(text, new)
            out.writestr(name, content)


def refusal(path) -> str:
    with pytest.raises(DataError) as raised:
        read_workbook(path)
    (fault,) = raised.value.faults
    return fault.what


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("xl/vbaProject.bin", "the workbook holds macros"),
        ("xl/externalLinks/externalLink1.xml", "the workbook links to another workbook"),
        ("xl/connections.xml", "the workbook fetches data from elsewhere"),
        ("xl/embeddings/oleObject1.bin", "another file is embedded in the workbook"),
    ],
)
def test_parts_that_could_harm_are_refused(book, part, what):
    with zipfile.ZipFile(book.path, "a") as out:
        out.writestr(part, b"x")
    assert refusal(book.path) == what


def test_other_kinds_of_files_are_refused(book, tmp_path):
    macros = tmp_path / "plan.xlsm"
    macros.write_bytes(book.path.read_bytes())
    assert refusal(macros) == "'.xlsm' is no workbook that can be read"
    book.path.write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    assert "password" in refusal(book.path)
    book.path.write_bytes(b"id,label\n")
    assert "damaged" in refusal(book.path)
    assert "cannot be read" in refusal(tmp_path / "none.xlsx")


def test_a_bomb_is_not_unpacked(book):
    with zipfile.ZipFile(book.path, "a", zipfile.ZIP_DEFLATED) as out:
        out.writestr("xl/media/zeros.bin", b"\0" * (archive.MOST_UNPACKED + 1))
    assert book.path.stat().st_size < archive.MOST_BYTES
    assert refusal(book.path) == "the file unpacks to far too much"


def test_a_large_file_is_not_read(book):
    book.path.write_bytes(b"PK\x03\x04" + b"\0" * archive.MOST_BYTES)
    assert refusal(book.path) == "the file is too large"


def test_entities_are_refused(book):
    _edit(book.path, b"<workbook ", b'<!DOCTYPE workbook [<!ENTITY a "b">]><workbook ')
    assert refusal(book.path) == "a part of the workbook declares entities"


def test_a_broken_part_is_a_sentence(book):
    stream = io.BytesIO()
    with zipfile.ZipFile(book.path) as parts, zipfile.ZipFile(stream, "w") as out:
        for name in parts.namelist():
            out.writestr(name, parts.read(name)[:200] if name == "xl/workbook.xml" else parts.read(name))
    book.path.write_bytes(stream.getvalue())
    assert refusal(book.path).startswith("the workbook cannot be read (")


def test_the_first_sheet_tells_the_steps_and_the_last_lists_the_measures(book):
    names = book.book.sheetnames
    assert (names[0], names[-1]) == (layout()["guide"]["name"], layout()["measures"]["name"])
    assert book.book["Mål"].freeze_panes == "C3"
    assert book.book["Mål"]["A3"].value == MARK
    assert "Ett mål är en sak" in book.book["Mål"]["A1"].comment.text
