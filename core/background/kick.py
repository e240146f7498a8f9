"""Telling a worker at once that a garage's outbox has something; beat finds it all the same."""

import asyncio
from uuid import UUID

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from core.background.celery_app import DELIVER

log = structlog.get_logger(__name__)


class WorkerKick:
    """Sends the message beside the request: nobody waits for it, and Redis may be down."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery
        self._running: set[asyncio.Task[None]] = set()

    def __call__(self, tenant_id: UUID) -> None:
        """Ask for a delivery in that garage."""
        task = asyncio.get_running_loop().create_task(self._send(tenant_id))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _send(self, tenant_id: UUID) -> None:
        try:
            await asyncio.to_thread(
                self._celery.send_task, DELIVER, [str(tenant_id)], retry=False, ignore_result=True
            )
        except (OperationalError, OSError):
            log.warning("kick.redis_down")
