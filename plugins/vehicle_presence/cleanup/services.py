"""The verbs of people about the clean-up: confirm what it proposes, change its rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.i18n import gettext as _
from core.workshop.audit.services import Actor, record
from core.workshop.vehicles.plates import display_plate
from plugins.vehicle_presence.cleanup import repository
from plugins.vehicle_presence.cleanup.exits import (
    Exit,
    closed_exits,
    end_allowed,
    take_back_night,
)
from plugins.vehicle_presence.cleanup.models import CleanupRun, RuleChoice
from plugins.vehicle_presence.cleanup.rules import Rule
from plugins.vehicle_presence.models import Doubt, Stay
from plugins.vehicle_presence.vat_book.closing_repository import closed_months
from plugins.vehicle_presence.vat_book.errors import CLOSED, MonthClosed

A_MOMENT = timedelta(minutes=1)


class Unconfirmed(Exception):
    """Some moments are impossible, or not this person's to note, so none was confirmed;
    `problems` says why per doubt, `status_code` what the page answers."""

    def __init__(self, problems: Mapping[UUID, str], status_code: int = 422) -> None:
        super().__init__()
        self.problems = problems
        self.status_code = status_code


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Exits that were confirmed; of those that another plugin did not let leave the doubts, each
    with the vehicle's plate and why."""

    exits: list[Exit]
    kept: Mapping[UUID, tuple[str, str]]


async def confirm(
    session: AsyncSession,
    chosen: Mapping[UUID, datetime | None],
    actor: Actor,
    *,
    may_correct: bool = False,
) -> Confirmed:
    """A person says when vehicles left: all of `chosen` (doubt → moment), or none. Those that
    left or were settled meanwhile are passed over, and those that another plugin does not let
    leave stay in.

    Raises:
        Unconfirmed: a moment is missing or impossible; or it is in a closed month, and the actor
            needs the right to correct the VAT book (`may_correct`).
    """
    found = await repository.lock_proposals(session, list(chosen))
    problems = {
        doubt.id: problem
        for doubt, stay in found
        if (problem := _problem(stay, chosen[doubt.id])) is not None
    }
    if problems:
        raise Unconfirmed(problems)
    if not may_correct:
        await _require_open_months(session, found, chosen)
    exits = {
        doubt.id: Exit(stay.id, stay.job_id, moment, _evidence(doubt, moment), stay.seen_at)
        for doubt, stay in found
        if (moment := chosen[doubt.id]) is not None
    }
    plates = {stay.id: stay.plate for _doubt, stay in found}
    refused = await end_allowed(
        session, list(exits.values()), actor, "confirmed", may_correct=may_correct
    )
    gone = {doubt: each for doubt, each in exits.items() if each.stay_id not in refused}
    if gone:
        await session.execute(delete(Doubt).where(Doubt.id.in_(list(gone))))
    kept = {
        doubt: (plates[each.stay_id], _(why.message, **why.values))
        for doubt, each in exits.items()
        if (why := refused.get(each.stay_id)) is not None
    }
    return Confirmed(list(gone.values()), kept)


async def _require_open_months(
    session: AsyncSession,
    found: Sequence[tuple[Doubt, Stay]],
    chosen: Mapping[UUID, datetime | None],
) -> None:
    closed = await closed_months(session)
    problems = {
        doubt.id: _(CLOSED)
        for doubt, stay in found
        if (moment := chosen[doubt.id]) is not None and closed.hold(stay.location_id, moment)
    }
    if problems:
        raise Unconfirmed(problems, MonthClosed.status_code)


def _problem(stay: Stay, moment: datetime | None) -> str | None:
    if moment is None:
        return _("Please say when it left.")
    if moment < stay.arrived_at:
        return _("The vehicle cannot have left before it arrived. Please check the date.")
    if moment > now() + A_MOMENT:
        return _("The off-site date cannot lie in the future.")
    return None


def _evidence(doubt: Doubt, moment: datetime) -> dict[str, Any]:
    """What the clean-up knew, only where the person agreed with it to the minute."""
    if doubt.left_at is None or abs(doubt.left_at - moment) >= A_MOMENT:
        return {}
    return doubt.evidence


async def take_back(session: AsyncSession, run_id: UUID, actor: Actor) -> tuple[int, int]:
    """Take a whole night back; how many, and how many are left for another click.

    Raises:
        NotFound: there was no such night.
    """
    return await take_back_night(session, await _run(session, run_id), actor)


async def closed_plates(session: AsyncSession, run_id: UUID) -> list[str]:
    """Vehicles that a night's undoing leaves alone, as their month is closed in the VAT book.

    Raises:
        NotFound: there was no such night.
    """
    rows = await closed_exits(session, await _run(session, run_id))
    return [display_plate(row.plate_normalised, row.plate_country, row.plate) for row in rows]


async def _run(session: AsyncSession, run_id: UUID) -> CleanupRun:
    run = await repository.run_by_id(session, run_id)
    if run is None:
        raise NotFound("night")
    return run


async def change_rule(
    session: AsyncSession, rule: Rule, *, is_on: bool, days: int, mode: str, actor: Actor
) -> bool:
    """The garage wants a rule otherwise; False where it already was so."""
    before = {"is_on": rule.is_on, "days": rule.days, "mode": rule.mode}
    after = {"is_on": is_on, "days": days, "mode": mode if rule.may_act else "propose"}
    if after == before:
        return False
    statement = insert(RuleChoice).values(
        tenant_id=session.info["tenant_id"], name=rule.name, **after
    )
    await session.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "name"], set_=after)
    )
    details = {"before": before, "after": after}
    record(session, actor, "presence.rule_changed", f"rule:{rule.name}", details=details)
    return True
