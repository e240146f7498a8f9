"""A vehicle that leaves for a while belongs to the garage all the same."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from core.clock import frozen, now
from core.errors import NotFound
from plugins.vehicle_presence import absence_repository, absences, repository
from plugins.vehicle_presence.absences import come_back, leave_for_a_while
from plugins.vehicle_presence.board_models import Absence
from plugins.vehicle_presence.cleanup.exits import Exit, end_stays
from plugins.vehicle_presence.errors import VehicleNotInside
from plugins.vehicle_presence.services import (
    change_off_site_date,
    mark_many_off_site,
    mark_off_site,
    record_arrival,
    undo_off_site,
)
from plugins.vehicle_presence.vat_book.errors import AwayThen
from tests.factories import a_job
from tests.garages import STAFF, Browser, Garage
from tests.hooks.listening import heard

REASONS = "/desk/on-site/reasons"


@pytest.fixture
async def job_id(garage: Garage) -> UUID:
    """A job whose vehicle came yesterday."""
    async with garage.unit() as session:
        job = await a_job(session, plate="1-OUT-234")
        await record_arrival(session, job.id, STAFF, at=now() - timedelta(days=1))
        return job.id


@pytest.fixture
async def planner(garage: Garage) -> AsyncIterator[Browser]:
    """A planner at the desk."""
    browser = await garage.staff("planner")
    yield browser
    await browser.aclose()


async def absences_of(garage: Garage, job_id: UUID) -> list[Absence]:
    async with garage.unit() as session:
        stays = await repository.stays_of(session, job_id)
        return await absence_repository.of_stays(session, [stay.id for stay in stays])


async def test_it_leaves_and_comes_back_within_one_stay(
    garage: Garage, planner: Browser, job_id: UUID
) -> None:
    card = f"/desk/jobs/{job_id}"
    back = (now() + timedelta(hours=3)).astimezone(garage.tenant.zone)
    answer = await planner.submit(
        f"{card}/presence/away",
        {"reason": "0", "expected_back": f"{back:%Y-%m-%dT%H:%M}", "note": "via the ring road"},
    )
    assert "Test drive since" in answer.text
    assert "via the ring road" in answer.text
    board = await planner.open("/desk/on-site?absent=out")
    assert "Test drive since" in board.text
    assert "expected back" in board.text
    await planner.submit(f"{card}/presence/back", page=card)
    (absence,) = await absences_of(garage, job_id)
    assert absence.back_at is not None
    async with garage.unit() as session:
        (stay,) = await repository.stays_of(session, job_id)
    assert stay.left_at is None
    assert "Back: Test drive" in (await planner.open(card)).text


async def test_no_arrival_and_no_exit_is_told_to_others(garage: Garage, job_id: UUID) -> None:
    await garage.switch("polite", on=True)
    async with garage.unit() as session:
        await leave_for_a_while(session, job_id, 1, STAFF)
        await come_back(session, job_id, STAFF)
    assert heard(garage, "vehicle_left") == []
    assert heard(garage, "vehicle_arrived") == []


@pytest.mark.parametrize("way", ["clock", "bulk"])
async def test_the_exit_ends_the_absence_too_and_its_undo_opens_both(
    garage: Garage, job_id: UUID, way: str
) -> None:
    async with garage.unit() as session:
        await leave_for_a_while(session, job_id, 0, STAFF)
        if way == "clock":
            await mark_off_site(session, job_id, STAFF)
        else:
            await mark_many_off_site(session, [job_id], now(), STAFF)
    (absence,) = await absences_of(garage, job_id)
    assert (absence.back_at is not None, absence.ended_by_exit) == (True, True)
    async with garage.unit() as session:
        (stay,) = await repository.stays_of(session, job_id)
        await undo_off_site(session, stay.id, job_id, STAFF)
    (absence,) = await absences_of(garage, job_id)
    assert (absence.back_at, absence.ended_by_exit) == (None, False)


async def test_an_exit_before_the_absence_began_ends_it_where_it_began(
    garage: Garage, job_id: UUID
) -> None:
    async with garage.unit() as session:
        await leave_for_a_while(session, job_id, 0, STAFF)
        await mark_off_site(session, job_id, STAFF, at=now() - timedelta(hours=5))
    (absence,) = await absences_of(garage, job_id)
    assert absence.back_at == absence.out_at


async def test_two_who_press_at_once_note_one_absence(garage: Garage, job_id: UUID) -> None:
    async def leave() -> UUID:
        async with garage.unit() as session:
            return (await leave_for_a_while(session, job_id, 0, STAFF)).id

    assert len(set(await asyncio.gather(leave(), leave(), leave()))) == 1
    assert len(await absences_of(garage, job_id)) == 1

    async def back() -> None:
        async with garage.unit() as session:
            await come_back(session, job_id, STAFF)

    await asyncio.gather(back(), back(), back())
    (absence,) = await absences_of(garage, job_id)
    assert absence.back_at is not None


async def test_the_last_press_can_be_taken_back(garage: Garage, job_id: UUID) -> None:
    async with garage.unit() as session:
        absence = await leave_for_a_while(session, job_id, 0, STAFF)
        await come_back(session, job_id, STAFF)
        await absences.undo(session, job_id, absence.id, STAFF)
    (still_out,) = await absences_of(garage, job_id)
    assert still_out.back_at is None
    async with garage.unit() as session:
        await absences.undo(session, job_id, absence.id, STAFF)
    assert await absences_of(garage, job_id) == []


async def test_only_what_is_inside_can_leave_for_a_while(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-NOT-001")
        with pytest.raises(VehicleNotInside):
            await leave_for_a_while(session, job.id, 0, STAFF)
        assert await come_back(session, job.id, STAFF) is None


async def test_a_job_of_another_garage_has_nothing_to_leave(
    garage: Garage, other_garage: Garage, job_id: UUID
) -> None:
    async with other_garage.unit() as session:
        for verb in (
            leave_for_a_while(session, job_id, 0, STAFF),
            come_back(session, job_id, STAFF),
        ):
            with pytest.raises(NotFound):
                await verb


@pytest.mark.parametrize(
    ("values", "answered"),
    [
        ({}, (422, "required")),
        ({"reason": "99"}, (422, "Not a valid choice")),
        ({"reason": "0", "expected_back": "2001-01-01T10:00"}, (409, "back before it leaves")),
        ({"reason": "0", "expected_back": "soon"}, (422, "soon")),
    ],
)
async def test_what_cannot_be_is_asked_again(
    garage: Garage,
    planner: Browser,
    job_id: UUID,
    values: dict[str, object],
    answered: tuple[int, str],
) -> None:
    answer = await planner.submit(f"/desk/jobs/{job_id}/presence/away", values)
    assert answer.status_code == answered[0]
    assert answered[1] in answer.text
    assert await absences_of(garage, job_id) == []


async def test_the_list_of_reasons_is_the_garages_own(garage: Garage, job_id: UUID) -> None:
    owner = await garage.staff("owner")
    page = await owner.open(REASONS)
    assert str(page.select("input[name=text-nl]")[0]["value"]) == "Proefrit"
    token = await owner.token(REASONS)
    answer = await owner.post(
        REASONS,
        data={
            "csrf_token": token,
            "text-en": ["Car wash", "", "Wheel alignment"],
            "text-nl": ["Carwash", "", "Uitlijnen"],
        },
    )
    assert answer.status_code == 303
    async with garage.unit() as session:
        absence = await leave_for_a_while(session, job_id, 1, STAFF)
        await absences.write_reasons(session, [{"en": "Something else"}], STAFF)
    assert absence.reason_texts == {"en": "Wheel alignment", "nl": "Uitlijnen"}
    assert "Wheel alignment since" in (await owner.open(f"/desk/jobs/{job_id}")).text
    planner = await garage.staff("planner")
    assert (await planner.get(REASONS)).status_code == 403


async def test_a_forgotten_absence_does_not_keep_the_clean_up_away(
    garage: Garage, job_id: UUID
) -> None:
    with frozen(now() - timedelta(hours=2)):
        async with garage.unit() as session:
            await leave_for_a_while(session, job_id, 0, STAFF)
    async with garage.unit() as session:
        (stay,) = await repository.stays_of(session, job_id)
        left = Exit(stay.id, job_id, now() - timedelta(minutes=1))
        await end_stays(session, [left], STAFF, "sweep")
    (absence,) = await absences_of(garage, job_id)
    assert (absence.ended_by_exit, absence.back_at) == (True, left.left_at)


async def test_a_departure_is_not_moved_before_the_vehicle_came_back_from_an_absence(
    garage: Garage, job_id: UUID
) -> None:
    hour = timedelta(hours=1)
    began = now() + hour
    async with garage.unit() as session:
        with frozen(began):
            await leave_for_a_while(session, job_id, 0, STAFF)
        with frozen(began + 2 * hour):
            await come_back(session, job_id, STAFF)
        with frozen(began + 4 * hour):
            await mark_off_site(session, job_id, STAFF)
            with pytest.raises(AwayThen):
                await change_off_site_date(session, job_id, began + hour, STAFF)
            stay = await change_off_site_date(session, job_id, began + 2 * hour, STAFF)
    assert stay.left_at == began + 2 * hour
