"""Rows of CSV that cannot be divided into cells: they alone are set apart, and the others are counted."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from psykanalys.errors import PsykanalysError
from psykanalys.records.contract import NAMES
from psykanalys.records.convert import BROKEN_QUOTES, MOST_LINES, WRONG_CELLS, divide

from .conftest import CONTACT

WHOLE = 50


def line(number: int, **cells: str) -> str:
    stream = io.StringIO()
    row = {"id": f"c{number}", **CONTACT, **cells}
    csv.writer(stream, lineterminator="\n").writerow([row.get(name, "") for name in NAMES])
    return stream.getvalue()


@pytest.fixture
def tell_with(tell, tmp_path):
    """Measure a file that has these lines in the middle of whole rows; the first of them is row 27."""

    def run(*broken: str, whole: int = WHOLE):
        rows = [line(number) for number in range(whole)]
        path = tmp_path / "extract.csv"
        half = whole // 2
        content = "".join([",".join(NAMES) + "\n", *rows[:half], *broken, *rows[half:]])
        path.write_text(content, encoding="utf-8", newline="")
        return tell([path])

    return run


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("too,few\n", WRONG_CELLS),
        (line(99).rstrip("\n") + ",more\n", WRONG_CELLS),
        (line(99).replace("Ålidhem", '"Ålidhem'), BROKEN_QUOTES),
        (line(99).replace("c99", '"c99'), BROKEN_QUOTES),
        (line(99).rstrip("\n") + '"\n', ""),
        (line(99).replace("Ålidhem", '"Ålidhem"s'), BROKEN_QUOTES),
    ],
)
def test_a_malformed_row_alone_is_set_apart(broken, reason, tell_with):
    told = tell_with(broken)
    if reason:
        assert told.quarantine == [("27", reason, "")]
        assert told.done.quarantined == {reason: 1}
    assert told.done.rows == WHOLE + 1
    assert sum(told.done.quarantined.values()) == 1
    assert told.done.used == WHOLE


def test_several_malformed_rows_keep_their_places_beside_impossible_ones(tell_with):
    told = tell_with("few\n", line(98, sex="X"), line(97).replace("Ålidhem", '"Ålidhem'), line(96), line(96), ",,\n")
    assert told.quarantine == [
        ("27", WRONG_CELLS, ""),
        ("28", "unknown_sex", "sex"),
        ("29", BROKEN_QUOTES, ""),
        ("30", "duplicate_id", "id"),
        ("31", "duplicate_id", "id"),
        ("32", WRONG_CELLS, ""),
    ]
    assert told.done.used == WHOLE


def test_malformed_rows_are_told_in_the_report(tell_with):
    told = tell_with("few\n", "few\n")
    (finding,) = told.table("findings").to_dict("records")
    assert finding["description"] == "2 rader i hela utdraget har ett annat antal celler än rubriken."


def test_the_figures_are_those_of_the_whole_rows(tell_with, tell, tmp_path):
    told = tell_with('9,"z\n')
    path = tmp_path / "whole.csv"
    path.write_text(",".join(NAMES) + "\n" + "".join(line(number) for number in range(WHOLE)), encoding="utf-8")
    pd.testing.assert_frame_equal(
        told.table("observations").drop(columns="places"),
        tell([path], out=tmp_path / "alone").table("observations").drop(columns="places"),
    )


def test_rows_of_several_lines_and_blank_lines_are_read_beside_a_malformed_one(tell_with):
    told = tell_with(line(90, unit="two\nlines"), "\n", "  \n", "few\n", line(91, unit='say ""x""'))
    assert told.quarantine == [("28", WRONG_CELLS, "")]
    assert told.done.used == WHOLE + 2


def test_line_ends_may_differ(tell_with):
    assert tell_with(line(90).replace("\n", "\r\n")).done.used == WHOLE + 1


def test_bytes_that_are_no_utf8_are_told_with_their_row(tell, tmp_path):
    path = tmp_path / "extract.csv"
    rows = [",".join(NAMES) + "\n", line(1, unit="A"), "few\n", line(2)]
    path.write_bytes("".join(rows).encode("latin-1"))
    with pytest.raises(PsykanalysError, match=r"extract\.csv:4:-: the row is not in UTF-8"):
        tell([path])


@pytest.mark.parametrize("content", ["<html>\n<p>\n</html>\n", "\x00\x01\x02", "some words\nand more\n"])
def test_a_file_that_is_no_csv_is_refused(content, tell, tmp_path):
    path = tmp_path / "extract.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PsykanalysError, match=r"extract\.csv:1:id: the column is missing"):
        tell([path])
    path.write_text(",".join(NAMES) + "\n" + content, encoding="utf-8")
    with pytest.raises(PsykanalysError, match=r"extract\.csv:2:-: Expected Number of Columns: 12 Found: 1"):
        tell([path])
    assert not (tmp_path / "out").exists()


def divided(text: str, cells: int = 3) -> list[tuple[str, str]]:
    return list(divide(text.splitlines(keepends=True), ",", cells))


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("1,2,3\n", [""]),
        ("1,2,\n1,2,3,\n1,2,3,,\n", ["", "", ""]),
        ('1,"2,x",3\n', [""]),
        ('1, "2,x" ,3\n', [""]),
        ('1,2"x,3\n', [""]),
        ('1,"2\nx",3\n4,5,6\n', ["", ""]),
        ('1,"2,3\n4,5,6\n', [BROKEN_QUOTES, ""]),
        ('1,"2,3\n4,"5",6\n', [BROKEN_QUOTES, ""]),
        ('1,"2,3\n4,"5,6\n7,8,9\n', [BROKEN_QUOTES, BROKEN_QUOTES, ""]),
        ('1,2\n"1","2"\n', [WRONG_CELLS, WRONG_CELLS]),
        ('1,2,"3', [BROKEN_QUOTES]),
        ("1,2,3", [""]),
    ],
)
def test_rows_are_divided_as_the_database_does_it(text, faults):
    assert [fault for _, fault in divided(text)] == faults


def test_an_open_quotation_mark_is_not_followed_for_ever():
    text = '1,"2,3\n' + "4,5,6\n" * (3 * MOST_LINES)
    found = divided(text)
    assert [fault for _, fault in found] == [BROKEN_QUOTES] + [""] * (3 * MOST_LINES)
    assert "".join(row for row, _ in found) == text
