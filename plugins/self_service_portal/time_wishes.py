"""Waiting for a time: customers say when it suits them, and hear of it when one is free again."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.workshop.audit.services import Actor, record
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from core.workshop.planning import services as planning
from core.workshop.planning.holds import hash_of
from core.workshop.planning.slots import NOON, DayOfSlots
from plugins.self_service_portal import repository as drafts
from plugins.self_service_portal import time_wish_repository as repository
from plugins.self_service_portal.kept_times import owner_of_draft, owner_of_job
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.services import begin_draft
from plugins.self_service_portal.time_wish_models import TimeWish

KEPT_OPEN = timedelta(days=30)
KEPT_DONE = timedelta(days=14)
ENTRIES = {"estimate": "estimate", "drop_off": "repair"}
"""Kind of appointment → the portal's entry where it is made."""


class NewerWish(Refused):
    """The same customer has wished again since."""

    def __init__(self) -> None:
        super().__init__("This customer has left a newer wish: it is in the list.")


@dataclass(frozen=True, slots=True)
class Wish:
    """Who waits, and when it suits them: ISO weekdays and halves of days, none meaning any."""

    name: str
    language: str
    email: str | None = None
    phone: str | None = None
    weekdays: tuple[int, ...] = ()
    halves: tuple[str, ...] = ()


async def wish_for_estimate(session: AsyncSession, draft: Draft, wish: Wish) -> UUID:
    """Keep a wish with all that was answered; the draft stays as long as the wish does."""
    draft.expires_at = max(draft.expires_at, now() + KEPT_OPEN)
    location = await locations.first(session)
    return await repository.put(
        session,
        {
            "kind": "estimate",
            "owner_hash": hash_of(owner_of_draft(draft.id)),
            "draft_id": draft.id,
            "answers": {step: told for step, told in draft.answers.items() if step != "time"},
            **await _values(session, location, "estimate", wish),
        },
    )


async def wish_for_drop_off(session: AsyncSession, job: Job, wish: Wish) -> UUID:
    """Keep a wish for a job that is to be repaired."""
    location = await locations.by_id(session, job.location_id)
    return await repository.put(
        session,
        {
            "kind": "drop_off",
            "owner_hash": hash_of(owner_of_job(job.id)),
            "job_id": job.id,
            **await _values(session, location, "drop_off", wish),
        },
    )


def suits(wish: TimeWish | Wish, local: datetime) -> bool:
    """Whether a moment on the location's clock is one that the customer wished for."""
    half = "morning" if local.hour < NOON else "afternoon"
    return (not wish.weekdays or local.isoweekday() in wish.weekdays) and (
        not wish.halves or half in wish.halves
    )


def earliest_that_suits(
    wish: TimeWish | Wish, days: Sequence[DayOfSlots], zone: ZoneInfo
) -> datetime | None:
    """The first free time that the customer wished for; None where there is none."""
    times = (slot.starts_at for day in days for slot in day.slots)
    return next((each for each in times if suits(wish, each.astimezone(zone))), None)


async def place_of(session: AsyncSession, wish: TimeWish) -> Location:
    """Where the customer wants to come."""
    if wish.job_id is None:
        return await locations.first(session)
    return await locations.by_id(session, (await jobs.by_id(session, wish.job_id)).location_id)


async def take_up(session: AsyncSession, wish: TimeWish, language: str) -> tuple[Draft, str]:
    """Go on with the draft of a wish, made again where it is gone; with the secret for the
    browser's cookie. The browser in which it was begun loses it, so that it is in one place
    only."""
    draft = None
    if wish.draft_id is not None:
        draft = await drafts.draft_by_id(session, wish.draft_id, now())
    if draft is None or draft.job_id is not None:
        draft, secret = await begin_draft(session, language)
        # Its photos are gone with the former one, so they are asked for again.
        draft.answers = {step: told for step, told in wish.answers.items() if step != "photos"}
        draft.expires_at = max(draft.expires_at, wish.consent_at + KEPT_OPEN)
        wish.draft_id, wish.owner_hash = draft.id, hash_of(owner_of_draft(draft.id))
    else:
        secret = secrets.token_urlsafe(24)
        draft.secret_hash = hash_of(secret)
    await session.flush()
    return draft, secret


async def mark_done(session: AsyncSession, wish_id: UUID, actor: Actor) -> TimeWish:
    """The customer has a time, or does not need one any more. Twice is once."""
    wish = await repository.by_id(session, wish_id, lock=True)
    if wish.done_at is None:
        wish.done_at = now()
        record(session, actor, "self_service_portal.wish_done", f"wish:{wish.id}")
    return wish


async def reopen(session: AsyncSession, wish_id: UUID, actor: Actor) -> TimeWish:
    """It was not done after all.

    Raises:
        NewerWish: as it says.
    """
    wish = await repository.by_id(session, wish_id, lock=True)
    if wish.done_at is None:
        return wish
    if await repository.open_of_owner(session, wish.kind, wish.owner_hash) is not None:
        raise NewerWish
    wish.done_at = None
    record(session, actor, "self_service_portal.wish_reopened", f"wish:{wish.id}")
    return wish


async def fulfil(session: AsyncSession, kind: str, owner: str) -> None:
    """The customer has booked: nobody need look after the wish any more."""
    wish = await repository.open_of_owner(session, kind, hash_of(owner))
    if wish is not None:
        wish.done_at = now()
        await session.flush()


async def forget_old_wishes(session: AsyncSession) -> None:
    """Remove wishes that nobody can still be waiting for."""
    await repository.delete_before(session, now() - KEPT_OPEN, now() - KEPT_DONE)


async def wishes_of(session: AsyncSession, customer_id: UUID) -> list[TimeWish]:
    """What a customer wished, for a job of theirs or from their address."""
    customer = await customers.by_id(session, customer_id)
    job_ids = [job.id for job in await jobs.of_customer(session, customer_id)]
    return await repository.of_customer(session, job_ids, customer.email)


async def erase_wishes_of(session: AsyncSession, customer_id: UUID) -> None:
    """Remove them."""
    for wish in await wishes_of(session, customer_id):
        await session.delete(wish)
    await session.flush()


def exported(wish: TimeWish) -> Mapping[str, Any]:
    """A wish as plain values."""
    return {
        "kind": wish.kind,
        "name": wish.name,
        "email": wish.email,
        "phone": wish.phone,
        "weekdays": list(wish.weekdays),
        "halves": list(wish.halves),
        "consent_at": wish.consent_at.isoformat(),
    }


async def _values(
    session: AsyncSession, location: Location, kind: str, wish: Wish
) -> dict[str, Any]:
    days = await planning.free_days(session, location, kind)
    suits_now = earliest_that_suits(wish, days, location.zone) is not None
    return {
        "none_free_at": None if suits_now else now(),
        "name": wish.name,
        "email": wish.email,
        "phone": wish.phone,
        "language": wish.language,
        "weekdays": list(wish.weekdays),
        "halves": list(wish.halves),
        "consent_at": now(),
    }
