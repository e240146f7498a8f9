"""Migrating a database of one's own: from nothing, twice at once, back and forth."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import structlog
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from core.db.components import Component
from core.db.migrate import (
    LOCK_TIMEOUT,
    current_revision,
    differences,
    migrate,
    new_revision,
    require_current_schema,
)
from core.db.revisions import config_for, head_of
from core.db.session import async_url
from core.embedded.postgres import APP, OWNER, PLATFORM
from core.errors import SchemaMismatch
from core.house import House, migrate_schema
from core.settings import Settings
from tests.servers import Servers
from tests.waiting import until
from tests.worlds import another_world, settings_on

EMPTY = "garagist_empty"


@pytest.fixture
async def empty(servers: Servers, house: House) -> AsyncIterator[Settings]:
    """Settings of a database in which there is nothing yet."""
    await servers.postgres.ensure_database(EMPTY)
    yield settings_on(servers, EMPTY)
    await servers.postgres.drop_database(EMPTY)


@pytest.fixture
async def migrated(servers: Servers, house: House) -> AsyncIterator[House]:
    """An installation of the test's own."""
    async with another_world(servers, house, "garagist_migrated") as world:
        yield world


async def tables(settings: Settings) -> set[str]:
    """All tables of a database."""
    connection = await asyncpg.connect(settings.migration_database_url)
    try:
        rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    finally:
        await connection.close()
    return {row["tablename"] for row in rows}


