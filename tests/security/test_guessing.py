"""Plate and job number: every kind of miss looks the same, and guessing stops early."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from limits import parse

from core.web.host_router import HostRouter
from core.web.limits import Limiter
from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import ALPHABET, LENGTH
from plugins.self_service_portal.identity import (
    MISSES_PER_ADDRESS,
    MISSES_PER_GARAGE,
    MISSES_PER_PLATE,
)
from tests import factories
from tests.garages import Browser, Garage, without_tokens
from tests.solving import ONE_MORE_STEP, submit_and_work
from tests.statements import counted

ENTRIES = ("status", "pictures", "repair")
FORMS = (
    "status/messages",
    "status/wish",
    "status/pick-up",
    "repair/time",
    "repair/wish",
    "pictures/add",
    "status/quotes/01890000-0000-7000-8000-000000000000/approve",
)
"""What a form says that was sent too late: it asks for plate and number as well."""
PLATE, NUMBER = "2-ZZZ-999", "AAA-AAA-AAA"
VISITOR = {"__Host-visitor": "v" * 22}
A_DAY = 24 * 3600
ADDRESSES, JOBS_OF_THE_PLATE = 1000, 10
"""Of somebody who knows a customer's plate, and has much at hand."""


@pytest.fixture
async def job(garage: Garage) -> Job:
    """A customer's job."""
    async with garage.unit() as session:
        return await factories.a_job(session, plate="1-ABC-123")


async def guess(browser: Browser, plate: str, number: str, entry: str = "status") -> httpx.Response:
    """Type a plate and a number, and do the work that is asked for."""
    return await submit_and_work(browser, f"/en/{entry}", {"plate": plate, "number": number})


def as_seen(answer: httpx.Response, plate: str, number: str) -> tuple[int, str, dict[str, str]]:
    """Status, page and headers, without what the guesser typed and what is by chance."""
    body = (
        without_tokens(answer.text)
        .replace(f'value="{plate}"', "PLATE")
        .replace(f'value="{number}"', "NUMBER")
    )
    by_chance = {"content-length", "x-request-id"}
    headers = {name: value for name, value in answer.headers.items() if name not in by_chance}
    return answer.status_code, body, headers


def misses(job: Job, other: Job) -> list[tuple[str, str]]:
    """One of each kind of miss."""
    return [
        (PLATE, NUMBER),
        (PLATE, job.public_number),
        (job.plate, NUMBER),
        (job.plate, str(job.sequence_number)),
        (job.plate, job.public_number[:-1]),
        (other.plate, other.public_number),
        (job.plate, other.public_number),
    ]


@pytest.mark.parametrize("entry", ENTRIES)
async def test_every_kind_of_miss_is_the_same_answer(
    garage: Garage, other_garage: Garage, job: Job, entry: str
) -> None:
    async with other_garage.unit() as session:
        other = await factories.a_job(session, plate="9-OTH-999")
    seen = []
    for plate, number in misses(job, other):
        answer = await guess(garage.browser(cookies=VISITOR), plate, number, entry)
        seen.append(as_seen(answer, plate, number))
    assert all(each == seen[0] for each in seen)
    assert seen[0][0] == 422


@pytest.mark.parametrize("form", FORMS)
async def test_forms_that_come_too_late_answer_each_kind_of_miss_alike_and_count_it(
    garage: Garage, other_garage: Garage, job: Job, elsewhere: Limiter, form: str
) -> None:
    async with other_garage.unit() as session:
        other = await factories.a_job(session, plate="9-OTH-999")
    seen = []
    for plate, number in misses(job, other):
        browser = garage.browser(cookies=VISITOR, address="203.0.113.30")
        typed = {"again": "yes", "plate": plate, "number": number}
        answer = await browser.submit(f"/en/{form}", typed, page="/en/status", follow=False)
        seen.append(as_seen(answer, plate, number))
    assert all(each == seen[0] for each in seen)
    assert seen[0][0] == 422
    key = ("portal-miss", str(garage.tenant.id), "203.0.113.30")
    await spend(elsewhere, MISSES_PER_ADDRESS, 13, *key)
    right = {"again": "yes", "plate": job.plate, "number": job.public_number}
    stopped = await garage.browser(address="203.0.113.30").submit(
        f"/en/{form}", right, page="/en/status", follow=False
    )
    assert stopped.status_code == 429


@contextmanager
def asked_of_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """What is asked about limits inside the block: the question, and the limit."""
    asked: list[tuple[str, str]] = []
    with monkeypatch.context() as patched:
        for name in ("allows", "exhausted", "is_near"):
            asking = getattr(Limiter, name)

            async def noted(
                limiter: Limiter, limit: str, *key: str, name: str = name, asking: Any = asking
            ) -> bool:
                asked.append((name, limit))
                return bool(await asking(limiter, limit, *key))

            patched.setattr(Limiter, name, noted)
        yield asked


