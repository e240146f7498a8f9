"""A small load generator: keep-alive connections that each ask again as soon as they are answered.

It parses no more of HTTP than it needs, so that on a shared machine it takes little from the
server that is measured.
"""

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WARM_SECONDS = 1.0


class WrongAnswer(Exception):
    """A server answered something else than 200."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for, in turns: whole requests, ready to be written."""

    port: int
    requests: tuple[bytes, ...]


@dataclass(slots=True)
class Round:
    """What one round measured; latencies in seconds, `longest` in bytes of a body."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    longest: int = 0

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """Such as 0.99: the latency that so many did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def get(host: str, path: str, headers: Mapping[str, str] | None = None) -> bytes:
    """A GET as it goes over the wire."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: Sequence[bytes], first: int, until: float) -> None:
        self._requests = requests
        self._next = first
        self._until = until
        self._waiting_for = 0
        self.longest = 0
        self._head = b""
        self._asked_at = 0.0
        self.latencies: list[float] = []
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        if time.perf_counter() >= self._until:
            self._transport.close()
            return
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1
        self._asked_at = time.perf_counter()

    def data_received(self, data: bytes) -> None:
        if self._waiting_for == 0:
            self._head += data
            head, separator, rest = self._head.partition(b"\r\n\r\n")
            if not separator:
                return
            self._head = b""
            if not head.startswith(b"HTTP/1.1 200"):
                self.ended.set_exception(WrongAnswer(head.decode(errors="replace")[:500]))
                self._transport.close()
                return
            self._waiting_for = _length_of(head)
            self.longest = max(self.longest, self._waiting_for)
            data = rest
        self._waiting_for -= len(data)
        if self._waiting_for == 0:
            self.latencies.append(time.perf_counter() - self._asked_at)
            self._ask()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def _length_of(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _colon, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise WrongAnswer("an answer without a length")


async def press(target: Target, *, connections: int, seconds: float) -> Round:
    """Ask for so many seconds over so many connections."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    clients = []
    for number in range(connections):
        _transport, client = await loop.create_connection(
            lambda number=number: _Client(target.requests, number, began + seconds),  # type: ignore[misc]
            "127.0.0.1",
            target.port,
        )
        clients.append(client)
    await asyncio.gather(*(client.ended for client in clients))
    found = Round(time.perf_counter() - began)
    for client in clients:
        found.latencies += client.latencies
        found.longest = max(found.longest, client.longest)
    return found


async def press_once(target: Target) -> bytes:
    """The body of one answer.

    Raises:
        WrongAnswer: it is not a 200.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        writer.write(target.requests[0])
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise WrongAnswer(head.decode(errors="replace")[:500])
        return await reader.readexactly(_length_of(head))
    finally:
        writer.close()
        await writer.wait_closed()


async def interleaved(
    targets: Mapping[str, Target], *, rounds: int, seconds: float, connections: int
) -> dict[str, list[Round]]:
    """Each target in turn, so many times over: what the machine does meanwhile hits all alike. Each
    is asked for a while before it is measured, as it slept while the others were."""
    found: dict[str, list[Round]] = {name: [] for name in targets}
    for _round in range(rounds):
        for name, target in targets.items():
            await press(target, connections=connections, seconds=min(WARM_SECONDS, seconds))
            found[name].append(await press(target, connections=connections, seconds=seconds))
    return found


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)
