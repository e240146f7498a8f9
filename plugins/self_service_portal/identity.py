"""Letting a customer in with registration plate and job number, and nobody else.

Every kind of miss gets the same answer. What protects a job is the number's 45 random bits; the
limits only make noise expensive. They stop misses and never the right pair, except per address:
so somebody who hammers on a plate cannot lock its owner out. From the half of a limit on, a small
piece of work is asked for before anything is looked up.
"""

import hashlib
import secrets
from collections.abc import Callable
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, URLSafeTimedSerializer
from litestar import Request
from litestar.datastructures import Cookie
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound, Refused
from core.web import cookies
from core.web.client_address import client_address
from core.web.forms import FormValues
from core.web.puzzles import Watched, offer_puzzle, require_answer
from core.web.resources import resources_of, tenant_of
from core.web.traps import require_no_trap
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import find_for_customer
from core.workshop.vehicles.plates import normalise_plate
from plugins.self_service_portal import link_tokens
from plugins.self_service_portal.forms import IdentifyForm

AnyRequest = Request[Any, Any, Any]
COOKIE = "portal-job"
SECONDS = 2 * 3600
MISSES_PER_ADDRESS = "20/15minutes"
MISSES_PER_PLATE = "30/hour"
MISSES_PER_GARAGE = "3000/hour"


class NoSuchJob(Refused):
    """Plate and number do not belong together: the one answer for every kind of miss."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__(
            "We find no job with this plate and number. Please check both, or contact us."
        )


class TooManyGuesses(Refused):
    """Too many misses."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__("Too many attempts. Please wait a quarter of an hour, or call us.")


def watched(request: AnyRequest, plate: str = "") -> list[Watched]:
    """The limits of misses, as this visitor uses them; that of a plate once one is typed."""
    garage = str(tenant_of(request).id)
    found = [
        Watched(MISSES_PER_ADDRESS, ("portal-miss", garage, client_address(request))),
        Watched(MISSES_PER_GARAGE, ("portal-miss-garage", garage)),
    ]
    if plate:
        key = ("portal-miss-plate", garage, normalise_plate(plate)[:20])
        found.append(Watched(MISSES_PER_PLATE, key))
    return found


async def identify(
    request: AnyRequest, session: AsyncSession, values: FormValues, plate: str, number: str
) -> Job:
    """The job that has this plate and this number. `values` are all that the form carried.

    Raises:
        NoSuchJob: whatever is wrong.
        TooManyGuesses: and it was wrong too often.
        PuzzleUnsolved, TooEarly: it was wrong often, and the form's work is not done.
    """
    limits = watched(request, plate)
    await _require_calm(request, values, limits)
    job = await find_for_customer(session, plate, number)
    if job is not None:
        return job
    raise NoSuchJob if await _count_miss(request, limits) else TooManyGuesses


async def let_in(
    request: AnyRequest, session: AsyncSession, form: IdentifyForm, values: FormValues
) -> tuple[Job | None, int]:
    """The job whose plate and number were typed, or None with the status of the page that shows
    `form` again: what is wrong stands in it, and the page has a piece of work on it where too many
    were wrong. `values` are all that the form carried."""
    if not form.validate():
        await offer_puzzle(request, *watched(request))
        return None, 422
    plate = form.text("plate")
    try:
        return await identify(request, session, values, plate, form.text("number")), 200
    except Refused as refusal:
        form.add_refusal(refusal)
        await offer_puzzle(request, *watched(request, plate))
        return None, refusal.status_code


async def check_plate(
    request: AnyRequest, values: FormValues, expected: str, wrong: Callable[[], Refused]
) -> None:
    """Whether the plate that was typed behind a personal link is the one of what it leads to;
    `expected` is normalised. `values` are all that the form carried. Misses are counted like those
    of :func:`identify`, and against the link's own plate whatever was typed.

    Raises:
        LooksLikeAMachine: a field that nobody sees was filled.
        TooManyGuesses: this address has missed too often, or it was wrong and others did.
        PuzzleUnsolved, TooEarly: it was wrong often, and the form's work is not done.
        Refused: it is another plate: what `wrong` makes.
    """
    require_no_trap(values)
    limits = watched(request, expected)
    await _require_calm(request, values, limits)
    typed = (values.getlist("plate") or [""])[0]
    if normalise_plate(str(typed)) != expected:
        raise wrong() if await _count_miss(request, limits) else TooManyGuesses


async def ask_for_plate(request: AnyRequest, *, sent_to: str = "") -> None:
    """Before the form behind a personal link is shown: a piece of work on it where too many were
    wrong. `sent_to` is the form's address where that is not the page's."""
    await offer_puzzle(request, *watched(request), sent_to=sent_to)


async def _require_calm(request: AnyRequest, values: FormValues, limits: list[Watched]) -> None:
    """Only the address's own limit stops whoever is right; near any of them there is work first."""
    address = limits[0]
    if await resources_of(request).limiter.exhausted(address.limit, *address.key):
        raise TooManyGuesses
    await require_answer(request, values, *limits)


async def _count_miss(request: AnyRequest, limits: list[Watched]) -> bool:
    """Whether it was within all of the limits."""
    limiter = resources_of(request).limiter
    return all([await limiter.allows(each.limit, *each.key) for each in limits])


def key_to(request: AnyRequest, job: Job) -> Cookie:
    """A cookie that opens this one job for two hours, while it has the number that it has."""
    seal = link_tokens.seal_of(job.public_number)
    value = _serializer(request).dumps(f"{job.id} {secrets.token_urlsafe(9)} {seal}")
    settings = resources_of(request).settings
    return cookies.our_cookie(settings, COOKIE, str(value), seconds=SECONDS)


async def opened_job(request: AnyRequest, session: AsyncSession) -> Job | None:
    """The job that this browser's cookie opens, or None."""
    raw = _key_in(request)
    if not raw:
        return None
    try:
        job_id, _visit, seal = _serializer(request).loads(raw, max_age=SECONDS).split(" ")
        job = await jobs.by_id(session, UUID(job_id))
    except (BadSignature, ValueError, NotFound):
        return None
    return job if link_tokens.fits(seal, job.public_number) else None


def has_key(request: AnyRequest) -> bool:
    """Whether this browser has a job open, by its own word: it forgets the key after two hours."""
    return bool(_key_in(request))


def visit_of(request: AnyRequest) -> str:
    """A name for the two hours in which this browser has its job open, which no other browser's
    visit has."""
    return hashlib.sha256(_key_in(request).encode()).hexdigest()


def _key_in(request: AnyRequest) -> str:
    settings = resources_of(request).settings
    return request.cookies.get(cookies.cookie_name(settings, COOKIE), "")


def _serializer(request: AnyRequest) -> URLSafeTimedSerializer:
    garage = tenant_of(request).id
    return URLSafeTimedSerializer(resources_of(request).settings.secret_keys, salt=f"job:{garage}")
