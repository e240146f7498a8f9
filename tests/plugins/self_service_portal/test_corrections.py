"""An e-mail address that was mistyped, put right on the page after the request."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from core.clock import frozen, now
from core.web.cookies import cookie_name
from core.workshop.audit import repository as audit
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.numbers import display_public_number
from core.workshop.planning import repository as planning
from plugins.self_service_portal import confirmations, done_pages, job_links, mail_repository
from plugins.self_service_portal.estimate_steps import COOKIE
from plugins.self_service_portal.job_links import Target
from tests.factories import a_job
from tests.garages import Browser, Garage, Outbox
from tests.plugins.self_service_portal.after_booking import (
    PLATE,
    Request,
    decide,
    mails,
    path_in,
    request_estimate,
)

DONE, ADDRESS, JOB = "/en/estimate/done", "/en/estimate/address", "/en/status/job"
SUMMARY = "Wrong e-mail address, or nothing came?"


def browser_of(garage: Garage, request: Request) -> Browser:
    """The browser that sent the request."""
    browser = garage.browser()
    name = cookie_name(garage.house.settings, COOKIE)
    browser.cookies.set(name, request.secret, domain=garage.host)
    return browser


async def correct(browser: Browser, email: str) -> str:
    """Send another address; the page that follows."""
    return (await browser.submit(ADDRESS, {"email": email}, page="/en/status")).text


async def address_of(garage: Garage, request: Request) -> str | None:
    """What the garage would write to."""
    async with garage.unit() as session:
        job = await jobs.by_id(session, request.job_id)
        return (await customers.by_id(session, job.customer_id)).email


async def number_of(garage: Garage, request: Request) -> str:
    """The job's number, as customers have it."""
    async with garage.unit() as session:
        return (await jobs.by_id(session, request.job_id)).public_number


@pytest.mark.parametrize("confirming", [False, True])
async def test_the_mail_goes_to_the_right_address_and_the_garage_knows_it(
    garage: Garage, outbox: Outbox, confirming: bool
) -> None:
    await decide(garage, confirm_bookings=confirming)
    request = await request_estimate(garage)
    right = f"Right.{request.email}"
    page = await correct(browser_of(garage, request), right)
    await mails(outbox, garage, request)
    (mail,) = outbox.mails_to(right)
    assert f"We have sent the e-mail to {right}." in page
    assert await address_of(garage, request) == right.lower()
    assert ("/confirm/" in mail.text) == confirming
    async with garage.unit() as session:
        (entry,) = [
            each for each in await audit.newest(session) if each.action == "customer.changed"
        ]
    assert (entry.actor_kind, entry.details["fields"]) == ("customer", ["email"])


async def test_what_the_wrong_mailbox_was_told_opens_nothing_any_more(
    garage: Garage, outbox: Outbox
) -> None:
    request = await request_estimate(garage)
    (mail,) = await mails(outbox, garage, request)
    stranger = garage.browser()
    number = await number_of(garage, request)
    links = [path_in(mail, below) for below in ("appointment", "pictures/link")]
    async with garage.unit():
        address = job_links.address_of(Target(request.job_id), number=number)
    links.append(urlsplit(address).path)
    await stranger.submit("/en/status", {"plate": PLATE, "number": number})
    before = [(await stranger.get(link)).status_code for link in [*links, JOB]]
    page = await correct(browser_of(garage, request), f"right.{request.email}")
    after = [(await stranger.get(link)).status_code for link in [*links, JOB]]
    again = await stranger.submit("/en/status", {"plate": PLATE, "number": number})
    new = await number_of(garage, request)
    assert (before, after) == ([200, 303, 303, 200], [404, 404, 404, 303])
    assert (again.status_code, new == number) == (422, False)
    assert "Your job has a new number." in page
    assert display_public_number(new) in page


async def test_the_first_link_does_not_confirm_for_another_address_and_the_second_does(
    garage: Garage, outbox: Outbox
) -> None:
    await decide(garage, confirm_bookings=True)
    request = await request_estimate(garage)
    (mail,) = await mails(outbox, garage, request)
    first, right = path_in(mail, "confirm"), f"right.{request.email}"
    stranger = garage.browser()
    token = await stranger.token(first)
    await correct(browser_of(garage, request), right)
    refused = await stranger.post(first, data={"csrf_token": token})
    async with garage.unit() as session:
        open_then = await mail_repository.open_confirmations(session, request.job_id)
    await mails(outbox, garage, request)
    answer = await garage.browser().submit(path_in(outbox.mails_to(right)[0], "confirm"))
    assert (refused.status_code, len(open_then)) == (404, 1)
    assert "Your appointment is confirmed" in answer.text


async def test_a_mail_that_still_waits_does_not_leave_for_the_wrong_address(
    garage: Garage, outbox: Outbox
) -> None:
    request = await request_estimate(garage)
    right = request.email.replace("@", ".right@")
    await correct(browser_of(garage, request), right)
    assert await mails(outbox, garage, request) == []
    assert len(outbox.mails_to(right)) == 1


async def test_a_mail_that_did_not_come_is_sent_again(garage: Garage, outbox: Outbox) -> None:
    request = await request_estimate(garage)
    browser = browser_of(garage, request)
    for _ in range(2):
        await correct(browser, request.email)
    assert len(await mails(outbox, garage, request)) == 2


async def test_once_confirmed_it_is_not_changed_here(garage: Garage) -> None:
    await decide(garage, confirm_bookings=True)
    request = await request_estimate(garage)
    browser = browser_of(garage, request)
    assert SUMMARY in (await browser.open(DONE)).text
    async with garage.unit() as session:
        booked = await planning.by_id(session, request.appointment_id)
        await confirmations.confirm(session, booked, "en")
    assert SUMMARY not in (await browser.open(DONE)).text
    assert "cannot be changed here any more" in await correct(browser, "other@customer.test")
    assert await address_of(garage, request) == request.email


async def test_after_an_hour_it_is_not_changed_here(garage: Garage) -> None:
    request = await request_estimate(garage)
    browser = browser_of(garage, request)
    with frozen(now() + timedelta(minutes=61)):
        assert "cannot be changed here any more" in await correct(browser, "other@customer.test")
    assert await address_of(garage, request) == request.email


async def test_the_address_of_somebody_whom_the_garage_knows_is_not_changed_here(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        known = await a_job(session, email="known@customer.test")
        name = (await customers.by_id(session, known.customer_id)).name
    request = await request_estimate(garage, name=name, email="known@customer.test")
    browser = browser_of(garage, request)
    assert SUMMARY not in (await browser.open(DONE)).text
    assert "cannot be changed here any more" in await correct(browser, "thief@customer.test")
    assert await address_of(garage, request) == "known@customer.test"


async def test_nobody_is_bombed_with_mails(
    garage: Garage, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(done_pages, "PER_REQUEST", "1/day")
    request = await request_estimate(garage)
    browser = browser_of(garage, request)
    victim = f"victim.{request.email}"
    await correct(browser, request.email)
    assert "The e-mail was sent too often." in await correct(browser, victim)
    await mails(outbox, garage, request)
    assert outbox.mails_to(victim) == []
    assert await address_of(garage, request) == request.email


async def test_a_wrong_address_is_said_and_stays_in_the_form(garage: Garage) -> None:
    request = await request_estimate(garage)
    answer = await browser_of(garage, request).submit(
        ADDRESS, {"email": "nobody"}, page="/en/status"
    )
    assert answer.status_code == 422
    assert "Please type an e-mail address such as" in answer.text
    assert 'value="nobody"' in answer.text
