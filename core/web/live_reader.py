"""The one in a web process who looks at marks for all of its open pages.

Twice a second, in one round trip, whatever the number of pages; and not at all while nobody waits.
"""

import asyncio
import signal
import threading
from collections import Counter
from collections.abc import Sequence
from types import FrameType
from typing import Any
from uuid import UUID

from core.workshop.notifications.live import LiveMarks

LOOK_SECONDS = 0.5
DOWN = "down"
"""In place of a mark while Redis does not answer."""


class LiveReader:
    """Looks for everybody in this process, and stops looking when nobody waits."""

    def __init__(self, marks: LiveMarks) -> None:
        self._marks = marks
        self._wanted: Counter[tuple[UUID, str]] = Counter()
        self._seen: dict[tuple[UUID, str], str] = {}
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.open: Counter[tuple[UUID, object]] = Counter()
        self._is_closing = False

    async def now(self, tenant_id: UUID, topics: Sequence[str]) -> str:
        """The topics' marks as one text, freshly read; `down` while Redis is."""
        keys = [(tenant_id, topic) for topic in topics]
        found = await self._marks.look(keys)
        if found is None:
            return DOWN
        self._note({**self._seen, **dict(zip(keys, found, strict=True))})
        return ".".join(found)

    async def changed(self, tenant_id: UUID, topics: Sequence[str], seen: str) -> str:
        """Wait until the topics' marks are others than `seen`."""
        keys = [(tenant_id, topic) for topic in topics]
        self._wanted.update(keys)
        try:
            self._start()
            while not self._is_closing and self._text(keys, seen) == seen:
                await self._news.wait()
            return self._text(keys, seen)
        finally:
            self._wanted.subtract(keys)
            self._wanted += Counter()

    def has_stopped(self) -> bool:
        """Whether the process ends."""
        return self._is_closing

    def stop(self) -> None:
        """The process ends: let every stream end too."""
        self._is_closing = True
        self._wake()
        if self._task is not None:
            self._task.cancel()

    def stop_with_the_process(self) -> None:
        """Stop at the signal that ends a server process: it waits for open connections before it
        says anything to the application. What the server itself does at that signal is done too.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.getsignal(number)

            def stop(number: int, frame: FrameType | None, before: Any = before) -> None:
                loop.call_soon_threadsafe(self.stop)
                if callable(before):
                    before(number, frame)

            signal.signal(number, stop)

    def _note(self, seen: dict[tuple[UUID, str], str]) -> None:
        if seen != self._seen:
            self._seen = seen
            self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _text(self, keys: Sequence[tuple[UUID, str]], otherwise: str) -> str:
        marks = [self._seen.get(key) for key in keys]
        if any(mark == DOWN for mark in marks):
            return DOWN
        known = [mark for mark in marks if mark is not None]
        return ".".join(known) if len(known) == len(marks) else otherwise

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        while self._wanted and not self._is_closing:
            keys = list(self._wanted)
            found = await self._marks.look(keys)
            fresh = found if found is not None else [DOWN] * len(keys)
            self._note(dict(zip(keys, fresh, strict=True)))
            await asyncio.sleep(LOOK_SECONDS)
        self._seen = {}
