"""Pages that follow what happens: server-sent events from the marks that changes leave behind.

An open page costs a timer and no database connection. A stream ends by itself when its
login ends, when its plugin is switched off, and after ten minutes at the latest, after which the
browser comes back with the last mark that it saw.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException
from litestar.response import Response, ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from core.web.live_reader import DOWN, LiveReader
from core.web.resources import resources_of, tenant_of
from core.web.viewer import find_viewer, load_viewer

AnyRequest = Request[Any, Any, Any]
HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 600.0
COME_BACK_MILLISECONDS = 3000
MOST_PER_PERSON = 8
MOST_PER_GARAGE = 120
"""Open streams in one web process. Browsers close theirs while a page is hidden."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class TooManyStreams(HTTPException):
    """The person, or the garage, has as many pages open as one process serves."""

    status_code = 429


@dataclass(frozen=True, slots=True)
class _Listener:
    """One open page."""

    request: AnyRequest
    reader: LiveReader
    topics: tuple[str, ...]
    plugin: str | None

    async def events(self) -> AsyncIterator[ServerSentEventMessage]:
        """`change` with the new mark as id, `down` while nobody can know, comments as heartbeat."""
        tenant = tenant_of(self.request)
        began = time.monotonic()
        seen = await self.reader.now(tenant.id, self.topics)
        last = self.request.headers.get("last-event-id") or self.request.query_params.get("seen")
        missed = last is not None and last != seen
        yield _message("change" if missed else "hello", seen)
        while time.monotonic() - began < LONGEST_SECONDS and not self.reader.has_stopped():
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    fresh = await self.reader.changed(tenant.id, self.topics, seen)
            except TimeoutError:
                fresh = seen
            if self.reader.has_stopped():
                return
            if not await self._may_still():
                yield _message("end", seen)
                return
            if fresh == seen:
                yield ServerSentEventMessage(data=None, comment="")
                continue
            seen = fresh
            yield _message("change", seen)

    async def _may_still(self) -> bool:
        """Whether the login is open and the plugin on, asked afresh."""
        tenant = await resources_of(self.request).directory.by_id(tenant_of(self.request).id)
        if tenant is None or (self.plugin is not None and not tenant.has_plugin(self.plugin)):
            return False
        return await find_viewer(self.request) is not None


async def mark_of(request: AnyRequest, *topics: str) -> str:
    """For the `data-seen` of a page that follows `topics`: asked for before anything that it shows
    is read, so that what happens until its stream is there is told by that stream."""
    return await _reader_of(request).now(tenant_of(request).id, topics)


async def stream(request: AnyRequest, *topics: str) -> Response[Any]:
    """What a handler of `/…/events` answers: a stream that says when one of `topics` changed.

    The handler has a guard, as any page, and no `session`: that would stay open with the stream.
    Who does not ask for a stream gets the current mark as text, to compare with a later one.

    Raises:
        TooManyStreams: as it says.
    """
    reader = _reader_of(request)
    if "text/event-stream" not in request.headers.get("accept", ""):
        mark = await mark_of(request, *topics)
        return Response(mark, media_type="text/plain", headers=_HEADERS)
    viewer = await load_viewer(request)
    tenant_id = tenant_of(request).id
    person = (tenant_id, viewer.staff_id or viewer.name if viewer else "")
    garage = (tenant_id, None)

    def is_full() -> bool:
        return reader.open[person] >= MOST_PER_PERSON or reader.open[garage] >= MOST_PER_GARAGE

    if is_full():
        raise TooManyStreams
    plugin = request.route_handler.opt.get("plugin")
    listener = _Listener(request, reader, topics, plugin)

    async def counted() -> AsyncIterator[ServerSentEventMessage]:
        if is_full():  # of those asked for at the same moment; it comes back, and is then refused
            yield _message("change", DOWN)
            return
        reader.open.update((person, garage))
        try:
            async for event in listener.events():
                yield event
        finally:
            reader.open.subtract((person, garage))
            reader.open += Counter()

    return ServerSentEvent(counted(), headers=_HEADERS, retry_duration=COME_BACK_MILLISECONDS)


def _reader_of(request: AnyRequest) -> LiveReader:
    reader: LiveReader = resources_of(request).live
    return reader


def _message(event: str, mark: str) -> ServerSentEventMessage:
    name = DOWN if mark == DOWN and event != "end" else event
    return ServerSentEventMessage(data=mark, event=name, id=None if mark == DOWN else mark)
