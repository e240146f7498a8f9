"""What tests of pages share."""

from collections.abc import AsyncIterator

import pytest

from core.app import app_of
from core.house import House
from core.web.host_router import HostRouter
from core.web.limits import Limiter
from tests.security.routes import litestar_of


@pytest.fixture
async def second_process(house: House) -> AsyncIterator[HostRouter]:
    """The application as another web process runs it: of its own but for database and Redis."""
    app = app_of(house)
    yield app
    await litestar_of(app).state.resources.limiter.close()


@pytest.fixture
async def elsewhere(house: House) -> AsyncIterator[Limiter]:
    """The counting of another web process."""
    limiter = Limiter(house.settings.redis_url)
    yield limiter
    await limiter.close()
