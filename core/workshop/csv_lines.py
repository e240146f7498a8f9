"""Rows as CSV (RFC 4180) that spreadsheets open as they are meant, and never run.

A cell that begins with a sign of a formula gets an apostrophe in front (OWASP, CSV injection);
:func:`unescaped` takes exactly that away again.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

BYTE_ORDER_MARK = "\ufeff".encode()
"""At the very beginning of a file, so that a spreadsheet reads UTF-8."""
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r\n]")


def separator_of(language: str) -> str:
    """What spreadsheets of that language expect between cells: where the comma is a decimal sign,
    a semicolon."""
    return "," if language == "en" else ";"


def escaped(cell: str) -> str:
    """The cell as text for every spreadsheet. One that begins with apostrophes and then such a
    sign gets another apostrophe, so that nothing is lost."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescaped(cell: str) -> str:
    """What :func:`escaped` was given."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def csv_lines(rows: Iterable[Sequence[object]], separator: str) -> bytes:
    """Those rows as lines of a file; None is an empty cell."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=separator, lineterminator="\r\n")
    writer.writerows(["" if cell is None else escaped(str(cell)) for cell in row] for row in rows)
    return target.getvalue().encode()
