"""The portal's mails to customers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.hooks.contributions import MailTemplate
from core.i18n import current_language
from core.settings import get_settings
from core.tenancy.addresses import public_address
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.locations import repository as locations
from core.workshop.planning import repository as planning
from core.workshop.planning.calendar_files import method_of
from core.workshop.planning.links import give_link
from plugins.self_service_portal import link_tokens
from plugins.self_service_portal.addressees import is_still
from plugins.self_service_portal.appointments import CANCELLATION, CONFIRMATION
from plugins.self_service_portal.calendar import appointment_file, web_calendars
from plugins.self_service_portal.confirmations import ASK, PURPOSE, is_open
from plugins.self_service_portal.entries import entries, is_shown
from plugins.self_service_portal.job_links import Target, address_of
from plugins.self_service_portal.mail_choices import no_more_mails, unsubscribe
from plugins.self_service_portal.picture_links import address_for
from plugins.self_service_portal.reminders import REMINDER, is_tomorrow
from plugins.self_service_portal.settings import settings as portal_settings
from plugins.self_service_portal.stage_mails import STAGE, load_stage
from plugins.self_service_portal.unconfirmed import FREED

FOLDER = "self_service_portal/mail"


async def load_appointment(
    session: AsyncSession, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """What mails about an appointment show; None where it is gone, or the customer has
    no address or another one."""
    try:
        appointment = await planning.by_id(session, UUID(payload["appointment_id"]))
    except NotFound:
        return None
    job = await jobs.by_id(session, appointment.job_id)
    customer = await customers.by_id(session, job.customer_id)
    if customer.email is None or not is_still(payload, customer):
        return None
    settings = get_settings()
    return {
        "appointment": appointment,
        "job": job,
        "customer": customer,
        "calendar_file": appointment_file(appointment, job, settings, invites=customer.email),
        "link": _address(f"appointment/{give_link(appointment)}"),
        "calendars": web_calendars(appointment),
        "addresses": _addresses(),
        "pictures_link": address_for(job) if is_shown(portal_settings(), "pictures") else "",
    }


async def load_if_booked(
    session: AsyncSession, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """A confirmation of what was cancelled meanwhile is not sent."""
    values = await load_appointment(session, payload)
    return values if values and values["appointment"].status == "booked" else None


async def load_if_open(
    session: AsyncSession, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """What was confirmed or freed meanwhile needs no confirmation."""
    values = await load_if_booked(session, payload)
    asked = await is_open(session, values["appointment"]) if values else None
    if values is None or asked is None:
        return None
    number = values["job"].public_number
    token = link_tokens.sign(PURPOSE, values["appointment"].id, number=number)
    return {**values, "link": _address(f"confirm/{token}"), "until": asked.expires_at}


async def load_if_still_then(
    session: AsyncSession, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Nobody is reminded of a time that was moved or cancelled meanwhile; nor does a mail that
    could not leave on that day say *tomorrow* when it is today."""
    values = await load_if_booked(session, payload)
    if values is None or values["appointment"].sequence != payload["sequence"]:
        return None
    location = await locations.by_id(session, values["appointment"].location_id)
    if not is_tomorrow(values["appointment"].starts_at, location.zone):
        return None
    return {**values, "no_more_mails": no_more_mails(values["job"].id)}


async def load_repair(
    session: AsyncSession, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """What a mail about a stage shows; None where there is nothing to tell."""
    values = await load_stage(session, payload)
    if values is None:
        return None
    job = values["job"]
    shows_status = "status" in _addresses()
    return {
        **values,
        "link": address_of(Target(job.id), number=job.public_number) if shows_status else "",
        "no_more_mails": no_more_mails(job.id),
    }


def invitation(values: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """What calendars that read mail act on."""
    return [(_kind(values), values["calendar_file"])]


def attach_calendar(values: Mapping[str, Any]) -> list[tuple[str, str, bytes]]:
    """The same as a file, for those that do not."""
    return [("appointment.ics", _kind(values), values["calendar_file"])]


def _kind(values: Mapping[str, Any]) -> str:
    return f"text/calendar; method={method_of(values['appointment'])}; charset=utf-8"


def _addresses() -> dict[str, str]:
    return {entry.key: _address(entry.key) for entry in entries()}


def _address(path: str) -> str:
    return public_address(f"/{current_language()}/{path}")


MAILS = [
    MailTemplate(
        CONFIRMATION,
        f"{FOLDER}/appointment_confirmed",
        load_if_booked,
        attach_calendar,
        invitation,
    ),
    MailTemplate(
        CANCELLATION,
        f"{FOLDER}/appointment_cancelled",
        load_appointment,
        attach_calendar,
        invitation,
    ),
    MailTemplate(ASK, f"{FOLDER}/appointment_to_confirm", load_if_open),
    MailTemplate(FREED, f"{FOLDER}/appointment_freed", load_appointment),
    MailTemplate(
        REMINDER, f"{FOLDER}/appointment_tomorrow", load_if_still_then, headers=unsubscribe
    ),
    MailTemplate(STAGE, f"{FOLDER}/stage_reached", load_repair, headers=unsubscribe),
]
