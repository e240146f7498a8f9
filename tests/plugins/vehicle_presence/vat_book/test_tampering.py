"""Nobody changes what was written: refused to the application, located for everybody else."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.clock import frozen, now
from core.storage import storage
from plugins.vehicle_presence.vat_book.chain import HASHED, canonical, hash_of
from plugins.vehicle_presence.vat_book.closing import close_months, path_of, signed
from plugins.vehicle_presence.vat_book.models import VatClosing
from plugins.vehicle_presence.vat_book.settling import Settlement, settle
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.vehicle_presence.vat_book.reading import (
    a_departure,
    checked,
    first_location,
    lines,
)

KEPT = ("lines", "closings", "exports")
CHANGES = {
    "update": "update vehicle_presence_vat_{table} set id = id",
    "delete": "delete from vehicle_presence_vat_{table}",
    "truncate": "truncate vehicle_presence_vat_{table}",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", KEPT)
async def test_the_application_may_not_change_what_was_written(
    garage: Garage, table: str, change: str
) -> None:
    await a_departure(garage)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with garage.unit() as session:
            await session.execute(text(CHANGES[change].format(table=table)))
    assert len(await lines(garage)) == 2


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", KEPT)
async def test_a_trigger_refuses_it_even_to_the_administrator(
    superuser: AsyncEngine, garage: Garage, table: str, change: str
) -> None:
    await a_departure(garage)
    for mode in ("origin", "replica"):
        async with superuser.connect() as connection:
            await connection.execute(text(f"set session_replication_role = {mode}"))
            with pytest.raises(DBAPIError, match="only ever added to"):
                await connection.execute(text(CHANGES[change].format(table=table)))


async def tamper(superuser: AsyncEngine, garage: Garage, statement: str, **values: Any) -> None:
    """What an administrator who takes the triggers off can do."""
    async with superuser.begin() as connection:
        await _triggers(connection, on=False)
        await connection.execute(text(statement), {"garage": garage.tenant.id, **values})
        await _triggers(connection, on=True)


async def _triggers(connection: AsyncConnection, *, on: bool) -> None:
    for table in KEPT:
        name = f"vehicle_presence_vat_{table}"
        verb = "enable always" if on else "disable"
        await connection.execute(text(f"alter table {name} {verb} trigger {name}_only_added"))


async def three_rows(garage: Garage) -> None:
    """Six lines."""
    for _ in range(3):
        await a_departure(garage)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("plate", "'9-XXX-999'"),
        ("day", "day - 1"),
        ("number", "7"),
        ("actor", "'Somebody'"),
        ("recorded_at", "recorded_at + interval '1 microsecond'"),
        ("evidence", '\'{"a": "b"}\''),
        ("kind", "'exit'"),
    ],
)
async def test_a_changed_line_is_found_at_its_place(
    superuser: AsyncEngine, garage: Garage, column: str, value: str
) -> None:
    await three_rows(garage)
    await tamper(
        superuser,
        garage,
        f"update vehicle_presence_vat_lines set {column} = {value}"  # noqa: S608 - from above
        " where tenant_id = :garage and position = 5",
    )
    finding = await checked(garage)
    assert finding.broken is not None
    assert (finding.broken.position, finding.broken.what) == (
        5,
        "its content is not what was written",
    )


@pytest.mark.parametrize("position", [1, 4, 6])
async def test_a_removed_line_is_found_at_its_place(
    superuser: AsyncEngine, garage: Garage, position: int
) -> None:
    await three_rows(garage)
    await tamper(
        superuser,
        garage,
        "delete from vehicle_presence_vat_lines where tenant_id = :garage and position = :position",
        position=position,
    )
    finding = await checked(garage)
    assert finding.broken is not None
    assert (finding.broken.position, finding.broken.what) == (position, "it is missing")


async def test_a_line_with_a_new_hash_is_betrayed_by_the_next(
    superuser: AsyncEngine, garage: Garage
) -> None:
    await three_rows(garage)
    await rewrite(superuser, garage, lambda values: values | {"plate": "9-XXX-999"}, [3])
    finding = await checked(garage)
    assert finding.broken is not None
    assert (finding.broken.position, finding.broken.what) == (
        4,
        "it does not follow the line before it",
    )


async def rewrite(
    superuser: AsyncEngine,
    garage: Garage,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    positions: list[int],
) -> None:
    """Change the first of these lines, and compute the chain afresh over all of them."""
    before: str | None = None
    for line in await lines(garage):
        if line.position not in positions:
            continue
        values = {name: getattr(line, name) for name in HASHED}
        if before is None:
            values = change(values)
        else:
            values["previous_hash"] = before
        before = hash_of(values)
        await tamper(
            superuser,
            garage,
            "update vehicle_presence_vat_lines set plate = :plate, previous_hash = :previous,"
            " hash = :hash where tenant_id = :garage and position = :position",
            plate=values["plate"],
            previous=values["previous_hash"],
            hash=before,
            position=line.position,
        )
    if positions[-1] == len(await lines(garage)):
        await tamper(
            superuser,
            garage,
            "update vehicle_presence_vat_books set head = :head where tenant_id = :garage",
            head=before,
        )


async def closed(garage: Garage, outbox: Outbox) -> VatClosing:
    """The garage's only closed month, with its file where it belongs."""
    with frozen(now() + timedelta(days=40)):
        async with garage.unit() as session:
            closing, *_others = await close_months(session, await first_location(garage))
        await outbox.empty(garage)
    return closing


