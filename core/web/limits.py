"""How often somebody may try: counted in Redis over all processes.

With Redis down the counts go on in this process's memory: tighter than nothing, and no page fails.
"""

from typing import Literal

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter, RateLimiter
from redis.asyncio import ConnectionPool

log = structlog.get_logger(__name__)

_IMPLEMENTATION: Literal["redispy"] = "redispy"


class Limiter:
    """Counts attempts per key; keys carry the garage."""

    def __init__(self, redis_url: str) -> None:
        self._pool = ConnectionPool.from_url(
            redis_url, socket_timeout=0.5, socket_connect_timeout=0.5
        )
        self._shared: RateLimiter = FixedWindowRateLimiter(
            RedisStorage(
                f"async+{redis_url}",
                implementation=_IMPLEMENTATION,
                key_prefix="garagist:limits",
                connection_pool=self._pool,  # type: ignore[arg-type] # as documented
            )
        )
        self._local: RateLimiter = FixedWindowRateLimiter(MemoryStorage())
        self._parsed: dict[str, RateLimitItem] = {}

    async def allows(self, limit: str, *key: str) -> bool:
        """Count one attempt; False if `limit` (such as `"10/hour"`) is used up for `key`."""
        item = self._item(limit)
        try:
            return await self._shared.hit(item, *key)
        except Exception:
            log.warning("limits.redis_down", exc_info=True)
            return await self._local.hit(item, *key)

    async def exhausted(self, limit: str, *key: str) -> bool:
        """Whether `limit` is used up for `key`, without counting an attempt."""
        item = self._item(limit)
        try:
            return not await self._shared.test(item, *key)
        except Exception:
            log.warning("limits.redis_down", exc_info=True)
            return not await self._local.test(item, *key)

    async def is_near(self, limit: str, *key: str) -> bool:
        """Whether half of `limit` is used up for `key`, without counting an attempt."""
        item = self._item(limit)
        rest = item.amount - max(1, item.amount // 2) + 1
        try:
            return not await self._shared.test(item, *key, cost=rest)
        except Exception:
            log.warning("limits.redis_down", exc_info=True)
            return not await self._local.test(item, *key, cost=rest)

    async def forget(self, limit: str, *key: str) -> None:
        """Start counting afresh, after a success."""
        item = self._item(limit)
        try:
            await self._shared.clear(item, *key)
        except Exception:
            log.warning("limits.redis_down", exc_info=True)
        await self._local.clear(item, *key)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    def _item(self, limit: str) -> RateLimitItem:
        if limit not in self._parsed:
            self._parsed[limit] = parse(limit)
        return self._parsed[limit]
