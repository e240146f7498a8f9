"""Putting work into the outbox."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.clock import now
from core.workshop.notifications import repository, services
from core.workshop.notifications.models import OutboxEntry
from core.workshop.notifications.services import enqueue, install_kick, send_mail
from tests.garages import Garage


class Broken(Exception):
    """What goes wrong after something was put into the outbox."""


@pytest.fixture
def kicked(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The garages of which the worker is told."""
    told: list[UUID] = []
    monkeypatch.setattr(services, "_kick", [])
    install_kick(told.append)
    return told


async def count(garage: Garage, key: str) -> int:
    async with garage.unit() as session:
        found = await session.scalar(
            select(func.count()).select_from(OutboxEntry).where(OutboxEntry.key == key)
        )
    return found or 0


async def test_the_same_key_is_the_same_effect(garage: Garage) -> None:
    async with garage.unit() as session:
        await enqueue(session, "polite.hello", {"what": "first"}, key="once")
        await enqueue(session, "polite.hello", {"what": "second"}, key="once")
    async with garage.unit() as session:
        await enqueue(session, "polite.hello", {"what": "third"}, key="once")
        entry = await repository.by_key(session, "once")
    assert await count(garage, "once") == 1
    assert entry is not None
    assert entry.payload == {"what": "first"}


async def test_two_garages_may_use_the_same_key(garage: Garage, other_garage: Garage) -> None:
    for each in (garage, other_garage):
        async with each.unit() as session:
            await enqueue(session, "polite.hello", {"what": each.slug}, key="shared")
    assert await count(garage, "shared") == await count(other_garage, "shared") == 1


async def test_what_is_not_stored_sends_nothing(garage: Garage, kicked: list[UUID]) -> None:
    async def begin_and_fail() -> None:
        async with garage.unit() as session:
            await enqueue(session, "polite.hello", {"what": "never"}, key="never")
            raise Broken

    with pytest.raises(Broken):
        await begin_and_fail()
    assert await count(garage, "never") == 0
    assert kicked == []


async def test_the_worker_is_told_once_and_only_after_the_commit(
    garage: Garage, kicked: list[UUID]
) -> None:
    async with garage.unit() as session:
        for number in range(3):
            await enqueue(session, "polite.hello", {"what": "x"}, key=f"kick-{number}")
        assert kicked == []
    assert kicked == [garage.tenant.id]


async def test_the_worker_is_not_told_of_what_is_due_later(
    garage: Garage, kicked: list[UUID]
) -> None:
    async with garage.unit() as session:
        due_at = now() + timedelta(days=1)
        await enqueue(session, "polite.hello", {"what": "x"}, key="later", due_at=due_at)
    assert kicked == []


async def test_a_worker_that_cannot_be_told_breaks_nothing(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_tenant_id: UUID) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(services, "_kick", [unreachable])
    async with garage.unit() as session:
        await enqueue(session, "polite.hello", {"what": "x"}, key="kick-fails")
    assert await count(garage, "kick-fails") == 1


async def test_a_mails_id_depends_on_its_cause_and_garage_only(
    garage: Garage, other_garage: Garage
) -> None:
    ids = []
    for each, key in ((garage, "a"), (garage, "b"), (other_garage, "a")):
        async with each.unit() as session:
            await send_mail(session, "polite.hello_mail", "a@b.test", "en", {"what": "x"}, key=key)
            entry = await repository.by_key(session, key)
        assert entry is not None
        ids.append(entry.payload["message_id"])
    assert len(set(ids)) == 3
    assert not any(str(garage.tenant.id) in each for each in ids)


async def test_the_platform_sees_which_garages_have_work_and_nothing_of_it(
    garage: Garage, other_garage: Garage
) -> None:
    database = garage.house.database
    async with garage.unit() as session:
        due_at = now() + timedelta(days=400)
        await enqueue(session, "polite.hello", {"what": "x"}, key="due", due_at=due_at)
    moment = now() + timedelta(days=401)
    async with database.platform_unit_of_work() as session:
        with_work = await repository.tenants_with_work(session, moment)
        (backlog,) = await repository.backlog(session, moment, [garage.tenant.id])
    assert garage.tenant.id in with_work
    assert backlog.dead == 0
    assert backlog.due >= 1
