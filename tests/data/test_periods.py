"""Written periods to days, and back to the text they came from."""

from datetime import date

import pytest

from psykanalys.periods import FORMS, parse_period, same_season

READ = {
    "2018": (date(2018, 1, 1), date(2018, 12, 31)),
    "2016/2018": (date(2016, 1, 1), date(2018, 12, 31)),
    "2018/2018": (date(2018, 1, 1), date(2018, 12, 31)),
    "2014/15": (date(2014, 8, 1), date(2015, 6, 30)),
    "1999/00": (date(1999, 8, 1), date(2000, 6, 30)),
    "2018-08": (date(2018, 8, 1), date(2018, 8, 31)),
    "2016-02": (date(2016, 2, 1), date(2016, 2, 29)),
    "2018-02": (date(2018, 2, 1), date(2018, 2, 28)),
    "2018-01/2018-08": (date(2018, 1, 1), date(2018, 8, 31)),
    "2017-11/2018-02": (date(2017, 11, 1), date(2018, 2, 28)),
    "2018-09-30": (date(2018, 9, 30), date(2018, 9, 30)),
    "2016-10-17/2016-11-02": (date(2016, 10, 17), date(2016, 11, 2)),
}
REFUSED = [
    "", "18", "20018", "2018-13", "2018-00", "2018-8", "2018-02-30", "2018-9-3", "30/9 2018", "2018–2020", "2018-2020",
    "2014/16", "2014/14", "2014/5", "2014/15/16", "/2018", "hösten 2019", "i dagsläget", "aug-18", "2018 ", " 2018",
    "2018kv3", "2018-W12", "0000", "2018-08-01T00:00",
]  # fmt: skip


@pytest.mark.parametrize(("text", "days"), READ.items())
def test_a_written_period_has_its_first_and_last_day(text, days):
    period = parse_period(text)
    assert (period.first, period.last) == days


@pytest.mark.parametrize("text", READ)
def test_a_period_shows_as_it_was_written(text):
    assert str(parse_period(text)) == text


@pytest.mark.parametrize("text", REFUSED)
def test_another_form_is_refused_with_all_the_forms_that_are_allowed(text):
    with pytest.raises(ValueError, match="is not a period; expected") as refused:
        parse_period(text)
    assert FORMS in str(refused.value)


@pytest.mark.parametrize("text", ["2018/2016", "2018-08/2018-01", "2018-09-30/2018-09-01"])
def test_a_period_that_ends_before_it_begins_is_refused(text):
    with pytest.raises(ValueError, match=f"'{text}' ends before it begins"):
        parse_period(text)


@pytest.mark.parametrize("form", FORMS.replace(" (school year)", "").replace(" or ", ", ").split(", "))
def test_every_form_that_the_message_offers_is_read(form):
    assert parse_period(form).text == form


def test_only_a_day_is_a_point():
    assert [text for text in READ if parse_period(text).is_point] == ["2018-09-30"]


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("2018", "2018-08", True),
        ("2016/2018", "2018/2020", True),
        ("2014/15", "2015", True),
        ("2018-01/2018-08", "2018-08-31", True),
        ("2018", "2019", False),
        ("2014/15", "2015/16", False),
        ("2018-01/2018-08", "2018-09-01", False),
    ],
)
def test_periods_overlap_when_they_share_a_day(one, other, both):
    first, second = parse_period(one), parse_period(other)
    assert first.overlaps(second) is both
    assert second.overlaps(first) is both


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2016", "2018", True),
        ("2014/15", "2016/17", True),
        ("2017-01/2017-08", "2018-01/2018-08", True),
        ("2017-08", "2018-08", True),
        ("2018", "2018", False),
        ("2017", "2018-01/2018-08", False),
        ("2017-08", "2018-09", False),
        ("2014/2015", "2016", False),
        ("2014/15", "2016", False),
    ],
)
def test_the_same_months_of_different_years_can_be_compared(one, other, same):
    first, second = parse_period(one), parse_period(other)
    assert same_season(first, second) is same
    assert same_season(second, first) is same


def test_periods_sort_by_their_first_day():
    texts = ["2019", "2014/15", "2018-09-30", "2016/2018", "2018"]
    assert [str(period) for period in sorted(map(parse_period, texts))] == [
        "2014/15", "2016/2018", "2018", "2018-09-30", "2019",
    ]  # fmt: skip
