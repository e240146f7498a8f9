"""Engines, sessions and the single commit.

One request or one background task is one unit of work. Only this module commits.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import event, text
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, with_loader_criteria
from sqlalchemy.pool import NullPool

from core.db.base import TenantScoped
from core.db.reading import KeptReadings, Reading
from core.db.scope import SCOPE_SETTING, tenant_id_in_scope
from core.errors import ChangedAtOnce, GaveWay, UnitOfWorkNotYours, UnscopedQuery

log = structlog.get_logger(__name__)

AfterCommit = Callable[[], Awaitable[None] | None]
CONTENDED = frozenset({"40P01", "40001"})
"""Deadlock, and what could not be put in a row with what others did."""

ASIDE_SECONDS = 2.0
"""How long what is asked aside of the pools may take, with opening its connection."""

_BACKEND = "backend_pid"
_ASIDE = "aside"
_SET_TENANT = text(f"select set_config('{SCOPE_SETTING}', :tenant, true)")


class TenantSession(Session):
    """A session that works for exactly one garage from its first statement to its last."""


class PlatformSession(Session):
    """A session of the platform role: garages, plugins, support; no garage's data."""


@event.listens_for(TenantSession, "after_begin")
def _lock_transaction_to_tenant(
    session: Session, transaction: SessionTransaction, connection: Connection
) -> None:
    """Tell row level security whose rows exist; runs again after every commit."""
    tenant_id = _tenant_of(session)
    if not transaction.nested:
        session.info[_BACKEND] = connection.connection.driver_connection.get_server_pid()  # type: ignore[union-attr]
        connection.execute(_SET_TENANT, {"tenant": str(tenant_id)})


@event.listens_for(TenantSession, "do_orm_execute")
def _limit_statements_to_tenant(state: ORMExecuteState) -> None:
    """The second lock: every ORM statement also says the garage itself. One of Core says it in its
    own text, as it could not be told otherwise."""
    if state.is_column_load or state.is_relationship_load:
        return
    tenant_id = _tenant_of(state.session)
    if not state.is_orm_statement:
        return
    state.statement = state.statement.options(
        with_loader_criteria(
            TenantScoped, lambda table: table.tenant_id == tenant_id, include_aliases=True
        )
    )


@event.listens_for(TenantSession, "before_flush")
def _refuse_foreign_rows(session: Session, *_: object) -> None:
    """A row of another garage in this session is a programming error: say so before SQL."""
    tenant_id = _tenant_of(session)
    for row in (*session.new, *session.dirty, *session.deleted):
        owner = getattr(row, "tenant_id", None)
        if isinstance(row, TenantScoped) and owner is not None and owner != tenant_id:
            raise UnscopedQuery(f"{type(row).__name__} of another garage in this session")


def _tenant_of(session: Session) -> UUID:
    tenant_id: UUID | None = session.info.get("tenant_id")
    if tenant_id is None:
        raise UnscopedQuery("a tenant session was used without a garage")
    return tenant_id


class UnitSession(AsyncSession):
    """The session of a unit of work, which ends it: neither a verb nor a plugin does."""

    async def commit(self) -> None:
        """Refused.

        Raises:
            UnitOfWorkNotYours: always.
        """
        raise UnitOfWorkNotYours("a unit of work is stored as a whole, at its end")

    async def rollback(self) -> None:
        """Refused.

        Raises:
            UnitOfWorkNotYours: always.
        """
        raise UnitOfWorkNotYours("raise an error instead: then nothing of it is stored")

    async def store(self) -> None:
        """The single commit."""
        await super().commit()


def after_commit(session: AsyncSession, action: AfterCommit) -> None:
    """Run `action` once this unit of work is safely stored; never if it is rolled back.

    An action that fails is logged and forgotten: what must happen goes through the outbox.
    """
    session.info.setdefault("after_commit", []).append(action)


async def end_statement(session: AsyncSession) -> None:
    """Have PostgreSQL end the statement that `session` waits for, over a connection aside: the
    statement fails, and a savepoint around it can be gone back to. Where it waits for none, nothing
    happens. (To cancel who waits would cost the whole connection, and with it the unit of work.)
    It is over within :data:`ASIDE_SECONDS`.
    """
    pid, aside = session.info.get(_BACKEND), session.info.get(_ASIDE)
    if pid is None or aside is None:
        return
    try:
        async with aside() as connection:
            await connection.execute(text("select pg_cancel_backend(:pid)"), {"pid": pid})
    except (SQLAlchemyError, OSError):
        log.exception("statement.not_ended")


