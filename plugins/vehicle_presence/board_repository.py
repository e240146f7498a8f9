"""The board's queries: open stays only, always a limit, nothing per row.

All of its lists are one statement, which is sent again only when a table of it has changed.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    Boolean,
    Date,
    DateTime,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from core.db.reading import GARAGE, Kept, PreparedLists, Reading
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job, JobTask
from core.workshop.locations.models import Location
from core.workshop.vehicles.models import Vehicle
from core.workshop.vehicles.plates import normalise_plate
from plugins.vehicle_presence import board_lists
from plugins.vehicle_presence.bands import BandEdges
from plugins.vehicle_presence.board_lists import SHORTEST_PLATE, DoubtRow, ExpectedRow, FoundRow
from plugins.vehicle_presence.board_models import Absence, BoardView, CheckIn
from plugins.vehicle_presence.filters import ESCAPE, GROUPS, Filters, pattern
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.repository import LAST_EVENT

PAGE = 60
MOST_COUNTED = 250
"""Past it the board says "250+": whoever has as many does not need the number, and counting
them would make the board dearer for who forgot them."""
MOST_VIEWS = 60
Position = tuple[datetime, UUID]
_MOMENT = DateTime(timezone=True)


class BoardRow(msgspec.Struct, frozen=True):
    """A vehicle on site. It is on top if its work is over, and `in_page` if it is of the page of
    those that are there longest; it may be both."""

    id: UUID
    job_id: UUID
    arrived_at: datetime
    location_name: str
    sequence_number: int
    plate: str
    plate_normalised: str
    plate_country: str
    status: str
    estimated_completion: date | None
    last_activity: datetime
    task: str
    customer_name: str
    make: str | None
    model: str | None
    colour: str | None
    out_at: datetime | None
    reason: str
    expected_back: datetime | None
    is_checked_in: bool
    on_top: bool
    in_page: bool


class Count(msgspec.Struct, frozen=True):
    """How many vehicles are at one location, and of those how many in which band or out."""

    location_id: UUID
    location_name: str
    total: int
    ageing: int
    long: int
    out: int

    @property
    def fresh(self) -> int:
        """Neither ageing nor there for long."""
        return self.total - self.ageing - self.long


class ViewRow(msgspec.Struct, frozen=True):
    """A saved look at the board."""

    id: UUID
    staff_id: UUID | None
    name: str
    query: str
    is_default: bool


class Board(msgspec.Struct, frozen=True):
    """What is on site. `doubts` and `expected` are of the whole garage, and only there where
    nothing narrower was asked for; `found` is what is not on site, where a text was asked for."""

    rows: tuple[BoardRow, ...]
    counts: tuple[Count, ...]
    doubts: tuple[DoubtRow, ...] = ()
    expected: tuple[ExpectedRow, ...] = ()
    found: tuple[FoundRow, ...] = ()


class Views(msgspec.Struct, frozen=True):
    """A person's own views and the garage's."""

    views: tuple[ViewRow, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters with what they mean today, and the position behind which the page begins.
    `midnight` is that with which the garage's day began."""

    filters: Filters
    edges: BandEdges
    today: date
    midnight: datetime
    language: str
    after: Position | None = None
    mine: UUID | None = None
    """Only vehicles with a task that this person does and that is not over."""

    @property
    def is_plain(self) -> bool:
        """The first page of everything, with what is about the whole garage on top."""
        return self.after is None and self.mine is None and not self.filters.query()


async def board(reading: Reading, wanted: Wanted) -> Kept[Board]:
    """The page with its counts; one row more than :data:`PAGE` is in it if there is a next one."""
    filters = wanted.filters
    plate, number = normalise_plate(filters.q), filters.q.lstrip("#")
    has_number = number.isdecimal() and len(number) < 10
    asked: dict[str, Any] = {
        "language": wanted.language,
        "ageing_before": wanted.edges.ageing_before,
        "long_before": wanted.edges.long_before,
        "newest_before": max(wanted.edges.ageing_before, wanted.edges.long_before),
        "q": pattern(filters.q.lower()),
        "q_plate": pattern(plate),
        "q_number": int(number) if has_number else None,
        "location": filters.location_id,
        "today": wanted.today,
        "midnight": wanted.midnight,
        "next_midnight": wanted.midnight + timedelta(days=1),
        "mine": wanted.mine,
        "after_at": wanted.after[0] if wanted.after else None,
        "after_id": wanted.after[1] if wanted.after else None,
    }
    shape = _Shape(
        text=bool(filters.q),
        plate=bool(plate),
        number=has_number,
        band=filters.band,
        status=filters.status,
        location=bool(filters.location),
        absent=filters.absent,
        overdue=bool(filters.overdue),
        after=wanted.after is not None,
        mine=wanted.mine is not None,
        most_counted=MOST_COUNTED,
        searches=len(plate) >= SHORTEST_PLATE,
    )
    return await reading.kept(_statement(shape), **asked)


async def views(reading: Reading, staff_id: UUID | None) -> Kept[Views]:
    """The person's own views and the garage's, by name."""
    return await reading.kept(_VIEWS, staff=staff_id)


