"""Declarative bases: one for tables that belong to a garage, one for the platform's own."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    DateTime,
    ForeignKeyConstraint,
    MetaData,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.db.scope import scoped_tenant_id

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table of the platform and of its plugins."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text(),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
        dict[str, str]: JSONB(),
        list[Any]: JSONB(),
    }


class PlatformTable(Base):
    """A table of the platform itself: no garage's data, out of the application role's reach."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(
        primary_key=True, server_default=text("uuidv7()"), sort_order=-1
    )


class TenantScoped(Base):
    """A table whose every row belongs to one garage.

    The key is ``(tenant_id, id)``: foreign keys must carry the garage too, because
    PostgreSQL checks them past row level security. It also makes each table ready to
    be distributed by ``tenant_id``.
    """

    __abstract__ = True

    tenant_id: Mapped[UUID] = mapped_column(
        primary_key=True, default=scoped_tenant_id, sort_order=-2
    )
    id: Mapped[UUID] = mapped_column(
        primary_key=True, server_default=text("uuidv7()"), sort_order=-1
    )


class Timestamped:
    """Adds when a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


def tenant_foreign_key(column: str, table: str, *, ondelete: str | None = None) -> Any:
    """A foreign key to another table of the same garage, carrying ``tenant_id``."""
    return ForeignKeyConstraint(
        ["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete=ondelete
    )
