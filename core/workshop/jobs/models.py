"""Jobs, the flows they follow, their tasks and what happened to them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key


class Counter(TenantScoped):
    """A gapless number per garage, raised inside the transaction that uses it."""

    __tablename__ = "counters"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
    value: Mapped[int] = mapped_column(server_default=text("0"))


class DamageFlow(TenantScoped):
    """A named workflow, such as `Standard`; exactly one per garage is the default."""

    __tablename__ = "damage_flows"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        Index(
            "uq_damage_flows_default",
            "tenant_id",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )

    name: Mapped[str]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    position: Mapped[int] = mapped_column(server_default=text("1"))


class DamageFlowStep(TenantScoped):
    """A step of a flow. `labels` and `customer_texts` are per language; a stage is shown to
    customers only where `customer_texts` says something."""

    __tablename__ = "damage_flow_steps"
    __table_args__ = (
        tenant_foreign_key("flow_id", "damage_flows", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "flow_id", "position"),
    )

    flow_id: Mapped[UUID]
    position: Mapped[int]
    key: Mapped[str]
    labels: Mapped[dict[str, str]]
    department: Mapped[str | None]
    planned_minutes: Mapped[int] = mapped_column(server_default=text("0"))
    customer_texts: Mapped[dict[str, str]] = mapped_column(server_default=text("'{}'"))


class Job(Timestamped, TenantScoped):
    """A repair job: the central record.

    `sequence_number` is the garage's own, gapless; `public_number` is the one that customers
    get, with enough random bits that it cannot be guessed. The plate is a snapshot: it stays
    what it was when the job was opened. `version` rises with every change (optimistic lock).
    """

    __tablename__ = "jobs"
    __table_args__ = (
        tenant_foreign_key("location_id", "locations"),
        tenant_foreign_key("customer_id", "customers"),
        tenant_foreign_key("vehicle_id", "vehicles"),
        tenant_foreign_key("flow_id", "damage_flows"),
        UniqueConstraint("tenant_id", "sequence_number"),
        UniqueConstraint("tenant_id", "public_number"),
        Index("ix_jobs_newest", "tenant_id", text("id DESC")),
        Index("ix_jobs_status", "tenant_id", "status", text("id DESC")),
        Index("ix_jobs_plate", "tenant_id", "plate_normalised"),
        Index(
            "ix_jobs_plate_search",
            "tenant_id",
            "plate_normalised",
            postgresql_using="gin",
            postgresql_ops={"plate_normalised": "gin_trgm_ops"},
        ),
        Index("ix_jobs_customer", "tenant_id", "customer_id"),
        Index("ix_jobs_vehicle", "tenant_id", "vehicle_id"),
        CheckConstraint(
            "status in ('new', 'planned', 'in_progress', 'ready', 'delivered', 'invoiced',"
            " 'cancelled')",
            name="status",
        ),
    )

    sequence_number: Mapped[int]
    public_number: Mapped[str]
    location_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    vehicle_id: Mapped[UUID]
    flow_id: Mapped[UUID]
    plate: Mapped[str]
    plate_normalised: Mapped[str]
    plate_country: Mapped[str] = mapped_column(server_default="BE")
    status: Mapped[str] = mapped_column(server_default="new")
    status_changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    current_task: Mapped[str | None]
    source: Mapped[str] = mapped_column(server_default="desk")
    damage: Mapped[str] = mapped_column(server_default="")
    damage_zones: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    comments: Mapped[str] = mapped_column(server_default="")
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    mileage_at_estimate: Mapped[int | None]
    mileage_at_repair: Mapped[int | None]
    estimated_completion: Mapped[date | None]
    client_informed_at: Mapped[datetime | None]
    book_out_date: Mapped[date | None]
    claim_capacity: Mapped[str | None]
    insurer: Mapped[str | None]
    expert: Mapped[str | None]
    claim_number: Mapped[str | None]
    courtesy_car_wished: Mapped[bool] = mapped_column(server_default=text("false"))
    invoice_reference: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}


class JobTask(TenantScoped):
    """A step of a job, copied from its flow when the job was opened.

    `state` is one of `not_started`, `in_progress`, `on_hold`, `finished`, `skipped`.
    """

    __tablename__ = "job_tasks"
    __table_args__ = (
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        tenant_foreign_key("assignee_id", "staff_members"),
        UniqueConstraint("tenant_id", "job_id", "position"),
        CheckConstraint(
            "state in ('not_started', 'in_progress', 'on_hold', 'finished', 'skipped')",
            name="state",
        ),
    )

    job_id: Mapped[UUID]
    position: Mapped[int]
    key: Mapped[str]
    labels: Mapped[dict[str, str]]
    department: Mapped[str | None]
    planned_minutes: Mapped[int] = mapped_column(server_default=text("0"))
    customer_texts: Mapped[dict[str, str]] = mapped_column(server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(server_default="not_started")
    assignee_id: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class JobEvent(TenantScoped):
    """A dated line of a job's history: `kind` is a stable word, `details` its values."""

    __tablename__ = "job_events"
    __table_args__ = (
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        Index("ix_job_events_job", "tenant_id", "job_id", text("id DESC")),
    )

    job_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    kind: Mapped[str]
    actor: Mapped[str] = mapped_column(server_default="")
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
