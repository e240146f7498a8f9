"""Planning at the desk: the week."""

from datetime import datetime, time, timedelta
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.web.moments import parse_day
from core.web.rendering import Page, page
from core.web.resources import tenant_of
from core.web.viewer import requires
from core.workshop.locations import repository as locations
from core.workshop.planning import repository
from core.workshop.planning.usage import usage_of

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
DAYS_SHOWN = 7


@get("/desk/planning", guards=[requires("planning.edit")])
async def week(request: AnyRequest, session: Session) -> Page:
    """Seven days of appointments, and how full each day is."""
    zone = tenant_of(request).zone
    first = parse_day(request.query_params.get("from")) or now().astimezone(zone).date()
    days = [first + timedelta(days=offset) for offset in range(DAYS_SHOWN)]
    rows = await repository.agenda(
        session,
        datetime.combine(first, time(), zone),
        datetime.combine(first + timedelta(days=DAYS_SHOWN), time(), zone),
    )
    usage = await usage_of(session, await locations.first(session), first, DAYS_SHOWN)
    return page(
        request,
        "core/planning/week.html",
        days=[
            (day, [row for row in rows if row.starts_at.astimezone(zone).date() == day], usage[day])
            for day in days
        ],
        earlier=first - timedelta(days=DAYS_SHOWN),
        later=first + timedelta(days=DAYS_SHOWN),
    )


HANDLERS = [week]
