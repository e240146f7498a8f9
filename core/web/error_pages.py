"""Errors as people should see them: what happened, what to do, in their language."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import structlog
from litestar import Request
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.response import Redirect, Response

from core.errors import ChangedAtOnce, GaragistError, GaveWay, NotAllowed, NotFound, Refused
from core.i18n import gettext as _
from core.web.access_log import route_of
from core.web.csrf import SAFE_METHODS, ForgedRequest
from core.web.embedding import ANY_SITE, let_frame, was_sent_in_frame
from core.web.gate import refuse_method
from core.web.language import speak
from core.web.rendering import page
from core.web.viewer import LoginNeeded

log = structlog.get_logger(__name__)

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """What an error page or an error in JSON says."""

    status: int
    title: str
    text: str


def describe(error: Exception, *, in_frame: bool = False) -> Problem:
    """The problem in plain words, in the current language."""
    if isinstance(error, GaveWay):
        error = ChangedAtOnce()
    if isinstance(error, Refused):
        return Problem(error.status_code, _("That did not work"), _(error.message, **error.values))
    if isinstance(error, LoginNeeded):
        return Problem(401, _("Please log in"), _("Your session has ended. Please log in again."))
    if isinstance(error, ForgedRequest) and in_frame:
        return Problem(
            403,
            _("This form is no longer valid"),
            _(
                "Your browser did not keep what the form needs inside this web site. Nothing was"
                " stored. Please open it in a window of its own."
            ),
        )
    if isinstance(error, ForgedRequest):
        return Problem(
            403,
            _("This form is no longer valid"),
            _("Please go back, reload the page and send it again. Nothing was stored."),
        )
    if isinstance(error, NotAllowed):
        return Problem(
            403,
            _("Your role does not include this"),
            _("Ask the owner of the garage if you need it."),
        )
    status = error.status_code if isinstance(error, HTTPException) else 500
    if isinstance(error, NotFound):
        status = 404
    return Problem(status, *_texts_of(status))


def _texts_of(status: int) -> tuple[str, str]:
    if status == 404:
        return (
            _("There is nothing at this address"),
            _("Please check the address for typing errors, or start again from the first page."),
        )
    if status == 405:
        return _("This address is for a form"), _("Please go back and use the button there.")
    if status == 413:
        return (
            _("That is too much at once"),
            _("Please send fewer or smaller files. Nothing was stored."),
        )
    if status == 429:
        return (
            _("Too many attempts"),
            _("Please wait a few minutes and try again, or call the garage."),
        )
    if status < 500:
        return _("We did not understand that"), _("Please go back and try it once more.")
    return (
        _("Something went wrong on our side"),
        _("Nothing you entered was half stored. Please try again in a moment."),
    )


def wants_json(request: AnyRequest) -> bool:
    """Whether the browser's script asked, and not the browser itself."""
    return "application/json" in request.headers.get("accept", "")


def respond_to_error(request: AnyRequest, error: Exception) -> Response[Any]:
    """The answer to any error that a handler did not answer itself."""
    speak(request)
    if isinstance(error, MethodNotAllowedException):
        error = refuse_method(request, error)
    if not isinstance(error, GaragistError | HTTPException):
        log.error("request.failed", route=route_of(request.scope), exc_info=error)
    in_frame = was_sent_in_frame(request)
    if in_frame and isinstance(error, ForgedRequest):
        # Without this the browser would show nothing. There is nobody's data on the page.
        let_frame(request, ANY_SITE)
    problem = describe(error, in_frame=in_frame)
    answer: Response[Any]
    if wants_json(request):
        answer = Response(
            {"error": problem.text, "title": problem.title},
            status_code=problem.status,
            headers={"Cache-Control": "no-store"},
        )
    elif isinstance(error, LoginNeeded):
        answer = _to_login(request)
    else:
        answer = page(request, "core/error.html", status_code=problem.status, problem=problem)
    if isinstance(error, MethodNotAllowedException):
        answer.headers.update(error.headers or {})
    return answer


def _to_login(request: AnyRequest) -> Redirect:
    """Log in first, then come back to the page (never to a form's target)."""
    target = request.scope["path"] if request.method in SAFE_METHODS else "/desk"
    query = request.scope.get("query_string", b"").decode("latin-1")
    if query and request.method in SAFE_METHODS:
        target += "?" + query
    return Redirect(
        f"/desk/login?next={quote(target, safe='')}",
        status_code=303,
        headers={"Cache-Control": "no-store"},
    )
