"""Keeping a chosen time for a customer who still has questions to answer.

Bots cannot block the calendar with it: a browser is kept two times, an address ten an hour, and
all together no more than a quarter of what is open. Beyond that a time can be booked all the
same; it is only not kept meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request
from sqlalchemy.ext.asyncio import AsyncSession

from core.web.client_address import client_address
from core.web.csrf import visitor_of
from core.web.forms import FormValues
from core.web.moments import parse_moment
from core.web.resources import resources_of, tenant_of
from core.workshop.locations.models import Location
from core.workshop.planning import holds
from core.workshop.planning.services import SlotAlreadyTaken
from core.workshop.planning.slots import Slot

AnyRequest = Request[Any, Any, Any]
KEPT_PER_ADDRESS = "10/hour"


@dataclass(frozen=True, slots=True)
class TimeState:
    """How a chosen time stands: kept until then, or free and not kept, or gone with others to
    choose from."""

    kept_until: datetime | None = None
    is_gone: bool = False
    alternatives: Sequence[Slot] = ()


def owner_of_draft(draft_id: UUID) -> str:
    """Whose times the times of a draft are."""
    return f"draft:{draft_id}"


def owner_of_job(job_id: UUID) -> str:
    """Whose times the times of a job are."""
    return f"job:{job_id}"


def chosen_time(values: FormValues) -> datetime | None:
    """The time on the button that was pressed, else the one that was ticked."""
    pressed, ticked = ((values.getlist(name) or [""])[0] for name in ("take", "slot"))
    return parse_moment(pressed) or parse_moment(ticked)


async def keep(
    request: AnyRequest,
    session: AsyncSession,
    location: Location,
    kind: str,
    starts_at: datetime,
    *,
    owner: str,
) -> TimeState:
    """Keep a time, or at least make sure that it is free.

    Raises:
        SlotAlreadyTaken: it is not.
    """
    if await _may_keep(request, session, kind, starts_at, owner):
        try:
            held = await holds.hold(
                session, location, kind, starts_at, owner=owner, visitor=visitor_of(request)
            )
        except holds.TooManyHeld:
            await holds.release(session, kind, owner)
            return TimeState()
        return TimeState(kept_until=held.expires_at)
    await holds.require_offered(session, location, kind, starts_at, owner=owner)
    await holds.release(session, kind, owner)
    return TimeState()


async def state_of(
    session: AsyncSession, location: Location, kind: str, starts_at: datetime, *, owner: str
) -> TimeState:
    """How a time stands that was chosen earlier."""
    kept_until = await holds.kept_until(session, kind, owner, starts_at)
    if kept_until is not None:
        return TimeState(kept_until=kept_until)
    try:
        await holds.require_offered(session, location, kind, starts_at, owner=owner)
    except SlotAlreadyTaken as taken:
        return TimeState(is_gone=True, alternatives=taken.alternatives)
    return TimeState()


async def _may_keep(
    request: AnyRequest, session: AsyncSession, kind: str, starts_at: datetime, owner: str
) -> bool:
    """Keeping longer what is kept already counts as nothing new."""
    if await holds.kept_until(session, kind, owner, starts_at) is not None:
        return True
    return await resources_of(request).limiter.allows(
        KEPT_PER_ADDRESS, "portal-kept", str(tenant_of(request).id), client_address(request)
    )
