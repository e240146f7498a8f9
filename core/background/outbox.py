"""Emptying the outbox: each entry in a transaction of its own, at least once, never for ever.

An entry is claimed by counting the attempt in a first transaction, then done in a second one
under a row lock. What fails is tried again for about two days: a mail server may be away for as
long. An attempt of which no end was noted counts as lost with its worker, and of those there may
be few: work that kills its worker ends as a dead entry instead of a loop.

What belongs to a plugin that is off waits in the same way, and goes on when it is on again.
"""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.background.tenant_task import WorkerResources, garage_scope
from core.clock import now
from core.errors import SwitchedOff
from core.hooks.contributions import Effect
from core.hooks.manager import HookManager
from core.logs import told
from core.tenancy.context import TenantContext
from core.workshop.notifications import repository
from core.workshop.notifications.models import OutboxEntry

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 57
"""With the pauses below, the last one is two days after the first."""
MOST_LOST = 8
"""Attempts that ended with their worker, or took longer than a task may."""
MOST_PER_RUN = 100
LONGEST_RUN_SECONDS = 20.0
"""After that the next message goes on, so that a worker that is told to stop soon can."""
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
KEPT = timedelta(days=180)
"""For as long, nothing happens twice for the same key, and support sees what was done."""
FORGOTTEN_IN_PASSING = 20
LEASE = timedelta(seconds=20)
"""How long a claim counts before the work has locked its row. From then on the lock keeps others
away, and ends with the worker: what a killed one had begun is begun again after this time."""


class EffectRegistry:
    """Core's effects and those of plugins, each behind the gate of its plugin."""

    def __init__(self, core_effects: Mapping[str, Effect], hooks: HookManager) -> None:
        self._effects: dict[str, tuple[str | None, Effect]] = {
            name: (None, effect) for name, effect in core_effects.items()
        }
        for plugin, effects in hooks.ask_all("effects"):
            self._effects.update({effect.name: (plugin, effect) for effect in effects})

    def find(self, name: str, tenant: TenantContext) -> Effect | None:
        """The effect, or None where its plugin is off or not installed."""
        plugin, effect = self._effects.get(name, (None, None))
        if effect is None or (plugin is not None and not tenant.has_plugin(plugin)):
            return None
        return effect

    async def run(self, session: AsyncSession, entry: OutboxEntry, tenant: TenantContext) -> None:
        """Do what an entry asks for.

        Raises:
            SwitchedOff: its plugin is off or not installed.
            Exception: whatever its effect raises.
        """
        effect = self.find(entry.effect, tenant)
        if effect is None:
            raise SwitchedOff(entry.effect)
        await effect.run(session, entry.payload)

    def names(self) -> list[str]:
        """All known effects."""
        return list(self._effects)


async def deliver(resources: WorkerResources, registry: EffectRegistry, tenant_id: UUID) -> int:
    """Do what is due in one garage's outbox, for a while; returns how many entries were worked
    on. In passing, some of what was done long ago is forgotten: more of it than is ever added."""
    worked, began = 0, time.monotonic()
    async with garage_scope(resources, tenant_id) as tenant:
        while tenant is not None and worked < MOST_PER_RUN:
            if time.monotonic() - began >= LONGEST_RUN_SECONDS:
                break
            entry_id = await _claim(resources, registry, tenant)
            if entry_id is None:
                break
            await _work(resources, registry, tenant, entry_id)
            worked += 1
        if tenant is not None and worked:
            async with resources.database.unit_of_work(tenant.id) as session:
                most = worked + FORGOTTEN_IN_PASSING
                await repository.forget_done(session, now() - KEPT, most)
    return worked


async def _claim(
    resources: WorkerResources, registry: EffectRegistry, tenant: TenantContext
) -> UUID | None:
    async with resources.database.unit_of_work(tenant.id) as session:
        entry = await repository.claim_next(session, now())
        if entry is None:
            return None
        entry.due_at = now() + LEASE
        if entry.lost_attempts >= MOST_LOST:
            await _give_up(session, registry, tenant, entry)
        else:
            entry.attempts += 1
            entry.lost_attempts += 1
        return entry.id


async def _work(
    resources: WorkerResources, registry: EffectRegistry, tenant: TenantContext, entry_id: UUID
) -> None:
    try:
        async with resources.database.unit_of_work(tenant.id) as session:
            entry = await repository.locked(session, entry_id)
            if entry is None or entry.done_at is not None or entry.dead_at is not None:
                return
            await registry.run(session, entry, tenant)
            entry.done_at = now()
            entry.lost_attempts -= 1
            entry.last_error = None
            entry.payload = _without_secrets(entry.payload)
    except SwitchedOff as error:
        log.info("outbox.switched_off", entry=str(entry_id))
        await _note_failure(resources, registry, tenant, entry_id, told(error))
    except Exception as error:
        log.exception("outbox.failed", entry=str(entry_id))
        await _note_failure(resources, registry, tenant, entry_id, told(error))


async def _note_failure(
    resources: WorkerResources,
    registry: EffectRegistry,
    tenant: TenantContext,
    entry_id: UUID,
    error: str,
) -> None:
    async with resources.database.unit_of_work(tenant.id) as session:
        entry = await repository.locked(session, entry_id)
        if entry is None:
            return
        entry.last_error = error
        entry.lost_attempts -= 1
        pause = min(FIRST_PAUSE * 2 ** min(entry.attempts - 1, 20), LONGEST_PAUSE)
        entry.due_at = now() + pause
        effect = registry.find(entry.effect, tenant)
        most = (effect.most_attempts if effect else None) or MOST_ATTEMPTS
        if entry.attempts >= most:
            await _give_up(session, registry, tenant, entry)


async def _give_up(
    session: AsyncSession, registry: EffectRegistry, tenant: TenantContext, entry: OutboxEntry
) -> None:
    """Try it no more; support sees it, and may have it tried again."""
    entry.dead_at = now()
    log.error("outbox.dead", effect=entry.effect, key=entry.key)
    effect = registry.find(entry.effect, tenant)
    if effect is None or effect.given_up is None:
        return
    try:
        async with session.begin_nested():
            await effect.given_up(session, entry.payload)
    except Exception:
        log.exception("outbox.giving_up_failed", effect=entry.effect, key=entry.key)


def _without_secrets(payload: dict[str, Any]) -> dict[str, Any]:
    """A link's secret is of no use once its mail has left; only its hash stays elsewhere."""
    inner = payload.get("payload")
    if not isinstance(inner, dict) or "token" not in inner:
        return payload
    return {**payload, "payload": {name: inner[name] for name in inner if name != "token"}}
