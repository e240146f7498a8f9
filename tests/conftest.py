"""Fixtures: real servers, the open house, the application, and a garage for each test."""

import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from core.app import app_of
from core.background.process import Doors
from core.db.session import async_url
from core.embedded.postgres import ADMIN
from core.house import House, effect_registry, migrate_schema, open_house
from core.web.host_router import HostRouter
from core.web.limits import Limiter
from tests.garages import Garage, Outbox, open_test_garage
from tests.security.routes import litestar_of
from tests.servers import DATABASE, Servers, running_servers


@pytest.fixture(scope="session", autouse=True)
def readable_logs() -> None:
    """Plain tracebacks: drawing all variables of a logged error takes a second each."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """PostgreSQL, Valkey and a mail server of this process."""
    folder: Path = tmp_path_factory.mktemp("servers")
    with running_servers(folder) as running:
        yield running


@pytest.fixture(scope="session")
async def house(servers: Servers) -> AsyncIterator[House]:
    """The open house on a freshly migrated database."""
    await servers.postgres.ensure_database(DATABASE)
    settings = servers.settings()
    await migrate_schema(settings)
    opened = open_house(settings)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def app(house: House) -> AsyncIterator[HostRouter]:
    """The ASGI application over the open house, stopped at the end as a server does it."""
    router = app_of(house)
    yield router
    sent: list[object] = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.shutdown"}

    async def send(message: object) -> None:
        sent.append(message)

    await router({"type": "lifespan"}, receive, send)
    assert sent == [{"type": "lifespan.shutdown.complete"}]


@pytest.fixture(scope="session")
def outbox(house: House, servers: Servers) -> Outbox:
    """The worker's hand: does what garages' outboxes hold, and finds the mails."""
    return Outbox(house, effect_registry(house), servers.mails)


@pytest.fixture
async def superuser(house: House, servers: Servers) -> AsyncIterator[AsyncEngine]:
    """The database as its administrator, whom neither grants nor row level security hold."""
    engine = create_async_engine(
        async_url(servers.postgres.url(ADMIN, DATABASE)), poolclass=NullPool
    )
    yield engine
    await engine.dispose()


@pytest.fixture
async def doors(house: House, outbox: Outbox) -> AsyncIterator[Doors]:
    """What the worker's tasks work with, on this run's servers."""
    redis = Redis.from_url(house.settings.redis_url)
    yield Doors(house.worker_resources, outbox.effects, redis)
    await redis.aclose()


@pytest.fixture
async def garage(house: House, app: HostRouter) -> Garage:
    """A garage of this test's own, with both built-in plugins on."""
    return await open_test_garage(
        house, app, plugins=("vehicle_presence", "self_service_portal"), slug=new_slug()
    )


@pytest.fixture
async def other_garage(house: House, app: HostRouter) -> Garage:
    """A second garage, to leak into."""
    return await open_test_garage(
        house, app, plugins=("vehicle_presence", "self_service_portal"), slug=new_slug()
    )


@pytest.fixture
async def second_process(house: House) -> AsyncIterator[HostRouter]:
    """The application as another web process runs it: all of its own but database and Redis."""
    router = app_of(house)
    yield router
    await litestar_of(router).state.resources.limiter.close()


@pytest.fixture
async def elsewhere(house: House) -> AsyncIterator[Limiter]:
    """The counting of another web process."""
    limiter = Limiter(house.settings.redis_url)
    yield limiter
    await limiter.close()


def new_slug() -> str:
    """A subdomain that no other test has."""
    return f"g-{secrets.token_hex(6)}"
