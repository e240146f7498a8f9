"""What customers did online becomes known at the garage: on the desk's first page, and by mail."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.tenancy.context import current_tenant
from core.workshop.audit.services import CUSTOMER, Actor
from core.workshop.notifications.services import send_mail
from core.workshop.planning import repository as planning
from core.workshop.planning.models import Appointment
from plugins.self_service_portal import news_repository as repository
from plugins.self_service_portal.news_models import News
from plugins.self_service_portal.settings import NAME, settings

MAIL = f"{NAME}.news"
KEPT_FOR = timedelta(days=60)
"""What nobody looked at for that long is no news any more."""


async def on_booked(session: AsyncSession, appointment_id: UUID) -> None:
    """A slot was taken; by a customer, that is news."""
    appointment = await planning.by_id(session, appointment_id)
    if appointment.booked_by == CUSTOMER.kind:
        await _note(session, _about(appointment, "booked"))


async def on_moved(session: AsyncSession, appointment_id: UUID, before: datetime, by: str) -> None:
    """An appointment has another time."""
    if by == CUSTOMER.kind:
        appointment = await planning.by_id(session, appointment_id)
        await _note(session, _about(appointment, "moved", before=before))


async def on_cancelled(session: AsyncSession, appointment_id: UUID) -> None:
    """A slot was given back."""
    appointment = await planning.by_id(session, appointment_id)
    if appointment.cancelled_by == CUSTOMER.kind:
        await _note(session, _about(appointment, "cancelled"))


async def on_confirmed(session: AsyncSession, appointment: Appointment) -> None:
    """What was booked counts only now, and is news only now."""
    booked = await repository.booking_of(session, appointment.id)
    if booked is not None:
        booked.at = now()
        await session.flush()
        await _mail(session, booked, "confirmed")


async def on_talk(session: AsyncSession, job_id: UUID, kind: str) -> None:
    """A customer wrote, answered an estimate or sent photos: those are seen elsewhere, so this is
    for the mail alone. Photos of one job are told of once."""
    if not _is_mailed():
        return
    if kind != "photos" or not await repository.has_unmailed(session, job_id, kind):
        await _note(session, News(job_id=job_id, kind=kind, at=now()))


async def mark_seen(session: AsyncSession, news_ids: Sequence[UUID], actor: Actor) -> datetime:
    """Somebody at the garage has seen these; returns the moment, by which it can be undone.

    Raises:
        NotFound: one of them is not here.
    """
    moment = now()
    if not news_ids or await repository.count_of(session, news_ids) != len(set(news_ids)):
        raise NotFound("news")
    await repository.mark_seen(session, news_ids, moment, actor.name)
    return moment


async def forget_old_news(session: AsyncSession) -> None:
    """Remove what is no news any more."""
    await repository.forget(session, now() - KEPT_FOR)


def _about(appointment: Appointment, kind: str, *, before: datetime | None = None) -> News:
    return News(
        job_id=appointment.job_id,
        appointment_id=appointment.id,
        kind=kind,
        at=now(),
        starts_at=appointment.starts_at,
        before=before,
    )


async def _note(session: AsyncSession, news: News) -> None:
    news.is_to_be_mailed = _is_mailed()
    session.add(news)
    await session.flush()
    await _mail(session, news, "new")


def _is_mailed() -> bool:
    return settings().tell_garage and current_tenant().email is not None


async def _mail(session: AsyncSession, news: News, occasion: str) -> None:
    """The first mail that is due takes all that is news by then with it, and the others are not
    written: nothing is lost, whichever of them runs first."""
    tenant = current_tenant()
    if not news.is_to_be_mailed or tenant.email is None:
        return
    minutes = settings().tell_garage_minutes
    await send_mail(
        session,
        MAIL,
        tenant.email,
        tenant.default_language,
        {"news_id": str(news.id)},
        key=f"{MAIL}:{news.id}:{occasion}",
        due_at=now() + timedelta(minutes=minutes) if minutes else None,
    )
