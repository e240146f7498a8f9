"""Customers."""

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped


class Customer(Timestamped, TenantScoped):
    """A person or firm. `language` is the one that mails are written in."""

    __tablename__ = "customers"
    __table_args__ = (
        Index("ix_customers_email", "tenant_id", "email"),
        Index(
            "ix_customers_name_search",
            text("lower(name) gin_trgm_ops"),
            postgresql_using="gin",
        ),
    )

    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    language: Mapped[str]
    street: Mapped[str | None]
    postal_code: Mapped[str | None]
    city: Mapped[str | None]
    vat_number: Mapped[str | None]
