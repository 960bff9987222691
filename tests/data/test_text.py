"""One cell to one value: what is read, and what is refused because it could mean two things."""

import re

import pytest

from psykanalys.data.text import parse_count, parse_list, parse_number

NO_BREAK, THIN, NARROW = "\u00a0", "\u2009", "\u202f"

READ = {
    "28": 28,
    "0": 0,
    "007": 7,
    "6,51": 6.51,
    "6.51": 6.51,
    "0.123": 0.123,
    "0,5": 0.5,
    "1,234": 1.234,
    "24 328": 24328,
    f"24{NO_BREAK}328": 24328,
    f"24{THIN}328": 24328,
    f"24{NARROW}328": 24328,
    f"1{NO_BREAK}234 567": 1234567,
    "1 234,5": 1234.5,
    "1 234.5": 1234.5,
    "1234.567": 1234.567,
    "12 %": 12,
    "12%": 12,
    f"12,5{NO_BREAK}%": 12.5,
    "-5": -5,
    "−5": -5,
    "–5": -5,
    "+5": 5,
    "−1 234,5": -1234.5,
    f" {NARROW}28{NO_BREAK} ": 28,
    "9,293": 9.293,
    "999 999 999 999 999": 999999999999999,
}
REFUSED = [
    "1,2,3", "ca 5", "1 23", "1234 567", "1 2345", "5-8", "5–8", "1e3", "nan", "inf", "-inf", "Infinity", "٣", "１２",
    "½", "²", "%", "12 %%", "% 12", "- 5", "--5", "1.", ",5", ".5", "1_000", "0x1F", "28 st", "<5", "~5", "5 (6)",
    "#REF!", "1,234.5", "12'345", "tolv", "-", "–", "1  234", "1\n2",
]  # fmt: skip


@pytest.mark.parametrize(("text", "number"), READ.items(), ids=map(repr, READ))
def test_a_swedish_number_is_read(text, number):
    assert parse_number(text) == number


@pytest.mark.parametrize("text", REFUSED, ids=repr)
def test_what_is_no_number_is_refused_with_the_text_and_an_example(text):
    with pytest.raises(
        ValueError, match=re.escape(f"'{text}' is not a number; expected e.g. 28, 6,51, 6.51 or 24 328")
    ):
        parse_number(text)


@pytest.mark.parametrize("text", [None, "", " ", NO_BREAK, f"{THIN}{NARROW}"])
def test_an_empty_cell_is_no_number_and_no_fault(text):
    assert parse_number(text) is None
    assert parse_count(text) is None


@pytest.mark.parametrize("text", ["1.234", "12.345", "999.000", "-1.234", "1.234 %"])
def test_a_point_before_three_digits_is_refused_since_it_reads_in_two_ways(text):
    bare = text.removesuffix(" %")
    whole, decimal = bare.replace(".", ""), bare.replace(".", ",")
    with pytest.raises(
        ValueError, match=f"'{bare}' can be read as {whole} or as {decimal}; write {whole} for the first"
    ):
        parse_number(text)


@pytest.mark.parametrize(
    ("text", "meant"), [("12.345.678", "12345678"), ("1.234,5", "1234,5"), ("-1.234.567,8", "-1234567,8")]
)
def test_points_between_thousands_are_refused_with_the_number_to_write(text, meant):
    with pytest.raises(ValueError, match=f"'{re.escape(text)}' has points between the thousands; expected {meant}$"):
        parse_number(text)


def test_the_advice_for_an_ambiguous_number_is_itself_readable():
    assert parse_number("1234") == 1234
    assert parse_number("1,234") == 1.234


@pytest.mark.parametrize("text", ["9" * 16, "9" * 400, "0," + "1" * 20, "1" + " 000" * 5])
def test_a_number_that_cannot_be_held_exactly_is_refused(text):
    with pytest.raises(ValueError, match="too many digits; expected at most 15"):
        parse_number(text)


@pytest.mark.parametrize("number", [28, 6.51, 0, -3])
def test_a_number_stays_the_number_it_is(number):
    assert parse_number(number) == number


@pytest.mark.parametrize(("text", "count"), [("28", 28), ("0", 0), ("24 328", 24328), ("5,0", 5), (7, 7)])
def test_a_count_is_a_whole_number(text, count):
    read = parse_count(text)
    assert read == count
    assert isinstance(read, int)


@pytest.mark.parametrize("text", ["-3", "−3", "2,5", "2.5", "12 %", -1, 0.5])
def test_a_count_is_not_negative_not_fractional_and_not_a_percentage(text):
    with pytest.raises(ValueError, match=f"'{text}' is not a whole number of at least 0; expected e.g. 28"):
        parse_count(text)


@pytest.mark.parametrize("text", ["1.234", "ca 5", "nan", "inf", "٣"])
def test_a_count_refuses_what_a_number_refuses(text):
    with pytest.raises(ValueError, match=f"'{text}'"):
        parse_count(text)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", ()),
        (None, ()),
        (" | ", ()),
        ("a", ("a",)),
        ("a | b", ("a", "b")),
        ("a|b|", ("a", "b")),
        ("b | a", ("b", "a")),
        ("a b | c", ("a b", "c")),
        (["a", "b"], ("a", "b")),
    ],
)
def test_a_list_is_split_at_the_bars_and_keeps_its_order(text, items):
    assert parse_list(text) == items


def test_a_list_that_names_the_same_thing_twice_is_refused():
    with pytest.raises(ValueError, match=r"'a \| b \| a' names the same thing twice; expected each once"):
        parse_list("a | b | a")
