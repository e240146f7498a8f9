"""Believable talks and estimates for the demo's jobs."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.i18n import language_scope
from core.storage import storage
from core.tenancy.context import current_tenant
from core.workshop.audit.services import SYSTEM, Actor
from core.workshop.customers import repository as customers
from core.workshop.customers.models import Customer
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.staff import repository as staff
from plugins.self_service_portal import (
    message_repository,
    news_repository,
    quote_repository,
    quotes,
)
from plugins.self_service_portal.quote_files import StoredPdf

Line = tuple[str, timedelta, Mapping[str, str]]

_HOUR = timedelta(hours=1)
_NEW = 3
_ANSWERED: Sequence[Line] = (
    (
        "customer",
        26 * _HOUR,
        {
            "nl": "Goeiedag, ik heb vrijdag mijn wagen echt nodig. Lukt dat nog?",
            "fr": "Bonjour, j'ai besoin de ma voiture vendredi. Est-ce toujours possible ?",
            "en": "Hello, I really need my car on Friday. Is that still possible?",
        },
    ),
    (
        "garage",
        25 * _HOUR,
        {
            "nl": "Ja, hij gaat vandaag de spuitcabine in. We bellen zodra hij klaar is.",
            "fr": "Oui, elle passe en cabine aujourd'hui. Nous vous appelons ensuite.",
            "en": "Yes, it goes into the paint booth today. We call as soon as it is ready.",
        },
    ),
    (
        "customer",
        24 * _HOUR,
        {"nl": "Prima, dank u!", "fr": "Parfait, merci !", "en": "Perfect, thank you!"},
    ),
)
_WAITING: Sequence[Line] = (
    (
        "customer",
        2 * _HOUR,
        {
            "nl": "Kunt u ook naar het krasje op de spiegel kijken?\nIk stuur er een foto van.",
            "fr": "Pouvez-vous aussi regarder la griffe au rétroviseur ?\nJ'envoie une photo.",
            "en": "Could you also look at the scratch on the mirror?\nI send you a photo of it.",
        },
    ),
)
_NOTE = {
    "nl": "Onderdelen en lak inbegrepen. De herstelling duurt ongeveer drie werkdagen.",
    "fr": "Pièces et peinture comprises. La réparation dure environ trois jours ouvrables.",
    "en": "Parts and paint included. The repair takes about three working days.",
}
_AMOUNTS = ((Decimal("1284.30"), Decimal("1554.00")), (Decimal("742.15"), Decimal("898.00")))
"""Without and with 21 % VAT."""
_VALID = timedelta(days=30)


async def fill_in(session: AsyncSession) -> None:
    """A talk that has ended well, a message that waits, an approved estimate and an open one; of
    what was booked online, the newest is still new."""
    actor = await _receptionist(session)
    rows = await jobs.page(session, statuses=("in_progress", "planned"))
    inside = [row.id for row in rows if row.status == "in_progress"]
    planned = [row.id for row in rows if row.status == "planned"]
    for lines, job_id in zip((_ANSWERED, _WAITING), inside, strict=False):
        await _talk(session, job_id, lines, actor)
    for number, job_id in enumerate(planned[:2]):
        await _quote(session, job_id, number, actor)
    fresh = (await news_repository.unseen(session))[:_NEW]
    if fresh:
        await news_repository.mark_older_seen(session, fresh[-1].at, actor.name)


async def _receptionist(session: AsyncSession) -> Actor:
    for member in await staff.everyone(session):
        if member.role == "planner":
            return Actor("staff", member.name, member.id)
    return SYSTEM


async def _talk(session: AsyncSession, job_id: UUID, lines: Sequence[Line], actor: Actor) -> None:
    job = await jobs.by_id(session, job_id)
    customer = await customers.by_id(session, job.customer_id)
    for author, ago, texts in lines:
        with frozen(max(now() - ago, job.created_at)):
            await message_repository.add(
                session,
                job.id,
                once=uuid4(),
                author=author,
                author_name=actor.name if author == "garage" else "",
                body=_in_language(texts, customer),
            )
    if any(author == "garage" for author, _ago, _texts in lines):
        for author in ("customer", "garage"):
            await message_repository.mark_read(session, job.id, author, now())


async def _quote(session: AsyncSession, job_id: UUID, number: int, actor: Actor) -> None:
    """The first is approved, the second waits, with its mail in the mailbox."""
    job = await jobs.by_id(session, job_id)
    customer = await customers.by_id(session, job.customer_id)
    net, gross = _AMOUNTS[number]
    with frozen(max(now() - (30 - 27 * number) * _HOUR, job.created_at)):
        new = quotes.NewQuote(
            once=uuid4(),
            net=net,
            gross=gross,
            valid_until=(now() + _VALID).date(),
            note=_in_language(_NOTE, customer),
            pdf=await _pdf(job, f"{current_tenant().name} - {job.plate} - EUR {gross}"),
        )
        await quotes.send_quote(session, job.id, new, actor)
    if number == 0:
        with frozen(max(now() - 20 * _HOUR, job.created_at)), language_scope(customer.language):
            await _approve(session, job, customer)


async def _approve(session: AsyncSession, job: Job, customer: Customer) -> None:
    (quote, _outcome), *_older = await quote_repository.of_job(session, job.id)
    shown = quotes.fingerprint(quote, quotes.wording_of(quote, job, "approved"))
    await quotes.decide(session, job, quote, "approved", name=customer.name, reason="", shown=shown)


async def _pdf(job: Job, line: str) -> StoredPdf:
    body = one_page(line)
    key = f"jobs/{job.id}/quotes/{uuid4().hex}.pdf"
    await storage().put_bytes(current_tenant().id, key, body)
    return StoredPdf(key, hashlib.sha256(body).hexdigest())


def one_page(line: str) -> bytes:
    """The smallest PDF (ISO 32000-1) with one line of text on an A4 page."""
    text = line.translate({ord("\\"): "/", ord("("): "[", ord(")"): "]"}).encode(
        "cp1252", "replace"
    )
    drawn = b"BT /F1 14 Tf 60 760 Td (" + text + b") Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    body = b"%PDF-1.4\n"
    positions = []
    for number, content in enumerate(objects, start=1):
        positions.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % position for position in positions)
    size = len(objects) + 1
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + end


def _in_language(texts: Mapping[str, str], customer: Customer) -> str:
    return texts.get(customer.language, texts["en"])
