"""Telling open pages that something changed: a mark per garage and topic that differs after each.

A mark says *that* something changed, never what: pages ask again with their own rights. The mark
is random, so that one cannot come back when Redis loses what it knew, and lives in Redis under a
key that carries the garage. With Redis down nothing is announced and nobody waits.
"""

import secrets
import time
from collections.abc import Sequence
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.session import after_commit

log = structlog.get_logger(__name__)

JOBS = "core.jobs"
"""Anything about jobs changed: fields, status, tasks, or a line of their history."""
KEPT_SECONDS = 7 * 24 * 3600
QUIET_SECONDS = 5.0
"""After a failure: finding out that Redis is down takes half a second each time."""
_INFO = "live_topics"


class LiveMarks:
    """The marks, as far as Redis answers."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(
            redis_url,
            socket_timeout=0.5,
            socket_connect_timeout=0.5,
            retry=None,
            decode_responses=True,
        )
        self._quiet_until = float("-inf")

    async def change(self, tenant_id: UUID, topics: Sequence[str]) -> None:
        """Give each topic of the garage another mark; silently nothing while Redis is down."""
        if time.monotonic() < self._quiet_until:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for topic in topics:
                    pipe.set(_key(tenant_id, topic), secrets.token_hex(8), ex=KEPT_SECONDS)
                await pipe.execute()
        except (RedisError, OSError):
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            log.warning("live.redis_down")

    async def look(self, wanted: Sequence[tuple[UUID, str]]) -> list[str] | None:
        """The marks of these topics in one round trip, empty where nothing was announced for
        long; None while Redis is down."""
        try:
            found = await self._redis.mget([_key(tenant, topic) for tenant, topic in wanted])
        except (RedisError, OSError):
            log.warning("live.redis_down")
            return None
        return [str(mark or "") for mark in found]

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


_installed: list[LiveMarks] = []


def install_live_marks(marks: LiveMarks) -> None:
    """Say where this process announces changes."""
    _installed[:] = [marks]


def announce(session: AsyncSession, topic: str) -> None:
    """Tell pages of this garage that listen to `topic`, once this unit of work is stored.

    A plugin's topics are named `<plugin>.<noun>`. Said twice in one unit of work, it is told once.
    """
    topics: dict[str, None] | None = session.info.get(_INFO)
    if topics is not None:
        topics[topic] = None
        return
    fresh = session.info[_INFO] = {topic: None}
    tenant_id: UUID = session.info["tenant_id"]

    async def tell() -> None:
        session.info.pop(_INFO, None)
        if _installed:
            await _installed[0].change(tenant_id, list(fresh))

    after_commit(session, tell)


def _key(tenant_id: UUID, topic: str) -> str:
    return f"garagist:live:{tenant_id}:{topic}"
