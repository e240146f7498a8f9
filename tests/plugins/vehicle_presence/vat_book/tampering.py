"""What an administrator of the database could do to a VAT book."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from plugins.vehicle_presence.vat_book.chain import HASHED, hash_of
from tests.garages import Garage
from tests.plugins.vehicle_presence.vat_book.reading import lines

KEPT = ("lines", "closings", "exports")
NO_CLOSING = "delete from vehicle_presence_vat_closings where tenant_id = :garage"
NEVER_CLOSED = "update vehicle_presence_vat_books set closed_until = null where tenant_id = :garage"


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
