"""Several vehicles at once: arrivals, and taking back what was marked together."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.audit.services import Actor
from plugins.vehicle_presence import repository, services
from plugins.vehicle_presence.errors import TooLateToUndo
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.vat_book import stay_repository
from plugins.vehicle_presence.vat_book.errors import MonthClosed, ReasonMissing

MOST = 100
"""Stays that an address names: it travels in a cookie, which browsers cut at four kilobytes."""
_BYTES = 16


@dataclass(slots=True)
class TakenBack:
    """How many were taken back, for how many it was too late, and for how many the VAT book wants
    a person with the right to correct it, and a reason."""

    done: int = 0
    late: int = 0
    closed: int = 0


TakeBack = Callable[[AsyncSession, UUID, UUID, Actor], Awaitable[object]]


async def record_many_arrivals(
    session: AsyncSession, job_ids: Sequence[UUID], actor: Actor
) -> list[Stay]:
    """Check *vehicle in* for several jobs; those that are in already are passed over.

    Raises:
        NotFound: a job is not here; then none is marked.
        VehicleInElsewhere: a vehicle is in for another job, or was ticked for two; the same.
    """
    await repository.lock_vehicles(session, job_ids)
    inside = await repository.jobs_inside(session, job_ids)
    return [
        await services.record_arrival(session, job_id, actor)
        for job_id in sorted({*job_ids} - inside.keys())
    ]


async def undo_many_arrivals(
    session: AsyncSession, stay_ids: Sequence[UUID], actor: Actor
) -> TakenBack:
    """Take several arrivals back; those that were taken back already are done, too."""
    again = set(await stay_repository.never_were(session, stay_ids))
    others = [each for each in stay_ids if each not in again]
    taken = await _take_back(session, others, actor, services.undo_arrival)
    taken.done += len(again)
    return taken


async def undo_many_off_site(
    session: AsyncSession, stay_ids: Sequence[UUID], actor: Actor
) -> TakenBack:
    """Take the clock back for several: those that are done are in again. Those whose month is
    closed in the VAT book are taken back one by one, with a reason."""
    return await _take_back(session, stay_ids, actor, services.undo_off_site)


async def _take_back(
    session: AsyncSession, stay_ids: Sequence[UUID], actor: Actor, way: TakeBack
) -> TakenBack:
    taken = TakenBack()
    await repository.lock_vehicles(session, await repository.jobs_of(session, stay_ids))
    stays = await repository.lock_stays(session, stay_ids)
    job_ids = {stay_id: stay.job_id for stay_id, stay in stays.items()}
    for stay_id in sorted(stay_ids):
        if stay_id not in job_ids:
            taken.late += 1
            continue
        try:
            async with session.begin_nested():
                await way(session, stay_id, job_ids[stay_id], actor)
        except TooLateToUndo:
            taken.late += 1
        except (MonthClosed, ReasonMissing):
            taken.closed += 1
        else:
            taken.done += 1
    return taken


def code_of(stay_ids: Iterable[UUID]) -> str:
    """Several stays in an address, as short as can be."""
    return base64.urlsafe_b64encode(b"".join(each.bytes for each in stay_ids)).decode().rstrip("=")


def stays_in(code: str) -> list[UUID]:
    """The stays that such a code names; none where it is no code."""
    try:
        found = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return []
    if len(found) % _BYTES or len(found) > MOST * _BYTES:
        return []
    return [UUID(bytes=found[at : at + _BYTES]) for at in range(0, len(found), _BYTES)]
