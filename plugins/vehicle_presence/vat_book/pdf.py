"""The register on paper: A4 across, the garage above, the law below, pages as 1 / n."""

import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import reportlab
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from core.i18n import format_date, format_datetime
from core.i18n import gettext as _
from plugins.vehicle_presence.vat_book.views import Cell, ShownLine, vat_number_text

if TYPE_CHECKING:
    from plugins.vehicle_presence.vat_book.exports import Extract

WIDTH, HEIGHT = landscape(A4)
MARGIN = 14 * mm
TOP = HEIGHT - 40 * mm
BOTTOM = 20 * mm
SIZE, LEADING, PADDING = 8.5, 11.0, 2.0
SMALL, HEADING = 7.0, 7.5
PLAIN, BOLD = "Vera", "Vera-Bold"
_PLACE = Path(reportlab.__file__).parent / "fonts"


@dataclass(frozen=True, slots=True)
class _Band:
    """A line of the table, broken into lines of text: how high it is, and what to draw."""

    cells: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...]
    is_struck: bool

    @property
    def height(self) -> float:
        tallest = max((len(cell) for cell in self.cells), default=1)
        return max(tallest, 1) * LEADING + len(self.remarks) * (SMALL + 2) + 2 * PADDING


def pdf_of(extract: "Extract") -> bytes:
    """The file. Everything is broken into lines first, so that the number of pages is known
    before the first one is drawn."""
    _fonts()
    widths = _widths(extract)
    heads = [
        _split(_(column.label), HEADING, width - 6, BOLD)
        for column, width in zip(extract.columns, widths, strict=True)
    ]
    bands = [_band(extract, line, widths) for line in extract.lines]
    pages = list(_pages([*bands, *_late_bands(extract, widths)], _height_of(heads)))
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(WIDTH, HEIGHT), pageCompression=1)
    canvas.setTitle(f"{_(extract.register.title)}, {extract.heading}")
    canvas.setAuthor(extract.garage)
    canvas.setSubject(_(extract.register.law))
    for number, page in enumerate(pages, start=1):
        _head(canvas, extract)
        _table(canvas, page, widths, heads, extract.nothing)
        _foot(canvas, extract, number, len(pages))
        canvas.showPage()
    canvas.save()
    return target.getvalue()


@cache
def _fonts() -> dict[str, TTFont]:
    fonts = {
        PLAIN: TTFont(PLAIN, str(_PLACE / "Vera.ttf")),
        BOLD: TTFont(BOLD, str(_PLACE / "VeraBd.ttf")),
    }
    for font in fonts.values():
        pdfmetrics.registerFont(font)
    return fonts


def drawable(text: str, font: str = PLAIN) -> str:
    """The text in the signs that the font has; others lose their marks, or become `?`."""
    if text.isascii():
        return text
    known = _fonts()[font].face.charToGlyph

    def sign(each: str) -> str:
        if ord(each) in known:
            return each
        bare = unicodedata.normalize("NFKD", each)[0]
        return bare if ord(bare) in known else "?"

    return "".join(sign(each) for each in text)


def _widths(extract: "Extract") -> list[float]:
    shares = [column.share for column in extract.columns]
    return [(WIDTH - 2 * MARGIN) * share / sum(shares) for share in shares]


def _band(extract: "Extract", line: ShownLine, widths: Sequence[float]) -> _Band:
    cells = {**line.cells, "number": line.number}
    texts = [_text(extract, cells.get(column.key)) for column in extract.columns]
    return _Band(
        tuple(
            tuple(_split(text, SIZE, width - 6)) for text, width in zip(texts, widths, strict=True)
        ),
        tuple(
            part for remark in line.remarks for part in _split(remark, SMALL, sum(widths[1:]) - 6)
        ),
        line.is_struck,
    )


def _late_bands(extract: "Extract", widths: Sequence[float]) -> list[_Band]:
    if not extract.late:
        return []
    texts = [_("Noted in this period about closed months") + ":", *extract.late]
    parts = tuple(part for text in texts for part in _split(text, SMALL, sum(widths[1:]) - 6))
    return [
        _Band((), parts[start : start + 40], is_struck=False) for start in range(0, len(parts), 40)
    ]


def _height_of(heads: Sequence[Sequence[str]]) -> float:
    return max(len(head) for head in heads) * (HEADING + 2) + 2 * PADDING


def _split(text: str, size: float, width: float, font: str = PLAIN) -> list[str]:
    """Lines that fit; a word that is wider than its column is cut. Most texts fit as they are."""
    shown = drawable(text, font)
    if "\n" not in shown and pdfmetrics.stringWidth(shown, font, size) <= width:
        return [shown] if shown else []
    lines = []
    for line in simpleSplit(shown, font, size, width):
        rest = line
        while pdfmetrics.stringWidth(rest, font, size) > width and len(rest) > 1:
            fits = len(rest)
            while fits > 1 and pdfmetrics.stringWidth(rest[:fits], font, size) > width:
                fits -= 1
            lines.append(rest[:fits])
            rest = rest[fits:]
        lines.append(rest)
    return lines


