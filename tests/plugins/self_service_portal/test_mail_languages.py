"""Every mail of the portal, in every language."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from babel.messages.pofile import read_po

from core.clock import frozen, now
from core.i18n import LANGUAGES
from core.mailbox.store import StoredMail
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import set_status
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from plugins.self_service_portal import lost_numbers, messages, quotes
from plugins.self_service_portal.messages import Writing
from plugins.self_service_portal.reminders import remind
from plugins.self_service_portal.unconfirmed import free_unconfirmed
from tests.factories import a_job, a_plate, a_quote, a_time_wish, an_appointment
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.self_service_portal.after_booking import (
    appointment_of,
    day_before,
    decide,
    far_slot,
    mails,
    request_estimate,
)

PLUGIN = Path(__file__).resolve().parents[3] / "plugins" / "self_service_portal"
TWELVE = [
    "appointment_confirmed",
    "appointment_tomorrow",
    "stage_reached",
    "appointment_cancelled",
    "appointment_to_confirm",
    "appointment_freed",
    "message_answered",
    "quote_sent",
    "time_is_free",
    "lost_number",
    "quote_answered",
    "news",
]


async def six_mails(garage: Garage, outbox: Outbox, language: str) -> list[StoredMail]:
    """One of each: two requests live through everything that is mailed about."""
    async with garage.unit() as session:
        slot = await far_slot(session)
    first = await request_estimate(garage, language=language, at=slot)
    await mails(outbox, garage, first)
    moment = day_before((await appointment_of(garage, first)).starts_at, garage, 10)
    with frozen(moment):
        async with garage.unit() as session:
            await remind(session)
            await set_status(session, first.job_id, "ready", STAFF)
        await mails(outbox, garage, first)
    with frozen(moment + timedelta(minutes=5)):
        await mails(outbox, garage, first)
        async with garage.unit() as session:
            booked = await planning_repository.by_id(session, first.appointment_id)
            await planning.cancel(session, booked, STAFF, tell_customer=True)
        got = await mails(outbox, garage, first)
    await decide(garage, confirm_bookings=True)
    second = await request_estimate(garage, language=language)
    await mails(outbox, garage, second)
    with frozen(now() + timedelta(hours=3)):
        async with garage.unit() as session:
            await free_unconfirmed(session)
        return [*got, *await mails(outbox, garage, second)]


async def five_mails(garage: Garage, outbox: Outbox, language: str) -> list[StoredMail]:
    """The others: the garage answers, sends an estimate, the customer approves it, a time that was
    wished for is free, and a number that was lost."""
    email = f"{secrets.token_hex(6)}@customer.test"
    async with garage.unit() as session:
        job = await a_job(session, plate=a_plate(), email=email, language=language)
        slot = await far_slot(session, "drop_off")
        other = await a_job(session, plate=a_plate(), email=None)
        taken, _secret = await an_appointment(session, other, "drop_off", at=slot)
        await messages.answer_customer(session, job.id, Writing("12345", uuid4()), STAFF)
        quote = await a_quote(session, job, note="")
        await a_time_wish(session, job, email=email, language=language)
        await planning.cancel(session, taken, STAFF)
        lost = {"job_id": str(job.id), "language": language}
        await lost_numbers.mail_again(session, lost)
    while await outbox.empty(garage):
        pass
    async with garage.unit(language) as session:
        job = await jobs.by_id(session, job.id)
        shown = quotes.fingerprint(quote, quotes.wording_of(quote, job, "approved"))
        await quotes.decide(session, job, quote, "approved", name="X", reason="", shown=shown)
    while await outbox.empty(garage):
        pass
    return outbox.mails_to(email)[::-1]


async def the_garages_mail(garage: Garage, outbox: Outbox, language: str) -> StoredMail:
    """A garage that speaks this language is told what a customer did."""
    await decide(garage, tell_garage=True, tell_garage_minutes=0)
    garage.tenant = replace(garage.tenant, languages=(language,))
    await mails(outbox, garage, await request_estimate(garage, language=language))
    (mail,) = outbox.mails_to(f"desk@{garage.slug}.test")
    return mail


def english_of(mail: str) -> Iterator[re.Pattern[str]]:
    """The English texts of a mail's templates, each with anything in its placeholders."""
    for path in (PLUGIN / "templates" / "mail").glob(f"{mail}.*"):
        for text in re.findall(r'_\("((?:[^"\\]|\\.)+)"', path.read_text()):
            yield re.compile(re.sub(r"%\\\((\w+)\\\)s|%\((\w+)\)s", ".+", re.escape(text)))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_mail_can_be_written_in_every_language(
    garage: Garage, outbox: Outbox, language: str
) -> None:
    got = [
        *await six_mails(garage, outbox, language),
        *await five_mails(garage, outbox, language),
        await the_garages_mail(garage, outbox, language),
    ]
    assert len(got) == len(TWELVE)
    for mail in got:
        assert mail.message["Content-Language"] == language
        assert "%(" not in mail.text + mail.html + mail.subject
        assert f'lang="{language}"' in mail.html
    assert_no_english(got, language)


def test_no_mail_of_the_portal_is_forgotten() -> None:
    assert {path.stem for path in (PLUGIN / "templates" / "mail").glob("*.html")} == set(TWELVE)


def assert_no_english(got: list[StoredMail], language: str) -> None:
    """No words of the templates stand there as their author wrote them, unless that is their
    translation too."""
    if language == "en":
        return
    with (PLUGIN / "translations" / f"{language}.po").open("rb") as stream:
        same = {str(each.id) for each in read_po(stream) if each.id == each.string}
    left = [
        (name, pattern.pattern)
        for name, mail in zip(TWELVE, got, strict=True)
        for pattern in english_of(name)
        if re.search("[a-z]", pattern.pattern)
        and pattern.pattern not in {re.escape(text) for text in same}
        and pattern.search(" ".join((mail.subject, mail.text, mail.html)))
    ]
    assert left == []
