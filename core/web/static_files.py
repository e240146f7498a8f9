"""Serving static files and the garage's colours."""

import re
from typing import Any

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from core.web.assets import CORE, URL_PREFIX
from core.web.colours import theme_of
from core.web.compression import reads_gzip
from core.web.resources import resources_of, tenant_of

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_THEME = re.compile(r"([0-9a-f]{6})(?:-([0-9a-f]{6}))?\.css")
AnyRequest = Request[Any, Any, Any]


@get(f"{URL_PREFIX}{{path:path}}", opt={"public": True})
async def static_file(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:
    """A file under its hashed name. A plugin's files exist only where the plugin is on."""
    asset = resources_of(request).assets.find(f"{URL_PREFIX.rstrip('/')}{path}")
    if asset is None or not _may_see(request, asset.owner):
        raise NotFoundException
    headers = dict(_FOR_EVER)
    body = asset.body
    if asset.gzipped is not None:
        headers["Vary"] = "Accept-Encoding"
        if reads_gzip(request.headers.get("accept-encoding", "")):
            headers["Content-Encoding"] = "gzip"
            body = asset.gzipped
    return Response(body, media_type=asset.content_type, headers=headers)


@get("/theme/{name:str}", opt={"public": True})
async def theme(name: FromPath[str]) -> Response[str]:
    """`<six hex digits>.css`: a colour as custom properties. A second one after a dash is the
    colour of buttons and links."""
    named = _THEME.fullmatch(name.lower())
    if named is None:
        raise NotFoundException
    brand, accent = named.groups()
    css = theme_of(f"#{brand}", f"#{accent}" if accent else None)
    return Response(css, media_type="text/css", headers=_FOR_EVER)


def _may_see(request: AnyRequest, owner: str) -> bool:
    return owner == CORE or (
        "tenant" in request.scope["state"] and tenant_of(request).has_plugin(owner)
    )
