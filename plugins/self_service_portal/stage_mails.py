"""Mails about how far a repair is: at the stages that the garage, or the customer, chose."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.hooks.contributions import TimelineEntry
from core.hooks.manifest import ChosenFrom
from core.i18n import gettext as _
from core.web.words import localised, status_label
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job, JobTask
from core.workshop.notifications.services import send_mail
from plugins.self_service_portal import mail_repository as repository
from plugins.self_service_portal.addressees import is_still, written_for
from plugins.self_service_portal.progress import STAGE_OF_STATUS, is_over
from plugins.self_service_portal.settings import NAME, settings
from plugins.self_service_portal.stage_wishes import wants_stage_mail

STAGE = f"{NAME}.stage_reached"
NEWS_FOR = timedelta(days=2)
"""What could not be sent for longer than that is no news any more."""


async def tell_of_status(session: AsyncSession, job_id: UUID, status: str) -> None:
    """A job moved to a status: that is a stage too, whichever way it was reached."""
    if status in STAGE_OF_STATUS and status != "invoiced":
        await tell(session, job_id, STAGE_OF_STATUS[status])


async def tell(session: AsyncSession, job_id: UUID, stage: str) -> None:
    """Mail the customer, if that stage is one to tell of and still holds then: so many minutes
    later as the garage's settings say, so that a slip of the finger can be taken back."""
    job = await jobs.by_id(session, job_id)
    customer = await customers.by_id(session, job.customer_id)
    if not customer.email or not await _is_wanted(session, job, stage):
        return
    moment = now()
    what = {"job_id": str(job_id), "stage": stage, "at": moment.isoformat()}
    await send_mail(
        session,
        STAGE,
        customer.email,
        customer.language,
        {**what, **written_for(customer.email)},
        key=f"{STAGE}:{job_id}:{stage}:{moment.isoformat()}",
        due_at=moment + timedelta(minutes=settings().stage_mail_minutes),
    )


async def load_stage(session: AsyncSession, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the mail says; None where it was said before, or does not hold any more."""
    stage = payload["stage"]
    if now() - datetime.fromisoformat(payload["at"]) > NEWS_FOR:
        return None
    try:
        job = await jobs.by_id(session, UUID(payload["job_id"]))
    except NotFound:
        return None
    tasks = await jobs.tasks_of(session, job.id)
    words = _words(job, tasks, stage)
    customer = await customers.by_id(session, job.customer_id)
    if words is None or not is_still(payload, customer):
        return None
    if not await _is_wanted(session, job, stage):
        return None
    if not await repository.note_stage_mail(session, job.id, stage, now()):
        return None
    return {"job": job, "customer": customer, **words}


async def timeline(session: AsyncSession, job_id: UUID) -> list[TimelineEntry]:
    """When the customer was told of which stage, for the garage's people."""
    names = {task.key: localised(task.labels) for task in await jobs.tasks_of(session, job_id)}
    return [
        TimelineEntry(
            told.sent_at,
            _("Customer told by e-mail: %(stage)s", stage=names.get(told.stage, told.stage)),
            "mail",
        )
        for told in await repository.stage_mails_of(session, job_id)
    ]


async def _is_wanted(session: AsyncSession, job: Job, stage: str) -> bool:
    if await repository.has_stage_wish(session, job.id):
        return await wants_stage_mail(session, job, stage)
    return stage in ChosenFrom.keys_in(settings().mail_stages)


def _words(job: Job, tasks: Sequence[JobTask], stage: str) -> Mapping[str, str | None] | None:
    """The stage's name, what is to be said, and what comes next; None where the stage is not
    one that customers read of, or is not where the job is."""
    task = next((each for each in tasks if each.key == stage and each.customer_texts), None)
    by_status = STAGE_OF_STATUS.get(job.status) == stage
    finished = task is not None and task.state == "finished"
    if job.status == "cancelled" or not (by_status or finished):
        return None
    if is_over(job) and stage != "delivered":
        return None
    if task is None:
        text = _("Your vehicle is ready.") if stage == "ready" else _("Your vehicle was collected.")
        return {"stage": status_label(job.status), "headline": text, "following": None}
    name = localised(task.labels)
    if stage in STAGE_OF_STATUS.values():
        text = localised(task.customer_texts)
        return {"stage": name, "headline": text, "following": None}
    # The garage's text speaks of a stage that goes on; one that is over is named instead.
    text = _("%(stage)s: finished.", stage=name)
    return {"stage": name, "headline": text, "following": _following(tasks, task)}


def _following(tasks: Sequence[JobTask], finished: JobTask) -> str | None:
    """The garage's text for the next stage that customers read of."""
    for task in tasks:
        if task.position > finished.position and task.customer_texts and task.state != "skipped":
            return localised(task.customer_texts)
    return None
