"""Counting what is sent to PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from core.db.reading import Prepared, Reading
from core.house import House

HOOK = "before_cursor_execute"


@contextmanager
def counted(house: House, *, whole: bool = False) -> Iterator[list[str]]:
    """Every statement that is sent for a garage inside the block, in order; the one that tells
    row level security its garage counts too, as it is a round trip like any other. Looking up
    the garage itself is left out, unless the `whole` is asked for: it is remembered, for how long
    depends on Redis."""
    engines = [house.database.app_engine.sync_engine]
    if whole:
        engines.append(house.database.platform_engine.sync_engine)
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    read = Reading.rows

    async def noted(reading: Reading, statement: Prepared, **values: Any) -> list[Any]:
        sent.append(statement.sql)
        return await read(reading, statement, **values)

    for engine in engines:
        event.listen(engine, HOOK, note)
    Reading.rows = noted  # type: ignore[method-assign] # it goes past the engine's events
    try:
        yield sent
    finally:
        Reading.rows = read  # type: ignore[method-assign]
        for engine in engines:
            event.remove(engine, HOOK, note)
