"""Whatever people and the clean-up do in whatever order, stays and register say what a plain list
would.

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
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen
from core.errors import NotFound
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import set_status
from core.workshop.locations import repository as locations
from core.workshop.locations.services import add_location
from plugins.vehicle_presence import absences
from plugins.vehicle_presence import repository as presence
from plugins.vehicle_presence.arrivals import change_arrival
from plugins.vehicle_presence.cleanup.repository import proposals
from plugins.vehicle_presence.cleanup.rules import offered_rules
from plugins.vehicle_presence.cleanup.services import (
    Unconfirmed,
    change_rule,
    confirm,
    take_back,
)
from plugins.vehicle_presence.cleanup.sweep import SweepReport, advance, begin, look
from plugins.vehicle_presence.errors import (
    ArrivedAfterAbsence,
    ArrivedAfterDeparture,
    ArrivedDuringOtherStay,
    ArrivedInFuture,
    LeftBeforeArrival,
    LeftDuringOtherStay,
    LeftInFuture,
    TooLateToUndo,
    VehicleInElsewhere,
    VehicleNotInside,
)
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.services import (
    change_off_site_date,
    mark_many_off_site,
    mark_off_site,
    record_arrival,
    still_here,
    undo_arrival,
    undo_off_site,
)
from plugins.vehicle_presence.vat_book.closing import close_months
from plugins.vehicle_presence.vat_book.errors import (
    AlreadySettled,
    AwayThen,
    EntryAfterExit,
    MonthClosed,
    NothingToCorrect,
    OtherVisitThen,
    ReasonMissing,
    RowCancelled,
    TooLateToTakeBack,
)
from plugins.vehicle_presence.vat_book.models import VatLine
from plugins.vehicle_presence.vat_book.register import rows_of
from plugins.vehicle_presence.vat_book.settling import (
    Correction,
    Settlement,
    correct,
    settle,
    take_back_settlement,
)
from plugins.vehicle_presence.vat_book.striking import strike_row
from tests.conftest import new_slug
from tests.factories import a_job, a_plate
from tests.garages import STAFF, Garage, open_test_garage
from tests.plugins.vehicle_presence.vat_book.reading import dues, register, sound

BEGIN = datetime(2026, 10, 23, 15, tzinfo=UTC)
"""Two nights before the clocks go back, a week before the month ends."""
UNDO = timedelta(minutes=30)
DAY = timedelta(days=1)
ASK_AFTER = 30 * DAY
VEHICLE_OF = (0, 1, 0)
"""The vehicle of each job: the first has two."""
JOBS = len(VEHICLE_OF)
PLACES = 2
SWEEP_DAYS = 1
HANDED_OVER = ("delivered", "invoiced")
JOB = st.integers(0, JOBS - 1)
ROW = st.integers(0, 8)
WHY = st.sampled_from(("", "pressed late"))
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
    back_at: datetime | None = None
    seen_at: datetime | None = None
    left_at: datetime | None = None
    left_noted_at: datetime | None = None
    is_swept: bool = False
    is_asked: bool = False
    asks_again_at: datetime | None = None
    words: str | None = None
    words_at: datetime | None = None
    plate: str = ""
    cancelled: bool = False
    strikes: int = 0

    def never_left(self, moment: datetime) -> None:
        """Its exit is struck: somebody saw the vehicle at that moment."""
        self.left_at = self.left_noted_at = None
        self.is_swept, self.seen_at = False, moment
        self.strikes += 1

    def is_left_at(self, at: datetime, noted_at: datetime, *, is_swept: bool = False) -> None:
        """It gets an exit."""
        self.left_at, self.left_noted_at, self.is_swept = at, noted_at, is_swept


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
        self.steps: list[list[tuple[datetime, str]]] = [[] for _ in range(JOBS)]
        self.nights: list[tuple[UUID, datetime]] = []
        self.acts = True
        self.wait_for(self._open())
        for job in range(JOBS):
            self.arrives(job)

    async def _open(self) -> None:
        shared = self.house_of
        with frozen(BEGIN):  # registers are opened with the garage
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
                if VEHICLE_OF[number] != number:
                    first_job = await jobs.by_id(session, self.job_ids[VEHICLE_OF[number]])
                    job.vehicle_id = first_job.vehicle_id
            await self._choose_rules(session)

    async def _choose_rules(self, session: AsyncSession) -> None:
        """Only what was handed over is looked for."""
        mode = "automatic" if self.acts else "propose"
        for each in await offered_rules(session):
            is_on = each.name == "delivered"
            await change_rule(session, each, is_on=is_on, days=SWEEP_DAYS, mode=mode, actor=STAFF)

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
        """The row of the job's stay that goes on, or else of its newest; one that was struck never
        was."""
        rows = [row for row in self.rows if row.job == job and not row.cancelled]
        return next((row for row in rows if row.left_at is None), rows[-1] if rows else None)

    def inside(self, job: int) -> bool:
        """Whether the vehicle is in for that job."""
        row = self.newest(job)
        return row is not None and row.left_at is None

    def open_rows(self) -> list[PlainRow]:
        """Those of what is in."""
        return [row for row in self.rows if row.left_at is None and not row.cancelled]

    def is_closed(self, moment: datetime) -> bool:
        """Whether that month is closed."""
        return self.day(moment) < self.open_from

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
        inside = [row for row in self.open_rows() if VEHICLE_OF[row.job] == VEHICLE_OF[job]]
        is_elsewhere = bool(inside) and not self.inside(job)
        self.attempt(
            VehicleInElsewhere if is_elsewhere else None,
            lambda session: record_arrival(session, self.job_ids[job], STAFF),
        )
        if not inside:
            today = self.day(self.moment)
            self.rows.append(PlainRow(job % PLACES, job, today, self.moment, self.moment))
        elif not is_elsewhere:
            inside[0].seen_at = self.moment

    @rule(job=JOB)
    def leaves(self, job: int) -> None:
        row = self.newest(job)
        refused = row is None or (row.left_at is not None and not self.may_undo(row))
        self.attempt(
            VehicleNotInside if refused else None,
            lambda session: mark_off_site(session, self.job_ids[job], STAFF),
        )
        if row is not None and row.left_at is None:
            row.is_left_at(self.moment, self.moment)

    def may_undo(self, row: PlainRow) -> bool:
        """What the clean-up noted can always be taken back."""
        return row.is_swept or self.fresh(row.left_noted_at)

    @rule(minutes=st.integers(0, 2000))
    def leave_together(self, minutes: int) -> None:
        at = self.moment - timedelta(minutes=minutes)
        rows = self.open_rows()
        said: Said = None
        if any(at < row.arrived_at for row in rows):
            said = LeftBeforeArrival
        elif rows and self.is_closed(at):
            said = MonthClosed
        self.attempt(said, lambda session: mark_many_off_site(session, self.job_ids, at, STAFF))
        if said is None:
            for row in rows:
                row.is_left_at(at, self.moment)

    @rule(job=JOB)
    def is_away_and_back(self, job: int) -> None:
        async def deed(session: AsyncSession) -> None:
            await absences.leave_for_a_while(session, self.job_ids[job], 0, STAFF)
            await absences.come_back(session, self.job_ids[job], STAFF)

        self.attempt(None if self.inside(job) else VehicleNotInside, deed)
        row = self.newest(job)
        if row is not None and row.left_at is None:
            row.seen_at = max(self.moment, row.arrived_at)
            row.away_at, row.back_at = row.away_at or row.seen_at, row.seen_at

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

    @rule(job=JOB, why=WHY, may_correct=st.booleans())
    def never_left(self, job: int, why: str, may_correct: bool) -> None:
        row = self.newest(job)
        if row is None:
            return

        async def deed(session: AsyncSession) -> None:
            stay = await presence.latest_stay(session, self.job_ids[job])
            assert stay is not None
            await undo_off_site(
                session, stay.id, stay.job_id, STAFF, reason=why, may_correct=may_correct
            )

        said: Said = None
        if row.left_at is not None:
            if not self.may_undo(row) or self.another_visit(row, row.arrived_at, None):
                said = TooLateToUndo
            elif self.is_closed(row.left_at) and not may_correct:
                said = MonthClosed
            elif self.is_closed(row.left_at) and not why:
                said = ReasonMissing
        self.attempt(said, deed)
        if said is None and row.left_at is not None:
            row.never_left(self.moment)

    @rule(
        job=JOB,
        minutes=st.integers(-90, 2000),
        why=WHY,
        may_correct=st.booleans(),
    )
    def left_at_another_time(self, job: int, minutes: int, why: str, may_correct: bool) -> None:
        row = self.newest(job)
        at = self.moment - timedelta(minutes=minutes)
        said: Said = None
        if row is None or row.left_at is None:
            said = NotFound
        elif at == row.left_at:
            pass
        elif not why and not self.fresh(row.left_noted_at):
            said = ReasonMissing
        elif at < row.arrived_at:
            said = LeftBeforeArrival
        elif minutes < -1:
            said = LeftInFuture
        elif at > row.left_at and self.another_visit(row, row.arrived_at, at):
            said = LeftDuringOtherStay
        elif row.back_at is not None and at < row.back_at:
            said = AwayThen
        elif not may_correct and self.is_closed(min(at, row.left_at)):
            said = MonthClosed
        self.attempt(
            said,
            lambda session: change_off_site_date(
                session, self.job_ids[job], at, STAFF, reason=why, may_correct=may_correct
            ),
        )
        if said is None and row is not None and row.left_at != at:
            row.left_at, row.is_swept = at, False
            row.strikes += 1

    @rule(
        job=JOB,
        minutes=st.integers(-90, 2000),
        why=WHY,
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
        elif at < row.arrived_at and self.another_visit(row, at, row.left_at):
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

    def another_visit(self, row: PlainRow, begin: datetime, end: datetime | None) -> bool:
        """Whether the vehicle was here for another time between these two moments."""
        return any(
            (other.left_at is None or other.left_at > begin)
            and (end is None or other.arrived_at < end)
            for other in self.rows
            if other is not row
            and VEHICLE_OF[other.job] == VEHICLE_OF[row.job]
            and not other.cancelled
        )

    @rule(job=JOB, status=st.sampled_from((*HANDED_OVER, "in_progress")))
    def job_moves_on(self, job: int, status: str) -> None:
        self.attempt(None, lambda session: set_status(session, self.job_ids[job], status, STAFF))
        if not self.steps[job] or self.steps[job][-1][1] != status:
            self.steps[job].append((self.moment, status))

    def handed_over_at(self, row: PlainRow) -> datetime | None:
        """When the job came to what it is, handed over: since it arrived, if it ever did since."""
        steps = self.steps[row.job]
        if not steps or steps[-1][1] not in HANDED_OVER:
            return None
        begin = max((n for n, step in enumerate(steps, 1) if step[1] not in HANDED_OVER), default=0)
        since = [moment for moment, _status in steps[begin:] if moment >= row.arrived_at]
        return since[0] if since else steps[-1][0]

    def judged(self) -> tuple[list[PlainRow], list[PlainRow]]:
        """What a look at the vehicles lets leave, and what it asks about."""
        leaving, asking = [], []
        for row in self.open_rows():
            left_at = self.handed_over_at(row)
            is_settled = row.asks_again_at is not None and row.asks_again_at > self.moment
            if left_at is None or is_settled or left_at >= self.moment - SWEEP_DAYS * DAY:
                continue
            is_possible = left_at >= max(row.arrived_at, row.seen_at or row.arrived_at)
            leaves = self.acts and is_possible and not self.is_closed(left_at)
            (leaving if leaves else asking).append(row)
        return leaving, asking

    @rule(
        job=JOB,
        status=st.sampled_from(HANDED_OVER),
        hours=st.sampled_from((20, 30, 60)),
        acts=st.sampled_from((True, True, False)),
        is_dry=st.booleans(),
    )
    def is_forgotten(self, job: int, status: str, hours: int, acts: bool, is_dry: bool) -> None:
        """Nobody presses the clock when it is handed over, until the clean-up looks."""
        self.arrives(job)
        self.job_moves_on(job, "in_progress")
        self.job_moves_on(job, status)
        self.a_night_passes(hours)
        self.sweep_looks(acts, is_dry)

    @rule(acts=st.booleans(), is_dry=st.booleans())
    def sweep_looks(self, acts: bool, is_dry: bool) -> None:
        self.acts = acts
        self.attempt(None, self._choose_rules)
        if not is_dry:
            for row in self.rows:
                row.is_asked = row.is_asked and row.left_at is None
        expected = self.judged()
        report, run_id = self.wait_for(self._sweep(is_dry))
        for rows, verdicts in zip(expected, (report.marked, report.doubtful), strict=True):
            found = sorted(str(each.candidate.job_id) for each in verdicts)
            assert found == sorted(str(self.job_ids[row.job]) for row in rows)
        if run_id is None:
            return
        self.nights.append((run_id, self.moment))
        for row in expected[0]:
            at = self.handed_over_at(row)
            assert at is not None
            row.is_left_at(at, self.moment, is_swept=True)
        for row in expected[1]:
            row.is_asked, row.asks_again_at = True, None

    async def _sweep(self, is_dry: bool) -> tuple[SweepReport, UUID | None]:
        with frozen(self.moment):
            async with self.garage.unit() as session:
                if is_dry:
                    return await look(session), None
                run, report = await begin(session), SweepReport()
                while await advance(session, run, report):
                    pass
                return report, run.id

    @rule(minutes=st.integers(-90, 2000), is_there=st.booleans())
    def what_it_asks_is_answered(self, minutes: int, is_there: bool) -> None:
        at = self.moment - timedelta(minutes=minutes)
        rows = [row for row in self.open_rows() if row.is_asked]
        is_wrong = minutes < -1 or self.is_closed(at) or any(at < row.arrived_at for row in rows)

        async def deed(session: AsyncSession) -> None:
            doubts = [each.doubt_id for each in await proposals(session)]
            assert len(doubts) == len(rows)
            if is_there:
                for each in doubts:
                    await still_here(session, each, STAFF)
            else:
                await confirm(session, dict.fromkeys(doubts, at), STAFF)

        said = Unconfirmed if rows and is_wrong and not is_there else None
        self.attempt(said, deed)
        for row in rows if said is None else []:
            row.is_asked = False
            if is_there:
                row.seen_at, row.asks_again_at = self.moment, self.moment + ASK_AFTER
            else:
                row.is_left_at(at, self.moment)

    @precondition(lambda self: self.nights)
    @rule(back=st.integers(0, 3))
    def night_is_taken_back(self, back: int) -> None:
        run_id, moment = self.nights[-1 - back % len(self.nights)]
        rows = [
            row
            for row in self.rows
            if row.is_swept
            and row.left_noted_at == moment
            and row.left_at is not None
            and not self.is_closed(row.left_at)
            and not self.another_visit(row, row.arrived_at, None)
        ]

        async def deed(session: AsyncSession) -> None:
            assert await take_back(session, run_id, STAFF) == (len(rows), 0)

        self.attempt(None, deed)
        for row in rows:
            row.never_left(self.moment)

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
            row.words, row.words_at = words, row.words_at if row.words else self.moment

    @precondition(lambda self: self.rows)
    @rule(number=ROW)
    def is_not_invoiced_after_all(self, number: int) -> None:
        row, row_id = self.wait_for(self._row(number))
        said: Said = RowCancelled if row.cancelled else None
        if said is None and row.words is not None and not self.fresh(row.words_at):
            said = TooLateToTakeBack
        self.attempt(said, lambda session: take_back_settlement(session, row_id, STAFF))
        if said is None and row.words is not None:
            row.words = None
            row.strikes += 1

    @precondition(lambda self: self.rows)
    @rule(number=ROW)
    def never_came(self, number: int) -> None:
        row, row_id = self.wait_for(self._row(number))
        self.attempt(None, lambda session: strike_row(session, row_id, "wrong car", STAFF))
        if not row.cancelled:
            row.strikes += 1 + (row.left_at is not None) + (row.words is not None)
            row.cancelled, row.left_at, row.words = True, None, None

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
        elif days != 0 and row.away_at is not None and self.arrival_on(row, day) > row.away_at:
            said = AwayThen
        elif days < 0 and self.another_visit(row, self.arrival_on(row, day), row.left_at):
            said = OtherVisitThen
        settlement = None if row.words is None else Settlement(row.words)
        right = Correction(day, plate, "", "", settlement)
        self.attempt(said, lambda session: correct(session, row_id, right, "mistyped", STAFF))
        if said is None:
            if day != row.entered:
                row.arrived_at = self.arrival_on(row, day)
            row.entered, row.plate = day, plate
            row.strikes += 1

    def arrival_on(self, row: PlainRow, day: date) -> datetime:
        """At the hour that was noted, or as much earlier as it must have been."""
        zone = self.garage.tenant.zone
        moment = datetime.combine(day, row.arrived_at.astimezone(zone).time(), zone)
        return min(moment, row.left_at or self.moment)

    async def _row(self, number: int) -> tuple[PlainRow, UUID]:
        """Any row, and its name in the register."""
        row = self.rows[number % len(self.rows)]
        place = [each for each in self.rows if each.place == row.place].index(row)
        listed = await register(self.garage, self.places[row.place])
        return row, listed[place].row_id

    @invariant()
    def stays_register_and_paper_say_the_same(self) -> None:
        stays, lines = self.wait_for(self._kept())
        assert stays == [
            (self.job_ids[row.job], row.arrived_at, row.left_at, row.is_swept)
            for row in self.rows
            if not row.cancelled
        ]
        for place in range(PLACES):
            rows = rows_of([each for each in lines if each.location_id == self.places[place]])
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

    async def _kept(self) -> tuple[list[tuple[object, ...]], list[VatLine]]:
        async with self.garage.unit() as session:
            stays = await session.scalars(select(Stay).order_by(Stay.id))
            lines = await session.scalars(select(VatLine).order_by(VatLine.position))
            found: list[tuple[object, ...]] = [
                (each.job_id, each.arrived_at, each.left_at, each.closed_by == "sweep")
                for each in stays
            ]
            return found, list(lines)

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


async def test_stays_and_register_say_what_a_plain_list_would(garage: Garage) -> None:
    Course.house_of, Course.loop = garage, asyncio.get_running_loop()
    limits = settings(
        max_examples=20,
        stateful_step_count=35,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    await asyncio.to_thread(run_state_machine_as_test, Course, settings=limits)
    assert min(Course.deeds[True], Course.deeds[False]) > 50, "too little was tried to say anything"
