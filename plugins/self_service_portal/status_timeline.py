"""What happened to a repair so far, as far as its customer may know: dated lines, newest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from core.hooks.contributions import TimelineEntry
from core.i18n import format_datetime, format_money, ngettext
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from core.web.words import appointment_label
from core.workshop.jobs.models import Job
from core.workshop.photos.models import Photo
from core.workshop.planning.models import Appointment
from plugins.self_service_portal.progress import Progress
from plugins.self_service_portal.quotes import QuoteView
from plugins.self_service_portal.talk_models import Message


@dataclass(frozen=True, slots=True)
class Told:
    """All that the page has loaded anyway; `photos` are shared ones only."""

    job: Job
    progress: Progress
    appointments: Sequence[Appointment]
    photos: Sequence[Photo]
    messages: Sequence[Message]
    quotes: Sequence[QuoteView]


def timeline_of(told: Told) -> list[TimelineEntry]:
    """Lines of everything, newest first."""
    entries = [
        TimelineEntry(told.job.created_at, _("We have received your request."), "plus"),
        *_stages(told.progress),
        *_appointments(told.appointments),
        *_photos(told.photos),
        *_messages(told.messages),
        *(entry for view in told.quotes for entry in _quote(view)),
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _stages(progress: Progress) -> Iterator[TimelineEntry]:
    for step in progress.steps:
        if step.at is not None and step.state != "ahead":
            yield TimelineEntry(step.at, step.text, "check" if step.state == "done" else "play")


def _appointments(appointments: Sequence[Appointment]) -> Iterator[TimelineEntry]:
    zone = current_tenant().zone
    for each in appointments:
        values = {
            "kind": appointment_label(each.kind),
            "when": format_datetime(each.starts_at, zone, "EEEE d MMMM, HH:mm"),
        }
        text = _("Appointment made: %(kind)s on %(when)s", **values)
        yield TimelineEntry(each.created_at, text, "calendar")
        if each.cancelled_at is not None:
            text = _("Appointment cancelled: %(kind)s on %(when)s", **values)
            yield TimelineEntry(each.cancelled_at, text, "x")


def _photos(photos: Sequence[Photo]) -> Iterator[TimelineEntry]:
    """One line for all photos that were shared on a day."""
    zone = current_tenant().zone
    moments = sorted(photo.shared_at or photo.created_at for photo in photos)
    by_day = groupby((moment.astimezone(zone) for moment in moments), lambda each: each.date())
    for _day, shared in by_day:
        on_that_day = list(shared)
        text = ngettext("%(num)s photo from us", "%(num)s photos from us", len(on_that_day))
        yield TimelineEntry(on_that_day[-1], text, "camera")


def _messages(messages: Sequence[Message]) -> Iterator[TimelineEntry]:
    for each in messages:
        text = _("You wrote to us.") if each.author == "customer" else _("We wrote to you.")
        yield TimelineEntry(each.sent_at, text, "mail")


def _quote(view: QuoteView) -> Iterator[TimelineEntry]:
    amount = format_money(view.quote.gross)
    sent = _("We sent you an estimate of %(amount)s.", amount=amount)
    yield TimelineEntry(view.quote.sent_at, sent, "list")
    if view.outcome is None:
        return
    text = {
        "approved": _("You approved the estimate of %(amount)s.", amount=amount),
        "declined": _("You declined the estimate of %(amount)s.", amount=amount),
        "withdrawn": _("We withdrew the estimate of %(amount)s.", amount=amount),
    }[view.outcome.kind]
    yield TimelineEntry(view.outcome.at, text, "check" if view.state == "approved" else "x")
