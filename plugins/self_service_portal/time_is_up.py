"""A job is open on a device for two hours; what is sent after that is not lost.

The person says once more who they are and finds the form as they had filled it. Until then the
page itself carries what they typed: somebody who may be anybody has nothing stored here.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Request
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.web.csrf import FIELD
from core.web.forms import FormValues
from core.web.puzzles import offer_puzzle
from core.web.rendering import Page, redirect
from core.web.traps import TRAP
from core.workshop.jobs.models import Job
from plugins.self_service_portal.forms import IdentifyForm
from plugins.self_service_portal.identity import key_to, let_in, opened_job, watched
from plugins.self_service_portal.pages import page, welcome_back

AnyRequest = Request[Any, Any, Any]
AGAIN = "again"
_OF_THIS_PAGE = {FIELD, TRAP, AGAIN, "plate", "number", "puzzle", "puzzle_answer"}
_LONG = ("body", "reason")
"""Fields that are shown meanwhile, because nobody would like to write them twice."""
_PLACE = re.compile(r"(status|repair|pictures)(/[a-z0-9-]{1,40}){1,3}")


@dataclass(frozen=True, slots=True)
class Opened:
    """The job that this browser has open. Where `is_again`, the person comes from the page that
    asked who they are: the form is shown once more, and nothing is done yet."""

    job: Job
    is_again: bool = False


async def opened_or_asked(
    request: AnyRequest,
    session: AsyncSession,
    values: FormValues,
    *,
    place: str = "",
    files: int = 0,
) -> Opened | Page:
    """For handlers of forms about a job: the job, or the page that asks for plate and number and
    comes back to this address with `values`. `place` is where its page has the form, such as
    `#messages`; `files` were sent too, and cannot be carried."""
    job = await opened_job(request, session)
    if job is not None:
        if AGAIN in values:
            welcome_back(request, None, place)
        return Opened(job, AGAIN in values)
    form, status_code = IdentifyForm(), 401
    if AGAIN in values:
        form = IdentifyForm(values)
        job, status_code = await let_in(request, session, form, values)
        if job is not None:
            welcome_back(request, key_to(request, job), place)
            return Opened(job, is_again=True)
    else:
        await offer_puzzle(request, *watched(request))
    carried = [
        (name, str(value))
        for name in values
        if name not in _OF_THIS_PAGE
        for value in values.getlist(name)
    ]
    return page(
        request,
        "time_is_up.html",
        form=form,
        carried=[each for each in carried if each[0] not in _LONG],
        written=[each for each in carried if each[0] in _LONG],
        files=files,
        status_code=status_code,
    )


def say_who_first(request: AnyRequest, entry: str) -> Redirect:
    """For pages about a job: ask for plate and number where that entry does, then come back."""
    _empty, lang, place = str(request.scope["path"]).split("/", 2)
    return redirect(request, f"/{lang}/{entry}?to={quote(place)}")


def place_in(text: str) -> str:
    """A page of the portal to come back to, below the language; empty where it is none."""
    return text if _PLACE.fullmatch(text) else ""
