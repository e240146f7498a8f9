"""Smaller answers for browsers that read gzip: pages, style sheets, scripts, CSV.

A page with a secret in it must not tell by its size what the secret is (BREACH, 2013): the form
token is another text on each page (:func:`core.web.csrf.masked_token`), and each answer is longer
by a random number of bytes, in a field of the gzip header that nobody reads (RFC 1952: a name).
Pictures are compressed already and pass as they are.
"""

import secrets
import zlib

from litestar.datastructures import MutableScopeHeaders
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

LEVEL = 6
SMALLEST_BYTES = 500
"""What is smaller than this fits one packet as it is."""
MOST_PADDING = 64
_KINDS = ("text/", "image/svg+xml", "application/json", "application/manifest+json")
_NAMED = 0x08


class Compression:
    """Wraps an application; an answer that has an encoding already is kept as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        kind: str = scope["type"]
        if kind != "http":
            await self._app(scope, receive, send)
            return
        accepts = reads_gzip(dict(scope["headers"]).get(b"accept-encoding", b"").decode("latin-1"))
        answer = _Answer(send, compresses=accepts, is_head=scope.get("method") == "HEAD")
        await self._app(scope, receive, answer)


class _Answer:
    """One answer on its way out."""

    def __init__(self, send: Send, *, compresses: bool, is_head: bool) -> None:
        self._send = send
        self._compresses = compresses
        self._is_head = is_head
        self._start: HTTPResponseStartEvent | None = None
        self._deflate: zlib._Compress | None = None
        self._size = 0
        self._checksum = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            await self._body(message.get("body", b""), is_more=message.get("more_body", False))
        else:
            await self._send(message)

    async def _body(self, body: bytes, *, is_more: bool) -> None:
        if self._start is not None:
            await self._begin(self._start, len(body), is_more=is_more)
            self._start = None
            if self._deflate is not None:
                body = _header() + self._packed(body, is_more=is_more)
        elif self._deflate is not None:
            body = self._packed(body, is_more=is_more)
        await self._send({"type": "http.response.body", "body": body, "more_body": is_more})

    async def _begin(self, start: HTTPResponseStartEvent, size: int, *, is_more: bool) -> None:
        headers = MutableScopeHeaders.from_message(start)
        if _is_compressible(headers):
            _vary(headers)
            if self._is_head:  # the same head as that of the page, whose body is left out
                size = int(headers.get("content-length", "0"))
            if self._compresses and (is_more or size >= SMALLEST_BYTES):
                headers["content-encoding"] = "gzip"
                if "content-length" in headers:
                    del headers["content-length"]
                if not self._is_head:
                    self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        await self._send(start)

    def _packed(self, body: bytes, *, is_more: bool) -> bytes:
        """A part of the stream; each is complete in itself, so that a browser can show it."""
        if self._deflate is None:
            raise RuntimeError("no stream was begun")
        self._checksum = zlib.crc32(body, self._checksum)
        self._size += len(body)
        packed = self._deflate.compress(body)
        if is_more:
            return packed + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        end = self._checksum.to_bytes(4, "little") + (self._size & 0xFFFFFFFF).to_bytes(4, "little")
        return packed + self._deflate.flush() + end


def reads_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header names gzip, and not with weight 0."""
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _header() -> bytes:
    """The gzip header with a name of random length."""
    name = b"x" * secrets.randbelow(MOST_PADDING)
    return bytes([0x1F, 0x8B, 8, _NAMED, 0, 0, 0, 0, 0, 255]) + name + b"\x00"


def _is_compressible(headers: MutableScopeHeaders) -> bool:
    kind = headers.get("content-type", "")
    if kind.startswith("text/event-stream"):
        return False  # its head must go out before there is anything to compress
    return kind.startswith(_KINDS) and "content-encoding" not in headers


def _vary(headers: MutableScopeHeaders) -> None:
    known = headers.get("vary", "")
    if "accept-encoding" not in known.lower():
        headers["vary"] = f"{known}, Accept-Encoding" if known else "Accept-Encoding"
