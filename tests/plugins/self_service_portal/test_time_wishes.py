"""Waiting for a time: the wish, the desk's list, and the mail when a time is free again."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup

from core.clock import frozen, now
from core.workshop.audit import repository as audit
from core.workshop.customers.privacy import erase_customer, export_customer
from core.workshop.jobs.services import set_status
from core.workshop.planning import repository as planning
from core.workshop.planning import services as planning_services
from plugins.self_service_portal import time_wish_repository as wishes
from plugins.self_service_portal import waiting
from plugins.self_service_portal.time_wish_models import TimeWish
from tests.factories import a_job, a_plate, a_time_wish, an_appointment, free_slots
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.self_service_portal.after_booking import decide
from tests.plugins.self_service_portal.waiting_people import (
    at_the_time,
    rule,
    with_a_job,
)
from tests.solving import submit_and_work

WISH = {"name": "Wim Waits", "phone": "0470 11 22 33", "consent": "y"}


def an_email() -> str:
    return f"{secrets.token_hex(6)}@waiting.test"


async def open_wishes(garage: Garage) -> list[TimeWish]:
    async with garage.unit() as session:
        return [row[0] for row in await wishes.listed(session, done=False)]


async def full(garage: Garage, kind: str = "estimate") -> datetime:
    """Fill a calendar of two days with one appointment each; when the first of them is."""
    await rule(garage, kind, per_day=1, horizon_days=4, minimum_notice_hours=0)
    first = None
    while True:
        async with garage.unit() as session:
            if not (slots := await free_slots(session, kind)):
                break
            job = await a_job(session, plate=a_plate(), email=None)
            await an_appointment(session, job, kind, at=slots[-1])
            first = first or slots[-1]
    assert first is not None
    return first


async def cancel_at(garage: Garage, moment: datetime, kind: str = "estimate") -> None:
    async with garage.unit() as session:
        rows = await planning.agenda(session, moment, moment + timedelta(seconds=1))
        (row,) = [each for each in rows if each.kind == kind]
        await planning_services.cancel(session, await planning.by_id(session, row.id), STAFF)


async def move_from(garage: Garage, moment: datetime, kind: str, to: datetime) -> None:
    """The desk gives an appointment another time."""
    async with garage.unit() as session:
        rows = await planning.agenda(session, moment, moment + timedelta(seconds=1))
        (row,) = [each for each in rows if each.kind == kind]
        found = await planning.by_id(session, row.id, lock=True)
        await planning_services.move(session, found, to, STAFF)


async def told(garage: Garage, outbox: Outbox, email: str) -> list[Any]:
    await outbox.empty(garage)
    return [mail for mail in outbox.mails_to(email) if "time is free" in mail.subject]


async def test_where_nothing_is_free_the_waiting_list_is_offered(garage: Garage) -> None:
    await full(garage)
    page = await (await at_the_time(garage)).open("/en/estimate/time")
    link = page.select_one("main a.button.primary")
    assert link is not None
    assert link["href"] == "/en/estimate/wish"
    assert not page.select("input[type=radio]")


async def test_a_wish_is_kept_with_what_was_answered_before(garage: Garage) -> None:
    browser = await at_the_time(garage)
    values = {**WISH, "weekdays": ["1", "3"], "halves": "morning"}
    answer = await browser.submit("/en/estimate/wish", values)
    (wish,) = await open_wishes(garage)
    assert str(answer.url).endswith("/en/estimate/wish/done")
    assert (wish.name, wish.phone, wish.email) == ("Wim Waits", "0470 11 22 33", None)
    assert (wish.weekdays, wish.halves) == ([1, 3], ["morning"])
    assert wish.answers["damage"]["damage"] == "A long scratch"


async def test_a_wish_of_somebody_who_told_nothing_but_the_plate_is_listed(garage: Garage) -> None:
    browser = garage.browser()
    await browser.submit("/en/estimate/vehicle", {"plate": "1-WSH-001", "country": "BE"})
    answer = await browser.submit("/en/estimate/wish", WISH)
    page = await (await garage.staff("planner")).open("/desk/wishes")
    assert str(answer.url).endswith("/en/estimate/wish/done")
    assert [card.select_one(".plate").text for card in page.select("main li.card")] == ["1-WSH-001"]


async def test_a_wish_for_a_repair_belongs_to_its_job(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
    browser = await with_a_job(garage, job)
    await browser.submit("/en/repair/wish", WISH)
    (wish,) = await open_wishes(garage)
    assert (wish.kind, wish.job_id) == ("drop_off", job.id)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"phone": ""}, "Please give an e-mail address or a phone number."),
        ({"consent": ""}, "You may keep this"),
        ({"name": ""}, "Name"),
        ({"email": "nobody"}, "Please type an e-mail address"),
        ({"weekdays": "9"}, "Which days suit you?"),
    ],
)
async def test_an_incomplete_wish_stays_filled_in_and_is_not_kept(
    garage: Garage, changes: dict[str, str], complaint: str
) -> None:
    browser = await at_the_time(garage)
    values = {"halves": "afternoon", **WISH, **changes}
    if changes.get("consent") == "":
        del values["consent"]
    answer = await browser.submit("/en/estimate/wish", values)
    page = BeautifulSoup(answer.text, "html.parser")
    summary = page.select_one(".error-summary")
    assert answer.status_code == 422
    assert summary is not None
    assert complaint in summary.get_text()
    assert page.select_one("input[name=halves][value=afternoon][checked]") is not None
    assert await open_wishes(garage) == []


async def test_wishing_twice_is_one_wish_the_latest(garage: Garage) -> None:
    browser = await at_the_time(garage)
    await browser.submit("/en/estimate/wish", WISH)
    await browser.submit("/en/estimate/wish", {**WISH, "phone": "0499 00 00 00"})
    assert [wish.phone for wish in await open_wishes(garage)] == ["0499 00 00 00"]


async def test_a_time_that_is_given_back_by_moving_is_told_of_too(
    garage: Garage, outbox: Outbox
) -> None:
    first = await full(garage, "drop_off")
    email = an_email()
    async with garage.unit() as session:
        await a_time_wish(session, await a_job(session), email=email)
    await rule(garage, "drop_off", per_day=1, horizon_days=12, minimum_notice_hours=0)
    async with garage.unit() as session:
        later = (await free_slots(session, "drop_off"))[-1]
    await move_from(garage, first, "drop_off", later)
    assert len(await told(garage, outbox, email)) == 1


async def test_staff_find_the_list_in_their_menu_with_counts(garage: Garage) -> None:
    for _wish in range(2):
        async with garage.unit() as session:
            await a_time_wish(session, await a_job(session, plate=a_plate()))
    planner = await garage.staff("planner")
    page = await planner.open("/desk")
    assert page.select_one('.desk-nav a[href="/desk/wishes"]') is not None
    tabs = (await planner.open("/desk/wishes")).select(".tabs a")
    assert [tab.get_text(" ", strip=True) for tab in tabs] == ["Waiting 2", "Done 0"]
    technician = await (await garage.staff("technician")).open("/desk")
    assert technician.select_one('.desk-nav a[href="/desk/wishes"]') is None


async def test_an_address_wishes_ten_times_an_hour(garage: Garage) -> None:
    browser = await at_the_time(garage)
    answers = [await submit_and_work(browser, "/en/estimate/wish", WISH) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [303] * 10 + [429]


async def test_the_first_three_whom_it_suits_are_told_once_when_a_time_is_free(
    garage: Garage, outbox: Outbox
) -> None:
    moment = await full(garage, "drop_off")
    local = moment.astimezone(garage.tenant.zone)
    half = "morning" if local.hour < 12 else "afternoon"
    wrong = tuple(day for day in range(1, 8) if day != local.isoweekday())
    emails = [an_email() for _ in range(5)]
    async with garage.unit() as session:
        for email, days in zip(emails, ((), wrong, (), (), ()), strict=True):
            job = await a_job(session, plate=a_plate())
            await a_time_wish(session, job, email=email, weekdays=days, halves=(half,))
    await cancel_at(garage, moment, "drop_off")
    assert [len(await told(garage, outbox, email)) for email in emails] == [1, 0, 1, 1, 0]


async def test_nobody_is_told_twice_and_the_first_link_goes_on_working(
    garage: Garage, outbox: Outbox
) -> None:
    moment = await full(garage, "drop_off")
    email = an_email()
    async with garage.unit() as session:
        await a_time_wish(session, await a_job(session), email=email)
    told_of = []
    for _ in range(2):
        await cancel_at(garage, moment, "drop_off")
        mails = await told(garage, outbox, email)
        (wish,) = await open_wishes(garage)
        told_of.append((len(mails), wish.secret_hash, wish.told_at))
        moment = await full(garage, "drop_off")
    assert told_of[0] == told_of[1]
    assert told_of[0][0] == 1


async def test_a_time_that_is_taken_again_before_the_mail_is_written_is_not_told(
    garage: Garage, outbox: Outbox
) -> None:
    moment = await full(garage, "drop_off")
    email = an_email()
    async with garage.unit() as session:
        await a_time_wish(session, await a_job(session), email=email)
    await cancel_at(garage, moment, "drop_off")
    await full(garage, "drop_off")
    assert await told(garage, outbox, email) == []


async def looked(garage: Garage, *, days: float = 0) -> None:
    """The look of a morning, so many days from now."""
    with frozen(now() + timedelta(days=days)):
        async with garage.unit() as session:
            await waiting.look(session)


async def test_times_that_the_garage_opens_are_told_of_in_the_morning(
    garage: Garage, outbox: Outbox
) -> None:
    await full(garage, "drop_off")
    emails = [an_email() for _ in range(2)]
    async with garage.unit() as session:
        for email in emails:
            await a_time_wish(session, await a_job(session, plate=a_plate()), email=email)
    await looked(garage)
    assert [len(await told(garage, outbox, email)) for email in emails] == [0, 0]
    await rule(garage, "drop_off", per_day=2, horizon_days=4, minimum_notice_hours=0)
    for _morning in range(2):
        await looked(garage)
    assert [len(await told(garage, outbox, email)) for email in emails] == [1, 1]


async def test_a_time_that_was_free_when_the_wish_was_left_is_no_news(
    garage: Garage, outbox: Outbox
) -> None:
    email = an_email()
    async with garage.unit() as session:
        await a_time_wish(session, await a_job(session), email=email)
    await looked(garage, days=1)
    assert await told(garage, outbox, email) == []


async def test_who_missed_a_time_is_told_again_after_three_days(
    garage: Garage, outbox: Outbox
) -> None:
    email = an_email()
    moment = await full(garage, "drop_off")
    async with garage.unit() as session:
        await a_time_wish(session, await a_job(session), email=email)
    await cancel_at(garage, moment, "drop_off")
    counts = []
    for days in (0, 2, 4):
        with frozen(now() + timedelta(days=days)):
            await outbox.empty(garage)
            moment = await full(garage, "drop_off")
            await cancel_at(garage, moment, "drop_off")
            counts.append(len(await told(garage, outbox, email)))
    assert counts == [1, 1, 2]


async def test_the_mail_names_the_earliest_time_that_suits(garage: Garage, outbox: Outbox) -> None:
    async with garage.unit() as session:
        slots = await free_slots(session, "drop_off")
        zone = garage.tenant.zone
        other = next(
            each
            for each in slots
            if each.astimezone(zone).isoweekday() != slots[0].astimezone(zone).isoweekday()
        )
        email = an_email()
        days = (other.astimezone(zone).isoweekday(),)
        await a_time_wish(session, await a_job(session), email=email, weekdays=days)
        gone, _secret = await an_appointment(
            session, await a_job(session, plate=a_plate()), "drop_off", at=other
        )
        await planning_services.cancel(session, gone, STAFF)
    (mail,) = await told(garage, outbox, email)
    assert f"{other.astimezone(zone):%A}" in mail.text
    assert f"{slots[0].astimezone(zone):%A}" not in mail.text


async def test_where_the_entry_is_hidden_nobody_is_told(garage: Garage, outbox: Outbox) -> None:
    moment = await full(garage, "drop_off")
    email = an_email()
    async with garage.unit() as session:
        await a_time_wish(session, await a_job(session), email=email)
    await decide(garage, show_repair=False)
    await cancel_at(garage, moment, "drop_off")
    assert await told(garage, outbox, email) == []


async def test_the_mails_link_leads_back_to_all_that_was_answered(
    garage: Garage, outbox: Outbox
) -> None:
    moment = await full(garage)
    email = an_email()
    browser = await at_the_time(garage, plate="1-WIM-007")
    await browser.submit("/en/estimate/wish", {**WISH, "email": email})
    await cancel_at(garage, moment)
    (mail,) = await told(garage, outbox, email)
    link = re.search(r"/en/wish/\S+", mail.text)
    assert link is not None
    reader = garage.browser()
    shown = await reader.get(link[0])
    assert "scratch" not in shown.text
    assert "WIM" not in shown.text
    answer = await reader.submit(link[0], {"plate": "1 wim 007"})
    assert str(answer.url).endswith("/en/estimate/time")
    assert "A long scratch" in str(await reader.open("/en/estimate/damage"))


async def test_whoever_comes_back_to_a_draft_that_is_gone_is_asked_for_photos_again(
    garage: Garage, outbox: Outbox
) -> None:
    moment = await full(garage)
    email = an_email()
    browser = await at_the_time(garage, plate="1-WIM-007")
    kept = await browser.submit("/en/estimate/wish", {**WISH, "email": email}, follow=False)
    await browser.submit("/en/estimate/restart", page="/en/estimate/vehicle")
    await cancel_at(garage, moment)
    (mail,) = await told(garage, outbox, email)
    link = re.search(r"/en/wish/\S+", mail.text)
    assert link is not None
    answer = await garage.browser().submit(link[0], {"plate": "1-WIM-007"})
    assert str(answer.url).endswith("/en/estimate/photos")
    assert f"Max-Age={30 * 24 * 3600}" in kept.headers["set-cookie"]


async def test_whoever_has_a_time_waits_no_longer(garage: Garage) -> None:
    browser = await at_the_time(garage)
    await browser.submit("/en/estimate/wish", WISH)
    async with garage.unit() as session:
        slot = (await free_slots(session))[0]
    await browser.submit("/en/estimate/time", {"slot": slot.isoformat()})
    await browser.submit("/en/estimate/contact", {"name": "Wim", "email": an_email()})
    await browser.submit("/en/estimate/check")
    assert await open_wishes(garage) == []


async def test_a_drop_off_at_the_desk_ends_the_waiting_too(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        await a_time_wish(session, job)
        await an_appointment(session, job, "drop_off")
    assert await open_wishes(garage) == []


async def test_a_wrong_plate_opens_nothing(garage: Garage) -> None:
    async with garage.unit() as session:
        _wish, secret = await a_time_wish(session, await a_job(session))
    answer = await garage.browser().submit(f"/en/wish/{secret}", {"plate": "9-ZZZ-999"})
    assert answer.status_code == 422
    assert "This plate does not belong to this link." in answer.text


async def test_another_garages_link_is_a_404(garage: Garage, other_garage: Garage) -> None:
    async with other_garage.unit() as session:
        _wish, secret = await a_time_wish(session, await a_job(session))
    answer = await garage.browser().get(f"/en/wish/{secret}")
    assert answer.status_code == 404


async def test_the_desk_sees_who_waits_on_its_first_page_and_in_the_list(garage: Garage) -> None:
    async with garage.unit() as session:
        await a_time_wish(session, await a_job(session), name="Wim Waits", weekdays=(2,))
    planner = await garage.staff("planner")
    assert "1 customer waits for a time or a call." in (await planner.open("/desk")).get_text()
    shown = (await planner.open("/desk/wishes")).get_text()
    assert "Wim Waits" in shown
    assert "Tuesday" in shown


async def test_done_is_logged_and_can_be_undone(garage: Garage) -> None:
    async with garage.unit() as session:
        wish, _ = await a_time_wish(session, await a_job(session))
    planner = await garage.staff("planner")
    address = f"/desk/wishes/{wish.id}"
    await planner.submit(f"{address}/done", page="/desk/wishes")
    assert await open_wishes(garage) == []
    await planner.submit(f"{address}/open", page="/desk/wishes?show=done")
    assert [each.id for each in await open_wishes(garage)] == [wish.id]
    async with garage.unit() as session:
        actions = [entry.action for entry in await audit.newest(session)]
    assert actions[:2] == [
        "self_service_portal.wish_reopened",
        "self_service_portal.wish_done",
    ]


async def test_a_technician_does_not_see_who_waits(garage: Garage) -> None:
    technician = await garage.staff("technician")
    assert (await technician.get("/desk/wishes")).status_code == 403
    assert "Waiting for a time" not in (await technician.open("/desk")).get_text()


async def test_old_wishes_are_forgotten(garage: Garage) -> None:
    async with garage.unit() as session:
        await a_time_wish(session, await a_job(session))
        with frozen(now() + timedelta(days=29)):
            await waiting.tidy(session)
            assert await wishes.count_open(session) == 1
        with frozen(now() + timedelta(days=31)):
            await waiting.tidy(session)
            assert await wishes.count_open(session) == 0


async def test_a_customers_wishes_are_exported_and_erased_with_them(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        await a_time_wish(session, job, name="Wim Waits")
        copy = await export_customer(session, job.customer_id, STAFF)
        await set_status(session, job.id, "cancelled", STAFF)
        await erase_customer(session, job.customer_id, STAFF, reason="asked")
        left = await wishes.count_open(session)
    assert "Wim Waits" in str(copy)
    assert left == 0