class Database:
    """The two narrow doors to PostgreSQL: the application's and the platform's."""

    def __init__(
        self,
        app_url: str,
        platform_url: str,
        *,
        pooled: bool = True,
        pool_size: int = 16,
        kept_bytes: int = 80_000_000,
        statement_seconds: int = 0,
    ) -> None:
        """Open them; connections are made when they are needed, at most `pool_size` of the
        application's. `kept_bytes` is how much readings
        may keep (decision 0036). PostgreSQL breaks off a statement after `statement_seconds`, and
        a transaction in which nothing is asked for twice as long; 0 is never. Each connection says
        so as it is opened, which costs no message of its own."""
        opened = partial(_engine, pooled=pooled, statement_seconds=statement_seconds)
        self.app_engine = opened(app_url, pool_size=pool_size, max_overflow=0)
        self.kept = KeptReadings(kept_bytes)
        self.platform_engine = opened(platform_url, pool_size=4, max_overflow=12)
        self._aside_engine = create_async_engine(async_url(app_url), poolclass=NullPool)

    @asynccontextmanager
    async def unit_of_work(self, tenant_id: UUID) -> AsyncIterator[AsyncSession]:
        """One transaction for one garage; committed at the end, or not at all."""
        session = UnitSession(
            self.app_engine,
            sync_session_class=TenantSession,
            expire_on_commit=False,
            info={"tenant_id": tenant_id, _ASIDE: self.aside},
        )
        token = tenant_id_in_scope.set(tenant_id)
        try:
            async with session:
                yield session
                await session.store()
        finally:
            _restore_scope(token)
        await _run_after_commit(session)

    def reading(self, tenant_id: UUID) -> Reading:
        """One garage's data for a hot page, past units of work."""
        return Reading(self.app_engine, tenant_id, self.kept)

    @asynccontextmanager
    async def platform_unit_of_work(self) -> AsyncIterator[AsyncSession]:
        """One transaction of the platform role, which sees no garage's data."""
        session = UnitSession(
            self.platform_engine, sync_session_class=PlatformSession, expire_on_commit=False
        )
        async with session:
            yield session
            await session.store()
        await _run_after_commit(session)

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[AsyncConnection]:
        """A connection of its own, as the application, for what must not wait until the pool has
        one; no garage's rows are seen over it.

        Raises:
            TimeoutError: it took longer than :data:`ASIDE_SECONDS`.
            OSError: PostgreSQL is not there.
        """
        async with asyncio.timeout(ASIDE_SECONDS), self._aside_engine.connect() as connection:
            yield connection

    async def dispose(self) -> None:
        """Close all connections."""
        await self.app_engine.dispose()
        await self.platform_engine.dispose()


def _engine(
    url: str, *, pool_size: int, max_overflow: int, pooled: bool, statement_seconds: int
) -> AsyncEngine:
    """Connections beyond `pool_size` are closed when they are given back: where many ask at
    once all the time, opening them would cost more than their statements."""
    options: dict[str, Any] = (
        {"pool_size": pool_size, "max_overflow": max_overflow, "pool_recycle": 1800}
        if pooled
        else {"poolclass": NullPool}
    )
    if statement_seconds:
        options["connect_args"] = {
            "server_settings": {
                "statement_timeout": f"{statement_seconds}s",
                "idle_in_transaction_session_timeout": f"{2 * statement_seconds}s",
            }
        }
    # What parameters hold is people's: it stays out of errors, and so out of logs.
    engine = create_async_engine(async_url(url), hide_parameters=True, **options)
    event.listen(engine.sync_engine, "handle_error", _say_that_somebody_was_faster)
    return engine


def _say_that_somebody_was_faster(context: ExceptionContext) -> None:
    """No fault of anybody's. In a savepoint it is a refusal, shown wherever one is; outside of one
    nothing more can be read, so nobody may go on as after a refusal.

    Raises:
        ChangedAtOnce: PostgreSQL chose this transaction to give way, as far as its savepoint.
        GaveWay: the same, outside of a savepoint.
    """
    sqlstate = getattr(context.original_exception, "sqlstate", None)
    if sqlstate in CONTENDED:
        log.warning("database.gave_way", sqlstate=sqlstate)
        if context.connection is not None and context.connection.in_nested_transaction():
            raise ChangedAtOnce
        raise GaveWay


def async_url(url: str) -> str:
    """`postgresql://…` as people write it, with the driver that Garagist uses."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+asyncpg://" + url.removeprefix(prefix)
    return url


def _restore_scope(token: Any) -> None:
    try:
        tenant_id_in_scope.reset(token)
    except ValueError:
        # The web framework may finish a generator dependency in another context than the
        # one it was started in; that context ends with the request, so nothing leaks.
        log.debug("scope.ended_elsewhere")


async def _run_after_commit(session: AsyncSession) -> None:
    for action in session.info.pop("after_commit", []):
        try:
            result = action()
            if inspect.isawaitable(result):
                await result
        except Exception:
            log.exception("after_commit.failed")
