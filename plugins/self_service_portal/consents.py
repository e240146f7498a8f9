"""Consents of customers: recorded with the job, shown on its card, never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import TimelineEntry
from core.i18n import gettext as _
from core.workshop.jobs.models import Job
from plugins.self_service_portal import look_repository as repository
from plugins.self_service_portal.look_models import Consent
from plugins.self_service_portal.questions import CONSENT_STEP


async def record_consent(
    session: AsyncSession, job: Job, answers: Mapping[str, Mapping[str, Any]]
) -> None:
    """Keep with the job what the customer agreed to, if the garage asked."""
    given = answers.get(CONSENT_STEP, {}).get("consent")
    if isinstance(given, Mapping):
        session.add(
            Consent(
                job_id=job.id,
                language=given["language"],
                wording=given["wording"],
                given_at=datetime.fromisoformat(given["at"]),
            )
        )
        await session.flush()


async def timeline(session: AsyncSession, job_id: UUID) -> Sequence[TimelineEntry]:
    """What the customer agreed to, word for word."""
    return [
        TimelineEntry(
            each.given_at, _("The customer agreed: “%(wording)s”", wording=each.wording), "check"
        )
        for each in await repository.consents_of_job(session, job_id)
    ]


async def export(session: AsyncSession, customer_id: UUID) -> list[dict[str, str]]:
    """A customer's consents, as plain values."""
    return [
        {"wording": each.wording, "language": each.language, "at": each.given_at.isoformat()}
        for each in await repository.consents_of_customer(session, customer_id)
    ]
