"""A clean-up in parts: whatever stops it or comes in between, each vehicle leaves once."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text, update

from core.background import tasks
from core.background.fan_out import MOST_TRIES
from core.background.process import Doors
from core.background.tasks import NotAtItsEnd, run_scheduled
from core.clock import frozen, now
from core.errors import Refused
from core.workshop.audit.models import AuditEntry
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from plugins.vehicle_presence import repository
from plugins.vehicle_presence.cleanup import candidates, exits, sweep
from plugins.vehicle_presence.cleanup.models import CleanupRun
from plugins.vehicle_presence.cleanup.pace import FEWEST, Paces
from plugins.vehicle_presence.models import Doubt, Stay
from plugins.vehicle_presence.services import NAME, mark_off_site
from tests.factories import a_photo
from tests.garages import STAFF, Garage
from tests.hooks.listening import heard
from tests.outside_plugins import polite
from tests.outside_plugins.polite.models import Note
from tests.statements import counted
from tests.sweeping import (
    ARRIVED,
    NOW,
    ago,
    doubts,
    forgotten,
    left_once,
    many_forgotten,
    night,
    stay_of,
    swept,
)

TASK = f"{NAME}.sweep"
BRUSSELS = ZoneInfo("Europe/Brussels")

pytestmark = pytest.mark.usefixtures("acting")


@pytest.fixture(autouse=True)
def _parts_of_one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts are counted here; how their size follows the time they take is in `test_pace.py`."""
    monkeypatch.setattr(Paces, "size", lambda _paces, _tenant_id: FEWEST)


async def test_a_night_goes_on_in_parts_until_nothing_is_left(garage: Garage) -> None:
    job_ids = await many_forgotten(garage, 2 * FEWEST + 10)
    assert await night(garage) == 4  # three with vehicles, one that finds none
    assert await left_once(garage, job_ids)


async def test_a_second_run_of_the_same_night_does_nothing(garage: Garage) -> None:
    job_ids = await many_forgotten(garage, 5)
    await night(garage)
    assert await night(garage, NOW + timedelta(hours=1)) == 1
    assert await left_once(garage, job_ids)
    async with garage.unit() as session:
        assert await session.scalar(select(func.count()).select_from(CleanupRun)) == 1


async def test_two_workers_at_one_night_share_it(garage: Garage) -> None:
    job_ids = await many_forgotten(garage, 3 * FEWEST)
    parts = await asyncio.gather(night(garage), night(garage), night(garage))
    assert sum(parts) >= 4
    assert await left_once(garage, job_ids)


async def test_a_part_that_fails_leaves_nothing_behind_and_is_done_again(garage: Garage) -> None:
    job_ids = await many_forgotten(garage, FEWEST + 20)
    with frozen(NOW):
        async with garage.unit() as session:
            await sweep.sweep_tonight(session)
        with pytest.raises(ConnectionError):
            await _stopped_before_its_end(garage)
    async with garage.unit() as session:
        assert await repository.count_on_site(session) == 20
    await night(garage)
    assert await left_once(garage, job_ids)


async def _stopped_before_its_end(garage: Garage) -> None:
    async with garage.unit() as session:
        await sweep.sweep_tonight(session)
        raise ConnectionError


async def test_a_vehicle_that_somebody_is_working_on_is_not_lost(garage: Garage) -> None:
    job_ids = await many_forgotten(garage, 5)
    held = asyncio.Event()
    release = asyncio.Event()

    async def hold() -> None:
        async with garage.unit() as session:
            await repository.latest_stay(session, job_ids[2], lock=True)
            held.set()
            await release.wait()

    holding = asyncio.create_task(hold())
    await held.wait()
    with frozen(NOW):
        async with garage.unit() as session:
            await sweep.sweep_tonight(session)
        async with garage.unit() as session:
            assert await repository.count_on_site(session) == 1
            again = await sweep.sweep_tonight(session)
    assert again is not None
    assert again.pause_seconds == sweep.ROUND_PAUSE_SECONDS
    release.set()
    await holding
    await night(garage)
    assert await left_once(garage, job_ids)


