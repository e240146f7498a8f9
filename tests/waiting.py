"""For what another process sees a moment later."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_WAIT = text(
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and wait_event_type = 'Lock'"
)


async def until(true: Callable[[], Awaitable[bool]], *, seconds: float) -> float:
    """Ask again and again; how long it took. Who asks once so many seconds are over must hear
    yes, however long the asking itself takes on a busy machine."""
    began = time.monotonic()
    asked = began
    while not await true():
        assert asked - began < seconds, "too late"
        await asyncio.sleep(0.02)
        asked = time.monotonic()
    return time.monotonic() - began


async def until_locked_out(superuser: AsyncEngine, number: int) -> None:
    """Until so many transactions wait for what others hold."""

    async def so_many() -> bool:
        async with superuser.connect() as connection:
            return bool(await connection.scalar(_WAIT) == number)

    await until(so_many, seconds=10)
