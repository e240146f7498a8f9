"""The doors of a worker process."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from core.background.process import Doors
from core.house import House
from tests.garages import Outbox


@pytest.fixture
async def doors(house: House, outbox: Outbox) -> AsyncIterator[Doors]:
    """What tasks work with, on this run's servers."""
    redis = Redis.from_url(house.settings.redis_url)
    yield Doors(house.worker_resources, outbox.effects, redis)
    await redis.aclose()
