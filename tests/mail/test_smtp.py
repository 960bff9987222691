"""Letters over a real server: nothing lost, nothing sent twice."""

from __future__ import annotations

import socket
import traceback

import keyring
import pytest
from keyring.errors import NoKeyringError
from post_office import HERE, SECRET, USER, Inbox

from psykanalys.errors import MailError
from psykanalys.mail import smtp
from psykanalys.mail.log import State
from psykanalys.mail.smtp import Envelope, Server, find_password, read_server, send

LETTER = Envelope(b"Subject: x\r\n\r\n.\r\n..two\r\nend\r\n", "from@example.se")
A, B, C = "a@example.se", "b@example.se", "c@example.se"
AT_ONCE = (0.0, 0.0, 0.0)
WRONG, NOT_ASCII = "mycket-hemligt", "lösen"


def states(done):
    return {address: each.state for address, each in done.items()}


def post(office, *to, letter=LETTER, **more):
    return send(Server(HERE, office.port, starttls=False), letter, to, waits=AT_ONCE, **more)


def test_a_letter_arrives_as_it_was_written(office):
    to = office()
    assert states(post(to, A, B)) == {A: State.SENT, B: State.SENT}
    (letter,) = to.inbox.letters
    assert letter.content == LETTER.content
    assert (letter.mail_from, letter.rcpt_tos) == ("from@example.se", [A, B])


@pytest.mark.parametrize(("exclude", "used"), [([], "PLAIN"), (["PLAIN"], "LOGIN")])
def test_encrypted_and_logged_in(secure_office, ca, exclude, used):
    to = secure_office(auth_exclude_mechanism=exclude)
    done = send(Server(HERE, to.port, USER, True, ca), LETTER, [A], SECRET, waits=())
    assert states(done) == {A: State.SENT}
    assert to.inbox.asked == [used, A]


def test_a_line_encrypted_from_the_start(closed_office, ca):
    to = closed_office()
    done = send(Server(HERE, to.port, USER, starttls=False, ca=ca, tls=True), LETTER, [A], SECRET, waits=())
    assert states(done) == {A: State.SENT}
    assert to.inbox.asked == ["PLAIN", A]


def test_a_line_encrypted_from_the_start_needs_a_trusted_certificate(closed_office):
    to = closed_office()
    with pytest.raises(MailError, match=r"certificate is not trusted .* --ca FILE — nothing was sent"):
        send(Server(HERE, to.port, USER, starttls=False, tls=True), LETTER, [A], SECRET, waits=AT_ONCE)
    assert to.inbox.asked == []


def test_a_server_that_does_not_encrypt_from_the_start_is_told(office, ca):
    with pytest.raises(MailError, match=r"encryption failed .* — nothing was sent"):
        send(Server(HERE, office().port, USER, starttls=False, ca=ca, tls=True), LETTER, [A], SECRET, waits=AT_ONCE)


def test_an_unknown_certificate_is_not_trusted(secure_office):
    to = secure_office()
    with pytest.raises(MailError, match=r"certificate is not trusted .* --ca FILE — nothing was sent"):
        send(Server(HERE, to.port, USER), LETTER, [A], SECRET, waits=AT_ONCE)
    assert to.inbox.asked == []


def test_a_wrong_password_stops_everything_and_is_told_nowhere(secure_office, ca):
    to = secure_office()
    with pytest.raises(MailError, match="utskick could not log in: the server answered 535") as caught:
        send(Server(HERE, to.port, USER, True, ca), LETTER, [A], WRONG, waits=AT_ONCE)
    assert WRONG not in "".join(traceback.format_exception(caught.value))
    assert to.inbox.letters == []


def test_a_password_that_cannot_be_sent_is_told_nowhere(secure_office, ca):
    to = secure_office()
    with pytest.raises(MailError, match="other signs than ASCII") as caught:
        send(Server(HERE, to.port, USER, True, ca), LETTER, [A], NOT_ASCII, waits=AT_ONCE)
    assert NOT_ASCII not in "".join(traceback.format_exception(caught.value))


def test_a_server_without_encryption_is_refused(office):
    to = office()
    with pytest.raises(MailError, match="STARTTLS extension not supported by server — nothing was sent"):
        send(Server(HERE, to.port), LETTER, [A], waits=AT_ONCE)
    assert to.inbox.asked == []


@pytest.mark.parametrize(
    ("host", "user", "said"),
    [("smtp.example.se", "", "encrypted line only — add --starttls"), (HERE, USER, "--user: a password goes over an")],
)
def test_a_plain_line_is_only_for_this_machine_and_never_for_a_password(host, user, said):
    with pytest.raises(MailError, match=said):
        Server(host, 25, user, starttls=False)


