"""Where a job card says something else than the row of its stay, written at the arrival."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.vehicles.plates import display_plate
from plugins.vehicle_presence.vat_book import stay_repository
from plugins.vehicle_presence.vat_book.countries import CountryRegister
from plugins.vehicle_presence.vat_book.register import Row
from plugins.vehicle_presence.vat_book.views import vat_number_text

_COMPARED = ("vehicle", "plate", "vin", "vat_number")
_SIGNS = re.compile(r"[\W_]")


@dataclass(frozen=True, slots=True)
class Card:
    """What the job card of a row's stay says now; `differs` are the values that the register does
    not have in its columns."""

    job_id: UUID
    plate: str
    vin: str
    vat_number: str
    invoice_reference: str
    differs: tuple[str, ...]


async def cards_of(
    session: AsyncSession, rows: Iterable[Row], register: CountryRegister
) -> dict[int, Card]:
    """The cards of these rows, by their numbers; rows whose job is gone are left out."""
    by_number = {row.number: row for row in rows}
    if not by_number:
        return {}
    found = await stay_repository.on_cards(session, [row.entry.id for row in by_number.values()])
    return {number: _card(by_number[number], each, register) for number, each in found.items()}


def _card(row: Row, found: stay_repository.OnCard, register: CountryRegister) -> Card:
    facts = found.facts
    plate = display_plate(facts.plate_normalised, facts.plate_country, facts.plate)
    vin, vat_number = facts.vin or "", vat_number_text(facts.vat_number) or ""
    entry = row.entry
    said = {
        "vehicle": (plate or vin, row.vehicle),
        "plate": (plate, entry.plate),
        "vin": (vin, entry.vin),
        "vat_number": (vat_number, entry.vat_number),
    }
    pairs = [said[each.key] for each in register.columns if each.key in _COMPARED]
    return Card(
        found.job_id,
        plate,
        vin,
        vat_number,
        facts.invoice_reference or "",
        tuple(card for card, book in pairs if card and _bare(card) != _bare(book or "")),
    )


def _bare(text: str) -> str:
    """Without what people type between letters and digits."""
    return _SIGNS.sub("", text).upper()
