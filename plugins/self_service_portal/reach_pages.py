"""What the desk prints: the card for the counter, and QR codes as files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from core.i18n import gettext as _
from core.i18n import language_scope
from core.tenancy.addresses import public_address
from core.web.qr import qr_code
from core.web.rendering import Page
from core.web.rendering import page as desk_page
from core.web.resources import tenant_of
from core.web.viewer import requires
from plugins.self_service_portal import qr_codes
from plugins.self_service_portal.entries import Entry, entries
from plugins.self_service_portal.look import look_scope
from plugins.self_service_portal.look_pages import DESK, LOOK
from plugins.self_service_portal.look_services import look_of
from plugins.self_service_portal.reach import spoken_address
from plugins.self_service_portal.short_links import short_path

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
SIZES = ("a5", "a6")
KINDS = {"png": "image/png", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class CardPart:
    """One thing that customers can do: `words` say it as (language, text)."""

    key: str
    code: Markup
    address: str
    words: Sequence[tuple[str, str]]


@get(f"{DESK}/card", guards=[requires(LOOK)])
async def counter_card(request: AnyRequest, session: Session) -> Page:
    """A card to stand on the counter. `?what=…&lang=…&size=…` say what is on it."""
    look = await look_of(session)
    query = request.query_params
    languages = tenant_of(request).languages
    chosen = [code for code in languages if code in query.getall("lang", [])] or languages
    size = query.get("size", "")
    with look_scope(look):
        offered = entries()
        wanted = [each for each in offered if each.key in query.getall("what", [])] or offered
        parts = _parts(wanted, chosen)
    return desk_page(
        request,
        "self_service_portal/reach/card.html",
        offered=offered,
        parts=parts,
        invitations=[(code, _invitation(code)) for code in chosen],
        chosen=chosen,
        wanted=[each.key for each in wanted],
        sizes=SIZES,
        size=size if size in SIZES else SIZES[0],
        portal=look.dress(),
    )


@get(f"{DESK}/qr/{{qr_file:str}}", guards=[requires(LOOK)])
async def qr_file(session: Session, qr_file: FromPath[str]) -> Response[bytes]:
    """`estimate.png`, `status.svg`, …: for a designer or a printer."""
    name, _dot, kind = qr_file.partition(".")
    with look_scope(await look_of(session)):
        offered = {entry.key for entry in entries()}
    if name not in offered or kind not in KINDS:
        raise NotFoundException
    return Response(
        qr_codes.as_file(public_address(short_path(name)), kind),
        media_type=KINDS[kind],
        headers={"Content-Disposition": f'attachment; filename="qr-{name}.{kind}"'},
    )


def _invitation(code: str) -> str:
    with language_scope(code):
        return _("Scan with the camera of your phone")


def _parts(wanted: Sequence[Entry], languages: Sequence[str]) -> list[CardPart]:
    labels: dict[str, list[tuple[str, str]]] = {each.key: [] for each in wanted}
    for code in languages:
        with language_scope(code):
            for entry in entries():
                if entry.key in labels:
                    labels[entry.key].append((code, entry.label))
    return [
        CardPart(
            each.key,
            qr_code(public_address(short_path(each.key))),
            spoken_address(short_path(each.key)),
            labels[each.key],
        )
        for each in wanted
    ]


HANDLERS = [counter_card, qr_file]
