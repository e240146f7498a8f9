"""From one tick of beat to one task per garage."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.background.fan_out import (
    DAY_SECONDS,
    GARAGES_PER_SECOND,
    GIVE_AGAIN_SECONDS,
    LONGEST_SPREAD_SECONDS,
    MOST_TRIES,
    Due,
    due_tasks,
    garages_with_outbox_work,
    slot_of,
)
from core.background.outbox import deliver
from core.background.process import Doors
from core.background.tasks import run_scheduled
from core.clock import frozen, now
from core.hooks.contributions import ScheduledTask
from core.hooks.manager import HookManager
from core.tenancy.context import TenantContext
from core.workshop.notifications.services import enqueue
from core.workshop.uploads.models import Upload
from core.workshop.uploads.services import LIFE, begin_upload
from tenants.lifecycle import close_garage, reopen_garage
from tests.garages import SUPPORT, Garage
from tests.hooks.plugins import a_plugin
from tests.outside_plugins.polite.models import Note

BRUSSELS = ZoneInfo("Europe/Brussels")
GARAGE = TenantContext(id=uuid4(), slug="here", name="Here", languages=("nl",))


async def nothing(_session: AsyncSession) -> None:
    """A task that does nothing."""


def nightly(hour: int) -> ScheduledTask:
    """Once a day at that hour of the garage's clock."""
    return ScheduledTask("trial.nightly", nothing, local_hour=hour)


def local(text: str, *, fold: int = 0) -> datetime:
    """A moment as the clock in Brussels shows it; `fold=1` is the second of a doubled hour."""
    return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("hour", "moment", "slot"),
    [
        (4, "2026-11-24T03:59:59", None),
        (4, "2026-11-24T04:00:00", "2026-11-24"),
        (4, "2026-11-24T06:59:59", "2026-11-24"),
        (4, "2026-11-24T07:00:00", None),
        (0, "2026-11-24T00:00:00", "2026-11-24"),
        (0, "2026-11-23T23:59:59", None),
        (23, "2026-11-24T23:30:00", "2026-11-24"),
        (23, "2026-11-25T01:59:59", "2026-11-24"),
        (23, "2026-11-25T02:00:00", None),
        (22, "2026-12-31T22:00:00", "2026-12-31"),
        (22, "2027-01-01T00:30:00", "2026-12-31"),
    ],
)
def test_a_nightly_task_belongs_to_the_hours_after_its_own(
    hour: int, moment: str, slot: str | None
) -> None:
    assert slot_of(nightly(hour), GARAGE, local(moment)) == slot


def test_a_nightly_task_follows_the_garages_own_clock() -> None:
    elsewhere = replace(GARAGE, timezone="Europe/Lisbon")
    moment = local("2026-11-24T04:30:00")
    assert slot_of(nightly(4), GARAGE, moment) == "2026-11-24"
    assert slot_of(nightly(4), elsewhere, moment) is None
    assert slot_of(nightly(3), elsewhere, moment) == "2026-11-24"


def test_the_hour_of_a_nightly_task_may_be_the_garages_own() -> None:
    task = ScheduledTask("trial.own", nothing, local_hour=lambda tenant: len(tenant.slug))
    assert slot_of(task, GARAGE, local("2026-11-24T03:59:59")) is None
    assert slot_of(task, GARAGE, local("2026-11-24T04:00:00")) == "2026-11-24"
    longer = replace(GARAGE, slug="elsewhere")
    assert slot_of(task, longer, local("2026-11-24T08:59:59")) is None
    assert slot_of(task, longer, local("2026-11-24T09:00:00")) == "2026-11-24"


def slots_of_a_night(hour: int, evening: str) -> list[str]:
    """The slots that a task gets in the 24 hours from an evening on, looked at each minute."""
    begins = local(evening)
    moments = (begins + timedelta(minutes=minute) for minute in range(24 * 60))
    return list(dict.fromkeys(filter(None, (slot_of(nightly(hour), GARAGE, m) for m in moments))))


@pytest.mark.parametrize("hour", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("evening", "day"),
    [
        ("2026-03-28T12:00:00", "2026-03-29"),  # 02:00 does not exist in the night after
        ("2026-10-24T12:00:00", "2026-10-25"),  # 02:00 comes twice in the night after
        ("2026-11-23T12:00:00", "2026-11-24"),
    ],
)
def test_every_night_has_exactly_one_slot_when_the_clocks_change_too(
    hour: int, evening: str, day: str
) -> None:
    assert slots_of_a_night(hour, evening) == [day]


