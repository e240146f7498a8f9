"""The page of numbers, and a file behind each chart."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from babel.numbers import format_decimal
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.i18n import current_language, locale_of
from core.web.rendering import Page, page
from core.web.viewer import requires
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from plugins.vehicle_presence.numbers.csv_files import csv_file
from plugins.vehicle_presence.numbers.periods import period_labels, period_of
from plugins.vehicle_presence.numbers.repository import MOST
from plugins.vehicle_presence.numbers.services import CHARTS, numbers_of, rows_of, stage_label

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
NUMBERS = "vehicle_presence.numbers"
HOME = "/desk/on-site/numbers"


@get(HOME, guards=[requires(NUMBERS)])
async def numbers_page(request: AnyRequest, session: Session) -> Page:
    """How long vehicles stand where, how many are forgotten, and what waiting costs."""
    places = await locations.everywhere(session)
    location = _location_of(request, places)
    period = period_of(request.query_params.get("period"))
    numbers = await numbers_of(session, period, location)
    return page(
        request,
        "vehicle_presence/numbers/numbers.html",
        numbers=numbers,
        places=places,
        location=location,
        at_location=f"&location={location}" if location else "",
        most=MOST,
        periods=period_labels(),
        stage_label=stage_label,
        tables={chart: rows_of(numbers, chart) for chart in CHARTS},
        number=_number,
    )


@get(f"{HOME}/csv/{{chart:str}}", guards=[requires(NUMBERS)])
async def numbers_file(
    request: AnyRequest, session: Session, chart: FromPath[str]
) -> Response[bytes]:
    """The numbers behind one chart, for a spreadsheet."""
    if chart not in CHARTS:
        raise NotFound("chart")
    period = period_of(request.query_params.get("period"))
    location = _location_of(request, await locations.everywhere(session))
    name = f"{chart}-{period.first}-{period.last}.csv"
    return Response(
        csv_file(rows_of(await numbers_of(session, period, location), chart)),
        media_type="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _location_of(request: AnyRequest, places: Sequence[Location]) -> UUID | None:
    """The location that the address names, if there is one of that id here."""
    asked = request.query_params.get("location")
    return next((each.id for each in places if str(each.id) == asked), None)


def _number(value: float, form: str = "0.#") -> str:
    return str(format_decimal(value, format=form, locale=locale_of(current_language())))


HANDLERS = [numbers_page, numbers_file]
