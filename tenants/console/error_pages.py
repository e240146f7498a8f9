"""Errors on the console, in its own words where a garage's would mislead."""

from typing import Any
from urllib.parse import quote

import structlog
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.response import Redirect, Response

from core.errors import GaragistError, NotAllowed, NotFound, UnknownTenant
from core.i18n import gettext as _
from core.web.access_log import route_of
from core.web.csrf import SAFE_METHODS, ForgedRequest
from core.web.error_pages import Problem, describe
from core.web.rendering import redirect
from core.web.viewer import LoginNeeded
from tenants.console.language import speak
from tenants.console.rendering import page

log = structlog.get_logger(__name__)


def respond_to_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer to any error that a handler did not answer itself."""
    speak(request)
    if not isinstance(error, GaragistError | HTTPException):
        log.error("request.failed", route=route_of(request.scope), exc_info=error)
    if isinstance(error, LoginNeeded):
        return _to_login(request)
    problem = _describe(error)
    return page(request, "core/error.html", status_code=problem.status, problem=problem)


def _describe(error: Exception) -> Problem:
    if isinstance(error, UnknownTenant):
        return describe(NotFound("garage"))
    if isinstance(error, NotAllowed) and not isinstance(error, ForgedRequest):
        return Problem(
            403,
            _("Your role does not include this"),
            _("Ask a support lead to do it."),
        )
    return describe(error)


def _to_login(request: Request[Any, Any, Any]) -> Redirect:
    """Log in first, then come back to the page (never to a form's target)."""
    if request.method not in SAFE_METHODS or request.scope["path"] == "/":
        return redirect(request, "/login")
    query = request.scope.get("query_string", b"").decode("latin-1")
    target = request.scope["path"] + (f"?{query}" if query else "")
    return redirect(request, f"/login?next={quote(target, safe='')}")
