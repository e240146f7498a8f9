"""Vehicles that are marked in, with what the rules judge by; always a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Uuid,
    and_,
    any_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.clock import now
from core.workshop.jobs.models import Job, JobEvent, JobTask
from core.workshop.photos.models import Photo
from plugins.vehicle_presence.models import Doubt, Stay
from plugins.vehicle_presence.repository import LAST_EVENT

Position = tuple[datetime, UUID]
"""Where in the order of a look a stay stands."""
RECEPTION = "reception"
STATUS_CHANGED = "status_changed"
STAFF_SOURCES = ("desk", "workshop")
HANDED_OVER = ("delivered", "invoiced")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A vehicle that is marked in. `asked_reason` and `asked_left_at` are what a person is
    asked about it now, `changed_at` is when its job was last touched. `seen_at` is when somebody
    said that it was there, `worked_on_at` when the workshop last did something with it. Its job
    `became_at` that time what it still is, handed over, first as `became`: it may have been
    delivered long before it was invoiced."""

    stay_id: UUID
    job_id: UUID
    location_id: UUID
    sequence_number: int
    plate: str
    status: str
    arrived_at: datetime
    status_changed_at: datetime
    became: str | None
    became_at: datetime | None
    changed_at: datetime
    last_event_at: datetime | None
    book_out_date: date | None
    seen_at: datetime | None
    worked_on_at: datetime | None
    asked_reason: str | None
    asked_left_at: datetime | None

    @property
    def position(self) -> Position:
        """What the next batch begins behind."""
        return self.arrived_at, self.stay_id

    @property
    def handed_over(self) -> tuple[str, datetime] | None:
        """As what, and when, it was handed over; histories that say nothing of it are older than
        they are kept, or came from elsewhere."""
        if self.status not in HANDED_OVER:
            return None
        if self.became is None or self.became_at is None:
            return self.status, self.status_changed_at
        return self.became, self.became_at

    @property
    def here_at(self) -> datetime:
        """The last moment at which it is known to have been here."""
        return _latest(self.arrived_at, self.seen_at, self.worked_on_at)

    @property
    def last_activity(self) -> datetime:
        """When anything last happened to its job: what the board calls so too."""
        return _latest(self.changed_at, self.last_event_at)


_WORKED = (
    select(func.max(func.greatest(JobTask.started_at, JobTask.finished_at)))
    .where(
        JobTask.tenant_id == Job.tenant_id,
        JobTask.job_id == Job.id,
        JobTask.department != RECEPTION,
    )
    .correlate(Job)
    .scalar_subquery()
)
"""Reception's tasks are left out: they are done at a desk, *delivered* above all."""
_PICTURED = (
    select(func.max(func.least(Photo.taken_at, Photo.created_at)))
    .where(
        Photo.tenant_id == Job.tenant_id,
        Photo.job_id == Job.id,
        Photo.source.in_(STAFF_SOURCES),
    )
    .correlate(Job)
    .scalar_subquery()
)
"""When the camera took it, where it says so: a photo may be sent days later, and a camera's clock
may be ahead. Customers' own photos say nothing about where their vehicle is."""
_moved, _moved_on = aliased(JobEvent), aliased(JobEvent)


def _is_handed_over(event: Any) -> ColumnElement[bool]:
    after: ColumnElement[str] = event.details["after"].astext
    return after.in_(HANDED_OVER)


