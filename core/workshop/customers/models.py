"""Customers."""

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped

from core.db.base import TenantScoped, Timestamped


class Customer(Timestamped, TenantScoped):
    """A person or firm. `language` is the one that mails are written in."""

    __tablename__ = "customers"
    __table_args__ = (
        Index("ix_customers_email", "tenant_id", "email"),
        Index(
            "ix_customers_name_search",
            "tenant_id",
            func.lower(text("name")).label("lower_name"),
            postgresql_using="gin",
            postgresql_ops={"lower_name": "gin_trgm_ops"},
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
