"""The card list as SQLAlchemy statements: with the ORM, and with Core."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import joinedload, selectinload

from bench.peers.facts import PAGE, card, task_in_language
from bench.peers.models import Customer, Job, Stay, Task, Vehicle, card_of

TENANT = "select set_config('app.tenant', :tenant, true)"


def orm(tenant: UUID) -> Select[Any]:
    """Whole objects, with what is shown of them loaded at once."""
    return (
        select(Stay)
        .where(Stay.tenant_id == tenant, Stay.left_at.is_(None))
        .options(
            joinedload(Stay.job).options(
                joinedload(Job.customer), joinedload(Job.vehicle), selectinload(Job.tasks)
            )
        )
        .order_by(Stay.arrived_at, Stay.id)
        .limit(PAGE + 1)
    )


def core(tenant: UUID) -> Select[Any]:
    """Only the columns that are shown."""
    return (
        select(
            Stay.id,
            Stay.job_id,
            Job.sequence_number,
            Job.plate_normalised,
            Job.plate_country,
            Job.plate,
            Customer.name,
            Vehicle.make,
            Vehicle.model,
            Vehicle.colour,
            Job.status,
            Task.labels,
            Job.estimated_completion,
            Stay.arrived_at,
        )
        .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .join(Vehicle, and_(Vehicle.tenant_id == Job.tenant_id, Vehicle.id == Job.vehicle_id))
        .outerjoin(
            Task,
            and_(
                Task.tenant_id == Job.tenant_id, Task.job_id == Job.id, Task.key == Job.current_task
            ),
        )
        .where(Stay.tenant_id == tenant, Stay.left_at.is_(None))
        .order_by(Stay.arrived_at, Stay.id)
        .limit(PAGE + 1)
    )


def page_of(cards: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A page as all answer it."""
    shown = list(cards[:PAGE])
    last = shown[-1] if len(cards) > PAGE else None
    position = f"{last['arrived_at'].isoformat()}_{last['stay_id']}" if last else None
    return {"cards": shown, "next": position}


def orm_page(stays: Sequence[Stay]) -> dict[str, Any]:
    """Of loaded objects."""
    return page_of([card_of(stay) for stay in stays])


def core_page(rows: Sequence[Any]) -> dict[str, Any]:
    """Of rows."""
    return page_of(
        [
            card(
                stay_id=row.id,
                job_id=row.job_id,
                job_number=row.sequence_number,
                plate=(row.plate_normalised, row.plate_country, row.plate),
                customer=row.name,
                vehicle=(row.make, row.model, row.colour),
                status=row.status,
                task=task_in_language(row.labels),
                estimated_completion=row.estimated_completion,
                arrived_at=row.arrived_at,
            )
            for row in rows
        ]
    )
