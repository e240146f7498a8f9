"""The register for other programs: CSV (RFC 4180) and a workbook."""

import io
from datetime import date
from typing import TYPE_CHECKING

import xlsxwriter

from core.i18n import current_language
from core.i18n import gettext as _
from core.workshop.csv_lines import BYTE_ORDER_MARK, csv_lines, separator_of
from plugins.vehicle_presence.vat_book.views import Cell, ShownLine

if TYPE_CHECKING:
    from plugins.vehicle_presence.vat_book.exports import Extract


def csv_of(extract: "Extract") -> bytes:
    """Dates as 2026-11-25, one record per line, with a byte order mark. What was noted late about
    closed months comes last: no cells of its own, a state that says so, and the note."""
    rows: list[list[Cell]] = [[*headings(extract), _("State"), _("Remarks")]]
    for line in extract.lines:
        cells: list[Cell] = [line.cells.get(column.key) for column in extract.columns]
        cells[0] = line.number
        rows.append([*cells, state_of(line), " / ".join(line.remarks)])
    blank: list[Cell] = [None] * len(extract.columns)
    rows += [[*blank, _("noted late"), text] for text in extract.late]
    return BYTE_ORDER_MARK + csv_lines(rows, separator_of(current_language()))


def headings(extract: "Extract") -> list[str]:
    """The names of the country's columns."""
    return [_(column.label) for column in extract.columns]


def state_of(line: ShownLine) -> str:
    """Whether a line holds."""
    return _("struck") if line.is_struck else _("valid")


def xlsx_of(extract: "Extract") -> bytes:
    """A workbook: the register with real dates, and what was noted late on a second sheet."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    sheet = book.add_worksheet(_(extract.register.title)[:31])
    bold = book.add_format({"bold": True})
    formats = {
        (is_struck, is_date): book.add_format(
            {"font_strikeout": is_struck, **({"num_format": "yyyy-mm-dd"} if is_date else {})}
        )
        for is_struck in (False, True)
        for is_date in (False, True)
    }
    titles = [*headings(extract), _("State"), _("Remarks")]
    for place, column in enumerate(extract.columns):
        sheet.set_column(place, place, max(8, column.share))
    sheet.set_column(len(titles) - 2, len(titles) - 1, 24)
    for place, title in enumerate(titles):
        sheet.write_string(0, place, title, bold)
    sheet.freeze_panes(1, 0)
    for place, line in enumerate(extract.lines, start=1):
        cells: list[Cell] = [line.cells.get(column.key) for column in extract.columns]
        cells[0] = line.number
        for across, value in enumerate([*cells, state_of(line), " / ".join(line.remarks)]):
            form = formats[line.is_struck and across < len(cells), isinstance(value, date)]
            _write(sheet, place, across, value, form)
    _sheet_of_late(book, extract, bold)
    book.set_properties(
        {
            "title": _(extract.register.title),
            "company": extract.garage,
            "comments": extract.heading,
        }
    )
    book.close()
    return target.getvalue()


def _write(
    sheet: "xlsxwriter.worksheet.Worksheet",
    row: int,
    column: int,
    value: Cell,
    form: "xlsxwriter.format.Format",
) -> None:
    if isinstance(value, date):
        sheet.write_datetime(row, column, value, form)
    elif isinstance(value, int):
        sheet.write_number(row, column, value, form)
    elif value:
        sheet.write_string(row, column, value, form)


def _sheet_of_late(
    book: xlsxwriter.Workbook, extract: "Extract", bold: "xlsxwriter.format.Format"
) -> None:
    if not extract.late:
        return
    sheet = book.add_worksheet(_("Noted late")[:31])
    sheet.set_column(0, 0, 80)
    sheet.write_string(0, 0, _("Noted in this period about closed months"), bold)
    for place, text in enumerate(extract.late, start=1):
        sheet.write_string(place, 0, text)
