"""The hot page against the same page elsewhere, and with more and more forgotten vehicles."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

from bench.generate import token_of
from bench.load import Round, Target, get, interleaved, median, press_once
from bench.places import BASE_DOMAIN, Place
from bench.servers import environment, serving

OURS_JSON, OURS_HTML = "Garagist, JSON", "Garagist, HTML"
CHANGES_PER_SECOND = 10
WHILE_CHANGING = f"while {CHANGES_PER_SECOND} jobs a second change"
AFRESH = "read afresh each time"
RAW = "bare ASGI + asyncpg, JSON"
VISITOR = "benchmark-visitor-benchmark"


@dataclass(frozen=True, slots=True)
class Peer:
    """A server, and what it answers at which path."""

    application: str
    pages: Mapping[str, str]
    interface: str = "asgi"


PEERS = (
    Peer("bench.peers.raw:app", {RAW: "/cards.json"}),
    Peer(
        "bench.peers.fastapi_app:app",
        {
            "FastAPI + SQLAlchemy Core, JSON": "/core/cards.json",
            "FastAPI + SQLAlchemy ORM, JSON": "/cards.json",
            "FastAPI + SQLAlchemy ORM, HTML": "/board.html",
        },
    ),
    Peer(
        "bench.peers.flask_app:app",
        {
            "Flask + SQLAlchemy ORM, JSON": "/cards.json",
            "Flask + SQLAlchemy ORM, HTML": "/board.html",
        },
        "wsgi",
    ),
    Peer(
        "bench.peers.django_app:app",
        {"Django ORM, JSON": "/cards.json", "Django ORM, HTML": "/board.html"},
        "wsgi",
    ),
)
OURS = {OURS_JSON: "/desk/on-site/cards.json", OURS_HTML: "/desk/on-site"}
OURS_PACKED = "Garagist, HTML, gzip"


def named(page: str, how: str) -> str:
    """A row of the report: a page of ours in other circumstances."""
    return f"{page}, {how}"


class OtherCards(Exception):
    """A peer answers something else: then its speed says nothing."""


def requests_for(path: str, slugs: list[str], *, encoding: str = "identity") -> tuple[bytes, ...]:
    """One request per garage, with its planner's cookie."""
    return tuple(
        get(
            f"{slug}.{BASE_DOMAIN}",
            path,
            {
                "Cookie": f"session={token_of(slug)}; visitor={VISITOR}; language=nl",
                "Accept-Encoding": encoding,
            },
        )
        for slug in slugs
    )


def path_of(name: str) -> str:
    """Where a page of ours is, by its name in the report."""
    return next(path for page, path in OURS.items() if name.startswith(page))


def start_all(
    stack: ExitStack, place: Place, tenants: Mapping[str, str], peers_python: str
) -> dict[str, Target]:
    """Every server; what is asked of each."""
    told = environment(place, tenants)
    slugs = list(tenants)
    logs = place.folder / "logs"
    logs.mkdir(exist_ok=True)
    targets: dict[str, Target] = {}
    for peer in PEERS:
        log = logs / f"{peer.application.partition(':')[0]}.log"
        port = stack.enter_context(
            serving(
                peer.application,
                told,
                log,
                python=peers_python,
                interface=peer.interface,
                threads=8,
            )
        )
        for name, path in peer.pages.items():
            targets[name] = Target(port, requests_for(path, slugs))
    targets |= ours(stack, place, told, slugs)
    board = targets[OURS_HTML].port
    targets[OURS_PACKED] = Target(board, requests_for(OURS[OURS_HTML], slugs, encoding="gzip"))
    return targets


def ours(
    stack: ExitStack, place: Place, told: Mapping[str, str], slugs: list[str]
) -> dict[str, Target]:
    """Garagist as it is, and one that remembers nothing of its pages."""
    targets = {}
    forgetful = {**told, "REMEMBERED_MEGABYTES": "0"}
    for log, environment_of in (("garagist", told), ("forgetful", forgetful)):
        file = place.folder / "logs" / f"{log}.log"
        file.parent.mkdir(exist_ok=True)
        port = stack.enter_context(serving("core.app:serve", environment_of, file, factory=True))
        for name, path in OURS.items():
            shown = name if environment_of is told else named(name, AFRESH)
            targets[shown] = Target(port, requests_for(path, slugs))
    return targets


