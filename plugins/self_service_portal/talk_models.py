"""What customer and garage say to each other about a job: messages, estimates, wishes for mail."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key

MONEY = Numeric(10, 2)


class Message(TenantScoped):
    """One message about a job. `author` is `customer` or `garage`; `read_at` is when the other
    side read it. `once` is the mark of the form that it came with: sent twice, it is one."""

    __tablename__ = "self_service_portal_messages"
    __table_args__ = (
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "job_id", "once"),
        CheckConstraint("author in ('customer', 'garage')", name="author"),
        CheckConstraint("char_length(body) between 1 and 2000", name="body"),
        Index("ix_self_service_portal_messages_talk", "tenant_id", "job_id", "sent_at"),
        Index(
            "ix_self_service_portal_messages_unread",
            "tenant_id",
            "job_id",
            postgresql_where=text("read_at is null and author = 'customer'"),
        ),
    )

    job_id: Mapped[UUID]
    once: Mapped[UUID]
    author: Mapped[str]
    author_name: Mapped[str] = mapped_column(server_default="")
    body: Mapped[str]
    sent_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class StageWish(Timestamped, TenantScoped):
    """When a customer wants a mail about a job: at `every` shown stage, when it is `ready`, or
    `never`."""

    __tablename__ = "self_service_portal_stage_wishes"
    __table_args__ = (
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "job_id"),
        CheckConstraint("choice in ('every', 'ready', 'never')", name="choice"),
    )

    job_id: Mapped[UUID]
    choice: Mapped[str]


class Quote(TenantScoped):
    """An estimate that the garage sent: amounts in EUR, its words, perhaps a PDF.

    Rows are added and never changed, so what was decided about is what was sent. A quote may be
    decided on until the end of `valid_until` on the garage's clock.
    """

    __tablename__ = "self_service_portal_quotes"
    __table_args__ = (
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "job_id", "once"),
        CheckConstraint("net > 0 and gross >= net", name="amounts"),
        CheckConstraint("(pdf_key is null) = (pdf_sha256 is null)", name="pdf"),
        Index("ix_self_service_portal_quotes_job", "tenant_id", "job_id", "sent_at"),
    )

    job_id: Mapped[UUID]
    once: Mapped[UUID]
    net: Mapped[Decimal] = mapped_column(MONEY)
    gross: Mapped[Decimal] = mapped_column(MONEY)
    note: Mapped[str] = mapped_column(server_default="")
    valid_until: Mapped[date]
    pdf_key: Mapped[str | None]
    pdf_sha256: Mapped[str | None]
    sent_at: Mapped[datetime]
    sent_by: Mapped[str]


class QuoteOutcome(TenantScoped):
    """How a quote ended: `approved` or `declined` by the customer, or `withdrawn` by the garage.

    One row per quote, so the first of them is the only one. It repeats all that was shown when
    somebody decided; the application may set nothing afterwards but who at the garage has taken
    note of it.
    """

    __tablename__ = "self_service_portal_quote_outcomes"
    __table_args__ = (
        tenant_foreign_key("quote_id", "self_service_portal_quotes", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "quote_id"),
        CheckConstraint("kind in ('approved', 'declined', 'withdrawn')", name="kind"),
        Index(
            "ix_self_service_portal_quote_outcomes_new",
            "tenant_id",
            "at",
            postgresql_where=text("noted_at is null"),
        ),
    )

    quote_id: Mapped[UUID]
    kind: Mapped[str]
    at: Mapped[datetime]
    name: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str]
    wording: Mapped[str]
    net: Mapped[Decimal] = mapped_column(MONEY)
    gross: Mapped[Decimal] = mapped_column(MONEY)
    pdf_sha256: Mapped[str | None]
    noted_at: Mapped[datetime | None]
    noted_by: Mapped[str | None]
