"""Models and migrations say the same."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core.db.components import components
from core.db.migrate import (
    current_revision,
    differences,
    head_of,
    migrate,
    require_current_schema,
)
from core.embedded.postgres import APP, OWNER, PLATFORM
from core.errors import SchemaMismatch
from core.house import House
from tests.servers import DATABASE, Servers


async def test_the_migrations_make_exactly_what_the_models_say(
    house: House, servers: Servers
) -> None:
    owner = servers.postgres.url(OWNER, DATABASE)
    assert [part.name for part in house.components][:1] == ["core"]
    for part in house.components:
        assert await differences(owner, part) == [], part.name


async def test_every_component_is_at_its_head(house: House) -> None:
    for part in house.components:
        found = await current_revision(house.database.platform_engine, part)
        assert found == head_of(part)


async def test_migrating_again_and_twice_at_once_changes_nothing(
    house: House, servers: Servers
) -> None:
    urls = [servers.postgres.url(role, DATABASE) for role in (OWNER, APP, PLATFORM)]
    engine = house.database.platform_engine
    before = [await current_revision(engine, part) for part in house.components]
    await asyncio.gather(*(migrate(*urls, house.components) for _ in range(2)))
    await house.require_current_schema()
    assert [await current_revision(engine, part) for part in house.components] == before


async def test_a_database_that_is_behind_names_the_command(
    house: House, superuser: AsyncEngine
) -> None:
    part = house.components[-1]
    wanted = head_of(part)
    change = text(f"update {part.version_table} set version_num = :revision")  # noqa: S608
    async with superuser.begin() as connection:
        await connection.execute(change, {"revision": "0000"})
    try:
        with pytest.raises(SchemaMismatch, match="garagist migrate"):
            await require_current_schema(house.database.platform_engine, [part])
    finally:
        async with superuser.begin() as connection:
            await connection.execute(change, {"revision": wanted})


def test_a_plugins_tables_are_its_own_and_nobody_elses() -> None:
    core, presence = components([("vehicle_presence", "plugins.vehicle_presence")])
    assert presence.owns("vehicle_presence_stays")
    assert not core.owns("vehicle_presence_stays")
    assert (core.owns("jobs"), presence.owns("jobs")) == (True, False)
    assert not core.owns("alembic_version_vehicle_presence")
