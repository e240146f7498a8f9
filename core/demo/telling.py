"""Acting a story out: the shop's own verbs, each at the moment at which it happened."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen
from core.demo.pictures import Album
from core.demo.stories import Story, Task
from core.demo.working_time import WorkingTime
from core.workshop.audit.services import CUSTOMER, Actor
from core.workshop.jobs import repository as jobs
from core.workshop.jobs import services
from core.workshop.jobs.models import Job
from core.workshop.locations.models import Location
from core.workshop.planning import services as planning
from core.workshop.planning.slots import DayOfSlots, Slot

IN_THE_WORKSHOP = frozenset(
    {"dismantle", "body", "repair", "preparation", "paint", "reassembly", "polish", "quality"}
)
_A_LITTLE_LATER = timedelta(minutes=5)
_UNTIL_THE_CALL = timedelta(minutes=20)
_LATEST = timedelta(minutes=90)
"""Nobody comes later than that after the time that they booked."""
_DRIVEN_MEANWHILE = 137
"""Kilometres between estimate and repair, give or take what the job number adds."""

Deed = tuple[datetime, Callable[[], Awaitable[object]]]


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells stories to one garage's database, up to the present."""

    session: AsyncSession
    time: WorkingTime
    location: Location
    flows: Mapping[str, UUID]
    planner: Actor
    technician: Actor
    album: Album

    async def tell(self, story: Story) -> Job:
        """Open the job and bring it to where it is now, in the order in which things happen."""
        with frozen(story.opened):
            job = await self._open(story)
            await self.session.flush()
        task_ids = {task.key: task.id for task in await jobs.tasks_of(self.session, job.id)}
        deeds = [
            *self._at_the_desk(story, job),
            *(deed for task in story.tasks for deed in self._work(job, task, task_ids)),
        ]
        for moment, deed in sorted(deeds, key=lambda each: each[0]):
            if moment <= self.time.moment:
                with frozen(moment):
                    await deed()
                    await self.session.flush()
        return job

    async def _open(self, story: Story) -> Job:
        new = services.NewJob(
            contact=story.matter.contact,
            vehicle=story.matter.car.facts,
            damage=story.matter.damage,
            damage_zones=story.matter.zones if story.matter.is_online else (),
            flow_id=self.flows[story.flow],
            source="portal" if story.matter.is_online else "desk",
            details={} if story.matter.is_online else asdict(story.matter.claim),
        )
        return await services.open_job(self.session, new, self._caller(story))

    def _at_the_desk(self, story: Story, job: Job) -> Iterator[Deed]:
        """What reception does, beside tasks."""
        if story.course.customer_photos and story.matter.is_online:
            yield story.opened + _A_LITTLE_LATER, partial(self._receive_photos, story, job)
        if story.visit:
            book = partial(self._book, job, "estimate", story.visit, self._caller(story))
            yield story.opened, book
        if story.planned and story.arrival:
            yield story.planned, partial(self._plan, story, job, story.arrival)
        if story.arrival:
            yield story.arrival + _A_LITTLE_LATER, partial(self._check_in, story, job)
        if story.ready:
            call = story.ready + _UNTIL_THE_CALL
            yield call, partial(self._call, story, job)
        if story.booked_out:
            day = {"book_out_date": self.time.local_date(story.booked_out)}
            yield story.booked_out, partial(self._change, job, day)
        if story.invoiced:
            yield story.invoiced, partial(self._invoice, job, story.invoiced)
        if story.cancelled:
            yield story.cancelled, partial(self._set_status, job, "cancelled")

    def _work(self, job: Job, task: Task, task_ids: Mapping[str, UUID]) -> Iterator[Deed]:
        actor = self.technician if task.key in IN_THE_WORKSHOP else self.planner

        def become(state: str) -> Callable[[], Awaitable[object]]:
            return partial(
                services.set_task_state, self.session, job.id, task_ids[task.key], state, actor
            )

        if task.begins:
            yield task.begins, become("in_progress")
        if task.held_at and task.ends > self.time.moment:
            yield task.held_at, become("on_hold")
        yield task.ends, become("skipped" if task.is_skipped else "finished")

    async def _receive_photos(self, story: Story, job: Job) -> None:
        await self.album.add(
            self.session,
            job.id,
            story.course.customer_photos,
            source="portal",
            actor=CUSTOMER,
            are_seen=story.planned is not None,
        )

    async def _plan(self, story: Story, job: Job, arrival: datetime) -> None:
        values = {
            **asdict(story.matter.claim),
            "comments": story.matter.comment,
            "mileage_at_estimate": story.matter.car.mileage,
            "starts_on": self.time.local_date(arrival),
            "ends_on": self.time.local_date(story.ready) if story.ready else None,
            "estimated_completion": story.promised,
            "courtesy_car_wished": job.sequence_number % 4 == 0,
        }
        await self._change(job, values)
        await self._set_status(job, "planned")
        await self._book(job, "drop_off", arrival, self._caller(story))

    async def _check_in(self, story: Story, job: Job) -> None:
        driven = _DRIVEN_MEANWHILE + 11 * job.sequence_number
        await self._change(job, {"mileage_at_repair": story.matter.car.mileage + driven})
        if story.course.workshop_photos:
            await self.album.add(
                self.session,
                job.id,
                story.course.workshop_photos,
                source="desk",
                actor=self.technician,
                are_seen=True,
                shared=2,
            )

    async def _call(self, story: Story, job: Job) -> None:
        await services.tell_client_informed(self.session, job.id, self.planner)
        if story.delivered:
            await self._book(job, "pick_up", story.delivered, self.planner)

    async def _invoice(self, job: Job, moment: datetime) -> None:
        await self._change(job, {"invoice_reference": f"{moment:%Y}-{job.sequence_number:04}"})
        await self._set_status(job, "invoiced")

    async def _change(self, job: Job, values: Mapping[str, object]) -> None:
        await services.change_job(self.session, job.id, values, job.version, self.planner)

    async def _set_status(self, job: Job, status: str) -> None:
        await services.set_status(self.session, job.id, status, self.planner)

    async def _book(self, job: Job, kind: str, wanted: datetime, actor: Actor) -> None:
        days = await planning.free_days(self.session, self.location, kind)
        slot = slot_for(days, wanted, self.time.moment)
        if slot is not None:
            await planning.book(self.session, job.id, kind, slot.starts_at, actor)

    def _caller(self, story: Story) -> Actor:
        return CUSTOMER if story.matter.is_online else self.planner


def slot_for(days: list[DayOfSlots], wanted: datetime, present: datetime) -> Slot | None:
    """The free slot from `wanted` on; for a visit that has taken place by now, the one shortly
    before it, or None where people came without an appointment."""
    free = [slot for day in days for slot in day.slots]
    if wanted > present:
        return next((slot for slot in free if slot.starts_at >= wanted), None)
    before = [slot for slot in free if wanted - _LATEST <= slot.starts_at <= wanted]
    return before[-1] if before else None
