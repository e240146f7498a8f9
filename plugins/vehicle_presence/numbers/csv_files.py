"""Tables as files that a spreadsheet opens as it should."""

from collections.abc import Iterable, Sequence

from babel.numbers import format_decimal

from core.i18n import current_language, locale_of
from core.workshop.csv_lines import BYTE_ORDER_MARK, csv_lines, separator_of

Cell = str | float | int


def csv_file(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Those rows, numbers with the language's own decimal sign, as spreadsheets here read them."""
    language = current_language()
    return BYTE_ORDER_MARK + csv_lines(
        ([_cell(each, language) for each in row] for row in rows), separator_of(language)
    )


def _cell(value: Cell, language: str) -> str:
    if isinstance(value, int | float):
        return str(format_decimal(value, format="0.##", locale=locale_of(language)))
    return value
