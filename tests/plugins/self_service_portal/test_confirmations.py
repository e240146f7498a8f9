"""Bookings that count once the link in their mail was confirmed."""

from datetime import timedelta

import pytest

from core.clock import frozen, now
from core.web.cookies import cookie_name
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import set_status
from core.workshop.planning import repository as planning
from core.workshop.planning.services import move
from plugins.self_service_portal.estimate_steps import COOKIE
from plugins.self_service_portal.unconfirmed import free_unconfirmed
from tests.factories import free_slots
from tests.garages import STAFF, Browser, Garage, Outbox
from tests.plugins.self_service_portal.after_booking import (
    PLATE,
    Request,
    appointment_of,
    decide,
    draft_of,
    mails,
    mails_later,
    path_in,
    request_estimate,
)
from tests.security.furnished import everything_in


@pytest.fixture
async def asked(garage: Garage) -> Request:
    """A request in a garage that wants bookings confirmed within two hours."""
    await decide(garage, confirm_bookings=True)
    return await request_estimate(garage)


async def link_of(outbox: Outbox, garage: Garage, request: Request) -> str:
    """The link to be confirmed."""
    return path_in((await mails(outbox, garage, request))[0], "confirm")


async def sweep(garage: Garage, minutes: int) -> None:
    """Run the scheduled task that many minutes from now."""
    with frozen(now() + timedelta(minutes=minutes)):
        async with garage.unit() as session:
            await free_unconfirmed(session)


def browser_of(garage: Garage, request: Request) -> Browser:
    """The browser that sent the request."""
    browser = garage.browser()
    name = cookie_name(garage.house.settings, COOKIE)
    browser.cookies.set(name, request.secret, domain=garage.host)
    return browser


async def test_without_the_setting_a_booking_counts_at_once(garage: Garage, outbox: Outbox) -> None:
    request = await request_estimate(garage)
    (mail,) = await mails(outbox, garage, request)
    assert "/confirm/" not in mail.text
    await sweep(garage, 500)
    assert (await appointment_of(garage, request)).status == "booked"


async def test_the_first_mail_asks_and_puts_nothing_into_a_calendar(
    garage: Garage, outbox: Outbox, asked: Request
) -> None:
    (mail,) = await mails(outbox, garage, asked)
    assert mail.subject.startswith("Please confirm")
    assert mail.attachments == []
    assert "text/calendar" not in str(mail.message)


async def test_opening_the_link_confirms_nothing(
    garage: Garage, outbox: Outbox, asked: Request
) -> None:
    link = await link_of(outbox, garage, asked)
    before = await everything_in(garage)
    async with garage.browser() as browser:
        page = await browser.open(link)
    assert await everything_in(garage) == before
    assert "Confirm your appointment" in page.text
    assert "QZX" not in page.text
    assert "Peeters" not in page.text


async def test_pressing_the_button_confirms_once(
    garage: Garage, outbox: Outbox, asked: Request
) -> None:
    link = await link_of(outbox, garage, asked)
    async with garage.browser() as browser:
        token = await browser.token(link)
        for _click in range(2):
            answer = await browser.post(link, data={"csrf_token": token}, follow_redirects=True)
    assert "Your appointment is confirmed" in answer.text
    _ask, confirmation = await mails(outbox, garage, asked)
    assert confirmation.attachments[0][0] == "appointment.ics"
    await sweep(garage, 500)
    assert (await appointment_of(garage, asked)).status == "booked"


@pytest.mark.parametrize(("minutes", "status"), [(119, "booked"), (121, "cancelled")])
async def test_a_time_is_kept_for_two_hours(
    garage: Garage, asked: Request, minutes: int, status: str
) -> None:
    await sweep(garage, minutes)
    assert (await appointment_of(garage, asked)).status == status


