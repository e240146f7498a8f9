"""The verbs of the portal: a draft is begun, answered, sent; a drop-off is booked."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.workshop.audit.services import CUSTOMER
from core.workshop.customers import repository as customers
from core.workshop.customers.services import Contact
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import NewJob, open_job
from core.workshop.planning import holds
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from core.workshop.planning.models import Appointment
from core.workshop.vehicles.services import VehicleFacts
from plugins.self_service_portal import draft_photos, repository
from plugins.self_service_portal.appointments import confirm_by_mail
from plugins.self_service_portal.bringing import check_can_be_brought
from plugins.self_service_portal.confirmations import announce
from plugins.self_service_portal.consents import record_consent
from plugins.self_service_portal.draft_photos import SOURCE
from plugins.self_service_portal.kept_times import owner_of_draft, owner_of_job
from plugins.self_service_portal.look import current_look
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.questions import job_details

KEPT_AFTER_FREEING = timedelta(days=1)
"""How long somebody who did not confirm finds everything, at the least."""


class NothingToFetch(Refused):
    """The vehicle is not ready, or not here any more."""

    def __init__(self) -> None:
        super().__init__("There is nothing to fetch at the moment.")


def secret_hash(secret: str) -> str:
    """What is stored of the browser's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def begin_draft(session: AsyncSession, language: str) -> tuple[Draft, str]:
    """A new draft, and the secret for the browser's cookie."""
    secret = secrets.token_urlsafe(24)
    draft = Draft(
        secret_hash=secret_hash(secret),
        language=language,
        answers={},
        expires_at=now() + current_look().draft_life,
    )
    session.add(draft)
    await session.flush()
    return draft, secret


def answer(draft: Draft, step: str, values: Mapping[str, Any]) -> None:
    """Keep the answers of a step."""
    draft.answers = {**draft.answers, step: dict(values)}
    draft.expires_at = max(draft.expires_at, now() + current_look().draft_life)


def take_back_answer(draft: Draft, step: str) -> None:
    """Ask that question again; all other answers stay."""
    draft.answers = {name: values for name, values in draft.answers.items() if name != step}


async def send_draft(session: AsyncSession, draft: Draft) -> Job:
    """Turn a complete, locked draft into a job with its photos, its slot and its mail.

    Sent twice, it is one job.

    Raises:
        SlotAlreadyTaken: the time went to somebody else; nothing is kept.
        Refused: something in it is not right any more.
    """
    if draft.job_id is not None:
        return await jobs.by_id(session, draft.job_id)
    contact, vehicle = draft.answers["contact"], draft.answers["vehicle"]
    job = await open_job(
        session,
        NewJob(
            contact=Contact(
                name=contact["name"],
                language=draft.language,
                email=contact["email"],
                phone=contact.get("phone") or None,
            ),
            vehicle=VehicleFacts(plate=vehicle["plate"], plate_country=vehicle["country"]),
            damage=draft.answers["damage"]["damage"],
            damage_zones=tuple(draft.answers["damage"].get("zones", ())),
            source=SOURCE,
            details=job_details(draft.answers),
        ),
        CUSTOMER,
    )
    await record_consent(session, job, draft.answers)
    await draft_photos.hand_over_photos(session, draft, job)
    starts_at = datetime.fromisoformat(draft.answers["time"]["slot"])
    appointment, _link = await planning.book(
        session,
        job.id,
        "estimate",
        starts_at,
        CUSTOMER,
        holder=holds.hash_of(owner_of_draft(draft.id)),
    )
    confirm_until = await announce(session, appointment, contact["email"], draft.language)
    if confirm_until is not None:
        draft.expires_at = max(draft.expires_at, confirm_until + KEPT_AFTER_FREEING)
    draft.job_id = job.id
    await session.flush()
    return job


async def book_drop_off(
    session: AsyncSession, job: Job, starts_at: datetime, *, courtesy_car: bool, language: str
) -> Appointment:
    """Choose when to bring the vehicle; a drop-off that is booked already is moved.

    Chosen twice, it is booked and mailed once, and the link in that mail goes on working.

    Raises:
        NothingToBring: as it says.
        SlotAlreadyTaken, TooLateToCancel: as they say; nothing is kept.
    """
    await check_can_be_brought(session, job)
    if courtesy_car != job.courtesy_car_wished:
        job.courtesy_car_wished = courtesy_car
        await session.flush()
    return await _choose(session, job, "drop_off", starts_at, language)


async def book_pick_up(
    session: AsyncSession, job: Job, starts_at: datetime, *, language: str
) -> Appointment:
    """Choose when to fetch the vehicle, in the same way.

    Raises:
        NothingToFetch: it is not ready.
        SlotAlreadyTaken, TooLateToCancel: as they say; nothing is kept.
    """
    if job.status != "ready":
        raise NothingToFetch
    return await _choose(session, job, "pick_up", starts_at, language)


async def _choose(
    session: AsyncSession, job: Job, kind: str, starts_at: datetime, language: str
) -> Appointment:
    holder = holds.hash_of(owner_of_job(job.id))
    await planning_repository.lock_book(session, job.location_id, kind)
    existing = await planning_repository.booked_of_job(session, job.id, kind)
    is_repeated = existing is not None and existing.starts_at == starts_at
    if existing is not None and not is_repeated:
        await planning.move(session, existing, starts_at, CUSTOMER, holder=holder)
    if existing is not None and is_repeated and existing.booked_by == CUSTOMER.kind:
        return existing
    appointment, _link = await planning.book(
        session, job.id, kind, starts_at, CUSTOMER, holder=holder
    )
    customer = await customers.by_id(session, job.customer_id)
    if customer.email:
        await confirm_by_mail(session, appointment, customer.email, language)
    return appointment


async def forget_old_drafts(session: AsyncSession) -> None:
    """Remove drafts that nobody came back to, with their photos."""
    for draft in await repository.expired_drafts(session, now()):
        await forget_draft(session, draft)


async def forget_draft(session: AsyncSession, draft: Draft) -> None:
    """Remove a draft; its files go once that is stored."""
    await draft_photos.forget_photos(session, draft)
    await holds.release(session, "estimate", owner_of_draft(draft.id))
    await repository.delete_draft(session, draft.id)
