"""One of each noun, made by the shop's own verbs inside a unit of work of its garage."""

import hashlib
import io
import secrets
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from PIL import Image
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.storage import storage
from core.workshop.customers.services import Contact
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import new_public_number
from core.workshop.jobs.services import NewJob, open_job
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Closure
from core.workshop.locations.services import close_on
from core.workshop.photos import imaging
from core.workshop.photos.models import Photo
from core.workshop.photos.services import ExaminedPhoto, add_photo, keep_renditions
from core.workshop.planning import services as planning
from core.workshop.planning.holds import hash_of
from core.workshop.planning.models import Appointment
from core.workshop.vehicles.models import Vehicle
from core.workshop.vehicles.services import VehicleFacts
from plugins.self_service_portal import (
    message_repository,
    quote_repository,
    quotes,
    time_wish_repository,
)
from plugins.self_service_portal.quote_files import StoredPdf
from plugins.self_service_portal.talk_models import Quote
from plugins.self_service_portal.time_wish_models import TimeWish
from plugins.self_service_portal.time_wishes import Wish, wish_for_drop_off
from plugins.vehicle_presence.models import Stay
from tests.garages import STAFF


def jpeg(
    colour: tuple[int, int, int] = (200, 60, 40),
    size: tuple[int, int] = (320, 240),
    *,
    padded_to: int = 0,
) -> bytes:
    """A photo of one colour; `padded_to` bytes, the rest behind the picture's end."""
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, "JPEG", quality=80)
    body = target.getvalue()
    return body + bytes(max(0, padded_to - len(body)))


async def a_job(
    session: AsyncSession,
    *,
    plate: str = "1-ABC-123",
    plate_country: str = "BE",
    name: str = "Jan Peeters",
    email: str | None = "jan.peeters@example.com",
    phone: str | None = "+32 470 12 34 56",
    language: str = "en",
    damage: str = "Scratched at a post, right rear door",
    source: str = "desk",
    vehicle: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
    flow_id: UUID | None = None,
) -> Job:
    """A job that was opened at the desk. `vehicle` are more of its facts, `details` fields of
    the job card."""
    return await open_job(
        session,
        NewJob(
            contact=Contact(name=name, language=language, email=email, phone=phone),
            vehicle=VehicleFacts(plate=plate, plate_country=plate_country, **(vehicle or {})),
            damage=damage,
            source=source,
            details=details or {},
            flow_id=flow_id,
        ),
        STAFF,
    )


async def a_photo(
    session: AsyncSession,
    job: Job,
    *,
    name: str = "front.jpg",
    body: bytes | None = None,
    source: str = "portal",
    shared: bool = False,
) -> Photo:
    """A photo of that job whose renditions are drawn, here and not by the worker."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo"
        path.write_bytes(body or jpeg())
        photo = await add_photo(
            session, job.id, examined(path), name=name, source=source, actor=STAFF
        )
        drawn = imaging.render(path, Path(folder), list(imaging.SIZES))
        await keep_renditions(photo, drawn)
    photo.shared_with_customer = shared
    await session.flush()
    return photo


def examined(path: Path) -> ExaminedPhoto:
    """A picture of our own, looked at without the child process."""
    body = path.read_bytes()
    facts = imaging.decode_fully(path)
    return ExaminedPhoto(path, facts, hashlib.sha256(body).hexdigest(), len(body))


async def first_slot(session: AsyncSession, kind: str = "estimate") -> datetime:
    """The earliest time that the garage offers."""
    location = await locations.first(session)
    return (await planning.free_days(session, location, kind))[0].slots[0].starts_at


async def an_appointment(
    session: AsyncSession, job: Job, kind: str = "estimate", *, at: datetime | None = None
) -> tuple[Appointment, str]:
    """The earliest (or that) appointment for the job, with its personal link's secret."""
    return await planning.book(session, job.id, kind, at or await first_slot(session, kind), STAFF)


async def a_closure(
    session: AsyncSession, *, reason: str = "Annual leave", first_day: date | None = None
) -> Closure:
    """A week in a year's time in which the first location is closed."""
    day = first_day or now().date() + timedelta(days=365)
    location = await locations.first(session)
    return await close_on(session, location.id, day, day + timedelta(days=6), reason)


def a_contact(**changes: Any) -> Contact:
    """A person with an address of their own."""
    values: dict[str, Any] = {
        "name": "Ann Peeters",
        "language": "nl",
        "email": f"ann-{secrets.token_hex(6)}@example.test",
        "phone": "+32 475 12 34 56",
    }
    return Contact(**{**values, **changes})


def a_plate() -> str:
    """A Belgian plate like no other."""
    letters = "".join(secrets.choice("ABCDEFGHJKLNPRSTVXYZ") for _ in range(3))
    return f"{secrets.choice('12')}-{letters}-{secrets.randbelow(1000):03}"


