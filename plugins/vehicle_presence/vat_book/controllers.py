"""The VAT book at the desk: read it, settle rows, correct them, take it along as a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound, Refused
from core.i18n import gettext as _
from core.web.dependencies import session_for_guard
from core.web.forms import attempt, form_values
from core.web.rendering import Flash, Page, page, redirect
from core.web.viewer import load_viewer, requires
from core.workshop.audit.services import Actor
from core.workshop.customers.vat_numbers import InvalidVatNumber, normalise_vat_number
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from plugins.vehicle_presence.vat_book import (
    due_repository,
    exports,
    repository,
    settling,
    striking,
)
from plugins.vehicle_presence.vat_book.countries import CountryRegister, register_of
from plugins.vehicle_presence.vat_book.differences import cards_of
from plugins.vehicle_presence.vat_book.errors import ReasonMissing, WordsMissing
from plugins.vehicle_presence.vat_book.forms import CorrectionForm, InvoiceForm, StrikeForm
from plugins.vehicle_presence.vat_book.lists import heading_of, page_of
from plugins.vehicle_presence.vat_book.models import VatBook, VatLine
from plugins.vehicle_presence.vat_book.periods import Selection, selection_of
from plugins.vehicle_presence.vat_book.register import Row
from plugins.vehicle_presence.vat_book.rights import CORRECT, READ, SETTLE
from plugins.vehicle_presence.vat_book.views import late_text, shown_lines, vat_number_text

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
_HOME = "/desk/vat-book"
_FILE_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """What is looked at, and the register that it is part of."""

    selection: Selection
    location: Location
    places: list[Location]
    book: VatBook | None
    zone: ZoneInfo
    today: date
    register: CountryRegister

    @property
    def vat_number(self) -> str | None:
        """The location's VAT number as people write it."""
        return vat_number_text(self.location.vat_number)

    def address(self, **changes: Any) -> str:
        """The page that shows this, or something beside it."""
        return f"{_HOME}?{self.selection.query(**changes)}"


@get(_HOME, guards=[requires(READ)])
async def vat_book(request: AnyRequest, session: Session) -> Page:
    """The rows of a month, or all that wait for an invoice reference."""
    return await _register(request, session)


@get(_HOME + "/export/{file_format:str}", guards=[requires(READ)])
async def export_file(
    request: AnyRequest, session: Session, file_format: FromPath[str]
) -> Response[bytes] | Page:
    """The period as a file. It is made while no transaction is open: that takes seconds."""
    exports.require_format(file_format)
    try:
        async with session_for_guard(request) as short:
            selection = (await _place(request, short)).selection
            extract = await exports.extract_of(short, selection)
    except Refused as refusal:
        problem = _(refusal.message, **refusal.values)
        return await _register(request, session, problem=problem, status_code=refusal.status_code)
    made = await exports.file_of(extract, selection, file_format)
    exports.keep(session, extract, selection, made, await _actor(request))
    return Response(
        made.body,
        media_type=made.content_type,
        headers={
            **_FILE_HEADERS,
            "Content-Disposition": f'attachment; filename="{made.name}"',
        },
    )


@post(_HOME + "/rows/{row_id:uuid}/invoice", guards=[requires(SETTLE)])
async def settle(request: AnyRequest, session: Session, row_id: FromPath[UUID]) -> Page | Redirect:
    """Say which invoice a row ended with, or why there is none."""
    values = await form_values(request)
    form = InvoiceForm(values)
    row = await settling.row_of(session, row_id)
    if form.validate():
        settlement = form.settlement(is_reference="none" not in values)
        async with attempt(session, form):
            await settling.settle(session, row_id, settlement, await _actor(request))
    if form.has_errors:
        missing = not form.text("words")
        status_code = WordsMissing.status_code if missing or form.words.errors else 409
        return await _register(
            request, session, refused={row.number: form}, status_code=status_code
        )
    place = await _place(request, session)
    return redirect(
        request,
        place.address(after=place.selection.after),
        flash=Flash(
            _("No. %(number)s is settled.", number=row.number),
            undo_href=f"{_HOME}/rows/{row_id}/invoice/undo?{place.selection.query()}",
        ),
    )


@post(_HOME + "/rows/{row_id:uuid}/invoice/undo", guards=[requires(SETTLE)])
async def undo_settlement(
    request: AnyRequest, session: Session, row_id: FromPath[UUID]
) -> Page | Redirect:
    """*Undo*: the reference is struck, the row waits again."""
    try:
        async with session.begin_nested():
            await settling.take_back_settlement(session, row_id, await _actor(request))
    except Refused as refusal:
        problem = _(refusal.message, **refusal.values)
        return await _register(request, session, problem=problem, status_code=refusal.status_code)
    place = await _place(request, session)
    return redirect(request, place.address(), flash=Flash(_("Undone.")))


@get(_HOME + "/rows/{row_id:uuid}/correct", guards=[requires(CORRECT)])
async def correct_page(request: AnyRequest, session: Session, row_id: FromPath[UUID]) -> Page:
    """Ask what is right, and why; `?from=card` proposes what the job card says."""
    row = await settling.row_of(session, row_id)
    form = CorrectionForm.of(row)
    if request.query_params.get("from") == "card":
        cards = await cards_of(session, [row], (await _place(request, session)).register)
        form.propose(cards.get(row.number))
    return await _correct_page(request, session, row, form)


