"""Writing a garage's mails."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import aiosmtplib
import pytest
from aiosmtplib import SMTPException
from sqlalchemy.ext.asyncio import AsyncSession

from core.background import mail
from core.background.mail import Mailer
from core.errors import SwitchedOff
from core.hooks.contributions import MailTemplate
from core.hooks.manager import HookManager
from core.house import House, open_assets, open_templates
from core.tenancy.context import tenant_scope
from tests.garages import Garage, Outbox
from tests.hooks.plugins import a_plugin
from tests.servers import Servers

HOSTILE = "Garage\r\nBcc: victim@example.com\r\n\r\nBuy"


def a_mailer(house: House, mail: MailTemplate, *, plugin: str | None = None) -> Mailer:
    """A mailer that knows one mail: core's, or a plugin's."""

    def mail_templates() -> list[MailTemplate]:
        return [mail]

    templates = open_templates(house.hooks, open_assets(house.hooks))
    if plugin is None:
        return Mailer(house.settings, templates, HookManager([]), {mail.name: mail})
    return Mailer(house.settings, templates, HookManager([a_plugin(plugin, mail_templates)]), {})


def a_mail(what: str | None = "tea", **changes: Any) -> MailTemplate:
    """The polite plugin's mail; with None as its word it makes no sense any more."""

    async def load(_session: AsyncSession, _payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return None if what is None else {"what": what}

    return MailTemplate("trial", "polite/mail/hello", load, **changes)


async def send(garage: Garage, mailer: Mailer, to: str, **changes: Any) -> None:
    """Send it in that garage, some facts of which may be other ones."""
    payload = {
        "template": "trial",
        "to": to,
        "language": "en",
        "message_id": "one",
        "payload": {},
    }
    with tenant_scope(replace(garage.tenant, **changes)):
        async with garage.house.database.unit_of_work(garage.tenant.id) as session:
            await mailer.send(session, payload)


@pytest.mark.parametrize("user", ["", "user:password@"])
async def test_a_server_without_tls_is_sent_neither_password_nor_mail_where_tls_is_wanted(
    garage: Garage, outbox: Outbox, servers: Servers, user: str
) -> None:
    changes = {"smtp_url": f"smtp://{user}127.0.0.1:{servers.smtp_port}", "smtp_require_tls": True}
    house = replace(garage.house, settings=garage.house.settings.model_copy(update=changes))
    to = f"customer@{garage.slug}.test"
    with pytest.raises(SMTPException, match=r"STARTTLS"):
        await send(garage, a_mailer(house, a_mail()), to)
    assert outbox.mails_to(to) == []


async def test_a_garages_name_cannot_add_lines_to_the_head(garage: Garage, outbox: Outbox) -> None:
    to = f"customer@{garage.slug}.test"
    with pytest.raises(ValueError, match=r"linefeed|newline|carriage"):
        await send(garage, a_mailer(garage.house, a_mail()), to, name=HOSTILE)
    assert outbox.mails_to(to) == outbox.mails_to("victim@example.com") == []


async def test_nor_can_its_address_for_answers(garage: Garage, outbox: Outbox) -> None:
    to = f"customer@{garage.slug}.test"
    with pytest.raises(ValueError, match=r"linefeed|newline|carriage"):
        await send(garage, a_mailer(garage.house, a_mail()), to, email=f"a@b.test{HOSTILE}")
    assert outbox.mails_to(to) == []


async def test_a_value_in_the_subject_stays_in_the_subject(garage: Garage, outbox: Outbox) -> None:
    to = f"customer@{garage.slug}.test"
    await send(garage, a_mailer(garage.house, a_mail(HOSTILE)), to)
    (mail,) = outbox.mails_to(to)
    assert mail.subject.endswith("Garage Bcc: victim@example.com Buy")
    assert mail.message["Bcc"] is None


@pytest.mark.parametrize("name", ["Café Ômega", 'Peeters, Jan & Co "De Bank"', "车库"])
async def test_any_name_reaches_the_reader_as_it_is(
    garage: Garage, outbox: Outbox, name: str
) -> None:
    to = f"customer@{garage.slug}.test"
    await send(garage, a_mailer(garage.house, a_mail()), to, name=name)
    (mail,) = outbox.mails_to(to)
    assert mail.message["From"].addresses[0].display_name == name


async def test_a_mail_whose_occasion_is_gone_is_not_sent(garage: Garage, outbox: Outbox) -> None:
    to = f"customer@{garage.slug}.test"
    await send(garage, a_mailer(garage.house, a_mail(None)), to)
    assert outbox.mails_to(to) == []


async def test_a_mail_of_a_plugin_that_is_off_is_not_sent(garage: Garage, outbox: Outbox) -> None:
    to = f"customer@{garage.slug}.test"
    mailer = a_mailer(garage.house, a_mail(), plugin="polite")
    with pytest.raises(SwitchedOff):
        await send(garage, mailer, to)
    assert outbox.mails_to(to) == []
    await send(garage, mailer, to, active_plugins=frozenset({"polite"}))
    assert len(outbox.mails_to(to)) == 1


async def test_a_mail_server_that_is_silent_is_waited_for_once_and_then_left_alone_for_a_while(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    callers = []

    async def is_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(await reader.read())  # says nothing until the caller has hung up
        writer.close()
        await writer.wait_closed()

    monkeypatch.setattr(mail, "SEND_TIMEOUT_SECONDS", 0.2)
    async with await asyncio.start_server(is_silent, "127.0.0.1", 0) as server:
        url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        settings = garage.house.settings.model_copy(update={"smtp_url": url})
        mailer = a_mailer(replace(garage.house, settings=settings), a_mail())
        for answer in ("Timed out", "silent a moment ago"):
            with pytest.raises(aiosmtplib.SMTPConnectError, match=answer):
                await send(garage, mailer, "a@b.test")
    assert len(callers) == 1


async def test_attachments_keep_their_names_and_bytes(garage: Garage, outbox: Outbox) -> None:
    def attach(values: Mapping[str, Any]) -> list[tuple[str, str, bytes]]:
        return [("visit.ics", "text/calendar", f"for {values['what']}".encode())]

    to = f"customer@{garage.slug}.test"
    await send(garage, a_mailer(garage.house, a_mail(attach=attach)), to)
    (mail,) = outbox.mails_to(to)
    assert mail.attachments == [("visit.ics", b"for tea")]


async def test_a_calendar_finds_an_invitation_beside_the_two_bodies(
    garage: Garage, outbox: Outbox
) -> None:
    def invitation(values: Mapping[str, Any]) -> list[tuple[str, bytes]]:
        return [("text/calendar; method=REQUEST; charset=utf-8", values["what"].encode())]

    to = f"customer@{garage.slug}.test"
    await send(garage, a_mailer(garage.house, a_mail("thé", alternatives=invitation)), to)
    (mail,) = outbox.mails_to(to)
    *_bodies, part = [each for each in mail.message.walk() if not each.is_multipart()]
    assert mail.message.get_content_type() == "multipart/alternative"
    assert (part.get_content_type(), part.get_param("method")) == ("text/calendar", "REQUEST")
    assert part.get_payload(decode=True) == "thé".encode()


async def test_an_address_in_the_head_stays_whole_however_long(
    garage: Garage, outbox: Outbox
) -> None:
    address = f"<https://garage.example/{'x' * 200}>"
    to = f"customer@{garage.slug}.test"

    def headers(_values: Mapping[str, Any]) -> Mapping[str, str]:
        return {"List-Unsubscribe": address}

    await send(garage, a_mailer(garage.house, a_mail(headers=headers)), to)
    (mail,) = outbox.mails_to(to)
    assert dict(mail.message.raw_items())["List-Unsubscribe"].strip() == address


async def test_a_plugins_head_lines_cannot_bring_others_along(
    garage: Garage, outbox: Outbox
) -> None:
    def headers(_values: Mapping[str, Any]) -> Mapping[str, str]:
        return {"List-Unsubscribe": HOSTILE}

    to = f"customer@{garage.slug}.test"
    with pytest.raises(ValueError, match=r"linefeed|newline|carriage"):
        await send(garage, a_mailer(garage.house, a_mail(headers=headers)), to)
    assert outbox.mails_to(to) == []
