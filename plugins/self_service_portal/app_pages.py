"""The portal as an app: its manifest, its icons, its service worker and the page without a
connection.

The worker keeps static files and that one page, nothing about anybody. Where the portal is
switched off it is a 404 like everything else, and a worker that finds that out removes itself.
"""

import asyncio
import hashlib
import json
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage import storage
from core.tenancy.context import current_tenant
from core.web.rendering import Page
from core.web.resources import resources_of
from plugins.self_service_portal.app_icons import (
    KINDS,
    WORKER,
    draw_icon,
    icon_path,
    kind_of,
)
from plugins.self_service_portal.entries import entries
from plugins.self_service_portal.look import Look, current_look, look_scope
from plugins.self_service_portal.look_services import look_of
from plugins.self_service_portal.pages import page
from plugins.self_service_portal.settings import NAME

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
_OPT = {"public": True}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_FRESH = {"Cache-Control": "no-cache"}
_KEPT = ("core/app.css", "core/app.js", "core/icons.svg", "core/favicon.svg")
_BACKGROUND = "#f4f6f9"


@get("/{lang:str}/app.webmanifest", opt=_OPT)
async def manifest(lang: FromPath[str]) -> Response[str]:
    """How a phone shows it (W3C Web Application Manifest)."""
    tenant = current_tenant()
    told = {
        "id": "/",
        "name": tenant.name,
        "lang": lang,
        "dir": "ltr",
        "start_url": f"/{lang}",
        "scope": "/",
        "display": "standalone",
        "theme_color": current_look().colours()[0],
        "background_color": _BACKGROUND,
        "icons": [_icon(kind, pixels) for kind, pixels in KINDS.items()],
        "shortcuts": [{"name": each.label, "url": f"/{lang}/{each.key}"} for each in entries()],
    }
    body = json.dumps(told, ensure_ascii=False)
    return Response(body, media_type="application/manifest+json", headers=_FRESH)


@get("/{lang:str}/offline", opt=_OPT)
async def offline(request: AnyRequest) -> Page:
    """What does not work without a connection, and how to reach the garage all the same."""
    return page(request, "offline.html")


@get("/portal/icon/{icon_name:str}", opt=_OPT)
async def icon(session: Session, icon_name: FromPath[str]) -> Response[bytes]:
    """An icon, under a name that only this picture has."""
    tenant = current_tenant()
    with look_scope(await look_of(session)) as look:
        kind = kind_of(icon_name)
        if kind is None:
            raise NotFoundException
        logo = await storage().get_bytes(tenant.id, look.logo.key) if look.logo else None
        colour, _accent = look.colours()
    body = await asyncio.to_thread(draw_icon, kind, colour, logo, tenant.name, tenant.id)
    return Response(body, media_type="image/png", headers=_FOR_EVER)


@get(WORKER, opt=_OPT)
async def service_worker(request: AnyRequest, session: Session) -> Response[str]:
    """The worker, with the addresses of what it keeps now."""
    setup = _setup(request, await look_of(session))
    template = resources_of(request).templates.get_template(f"{NAME}/app/service-worker.js")
    return Response(template.render(setup=setup), media_type="text/javascript", headers=_FRESH)


def _setup(request: AnyRequest, look: Look) -> dict[str, Any]:
    tenant, dress = current_tenant(), look.dress()
    assets = [resources_of(request).assets.url(name) for name in _KEPT] + [dress.theme_url]
    if dress.logo:
        assets.append(dress.logo.url)
    # What the page says must be part of it: a changed phone number is a new worker.
    said = (assets, tenant.name, tenant.phone, tenant.email, tenant.address, tenant.languages)
    version = hashlib.sha256(repr(said).encode()).hexdigest()[:12]
    return {"version": version, "assets": assets}


def _icon(kind: str, pixels: int) -> dict[str, str]:
    purpose = "maskable" if kind == "maskable" else "any"
    size = f"{pixels}x{pixels}"
    return {"src": icon_path(kind), "sizes": size, "type": "image/png", "purpose": purpose}


HANDLERS = [manifest, offline]
"""Below a language."""
SCRIPTS = [icon, service_worker]
