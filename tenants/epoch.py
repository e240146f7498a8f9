"""How a change to a garage reaches every process: a mark in Redis that differs after each.

Every process looks at it at most four times a second, so a switch is seen everywhere within
:data:`LOOK_SECONDS`. With Redis down, what a process remembers is read afresh from PostgreSQL
after :data:`BLIND_SECONDS`. What a process could not see in time (it slept while Redis was down
for the one that switched) it sees after :data:`REMEMBER_SECONDS`.
"""

import secrets
import time

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

KEY = "garagist:directory:epoch"
LOOK_SECONDS = 0.25
BLIND_SECONDS = 2.0
REMEMBER_SECONDS = 60.0


class Epoch:
    """The current mark, as far as this process knows."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(
            redis_url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None
        )
        self._value = ""
        self._looked_at = float("-inf")
        self._is_untold = False

    async def value(self) -> str:
        """The mark; it differs from an earlier one if any garage changed in between."""
        moment = time.monotonic()
        if moment - self._looked_at < LOOK_SECONDS:
            return self._value
        self._looked_at = moment
        try:
            if self._is_untold:
                await self._tell()
            found = await self._redis.get(KEY)
            self._value = repr(found)
        except (RedisError, OSError):
            log.warning("epoch.redis_down")
            self._value = f"blind-{int(moment / BLIND_SECONDS)}"
        return self._value

    async def raise_(self) -> None:
        """Tell all processes that something changed: now, or as soon as Redis is back."""
        self._looked_at = float("-inf")
        self._is_untold = True
        try:
            await self._tell()
        except (RedisError, OSError):
            log.warning("epoch.redis_down")

    async def close(self) -> None:
        """Close the connection."""
        await self._redis.aclose()

    async def _tell(self) -> None:
        """A random mark cannot come back, as a number could when Redis lost its data."""
        await self._redis.set(KEY, secrets.token_hex(8))
        self._is_untold = False
