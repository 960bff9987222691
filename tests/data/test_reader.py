"""One file to rows: encodings, delimiters, quotation marks, and the line that every row stands on."""

import pytest

from psykanalys.data.contract import KINDS, columns, required_columns
from psykanalys.data.reader import read_table, shown

HEADER = "id,source,places,county_code,name,abbreviation,listed"
ROWS = [
    "u-bup,plan,plan:1,24,Barn- och ungdomspsykiatri i Skellefteå,BUP,yes",
    "u-pv,plan,plan:2 | plan:3,24,Primärvården Åsele & Övertorneå,PV,no",
]
TEXT = "\n".join([HEADER, *ROWS]) + "\n"
NAMES = ["Barn- och ungdomspsykiatri i Skellefteå", "Primärvården Åsele & Övertorneå"]

SAME = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with BOM": TEXT.encode("utf-8-sig"),
    "Windows-1252": TEXT.encode("cp1252"),
    "semicolons": TEXT.replace(",", ";").encode(),
    "tabs": TEXT.replace(",", "\t").encode(),
    "semicolons, Windows-1252, CRLF": TEXT.replace(",", ";").replace("\n", "\r\n").encode("cp1252"),
    "CRLF with BOM": TEXT.replace("\n", "\r\n").encode("utf-8-sig"),
    "CR": TEXT.replace("\n", "\r").encode(),
    "no newline at the end": TEXT.strip().encode(),
    "blank lines at the end": (TEXT + "\n,,,,,,\n\n").encode(),
    "everything in quotation marks": "\n".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) for line in TEXT.split("\n") if line
    ).encode(),
    "quotation marks and semicolons": "\n".join(
        ";".join(f'"{cell}"' for cell in line.split(",")) for line in TEXT.split("\n") if line
    ).encode(),
    "spaces around the cells": TEXT.replace(",", " , ").encode(),
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME)
def test_however_it_was_saved_the_same_rows_come_out(table, content):
    read = table("units", content)
    assert read.faults == ()
    assert [row.name for row in read.rows] == NAMES
    assert [row.places for row in read.rows] == [("plan:1",), ("plan:2", "plan:3")]
    assert read.lines == (2, 3)
    assert read.whole


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_delimiter_in_quotation_marks_is_text(table, mark):
    cells = ["u", "plan", "plan:1", "24", f'"Enheten{mark}som säger ""ja"""', "", "yes"]
    read = table("units", mark.join(HEADER.split(",")) + "\n" + mark.join(cells) + "\n")
    assert read.faults == ()
    assert read.rows[0].name == f'Enheten{mark}som säger "ja"'


def test_a_decimal_comma_needs_no_quotation_marks_between_semicolons(table):
    text = "id;source;places;indicator;area;period;value;unit\no;plan;plan:1;m_a;24;2018;6,51;procent\n"
    read = table("observations", text)
    assert read.faults == ()
    assert read.rows[0].value == 6.51


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_row_stands_on_the_line_where_it_begins_even_after_cells_of_several_lines(table, newline):
    lines = [
        HEADER,
        'u-1,plan,plan:1,24,"Namn',
        "på tre",
        'rader",,yes',
        "",
        "u-2,plan,plan:1,24,Namn,,perhaps",
        'u-3,plan,plan:1,24,"Namn på',
        'två",,never',
        "u-4,plan,plan:1,24,Namn,,yes",
    ]
    read = table("units", newline.join(lines) + newline)
    assert read.lines == (2, 9)
    assert [(fault.row, fault.column) for fault in read.faults] == [(6, "listed"), (7, "listed")]


def test_a_message_about_a_cell_of_several_lines_is_one_line(table):
    read = table("units", f'{HEADER}\nu,plan,plan:1,24,Namn,,"ja\noch nej"\n')
    assert str(read.faults[0]).endswith(
        "units.csv:2:listed: 'ja och nej' is not allowed — one of 'yes', 'no', 'not_applicable'"
    )


@pytest.mark.parametrize("separator", ["\u2028", "\u0085", "\x0b", "\x0c", "\x1c"])
def test_only_what_an_editor_counts_as_a_line_is_counted(table, separator):
    read = table("units", f"{HEADER}\nu-1,plan,plan:1,24,Namn{separator}mer,,yes\nu-2,plan,plan:1,24,Primã¤r Ã¤,,yes\n")
    assert [(fault.row, fault.column) for fault in read.faults] == [(2, "name"), (3, "name")]