async def test_a_freed_time_is_offered_again_and_the_customer_told_once(
    garage: Garage, outbox: Outbox, asked: Request
) -> None:
    await mails(outbox, garage, asked)
    time = (await appointment_of(garage, asked)).starts_at
    async with garage.unit() as session:
        assert time not in await free_slots(session)
    await sweep(garage, 121)
    await sweep(garage, 130)
    async with garage.unit() as session:
        assert time in await free_slots(session)
    told = await mails_later(outbox, garage, asked, minutes=140)
    assert "was not confirmed" in told[-1].text
    assert path_in(told[-1], "en") == "/en/estimate"
    assert len([mail for mail in told if "was not confirmed" in mail.text]) == 1


async def test_whoever_comes_back_finds_everything_but_the_time(
    garage: Garage, asked: Request
) -> None:
    await sweep(garage, 121)
    async with garage.unit() as session:
        draft = await draft_of(session, asked)
        job = await jobs.by_id(session, asked.job_id)
    async with browser_of(garage, asked) as browser:
        page = await browser.open("/en/estimate")
    assert (draft.job_id, "time" in draft.answers, job.status) == (None, False, "cancelled")
    assert draft.answers["contact"]["name"] == "Jan Peeters"
    assert page.select("input[name=slot]")


async def test_the_link_of_a_freed_time_says_so(
    garage: Garage, outbox: Outbox, asked: Request
) -> None:
    link = await link_of(outbox, garage, asked)
    async with garage.browser() as browser:
        token = await browser.token(link)
        await sweep(garage, 121)
        answer = await browser.post(link, data={"csrf_token": token}, follow_redirects=True)
    assert "This time is free again" in answer.text
    assert (await appointment_of(garage, asked)).status == "cancelled"


async def test_a_job_that_the_garage_took_on_counts_as_confirmed(
    garage: Garage, asked: Request
) -> None:
    async with garage.unit() as session:
        await set_status(session, asked.job_id, "planned", STAFF)
    await sweep(garage, 121)
    assert (await appointment_of(garage, asked)).status == "booked"


async def opened_link(garage: Garage, browser: Browser, request: Request) -> str:
    """The appointment's page, for whoever proved plate and job number in that browser."""
    async with garage.unit() as session:
        number = (await jobs.by_id(session, request.job_id)).public_number
    await browser.submit("/en/status", {"plate": PLATE, "number": number})
    page = await browser.open("/en/status/job")
    (link,) = page.select("a[href*='/appointment/']:not([href$='cancel'])")
    return str(link["href"])


@pytest.mark.parametrize(("minutes", "status"), [(119, "booked"), (121, "cancelled")])
async def test_whoever_moves_what_is_not_confirmed_is_asked_anew_and_has_no_more_time_for_it(
    garage: Garage, outbox: Outbox, asked: Request, minutes: int, status: str
) -> None:
    await mails(outbox, garage, asked)
    async with garage.browser() as browser:
        link = await opened_link(garage, browser, asked)
        async with garage.unit() as session:
            slot = (await free_slots(session))[-1]
        with frozen(now() + timedelta(minutes=20)):
            await browser.submit(f"{link}/move", {"slot": slot.isoformat()}, page=link)
    first, second = await mails_later(outbox, garage, asked, minutes=21)
    await sweep(garage, minutes)
    moved = await appointment_of(garage, asked)
    assert (moved.starts_at, moved.status) == (slot, status)
    assert second.subject == first.subject
    assert second.attachments == []


async def test_a_time_that_is_moved_to_itself_is_not_asked_about_anew_nor_kept_for_longer(
    garage: Garage, outbox: Outbox, asked: Request
) -> None:
    same = (await appointment_of(garage, asked)).starts_at.isoformat()
    async with garage.browser() as browser:
        link = await opened_link(garage, browser, asked)
        with frozen(now() + timedelta(minutes=20)):
            await browser.submit(f"{link}/move", {"slot": same}, page=link)
    assert len(await mails_later(outbox, garage, asked, minutes=21)) == 1
    await sweep(garage, 121)
    assert (await appointment_of(garage, asked)).status == "cancelled"


