"""A second installation on the same servers, for tests that let a worker loose or break things."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from core import settings as settings_module
from core import storage as storage_module
from core.background import console as console_module
from core.db.session import Database
from core.embedded.postgres import APP, OWNER, PLATFORM
from core.hooks import manager as manager_module
from core.house import House, migrate_schema
from core.settings import Settings
from core.workshop.notifications import live
from tenants.directory import DatabaseTenantDirectory
from tenants.epoch import Epoch
from tests.servers import Servers

INSTALLED = (settings_module, storage_module, manager_module, console_module, live)


@contextmanager
def as_it_was() -> Iterator[None]:
    """Whoever opens a house of its own in the block leaves the process its first one."""
    before = [list(module._installed) for module in INSTALLED]  # noqa: SLF001
    try:
        yield
    finally:
        for module, installed in zip(INSTALLED, before, strict=True):
            module._installed[:] = installed  # noqa: SLF001


@asynccontextmanager
async def one_connection(house: House) -> AsyncIterator[Database]:
    """The database behind a pool of one connection, which the next to ask waits for."""
    settings = house.settings
    database = Database(settings.database_url, settings.platform_database_url, pool_size=1)
    try:
        yield database
    finally:
        await database.dispose()


def settings_on(servers: Servers, name: str, **changes: object) -> Settings:
    """Settings with a database and a Redis of their own."""
    return servers.settings(
        database_url=servers.postgres.url(APP, name),
        platform_database_url=servers.postgres.url(PLATFORM, name),
        migration_database_url=servers.postgres.url(OWNER, name),
        redis_url=servers.valkey.url.removesuffix("/0") + "/1",
        **changes,
    )


@asynccontextmanager
async def another_world(servers: Servers, house: House, name: str) -> AsyncIterator[House]:
    """A migrated database with a house over it: plugins and storage are the first one's."""
    await servers.postgres.ensure_database(name)
    settings = settings_on(servers, name)
    await migrate_schema(settings)
    database = Database(settings.database_url, settings.platform_database_url, pooled=False)
    epoch = Epoch(settings.redis_url)
    directory = DatabaseTenantDirectory(
        database, epoch, house.hooks.manifests, base_domain=settings.base_domain
    )
    world = replace(house, settings=settings, database=database, epoch=epoch, directory=directory)
    try:
        yield world
    finally:
        await world.close()
        await servers.postgres.drop_database(name)