def _text(extract: "Extract", value: Cell) -> str:
    if isinstance(value, date):
        return format_date(value, extract.zone)
    return "" if value is None else str(value)


def _pages(bands: Sequence[_Band], head_height: float) -> Iterator[list[_Band]]:
    """At least one page: that a period has no rows is also said on paper."""
    room = TOP - BOTTOM - head_height
    page: list[_Band] = []
    used = 0.0
    for band in bands:
        if page and used + band.height > room:
            yield page
            page, used = [], 0.0
        page.append(band)
        used += band.height
    yield page


def _head(canvas: Canvas, extract: "Extract") -> None:
    location = extract.location
    place = f"{location.postal_code} {location.city}".strip()
    address = ", ".join(part for part in (location.street, place) if part)
    vat_number = vat_number_text(location.vat_number)
    canvas.setFont(BOLD, 14)
    canvas.drawString(MARGIN, HEIGHT - 18 * mm, drawable(_(extract.register.title), BOLD))
    canvas.setFont(BOLD, 10)
    canvas.drawRightString(WIDTH - MARGIN, HEIGHT - 18 * mm, drawable(extract.heading, BOLD))
    canvas.setFont(PLAIN, 9)
    name = (
        extract.garage if location.name == extract.garage else f"{extract.garage}, {location.name}"
    )
    parts = [name, address]
    if vat_number:
        parts.append(_("VAT no. %(number)s", number=vat_number))
    canvas.drawString(
        MARGIN, HEIGHT - 24 * mm, drawable(" · ".join(part for part in parts if part))
    )
    canvas.setFont(PLAIN, SMALL)
    for place_down, text in enumerate(_split(_(extract.register.law), SMALL, WIDTH - 2 * MARGIN)):
        canvas.drawString(MARGIN, HEIGHT - 29 * mm - place_down * (SMALL + 2), text)


def _table(
    canvas: Canvas,
    page: Sequence[_Band],
    widths: Sequence[float],
    heads: Sequence[Sequence[str]],
    nothing: str,
) -> None:
    down = TOP - _height_of(heads)
    canvas.setFont(BOLD, HEADING)
    across = MARGIN
    for head, width in zip(heads, widths, strict=True):
        for place, text in enumerate(reversed(head)):
            canvas.drawString(across + 3, down + PADDING + 1 + place * (HEADING + 2), text)
        across += width
    canvas.setLineWidth(0.8)
    canvas.line(MARGIN, down, WIDTH - MARGIN, down)
    canvas.setLineWidth(0.25)
    if not page:
        canvas.setFont(PLAIN, SIZE)
        canvas.drawString(MARGIN + 3, down - LEADING, drawable(nothing))
    for band in page:
        _draw_band(canvas, band, widths, down)
        down -= band.height
        canvas.setStrokeGray(0.65)
        canvas.line(MARGIN, down, WIDTH - MARGIN, down)
        canvas.setStrokeGray(0)


def _draw_band(canvas: Canvas, band: _Band, widths: Sequence[float], down: float) -> None:
    canvas.setFont(PLAIN, SIZE)
    across = MARGIN
    for cell, width in zip(band.cells, widths, strict=False):
        for place, text in enumerate(cell):
            base = down - PADDING - SIZE - place * LEADING
            canvas.drawString(across + 3, base, text)
            if band.is_struck:
                middle = base + SIZE * 0.3
                length = pdfmetrics.stringWidth(text, PLAIN, SIZE)
                canvas.line(across + 3, middle, across + 3 + length, middle)
        across += width
    canvas.setFont(PLAIN, SMALL)
    tallest = max((len(cell) for cell in band.cells), default=0)
    base = down - PADDING - max(tallest, 1 if band.cells else 0) * LEADING - SMALL
    for place, text in enumerate(band.remarks):
        canvas.drawString(MARGIN + widths[0] + 3, base - place * (SMALL + 2), text)


def _foot(canvas: Canvas, extract: "Extract", number: int, of: int) -> None:
    canvas.setFont(PLAIN, SMALL)
    made = _(
        "Made on %(when)s from lines 1 to %(position)s; chain %(head)s",
        when=format_datetime(extract.made_at, extract.zone, "d MMM yyyy, HH:mm"),
        position=extract.position,
        head=extract.head[:16],
    )
    canvas.drawString(MARGIN, 11 * mm, drawable(made))
    canvas.drawRightString(WIDTH - MARGIN, 11 * mm, f"{number} / {of}")
