"""Arrivals that were noted late, and vehicles that are here for several jobs."""

import asyncio
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from core.clock import frozen, now
from core.errors import NotFound, Refused
from core.tenancy.context import tenant_scope
from core.workshop.audit.models import AuditEntry
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import set_status
from core.workshop.locations.services import create_location
from plugins.vehicle_presence import absences, arrivals, repository, several
from plugins.vehicle_presence.cleanup import exits
from plugins.vehicle_presence.cleanup import repository as runs
from plugins.vehicle_presence.errors import (
    ArrivedAfterAbsence,
    ArrivedAfterDeparture,
    ArrivedDuringOtherStay,
    ArrivedInFuture,
    LeftBeforeArrival,
    TooLateToUndo,
    VehicleInElsewhere,
    VehicleNotInside,
)
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.services import (
    mark_off_site,
    record_arrival,
    undo_arrival,
    undo_off_site,
)
from plugins.vehicle_presence.vat_book.closing import close_months
from plugins.vehicle_presence.vat_book.errors import MonthClosed, ReasonMissing
from plugins.vehicle_presence.vat_book.settling import Correction, correct
from tests.factories import a_job, an_appointment
from tests.garages import STAFF, Browser, Garage
from tests.plugins.vehicle_presence.vat_book.reading import lines, register, sound
from tests.sweeping import let_act, night

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOON = datetime.fromisoformat("2026-11-25T12:00:00+01:00")
BOARD = "/desk/on-site"


@pytest.fixture
async def job_id(garage: Garage) -> UUID:
    """A job whose vehicle was marked in at noon, and came earlier."""
    async with garage.unit() as session:
        job = await a_job(session, plate="1-LAT-234")
        with frozen(NOON):
            await record_arrival(session, job.id, STAFF)
    return job.id


async def came(garage: Garage, job_id: UUID, at: datetime, reason: str = "") -> Stay:
    """It came at that moment, as somebody says a little later."""
    with frozen(NOON + timedelta(hours=6)):
        async with garage.unit() as session:
            return await arrivals.change_arrival(session, job_id, at, STAFF, reason=reason)


async def stay_of(garage: Garage, job_id: UUID) -> Stay | None:
    async with garage.unit() as session:
        return await repository.latest_stay(session, job_id)


async def left(garage: Garage, job_id: UUID, at: datetime) -> None:
    with frozen(at):
        async with garage.unit() as session:
            await mark_off_site(session, job_id, STAFF)


async def test_an_earlier_hour_of_the_same_day_is_no_correction_of_the_register(
    garage: Garage, job_id: UUID
) -> None:
    await came(garage, job_id, NOON - timedelta(hours=4))
    stay = await stay_of(garage, job_id)
    assert stay is not None
    assert stay.arrived_at == NOON - timedelta(hours=4)
    assert len(await lines(garage)) == 1
    async with garage.unit() as session:
        events = [each.kind for each in await jobs.events_of(session, job_id)]
    assert events.count("arrival_changed") == 1
    await sound(garage)


async def test_another_day_corrects_the_register_too_with_the_reason(
    garage: Garage, job_id: UUID
) -> None:
    await came(garage, job_id, NOON - DAY, "Marked in a day late")
    (row,) = await register(garage)
    assert row.entry.day == date(2026, 11, 24)
    assert row.entry.at == NOON - DAY
    assert (row.entry.reason, row.entry.stay_id) == (
        "Marked in a day late",
        (await stay_of(garage, job_id)).id,  # type: ignore[union-attr]
    )
    assert [each.line.day for each in row.struck] == [date(2026, 11, 25)]
    await sound(garage)


async def test_in_a_closed_month_only_who_may_correct_the_register_moves_an_arrival(
    garage: Garage, job_id: UUID
) -> None:
    later = NOON + 10 * DAY
    with frozen(later):
        async with garage.unit() as session:
            location_id = (await jobs.by_id(session, job_id)).location_id
            assert len(await close_months(session, location_id, at_once=True)) == 1
        path = f"/desk/jobs/{job_id}/presence/arrival"
        for role, is_told in (("planner", True), ("owner", False)):
            page = (await (await garage.staff(role)).open(path)).get_text()
            assert ("owner or the accountant can still change the day" in page) is is_told
        for may_correct, at in ((False, NOON - DAY), (True, NOON - DAY), (False, later)):
            closed = None if may_correct else MonthClosed
            with pytest.raises(closed) if closed else nullcontext():
                async with garage.unit() as session:
                    await arrivals.change_arrival(
                        session, job_id, at, STAFF, reason="late", may_correct=may_correct
                    )
        async with garage.unit() as session:  # the same day is no correction
            await arrivals.change_arrival(session, job_id, NOON - DAY - HOUR, STAFF)
    (row,) = await register(garage)
    assert row.entry.day == date(2026, 11, 24)
    assert len(row.struck) == 1
    await sound(garage)


