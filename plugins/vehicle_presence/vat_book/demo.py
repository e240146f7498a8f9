"""A VAT book that an accountant has kept for weeks: invoices noted, a few missing, a correction."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.tenancy.context import current_tenant
from core.workshop.audit.services import SYSTEM, Actor
from core.workshop.locations import repository as locations
from core.workshop.staff import repository as staff
from plugins.vehicle_presence.vat_book import repository
from plugins.vehicle_presence.vat_book.closing import close_months
from plugins.vehicle_presence.vat_book.countries import BELGIUM, first_of_next_month
from plugins.vehicle_presence.vat_book.models import ENTRY, VatLine
from plugins.vehicle_presence.vat_book.settling import (
    Correction,
    Settlement,
    correct,
    row_of,
    settle,
)
from plugins.vehicle_presence.vat_book.verification import check_and_note

MISSING, CORRECTED, GUARANTEE = 0, 1, 2
"""Of the departures, the oldest first: one whose reference nobody gave, which is overdue, one
that was given wrongly, and one that has none. Those of the last days wait as they do."""
_LATER = timedelta(days=4)
Deed = Callable[[], Awaitable[object]]


async def deeds(
    session: AsyncSession, gone: Sequence[tuple[datetime, UUID]]
) -> list[tuple[datetime, Deed]]:
    """What was done in the book, when: `gone` are the departures with their jobs."""
    accountant = await _accountant(session)
    location = await locations.first(session)
    nights = _closing_nights()
    found: list[tuple[datetime, Deed]] = [
        (night, _closes(session, location.id, is_last=night == nights[-1])) for night in nights
    ]
    for place, (left, job_id) in enumerate(gone):
        moment = left + _LATER
        if moment >= now() or place == MISSING:
            continue
        settlement = (
            Settlement(_reason(), is_reference=False)
            if place == GUARANTEE
            else Settlement(f"{left.year}/{117 + place:04}")
        )
        found.append((moment, _settles(session, job_id, settlement, accountant)))
        if place == CORRECTED:
            found.append((moment + timedelta(hours=1), _corrects(session, job_id, accountant)))
    return found


async def check_all(session: AsyncSession) -> None:
    """As the last night did."""
    for book in await repository.books(session):
        await check_and_note(session, book)


def _closing_nights() -> list[datetime]:
    """The nights in which months were closed since the garage was opened."""
    zone = current_tenant().zone
    today = now().astimezone(zone).date()
    first = (today - timedelta(days=99)).replace(day=1)
    nights = []
    while first <= today:
        first = first_of_next_month(first)
        night = date(first.year, first.month, BELGIUM.closing_days + 1)
        nights.append(datetime.combine(night, time(5), zone))
    return [night for night in nights if night < now()]


def _closes(session: AsyncSession, location_id: UUID, *, is_last: bool) -> Deed:
    """Of a past that never was, only the last month is mailed."""
    return lambda: close_months(session, location_id, is_mailed=is_last)


def _settles(session: AsyncSession, job_id: UUID, settlement: Settlement, actor: Actor) -> Deed:
    async def deed() -> None:
        await settle(session, await _row_id(session, job_id), settlement, actor)

    return deed


def _corrects(session: AsyncSession, job_id: UUID, actor: Actor) -> Deed:
    """The reference was the one of another invoice."""

    async def deed() -> None:
        row = await row_of(session, await _row_id(session, job_id))
        entry, before = row.entry, row.invoice
        if entry.day is None or before is None or before.words is None:
            return
        right = Correction(
            day=entry.day,
            plate=entry.plate or "",
            vin=entry.vin or "",
            vat_number=entry.vat_number or "",
            settlement=Settlement(f"{before.words}-2"),
        )
        await correct(session, row.row_id, right, _mistake(), actor)

    return deed


async def _row_id(session: AsyncSession, job_id: UUID) -> UUID:
    found = await session.scalars(
        select(VatLine.id)
        .where(VatLine.job_id == job_id, VatLine.kind == ENTRY, VatLine.strikes.is_(None))
        .order_by(VatLine.position.desc())
        .limit(1)
    )
    return found.one()


async def _accountant(session: AsyncSession) -> Actor:
    for member in await staff.everyone(session):
        if member.role == "accountant":
            return Actor("staff", member.name, member.id)
    return SYSTEM


def _reason() -> str:
    """Garages write in their own language."""
    return {"fr": "Garantie constructeur"}.get(current_tenant().default_language, "Garantie")


def _mistake() -> str:
    return {"fr": "numéro d'une autre facture"}.get(
        current_tenant().default_language, "nummer van een andere factuur"
    )
