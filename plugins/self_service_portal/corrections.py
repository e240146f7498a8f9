"""An e-mail address that was mistyped: put right by whoever has just sent the request.

Only the address of a customer whom this very request made known: that of somebody whom the garage
knows already, with other jobs, is for the garage to change.
"""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.i18n import gettext as _
from core.workshop.audit.services import CUSTOMER, record
from core.workshop.customers.models import Customer
from core.workshop.customers.services import EDITABLE, change_details
from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import new_public_number
from core.workshop.planning import repository as planning
from core.workshop.planning.links import renew_link
from plugins.self_service_portal import booking_limits, confirmations, repository
from plugins.self_service_portal import mail_repository as mails
from plugins.self_service_portal.mail_models import Confirmation
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.settings import NAME

RENUMBERED = f"{NAME}.job_number_renewed"
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
    was mailed before. What the mailbox at the former address was told opens nothing any more.

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
        await _shut_out(session, job)
    await confirmations.announce_again(session, booked, email, language)


async def _shut_out(session: AsyncSession, job: Job) -> None:
    """Whoever got the first mail has the number, the plate and personal links: none of them opens
    anything any more."""
    job.public_number = new_public_number()
    for appointment in await planning.of_job(session, job.id):
        renew_link(appointment)
    record(session, CUSTOMER, RENUMBERED, f"job:{job.id}")
    await session.flush()


def audit_labels() -> Mapping[str, str]:
    """What the log calls it."""
    return {RENUMBERED: _("Job number drawn anew: the e-mail address was corrected")}


async def correctable(
    session: AsyncSession, draft: Draft, job: Job, asked: Confirmation | None
) -> Customer | None:
    """The customer whose address whoever sent the draft may still change; None otherwise. `asked`
    is what their appointment asks to be confirmed, if it does."""
    is_fresh = now() < job.created_at + AT_ONCE if asked is None else asked.confirmed_at is None
    customer = await repository.customer_made_with(session, job) if is_fresh else None
    typed = draft.answers["contact"]["email"].strip().lower()
    return customer if customer is not None and customer.email == typed else None
