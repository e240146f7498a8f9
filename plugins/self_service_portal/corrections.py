"""An e-mail address that was mistyped: put right by whoever has just sent the request.

Only the address of a customer whom this very request made known: that of somebody whom the garage
knows already, with other jobs, is for the garage to change.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.workshop.audit.services import CUSTOMER
from core.workshop.customers.models import Customer
from core.workshop.customers.services import EDITABLE, change_details
from core.workshop.jobs.models import Job
from core.workshop.planning import repository as planning
from plugins.self_service_portal import booking_limits, confirmations, repository
from plugins.self_service_portal import mail_repository as mails
from plugins.self_service_portal.mail_models import Confirmation
from plugins.self_service_portal.models import Draft

AT_ONCE = timedelta(hours=1)
"""How long after sending, where nothing is to be confirmed."""


class TooLateToCorrect(Refused):
    """The address is confirmed, an hour is over, or the garage knows that customer otherwise."""

    def __init__(self) -> None:
        super().__init__(
            "The address cannot be changed here any more. Please contact us.", field="email"
        )


async def correct_address(
    session: AsyncSession, draft: Draft, job: Job, email: str, language: str
) -> None:
    """Change the address of the customer of a locked draft that became `job`, and mail to it what
    was mailed before.

    Raises:
        TooLateToCorrect, TooManyBookings: as they say; nothing is changed.
    """
    booked = await planning.booked_of_job(session, job.id, "estimate")
    if booked is None:
        raise TooLateToCorrect
    asked = await mails.confirmation_of(session, booked.id)
    customer = await correctable(session, draft, job, asked)
    if customer is None:
        raise TooLateToCorrect
    contact = draft.answers["contact"]
    if email.lower() != contact["email"].lower():
        if await repository.open_estimates_of(session, email) >= booking_limits.OPEN_PER_EMAIL:
            raise booking_limits.TooManyBookings
        values = {name: getattr(customer, name) or "" for name in EDITABLE}
        await change_details(session, customer.id, {**values, "email": email}, CUSTOMER)
        draft.answers = {**draft.answers, "contact": {**contact, "email": email}}
    await confirmations.announce_again(session, booked, email, language)


async def correctable(
    session: AsyncSession, draft: Draft, job: Job, asked: Confirmation | None
) -> Customer | None:
    """The customer whose address whoever sent the draft may still change; None otherwise. `asked`
    is what their appointment asks to be confirmed, if it does."""
    is_fresh = now() < job.created_at + AT_ONCE if asked is None else asked.confirmed_at is None
    customer = await repository.customer_made_with(session, job) if is_fresh else None
    typed = draft.answers["contact"]["email"].strip().lower()
    return customer if customer is not None and customer.email == typed else None
