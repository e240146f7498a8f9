"""QR codes (ISO/IEC 18004): drawn on pages, or as files for a printer."""

from io import BytesIO

import segno
from markupsafe import Markup

QUIET = 4
"""Modules of white around it, without which cameras do not find it."""
_BLACK, _WHITE = "#000", "#fff"
_FILE_SCALE = 16


def drawn(address: str, *, scale: int | None = None) -> Markup:
    """The code as part of a page: so many pixels a module, or as large as a style sheet says. It
    says nothing to those who cannot see it: the address must stand beside it."""
    svg = _code(address).svg_inline(
        border=QUIET,
        dark=_BLACK,
        light=_WHITE,
        scale=scale or 1,
        omitsize=scale is None,
        svgclass="qr",
        lineclass=None,
    )
    return Markup(svg.replace("<svg ", '<svg aria-hidden="true" ', 1))  # noqa: S704 - numbers only


def as_file(address: str, kind: str) -> bytes:
    """The code as `png` or `svg`."""
    out = BytesIO()
    _code(address).save(out, kind=kind, border=QUIET, dark=_BLACK, light=_WHITE, scale=_FILE_SCALE)
    return out.getvalue()


def _code(address: str) -> segno.QRCode:
    return segno.make_qr(address, error="m")
