from __future__ import annotations

import pytest

from psykanalys.errors import MailError
from psykanalys.mail.addresses import of_other_counties, read_book, read_mailbox, recipients

BOOK = """
norrbotten:
  to: Anna Öberg <anna@example.se>
  cc: [registrator@example.se]
"21":
  to:
    - bo@example.se
    - registrator@example.se
"""


@pytest.fixture
def book(tmp_path):
    def written(text):
        path = tmp_path / "recipients.yaml"
        path.write_text(text, encoding="utf-8")
        return read_book(path)

    return written


def test_a_name_may_be_of_any_letters_and_a_domain_becomes_ascii():
    box = read_mailbox(' "Åsa Öberg, ordförande" <Asa.Oberg@Räksmörgås.se> ')
    assert (box.name, box.address) == ("Åsa Öberg, ordförande", "Asa.Oberg@xn--rksmrgs-5wao1o.se")
    assert read_mailbox("a@EXAMPLE.se").address == "a@example.se"


@pytest.mark.parametrize(
    "text",
    [
        "", "anna", "@example.se", "anna@", "a@b@example.se", "a b@example.se", "a@example..se", "a@-example.se",
        "Anna <anna@example.se", "<anna@example.se> x", "a@example.se, b@example.se", "a@example.se;b@example.se",
        "a@example.se>", 'a"b@example.se', "a@exa mple.se", f"a@{'x' * 64}.se",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    with pytest.raises(MailError, match="is no mail address — expected 'name@example"):
        read_mailbox(text)


@pytest.mark.parametrize("sign", ["\r\n", "\n", "\r", "\0", "\u2028", "\u202e", "\x85", "\t"])
@pytest.mark.parametrize("text", ["Anna{}Bcc: x@example.se <anna@example.se>", "anna{}@example.se", "a@example.se{}"])
def test_what_could_begin_another_header_is_refused(text, sign):
    with pytest.raises(MailError, match="holds a line break or control sign"):
        read_mailbox(text.format(sign))


def test_who_stands_twice_gets_one_letter():
    wanted = recipients(["a@example.se", "A@example.se"], ["a@Example.se", "b@example.se"])
    assert [box.address for box in wanted.all] == ["A@example.se", "b@example.se"]
    assert [box.address for box in wanted.without(["a@example.se"]).all] == ["b@example.se"]


def test_a_book_tells_each_countys_recipients(book):
    read = book(BOOK)
    assert {slug: [str(box) for box in listed.all] for slug, listed in read.items()} == {
        "norrbotten": ["Anna Öberg <anna@example.se>", "registrator@example.se"],
        "gavleborg": ["bo@example.se", "registrator@example.se"],
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no counties"),
        ("- a", "no counties"),
        ("a: [", "not readable as YAML"),
        ("25: {to: a@example.se}", "25 is a number — write the county's name, or its code in quotes"),
        ("narnia: {to: a@example.se}", "'narnia' is no known area"),
        ("norrbotten: a@example.se", "norrbotten: expected 'to:' and perhaps 'cc:'"),
        ("norrbotten: {to: a@example.se, bcc: b@example.se}", "norrbotten: expected 'to:' and perhaps 'cc:'"),
        ("norrbotten: {to: [5]}", "norrbotten: 5 holds a line break or control sign, or is no text"),
        ("norrbotten: {to: anna}", "norrbotten: 'anna' is no mail address"),
        ('norrbotten: {to: a@example.se}\n"25": {to: b@example.se}', "25: the county stands twice"),
        ("norrbotten: {to: a@example.se}\nnorrbotten: {to: b@example.se}", "norrbotten: the county stands twice"),
        ("norrbotten: !!python/object/apply:os.getcwd []", "not readable as YAML"),
    ],
)
def test_a_book_that_cannot_be_used_says_why(book, text, said):
    with pytest.raises(MailError, match=r"recipients\.yaml") as caught:
        book(text)
    assert said in str(caught.value)


def test_a_book_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MailError, match="no such file — name a file of recipients"):
        read_book(tmp_path / "none.yaml")


def test_a_recipient_of_other_counties_only_is_told(book):
    read = book(BOOK)
    assert of_other_counties(recipients(["BO@example.se"]), "norrbotten", read) == [
        "BO@example.se is a recipient of gavleborg"
    ]
    for own in ("registrator@example.se", "new@example.se", "anna@example.se"):
        assert of_other_counties(recipients([own]), "norrbotten", read) == []
