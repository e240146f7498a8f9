"""The mails that let staff in."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import MailTemplate
from core.tenancy.addresses import desk_address
from core.workshop.staff import repository

INVITATION = "core.staff_invitation"
PASSWORD_RESET = "core.staff_password_reset"  # noqa: S105 - the name of a mail


async def _load(
    session: AsyncSession, payload: Mapping[str, Any], purpose: str
) -> Mapping[str, Any] | None:
    member = await repository.by_id(session, UUID(payload["staff_id"]))
    if member is None or not member.is_active or "token" not in payload:
        return None
    path = f"/desk/{purpose}/{payload['token']}"
    return {
        "name": member.name,
        "link": desk_address(path),
    }


async def load_invitation(
    session: AsyncSession, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Name and link; None for somebody who was locked out meanwhile."""
    return await _load(session, payload, "invitation")


async def load_password_reset(
    session: AsyncSession, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Name and link; None for somebody who was locked out meanwhile."""
    return await _load(session, payload, "reset")


STAFF_MAILS: Mapping[str, MailTemplate] = {
    INVITATION: MailTemplate(INVITATION, "core/mail/staff_invitation", load_invitation),
    PASSWORD_RESET: MailTemplate(
        PASSWORD_RESET, "core/mail/staff_password_reset", load_password_reset
    ),
}
