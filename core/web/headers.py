"""Security headers on every response, error pages included."""

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from core.web.hosts import host_of

_DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
POLICY = "content-security-policy"


def policy_with(**directives: str) -> str:
    """The policy of all pages with some of its lines another way: `frame_src="'self'"` for a
    page that shows one of our own pages in a frame."""
    named = {name.replace("_", "-"): value for name, value in directives.items()}
    return "; ".join(f"{name} {value}" for name, value in {**_DIRECTIVES, **named}.items())


CONTENT_SECURITY_POLICY = policy_with()
HEADERS = {
    POLICY: CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
}
_STRICT_TRANSPORT = "strict-transport-security"
STRICT_TRANSPORT = "max-age=31536000"
STRICT_TRANSPORT_BELOW = f"{STRICT_TRANSPORT}; includeSubDomains"
"""For the vendor's own domain. Below a garage's own domain there may be sites of others."""


class SecurityHeaders:
    """Wraps an application; a header that a handler set itself is kept. Search engines may list
    only what says so itself."""

    def __init__(self, app: ASGIApp, *, strict_below: str | None = None) -> None:
        """Around an application. `strict_below` is the vendor's domain where browsers come by
        HTTPS alone; None leaves that out."""
        self._app = app
        self._strict_below = strict_below
        self._headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _value in given}
                wished = [*self._headers, *self._strict(scope)]
                if message["status"] < 300:
                    wished.append((b"x-robots-tag", b"noindex"))
                message["headers"] = [
                    *given,
                    *(header for header in wished if header[0] not in names),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _strict(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        if self._strict_below is None:
            return []
        host = host_of(scope) or ""
        is_ours = f".{host}".endswith(f".{self._strict_below}")
        value = STRICT_TRANSPORT_BELOW if is_ours else STRICT_TRANSPORT
        return [(_STRICT_TRANSPORT.encode(), value.encode())]
