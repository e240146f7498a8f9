"""Who did what."""

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import ProgrammingError

from core.workshop.audit import repository
from core.workshop.audit.models import AuditEntry
from core.workshop.audit.repository import PAGE
from core.workshop.audit.services import SYSTEM, record
from tests.garages import STAFF, SUPPORT, Garage


class Broken(Exception):
    """What goes wrong after a deed."""


async def test_an_entry_says_who_what_and_why(garage: Garage) -> None:
    async with garage.unit() as session:
        record(session, SUPPORT, "tried", "job:1", reason="asked", details={"before": 1})
        await session.flush()
        entry = (await repository.newest(session))[0]
    assert (entry.actor_kind, entry.actor_name, entry.reason) == ("support", "Sam Support", "asked")
    assert (entry.action, entry.subject, entry.details) == ("tried", "job:1", {"before": 1})


async def test_a_deed_that_is_taken_back_is_not_logged(garage: Garage) -> None:
    async def begin_and_fail() -> None:
        async with garage.unit() as session:
            record(session, STAFF, "never", "job:1")
            await session.flush()
            raise Broken

    with pytest.raises(Broken):
        await begin_and_fail()
    async with garage.unit() as session:
        actions = [entry.action for entry in await repository.newest(session)]
    assert "never" not in actions


@pytest.mark.parametrize(
    "statement",
    [
        update(AuditEntry).values(reason="changed"),
        delete(AuditEntry),
        text("update audit_entries set actor_name = 'nobody'"),
        text("delete from audit_entries"),
        text("truncate audit_entries"),
        text("drop policy tenant_lock on audit_entries"),
        text("alter table audit_entries disable row level security"),
        text("drop table audit_entries"),
    ],
    ids=str,
)
async def test_the_application_can_add_to_the_log_and_nothing_else(
    garage: Garage, statement: object
) -> None:
    async with garage.unit() as session:
        record(session, SYSTEM, "kept", "garage")
        await session.flush()
        before = await session.scalar(select(func.count()).select_from(AuditEntry))
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            async with session.begin_nested():
                await session.execute(statement)  # type: ignore[call-overload]
        after = await session.scalar(select(func.count()).select_from(AuditEntry))
    assert before == after


async def test_pages_of_the_log_follow_each_other(garage: Garage) -> None:
    async with garage.unit() as session:
        for number in range(PAGE + 20):
            record(session, SYSTEM, f"step {number}", "garage")
            await session.flush()
        first = await repository.newest(session)
        second = await repository.newest(session, before=first[PAGE - 1].id)
    steps = [e.action for e in [*first[:PAGE], *second] if e.action.startswith("step")]
    assert len(first) == PAGE + 1
    assert steps == [f"step {number}" for number in reversed(range(PAGE + 20))]


async def test_the_log_of_another_garage_is_not_shown(garage: Garage, other_garage: Garage) -> None:
    async with other_garage.unit() as session:
        record(session, STAFF, "secret", "job:1")
    async with garage.unit() as session:
        actions = [entry.action for entry in await repository.newest(session)]
    assert "secret" not in actions
