"""Whatever people do in whatever order, the register says what a plain list would.

A model-based test: hypothesis chooses deeds and how much time passes between them, over nights, a
change of clocks and ends of months. Beside the garage somebody keeps a list with pencil and paper,
which also knows when a deed must be refused.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen
from core.errors import NotFound
from core.workshop.locations import repository as locations
from core.workshop.locations.services import add_location
from plugins.vehicle_presence import absences
from plugins.vehicle_presence import repository as presence
from plugins.vehicle_presence.arrivals import change_arrival
from plugins.vehicle_presence.errors import (
    ArrivedAfterAbsence,
    ArrivedAfterDeparture,
    ArrivedDuringOtherStay,
    ArrivedInFuture,
    LeftBeforeArrival,
    LeftInFuture,
    TooLateToUndo,
    VehicleNotInside,
)
from plugins.vehicle_presence.services import (
    change_off_site_date,
    mark_many_off_site,
    mark_off_site,
    record_arrival,
    undo_arrival,
    undo_off_site,
)
from plugins.vehicle_presence.vat_book.closing import close_months
from plugins.vehicle_presence.vat_book.errors import (
    AlreadySettled,
    EntryAfterExit,
    MonthClosed,
    NothingToCorrect,
    ReasonMissing,
    RowCancelled,
)
from plugins.vehicle_presence.vat_book.settling import (
    Correction,
    Settlement,
    correct,
    settle,
    take_back_settlement,
)
from tests.conftest import new_slug
from tests.factories import a_job, a_plate
from tests.garages import STAFF, Garage, open_test_garage
from tests.plugins.vehicle_presence.vat_book.reading import dues, register, sound

BEGIN = datetime(2026, 10, 23, 15, tzinfo=UTC)
"""Two nights before the clocks go back, a week before the month ends."""
UNDO = timedelta(minutes=30)
JOBS = 2
PLACES = 2
JOB = st.integers(0, JOBS - 1)
ROW = st.integers(0, 8)
Said = type[Exception] | None
T = TypeVar("T")


@dataclass
class PlainRow:
    """A row as somebody with pencil and paper would keep it."""

    place: int
    job: int
    entered: date
    arrived_at: datetime
    noted_at: datetime
    away_at: datetime | None = None
    left_at: datetime | None = None
    left_noted_at: datetime | None = None
    words: str | None = None
    plate: str = ""
    cancelled: bool = False
    strikes: int = 0


class Course(RuleBasedStateMachine):
    """A garage with two locations, and the paper beside it."""

    house_of: ClassVar[Garage]
    loop: ClassVar[asyncio.AbstractEventLoop]
    deeds: ClassVar[Counter[bool]] = Counter()
    """How many were done, and how many refused."""

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """The database is asked in the test's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    @initialize()
    def opens(self) -> None:
        """A garage with its jobs, half of them at each location."""
        self.moment = BEGIN
        self.open_from = BEGIN.date().replace(day=1)
        self.rows: list[PlainRow] = []
        self.wait_for(self._open())
        for job in range(JOBS):
            self.arrives(job)

    async def _open(self) -> None:
        shared = self.house_of
        self.garage = await open_test_garage(
            shared.house, shared.app, plugins=("vehicle_presence",), slug=new_slug()
        )
        async with self.garage.unit() as session:
            first = await locations.first(session)
            second = await add_location(session, "Second", like=first)
            await session.flush()
            self.places = [first.id, second.id]
            self.job_ids = []
            self.plates = []
            for number in range(JOBS):
                job = await a_job(session, plate=a_plate())
                job.location_id = self.places[number % PLACES]
                self.job_ids.append(job.id)
                self.plates.append(job.plate)

    def attempt(self, said: Said, deed: Callable[[AsyncSession], Awaitable[object]]) -> None:
        """A deed, which the paper says is refused so, or not at all."""
        assert self.wait_for(self._attempt(deed)) is said
        self.deeds[said is None] += 1

    async def _attempt(self, deed: Callable[[AsyncSession], Awaitable[object]]) -> Said:
        with frozen(self.moment):
            try:
                async with self.garage.unit() as session:
                    await deed(session)
            except Exception as error:  # noqa: BLE001 - which one it is, is compared
                return type(error)
        return None

    def day(self, moment: datetime) -> date:
        """On the garage's calendar."""
        return moment.astimezone(self.garage.tenant.zone).date()

    def newest(self, job: int) -> PlainRow | None:
        """The row of the job's newest stay; one that was struck never was."""
        rows = [row for row in self.rows if row.job == job and not row.cancelled]
        return rows[-1] if rows else None

    def inside(self, job: int) -> bool:
        """Whether the job's vehicle is in."""
        row = self.newest(job)
        return row is not None and row.left_at is None

    def fresh(self, since: datetime | None) -> bool:
        """Whether there is still time to undo."""
        return since is not None and self.moment - since <= UNDO

    @rule(minutes=st.sampled_from((20, 25, 240)))
    def time_passes(self, minutes: int) -> None:
        self.moment += timedelta(minutes=minutes)

    @rule(hours=st.sampled_from((9, 24, 40)))
    def a_night_passes(self, hours: int) -> None:
        """Months that are over are closed."""
        self.moment += timedelta(hours=hours)
        self.attempt(None, self._close_months)
        self.open_from = self.day(self.moment).replace(day=1)

    async def _close_months(self, session: AsyncSession) -> None:
        for place in self.places:
            await close_months(session, place, at_once=True, is_mailed=False)

    @rule(job=JOB)
    def arrives(self, job: int) -> None:
        self.attempt(None, lambda session: record_arrival(session, self.job_ids[job], STAFF))
        if not self.inside(job):
            today = self.day(self.moment)
            self.rows.append(PlainRow(job % PLACES, job, today, self.moment, self.moment))

    @rule(job=JOB)
    def leaves(self, job: int) -> None:
        row = self.newest(job)
        refused = row is None or (row.left_at is not None and not self.fresh(row.left_noted_at))
        self.attempt(
            VehicleNotInside if refused else None,
            lambda session: mark_off_site(session, self.job_ids[job], STAFF),
        )
        if row is not None and row.left_at is None:
            row.left_at = row.left_noted_at = self.moment

    @rule(minutes=st.integers(0, 2000))
    def leave_together(self, minutes: int) -> None:
        at = self.moment - timedelta(minutes=minutes)
        rows = [row for job in range(JOBS) if self.inside(job) and (row := self.newest(job))]
        refused = any(at < row.arrived_at for row in rows)
        self.attempt(
            LeftBeforeArrival if refused else None,
            lambda session: mark_many_off_site(session, self.job_ids, at, STAFF),
        )
        if not refused:
            for row in rows:
                row.left_at, row.left_noted_at = at, self.moment

    @rule(job=JOB)
    def is_away_and_back(self, job: int) -> None:
        async def deed(session: AsyncSession) -> None:
            await absences.leave_for_a_while(session, self.job_ids[job], 0, STAFF)
            await absences.come_back(session, self.job_ids[job], STAFF)

        self.attempt(None if self.inside(job) else VehicleNotInside, deed)
        row = self.newest(job)
        if row is not None and row.left_at is None:
            row.away_at = row.away_at or self.moment

    @rule(job=JOB)
    def never_arrived(self, job: int) -> None:
        row = self.newest(job)
        if row is None:
            return

        async def deed(session: AsyncSession) -> None:
            stay = await presence.latest_stay(session, self.job_ids[job])
            assert stay is not None
            await undo_arrival(session, stay.id, stay.job_id, STAFF)

        refused = row.left_at is not None or not self.fresh(row.noted_at)
        self.attempt(TooLateToUndo if refused else None, deed)
        if not refused:
            row.cancelled = True
            row.strikes += 1

    @rule(job=JOB)
    def never_left(self, job: int) -> None:
        row = self.newest(job)
        if row is None:
            return

        async def deed(session: AsyncSession) -> None:
            stay = await presence.latest_stay(session, self.job_ids[job])
            assert stay is not None
            await undo_off_site(session, stay.id, stay.job_id, STAFF)

        refused = row.left_at is not None and not self.fresh(row.left_noted_at)
        self.attempt(TooLateToUndo if refused else None, deed)
        if row.left_at is not None and not refused:
            row.left_at = row.left_noted_at = None
            row.strikes += 1

    @rule(
        job=JOB,
        minutes=st.integers(-90, 2000),
        why=st.sampled_from(("", "pressed late")),
        may_correct=st.booleans(),
    )
    def left_at_another_time(self, job: int, minutes: int, why: str, may_correct: bool) -> None:
        row = self.newest(job)
        at = self.moment - timedelta(minutes=minutes)
        said: Said = None
        if row is None or row.left_at is None:
            said = NotFound
        elif not why and not self.fresh(row.left_noted_at):
            said = ReasonMissing
        elif at < row.arrived_at:
            said = LeftBeforeArrival
        elif minutes < -1:
            said = LeftInFuture
        elif not may_correct and min(self.day(at), self.day(row.left_at)) < self.open_from:
            said = MonthClosed
        self.attempt(
            said,
            lambda session: change_off_site_date(
                session, self.job_ids[job], at, STAFF, reason=why, may_correct=may_correct
            ),
        )
        if said is None and row is not None:
            row.left_at = at
            row.strikes += 1

    @rule(
        job=JOB,
        minutes=st.integers(-90, 2000),
        why=st.sampled_from(("", "pressed late")),
        may_correct=st.booleans(),
    )
    def arrived_at_another_time(self, job: int, minutes: int, why: str, may_correct: bool) -> None:
        row = self.newest(job)
        at = self.moment - timedelta(minutes=minutes)
        said: Said = None
        if row is None:
            said = NotFound
        elif row.left_at is not None and at > row.left_at:
            said = ArrivedAfterDeparture
        elif minutes < -1:
            said = ArrivedInFuture
        elif row.away_at is not None and at > row.away_at:
            said = ArrivedAfterAbsence
        elif at < row.arrived_at and self.another_visit(row, at):
            said = ArrivedDuringOtherStay
        elif at != row.arrived_at and self.day(at) != row.entered:
            if not why:
                said = ReasonMissing
            elif not may_correct and min(self.day(at), row.entered) < self.open_from:
                said = MonthClosed
        self.attempt(
            said,
            lambda session: change_arrival(
                session, self.job_ids[job], at, STAFF, reason=why, may_correct=may_correct
            ),
        )
        if said is None and row is not None:
            row.arrived_at = at
            row.strikes += self.day(at) != row.entered
            row.entered = self.day(at)

    def another_visit(self, row: PlainRow, at: datetime) -> bool:
        """Whether the vehicle was here for another time between that moment and the end of this."""
        return any(
            (other.left_at is None or other.left_at > at)
            and (row.left_at is None or other.arrived_at < row.left_at)
            for other in self.rows
            if other is not row and other.job == row.job and not other.cancelled
        )

    @precondition(lambda self: self.rows)
    @rule(number=ROW)
    def is_invoiced(self, number: int) -> None:
        row, row_id = self.wait_for(self._row(number))
        words = f"F{number}"
        said: Said = None
        if row.cancelled:
            said = RowCancelled
        elif row.words not in {None, words}:
            said = AlreadySettled
        self.attempt(said, lambda session: settle(session, row_id, Settlement(words), STAFF))
        if said is None:
            row.words = words

    @precondition(lambda self: self.rows)
    @rule(number=ROW)
    def is_not_invoiced_after_all(self, number: int) -> None:
        row, row_id = self.wait_for(self._row(number))
        said = RowCancelled if row.cancelled else None
        self.attempt(said, lambda session: take_back_settlement(session, row_id, STAFF))
        if said is None and row.words is not None:
            row.words = None
            row.strikes += 1

    @precondition(lambda self: self.rows)
    @rule(number=ROW, days=st.integers(-3, 2), is_plate_wrong=st.booleans())
    def is_corrected(self, number: int, days: int, is_plate_wrong: bool) -> None:
        row, row_id = self.wait_for(self._row(number))
        day = row.entered + timedelta(days=days)
        plate = f"1-COR-{number:03}" if is_plate_wrong else row.plate or self.plates[row.job]
        today = self.day(self.moment)
        latest = today if row.left_at is None else min(self.day(row.left_at), today)
        said: Said = None
        if row.cancelled:
            said = RowCancelled
        elif days == 0 and plate == (row.plate or self.plates[row.job]):
            said = NothingToCorrect
        elif days != 0 and day > latest:
            said = EntryAfterExit
        right = Correction(day, plate, "", "", None)
        self.attempt(said, lambda session: correct(session, row_id, right, "mistyped", STAFF))
        if said is None:
            if day != row.entered:
                zone = self.garage.tenant.zone
                moment = datetime.combine(day, row.arrived_at.astimezone(zone).time(), zone)
                row.arrived_at = min(moment, row.left_at or self.moment)
            row.entered, row.plate = day, plate
            row.strikes += 1

    async def _row(self, number: int) -> tuple[PlainRow, UUID]:
        """Any row, and its name in the register."""
        row = self.rows[number % len(self.rows)]
        place = [each for each in self.rows if each.place == row.place].index(row)
        listed = await register(self.garage, self.places[row.place])
        return row, listed[place].row_id

    @invariant()
    def register_and_paper_say_the_same(self) -> None:
        for place in range(PLACES):
            rows = self.wait_for(register(self.garage, self.places[place]))
            paper = [row for row in self.rows if row.place == place]
            assert [row.number for row in rows] == list(range(1, len(paper) + 1))
            for row, plain in zip(rows, paper, strict=True):
                assert row.is_cancelled == plain.cancelled
                assert len(row.struck) == plain.strikes
                assert row.entry.job_id == self.job_ids[plain.job]
                assert row.entry.day == plain.entered
                assert row.entry.plate == (plain.plate or self.plates[plain.job])
                left_on = self.day(plain.left_at) if plain.left_at else None
                assert (row.exit.day if row.exit else None) == left_on
                assert left_on is None or left_on >= plain.entered
                assert (row.invoice.words if row.invoice else None) == plain.words

    def teardown(self) -> None:
        if hasattr(self, "garage"):
            self.wait_for(self._is_sound())

    async def _is_sound(self) -> None:
        waiting = []
        for place in self.places:
            if any(self.places[row.place] == place for row in self.rows):
                await sound(self.garage, place)
                waiting += [
                    (place, row.number) for row in await register(self.garage, place) if row.waits
                ]
        found = [(due.location_id, due.number) for due in await dues(self.garage)]
        assert sorted(found) == sorted(waiting)


async def test_the_register_says_what_a_plain_list_would(garage: Garage) -> None:
    Course.house_of, Course.loop = garage, asyncio.get_running_loop()
    limits = settings(
        max_examples=20,
        stateful_step_count=50,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    await asyncio.to_thread(run_state_machine_as_test, Course, settings=limits)
    assert min(Course.deeds[True], Course.deeds[False]) > 50, "too little was tried to say anything"
