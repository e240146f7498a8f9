"""The administrator of the database, who could do anything."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from core.db.session import async_url
from core.embedded.postgres import ADMIN
from core.house import House
from tests.servers import DATABASE, Servers


@pytest.fixture
async def superuser(house: House, servers: Servers) -> AsyncIterator[AsyncEngine]:
    """The database as its administrator, whom neither grants nor row level security hold."""
    engine = create_async_engine(
        async_url(servers.postgres.url(ADMIN, DATABASE)), poolclass=NullPool
    )
    yield engine
    await engine.dispose()
