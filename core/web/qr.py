"""Codes that a phone's camera opens, drawn into the page itself."""

import segno
from markupsafe import Markup


def qr_code(address: str) -> Markup:
    """The address as a QR code (ISO/IEC 18004), an inline SVG that takes its size from CSS.

    Error correction M: a sheet in a workshop gets dirty.
    """
    drawn = segno.make(address, error="m", micro=False)
    svg = drawn.svg_inline(omitsize=True, border=2, svgclass="qr", lineclass=None, light="#fff")
    return Markup(svg)  # noqa: S704 - drawn from modules, with nothing of the address in it
