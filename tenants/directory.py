"""The directory that the house asks: garages from PostgreSQL, remembered until they change."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.db.session import Database
from core.hooks.manifest import PluginManifest
from core.memory import AskedOnce, Memory
from core.tenancy.context import TenantContext
from tenants import epoch as epochs
from tenants import repository
from tenants.epoch import Epoch
from tenants.models import PluginActivation, Tenant

GARAGE_BYTES = 3_000
MOST_GARAGES_BYTES = 64_000_000
"""Some 19,000 keys that led to a garage, in each process; a garage has up to three."""
MOST_STRANGERS_BYTES = 1_000_000
"""Some 2,500 keys that led to none: whoever asks for thousands of names drives no garage out."""
HOSTS_AT_ONCE = 6
"""How many host names are looked up at a time: they leave connections to those who are in."""

ACTIVITY_SECONDS = 300.0

SPREAD = 1000


@dataclass(frozen=True, slots=True)
class _Known:
    """What a key led to, and until when that is believed without having been told."""

    tenant: TenantContext | None
    until: float


Finder = Callable[[AsyncSession], Awaitable[Tenant | None]]


class DatabaseTenantDirectory:
    """Implements :class:`~core.tenancy.directory.TenantDirectory` over the platform's tables."""

    def __init__(
        self,
        database: Database,
        epoch: Epoch,
        manifests: Mapping[str, PluginManifest],
        *,
        base_domain: str,
    ) -> None:
        self._database = database
        self._epoch = epoch
        self._manifests = manifests
        self._suffix = f".{base_domain}"
        self._start_afresh()
        self._known_at = ""
        self._hosts = asyncio.Semaphore(HOSTS_AT_ONCE)
        self._noted: dict[UUID, float] = {}

    async def by_host(self, host: str) -> TenantContext | None:
        """`<slug>.<base domain>` exactly, or a host name that support added."""
        return await self._remembered(
            f"host:{host}", lambda session: self._by_host(session, host), self._hosts
        )

    async def by_id(self, tenant_id: UUID) -> TenantContext | None:
        """The open garage with that id."""
        return await self._remembered(
            f"id:{tenant_id}", lambda session: repository.by_id(session, tenant_id)
        )

    async def by_slug(self, slug: str) -> TenantContext | None:
        """The open garage with that subdomain."""
        return await self._remembered(
            f"slug:{slug}", lambda session: repository.by_slug(session, slug)
        )

    async def note_activity(self, tenant_id: UUID) -> None:
        """Store it, at most once in :data:`ACTIVITY_SECONDS` per garage and process."""
        moment = time.monotonic()
        if moment - self._noted.get(tenant_id, -ACTIVITY_SECONDS) < ACTIVITY_SECONDS:
            return
        self._noted[tenant_id] = moment
        async with self._database.platform_unit_of_work() as session:
            await repository.note_activity(session, tenant_id, now())

    async def open_ids(self) -> list[UUID]:
        """Ids of all open garages, read afresh."""
        async with self._database.platform_unit_of_work() as session:
            return await repository.open_ids(session)

    async def forget(self) -> None:
        """Something changed: tell every process, this one first."""
        self._start_afresh()
        await self._epoch.raise_()

    async def _by_host(self, session: AsyncSession, host: str) -> Tenant | None:
        slug = host.removesuffix(self._suffix)
        if slug != host:
            return None if "." in slug else await repository.by_slug(session, slug)
        return await repository.by_domain(session, host)

    async def _remembered(
        self, key: str, find: Finder, in_turn: asyncio.Semaphore | None = None
    ) -> TenantContext | None:
        epoch = await self._epoch.value()
        if epoch != self._known_at:
            self._start_afresh()
            self._known_at = epoch
        known = self._garages.get(key) or self._strangers.get(key)
        if known is not None and time.monotonic() < known.until:
            return known.tenant
        return await self._under_way.answer(key, lambda: self._read(key, find, in_turn))

    def _start_afresh(self) -> None:
        """Forget everything. What is being read right now may be old already: it is neither kept
        nor given to those who ask from now on."""
        self._garages: Memory[str, _Known] = Memory(MOST_GARAGES_BYTES)
        self._strangers: Memory[str, _Known] = Memory(MOST_STRANGERS_BYTES)
        self._under_way: AskedOnce[str, TenantContext | None] = AskedOnce()

    async def _read(
        self, key: str, find: Finder, in_turn: asyncio.Semaphore | None
    ) -> TenantContext | None:
        garages, strangers, moment = self._garages, self._strangers, time.monotonic()
        found: TenantContext | None = None
        async with in_turn or nullcontext(), self._database.platform_unit_of_work() as session:
            tenant = await find(session)
            if tenant is not None and tenant.closed_at is None:
                rows = await repository.activations(session, [tenant.id])
                host = await repository.main_domain(session, tenant.id)
                found = context_of(tenant, rows, self._manifests, main_host=host)
        known = _Known(found, moment + believed_seconds(key))
        if found is not None:
            garages.put(key, known, GARAGE_BYTES)
        else:
            garages.forget(key)
            strangers.put(key, known, 0)
        return found


def believed_seconds(key: str) -> float:
    """From the half of :data:`~tenants.epoch.REMEMBER_SECONDS` on: thousands of garages that were
    read in the same second are not all read again in the same second."""
    return epochs.REMEMBER_SECONDS * (0.5 + hash(key) % SPREAD / SPREAD / 2)


def context_of(
    tenant: Tenant,
    activations: list[PluginActivation],
    manifests: Mapping[str, PluginManifest],
    *,
    main_host: str | None = None,
) -> TenantContext:
    """A garage as the rest of the house sees it; plugins that are not installed are off."""
    installed = [row for row in activations if row.plugin in manifests]
    on = {row.plugin: row.settings for row in installed if row.is_on}
    return TenantContext(
        id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        languages=tuple(tenant.languages),
        main_host=main_host,
        country=tenant.country,
        timezone=tenant.timezone,
        phone=tenant.phone,
        email=tenant.email,
        address=tenant.address,
        brand_colour=tenant.brand_colour,
        active_plugins=frozenset(on),
        plugins_once_on=frozenset(row.plugin for row in installed if not row.is_on),
        plugin_settings=on,
    )
