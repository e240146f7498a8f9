"""Telling a worker at once that a garage's outbox has something; beat finds it all the same."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from structlog.contextvars import get_contextvars

from core.background.celery_app import DELIVER, REQUEST

log = structlog.get_logger(__name__)

QUIET_SECONDS = 5.0
"""After a failure: finding out that Redis is down takes the client seconds each time."""


class WorkerKick:
    """Sends the message beside the request: nobody waits for it, and Redis may be down.

    It has one thread of its own, so that logins and photos, which need threads too, do not
    wait behind messages that cannot leave.
    """

    def __init__(self, celery: Celery) -> None:
        self._celery = celery
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kick")
        self._running: set[asyncio.Task[None]] = set()
        self._quiet_until = float("-inf")

    def __call__(self, tenant_id: UUID) -> None:
        """Ask for a delivery in that garage; the worker's log lines name the request at hand."""
        request = get_contextvars().get("request")
        task = asyncio.get_running_loop().create_task(self._send(tenant_id, request))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _send(self, tenant_id: UUID, request: str | None) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._send_now, tenant_id, request)

    def _send_now(self, tenant_id: UUID, request: str | None) -> None:
        if time.monotonic() < self._quiet_until:
            return
        try:
            self._celery.send_task(
                DELIVER,
                [str(tenant_id)],
                headers={REQUEST: request} if request else None,
                retry=False,
                ignore_result=True,
            )
        except (OperationalError, OSError):
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            log.warning("kick.redis_down")
