"""The message as a mail program reads it."""

from __future__ import annotations

import email
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from email.policy import default

import pypdf
import pytest
from lxml import html as lxml_html

from psykanalys.errors import MailError
from psykanalys.mail import guard
from psykanalys.mail.addresses import read_mailbox, recipients
from psykanalys.mail.body import as_html, as_text
from psykanalys.mail.message import Message, attach

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TO = "Åsa Öberg, ordförande <asa@räksmörgås.se>"


@pytest.fixture
def message(ready):
    def made(*to, cc=(), sender="Utskick <utskick@example.se>"):
        each = ready(*to or (TO,), cc=cc)
        return Message(each.letter, each.attachment, each.recipients, sender and read_mailbox(sender))

    return made


def parsed(message, *, is_draft=True):
    return email.message_from_bytes(message.as_bytes(NOON, is_draft=is_draft), policy=default)


def test_headers_say_what_was_meant(message):
    read = parsed(message(cc=["b@example.se"]))
    assert read["Subject"] == "Psykisk hälsa i Norrbotten – analys av planen 2016–2018"
    (to,) = read["To"].addresses
    assert (to.display_name, to.addr_spec) == ("Åsa Öberg, ordförande", "asa@xn--rksmrgs-5wao1o.se")
    assert (str(read["Cc"]), str(read["From"])) == ("b@example.se", "Utskick <utskick@example.se>")
    assert read["Date"].datetime == NOON
    assert read["Content-Language"] == "sv"
    assert not read.defects
    assert all(part.defects == [] for part in read.walk())


def test_a_draft_says_so_and_a_sent_letter_does_not(message):
    assert parsed(message())["X-Unsent"] == "1"
    assert parsed(message(), is_draft=False)["X-Unsent"] is None
    assert parsed(message(sender=None))["From"] is None


def test_lines_end_as_mail_wants_and_are_short(message):
    content = message().as_bytes(NOON, is_draft=True)
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert max(map(len, content.split(b"\r\n"))) <= 78
    assert content.isascii()


def test_its_parts_are_text_then_html_with_its_image_then_the_report(message, made):
    read = parsed(message())
    kinds = [part.get_content_type() for part in read.walk()]
    assert kinds == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "text/html",
    ]  # fmt: skip
    (report,) = read.iter_attachments()
    assert report.get_filename() == "psykisk-halsa-i-norrbotten-2016-2018.html"
    assert report.get_payload(decode=True) == made[0].encode()
    page = read.get_body(("html",)).get_content()
    image = next(part for part in read.walk() if part.get_content_type() == "image/png")
    (shown,) = lxml_html.document_fromstring(page).iter("img")
    assert f"<{shown.get('src').removeprefix('cid:')}>" == image["Content-ID"]
    assert image.get_content_disposition() == "inline"
    assert image.get_payload(decode=True).startswith(b"\x89PNG")


def test_both_bodies_come_back_as_they_were_written(message):
    written = message()
    read = parsed(written)
    cid = re.search(r'src="cid:([^"]*)"', read.get_body(("html",)).get_content())[1]
    page, text = (read.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("html", "plain"))
    assert (page, text) == (as_html(written.letter, cid), as_text(written.letter))


def test_only_the_date_differs_between_two_of_the_same(message):
    one, other = (message().as_bytes(when, is_draft=True) for when in (NOON, NOON.replace(hour=13)))
    assert one != other
    assert re.sub(rb"(?m)^Date: .*$", b"", one) == re.sub(rb"(?m)^Date: .*$", b"", other)
    assert message().id == message().id


def test_other_content_or_recipients_give_another_id(message):
    own = message()
    others = [
        message("b@example.se"),
        message(TO, cc=["b@example.se"]),
        message(sender="x@example.se"),
        replace(own, letter=replace(own.letter, subject="Annat")),
        replace(own, attachment=replace(own.attachment, content=b"annat")),
    ]
    assert len({each.id for each in (own, *others)}) == 6
    assert own.id.endswith("@example.se>")


@pytest.mark.parametrize("sign", ["\r\nBcc: x@example.se", "\n", "\u2028"])
def test_a_line_break_in_subject_or_file_name_is_refused(message, sign):
    own = message()
    with pytest.raises(MailError, match="cannot stand in a mail's header"):
        replace(own, letter=replace(own.letter, subject=f"Ämne{sign}")).as_bytes(NOON, is_draft=True)
    named = replace(own, attachment=replace(own.attachment, name=f"a{sign}.html"))
    with pytest.raises(MailError, match="cannot stand in a mail's header"):
        named.as_bytes(NOON, is_draft=True)


def test_other_letters_before_the_at_stand_as_they_are(message):
    own = message("Åsa <åsa@räksmörgås.se>")
    content = own.as_bytes(NOON, is_draft=False)
    assert own.needs_utf8
    assert not message().needs_utf8
    assert "åsa@xn--rksmrgs-5wao1o.se".encode() in content


def test_many_and_long_names_come_back_whole(message):
    names = [f"Ann-Marie Åkerström-Öberg, sekreterare {n} <a{n}@example.se>" for n in range(40)]
    read = parsed(message(*names))
    assert [each.addr_spec for each in read["To"].addresses] == [f"a{n}@example.se" for n in range(40)]
    assert {each.display_name for each in read["To"].addresses} == {
        f"Ann-Marie Åkerström-Öberg, sekreterare {n}" for n in range(40)
    }


def test_a_zip_holds_page_and_twin_and_is_the_same_every_time(made, checked_once):
    report = checked_once.report
    one, other = (attach("a.zip", report.page, report.twin, "zip") for _ in range(2))
    assert one == other
    with zipfile.ZipFile(io.BytesIO(one.content)) as archive:
        assert archive.namelist() == ["a.html", "a.json"]
        assert archive.read("a.html") == made[0].encode()


def test_a_pdf_is_written_from_the_proved_page(checked_once):
    report = checked_once.report
    made = attach("a.pdf", report.page, report.twin, "pdf")
    assert made.kind == ("application", "pdf")
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made.content)).pages)
    assert report.code in " ".join(text.split())


def test_the_gate_sees_every_file_that_goes_out(monkeypatch, checked_once):
    seen = {}
    monkeypatch.setattr(
        guard.gate, "leaks", lambda files, county: seen.update({f.name: f.read_bytes() for f in files}) or []
    )
    guard.check_files(checked_once.report, checked_once.letter, checked_once.attachment)
    assert set(seen) == {
        "norrbotten.html", "norrbotten.json", "letter.html", "letter.txt", "psykisk-halsa-i-norrbotten-2016-2018.html",
    }  # fmt: skip
    assert checked_once.letter.subject in seen["letter.txt"].decode()
    assert recipients(["a@example.se"]) == checked_once.recipients
