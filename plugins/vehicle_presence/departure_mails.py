"""Telling a customer that the vehicle has left, once nobody can take that back any more."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.hooks.contributions import MailTemplate
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.notifications.services import send_mail
from core.workshop.vehicles import repository as vehicles
from plugins.vehicle_presence import repository
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.settings import NAME, settings

DEPARTED = f"{NAME}.departed"
NEWS_FOR = timedelta(days=2)
"""A departure of longer ago is no news: nobody is told what was tidied up later."""
A_MOMENT = timedelta(seconds=5)
"""Whoever undoes in the last second is not overtaken by the mail."""


async def promise(session: AsyncSession, stay: Stay) -> None:
    """Mail the customer when the time to undo is over, where the garage wants that."""
    wishes = settings()
    noted = stay.left_noted_at
    told = wishes.tell_customer_at_departure and stay.closed_by in {"clock", "bulk"}
    if not told or noted is None or stay.left_at is None or noted - stay.left_at > NEWS_FOR:
        return
    job = await jobs.by_id(session, stay.job_id)
    customer = await customers.by_id(session, job.customer_id)
    if not customer.email:
        return
    await send_mail(
        session,
        DEPARTED,
        customer.email,
        customer.language,
        {"stay_id": str(stay.id), "noted_at": noted.isoformat()},
        key=f"{DEPARTED}:{stay.id}:{noted.isoformat()}",
        due_at=noted + timedelta(minutes=wishes.undo_minutes) + A_MOMENT,
    )


async def load(session: AsyncSession, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the mail says; None where the press was taken back, or the mail comes too late."""
    stay = await repository.stay_by_id(session, UUID(payload["stay_id"]))
    noted = datetime.fromisoformat(payload["noted_at"])
    if stay is None or stay.left_at is None or stay.left_noted_at != noted:
        return None
    if now() - noted > NEWS_FOR:
        return None
    job = await jobs.by_id(session, stay.job_id)
    return {
        "stay": stay,
        "job": job,
        "customer": await customers.by_id(session, job.customer_id),
        "vehicle": await vehicles.by_id(session, job.vehicle_id),
    }


MAILS = [MailTemplate(DEPARTED, f"{NAME}/mail/departed", load)]
