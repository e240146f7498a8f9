"""Doing things in the house from a command: open it, work, close it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from core.background.console import Work
from core.errors import GaragistError
from core.hooks.contributions import Again
from core.house import House, open_house
from core.i18n import language_scope
from core.settings import Settings
from core.tenancy.context import TenantContext, tenant_scope

T = TypeVar("T")
NEEDED = ("database_url", "platform_database_url", "redis_url", "storage_url", "base_domain")


def in_house(settings: Settings, work: Callable[[House], Awaitable[T]]) -> T:
    """Open the house for one piece of work.

    Raises:
        SettingsError: a setting is missing.
        SchemaMismatch: the database does not fit this code.
    """
    settings.require(*NEEDED)

    async def run() -> T:
        house = open_house(settings)
        try:
            await house.require_current_schema()
            return await work(house)
        finally:
            await house.close()

    return asyncio.run(run())


class HouseConsole:
    """Implements :class:`~core.background.console.Console` for commands of plugins."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def in_garages(
        self, plugin: str, slug: str | None, work: Work, *, once_on: bool = False
    ) -> list[tuple[str, Any]]:
        """See the protocol."""

        def is_meant(tenant: TenantContext) -> bool:
            return tenant.may_hold_data_of(plugin) if once_on else tenant.has_plugin(plugin)

        async def run(house: House) -> list[tuple[str, Any]]:
            return await _in_garages(house, await _chosen(house, plugin, slug, is_meant), work)

        return in_house(self._settings, run)


async def _in_garages(
    house: House, garages: Sequence[TenantContext], work: Work
) -> list[tuple[str, Any]]:
    results = []
    for tenant in garages:
        with tenant_scope(tenant), language_scope(tenant.default_language):
            results.append((tenant.slug, await _to_its_end(house, tenant, work)))
    return results


async def _to_its_end(house: House, tenant: TenantContext, work: Work) -> Any:
    while True:
        async with house.database.unit_of_work(tenant.id) as session:
            answer = await work(session)
        if not isinstance(answer, Again):
            return answer
        await asyncio.sleep(answer.pause_seconds)


async def _chosen(
    house: House, plugin: str, slug: str | None, is_meant: Callable[[TenantContext], bool]
) -> list[TenantContext]:
    if slug is None:
        ids = await house.directory.open_ids()
        found = [await house.directory.by_id(tenant_id) for tenant_id in ids]
        return [tenant for tenant in found if tenant is not None and is_meant(tenant)]
    tenant = await house.directory.by_slug(slug)
    if tenant is None:
        raise GaragistError(f"there is no open garage {slug}")
    if not is_meant(tenant):
        raise GaragistError(f"{plugin} is switched off for {slug}")
    return [tenant]
