"""A row of the register in words: the same for the page and for every file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from core.i18n import format_date
from core.i18n import gettext as _
from core.workshop.audit.services import SYSTEM
from core.workshop.customers.vat_numbers import display_vat_number
from plugins.vehicle_presence.cleanup.evidence import evidence_text
from plugins.vehicle_presence.vat_book.models import ENTRY, EXIT, INVOICE, NO_INVOICE, VatLine
from plugins.vehicle_presence.vat_book.register import Row, Struck

Cell = str | int | date | None
_VAT_NUMBER = re.compile(r"[A-Z]{2}[0-9A-Z]{2,13}")
_COLUMNS = {
    ENTRY: ("entered", "vehicle", "plate", "vin", "vat_number"),
    EXIT: ("left",),
    INVOICE: ("invoice",),
    NO_INVOICE: ("invoice",),
}
"""Which columns a kind of line fills."""


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of the printed register: cells by the keys of columns, and what is remarked.

    A struck one has only the cells that no longer hold.
    """

    number: int
    cells: Mapping[str, Cell]
    remarks: tuple[str, ...]
    is_struck: bool


def shown_lines(row: Row, zone: ZoneInfo) -> list[ShownLine]:
    """The row as it stands, and below it everything that was struck in it."""
    return [
        ShownLine(row.number, cells_of(row), tuple(remarks_on(row, zone)), row.is_cancelled),
        *(struck_line(row.number, struck, zone) for struck in row.struck if _replaced(row, struck)),
    ]


def _replaced(row: Row, struck: Struck) -> bool:
    """A cancelled row shows its entry struck as it stands, with the reason as its remark."""
    return not (row.is_cancelled and struck.line is row.entry)


def cells_of(row: Row) -> dict[str, Cell]:
    """What stands in the columns, whichever of them a country has."""
    return {
        "number": row.number,
        **_cells(row.entry),
        "left": row.exit.day if row.exit else None,
        "invoice": invoice_text(row.invoice) if row.invoice else None,
    }


def _cells(line: VatLine) -> dict[str, Cell]:
    filled: dict[str, Cell] = {
        "entered": line.day,
        "vehicle": line.plate or line.vin,
        "plate": line.plate,
        "vin": line.vin,
        "vat_number": vat_number_text(line.vat_number),
        "left": line.day,
        "invoice": invoice_text(line),
    }
    return {key: filled[key] for key in _COLUMNS[line.kind]}


def invoice_text(line: VatLine) -> str:
    """The reference, or the reason why there is none."""
    if line.kind == NO_INVOICE:
        return _("None: %(reason)s", reason=line.words)
    return line.words or ""


def vat_number_text(stored: str | None) -> str | None:
    """A VAT number as people write it, whatever was typed if it is none."""
    if stored is None or not _VAT_NUMBER.fullmatch(stored):
        return stored
    return display_vat_number(stored)


def struck_line(number: int, struck: Struck, zone: ZoneInfo) -> ShownLine:
    """What was struck in a row, with who did it, when and why."""
    return ShownLine(number, _cells(struck.line), (strike_text(struck, zone),), is_struck=True)


def strike_text(struck: Struck, zone: ZoneInfo) -> str:
    """Who struck something, when and why."""
    reason = struck.by.reason or "–"
    return _(
        "Struck by %(who)s on %(when)s: %(why)s",
        who=struck.by.actor,
        when=format_date(struck.by.recorded_at, zone),
        why=_(reason),
    )


def remarks_on(row: Row, zone: ZoneInfo) -> list[str]:
    """What must be known about how a row came to be."""
    remarks = []
    if row.is_cancelled:
        remarks += [strike_text(each, zone) for each in row.struck if each.line is row.entry]
    if row.entry.words:
        remarks.append(_(row.entry.words))
    if row.exit is not None and row.exit.evidence:
        evidence = evidence_text(row.exit.evidence)
        remarks.append(
            _("Exit noted by the clean-up: %(evidence)s", evidence=evidence)
            if row.exit.actor_kind == SYSTEM.kind
            else _("Exit proposed by the clean-up, confirmed: %(evidence)s", evidence=evidence)
        )
    remarks += [
        _("Noted on %(day)s, after the month was closed", day=format_date(day, zone))
        for day in sorted(
            {line.recorded_at for line in (row.entry, row.exit) if line and line.is_late}
        )
    ]
    return remarks


def late_text(line: VatLine, zone: ZoneInfo) -> str:
    """One sentence about a line that was written about a month that was closed by then."""
    values = {"number": line.number, "day": format_date(line.day, zone)}
    if line.kind == ENTRY:
        return _("No. %(number)s: arrival on %(day)s", **values)
    if line.kind == EXIT:
        return _("No. %(number)s: departure on %(day)s", **values)
    return _("No. %(number)s: struck, what was noted for %(day)s", **values)
