"""The portal on the garage's own web site: the snippet's script, and where its frame begins."""

from typing import Any

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response

from core.web import cookies
from core.web.csrf import visitor_of
from core.web.embedding import framing_origins
from core.web.rendering import Page, redirect
from core.web.resources import resources_of
from plugins.self_service_portal.entries import entries
from plugins.self_service_portal.pages import page
from plugins.self_service_portal.settings import NAME

AnyRequest = Request[Any, Any, Any]
SCRIPT = "/embed.js"
_AN_HOUR = {"Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Its address stands in other people's pages, so it never changes; and they may load it."""


@get(SCRIPT, opt={"public": True})
async def embed_script(request: AnyRequest) -> Response[bytes]:
    """What lets the frame be as high as its content."""
    assets = resources_of(request).assets
    asset = assets.find(assets.url(f"{NAME}/embed.js"))
    if asset is None:
        raise NotFoundException
    return Response(asset.body, media_type=asset.content_type, headers=_AN_HOUR)


@get("/{lang:str}/embed/{start:str}", opt={"public": True, "framed": True})
async def embed_start(
    request: AnyRequest, lang: FromPath[str], start: FromPath[str]
) -> Page | Redirect:
    """The frame's first address: on to the entry where the browser keeps our cookies in a frame.
    Where it does not, no form would be taken, so the entry is opened in a window of its own."""
    if start not in {entry.key for entry in entries()}:
        raise NotFoundException
    settings = resources_of(request).settings
    entry = f"/{lang}/{start}"
    is_kept = cookies.cookie_name(settings, cookies.VISITOR) in request.cookies
    if is_kept or not framing_origins(request):
        return redirect(request, entry)
    if "tried" not in request.query_params:
        mark = cookies.our_cookie(settings, cookies.VISITOR, visitor_of(request))
        return redirect(request, f"/{lang}/embed/{start}?tried=yes", cookies_=[mark])
    return page(request, "embed_elsewhere.html", entry=entry, start=start)


HANDLERS = [embed_start]
"""Below a language."""
SCRIPTS = [embed_script]
