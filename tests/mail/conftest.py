"""What the tests of mail share: a small project with a finished report, and a post office."""

from __future__ import annotations

import shutil
import ssl
from dataclasses import replace

import pytest
import trustme
from post_office import Inbox, PostOffice, allowed

from psykanalys.mail import addresses, guard, mailing
from psykanalys.present.twin import written
from psykanalys.report import verify as proving
from report.in_process import make, shipped, small_project


@pytest.fixture(scope="session")
def made_project(tmp_path_factory):
    return small_project(tmp_path_factory.mktemp("mail"))


@pytest.fixture(scope="session")
def made(made_project):
    """The page of Norrbotten and its twin."""
    return make(made_project, shipped(made_project))


@pytest.fixture
def project(made_project, made):
    """The project with its report as it was issued, and an empty log."""
    made_project.reports.mkdir()
    (made_project.reports / "norrbotten.html").write_bytes(made[0].encode())
    (made_project.reports / "norrbotten.json").write_text(written(made[1]), encoding="utf-8")
    yield made_project
    for name in ("reports", "mail-log"):
        shutil.rmtree(made_project.root / name, ignore_errors=True)


@pytest.fixture
def again(monkeypatch, made):
    """Making the report again takes no time and gives what was issued; all else of `verify` is as it is."""
    monkeypatch.setattr(guard, "verify", lambda path, project: proving.verify(path, project, remake=lambda *_: made))


@pytest.fixture(scope="session")
def checked_once(made_project, made):
    """A letter that may be mailed, made once; the report lies where nothing else looks."""
    folder = made_project.root / "once"
    folder.mkdir()
    (folder / "norrbotten.html").write_bytes(made[0].encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "verify", lambda path, project: proving.verify(path, project, remake=lambda *_: made))
        order = mailing.Order(addresses.recipients(["a@example.se"]), folder=folder)
        (ready,), refused = mailing.prepare(made_project, ["norrbotten"], order)
    assert refused == []
    return ready


@pytest.fixture
def ready(checked_once):
    """The same letter to whom the test wants."""
    return lambda *to, cc=(): replace(checked_once, recipients=addresses.recipients(to, cc))


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def ca(authority, tmp_path_factory):
    """The file that tells that the test's authority is trusted."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def office():
    """Opens post offices; `office(Inbox())` on a plain line."""
    opened = []

    def open_one(inbox: Inbox | None = None, **options) -> PostOffice:
        opened.append(PostOffice(inbox or Inbox(), **options))
        opened[-1].start()
        return opened[-1]

    yield open_one
    for each in opened:
        each.stop()


@pytest.fixture
def secure_office(office, authority):
    """Opens a post office that asks for STARTTLS and a password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def open_one(inbox: Inbox | None = None, **options) -> PostOffice:
        return office(
            inbox, tls_context=context, require_starttls=True, authenticator=allowed, auth_required=True, **options
        )

    return open_one


@pytest.fixture
def closed_office(office, authority):
    """Opens a post office whose line is encrypted from the start."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return lambda inbox=None: office(inbox, ssl_context=context, authenticator=allowed, auth_require_tls=False)