async def test_without_a_reason_neither_the_register_nor_the_stay_is_changed(
    garage: Garage, job_id: UUID
) -> None:
    with pytest.raises(ReasonMissing):
        await came(garage, job_id, NOON - DAY, "  ")
    stay = await stay_of(garage, job_id)
    assert stay is not None
    assert stay.arrived_at == NOON
    assert len(await lines(garage)) == 1


async def test_an_arrival_after_the_departure_or_in_the_future_is_refused(
    garage: Garage, job_id: UUID
) -> None:
    with pytest.raises(ArrivedInFuture):
        await came(garage, job_id, NOON + DAY, "x")
    await left(garage, job_id, NOON + timedelta(hours=2))
    with pytest.raises(ArrivedAfterDeparture):
        await came(garage, job_id, NOON + timedelta(hours=3))
    await came(garage, job_id, NOON + timedelta(hours=1))
    stay = await stay_of(garage, job_id)
    assert stay is not None
    assert stay.arrived_at == NOON + timedelta(hours=1)
    async with garage.unit() as session:
        job = await a_job(session, plate="1-NEV-234")
        with pytest.raises(NotFound):
            await arrivals.change_arrival(session, job.id, NOON, STAFF)


async def test_an_arrival_lies_neither_after_an_absence_nor_within_an_earlier_visit(
    garage: Garage, job_id: UUID
) -> None:
    await left(garage, job_id, NOON + timedelta(hours=1))
    with frozen(NOON + timedelta(hours=2)):
        async with garage.unit() as session:
            await record_arrival(session, job_id, STAFF)
    with pytest.raises(ArrivedDuringOtherStay):
        await came(garage, job_id, NOON + timedelta(minutes=30))
    with frozen(NOON + timedelta(hours=3)):
        async with garage.unit() as session:
            await absences.leave_for_a_while(session, job_id, 0, STAFF)
    with pytest.raises(ArrivedAfterAbsence):
        await came(garage, job_id, NOON + timedelta(hours=4))
    await came(garage, job_id, NOON + timedelta(hours=1))


async def test_what_the_board_and_the_check_of_a_departure_say_follows_the_changed_arrival(
    garage: Garage, job_id: UUID
) -> None:
    await came(garage, job_id, NOON - 9 * DAY, "Nobody marked it in")
    with frozen(NOON + timedelta(hours=6)):
        browser = await garage.staff("planner")
        board = await browser.open(BOARD)
        (row,) = board.select("[data-row]")
        assert "9 days" in row.text
    async with garage.unit() as session:
        with frozen(NOON + DAY):
            await mark_off_site(session, job_id, STAFF, at=NOON - 8 * DAY)
    (entry,) = await register(garage)
    assert entry.exit is not None
    assert entry.exit.day == date(2026, 11, 17)


async def test_two_who_change_an_arrival_at_once_leave_one_story(
    garage: Garage, job_id: UUID
) -> None:
    wanted = [NOON - days * DAY for days in (1, 2, 3)]
    await asyncio.gather(*(came(garage, job_id, each, "late") for each in wanted))
    stay = await stay_of(garage, job_id)
    (row,) = await register(garage)
    assert stay is not None
    assert stay.arrived_at in wanted
    assert row.entry.day == stay.arrived_at.astimezone(garage.tenant.zone).date()
    assert len(row.struck) == 3
    await sound(garage)


