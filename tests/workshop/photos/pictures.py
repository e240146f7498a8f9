"""Files as people upload them: good ones, broken ones and nasty ones."""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

import core.demo
from core.workshop.photos.imaging import MAX_PIXELS
from tests.factories import jpeg

GOOD = Path(core.demo.__file__).parent / "photos"
BAD = Path(__file__).parents[2] / "photos" / "bad"
KINDS = {"thumb": "WEBP", "display": "JPEG"}
"""What each size is drawn as."""
GPS = 0x8825
MARKER = b"<script>alert(document.domain)</script>"


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The image in that format."""
    target = BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def png_with_header(width: int, height: int) -> bytes:
    """A small PNG that promises many pixels: one compressed row after another of zeroes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    rows = b"".join([packer.compress(row * height), packer.flush()])
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def photo_with_secrets() -> bytes:
    """A JPEG with a position, a comment, a profile, XMP and something behind its end."""
    exif = Image.Exif()
    exif[0x010E] = MARKER.decode()
    exif.get_ifd(GPS).update({1: "N", 2: (51.0, 13.0, 7.0), 3: "E", 4: (4.0, 24.0, 9.0)})
    image = Image.new("RGB", (64, 48), (10, 200, 90))
    body = encoded(image, "JPEG", exif=exif, comment=MARKER, icc_profile=MARKER, xmp=MARKER)
    return body + MARKER


NOT_PHOTOS = {
    "a text with a photo's name": b"Dear garage, my car is broken.\n" * 30,
    "an empty file": b"",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a page with a JPEG behind it": b"<!doctype html>" + MARKER + jpeg(),
    "a page behind a JPEG's first bytes": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + MARKER,
    "a drawing that runs scripts": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "a GIF": encoded(Image.new("P", (8, 8)), "GIF"),
    "a TIFF": encoded(Image.new("RGB", (8, 8)), "TIFF"),
    "an archive": b"PK\x03\x04" + bytes(200),
}
DAMAGED = {
    "half a JPEG": (GOOD / "DSCN0010.jpg").read_bytes()[:80_000],
    "the head of a JPEG": jpeg()[:400],
    "half a PNG": encoded(Image.effect_noise((300, 300), 80), "PNG")[:40_000],
    "half a WebP": encoded(Image.effect_noise((300, 300), 80), "WEBP")[:9_000],
    "half a HEIC": (GOOD / "IMG_5195.HEIC").read_bytes()[:400_000],
    "a HEIC without its last bytes": (GOOD / "IMG_5195.HEIC").read_bytes()[:-100],
    "the head of a HEIC": (GOOD / "IMG_5195.HEIC").read_bytes()[:64],
    "a HEIC that says that it is none": b"\x00\x00\x00\x18ftypheic" + bytes(60),
}
TOO_MANY_PIXELS = {
    "a PNG of 13,000 by 13,000": png_with_header(13_000, 13_000),
    "a PNG of one pixel too many": png_with_header(MAX_PIXELS + 1, 1),
    "a PNG of a very long row": png_with_header(2**31 - 1, 1)[:500],
}
