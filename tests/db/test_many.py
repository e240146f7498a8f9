"""Many rows with one statement, whose text never changes."""

from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from core.clock import now
from core.db.many import ManyRows
from core.workshop.audit.models import AuditEntry
from core.workshop.locations import repository as locations
from plugins.vehicle_presence.vat_book.models import VatDue
from tests.garages import Garage
from tests.statements import counted

ENTRIES = ManyRows(
    AuditEntry, "at", "actor_kind", "actor_name", "action", "subject", "reason", "details"
)
DUES = ManyRows(VatDue, "location_id", "number", "left_on", "due_on")


def entries(many: int) -> list[dict[str, object]]:
    """Rows with a text, a nothing, and something of JSON in each."""
    return [
        {
            "at": now(),
            "actor_kind": "system",
            "actor_name": 'O\'Hara, "é" {1,NULL}',
            "action": "test.many",
            "subject": f"row:{number}",
            "reason": "why" if number % 2 else None,
            "details": {"number": number, "list": [1, None, "{}"]},
        }
        for number in range(many)
    ]


async def stored(garage: Garage) -> list[AuditEntry]:
    """What is there, in the order in which it got its ids."""
    async with garage.unit() as session:
        found = await session.scalars(
            select(AuditEntry).where(AuditEntry.action == "test.many").order_by(AuditEntry.id)
        )
        return list(found)


async def test_each_row_arrives_as_it_was_in_the_order_in_which_it_was_given(
    garage: Garage,
) -> None:
    rows = entries(7)
    async with garage.unit() as session:
        await ENTRIES.add(session, rows)
    found = await stored(garage)
    names = list(rows[0])
    assert [{name: getattr(each, name) for name in names} for each in found] == rows
    assert {each.tenant_id for each in found} == {garage.tenant.id}
    assert {each.actor_id for each in found} == {None}, "it was not named, so it is the default"


async def test_two_and_two_hundred_are_the_same_text_and_none_is_nothing(garage: Garage) -> None:
    async with garage.unit() as session:
        await session.scalar(select(AuditEntry.id))
        with counted(garage.house) as sent:
            await ENTRIES.add(session, [])
            await ENTRIES.add(session, entries(2))
            await ENTRIES.add(session, entries(200))
    assert len(sent) == 2
    assert len(set(sent)) == 1


async def test_a_conflict_may_be_answered_in_the_same_statement(garage: Garage) -> None:
    again = DUES.insert.on_conflict_do_update(
        index_elements=["tenant_id", "location_id", "number"],
        set_={"due_on": DUES.insert.excluded["due_on"]},
    )
    async with garage.unit() as session:
        place = (await locations.first(session)).id

        def due(number: int, day: int) -> dict[str, object]:
            moments = {"left_on": date(2027, 1, day), "due_on": date(2027, 2, day)}
            return {"location_id": place, "number": number, **moments}

        await DUES.add(session, [due(1, 1), due(2, 2)])
        await DUES.send(session, again, [due(2, 20), due(3, 3)])
        found = await session.scalars(select(VatDue).order_by(VatDue.number))
        assert [(each.left_on.day, each.due_on.day) for each in found] == [(1, 1), (2, 20), (3, 3)]


async def test_rows_are_the_sessions_garages_and_no_others(
    garage: Garage, other_garage: Garage
) -> None:
    async with garage.unit() as session:
        await session.scalar(select(AuditEntry.id).limit(1))  # now the scope is ours
        session.info["tenant_id"] = other_garage.tenant.id
        with pytest.raises(DBAPIError, match="row-level security"):
            await ENTRIES.add(session, entries(1))
    assert await stored(other_garage) == []


async def test_rows_that_lack_a_value_are_refused_before_anything_is_sent(garage: Garage) -> None:
    row = entries(1)[0]
    del row["subject"]
    async with garage.unit() as session:
        with counted(garage.house) as sent, pytest.raises(KeyError):
            await ENTRIES.add(session, [*entries(1), row, {"subject": str(uuid4())}])
    assert not [text for text in sent if "INSERT" in text]
