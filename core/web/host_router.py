"""The outermost wrapper: which garage, or which of the platform's own sites, a host means.

It stands around the applications because a web framework's own middleware is skipped on its
router's 404 and 405. An unknown host gets a plain 404 that names no garage; there is no default.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from litestar.types import ASGIApp, Receive, Scope, Send

from core.tenancy.context import tenant_scope
from core.tenancy.directory import TenantDirectory
from core.web.access_log import LoggedRequest
from core.web.hosts import host_of
from core.web.readiness import Readiness

log = structlog.get_logger(__name__)

HEALTH_PATH = "/-/health"
"""Whether the process answers, at any host: a constant, so that nobody ends it for a database."""
READY_PATH = "/-/ready"
"""Whether it should be sent requests, at the vendor's own domain alone."""
_NOT_FOUND = (
    b"<!doctype html><html lang=en><meta charset=utf-8>"
    b"<meta name=viewport content='width=device-width'><title>Not found</title>"
    b"<h1>There is nothing at this address</h1>"
    b"<p>Please check the address for typing errors.</p></html>"
)

Lifecycle = Callable[[], Awaitable[None]]


class HostRouter:
    """Sends each request to the garages' application or to a site of the platform."""

    def __init__(
        self,
        *,
        directory: TenantDirectory,
        garage_app: ASGIApp,
        sites: Mapping[str, ASGIApp],
        base_domain: str,
        readiness: Readiness,
        on_start: Lifecycle,
        on_stop: Lifecycle,
    ) -> None:
        self._directory = directory
        self._garage_app = garage_app
        self._sites = dict(sites)
        self._base_domain = base_domain
        self._readiness = readiness
        self._on_start = on_start
        self._on_stop = on_stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        kind: str = scope["type"]
        if kind == "lifespan":
            await self._live(receive, send)
            return
        if scope["path"] == HEALTH_PATH:
            await _answer(scope, send, 200, b"ok", b"text/plain; charset=utf-8")
            return
        if scope["path"] == READY_PATH and host_of(scope) == self._base_domain:
            status, body = await self._readiness.answer()
            await _answer(scope, send, status, body, b"application/json")
            return
        with LoggedRequest(scope, send) as request:
            await self._serve(scope, receive, request.send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = host_of(scope)
        site = self._sites.get(host) if host else None
        if site is not None:
            await site(scope, receive, send)
            return
        tenant = await self._directory.by_host(host) if host else None
        if tenant is None:
            log.info("host.unknown")
            await _answer(scope, send, 404, _NOT_FOUND, b"text/html; charset=utf-8")
            return
        scope.setdefault("state", {})["tenant"] = tenant
        with tenant_scope(tenant):
            await self._garage_app(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            event: str = message["type"]
            if event == "lifespan.startup":
                try:
                    await self._on_start()
                except Exception as error:
                    log.exception("start.failed")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif event == "lifespan.shutdown":
                await self._on_stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _answer(scope: Any, send: Any, status: int, body: bytes, kind: bytes) -> None:
    if scope["type"] != "http":
        return
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": body, "more_body": False})