def test_blank_lines_before_the_header_are_counted(table):
    read = table("units", f"\n\n{HEADER},extra\n")
    assert [(fault.row, fault.column) for fault in read.faults] == [(3, "extra")]


def test_columns_may_stand_in_any_order_and_optional_ones_may_be_left_out(table):
    read = table("units", "listed,name,county_code,places,source,id\nyes,Namn,24,plan:1,plan,u\n")
    assert read.faults == ()
    assert read.rows[0].abbreviation == ""
    assert read.rows[0].section == ""


def test_a_file_with_only_a_header_has_no_rows_and_no_faults(table):
    read = table("units", HEADER + "\n")
    assert (read.rows, read.faults, read.whole) == ((), (), True)


def test_every_fault_of_a_file_is_told_and_the_good_rows_are_kept(table):
    rows = ["U,plan,plan,24,,,yes", "u-2,plan,plan:1,24,Namn,,yes", "u-3,plan,plan:1,240,Namn,,"]
    read = table("units", "\n".join([HEADER, *rows]))
    assert [(fault.row, fault.column) for fault in read.faults] == [
        (2, "id"), (2, "places"), (2, "name"), (4, "county_code"), (4, "listed"),
    ]  # fmt: skip
    assert [row.id for row in read.rows] == ["u-2"]
    assert [cells["id"] for cells in read.rejected] == ["U", "u-3"]


def test_an_empty_cell_that_must_have_one_of_some_values_tells_which(table):
    read = table("units", f"{HEADER}\nu,plan,plan:1,24,Namn,,\n")
    assert [(fault.what, fault.expected) for fault in read.faults] == [
        ("the cell is empty", "one of 'yes', 'no', 'not_applicable'")
    ]


def test_the_rows_after_broken_quotation_marks_are_not_guessed(table):
    rows = ["u-1,plan,plan:1,24,Namn,,yes", 'u-2,plan,plan:1,24,"Namn,,yes', "u-3,plan,plan:1,24,Namn,,yes"]
    read = table("units", "\n".join([HEADER, *rows]))
    assert [row.id for row in read.rows] == ["u-1"]
    assert [fault.row for fault in read.faults] == [3]
    assert not read.whole


@pytest.mark.parametrize("letters", ["Primärvården", "BÄDDEN", "Åsele", "Öra", "café"])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "mac-roman"])
def test_letters_saved_in_the_wrong_encoding_are_found_with_their_cell(table, letters, encoding):
    broken = letters.encode().decode(encoding, errors="replace")
    read = table("units", f"{HEADER}\nu-1,plan,plan:1,24,Namn,,yes\nu-2,plan,plan:1,24,{broken},,yes\n")
    assert [(fault.row, fault.column) for fault in read.faults] == [(3, "name")]
    assert "letters are broken" in read.faults[0].what


def test_foreign_letters_that_are_right_are_not_called_broken(table):
    name = "Ångström – Čapek, Šimůnek, Ñuñez, São, Øre, Ærø, 5 √ 4, ”citat” … naïve Ãrzte"
    read = table("units", f'{HEADER}\nu,plan,plan:1,24,"{name}",,yes\n')
    assert read.faults == ()
    assert read.rows[0].name == name


def test_a_missing_file_is_a_fault_and_no_crash(tmp_path):
    read = read_table(tmp_path / "units.csv")
    assert [fault.what for fault in read.faults] == ["the file is missing"]


def test_a_path_is_shown_from_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "data" / "units.csv") == "data/units.csv"
    assert shown(tmp_path.parent / "units.csv") == (tmp_path.parent / "units.csv").as_posix()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_names_its_columns_and_those_it_cannot_do_without(kind):
    assert columns(kind)[0] == "id"
    assert set(required_columns(kind)) <= set(columns(kind))
    assert all(field.description for field in KINDS[kind].model_fields.values())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_without_a_required_column_is_refused_by_that_column(table, kind):
    for missing in required_columns(kind):
        header = [name for name in columns(kind) if name != missing]
        read = table(kind, ",".join(header) + "\n")
        assert [(fault.row, fault.column, fault.what) for fault in read.faults] == [
            (1, missing, "the column is missing")
        ]
