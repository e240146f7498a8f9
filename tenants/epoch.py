"""How a change to a garage reaches every process: a number in Redis that rises with each.

Every process looks at it at most four times a second, so a switch is seen everywhere within
:data:`LOOK_SECONDS`. With Redis down, what a process remembers is read afresh from PostgreSQL
after :data:`BLIND_SECONDS`.
"""

import time

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

KEY = "garagist:directory:epoch"
LOOK_SECONDS = 0.25
BLIND_SECONDS = 2.0


class Epoch:
    """The current number, as far as this process knows."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(
            redis_url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None
        )
        self._value = ""
        self._looked_at = float("-inf")

    async def value(self) -> str:
        """The number; it differs from an earlier one if any garage changed in between."""
        moment = time.monotonic()
        if moment - self._looked_at < LOOK_SECONDS:
            return self._value
        self._looked_at = moment
        try:
            found = await self._redis.get(KEY)
            self._value = str(found, "ascii") if isinstance(found, bytes) else "0"
        except (RedisError, OSError):
            log.warning("epoch.redis_down")
            self._value = f"blind-{int(moment / BLIND_SECONDS)}"
        return self._value

    async def raise_(self) -> None:
        """Tell all processes that something changed."""
        self._looked_at = float("-inf")
        try:
            await self._redis.incr(KEY)
        except (RedisError, OSError):
            log.warning("epoch.redis_down")

    async def close(self) -> None:
        """Close the connection."""
        await self._redis.aclose()
