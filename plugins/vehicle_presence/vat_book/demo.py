"""A VAT book that an accountant has kept for weeks: invoices noted, a few missing, a correction."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.tenancy.context import current_tenant
from core.workshop.audit.services import SYSTEM, Actor
from core.workshop.staff import repository as staff
from plugins.vehicle_presence.vat_book import repository
from plugins.vehicle_presence.vat_book.closing import close_months
from plugins.vehicle_presence.vat_book.countries import BELGIUM, first_of_next_month
from plugins.vehicle_presence.vat_book.models import EXIT, VatLine
from plugins.vehicle_presence.vat_book.register import Row, rows_of
from plugins.vehicle_presence.vat_book.settling import (
    Correction,
    Settlement,
    correct,
    settle,
)
from plugins.vehicle_presence.vat_book.verification import check_and_note

MISSING, CORRECTED, GUARANTEE = 0, 1, 2
"""Of the departures that a person noted, the oldest first: one whose reference nobody gave, which
is overdue, one that was given wrongly, and one that has none. Those of the last days wait, and
those that the clean-up noted too."""
_LATER = timedelta(days=4)


async def keep_book_as_in_the_past(session: AsyncSession) -> None:
    """Invoices were noted some days after each departure, and months closed; of a past that
    never was, only the last month is mailed. Last night everything was checked."""
    accountant = await _accountant(session)
    nights = _closing_nights()
    for book in await repository.books(session):
        for place, row in enumerate(await _noted_departures(session, book.location_id)):
            await _settle(session, place, row, accountant)
        for night in nights:
            with frozen(night):
                is_mailed = night == nights[-1]
                await close_months(session, book.location_id, is_mailed=is_mailed)
    for book in await repository.books(session):
        await check_and_note(session, book)


async def _settle(session: AsyncSession, place: int, row: Row, actor: Actor) -> None:
    left = row.exit.at if row.exit is not None else None
    if left is None or left + _LATER >= now() or place == MISSING:
        return
    reference = f"{left.year}/{117 + place:04}"
    with frozen(left + _LATER):
        if place == GUARANTEE:
            await settle(session, row.row_id, Settlement(_guarantee(), is_reference=False), actor)
            return
        await settle(session, row.row_id, Settlement(reference), actor)
    if place == CORRECTED and row.entry.day is not None:
        right = Correction(
            day=row.entry.day,
            plate=row.entry.plate or "",
            vin=row.entry.vin or "",
            vat_number=row.entry.vat_number or "",
            settlement=Settlement(f"{reference}-2"),
        )
        with frozen(left + _LATER + timedelta(hours=1)):
            await correct(session, row.row_id, right, _mistake(), actor)


async def _noted_departures(session: AsyncSession, location_id: UUID) -> list[Row]:
    """Rows whose departure a person noted, the oldest first."""
    numbers = await session.scalars(
        select(VatLine.number)
        .where(
            VatLine.location_id == location_id,
            VatLine.kind == EXIT,
            VatLine.actor_kind != SYSTEM.kind,
        )
        .order_by(VatLine.at)
        .limit(repository.PAGE)
    )
    found = list(numbers)
    rows = {
        row.number: row for row in rows_of(await repository.lines_of(session, location_id, found))
    }
    return [rows[number] for number in found]


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


async def _accountant(session: AsyncSession) -> Actor:
    for member in await staff.everyone(session):
        if member.role == "accountant":
            return Actor("staff", member.name, member.id)
    return SYSTEM


def _guarantee() -> str:
    """Garages write in their own language."""
    return {"fr": "Garantie constructeur"}.get(current_tenant().default_language, "Garantie")


def _mistake() -> str:
    return {"fr": "numéro d’une autre facture"}.get(
        current_tenant().default_language, "nummer van een andere factuur"
    )
