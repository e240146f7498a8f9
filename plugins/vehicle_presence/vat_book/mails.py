"""Mails of the VAT book: a closed month leaves the house, and invoices that are due soon."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import MailTemplate
from core.tenancy.addresses import desk_address
from core.workshop.locations import repository as locations
from plugins.vehicle_presence.vat_book import closing_repository, reminders
from plugins.vehicle_presence.vat_book.closing import MAIL, read_signed


async def load(session: AsyncSession, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the mail shows of a closing; None where it is gone."""
    closing = await closing_repository.closing_by_id(session, UUID(payload["closing_id"]))
    if closing is None:
        return None
    location = await locations.by_id(session, closing.location_id)
    facts = read_signed(closing.document.encode()) or {}
    path = f"/desk/vat-book?location={location.id}&month={closing.month:%Y-%m}"
    return {
        "closing": closing,
        "location": location,
        "facts": facts,
        "link": desk_address(path),
    }


def attach(values: Mapping[str, Any]) -> list[tuple[str, str, bytes]]:
    """The signed file."""
    closing = values["closing"]
    name = f"vat-book-{closing.month:%Y-%m}.json"
    return [(name, "application/json", closing.document.encode())]


MAILS = [
    MailTemplate(MAIL, "vehicle_presence/mail/month_closed", load, attach),
    reminders.MAIL,
]
