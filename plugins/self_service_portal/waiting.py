"""What the plugin object hangs waiting for a time onto: the shop's events, and the clock."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.i18n import gettext as _
from core.workshop.planning import holds
from core.workshop.planning import repository as planning
from core.workshop.planning.models import Appointment
from plugins.self_service_portal import time_wish_news, time_wishes
from plugins.self_service_portal.entries import is_shown
from plugins.self_service_portal.kept_times import owner_of_job
from plugins.self_service_portal.settings import settings


async def on_cancelled(session: AsyncSession, appointment_id: UUID) -> None:
    """The slot of a cancelled appointment is free again."""
    appointment = await planning.by_id(session, appointment_id)
    await _tell(session, appointment, appointment.starts_at)


async def on_moved(session: AsyncSession, appointment_id: UUID, before: datetime) -> None:
    """So is the one that an appointment had until it was moved."""
    await _tell(session, await planning.by_id(session, appointment_id), before)


async def _tell(session: AsyncSession, appointment: Appointment, freed: datetime) -> None:
    """The first ones who wait for such a time hear of it, where they could take it on the
    site."""
    if _can_be_taken(appointment.kind):
        await time_wish_news.tell_of_freed(session, appointment, freed)


async def look(session: AsyncSession) -> None:
    """What opened since the last look."""
    for kind in time_wishes.ENTRIES:
        if _can_be_taken(kind):
            await time_wish_news.look_for_times(session, kind)


def _can_be_taken(kind: str) -> bool:
    entry = time_wishes.ENTRIES.get(kind)
    return entry is not None and is_shown(settings(), entry)


async def on_booked(session: AsyncSession, appointment_id: UUID) -> None:
    """Whoever has a time waits no longer."""
    appointment = await planning.by_id(session, appointment_id)
    await time_wishes.fulfil(session, appointment.kind, owner_of_job(appointment.job_id))


async def tidy(session: AsyncSession) -> None:
    """Holds that count no longer, and wishes that are too old."""
    await holds.forget_expired(session)
    await time_wishes.forget_old_wishes(session)


def audit_labels() -> Mapping[str, str]:
    """What the log calls it."""
    return {
        "self_service_portal.wish_done": _("Wish for a time done"),
        "self_service_portal.wish_reopened": _("Wish for a time opened again"),
    }
