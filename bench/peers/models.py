"""The tables as the SQLAlchemy peers map them, with relationships as its documentation shows."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from bench.peers.facts import card, task_in_language


class Base(DeclarativeBase):
    """All tables."""

    type_annotation_map = {
        datetime: DateTime(timezone=True),
        str: Text(),
        UUID: Uuid(),
        dict[str, str]: JSONB(),
    }


class Customer(Base):
    """A customer."""

    __tablename__ = "customers"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]


class Vehicle(Base):
    """A vehicle."""

    __tablename__ = "vehicles"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    make: Mapped[str | None]
    model: Mapped[str | None]
    colour: Mapped[str | None]


class Job(Base):
    """A job."""

    __tablename__ = "jobs"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "vehicle_id"], ["vehicles.tenant_id", "vehicles.id"]),
    )
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence_number: Mapped[int]
    customer_id: Mapped[UUID]
    vehicle_id: Mapped[UUID]
    plate: Mapped[str]
    plate_normalised: Mapped[str]
    plate_country: Mapped[str]
    status: Mapped[str]
    current_task: Mapped[str | None]
    estimated_completion: Mapped[date | None]
    customer: Mapped[Customer] = relationship(overlaps="vehicle")
    vehicle: Mapped[Vehicle] = relationship(overlaps="customer")
    tasks: Mapped[list["Task"]] = relationship(back_populates="job")


class Task(Base):
    """A task of a job."""

    __tablename__ = "job_tasks"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "job_id"], ["jobs.tenant_id", "jobs.id"]),)
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID]
    key: Mapped[str]
    labels: Mapped[dict[str, str]]
    job: Mapped[Job] = relationship(back_populates="tasks")


class Stay(Base):
    """A stay of a vehicle."""

    __tablename__ = "vehicle_presence_stays"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "job_id"], ["jobs.tenant_id", "jobs.id"]),)
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID]
    arrived_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    job: Mapped[Job] = relationship()


def card_of(stay: Stay) -> dict[str, Any]:
    """The card of a loaded stay."""
    job = stay.job
    task = next((each for each in job.tasks if each.key == job.current_task), None)
    return card(
        stay_id=stay.id,
        job_id=job.id,
        job_number=job.sequence_number,
        plate=(job.plate_normalised, job.plate_country, job.plate),
        customer=job.customer.name,
        vehicle=(job.vehicle.make, job.vehicle.model, job.vehicle.colour),
        status=job.status,
        task=task_in_language(task.labels) if task else None,
        estimated_completion=job.estimated_completion,
        arrived_at=stay.arrived_at,
    )
