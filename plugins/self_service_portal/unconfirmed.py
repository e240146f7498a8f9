"""Freeing the slots of appointments that nobody confirmed in time."""

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.workshop.audit.services import SYSTEM
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import set_status
from core.workshop.notifications.services import send_mail
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from plugins.self_service_portal import mail_repository as repository
from plugins.self_service_portal.appointments import written_about
from plugins.self_service_portal.look_services import look_of
from plugins.self_service_portal.mail_models import Confirmation
from plugins.self_service_portal.services import take_back_answer
from plugins.self_service_portal.settings import NAME

FREED = f"{NAME}.appointment_freed"
REASON = "not confirmed"


async def free_unconfirmed(session: AsyncSession) -> None:
    """Give back what was not confirmed in time, tell the customer, and keep what they typed."""
    for asked in await repository.overdue(session, now()):
        await _free(session, asked)


async def _free(session: AsyncSession, asked: Confirmation) -> None:
    appointment = await planning_repository.by_id(session, asked.appointment_id, lock=True)
    job = await jobs.by_id(session, appointment.job_id)
    if job.status not in {"new", "cancelled"}:
        # Somebody at the garage took the job on, for instance after a phone call.
        asked.confirmed_at = now()
        return
    asked.freed_at = now()
    if appointment.status != "booked":
        return
    await planning.cancel(session, appointment, SYSTEM, reason=REASON)
    await _give_back_answers(session, job)
    customer = await customers.by_id(session, job.customer_id)
    if customer.email:
        await send_mail(
            session,
            FREED,
            customer.email,
            customer.language,
            written_about(appointment, customer.email),
            key=f"{FREED}:{appointment.id}",
        )


async def _give_back_answers(session: AsyncSession, job: Job) -> None:
    """Whoever comes back finds all answers but the time, and makes a new job of them."""
    draft = await repository.draft_of_job(session, job.id)
    if draft is not None:
        draft.job_id = None
        draft.expires_at = now() + (await look_of(session)).draft_life
        take_back_answer(draft, "time")
    await set_status(session, job.id, "cancelled", SYSTEM)
