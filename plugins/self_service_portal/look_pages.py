"""*Portal* at the desk: what the garage's owner decides about it, with a preview of it."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound, Refused
from core.hooks.contributions import NavigationEntry
from core.i18n import gettext as _
from core.web.forms import FormValues, attempt, form_values
from core.web.headers import POLICY, policy_with
from core.web.rendering import Flash, Page, redirect
from core.web.rendering import page as desk_page
from core.web.resources import tenant_of
from core.web.uploads import HANDLER_OPTIONS, receive_upload
from core.web.viewer import load_viewer, requires
from core.workshop.audit.services import Actor
from plugins.self_service_portal import look_services as services
from plugins.self_service_portal.logos import LogoMissing, change_logo, logo_file
from plugins.self_service_portal.look import MOST_DAYS, TEXT_LIMITS, Look, set_look
from plugins.self_service_portal.look_forms import LookForm, form_of, look_from, offered_entries
from plugins.self_service_portal.reach import snippets
from plugins.self_service_portal.settings import NAME
from plugins.self_service_portal.short_links import short_addresses

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
LOOK = f"{NAME}.look"
DESK = "/desk/portal"
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@get(DESK, guards=[requires(LOOK)])
async def look_page(request: AnyRequest, session: Session) -> Page:
    """What there is to decide, as it is now."""
    revision = await services.revision_of(session)
    form = form_of(None, await services.look_of(session), revision)
    return await _show(request, session, form)


@post(DESK, guards=[requires(LOOK)])
async def save(request: AnyRequest, session: Session) -> Page | Redirect:
    """Save all of it, or nothing."""
    values = await form_values(request)
    look = await services.look_of(session)
    form = form_of(values, look, 0)
    _take_proposal(form, values)
    if not form.validate():
        return await _show(request, session, form, status_code=422)
    before = revision = _number(form.text("revision"))
    async with attempt(session, form):
        revision = await services.change_look(
            session, look_from(form, look), before, await _actor(request)
        )
    if form.has_errors:
        return await _show(request, session, form, status_code=409)
    return _saved(request, before, revision)


@post(f"{DESK}/undo", guards=[requires(LOOK)])
async def undo(request: AnyRequest, session: Session) -> Redirect:
    """Bring back what was before."""
    asked = _number(request.query_params.get("revision", ""))
    revision = await services.undo(session, asked, await _actor(request))
    return redirect(
        request,
        DESK,
        flash=Flash(_("What was before is back."), undo_href=f"{DESK}/undo?revision={revision}"),
    )


@post(
    f"{DESK}/logo",
    guards=[requires(LOOK)],
    opt=HANDLER_OPTIONS,
    request_max_body_size=None,
)
async def send_logo(request: AnyRequest, session: Session) -> Page | Redirect:
    """Another logo."""
    try:
        async with receive_upload(request) as submission:
            before = await services.revision_of(session)
            chosen = next((file for file in submission.files if file.field == "logo"), None)
            if chosen is None:
                raise LogoMissing
            actor = await _actor(request)
            async with session.begin_nested():
                revision = await change_logo(session, chosen.path, before, actor)
    except Refused as refusal:
        look, before = await services.look_of(session), await services.revision_of(session)
        form = form_of(None, look, before)
        problem = _(refusal.message, **refusal.values)
        return await _show(
            request, session, form, logo_problem=problem, status_code=refusal.status_code
        )
    return _saved(request, before, revision)


@post(f"{DESK}/logo/remove", guards=[requires(LOOK)])
async def remove_logo(request: AnyRequest, session: Session) -> Redirect:
    """The garage's name in its place."""
    before = await services.revision_of(session)
    revision = await change_logo(session, None, before, await _actor(request))
    return _saved(request, before, revision)


@get("/portal/logo/{file_name:str}", opt={"public": True})
async def logo(session: Session, file_name: FromPath[str]) -> Response[bytes]:
    """The garage's logo, under a name that only this picture has."""
    body = await logo_file(session, file_name)
    if body is None:
        raise NotFoundException
    return Response(body, media_type="image/webp", headers=_FOR_EVER)


def desk_entry() -> NavigationEntry:
    """*Portal* in the staff's menu."""
    return NavigationEntry(_("Portal"), DESK, "globe", position=85, permission=LOOK)


def audit_labels() -> Mapping[str, str]:
    """What changes of the portal are called in the garage's log."""
    return {
        services.CHANGED: _("Portal changed"),
        services.UNDONE: _("Change of the portal undone"),
    }


async def _show(
    request: AnyRequest,
    session: AsyncSession,
    form: LookForm,
    *,
    logo_problem: str | None = None,
    status_code: int = 200,
) -> Page:
    look: Look = await services.look_of(session)
    language = request.query_params.get("snippets", "")
    if language not in tenant_of(request).languages:
        language = tenant_of(request).default_language
    set_look(look)
    answer = desk_page(
        request,
        "self_service_portal/look/edit.html",
        form=form,
        portal=look.dress(),
        offered_entries=offered_entries(),
        text_names=list(TEXT_LIMITS),
        limits=TEXT_LIMITS,
        most_days=MOST_DAYS,
        revision=await services.revision_of(session),
        logo_problem=logo_problem,
        look=look,
        snippets=snippets(language),
        snippet_language=language,
        short_addresses=short_addresses(),
        status_code=status_code,
    )
    answer.headers[POLICY] = policy_with(frame_src="'self'")
    return answer


def _take_proposal(form: LookForm, values: FormValues) -> None:
    """The button beside a colour that cannot be read sends the one that can."""
    for proposed in values.getlist("better_accent"):
        form.accent.data = proposed


def _saved(request: AnyRequest, before: int, revision: int) -> Redirect:
    if revision == before:
        return redirect(request, DESK, flash=Flash(_("Nothing was different."), "info"))
    back = f"{DESK}/undo?revision={revision}"
    return redirect(request, DESK, flash=Flash(_("Saved. Customers see it now."), undo_href=back))


async def _actor(request: AnyRequest) -> Actor:
    viewer = await load_viewer(request)
    if viewer is None:
        raise NotFound("viewer")
    return viewer.actor


def _number(text: str) -> int:
    """The revision that a form names; one that it never had where it names none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


HANDLERS = [look_page, save, undo, send_logo, remove_logo, logo]
