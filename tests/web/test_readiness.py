"""What a load balancer asks: should this process be sent requests?"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core.app import app_of
from core.db.session import Database
from core.embedded.process import free_port
from core.house import House
from core.web import readiness
from core.web.host_router import HostRouter
from tests.garages import Browser, Garage
from tests.security.routes import litestar_of
from tests.servers import BASE_DOMAIN
from tests.worlds import one_connection

READY = "/-/ready"
NOWHERE = f"127.0.0.1:{free_port()}"


async def ask(app: HostRouter, host: str = BASE_DOMAIN) -> tuple[int, Any]:
    """The status, and what is said."""
    answer = await Browser(app, host).get(READY)
    return answer.status_code, answer.json() if answer.status_code != 404 else None


@asynccontextmanager
async def process_of(house: House) -> AsyncIterator[HostRouter]:
    """A web process of its own in that house."""
    router = app_of(house)
    try:
        yield router
    finally:
        resources = litestar_of(router).state.resources
        await resources.limiter.close()
        await resources.extras["signs_of_life"].aclose()


async def test_a_process_that_can_work_says_so_at_the_vendors_domain_alone(
    app: HostRouter, garage: Garage
) -> None:
    status, said = await ask(app)
    assert (status, said["ready"], said["ending"]) == (200, True, False)
    assert [said[name] for name in ("database", "schema", "redis")] == ["ok"] * 3
    assert set(said) == {"ready", "ending", "database", "schema", "redis", "beat", "worker"}
    for host in (garage.host, f"support.{BASE_DOMAIN}", "nobody.example"):
        answer = await Browser(app, host).get(READY)
        assert answer.status_code in {404, 303}, host
        assert "database" not in answer.text


async def test_without_postgresql_it_is_not_ready_and_does_not_say_where_that_is(
    house: House,
) -> None:
    nowhere = f"postgresql://somebody:secret@{NOWHERE}/x"
    broken = replace(house, database=Database(nowhere, nowhere, pooled=False))
    async with process_of(broken) as router:
        answer = await Browser(router, BASE_DOMAIN).get(READY)
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["schema"]) == ("down", "down")
    assert NOWHERE not in answer.text


async def test_a_process_whose_connections_all_work_is_busy_and_still_ready(house: House) -> None:
    async with (
        one_connection(house) as database,
        process_of(replace(house, database=database)) as router,
        database.app_engine.connect(),
    ):
        status, said = await ask(router)
    assert (status, said["database"]) == (200, "ok")


async def test_without_redis_it_says_so_and_goes_on(house: House) -> None:
    settings = house.settings.model_copy(update={"redis_url": f"redis://{NOWHERE}/0"})
    async with process_of(replace(house, settings=settings)) as router:
        status, said = await ask(router)
    assert (status, said["redis"], said["beat"], said["worker"]) == (200, "down", "down", "down")


async def test_on_a_schema_that_does_not_fit_it_is_not_ready_until_that_fits_again(
    house: House, superuser: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0)
    set_to: Callable[[str], Any] = text(
        "update alembic_version_polite set version_num = :to"
    ).bindparams
    async with process_of(house) as router:
        assert (await ask(router))[0] == 200
        for revision, wanted in (("0000", (503, "down")), ("0001", (200, "ok"))):
            async with superuser.begin() as connection:
                await connection.execute(set_to(to=revision))
            status, said = await ask(router)
            assert (status, said["schema"]) == wanted


async def test_a_process_that_is_told_to_end_wants_no_more_requests(house: House) -> None:
    async with process_of(house) as router:
        assert (await ask(router))[0] == 200
        litestar_of(router).state.resources.live.stop()
        status, said = await ask(router)
    assert (status, said["ready"], said["ending"], said["database"]) == (503, False, True, "ok")
