"""A garage with something in every drawer, each text carrying one unmistakable mark."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.db.base import Base, TenantScoped
from core.storage import storage
from core.web.cookies import cookie_name
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import display_public_number
from core.workshop.locations import repository as locations
from core.workshop.planning.holds import hold
from core.workshop.staff import repository as staff
from core.workshop.staff.models import StaffLink, StaffMember
from core.workshop.staff.services import token_hash
from core.workshop.uploads.services import begin_upload
from plugins.self_service_portal import (
    confirmations,
    estimate_steps,
    job_links,
    job_uploads,
    link_tokens,
    mail_choices,
    picture_links,
    quotes,
)
from plugins.self_service_portal.app_icons import icon_path
from plugins.self_service_portal.estimate_steps import COOKIE as DRAFT_COOKIE
from plugins.self_service_portal.look import Look, StoredLogo, Texts, set_look
from plugins.self_service_portal.look_services import change_look
from plugins.self_service_portal.mail_models import Confirmation
from plugins.self_service_portal.models import Draft, DraftPhoto
from plugins.self_service_portal.news_models import News
from plugins.self_service_portal.services import begin_draft
from plugins.vehicle_presence import absences, board_views, check_ins
from plugins.vehicle_presence.cleanup.models import CleanupRun
from plugins.vehicle_presence.filters import Filters
from plugins.vehicle_presence.models import Doubt
from plugins.vehicle_presence.services import mark_off_site, record_arrival
from plugins.vehicle_presence.vat_book.closing import close_months
from plugins.vehicle_presence.vat_book.due_repository import note_reminded
from plugins.vehicle_presence.vat_book.models import VatLine
from tenants.activation import change_own_settings, change_settings
from tenants.visits import enter_garage
from tests import factories
from tests.garages import STAFF, SUPPORT, Browser, Garage
from tests.security.routes import Route

INNOCENT = {
    "lang": "en",
    "code": "nl",
    "name": "0b5cab.css",
    "status": "ready",
    "size": "thumb",
    "kind": "drop_off",
    "switch": "off",
    "purpose": "invitation",
    "answer": "approve",
    "chart": "stages",
    "plugin": "vehicle_presence",
    "start": "estimate",
    "qr_file": "status.svg",
    "file_format": "csv",
}
"""Values of parameters that mean the same in every garage."""


@dataclass(slots=True)
class Furnished:
    """A garage and the keys to what is in it.

    `owned` are parameters that name something of this garage; `special` says, per path, where
    another thing than the usual one is meant.
    """

    garage: Garage
    mark: str
    owned: dict[str, str] = field(default_factory=dict)
    special: dict[str, dict[str, str]] = field(default_factory=dict)
    plate: str = ""
    number: str = ""
    flow_id: str = ""
    draft_secret: str = ""
    sent_draft_secret: str = ""
    departure: dict[str, str] = field(default_factory=dict)

    @property
    def marks(self) -> list[str]:
        """Texts that no page of another garage may hold, in lower case."""
        found = [self.mark, self.number, display_public_number(self.number), self.flow_id]
        keys = [*self.owned.values(), *(key for each in self.special.values() for key in each)]
        found += [key for key in keys if len(key) > 20]
        return [each.lower() for each in found]

    def values(self, route: Route) -> dict[str, str]:
        """What fills a route's parameters here."""
        asset = "core/favicon.svg"
        return {"path": asset, **INNOCENT, **self.owned, **self.special.get(route.path, {})}

    def named_in(self, body: str) -> list[str]:
        """Which marks of this garage a body holds."""
        lower = body.lower()
        return [each for each in self.marks if each in lower]

    async def customer(self, *, has_sent: bool = False) -> Browser:
        """A customer's browser: the job is open in it, and a draft is begun (or sent)."""
        browser = self.garage.browser()
        answer = await browser.submit("/en/status", {"plate": self.plate, "number": self.number})
        assert answer.status_code == 200, answer.text[:500]
        name = cookie_name(self.garage.house.settings, DRAFT_COOKIE)
        secret = self.sent_draft_secret if has_sent else self.draft_secret
        browser.cookies.set(name, secret, domain=self.garage.host)
        return browser


