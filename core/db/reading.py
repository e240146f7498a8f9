"""The shortest way from PostgreSQL to a hot page: one prepared statement, one message.

Naming the garage to row level security travels inside the statement itself (decision 0033), so
neither `BEGIN` nor `COMMIT` is sent for it. Whatever writes, and every page that is not hot, uses
a session instead. What :meth:`Reading.kept` found is not even read again before something of it
changed (decision 0036).
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from asyncpg import Connection, Record
from sqlalchemy import (
    BindParameter,
    Engine,
    Select,
    Table,
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
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql import visitors
from sqlalchemy.util import await_only, greenlet_spawn

from core.db.changes import (
    CHANGES,
    KEPT_SECONDS,
    SNAPSHOT,
    changes,
    noted_tables,
    nothing_else,
)
from core.db.scope import SCOPE_SETTING
from core.errors import UnnotedChanges, UnscopedQuery
from core.memory import AskedOnce, Memory

SIZE_OF_VALUE = 5
"""About how many times as long as its text a value is."""
MOST_COUNTED = 100
GARAGE_BYTES = 10_000
MOST_GARAGES_BYTES = 20_000_000
LONGEST_SECONDS = 60.0
"""For how long an answer is kept although nothing was noted: a net below those who change tables
with triggers switched off, such as a restore."""

T = TypeVar("T")
_NUMBERS = count(1)
"""Marks of what was kept and of changes: each is given out once."""

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

    def __init__(self, statement: Select[*tuple[Any, ...]], *, looks: bool = False) -> None:
        """Compile. One that `looks` also learns what changed, for those who keep readings.

        Raises:
            UnscopedQuery: it does not compare with :data:`GARAGE`.
        """
        self.looks = looks
        found = statement.lateral("found")
        columns = (*found.c, *changes(GARAGE)) if looks else found.c
        scoped = select(*columns).select_from(_SCOPE.join(found, true()))
        for part in visitors.iterate(scoped):
            if isinstance(part, BindParameter):
                part.required = False  # values come later; writing out an IN asks for them now
        compiled = scoped.compile(
            dialect=dialect(),  # type: ignore[no-untyped-call] # SQLAlchemy forgot it
            compile_kwargs={"render_postcompile": True},
        )
        self.sql = compiled.string
        if str(GARAGE) not in self.sql:
            raise UnscopedQuery("a prepared statement does not name the garage")
        if self.sql.count(SCOPE_SETTING) > 1:
            raise UnscopedQuery("a part of a prepared statement does not correlate with the garage")
        fixed = compiled.params
        self._names = tuple((name, fixed[name]) for name in compiled.positiontup or ())

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """The values in the order of the statement's placeholders."""
        return [values.get(name, fixed) for name, fixed in self._names]


class PreparedLists(Prepared, Generic[T]):
    """Several lists in one statement, and so of one moment, as a value of type `shape`: a frozen
    msgspec struct with a tuple per list, of structs whose fields are named as its columns.
    """

    def __init__(self, shape: type[T], **lists: Select[*tuple[Any, ...]]) -> None:
        """Compile.

        Raises:
            UnscopedQuery: one of them does not compare with :data:`GARAGE`.
        """
        parts: list[Any] = []
        for name, statement in lists.items():
            if _SCOPE not in set(visitors.iterate(statement)):
                raise UnscopedQuery(f"the list {name} does not name the garage")
            parts += [literal_column(f"'{name}'"), _as_json(statement.correlate(_SCOPE))]
        text = cast(func.json_build_object(*parts), Text).label("text")
        super().__init__(select(text).limit(literal_column("1")))
        self._lists = tuple(lists.values())
        self.decoder = msgspec.json.Decoder(shape)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The tables that it reads, and those whose rows take rows of them along when they are
        deleted: known once all models are imported."""
        return tuple(sorted(_sources_of(self._lists)))


def _as_json(statement: Select[*tuple[Any, ...]]) -> Any:
    rows = statement.subquery()
    listed = func.json_agg(rows.table_valued())
    return select(func.coalesce(listed, literal_column("'[]'::json"))).scalar_subquery()


def _sources_of(statements: Iterable[Select[*tuple[Any, ...]]]) -> set[str]:
    found: set[str] = set()
    todo = [
        each
        for statement in statements
        for each in visitors.iterate(statement)
        if isinstance(each, Table)
    ]
    while todo:
        table = todo.pop()
        if table.name not in found:
            found.add(table.name)
            todo += [key.referred_table for key in table.foreign_key_constraints if key.ondelete]
    return found


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """What lists held. It is shared by whoever asks, so nobody changes it. `mark` is another
    number wherever `value` is another one, so what is made of it can be remembered by that; it
    says nothing in another process."""

    value: T
    mark: int


@dataclass(slots=True)
class _Garage:
    """What this process knows of one garage's changes: up to which snapshot, and a number for
    each table that is another one after each change. Tables without one have `base`. Of changes
    that are `counted`, those who asked at the same time hear too, and need not count them again."""

    snapshot: str
    looked_at: float
    base: int
    numbers: dict[str, int] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)

    def count(self, changes: Iterable[str]) -> None:
        """Give the tables of changes that were not counted yet another number."""
        fresh = set(changes) - self.counted
        for change in fresh:
            self.numbers[change.partition(":")[0]] = next(_NUMBERS)
        if len(self.counted) > MOST_COUNTED:
            self.counted.clear()
        self.counted |= fresh

    def tags(self, sources: Sequence[str]) -> tuple[int, ...]:
        return tuple(self.numbers.get(each, self.base) for each in sources)


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer that is right while the numbers of its tables are `tags`."""

    kept: Kept[Any]
    tags: tuple[int, ...]
    read_at: float