async def many_jobs(session: AsyncSession, count: int, **columns: Any) -> list[UUID]:
    """Copies of one job by one statement, each of a vehicle of its own that looks the same, without
    tasks; `columns` are theirs."""
    model = await a_job(session, plate=a_plate())
    shared = ("location_id", "customer_id", "flow_id", "plate", "plate_normalised")
    own = ("customer_id", "plate", "plate_normalised")
    alike = {"tenant_id": model.tenant_id, **{name: getattr(model, name) for name in own}}
    vehicles = await session.scalars(insert(Vehicle).returning(Vehicle.id), [alike] * count)
    rows = [
        {
            "tenant_id": model.tenant_id,
            "sequence_number": 1000 * model.sequence_number + number,
            "public_number": new_public_number(),
            "vehicle_id": vehicle_id,
            **{name: getattr(model, name) for name in shared},
            **columns,
        }
        for number, vehicle_id in enumerate(vehicles)
    ]
    return list(await session.scalars(insert(Job).returning(Job.id), rows))


async def set_past_services(session: AsyncSession, job: Job, **columns: Any) -> Job:
    """The job with columns that no verb sets, such as an old `status_changed_at`."""
    await session.execute(update(Job).where(Job.id == job.id).values(**columns))
    session.expunge(job)
    return await jobs.by_id(session, job.id)


def days_ago(days: int, zone: ZoneInfo) -> datetime:
    """This time of the day so many days ago, on a calendar: so many times 24 hours may be another
    number of days where the clocks changed in between."""
    return (now().astimezone(zone) - timedelta(days=days)).astimezone(UTC)


async def a_stay(session: AsyncSession, job: Job, arrived_at: datetime, **columns: Any) -> Stay:
    """A stay of the job's vehicle, as if it had been noted at `arrived_at`."""
    stay = Stay(
        job_id=job.id,
        location_id=job.location_id,
        plate=job.plate,
        arrived_at=arrived_at,
        arrived_noted_by=STAFF.name,
        **columns,
    )
    session.add(stay)
    await session.flush()
    return stay


async def free_slots(session: AsyncSession, kind: str = "estimate") -> list[datetime]:
    """The starts of all times that the garage offers, earliest first."""
    location = await locations.first(session)
    days = await planning.free_days(session, location, kind)
    return [slot.starts_at for day in days for slot in day.slots]


async def before_opening(session: AsyncSession) -> datetime:
    """Early on a day with times: whoever asks then is offered its first ones, side by side."""
    return (await free_slots(session))[-1].replace(hour=3, minute=0)


async def a_message(
    session: AsyncSession,
    job: Job,
    *,
    body: str = "When will it be ready?",
    author: str = "customer",
    author_name: str = "",
) -> UUID:
    """A message about the job, that nobody has read."""
    message_id = await message_repository.add(
        session, job.id, once=uuid4(), author=author, author_name=author_name, body=body
    )
    assert message_id is not None
    return message_id


def a_pdf(*, padded_to: int = 0) -> bytes:
    """The bytes by which a PDF is known; `padded_to` bytes in all."""
    beginning, end = b"%PDF-1.7\n", b"\nstartxref\n9\n%%EOF\n"
    return beginning + bytes(max(0, padded_to - len(beginning) - len(end))) + end


async def a_quote(
    session: AsyncSession,
    job: Job,
    *,
    gross: str = "1210.00",
    note: str = "Parts included.",
    valid_until: date | None = None,
    pdf: bool = False,
) -> Quote:
    """An estimate that was sent to the job's customer, with 21 % VAT."""
    stored = None
    if pdf:
        key = f"jobs/{job.id}/quotes/{uuid4().hex}.pdf"
        await storage().put_bytes(job.tenant_id, key, a_pdf())
        stored = StoredPdf(key, hashlib.sha256(a_pdf()).hexdigest())
    new = quotes.NewQuote(
        once=uuid4(),
        net=(Decimal(gross) / Decimal("1.21")).quantize(Decimal("0.01")),
        gross=Decimal(gross),
        valid_until=valid_until or now().date() + timedelta(days=30),
        note=note,
        pdf=stored,
    )
    await quotes.send_quote(session, job.id, new, STAFF)
    return (await quote_repository.of_job(session, job.id))[0][0]


async def a_time_wish(
    session: AsyncSession,
    job: Job,
    *,
    name: str = "Wim Waits",
    email: str | None = "wim@example.com",
    phone: str | None = None,
    weekdays: tuple[int, ...] = (),
    halves: tuple[str, ...] = (),
    language: str = "en",
) -> tuple[TimeWish, str]:
    """Somebody who waits for a time to bring the vehicle, with the secret of the mail's link."""
    wish_id = await wish_for_drop_off(
        session, job, Wish(name, language, email, phone, weekdays, halves)
    )
    wish = await time_wish_repository.by_id(session, wish_id)
    secret = secrets.token_urlsafe(24)
    wish.secret_hash = hash_of(secret)
    await session.flush()
    return wish, secret
