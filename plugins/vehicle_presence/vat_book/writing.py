"""Adding lines to a register: open it, lock it, give them their places, move its end."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.i18n import gettext_noop
from core.workshop.audit.services import SYSTEM, Actor
from core.workshop.locations import repository as locations
from core.workshop.notifications.services import enqueue
from core.workshop.vehicles.plates import display_plate
from plugins.vehicle_presence.vat_book import repository, stay_repository
from plugins.vehicle_presence.vat_book.chain import hash_of
from plugins.vehicle_presence.vat_book.countries import register_of
from plugins.vehicle_presence.vat_book.models import ENTRY, EXIT
from plugins.vehicle_presence.vat_book.register import Draft
from plugins.vehicle_presence.vat_book.repository import OpenBook
from plugins.vehicle_presence.vat_book.stay_repository import StayFacts, VehicleFacts

TAKEN_OVER = gettext_noop("On site when the book was opened")
TAKE_OVER = "vehicle_presence.take_over"
"""The effect that enters the next part of what was on site."""
PART = 100
"""Vehicles that are entered at once: others wait for the register meanwhile."""


async def locked(
    session: AsyncSession,
    location_id: UUID,
    actor: Actor,
    *,
    arriving: UUID | None = None,
    leaving: Sequence[StayFacts] = (),
) -> OpenBook:
    """The register of a location, locked; opened where there is none yet.

    Opening enters every vehicle that is on site by then, in the order in which they came, with
    the day on which they came: what left before is in the book that was kept before this one.
    A part of them is entered at once, and the rest, where there are many, by the outbox. The stay
    that is `arriving` is entered by the caller; those that are `leaving` were on site.

    Raises:
        NotFound: no such location is here.
    """
    book = await repository.open_book(session, location_id)
    if book is not None:
        return book
    location = await locations.by_id(session, location_id)
    today = now().astimezone(ZoneInfo(location.timezone)).date()
    is_opener = await repository.add_book(
        session,
        location_id=location_id,
        country=location.country,
        zone=location.timezone,
        opened_on=today,
    )
    book = await repository.open_book(session, location_id)
    if book is None:
        raise NotFound("register")
    if is_opener:
        inside = await stay_repository.unentered_stays(session, location_id, PART)
        stays = [stay for stay in (*inside, *leaving) if stay.id != arriving]
        await write(session, book, await entries_for(session, book, in_order(stays)), actor)
        if len(inside) == PART:
            await _go_on_later(session, book)
    return book


async def take_over(session: AsyncSession, location_id: UUID, actor: Actor) -> bool:
    """Enter a part of the vehicles that are on site and have no row in the open register of a
    location; whether there may be more. The register is locked only if there are any, after all
    that can be known before.

    Raises:
        NotFound: there is no such register.
    """
    inside = await stay_repository.unentered_stays(session, location_id, PART)
    if not inside:
        return False
    facts = await stay_repository.facts_of(session, [stay.job_id for stay in inside])
    book = await repository.open_book(session, location_id)
    if book is None:
        raise NotFound("register")
    meanwhile = await stay_repository.entered(session, [stay.id for stay in inside])
    stays = [stay for stay in inside if stay.id not in meanwhile]
    await write(session, book, _entries(book, stays, facts, TAKEN_OVER), actor)
    return len(inside) == PART


async def go_on_taking_over(session: AsyncSession, payload: Mapping[str, Any]) -> None:
    """The outbox's turn: enter the next part, and ask for another turn where there is more."""
    location_id = UUID(payload["location_id"])
    if await take_over(session, location_id, SYSTEM):
        book = await repository.open_book(session, location_id)
        if book is not None:
            await _go_on_later(session, book)


async def _go_on_later(session: AsyncSession, book: OpenBook) -> None:
    payload = {"location_id": str(book.location_id)}
    key = f"{TAKE_OVER}:{book.location_id}:{book.number}"
    await enqueue(session, TAKE_OVER, payload, key=key)


