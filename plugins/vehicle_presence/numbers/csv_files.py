"""Tables as files that a spreadsheet opens as it should."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from babel.numbers import format_decimal

from core.i18n import current_language, locale_of

Cell = str | float | int
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


def csv_text(rows: Iterable[Sequence[Cell]]) -> str:
    """Semicolons and the language's own decimal sign, as spreadsheets here read them; a text
    that would be taken for a formula begins with an apostrophe."""
    buffer = StringIO()
    writer = csv.writer(buffer, delimiter=";")
    for row in rows:
        writer.writerow([_cell(each) for each in row])
    return BYTE_ORDER_MARK + buffer.getvalue()


def _cell(value: Cell) -> str:
    if isinstance(value, int | float):
        return str(format_decimal(value, format="0.##", locale=locale_of(current_language())))
    return f"'{value}" if value.startswith(FORMULA) else value