def test_the_doubled_hour_is_one_slot() -> None:
    first, second = local("2026-10-25T02:30:00"), local("2026-10-25T02:30:00", fold=1)
    assert second - first == timedelta(hours=1)
    assert slot_of(nightly(2), GARAGE, first) == slot_of(nightly(2), GARAGE, second) is not None


def test_the_slots_of_other_tasks_are_as_long_as_the_distance_between_two_runs() -> None:
    task = ScheduledTask("trial.often", nothing, every_seconds=600)
    begins = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    slots = [slot_of(task, GARAGE, begins + timedelta(minutes=minute)) for minute in range(30)]
    assert [slots.count(slot) for slot in dict.fromkeys(slots)] == [10, 10, 10]


def ours(due: Iterable[Due], garage: Garage, task: str = "polite.tick") -> list[str]:
    """The slots of a garage's task among what is due."""
    return [each.slot for each in due if (each.tenant_id, each.task) == (garage.tenant.id, task)]


@pytest.fixture
async def ticking(garage: Garage) -> AsyncIterator[Garage]:
    """A garage with tasks, at a time that stands still."""
    await garage.switch("polite", on=True)
    with frozen(local("2026-11-24T03:30:00")):
        yield garage


async def test_a_slot_is_given_out_once(ticking: Garage, doors: Doors) -> None:
    assert len(ours(await due_tasks(doors), ticking)) == 1
    assert ours(await due_tasks(doors), ticking) == []


async def test_two_beats_at_once_give_a_slot_out_once(ticking: Garage, doors: Doors) -> None:
    due = await asyncio.gather(*(due_tasks(doors) for _ in range(4)))
    assert len([slot for each in due for slot in ours(each, ticking)]) == 1
    nights = [ours(each, ticking, "polite.nightly") for each in due]
    assert sorted(nights) == [[], [], [], ["2026-11-24"]]


async def test_the_next_slot_is_given_out_in_its_turn(ticking: Garage, doors: Doors) -> None:
    first = ours(await due_tasks(doors), ticking)
    with frozen(now() + timedelta(seconds=60)):
        second = ours(await due_tasks(doors), ticking)
    assert int(second[0]) == int(first[0]) + 1


async def test_a_task_at_midnight_is_remembered_as_long_as_it_could_be_asked_for_again(
    garage: Garage, doors: Doors
) -> None:
    tasks = [nightly(0), ScheduledTask("trial.weekly", nothing, every_seconds=7 * DAY_SECONDS)]
    hooks = HookManager([a_plugin("vehicle_presence", _offering(tasks))])
    doors = replace(doors, resources=replace(doors.resources, hooks=hooks))
    with frozen(local("2026-11-24T00:10:00")):
        for due in await due_tasks(doors):
            if due.tenant_id == garage.tenant.id:
                await run_scheduled(doors, due.tenant_id, due.task, due.key)
                left = await doors.redis.ttl(f"{due.key}:done")
                assert left > (7 if due.task == "trial.weekly" else 1) * DAY_SECONDS


async def test_what_was_given_out_and_never_done_is_given_out_again_while_it_lasts(
    ticking: Garage, doors: Doors
) -> None:
    lost = next(each for each in await due_tasks(doors) if _is_night_of(each, ticking))
    assert 0 < await doors.redis.ttl(f"{lost.key}:given") <= GIVE_AGAIN_SECONDS
    await doors.redis.delete(f"{lost.key}:given")  # as if that time were over
    (again,) = [each for each in await due_tasks(doors) if _is_night_of(each, ticking)]
    assert again.key == lost.key
    assert await run_scheduled(doors, again.tenant_id, again.task, again.key) is True
    await doors.redis.delete(f"{lost.key}:given")
    assert not [each for each in await due_tasks(doors) if _is_night_of(each, ticking)]


def _is_night_of(due: Due, garage: Garage) -> bool:
    return (due.tenant_id, due.task) == (garage.tenant.id, "polite.nightly")


async def test_garages_come_staggered_and_nobody_waits_too_long(
    ticking: Garage, doors: Doors
) -> None:
    positions = await doors.resources.directory.open_ids()
    due = next(each for each in await due_tasks(doors) if each.tenant_id == ticking.tenant.id)
    place = positions.index(ticking.tenant.id)
    assert due.delay_seconds == min(place / GARAGES_PER_SECOND, LONGEST_SPREAD_SECONDS)


