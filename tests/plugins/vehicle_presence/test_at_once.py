"""People who change the same vehicles at the same moment wait for each other, in one order."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.clock import frozen, now
from core.errors import NotFound
from plugins.vehicle_presence import arrivals, services, several
from plugins.vehicle_presence.cleanup.services import confirm
from plugins.vehicle_presence.errors import ArrivedDuringOtherStay
from plugins.vehicle_presence.models import Doubt, Stay
from plugins.vehicle_presence.vat_book.errors import OtherVisitThen
from plugins.vehicle_presence.vat_book.models import VatLine
from plugins.vehicle_presence.vat_book.settling import Correction, correct
from tests.factories import a_job, a_plate
from tests.garages import STAFF, Garage
from tests.plugins.vehicle_presence.vat_book.reading import sound
from tests.waiting import until_locked_out

Verb = Callable[[AsyncSession], Awaitable[Any]]


async def two_inside(garage: Garage) -> list[Stay]:
    """Two stays, of which the first is for the job that was opened last."""
    async with garage.unit() as session:
        older, newer = [await a_job(session, plate=a_plate()) for _ in range(2)]
        return [
            await services.record_arrival(session, job.id, STAFF, at=now())
            for job in (newer, older)
        ]


async def while_held(
    garage: Garage, superuser: AsyncEngine, held: str, values: dict[str, object], *verbs: Verb
) -> list[Any]:
    """Begin these verbs one after the other, each once the one before waits for something, while
    somebody holds what `held` locks; then let go. What each returned, or raised."""

    async def work(verb: Verb) -> Any:
        async with garage.unit() as session:
            return await verb(session)

    working = []
    async with garage.unit() as session:
        await session.execute(text(held), values)
        for number, verb in enumerate(verbs, 1):
            working.append(asyncio.create_task(work(verb)))
            await until_locked_out(superuser, number)
    return await asyncio.gather(*working, return_exceptions=True)


async def test_undoing_several_departures_and_changing_the_time_of_one_do_not_block_each_other(
    garage: Garage, superuser: AsyncEngine
) -> None:
    stays = await two_inside(garage)
    async with garage.unit() as session:
        jobs = [stay.job_id for stay in stays]
        left = await services.mark_many_off_site(session, jobs, now(), STAFF)
    last = max(left, key=lambda stay: stay.id)
    undone, changed = await while_held(
        garage,
        superuser,
        "select from vehicle_presence_vat_books for update",
        {},
        lambda session: several.undo_many_off_site(session, [each.id for each in left], STAFF),
        lambda session: services.change_off_site_date(session, last.job_id, now(), STAFF),
    )
    assert undone == several.TakenBack(done=2)
    assert isinstance(changed, NotFound)
    await sound(garage)


async def test_the_boards_bulk_and_confirming_what_is_proposed_do_not_block_each_other(
    garage: Garage, superuser: AsyncEngine
) -> None:
    first, last = await two_inside(garage)
    async with garage.unit() as session:
        session.add_all(
            Doubt(stay_id=each.id, reason="ready", evidence={}) for each in (first, last)
        )
    async with garage.unit() as session:
        doubts = list(await session.scalars(select(Doubt.id)))
    confirmed, marked = await while_held(
        garage,
        superuser,
        "select from vehicle_presence_stays where id = :id for update",
        {"id": first.id},
        lambda session: confirm(session, dict.fromkeys(doubts, now()), STAFF),
        lambda session: services.mark_many_off_site(
            session, [first.job_id, last.job_id], now(), STAFF
        ),
    )
    assert len(confirmed.exits) == 2
    assert marked == []
    await sound(garage)


@pytest.mark.parametrize("way", ["arrival", "register"])
async def test_two_visits_of_one_vehicle_whose_times_are_changed_at_once_do_not_overlap(
    garage: Garage, superuser: AsyncEngine, way: str
) -> None:
    day = timedelta(days=1)
    noon = (now() - 9 * day).replace(hour=12)
    async with garage.unit() as session:
        facts = {"vin": "WVWZZZ1KZAW000123"}
        first, second = [await a_job(session, plate="1-TWO-345", vehicle=facts) for _ in range(2)]
        stays = []
        for job, came in ((first, noon), (second, noon + 6 * day)):
            with frozen(came):
                stays.append(await services.record_arrival(session, job.id, STAFF))
            with frozen(came + day):
                await services.mark_off_site(session, job.id, STAFF)
        row = await session.scalar(select(VatLine).where(VatLine.stay_id == stays[1].id))
    assert row is not None

    async def earlier(session: AsyncSession) -> object:
        at = noon + 3 * day
        if way == "arrival":
            return await arrivals.change_arrival(session, second.id, at, STAFF, reason="late")
        right = Correction(at.date(), row.plate or "", row.vin or "", "", None)
        return await correct(session, row.id, right, "late", STAFF)

    moved, refused = await while_held(
        garage,
        superuser,
        "select from vehicle_presence_vat_books for update",
        {},
        lambda session: services.change_off_site_date(
            session, first.id, noon + 4 * day, STAFF, reason="late"
        ),
        earlier,
    )
    assert moved.left_at == noon + 4 * day
    wanted = ArrivedDuringOtherStay if way == "arrival" else OtherVisitThen
    assert isinstance(refused, wanted)
    await sound(garage)
