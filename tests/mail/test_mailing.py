"""From a checked letter to what became of it: drafts, sending, second sendings, the log, and the command."""

from __future__ import annotations

import email
import json
import threading
from dataclasses import replace
from email.policy import default
from types import SimpleNamespace

import pytest
from post_office import HERE, SECRET, USER, Inbox
from typer.testing import CliRunner

from psykanalys import cli
from psykanalys.cli import app
from psykanalys.errors import MailError
from psykanalys.mail import addresses, guard, log, mailing, smtp
from psykanalys.mail.log import State
from psykanalys.mail.mailing import Drafts, Post
from psykanalys.report import params

A, B, C = "a@example.se", "b@example.se", "c@example.se"
SENDER = addresses.read_mailbox("Utskick <utskick@example.se>")
run_command = CliRunner()


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(smtp, "WAITS", (0.0, 0.0, 0.0))


@pytest.fixture
def sent(project, ready):
    """Mails the letter to whom it is for, and gives what became of it."""

    def run(office, *to, ask=lambda _: False, **more):
        carrier = Post(smtp.Server(HERE, office.port, starttls=False), SENDER)
        (result,) = mailing.mail(project, [ready(*to, **more)], carrier, ask=ask)
        return result

    return run


@pytest.fixture
def command(project):
    def invoke(*arguments, counties=("norrbotten",), **more):
        return run_command.invoke(app, ["mail", *counties, *arguments, "--project", str(project.root)], **more)

    return invoke


def in_log(project):
    return [{address: each.state for address, each in entry.recipients.items()} for entry in log.entries(project)]


def files(project):
    return sorted(path.relative_to(project.root).as_posix() for path in project.root.rglob("*") if path.is_file())


def test_a_draft_is_written_that_mail_programs_open(project, ready, tmp_path):
    (result,) = mailing.mail(project, [ready("Åsa <a@example.se>", cc=[B])], Drafts(tmp_path / "drafts"))
    path = tmp_path / "drafts" / "norrbotten.eml"
    assert (result.done, result.said.startswith(f"draft in {path.as_posix()} (")) == (True, True)
    read = email.message_from_bytes(path.read_bytes(), policy=default)
    assert (read["X-Unsent"], str(read["To"]), str(read["Cc"])) == ("1", "Åsa <a@example.se>", B)
    assert [path.name for path in path.parent.iterdir()] == ["norrbotten.eml"]
    assert in_log(project) == [{A: State.DRAFT, B: State.DRAFT}]


def test_the_log_tells_who_got_what_and_keeps_the_twin(project, ready, sent, office):
    assert sent(office(), A).done
    (entry,) = log.entries(project)
    report = ready(A).report
    assert (entry.county, entry.how, entry.page, entry.code) == ("25", "smtp", report.checksum, report.code)
    assert (entry.attachment, entry.cells) == (ready(A).attachment.checksum, ())
    assert log.read_twin(project, entry.twin) == json.loads(report.twin)


def test_the_letter_that_arrives_is_no_draft_and_goes_to_all(sent, office):
    to = office()
    sent(to, A, cc=[B])
    (letter,) = to.inbox.letters
    read = email.message_from_bytes(letter.content, policy=default)
    assert (read["X-Unsent"], str(read["From"])) == (None, str(SENDER))
    assert (letter.mail_from, letter.rcpt_tos) == ("utskick@example.se", [A, B])


def test_who_has_it_already_is_left_out_and_the_others_get_it(project, sent, office):
    to = office()
    sent(to, A)
    result = sent(to, A, B)
    assert not result.done
    assert result.said.startswith("sent to b@example.se; left out: already mailed this report: a@example.se (20")
    assert to.inbox.delivered == [A, B]
    assert sent(to, A, B).said.startswith("refused: already mailed this report: a@example.se")
    assert in_log(project) == [{A: State.SENT}, {B: State.SENT}]


def test_a_second_sending_asks_and_a_yes_sends(sent, office):
    to, asked = office(), []
    sent(to, A, ask=asked.append)
    assert asked == []
    assert sent(to, "A@EXAMPLE.se", ask=lambda question: asked.append(question) or True).done
    assert "norrbotten: already mailed this report: A@example.se" in asked[0]
    assert len(to.inbox.letters) == 2


