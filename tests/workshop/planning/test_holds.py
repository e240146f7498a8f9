"""Keeping a slot for somebody who is still filling in a form."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.workshop.audit.services import CUSTOMER
from core.workshop.locations import repository as locations
from core.workshop.planning import holds
from core.workshop.planning.models import SlotHold
from core.workshop.planning.services import SlotAlreadyTaken, book, free_days, move
from tests.factories import a_job, a_plate, an_appointment, first_slot, free_slots
from tests.garages import STAFF, Garage

ANN, BEN = "draft:ann", "draft:ben"


async def hold(
    session: AsyncSession,
    owner: str,
    at: datetime,
    *,
    kind: str = "estimate",
    visitor: str | None = None,
) -> SlotHold:
    location = await locations.first(session)
    return await holds.hold(session, location, kind, at, owner=owner, visitor=visitor or owner)


async def offered_to(session: AsyncSession, owner: str) -> list[datetime]:
    location = await locations.first(session)
    days = await free_days(session, location, "estimate", holder=holds.hash_of(owner))
    return [slot.starts_at for day in days for slot in day.slots]


async def holds_in(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(SlotHold)) or 0


async def test_what_is_held_is_free_for_its_owner_alone(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = await first_slot(session)
        await hold(session, ANN, slot)
        assert slot in await offered_to(session, ANN)
        assert slot not in await offered_to(session, BEN)
        assert slot not in await free_slots(session)


async def test_a_held_slot_cannot_be_held_by_somebody_else(garage: Garage) -> None:
    async with garage.unit() as session:
        first, second, *_ = await free_slots(session)
        await hold(session, ANN, first)
        await hold(session, BEN, second)
        with pytest.raises(SlotAlreadyTaken) as refused:
            await hold(session, BEN, first)
        kept = await holds.kept_until(session, "estimate", BEN, second)
    assert refused.value.alternatives[0].starts_at == second
    assert kept is not None


async def test_nobody_else_can_book_or_move_to_it(garage: Garage) -> None:
    async with garage.unit() as session:
        slot, other, *_ = await free_slots(session)
        await hold(session, ANN, slot)
        theirs, _ = await an_appointment(session, await a_job(session), at=other)
        job = await a_job(session, plate=a_plate())
        for take in (
            lambda: book(session, job.id, "estimate", slot, CUSTOMER),
            lambda: book(session, job.id, "estimate", slot, CUSTOMER, holder=holds.hash_of(BEN)),
            lambda: move(session, theirs, slot, STAFF),
        ):
            with pytest.raises(SlotAlreadyTaken):
                await take()


async def test_its_owner_books_it_and_then_nothing_is_held(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = await first_slot(session)
        await hold(session, ANN, slot)
        job = await a_job(session)
        booked, _ = await book(
            session, job.id, "estimate", slot, CUSTOMER, holder=holds.hash_of(ANN)
        )
        assert (booked.starts_at, booked.lane, await holds_in(session)) == (slot, 1, 0)


async def test_a_hold_ends_by_itself_after_ten_minutes(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = (await free_slots(session))[-1]
        held = await hold(session, ANN, slot)
        with frozen(held.expires_at - timedelta(seconds=1)):
            assert slot not in await free_slots(session)
        with frozen(held.expires_at):
            assert slot in await free_slots(session)
            assert await holds.renew(session, "estimate", ANN) is None
    assert timedelta(minutes=9) < held.expires_at - now() <= timedelta(minutes=10)


async def test_what_has_expired_can_be_held_by_somebody_else(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = (await free_slots(session))[-1]
        held = await hold(session, ANN, slot)
        with frozen(held.expires_at):
            await hold(session, BEN, slot)
            with pytest.raises(SlotAlreadyTaken):
                await hold(session, ANN, slot)


async def test_it_is_renewed_for_half_an_hour_in_all(garage: Garage) -> None:
    async with garage.unit() as session:
        held = await hold(session, ANN, (await free_slots(session))[-1])
        since = held.held_since
        for minutes, until in ((8, 18), (16, 26), (25, 30), (29, 30)):
            with frozen(since + timedelta(minutes=minutes)):
                renewed = await holds.renew(session, "estimate", ANN)
            assert renewed is not None
            assert renewed.expires_at == since + timedelta(minutes=until)
        with frozen(since + timedelta(minutes=30)):
            assert await holds.renew(session, "estimate", ANN) is None


async def test_holding_the_same_slot_again_is_renewing_it(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = (await free_slots(session))[-1]
        first = await hold(session, ANN, slot)
        since = first.held_since
        with frozen(since + timedelta(minutes=9)):
            again = await hold(session, ANN, slot)
    assert (again is first, again.held_since) == (True, since)
    assert again.expires_at == since + timedelta(minutes=19)


async def test_choosing_another_slot_lets_the_first_go(garage: Garage) -> None:
    async with garage.unit() as session:
        first, second, *_ = await free_slots(session)
        await hold(session, ANN, first)
        await hold(session, ANN, second)
        assert first in await free_slots(session)
        assert (await holds_in(session), second in await free_slots(session)) == (1, False)


async def test_a_browser_is_kept_two_slots_and_gives_up_the_oldest(garage: Garage) -> None:
    async with garage.unit() as session:
        slots = (await free_slots(session))[:3]
        moment = now()
        for minute, (name, slot) in enumerate(zip("abc", slots, strict=True)):
            with frozen(moment + timedelta(minutes=minute)):
                await hold(session, name, slot, visitor="one browser")
        free = await free_slots(session)
    assert [slot in free for slot in slots] == [True, False, False]


async def test_no_more_than_a_quarter_of_what_is_open_is_held(garage: Garage) -> None:
    async with garage.unit() as session:
        (await locations.first(session)).appointment_rules = {"estimate": {"horizon_days": 5}}
        slots = await free_slots(session)
        most = len(slots) // holds.LARGEST_SHARE
        for number, slot in enumerate(slots[:most]):
            await hold(session, f"bot {number}", slot)
        with pytest.raises(holds.TooManyHeld):
            await hold(session, "one bot more", slots[most])
        assert len(await free_slots(session)) == len(slots) - most


async def test_two_parallel_places_are_held_twice(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = await first_slot(session, "drop_off")
        lanes = [(await hold(session, owner, slot, kind="drop_off")).lane for owner in (ANN, BEN)]
        with pytest.raises(SlotAlreadyTaken):
            await hold(session, "draft:third", slot, kind="drop_off")
    assert lanes == [1, 2]


async def test_one_slot_wanted_by_twelve_at_once_is_held_once(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = await first_slot(session)
    all_are_here = asyncio.Barrier(12)

    async def choose(number: int) -> object:
        async with garage.unit() as session:
            await locations.first(session)
            await all_are_here.wait()
            return await hold(session, f"draft:{number}", slot)

    results = await asyncio.gather(*map(choose, range(12)), return_exceptions=True)
    assert sum(isinstance(result, SlotHold) for result in results) == 1
    assert sum(isinstance(result, SlotAlreadyTaken) for result in results) == 11


async def test_a_double_click_holds_once(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = await first_slot(session)

    all_are_here = asyncio.Barrier(5)

    async def click(_: int) -> None:
        async with garage.unit() as session:
            await locations.first(session)
            await all_are_here.wait()
            await hold(session, ANN, slot)

    await asyncio.gather(*map(click, range(5)))
    async with garage.unit() as session:
        assert await holds_in(session) == 1


async def test_tidying_removes_what_has_expired_and_nothing_else(garage: Garage) -> None:
    async with garage.unit() as session:
        first, second, *_ = (await free_slots(session))[-2:]
        old = await hold(session, ANN, first)
        with frozen(old.expires_at - timedelta(minutes=1)):
            await hold(session, BEN, second)
        with frozen(old.expires_at):
            await holds.forget_expired(session)
            assert await holds.kept_until(session, "estimate", BEN, second) is not None
        assert await holds_in(session) == 1


async def test_only_hashes_of_owner_and_browser_are_stored(garage: Garage) -> None:
    async with garage.unit() as session:
        held = await hold(session, ANN, await first_slot(session), visitor="a browser's cookie")
    assert ANN not in str(vars(held))
    assert "a browser's cookie" not in str(vars(held))


async def test_another_garages_holds_take_nothing_away(
    garage: Garage, other_garage: Garage
) -> None:
    async with other_garage.unit() as session:
        slot = await first_slot(session)
        await hold(session, ANN, slot)
    async with garage.unit() as session:
        assert await holds_in(session) == 0
        assert slot in await free_slots(session)
