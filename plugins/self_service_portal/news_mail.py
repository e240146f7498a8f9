"""The mail to the garage about what customers did online.

It names jobs, not people: what is behind a job is read at the desk, by who may.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import MailTemplate
from core.tenancy.addresses import desk_address
from plugins.self_service_portal import news_repository as repository
from plugins.self_service_portal.news import MAIL
from plugins.self_service_portal.settings import settings


async def load_news(session: AsyncSession, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:  # noqa: ARG001 - the mail tells of all that is news by now
    """All that was not mailed yet; None where another mail told of it, or the garage wants none."""
    rows = await repository.take_unmailed(session) if settings().tell_garage else ()
    if not rows:
        return None
    return {
        "rows": rows,
        "links": {row.job_id: desk_address(f"/desk/jobs/{row.job_id}") for row in rows},
    }


NEWS_MAIL = MailTemplate(MAIL, "self_service_portal/mail/news", load_news)