@post(_HOME + "/rows/{row_id:uuid}/correct", guards=[requires(CORRECT)])
async def correct(request: AnyRequest, session: Session, row_id: FromPath[UUID]) -> Page | Redirect:
    """Strike what was wrong, and put the right thing in its place."""
    form = CorrectionForm(await form_values(request))
    row = await settling.row_of(session, row_id)
    correction = form.correction() if form.validate() else None
    if correction is None:
        return await _correct_page(request, session, row, form, status_code=422)
    async with attempt(session, form):
        await settling.correct(
            session,
            row_id,
            correction,
            form.text("reason"),
            await _actor(request),
            seen=form.seen,
        )
    if form.has_errors:
        row = await settling.row_of(session, row_id)
        return await _correct_page(request, session, row, form, status_code=409)
    text = _("No. %(number)s is corrected.", number=row.number)
    if _looks_wrong(correction.vat_number):
        text += " " + _("The VAT number looks unusual: please check it once more.")
    place = await _place(request, session)
    return redirect(request, place.address(after=place.selection.after), flash=Flash(text))


@post(_HOME + "/rows/{row_id:uuid}/strike", guards=[requires(CORRECT)])
async def strike(request: AnyRequest, session: Session, row_id: FromPath[UUID]) -> Page | Redirect:
    """The vehicle never came: the whole row is struck, and its stay with it."""
    form = StrikeForm(await form_values(request))
    if form.validate():
        async with attempt(session, form):
            reason = form.text("strike_reason")
            actor = await _actor(request)
            await striking.strike_row(session, row_id, reason, actor, seen=form.seen)
    row = await settling.row_of(session, row_id)
    if form.has_errors:
        status_code = ReasonMissing.status_code if form.strike_reason.errors else 409
        shown = CorrectionForm.of(row)
        return await _correct_page(request, session, row, shown, form, status_code=status_code)
    place = await _place(request, session)
    flash = Flash(_("No. %(number)s is struck.", number=row.number))
    return redirect(request, place.address(after=place.selection.after), flash=flash)


async def _register(
    request: AnyRequest,
    session: AsyncSession,
    *,
    refused: Mapping[int, InvoiceForm] | None = None,
    problem: str | None = None,
    status_code: int = 200,
) -> Page:
    place = await _place(request, session)
    shown = await page_of(session, place.selection)
    waiting, overdue, _next = await due_repository.count_dues(
        session, place.today, place.location.id
    )
    period = place.selection.period
    late: list[VatLine] = []
    more_late = 0
    if place.selection.is_period:
        late, more_late = await repository.late_lines(
            session, place.location.id, *period.span(place.zone), limit=repository.PAGE
        )
    open_rows = [row for row in (*shown.rows, *shown.earlier) if row.is_open]
    cards = await cards_of(session, open_rows, place.register)
    return page(
        request,
        "vehicle_presence/vat_book/register.html",
        place=place,
        rows=[(row, shown_lines(row, place.zone)) for row in shown.rows],
        earlier=[(row, shown_lines(row, place.zone)) for row in shown.earlier],
        more_earlier=shown.more_earlier,
        heading=heading_of(place.selection, place.today),
        due_on={
            row.number: place.register.due(row.exit.day)
            for row in (*shown.rows, *shown.earlier)
            if row.waits and row.exit is not None and row.exit.day is not None
        },
        cards=cards,
        refused=refused or {},
        more=shown.next_after,
        waiting=waiting,
        overdue=overdue,
        late=[late_text(line, place.zone) for line in late],
        more_late=more_late,
        kept_until=place.register.kept_until(period.last_day),
        total=await repository.count_entered(
            session, place.location.id, period.first_day, period.last_day
        )
        if place.selection.is_period
        else None,
        problem=problem,
        status_code=status_code,
    )


async def _place(request: AnyRequest, session: AsyncSession) -> _Place:
    places = await locations.everywhere(session)
    first = places[0]
    here = now().astimezone(ZoneInfo(first.timezone)).date()
    selection = selection_of(request.query_params, [each.id for each in places], here)
    location = next(each for each in places if each.id == selection.location_id)
    book = await repository.book_of(session, location.id)
    zone = ZoneInfo(book.zone if book else location.timezone)
    return _Place(
        selection=selection,
        location=location,
        places=places,
        book=book,
        zone=zone,
        today=now().astimezone(zone).date(),
        register=register_of(book.country if book else location.country),
    )


async def _correct_page(
    request: AnyRequest,
    session: AsyncSession,
    row: Row,
    form: CorrectionForm,
    strike_form: StrikeForm | None = None,
    *,
    status_code: int = 200,
) -> Page:
    place = await _place(request, session)
    card = (await cards_of(session, [row], place.register)).get(row.number)
    says = form.register_says(row) if form.seen != row.version else {}
    form.version.data = str(row.version)
    if strike_form is not None:
        strike_form.version.data = str(row.version)
    return page(
        request,
        "vehicle_presence/vat_book/correct.html",
        row=row,
        card=card,
        form=form,
        says=says,
        strike_form=strike_form or StrikeForm(data={"version": str(row.version)}),
        place=place,
        status_code=status_code,
    )


def _looks_wrong(vat_number: str) -> bool:
    """Whether a VAT number cannot exist: warned about, and never refused."""
    if not vat_number:
        return False
    try:
        normalise_vat_number(vat_number)
    except InvalidVatNumber:
        return True
    return False


async def _actor(request: AnyRequest) -> Actor:
    viewer = await load_viewer(request)
    if viewer is None:
        raise NotFound("viewer")
    return viewer.actor


HANDLERS = [vat_book, export_file, settle, undo_settlement, correct_page, correct, strike]