def check_answers(targets: Mapping[str, Target]) -> None:
    """All of the JSON lists hold the same cards.

    Raises:
        OtherCards: naming the peer.
    """
    wished: Any = None
    for name, target in {OURS_JSON: targets[OURS_JSON], **targets}.items():
        if "JSON" not in name:
            continue
        found = _comparable(asyncio.run(press_once(target)))
        if wished is None:
            wished = found
        elif found != wished:
            raise OtherCards(f"{name}: {found[:1]} is not {wished[:1]}")


def _comparable(body: bytes) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = json.loads(body)["cards"]
    for card in cards:
        moment = datetime.fromisoformat(card["arrived_at"])
        card["arrived_at"] = int(moment.timestamp())  # Django writes no microseconds
    return cards


def compare(
    place: Place,
    tenants: Mapping[str, str],
    peers_python: str,
    *,
    rounds: int,
    seconds: float,
    connections: int,
) -> dict[str, Any]:
    """Throughput and latency of each, side by side."""
    with ExitStack() as stack:
        targets = start_all(stack, place, tenants, peers_python)
        check_answers(targets)
        found = asyncio.run(
            interleaved(targets, rounds=rounds, seconds=seconds, connections=connections)
        )
        kept = {named(name, WHILE_CHANGING): targets[name] for name in OURS}
        how = {"rounds": rounds, "seconds": seconds, "connections": connections}
        found |= asyncio.run(_while_jobs_change(place, list(tenants.values()), kept, how))
    return {name: summary(each) for name, each in found.items()}


async def _while_jobs_change(
    place: Place, tenants: list[str], targets: Mapping[str, Target], how: dict[str, Any]
) -> dict[str, list[Round]]:
    """What Garagist keeps of a page is of no use after a change: jobs on site get another promised
    day meanwhile, in one garage after another."""
    changing = asyncio.create_task(_change_jobs(place, tenants))
    try:
        return await interleaved(targets, **how)
    finally:
        changing.cancel()
        with suppress(asyncio.CancelledError):
            await changing


async def _change_jobs(place: Place, tenants: list[str]) -> None:
    admin = await asyncpg.connect(place.admin_url)
    try:
        for number in count():
            await admin.execute(_CHANGE, tenants[number % len(tenants)], number % 365)
            await asyncio.sleep(1 / CHANGES_PER_SECOND)
    finally:
        await admin.close()


_CHANGE = """
update jobs set estimated_completion = current_date + $2::int, updated_at = now()
where (tenant_id, id) in (
    select tenant_id, job_id from vehicle_presence_stays
    where tenant_id = $1::uuid and left_at is null order by arrived_at, id offset $2 % 60 limit 1
)
"""


def forgotten(
    place: Place,
    tenants: Mapping[str, str],
    *,
    rounds: int,
    seconds: float,
    connections: int,
) -> dict[str, Any]:
    """The board and the list in garages that forgot no, some and half of their vehicles. The
    garages of a share are asked in turn, in the same server over the same tables."""
    shares = sorted({slug.rpartition("-f")[2] for slug in tenants})
    told = environment(place, tenants)
    with ExitStack() as stack:
        servers = ours(stack, place, told, list(tenants))
        targets = {
            f"{name}, {int(share)} %": Target(
                target.port,
                requests_for(
                    path_of(name), [slug for slug in tenants if slug.endswith(f"-f{share}")]
                ),
            )
            for share in shares
            for name, target in servers.items()
        }
        found = asyncio.run(
            interleaved(targets, rounds=rounds, seconds=seconds, connections=connections)
        )
    return {name: summary(each) for name, each in found.items()}


def summary(rounds: list[Round]) -> dict[str, float]:
    """Medians over the rounds; milliseconds."""
    return {
        "per_second": median([each.per_second for each in rounds]),
        "p50_ms": 1000 * median([each.quantile(0.5) for each in rounds]),
        "kilobytes": max(each.longest for each in rounds) / 1000,
        "p99_ms": 1000 * median([each.quantile(0.99) for each in rounds]),
    }


def save(file: Path, found: dict[str, Any]) -> None:
    """Keep what was measured for the report."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False))
