"""Sixty people who press *Send* for the same time at the same moment, in two web processes."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import httpx
from bs4 import BeautifulSoup
from sqlalchemy import func, select

from core.web.cookies import cookie_name
from core.web.host_router import HostRouter
from core.workshop.jobs.models import Job
from core.workshop.planning.models import Appointment
from plugins.self_service_portal.estimate_steps import COOKIE
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.services import begin_draft
from tests.factories import free_slots
from tests.garages import Browser, Garage
from tests.plugins.self_service_portal.deciding import ANSWERS
from tests.plugins.self_service_portal.waiting_people import rule

PEOPLE, CAPACITY = 60, 3
CHECK = "/en/estimate/check"


async def answered_all(garage: Garage, apps: Sequence[HostRouter], slot: datetime) -> list[Browser]:
    """So many people, each with a browser and an address, who only have to press *Send*."""
    found = []
    async with garage.unit() as session:
        for number in range(PEOPLE):
            draft, secret = await begin_draft(session, "en")
            contact = {"name": f"Person {number}", "email": f"p{number}@customer.test", "phone": ""}
            draft.answers = {
                **ANSWERS,
                "photos": {"asked": True},
                "time": {"slot": slot.isoformat()},
                "contact": contact,
            }
            app = apps[number % len(apps)]
            browser = Browser(app, garage.host, address=f"198.51.100.{number}")
            name = cookie_name(garage.house.settings, COOKIE)
            browser.cookies.set(name, secret, domain=garage.host)
            found.append(browser)
    return found


async def press_send(browser: Browser, token: str) -> httpx.Response:
    return await browser.post(CHECK, data={"csrf_token": token}, follow_redirects=False)


def offered(answer: httpx.Response) -> tuple[str, ...]:
    """The other times on the page of somebody who was too late."""
    page = BeautifulSoup(answer.text, "html.parser")
    return tuple(str(field["value"]) for field in page.select("input[type=radio][name=slot]"))


async def test_a_time_for_three_that_sixty_send_at_once_is_sold_three_times_and_nobody_loses_more(
    garage: Garage, second_process: HostRouter
) -> None:
    await rule(garage, "estimate", capacity=CAPACITY)
    async with garage.unit() as session:
        slot, *others = await free_slots(session)
    people = await answered_all(garage, (garage.app, second_process), slot)
    tokens = [await browser.token(CHECK) for browser in people]
    answers = await asyncio.gather(*map(press_send, people, tokens))
    late = [each for each in answers if each.status_code == 409]
    assert Counter(each.status_code for each in answers) == {303: CAPACITY, 409: PEOPLE - CAPACITY}
    assert {offered(each) for each in late} == {tuple(other.isoformat() for other in others[:3])}
    assert all("This time has just been taken." in each.text for each in late)
    async with garage.unit() as session:
        booked = list(
            await session.scalars(
                select(Appointment.lane).where(Appointment.starts_at == slot).order_by("lane")
            )
        )
        jobs = await session.scalar(select(func.count()).select_from(Job))
        waiting: list[tuple[UUID | None, dict[str, object]]] = [
            (draft.job_id, draft.answers) for draft in await session.scalars(select(Draft))
        ]
    assert booked == list(range(1, CAPACITY + 1))
    assert jobs == CAPACITY
    kept = [answers for job_id, answers in waiting if job_id is None]
    assert len(kept) == PEOPLE - CAPACITY
    assert all({*ANSWERS, "time"} <= set(each) for each in kept)
