"""The verbs of the portal: a draft is begun, answered, sent; a drop-off is booked."""

import hashlib
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.storage import storage
from core.tenancy.context import current_tenant
from core.workshop.audit.services import CUSTOMER
from core.workshop.customers import repository as customers
from core.workshop.customers.services import Contact
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import NewJob, open_job
from core.workshop.notifications.services import enqueue, send_mail
from core.workshop.photos.imaging import PhotoFacts
from core.workshop.photos.services import ExaminedPhoto, add_photo
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from core.workshop.planning.models import Appointment
from core.workshop.vehicles.services import VehicleFacts
from plugins.self_service_portal import repository
from plugins.self_service_portal.models import Draft, DraftPhoto
from plugins.self_service_portal.progress import is_over

DRAFT_LIFE = timedelta(days=7)
MOST_PHOTOS = 24
CONFIRMATION = "self_service_portal.appointment_confirmed"
CANCELLATION = "self_service_portal.appointment_cancelled"
DELETE_FILES = "self_service_portal.delete_files"
SOURCE = "portal"


class TooManyDraftPhotos(Refused):
    """The draft has as many photos as it may have."""

    def __init__(self) -> None:
        super().__init__(
            "You have sent %(most)s photos, which is enough for now. You can add more to your job"
            " later.",
            field="photos",
            most=MOST_PHOTOS,
        )


class RepairIsOver(Refused):
    """The vehicle was collected, or the job was cancelled: there is nothing to bring."""

    def __init__(self) -> None:
        super().__init__("This repair is finished. Please contact us if something is not right.")


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
        expires_at=now() + DRAFT_LIFE,
    )
    session.add(draft)
    await session.flush()
    return draft, secret


def answer(draft: Draft, step: str, values: Mapping[str, Any]) -> None:
    """Keep the answers of a step."""
    draft.answers = {**draft.answers, step: dict(values)}
    draft.expires_at = now() + DRAFT_LIFE


def take_back_answer(draft: Draft, step: str) -> None:
    """Ask that question again; all other answers stay."""
    draft.answers = {name: values for name, values in draft.answers.items() if name != step}


async def keep_photo(
    session: AsyncSession, draft: Draft, name: str, examined: ExaminedPhoto
) -> None:
    """Keep a checked photo with the locked draft. The same bytes again are the same photo.

    The key is new each time: a photo that was removed and sent again must not lose its file to
    the deletion of the first one.

    Raises:
        TooManyDraftPhotos: as it says.
    """
    photos = await repository.photos_of(session, draft.id)
    if any(photo.sha256 == examined.sha256 for photo in photos):
        return
    if len(photos) >= MOST_PHOTOS:
        raise TooManyDraftPhotos
    key = f"drafts/{draft.id}/{uuid4().hex}"
    await storage().put_file(draft.tenant_id, key, examined.path)
    await repository.add_photo(
        session,
        DraftPhoto(
            draft_id=draft.id,
            sha256=examined.sha256,
            key=key,
            name=name[:120],
            facts=asdict(examined.facts),
            size_bytes=examined.size_bytes,
        ),
    )


async def remove_photo(session: AsyncSession, draft: Draft, photo_id: UUID) -> None:
    """Take a photo back; its file goes once that is stored. Removed twice, it is gone once."""
    photo = await repository.photo_of(session, draft.id, photo_id)
    if photo is not None:
        await repository.delete_photo(session, photo.id)
        await enqueue(
            session, DELETE_FILES, {"keys": [photo.key]}, key=f"{DELETE_FILES}:{photo.id}"
        )


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
        ),
        CUSTOMER,
    )
    await _hand_over_photos(session, draft, job)
    starts_at = datetime.fromisoformat(draft.answers["time"]["slot"])
    appointment, link = await planning.book(session, job.id, "estimate", starts_at, CUSTOMER)
    await confirm_by_mail(session, appointment, contact["email"], draft.language, link)
    draft.job_id = job.id
    await session.flush()
    return job


