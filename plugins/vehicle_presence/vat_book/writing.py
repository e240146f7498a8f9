"""Adding lines to a register: open it, lock it, give them their places, move its end."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.i18n import gettext_noop
from core.workshop.audit.services import Actor
from core.workshop.locations import repository as locations
from core.workshop.vehicles.plates import display_plate
from plugins.vehicle_presence.vat_book import repository, stay_repository
from plugins.vehicle_presence.vat_book.chain import hash_of
from plugins.vehicle_presence.vat_book.countries import register_of
from plugins.vehicle_presence.vat_book.models import ENTRY, EXIT
from plugins.vehicle_presence.vat_book.register import Draft
from plugins.vehicle_presence.vat_book.repository import OpenBook
from plugins.vehicle_presence.vat_book.stay_repository import StayFacts

TAKEN_OVER = gettext_noop("On site when the book was opened")


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
    The stay that is `arriving` is entered by the caller; those that are `leaving` were on site.

    Raises:
        NotFound: no such location is here.
    """
    book = await repository.locked_book(session, location_id)
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
    book = await repository.locked_book(session, location_id)
    if book is None:
        raise NotFound("register")
    if is_opener:
        await take_over(session, book, actor, arriving=arriving, leaving=leaving)
    return book


async def take_over(
    session: AsyncSession,
    book: OpenBook,
    actor: Actor,
    *,
    arriving: UUID | None = None,
    leaving: Sequence[StayFacts] = (),
) -> int:
    """Enter vehicles that are on site and have no row; how many there were."""
    inside = await stay_repository.unentered_stays(session, book.location_id)
    stays = sorted(
        (stay for stay in (*inside, *leaving) if stay.id != arriving),
        key=lambda stay: (stay.arrived_at, str(stay.id)),
    )
    drafts = await entries_for(session, book, stays, words=TAKEN_OVER)
    await write(session, book, drafts, actor)
    return len(stays)


async def entries_for(
    session: AsyncSession, book: OpenBook, stays: Sequence[StayFacts], *, words: str | None = None
) -> list[Draft]:
    """The entries of these stays, as the jobs and customers are known now."""
    if not stays:
        return []
    facts = await stay_repository.facts_of(session, [stay.job_id for stay in stays])
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
    session: AsyncSession, book: OpenBook, drafts: Sequence[Draft], actor: Actor
) -> None:
    """Add lines at the end of a locked register: one statement for all of them, one for its new
    end."""
    if not drafts:
        return
    moment = now()
    rows: list[dict[str, Any]] = []
    for draft in drafts:
        book.position += 1
        if draft.number is None:
            book.number += 1
        row = {
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
        book.head = row["hash"] = hash_of(row)
        rows.append(row)
    await repository.add_lines(session, rows)
    await repository.move_head(session, book)


def due_of(session: AsyncSession, book: OpenBook, number: int, left_on: date) -> dict[str, Any]:
    """A row of the work list: until when the country wants the invoice reference."""
    return {
        "tenant_id": session.info["tenant_id"],
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
