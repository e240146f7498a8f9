"""Storing many rows with one statement whose text never changes.

An `INSERT` with a row per set of placeholders is another text for each number of rows, so it is
compiled and planned anew; one that is sent once per row runs once per row. This one takes an array
per column: it is compiled when its module is imported, prepared once per connection, and run once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.base import TenantScoped


class ManyRows:
    """Any number of new rows of a garage's table, with values for `columns`.

    All of them get the session's garage; columns that are not named get their defaults. Where it
    is a part of a larger statement, `prefix` keeps its parameters apart from others', and it adds
    nothing unless `only_if` holds.
    """

    def __init__(
        self,
        table: type[TenantScoped],
        *columns: str,
        prefix: str = "",
        only_if: ColumnElement[bool] | None = None,
    ) -> None:
        into = table.__table__
        source = select(
            bindparam("tenant", type_=into.c.tenant_id.type).label("tenant_id"),
            *(
                func.unnest(bindparam(prefix + name, type_=ARRAY(into.c[name].type))).label(name)
                for name in columns
            ),
        )
        if only_if is not None:
            source = source.where(only_if)
        self._columns = {name: prefix + name for name in columns}
        self.insert: Insert = insert(_as_table(into))
        self.insert = self.insert.from_select(["tenant_id", *columns], source)

    async def add(self, session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store them, in this order; nothing is sent where there are none."""
        await self.send(session, self.insert, rows)

    async def send(
        self,
        session: AsyncSession,
        statement: Insert,
        rows: Sequence[Mapping[str, Any]],
        **values: Any,
    ) -> None:
        """The same with what was made of :attr:`insert`, such as one that says what to do about
        a conflict; `values` are what else it asks for."""
        if rows:
            values |= {**self.arrays(rows), "tenant": session.info["tenant_id"]}
            await session.execute(statement, values)

    def arrays(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The rows as the statement's parameters, without the garage."""
        return {parameter: [row[name] for row in rows] for name, parameter in self._columns.items()}


def _as_table(found: FromClause) -> Any:
    """What is mapped is a table: a class of ours is never mapped to anything else."""
    return found
