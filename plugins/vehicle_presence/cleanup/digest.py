"""The mail in the morning: what left by itself with which evidence, and what waits for a person."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import MailTemplate
from core.workshop.notifications.services import send_mail
from plugins.vehicle_presence.cleanup import repository
from plugins.vehicle_presence.cleanup.evidence import evidence_text, reason_text
from plugins.vehicle_presence.cleanup.models import CleanupRun, DigestChoice
from plugins.vehicle_presence.services import NAME

DIGEST = f"{NAME}.digest"
SHOWN = 20


async def announce(session: AsyncSession, run: CleanupRun) -> None:
    """Mail those who want it once the run is at its end; nobody after a night without results."""
    if not run.marked and not run.asked:
        return
    for reader in await repository.readers(session):
        await send_mail(
            session,
            DIGEST,
            reader.email,
            reader.language,
            {"run_id": str(run.id), "staff_id": str(reader.id)},
            key=f"{DIGEST}:{run.id}:{reader.id}",
        )


async def load(session: AsyncSession, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the mail says; None where everything was dealt with meanwhile, or its reader does
    not want it any more."""
    run = await repository.run_by_id(session, UUID(payload["run_id"]))
    wants = {each.id: each for each in await repository.readers(session)}
    reader = wants.get(UUID(payload["staff_id"]))
    if run is None or reader is None:
        return None
    exits = await repository.exits_of(session, run, SHOWN)
    waiting = await repository.proposals(session, limit=SHOWN)
    if not exits and not waiting:
        return None
    return {
        "name": reader.name,
        "exits": [(row, evidence_text(row.evidence)) for row in exits],
        "exit_count": await repository.count_exits(session, run),
        "waiting": [(row, reason_text(row.reason, row.evidence)) for row in waiting],
        "waiting_count": await repository.count_proposals(session),
    }


async def choose(session: AsyncSession, staff_id: UUID, *, is_wanted: bool) -> None:
    """Somebody says whether they want the mail."""
    statement = insert(DigestChoice).values(
        tenant_id=session.info["tenant_id"], staff_id=staff_id, is_wanted=is_wanted
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "staff_id"], set_={"is_wanted": is_wanted}
        )
    )


MAIL = MailTemplate(DIGEST, f"{NAME}/mail/digest", load)
