"""What a process remembers for a while, within so many bytes, and what it is about to know."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ENTRY_BYTES = 400
"""What an entry takes beside its value: its key, and its place."""


class Memory(Generic[K, V]):
    """Keys are compared whole, so nothing is ever taken for something else. What was used longest
    ago is forgotten first. Whoever puts a garage's thing in puts the garage into its key."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """What was put in under that key, unless it is forgotten."""
        found = self._entries.get(key)
        if found is None:
            return None
        self._entries.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Remember a value of about `size` bytes; one that is larger than the memory is not."""
        self.forget(key)
        size += ENTRY_BYTES
        if size > self._most_bytes:
            return
        self._entries[key] = (value, size)
        self.bytes += size
        while self.bytes > self._most_bytes:
            _key, (_value, freed) = self._entries.popitem(last=False)
            self.bytes -= freed

    def forget(self, key: K) -> None:
        """Forget what is there under that key, if anything is."""
        found = self._entries.pop(key, None)
        if found is not None:
            self.bytes -= found[1]


class AskedOnce(Generic[K, V]):
    """Those who ask for the same thing at the same time wait for one answer."""

    def __init__(self) -> None:
        self._under_way: dict[K, asyncio.Future[V]] = {}

    async def answer(self, key: K, ask: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """What `ask()` answers, or what somebody is being answered already. Who stops waiting
        stops nobody else."""
        pending = self._under_way.get(key)
        if pending is None:
            pending = asyncio.ensure_future(ask())
            self._under_way[key] = pending
            pending.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(pending)
