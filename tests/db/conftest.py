"""A way past the first lock, for looking at the others and at the catalogue."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from core.db.session import async_url
from core.embedded.postgres import ADMIN
from core.house import House
from tests.servers import DATABASE, Servers


@pytest.fixture
async def superuser(house: House, servers: Servers) -> AsyncIterator[AsyncEngine]:
    """The database as its administrator, whom row level security does not hold back."""
    engine = create_async_engine(
        async_url(servers.postgres.url(ADMIN, DATABASE)), poolclass=NullPool
    )
    yield engine
    await engine.dispose()


@pytest.fixture
async def catalogue(superuser: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """PostgreSQL's own tables."""
    async with superuser.connect() as connection:
        yield connection
