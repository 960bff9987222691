from __future__ import annotations

import pytest

from psykanalys.present import formatting as fmt

SPACE = "\u00a0"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (24328, None, f"24{SPACE}328"),
        (6.51, None, "6,51"),
        (28.0, None, "28"),
        (71.79487, 0, "72"),
        (-0.4, None, "\u22120,4"),
        (0, None, "0"),
        (1234567.25, 1, f"1{SPACE}234{SPACE}567,2"),
        (float("nan"), None, "–"),
        (None, None, "–"),
    ],
)
def test_numbers_have_decimal_comma_and_no_break_groups(value, decimals, text):
    assert fmt.number(value, decimals) == text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("2018", "2018"),
        ("2016/2018", "2016–2018"),
        ("2014/15", "läsåret 2014/15"),
        ("2018-08", "augusti 2018"),
        ("2018-01/2018-08", "januari–augusti 2018"),
        ("2017-08/2018-07", "augusti 2017–juli 2018"),
        ("2018-09-30", "30 september 2018"),
        ("2018-01/2018-12", "januari–december 2018"),
        (None, "ej angiven"),
    ],
)
def test_periods_read_as_a_person_says_them(written, text):
    assert fmt.period(written) == text


def test_units_follow_the_number():
    assert fmt.with_unit(28.0, "procent") == f"28{SPACE}%"
    assert fmt.with_unit(137.21, "per 100000") == f"137,21{SPACE}per 100{SPACE}000"


def test_intervals_stand_in_brackets_or_not_at_all():
    assert fmt.interval(55.1, 85.04, 0) == "[55; 85]"
    assert fmt.interval(None, None, 0) == ""


@pytest.mark.parametrize(
    ("sex", "age", "text"),
    [
        ("K", "0-17", "flickor, 0–17 år"),
        ("M", "16-64", "män, 16–64 år"),
        ("T", "65-", "65 år och äldre"),
        ("K", "", "kvinnor/flickor"),
        ("T", "", ""),
    ],
)
def test_populations_are_named(sex, age, text):
    assert fmt.population(sex, age) == text


def test_places_name_the_document_by_letter_and_join_lines():
    places = "plan:904 | plan:905 | plan:910 | other:3"
    assert fmt.places(places, {"plan": "A", "other": "B"}) == f"A{SPACE}rad 904–905, 910, B{SPACE}rad 3"


def test_small_counts_are_words_with_the_right_gender():
    assert [fmt.counted(count, "mål", "mål") for count in (0, 1, 12, 13)] == [
        "inga mål",
        "ett mål",
        "tolv mål",
        "13 mål",
    ]
    assert fmt.counted(1, "avvikelse", "avvikelser") == "en avvikelse"
