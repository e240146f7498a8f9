"""Estimates that the garage sends: sent, withdrawn, approved or declined, and never changed.

How an estimate ended is one row that the database lets nobody add twice, change or remove: the
first click decides, whoever clicks next.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.i18n import current_language, format_date, format_money
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from core.workshop.audit.services import CUSTOMER, Actor, record
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.notifications.services import send_mail
from core.workshop.vehicles.plates import display_plate
from plugins.self_service_portal import quote_repository as repository
from plugins.self_service_portal.news import on_talk
from plugins.self_service_portal.progress import is_over
from plugins.self_service_portal.quote_files import StoredPdf
from plugins.self_service_portal.talk_models import Quote, QuoteOutcome

SENT = "self_service_portal.quote_sent"
ANSWERED = "self_service_portal.quote_answered"
KIND_OF = {"approve": "approved", "decline": "declined"}
"""What the customer may do → how the estimate ends."""


class NoLongerOpen(Refused):
    """The estimate has ended: by a decision, by the garage, or with its last day."""


class AlreadyDecided(NoLongerOpen):
    """The customer has answered, and in another way."""

    def __init__(self) -> None:
        super().__init__(
            "You have already answered this estimate. If you have changed your mind, please"
            " contact us."
        )


class QuoteWithdrawn(NoLongerOpen):
    """The garage took it back."""

    def __init__(self) -> None:
        super().__init__("We have withdrawn this estimate. Please contact us about a new one.")


class QuoteExpired(NoLongerOpen):
    """Its last day is over, or the job is."""

    def __init__(self) -> None:
        super().__init__("This estimate is no longer valid. Please contact us for a new one.")


class ShownOtherwise(Refused):
    """The page said something else than what would be recorded now."""

    def __init__(self) -> None:
        super().__init__("The page was out of date. Please read it once more before you confirm.")


class DecidedMeanwhile(Refused):
    """The garage cannot take back what the customer has answered."""

    def __init__(self) -> None:
        super().__init__("The customer has already answered this estimate.")


class JobIsOver(Refused):
    """There is nothing left to estimate."""

    def __init__(self) -> None:
        super().__init__("This job is finished or cancelled: no estimate can be sent for it.")


@dataclass(frozen=True, slots=True)
class NewQuote:
    """What the garage offers. Amounts are in EUR; `once` is the mark of the form."""

    once: UUID
    net: Decimal
    gross: Decimal
    valid_until: date
    note: str = ""
    pdf: StoredPdf | None = None


@dataclass(frozen=True, slots=True)
class QuoteView:
    """An estimate with how it ended. `state` is `open`, `expired`, or the outcome's kind."""

    quote: Quote
    outcome: QuoteOutcome | None
    state: str


def seen(quote: Quote, outcome: QuoteOutcome | None, job: Job) -> QuoteView:
    """What has become of an estimate by now."""
    if outcome is not None:
        return QuoteView(quote, outcome, outcome.kind)
    today = now().astimezone(current_tenant().zone).date()
    is_open = today <= quote.valid_until and job.status != "cancelled"
    return QuoteView(quote, None, "open" if is_open else "expired")


def wording_of(quote: Quote, job: Job, kind: str) -> str:
    """The very sentence that a customer confirms, in the current language."""
    tenant = current_tenant()
    values = {
        "garage": tenant.name,
        "day": format_date(quote.sent_at, tenant.zone, "long"),
        "plate": display_plate(job.plate_normalised, job.plate_country, job.plate),
        "net": format_money(quote.net),
        "gross": format_money(quote.gross),
    }
    if kind == "approved":
        sentence = _(
            "I approve the estimate of %(garage)s of %(day)s for the vehicle %(plate)s: %(net)s"
            " without VAT, %(gross)s with VAT.",
            **values,
        )
    else:
        sentence = _(
            "I decline the estimate of %(garage)s of %(day)s for the vehicle %(plate)s: %(net)s"
            " without VAT, %(gross)s with VAT.",
            **values,
        )
    return f"{sentence}\n\n{quote.note}" if quote.note else sentence


