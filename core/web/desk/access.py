"""Letting staff in and out."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.reading import Reading
from core.errors import NotFound, Refused
from core.i18n import gettext as _
from core.web import cookies
from core.web.client_address import client_address
from core.web.desk.forms import ForgottenForm, LoginForm, PasswordForm
from core.web.forms import attempt, form_values
from core.web.rendering import Flash, Page, page, redirect
from core.web.resources import resources_of, tenant_of
from core.web.viewer import load_viewer
from core.workshop.staff import services
from core.workshop.staff.models import StaffMember
from core.workshop.staff.passwords import MINIMUM_LENGTH

AnyRequest = Request[Any, Any, Any]
PER_ADDRESS = "30/15minutes"
PER_ACCOUNT = "10/15minutes"
RESETS = "5/hour"
PURPOSES = {"invitation": "invitation", "reset": "password_reset"}
_PUBLIC = {"public": True}


class TooManyAttempts(HTTPException):
    """A limit is used up."""

    status_code = 429


@get("/desk/login", opt=_PUBLIC)
async def login_page(request: AnyRequest, next_: FromQuery[str | None] = None) -> Page | Redirect:
    """The login; whoever is in already goes on."""
    target = _safe(request.query_params.get("next") or next_)
    if await load_viewer(request) is not None:
        return redirect(request, target)
    return page(request, "core/login/login.html", form=LoginForm(), next=target)


@post("/desk/login", opt=_PUBLIC)
async def login(
    request: AnyRequest,
    session: NamedDependency[AsyncSession],
    reading: NamedDependency[Reading],
) -> Page | Redirect:
    """Check the pair; a fresh session replaces whatever cookie the browser had."""
    values = await form_values(request)
    form = LoginForm(values)
    target = _safe((values.getlist("next") or [None])[0])
    if not form.validate():
        return page(request, "core/login/login.html", form=form, next=target, status_code=422)
    tenant = str(tenant_of(request).id)
    limiter = resources_of(request).limiter
    account = form.text("email").lower()
    by_address = ("login", tenant, client_address(request))
    by_account = ("login-account", tenant, account)
    # Counted before the look, not after a failure: guesses sent all at once count too.
    if not await limiter.allows(PER_ADDRESS, *by_address) or not await limiter.allows(
        PER_ACCOUNT, *by_account
    ):
        form.form_errors.append(_("Too many attempts. Please wait a quarter of an hour."))
        return page(request, "core/login/login.html", form=form, next=target, status_code=429)
    try:
        _member, token = await services.log_in(session, reading, account, str(form.password.data))
    except Refused as refusal:
        form.add_refusal(refusal)
        return page(request, "core/login/login.html", form=form, next=target, status_code=401)
    await limiter.forget(PER_ACCOUNT, *by_account)
    old = request.cookies.get(cookies.cookie_name(resources_of(request).settings, cookies.SESSION))
    if old:
        await services.log_out(session, old)
    return _logged_in(request, token, target)


@post("/desk/logout", opt=_PUBLIC)
async def logout(request: AnyRequest, session: NamedDependency[AsyncSession]) -> Redirect:
    """End this browser's session."""
    settings = resources_of(request).settings
    token = request.cookies.get(cookies.cookie_name(settings, cookies.SESSION))
    if token:
        await services.log_out(session, token)
    gone = cookies.our_cookie(settings, cookies.SESSION, "", seconds=0)
    return redirect(request, "/desk/login", flash=Flash(_("You are logged out.")), cookies_=[gone])


@get("/desk/password", opt=_PUBLIC)
async def forgotten_page(request: AnyRequest) -> Page:
    """Ask where to send the link."""
    return page(request, "core/login/forgotten.html", form=ForgottenForm(), sent=False)


@post("/desk/password", opt=_PUBLIC)
async def forgotten(request: AnyRequest, session: NamedDependency[AsyncSession]) -> Page:
    """Mail a link. The answer is the same whether the address is known or not."""
    form = ForgottenForm(await form_values(request))
    if not form.validate():
        return page(request, "core/login/forgotten.html", form=form, sent=False, status_code=422)
    tenant = str(tenant_of(request).id)
    limiter = resources_of(request).limiter
    email = form.text("email").lower()
    if not await limiter.allows(PER_ADDRESS, "reset", tenant, client_address(request)):
        raise TooManyAttempts
    if await limiter.allows(RESETS, "reset-account", tenant, email):
        await services.ask_for_password_reset(session, email)
    return page(request, "core/login/forgotten.html", form=form, sent=True)


@get("/desk/{purpose:str}/{token:str}", opt=_PUBLIC)
async def link_page(
    request: AnyRequest,
    session: NamedDependency[AsyncSession],
    purpose: FromPath[str],
    token: FromPath[str],
) -> Page:
    """The page behind the link in a mail."""
    member = await _owner(session, purpose, token)
    return page(
        request,
        "core/login/choose_password.html",
        form=PasswordForm(),
        member=member,
        minimum=MINIMUM_LENGTH,
        status_code=200 if member else 410,
    )


@post("/desk/{purpose:str}/{token:str}", opt=_PUBLIC)
async def use_link(
    request: AnyRequest,
    session: NamedDependency[AsyncSession],
    purpose: FromPath[str],
    token: FromPath[str],
) -> Page | Redirect:
    """Set the password and log in."""
    member = await _owner(session, purpose, token)
    form = PasswordForm(await form_values(request))
    if member is not None and form.validate():
        async with attempt(session, form):
            _member, cookie = await services.choose_password(
                session, token, PURPOSES[purpose], str(form.password.data)
            )
        if not form.has_errors:
            return _logged_in(request, cookie, "/desk")
    return page(
        request,
        "core/login/choose_password.html",
        form=form,
        member=member,
        minimum=MINIMUM_LENGTH,
        status_code=422 if member else 410,
    )


@get("/desk/enter/{token:str}", opt=_PUBLIC)
async def enter_as_support(
    request: AnyRequest, session: NamedDependency[AsyncSession], token: FromPath[str]
) -> Response[Any]:
    """Support arrives from its console with a session that was opened there, with a reason."""
    session_token = await services.enter_as_support(session, token)
    settings = resources_of(request).settings
    cookie = cookies.our_cookie(settings, cookies.SESSION, session_token)
    return redirect(request, "/desk", cookies_=[cookie])


async def _owner(session: AsyncSession, purpose: str, token: str) -> StaffMember | None:
    if purpose not in PURPOSES:
        raise NotFound("page")
    try:
        return await services.owner_of_link(session, token, PURPOSES[purpose])
    except NotFound:
        return None


def _logged_in(request: AnyRequest, token: str, target: str) -> Redirect:
    settings = resources_of(request).settings
    seconds = int(services.SESSION_LIFE.total_seconds())
    cookie = cookies.our_cookie(settings, cookies.SESSION, token, seconds=seconds)
    return redirect(request, target, cookies_=[cookie])


def _safe(target: str | None) -> str:
    """A path of this site, never another host's address."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        return target
    return "/desk"


HANDLERS = [
    login_page,
    login,
    logout,
    forgotten_page,
    forgotten,
    enter_as_support,
    link_page,
    use_link,
]
