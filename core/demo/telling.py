"""Acting a story out: the shop's own verbs, each at the moment at which it happened."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen
from core.demo.pictures import Pictures
from core.demo.stories import Story, Task
from core.workshop.audit.services import CUSTOMER, Actor
from core.workshop.jobs import repository as jobs
from core.workshop.jobs import services
from core.workshop.jobs.models import Job
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from core.workshop.planning import services as planning
from core.workshop.planning.slots import Slot

_AT_THE_DESK = frozenset(
    {"estimate", "expert", "agreed", "parts_ordered", "parts_received", "check_in"}
    | {"ready", "delivered"}
)
_A_MOMENT = timedelta(minutes=4)
_EARLIEST = timedelta(minutes=90)
"""A customer comes at most so much later than the time that was booked."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who works on the jobs."""

    planner: Actor
    technician: Actor


class Teller:
    """Tells stories to one garage's database, up to `now`."""

    def __init__(
        self,
        session: AsyncSession,
        cast: Cast,
        pictures: Pictures,
        now: datetime,
        location: Location,
        flows: dict[str, UUID],
    ) -> None:
        self._session = session
        self._cast = cast
        self._pictures = pictures
        self._now = now
        self._location = location
        self._flows = flows

    @classmethod
    async def of(
        cls, session: AsyncSession, cast: Cast, pictures: Pictures, now: datetime
    ) -> "Teller":
        """One that knows the garage's place and flows."""
        flows = {flow.name: flow.id for flow in await jobs.flows(session)}
        return cls(session, cast, pictures, now, await locations.first(session), flows)

    async def tell(self, story: Story) -> Job:
        """Open the job and bring it to where it is now."""
        job = await self._open(story)
        await self._plan(story, job)
        await self._bring_in(story, job)
        await self._work_on(story, job)
        await self._hand_over(story, job)
        await self._cancel(story, job)
        return job

    def _has_happened(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self._now

    async def _open(self, story: Story) -> Job:
        actor = CUSTOMER if story.is_online else self._cast.planner
        with frozen(story.opened):
            job = await services.open_job(
                self._session,
                services.NewJob(
                    contact=story.contact,
                    vehicle=story.car.facts,
                    damage=story.damage.text(self._pictures.language),
                    damage_zones=story.damage.zones if story.is_online else (),
                    flow_id=self._flows[story.flow],
                    source="portal" if story.is_online else "desk",
                ),
                actor,
            )
            await self._session.flush()
        ...
