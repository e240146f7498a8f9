"""Filling an empty database with two garages that look as if they had worked for weeks."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.demo import repository
from core.demo.backdating import dated_by_our_clock
from core.demo.garages import (
    GARAGES,
    PORTAL,
    SUPPORT_EMAIL,
    SUPPORT_NAME,
    DemoGarage,
    password_of,
)
from core.demo.pictures import Album, Picture, drawn_pictures
from core.demo.stories import Story, stories_of
from core.demo.telling import Teller
from core.demo.working_time import WorkingTime
from core.errors import UnknownTenant
from core.house import House
from core.tenancy.context import TenantContext, tenant_scope
from core.workshop.audit.services import Actor
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import display_public_number
from core.workshop.locations import repository as locations
from core.workshop.staff import repository as staff
from core.workshop.staff.models import StaffMember
from core.workshop.staff.passwords import hash_password
from core.workshop.vehicles.plates import display_plate
from tenants.activation import change_settings, enable
from tenants.lifecycle import open_garage
from tenants.support_staff import create_support_member

SEED = 20_001
OPENED_BEFORE = timedelta(days=100)
"""How long ago the garages were opened: before their first job."""
SHOWN_STATUSES = ("new", "planned", "in_progress", "ready", "delivered")
_SUPPORT = Actor("support", "Demo")


async def fill_demo(house: House) -> dict[str, Any]:
    """Fill an empty, migrated database; returns where to log in, with which jobs to try what.

    All times are relative to now; everything else is the same each time, except for secrets.
    """
    moment = now()
    with dated_by_our_clock():
        async with drawn_pictures() as pictures, asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_fill_garage(house, garage, pictures, moment))
                for garage in GARAGES
            ]
    password = password_of("support")
    member, secret = await create_support_member(
        house.database,
        email=SUPPORT_EMAIL,
        name=SUPPORT_NAME,
        password=password,
        role="support-lead",
    )
    return {
        "garages": [task.result() for task in tasks],
        "support": {
            "url": house.settings.public_url("support"),
            "email": member.email,
            "password": password,
            "totp_secret": secret,
        },
        "mail": {"url": house.settings.public_url("mail")},
    }


async def _fill_garage(
    house: House, garage: DemoGarage, pictures: Sequence[Picture], moment: datetime
) -> dict[str, Any]:
    with frozen(moment - OPENED_BEFORE):
        tenant = await _open(house, garage)
    dice = random.Random(f"{SEED} {tenant.slug}")
    with tenant_scope(tenant):
        async with house.database.unit_of_work(tenant.id) as session:
            with frozen(moment - OPENED_BEFORE):
                members = await _let_staff_in(session, garage)
            time = WorkingTime(moment, tenant.zone, tenant.country)
            teller = await _teller(session, members, Album(pictures, dice), time)
            told = [(story, await teller.tell(story)) for story in _stories(tenant, time, dice)]
            await repository.forget_unsent_mails(session)
            await house.hooks.ask_async("demo_data", session=session, tenant=tenant)
    return {
        "slug": tenant.slug,
        "name": tenant.name,
        "url": house.settings.public_url(tenant.slug),
        "staff": [
            {"role": role, "email": member.email, "password": password_of(role)}
            for role, member in members.items()
        ],
        "jobs": [_shown(job) for job in _varied(told)],
    }


async def _open(house: House, garage: DemoGarage) -> TenantContext:
    tenant = await open_garage(house.database, house.directory, garage.new, _SUPPORT)
    for plugin in garage.plugins:
        await enable(house.switching, tenant.slug, plugin, _SUPPORT, reason="demo")
    for plugin, wishes in garage.wishes.items():
        await change_settings(house.switching, tenant.slug, plugin, wishes, _SUPPORT)
    opened = await house.directory.by_slug(tenant.slug)
    if opened is None:
        raise UnknownTenant(tenant.slug)
    return opened


async def _let_staff_in(session: AsyncSession, garage: DemoGarage) -> dict[str, StaffMember]:
    """Everybody with a password; the owner's invitation is used up and its mail not sent."""
    language = garage.new.languages[0]
    owner = (await staff.everyone(session))[0]
    colleagues = {
        role: StaffMember(email=garage.email_of(role), name=name, role=role, language=language)
        for role, name in garage.colleagues.items()
    }
    session.add_all(colleagues.values())
    members = {owner.role: owner, **colleagues}
    hashes = await asyncio.gather(
        *(asyncio.to_thread(hash_password, password_of(role)) for role in members)
    )
    for member, password_hash in zip(members.values(), hashes, strict=True):
        member.password_hash = password_hash
    await staff.use_up_links_of(session, owner.id, now())
    await session.flush()
    return members


async def _teller(
    session: AsyncSession, members: Mapping[str, StaffMember], album: Album, time: WorkingTime
) -> Teller:
    planner, technician = (
        Actor("staff", members[role].name, members[role].id) for role in ("planner", "technician")
    )
    return Teller(
        session=session,
        time=time,
        location=await locations.first(session),
        flows={flow.name: flow.id for flow in await jobs.flows(session)},
        planner=planner,
        technician=technician,
        album=album,
    )


def _stories(tenant: TenantContext, time: WorkingTime, dice: random.Random) -> list[Story]:
    return stories_of(
        tenant.slug,
        tenant.default_language,
        has_portal=tenant.has_plugin(PORTAL),
        time=time,
        dice=dice,
    )


def _varied(told: Sequence[tuple[Story, Job]]) -> list[Job]:
    """Of each status the newest job with photos and a Belgian plate, which is typed easily."""
    best: dict[str, Job] = {}
    for wants_photos in (False, True):
        for story, job in told:
            if job.plate_country == "BE" and (story.has_photos or not wants_photos):
                best[job.status] = job
    return [best[status] for status in SHOWN_STATUSES]


def _shown(job: Job) -> dict[str, Any]:
    return {
        "plate": display_plate(job.plate_normalised, job.plate_country, job.plate),
        "number": display_public_number(job.public_number),
        "sequence_number": job.sequence_number,
        "status": job.status,
    }
