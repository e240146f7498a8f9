"""A process of the worker: one event loop and one set of open doors, kept from task to task."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from typing import NoReturn, TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from redis.asyncio import Redis

from core.background.outbox import EffectRegistry
from core.background.tenant_task import WorkerResources

log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Doors:
    """What tasks work with."""

    resources: WorkerResources
    effects: EffectRegistry
    redis: "Redis"


class OutOfTime(KeyboardInterrupt):
    """The task's soft limit is over. Celery's own error is an Exception, which would be taken for a
    fault of whoever works just then, and the hard limit would end the process."""


class WorkerProcess:
    """Opens its doors at its first task: after the worker has forked, never before, so that no
    two processes share a connection or a loop."""

    def __init__(self, open_doors: Callable[[], Doors]) -> None:
        self._open_doors = open_doors
        self._doors: Doors | None = None
        self._runner: asyncio.Runner | None = None

    def run(self, work: Callable[[Doors], Awaitable[T]]) -> T:
        """Do `work` to its end in this process's loop.

        Raises:
            SoftTimeLimitExceeded: it took too long; loop and doors are opened afresh next time,
                because what was cut off may hold a connection.
        """
        if self._runner is None or self._doors is None:
            self._runner, self._doors = asyncio.Runner(), self._open_doors()
        doors = self._doors

        async def do() -> T:
            return await work(doors)

        try:
            with _limit_passes_everybody():
                return self._runner.run(do(), context=copy_context())
        except OutOfTime:
            log.exception("task.too_slow")
            self.close()
            raise SoftTimeLimitExceeded from None

    def close(self) -> None:
        """End the loop and all that still runs in it."""
        runner, self._runner, self._doors = self._runner, None, None
        if runner is not None:
            runner.close()


@contextmanager
def _limit_passes_everybody() -> Iterator[None]:
    """Hear the signal of the soft limit in Celery's place."""
    before = signal.signal(signal.SIGUSR1, _out_of_time)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def _out_of_time(_signal: int, _frame: object) -> NoReturn:
    raise OutOfTime