_VIEWS = PreparedLists(
    Views,
    views=select(
        BoardView.id, BoardView.staff_id, BoardView.name, BoardView.query, BoardView.is_default
    )
    .where(
        BoardView.tenant_id == GARAGE,
        BoardView.removed_at.is_(None),
        or_(BoardView.staff_id.is_(None), BoardView.staff_id == bindparam("staff", type_=Uuid)),
    )
    .order_by(BoardView.staff_id.is_(None), BoardView.name)
    .limit(literal_column(str(MOST_VIEWS))),
)


def text_in_language(texts: Any) -> Any:
    """Of a column with a text per language the one of `:language`: the same choice as
    :func:`core.hooks.manifest.in_language` makes."""
    any_text = func.jsonb_path_query_first(texts, literal_column("'$.*'"))
    return func.coalesce(
        func.nullif(texts[bindparam("language", type_=Text)].astext, ""),
        func.nullif(texts["en"].astext, ""),
        any_text.op("#>>", return_type=Text)(literal_column("'{}'")),
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a statement depends on; everything else is a value of it."""

    text: bool
    plate: bool
    number: bool
    band: str
    status: str
    location: bool
    absent: str
    overdue: bool
    after: bool
    most_counted: int
    searches: bool = False
    mine: bool = False

    @property
    def is_plain(self) -> bool:
        return self == _Shape(
            text=False,
            plate=False,
            number=False,
            band="",
            status="",
            location=False,
            absent="",
            overdue=False,
            after=False,
            most_counted=self.most_counted,
        )


@lru_cache(maxsize=64)
def _statement(shape: _Shape) -> PreparedLists[Board]:
    lists: dict[str, Select[*tuple[Any, ...]]] = {
        "rows": _rows(shape),
        "counts": _counts(shape.most_counted),
    }
    if shape.is_plain:
        lists |= {"doubts": board_lists.doubts(), "expected": board_lists.expected()}
    if not shape.after and (shape.searches or shape.number):
        lists["found"] = board_lists.found(by_plate=shape.searches, by_number=shape.number)
    return PreparedLists(Board, **lists)


def _rows(shape: _Shape) -> Select[*tuple[Any, ...]]:
    """Which stays, first; then what is shown of each, once."""
    picks = [_page(shape, on_top=False)]
    if not shape.after and not shape.status:
        picks.append(_page(shape, on_top=True))
    each = union_all(*picks).subquery("each_pick")
    stay = [each.c[column.name] for column in _STAY]
    picked = (
        select(
            *stay,
            func.bool_or(each.c.on_top).label("on_top"),
            func.bool_or(each.c.in_page).label("in_page"),
        )
        .group_by(*stay)
        .subquery("picked")
    )
    at = picked.c
    return (
        select(
            at.id,
            at.job_id,
            at.arrived_at,
            *_COLUMNS,
            at.on_top,
            at.in_page,
        )
        .select_from(picked)
        .join(Job, and_(Job.tenant_id == at.tenant_id, Job.id == at.job_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .join(Vehicle, and_(Vehicle.tenant_id == Job.tenant_id, Vehicle.id == Job.vehicle_id))
        .join(Location, and_(Location.tenant_id == at.tenant_id, Location.id == at.location_id))
        .outerjoin(
            Absence,
            and_(
                Absence.tenant_id == at.tenant_id,
                Absence.stay_id == at.id,
                Absence.back_at.is_(None),
            ),
        )
        .outerjoin(CheckIn, and_(CheckIn.tenant_id == at.tenant_id, CheckIn.stay_id == at.id))
        .order_by(at.arrived_at, at.id)
        .limit(literal_column(str(2 * PAGE + 1)))
    )


_STAY = (Stay.tenant_id, Stay.id, Stay.job_id, Stay.location_id, Stay.arrived_at)
_IS_OUT = and_(
    Absence.tenant_id == Stay.tenant_id, Absence.stay_id == Stay.id, Absence.back_at.is_(None)
)
_IS_FINISHED = Job.status.in_(GROUPS["finished"])
_TASK = (
    select(text_in_language(JobTask.labels))
    .where(
        JobTask.tenant_id == Job.tenant_id,
        JobTask.job_id == Job.id,
        JobTask.key == Job.current_task,
    )
    .order_by(JobTask.position)
    .limit(literal_column("1"))
    .correlate(Job)
    .scalar_subquery()
)
_IS_MINE = (
    select(JobTask.id)
    .where(
        JobTask.tenant_id == Stay.tenant_id,
        JobTask.job_id == Stay.job_id,
        JobTask.assignee_id == bindparam("mine", type_=Uuid),
        JobTask.state.not_in(("finished", "skipped")),
    )
    .correlate(Stay)
    .exists()
)
_COLUMNS = (
    Location.name.label("location_name"),
    Job.sequence_number,
    Job.plate,
    Job.plate_normalised,
    Job.plate_country,
    Job.status,
    Job.estimated_completion,
    func.greatest(LAST_EVENT, Job.updated_at).label("last_activity"),
    func.coalesce(_TASK, "").label("task"),
    Customer.name.label("customer_name"),
    Vehicle.make,
    Vehicle.model,
    Vehicle.colour,
    Absence.out_at,
    func.coalesce(text_in_language(Absence.reason_texts), "").label("reason"),
    Absence.expected_back,
    CheckIn.id.is_not(None).label("is_checked_in"),
)


def _page(shape: _Shape, *, on_top: bool) -> Select[*tuple[Any, ...]]:
    """The stays of the page, or those whose work is over, the longest ones first."""
    statement = select(
        *_STAY,
        literal_column("true" if on_top else "false", Boolean).label("on_top"),
        literal_column("false" if on_top else "true", Boolean).label("in_page"),
    ).where(Stay.tenant_id == GARAGE, Stay.left_at.is_(None))
    if on_top or shape.text or shape.status or shape.overdue:
        statement = statement.join(
            Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id)
        )
    if on_top:
        statement = statement.where(_IS_FINISHED)
    if shape.text:
        statement = (
            statement.join(
                Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id)
            )
            .join(Vehicle, and_(Vehicle.tenant_id == Job.tenant_id, Vehicle.id == Job.vehicle_id))
            .where(_matches(shape))
        )
    if shape.absent:
        is_here = Absence.id.is_(None)
        statement = statement.outerjoin(Absence, _IS_OUT)
        statement = statement.where(is_here if shape.absent == "here" else ~is_here)
    if shape.band:
        statement = statement.where(*_in_band(shape.band))
    if shape.status:
        statement = statement.where(Job.status.in_(GROUPS[shape.status]))
    if shape.location:
        statement = statement.where(Stay.location_id == bindparam("location", type_=Uuid))
    if shape.mine:
        statement = statement.where(_IS_MINE)
    if shape.overdue:
        is_late = Job.estimated_completion < bindparam("today", type_=Date)
        statement = statement.where(is_late, ~_IS_FINISHED)
    if shape.after:
        after = tuple_(bindparam("after_at", type_=_MOMENT), bindparam("after_id", type_=Uuid))
        statement = statement.where(tuple_(Stay.arrived_at, Stay.id) > after)
    most = PAGE if on_top else PAGE + 1
    return (
        statement.order_by(Stay.arrived_at, Stay.id)
        .limit(literal_column(str(most)))
        .correlate(GARAGE.table)
    )


def _in_band(band: str) -> list[Any]:
    long_before = bindparam("long_before", type_=_MOMENT)
    if band == "long":
        return [Stay.arrived_at < long_before]
    if band == "ageing":
        ageing_before = bindparam("ageing_before", type_=_MOMENT)
        return [Stay.arrived_at < ageing_before, Stay.arrived_at >= long_before]
    return [Stay.arrived_at >= bindparam("newest_before", type_=_MOMENT)]


def _matches(shape: _Shape) -> Any:
    """Plate, job number, customer or model contain what was typed."""
    ways: list[Any] = [
        func.lower(column).like(bindparam("q", type_=Text), escape=ESCAPE)
        for column in (Customer.name, Vehicle.make, Vehicle.model)
    ]
    if shape.plate:
        ways.append(Job.plate_normalised.like(bindparam("q_plate", type_=Text), escape=ESCAPE))
    if shape.number:
        ways.append(Job.sequence_number == bindparam("q_number", type_=Integer))
    return or_(*ways)


def _counts(most: int) -> Select[*tuple[Any, ...]]:
    """Per location that has a vehicle inside, in order.

    Counts the :data:`MOST_COUNTED` that came last and one more, so that a garage which forgot
    thousands waits no longer for its board than one that forgot none.
    """
    newest = (
        select(Stay.tenant_id, Stay.id, Stay.location_id, Stay.arrived_at)
        .where(Stay.tenant_id == GARAGE, Stay.left_at.is_(None))
        .order_by(Stay.arrived_at.desc(), Stay.id.desc())
        .limit(literal_column(str(most + 1)))
        .correlate(GARAGE.table)
        .subquery("newest")
    )
    is_long = newest.c.arrived_at < bindparam("long_before", type_=_MOMENT)
    is_ageing = and_(newest.c.arrived_at < bindparam("ageing_before", type_=_MOMENT), ~is_long)
    return (
        select(
            newest.c.location_id,
            Location.name.label("location_name"),
            func.count().label("total"),
            func.count().filter(is_ageing).label("ageing"),
            func.count().filter(is_long).label("long"),
            func.count(Absence.id).label("out"),
        )
        .select_from(newest)
        .join(
            Location,
            and_(Location.tenant_id == newest.c.tenant_id, Location.id == newest.c.location_id),
        )
        .outerjoin(
            Absence,
            and_(
                Absence.tenant_id == newest.c.tenant_id,
                Absence.stay_id == newest.c.id,
                Absence.back_at.is_(None),
            ),
        )
        .group_by(newest.c.location_id, Location.name, Location.position)
        .order_by(Location.position, Location.name)
        .limit(literal_column(str(PAGE)))
    )
