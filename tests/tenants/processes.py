"""Another process of the platform, as far as garages are concerned."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.db.session import Database
from core.house import House
from tenants.activation import Switching
from tenants.directory import DatabaseTenantDirectory
from tenants.epoch import Epoch


@asynccontextmanager
async def another_process(house: House, redis_url: str | None = None) -> AsyncIterator[Switching]:
    """Its own connections and its own memory; the hooks are this process's."""
    settings = house.settings
    database = Database(settings.database_url, settings.platform_database_url, pooled=False)
    epoch = Epoch(redis_url or settings.redis_url)
    directory = DatabaseTenantDirectory(
        database, epoch, house.hooks.manifests, base_domain=settings.base_domain
    )
    try:
        yield Switching(database, directory, house.hooks)
    finally:
        await epoch.close()
        await database.dispose()
