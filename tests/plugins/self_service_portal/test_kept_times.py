"""Choosing a time, which is kept while the rest is answered."""

from datetime import timedelta

from bs4 import BeautifulSoup
from sqlalchemy import select

from core.clock import frozen, now
from core.workshop.jobs import repository as jobs
from core.workshop.locations import repository as location_repository
from core.workshop.locations import services as locations
from core.workshop.locations.services import create_location
from core.workshop.planning.models import SlotHold
from tests.factories import a_job, an_appointment, free_slots
from tests.garages import Garage
from tests.plugins.self_service_portal.deciding import decide
from tests.plugins.self_service_portal.waiting_people import (
    PLATE,
    at_the_check,
    at_the_time,
    one_tap,
    radios,
    rule,
    take,
    with_a_job,
)


async def free(garage: Garage, kind: str = "estimate") -> list[str]:
    """What somebody else can have."""
    async with garage.unit() as session:
        return [slot.isoformat() for slot in await free_slots(session, kind)]


def page_of(answer: object) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html.parser")  # type: ignore[attr-defined]


async def test_the_earliest_time_is_one_tap(garage: Garage) -> None:
    browser = await at_the_time(garage)
    page = await browser.open("/en/estimate/time")
    earliest = one_tap(page)
    assert earliest == radios(page)[0] == (await free(garage))[0]
    answer = await browser.submit("/en/estimate/time", {"take": earliest}, follow=False)
    assert answer.headers["location"] == "/en/estimate/contact"
    assert earliest not in await free(garage)


async def test_a_tap_on_the_earliest_beats_a_time_that_is_ticked(garage: Garage) -> None:
    browser = await at_the_time(garage)
    first, second, *_ = await free(garage)
    await browser.submit("/en/estimate/time", {"slot": second, "take": first})
    assert (first in await free(garage), second in await free(garage)) == (False, True)


async def test_times_are_listed_by_day_and_half_of_the_day_with_their_count(
    garage: Garage,
) -> None:
    page = await (await at_the_time(garage)).open("/en/estimate/time")
    day = page.select("details.day")[-1]
    summary = day.select_one("summary")
    legends = [legend.contents[0] for legend in day.select("legend")]
    assert summary is not None
    assert legends == ["Morning", "Afternoon"]
    assert f"{len(day.select('input[type=radio]'))} times" in summary.get_text()


async def test_days_without_a_free_time_are_not_listed(garage: Garage) -> None:
    await rule(garage, "estimate", per_day=1)
    browser = await at_the_time(garage)
    before = len((await browser.open("/en/estimate/time")).select("details.day"))
    async with garage.unit() as session:
        await take(session, "estimate", (await free_slots(session))[:1])
    after = await browser.open("/en/estimate/time")
    assert len(after.select("details.day")) == before - 1


