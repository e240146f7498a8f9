"""What the clean-up proposes, what it did by itself lately, and by which rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.i18n import gettext as _
from core.i18n import ngettext
from core.tenancy.context import current_tenant
from core.web.forms import Form, FormValues, form_values
from core.web.moments import YEARS
from core.web.rendering import Flash, Page, page, redirect
from core.web.viewer import Viewer, load_viewer, requires
from plugins.vehicle_presence.cleanup import digest, repository, services
from plugins.vehicle_presence.cleanup.evidence import evidence_text, reason_text
from plugins.vehicle_presence.cleanup.forms import as_typed, key_of, rules_form
from plugins.vehicle_presence.cleanup.models import CleanupRun
from plugins.vehicle_presence.cleanup.rules import Judge, Rule, Verdict, offered_rules
from plugins.vehicle_presence.cleanup.sweep import SweepReport, look
from plugins.vehicle_presence.services import settings
from plugins.vehicle_presence.several_pages import are_off_site
from plugins.vehicle_presence.vat_book.closing_repository import closed_months
from plugins.vehicle_presence.vat_book.errors import CLOSED
from plugins.vehicle_presence.vat_book.rights import CORRECT

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
VIEW = "vehicle_presence.view"
MARK = "vehicle_presence.mark"
RULES = "vehicle_presence.rules"
HOME = "/desk/on-site/clean-up"
MOST_TRIED = 2_000
"""Vehicles that are looked at while somebody waits for the page: some tenths of a second."""
SHOWN_TRIED = 20
SHOWN_CLOSED = 10
_LOCAL = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody ticked and typed, and what is wrong with it, so that the form stays filled."""

    ticked: frozenset[UUID] = frozenset()
    moments: Mapping[UUID, str] = field(default_factory=dict)
    problems: Mapping[UUID, str] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What the clean-up would do now; of both kinds the first verdicts, and their vehicles."""

    report: SweepReport
    marked: list[Verdict]
    doubtful: list[Verdict]
    vehicles: Mapping[UUID, Any]


@get(HOME, guards=[requires(VIEW)])
async def overview(request: AnyRequest, session: Session) -> Page:
    """What waits for a person, and what left by itself lately."""
    return await _overview(request, session, Typed())


@post(f"{HOME}/confirm", guards=[requires(MARK)])
async def confirm(request: AnyRequest, session: Session) -> Page | Redirect:
    """Those vehicles left at those moments."""
    values = await form_values(request)
    ticked = [found for text in values.getlist("doubt") if (found := _uuid(str(text)))]
    moments = {each: _text(values, f"left-{each}") for each in _named(values)}
    typed = Typed(frozenset(ticked), moments)
    if not ticked:
        problem = _("Please tick at least one vehicle.")
        return await _overview(
            request, session, Typed(moments=moments, problem=problem), status_code=422
        )
    chosen = {each: _moment(moments.get(each, "")) for each in ticked}
    try:
        viewer = await _viewer(request)
        confirmed = await services.confirm(
            session, chosen, viewer.actor, may_correct=viewer.may(CORRECT)
        )
    except services.Unconfirmed as unconfirmed:
        wrong = Typed(typed.ticked, moments, unconfirmed.problems)
        return await _overview(request, session, wrong, status_code=unconfirmed.status_code)
    gone = [each.stay_id for each in confirmed.exits]
    flash = are_off_site(gone, back="clean-up")
    if confirmed.kept:
        typed = _kept(confirmed.kept, moments)
        flashes = [flash] if gone else []
        return await _overview(request, session, typed, flashes=flashes, status_code=409)
    return redirect(request, HOME, flash=flash)


def _kept(kept: Mapping[UUID, tuple[str, str]], moments: Mapping[UUID, str]) -> Typed:
    """The form as it was typed, with the vehicles that another plugin did not let leave."""
    lines = [
        _("%(plate)s is still in: %(why)s", plate=plate, why=why) for plate, why in kept.values()
    ]
    problems = {doubt: why for doubt, (_plate, why) in kept.items()}
    return Typed(frozenset(kept), moments, problems, " ".join(lines))


@post(f"{HOME}/nights/{{run_id:uuid}}/undo", guards=[requires(MARK)])
async def undo_night(request: AnyRequest, session: Session, run_id: FromPath[UUID]) -> Redirect:
    """Everything that a night noted was wrong."""
    taken, left = await services.take_back(session, run_id, (await _viewer(request)).actor)
    closed = await services.closed_plates(session, run_id)
    said = []
    if taken or not closed:
        said.append(
            ngettext("%(num)s vehicle is in again.", "%(num)s vehicles are in again.", taken)
        )
    if left:
        said.append(_("There is more to take back: please press once more."))
    if closed:
        said.append(_left_closed(closed))
    flash = Flash(" ".join(said), "warning" if closed else "good")
    return redirect(request, f"{HOME}#lately", flash=flash)


def _left_closed(plates: Sequence[str]) -> str:
    """Which vehicles of a night stay off site, and why."""
    named = ", ".join(plates[:SHOWN_CLOSED]) + (", …" if len(plates) > SHOWN_CLOSED else "")
    text = ngettext(
        "%(num)s stays as it is: %(plates)s.",
        "%(num)s stay as they are: %(plates)s.",
        len(plates),
        plates=named,
    )
    return f"{text} {_(CLOSED)}"


@post(f"{HOME}/mail", guards=[requires(MARK)])
async def choose_mail(request: AnyRequest, session: Session) -> Redirect:
    """Somebody wants the morning mail, or no more."""
    viewer = await _viewer(request)
    if viewer.staff_id is None or viewer.role not in repository.READERS:
        raise NotFound("reader")
    is_wanted = bool((await form_values(request)).getlist("wanted"))
    await digest.choose(session, viewer.staff_id, is_wanted=is_wanted)
    text = _("You get the mail.") if is_wanted else _("You get no more of these mails.")
    return redirect(request, f"{HOME}#mail", flash=Flash(text))


@get(f"{HOME}/rules", guards=[requires(RULES)])
async def rules_page(request: AnyRequest, session: Session) -> Page:
    """By which rules the clean-up goes."""
    rules = await offered_rules(session)
    return _rules_page(request, rules, rules_form(rules))


@post(f"{HOME}/rules", guards=[requires(RULES)])
async def save_rules(request: AnyRequest, session: Session) -> Page | Redirect:
    """Save the rules, all or none; or only say what they would do now."""
    rules, values = await offered_rules(session), await form_values(request)
    form = rules_form(rules, values)
    if not form.validate():
        return _rules_page(request, rules, form, status_code=422)
    typed = as_typed(rules, form)
    if values.getlist("try"):
        return _rules_page(request, rules, form, tried=await _tried(session, typed))
    actor = (await _viewer(request)).actor
    for rule, wanted in zip(rules, typed, strict=True):
        await services.change_rule(
            session, rule, is_on=wanted.is_on, days=wanted.days, mode=wanted.mode, actor=actor
        )
    return redirect(request, f"{HOME}/rules", flash=Flash(_("Saved.")))


async def _tried(session: AsyncSession, rules: list[Rule]) -> Tried:
    report = await look(session, Judge([rule for rule in rules if rule.is_on]), most=MOST_TRIED)
    marked, doubtful = report.marked[:SHOWN_TRIED], report.doubtful[:SHOWN_TRIED]
    shown = [each.candidate.stay_id for each in [*marked, *doubtful]]
    vehicles = await repository.vehicles_of(session, shown)
    return Tried(report, marked, doubtful, vehicles)


def _rules_page(
    request: AnyRequest,
    rules: list[Rule],
    form: Form,
    *,
    tried: Tried | None = None,
    status_code: int = 200,
) -> Page:
    return page(
        request,
        "vehicle_presence/cleanup/rules.html",
        rules=[(rule, key_of(rule)) for rule in rules],
        form=form,
        tried=tried,
        reason_text=reason_text,
        evidence_text=evidence_text,
        hour=settings().sweep_hour,
        status_code=status_code,
    )


async def _overview(
    request: AnyRequest,
    session: AsyncSession,
    typed: Typed,
    *,
    flashes: Sequence[Flash] | None = None,
    status_code: int = 200,
) -> Page:
    """`flashes` are said on this page already, and not on the next."""
    said = {} if flashes is None else {"flashes": flashes}
    viewer = await _viewer(request)
    found = await repository.proposals(session, _uuid(request.query_params.get("after") or ""))
    shown = found[: repository.PAGE]
    closed = None if viewer.may(CORRECT) or not shown else await closed_months(session)
    return page(
        request,
        "vehicle_presence/cleanup/overview.html",
        proposals=[
            (row, reason_text(row.reason, row.evidence), evidence_text(row.evidence))
            for row in shown
        ],
        total=await repository.count_proposals(session),
        closed={
            row.doubt_id: _(CLOSED)
            for row in shown
            if closed and row.left_at and closed.hold(row.location_id, row.left_at)
        },
        more=shown[-1].doubt_id if len(found) > repository.PAGE else None,
        nights=await _nights(session),
        last=await repository.last_run(session),
        acts=any(rule.is_on and rule.acts for rule in await offered_rules(session)),
        hour=settings().sweep_hour,
        typed=typed,
        local=lambda moment: moment.astimezone(current_tenant().zone).strftime(_LOCAL),
        latest=now().astimezone(current_tenant().zone).strftime(_LOCAL),
        wants_mail=await _wants_mail(session, viewer),
        status_code=status_code,
        **said,
    )


async def _nights(session: AsyncSession) -> list[tuple[CleanupRun, list[tuple[Any, str]]]]:
    """The newest nights with what still stands of them, all by one query."""
    runs = await repository.recent_runs(session)
    rows = await repository.exits_since(session, runs[-1].began_at) if runs else []
    nights = []
    for run in runs:
        noted = [row for row in rows if run.began_at <= row.left_noted_at <= run.until]
        nights.append((run, [(row, evidence_text(row.evidence)) for row in noted]))
    return [(run, exits) for run, exits in nights if exits]


async def _wants_mail(session: AsyncSession, viewer: Viewer) -> bool | None:
    """None for those whom no such mail is for."""
    if viewer.staff_id is None or viewer.role not in repository.READERS:
        return None
    choice = await repository.choice_of(session, viewer.staff_id)
    return choice.is_wanted if choice is not None else viewer.role == "owner"


async def _viewer(request: AnyRequest) -> Viewer:
    viewer = await load_viewer(request)
    if viewer is None:
        raise NotFound("viewer")
    return viewer


def _named(values: FormValues) -> list[UUID]:
    """The doubts for which the form has a moment, typed or not."""
    names = [str(name).removeprefix("left-") for name in values if str(name).startswith("left-")]
    return [found for name in names if (found := _uuid(name))]


def _text(values: FormValues, name: str) -> str:
    return str((values.getlist(name) or [""])[0]).strip()[:32]


def _moment(text: str) -> datetime | None:
    """A moment on the garage's own clock."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=current_tenant().zone) if moment.year in YEARS else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


HANDLERS = [overview, confirm, undo_night, choose_mail, rules_page, save_rules]
