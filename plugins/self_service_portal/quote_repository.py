"""Every query about estimates."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.i18n import current_language
from core.workshop.jobs.models import Job
from plugins.self_service_portal.talk_models import Quote, QuoteOutcome

MANY = 200
FEW = 5
_ENDED = and_(QuoteOutcome.tenant_id == Quote.tenant_id, QuoteOutcome.quote_id == Quote.id)
_NEWS = and_(QuoteOutcome.noted_at.is_(None), QuoteOutcome.kind != "withdrawn")


async def by_id(session: AsyncSession, quote_id: UUID) -> Quote:
    """The estimate with that id.

    Raises:
        NotFound: not here.
    """
    found = await session.scalar(select(Quote).where(Quote.id == quote_id))
    if found is None:
        raise NotFound("estimate")
    return found


async def of_job_by_id(session: AsyncSession, job_id: UUID, quote_id: UUID) -> Quote:
    """The estimate with that id, of that job.

    Raises:
        NotFound: not in this job.
    """
    found = await by_id(session, quote_id)
    if found.job_id != job_id:
        raise NotFound("estimate")
    return found


async def of_job(session: AsyncSession, job_id: UUID) -> list[tuple[Quote, QuoteOutcome | None]]:
    """A job's estimates with how they ended, newest first."""
    rows = await session.execute(
        select(Quote, QuoteOutcome)
        .outerjoin(QuoteOutcome, _ENDED)
        .where(Quote.job_id == job_id)
        .order_by(Quote.sent_at.desc(), Quote.id.desc())
        .limit(MANY)
    )
    return [(row[0], row[1]) for row in rows]


async def of_customer(
    session: AsyncSession, customer_id: UUID
) -> list[tuple[Quote, QuoteOutcome | None]]:
    """All estimates of a customer's jobs, newest first."""
    rows = await session.execute(
        select(Quote, QuoteOutcome)
        .join(Job, and_(Job.tenant_id == Quote.tenant_id, Job.id == Quote.job_id))
        .outerjoin(QuoteOutcome, _ENDED)
        .where(Job.customer_id == customer_id)
        .order_by(Quote.sent_at.desc())
        .limit(MANY)
    )
    return [(row[0], row[1]) for row in rows]


async def add(session: AsyncSession, **columns: Any) -> UUID | None:
    """Add an estimate; None if its form was sent before."""
    return await session.scalar(
        insert(Quote)
        .values(tenant_id=session.info["tenant_id"], **columns)
        .on_conflict_do_nothing(index_elements=["tenant_id", "job_id", "once"])
        .returning(Quote.id)
    )


async def outcome_of(session: AsyncSession, quote_id: UUID) -> QuoteOutcome | None:
    """How an estimate ended, if it has."""
    return await session.scalar(select(QuoteOutcome).where(QuoteOutcome.quote_id == quote_id))


async def end(
    session: AsyncSession,
    quote: Quote,
    *,
    kind: str,
    name: str,
    reason: str = "",
    wording: str = "",
) -> tuple[QuoteOutcome, bool]:
    """End an estimate, unless it has ended: then what ended it, and False. Whoever ends it at
    the same time waits here, because the key of the row is unique."""
    added = await session.scalar(
        insert(QuoteOutcome)
        .values(
            tenant_id=quote.tenant_id,
            quote_id=quote.id,
            kind=kind,
            at=now(),
            name=name,
            reason=reason,
            language=current_language(),
            wording=wording,
            net=quote.net,
            gross=quote.gross,
            pdf_sha256=quote.pdf_sha256,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "quote_id"])
        .returning(QuoteOutcome.id)
    )
    outcome = await outcome_of(session, quote.id)
    if outcome is None:
        raise NotFound("outcome")
    return outcome, added is not None


async def note(session: AsyncSession, quote_id: UUID, who: str) -> None:
    """Somebody at the garage knows how it ended."""
    await session.execute(
        update(QuoteOutcome)
        .where(QuoteOutcome.quote_id == quote_id, QuoteOutcome.noted_at.is_(None))
        .values(noted_at=now(), noted_by=who)
        .execution_options(synchronize_session=False)
    )


async def count_news(session: AsyncSession) -> int:
    """How many answers of customers nobody at the garage has noted."""
    found = await session.scalar(select(func.count()).select_from(QuoteOutcome).where(_NEWS))
    return found or 0


async def news(session: AsyncSession) -> Sequence[Row[*tuple[Any, ...]]]:
    """The :data:`FEW` oldest answers of customers that nobody at the garage has noted."""
    rows = await session.execute(
        select(
            Job.id,
            Job.sequence_number,
            Job.plate,
            Job.plate_normalised,
            Job.plate_country,
            QuoteOutcome.kind,
            QuoteOutcome.gross,
        )
        .join(Quote, and_(Quote.tenant_id == QuoteOutcome.tenant_id, _ENDED))
        .join(Job, and_(Job.tenant_id == Quote.tenant_id, Job.id == Quote.job_id))
        .where(_NEWS)
        .order_by(QuoteOutcome.at)
        .limit(FEW)
    )
    return rows.all()
