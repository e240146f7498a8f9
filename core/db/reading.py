"""The shortest way from PostgreSQL to a hot page: one prepared statement, one message.

Naming the garage to row level security travels inside the statement itself (decision 0033), so
neither `BEGIN` nor `COMMIT` is sent for it. Whatever writes, and every page that is not hot, uses
a session instead.
"""

from typing import Any
from uuid import UUID

from asyncpg import Connection, Record
from sqlalchemy import (
    Engine,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import await_only, greenlet_spawn

from core.db.scope import SCOPE_SETTING
from core.errors import UnscopedQuery

_SCOPE = select(
    cast(
        func.set_config(
            literal_column(f"'{SCOPE_SETTING}'"),
            cast(bindparam("tenant", type_=Uuid), Text),
            true(),
        ),
        Uuid,
    ).label("tenant_id")
).subquery("scope")
GARAGE = _SCOPE.c.tenant_id
"""The garage in scope. Every statement that is prepared here compares each `tenant_id` with it or
with another `tenant_id` that is: then nothing of the statement runs before row level security
knows the garage."""


class Prepared:
    """A statement that is compiled once, when its module is imported.

    It must have a limit: PostgreSQL then has to work out the scope first, and runs the statement
    for it. Should it ever not, row level security finds no garage set, and so no rows.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        """Compile.

        Raises:
            UnscopedQuery: it does not compare with :data:`GARAGE`.
        """
        found = statement.lateral("found")
        scoped = select(*found.c).select_from(_SCOPE.join(found, true()))
        compiled = scoped.compile(
            dialect=dialect(),  # type: ignore[no-untyped-call] # SQLAlchemy forgot it
            compile_kwargs={"render_postcompile": True},
        )
        self.sql = compiled.string
        if str(GARAGE) not in self.sql:
            raise UnscopedQuery("a prepared statement does not name the garage")
        fixed = compiled.params
        self._names = tuple((name, fixed[name]) for name in compiled.positiontup or ())

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """The values in the order of the statement's placeholders."""
        return [values.get(name, fixed) for name, fixed in self._names]


class Reading:
    """What a garage's pages may read of it; each statement sees what is stored at its moment."""

    def __init__(self, engine: AsyncEngine, tenant_id: UUID) -> None:
        self._engine = engine
        self._tenant_id = tenant_id

    async def rows(self, statement: Prepared, **values: Any) -> list[Record]:
        """All rows that the statement finds, in its order."""
        arguments = statement.arguments({**values, "tenant": self._tenant_id})
        return await greenlet_spawn(_fetch, self._engine.sync_engine, statement.sql, arguments)

    async def row(self, statement: Prepared, **values: Any) -> Record | None:
        """The first of them, or None."""
        found = await self.rows(statement, **values)
        return found[0] if found else None


def _fetch(engine: Engine, sql: str, arguments: list[Any]) -> list[Record]:
    """Borrow, ask, give back: in one greenlet, as the pool is SQLAlchemy's."""
    borrowed, driver = _borrow(engine)
    try:
        found: list[Record] = await_only(driver.fetch(sql, *arguments))
    except BaseException:  # in whatever state the connection is, nobody gets it after us
        borrowed.invalidate()
        raise
    borrowed.close()
    return found


def _borrow(engine: Engine) -> tuple[PoolProxiedConnection, Connection]:
    """A connection that is still open: those from before a restart of PostgreSQL are not."""
    while True:
        borrowed = engine.raw_connection()
        driver = borrowed.driver_connection
        if driver is not None and not driver.is_closed():
            return borrowed, driver
        borrowed.invalidate()
