"""The register of a location: a chain of lines that are only ever added."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, tenant_foreign_key

ENTRY, EXIT, INVOICE, NO_INVOICE, STRIKE = "entry", "exit", "invoice", "no_invoice", "strike"
KINDS = (ENTRY, EXIT, INVOICE, NO_INVOICE, STRIKE)
GENESIS = "0" * 64
"""What the first line of a chain has for the hash of the line before it."""


class VatBook(TenantScoped):
    """The register of one location, and the end of its chain.

    Whoever adds a line locks this row first, so that numbers and positions have neither gaps
    nor doubles. `country` says under which law it is kept and `zone` what a day is; both are
    fixed when it is opened. `checked_*` and `broken_at` are what the nightly check found.
    """

    __tablename__ = "vehicle_presence_vat_books"
    __table_args__ = (
        tenant_foreign_key("location_id", "locations"),
        UniqueConstraint("tenant_id", "location_id"),
    )

    location_id: Mapped[UUID]
    country: Mapped[str]
    zone: Mapped[str]
    opened_on: Mapped[date]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    number: Mapped[int] = mapped_column(server_default=text("0"))
    head: Mapped[str] = mapped_column(server_default=GENESIS)
    closed_until: Mapped[date | None]
    checked_at: Mapped[datetime | None]
    checked_position: Mapped[int | None]
    checked_number: Mapped[int | None]
    broken_at: Mapped[int | None]


class VatLine(TenantScoped):
    """One line of a register. The database refuses to change or remove it.

    `position` is its place in the location's chain, `number` the row of the register that it
    is about: an `entry` begins a row, an `exit` says when the vehicle left, `invoice` and
    `no_invoice` give the reference or the reason why there is none (`words`). A line with
    `strikes` takes the line at that position back: alone (`strike`) or putting itself in its
    place. `is_late` says that the day it is about was in a closed month when it was written.
    It repeats what it needs: jobs, stays and customers may go, it stays.
    """

    __tablename__ = "vehicle_presence_vat_lines"
    __table_args__ = (
        UniqueConstraint("tenant_id", "location_id", "position"),
        CheckConstraint(f"kind in {KINDS}", name="kind"),
        CheckConstraint("kind <> 'strike' or strikes is not null", name="strike_strikes"),
        CheckConstraint(
            "strikes is null or (strikes < position and reason is not null)", name="correction"
        ),
        Index(
            "uq_vehicle_presence_vat_lines_strikes",
            "tenant_id",
            "location_id",
            "strikes",
            unique=True,
            postgresql_where=text("strikes is not null"),
        ),
        Index(
            "uq_vehicle_presence_vat_lines_number",
            "tenant_id",
            "location_id",
            "number",
            unique=True,
            postgresql_where=text("kind = 'entry' and strikes is null"),
        ),
        Index("ix_vehicle_presence_vat_lines_row", "tenant_id", "location_id", "number"),
        Index(
            "ix_vehicle_presence_vat_lines_day",
            "tenant_id",
            "location_id",
            "day",
            "number",
            postgresql_where=text("kind = 'entry'"),
        ),
        Index(
            "ix_vehicle_presence_vat_lines_left",
            "tenant_id",
            "location_id",
            "day",
            "number",
            postgresql_where=text("kind = 'exit'"),
        ),
        Index(
            "ix_vehicle_presence_vat_lines_stay",
            "tenant_id",
            "stay_id",
            postgresql_where=text("kind = 'entry'"),
        ),
        Index(
            "ix_vehicle_presence_vat_lines_late",
            "tenant_id",
            "location_id",
            "recorded_at",
            postgresql_where=text("is_late"),
        ),
    )

    location_id: Mapped[UUID]
    position: Mapped[int]
    number: Mapped[int]
    kind: Mapped[str]
    strikes: Mapped[int | None]
    day: Mapped[date | None]
    at: Mapped[datetime | None]
    plate: Mapped[str | None]
    vin: Mapped[str | None]
    vat_number: Mapped[str | None]
    words: Mapped[str | None]
    reason: Mapped[str | None]
    is_late: Mapped[bool] = mapped_column(server_default=text("false"))
    evidence: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    stay_id: Mapped[UUID | None]
    job_id: Mapped[UUID | None]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    recorded_at: Mapped[datetime]
    previous_hash: Mapped[str]
    hash: Mapped[str]


class VatDue(TenantScoped):
    """A row of a register that waits for its invoice reference: work to do, and no part of the
    register. It goes when the reference is there, so its size does not depend on history.
    `reminded_on` is the day on which people were last mailed about it, for the deadline that it has
    now."""

    __tablename__ = "vehicle_presence_vat_dues"
    __table_args__ = (
        UniqueConstraint("tenant_id", "location_id", "number"),
        Index("ix_vehicle_presence_vat_dues_due", "tenant_id", "due_on"),
    )

    location_id: Mapped[UUID]
    number: Mapped[int]
    left_on: Mapped[date]
    due_on: Mapped[date]
    reminded_on: Mapped[date | None]


class VatClosing(TenantScoped):
    """A month of a register that was closed, once: where its chain stood then.

    `document` is the signed file, byte for byte, that was put into the object storage and
    mailed to the garage: what left the database can be held against it.
    """

    __tablename__ = "vehicle_presence_vat_closings"
    __table_args__ = (UniqueConstraint("tenant_id", "location_id", "month"),)

    location_id: Mapped[UUID]
    month: Mapped[date]
    closed_at: Mapped[datetime]
    position: Mapped[int]
    number: Mapped[int]
    head: Mapped[str]
    document: Mapped[str]


class VatExport(TenantScoped):
    """A file that was handed out: by its hash it can be recognised, and nothing changed in it."""

    __tablename__ = "vehicle_presence_vat_exports"
    __table_args__ = (Index("ix_vehicle_presence_vat_exports_sha256", "tenant_id", "sha256"),)

    location_id: Mapped[UUID]
    first_day: Mapped[date]
    last_day: Mapped[date]
    format: Mapped[str]
    sha256: Mapped[str]
    rows: Mapped[int]
    position: Mapped[int]
    head: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
