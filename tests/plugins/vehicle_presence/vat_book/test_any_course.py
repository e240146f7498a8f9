"""Whatever people do in whatever order, the register says what a plain list would."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen
from core.errors import Refused
from plugins.vehicle_presence import repository as presence
from plugins.vehicle_presence.services import (
    change_off_site_date,
    mark_many_off_site,
    mark_off_site,
    record_arrival,
    undo_arrival,
    undo_off_site,
)
from plugins.vehicle_presence.vat_book.settling import (
    Correction,
    Settlement,
    correct,
    settle,
    take_back_settlement,
)
from tests.conftest import new_slug
from tests.factories import many_jobs
from tests.garages import STAFF, Garage, open_test_garage
from tests.plugins.vehicle_presence.vat_book.reading import dues, register, sound

BEGIN = datetime(2026, 10, 30, 7, tzinfo=UTC)
JOBS = 3
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "arrive",
                "arrive",
                "leave",
                "leave_together",
                "undo_arrival",
                "undo_exit",
                "change_exit",
                "settle",
                "take_back",
                "correct",
            )
        ),
        st.integers(0, JOBS - 1),
        st.integers(0, 30),
    ),
    min_size=1,
    max_size=25,
)


@dataclass
class PlainRow:
    """A row as somebody with pencil and paper would keep it."""

    job: int
    entered: date
    left: date | None = None
    words: str | None = None
    plate: str = ""
    cancelled: bool = False
    strikes: int = 0


@dataclass
class Paper:
    """The reference: a list of rows, and which of them is the newest of each job."""

    rows: list[PlainRow] = field(default_factory=list)

    def newest(self, job: int) -> PlainRow | None:
        return next((row for row in reversed(self.rows) if row.job == job), None)

    def inside(self, job: int) -> bool:
        row = self.newest(job)
        return row is not None and row.left is None and not row.cancelled


@dataclass
class Course:
    """A garage's register and the paper beside it, step by step."""

    garage: Garage
    job_ids: list[UUID]
    paper: Paper = field(default_factory=Paper)
    moment: datetime = BEGIN

    async def step(self, verb: str, job: int, number: int) -> None:
        """One deed, refused in both or in neither."""
        self.moment += timedelta(minutes=7)
        with frozen(self.moment):
            try:
                async with self.garage.unit() as session:
                    await getattr(self, f"_{verb}")(session, job, number)
            except Refused:
                return

    def _today(self) -> date:
        return self.moment.astimezone(self.garage.tenant.zone).date()

    async def _arrive(self, session: AsyncSession, job: int, _number: int) -> None:
        await record_arrival(session, self.job_ids[job], STAFF)
        if not self.paper.inside(job):
            self.paper.rows.append(PlainRow(job, self._today()))

    async def _leave(self, session: AsyncSession, job: int, _number: int) -> None:
        await mark_off_site(session, self.job_ids[job], STAFF)
        row = self.paper.newest(job)
        assert row is not None
        row.left = row.left or self._today()

    async def _leave_together(self, session: AsyncSession, _job: int, _number: int) -> None:
        await mark_many_off_site(session, self.job_ids, self.moment, STAFF)
        for each in range(JOBS):
            if self.paper.inside(each):
                self.paper.newest(each).left = self._today()  # type: ignore[union-attr]

    async def _undo_arrival(self, session: AsyncSession, job: int, _number: int) -> None:
        stay = await presence.latest_stay(session, self.job_ids[job])
        if stay is not None:
            await undo_arrival(session, stay.id, stay.job_id, STAFF)
            row = self._row_of(job)
            row.cancelled = True
            row.strikes += 1

    async def _undo_exit(self, session: AsyncSession, job: int, _number: int) -> None:
        stay = await presence.latest_stay(session, self.job_ids[job])
        if stay is not None and stay.left_at is not None:
            await undo_off_site(session, stay.id, stay.job_id, STAFF)
            row = self._row_of(job)
            row.left = None
            row.strikes += 1

    async def _change_exit(self, session: AsyncSession, job: int, number: int) -> None:
        stay = await presence.latest_stay(session, self.job_ids[job])
        if stay is not None and stay.left_at is not None:
            at = self.moment - timedelta(minutes=number)
            await change_off_site_date(session, stay.job_id, at, STAFF)
            row = self._row_of(job)
            row.left = at.astimezone(self.garage.tenant.zone).date()
            row.strikes += 1

    async def _settle(self, session: AsyncSession, _job: int, number: int) -> None:
        found = await self._any_row(number)
        if found is not None:
            row_id, row = found
            await settle(session, row_id, Settlement(f"F{number}"), STAFF)
            row.words = f"F{number}"

    async def _take_back(self, session: AsyncSession, _job: int, number: int) -> None:
        found = await self._any_row(number)
        if found is not None:
            row_id, row = found
            await take_back_settlement(session, row_id, STAFF)
            row.strikes += row.words is not None
            row.words = None

    async def _correct(self, session: AsyncSession, _job: int, number: int) -> None:
        found = await self._any_row(number)
        if found is not None:
            row_id, row = found
            plate = f"1-COR-{number:03}"
            right = Correction(row.entered, plate, "", "", None)
            await correct(session, row_id, right, "mistyped", STAFF)
            row.plate = plate
            row.strikes += 1

    def _row_of(self, job: int) -> PlainRow:
        """The newest row of the job that was not struck."""
        return next(
            row for row in reversed(self.paper.rows) if row.job == job and not row.cancelled
        )

    async def _any_row(self, number: int) -> tuple[UUID, PlainRow] | None:
        rows = await register(self.garage)
        if not rows:
            return None
        place = number % len(rows)
        return rows[place].row_id, self.paper.rows[place]

    async def compare(self) -> None:
        """Register and paper say the same."""
        await sound(self.garage)
        rows = await register(self.garage)
        assert [row.number for row in rows] == list(range(1, len(self.paper.rows) + 1))
        for row, plain in zip(rows, self.paper.rows, strict=True):
            said: dict[str, Any] = {
                "cancelled": row.is_cancelled,
                "strikes": len(row.struck),
                "job": self.job_ids.index(row.entry.job_id),  # type: ignore[arg-type]
                "entered": row.entry.day,
                "left": row.exit.day if row.exit else None,
                "words": row.invoice.words if row.invoice else None,
            }
            assert said == {name: getattr(plain, name) for name in said}
            if plain.plate:
                assert row.entry.plate == plain.plate
        assert [due.number for due in await dues(self.garage)] == [
            row.number for row in rows if row.waits
        ]


async def test_the_register_says_what_a_plain_list_would(garage: Garage) -> None:
    loop = asyncio.get_running_loop()

    async def follow(steps: list[tuple[str, int, int]]) -> None:
        fresh = await open_test_garage(
            garage.house, garage.app, plugins=("vehicle_presence",), slug=new_slug()
        )
        async with fresh.unit() as session:
            job_ids = await many_jobs(session, JOBS)
        course = Course(fresh, job_ids)
        for step in steps:
            await course.step(*step)
        await course.compare()

    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(STEPS)
    def any_course(steps: list[tuple[str, int, int]]) -> None:
        asyncio.run_coroutine_threadsafe(follow(steps), loop).result()

    await asyncio.to_thread(any_course)
