"""The outermost wrapper: which garage, or which of the platform's own sites, a host means.

It stands around the applications because a web framework's own middleware is skipped on its
router's 404 and 405. An unknown host gets a plain 404 that names no garage; there is no default.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from litestar.types import ASGIApp, Receive, Scope, Send

from core.tenancy.context import tenant_scope
from core.tenancy.directory import TenantDirectory

log = structlog.get_logger(__name__)

HEALTH_PATH = "/-/health"
_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
_NOT_FOUND = (
    b"<!doctype html><html lang=en><meta charset=utf-8>"
    b"<meta name=viewport content='width=device-width'><title>Not found</title>"
    b"<h1>There is nothing at this address</h1>"
    b"<p>Please check the address for typing errors.</p></html>"
)

Lifecycle = Callable[[], Awaitable[None]]


def host_of(scope: Scope) -> str | None:
    """The host that was asked for: lower case, without port and trailing dot; None if the
    header is missing, given twice or not a host name."""
    values = [value for name, value in scope["headers"] if name == b"host"]
    if len(values) != 1:
        return None
    host = values[0].decode("latin-1").lower()
    host, _, port = host.partition(":")
    host = host.removesuffix(".")
    if (port and not port.isdigit()) or not _HOST.fullmatch(host):
        return None
    return host


class HostRouter:
    """Sends each request to the garages' application or to a site of the platform."""

    def __init__(
        self,
        *,
        directory: TenantDirectory,
        garage_app: ASGIApp,
        sites: Mapping[str, ASGIApp],
        on_start: Lifecycle,
        on_stop: Lifecycle,
    ) -> None:
        self._directory = directory
        self._garage_app = garage_app
        self._sites = dict(sites)
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
