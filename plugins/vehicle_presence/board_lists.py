"""The lists beside the board's vehicles: about which the clean-up asks, which are expected, and
which were found that are not on site. They are parts of the board's one statement."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    literal_column,
    or_,
    select,
)

from core.db.reading import GARAGE
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from core.workshop.planning.models import Appointment
from core.workshop.vehicles.models import Vehicle
from plugins.vehicle_presence.filters import ESCAPE
from plugins.vehicle_presence.models import Doubt, Stay

MOST_DOUBTS = 60
MOST_EXPECTED = 200
MOST_FOUND = 10
SHORTEST_PLATE = 3
"""Letters and digits of a plate from which on jobs are searched that are not on site."""
_MOMENT = DateTime(timezone=True)


class DoubtRow(msgspec.Struct, frozen=True):
    """A vehicle about which the clean-up asks."""

    doubt_id: UUID
    job_id: UUID
    sequence_number: int
    plate: str
    plate_normalised: str
    plate_country: str
    customer_name: str
    reason: str
    evidence: dict[str, Any] | None


class ExpectedRow(msgspec.Struct, frozen=True):
    """A vehicle whose drop-off is today and that has not come."""

    job_id: UUID
    starts_at: datetime
    sequence_number: int
    plate: str
    plate_normalised: str
    plate_country: str
    customer_name: str


class FoundRow(msgspec.Struct, frozen=True):
    """A job whose vehicle is not in, found by its plate or number: whoever comes without an
    appointment is taken in from here."""

    job_id: UUID
    sequence_number: int
    plate: str
    plate_normalised: str
    plate_country: str
    customer_name: str
    make: str | None
    model: str | None


def doubts() -> Select[*tuple[Any, ...]]:
    """Vehicles that a person should decide about."""
    return (
        select(
            Doubt.id.label("doubt_id"),
            Stay.job_id,
            Job.sequence_number,
            Job.plate,
            Job.plate_normalised,
            Job.plate_country,
            Customer.name.label("customer_name"),
            Doubt.reason,
            Doubt.evidence,
        )
        .join(Stay, and_(Stay.tenant_id == Doubt.tenant_id, Stay.id == Doubt.stay_id))
        .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .where(Doubt.tenant_id == GARAGE, Doubt.settled_at.is_(None), Stay.left_at.is_(None))
        .order_by(Stay.arrived_at, Stay.id)
        .limit(literal_column(str(MOST_DOUBTS)))
    )


def expected() -> Select[*tuple[Any, ...]]:
    """Vehicles whose drop-off is today, and that are not in and did not come since midnight."""
    midnight = bindparam("midnight", type_=_MOMENT)
    came = (
        select(Stay.id)
        .where(
            Stay.tenant_id == Appointment.tenant_id,
            Stay.job_id == Appointment.job_id,
            or_(Stay.left_at.is_(None), Stay.arrived_at >= midnight),
        )
        .correlate(Appointment)
        .exists()
    )
    return (
        select(
            Appointment.job_id,
            Appointment.starts_at,
            Job.sequence_number,
            Job.plate,
            Job.plate_normalised,
            Job.plate_country,
            Customer.name.label("customer_name"),
        )
        .join(Job, and_(Job.tenant_id == Appointment.tenant_id, Job.id == Appointment.job_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .where(
            Appointment.tenant_id == GARAGE,
            Appointment.status == "booked",
            Appointment.kind == "drop_off",
            Appointment.starts_at >= midnight,
            Appointment.starts_at < bindparam("next_midnight", type_=_MOMENT),
            ~came,
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(literal_column(str(MOST_EXPECTED)))
    )


def found(*, by_plate: bool, by_number: bool) -> Select[*tuple[Any, ...]]:
    """Jobs that are not over and whose vehicle is not in, the newest first: by a part of the plate,
    by the number, or either."""
    is_in = (
        select(Stay.id)
        .where(Stay.tenant_id == Job.tenant_id, Stay.job_id == Job.id, Stay.left_at.is_(None))
        .correlate(Job)
        .exists()
    )
    ways: list[Any] = []
    if by_plate:
        ways.append(Job.plate_normalised.like(bindparam("q_plate", type_=Text), escape=ESCAPE))
    if by_number:
        ways.append(Job.sequence_number == bindparam("q_number", type_=Integer))
    return (
        select(
            Job.id.label("job_id"),
            Job.sequence_number,
            Job.plate,
            Job.plate_normalised,
            Job.plate_country,
            Customer.name.label("customer_name"),
            Vehicle.make,
            Vehicle.model,
        )
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .join(Vehicle, and_(Vehicle.tenant_id == Job.tenant_id, Vehicle.id == Job.vehicle_id))
        .where(
            Job.tenant_id == GARAGE,
            or_(*ways),
            Job.status.not_in(("delivered", "invoiced", "cancelled")),
            ~is_in,
        )
        .order_by(Job.id.desc())
        .limit(literal_column(str(MOST_FOUND)))
    )