def in_order(stays: Iterable[StayFacts]) -> list[StayFacts]:
    """As they came."""
    return sorted(stays, key=lambda stay: (stay.arrived_at, str(stay.id)))


async def entries_for(
    session: AsyncSession,
    book: OpenBook,
    stays: Sequence[StayFacts],
    *,
    words: str | None = TAKEN_OVER,
) -> list[Draft]:
    """The entries of these stays, as the jobs and customers are known now."""
    if not stays:
        return []
    facts = await stay_repository.facts_of(session, [stay.job_id for stay in stays])
    return _entries(book, stays, facts, words)


def _entries(
    book: OpenBook,
    stays: Sequence[StayFacts],
    facts: Mapping[UUID, VehicleFacts],
    words: str | None,
) -> list[Draft]:
    drafts = []
    for stay in stays:
        known = facts[stay.job_id]
        plate = display_plate(known.plate_normalised, known.plate_country, known.plate)
        drafts.append(
            Draft(
                ENTRY,
                day=stay.arrived_at.astimezone(ZoneInfo(book.zone)).date(),
                at=stay.arrived_at,
                plate=plate or None,
                vin=known.vin or None,
                vat_number=known.vat_number or None,
                words=words,
                stay_id=stay.id,
                job_id=stay.job_id,
            )
        )
    return drafts


async def write(
    session: AsyncSession,
    book: OpenBook,
    drafts: Sequence[Draft],
    actor: Actor,
    dues: Sequence[dict[str, Any]] = (),
) -> None:
    """Add lines at the end of a locked register, and what waits for an invoice because of them.

    Raises:
        RuntimeError: it was not locked, and somebody else wrote into it.
    """
    if not await try_to_write(session, book, drafts, actor, dues):
        raise RuntimeError("a register that is written into must be locked")


async def try_to_write(
    session: AsyncSession,
    book: OpenBook,
    drafts: Sequence[Draft],
    actor: Actor,
    dues: Sequence[dict[str, Any]] = (),
) -> bool:
    """The same for a register that need not be locked: False, with nothing written, where somebody
    else wrote into it since it was read. `book` moves along."""
    if not drafts:
        return True
    moment = now()
    lines: list[dict[str, Any]] = []
    for draft in drafts:
        book.position += 1
        if draft.number is None:
            book.number += 1
        line = {
            "tenant_id": session.info["tenant_id"],
            "location_id": book.location_id,
            "position": book.position,
            "number": draft.number or book.number,
            "kind": draft.kind,
            "strikes": draft.strikes,
            "day": draft.day,
            "at": draft.at,
            "plate": draft.plate,
            "vin": draft.vin,
            "vat_number": draft.vat_number,
            "words": draft.words,
            "reason": draft.reason,
            "is_late": _is_late(book.closed_until, draft),
            "evidence": draft.evidence,
            "stay_id": draft.stay_id,
            "job_id": draft.job_id,
            "actor_kind": actor.kind,
            "actor": actor.name,
            "recorded_at": moment,
            "previous_hash": book.head,
        }
        book.head = line["hash"] = hash_of(line)
        lines.append(line)
    return await repository.append(session, book, lines, dues)


def due_of(book: OpenBook, number: int, left_on: date) -> dict[str, Any]:
    """A row of the work list: until when the country wants the invoice reference."""
    return {
        "location_id": book.location_id,
        "number": number,
        "left_on": left_on,
        "due_on": register_of(book.country).due(left_on),
    }


def _is_late(closed_until: date | None, draft: Draft) -> bool:
    """Whether a line is about an arrival or a departure in a month that is closed. An invoice is
    due in the month after, so it is never late in this sense."""
    is_move = draft.kind in {ENTRY, EXIT} or draft.strikes is not None
    return (
        is_move and closed_until is not None and draft.day is not None and draft.day <= closed_until
    )
