"""What a customer may ask for: a copy, and to be forgotten."""

from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound, PluginError
from core.hooks.manager import HookManager
from core.workshop.audit.models import AuditEntry
from core.workshop.customers import repository
from core.workshop.customers.models import Customer
from core.workshop.customers.privacy import (
    ERASED_NAME,
    OpenJobs,
    erase_customer,
    export_customer,
)
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import set_status
from plugins.vehicle_presence import repository as presence_repository
from plugins.vehicle_presence import services as presence
from tests.factories import a_job
from tests.garages import STAFF, Garage
from tests.hooks.plugins import a_plugin, named


async def a_finished_job(session: AsyncSession) -> Job:
    """A job that was delivered: nothing is open between garage and customer."""
    job = await a_job(session)
    await set_status(session, job.id, "delivered", STAFF)
    return job


async def test_a_copy_holds_the_customer_their_jobs_and_what_plugins_keep(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session, damage="a scratch")
        await presence.record_arrival(session, job.id, STAFF)
        await a_job(session, name="Somebody Else", email="else@example.com", plate="2-XYZ-987")
        copy = await export_customer(session, job.customer_id, STAFF)
    assert copy.customer["email"] == "jan.peeters@example.com"
    assert [(each["number"], each["damage"]) for each in copy.jobs] == [(1, "a scratch")]
    assert [stay["plate"] for stay in copy.plugins["vehicle_presence"]["stays"]] == ["1-ABC-123"]
    assert copy.failed == ()


async def test_a_copy_says_whose_part_is_missing(garage: Garage) -> None:
    await garage.switch("rude", on=True)
    async with garage.unit() as session:
        job = await a_job(session)
        copy = await export_customer(session, job.customer_id, STAFF)
    assert copy.failed == ("rude",)
    assert copy.plugins["polite"] == {"notes": ["enabled"]}


async def test_erasing_leaves_nothing_that_says_who_it_was(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_finished_job(session)
        customer = await repository.by_id(session, job.customer_id)
        customer.street, customer.city, customer.vat_number = "Meir 1", "Antwerpen", "BE0403019261"
    async with garage.unit() as session:
        await erase_customer(session, job.customer_id, STAFF, reason="asked by letter")
    async with garage.unit() as session:
        found = await repository.by_id(session, job.customer_id)
    kept = {column.name: getattr(found, column.name) for column in Customer.__table__.columns}
    always = {"tenant_id", "id", "language", "created_at", "updated_at"}
    assert {name: value for name, value in kept.items() if value and name not in always} == {
        "name": ERASED_NAME
    }


async def test_a_customer_with_open_work_is_not_erased(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        with pytest.raises(OpenJobs, match="job #1"):
            await erase_customer(session, job.customer_id, STAFF, reason="asked by letter")


async def test_a_plugin_that_was_switched_off_hands_over_what_it_keeps(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        await presence.record_arrival(session, job.id, STAFF)
    await garage.switch("vehicle_presence", on=False)
    async with garage.unit() as session:
        copy = await export_customer(session, job.customer_id, STAFF)
    assert [stay["plate"] for stay in copy.plugins["vehicle_presence"]["stays"]] == ["1-ABC-123"]


async def test_a_plugin_that_was_switched_off_erases_what_it_keeps(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_finished_job(session)
    await garage.switch("rude", on=True)
    await garage.switch("rude", on=False)
    with pytest.raises(PluginError, match="rude could not erase its part"):
        async with garage.unit() as session:
            await erase_customer(session, job.customer_id, STAFF, reason="asked by letter")


async def test_erasing_keeps_the_jobs_the_stays_and_the_log(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_finished_job(session)
        await presence.record_arrival(session, job.id, STAFF)
        before = await _log(session)
    async with garage.unit() as session:
        await erase_customer(session, job.customer_id, STAFF, reason="asked by letter")
    async with garage.unit() as session:
        assert (await jobs.by_id(session, job.id)).plate == "1-ABC-123"
        assert len(await presence_repository.stays_of(session, job.id)) == 1
        assert (await _log(session))[: len(before)] == before


async def test_both_are_written_into_the_log_with_who_and_why(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_finished_job(session)
        await export_customer(session, job.customer_id, STAFF)
        await erase_customer(session, job.customer_id, STAFF, reason="asked by letter")
    subject = f"customer:{job.customer_id}"
    async with garage.unit() as session:
        assert (await _log(session))[-2:] == [
            ("Robin Planner", "customer.exported", subject, None),
            ("Robin Planner", "customer.erased", subject, "asked by letter"),
        ]


async def test_whoever_was_erased_is_a_new_customer_when_they_come_back(garage: Garage) -> None:
    async with garage.unit() as session:
        before = await a_finished_job(session)
        await erase_customer(session, before.customer_id, STAFF, reason="asked by letter")
        after = await a_job(session)
    assert after.customer_id != before.customer_id


async def test_where_a_plugin_cannot_erase_its_part_nothing_is_erased(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> None:
        raise RuntimeError("locked")

    keeper = a_plugin("vehicle_presence", named("personal_data_erase", fails))
    monkeypatch.setattr("core.workshop.customers.privacy.hooks", lambda: HookManager([keeper]))
    async with garage.unit() as session:
        job = await a_finished_job(session)
    with pytest.raises(PluginError, match="vehicle_presence could not erase its part"):
        async with garage.unit() as session:
            await erase_customer(session, job.customer_id, STAFF, reason="asked by letter")
    async with garage.unit() as session:
        assert (await repository.by_id(session, job.customer_id)).name == "Jan Peeters"


async def test_another_garages_customer_cannot_be_exported_or_erased(
    garage: Garage, other_garage: Garage
) -> None:
    async with other_garage.unit() as session:
        job = await a_finished_job(session)
    for customer_id in (job.customer_id, uuid4()):
        async with garage.unit() as session:
            with pytest.raises(NotFound):
                await export_customer(session, customer_id, STAFF)
            with pytest.raises(NotFound):
                await erase_customer(session, customer_id, STAFF, reason="not mine")
            assert await session.scalar(select(func.count()).select_from(Customer)) == 0


async def _log(session: AsyncSession) -> list[tuple[str, str, str, str | None]]:
    entries = await session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(each.actor_name, each.action, each.subject, each.reason) for each in entries]
