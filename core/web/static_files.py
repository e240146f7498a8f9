"""Serving static files and the garage's colours."""

import re
from typing import Any

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from core.web.assets import CORE, URL_PREFIX
from core.web.resources import resources_of, tenant_of

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_COLOUR = re.compile(r"[0-9a-f]{6}")
_LUMINANCE_OF_HALF = 0.4
AnyRequest = Request[Any, Any, Any]


@get(f"{URL_PREFIX}{{path:path}}", opt={"public": True})
async def static_file(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:
    """A file under its hashed name. A plugin's files exist only where the plugin is on."""
    asset = resources_of(request).assets.find(f"{URL_PREFIX.rstrip('/')}{path}")
    if asset is None or not _may_see(request, asset.owner):
        raise NotFoundException
    return Response(asset.body, media_type=asset.content_type, headers=_FOR_EVER)


@get("/theme/{name:str}", opt={"public": True})
async def theme(name: FromPath[str]) -> Response[str]:
    """`<six hex digits>.css`: a colour as custom properties, with an ink to be read on it."""
    colour = name.removesuffix(".css")
    if name == colour or not _COLOUR.fullmatch(colour.lower()):
        raise NotFoundException
    ink = "#ffffff" if _luminance(colour) < _LUMINANCE_OF_HALF else "#10151c"
    css = f"@layer tenant{{:root{{--brand:#{colour.lower()};--brand-ink:{ink}}}}}\n"
    return Response(css, media_type="text/css; charset=utf-8", headers=_FOR_EVER)


def _may_see(request: AnyRequest, owner: str) -> bool:
    return owner == CORE or (
        "tenant" in request.scope["state"] and tenant_of(request).has_plugin(owner)
    )


def _luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""

    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(colour[start : start + 2]) for start in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
