"""Every query about jobs."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import (
    Counter,
    DamageFlow,
    DamageFlowStep,
    Job,
    JobEvent,
    JobTask,
)
from core.workshop.vehicles.models import Vehicle

PAGE = 50
MANY = 500
EXPORTED = 500
_LAST_DIGITS = 8
"""Of a phone number: the same whether it was typed with the country's number or with 0."""
OPEN_STATUSES = ("new", "planned", "in_progress", "ready")

JobRow = Row[*tuple[Any, ...]]

_LIST_COLUMNS = (
    Job.id,
    Job.sequence_number,
    Job.public_number,
    Job.plate,
    Job.plate_normalised,
    Job.plate_country,
    Job.status,
    Job.current_task,
    Job.damage,
    Job.estimated_completion,
    Job.created_at,
    Customer.name.label("customer_name"),
    Vehicle.make,
    Vehicle.model,
    Vehicle.colour,
)


def _list() -> Any:
    return (
        select(*_LIST_COLUMNS)
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .join(Vehicle, and_(Vehicle.tenant_id == Job.tenant_id, Vehicle.id == Job.vehicle_id))
        .order_by(Job.id.desc())
    )


async def by_id(session: AsyncSession, job_id: UUID) -> Job:
    """The job with that id.

    Raises:
        NotFound: not here.
    """
    found = await session.scalar(select(Job).where(Job.id == job_id))
    if found is None:
        raise NotFound("job")
    return found