async def test_a_task_that_was_done_is_not_done_again(ticking: Garage, doors: Doors) -> None:
    runs = [
        await run_scheduled(doors, ticking.tenant.id, "polite.tick", ticking.slug) for _ in range(3)
    ]
    assert runs == [True, False, False]
    assert await _ticks(ticking) == 1


async def test_a_task_of_a_plugin_that_was_switched_off_meanwhile_is_not_run(
    ticking: Garage, doors: Doors
) -> None:
    await ticking.switch("polite", on=False)
    assert await run_scheduled(doors, ticking.tenant.id, "polite.tick", ticking.slug) is False
    assert await _ticks(ticking) == 0


async def test_a_task_of_a_garage_that_was_closed_meanwhile_is_not_run(
    ticking: Garage, doors: Doors
) -> None:
    house = ticking.house
    await close_garage(house.database, house.directory, ticking.slug, SUPPORT, reason="x")
    assert await run_scheduled(doors, ticking.tenant.id, "polite.tick", ticking.slug) is False
    assert ours(await due_tasks(doors), ticking) == []


async def test_a_task_that_no_plugin_knows_is_not_run(ticking: Garage, doors: Doors) -> None:
    assert await run_scheduled(doors, ticking.tenant.id, "polite.gone", ticking.slug) is False


async def test_one_that_always_fails_is_given_up(garage: Garage, doors: Doors) -> None:
    tried = []

    async def fails(_session: AsyncSession) -> None:
        tried.append(1)
        raise RuntimeError("out of order")

    hooks = HookManager(
        [a_plugin("vehicle_presence", _offering([ScheduledTask("trial.bad", fails)]))]
    )
    doors = replace(doors, resources=replace(doors.resources, hooks=hooks))
    for _ in range(MOST_TRIES):
        with pytest.raises(RuntimeError):
            await run_scheduled(doors, garage.tenant.id, "trial.bad", f"bad:{garage.slug}")
    assert await run_scheduled(doors, garage.tenant.id, "trial.bad", f"bad:{garage.slug}") is False
    assert len(tried) == MOST_TRIES


async def test_garages_with_something_due_are_found_and_no_others(
    garage: Garage, other_garage: Garage, doors: Doors
) -> None:
    for each in (garage, other_garage):
        await deliver(doors.resources, doors.effects, each.tenant.id)
    async with garage.unit() as session:
        await enqueue(session, "polite.hello", {"what": "x"}, key="due")
    async with other_garage.unit() as session:
        later = now() + timedelta(hours=1)
        await enqueue(session, "polite.hello", {"what": "x"}, key="later", due_at=later)
    found = await garages_with_outbox_work(doors.resources)
    assert garage.tenant.id in found
    assert other_garage.tenant.id not in found


async def test_core_tidies_up_in_a_garage_without_any_plugin(garage: Garage, doors: Doors) -> None:
    for plugin in garage.tenant.active_plugins:
        await garage.switch(plugin, on=False)
    async with garage.unit() as session:
        await begin_upload(session, "somebody", 100, {}, most_bytes=1000)
    with frozen(local("2026-11-24T04:30:00")):
        due = [each.task for each in await due_tasks(doors) if each.tenant_id == garage.tenant.id]
    assert sorted(due) == ["core.forget_uploads", "core.remove_orphans"]
    with frozen(now() + 2 * LIFE):
        for name in due:
            assert await run_scheduled(doors, garage.tenant.id, name, f"{name}:{garage.slug}")
    async with garage.unit() as session:
        assert await session.scalar(select(func.count()).select_from(Upload)) == 0


async def test_the_outbox_of_a_closed_garage_is_asked_for_by_nobody_until_it_is_open_again(
    garage: Garage, doors: Doors
) -> None:
    directory, database = garage.house.directory, garage.house.database
    async with garage.unit() as session:
        await enqueue(session, "polite.hello", {"what": "x"}, key="due")
    found = []
    for verb in (close_garage, reopen_garage):
        await verb(database, directory, garage.slug, SUPPORT, reason="holidays")
        found.append(garage.tenant.id in await garages_with_outbox_work(doors.resources))
    assert found == [False, True]


def _offering(tasks: list[ScheduledTask]) -> Callable[[], list[ScheduledTask]]:
    def scheduled_tasks() -> list[ScheduledTask]:
        return tasks

    return scheduled_tasks


async def _ticks(garage: Garage) -> int:
    async with garage.unit() as session:
        notes = await session.scalars(select(Note).where(Note.text == "tick"))
        return len(list(notes))
