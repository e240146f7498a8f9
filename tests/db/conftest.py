"""A way past the first lock, for looking at the others and at the catalogue."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


@pytest.fixture
async def catalogue(superuser: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """PostgreSQL's own tables."""
    async with superuser.connect() as connection:
        yield connection
