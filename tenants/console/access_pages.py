"""Letting support in and out of the console."""

from typing import Any

from litestar import Request, get, post
from litestar.response import Redirect

from core.errors import Refused
from core.i18n import gettext as _
from core.web import cookies
from core.web.client_address import client_address
from core.web.forms import form_values
from core.web.rendering import Flash, Page, redirect
from core.web.resources import resources_of
from tenants.console.forms import LoginForm
from tenants.console.guard import PUBLIC
from tenants.console.members import member_of, session_cookie
from tenants.console.rendering import page
from tenants.support_staff import SESSION_LIFE, log_in, log_out

AnyRequest = Request[Any, Any, Any]
HOME = "/garages"
PER_ADDRESS = "20/15minutes"
PER_ACCOUNT = "8/15minutes"


@get("/")
async def front_door(request: AnyRequest) -> Redirect:
    """To the garages."""
    return redirect(request, HOME)


@get("/login", opt=PUBLIC)
async def login_page(request: AnyRequest) -> Page | Redirect:
    """The login; whoever is in already goes on."""
    target = _safe(request.query_params.get("next"))
    if member_of(request) is not None:
        return redirect(request, target)
    return page(request, "support/login.html", form=LoginForm(), next=target)


@post("/login", opt=PUBLIC)
async def login(request: AnyRequest) -> Page | Redirect:
    """Check the three; a fresh session replaces whatever cookie the browser had."""
    values = await form_values(request)
    form = LoginForm(values)
    target = _safe((values.getlist("next") or [None])[0])

    def again(status: int) -> Page:
        return page(request, "support/login.html", form=form, next=target, status_code=status)

    if not form.validate():
        return again(422)
    limiter = resources_of(request).limiter
    by_account = ("support-login-account", form.text("email").lower())
    by_address = ("support-login", client_address(request))
    # Counted before the look, not after a failure: guesses sent all at once count too.
    if not await limiter.allows(PER_ADDRESS, *by_address) or not await limiter.allows(
        PER_ACCOUNT, *by_account
    ):
        form.form_errors.append(_("Too many attempts. Please wait a quarter of an hour."))
        return again(429)
    try:
        _member, token = await log_in(
            resources_of(request).database,
            email=form.text("email"),
            password=str(form.password.data),
            code=form.text("code"),
            replaces=session_cookie(request),
        )
    except Refused as refusal:
        form.add_refusal(refusal)
        return again(401)
    await limiter.forget(PER_ACCOUNT, *by_account)
    settings = resources_of(request).settings
    seconds = int(SESSION_LIFE.total_seconds())
    cookie = cookies.our_cookie(settings, cookies.SESSION, token, seconds=seconds)
    return redirect(request, target, cookies_=[cookie])


@post("/logout", opt=PUBLIC)
async def logout(request: AnyRequest) -> Redirect:
    """End this browser's session."""
    token = session_cookie(request)
    if token:
        await log_out(resources_of(request).database, token)
    gone = cookies.our_cookie(resources_of(request).settings, cookies.SESSION, "", seconds=0)
    return redirect(request, "/login", flash=Flash(_("You are logged out.")), cookies_=[gone])


def _safe(target: Any) -> str:
    """A path of this site, never another host's address."""
    if isinstance(target, str) and target.startswith("/") and target[1:2] not in {"/", "\\"}:
        return target
    return HOME


HANDLERS = [front_door, login_page, login, logout]
