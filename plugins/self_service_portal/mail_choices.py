"""*No more e-mails about this repair*: the link in a mail, its page, its button.

Opening the link changes nothing, because mail scanners open links; it says nothing about whose
repair it is. What a customer does themselves is confirmed by mail all the same.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound, Refused
from core.i18n import current_language
from core.tenancy.addresses import public_address
from core.web.forms import form_values
from core.web.rendering import Page, redirect
from core.workshop.jobs import repository as jobs
from plugins.self_service_portal import link_tokens
from plugins.self_service_portal.pages import page
from plugins.self_service_portal.stage_wishes import UNTIL_CHOSEN, choice_of, choose

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
_OPT = {"public": True}
PURPOSE = "mails"
ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The one field, and its value, with which a mail program does it for its reader."""


class NotOneClick(Refused):
    """Something else was sent to where only mail programs send anything."""

    status_code = 400

    def __init__(self) -> None:
        super().__init__("Please open the link in the e-mail, and press the button there.")


def no_more_mails(job_id: UUID) -> str:
    """The address that stands in mails about a job, in the current language."""
    path = f"/{current_language()}/mails/{link_tokens.sign(PURPOSE, job_id)}"
    return public_address(path)


def unsubscribe(values: Mapping[str, Any]) -> Mapping[str, str]:
    """What lets a mail program offer it beside the mail (RFC 2369), and do it (RFC 8058)."""
    return {
        "List-Unsubscribe": f"<{values['no_more_mails']}/stop>",
        "List-Unsubscribe-Post": "=".join(ONE_CLICK),
    }


@get("/{lang:str}/mails/{token:str}", opt=_OPT)
async def choice(request: AnyRequest, session: Session, token: FromPath[str]) -> Page:
    """Whether there are mails, and the button for the other."""
    job_id = await _find(session, token)
    silent = await choice_of(session, job_id) == "never"
    return page(request, "mail_choice.html", is_silent=silent)


@post("/{lang:str}/mails/{token:str}", opt=_OPT)
async def change_choice(
    request: AnyRequest, session: Session, lang: FromPath[str], token: FromPath[str]
) -> Redirect:
    """No more mails, or mails again; pressed twice, it is the same."""
    job_id = await _find(session, token)
    values = await form_values(request)
    await choose(session, job_id, UNTIL_CHOSEN if "again" in values else "never")
    return redirect(request, f"/{lang}/mails/{token}")


@get("/{lang:str}/mails/{token:str}/stop", opt=_OPT)
async def explain(
    request: AnyRequest, session: Session, lang: FromPath[str], token: FromPath[str]
) -> Redirect:
    """A person opened what is meant for programs."""
    await _find(session, token)
    return redirect(request, f"/{lang}/mails/{token}")


@post("/{lang:str}/mails/{token:str}/stop", opt={**_OPT, "signed_address": True}, status_code=200)
async def one_click(request: AnyRequest, session: Session, token: FromPath[str]) -> Page:
    """A mail program says for its reader: no more."""
    job_id = await _find(session, token)
    name, value = ONE_CLICK
    if (await form_values(request)).getlist(name) != [value]:
        raise NotOneClick
    await choose(session, job_id, "never")
    return page(request, "mail_choice.html", is_silent=True)


async def _find(session: AsyncSession, token: str) -> UUID:
    job_id = link_tokens.read(PURPOSE, token)
    if job_id is None:
        raise NotFoundException
    try:
        return (await jobs.by_id(session, job_id)).id
    except NotFound:
        raise NotFoundException from None


HANDLERS = [choice, change_choice, explain, one_click]
