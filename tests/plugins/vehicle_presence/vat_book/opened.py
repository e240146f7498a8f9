"""Files of the VAT book as other programs read them: every cell of every line, as text."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import openpyxl
from pypdf import PageObject, PdfReader

Table = list[list[str]]


def csv_table(body: bytes) -> Table:
    """All records, the headings first."""
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


def xlsx_table(body: bytes) -> Table:
    """All rows of the first sheet, the headings first. Days must be real dates, and nothing a
    formula."""
    sheet = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [[_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class _Word:
    """A text on a page, with where it begins and how large it is."""

    text: str
    x: float
    y: float
    size: float


def pdf_table(body: bytes) -> Table:
    """All lines of all pages, the headings first: cells by where they begin on the page, and what
    is remarked below a line as its last cell."""
    tables = [_page_table(page) for page in PdfReader(io.BytesIO(body)).pages]
    heads = {tuple(table[0]) for table in tables}
    assert len(heads) == 1, "every page has the same headings"
    return [list(heads.pop()), *(line for table in tables for line in table[1:])]


HEADING, CELL, REMARK = 7.5, 8.5, 7.0
"""Sizes of type by which the parts of a page are told apart."""


def _page_table(page: PageObject) -> Table:
    words = _words(page)
    heads = sorted((word for word in words if word.size == HEADING), key=lambda word: word.x)
    columns = sorted({round(word.x, 1) for word in heads})
    head = [" ".join(word.text for word in heads if round(word.x, 1) == x) for x in columns]
    top = min(word.y for word in heads)
    starts = [
        word.y
        for word in words
        if word.size == CELL and round(word.x, 1) == columns[0] and word.y < top
    ]
    ends = [*starts[1:], 40.0]
    return [
        [*head, "Remarks"],
        *(
            _line([word for word in words if end < word.y <= start], columns)
            for start, end in zip(starts, ends, strict=True)
        ),
    ]


def _line(words: list[_Word], columns: list[float]) -> list[str]:
    cells = [
        " ".join(word.text for word in words if word.size == CELL and round(word.x, 1) == x)
        for x in columns
    ]
    return [*cells, " ".join(word.text for word in words if word.size == REMARK)]


def _words(page: PageObject) -> list[_Word]:
    """From top to bottom."""
    found: list[_Word] = []

    def visit(text: str, _cm: object, tm: list[float], _font: object, size: float) -> None:
        if text.strip():
            found.append(_Word(text.strip(), tm[4], tm[5], size))

    page.extract_text(visitor_text=visit)
    return sorted(found, key=lambda word: (-word.y, word.x))


OPENED: dict[str, Callable[[bytes], Table]] = {
    "pdf": pdf_table,
    "xlsx": xlsx_table,
    "csv": csv_table,
}
