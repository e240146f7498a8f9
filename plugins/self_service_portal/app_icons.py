"""The portal as an app on a phone: its icons, drawn from the garage's logo or its initials."""

import hashlib
import unicodedata
from functools import lru_cache
from io import BytesIO
from uuid import UUID

from PIL import Image, ImageDraw, ImageFont

from core.tenancy.context import current_tenant
from core.web.colours import ink_on
from core.web.site_look import InstallableApp
from plugins.self_service_portal.look import current_look

ICON_PATH = "/portal/icon"
WORKER = "/service-worker.js"
KINDS = {"192": 192, "512": 512, "maskable": 512}
"""Kind → pixels. Of a maskable one phones may cut off all but a circle of four fifths."""
_SHARE_OF_LOGO = {"192": 0.84, "512": 0.84, "maskable": 0.56}
_SHARE_OF_LETTERS = {"192": 0.46, "512": 0.46, "maskable": 0.36}
_CORNER = 0.18
_SMOOTH = 4
_DRAWING = "1"
"""To be counted up when icons are drawn another way: their addresses are for ever."""
_REMEMBERED = 128


def app_of(language: str) -> InstallableApp:
    """The portal in that language as an app."""
    return InstallableApp(
        manifest_url=f"/{language}/app.webmanifest",
        icon_url=icon_path("192"),
        worker_url=WORKER,
        scope=f"/{language}",
    )


def icon_path(kind: str) -> str:
    """The address of an icon, which another picture never has."""
    return f"{ICON_PATH}/{_digest()}-{kind}.png"


def kind_of(file_name: str) -> str | None:
    """Which of :data:`KINDS` that is; None where it is not one of the garage's icons now."""
    return next((kind for kind in KINDS if icon_path(kind) == f"{ICON_PATH}/{file_name}"), None)


def draw_icon(kind: str, colour: str, logo: bytes | None, name: str, tenant_id: UUID) -> bytes:
    """The icon as PNG. The last ones are remembered, each garage's apart."""
    return _drawn(kind, colour, logo, _initials(name), tenant_id)


@lru_cache(maxsize=_REMEMBERED)
def _drawn(
    kind: str,
    colour: str,
    logo: bytes | None,
    letters: str,
    _tenant_id: UUID,
) -> bytes:
    size = KINDS[kind]
    picture = Image.new("RGBA", (size, size), colour if logo is None else "#ffffff")
    canvas = ImageDraw.Draw(picture)
    if logo is not None:
        _put_logo(picture, logo, round(size * _SHARE_OF_LOGO[kind]))
    else:
        font = ImageFont.load_default(round(size * _SHARE_OF_LETTERS[kind]))
        middle = (size / 2, size / 2)
        canvas.text(middle, letters, fill=ink_on(colour), font=font, anchor="mm")
    if kind != "maskable":
        picture.putalpha(_rounded(size))
    out = BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _rounded(size: int) -> Image.Image:
    """What is seen of a square with round corners; drawn large and shrunk, so that they are
    smooth."""
    large = size * _SMOOTH
    mask = Image.new("L", (large, large))
    canvas = ImageDraw.Draw(mask)
    canvas.rounded_rectangle((0, 0, large - 1, large - 1), round(large * _CORNER), fill=255)
    return mask.resize((size, size), Image.Resampling.LANCZOS)


def _put_logo(picture: Image.Image, body: bytes, widest: int) -> None:
    """Our own drawing of the logo, in the middle."""
    with Image.open(BytesIO(body), formats=("WEBP", "JPEG")) as opened:
        logo = opened.convert("RGBA")
    share = widest / max(logo.size)
    width, height = (max(1, round(side * share)) for side in logo.size)
    logo = logo.resize((width, height), Image.Resampling.LANCZOS)
    corner = ((picture.width - width) // 2, (picture.height - height) // 2)
    picture.alpha_composite(logo, corner)


def _initials(name: str) -> str:
    """Of the first two words, in letters that the built-in font has."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = ["".join(filter(str.isalnum, word)) for word in plain.split()]
    return "".join(word[0] for word in words if word)[:2].upper() or "+"


def _digest() -> str:
    look = current_look()
    letters, logo = _initials(current_tenant().name), look.logo
    parts = (_DRAWING, look.colours()[0], letters, logo.sha256 if logo else "")
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]
