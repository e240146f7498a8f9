"""Short addresses for paper: to each of the four entries, and to one job.

A job's holds its number, and asks the plate like everybody: whether there is such a job, it does
not say. The phone that opens one decides on the language.
"""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.i18n import choose_language, current_language
from core.web.rendering import redirect
from core.web.resources import tenant_of
from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import LENGTH, normalise_public_number
from plugins.self_service_portal.entries import entries
from plugins.self_service_portal.finish_pages import close_former_visit
from plugins.self_service_portal.look import look_scope
from plugins.self_service_portal.look_services import look_of
from plugins.self_service_portal.reach import spoken_address

AnyRequest = Request[Any, Any, Any]
CODES = {"estimate": "e", "repair": "r", "status": "s", "pictures": "p"}
_OF_A_JOB = ("status", "pictures")
"""Where a job's address leads: to the first of these that is on."""


def short_path(entry: str) -> str:
    """The path that leads to one of the four."""
    return f"/s/{CODES[entry]}"


def job_path(job: Job) -> str:
    """The path that leads to a job."""
    return f"/s/{job.public_number}"


def short_addresses() -> list[tuple[str, str, str]]:
    """(key, label, address as people type it) of each entry that is on."""
    return [(each.key, each.label, spoken_address(short_path(each.key))) for each in entries()]


@get("/s/{code:str}", opt={"public": True})
async def short_link(
    request: AnyRequest, session: NamedDependency[AsyncSession], code: FromPath[str]
) -> Redirect:
    """On to where it leads, in the language of whoever opens it."""
    with look_scope(await look_of(session)):
        offered = _offered()
    number = normalise_public_number(code)
    entry = next((name for name, each in CODES.items() if each == code.lower()), None)
    query = ""
    if entry is None and len(number) == LENGTH:
        entry = _entry_of_a_job(offered)
        query = f"?number={number}"
    if entry not in offered:
        raise NotFoundException
    closed = await close_former_visit(request, session)
    return redirect(request, f"/{_language(request)}/{entry}{query}", cookies_=closed)


def _offered() -> list[str]:
    return [entry.key for entry in entries()]


def _entry_of_a_job(offered: list[str]) -> str | None:
    return next((name for name in _OF_A_JOB if name in offered), None)


def _language(request: AnyRequest) -> str:
    languages = tenant_of(request).languages
    spoken = current_language()
    if spoken in languages:
        return spoken
    return choose_language(request.headers.get("accept-language"), languages)


HANDLERS = [short_link]