async def test_one_who_changes_the_arrival_and_one_who_corrects_the_register_do_not_block(
    garage: Garage, job_id: UUID
) -> None:
    (row,) = await register(garage)

    async def corrected() -> None:
        async with garage.unit() as session:
            said = Correction(date(2026, 11, 20), "1-LAT-234", "", "", None)
            await correct(session, row.row_id, said, "typed wrong", STAFF)

    await asyncio.gather(came(garage, job_id, NOON - DAY, "late"), corrected())
    stay = await stay_of(garage, job_id)
    (after,) = await register(garage)
    assert stay is not None
    assert after.entry.day == stay.arrived_at.astimezone(garage.tenant.zone).date()
    await sound(garage)


async def test_a_corrected_register_moves_the_stay_to_that_day_at_its_hour(
    garage: Garage, job_id: UUID
) -> None:
    (row,) = await register(garage)
    async with garage.unit() as session:
        said = Correction(date(2026, 11, 20), "1-LAT-234", "", "", None)
        await correct(session, row.row_id, said, "typed wrong", STAFF)
    stay = await stay_of(garage, job_id)
    assert stay is not None
    assert stay.arrived_at == NOON - 5 * DAY
    async with garage.unit() as session:
        with pytest.raises(LeftBeforeArrival):
            await mark_off_site(session, job_id, STAFF, at=NOON - 6 * DAY)


async def test_a_register_corrected_to_the_day_of_departure_moves_the_stay_no_further_than_that(
    garage: Garage, job_id: UUID
) -> None:
    early = NOON + DAY - timedelta(hours=4)
    await left(garage, job_id, early)
    (row,) = await register(garage)
    async with garage.unit() as session:
        said = Correction(date(2026, 11, 26), "1-LAT-234", "", "", None)
        await correct(session, row.row_id, said, "typed wrong", STAFF)
    stay = await stay_of(garage, job_id)
    assert stay is not None
    assert stay.arrived_at == early


