"""How much one visitor may book, so that a bot cannot fill the calendar of a garage.

Only bookings that were made are counted: somebody who is refused a time has lost nothing. Who
reaches a limit is sent to the phone; nobody at the desk is limited.
"""

from typing import Any

from litestar import Request
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.web.client_address import client_address
from core.web.resources import resources_of, tenant_of
from plugins.self_service_portal import repository

AnyRequest = Request[Any, Any, Any]
PER_ADDRESS = "20/day"
"""Enough for a tablet in the showroom, and for a mobile network behind one address."""
PER_GARAGE = "60/hour"
OPEN_PER_EMAIL = 5


class TooManyBookings(Refused):
    """One connection, or one e-mail address, or everybody together booked too much."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__(
            "Too many appointments were booked online just now. Please call us: we find a time"
            " together."
        )


async def require_room(request: AnyRequest, session: AsyncSession, email: str) -> None:
    """Go on only where none of the limits is reached.

    Raises:
        TooManyBookings: one is.
    """
    limiter = resources_of(request).limiter
    for limit, key in _keys(request):
        if await limiter.exhausted(limit, *key):
            raise TooManyBookings
    if await repository.open_estimates_of(session, email) >= OPEN_PER_EMAIL:
        raise TooManyBookings


async def count(request: AnyRequest) -> None:
    """Note that this visitor has just booked, before it is stored: of many at once, no more than
    the limit stay booked.

    Raises:
        TooManyBookings: this was one too many, and must be taken back.
    """
    for limit, key in _keys(request):
        if not await resources_of(request).limiter.allows(limit, *key):
            raise TooManyBookings


def _keys(request: AnyRequest) -> list[tuple[str, tuple[str, ...]]]:
    garage = str(tenant_of(request).id)
    return [
        (PER_ADDRESS, ("portal-booked", garage, client_address(request))),
        (PER_GARAGE, ("portal-booked-here", garage)),
    ]
