"""Looking at an installation as a stranger would: what is missing, wrong or left over."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from litestar.exceptions import LitestarException
from obstore.exceptions import BaseError as StorageError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.base import Base, TenantScoped
from core.db.migrate import connected
from core.db.revisions import state_of
from core.errors import GaragistError
from core.house import House, open_house
from core.pulse import is_silent, silence
from core.settings import RUNTIME_SETTINGS, Settings
from core.web.gate import gated_routers
from core.worker import create_worker

NOBODY = UUID(int=0)
TROUBLE = (
    OSError,
    asyncpg.PostgresError,
    DBAPIError,
    RedisError,
    StorageError,
    LitestarException,
)
"""What a broken installation raises; anything else is a fault of ours and may be seen."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    check: str
    is_ok: bool
    text: str


Check = Callable[[House], Awaitable[str]]


class Wrong(GaragistError):
    """A check found something; the text says what, and what to do."""


async def examine(settings: Settings) -> list[Finding]:
    """Run every check; later ones are left out where the settings are incomplete."""
    try:
        settings.require(*RUNTIME_SETTINGS)
        house = open_house(settings, pooled=False)
    except GaragistError as error:
        return [Finding("settings and plugins", False, str(error))]
    findings = [Finding("settings and plugins", not house.broken, _plugins(house))]
    try:
        for name, check in CHECKS.items():
            findings.append(await _run(house, name, check))
    finally:
        await house.close()
    return findings


async def _run(house: House, name: str, check: Check) -> Finding:
    try:
        return Finding(name, True, await check(house))
    except GaragistError as error:
        return Finding(name, False, str(error))
    except TROUBLE as error:
        return Finding(name, False, f"{type(error).__name__}: {error}")


def _plugins(house: House) -> str:
    if house.broken:
        return "; ".join(f"{each.name}: {each.reason}" for each in house.broken)
    return ", ".join(house.hooks.manifests) or "no plugin is installed"


async def _schema(house: House) -> str:
    async with connected(house.database.platform_engine) as connection:
        states = [await connection.run_sync(state_of, part) for part in house.components]
    for state in states:
        state.require()
    ahead = [f"{each.component} at {each.found}" for each in states if each.is_ahead]
    if ahead:
        return f"ahead of this release, which it still serves: {', '.join(ahead)}"
    return f"{len(house.components)} components are up to date"


async def _left_over(house: House) -> str:
    known = {part.version_table for part in house.components}
    async with house.database.platform_engine.connect() as connection:
        rows = await connection.execute(
            text(
                "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                " where n.nspname = 'public' and c.relkind = 'r'"
                " and c.relname like 'alembic\\_version%'"
            )
        )
    orphans = sorted({row[0] for row in rows} - known)
    if orphans:
        raise Wrong(f"of plugins that are not installed any more: {', '.join(orphans)}")
    return "no version table is left over"


async def _locks(house: House) -> str:
    """Every table of garages has its policy, forced on its owner too."""
    wanted = {
        table.name
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, TenantScoped)
        for table in mapper.tables
        if hasattr(table, "name")
    }
    async with house.database.app_engine.connect() as connection:
        locked = await _locked_tables(connection)
    open_tables = sorted(wanted - locked)
    if open_tables:
        raise Wrong(f"no row level security on: {', '.join(open_tables)}")
    return f"{len(wanted)} tables are locked per garage"


async def _locked_tables(connection: AsyncConnection) -> set[str]:
    rows = await connection.execute(
        text(
            "select c.relname from pg_class c where c.relkind = 'r' and c.relrowsecurity"
            " and c.relforcerowsecurity and exists"
            " (select 1 from pg_policy p where p.polrelid = c.oid)"
        )
    )
    return {row[0] for row in rows}


async def _roles(house: House) -> str:
    for engine in (house.database.app_engine, house.database.platform_engine):
        async with engine.connect() as connection:
            row = (
                await connection.execute(
                    text(
                        "select r.rolname, r.rolsuper or r.rolbypassrls, exists"
                        " (select 1 from pg_class c where c.relowner = r.oid)"
                        " from pg_roles r where r.rolname = current_user"
                    )
                )
            ).one()
        if row[1] or row[2]:
            raise Wrong(f"{row[0]} owns tables or may pass row level security")
    return "both roles are narrow"


async def _redis(house: House) -> str:
    client = Redis.from_url(house.settings.redis_url, socket_connect_timeout=2, socket_timeout=2)
    try:
        await client.ping()
    finally:
        await client.aclose()
    return "answers"


async def _storage(house: House) -> str:
    await house.storage.put_bytes(NOBODY, "doctor", b"ok")
    if await house.storage.get_bytes(NOBODY, "doctor") != b"ok":
        raise Wrong("what was written cannot be read")
    await house.storage.delete(NOBODY, "doctor")
    return "takes and gives files"


async def _routes(house: House) -> str:
    """The route table as the web process makes it; making it is what finds trouble."""
    routers = gated_routers(house.hooks)
    return f"{len(routers)} plugins serve routes, all behind the gate"


async def _tasks(house: House) -> str:
    celery = create_worker(house.settings)
    ours = {name for name in celery.tasks if name.startswith("garagist.")}
    asked = {str(entry["task"]) for entry in celery.conf.beat_schedule.values()}
    if asked - ours:
        raise Wrong(f"beat asks for unknown tasks: {', '.join(sorted(asked - ours))}")
    return f"{len(ours)} tasks"


async def _pulse(house: House) -> str:
    """Beat and worker answer nobody, so they leave signs."""
    redis = house.signs_of_life()
    try:
        found = await silence(redis)
    finally:
        await redis.aclose()
    silent = [
        f"{who} for {'a day or longer' if seconds is None else f'{seconds} seconds'}"
        for who, seconds in found.items()
        if is_silent(seconds)
    ]
    if silent:
        raise Wrong(f"no sign of: {', '.join(silent)}: does it run?")
    return "beat ticks and a worker works"


CHECKS: dict[str, Check] = {
    "schema": _schema,
    "left over": _left_over,
    "row level security": _locks,
    "roles": _roles,
    "redis": _redis,
    "storage": _storage,
    "routes": _routes,
    "background": _tasks,
    "signs of life": _pulse,
}
