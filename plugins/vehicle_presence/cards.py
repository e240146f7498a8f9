"""The vehicles on site as JSON: a garage's hottest list, for screens that ask often.

`GET /desk/on-site/cards.json` is one prepared statement behind the look-up of the login, past the
ORM, and that only where something of it has changed (docs/on-site-cards.md, decisions 0033 and
0036).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse
from sqlalchemy import (
    Date,
    DateTime,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    tuple_,
)

from core.clock import now
from core.db.reading import GARAGE, Kept, PreparedLists, Reading
from core.i18n import current_language
from core.tenancy.context import current_tenant
from core.web.moments import parse_moment
from core.web.remembering import remembered_bytes
from core.web.viewer import requires
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job, JobTask
from core.workshop.vehicles.models import Vehicle
from core.workshop.vehicles.plates import display_plate
from plugins.vehicle_presence.board_repository import text_in_language
from plugins.vehicle_presence.controllers import VIEW
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.services import settings
from plugins.vehicle_presence.settings import PresenceSettings

PAGE = 60
_JSON = "application/json"
_PRIVATE = {"Cache-Control": "no-store"}


class Card(msgspec.Struct, frozen=True):
    """A vehicle on site. `task` is the current task in the person's language, or null;
    `band` is `fresh`, `ageing` or `long`."""

    stay_id: str
    job_id: str
    job_number: int
    plate: str
    plate_country: str
    customer: str
    make: str | None
    model: str | None
    colour: str | None
    status: str
    task: str | None
    estimated_completion: date | None
    arrived_at: datetime
    days_inside: int
    band: str


class Cards(msgspec.Struct, frozen=True):
    """A page of cards, the longest stays first; `next` is what `after` is on the next page."""

    cards: list[Card]
    next: str | None


def _cards() -> Any:
    return (
        select(
            cast(Stay.id, Text).label("stay_id"),
            cast(Stay.job_id, Text).label("job_id"),
            Job.sequence_number,
            Job.plate_normalised,
            Job.plate_country,
            Job.plate,
            Customer.name,
            Vehicle.make,
            Vehicle.model,
            Vehicle.colour,
            Job.status,
            text_in_language(JobTask.labels).label("task"),
            Job.estimated_completion,
            Stay.arrived_at,
            cast(
                bindparam("today", type_=Date)
                - cast(func.timezone(bindparam("zone", type_=Text), Stay.arrived_at), Date),
                Integer,
            ).label("days_inside"),
        )
        .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .join(Vehicle, and_(Vehicle.tenant_id == Job.tenant_id, Vehicle.id == Job.vehicle_id))
        .outerjoin(
            JobTask,
            and_(
                JobTask.tenant_id == Job.tenant_id,
                JobTask.job_id == Job.id,
                JobTask.key == Job.current_task,
            ),
        )
        .where(Stay.tenant_id == GARAGE, Stay.left_at.is_(None))
        .order_by(Stay.arrived_at, Stay.id)
        .limit(literal_column(str(PAGE + 1)))  # written out: the plan depends on it
    )


class StayRow(msgspec.Struct, frozen=True):
    """What is read for a card."""

    stay_id: str
    job_id: str
    sequence_number: int
    plate_normalised: str
    plate_country: str
    plate: str
    name: str
    make: str | None
    model: str | None
    colour: str | None
    status: str
    task: str | None
    estimated_completion: date | None
    arrived_at: datetime
    days_inside: int


class Stays(msgspec.Struct, frozen=True):
    """A page of them, and one more if there is a next page."""

    stays: tuple[StayRow, ...]


CARDS = PreparedLists(Stays, stays=_cards())
CARDS_AFTER = PreparedLists(
    Stays,
    stays=_cards().where(
        tuple_(Stay.arrived_at, Stay.id)
        > tuple_(
            bindparam("after_at", type_=DateTime(timezone=True)), bindparam("after_id", type_=Uuid)
        )
    ),
)


@get("/desk/on-site/cards.json", guards=[requires(VIEW)])
async def cards(request: Request[Any, Any, Any], reading: NamedDependency[Reading]) -> ASGIResponse:
    """At most :data:`PAGE` cards; `?after=` goes on behind the last one."""
    found = await _stays(reading, request.query_params.get("after"))
    body = remembered_bytes(
        request,
        "vehicle_presence/cards.json",
        shows=found.mark,
        make=lambda: msgspec.json.encode(_page_of(found.value.stays)),
    )
    return ASGIResponse(body=body, media_type=_JSON, headers=_PRIVATE)


async def _stays(reading: Reading, after: str | None) -> Kept[Stays]:
    """Those behind that position; the first ones where the text is no position."""
    zone = current_tenant().zone
    values: dict[str, Any] = {
        "language": current_language(),
        "today": now().astimezone(zone).date(),
        "zone": zone.key,
    }
    position = _position(after)
    if position is None:
        return await reading.kept(CARDS, **values)
    after_at, after_id = position
    return await reading.kept(CARDS_AFTER, after_at=after_at, after_id=after_id, **values)


def _page_of(rows: Sequence[StayRow]) -> Cards:
    wishes = settings()
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Cards(
        [_card(row, wishes) for row in rows[:PAGE]],
        f"{last.arrived_at.isoformat()}_{last.stay_id}" if last is not None else None,
    )


def _card(row: StayRow, wishes: PresenceSettings) -> Card:
    return Card(
        row.stay_id,
        row.job_id,
        row.sequence_number,
        display_plate(row.plate_normalised, row.plate_country, row.plate),
        row.plate_country,
        row.name,
        row.make,
        row.model,
        row.colour,
        row.status,
        row.task,
        row.estimated_completion,
        row.arrived_at,
        row.days_inside,
        _band(row.days_inside, wishes),
    )


def _band(days: int, wishes: PresenceSettings) -> str:
    if days > wishes.stale_after_days:
        return "long"
    return "ageing" if days >= wishes.ageing_after_days else "fresh"


def _position(text: str | None) -> tuple[datetime, UUID] | None:
    moment, _separator, stay_id = (text or "").replace(" ", "+").partition("_")
    arrived_at = parse_moment(moment)
    try:
        return None if arrived_at is None else (arrived_at, UUID(stay_id))
    except ValueError:
        return None


HANDLERS = [cards]