async def locked(session: AsyncSession, job_id: UUID) -> Job:
    """The job with that id as it is stored now, locked: whoever moves it on at the same time
    waits for this unit of work, and then sees what it did. Whoever adds something to it (a line
    of its history) does not wait, as they may have what this unit of work waits for.

    Raises:
        NotFound: not here.
    """
    found = await session.scalar(
        select(Job)
        .where(Job.id == job_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("job")
    return found


async def by_plate_and_number(
    session: AsyncSession, plate_normalised: str, public_number: str
) -> Job | None:
    """The job that has both; one query whichever of the two is wrong."""
    return await session.scalar(
        select(Job).where(
            Job.public_number == public_number, Job.plate_normalised == plate_normalised
        )
    )


async def page(
    session: AsyncSession,
    *,
    statuses: Sequence[str] = (),
    customer_id: UUID | None = None,
    before: UUID | None = None,
) -> Sequence[JobRow]:
    """A page of jobs, newest first; one more than :data:`PAGE` if there is a next page."""
    statement = _list().limit(PAGE + 1)
    if customer_id is not None:
        statement = statement.where(Job.customer_id == customer_id)
    if statuses:
        statement = statement.where(Job.status.in_(statuses))
    if before is not None:
        statement = statement.where(Job.id < before)
    rows: Sequence[JobRow] = (await session.execute(statement)).all()
    return rows


async def export_page(
    session: AsyncSession, *, statuses: Sequence[str], before: UUID | None = None
) -> Sequence[JobRow]:
    """At most :data:`EXPORTED` jobs with all that a spreadsheet is wanted for, newest first."""
    statement = (
        _list()
        .add_columns(
            Job.mileage_at_estimate,
            Job.insurer,
            Job.claim_number,
            Customer.email.label("customer_email"),
            Customer.phone.label("customer_phone"),
            Vehicle.vin,
        )
        .where(Job.status.in_(statuses))
        .limit(EXPORTED)
    )
    if before is not None:
        statement = statement.where(Job.id < before)
    rows: Sequence[JobRow] = (await session.execute(statement)).all()
    return rows


async def of_customer(session: AsyncSession, customer_id: UUID) -> list[Job]:
    """A customer's jobs, newest first."""
    found = await session.scalars(
        select(Job).where(Job.customer_id == customer_id).order_by(Job.id.desc()).limit(MANY)
    )
    return list(found)


async def search(
    session: AsyncSession,
    *,
    text: str,
    plate: str,
    public_number: str,
    sequence_number: int | None,
) -> Sequence[JobRow]:
    """Jobs whose plate contains `plate`, whose number is one of those, or whose customer's
    name, e-mail or phone contains `text`; newest first, at most :data:`PAGE`."""
    ways = [
        func.lower(Customer.name).contains(text.lower(), autoescape=True),
        Customer.email.contains(text.lower(), autoescape=True),
    ]
    if len(plate) >= 2:
        ways.append(Job.plate_normalised.contains(plate, autoescape=True))
    if public_number:
        ways.append(Job.public_number == public_number)
    if sequence_number is not None:
        ways.append(Job.sequence_number == sequence_number)
    digits = "".join(sign for sign in text if sign in "0123456789").lstrip("0")
    if len(digits) >= 6:
        phone = func.regexp_replace(Customer.phone, r"\D", "", "g")
        ways.append(phone.contains(digits[-_LAST_DIGITS:]))
    rows: Sequence[JobRow] = (await session.execute(_list().where(or_(*ways)).limit(PAGE))).all()
    return rows


async def current_task_labels(
    session: AsyncSession, job_ids: Sequence[UUID]
) -> dict[UUID, dict[str, str]]:
    """What the current task of each of these jobs is called, per language."""
    rows = await session.execute(
        select(JobTask.job_id, JobTask.labels)
        .join(
            Job,
            and_(
                Job.tenant_id == JobTask.tenant_id,
                Job.id == JobTask.job_id,
                Job.current_task == JobTask.key,
            ),
        )
        .where(JobTask.job_id.in_(job_ids))
    )
    return {row[0]: row[1] for row in rows}


async def tasks_of(session: AsyncSession, job_id: UUID) -> list[JobTask]:
    """A job's tasks in order."""
    found = await session.scalars(
        select(JobTask).where(JobTask.job_id == job_id).order_by(JobTask.position).limit(MANY)
    )
    return list(found)


async def events_of(session: AsyncSession, job_id: UUID) -> list[JobEvent]:
    """A job's history, newest first."""
    found = await session.scalars(
        select(JobEvent).where(JobEvent.job_id == job_id).order_by(JobEvent.id.desc()).limit(MANY)
    )
    return list(found)


async def flows(session: AsyncSession) -> list[DamageFlow]:
    """The garage's damage flows, in order."""
    found = await session.scalars(
        select(DamageFlow).order_by(DamageFlow.position, DamageFlow.name).limit(MANY)
    )
    return list(found)


async def default_flow(session: AsyncSession) -> DamageFlow:
    """The flow of jobs that nobody chose one for.

    Raises:
        NotFound: the garage has no flow, which opening a garage prevents.
    """
    found = await session.scalar(
        select(DamageFlow).order_by(DamageFlow.is_default.desc(), DamageFlow.position).limit(1)
    )
    if found is None:
        raise NotFound("damage flow")
    return found


async def flow_by_id(session: AsyncSession, flow_id: UUID) -> DamageFlow:
    """The flow with that id.

    Raises:
        NotFound: not here.
    """
    found = await session.scalar(select(DamageFlow).where(DamageFlow.id == flow_id))
    if found is None:
        raise NotFound("damage flow")
    return found


async def steps_of(session: AsyncSession, flow_id: UUID) -> list[DamageFlowStep]:
    """A flow's steps in order."""
    found = await session.scalars(
        select(DamageFlowStep)
        .where(DamageFlowStep.flow_id == flow_id)
        .order_by(DamageFlowStep.position)
        .limit(MANY)
    )
    return list(found)


async def next_number(session: AsyncSession, counter: str) -> int:
    """Raise a counter and return its value. The row stays locked until this unit of work is
    over, so numbers have no gaps, whoever rolls back."""
    tenant_id = session.info["tenant_id"]
    await session.execute(
        insert(Counter)
        .values(tenant_id=tenant_id, name=counter)
        .on_conflict_do_nothing(index_elements=["tenant_id", "name"])
    )
    value = await session.scalar(
        update(Counter)
        .where(Counter.name == counter)
        .values(value=Counter.value + 1)
        .returning(Counter.value)
        .execution_options(synchronize_session=False)
    )
    if value is None:
        raise NotFound(f"counter {counter}")
    return value


async def count_by_status(session: AsyncSession) -> dict[str, int]:
    """How many jobs there are in each open status."""
    rows = await session.execute(
        select(Job.status, func.count()).where(Job.status.in_(OPEN_STATUSES)).group_by(Job.status)
    )
    return {row[0]: row[1] for row in rows}
