"""A vehicle leaves for a while and comes back; the garage's list of reasons."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession
from wtforms import DateTimeLocalField, RadioField, StringField
from wtforms.validators import InputRequired, Length, Optional

from core.errors import NotFound, Refused
from core.i18n import gettext as _
from core.i18n import lazy_gettext
from core.tenancy.context import current_tenant
from core.web.forms import Form, attempt, form_values, options
from core.web.rendering import Flash, Page, page, redirect
from core.web.viewer import requires
from core.web.words import localised
from core.workshop.jobs import repository as jobs
from plugins.vehicle_presence import absences, repository
from plugins.vehicle_presence.controllers import MARK
from plugins.vehicle_presence.returning import BOARD, actor_of, address_after, again

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
EMPTY_ROWS = 2
"""Rows for further reasons below those that there are."""


class AbsenceForm(Form):
    """Why, and until when."""

    reason = RadioField(lazy_gettext("Why does it leave?"), [InputRequired()])
    expected_back = DateTimeLocalField(
        lazy_gettext("Expected back"), [Optional()], format=["%Y-%m-%dT%H:%M"]
    )
    note = StringField(lazy_gettext("Note"), [Optional(), Length(max=200)])

    def back_at(self) -> datetime | None:
        """When it is expected, on the garage's clock."""
        typed: datetime | None = self.expected_back.data
        return typed.replace(tzinfo=current_tenant().zone) if typed else None


@get("/desk/jobs/{job_id:uuid}/presence/away", guards=[requires(MARK)])
async def absence_page(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Page:
    """Ask why it leaves; the first reason is one press away."""
    form = AbsenceForm()
    await _offer(session, form)
    return await _page(request, session, job_id, form)


@post("/desk/jobs/{job_id:uuid}/presence/away", guards=[requires(MARK)])
async def leave(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Page | Redirect:
    """It leaves for a while."""
    form = AbsenceForm(await form_values(request))
    await _offer(session, form)
    if not form.validate():
        return await _page(request, session, job_id, form, status_code=422)
    absence = None
    async with attempt(session, form):
        absence = await absences.leave_for_a_while(
            session,
            job_id,
            int(form.text("reason")),
            await actor_of(request),
            expected_back=form.back_at(),
            note=form.text("note"),
        )
    if absence is None:
        return await _page(request, session, job_id, form, status_code=409)
    text = _("%(reason)s: noted. The stay goes on.", reason=localised(absence.reason_texts))
    return redirect(
        request,
        address_after(request, job_id),
        flash=Flash(text, undo_href=_undo_address(request, job_id, absence.id)),
    )


@post("/desk/jobs/{job_id:uuid}/presence/back", guards=[requires(MARK)])
async def come_back(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Redirect:
    """It is back."""
    absence = await absences.come_back(session, job_id, await actor_of(request))
    undo = _undo_address(request, job_id, absence.id) if absence else None
    return redirect(
        request,
        address_after(request, job_id),
        flash=Flash(_("The vehicle is back."), undo_href=undo),
    )


@post("/desk/jobs/{job_id:uuid}/presence/away/{absence_id:uuid}/undo", guards=[requires(MARK)])
async def undo_absence(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], absence_id: FromPath[UUID]
) -> Redirect:
    """Take the last press back."""
    await absences.undo(session, job_id, absence_id, await actor_of(request))
    return redirect(request, address_after(request, job_id), flash=Flash(_("Undone.")))


@get("/desk/on-site/reasons", guards=[requires("garage.settings")])
async def reasons_page(request: AnyRequest, session: Session) -> Page:
    """The list of reasons, a row each, in the garage's languages."""
    return page(request, "vehicle_presence/reasons.html", **_table(await absences.reasons(session)))


@post("/desk/on-site/reasons", guards=[requires("garage.settings")])
async def write_reasons(request: AnyRequest, session: Session) -> Page | Redirect:
    """Save the list; an emptied row is gone."""
    values = await form_values(request)
    languages = current_tenant().languages
    columns = {language: values.getlist(f"text-{language}") for language in languages}
    length = min(max((len(column) for column in columns.values()), default=0), 100)
    texts = [
        {
            language: str(column[number]).strip()
            for language, column in columns.items()
            if number < len(column)
        }
        for number in range(length)
    ]
    try:
        async with session.begin_nested():
            await absences.write_reasons(session, texts, await actor_of(request))
    except Refused as refusal:
        problem = _(refusal.message, **refusal.values)
        shown = _table([each for each in texts if any(each.values())], problem)
        return page(request, "vehicle_presence/reasons.html", status_code=422, **shown)
    return redirect(request, "/desk/on-site/reasons", flash=Flash(_("Saved.")))


async def _offer(session: AsyncSession, form: AbsenceForm) -> None:
    offered = await absences.reasons(session)
    form.reason.choices = options(
        (str(number), localised(texts)) for number, texts in enumerate(offered)
    )


async def _page(
    request: AnyRequest,
    session: AsyncSession,
    job_id: UUID,
    form: AbsenceForm,
    *,
    status_code: int = 200,
) -> Page:
    job = await jobs.by_id(session, job_id)
    if await repository.open_stay(session, job_id) is None:
        raise NotFound("vehicle inside")
    return page(
        request,
        "vehicle_presence/absence.html",
        job=job,
        form=form,
        back=address_after(request, job_id),
        again=again(request),
        status_code=status_code,
    )


def _table(texts: Any, problem: str | None = None) -> dict[str, Any]:
    rows = [*texts, *({} for _row in range(EMPTY_ROWS))]
    return {"rows": rows, "problem": problem, "board": BOARD}


def _undo_address(request: AnyRequest, job_id: UUID, absence_id: UUID) -> str:
    return f"/desk/jobs/{job_id}/presence/away/{absence_id}/undo{again(request)}"


HANDLERS = [absence_page, leave, come_back, undo_absence, reasons_page, write_reasons]
