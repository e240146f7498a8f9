"""Writing down who did what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.db.many import ManyRows
from core.workshop.audit.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. Support acting inside a garage is `support`, with their own name."""

    kind: Literal["staff", "customer", "support", "system"]
    name: str
    id: UUID | None = None


SETTINGS_CHANGED = "plugin_settings_changed"
"""The action of an entry about `plugin:<name>`: an owner changed its settings, `before` and
`after` of those that differ."""
SYSTEM = Actor("system", "Garagist")
CUSTOMER = Actor("customer", "customer")
_ENTRIES = ManyRows(
    AuditEntry, "at", "actor_kind", "actor_name", "actor_id", "action", "subject", "details"
)


def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    subject: str,
    *,
    reason: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add an entry in this unit of work: it is stored with the deed, or not at all."""
    entry = AuditEntry(
        at=now(),
        actor_kind=actor.kind,
        actor_name=actor.name,
        actor_id=actor.id,
        action=action,
        subject=subject,
        reason=reason,
        details=dict(details or {}),
    )
    session.add(entry)
    return entry


async def record_all(
    session: AsyncSession,
    actor: Actor,
    action: str,
    entries: Iterable[tuple[str, Mapping[str, Any]]],
) -> None:
    """Add an entry per (subject, details) pair, all with one statement."""
    moment = now()
    rows = [
        {
            "at": moment,
            "actor_kind": actor.kind,
            "actor_name": actor.name,
            "actor_id": actor.id,
            "action": action,
            "subject": subject,
            "details": dict(details),
        }
        for subject, details in entries
    ]
    await _ENTRIES.add(session, rows)