async def furnish(garage: Garage) -> Furnished:
    """Put something into every drawer of a garage."""
    mark = secrets.token_hex(4)
    found = Furnished(garage, mark, plate=f"X{mark}".upper())
    async with garage.unit() as session:
        job = await _furnish_job(session, found)
        await _furnish_people(session, found)
        await _furnish_drafts(session, found, job)
        await _furnish_talk(session, found, job)
        await _furnish_waiting(session, found, job)
        closure = await factories.a_closure(session, reason=f"Closed {mark}")
        found.owned["closure_id"] = str(closure.id)
        stay = await record_arrival(session, job.id, STAFF)
        found.owned["stay_id"] = str(stay.id)
        found.owned["row_id"] = str(await _row_of(session, stay.id))
        with frozen(now() + timedelta(days=40)):
            closing, *_later = await close_months(session, stay.location_id)
        found.owned["closing_id"] = str(closing.id)
        doubt = Doubt(stay_id=stay.id, reason="quiet")
        session.add(doubt)
        await session.flush()
        found.owned["doubt_id"] = str(doubt.id)
        await _furnish_departure(session, found)
        await _furnish_board(session, found, job)
    await _furnish_look(found)
    await _furnish_wishes(found)
    await _furnish_settings(found)
    visit = await enter_garage(
        garage.house.database, garage.house.directory, garage.slug, SUPPORT, reason=f"Why {mark}"
    )
    found.special["/desk/enter/{token}"] = {"token": visit.token}
    return found


async def _row_of(session: AsyncSession, stay_id: UUID) -> UUID:
    """The row of the VAT book that a stay has."""
    found = await session.scalars(select(VatLine.id).where(VatLine.stay_id == stay_id))
    return found.one()


async def _furnish_job(session: AsyncSession, found: Furnished) -> Job:
    mark = found.mark
    job = await factories.a_job(
        session,
        plate=found.plate,
        plate_country="",
        name=f"Customer {mark}",
        email=f"{mark}@example.com",
        phone=f"+32 {mark}",
        damage=f"Damage {mark}",
        vehicle={
            "vin": f"VF1{mark}000000".upper(),
            "make": f"Make {mark}",
            "model": f"Model {mark}",
            "colour": f"Colour {mark}",
        },
        details={
            name: f"{name} {mark}"
            for name in ("comments", "insurer", "expert", "claim_number", "invoice_reference")
        },
    )
    photo = await factories.a_photo(session, job, name=f"{mark}.jpg", shared=True)
    estimate, _secret = await factories.an_appointment(session, job, "estimate")
    _drop_off, secret = await factories.an_appointment(session, job, "drop_off")
    tasks = await jobs.tasks_of(session, job.id)
    found.number = job.public_number
    found.flow_id = str(job.flow_id)
    found.owned |= {
        "job_id": str(job.id),
        "customer_id": str(job.customer_id),
        "photo_id": str(photo.id),
        "appointment_id": str(estimate.id),
        "task_id": str(tasks[0].id),
        "secret": secret,
    }
    session.add(Confirmation(appointment_id=estimate.id, expires_at=now() + timedelta(hours=2)))
    for path, purpose, thing in (
        ("confirm", confirmations.PURPOSE, estimate.id),
        ("mails", mail_choices.PURPOSE, job.id),
    ):
        token = {"token": link_tokens.sign(purpose, thing)}
        found.special[f"/{{lang}}/{path}/{{token}}"] = token
        found.special[f"/{{lang}}/{path}/{{token}}/stop"] = token
    found.special["/s/{code}"] = {"code": job.public_number}
    return job


async def _furnish_people(session: AsyncSession, found: Furnished) -> None:
    member = StaffMember(
        email=f"{found.mark}@staff.example.com", name=f"Staff {found.mark}", role="technician"
    )
    session.add(member)
    await session.flush()
    token = secrets.token_urlsafe(32)
    session.add(
        StaffLink(
            staff_id=member.id,
            purpose="invitation",
            token_hash=token_hash(token),
            expires_at=now() + timedelta(hours=1),
        )
    )
    found.owned |= {"staff_id": str(member.id), "token": token}


