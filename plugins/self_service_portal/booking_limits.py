"""How much one visitor may book, so that a bot cannot fill the calendar of a garage.

Nor can it keep others out: a part of what a garage takes in an hour is for connections that have
not booked today.

Only bookings that were made are counted: somebody who is refused a time has lost nothing. Who
reaches a limit is sent to the phone; nobody at the desk is limited. From the half of a limit on,
the form asks for a small piece of work first (:mod:`core.web.puzzles`).
"""

from typing import Any

from litestar import Request
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.web.client_address import client_address
from core.web.puzzles import Watched
from core.web.resources import resources_of, tenant_of
from plugins.self_service_portal import repository

AnyRequest = Request[Any, Any, Any]
PER_ADDRESS = "20/day"
"""Enough for a tablet in the showroom, and for a mobile network behind one address."""
PER_GARAGE = "60/hour"
AGAIN_PER_GARAGE = "40/hour"
"""Of those, what connections take that have booked today already."""
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
    for each in watched(request):
        if await limiter.exhausted(each.limit, *each.key):
            raise TooManyBookings
    if await limiter.exhausted(*_once(request)) and await limiter.exhausted(*_again(request)):
        raise TooManyBookings
    if await repository.open_estimates_of(session, email) >= OPEN_PER_EMAIL:
        raise TooManyBookings


async def count(request: AnyRequest) -> None:
    """Note that this visitor has just booked, before it is stored: of many at once, no more than
    the limit stay booked. What the garage takes in all is counted last: who is refused for another
    reason takes nothing of what others may book.

    Raises:
        TooManyBookings: this was one too many, and must be taken back.
    """
    limiter = resources_of(request).limiter
    of_address, of_garage = watched(request)
    if not await limiter.allows(of_address.limit, *of_address.key):
        raise TooManyBookings
    if not await limiter.allows(*_once(request)) and not await limiter.allows(*_again(request)):
        raise TooManyBookings
    if not await limiter.allows(of_garage.limit, *of_garage.key):
        raise TooManyBookings


def watched(request: AnyRequest) -> list[Watched]:
    """The limits of bookings, as this visitor uses them."""
    garage = str(tenant_of(request).id)
    return [
        Watched(PER_ADDRESS, ("portal-booked", garage, client_address(request))),
        Watched(PER_GARAGE, ("portal-booked-here", garage)),
    ]


def _once(request: AnyRequest) -> tuple[str, ...]:
    """Used up where this connection has booked today."""
    return ("1/day", "portal-booked-once", str(tenant_of(request).id), client_address(request))


def _again(request: AnyRequest) -> tuple[str, ...]:
    return (AGAIN_PER_GARAGE, "portal-booked-again", str(tenant_of(request).id))
