"""Whether the time of an answer tells which part of a guess was wrong.

    python -m bench.guesses --data-dir .bench/guesses

Asks the application, in this process and one request after the other so that nothing else is in the
times, for a repair's status with four kinds of wrong pairs in turns: neither plate nor number exists,
the plate does, the number does, and both do in another garage. Prints the quartiles of each kind and
how often an answer of that kind took longer than one where neither exists: one half is what chance
gives. Each guess has an address of its own and a plate that is guessed at once, so that no limit is
near.
"""

import argparse
import asyncio
import gc
import random
import re
import secrets
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg
import httpx

from bench.generate import Plan, generate
from bench.places import BASE_DOMAIN, Place, running
from core.app import app_of
from core.house import open_house
from core.web.host_router import HostRouter

EACH = 300
"""Guesses of each kind: four times that many in an hour are fewer than half of a garage's limit."""
NEITHER = "neither exists"
_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')
_PAIRS = "select plate, public_number from jobs where tenant_id = $1 order by id limit $2"
Pair = tuple[str, str]


async def pairs_of(place: Place, tenant_id: str, each: int) -> list[Pair]:
    """Plates of a garage, and the number that belongs to each."""
    admin = await asyncpg.connect(place.admin_url)
    try:
        rows = await admin.fetch(_PAIRS, tenant_id, each)
    finally:
        await admin.close()
    return [(row["plate"], row["public_number"]) for row in rows]


def kinds(own: Sequence[Pair], other: Sequence[Pair]) -> Mapping[str, list[Pair]]:
    """Kind → as many wrong pairs as there are right ones."""
    made_up = [(f"9-ZZZ-{n:03}", secrets.token_hex(5)[:9].upper()) for n in range(len(own))]
    return {
        NEITHER: made_up,
        "the plate exists": [(plate, made_up[n][1]) for n, (plate, _number) in enumerate(own)],
        "the number exists": [(f"8-YYY-{n:03}", number) for n, (_plate, number) in enumerate(own)],
        "both exist elsewhere": [pair for pair in other if pair not in own],
    }


class Guesser:
    """One browser that guesses from ever other addresses."""

    def __init__(self, app: HostRouter, host: str) -> None:
        self._app, self._host, self._number = app, host, 0
        self._cookies, self._token = httpx.Cookies(), ""

    def _client(self) -> httpx.AsyncClient:
        self._number += 1
        address = f"10.{self._number >> 16}.{self._number >> 8 & 255}.{self._number & 255}"
        transport = httpx.ASGITransport(app=self._app, client=(address, 50_000))
        return httpx.AsyncClient(
            transport=transport, base_url=f"http://{self._host}", cookies=self._cookies
        )

    async def sit_down(self) -> None:
        """Open the page once, for its cookie and its token."""
        async with self._client() as client:
            page = await client.get("/en/status")
            found = _TOKEN.search(page.text)
            assert found is not None, page.status_code
            self._cookies, self._token = client.cookies, found[1]

    async def guess(self, pair: Pair) -> float:
        """Milliseconds until the answer is there."""
        form = {"csrf_token": self._token, "plate": pair[0], "number": pair[1]}
        async with self._client() as client:
            began = time.perf_counter()
            answer = await client.post("/en/status", data=form)
            took = time.perf_counter() - began
        assert answer.status_code == 422, answer.text[:500]
        assert 'name="puzzle"' not in answer.text, "a limit is near: wait an hour"
        return took * 1000


def longer(one: Sequence[float], other: Sequence[float]) -> float:
    """The share of all pairs in which `one` is the longer (Mann and Whitney)."""
    wins = sum((a > b) + (a == b) / 2 for a in one for b in other)
    return wins / (len(one) * len(other))


async def measure(place: Place, tenants: Mapping[str, str], each: int) -> dict[str, list[float]]:
    """Kind → milliseconds of so many guesses at the first garage; the kinds take turns, in another
    order each time."""
    host, other, *_rest = tenants
    pairs = kinds(
        await pairs_of(place, tenants[host], each), await pairs_of(place, tenants[other], each)
    )
    app = app_of(open_house(place.settings()))
    try:
        guesser = Guesser(app, f"{host}.{BASE_DOMAIN}")
        await guesser.sit_down()
        times: dict[str, list[float]] = {kind: [] for kind in pairs}
        gc.disable()
        for number in range(each):
            order = list(pairs)
            random.shuffle(order)
            for kind in order:
                times[kind].append(await guesser.guess(pairs[kind][number % len(pairs[kind])]))
    finally:
        gc.enable()
        await stop(app)
    return times


async def stop(app: HostRouter) -> None:
    """Close all that it opened, as a server does when it ends."""

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.shutdown"}

    async def send(message: Mapping[str, object]) -> None:
        if message["type"] != "lifespan.shutdown.complete":
            raise SystemExit(f"the application did not stop: {message}")

    await app({"type": "lifespan"}, receive, send)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path(".bench/guesses"))
    options = parser.parse_args()
    with running(options.data_dir) as place:
        plan = Plan(garages=2, jobs=1000)
        tenants = asyncio.run(generate(place, plan, lambda _text: None))
        times = asyncio.run(measure(place, tenants, EACH))
    for kind, took in times.items():
        low, middle, high = statistics.quantiles(took[EACH // 10 :], n=4)
        share = longer(took[EACH // 10 :], times[NEITHER][EACH // 10 :])
        sys.stdout.write(f"{kind:22} {low:6.2f} {middle:6.2f} {high:6.2f} ms   {share:.3f}\n")


if __name__ == "__main__":
    main()
