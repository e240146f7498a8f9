"""Bots that book: they reach a limit long before the calendar is full."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from redis.asyncio import Redis
from sqlalchemy import func, select

from core.clock import now
from core.web import puzzles
from core.web.cookies import cookie_name
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from core.workshop.planning.models import Appointment
from plugins.self_service_portal import booking_limits
from plugins.self_service_portal.booking_limits import OPEN_PER_EMAIL
from plugins.self_service_portal.estimate_steps import COOKIE
from plugins.self_service_portal.repository import draft_by_secret
from plugins.self_service_portal.services import begin_draft, secret_hash
from tests.customers import book_estimate
from tests.factories import free_slots
from tests.garages import Browser, Garage
from tests.plugins.self_service_portal.waiting_people import PLATE
from tests.solving import ONE_MORE_STEP, solved, submit_and_work

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


@dataclass(frozen=True, slots=True)
class Bot:
    """Sends one request. A blind one fills every field that it finds, a clever one does the work
    that the form asks for."""

    secret: str
    address: str
    is_blind: bool = False
    is_clever: bool = True


async def send(garage: Garage, bot: Bot, visitor: Browser) -> int:
    """One request is sent; the status of the answer."""
    browser = garage.browser(address=bot.address)
    browser.cookies.update(visitor.cookies)
    name = cookie_name(garage.house.settings, COOKIE)
    browser.cookies.set(name, bot.secret, domain=garage.host)
    form = {"csrf_token": visitor.headers["x-token"]}
    if bot.is_blind:
        form["homepage"] = "https://spam.example"
    answer = await browser.post("/en/estimate/check", data=form)
    if bot.is_clever and ONE_MORE_STEP in answer.text:
        form |= solved(BeautifulSoup(answer.text, "html.parser"))
        answer = await browser.post("/en/estimate/check", data=form)
    return answer.status_code


async def send_all(garage: Garage, bots: Sequence[Bot]) -> Counter[int]:
    visitor = garage.browser()
    visitor.headers["x-token"] = await visitor.token("/en/status")
    places = asyncio.Semaphore(AT_ONCE)

    async def one(bot: Bot) -> int:
        async with places:
            return await send(garage, bot, visitor)

    return Counter(await asyncio.gather(*(one(bot) for bot in bots)))


async def booked(garage: Garage) -> int:
    async with garage.unit() as session:
        return await session.scalar(select(func.count()).select_from(Appointment)) or 0


async def estimates_of(garage: Garage, email: str) -> list[Appointment]:
    async with garage.unit() as session:
        found = await session.scalars(
            select(Appointment)
            .join(Job, Job.id == Appointment.job_id)
            .join(Customer, Customer.id == Job.customer_id)
            .where(Customer.email == email)
        )
        return list(found)


async def five_hundred(
    garage: Garage, monkeypatch: pytest.MonkeyPatch, *, addresses: int
) -> tuple[Counter[int], list[str], list[datetime]]:
    """Bots book from so many addresses: what they are answered, and what was free before and is
    afterwards."""
    monkeypatch.setattr(puzzles, "_bits", lambda _connection: 8)
    async with garage.unit() as session:
        before = [slot.isoformat() for slot in await free_slots(session)]
    emails = [f"{number}@bots.test" for number in range(BOTS)]
    waiting = await drafts(garage, [*before, *before][:BOTS], emails)
    bots = [
        Bot(
            secret,
            f"2001:db8:{number % addresses:x}::1",
            is_blind=number % 3 == 0,
            is_clever=number % 3 == 1,
        )
        for number, secret in enumerate(waiting)
    ]
    statuses = await send_all(garage, bots)
    async with garage.unit() as session:
        return statuses, before, await free_slots(session)


async def test_five_hundred_bot_bookings_leave_the_calendar_usable(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses, before, after = await five_hundred(garage, monkeypatch, addresses=5)
    taken = len(before) - len(after)
    assert statuses[303] == taken == 40 + 5, "one per address, and what all may take again"
    assert set(statuses) == {303, 422, 429}
    page = await book_estimate(garage.browser(address="198.51.100.1"), email="noor@example.com")
    (own,) = await estimates_of(garage, "noor@example.com")
    assert page.h1 is not None
    assert own.starts_at - after[0] < timedelta(days=3)
    planning = await (await garage.staff("planner")).get("/desk/planning")
    assert planning.status_code == 200


async def test_five_hundred_addresses_take_no_more_than_an_hour_may(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses, before, after = await five_hundred(garage, monkeypatch, addresses=BOTS)
    assert statuses[303] == len(before) - len(after) == 60
    assert set(statuses) == {303, 422, 429}
    noor = garage.browser(address="198.51.100.1")
    async with garage.unit() as session:
        draft, secret = await begin_draft(session, "en")
        draft.answers = answers(after[0].isoformat(), "noor@example.com")
    noor.cookies.set(cookie_name(garage.house.settings, COOKIE), secret, domain=garage.host)
    refused = await submit_and_work(noor, "/en/estimate/check")
    assert refused.status_code == 429
    assert "Please call us: we find a time together." in refused.text
    await an_hour_passes(garage)
    page = await noor.submit("/en/estimate/check")
    (own,) = await estimates_of(garage, "noor@example.com")
    assert page.url.path == "/en/estimate/done"
    assert own.starts_at == after[0]


async def test_a_host_that_takes_another_address_of_its_network_each_time_books_as_one(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_limits, "PER_ADDRESS", "3/day")
    monkeypatch.setattr(puzzles, "_bits", lambda _connection: 8)
    async with garage.unit() as session:
        slots = [slot.isoformat() for slot in await free_slots(session)][:8]
    waiting = await drafts(garage, slots, [f"{number}@bots.test" for number in range(8)])
    bots = [Bot(secret, f"2001:db8:1:2:{n:x}::{n:x}") for n, secret in enumerate(waiting)]
    assert await send_all(garage, bots) == {303: 3, 429: 5}
    await book_estimate(garage.browser(address="2001:db8:1:3::1"), email="noor@example.com")
    assert len(await estimates_of(garage, "noor@example.com")) == 1


async def test_of_many_at_once_those_who_are_refused_take_nothing_of_what_others_may_book(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_limits, "PER_GARAGE", "6/hour")
    monkeypatch.setattr(booking_limits, "AGAIN_PER_GARAGE", "1/hour")
    monkeypatch.setattr(puzzles, "_bits", lambda _connection: 8)
    async with garage.unit() as session:
        slots = [slot.isoformat() for slot in await free_slots(session)][:8]
    waiting = await drafts(garage, slots, [f"{number}@bots.test" for number in range(8)])
    with monkeypatch.context() as together:
        together.setattr(booking_limits, "require_room", are_all_let_in)
        found = await send_all(garage, [Bot(secret, "2001:db8::1") for secret in waiting])
    assert found == {303: 2, 429: 6}, "the first of this connection, and what all may take again"
    await book_estimate(garage.browser(address="198.51.100.1"), email="noor@example.com")
    assert len(await estimates_of(garage, "noor@example.com")) == 1


async def are_all_let_in(*_what: object) -> None:
    """As when they look at the same moment, before any of them has booked."""


async def an_hour_passes(garage: Garage) -> None:
    """What was counted for the garage in the last hour counts no more."""
    async with Redis.from_url(garage.house.settings.redis_url) as redis:
        async for key in redis.scan_iter(f"*portal-booked-here*{garage.tenant.id}*"):
            await redis.delete(key)


async def test_bots_that_only_keep_times_leave_three_quarters_of_them(garage: Garage) -> None:
    async with garage.unit() as session:
        before = await free_slots(session)
        secrets_ = [(await begin_draft(session, "en"))[1] for _ in range(60)]
        for secret in secrets_:
            draft = await draft_by_secret(session, secret_hash(secret), now())
            assert draft is not None
            draft.answers = {"vehicle": {"plate": PLATE, "country": "BE"}}
    for number, (secret, slot) in enumerate(zip(secrets_, before, strict=False)):
        browser = garage.browser(address=f"192.0.2.{number // 10}")
        name = cookie_name(garage.house.settings, COOKIE)
        browser.cookies.set(name, secret, domain=garage.host)
        values = {"slot": slot.isoformat()}
        answer = await browser.submit("/en/estimate/time", values, page="/en/status", follow=False)
        assert answer.status_code == 303
    async with garage.unit() as session:
        after = await free_slots(session)
    assert len(after) >= len(before) * 3 // 4
    await book_estimate(garage.browser(address="198.51.100.1"), email="noor@example.com")


async def test_many_addresses_together_reach_the_limit_of_the_garage(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_limits, "PER_GARAGE", "8/hour")
    async with garage.unit() as session:
        slots = [slot.isoformat() for slot in await free_slots(session)][:12]
    waiting = await drafts(garage, slots, [f"{number}@bots.test" for number in range(12)])
    bots = [Bot(secret, f"192.0.2.{number}") for number, secret in enumerate(waiting)]
    statuses = await send_all(garage, bots)
    assert statuses == {303: 8, 429: 4}
    assert await booked(garage) == 8


async def test_one_e_mail_address_has_five_open_appointments(garage: Garage) -> None:
    async with garage.unit() as session:
        slots = [slot.isoformat() for slot in await free_slots(session)][: OPEN_PER_EMAIL + 1]
    emails = ["one@bots.test", "ONE@bots.test"] * 3
    waiting = await drafts(garage, slots, emails)
    statuses = [
        await send_all(garage, [Bot(secret, f"192.0.2.{number}")])
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
    await send_all(garage, [Bot(waiting[0], "192.0.2.9")])
    browser = garage.browser(address="192.0.2.9")
    name = cookie_name(garage.house.settings, COOKIE)
    browser.cookies.set(name, waiting[1], domain=garage.host)
    answer = await submit_and_work(browser, "/en/estimate/check")
    assert answer.status_code == 429
    assert "Please call us: we find a time together." in answer.text
    assert "none at all" in answer.text