async def as_owner(settings: Settings, work: object) -> None:
    """Do something on a connection of the owner, as `migrate` does."""
    engine = create_async_engine(async_url(settings.migration_database_url), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(work)  # type: ignore[arg-type] # a function of a connection
    await engine.dispose()


async def downgrade(settings: Settings, part: Component) -> None:
    """Take all of a component's migrations back."""

    def work(connection: Connection) -> None:
        config = config_for(part)
        config.attributes.update(connection=connection, app_role=APP, platform_role=PLATFORM)
        command.downgrade(config, "base")

    await as_owner(settings, work)


async def test_from_nothing_every_component_gets_to_its_head_with_a_table_that_says_so(
    house: House, empty: Settings
) -> None:
    assert await tables(empty) == set()
    assert await migrate_schema(empty) == {part.name: head_of(part) for part in house.components}
    assert {part.version_table for part in house.components} <= await tables(empty)


async def test_an_empty_database_is_refused_with_the_command_to_type(
    house: House, empty: Settings
) -> None:
    engine = create_async_engine(async_url(empty.migration_database_url), poolclass=NullPool)
    with pytest.raises(SchemaMismatch, match=r"revision none of core, .* run `garagist migrate`"):
        await require_current_schema(engine, house.components)
    await engine.dispose()


def with_a_newer_migration(
    part: Component, folder: Path, *, head: str = "", step: str
) -> Component:
    """A component as the next release has it."""
    for version in part.versions.glob("*.py"):
        (folder / version.name).write_text(version.read_text())
    (folder / "0002_next.py").write_text(
        f"from alembic import op\nfrom core.db import ddl\nrevision = '0002'\n{head}\n"
        f"down_revision = '0001'\n\ndef upgrade():\n    {step}\n"
    )
    return Component(part.name, folder, part.version_table, part.prefix)


async def migrate_to(world: House, part: Component) -> None:
    """Migrate one component."""
    settings = world.settings
    await migrate(
        settings.migration_database_url,
        settings.database_url,
        settings.platform_database_url,
        [part],
    )


def polite_of(world: House) -> Component:
    """The component that the tests change."""
    return next(part for part in world.components if part.name == "polite")


async def test_the_release_before_starts_on_a_database_that_is_ahead_as_that_was_promised(
    migrated: House, tmp_path: Path
) -> None:
    step = "op.execute('alter table polite_notes add column mood text')"
    await migrate_to(migrated, with_a_newer_migration(polite_of(migrated), tmp_path, step=step))
    with structlog.testing.capture_logs() as lines:
        await migrated.require_current_schema()
    assert [(line["event"], line["component"]) for line in lines] == [("schema.ahead", "polite")]
    await migrate_schema(migrated.settings)
    engine = migrated.database.platform_engine
    assert await current_revision(engine, polite_of(migrated)) == "0002"
    await migrated.require_current_schema()


async def test_a_database_from_which_something_was_taken_is_refused_by_the_release_before(
    migrated: House, tmp_path: Path
) -> None:
    newer = with_a_newer_migration(
        polite_of(migrated),
        tmp_path,
        head="ends_earlier_code = True",
        step="op.execute('alter table polite_notes drop column text')",
    )
    await migrate_to(migrated, newer)
    with pytest.raises(SchemaMismatch, match=r"revision 0002 of polite.* start the newer release"):
        await migrated.require_current_schema()


async def test_a_revision_that_nobody_knows_and_nobody_promised_is_refused(migrated: House) -> None:
    await as_owner(
        migrated.settings,
        lambda connection: (
            connection.execute(text("update alembic_version_polite set version_num = '9999'")),
            connection.commit(),
        ),
    )
    with pytest.raises(SchemaMismatch, match="revision 9999 of polite"):
        await migrated.require_current_schema()


async def test_an_index_is_built_while_others_write(migrated: House, tmp_path: Path) -> None:
    step = "ddl.index_beside_work('ix_polite_notes_text', 'polite_notes', ['text'])"
    newer = with_a_newer_migration(polite_of(migrated), tmp_path, step=step)
    url = migrated.settings.migration_database_url
    write = "lock table polite_notes in row exclusive mode"  # as each who writes does
    one, other = await asyncpg.connect(url), await asyncpg.connect(url)
    writing = one.transaction()
    await writing.start()
    await one.execute(write)
    building = asyncio.create_task(migrate_to(migrated, newer))

    async def is_waiting() -> bool:
        asked = "select exists (select 1 from pg_stat_activity where query like 'CREATE INDEX C%')"
        return bool(await other.fetchval(asked))

    await until(is_waiting, seconds=20)
    async with other.transaction():
        await other.execute("set local lock_timeout = '2s'")
        await other.execute(write)
    assert not building.done()
    await writing.commit()
    await building
    valid = "select indisvalid from pg_index where indexrelid = 'ix_polite_notes_text'::regclass"
    assert await other.fetchval(valid) is True
    for connection in (one, other):
        await connection.close()


async def test_three_that_migrate_at_once_do_it_once(house: House, empty: Settings) -> None:
    results = await asyncio.gather(*(migrate_schema(empty) for _ in range(3)))
    assert results[0] == results[1] == results[2]
    for part in house.components:
        assert await differences(empty.migration_database_url, part) == []


async def test_every_table_belongs_to_one_component_and_bears_its_prefix(migrated: House) -> None:
    found = {name for name in await tables(migrated.settings) if "alembic_version" not in name}
    for name in found:
        owners = [part.name for part in migrated.components if part.owns(name)]
        assert len(owners) == 1, name
        if owners != ["core"]:
            assert name.startswith(f"{owners[0]}_")
    owned = [part.name for part in migrated.components if any(map(part.owns, found))]
    assert owned == [part.name for part in migrated.components]


async def test_a_plugins_migrations_can_be_taken_back_and_made_again(migrated: House) -> None:
    settings = migrated.settings
    before = await tables(settings)
    for part in migrated.components[1:]:
        await downgrade(settings, part)
        left = await tables(settings)
        assert {name for name in before if name not in left} == {
            name for name in before if part.owns(name)
        }
        assert await current_revision(migrated.database.platform_engine, part) is None
        await migrate_schema(settings)
        assert await tables(settings) == before
        assert await differences(settings.migration_database_url, part) == []


async def test_what_the_others_hold_survives_that(migrated: House) -> None:
    polite = polite_of(migrated)
    marker = "insert into tenants (slug, name, languages) values ('kept', 'Kept', '[\"nl\"]')"
    await as_owner(
        migrated.settings,
        lambda connection: (connection.execute(text(marker)), connection.commit()),
    )
    await downgrade(migrated.settings, polite)
    await migrate_schema(migrated.settings)
    assert await migrated.directory.by_slug("kept") is not None


async def test_a_table_that_stays_locked_stops_the_migration_soon_and_as_a_whole(
    migrated: House,
) -> None:
    settings = migrated.settings
    part = next(part for part in migrated.components if part.name == "self_service_portal")
    await downgrade(settings, part)
    busy = await asyncpg.connect(settings.migration_database_url)
    async with busy.transaction():
        await busy.execute("lock table jobs in access exclusive mode")
        began = time.monotonic()
        with pytest.raises(SchemaMismatch, match=r"stayed locked.* run `garagist migrate` again"):
            await migrate_schema(settings)
        assert time.monotonic() - began < 3 * float(LOCK_TIMEOUT.removesuffix("s"))
    await busy.close()
    assert not [name for name in await tables(settings) if part.owns(name)]
    await migrate_schema(settings)
    await migrated.require_current_schema()


async def test_the_two_roles_are_made_narrow_where_they_are_missing(
    servers: Servers, empty: Settings
) -> None:
    urls = {
        role: servers.postgres.url(OWNER, EMPTY).replace(
            f"//{OWNER}:{servers.postgres.passwords.owner}@", f"//{role}:its-password@"
        )
        for role in ("fresh_app", "fresh_platform")
    }
    settings = empty.model_copy(
        update={
            "database_url": urls["fresh_app"],
            "platform_database_url": urls["fresh_platform"],
        }
    )
    await migrate_schema(settings)
    for role, url in urls.items():
        connection = await asyncpg.connect(url)
        row = await connection.fetchrow(
            "select rolsuper or rolbypassrls or rolcreatedb or rolcreaterole as wide"
            " from pg_roles where rolname = current_user"
        )
        assert row is not None, role
        assert row["wide"] is False
        await connection.close()


async def test_a_new_migration_is_written_from_what_differs(
    migrated: House, tmp_path: Path
) -> None:
    part = polite_of(migrated)
    copy = Component("polite", tmp_path, part.version_table, part.prefix)
    for version in part.versions.glob("*.py"):
        (tmp_path / version.name).write_text(version.read_text())
    add = "alter table polite_notes add column mood text"
    await as_owner(
        migrated.settings, lambda connection: (connection.execute(text(add)), connection.commit())
    )
    await new_revision(migrated.settings.migration_database_url, copy, "drop mood")
    written = _text_of_the_only(tmp_path, "*_drop_mood.py")
    assert "op.drop_column('polite_notes', 'mood')" in written
    assert "jobs" not in written


def _text_of_the_only(folder: Path, pattern: str) -> str:
    (found,) = folder.glob(pattern)
    return found.read_text()


def test_a_folder_without_any_migration_is_named(tmp_path: Path) -> None:
    part = Component("tyre_hotel", tmp_path, "alembic_version_tyre_hotel", "tyre_hotel_")
    with pytest.raises(SchemaMismatch, match="tyre_hotel has a folder of migrations without any"):
        head_of(part)
