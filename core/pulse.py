"""Signs of life of those who answer no HTTP: the beat that ticks, and a worker that looks for work.

Each leaves the time in Redis as it works; who reads it is told for how long there was silence.
"""

import time

from redis import Redis as SyncRedis
from redis.asyncio import Redis

BEAT = "beat"
WORKER = "worker"
SILENT_SECONDS = 60
"""From then on something is wrong: beat ticks every five seconds, and a worker looks as often."""
_KEPT_SECONDS = 86_400


def leave_sign(redis: SyncRedis, who: str) -> None:
    """Say that `who` is at work, with a client that waits."""
    redis.set(_key(who), int(time.time()), ex=_KEPT_SECONDS)


async def leave_sign_async(redis: Redis, who: str) -> None:
    """The same with one that does not."""
    await redis.set(_key(who), int(time.time()), ex=_KEPT_SECONDS)


async def silence(redis: Redis) -> dict[str, int | None]:
    """Seconds since each was at work; None where that was a day ago, or never.

    Raises:
        RedisError, OSError: Redis does not answer.
    """
    found = await redis.mget([_key(BEAT), _key(WORKER)])
    moment = int(time.time())
    return {
        who: None if value is None else max(0, moment - int(value))
        for who, value in zip((BEAT, WORKER), found, strict=True)
    }


def is_silent(seconds: int | None) -> bool:
    """Whether that is too long."""
    return seconds is None or seconds > SILENT_SECONDS


def _key(who: str) -> str:
    return f"garagist:pulse:{who}"
