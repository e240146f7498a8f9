"""For what another process sees a moment later."""

import asyncio
import time
from collections.abc import Awaitable, Callable


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
