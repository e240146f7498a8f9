"""QR codes (ISO/IEC 18004) as files, for a designer or a printer; pages draw theirs with core."""

from io import BytesIO

import segno

QUIET = 4
"""Modules of white around it, without which cameras do not find it."""
_SCALE = 16


def as_file(address: str, kind: str) -> bytes:
    """The code as `png` or `svg`."""
    out = BytesIO()
    code = segno.make_qr(address, error="m")
    code.save(out, kind=kind, border=QUIET, dark="#000", light="#fff", scale=_SCALE)
    return out.getvalue()
