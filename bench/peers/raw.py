"""Bare ASGI and asyncpg: the same query, nothing around it. What everything is measured against."""

from typing import Any

import asyncpg
import msgspec

from bench.peers.facts import (
    DATABASE_URL,
    LANGUAGE,
    PAGE,
    ZONE,
    band_of,
    tenant_of_host,
    today,
)
from bench.peers.query import SQL
from core.workshop.vehicles.plates import display_plate

_pool: list[asyncpg.Pool] = []


async def app(scope: Any, receive: Any, send: Any) -> None:
    """No login, no gate, no headers."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    host = next(value for name, value in scope["headers"] if name == b"host").decode()
    body = await _cards(host)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _cards(host: str) -> bytes:
    tenant = tenant_of_host(host)
    async with _pool[0].acquire() as connection, connection.transaction(readonly=True):
        await connection.execute("select set_config('app.tenant', $1, true)", str(tenant))
        rows = await connection.fetch(SQL, tenant, LANGUAGE, today(), ZONE.key)
    shown = rows[:PAGE]
    last = shown[-1] if len(rows) > PAGE else None
    found = {
        "cards": [
            {
                "stay_id": row["stay_id"],
                "job_id": row["job_id"],
                "job_number": row["sequence_number"],
                "plate": display_plate(row["plate_normalised"], row["plate_country"], row["plate"]),
                "plate_country": row["plate_country"],
                "customer": row["name"],
                "make": row["make"],
                "model": row["model"],
                "colour": row["colour"],
                "status": row["status"],
                "task": row["task"],
                "estimated_completion": row["estimated_completion"],
                "arrived_at": row["arrived_at"],
                "days_inside": row["days_inside"],
                "band": band_of(row["days_inside"]),
            }
            for row in shown
        ],
        "next": f"{last['arrived_at'].isoformat()}_{last['stay_id']}" if last else None,
    }
    return msgspec.json.encode(found)


async def _live(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            _pool.append(await asyncpg.create_pool(DATABASE_URL, min_size=8, max_size=16))
            await send({"type": "lifespan.startup.complete"})
        else:
            await _pool.pop().close()
            await send({"type": "lifespan.shutdown.complete"})
            return