async def test_a_vehicle_that_is_held_all_night_is_left_for_the_next(garage: Garage) -> None:
    (job_id,) = await many_forgotten(garage, 1)
    async with garage.unit() as session:
        await repository.latest_stay(session, job_id, lock=True)
        parts = await night(garage)
    assert parts == 2 * (sweep.MOST_ROUNDS + 1)
    await night(garage, NOW + timedelta(days=1))
    assert await left_once(garage, [job_id])


async def test_a_job_that_changed_after_it_was_judged_is_judged_again(garage: Garage) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session)
        judged = await candidates.batch(session, None, 10)
        await session.execute(update(Job).values(status="in_progress", updated_at=func.now()))
        locked, again = await candidates.lock_unchanged(session, judged)
    assert (locked, again) == (set(), 1)
    await night(garage)
    assert (await stay_of(garage, stay_id)).left_at is None


async def test_a_vehicle_that_something_happened_to_after_it_was_judged_is_judged_again(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session)
        judged = await candidates.batch(session, None, 10)
        job = await jobs.by_id(session, judged[0].job_id)
        photo = await a_photo(session, job, source="desk")
        photo.taken_at, photo.created_at = ago(days=1), ago(days=1)
        await session.flush()
        locked, again = await candidates.lock_unchanged(session, judged)
    assert (locked, again) == (set(), 1)
    await night(garage)
    assert await doubts(garage) == [(stay_id, "contradiction")]


async def test_the_log_keeps_what_was_there_before(garage: Garage) -> None:
    async with garage.unit() as session:
        await forgotten(session)
    await night(garage)
    async with garage.unit() as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "presence.left"))
    assert entry is not None
    assert entry.details["before"] == {
        "left_at": None,
        "closed_by": None,
        "evidence": {},
        "seen_at": None,
    }


async def test_other_plugins_hear_of_each_departure_and_each_question_once(
    garage: Garage,
) -> None:
    await garage.switch("polite", on=True)
    async with garage.unit() as session:
        leaving, asking = await forgotten(session), await forgotten(session, "ready")
    for days in range(3):
        await night(garage, NOW + timedelta(days=days))
    left, asked = heard(garage, "vehicle_left"), heard(garage, "vehicle_forgotten")
    assert [each["job_id"] for each in left] == [(await stay_of(garage, leaving)).job_id]
    assert [(each["job_id"], each["since"]) for each in asked] == [
        ((await stay_of(garage, asking)).job_id, ARRIVED)
    ]


