"""The mail that a time is free again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.hooks.contributions import MailTemplate
from core.i18n import current_language
from core.tenancy.addresses import public_address
from core.workshop.locations import repository as locations
from core.workshop.planning import services as planning
from plugins.self_service_portal import time_wish_repository as repository
from plugins.self_service_portal.time_wishes import TIME_IS_FREE


async def load_wish(session: AsyncSession, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """None where nobody waits any more, or every time is taken again."""
    try:
        wish = await repository.by_id(session, UUID(payload["wish_id"]))
    except NotFound:
        return None
    days = await planning.free_days(session, await locations.first(session), wish.kind)
    if wish.done_at is not None or not days:
        return None
    path = f"/{current_language()}/wish/{payload['token']}"
    return {
        "wish": wish,
        "earliest": days[0].slots[0].starts_at,
        "link": public_address(path),
    }


MAIL = MailTemplate(TIME_IS_FREE, "self_service_portal/mail/time_is_free", load_wish)
