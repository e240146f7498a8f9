"""What rows of job lists say about the talk with customers: one statement for a whole page,
which is sent again only when something of it has changed."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, Uuid, and_, any_, bindparam, func, literal_column, select

from core.clock import now
from core.db.reading import GARAGE, PreparedLists, Reading
from core.hooks.contributions import Badge
from core.i18n import gettext as _
from core.i18n import ngettext
from core.tenancy.context import current_tenant
from core.workshop.planning.models import Appointment
from plugins.self_service_portal.entries import is_shown
from plugins.self_service_portal.mail_models import Confirmation
from plugins.self_service_portal.settings import settings
from plugins.self_service_portal.talk_models import Message, Quote, QuoteOutcome

MANY = 1_000


class Unconfirmed(msgspec.Struct, frozen=True):
    """A job with an appointment that nobody has confirmed yet."""

    job_id: UUID


class Unread(msgspec.Struct, frozen=True):
    """How many messages about a job nobody at the garage has read."""

    job_id: UUID
    messages: int


class Offer(msgspec.Struct, frozen=True):
    """An estimate that waits for the customer, or whose answer (`kind`) nobody at the garage has
    noted."""

    job_id: UUID
    valid_until: date
    kind: str | None


class Marks(msgspec.Struct, frozen=True):
    """All of them, of the jobs that were asked for."""

    unconfirmed: tuple[Unconfirmed, ...]
    unread: tuple[Unread, ...]
    offers: tuple[Offer, ...]


_JOB_IDS = any_(bindparam("job_ids", type_=ARRAY(Uuid)))
_LIMIT: Any = literal_column(str(MANY))
MARKS = PreparedLists(
    Marks,
    unconfirmed=select(Appointment.job_id)
    .join(
        Confirmation,
        and_(
            Confirmation.tenant_id == Appointment.tenant_id,
            Confirmation.appointment_id == Appointment.id,
        ),
    )
    .where(
        Appointment.tenant_id == GARAGE,
        Appointment.job_id == _JOB_IDS,
        Appointment.status == "booked",
        Confirmation.confirmed_at.is_(None),
        Confirmation.freed_at.is_(None),
    )
    .distinct()
    .limit(_LIMIT),
    unread=select(Message.job_id, func.count().label("messages"))
    .where(
        Message.tenant_id == GARAGE,
        Message.author == "customer",
        Message.read_at.is_(None),
        Message.job_id == _JOB_IDS,
    )
    .group_by(Message.job_id)
    .limit(_LIMIT),
    offers=select(Quote.job_id, Quote.valid_until, QuoteOutcome.kind)
    .outerjoin(
        QuoteOutcome,
        and_(QuoteOutcome.tenant_id == Quote.tenant_id, QuoteOutcome.quote_id == Quote.id),
    )
    .where(Quote.tenant_id == GARAGE, Quote.job_id == _JOB_IDS, QuoteOutcome.noted_at.is_(None))
    .order_by(Quote.sent_at)
    .limit(_LIMIT),
)


async def badges(reading: Reading, job_ids: Sequence[UUID]) -> Mapping[UUID, list[Badge]]:
    """Appointments to be confirmed; and, while customers see their side of it, new messages,
    estimates that wait, and answers that nobody has noted."""
    found = (await reading.kept(MARKS, job_ids=tuple(job_ids))).value
    marks: dict[UUID, list[Badge]] = {}
    for each in found.unconfirmed:
        badge = Badge(_("Not confirmed yet"), "mail", "warning")
        marks.setdefault(each.job_id, []).append(badge)
    if not is_shown(settings(), "status"):
        return marks
    for unread in found.unread:
        text = ngettext("%(num)s new message", "%(num)s new messages", unread.messages)
        marks.setdefault(unread.job_id, []).append(Badge(text, "mail", "info"))
    today = now().astimezone(current_tenant().zone).date()
    for offer in found.offers:
        marks.setdefault(offer.job_id, []).append(_offer(offer, today))
    return marks


def _offer(offer: Offer, today: date) -> Badge:
    if offer.kind == "approved":
        return Badge(_("Estimate approved"), "check", "good")
    if offer.kind == "declined":
        return Badge(_("Estimate declined"), "x", "warning")
    if offer.kind is None and today > offer.valid_until:
        return Badge(_("Estimate expired"), "clock", "neutral")
    return Badge(_("Estimate sent"), "mail", "neutral")
