"""Keeping a slot for somebody who is still filling in a form.

A hold counts as taken for everybody but its owner, for ten minutes at a time and half an hour in
all. It promises nothing beyond that: whoever takes the slot takes it with
:func:`core.workshop.planning.services.book`, which lets the hold go.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.workshop.locations.models import Location
from core.workshop.planning import repository
from core.workshop.planning.models import SlotHold
from core.workshop.planning.offers import Offer, free_lane, offer, slot_at
from core.workshop.planning.rules import rules_for
from core.workshop.planning.services import SlotAlreadyTaken
from core.workshop.planning.slots import next_free

HOLD_FOR = timedelta(minutes=10)
LONGEST = timedelta(minutes=30)
MOST_PER_VISITOR = 2
LARGEST_SHARE = 4
"""At most one in so many of a book's open slots is held, however many ask; two always may be."""


class TooManyHeld(Refused):
    """So many slots are held that this one is not: it can be booked, but is not kept."""

    def __init__(self) -> None:
        super().__init__("We cannot keep this time for you, but it is free at the moment.")


def hash_of(secret: str) -> str:
    """What is stored of an owner (such as `draft:<id>`) or of a browser."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def hold(
    session: AsyncSession,
    location: Location,
    kind: str,
    starts_at: datetime,
    *,
    owner: str,
    visitor: str,
) -> SlotHold:
    """Keep a slot for `owner`, in the place of the one that was kept before.

    The same slot again is kept longer, up to half an hour in all. A `visitor` (a browser) who
    holds two already gives up the older one.

    Raises:
        SlotAlreadyTaken: it is not free; what was held before still is.
        TooManyHeld: it is free, but too much is held already.
    """
    await repository.lock_book(session, location.id, kind)
    held = await repository.hold_of(session, kind, hash_of(owner), lock=True)
    offered = await require_offered(session, location, kind, starts_at, owner=owner)
    if held is not None and held.starts_at == starts_at and _is_live(held):
        return _prolong(held)
    _check_share(offered)
    if held is None:
        held = SlotHold(kind=kind, owner_hash=hash_of(owner))
    wanted = slot_at(starts_at, rules_for(location, kind).duration)
    held.lane = await free_lane(session, location.id, kind, wanted, holder=held.owner_hash)
    held.location_id, held.starts_at, held.ends_at = location.id, wanted.starts_at, wanted.ends_at
    held.visitor_hash = hash_of(visitor)
    held.held_since, held.expires_at = now(), now() + HOLD_FOR
    session.add(held)
    await session.flush()
    await repository.keep_newest_holds(session, held.visitor_hash, MOST_PER_VISITOR)
    return held


async def require_offered(
    session: AsyncSession, location: Location, kind: str, starts_at: datetime, *, owner: str
) -> Offer:
    """What `owner` can have, if that slot is among it.

    Raises:
        SlotAlreadyTaken: it is not.
    """
    offered = await offer(session, location, kind, holder=hash_of(owner))
    if not offered.has(slot_at(starts_at, rules_for(location, kind).duration)):
        raise SlotAlreadyTaken(next_free(offered.days, starts_at))
    return offered


async def renew(session: AsyncSession, kind: str, owner: str) -> SlotHold | None:
    """Keep what `owner` holds for ten more minutes, half an hour in all; None where nothing is
    held any more."""
    held = await repository.hold_of(session, kind, hash_of(owner), lock=True)
    return _prolong(held) if held is not None and _is_live(held) else None


async def kept_until(
    session: AsyncSession, kind: str, owner: str, starts_at: datetime
) -> datetime | None:
    """Until when that slot is kept for `owner`; None where it is not."""
    held = await repository.hold_of(session, kind, hash_of(owner))
    if held is None or not _is_live(held) or held.starts_at != starts_at:
        return None
    return held.expires_at


async def release(session: AsyncSession, kind: str, owner: str) -> None:
    """Let go what `owner` holds."""
    await repository.release_hold(session, kind, hash_of(owner))


async def forget_expired(session: AsyncSession) -> None:
    """Tidy away holds that count no longer."""
    await repository.delete_expired_holds(session)


def _is_live(held: SlotHold) -> bool:
    return held.expires_at > now()


def _prolong(held: SlotHold) -> SlotHold:
    held.expires_at = max(held.expires_at, min(now() + HOLD_FOR, held.held_since + LONGEST))
    return held


def _check_share(offered: Offer) -> None:
    free = sum(len(day.slots) for day in offered.days)
    if offered.held + 1 > max(2, (free + offered.held) // LARGEST_SHARE):
        raise TooManyHeld
