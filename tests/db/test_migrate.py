"""Models and migrations say the same."""

import ast
import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core.db.components import components
from core.db.migrate import (
    current_revision,
    differences,
    migrate,
    require_current_schema,
)
from core.db.revisions import head_of
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


RELEASED = {"core": "0005", "vehicle_presence": "0007", "self_service_portal": "0003"}
"""Up to here migrations are released, and are not edited any more."""


def test_a_new_migration_builds_no_index_on_a_table_in_use_but_beside_its_work(
    house: House,
) -> None:
    """Tables that the same migration makes are in nobody's use yet."""
    for part in house.components:
        for file in sorted(part.versions.glob("*.py")):
            if file.name[:4] > RELEASED.get(part.name, "0000"):
                assert not holding_up(file.read_text()), f"{file.name}: ddl.index_beside_work"


def holding_up(migration: str) -> set[str]:
    """The tables on which a migration's text builds an index that those who write wait for."""
    calls = [
        (node.func.attr, [getattr(each, "value", "?") for each in node.args], node.keywords)
        for node in ast.walk(ast.parse(migration))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    made = {arguments[0] for name, arguments, _ in calls if name == "create_table"}
    indexed = {
        arguments[1]
        for name, arguments, options in calls
        if name == "create_index"
        and "postgresql_concurrently" not in {option.arg for option in options}
    }
    return indexed - made


def test_such_an_index_is_found_in_a_migrations_text() -> None:
    plain = "op.create_index('ix', 'jobs', ['plate'])"
    assert holding_up(plain) == {"jobs"}
    assert holding_up(f"op.create_table('jobs', x)\n{plain}") == set()
    assert holding_up("ddl.index_beside_work('ix', 'jobs', ['plate'])") == set()