@pytest.mark.parametrize(
    ("sits_there", "says", "sent"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_only_somebody_who_sits_there_can_say_yes(monkeypatch, sits_there, says, sent):
    monkeypatch.setattr(cli.sys, "stdin", SimpleNamespace(isatty=lambda: sits_there))
    monkeypatch.setattr(cli.typer, "confirm", lambda question: says)
    assert cli._confirmed("again?") is sent


def test_another_report_to_the_same_recipient_is_no_second_sending(project, ready, office, sent):
    to = office()
    sent(to, A)
    own = ready(A)
    other = replace(own, report=replace(own.report, page=own.report.page + " "))
    (result,) = mailing.mail(project, [other], Post(smtp.Server(HERE, to.port, starttls=False), SENDER))
    assert result.done


def test_a_partial_result_is_told_and_recorded_and_the_rest_can_be_sent(project, sent, office):
    to = office(Inbox({B: ["550 no such user"], C: ["450 later"] * 4}))
    result = sent(to, A, B, C)
    assert not result.done
    assert result.said == f"sent to {A}; refused: {B} (550 no such user); failed: {C} (450 later)"
    assert in_log(project) == [{A: State.SENT, B: State.REFUSED, C: State.FAILED}]
    assert sent(to, B, C).done
    assert sorted(to.inbox.delivered) == [A, B, C]


def test_what_is_unknown_is_said_so_and_not_sent_again_by_itself(project, sent, office):
    to = office(Inbox(to_data=["hang up"]))
    result = sent(to, A)
    assert not result.done
    assert result.said.startswith(f"unknown: {A} (the connection was lost after")
    assert "ask whether it has come" in result.said
    assert in_log(project) == [{A: State.UNKNOWN}]
    assert "unknown" in sent(to, A).said
    assert len(to.inbox.letters) == 1


def test_a_wrong_password_is_tried_once_and_the_rest_is_not_sent(project, ready, secure_office, ca):
    to = secure_office()
    carrier = Post(smtp.Server(HERE, to.port, USER, True, ca), SENDER, "mycket-hemligt")
    one, two = mailing.mail(project, [ready(A), ready(B)], carrier)
    assert (one.done, two.done) == (False, False)
    assert one.said == two.said
    assert "could not log in: the server answered 535 — nothing was sent" in two.said
    assert in_log(project) == [{A: State.FAILED}]
    assert "mycket-hemligt" not in repr(carrier) + one.said + (project.root / "mail-log").joinpath(
        f"{log.entries(project)[0].when[:4]}.jsonl"
    ).read_text(encoding="utf-8")


class Interrupted(Drafts):
    def carry(self, county, message):
        raise KeyboardInterrupt


def test_a_run_that_dies_leaves_a_trace_and_the_next_one_asks(project, ready, sent, office, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        list(mailing.mail(project, [ready(A)], Interrupted(tmp_path)))
    assert in_log(project) == [{A: State.STARTED}]
    assert "started" in sent(office(), A).said


def test_nothing_is_sent_where_the_log_cannot_be_written(project, sent, office, monkeypatch):
    monkeypatch.setattr(log, "record", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    to = office()
    with pytest.raises(OSError, match="No space left"):
        sent(to, A)
    assert to.inbox.asked == []


def test_a_result_that_cannot_be_logged_is_told_with_it(sent, office, monkeypatch):
    record, calls = log.record, []

    def full_at_the_end(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        record(*arguments)

    monkeypatch.setattr(log, "record", full_at_the_end)
    result = sent(office(), A)
    assert (result.done, result.said) == (
        False,
        f"sent to {A} — but the log could not be written: No space left on device",
    )


def test_two_runs_at_once_send_one_letter(project, ready, office):
    to, results = office(), []
    carrier = Post(smtp.Server(HERE, to.port, starttls=False), SENDER)
    runs = [
        threading.Thread(target=lambda: results.extend(mailing.mail(project, [ready(A)], carrier))) for _ in range(2)
    ]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    assert to.inbox.delivered == [A]
    assert sorted(result.done for result in results) == [False, True]


def test_a_folder_that_cannot_be_written_is_named(project, ready, tmp_path):
    (tmp_path / "file").write_text("")
    (result,) = mailing.mail(project, [ready(A)], Drafts(tmp_path / "file"))
    assert "norrbotten.eml" in result.said
    assert "choose another folder" in result.said
    assert in_log(project) == [{A: State.FAILED}]


def test_the_last_mailed_report_tells_what_has_changed(project, again, ready, made):
    order = mailing.Order(addresses.recipients([A]))
    old = ready(A)
    earlier = {**made[1], "page": {**made[1]["page"], "code": "1111 2222 3333"}}
    report = replace(old.report, page="an earlier page", content=earlier)
    list(mailing.mail(project, [replace(old, report=report)], Drafts(project.root / "reports")))
    (new,), _ = mailing.prepare(project, ["norrbotten"], order)
    told = [getattr(part, "text", "") for part in new.letter.parts]
    assert any("Den förra rapporten har kontrollkoden 1111 2222 3333." in each for each in told)
    (given,), _ = mailing.prepare(project, ["norrbotten"], replace(order, previous=project.reports))
    assert any(f"kontrollkoden {old.report.code}" in getattr(part, "text", "") for part in given.letter.parts)


def test_another_countys_earlier_twin_is_refused(project, again, made):
    path = project.reports / "other.json"
    path.write_text(json.dumps({**made[1], "county": {"code": "24", "name": "Västerbottens län"}}), encoding="utf-8")
    order = mailing.Order(addresses.recipients([A]), previous=path)
    ready, (result,) = mailing.prepare(project, ["norrbotten"], order)
    assert (ready, "--previous other.json: is of Västerbottens län" in result.said) == ([], True)


def test_a_dry_run_shows_everything_and_writes_nothing(project, again, command):
    before = files(project)
    shown = command("--dry-run", "--to", "Åsa <a@example.se>", "--cc", B, "--format", "zip")
    assert shown.exit_code == 0, shown.output
    for part in (
        "norrbotten\n  to: Åsa <a@example.se>\n  cc: b@example.se\n  subject: Psykisk hälsa i Norrbotten – analys av",
        "attached: psykisk-halsa-i-norrbotten-2016-2018.zip, ", "kB, sha256 ", "control code", "kB HTML",
    ):  # fmt: skip
        assert part in shown.output
    assert files(project) == before


def test_the_command_writes_drafts_and_refuses_a_second_one(project, again, command, tmp_path):
    wanted = ("--to", A, "--eml", str(tmp_path))
    assert command(*wanted).exit_code == 0
    assert (tmp_path / "norrbotten.eml").is_file()
    second = command(*wanted)
    assert (second.exit_code, "refused: already mailed this report" in second.output) == (1, True)
    assert command(*wanted, "--again").exit_code == 0
    shown = command("--dry-run", "--to", A)
    assert f"has it: {A} (20" in shown.output


def test_the_command_sends_and_tells_of_each_try(project, again, command, secure_office, ca, monkeypatch):
    to = secure_office(Inbox({A: ["450 later"]}))
    monkeypatch.setenv(smtp.PASSWORD, SECRET)
    line = ("--smtp", f"{HERE}:{to.port}", "--starttls", "--user", USER, "--from", str(SENDER), "--ca", str(ca))
    result = command("--to", A, *line)
    assert result.exit_code == 0, result.output
    assert f"norrbotten: sent to {A}" in result.output
    assert "trying again in 0 s" in result.output
    assert SECRET not in result.output
    assert to.inbox.delivered == [A]


def test_the_countys_recipients_come_from_its_file(project, again, command):
    path = project.params / "recipients.yaml"
    path.write_text(f"norrbotten: {{to: {A}}}\ngavleborg: {{to: {B}}}\n", encoding="utf-8")
    try:
        assert params.counties_with_parameters(project) == ["gavleborg", "norrbotten", "vasterbotten"]
        shown = command("--dry-run")
        assert f"to: {A}" in shown.output
        other = command("--dry-run", "--to", B)
        assert (other.exit_code, f"{B} is a recipient of gavleborg" in other.output) == (1, True)
    finally:
        path.unlink()


def test_recipients_are_not_laid_out_in_a_new_project(tmp_path, monkeypatch):
    source = tmp_path / "source"
    for part in ("notebooks", "params", "data/raw"):
        (source / part).mkdir(parents=True)
    for name in ("common.yaml", "recipients.yaml"):
        (source / "params" / name).write_text("")
    monkeypatch.setattr(cli, "__file__", str(source / "src" / "psykanalys" / "cli.py"))
    assert run_command.invoke(app, ["init", str(tmp_path / "new")]).exit_code == 0
    assert [path.name for path in (tmp_path / "new" / "params").iterdir()] == ["common.yaml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", A), "name either --eml DIR or --smtp"),
        (("--to", A, "--eml", "x", "--smtp", "h:25"), "name either --eml DIR or --smtp"),
        (("--to", A, "--smtp", "h:25"), "--smtp needs --from"),
        (("--to", A, "--eml", "x", "--format", "docx"), "expected one of html, pdf, zip"),
        (("--to", A, "--eml", "x", "--password", "y"), "No such option"),
    ],
)
def test_wrong_usage_exits_with_two(command, arguments, said):
    result = command(*arguments)
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "a@example.se\r\nBcc: b@example.se", "--eml", "x"), "holds a line break"),
        (("--to", A, "--smtp", "smtp.example.se:25", "--from", B), "add --starttls"),
        (("--to", A, "--smtp", f"{HERE}:25", "--starttls", "--from", B, "--ca", "none.pem"), "none.pem: no such file"),
        (("--recipients", "none.yaml", "--eml", "x"), "none.yaml: no such file"),
    ],
)
def test_a_mistake_is_told_before_anything_is_made(command, arguments, said):
    result = command(*arguments)
    assert isinstance(result.exception, MailError)
    assert said in str(result.exception)


def test_an_unknown_county_is_told(project, command):
    assert "narnia" in str(command("--dry-run", "--to", A, counties=("narnia",)).exception)


def test_help_shows_an_example_and_no_password():
    shown = run_command.invoke(app, ["mail", "--help"]).stdout
    assert "Example: psykanalys mail" in shown
    assert "--password" not in shown


def test_a_refused_county_is_told_and_the_other_is_mailed(project, again, command, tmp_path):
    result = command("--to", A, "--eml", str(tmp_path), counties=("gavleborg", "norrbotten"))
    assert result.exit_code == 1
    assert "gavleborg: refused: there is no report" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["norrbotten.eml"]
    assert guard.NOT_FOR_MAIL == "ej för utskick"