def fingerprint(quote: Quote, wording: str) -> str:
    """A mark of what a page showed, by which a form can say what was read."""
    shown = f"{quote.id}|{wording}|{quote.net}|{quote.gross}|{quote.pdf_sha256}"
    return hashlib.sha256(shown.encode()).hexdigest()


async def send_quote(session: AsyncSession, job_id: UUID, new: NewQuote, actor: Actor) -> None:
    """Send an estimate: kept, and mailed where there is an address. Sent twice, it is one.

    Raises:
        NotFound: no such job here.
        JobIsOver: as it says.
    """
    job = await jobs.by_id(session, job_id)
    if is_over(job):
        raise JobIsOver
    quote_id = await repository.add(
        session,
        job_id=job.id,
        once=new.once,
        net=new.net,
        gross=new.gross,
        note=new.note,
        valid_until=new.valid_until,
        pdf_key=new.pdf.key if new.pdf else None,
        pdf_sha256=new.pdf.sha256 if new.pdf else None,
        sent_at=now(),
        sent_by=actor.name,
    )
    if quote_id is None:
        return
    amount = {"quote": str(quote_id), "net": str(new.net), "gross": str(new.gross)}
    record(session, actor, "portal.quote_sent", f"job:{job.id}", details=amount)
    await _mail(session, SENT, job, quote_id)


async def withdraw(session: AsyncSession, job_id: UUID, quote_id: UUID, actor: Actor) -> None:
    """Take an estimate back. Withdrawn twice, it is withdrawn once.

    Raises:
        NotFound: not in this job.
        DecidedMeanwhile: the customer was faster.
    """
    quote = await repository.of_job_by_id(session, job_id, quote_id)
    outcome, is_new = await repository.end(session, quote, kind="withdrawn", name=actor.name)
    if outcome.kind != "withdrawn":
        raise DecidedMeanwhile
    if is_new:
        await repository.note(session, quote.id, actor.name)
        details = {"quote": str(quote.id)}
        record(session, actor, "portal.quote_withdrawn", f"job:{job_id}", details=details)


async def decide(
    session: AsyncSession,
    job: Job,
    quote: Quote,
    kind: str,
    *,
    name: str,
    reason: str,
    shown: str,
) -> None:
    """The customer's answer, `approved` or `declined`, mailed to them as a receipt. `shown` is the
    :func:`fingerprint` of the page that they read. The same answer twice is one.

    Raises:
        AlreadyDecided, QuoteWithdrawn, QuoteExpired, ShownOtherwise: nothing is changed.
    """
    before = await repository.outcome_of(session, quote.id)
    wording = wording_of(quote, job, kind)
    if before is None and seen(quote, None, job).state == "expired":
        raise QuoteExpired
    if before is None and shown != fingerprint(quote, wording):
        raise ShownOtherwise
    if before is None:
        before, is_new = await repository.end(
            session, quote, kind=kind, name=name, reason=reason, wording=wording
        )
        if is_new:
            details = {"quote": str(quote.id), "name": name, "gross": str(quote.gross)}
            record(session, CUSTOMER, f"portal.quote_{kind}", f"job:{job.id}", details=details)
            await on_talk(session, job.id, kind)
            await _mail(session, ANSWERED, job, quote.id, current_language())
    if before.kind == "withdrawn":
        raise QuoteWithdrawn
    if before.kind != kind:
        raise AlreadyDecided


async def _mail(
    session: AsyncSession, template: str, job: Job, quote_id: UUID, language: str = ""
) -> None:
    """To the job's customer, once, where there is an address; in their own language without
    another."""
    customer = await customers.by_id(session, job.customer_id)
    if customer.email:
        await send_mail(
            session,
            template,
            customer.email,
            language or customer.language,
            {"quote_id": str(quote_id)},
            key=f"{template}:{quote_id}",
        )


async def take_note(session: AsyncSession, job_id: UUID, quote_id: UUID, actor: Actor) -> None:
    """Somebody at the garage knows of the customer's answer.

    Raises:
        NotFound: not in this job.
    """
    quote = await repository.of_job_by_id(session, job_id, quote_id)
    await repository.note(session, quote.id, actor.name)
