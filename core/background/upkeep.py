"""Recurring work of core's own, in every open garage whatever its plugins are."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import ScheduledTask
from core.hooks.manager import HookManager
from core.tenancy.context import TenantContext
from core.workshop.photos.orphans import remove_orphan_photos
from core.workshop.uploads.services import forget_expired_uploads


async def forget_uploads(session: AsyncSession) -> None:
    """Remove what customers or the desk began to send a day ago and did not end."""
    await forget_expired_uploads(session)


async def remove_orphans(session: AsyncSession) -> None:
    """Remove files of photos that arrived, and whose unit of work was then taken back."""
    await remove_orphan_photos(session)


TASKS = (
    ScheduledTask("core.forget_uploads", forget_uploads, every_seconds=3600),
    ScheduledTask("core.remove_orphans", remove_orphans, local_hour=4),
)


def offered_tasks(hooks: HookManager) -> list[tuple[str | None, Sequence[ScheduledTask]]]:
    """Core's tasks and those of every plugin, with its name."""
    return [(None, TASKS), *hooks.ask_all("scheduled_tasks")]


def tasks_of(
    tenant: TenantContext, offered: Sequence[tuple[str | None, Sequence[ScheduledTask]]]
) -> list[ScheduledTask]:
    """Those of the offered tasks that run in a garage: core's, and those of plugins that are on."""
    return [
        task
        for plugin, tasks in offered
        if plugin is None or tenant.has_plugin(plugin)
        for task in tasks
    ]
