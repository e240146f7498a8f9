"""What the talk with customers shows on core's pages: job card, lists, timeline, first page."""

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import Panel, TimelineEntry
from core.i18n import format_money
from core.i18n import gettext as _
from core.tenancy.addresses import public_address
from core.web.qr import qr_code
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from plugins.self_service_portal import message_repository, quote_repository
from plugins.self_service_portal.entries import is_shown
from plugins.self_service_portal.messages import LONGEST
from plugins.self_service_portal.progress import is_over
from plugins.self_service_portal.quotes import QuoteView, seen
from plugins.self_service_portal.reach import spoken_address
from plugins.self_service_portal.settings import settings
from plugins.self_service_portal.short_links import job_path


async def job_panels(session: AsyncSession, job_id: UUID) -> list[Panel]:
    """The talk, the estimates and the way in, while customers can see their side of it."""
    if not is_shown(settings(), "status"):
        return []
    job = await jobs.by_id(session, job_id)
    talk = await message_repository.of_job(session, job_id)
    quotes = [seen(*row, job) for row in await quote_repository.of_job(session, job_id)]
    customer = await customers.by_id(session, job.customer_id)
    values = {
        "job_id": job_id,
        "talk": talk,
        "quotes": quotes,
        "can_send": not is_over(job),
        "has_email": bool(customer.email),
        "unread": sum(each.author == "customer" and each.read_at is None for each in talk),
        "once": str(uuid4()),
        "longest": LONGEST,
    }
    return [
        Panel("self_service_portal/messages_panel.html", values, place="main", position=30),
        Panel("self_service_portal/quotes_panel.html", values, place="main", position=40),
        _way_in(job),
    ]


async def sheet_panels(session: AsyncSession, job_id: UUID) -> list[Panel]:
    """The customer's code, on the paper that may go home with them."""
    if not is_shown(settings(), "status"):
        return []
    return [_way_in(await jobs.by_id(session, job_id))]


def _way_in(job: Job) -> Panel:
    """What the customer scans, on the screen or on the printed card."""
    path = job_path(job)
    values = {"code": qr_code(public_address(path)), "address": spoken_address(path)}
    return Panel("self_service_portal/reach/job_panel.html", values, position=90)


async def dashboard(session: AsyncSession) -> list[Panel]:
    """What customers wait for."""
    if not is_shown(settings(), "status"):
        return []
    values = {
        "unread": await message_repository.count_unread(session),
        "unread_jobs": await message_repository.jobs_with_unread(session),
        "answers": await quote_repository.count_news(session),
        "answered_jobs": await quote_repository.news(session),
    }
    return [Panel("self_service_portal/dashboard_card.html", values, place="main", position=10)]


async def timeline(session: AsyncSession, job_id: UUID) -> list[TimelineEntry]:
    """Messages and estimates with their times."""
    job = await jobs.by_id(session, job_id)
    entries = []
    for each in await message_repository.of_job(session, job_id):
        text = _("The customer wrote a message")
        if each.author == "garage":
            text = _("Message to the customer (%(who)s)", who=each.author_name)
        entries.append(TimelineEntry(each.sent_at, text, "mail"))
    for row in await quote_repository.of_job(session, job_id):
        entries += _lines(seen(*row, job))
    return entries


def _lines(view: QuoteView) -> list[TimelineEntry]:
    amount = format_money(view.quote.gross)
    sent = _("Estimate of %(amount)s sent (%(who)s)", amount=amount, who=view.quote.sent_by)
    lines = [TimelineEntry(view.quote.sent_at, sent, "list")]
    if view.outcome is not None:
        values = {"amount": amount, "who": view.outcome.name}
        text = {
            "approved": _("Estimate of %(amount)s approved (%(who)s)", **values),
            "declined": _("Estimate of %(amount)s declined (%(who)s)", **values),
            "withdrawn": _("Estimate of %(amount)s withdrawn (%(who)s)", **values),
        }[view.outcome.kind]
        icon = "check" if view.state == "approved" else "x"
        lines.append(TimelineEntry(view.outcome.at, text, icon))
    return lines


def audit_labels() -> dict[str, str]:
    """Words for what the talk writes into the garage's log."""
    return {
        "portal.answered": _("Message to a customer"),
        "portal.quote_sent": _("Estimate sent"),
        "portal.quote_withdrawn": _("Estimate withdrawn"),
        "portal.quote_approved": _("Estimate approved"),
        "portal.quote_declined": _("Estimate declined"),
    }
