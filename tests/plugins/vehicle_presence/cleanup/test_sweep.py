"""The clean-up of forgotten vehicles."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.background.process import Doors
from core.background.tasks import run_scheduled
from core.clock import frozen, now
from core.tenancy.context import tenant_scope
from core.workshop.audit import repository as audit
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import set_status, set_task_state
from plugins.vehicle_presence import absences, check_ins, repository, several
from plugins.vehicle_presence.cleanup.evidence import evidence_text
from plugins.vehicle_presence.cleanup.exits import Exit, end_stays
from plugins.vehicle_presence.cleanup.pace import FEWEST
from plugins.vehicle_presence.cleanup.repository import proposals
from plugins.vehicle_presence.cleanup.sweep import look
from plugins.vehicle_presence.models import Doubt, Stay
from plugins.vehicle_presence.services import (
    NAME,
    change_off_site_date,
    mark_many_off_site,
    mark_off_site,
    record_arrival,
    still_here,
    undo_off_site,
)
from tests.factories import a_job, a_photo, a_plate, a_stay
from tests.garages import STAFF, Garage, Outbox
from tests.outside_plugins import polite
from tests.sweeping import (
    ARRIVED,
    NOW,
    ago,
    doubts,
    forgotten,
    many_forgotten,
    set_thresholds,
    stay_of,
    swept,
)

pytestmark = pytest.mark.usefixtures("acting")


@pytest.mark.parametrize("status", ["delivered", "invoiced"])
async def test_a_delivered_vehicle_left_when_it_was_delivered(garage: Garage, status: str) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, status)
    report = await swept(garage, NOW)
    stay = await stay_of(garage, stay_id)
    assert [verdict.candidate.stay_id for verdict in report.marked] == [stay_id]
    assert (stay.left_at, stay.closed_by, stay.left_noted_at) == (ago(days=10), "sweep", NOW)
    assert stay.evidence == {"status": status, "moment": ago(days=10).isoformat()}
    assert stay.left_noted_by == "Garagist"


HANDED_OVER = [("delivered", 20), ("invoiced", 16)]
"""Statuses, each with how many days before :data:`NOW`: the 30th of April, the 4th of May."""


@pytest.mark.parametrize(
    ("arrived", "steps", "left"),
    [
        (ARRIVED, HANDED_OVER, ("delivered", 20)),
        (ARRIVED, [("delivered", 22), ("ready", 21), *HANDED_OVER], ("delivered", 20)),
        (ago(days=18), HANDED_OVER, ("invoiced", 16)),  # it had been back meanwhile
    ],
)
async def test_an_invoice_in_the_next_month_does_not_move_the_day_of_delivery(
    garage: Garage, arrived: datetime, steps: list[tuple[str, int]], left: tuple[str, int]
) -> None:
    async with garage.unit() as session:
        with frozen(ARRIVED):
            job = await a_job(session, plate=a_plate())
        job.book_out_date = date(2027, 4, 29)
        stay_id = (await a_stay(session, job, arrived)).id
        for status, days in steps:
            with frozen(ago(days=days)):
                await set_status(session, job.id, status, STAFF)
    await swept(garage, NOW)
    stay = await stay_of(garage, stay_id)
    assert stay.left_at == ago(days=left[1])
    assert stay.evidence == {
        "status": left[0],
        "book_out_date": "2027-04-29",
        "moment": ago(days=left[1]).isoformat(),
    }
    with tenant_scope(garage.tenant):
        assert evidence_text(stay.evidence).endswith("; book-out date 29 Apr 2027")


@pytest.mark.parametrize("status", ["ready", "cancelled"])
async def test_a_finished_vehicle_left_at_the_end_of_its_book_out_date(
    garage: Garage, status: str
) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, status, book_out_date=date(2027, 5, 12))
    await swept(garage, NOW)
    stay = await stay_of(garage, stay_id)
    assert stay.left_at == datetime(2027, 5, 12, 21, 59, tzinfo=UTC)
    assert stay.evidence["book_out_date"] == "2027-05-12"


async def test_that_it_was_delivered_says_more_than_the_book_out_date(garage: Garage) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, book_out_date=date(2027, 5, 1))
    await swept(garage, NOW)
    assert (await stay_of(garage, stay_id)).left_at == ago(days=10)


@pytest.mark.parametrize(
    ("status", "columns", "reason"),
    [
        ("ready", {}, "ready"),
        ("cancelled", {}, "cancelled"),
        ("in_progress", {"book_out_date": date(2027, 5, 10)}, "booked_out_unfinished"),
        ("in_progress", {"updated_at": ago(days=31)}, "quiet"),
        ("new", {"updated_at": ago(days=31)}, "quiet"),
        ("delivered", {"status_changed_at": ARRIVED - timedelta(seconds=1)}, "contradiction"),
        ("ready", {"book_out_date": date(2027, 1, 1)}, "contradiction"),
        ("ready", {"book_out_date": date(2027, 6, 1)}, "contradiction"),
    ],
)
async def test_without_evidence_a_person_is_asked_and_no_date_is_invented(
    garage: Garage, status: str, columns: Mapping[str, Any], reason: str
) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, status, **columns)
    report = await swept(garage, NOW)
    stay = await stay_of(garage, stay_id)
    assert (stay.left_at, report.marked) == (None, [])
    assert await doubts(garage) == [(stay_id, reason)]


@pytest.mark.parametrize(
    ("status", "columns"),
    [
        ("delivered", {"status_changed_at": ago(days=2, hours=23)}),
        ("ready", {"status_changed_at": ago(days=2)}),
        ("in_progress", {"updated_at": ago(days=29)}),
        ("in_progress", {"book_out_date": date(2027, 5, 17)}),
        ("planned", {}),
    ],
)
async def test_what_is_fresh_is_left_alone(
    garage: Garage, status: str, columns: Mapping[str, Any]
) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, status, **columns)
    report = await swept(garage, NOW)
    assert (report.marked, report.doubtful) == ([], [])
    assert (await stay_of(garage, stay_id)).left_at is None
    assert await doubts(garage) == []


async def test_the_date_that_is_written_always_has_evidence_behind_it(garage: Garage) -> None:
    async with garage.unit() as session:
        for status in ("new", "planned", "in_progress", "ready", "delivered", "cancelled"):
            for book_out in (None, date(2027, 5, 10), date(2027, 1, 1), date(2028, 1, 1)):
                await forgotten(session, status, book_out_date=book_out, updated_at=ago(days=40))
    await swept(garage, NOW)
    async with garage.unit() as session:
        rows = await session.execute(select(Stay, Job).join(Job, Job.id == Stay.job_id))
        for stay, job in rows:
            if stay.left_at is not None:
                at_night = datetime(2027, 5, 10, 21, 59, tzinfo=UTC)
                assert stay.left_at in {job.status_changed_at, at_night}
                assert stay.left_at.isoformat()[:16] in stay.evidence["moment"].replace(
                    "23:59", "21:59"
                )
                assert ARRIVED <= stay.left_at <= NOW


async def test_a_dry_run_says_the_same_and_changes_nothing(garage: Garage) -> None:
    async with garage.unit() as session:
        leaving = await forgotten(session)
        asking = await forgotten(session, "ready")
    with frozen(NOW):
        async with garage.unit() as session:
            report = await look(session)
            assert not session.dirty
    assert [verdict.candidate.stay_id for verdict in report.marked] == [leaving]
    assert [verdict.candidate.stay_id for verdict in report.doubtful] == [asking]
    assert (await stay_of(garage, leaving)).left_at is None
    assert await doubts(garage) == []
    assert (await swept(garage, NOW)).marked == report.marked


@pytest.mark.parametrize(("threshold", "asked"), [(5, 1), (15, 0)])
async def test_the_garages_own_days_decide_when_it_asks(
    garage: Garage, threshold: int, asked: int
) -> None:
    await set_thresholds(garage, ask_after_days=threshold)
    async with garage.unit() as session:
        await forgotten(session, "in_progress")
    assert len((await swept(garage, NOW)).doubtful) == asked


async def test_a_departure_by_the_clean_up_is_in_history_and_log_with_its_evidence(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session)
    await swept(garage, NOW)
    stay = await stay_of(garage, stay_id)
    async with garage.unit() as session:
        event = (await jobs.events_of(session, stay.job_id))[0]
        entry = (await audit.newest(session))[0]
    assert (event.kind, event.at, event.actor) == ("vehicle_left", ago(days=10), "Garagist")
    assert event.details["evidence"] == stay.evidence
    assert (entry.action, entry.actor_kind, entry.at) == ("presence.left", "system", NOW)


async def test_sweeping_again_changes_nothing_more(garage: Garage) -> None:
    async with garage.unit() as session:
        leaving, asking = await forgotten(session), await forgotten(session, "ready")
    await swept(garage, NOW)
    before = await stay_of(garage, leaving)
    report = await swept(garage, NOW + timedelta(days=1))
    assert report.marked == []
    assert (await stay_of(garage, leaving)).left_noted_at == before.left_noted_at
    assert await doubts(garage) == [(asking, "ready")]


async def test_two_sweeps_at_once_mark_and_ask_once(garage: Garage) -> None:
    async with garage.unit() as session:
        leaving = {await forgotten(session) for _ in range(12)}
        asking = {await forgotten(session, "ready") for _ in range(5)}
    reports = await asyncio.gather(*(swept(garage, NOW) for _ in range(4)))
    marked = Counter(v.candidate.stay_id for report in reports for v in report.marked)
    async with garage.unit() as session:
        actions = [entry.action for entry in await audit.newest(session)]
        stored = await session.scalar(select(func.count()).select_from(Doubt))
    assert marked == dict.fromkeys(leaving, 1)
    assert (actions.count("presence.left"), stored) == (len(leaving), len(asking))


async def test_who_presses_the_clock_during_a_sweep_wins_or_loses_but_never_both(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        stays = [await forgotten(session) for _ in range(10)]
        job_ids = list(await session.scalars(select(Stay.job_id).where(Stay.id.in_(stays))))

    async def press(job_id: UUID) -> None:
        with frozen(NOW):
            async with garage.unit() as session:
                await mark_off_site(session, job_id, STAFF)

    first, last = job_ids[:5], job_ids[5:]
    await asyncio.gather(*map(press, first), swept(garage, NOW), *map(press, last))
    async with garage.unit() as session:
        closed_by = list(await session.scalars(select(Stay.closed_by)))
        actions = [entry.action for entry in await audit.newest(session)]
    assert set(closed_by) <= {"clock", "sweep"}
    assert (len(closed_by), actions.count("presence.left")) == (10, 10)


async def test_five_hundred_forgotten_vehicles_are_all_found(garage: Garage) -> None:
    job_ids = await many_forgotten(garage, 4 * FEWEST + 100)
    async with garage.unit() as session:
        await session.execute(update(Job).where(Job.id.in_(job_ids[::5])).values(status="ready"))
    report = await swept(garage, NOW)
    async with garage.unit() as session:
        left = await repository.count_on_site(session)
    assert len(report.marked) == len({v.candidate.stay_id for v in report.marked}) == 400
    assert (len(report.doubtful), left) == (100, 100)


async def test_still_here_leaves_a_vehicle_alone_for_its_pause(garage: Garage) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, "ready")
    await swept(garage, NOW)
    await say_still_here(garage, NOW)
    nearly = await swept(garage, NOW + timedelta(days=29))
    assert (nearly.doubtful, await doubts(garage)) == ([], [])
    again = await swept(garage, NOW + timedelta(days=30, seconds=1))
    assert len(again.doubtful) == 1
    assert await doubts(garage) == [(stay_id, "ready")]


async def say_still_here(garage: Garage, at: datetime) -> None:
    with frozen(at):
        async with garage.unit() as session:
            (row,) = await proposals(session)
            await still_here(session, row.doubt_id, STAFF)


async def test_what_was_noted_before_somebody_saw_the_vehicle_is_no_evidence_any_more(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, "ready")
    await swept(garage, NOW)
    await say_still_here(garage, NOW)
    async with garage.unit() as session:
        job_id = (await stay_of(garage, stay_id)).job_id
        await session.execute(
            update(Job)
            .where(Job.id == job_id)
            .values(status="delivered", status_changed_at=ago(minutes=1))
        )
    await swept(garage, NOW + timedelta(days=31))
    assert (await stay_of(garage, stay_id)).left_at is None
    assert await doubts(garage) == [(stay_id, "contradiction")]


async def test_a_delivery_after_somebody_saw_the_vehicle_is_evidence(garage: Garage) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, "ready")
    await swept(garage, NOW)
    await say_still_here(garage, NOW)
    delivered = NOW + timedelta(days=2)
    async with garage.unit() as session:
        job_id = (await stay_of(garage, stay_id)).job_id
        await session.execute(
            update(Job)
            .where(Job.id == job_id)
            .values(status="delivered", status_changed_at=delivered)
        )
    await swept(garage, NOW + timedelta(days=31))
    assert (await stay_of(garage, stay_id)).left_at == delivered


Deed = Callable[[AsyncSession, Stay], Awaitable[object]]
BOOKED_OUT = date(2027, 5, 14)
LATER = ago(days=4)
"""After the book-out date, and before the night."""


async def comes_back(session: AsyncSession, stay: Stay) -> None:
    """From a test drive on which it left before its book-out date."""
    with frozen(ago(days=8)):
        await absences.leave_for_a_while(session, stay.job_id, 0, STAFF)
    await absences.come_back(session, stay.job_id, STAFF)


async def leaves_for_a_while(session: AsyncSession, stay: Stay) -> None:
    """It was there to leave."""
    await absences.leave_for_a_while(session, stay.job_id, 0, STAFF)


async def never_left_for_a_while(session: AsyncSession, stay: Stay) -> None:
    """The press was a mistake."""
    with frozen(ago(days=8)):
        absence = await absences.leave_for_a_while(session, stay.job_id, 0, STAFF)
    await absences.undo(session, stay.job_id, absence.id, STAFF)


async def is_checked_in(session: AsyncSession, stay: Stay) -> None:
    """Somebody counted its keys."""
    await check_ins.note(session, stay.job_id, {"keys": 2}, STAFF)


async def is_pressed_in_again(session: AsyncSession, stay: Stay) -> None:
    """By somebody who saw it and did not know that it was marked in."""
    await record_arrival(session, stay.job_id, STAFF)


async def clock_is_undone(session: AsyncSession, stay: Stay) -> None:
    """By whoever pressed it."""
    await mark_off_site(session, stay.job_id, STAFF)
    await undo_off_site(session, stay.id, stay.job_id, STAFF)


async def many_are_undone(session: AsyncSession, stay: Stay) -> None:
    """What was marked together is taken back together."""
    await mark_many_off_site(session, [stay.job_id], now(), STAFF)
    await several.undo_many_off_site(session, [stay.id], STAFF)


async def confirmed_is_undone(session: AsyncSession, stay: Stay) -> None:
    """What a person confirmed is taken back."""
    await end_stays(session, [Exit(stay.id, stay.job_id, now())], STAFF, "confirmed")
    await session.refresh(stay)
    await several.undo_many_off_site(session, [stay.id], STAFF)


async def is_polished(session: AsyncSession, stay: Stay) -> None:
    """A task of the workshop is finished."""
    await finish(session, stay, "polish")


async def is_pictured(session: AsyncSession, stay: Stay) -> None:
    """By staff, that day; the photo came to the job later."""
    photo = await a_photo(session, await jobs.by_id(session, stay.job_id), source="desk")
    photo.taken_at, photo.created_at = now(), NOW
    await session.flush()


async def finish(session: AsyncSession, stay: Stay, key: str) -> None:
    """A task of the job is done now."""
    tasks = {each.key: each for each in await jobs.tasks_of(session, stay.job_id)}
    await set_task_state(session, stay.job_id, tasks[key].id, "finished", STAFF)


@pytest.mark.parametrize(
    "deed",
    [
        comes_back,
        leaves_for_a_while,
        never_left_for_a_while,
        is_checked_in,
        is_pressed_in_again,
        clock_is_undone,
        many_are_undone,
        confirmed_is_undone,
        is_polished,
        is_pictured,
    ],
)
async def test_a_date_before_it_was_known_to_be_here_is_asked_about_and_never_written(
    garage: Garage, deed: Deed
) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, "ready", book_out_date=BOOKED_OUT)
    with frozen(LATER):
        async with garage.unit() as session:
            stay = await session.scalar(select(Stay).where(Stay.id == stay_id))
            assert stay is not None
            await deed(session, stay)
    assert (await swept(garage, NOW)).marked == []
    assert (await stay_of(garage, stay_id)).left_at is None
    assert await doubts(garage) == [(stay_id, "contradiction")]


async def reception_finishes(session: AsyncSession, stay: Stay) -> None:
    """At a desk, wherever the vehicle is."""
    await finish(session, stay, "parts_received")


async def customer_sends_a_photo(session: AsyncSession, stay: Stay) -> None:
    """Of the vehicle at home."""
    photo = await a_photo(session, await jobs.by_id(session, stay.job_id), source="portal")
    photo.taken_at = now()
    await session.flush()


async def old_photo_is_sent(session: AsyncSession, stay: Stay) -> None:
    """Staff took it before the book-out date and sent it after."""
    photo = await a_photo(session, await jobs.by_id(session, stay.job_id), source="desk")
    photo.taken_at = ago(days=9)
    await session.flush()


@pytest.mark.parametrize("deed", [reception_finishes, customer_sends_a_photo, old_photo_is_sent])
async def test_what_can_be_done_without_the_vehicle_says_nothing_about_where_it_is(
    garage: Garage, deed: Deed
) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, "ready", book_out_date=BOOKED_OUT)
    with frozen(LATER):
        async with garage.unit() as session:
            stay = await session.scalar(select(Stay).where(Stay.id == stay_id))
            assert stay is not None
            await deed(session, stay)
    await swept(garage, NOW)
    assert (await stay_of(garage, stay_id)).left_at == datetime(2027, 5, 14, 21, 59, tzinfo=UTC)


async def test_a_delivery_after_the_test_drive_is_evidence_again(garage: Garage) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, status_changed_at=LATER + timedelta(hours=1))
    with frozen(LATER):
        async with garage.unit() as session:
            await comes_back(session, await session.get_one(Stay, (garage.tenant.id, stay_id)))
    await swept(garage, NOW)
    assert (await stay_of(garage, stay_id)).left_at == LATER + timedelta(hours=1)


@pytest.mark.parametrize(
    "deed", [customer_sends_a_photo, is_checked_in, leaves_for_a_while, reception_finishes]
)
async def test_what_the_board_calls_activity_is_activity(garage: Garage, deed: Deed) -> None:
    async with garage.unit() as session:
        quiet, busy = [
            await forgotten(session, "in_progress", updated_at=ago(days=40)) for _ in range(2)
        ]
    with frozen(LATER):
        async with garage.unit() as session:
            stay = await session.get_one(Stay, (garage.tenant.id, busy))
            await deed(session, stay)
            await session.flush()
            await session.execute(
                update(Job).where(Job.id == stay.job_id).values(updated_at=ago(days=40))
            )
    await swept(garage, NOW)
    assert await doubts(garage) == [(quiet, "quiet")]
    await swept(garage, LATER + timedelta(days=30, seconds=1))
    assert sorted(await doubts(garage)) == sorted([(quiet, "quiet"), (busy, "quiet")])


async def test_a_departure_that_a_person_took_back_is_not_written_again(garage: Garage) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session)
    await swept(garage, NOW)
    with frozen(NOW + timedelta(days=5)):
        async with garage.unit() as session:
            job_id = (await stay_of(garage, stay_id)).job_id
            await undo_off_site(session, stay_id, job_id, STAFF)
    await swept(garage, NOW + timedelta(days=6))
    assert (await stay_of(garage, stay_id)).left_at is None
    assert await doubts(garage) == [(stay_id, "contradiction")]


async def test_a_person_can_correct_the_date_of_the_clean_up(garage: Garage) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session)
    await swept(garage, NOW)
    with frozen(NOW):
        async with garage.unit() as session:
            job_id = (await stay_of(garage, stay_id)).job_id
            await change_off_site_date(session, job_id, ago(days=9), STAFF)
    stay = await stay_of(garage, stay_id)
    assert (stay.left_at, stay.closed_by, stay.left_noted_by) == (
        ago(days=9),
        "correction",
        STAFF.name,
    )


async def test_a_doubt_goes_when_the_vehicle_does(garage: Garage) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, "ready")
    await swept(garage, NOW)
    with frozen(NOW):
        async with garage.unit() as session:
            await mark_off_site(session, (await stay_of(garage, stay_id)).job_id, STAFF)
    assert await doubts(garage) == []
    assert (await swept(garage, NOW + timedelta(days=100))).doubtful == []


async def test_a_sweep_touches_no_other_garage(garage: Garage, other_garage: Garage) -> None:
    async with other_garage.unit() as session:
        foreign = await forgotten(session)
    assert (await swept(garage, NOW)).marked == []
    assert (await stay_of(other_garage, foreign)).left_at is None


async def test_other_plugins_are_told_of_what_the_clean_up_did(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    async with garage.unit() as session:
        stay_id = await forgotten(session)
    await swept(garage, NOW)
    stay = await stay_of(garage, stay_id)
    told = [
        (arguments["job_id"], arguments["at"])
        for hook, slug, arguments in polite.calls
        if (hook, slug) == ("vehicle_left", garage.slug)
    ]
    assert told == [(stay.job_id, ago(days=10))]


@pytest.mark.parametrize("is_on", [True, False])
async def test_the_nightly_task_sweeps_only_where_the_plugin_is_on(
    garage: Garage, outbox: Outbox, is_on: bool
) -> None:
    house = garage.house
    async with garage.unit() as session:
        stay_id = await forgotten(session, status_changed_at=now() - timedelta(days=10))
        arrived = now() - timedelta(days=60)
        await session.execute(update(Stay).values(arrived_at=arrived))
    if not is_on:
        await garage.switch(NAME, on=False)
    redis = Redis.from_url(house.settings.redis_url)
    doors = Doors(house.worker_resources, outbox.effects, redis)
    ran = await run_scheduled(doors, garage.tenant.id, f"{NAME}.sweep", f"test:{stay_id}")
    await redis.aclose()
    assert ran == is_on
    assert ((await stay_of(garage, stay_id)).left_at is not None) == is_on