def test_a_refused_recipient_keeps_nothing_from_the_others(office):
    to = office(Inbox({B: ["550 no such user"]}))
    done = post(to, A, B, C)
    assert states(done) == {A: State.SENT, B: State.REFUSED, C: State.SENT}
    assert done[B].said == "550 no such user"
    assert to.inbox.delivered == [A, C]


def test_if_all_are_refused_nothing_is_handed_over(office):
    to = office(Inbox({A: ["550 no"]}))
    assert states(post(to, A)) == {A: State.REFUSED}
    assert to.inbox.letters == []


def test_who_is_put_off_gets_it_later_and_the_others_once(office):
    to = office(Inbox({B: ["450 later", "451 later"]}))
    told = []
    assert states(post(to, A, B, tell=told.append)) == {A: State.SENT, B: State.SENT}
    assert to.inbox.delivered == [A, B]
    assert [B in each and A not in each for each in told] == [True, True]


@pytest.mark.parametrize(
    "inbox", [Inbox(to_mail=["451 later"]), Inbox(to_data=["452 full"]), Inbox(to_mail=["hang up"])]
)
def test_a_temporary_failure_passes(office, inbox):
    to = office(inbox)
    assert states(post(to, A, B)) == {A: State.SENT, B: State.SENT}
    assert to.inbox.delivered == [A, B]


def test_a_temporary_failure_that_does_not_pass_is_given_up(office):
    to = office(Inbox({A: ["450 later"] * 9}))
    done = post(to, A)
    assert (states(done), done[A].said) == ({A: State.FAILED}, "450 later")
    assert to.inbox.asked == [A] * 4


def test_a_letter_refused_after_it_was_handed_over_is_not_sent(office):
    done = post(office(Inbox(to_data=["554 spam"])), A, B)
    assert states(done) == {A: State.REFUSED, B: State.REFUSED}


def test_a_connection_lost_after_the_letter_was_handed_over_is_not_tried_again(office):
    to = office(Inbox({B: ["550 no"]}, to_data=["hang up"]))
    done = post(to, A, B)
    assert states(done) == {A: State.UNKNOWN, B: State.REFUSED}
    assert "lost after the message was handed over" in done[A].said
    assert len(to.inbox.letters) == 1


def test_no_server_there_is_a_failure_for_all():
    with socket.socket() as nobody:
        nobody.bind((HERE, 0))
        done = send(Server(HERE, nobody.getsockname()[1], starttls=False), LETTER, [A], waits=(0.0,))
    assert states(done) == {A: State.FAILED}
    assert "no connection" in done[A].said


def test_a_name_that_no_server_has_is_told_at_once(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(MailError, match=r"smtp\.exmaple\.se:587: there is no such server — nothing was sent"):
        send(Server("smtp.exmaple.se", 587), LETTER, [A], waits=AT_ONCE)


def test_letters_other_than_ascii_before_the_at_need_a_server_that_takes_them(office):
    letter = Envelope(LETTER.content, "from@example.se", needs_utf8=True)
    able, unable = office(enable_SMTPUTF8=True), office(enable_SMTPUTF8=False)
    assert states(post(able, "åsa@example.se", letter=letter)) == {"åsa@example.se": State.SENT}
    done = post(unable, "åsa@example.se", letter=letter)
    assert states(done) == {"åsa@example.se": State.REFUSED}
    assert unable.inbox.letters == []


def test_a_servers_words_are_one_short_line(office):
    done = post(office(Inbox({A: ["550 " + "x" * 400]})), A)
    assert len(done[A].said) == 200


def test_the_password_comes_from_the_environment_else_from_the_keyring(monkeypatch):
    monkeypatch.setattr(keyring, "get_password", lambda service, user: f"{service}/{user}")
    monkeypatch.setenv(smtp.PASSWORD, "from-environment")
    assert find_password(USER) == "from-environment"
    monkeypatch.delenv(smtp.PASSWORD)
    assert find_password(USER) == f"psykanalys/{USER}"


def test_without_a_password_it_says_where_to_put_one(monkeypatch):
    def no_keyring(service, user):
        raise NoKeyringError

    monkeypatch.setattr(keyring, "get_password", no_keyring)
    monkeypatch.delenv(smtp.PASSWORD, raising=False)
    with pytest.raises(MailError, match="set PSYKANALYS_SMTP_PASSWORD, or run: keyring set psykanalys utskick"):
        find_password(USER)


@pytest.mark.parametrize("text", ["smtp.example.se", "smtp.example.se:", ":25", "a b:25", "a\r\nb:25", "a:²5"])
def test_a_server_is_host_and_port(text):
    with pytest.raises(MailError, match="expected HOST:PORT"):
        read_server(text)


def test_a_server_may_be_a_number():
    assert read_server("[::1]:25") == ("::1", 25)
