"""Whether this process should be sent requests: for a load balancer, at the vendor's own domain.

It says of each thing that it answers or not, and nothing else, so anybody may read it.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from core.memory import AskedOnce

log = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[bool]]
KEPT_SECONDS = 1.0
"""Whoever asks more often is answered the same, so asking costs PostgreSQL next to nothing."""
LONGEST_SECONDS = 2.0


class Readiness:
    """What must answer, what is only told, and whether the process is about to end."""

    def __init__(
        self,
        needed: Mapping[str, Check],
        told: Mapping[str, Check],
        is_ending: Callable[[], bool],
    ) -> None:
        self._needed = set(needed)
        self._checks = {**needed, **told}
        self._is_ending = is_ending
        self._answers: dict[str, bool] = {}
        self._looked_at = float("-inf")
        self._looking: AskedOnce[str, None] = AskedOnce()

    async def answer(self) -> tuple[int, bytes]:
        """The status, and what is said in JSON."""
        if time.monotonic() - self._looked_at >= KEPT_SECONDS:
            await self._looking.answer("", self._look)
        ending = self._is_ending()
        is_ready = not ending and all(self._answers[name] for name in self._needed)
        said: dict[str, bool | str] = {
            name: "ok" if is_ok else "down" for name, is_ok in self._answers.items()
        }
        body = json.dumps({"ready": is_ready, "ending": ending, **said})
        return (200 if is_ready else 503), body.encode()

    async def _look(self) -> None:
        found = await asyncio.gather(*(self._ask(name) for name in self._checks))
        self._answers = dict(zip(self._checks, found, strict=True))
        self._looked_at = time.monotonic()

    async def _ask(self, name: str) -> bool:
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await self._checks[name]()
        except Exception:
            # Whatever goes wrong, the answer is that it does not answer; the cause is in the log.
            log.warning("readiness.down", check=name, exc_info=True)
            return False