async def test_a_time_that_the_garage_gave_instead_needs_no_confirmation(
    garage: Garage, asked: Request
) -> None:
    async with garage.unit() as session:
        found = await planning.by_id(session, asked.appointment_id, lock=True)
        await move(session, found, (await free_slots(session))[-1], STAFF)
    await sweep(garage, 500)
    assert (await appointment_of(garage, asked)).status == "booked"


async def test_the_customer_sees_what_is_still_to_be_done_and_has_the_mail_sent_again_once_a_minute(
    garage: Garage, outbox: Outbox, asked: Request
) -> None:
    await mails(outbox, garage, asked)
    async with garage.browser() as browser:
        link = await opened_link(garage, browser, asked)
        shown = [await browser.open(path) for path in ("/en/status/job", link)]
        start, answers = now(), []
        for minute in (1, 2, 2, 4):
            with frozen(start + timedelta(minutes=minute)):
                answers.append(await browser.submit(f"{link}/ask", page=link))
    assert ["Not confirmed yet" in page.text for page in shown] == [True, True]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    subjects = [mail.subject for mail in await mails_later(outbox, garage, asked, minutes=5)]
    assert len(subjects) == 3
    assert len(set(subjects)) == 1


async def test_the_desk_confirms_what_was_confirmed_by_phone(
    garage: Garage, outbox: Outbox, asked: Request
) -> None:
    await mails(outbox, garage, asked)
    desk = await garage.staff("planner")
    card = f"/desk/jobs/{asked.job_id}"
    path = f"/desk/appointments/{asked.appointment_id}/confirmed"
    before = (await desk.open(card)).select(f"form[action='{path}']")
    for _twice in range(2):
        await desk.submit(path, page=card)
    await sweep(garage, 500)
    _ask, confirmation = await mails(outbox, garage, asked)
    assert len(before) == 1
    assert "Not confirmed yet" not in (await desk.open(card)).text
    assert (await appointment_of(garage, asked)).status == "booked"
    assert confirmation.attachments[0][0] == "appointment.ics"


async def test_what_needs_no_confirmation_is_not_called_cancelled_at_the_desk(
    garage: Garage,
) -> None:
    request = await request_estimate(garage)
    desk = await garage.staff("planner")
    path = f"/desk/appointments/{request.appointment_id}/confirmed"
    answer = await desk.submit(path, page=f"/desk/jobs/{request.job_id}")
    assert "The appointment is confirmed." in answer.text
    assert "This appointment was cancelled." not in answer.text


async def test_staff_see_what_is_not_confirmed_yet(
    garage: Garage, outbox: Outbox, asked: Request
) -> None:
    desk = await garage.staff()
    before = await desk.open("/desk/jobs")
    link = await link_of(outbox, garage, asked)
    async with garage.browser() as browser:
        await browser.submit(link)
    after = await desk.open("/desk/jobs")
    assert "Not confirmed yet" in before.text
    assert "Not confirmed yet" not in after.text


async def test_the_page_after_booking_says_what_is_still_to_be_done(
    garage: Garage, asked: Request
) -> None:
    async with browser_of(garage, asked) as browser:
        page = await browser.open("/en/estimate/done")
    assert "One more step" in page.text
    assert asked.email in page.text


async def test_the_link_of_another_garage_does_not_exist_here(
    garage: Garage, other_garage: Garage, outbox: Outbox, asked: Request
) -> None:
    link = await link_of(outbox, garage, asked)
    async with other_garage.browser() as browser:
        assert (await browser.get(link)).status_code == 404
        assert (await browser.get(f"{link}x")).status_code == 404


async def test_a_time_that_is_near_is_kept_no_longer_than_until_it_begins(
    garage: Garage,
) -> None:
    await decide(garage, confirm_bookings=True, confirm_hours=48)
    request = await request_estimate(garage)
    time = (await appointment_of(garage, request)).starts_at
    with frozen(min(time, now() + timedelta(hours=48)) + timedelta(minutes=1)):
        async with garage.unit() as session:
            await free_unconfirmed(session)
    async with garage.unit() as session:
        assert (await planning.by_id(session, request.appointment_id)).status == "cancelled"