async def _furnish_drafts(session: AsyncSession, found: Furnished, job: Job) -> None:
    draft, found.draft_secret = await begin_draft(session, "en")
    sent, found.sent_draft_secret = await begin_draft(session, "en")
    slot = await factories.first_slot(session)
    draft.answers = sent.answers = _answers(found, slot.isoformat())
    sent.job_id = job.id
    photo = await _draft_photo(session, draft, found.mark)
    for verb in ("remove", "earlier", "later", "thumb"):
        path = f"/{{lang}}/estimate/photos/{{photo_id}}/{verb}"
        found.special[path] = {"photo_id": str(photo.id)}
    await _furnish_uploads(session, found, draft, job)


async def _furnish_uploads(session: AsyncSession, found: Furnished, draft: Draft, job: Job) -> None:
    """Photos of which something is still missing, and the link that leads to their page."""
    for path, owner in (
        ("/desk/jobs/{job_id}", f"job:{job.id}:somebody"),
        ("/{lang}/estimate", estimate_steps.uploader(draft)),
        ("/{lang}/pictures", job_uploads.uploader(job)),
    ):
        details = {"filename": f"{found.mark}.jpg"}
        upload = await begin_upload(session, owner, 7, details, most_bytes=7)
        found.special[f"{path}/uploads/{{upload_id}}"] = {"upload_id": str(upload.id)}
    link = picture_links.address_for(job)
    found.special["/{lang}/pictures/link/{pictures_key}"] = {
        "pictures_key": link.rpartition("/")[2]
    }


def _answers(found: Furnished, slot: str) -> dict[str, Any]:
    mark = found.mark
    return {
        "vehicle": {"plate": found.plate, "country": ""},
        "damage": {"damage": f"Draft {mark}", "zones": ["front"]},
        "photos": {"asked": True},
        "time": {"slot": slot},
        "contact": {"name": f"Draft {mark}", "email": f"{mark}@example.com", "phone": ""},
    }


async def _draft_photo(session: AsyncSession, draft: Draft, mark: str) -> DraftPhoto:
    photo = DraftPhoto(
        draft_id=draft.id, sha256=mark, key=f"drafts/{mark}", name=mark, facts={}, size_bytes=1
    )
    session.add(photo)
    await session.flush()
    return photo


async def _furnish_talk(session: AsyncSession, found: Furnished, job: Job) -> None:
    """What customer and garage said to each other, with an estimate that waits."""
    message_id = await factories.a_message(session, job, body=f"Message {found.mark}")
    answered = await factories.a_quote(session, job, note=f"Former note {found.mark}")
    shown = quotes.fingerprint(answered, quotes.wording_of(answered, job, "declined"))
    await quotes.decide(
        session, job, answered, "declined", name=f"Client {found.mark}", reason="Dear", shown=shown
    )
    quote = await factories.a_quote(session, job, note=f"Note {found.mark}", pdf=True)
    found.owned |= {
        "message_id": str(message_id),
        "quote_id": str(quote.id),
        "answered_quote_id": str(answered.id),
    }
    link = job_links.address_of(job_links.Target(job.id))
    found.special["/{lang}/status/link/{key}"] = {"key": link.rpartition("/")[2]}


async def _furnish_waiting(session: AsyncSession, found: Furnished, job: Job) -> None:
    """Somebody who waits for a time, was told of one, and is kept one meanwhile."""
    wish, secret = await factories.a_time_wish(session, job, name=f"Waits {found.mark}")
    found.owned["wish_id"] = str(wish.id)
    found.special["/{lang}/wish/{secret}"] = {"secret": secret}
    session.add(News(job_id=job.id, kind="message", at=now(), is_to_be_mailed=True))
    location = await locations.first(session)
    slot = (await factories.free_slots(session, "drop_off"))[-1]
    await hold(session, location, "drop_off", slot, owner=found.mark, visitor=found.mark)


async def _furnish_look(found: Furnished) -> None:
    """The owner has written texts, and chosen a logo."""
    texts = Texts(
        **{
            name: f"{name} {found.mark}"
            for name in ("welcome", "intro", "next_steps", "status_foot")
        }
    )
    logo = StoredLogo(key=f"portal/logos/{found.mark}", sha256=found.mark * 8, width=32, height=24)
    async with found.garage.unit() as session:
        await storage().put_bytes(found.garage.tenant.id, logo.key, factories.jpeg())
        look = Look(
            logo=logo, texts={"en": texts}, embed_origins=(f"https://{found.mark}.example",)
        )
        await change_look(session, look, 0, STAFF)
        set_look(look)
        found.special["/portal/icon/{icon_name}"] = {
            "icon_name": icon_path("192").rpartition("/")[2]
        }
    found.special["/portal/logo/{file_name}"] = {"file_name": logo.file_name}


