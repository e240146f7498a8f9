"""Mails in a folder."""

import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest

from core.embedded.process import free_port
from core.mailbox import store
from core.mailbox.sink import MailSink
from core.mailbox.store import MailStore


def a_mail(subject: str = "Hello", *, to: str = "jan@example.com") -> EmailMessage:
    """A mail with both bodies and an attachment."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "post@garage.test", to, subject
    message.set_content("plain words")
    message.add_alternative("<p>rich words</p>", subtype="html")
    message.add_attachment(b"BEGIN", maintype="text", subtype="calendar", filename="visit.ics")
    return message


def test_a_mail_is_found_with_all_its_parts(tmp_path: Path) -> None:
    mails = MailStore(tmp_path / "not yet there")
    mails.add(bytes(a_mail("Café", to="Jan <jan@example.com>")))
    (mail,) = mails.newest_first()
    assert (mail.subject, mail.to, mail.sender) == (
        "Café",
        "Jan <jan@example.com>",
        "post@garage.test",
    )
    assert (mail.text.strip(), mail.html.strip()) == ("plain words", "<p>rich words</p>")
    assert mail.attachments == [("visit.ics", b"BEGIN")]


def test_the_newest_come_first_and_not_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MANY", 3)
    mails = MailStore(tmp_path)
    for number in range(5):
        mails.add(bytes(a_mail(str(number))))
    assert [mail.subject for mail in mails.newest_first()] == ["4", "3", "2"]


def test_a_mail_is_found_by_its_key_and_by_no_other_path(tmp_path: Path) -> None:
    mails = MailStore(tmp_path / "mails")
    mails.add(bytes(a_mail()))
    (tmp_path / "secret.eml").write_bytes(bytes(a_mail("secret")))
    (mail,) = mails.newest_first()
    found = mails.find(mail.key)
    assert found is not None
    assert found.subject == "Hello"
    assert mails.find("../secret") is None
    assert mails.find("") is None


def test_half_a_mail_is_not_seen(tmp_path: Path) -> None:
    (tmp_path / "00000000000000000001-ab.part").write_bytes(b"Subject: half")
    assert list(MailStore(tmp_path).newest_first()) == []


def test_what_comes_over_smtp_is_kept_and_the_port_is_free_afterwards(tmp_path: Path) -> None:
    mails, port = MailStore(tmp_path), free_port()
    for _ in range(2):
        sink = MailSink(mails, port)
        sink.start()
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.send_message(a_mail())
        sink.stop()
    assert len(list(mails.newest_first())) == 2


def test_a_sink_that_never_began_can_be_stopped(tmp_path: Path) -> None:
    port = free_port()
    MailSink(MailStore(tmp_path), port).stop()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", port)
