"""Files of photos that no row knows: stored in a unit of work that was taken back, or killed.

A photo's file is stored before its row is: the other way round, a row without its file would be
what a fault leaves behind.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.storage import storage
from core.workshop.photos import repository

log = structlog.get_logger(__name__)

YOUNGEST = timedelta(days=1)
"""Longer than any unit of work lasts: what is younger may still get its row."""
MOST_LOOKED_AT = 20_000
_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OURS = re.compile(rf"jobs/{_ID}/(originals/[^/]+|photos/{_ID}-[a-z]+\.(jpg|webp))")
"""Below a job's folder lie other things too, which are their owners' business."""


async def remove_orphan_photos(session: AsyncSession) -> int:
    """Remove photos' files that belong to no photo; how many. Each run looks at
    :data:`MOST_LOOKED_AT` files at most, from a job by chance on, so that all have their turn, and
    at some of the first ones."""
    first = await repository.any_job_with_photos(session)
    removed = await _remove(session, behind="", most=MOST_LOOKED_AT // 10)
    if first is not None:
        removed += await _remove(session, behind=f"jobs/{first}/", most=MOST_LOOKED_AT)
    if removed:
        log.info("photos.orphans_removed", count=removed)
    return removed


async def _remove(session: AsyncSession, *, behind: str, most: int) -> int:
    tenant_id, removed = session.info["tenant_id"], 0
    before = now() - YOUNGEST
    async for paths in storage().older_than(tenant_id, "jobs", before, behind=behind, most=most):
        ours = sorted(path for path in paths if _OURS.fullmatch(path))
        lost = sorted(set(ours) - await repository.known_keys(session, ours))
        for job_id, keys in groupby(lost, key=_job_of):
            removed += await remove_unknown(session, job_id, list(keys))
    return removed


async def remove_unknown(session: AsyncSession, job_id: UUID, keys: Sequence[str]) -> int:
    """Remove those of a job's files that belong to no photo; how many. Looked at with the job's
    photos locked: the same bytes may just be sent again."""
    await repository.lock_photos_of(session, job_id)
    lost = set(keys) - await repository.known_keys(session, keys)
    for key in lost:
        await storage().delete(session.info["tenant_id"], key)
    return len(lost)


def _job_of(path: str) -> UUID:
    return UUID(path.split("/")[1])