class KeptReadings:
    """What the readings of a process keep, for all garages."""

    def __init__(self, most_bytes: int) -> None:
        self.garages: Memory[UUID, _Garage] = Memory(MOST_GARAGES_BYTES)
        self.answers: Memory[tuple[Any, ...], _Answer] = Memory(most_bytes)
        self.under_way: AskedOnce[tuple[Any, ...], Kept[Any]] = AskedOnce()
        self.noted: frozenset[str] = frozenset()


class Reading:
    """What a garage's pages may read of it; each statement sees what is stored at its moment."""

    _keeps = True

    def __init__(self, engine: AsyncEngine, tenant_id: UUID, memory: KeptReadings) -> None:
        self._engine = engine
        self._tenant_id = tenant_id
        self._memory = memory
        self._garage: _Garage | None = None

    async def rows(self, statement: Prepared, **values: Any) -> list[Record]:
        """All rows that the statement finds, in its order."""
        if not (statement.looks and self._keeps):
            return await self._ask(statement, values)
        moment = time.monotonic()
        known = self._memory.garages.get(self._tenant_id)
        if known is not None and moment > known.looked_at + KEPT_SECONDS / 2:
            known = None
        seen = known.snapshot if known is not None else None
        found = await self._ask(statement, {**values, "seen": seen})
        if found:
            self._garage = self._learn(known, found[0], moment)
        return found

    def _learn(self, known: _Garage | None, row: Record, moment: float) -> _Garage:
        if known is None:
            known = _Garage(row[SNAPSHOT], moment, next(_NUMBERS))
            self._memory.garages.put(self._tenant_id, known, GARAGE_BYTES)
            return known
        known.count(row[CHANGES])
        known.snapshot, known.looked_at = row[SNAPSHOT], moment
        return known

    async def _ask(self, statement: Prepared, values: dict[str, Any]) -> list[Record]:
        arguments = statement.arguments({**values, "tenant": self._tenant_id})
        return await self._send(statement.sql, arguments)

    async def _send(self, sql: str, arguments: list[Any]) -> list[Record]:
        return await greenlet_spawn(_fetch, self._engine.sync_engine, sql, arguments)

    async def row(self, statement: Prepared, **values: Any) -> Record | None:
        """The first of them, or None."""
        found = await self.rows(statement, **values)
        return found[0] if found else None

    async def kept(self, statement: PreparedLists[T], **values: Any) -> Kept[T]:
        """What the lists hold, read again only where a table that they read has changed since.

        PostgreSQL is asked for that once per reading, whatever is kept: behind a login, when that
        is looked up. Values must be hashable.

        Raises:
            UnnotedChanges: PostgreSQL does not note changes of a table that it reads.
        """
        garage = self._garage or await self._look()
        if not self._memory.noted.issuperset(statement.sources):
            await self._check_noted(statement.sources)
        arguments = tuple(statement.arguments({**values, "tenant": self._tenant_id}))
        key = (self._tenant_id, statement, arguments)
        tags = garage.tags(statement.sources)
        known = self._memory.answers.get(key)
        moment = time.monotonic()
        if known is not None and known.tags == tags and moment < known.read_at + LONGEST_SECONDS:
            return known.kept
        found: Kept[T] = await self._memory.under_way.answer(
            (key, tags), lambda: self._read(statement, values, key, tags, known)
        )
        return found

    async def _read(
        self,
        statement: PreparedLists[T],
        values: dict[str, Any],
        key: tuple[Any, ...],
        tags: tuple[int, ...],
        known: _Answer | None,
    ) -> Kept[T]:
        """Ask, and keep the answer under the numbers from before it was asked for: what changes
        meanwhile makes it old."""
        moment = time.monotonic()
        (row,) = await self.rows(statement, **values)
        text: str = row["text"]
        kept = Kept(statement.decoder.decode(text), next(_NUMBERS))
        if known is not None and known.kept.value == kept.value:
            kept = known.kept
        self._memory.answers.put(key, _Answer(kept, tags, moment), SIZE_OF_VALUE * len(text))
        return kept

    async def _look(self) -> _Garage:
        await self.rows(_LOOK)
        if self._garage is None:
            raise UnscopedQuery("nothing was found out about the garage's changes")
        return self._garage

    async def _check_noted(self, sources: Sequence[str]) -> None:
        (row,) = await self.rows(_NOTED)
        self._memory.noted = frozenset(row["sources"])
        if missing := sorted(set(sources) - self._memory.noted):
            raise UnnotedChanges(missing)


class SessionReading(Reading):
    """The same within a unit of work: it sees what that has written, asks over its connection
    (whoever holds one must not wait for a second), and keeps nothing."""

    _keeps = False

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._tenant_id = session.info["tenant_id"]

    async def kept(self, statement: PreparedLists[T], **values: Any) -> Kept[T]:
        """What the lists hold at this moment."""
        (row,) = await self.rows(statement, **values)
        return Kept(statement.decoder.decode(row["text"]), next(_NUMBERS))

    async def _send(self, sql: str, arguments: list[Any]) -> list[Record]:
        await self._session.flush()
        connection = await (await self._session.connection()).get_raw_connection()
        driver: Connection = connection.driver_connection
        found: list[Record] = await driver.fetch(sql, *arguments)
        return found


_NOTED = Prepared(noted_tables(GARAGE))
_LOOK = Prepared(nothing_else(GARAGE), looks=True)


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
