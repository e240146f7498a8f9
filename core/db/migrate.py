"""Bringing the schema up to date, and knowing whether it is.

Migrating is a command of its own: web, worker and beat only look, and refuse to start on a
mismatch. One advisory lock keeps two migrating commands apart.
"""

import importlib
import importlib.util
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from core.db.base import Base
from core.db.components import ROOT, Component
from core.db.session import async_url
from core.errors import DatabaseUnreachable, SchemaMismatch

LOCK_KEY = 4_207_291_101
LOCK_TIMEOUT = "4s"
_LOCK_NOT_AVAILABLE = "55P03"

T = TypeVar("T")


async def migrate(
    owner_url: str, app_url: str, platform_url: str, parts: Sequence[Component]
) -> None:
    """Create the two narrow roles if they are missing, then upgrade every component.

    Raises:
        DatabaseUnreachable: as it says.
        SchemaMismatch: a table stayed locked for more than :data:`LOCK_TIMEOUT`; nothing of
            that migration was kept, the command can be run again.
    """
    engine = create_async_engine(async_url(owner_url), poolclass=NullPool)
    roles = {"app_role": _user(app_url), "platform_role": _user(platform_url)}
    try:
        async with connected(engine) as connection:
            await connection.execute(text("select pg_advisory_lock(:key)"), {"key": LOCK_KEY})
            await connection.commit()
            for url in (app_url, platform_url):
                await connection.run_sync(_ensure_role, url)
            for part in parts:
                await connection.run_sync(_upgrade, part, roles)
            await connection.run_sync(_show_versions, parts, roles)
            await connection.commit()
            await connection.execute(text("select pg_advisory_unlock(:key)"), {"key": LOCK_KEY})
            await connection.commit()
    finally:
        await engine.dispose()


async def require_current_schema(engine: AsyncEngine, parts: Sequence[Component]) -> None:
    """Refuse to go on with a database that is behind or ahead of this code.

    Raises:
        SchemaMismatch: naming the component, both revisions and the command to run.
    """
    async with connected(engine) as connection:
        for part in parts:
            found = await connection.run_sync(_revision, part)
            wanted = head_of(part)
            if found != wanted:
                raise SchemaMismatch(
                    f"the database is at revision {found or 'none'} of {part.name}, this code"
                    f" needs {wanted}: run `garagist migrate`"
                )


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection.

    Raises:
        DatabaseUnreachable: there is none to be had.
    """
    try:
        connection = await engine.connect()
    except (OSError, asyncpg.PostgresError, DBAPIError) as error:
        address = engine.url.render_as_string(hide_password=True)
        raise DatabaseUnreachable(f"no connection to {address}: {error}") from error
    try:
        yield connection
    finally:
        await connection.close()


def head_of(part: Component) -> str:
    """The revision that this code needs of a component.

    Raises:
        SchemaMismatch: the component has no migration at all.
    """
    head = ScriptDirectory.from_config(config_for(part)).get_current_head()
    if head is None:
        raise SchemaMismatch(f"{part.name} has a folder of migrations without any migration")
    return head


async def current_revision(engine: AsyncEngine, part: Component) -> str | None:
    """The revision that the database is at, or None where it has none of the component."""
    async with connected(engine) as connection:
        return await connection.run_sync(_revision, part)


async def differences(owner_url: str, part: Component) -> list[Any]:
    """What autogenerate would change in a component's tables: empty when models and
    migrations agree."""
    return await _with_connection(owner_url, lambda connection: _compare(connection, part))


async def new_revision(owner_url: str, part: Component, message: str) -> None:
    """Write a migration file from the difference between models and database."""

    def write(connection: Connection) -> None:
        config = config_for(part)
        config.attributes["connection"] = connection
        command.revision(config, message=message, autogenerate=True)

    await _with_connection(owner_url, write)


def config_for(part: Component) -> Config:
    """Alembic's configuration for one component, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("version_locations", str(part.versions))
    config.set_main_option("path_separator", "newline")
    config.attributes["component"] = part
    return config


async def _with_connection(owner_url: str, work: Callable[[Connection], T]) -> T:
    engine = create_async_engine(async_url(owner_url), poolclass=NullPool)
    try:
        async with connected(engine) as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, part: Component, roles: dict[str, str]) -> None:
    config = config_for(part)
    config.attributes["connection"] = connection
    config.attributes.update(roles)
    try:
        command.upgrade(config, "head")
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") != _LOCK_NOT_AVAILABLE:
            raise
        raise SchemaMismatch(
            f"a table stayed locked for {LOCK_TIMEOUT}; nothing of this migration of {part.name}"
            " was kept: run `garagist migrate` again"
        ) from error


def _revision(connection: Connection, part: Component) -> str | None:
    exists = connection.execute(
        text("select to_regclass(:name) is not null"), {"name": part.version_table}
    ).scalar_one()
    if not exists:
        return None
    context = MigrationContext.configure(connection, opts={"version_table": part.version_table})
    return context.get_current_revision()


def _compare(connection: Connection, part: Component) -> list[Any]:
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": part.version_table,
            "include_name": include_name_for(part),
            "include_object": include_object_for(part),
            "compare_server_default": False,
        },
    )
    return list(compare_metadata(context, Base.metadata))


def include_name_for(part: Component) -> Callable[[str | None, str, Any], bool]:
    """Autogenerate's filter over what the database holds."""

    def include(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or (name is not None and part.owns(name))

    return include


def include_object_for(part: Component) -> Callable[[Any, str | None, str, bool, Any], bool]:
    """Autogenerate's filter over what the models say."""

    def include(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return kind != "table" or (name is not None and part.owns(name))

    return include


def _ensure_role(connection: Connection, url: str) -> None:
    parsed = make_url(async_url(url))
    known = connection.execute(
        text("select 1 from pg_roles where rolname = :name"), {"name": parsed.username}
    ).first()
    if known is None:
        statement = connection.execute(
            text(
                "select format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD %L',"
                " cast(:name as text), cast(:password as text))"
            ),
            {"name": parsed.username, "password": parsed.password or ""},
        ).scalar_one()
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f'GRANT USAGE ON SCHEMA public TO "{parsed.username}"')
    connection.commit()


def _show_versions(
    connection: Connection, parts: Sequence[Component], roles: dict[str, str]
) -> None:
    for part in parts:
        for role in roles.values():
            connection.exec_driver_sql(f'GRANT SELECT ON "{part.version_table}" TO "{role}"')


def _user(url: str) -> str:
    name = make_url(async_url(url)).username
    if not name:
        raise SchemaMismatch("a database address without a user name cannot be migrated")
    return name


def import_models(packages: Sequence[str]) -> None:
    """Import each package's `models`, so that the metadata is complete."""
    for package in packages:
        spec = importlib.util.find_spec(package)
        is_folder = spec is not None and spec.submodule_search_locations
        if is_folder and importlib.util.find_spec(f"{package}.models") is not None:
            importlib.import_module(f"{package}.models")
