"""A mail before invoice references are due, and weekly while they are overdue: all rows of a night
together."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.hooks.contributions import MailTemplate
from core.hooks.manager import hooks
from core.tenancy.addresses import desk_address
from core.tenancy.context import current_tenant
from core.workshop.locations import repository as locations
from core.workshop.notifications.services import send_mail
from core.workshop.staff import repository as staff
from core.workshop.staff.permissions import permissions_of
from plugins.vehicle_presence.vat_book import due_repository, repository
from plugins.vehicle_presence.vat_book.countries import register_of
from plugins.vehicle_presence.vat_book.models import VatBook
from plugins.vehicle_presence.vat_book.register import rows_of
from plugins.vehicle_presence.vat_book.rights import SETTLE

REMINDER = "vehicle_presence.invoices_due"
SHOWN = 20
READERS = ("owner", "accountant")
"""Who is mailed, where the role may note references too."""


async def remind(session: AsyncSession, book: VatBook) -> None:
    """Mail the owner and the accountants about rows of a register whose invoice reference is due
    soon and of which nobody was reminded yet, or overdue, and not reminded of for a week."""
    today = now().astimezone(ZoneInfo(book.zone)).date()
    until = today + timedelta(days=register_of(book.country).reminder_days)
    if not await due_repository.note_reminded(session, book.location_id, until, today):
        return
    for member in await staff.everyone(session):
        if member.is_active and _is_reminded(member.role):
            await send_mail(
                session,
                REMINDER,
                member.email,
                member.language,
                {"location_id": str(book.location_id), "on": today.isoformat()},
                key=f"{REMINDER}:{book.location_id}:{today}:{member.id}",
            )


def _is_reminded(role: str) -> bool:
    active = current_tenant().active_plugins
    return role in READERS and SETTLE in permissions_of(role, hooks(), active)


async def load(session: AsyncSession, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the mail says; None where all references were given meanwhile."""
    location_id = UUID(payload["location_id"])
    on = date.fromisoformat(payload["on"])
    dues, more = await due_repository.reminded(session, location_id, on, SHOWN)
    if not dues:
        return None
    lines = await repository.lines_of(session, location_id, [due.number for due in dues])
    rows = {row.number: row for row in rows_of(lines)}
    return {
        "location": await locations.by_id(session, location_id),
        "dues": [(due, rows[due.number], due.due_on < on) for due in dues],
        "more": more,
        "total": len(dues) + more,
        "link": desk_address(f"/desk/vat-book?location={location_id}&show=waiting"),
    }


MAIL = MailTemplate(REMINDER, "vehicle_presence/mail/invoices_due", load)
