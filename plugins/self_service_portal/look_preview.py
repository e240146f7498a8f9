"""The portal as it would look: drawn from what a form holds, stored nowhere."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from core.i18n import current_language
from core.i18n import gettext as _
from core.web.forms import FormValues, form_values
from core.web.headers import POLICY, policy_with
from core.web.language import speak_for_once
from core.web.rendering import Page
from core.web.resources import tenant_of
from core.web.viewer import requires
from plugins.self_service_portal import estimate_steps
from plugins.self_service_portal.entries import entries
from plugins.self_service_portal.look import Look
from plugins.self_service_portal.look_forms import LookForm, contrast_problem, form_of, look_from
from plugins.self_service_portal.look_pages import DESK, LOOK
from plugins.self_service_portal.look_samples import SAMPLES, template_of, values_of
from plugins.self_service_portal.look_services import look_of
from plugins.self_service_portal.opening import opening_of
from plugins.self_service_portal.pages import page, put_on

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
PREVIEW = f"{DESK}/preview"
QUESTIONS = ("vehicle", "photos", "contact")


@get(PREVIEW, guards=[requires(LOOK)])
async def preview_saved(request: AnyRequest, session: Session) -> Page:
    """The portal as it is now."""
    return await _preview(request, session, FormValues(request.query_params.multi_items()))


@post(PREVIEW, guards=[requires(LOOK)])
async def preview_typed(request: AnyRequest, session: Session) -> Page:
    """The portal as it would be."""
    return await _preview(request, session, await form_values(request))


async def _preview(request: AnyRequest, session: AsyncSession, values: FormValues) -> Page:
    saved = await look_of(session)
    form = form_of(values if len(values) else None, saved, 0)
    form.validate()
    words, reader = contrast_problem(form.text("accent")), current_language()
    if words:
        words = " ".join((words, _("This preview shows that one.")))
    look = _as_far_as_possible(form, saved)
    put_on(request, look)
    language = form.text("shown_language")
    offered = tenant_of(request).languages
    speak_for_once(request, language if language in offered else offered[0])
    # With no token, the buttons in the preview do nothing.
    shown = {"contrast": words, "reader": reader, "csrf_token": ""}
    chosen = form.text("shown_page")
    if chosen in QUESTIONS:
        answer = await _question(request, session, chosen, shown)
    elif chosen in SAMPLES:
        template = f"self_service_portal/{template_of(chosen)}"
        answer = page(
            request, "look/preview.html", shown=template, **{**values_of(chosen), **shown}
        )
    else:
        answer = await _home(request, session, shown)
    answer.headers[POLICY] = policy_with(frame_ancestors="'self'")
    return answer


def _as_far_as_possible(form: LookForm, saved: Look) -> Look:
    """What the form asks for; a field with a mistake shows what is kept."""
    wrong = list(form.errors)
    fallback = form_of(None, saved, 0)
    for name in wrong:
        if name is not None and (name != "accent" or not contrast_problem(form.text(name))):
            form[name].data = fallback[name].data
    return look_from(form, saved)


async def _home(request: AnyRequest, session: AsyncSession, shown: dict[str, Any]) -> Page:
    return page(
        request,
        "look/preview.html",
        shown="self_service_portal/home.html",
        entries=entries(),
        base=f"/{request.scope['state']['language']}",
        has_draft=False,
        is_open_here=False,
        opening=await opening_of(session),
        **shown,
    )


async def _question(
    request: AnyRequest, session: AsyncSession, step: str, shown: dict[str, Any]
) -> Page:
    values = await estimate_steps.step_values(session, None, step)
    template = f"self_service_portal/estimate/{step}.html"
    return page(request, "look/preview.html", shown=template, **{**values, **shown})


HANDLERS = [preview_saved, preview_typed]