async def test_a_chain_that_was_computed_afresh_is_betrayed_by_a_closed_month(
    superuser: AsyncEngine, garage: Garage, outbox: Outbox
) -> None:
    await three_rows(garage)
    await closed(garage, outbox)
    everything = list(range(3, 7))
    await rewrite(superuser, garage, lambda values: values | {"plate": "9-XXX-999"}, everything)
    finding = await checked(garage)
    assert finding.broken is None
    assert not finding.is_sound
    assert "line 6 is not the one that was closed with" in finding.anchor_problems[0]


async def test_a_closing_that_was_changed_with_it_lacks_the_signature_or_the_file(
    superuser: AsyncEngine, garage: Garage, outbox: Outbox
) -> None:
    await three_rows(garage)
    closing = await closed(garage, outbox)
    facts = json.loads(closing.document)
    forged = canonical({**facts, "head": "f" * 64}).decode()
    statement = (
        "update vehicle_presence_vat_closings set document = :document"
        " where tenant_id = :garage and month = :month"
    )
    await tamper(superuser, garage, statement, document=forged, month=closing.month)
    assert "the closing itself was changed" in (await checked(garage)).anchor_problems[0]
    kept = {name: value for name, value in facts.items() if name not in {"v", "signature"}}
    resigned = signed({**kept, "closed_at": "2026-01-01T00:00:00.000000Z"})
    await tamper(superuser, garage, statement, document=resigned, month=closing.month)
    assert "in the storage differs" in (await checked(garage)).anchor_problems[0]


async def test_a_file_that_was_removed_from_the_storage_is_missed(
    garage: Garage, outbox: Outbox
) -> None:
    await three_rows(garage)
    closing = await closed(garage, outbox)
    assert (await checked(garage)).is_sound
    await storage().delete(garage.tenant.id, path_of(closing))
    assert "missing in the storage" in (await checked(garage)).anchor_problems[0]


async def test_a_missing_reference_that_is_not_on_the_list_is_found(garage: Garage) -> None:
    await three_rows(garage)
    async with garage.unit() as session:
        await session.execute(text("delete from vehicle_presence_vat_dues where number = 2"))
    finding = await checked(garage)
    assert finding.is_as_written
    assert not finding.is_sound
    assert finding.due_problems == ["row 2 waits for its invoice reference, unlisted"]


async def test_a_row_that_is_on_the_list_and_does_not_wait_is_found(garage: Garage) -> None:
    await three_rows(garage)
    name = await a_departure(garage)
    async with garage.unit() as session:
        await settle(session, name, Settlement("2026-1"), STAFF)
    assert (await checked(garage)).is_sound
    async with garage.unit() as session:
        await session.execute(
            text(
                "insert into vehicle_presence_vat_dues (tenant_id, location_id, number, left_on,"
                " due_on) select tenant_id, location_id, 4, left_on, due_on"
                " from vehicle_presence_vat_dues where number = 1"
            )
        )
    assert (await checked(garage)).due_problems == ["row 4 is listed, and does not wait"]
