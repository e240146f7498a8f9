"""The clock of the platform: a scheduler of which only one ticks, however many are started."""

import secrets
from typing import Any

import structlog
from celery.beat import Scheduler
from redis import Redis
from redis.exceptions import LockError, RedisError

from core.pulse import BEAT, leave_sign

log = structlog.get_logger(__name__)

LOCK_KEY = "garagist:beat"
LOCK_SECONDS = 15
LOOK_AGAIN_SECONDS = 5


class OneBeatScheduler(Scheduler):  # type: ignore[misc]  # Celery has no types
    """Keeps its schedule in memory, and ticks only while it holds the lock in Redis.

    The lock has its owner's token and runs out by itself: a beat that was killed is followed by
    another after at most :data:`LOCK_SECONDS`.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._redis = Redis.from_url(
            self.app.conf.broker_url, socket_timeout=2, socket_connect_timeout=2, retry=None
        )
        self._lock = self._redis.lock(
            LOCK_KEY, timeout=LOCK_SECONDS, blocking=False, thread_local=False
        )
        self._token = secrets.token_hex(8)

    def tick(self, *arguments: Any, **options: Any) -> float:
        """Send what is due; seconds until the next look."""
        if not self._holds_lock():
            return float(LOOK_AGAIN_SECONDS)
        wait: float = super().tick(*arguments, **options)
        return min(wait, LOOK_AGAIN_SECONDS)

    def close(self) -> None:
        """Let another beat take over at once."""
        super().close()
        try:
            if self._lock.owned():
                self._lock.release()
        except (LockError, RedisError):
            log.info("beat.lock_not_released")

    def _holds_lock(self) -> bool:
        try:
            holds = (
                self._lock.reacquire()
                if self._lock.owned()
                else self._lock.acquire(token=self._token)
            )
            if holds:
                leave_sign(self._redis, BEAT)
            return bool(holds)
        except (LockError, RedisError):
            log.warning("beat.no_lock")
            return False
