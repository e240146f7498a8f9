"""The verbs of a vehicle that leaves for a while: a test drive, a subcontractor, and back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound, Refused
from core.i18n import LANGUAGES, gettext, gettext_noop, language_scope
from core.workshop.audit.services import Actor, record
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.history import note_event
from plugins.vehicle_presence import absence_repository, repository
from plugins.vehicle_presence.board_models import Absence
from plugins.vehicle_presence.errors import VehicleNotInside

USUAL = (
    gettext_noop("Test drive"),
    gettext_noop("At a subcontractor"),
    gettext_noop("With the customer for a while"),
)
"""Reasons for garages that have not written their own list."""
MOST_REASONS = 20
LONGEST_REASON = 60


class NoSuchReason(Refused):
    """The reason is not in the list any more."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("Please choose one of the reasons in the list.", field="reason")


class BackBeforeItLeft(Refused):
    """It is expected back before it leaves."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("It cannot be back before it leaves.", field="expected_back")


async def reasons(session: AsyncSession) -> list[Mapping[str, str]]:
    """The garage's reasons, or the usual ones, per language; a reason is known by its place."""
    own = await absence_repository.reasons(session)
    if own:
        return [reason.texts for reason in own]
    return [_in_all_languages(text) for text in USUAL]


async def write_reasons(
    session: AsyncSession, texts: Sequence[Mapping[str, str]], actor: Actor
) -> None:
    """Replace the list; a reason that is empty in every language is dropped. Absences that were
    noted keep the words they had.

    Raises:
        Refused: there are too many.
    """
    kept = [
        {language: text[:LONGEST_REASON] for language, text in each.items() if text}
        for each in texts
        if any(each.values())
    ]
    if len(kept) > MOST_REASONS:
        raise Refused("Please keep at most %(most)s reasons.", most=MOST_REASONS)
    await absence_repository.replace_reasons(session, kept)
    record(session, actor, "presence.reasons_changed", "garage", details={"count": len(kept)})


async def leave_for_a_while(
    session: AsyncSession,
    job_id: UUID,
    reason: int,
    actor: Actor,
    *,
    expected_back: datetime | None = None,
    note: str = "",
) -> Absence:
    """The vehicle leaves and is expected back: its stay goes on. Pressed by two at once, it left
    once.

    Raises:
        NotFound: there is no such job.
        VehicleNotInside: it is not in.
        NoSuchReason, BackBeforeItLeft: as they say.
    """
    stay = await repository.open_stay(session, job_id, lock=True)
    if stay is None:
        await jobs.by_id(session, job_id)
        raise VehicleNotInside
    out = await absence_repository.open_absence(session, stay.id)
    if out is not None:
        return out
    offered = await reasons(session)
    if not 0 <= reason < len(offered):
        raise NoSuchReason
    if expected_back is not None and expected_back < now():
        raise BackBeforeItLeft
    absence = Absence(
        stay_id=stay.id,
        reason_texts=dict(offered[reason]),
        note=note.strip(),
        out_at=max(now(), stay.arrived_at),
        out_noted_by=actor.name,
        expected_back=expected_back,
    )
    stay.seen_at = absence.out_at
    try:
        async with session.begin_nested():
            session.add(absence)
    except IntegrityError:
        other = await absence_repository.open_absence(session, stay.id)
        if other is None:
            raise
        return other
    _tell(session, job_id, "vehicle_out_for_a_while", actor, absence)
    return absence


async def come_back(session: AsyncSession, job_id: UUID, actor: Actor) -> Absence | None:
    """The vehicle is back; None where it was not away (any more).

    Raises:
        NotFound: there is no such job.
    """
    stay = await repository.open_stay(session, job_id, lock=True)
    if stay is None:
        await jobs.by_id(session, job_id)
        return None
    absence = await absence_repository.open_absence(session, stay.id, lock=True)
    if absence is None:
        return None
    absence.back_at = max(now(), absence.out_at)
    absence.back_noted_by = actor.name
    stay.seen_at = absence.back_at
    await session.flush()
    _tell(session, job_id, "vehicle_back", actor, absence)
    return absence


async def undo(session: AsyncSession, job_id: UUID, absence_id: UUID, actor: Actor) -> None:
    """Take the last press back: what was out never left, and what came back is out again.

    Raises:
        NotFound: there is no such absence in the job's open stay.
        Refused: it is out again meanwhile.
    """
    stay = await repository.open_stay(session, job_id, lock=True)
    absence = await absence_repository.by_id(session, absence_id)
    if stay is None or absence is None or absence.stay_id != stay.id:
        raise NotFound("absence")
    if absence.back_at is None:
        stay.seen_at = now()
        await session.delete(absence)
    elif await absence_repository.open_absence(session, stay.id) is not None:
        raise Refused("The vehicle is out again already.")
    else:
        absence.back_at = None
        absence.back_noted_by = None
    await session.flush()
    _tell(session, job_id, "absence_undone", actor, absence)


def _tell(session: AsyncSession, job_id: UUID, kind: str, actor: Actor, absence: Absence) -> None:
    details = {"reason": absence.reason_texts, "note": absence.note}
    note_event(session, job_id, kind, actor, details=details)
    record(session, actor, f"presence.{kind}", f"job:{job_id}", details=details)


def _in_all_languages(text: str) -> Mapping[str, str]:
    texts = {}
    for language in LANGUAGES:
        with language_scope(language):
            texts[language] = gettext(text)
    return texts