async def test_other_plugins_hear_of_a_whole_batch_at_once(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    leaving = await many_forgotten(garage, 3)
    asking = await many_forgotten(garage, 2, status="ready")
    await night(garage)
    (left,), (asked,) = heard(garage, "vehicles_left"), heard(garage, "vehicles_forgotten")
    arrived = NOW - timedelta(days=60)
    assert {(each.job_id, each.at) for each in left["vehicles"]} == {
        (job_id, ago(days=10)) for job_id in leaving
    }
    assert {(each.job_id, each.at) for each in asked["vehicles"]} == {
        (job_id, arrived) for job_id in asking
    }
    assert len(heard(garage, "vehicle_left")) == 3
    async with garage.unit() as session:
        (run,) = await session.scalars(select(CleanupRun))
        await exits.take_back_night(session, run, STAFF)
    (undone,) = heard(garage, "vehicle_departures_undone")
    assert {(each.job_id, each.at) for each in undone["vehicles"]} == {
        (job_id, ago(days=10)) for job_id in leaving
    }


async def test_a_vehicle_that_another_plugin_does_not_let_leave_is_asked_about_alone(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await garage.switch("polite", on=True)
    job_ids = await many_forgotten(garage, 11)
    kept = {job_ids[2], job_ids[7]}
    monkeypatch.setattr(polite, "keys_here", kept)
    assert await night(garage) == 2
    asked = {(await stay_of(garage, stay_id)).job_id: why for stay_id, why in await doubts(garage)}
    assert asked == dict.fromkeys(kept, "refused")
    gone = [each for each in job_ids if each not in kept]
    async with garage.unit() as session:
        (run,) = await session.scalars(select(CleanupRun))
        notes = await session.scalars(select(Note.text).where(Note.text.startswith("left:")))
        assert sorted(notes) == sorted(f"left:{each}" for each in gone)
    assert (run.marked, run.asked) == (9, 2)
    monkeypatch.setattr(polite, "keys_here", set())
    await night(garage, NOW + timedelta(days=1))
    assert await doubts(garage) == []
    assert await left_once(garage, job_ids)


async def test_a_person_reads_why_another_plugin_does_not_let_a_vehicle_leave(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await garage.switch("polite", on=True)
    (job_id,) = await many_forgotten(garage, 1, at=now())
    monkeypatch.setattr(polite, "keys_here", {job_id})
    with pytest.raises(Refused, match="keys"):
        async with garage.unit() as session:
            await mark_off_site(session, job_id, STAFF)
    async with garage.unit() as session:
        assert await repository.count_on_site(session) == 1


async def test_what_a_batch_costs_depends_neither_on_its_size_nor_on_history(
    garage: Garage,
) -> None:
    async def statements_of_a_part() -> int:
        with counted(garage.house) as sent, frozen(NOW):
            async with garage.unit() as session:
                await sweep.sweep_tonight(session)
        return len(sent)

    await many_forgotten(garage, 2)
    few = await statements_of_a_part()
    await many_forgotten(garage, 60)
    async with garage.unit() as session:
        await session.execute(text("delete from vehicle_presence_cleanup_runs"))
    many = await statements_of_a_part()
    assert few == many <= 22  # six of them for absences and the VAT book, two for a savepoint


async def test_a_night_that_takes_long_is_handed_on(
    garage: Garage, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "PART_SECONDS", 0)
    job_ids = await many_forgotten(garage, 4 * FEWEST, at=now())
    messages = 0
    while True:
        messages += 1
        try:
            assert await run_scheduled(doors, garage.tenant.id, TASK, garage.slug)
            break
        except NotAtItsEnd:
            continue
    assert messages == 5 > MOST_TRIES  # none was a lost one
    assert await left_once(garage, job_ids)


async def test_a_garage_whose_plugin_is_switched_off_in_the_night_is_left_alone_from_then_on(
    garage: Garage, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "PART_SECONDS", 0)
    await many_forgotten(garage, 2 * FEWEST, at=now())
    with pytest.raises(NotAtItsEnd):
        await run_scheduled(doors, garage.tenant.id, TASK, garage.slug)
    await garage.switch(NAME, on=False)
    assert await run_scheduled(doors, garage.tenant.id, TASK, garage.slug) is False
    async with garage.unit() as session:
        assert await repository.count_on_site(session) == FEWEST


async def test_a_run_that_never_ends_is_given_up(
    garage: Garage, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "PART_SECONDS", 0)
    monkeypatch.setattr("core.background.fan_out.MOST_PARTS", 1)
    await many_forgotten(garage, 2 * FEWEST, at=now())
    with pytest.raises(NotAtItsEnd):
        await run_scheduled(doors, garage.tenant.id, TASK, garage.slug)
    with pytest.raises(RuntimeError, match="does not come to its end"):
        await run_scheduled(doors, garage.tenant.id, TASK, garage.slug)


@pytest.mark.parametrize(
    ("book_out", "at_night", "leaves"),
    [
        # three days and no less: the book-out date is a day of the garage's calendar
        (date(2026, 11, 20), "2026-11-24T04:00", True),
        (date(2026, 11, 21), "2026-11-24T04:00", False),
        (date(2026, 11, 21), "2026-11-25T00:01", True),  # just after midnight
        (date(2026, 11, 21), "2026-11-24T23:59", False),
        (date(2026, 3, 25), "2026-03-29T04:00", True),  # a night of 23 hours
        (date(2026, 3, 26), "2026-03-29T04:00", False),
        (date(2026, 10, 21), "2026-10-25T04:00", True),  # a night of 25 hours
        (date(2026, 10, 22), "2026-10-25T04:00", False),
        (date(2026, 2, 26), "2026-03-02T04:00", True),  # over the end of a month
        (date(2026, 12, 31), "2027-01-04T04:00", True),  # over the end of a year
        (date(2026, 12, 31), "2027-01-03T23:59", False),
    ],
)
async def test_days_are_those_of_the_garages_calendar(
    garage: Garage, book_out: date, at_night: str, *, leaves: bool
) -> None:
    moment = datetime.fromisoformat(at_night).replace(tzinfo=BRUSSELS).astimezone(UTC)
    async with garage.unit() as session:
        stay_id = await forgotten(
            session,
            "ready",
            book_out_date=book_out,
            status_changed_at=moment - timedelta(days=1),
            updated_at=moment - timedelta(days=1),
        )
        await session.execute(update(Stay).values(arrived_at=moment - timedelta(days=90)))
    await night(garage, moment)
    left_at = (await stay_of(garage, stay_id)).left_at
    assert (left_at is not None) == leaves
    if left_at is not None:
        local = left_at.astimezone(BRUSSELS)
        assert (local.date(), local.hour, local.minute) == (book_out, 23, 59)


async def test_a_night_across_midnight_is_one_night(garage: Garage) -> None:
    await many_forgotten(garage, 2 * FEWEST)
    before = datetime(2027, 5, 20, 23, 59, 50, tzinfo=BRUSSELS)
    with frozen(before):
        async with garage.unit() as session:
            await sweep.sweep_tonight(session)
    await night(garage, before + timedelta(seconds=20))
    async with garage.unit() as session:
        assert await repository.count_on_site(session) == 0
        (run,) = await session.scalars(select(CleanupRun))
    assert (run.night, run.marked) == (date(2027, 5, 20), 2 * FEWEST)


async def test_a_night_that_broke_off_for_good_does_not_take_the_next_ones_place(
    garage: Garage,
) -> None:
    job_ids = await many_forgotten(garage, 2 * FEWEST)
    with frozen(NOW):
        async with garage.unit() as session:
            await sweep.sweep_tonight(session)
    await night(garage, NOW + timedelta(days=1))
    assert await left_once(garage, job_ids)


async def test_a_run_that_broke_off_ended_with_its_last_exit_and_that_alone_is_taken_back(
    garage: Garage,
) -> None:
    await many_forgotten(garage, FEWEST + 3)
    with frozen(NOW):
        async with garage.unit() as session:
            await sweep.sweep_tonight(session)
            (broken,) = await session.scalars(select(CleanupRun))
            assert broken.until == NOW + sweep.LONGEST_NIGHT
    await swept(garage, NOW + timedelta(hours=9))  # by hand, before anybody saw that it broke off
    await many_forgotten(garage, 2)
    await night(garage, NOW + timedelta(days=1))
    page = await (await garage.staff("planner")).open("/desk/on-site/clean-up")
    assert "broke off before its end" in page.text
    async with garage.unit() as session:
        runs = list(await session.scalars(select(CleanupRun).order_by(CleanupRun.began_at)))
        assert [(each.broke_off, each.marked) for each in runs] == [
            (True, FEWEST),
            (False, 3),
            (False, 2),
        ]
        assert runs[0].ended_at == NOW
        assert (await exits.take_back_night(session, runs[0], STAFF))[0] == FEWEST


async def test_a_question_about_a_vehicle_that_left_is_forgotten(garage: Garage) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, "ready")
    await night(garage)
    assert await doubts(garage) == [(stay_id, "ready")]
    async with garage.unit() as session:
        await session.execute(
            update(Stay).values(left_at=ago(days=1), closed_by="clock", left_noted_at=NOW)
        )
    await night(garage, NOW + timedelta(days=1))
    async with garage.unit() as session:
        assert list(await session.scalars(select(Doubt))) == []
