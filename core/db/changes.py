"""Which tables of a garage were changed, as PostgreSQL itself notes it (decision 0036).

A trigger on each table that somebody remembers something of adds a row here, once per
transaction and table, in that transaction: it is there exactly when the change is. Nobody waits
for anybody, as rows are only added. Whoever has a snapshot of the database can ask later which
tables have changes that this snapshot did not show.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Select,
    Text,
    UniqueConstraint,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    not_,
    select,
    table,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from core.db.base import TenantScoped
from core.db.ddl import NOTE_CHANGE

KEPT_SECONDS = 3600
"""For how long it is known at least that something changed; what is older is tidied away by the
trigger that adds a row (migration 0004)."""


class DataChange(TenantScoped):
    """That a transaction changed rows of a garage in one table.

    `transaction` is PostgreSQL's own 64-bit number of it, `source` the table's name.
    """

    __tablename__ = "data_changes"
    __table_args__ = (UniqueConstraint("tenant_id", "transaction", "source"),)

    transaction: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str]


class _Type(UserDefinedType[Any]):
    """A type that PostgreSQL has and SQLAlchemy does not."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_options: Any) -> str:
        """As it is written in a cast."""
        return self.name


_SEEN = cast(cast(bindparam("seen", type_=Text), Text), _Type("pg_snapshot"))
SNAPSHOT, CHANGES = "changes_snapshot", "changes_unseen"


def noted_tables(garage: Any) -> Select[*tuple[Any, ...]]:
    """`sources`: the tables of which changes are noted at all."""
    classes = table("pg_class", column("oid"), column("relname"))
    triggers = table("pg_trigger", column("tgrelid"), column("tgname"), column("tgenabled"))
    names = (
        select(cast(classes.c.relname, Text))
        .join(triggers, triggers.c.tgrelid == classes.c.oid)
        .where(triggers.c.tgname == NOTE_CHANGE, triggers.c.tgenabled.in_(("O", "A")))
        .scalar_subquery()
    )
    return _alone(garage, func.array(names).label("sources"))


def nothing_else(garage: Any) -> Select[*tuple[Any, ...]]:
    """One row that says nothing."""
    return _alone(garage, literal_column("true").label("is_there"))


def changes(garage: Any) -> tuple[Any, Any]:
    """Columns: the snapshot, and the changes that the snapshot `:seen` did not show, each as its
    table and transaction (`jobs:774`). They are looked for from the oldest that was under way."""
    number = cast(cast(DataChange.transaction, Text), _Type("xid8"))
    oldest = cast(cast(func.pg_snapshot_xmin(_SEEN), Text), BigInteger)
    unseen = (
        select(DataChange.source + literal_column("':'") + cast(DataChange.transaction, Text))
        .where(
            DataChange.tenant_id == garage,
            DataChange.transaction >= oldest,
            not_(func.pg_visible_in_snapshot(number, _SEEN)),
        )
        .correlate(garage.table)
        .scalar_subquery()
    )
    snapshot = cast(func.pg_current_snapshot(), Text)
    return snapshot.label(SNAPSHOT), func.array(unseen).label(CHANGES)


def _alone(garage: Any, what: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(what).where(garage.is_not(None)).correlate(garage.table).limit(literal_column("1"))
    )