_BECAME = (
    select(_moved.details["after"].astext.label("became"), _moved.at.label("became_at"))
    .where(
        Job.status.in_(HANDED_OVER),
        _moved.tenant_id == Job.tenant_id,
        _moved.job_id == Job.id,
        _moved.kind == STATUS_CHANGED,
        _moved.at >= Stay.arrived_at,
        _is_handed_over(_moved),
        ~exists().where(
            _moved_on.tenant_id == _moved.tenant_id,
            _moved_on.job_id == _moved.job_id,
            _moved_on.id > _moved.id,
            _moved_on.kind == STATUS_CHANGED,
            ~_is_handed_over(_moved_on),
        ),
    )
    .order_by(_moved.id)
    .limit(literal_column("1"))
    .correlate(Job, Stay)
    .lateral("became")
)
"""Its first step to being handed over since it arrived, none of which was taken back."""
_INSIDE = (
    select(
        Stay.id.label("stay_id"),
        Stay.job_id,
        Stay.location_id,
        Job.sequence_number,
        Job.plate,
        Job.status,
        Stay.arrived_at,
        Job.status_changed_at,
        _BECAME.c.became,
        _BECAME.c.became_at,
        Job.updated_at.label("changed_at"),
        LAST_EVENT.label("last_event_at"),
        Job.book_out_date,
        Stay.seen_at,
        func.greatest(_WORKED, _PICTURED).label("worked_on_at"),
        Doubt.reason.label("asked_reason"),
        Doubt.left_at.label("asked_left_at"),
        Doubt.settled_at,
    )
    .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
    .outerjoin(_BECAME, true())
    .outerjoin(Doubt, and_(Doubt.tenant_id == Stay.tenant_id, Doubt.stay_id == Stay.id))
    .where(
        Stay.tenant_id == bindparam("tenant"),
        Stay.left_at.is_(None),
        or_(Doubt.id.is_(None), Doubt.settled_at.is_(None), Doubt.ask_again_at <= bindparam("now")),
    )
    .order_by(Stay.arrived_at, Stay.id)
    .limit(bindparam("most"))
)
"""Stays without an end, longest first: their own partial index, so that the cost depends on what is
inside and never on history. What a person settled is left out until it is time to ask again."""
_INSIDE_AFTER = _INSIDE.where(
    tuple_(Stay.arrived_at, Stay.id) > tuple_(bindparam("after_at"), bindparam("after_id"))
)
_of_batch = Stay.id == any_(bindparam("stay_ids", type_=ARRAY(Uuid)))
_LOCK = (
    select(Stay.id, Stay.seen_at, Job.updated_at, LAST_EVENT.label("last_event_at"))
    .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
    .where(Stay.tenant_id == bindparam("tenant"), _of_batch, Stay.left_at.is_(None))
    .order_by(Stay.id)
    .with_for_update(of=Stay, skip_locked=True)
)
_STILL_OPEN = (
    select(func.count())
    .select_from(Stay)
    .where(Stay.tenant_id == bindparam("tenant"), _of_batch, Stay.left_at.is_(None))
)


def _latest(first: datetime, *others: datetime | None) -> datetime:
    return max([first, *(each for each in others if each is not None)])


async def batch(session: AsyncSession, after: Position | None, most: int) -> list[Candidate]:
    """The next vehicles to judge; none is locked."""
    values: dict[str, Any] = {"tenant": session.info["tenant_id"], "now": now(), "most": most}
    statement = _INSIDE
    if after is not None:
        statement = _INSIDE_AFTER
        values["after_at"], values["after_id"] = after
    found = []
    for row in (await session.execute(statement, values)).mappings():
        known = dict(row)
        if known.pop("settled_at") is not None:
            known |= {"asked_reason": None, "asked_left_at": None}
        found.append(Candidate(**known))
    return found


async def lock_unchanged(
    session: AsyncSession, candidates: Sequence[Candidate]
) -> tuple[set[UUID], int]:
    """Lock those stays that still are as they were judged, past those that somebody else is
    working on; returns them, and how many others are still open and must be looked at again."""
    tenant_id = session.info["tenant_id"]
    stay_ids = [each.stay_id for each in candidates]
    rows = await session.execute(_LOCK, {"tenant": tenant_id, "stay_ids": stay_ids})
    fresh = {row.id: (row.seen_at, row.updated_at, row.last_event_at) for row in rows}
    locked = {
        each.stay_id
        for each in candidates
        if fresh.get(each.stay_id) == (each.seen_at, each.changed_at, each.last_event_at)
    }
    missed = [stay_id for stay_id in stay_ids if stay_id not in locked]
    if not missed:
        return locked, 0
    still_open = await session.scalar(_STILL_OPEN, {"tenant": tenant_id, "stay_ids": missed})
    return locked, still_open or 0
