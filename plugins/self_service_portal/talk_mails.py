"""Mails of the talk: the garage answered, the garage sent an estimate, the customer answered it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.hooks.contributions import MailTemplate
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from plugins.self_service_portal import message_repository, quote_repository
from plugins.self_service_portal.job_links import Target, address_of
from plugins.self_service_portal.messages import ANSWER
from plugins.self_service_portal.quotes import ANSWERED, SENT, seen


async def load_answer(
    session: AsyncSession, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """The garage's message; None where it is gone."""
    try:
        message = await message_repository.by_id(session, UUID(payload["message_id"]))
    except NotFound:
        return None
    job = await jobs.by_id(session, message.job_id)
    return {
        "job": job,
        "customer": await customers.by_id(session, job.customer_id),
        "message": message,
        "link": address_of(Target(job.id, is_talk=True), number=job.public_number),
    }


async def load_quote(session: AsyncSession, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The estimate; None where it was withdrawn, decided or expired meanwhile."""
    try:
        quote = await quote_repository.by_id(session, UUID(payload["quote_id"]))
    except NotFound:
        return None
    job = await jobs.by_id(session, quote.job_id)
    outcome = await quote_repository.outcome_of(session, quote.id)
    if seen(quote, outcome, job).state != "open":
        return None
    return {
        "job": job,
        "customer": await customers.by_id(session, job.customer_id),
        "quote": quote,
        "link": address_of(Target(job.id, quote.id), number=job.public_number),
    }


async def load_receipt(
    session: AsyncSession, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """What the customer answered, word for word; None where the estimate is gone."""
    try:
        quote = await quote_repository.by_id(session, UUID(payload["quote_id"]))
    except NotFound:
        return None
    job = await jobs.by_id(session, quote.job_id)
    outcome = await quote_repository.outcome_of(session, quote.id)
    if outcome is None:
        return None
    return {
        "job": job,
        "customer": await customers.by_id(session, job.customer_id),
        "quote": quote,
        "outcome": outcome,
        "link": address_of(Target(job.id, quote.id), number=job.public_number),
    }


MAILS = [
    MailTemplate(ANSWER, "self_service_portal/mail/message_answered", load_answer),
    MailTemplate(SENT, "self_service_portal/mail/quote_sent", load_quote),
    MailTemplate(ANSWERED, "self_service_portal/mail/quote_answered", load_receipt),
]
