"""Some nights of the clean-up for the demo, and what it asks; the newest forgotten vehicles are
left, so that there is something to clean up."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.tenancy.context import current_tenant
from core.workshop.audit.services import SYSTEM, Actor
from core.workshop.staff import repository as staff
from plugins.vehicle_presence.cleanup.exits import Exit, end_stays
from plugins.vehicle_presence.cleanup.models import CleanupRun
from plugins.vehicle_presence.cleanup.rules import Verdict, offered_rules
from plugins.vehicle_presence.cleanup.services import change_rule
from plugins.vehicle_presence.cleanup.sweep import ask, look
from plugins.vehicle_presence.services import settings

LEFT_FORGOTTEN = 2


async def clean_up_as_in_the_past(session: AsyncSession) -> None:
    """Each evidenced vehicle left in the first night in which its rule applied; the doubtful
    ones are asked about since last night."""
    await _choose_rules(session)
    report = await look(session)
    marked = sorted(report.marked, key=lambda each: each.left_at or now())
    today = now().astimezone(current_tenant().zone).date()
    nights: dict[date, list[Verdict]] = defaultdict(list)
    for verdict in marked[:-LEFT_FORGOTTEN]:
        if verdict.left_at is not None and _first_night(verdict.left_at) < today:
            nights[_first_night(verdict.left_at)].append(verdict)
    for night in sorted(nights):
        exits = [
            Exit(each.candidate.stay_id, each.candidate.job_id, each.left_at, each.evidence)
            for each in nights[night]
            if each.left_at is not None
        ]
        with frozen(_moment(night)):
            await end_stays(session, exits, SYSTEM, "sweep")
            session.add(_run(night, marked=len(exits), asked=0))
            await session.flush()
    last_night = today - timedelta(days=1)
    with frozen(_moment(last_night)):
        asked = await ask(session, report.doubtful)
        if last_night not in nights:
            session.add(_run(last_night, marked=0, asked=asked))
        await session.flush()


async def _choose_rules(session: AsyncSession) -> None:
    """The owner lets the clean-up act where there is evidence, since some time."""
    owner = next(each for each in await staff.everyone(session) if each.role == "owner")
    actor = Actor("staff", owner.name, owner.id)
    for rule in await offered_rules(session):
        await change_rule(
            session, rule, is_on=rule.is_on, days=rule.days, mode="automatic", actor=actor
        )


def _first_night(left_at: datetime) -> date:
    """The night behind the days that the rules leave."""
    day = left_at.astimezone(current_tenant().zone).date()
    return day + timedelta(days=settings().sweep_after_days + 1)


def _moment(night: date) -> datetime:
    return datetime.combine(night, time(settings().sweep_hour, 2), current_tenant().zone)


def _run(night: date, *, marked: int, asked: int) -> CleanupRun:
    return CleanupRun(
        night=night, began_at=now(), ended_at=now(), rounds=0, held=0, marked=marked, asked=asked
    )
