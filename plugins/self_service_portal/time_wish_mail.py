"""The mail that a time is free again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.hooks.contributions import MailTemplate
from core.i18n import current_language
from core.tenancy.addresses import public_address
from core.workshop.planning import services as planning
from plugins.self_service_portal import time_wish_repository as repository
from plugins.self_service_portal import time_wishes
from plugins.self_service_portal.time_wish_news import TIME_IS_FREE


async def load_wish(session: AsyncSession, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """None where nobody waits any more, or every time that suits is taken again."""
    try:
        wish = await repository.by_id(session, UUID(payload["wish_id"]))
    except NotFound:
        return None
    location = await time_wishes.place_of(session, wish)
    days = await planning.free_days(session, location, wish.kind)
    earliest = time_wishes.earliest_that_suits(wish, days, location.zone)
    if wish.done_at is not None:
        return None
    if earliest is None:
        wish.told_at, wish.none_free_at = None, now()  # somebody was faster: the next one is news
        return None
    path = f"/{current_language()}/wish/{payload['token']}"
    return {
        "wish": wish,
        "earliest": earliest,
        "link": public_address(path),
    }


MAIL = MailTemplate(TIME_IS_FREE, "self_service_portal/mail/time_is_free", load_wish)