async def book_drop_off(
    session: AsyncSession, job: Job, starts_at: datetime, *, courtesy_car: bool, language: str
) -> Appointment:
    """Choose when to bring the vehicle; a drop-off that is booked already is moved.

    Chosen twice, it is booked and mailed once, and the link in that mail goes on working.

    Raises:
        RepairIsOver: there is nothing to bring.
        SlotAlreadyTaken, TooLateToCancel: as they say; nothing is kept.
    """
    if is_over(job):
        raise RepairIsOver
    await planning_repository.lock_book(session, job.location_id, "drop_off")
    existing = await planning_repository.booked_of_job(session, job.id, "drop_off")
    is_repeated = existing is not None and existing.starts_at == starts_at
    if existing is not None and not is_repeated:
        await planning.move(session, existing, starts_at, CUSTOMER)
    if courtesy_car != job.courtesy_car_wished:
        job.courtesy_car_wished = courtesy_car
        await session.flush()
    if existing is not None and is_repeated and existing.booked_by == CUSTOMER.kind:
        return existing
    appointment, link = await planning.book(session, job.id, "drop_off", starts_at, CUSTOMER)
    customer = await customers.by_id(session, job.customer_id)
    if customer.email:
        await confirm_by_mail(session, appointment, customer.email, language, link)
    return appointment


async def confirm_by_mail(
    session: AsyncSession, appointment: Appointment, email: str, language: str, link: str
) -> None:
    """Mail what was booked, with the calendar file and the personal link: once for every time
    of the appointment, and again where its link became another."""
    await send_mail(
        session,
        CONFIRMATION,
        email,
        language,
        {"appointment_id": str(appointment.id), "token": link},
        key=f"{CONFIRMATION}:{appointment.id}:{appointment.sequence}:{appointment.link_hash}",
    )


async def move_by_customer(
    session: AsyncSession, appointment: Appointment, starts_at: datetime, language: str, link: str
) -> None:
    """Another time for an appointment, confirmed by mail; `link` stays the personal link.

    Raises:
        SlotAlreadyTaken, TooLateToCancel: as they say.
    """
    await planning.move(session, appointment, starts_at, CUSTOMER)
    job = await jobs.by_id(session, appointment.job_id)
    customer = await customers.by_id(session, job.customer_id)
    if customer.email:
        await confirm_by_mail(session, appointment, customer.email, language, link)


async def cancel_by_customer(
    session: AsyncSession, appointment: Appointment, language: str
) -> None:
    """Give the slot back, and confirm that by mail.

    Raises:
        TooLateToCancel: as it says.
    """
    await planning.cancel(session, appointment, CUSTOMER)
    job = await jobs.by_id(session, appointment.job_id)
    customer = await customers.by_id(session, job.customer_id)
    if customer.email:
        await send_mail(
            session,
            CANCELLATION,
            customer.email,
            language,
            {"appointment_id": str(appointment.id)},
            key=f"{CANCELLATION}:{appointment.id}:{appointment.sequence}",
        )


async def forget_old_drafts(session: AsyncSession) -> None:
    """Remove drafts that nobody came back to, with their photos."""
    for draft in await repository.expired_drafts(session, now()):
        await forget_draft(session, draft)


async def forget_draft(session: AsyncSession, draft: Draft) -> None:
    """Remove a draft; its files go once that is stored."""
    keys = [photo.key for photo in await repository.photos_of(session, draft.id)]
    await repository.delete_draft(session, draft.id)
    if keys:
        await enqueue(session, DELETE_FILES, {"keys": keys}, key=f"{DELETE_FILES}:{draft.id}")


async def delete_files(_session: AsyncSession, payload: Mapping[str, Any]) -> None:
    """The worker's part of forgetting a draft; a file that is gone already is no trouble."""
    for key in payload["keys"]:
        await storage().delete(current_tenant().id, key)


async def _hand_over_photos(session: AsyncSession, draft: Draft, job: Job) -> None:
    for photo in await repository.photos_of(session, draft.id):
        with tempfile.TemporaryDirectory(prefix="garagist-draft-") as folder:
            path = Path(folder) / "photo"
            with path.open("wb") as target:
                async for chunk in storage().stream(draft.tenant_id, photo.key):
                    target.write(chunk)
            examined = ExaminedPhoto(
                path, PhotoFacts(**photo.facts), photo.sha256, photo.size_bytes
            )
            await add_photo(
                session, job.id, examined, name=photo.name, source=SOURCE, actor=CUSTOMER
            )
