"""One log line per request, and an id that the request's other lines and its answer carry.

The line has the route and never the path: a path may hold the secret of a link. It has no address
and no person either.
"""

import secrets
import time
from types import TracebackType
from typing import Any, Self

import structlog
from litestar.types import Message, Scope, Send

log = structlog.get_logger(__name__)

HEADER = b"x-request-id"
NO_ROUTE = "-"
"""Of what no route answers: an unknown address, or an unknown host."""


def route_of(scope: Scope) -> str:
    """The route that a request matched, with the names of its parameters in place of values."""
    return str(dict(scope).get("path_template") or NO_ROUTE)


class LoggedRequest:
    """While it is open, every log line names the request; the last one says how it ended."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.id = secrets.token_hex(8)
        self._scope = scope
        self._send = send
        self._status = 0
        self._began = time.perf_counter()

    async def send(self, message: Message) -> None:
        """Send a part of the answer on, the id with its head."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = [*message.get("headers", ()), (HEADER, self.id.encode())]
        await self._send(message)

    def __enter__(self) -> Self:
        self._tokens = structlog.contextvars.bind_contextvars(request=self.id)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        scope: dict[str, Any] = dict(self._scope)
        tenant = scope.get("state", {}).get("tenant")
        log.info(
            "request.done",
            method=scope.get("method"),
            route=route_of(self._scope),
            status=self._status,
            ms=round((time.perf_counter() - self._began) * 1000, 1),
            garage=tenant.slug if tenant is not None else None,
        )
        structlog.contextvars.reset_contextvars(**self._tokens)