async def test_every_kind_of_miss_is_as_much_work(
    garage: Garage, other_garage: Garage, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with other_garage.unit() as session:
        other = await factories.a_job(session, plate="9-OTH-999")
    browser, work = garage.browser(), set()
    token = await browser.token("/en/status")
    for plate, number in misses(job, other):
        with counted(garage.house) as sent, asked_of_redis(monkeypatch) as asked:
            form = {"csrf_token": token, "plate": plate, "number": number}
            answer = await browser.post("/en/status", data=form)
        plain = len(answer.content) - len(plate) - len(number)
        work.add((tuple(sent), tuple(asked), plain))
    ((statements, asked_once, _length),) = work
    assert sum("FROM jobs" in statement for statement in statements) == 1
    assert [limit for name, limit in asked_once if name == "allows"] == [
        MISSES_PER_ADDRESS,
        MISSES_PER_GARAGE,
        MISSES_PER_PLATE,
    ]


def test_a_thousand_addresses_that_guess_all_day_hit_once_in_a_million_days_at_most() -> None:
    limit = parse(MISSES_PER_ADDRESS)
    guesses = limit.amount * (A_DAY // limit.get_expiry() + 1) * ADDRESSES
    chance = guesses * JOBS_OF_THE_PLATE / len(ALPHABET) ** LENGTH
    assert 0 < chance < 1e-6


@pytest.mark.parametrize("typed", ["{n}", "{lower}", "{dashed}", " {n} ", "{spaced}"])
async def test_the_right_pair_is_known_in_any_typing(garage: Garage, job: Job, typed: str) -> None:
    number = job.public_number
    forms = {
        "n": number,
        "lower": number.lower(),
        "dashed": f"{number[:3]}-{number[3:6]}-{number[6:]}",
        "spaced": f"{number[:4]} {number[4:]}",
    }
    answer = await guess(garage.browser(), "1 abc.123", typed.format(**forms))
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/status/job")


async def spend(limiter: Limiter, limit: str, times: int, *key: str) -> None:
    """Use up a part of a limit in another process."""
    for _ in range(times):
        await limiter.allows(limit, *key)


async def test_an_address_that_guesses_is_stopped_and_the_owner_is_not(
    garage: Garage, job: Job
) -> None:
    guesser = garage.browser(address="203.0.113.20")
    statuses = [(await guess(guesser, job.plate, NUMBER)).status_code for _ in range(22)]
    owner = await guess(garage.browser(address="203.0.113.21"), job.plate, job.public_number)
    assert statuses == [422] * 20 + [429] * 2
    assert owner.status_code == 303


async def test_a_guesser_with_a_new_address_of_its_network_each_time_is_stopped_as_one(
    garage: Garage, job: Job
) -> None:
    statuses = [
        (await guess(garage.browser(address=f"2001:db8:9:9::{n:x}"), job.plate, NUMBER)).status_code
        for n in range(22)
    ]
    assert statuses == [422] * 20 + [429] * 2


async def test_an_address_that_is_stopped_gets_no_answer_to_the_right_pair_either(
    garage: Garage, job: Job, elsewhere: Limiter
) -> None:
    address = "203.0.113.22"
    key = ("portal-miss", str(garage.tenant.id), address)
    await spend(elsewhere, MISSES_PER_ADDRESS, 20, *key)
    answers = [
        as_seen(await guess(garage.browser(address=address, cookies=VISITOR), *pair), *pair)
        for pair in ((job.plate, job.public_number), (PLATE, NUMBER))
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 429


async def test_a_plate_that_is_hammered_on_from_everywhere_lets_its_owner_in(
    garage: Garage, job: Job, elsewhere: Limiter
) -> None:
    key = ("portal-miss-plate", str(garage.tenant.id), job.plate_normalised)
    await spend(elsewhere, MISSES_PER_PLATE, 30, *key)
    miss = await guess(garage.browser(address="203.0.113.23"), job.plate, NUMBER)
    other = await guess(garage.browser(address="203.0.113.24"), PLATE, NUMBER)
    hit = await guess(garage.browser(address="203.0.113.25"), job.plate, job.public_number)
    assert [miss.status_code, other.status_code, hit.status_code] == [429, 422, 303]


async def test_a_garage_that_is_hammered_on_lets_customers_in(
    garage: Garage, other_garage: Garage, job: Job, elsewhere: Limiter
) -> None:
    key = ("portal-miss-garage", str(garage.tenant.id))
    await spend(elsewhere, MISSES_PER_GARAGE, 3000, *key)
    miss = await guess(garage.browser(address="203.0.113.26"), PLATE, NUMBER)
    elsewhere_ = await guess(other_garage.browser(address="203.0.113.26"), PLATE, NUMBER)
    hit = await guess(garage.browser(address="203.0.113.27"), job.plate, job.public_number)
    assert [miss.status_code, elsewhere_.status_code, hit.status_code] == [429, 422, 303]


async def test_all_web_processes_count_guesses_together(
    second_process: HostRouter, garage: Garage, job: Job, elsewhere: Limiter
) -> None:
    key = ("portal-miss", str(garage.tenant.id), "203.0.113.28")
    await spend(elsewhere, MISSES_PER_ADDRESS, 18, *key)
    statuses = [
        (
            await guess(Browser(app, garage.host, address="203.0.113.28"), job.plate, NUMBER)
        ).status_code
        for app in (garage.app, second_process, garage.app)
    ]
    assert statuses == [422, 422, 429]


async def test_a_machine_that_does_not_do_the_work_gets_ten_guesses(
    garage: Garage, job: Job
) -> None:
    machine = garage.browser(address="203.0.113.29")
    form = {"plate": job.plate, "number": NUMBER}
    answers = [await machine.submit("/en/status", dict(form), follow=False) for _ in range(14)]
    right = {"plate": job.plate, "number": job.public_number}
    answers.append(await machine.submit("/en/status", dict(right), follow=False))
    assert [answer.status_code for answer in answers] == [422] * 15
    assert [ONE_MORE_STEP in answer.text for answer in answers] == [False] * 10 + [True] * 5
