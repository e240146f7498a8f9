"""Emptying the outbox: each entry in a transaction of its own, at least once, never for ever.

An entry is claimed by counting the attempt in a first transaction, then done in a second one
under a row lock. A worker that is killed in between has spent an attempt, so work that kills
its worker ends as a dead entry instead of a loop.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from core.background.tenant_task import WorkerResources, garage_scope
from core.clock import now
from core.hooks.contributions import Effect
from core.hooks.manager import HookManager
from core.logs import told
from core.tenancy.context import TenantContext
from core.workshop.notifications import repository

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 8
MOST_PER_RUN = 100
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

    def names(self) -> list[str]:
        """All known effects."""
        return list(self._effects)


async def deliver(resources: WorkerResources, registry: EffectRegistry, tenant_id: UUID) -> int:
    """Do what is due in one garage's outbox; returns how many entries were worked on. In passing,
    some of what was done long ago is forgotten: more of it than is ever added."""
    worked = 0
    async with garage_scope(resources, tenant_id) as tenant:
        while tenant is not None and worked < MOST_PER_RUN:
            entry_id = await _claim(resources, tenant)
            if entry_id is None:
                break
            await _work(resources, registry, tenant, entry_id)
            worked += 1
        if tenant is not None and worked:
            async with resources.database.unit_of_work(tenant.id) as session:
                most = worked + FORGOTTEN_IN_PASSING
                await repository.forget_done(session, now() - KEPT, most)
    return worked


async def _claim(resources: WorkerResources, tenant: TenantContext) -> UUID | None:
    async with resources.database.unit_of_work(tenant.id) as session:
        entry = await repository.claim_next(session, now())
        if entry is None:
            return None
        entry.attempts += 1
        entry.due_at = now() + LEASE
        if entry.attempts > MOST_ATTEMPTS:
            entry.dead_at = now()
            log.error("outbox.dead", effect=entry.effect, key=entry.key)
        return entry.id


async def _work(
    resources: WorkerResources, registry: EffectRegistry, tenant: TenantContext, entry_id: UUID
) -> None:
    try:
        async with resources.database.unit_of_work(tenant.id) as session:
            entry = await repository.locked(session, entry_id)
            if entry is None or entry.done_at is not None or entry.dead_at is not None:
                return
            effect = registry.find(entry.effect, tenant)
            if effect is None:
                entry.dead_at = now()
                entry.last_error = "plugin is off or not installed"
                log.info("outbox.no_effect", effect=entry.effect)
                return
            await effect.run(session, entry.payload)
            entry.done_at = now()
            entry.last_error = None
            entry.payload = _without_secrets(entry.payload)
    except Exception as error:
        log.exception("outbox.failed", entry=str(entry_id))
        await _note_failure(resources, tenant, entry_id, error)


async def _note_failure(
    resources: WorkerResources, tenant: TenantContext, entry_id: UUID, error: Exception
) -> None:
    async with resources.database.unit_of_work(tenant.id) as session:
        entry = await repository.locked(session, entry_id)
        if entry is None:
            return
        entry.last_error = told(error)
        pause = min(FIRST_PAUSE * 2 ** (entry.attempts - 1), LONGEST_PAUSE)
        entry.due_at = now() + pause


def _without_secrets(payload: dict[str, Any]) -> dict[str, Any]:
    """A link's secret is of no use once its mail has left; only its hash stays elsewhere."""
    inner = payload.get("payload")
    if not isinstance(inner, dict) or "token" not in inner:
        return payload
    return {**payload, "payload": {name: inner[name] for name in inner if name != "token"}}