async def _furnish_departure(session: AsyncSession, found: Furnished) -> None:
    """A second job whose vehicle has left, for the pages that are about departures."""
    job = await factories.a_job(
        session, plate=f"Y{found.mark}", plate_country="", name=f"Gone {found.mark}", email=None
    )
    await record_arrival(session, job.id, STAFF, at=now() - timedelta(hours=3))
    stay = await mark_off_site(session, job.id, STAFF)
    gone = {"job_id": str(job.id), "stay_id": str(stay.id)}
    found.special["/desk/jobs/{job_id}/presence/date"] = gone
    found.special["/desk/jobs/{job_id}/presence/off/{stay_id}/undo"] = gone
    today = now().date()
    await note_reminded(session, stay.location_id, today + timedelta(days=365), today)
    found.departure = {
        "location_id": str(stay.location_id),
        "on": today.isoformat(),
        "stay_id": str(stay.id),
        "noted_at": stay.left_noted_at.isoformat() if stay.left_noted_at else "",
    }
    await _furnish_night(session, found)


async def _furnish_night(session: AsyncSession, found: Furnished) -> None:
    """A third job, whose vehicle the clean-up marked off site."""
    job = await factories.a_job(
        session, plate=f"Z{found.mark}", plate_country="", name=f"Swept {found.mark}", email=None
    )
    run = CleanupRun(began_at=now(), ended_at=now(), rounds=0, held=0, marked=1, asked=0)
    session.add(run)
    stay = await factories.a_stay(
        session,
        job,
        now() - timedelta(days=9),
        left_at=now() - timedelta(days=5),
        left_noted_at=run.began_at,
        left_noted_by="Garagist",
        closed_by="sweep",
        evidence={"status": "delivered", "moment": now().isoformat()},
    )
    run.ended_at = stay.left_noted_at
    await session.flush()
    owner = next(each for each in await staff.everyone(session) if each.role == "owner")
    found.owned |= {"run_id": str(run.id), "reader_id": str(owner.id)}


async def _furnish_board(session: AsyncSession, found: Furnished, job: Job) -> None:
    """What was noted at check-in, that the vehicle is out, why, and a view of it."""
    mark = found.mark
    await check_ins.note(session, job.id, {"damage": f"Prior {mark}", "mileage": 5}, STAFF)
    reasons = [{"en": f"Reason {mark}", "nl": f"Reden {mark}"}]
    await absences.write_reasons(session, reasons, STAFF)
    absence = await absences.leave_for_a_while(session, job.id, 0, STAFF, note=f"Note {mark}")
    view = await board_views.save(session, f"View {mark}", Filters(absent="out"), None)
    await session.flush()
    found.owned |= {"absence_id": str(absence.id), "view_id": str(view.id)}


async def _furnish_wishes(found: Furnished) -> None:
    """The garage asks everything when a vehicle comes, and is told what customers do."""
    garage = found.garage
    wishes = {f"ask_{question}": "optional" for question in check_ins.QUESTIONS}
    await change_settings(garage.house.switching, garage.slug, "vehicle_presence", wishes, SUPPORT)
    told = {"tell_garage": True}
    await change_settings(garage.house.switching, garage.slug, "self_service_portal", told, SUPPORT)
    fresh = await garage.house.directory.by_slug(garage.slug)
    assert fresh is not None
    garage.tenant = fresh


async def _furnish_settings(found: Furnished) -> None:
    """The owner has changed something that can be taken back."""
    garage = found.garage
    changes = {"undo_minutes": 31}
    entry_id = await change_own_settings(
        garage.house.switching, garage.tenant, "vehicle_presence", changes, STAFF
    )
    found.owned["entry_id"] = str(entry_id)


async def everything_in(garage: Garage) -> dict[str, str]:
    """A fingerprint of every row of a garage, per table."""
    tables = sorted(
        mapper.local_table.name  # type: ignore[attr-defined]  # ours are tables, not joins
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, TenantScoped)
    )
    async with garage.unit() as session:
        return {
            table: await session.scalar(
                text(f"select md5(string_agg(t::text, '|' order by t::text)) from {table} t")  # noqa: S608 - our own table names
            )
            or ""
            for table in tables
        }
