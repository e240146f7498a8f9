"""Bringing the schema up to date, and knowing whether it is.

Migrating is a command of its own: web, worker and beat only look, and refuse to start on a
database that is behind, or too far ahead (:mod:`core.db.revisions`). One advisory lock keeps two
migrating commands apart.
"""

import asyncio
import importlib
import importlib.util
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
import structlog
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from core.db.base import Base
from core.db.components import Component
from core.db.revisions import config_for, note_promise, revision_of, state_of
from core.db.session import async_url
from core.errors import DatabaseUnreachable, SchemaMismatch

log = structlog.get_logger(__name__)

LOCK_KEY = 4_207_291_101
LOCK_TIMEOUT = "4s"
LOOK_AGAIN_SECONDS = 0.5
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
    engine = create_async_engine(async_url(owner_url), poolclass=NullPool, hide_parameters=True)
    roles = {"app_role": _user(app_url), "platform_role": _user(platform_url)}
    try:
        async with connected(engine) as connection:
            await _wait_for_turn(connection)
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
    """Refuse to go on with a database that is behind this code, or ahead of what serves it.

    Raises:
        SchemaMismatch: naming the component, both revisions and what to do.
    """
    async with connected(engine) as connection:
        for part in parts:
            state = await connection.run_sync(state_of, part)
            state.require()
            if state.is_ahead:
                log.warning("schema.ahead", component=part.name, at=state.found, code=state.wanted)


class SchemaWatch:
    """Whether the schema still fits this code: judged again only when it is another one."""

    def __init__(self, engine: AsyncEngine, parts: Sequence[Component]) -> None:
        self._engine = engine
        self._parts = parts
        self._judged: tuple[str | None, ...] = ()
        asked = [
            f"select {place} as place, version_num from {part.version_table}"  # noqa: S608
            for place, part in enumerate(parts)
        ]
        self._asked = text(" union all ".join(asked) + " order by place")

    async def fits(self) -> bool:
        """Whether it does.

        Raises:
            SchemaMismatch: it does not; the text says why.
            DBAPIError, OSError: PostgreSQL does not answer.
        """
        async with self._engine.connect() as connection:
            found = tuple(row.version_num for row in await connection.execute(self._asked))
        if found != self._judged:
            await require_current_schema(self._engine, self._parts)
            self._judged = found
        return True


async def _wait_for_turn(connection: AsyncConnection) -> None:
    """Asked again and again, not waited for: an index that is built beside work waits for every
    statement that runs, and would wait for ours while we wait for its migration."""
    lock = text("select pg_try_advisory_lock(:key)")
    while not (await connection.execute(lock, {"key": LOCK_KEY})).scalar_one():
        await connection.commit()
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    await connection.commit()


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


async def current_revision(engine: AsyncEngine, part: Component) -> str | None:
    """The revision that the database is at, or None where it has none of the component."""
    async with connected(engine) as connection:
        return await connection.run_sync(revision_of, part)


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


async def _with_connection(owner_url: str, work: Callable[[Connection], T]) -> T:
    engine = create_async_engine(async_url(owner_url), poolclass=NullPool, hide_parameters=True)
    try:
        async with connected(engine) as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, part: Component, roles: dict[str, str]) -> None:
    if state_of(connection, part).is_ahead:
        connection.commit()
        log.warning("schema.ahead", component=part.name)
        return
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
    note_promise(connection, part)
    connection.commit()


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
