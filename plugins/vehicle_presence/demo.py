"""Believable stays for the demo's jobs, a few of them forgotten."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.db.reading import SessionReading
from core.i18n import gettext as _
from core.i18n import language_scope
from core.tenancy.context import current_tenant
from core.workshop.audit.services import SYSTEM, Actor
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import change_job
from core.workshop.staff import repository as staff
from plugins.vehicle_presence import board, board_repository, board_views, check_ins
from plugins.vehicle_presence.absences import leave_for_a_while
from plugins.vehicle_presence.filters import Filters
from plugins.vehicle_presence.services import mark_off_site, record_arrival

NOTED_EACH = 4
"""Of the vehicles that were handed over before today and are not paid for, the clock was pressed
for one in four; the others are the forgotten ones."""
_HAVE_ARRIVED = ("in_progress", "ready", "delivered", "invoiced")
_BEFORE_THE_KEYS = timedelta(minutes=2)
Deed = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class _Diary:
    """What happened when, told in the order of time: a register knows no other."""

    deeds: list[tuple[datetime, Deed]] = field(default_factory=list)

    def note(self, moment: datetime, deed: Deed) -> None:
        self.deeds.append((moment, deed))

    async def tell(self, session: AsyncSession) -> None:
        for moment, deed in sorted(self.deeds, key=lambda each: each[0]):
            with frozen(moment):
                await deed()
                await session.flush()


async def fill_in(session: AsyncSession) -> None:
    """Each vehicle came when its check-in began, and left when it was handed over if somebody
    pressed the clock then; today everybody did."""
    actor = await _receptionist(session)
    diary = _Diary()
    handed_over = 0
    rows = await jobs.page(session, statuses=_HAVE_ARRIVED)
    for row in sorted(rows, key=lambda each: each.sequence_number):
        moments = await _moments_of(session, row.id)
        diary.note(moments["check_in"] - _BEFORE_THE_KEYS, _arrives(session, row.id, actor))
        left = moments.get("delivered")
        if left is None:
            continue
        handed_over += 0 if _is_today(left) else 1
        is_noted = row.status == "invoiced" or handed_over % NOTED_EACH == 1
        if _is_today(left) or is_noted:
            diary.note(left, _leaves(session, row.id, actor))
    await diary.tell(session)
    with language_scope(current_tenant().default_language):
        await _this_morning(session, actor)


def _arrives(session: AsyncSession, job_id: UUID, actor: Actor) -> Deed:
    return lambda: record_arrival(session, job_id, actor)


def _leaves(session: AsyncSession, job_id: UUID, actor: Actor) -> Deed:
    return lambda: mark_off_site(session, job_id, actor)


async def _this_morning(session: AsyncSession, actor: Actor) -> None:
    """Two are away for a while, what was promised for yesterday is not finished, check-ins were
    answered where the garage asks, and the planner keeps a look at the board."""
    asked = board.wanted(Filters(status="working"))
    found = await board_repository.board(SessionReading(session), asked)
    working = [row for row in reversed(found.value.rows) if row.in_page]
    late = now() - timedelta(minutes=50)
    absences = ((0, timedelta(minutes=30)), (1, timedelta(days=1)))
    for row, (reason, back) in zip(working, absences, strict=False):
        with frozen(max(late, row.arrived_at)):
            await leave_for_a_while(session, row.job_id, reason, actor, expected_back=now() + back)
    for row in working[-2:]:
        job = await jobs.by_id(session, row.job_id)
        yesterday = {"estimated_completion": (now() - timedelta(days=1)).date()}
        await change_job(session, job.id, yesterday, job.version, actor)
    if check_ins.asked():
        for number, row in enumerate(working[:-1]):
            answers = {
                "mileage": 61_230 + 977 * number,
                "no_damage": True,
                "keys": 1 + number % 2,
                "keys_place": f"{_('board, hook')} {number + 3}",
            }
            await check_ins.note(session, row.job_id, answers, actor)
    if actor.id is not None:
        overdue = Filters(overdue="yes")
        await board_views.save(session, _("Late"), overdue, None)
        await board_views.save(session, _("In the workshop"), Filters(status="working"), actor.id)


async def _receptionist(session: AsyncSession) -> Actor:
    """Whoever plans the work, else the system."""
    for member in await staff.everyone(session):
        if member.role == "planner":
            return Actor("staff", member.name, member.id)
    return SYSTEM


async def _moments_of(session: AsyncSession, job_id: UUID) -> dict[str, datetime]:
    """When each task that somebody touched began, or was done in a click."""
    return {
        task.key: moment
        for task in await jobs.tasks_of(session, job_id)
        if (moment := task.started_at or task.finished_at) is not None
    }


def _is_today(moment: datetime) -> bool:
    zone = current_tenant().zone
    return moment.astimezone(zone).date() == now().astimezone(zone).date()
