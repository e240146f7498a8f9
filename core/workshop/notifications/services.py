"""Putting work into the outbox: stored with its cause, done after commit, at least once."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.db.session import after_commit
from core.workshop.notifications import repository
from core.workshop.notifications.models import OutboxEntry

SEND_MAIL = "core.send_mail"

Kick = Callable[[UUID], Awaitable[None] | None]
_kick: list[Kick] = []


def install_kick(kick: Kick) -> None:
    """Say how a worker is told that a garage has something in its outbox.

    The kick only makes it faster: beat finds what is due all the same.
    """
    _kick[:] = [kick]


async def enqueue(
    session: AsyncSession,
    effect: str,
    payload: Mapping[str, Any],
    *,
    key: str,
    due_at: datetime | None = None,
) -> None:
    """Make `effect` happen once for `key` after this unit of work is stored.

    A second call with the same key adds nothing.
    """
    tenant_id: UUID = session.info["tenant_id"]
    await session.execute(
        insert(OutboxEntry)
        .values(
            tenant_id=tenant_id,
            key=key,
            effect=effect,
            payload=dict(payload),
            due_at=due_at or now(),
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "key"])
    )
    if due_at is None:
        _tell_worker(session)


async def try_again(session: AsyncSession, entry_id: UUID | None = None) -> int:
    """Have what was given up in this garage (one entry, or all) tried again from now on; how many
    entries that were."""
    count = await repository.revive(session, now(), entry_id)
    if count:
        _tell_worker(session)
    return count


async def wait_no_longer(session: AsyncSession) -> None:
    """What failed before, or waits for a plugin that was off, is tried now instead of later."""
    if await repository.bring_forward(session, now()):
        _tell_worker(session)


def _tell_worker(session: AsyncSession) -> None:
    tenant_id: UUID = session.info["tenant_id"]
    if not session.info.get("outbox_kicked"):
        session.info["outbox_kicked"] = True
        after_commit(session, lambda: _kick[0](tenant_id) if _kick else None)


async def send_mail(
    session: AsyncSession,
    template: str,
    to: str,
    language: str,
    payload: Mapping[str, Any],
    *,
    key: str,
    due_at: datetime | None = None,
) -> None:
    """Send a mail of the named template once for `key`.

    `template` is the name of a :class:`~core.hooks.contributions.MailTemplate`; `payload`
    holds ids only, the values are loaded when the mail is written. A mail that must be sent
    twice (the worker died between server and commit) has the same Message-ID both times.
    """
    await enqueue(
        session,
        SEND_MAIL,
        {
            "template": template,
            "to": to,
            "language": language,
            "message_id": hashlib.sha256(f"{session.info['tenant_id']}:{key}".encode()).hexdigest()[
                :32
            ],
            "payload": dict(payload),
        },
        key=key,
        due_at=due_at,
    )