async def test_the_check_page_says_until_when_the_time_is_kept(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = (await free_slots(session))[3]
    browser = await at_the_check(garage, slot)
    page = await browser.open("/en/estimate/check")
    async with garage.unit() as session:
        held = await session.scalar(select(SlotHold))
    assert held is not None
    until = held.expires_at.astimezone(garage.tenant.zone)
    assert f"We keep this time for you until {until:%H:%M}" in page.get_text()


async def test_each_further_answer_keeps_the_time_longer(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = (await free_slots(session))[-1]
    browser = await at_the_check(garage, slot)
    with frozen(now() + timedelta(minutes=9)):
        await browser.submit("/en/estimate/damage", {"damage": "Two scratches"})
    with frozen(now() + timedelta(minutes=15)):
        assert slot.isoformat() not in await free(garage)
    with frozen(now() + timedelta(minutes=20)):
        assert slot.isoformat() in await free(garage)


async def test_nobody_else_is_offered_it_and_its_owner_still_is(garage: Garage) -> None:
    first, *_ = await free(garage)
    mine = await at_the_time(garage)
    await mine.submit("/en/estimate/time", {"slot": first})
    theirs = await at_the_time(garage)
    assert first in radios(await mine.open("/en/estimate/time"))
    assert first not in radios(await theirs.open("/en/estimate/time"))
    answer = await theirs.submit("/en/estimate/time", {"slot": first})
    assert answer.status_code == 409
    assert radios(page_of(answer))[:3] == (await free(garage))[:3]


async def test_expired_but_free_it_can_still_be_booked(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = (await free_slots(session))[-1]
    browser = await at_the_check(garage, slot)
    with frozen(now() + timedelta(minutes=11)):
        page = await browser.open("/en/estimate/check")
        answer = await browser.submit("/en/estimate/check")
    assert "This time is free at the moment." in page.get_text()
    assert str(answer.url).endswith("/en/estimate/done")


async def test_expired_and_taken_the_next_three_are_offered_right_there(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = (await free_slots(session))[10]
    browser = await at_the_check(garage, slot)
    with frozen(now() + timedelta(minutes=11)):
        async with garage.unit() as session:
            await take(session, "estimate", [slot])
        page = await browser.open("/en/estimate/check")
        sent = await browser.submit("/en/estimate/check")
        offered = await free(garage)
    expected = [each for each in offered if each > slot.isoformat()][:3]
    assert radios(page) == radios(page_of(sent)) == expected
    assert sent.status_code == 409
    assert "A long scratch" in sent.text


async def test_another_time_is_chosen_and_everything_sent_in_one_go(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = (await free_slots(session))[10]
    browser = await at_the_check(garage, slot)
    with frozen(now() + timedelta(minutes=11)):
        async with garage.unit() as session:
            await take(session, "estimate", [slot])
        other = radios(await browser.open("/en/estimate/check"))[1]
        answer = await browser.submit("/en/estimate/check", {"slot": other})
    assert str(answer.url).endswith("/en/estimate/done")
    assert other not in await free(garage)


async def test_a_second_location_changes_nothing_for_customers(garage: Garage) -> None:
    before = await free(garage)
    async with garage.unit() as session:
        second = await create_location(session, name="Second")
        await locations.close_on(
            session, second.id, now().date(), now().date() + timedelta(days=400), "not open yet"
        )
    browser = await at_the_time(garage)
    assert radios(await browser.open("/en/estimate/time")) == before
    await browser.submit("/en/estimate/time", {"slot": before[0]})
    async with garage.unit() as session:
        held = await session.scalar(select(SlotHold))
        assert held is not None
        assert held.location_id == (await location_repository.first(session)).id


async def test_starting_again_lets_the_time_go(garage: Garage) -> None:
    first, *_ = await free(garage)
    browser = await at_the_time(garage)
    await browser.submit("/en/estimate/time", {"slot": first})
    await browser.submit("/en/estimate/restart", page="/en/estimate/contact")
    assert first in await free(garage)


async def test_after_ten_times_an_hour_an_address_is_kept_none_but_can_book(
    garage: Garage,
) -> None:
    browser = await at_the_time(garage)
    slots = await free(garage)
    for slot in slots[:11]:
        await browser.submit("/en/estimate/time", {"slot": slot}, page="/en/estimate/damage")
    assert (await free(garage))[:11] == slots[:11]
    await browser.submit("/en/estimate/contact", {"name": "Bea", "email": "bea@customer.test"})
    page = await browser.open("/en/estimate/check")
    answer = await browser.submit("/en/estimate/check")
    assert "This time is free at the moment." in page.get_text()
    assert str(answer.url).endswith("/en/estimate/done")


async def test_a_drop_off_is_kept_between_choosing_and_booking(garage: Garage) -> None:
    await rule(garage, "drop_off", capacity=1)
    async with garage.unit() as session:
        job = await a_job(session)
    browser = await with_a_job(garage, job)
    slot = (await free(garage, "drop_off"))[5]
    answer = await browser.submit("/en/repair/time", {"slot": slot, "courtesy_car": "y"})
    assert "We keep this time for you until" in answer.text
    assert slot not in await free(garage, "drop_off")
    values = {"slot": slot, "courtesy_car": "y", "confirmed": "yes"}
    done = await browser.submit("/en/repair/time", values)
    assert str(done.url).endswith("/en/repair/done")
    async with garage.unit() as session:
        assert await session.scalar(select(SlotHold)) is None


async def test_a_garage_that_does_not_ask_for_a_courtesy_car_leaves_the_jobs_wish_alone(
    garage: Garage,
) -> None:
    await decide(garage, repair_courtesy_car=False)
    async with garage.unit() as session:
        job = await a_job(session)
        job.courtesy_car_wished = True
    browser = await with_a_job(garage, job)
    slot = (await free(garage, "drop_off"))[5]
    times = await browser.open("/en/repair/time")
    check = await browser.submit("/en/repair/time", {"slot": slot})
    await browser.submit("/en/repair/time", {"slot": slot, "confirmed": "yes"})
    assert "ourtesy car" not in times.text + check.text
    async with garage.unit() as session:
        assert (await jobs.by_id(session, job.id)).courtesy_car_wished


async def test_a_drop_off_that_is_gone_is_replaced_on_the_same_page(garage: Garage) -> None:
    await rule(garage, "drop_off", capacity=1)
    async with garage.unit() as session:
        job = await a_job(session)
        slots = await free_slots(session, "drop_off")
        await take(session, "drop_off", slots[5:6])
    browser = await with_a_job(garage, job)
    values = {"slot": slots[5].isoformat(), "courtesy_car": "y", "confirmed": "yes"}
    gone = await browser.submit("/en/repair/time", values)
    page = page_of(gone)
    assert gone.status_code == 409
    assert radios(page) == [slot.isoformat() for slot in slots[6:9]]
    assert page.select_one("input[name=courtesy_car][value=y]") is not None
    done = await browser.submit("/en/repair/time", {**values, "slot": radios(page)[0]})
    assert str(done.url).endswith("/en/repair/done")


async def test_moving_to_a_time_that_is_gone_offers_the_next_three(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        slots = await free_slots(session)
        _mine, secret = await an_appointment(session, job, at=slots[-1])
        await take(session, "estimate", slots[10:11])
    browser = garage.browser()
    address = f"/en/appointment/{secret}"
    values = {"plate": PLATE, "slot": slots[10].isoformat()}
    answer = await browser.submit(f"{address}/move", values, page=address)
    assert answer.status_code == 409
    assert radios(page_of(answer))[:3] == [slot.isoformat() for slot in slots[11:14]]
