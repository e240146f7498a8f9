"""For what another process sees a moment later."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(true: Callable[[], Awaitable[bool]], *, seconds: float) -> float:
    """Ask again and again; how long it took."""
    began = time.monotonic()
    while not await true():
        assert time.monotonic() - began < seconds, "too late"
        await asyncio.sleep(0.02)
    return time.monotonic() - began
