"""Bots that book: they reach a limit long before the calendar is full."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select

from core.web.cookies import cookie_name
from core.workshop.planning.models import Appointment
from plugins.self_service_portal import booking_limits
from plugins.self_service_portal.booking_limits import OPEN_PER_EMAIL
from plugins.self_service_portal.estimate_steps import COOKIE
from plugins.self_service_portal.services import begin_draft
from tests.factories import free_slots
from tests.garages import Browser, Garage
from tests.plugins.self_service_portal.waiting_people import PLATE

BOTS = 500
AT_ONCE = 20


def answers(slot: str, email: str) -> dict[str, Any]:
    return {
        "vehicle": {"plate": PLATE, "country": "BE"},
        "damage": {"damage": "none at all", "zones": []},
        "photos": {"asked": True},
        "time": {"slot": slot},
        "contact": {"name": "Bot", "email": email, "phone": ""},
    }


async def drafts(garage: Garage, slots: list[str], emails: list[str]) -> list[str]:
    """Complete requests that were not sent yet: the secrets of their browsers."""
    found = []
    async with garage.unit() as session:
        for slot, email in zip(slots, emails, strict=True):
            draft, secret = await begin_draft(session, "en")
            draft.answers = answers(slot, email)
            found.append(secret)
    return found


async def send(garage: Garage, secret: str, address: str, token_of: Browser) -> int:
    """One request is sent; the status of the answer."""
    browser = garage.browser(address=address)
    browser.cookies.update(token_of.cookies)
    name = cookie_name(garage.house.settings, COOKIE)
    browser.cookies.set(name, secret, domain=garage.host)
    token = token_of.headers["x-token"]
    answer = await browser.post("/en/estimate/check", data={"csrf_token": token})
    return answer.status_code


async def send_all(garage: Garage, secrets_: list[str], addresses: list[str]) -> Counter[int]:
    visitor = garage.browser()
    visitor.headers["x-token"] = await visitor.token("/en/status")
    places = asyncio.Semaphore(AT_ONCE)

    async def one(secret: str, address: str) -> int:
        async with places:
            return await send(garage, secret, address, visitor)

    pairs = zip(secrets_, addresses, strict=True)
    return Counter(await asyncio.gather(*(one(*pair) for pair in pairs)))


async def booked(garage: Garage) -> int:
    async with garage.unit() as session:
        return await session.scalar(select(func.count()).select_from(Appointment)) or 0


async def test_five_hundred_bot_bookings_leave_the_calendar_usable(garage: Garage) -> None:
    async with garage.unit() as session:
        before = [slot.isoformat() for slot in await free_slots(session)]
    emails = [f"{number}@bots.test" for number in range(BOTS)]
    waiting = await drafts(garage, [*before, *before][:BOTS], emails)
    statuses = await send_all(garage, waiting, ["192.0.2.7"] * BOTS)
    async with garage.unit() as session:
        after = await free_slots(session)
    assert statuses == {303: 20, 429: BOTS - 20}
    assert len(after) == len(before) - 20


async def test_many_addresses_together_reach_the_limit_of_the_garage(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_limits, "PER_GARAGE", "8/hour")
    async with garage.unit() as session:
        slots = [slot.isoformat() for slot in await free_slots(session)][:12]
    waiting = await drafts(garage, slots, [f"{number}@bots.test" for number in range(12)])
    statuses = await send_all(garage, waiting, [f"192.0.2.{number}" for number in range(12)])
    assert statuses == {303: 8, 429: 4}
    assert await booked(garage) == 8


async def test_one_e_mail_address_has_five_open_appointments(garage: Garage) -> None:
    async with garage.unit() as session:
        slots = [slot.isoformat() for slot in await free_slots(session)][: OPEN_PER_EMAIL + 1]
    emails = ["one@bots.test", "ONE@bots.test"] * 3
    waiting = await drafts(garage, slots, emails)
    statuses = [
        await send_all(garage, [secret], [f"192.0.2.{number}"])
        for number, secret in enumerate(waiting)
    ]
    assert [list(each) for each in statuses] == [[303]] * OPEN_PER_EMAIL + [[429]]
    assert await booked(garage) == OPEN_PER_EMAIL


async def test_whoever_is_refused_keeps_all_answers(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_limits, "PER_ADDRESS", "1/day")
    async with garage.unit() as session:
        slots = [slot.isoformat() for slot in await free_slots(session)][:2]
    waiting = await drafts(garage, slots, [f"{number}@bots.test" for number in range(2)])
    await send_all(garage, waiting[:1], ["192.0.2.9"])
    browser = garage.browser(address="192.0.2.9")
    name = cookie_name(garage.house.settings, COOKIE)
    browser.cookies.set(name, waiting[1], domain=garage.host)
    answer = await browser.submit("/en/estimate/check")
    assert answer.status_code == 429
    assert "Please call us: we find a time together." in answer.text
    assert "none at all" in answer.text
