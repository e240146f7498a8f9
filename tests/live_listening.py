"""Listening to a stream of server-sent events, in the process itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from core.web.host_router import HostRouter
from tests.garages import Browser

LONGEST_SECONDS = 10.0


@dataclass(slots=True)
class Listening:
    """What a stream has said so far; comments are left out."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    events: asyncio.Queue[tuple[str, str]] = field(default_factory=asyncio.Queue)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self, seconds: float = LONGEST_SECONDS) -> tuple[str, str]:
        """(event, mark) of the next event."""
        async with asyncio.timeout(seconds):
            return await self.events.get()

    async def silence(self, seconds: float) -> bool:
        """Whether nothing was said for so long."""
        try:
            await self.next(seconds)
        except TimeoutError:
            return True
        return False

    async def ended(self) -> None:
        """Wait until the server has ended it."""
        async with asyncio.timeout(LONGEST_SECONDS):
            await self.has_ended.wait()


@asynccontextmanager
async def listening(
    browser: Browser, path: str, *, last: str | None = None
) -> AsyncIterator[Listening]:
    """Open a stream as EventSource does, and leave at the end of the block."""
    heard, leave = Listening(), asyncio.Event()
    task = asyncio.create_task(_listen(browser, path, last, heard, leave))
    async with asyncio.timeout(LONGEST_SECONDS):
        await heard.began.wait()
    try:
        yield heard
    finally:
        leave.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.shield(task)
        if not task.done():
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _listen(
    browser: Browser, path: str, last: str | None, heard: Listening, leave: asyncio.Event
) -> None:
    app: HostRouter = browser._transport.app  # type: ignore[attr-defined]  # noqa: SLF001 - it is inside
    request = browser.build_request(
        "GET", path, headers={"Accept": "text/event-stream", "Accept-Encoding": "identity"}
    )
    headers = [(name.lower(), value) for name, value in request.headers.raw]
    if last is not None:
        headers.append((b"last-event-id", last.encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "root_path": "",
        "query_string": request.url.query,
        "headers": headers,
        "client": ("127.0.0.1", 50_000),
        "server": (browser.base_url.host, 443),
    }
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await leave.wait()
        return {"type": "http.disconnect"}

    text = ""

    async def send(message: Any) -> None:
        nonlocal text
        if message["type"] == "http.response.start":
            heard.status = message["status"]
            heard.headers = {
                name.decode().lower(): value.decode() for name, value in message["headers"]
            }
            heard.began.set()
            return
        if not message.get("more_body", False):
            heard.has_ended.set()
        text += message.get("body", b"").decode().replace("\r\n", "\n")
        *blocks, text = text.split("\n\n")
        for block in blocks:
            fields = dict(
                line.split(": ", 1)
                for line in block.split("\n")
                if ": " in line and not line.startswith(":")
            )
            if "event" in fields:
                heard.events.put_nowait((fields["event"], fields.get("data", "")))

    await app(scope, receive, send)  # type: ignore[arg-type]  # a scope of our own