async def test_the_card_leads_to_the_form_which_asks_for_the_reason_and_keeps_what_was_typed(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-FRM-234")
        await record_arrival(session, job.id, STAFF)
    browser = await garage.staff("planner")
    card = await browser.open(f"/desk/jobs/{job.id}")
    path = f"/desk/jobs/{job.id}/presence/arrival"
    assert card.select(f"#presence a[href='{path}']")
    local = (now() - 2 * DAY).astimezone(garage.tenant.zone).replace(second=0, microsecond=0)
    typed = f"{local:%Y-%m-%dT%H:%M}"
    answer = await browser.submit(path, {"arrived_at": typed})
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 422
    assert page.select("#reason-error")
    assert page.select(f"input[name=arrived_at][value='{typed}']")
    values: dict[str, object] = {"arrived_at": typed, "reason": "Marked in late"}
    answer = await browser.submit(path, values, follow=False)
    assert answer.headers["location"] == f"/desk/jobs/{job.id}"
    stay = await stay_of(garage, job.id)
    assert stay is not None
    assert stay.arrived_at == local
    timeline = (await browser.open(f"/desk/jobs/{job.id}")).select_one(".timeline")
    assert timeline is not None
    assert "Time of arrival changed (Planner Person)" in timeline.text


@pytest.mark.parametrize(
    ("typed", "status", "says"),
    [
        ("", 422, "This field is required"),
        ("yesterday", 422, "yesterday"),
        ("2999-01-01T10:00", 409, "cannot lie in the future"),
    ],
)
async def test_an_arrival_that_cannot_be_is_asked_again(
    garage: Garage, typed: str, status: int, says: str
) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-BAD-234")
        before = (await record_arrival(session, job.id, STAFF)).arrived_at
    browser = await garage.staff("planner")
    answer = await browser.submit(f"/desk/jobs/{job.id}/presence/arrival", {"arrived_at": typed})
    stay = await stay_of(garage, job.id)
    assert answer.status_code == status
    assert says in answer.text
    assert stay is not None
    assert stay.arrived_at == before


async def test_a_vehicle_that_never_came_has_no_arrival_to_change(
    garage: Garage, other_garage: Garage, job_id: UUID
) -> None:
    async with garage.unit() as session:
        never = (await a_job(session, plate="1-NVR-234")).id
    browser = await garage.staff("planner")
    assert (await browser.get(f"/desk/jobs/{never}/presence/arrival")).status_code == 404
    stranger = await other_garage.staff("owner")
    path = f"/desk/jobs/{job_id}/presence"
    assert (await stranger.get(f"{path}/arrival")).status_code == 404
    for verb in ("arrival", "take-over"):
        answer = await stranger.submit(f"{path}/{verb}", page="/desk")
        assert answer.status_code == 404


# --- one vehicle, several jobs ---------------------------------------------------------------


@pytest.fixture
async def two(garage: Garage) -> tuple[Job, Job]:
    """Two jobs of one vehicle, with two claims."""
    async with garage.unit() as session:
        facts = {"vin": "WVWZZZ1KZAW000123"}
        one = await a_job(session, plate="1-TWO-345", vehicle=facts)
        other = await a_job(session, plate="1-TWO-345", vehicle=facts)
        assert one.vehicle_id == other.vehicle_id
    return one, other


async def open_stays(garage: Garage) -> list[UUID]:
    """The jobs that vehicles are in for."""
    async with garage.unit() as session:
        return list(await session.scalars(select(Stay.job_id).where(Stay.left_at.is_(None))))


async def test_a_vehicle_that_is_in_for_one_job_is_not_in_for_another_too(
    garage: Garage, two: tuple[Job, Job]
) -> None:
    one, other = two
    async with garage.unit() as session:
        await record_arrival(session, one.id, STAFF)
    async with garage.unit() as session:
        with pytest.raises(VehicleInElsewhere) as refusal:
            await record_arrival(session, other.id, STAFF)
    assert refusal.value.job_id == one.id
    assert await open_stays(garage) == [one.id]
    assert len(await lines(garage)) == 1


async def test_two_who_mark_one_vehicle_in_for_two_jobs_at_once_make_one_stay(
    garage: Garage, two: tuple[Job, Job]
) -> None:
    async def arrive(job: Job) -> str:
        try:
            async with garage.unit() as session:
                await record_arrival(session, job.id, STAFF)
        except VehicleInElsewhere:
            return "elsewhere"
        return "in"

    assert sorted(await asyncio.gather(*map(arrive, two))) == ["elsewhere", "in"]
    assert len(await open_stays(garage)) == 1
    assert len(await lines(garage)) == 1


@pytest.mark.parametrize("back", ["", "?back=board", "?back=scan"])
async def test_the_button_gives_a_clear_choice_wherever_it_stands(
    garage: Garage, two: tuple[Job, Job], back: str
) -> None:
    one, other = two
    async with garage.unit() as session:
        await record_arrival(session, one.id, STAFF)
        await an_appointment(session, other, "drop_off")
    browser = await garage.staff("planner")
    answer = await browser.submit(f"/desk/jobs/{other.id}/presence/in{back}", page="/desk")
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 409
    assert f"1-TWO-345 is in already, for job {one.sequence_number}." in page.text
    assert page.select(f"a[href='/desk/jobs/{one.id}']")
    (form,) = page.select(f"form[action='/desk/jobs/{other.id}/presence/take-over{back}']")
    answer = await browser.submit(str(form["action"]), page="/desk")
    assert f"The vehicle stays for job {other.sequence_number}." in answer.text
    assert await open_stays(garage) == [other.id]


async def test_card_and_scan_say_for_which_job_a_vehicle_is_in_instead_of_offering_the_mark(
    garage: Garage, two: tuple[Job, Job]
) -> None:
    one, other = two
    async with garage.unit() as session:
        await record_arrival(session, one.id, STAFF)
    browser = await garage.staff("technician")
    for path in (f"/desk/jobs/{other.id}", f"/desk/jobs/{other.id}/presence"):
        page = await browser.open(path)
        assert f"In for job {one.sequence_number}" in page.text
        assert not page.select("form[action*='/presence/in']")
        assert page.select(f"form[action^='/desk/jobs/{other.id}/presence/take-over']")


async def test_several_that_are_ticked_with_one_twice_mark_none_and_name_it(
    garage: Garage, two: tuple[Job, Job]
) -> None:
    async with garage.unit() as session:
        third = await a_job(session, plate="1-THR-345")
    browser = await garage.staff("planner")
    ticked = [str(third.id), *(str(job.id) for job in two)]
    answer = await browser.submit(f"{BOARD}/in", {"job": ticked}, page="/desk")
    assert answer.status_code == 409
    assert "1-TWO-345 is in already, for job" in answer.text
    assert await open_stays(garage) == []
    async with garage.unit() as session:
        stays = await several.record_many_arrivals(session, [third.id, two[0].id], STAFF)
    assert len(stays) == 2


async def test_a_stay_that_goes_on_for_another_job_keeps_its_row_and_its_history(
    garage: Garage, two: tuple[Job, Job]
) -> None:
    one, other = two
    with frozen(NOON):
        async with garage.unit() as session:
            stay = await record_arrival(session, one.id, STAFF)
    async with garage.unit() as session:
        moved, before = await arrivals.go_on_for(session, other.id, STAFF)
        assert (moved.id, before) == (stay.id, one.id)
        assert (await arrivals.go_on_for(session, other.id, STAFF))[1] == other.id
    (row,) = await register(garage)
    assert row.entry.stay_id == stay.id
    async with garage.unit() as session:
        kinds = {
            job.id: [each.kind for each in await jobs.events_of(session, job.id)] for job in two
        }
        logged = list(
            await session.scalars(
                select(AuditEntry.details).where(AuditEntry.action == "presence.handed_over")
            )
        )
    assert ("stay_left" in kinds[one.id], "stay_taken" in kinds[other.id]) == (True, True)
    assert logged == [{"from": one.sequence_number, "to": other.sequence_number}]
    await left(garage, other.id, NOON + DAY)
    (row,) = await register(garage)
    assert row.exit is not None
    assert row.exit.job_id == other.id
    await sound(garage)


async def test_a_stay_that_goes_on_can_be_given_back_and_needs_a_vehicle_that_is_in(
    garage: Garage, two: tuple[Job, Job]
) -> None:
    one, other = two
    async with garage.unit() as session:
        with pytest.raises(VehicleNotInside):
            await arrivals.go_on_for(session, other.id, STAFF)
        await record_arrival(session, one.id, STAFF)
    browser = await garage.staff("planner")
    answer = await browser.submit(f"/desk/jobs/{other.id}/presence/take-over", page="/desk")
    page = BeautifulSoup(answer.text, "html.parser")
    (undo,) = page.select(f"form[action='/desk/jobs/{one.id}/presence/take-over']")
    await browser.submit(str(undo["action"]), page="/desk")
    assert await open_stays(garage) == [one.id]


async def test_a_departure_is_not_undone_once_the_vehicle_is_in_for_another_job(
    garage: Garage, two: tuple[Job, Job]
) -> None:
    one, other = two
    async with garage.unit() as session:
        stay = await record_arrival(session, one.id, STAFF)
        await mark_off_site(session, one.id, STAFF)
        again = await record_arrival(session, other.id, STAFF)
    async with garage.unit() as session:
        with pytest.raises(TooLateToUndo):
            await undo_off_site(session, stay.id, one.id, STAFF)
        taken = await several.undo_many_off_site(session, [stay.id], STAFF)
        assert taken == several.TakenBack(late=1)
        await undo_arrival(session, again.id, other.id, STAFF)
        await undo_off_site(session, stay.id, one.id, STAFF)
    assert await open_stays(garage) == [one.id]


async def test_a_night_that_is_taken_back_leaves_a_vehicle_that_is_in_for_another_job(
    garage: Garage, two: tuple[Job, Job]
) -> None:
    one, other = two
    async with garage.unit() as session:
        with frozen(now() - 20 * DAY):
            await record_arrival(session, one.id, STAFF)
        with frozen(now() - 10 * DAY):
            await set_status(session, one.id, "delivered", STAFF)
    await let_act(garage)
    await night(garage, now())
    assert await open_stays(garage) == []
    async with garage.unit() as session:
        await record_arrival(session, other.id, STAFF)
        (run,) = await runs.recent_runs(session)
        with tenant_scope(garage.tenant):
            assert await exits.take_back_night(session, run, STAFF) == (0, 0)
    assert await open_stays(garage) == [other.id]


async def test_the_same_plate_of_another_customers_vehicle_warns_and_does_not_block(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        one = await a_job(session, plate="1-PLT-345", email="one@example.com", name="One")
        other = await a_job(session, plate="1-PLT-345", email="other@example.com", name="Other")
        third = await a_job(session, plate="1-PLT-346", email="third@example.com", name="Third")
        assert one.vehicle_id != other.vehicle_id
        await record_arrival(session, one.id, STAFF)
    browser = await garage.staff("planner")
    answer = await browser.submit(f"/desk/jobs/{third.id}/presence/in", page="/desk")
    assert "same plate" not in answer.text
    answer = await browser.submit(f"/desk/jobs/{other.id}/presence/in", page="/desk")
    page = BeautifulSoup(answer.text, "html.parser")
    (toast,) = page.select(".toast")
    assert f"One with the same plate is in already, for job {one.sequence_number}" in toast.text
    assert toast.select(f"a[href='/desk/jobs/{one.id}']")
    (undo,) = toast.select("form")
    await browser.submit(str(undo["action"]), page="/desk")
    assert sorted(await open_stays(garage)) == sorted([one.id, third.id])


async def press(browser: Browser, path: str, **values: Any) -> int:
    """Status of a press."""
    return (await browser.submit(path, dict(values), page="/desk", follow=False)).status_code


async def test_who_may_not_mark_changes_no_arrival(garage: Garage, job_id: UUID) -> None:
    browser = await garage.staff("accountant")
    path = f"/desk/jobs/{job_id}/presence"
    assert [await press(browser, f"{path}/{verb}") for verb in ("arrival", "take-over")] == [
        403
    ] * 2
    with pytest.raises(Refused):
        await came(garage, job_id, NOON + 9 * DAY)


async def test_a_job_does_not_move_to_another_location_while_its_vehicle_is_in(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-MOV-234")
        here, there = job.location_id, await create_location(session, name="Second yard")
        await record_arrival(session, job.id, STAFF)
    browser = await garage.staff("planner")
    path = f"/desk/jobs/{job.id}/edit"
    values = {"version": str(job.version), "location_id": str(there.id), "damage": "Roof"}
    answer = await browser.submit(path, values)
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 409
    assert "Mark it off site there first" in page.select(".error-summary")[0].text
    assert page.select("#location_id[aria-invalid=true]")
    assert page.select(f"option[selected][value='{there.id}']")
    assert [len(await register(garage, each)) for each in (here, there.id)] == [1, 0]
    async with garage.unit() as session:
        assert (await jobs.by_id(session, job.id)).location_id == here
        await mark_off_site(session, job.id, STAFF)
    assert (await browser.submit(path, values)).status_code == 200
    async with garage.unit() as session:
        await record_arrival(session, job.id, STAFF)
    left, came_in = [(await register(garage, each))[0] for each in (here, there.id)]
    assert (left.exit is not None, came_in.exit) == (True, None)
    assert came_in.entry.job_id == job.id
    await sound(garage)


async def test_a_job_of_another_location_takes_no_vehicle_out_of_the_book_of_this_one(
    garage: Garage, two: tuple[Job, Job]
) -> None:
    one, other = two
    async with garage.unit() as session:
        yard = await create_location(session, name="Second yard")
        await record_arrival(session, one.id, STAFF)
        (await jobs.by_id(session, other.id)).location_id = yard.id
    browser = await garage.staff("planner")
    answer = await browser.submit(f"/desk/jobs/{other.id}/presence/take-over", page="/desk")
    assert answer.status_code == 409
    assert "in the VAT book of that location" in answer.text
    assert await open_stays(garage) == [one.id]


async def test_a_departure_is_not_undone_once_its_job_belongs_to_another_location(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-MOV-345")
        with frozen(now() - 20 * DAY):
            stay = await record_arrival(session, job.id, STAFF)
        with frozen(now() - 10 * DAY):
            await set_status(session, job.id, "delivered", STAFF)
    await let_act(garage)
    await night(garage, now())
    async with garage.unit() as session:
        here = (await jobs.by_id(session, job.id)).location_id
        yard = await create_location(session, name="Second yard")
        (await jobs.by_id(session, job.id)).location_id = yard.id
    async with garage.unit() as session:
        with pytest.raises(TooLateToUndo):
            await undo_off_site(session, stay.id, job.id, STAFF)
        (run,) = await runs.recent_runs(session)
        with tenant_scope(garage.tenant):
            assert await exits.take_back_night(session, run, STAFF) == (0, 0)
        assert await open_stays(garage) == []
        (await jobs.by_id(session, job.id)).location_id = here
        await session.flush()
        await undo_off_site(session, stay.id, job.id, STAFF)
    assert await open_stays(garage) == [job.id]
