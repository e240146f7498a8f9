"""Switching plugins on and off for a garage: the vendor's support does it, nobody else."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.session import Database
from core.errors import PluginError, UnknownTenant
from core.hooks.manager import HookManager
from core.tenancy.context import TenantContext, tenant_scope
from core.workshop.audit.services import Actor, record
from tenants import repository
from tenants.directory import DatabaseTenantDirectory
from tenants.models import PluginActivation, SupportAuditEntry


@dataclass(frozen=True, slots=True)
class Switching:
    """The three things that every switch needs."""

    database: Database
    directory: DatabaseTenantDirectory
    hooks: HookManager


async def enable(
    switching: Switching, slug: str, plugin: str, actor: Actor, *, reason: str
) -> list[str]:
    """Switch a plugin on, and first those that it requires; returns what was switched.

    Raises:
        PluginError: no such plugin is installed.
        UnknownTenant: no such garage is open.
    """
    tenant = await _garage(switching, slug)
    wanted = [
        name for name in _with_requirements(switching.hooks, plugin) if not tenant.has_plugin(name)
    ]
    await _switch(switching, tenant, wanted, actor, reason, on=True)
    return wanted


async def disable(
    switching: Switching, slug: str, plugin: str, actor: Actor, *, reason: str
) -> list[str]:
    """Switch a plugin off, and first those that require it. Their data stays.

    Raises:
        PluginError: no such plugin is installed.
        UnknownTenant: no such garage is open.
    """
    tenant = await _garage(switching, slug)
    if plugin not in switching.hooks.manifests:
        raise PluginError(f"no plugin {plugin} is installed")
    unwanted = [
        name for name in _with_dependants(switching.hooks, plugin) if tenant.has_plugin(name)
    ]
    await _switch(switching, tenant, unwanted, actor, reason, on=False)
    return unwanted


async def change_settings(
    switching: Switching, slug: str, plugin: str, values: Mapping[str, Any], actor: Actor
) -> None:
    """Store a plugin's settings for a garage, checked by the plugin's own schema.

    Raises:
        PluginError: no such plugin, it was never on here, or a value has the wrong form.
    """
    tenant = await _garage(switching, slug)
    manifest = switching.hooks.manifests.get(plugin)
    if manifest is None:
        raise PluginError(f"no plugin {plugin} is installed")
    try:
        checked = manifest.settings.model_validate(dict(values)).model_dump(mode="json")
    except ValidationError as error:
        raise PluginError(str(error)) from None
    async with switching.database.platform_unit_of_work() as session:
        row = await repository.activation(session, tenant.id, plugin)
        if row is None:
            raise PluginError(f"{plugin} was never switched on for {slug}")
        before, row.settings = row.settings, checked
        session.add(
            SupportAuditEntry(
                tenant_id=tenant.id,
                actor=actor.name,
                action="plugin.settings_changed",
                details={"plugin": plugin, "before": before, "after": checked},
            )
        )
    await switching.directory.forget()


async def _garage(switching: Switching, slug: str) -> TenantContext:
    tenant = await switching.directory.by_slug(slug)
    if tenant is None:
        raise UnknownTenant(slug)
    return tenant


def _with_requirements(hooks: HookManager, plugin: str) -> list[str]:
    manifest = hooks.manifests.get(plugin)
    if manifest is None:
        raise PluginError(f"no plugin {plugin} is installed")
    ordered: list[str] = []
    for name in manifest.requires:
        ordered += [each for each in _with_requirements(hooks, name) if each not in ordered]
    return [*ordered, plugin]


def _with_dependants(hooks: HookManager, plugin: str) -> list[str]:
    ordered: list[str] = []
    for name, manifest in hooks.manifests.items():
        if plugin in manifest.requires:
            ordered += [each for each in _with_dependants(hooks, name) if each not in ordered]
    return [*ordered, plugin]


async def _switch(
    switching: Switching,
    tenant: TenantContext,
    names: list[str],
    actor: Actor,
    reason: str,
    *,
    on: bool,
) -> None:
    """The garage's own log and the plugin's callback first, the switch last: a plugin whose
    callback fails is not switched."""
    if not names:
        return
    active = tenant.active_plugins | set(names) if on else tenant.active_plugins
    hook = "plugin_enabled" if on else "plugin_disabled"
    acting = replace(tenant, active_plugins=frozenset(active))
    with tenant_scope(acting):
        async with switching.database.unit_of_work(tenant.id) as session:
            for name in names:
                await switching.hooks.ask_plugin(name, hook, session=session, tenant=acting)
                record(session, actor, hook, f"plugin:{name}", reason=reason)
    async with switching.database.platform_unit_of_work() as session:
        for name in names:
            await _store(session, tenant, name, on)
            session.add(
                SupportAuditEntry(
                    tenant_id=tenant.id,
                    actor=actor.name,
                    action="plugin.enabled" if on else "plugin.disabled",
                    reason=reason,
                    details={"plugin": name},
                )
            )
    await switching.directory.forget()


async def _store(session: AsyncSession, tenant: TenantContext, plugin: str, on: bool) -> None:
    row = await repository.activation(session, tenant.id, plugin)
    if row is None:
        session.add(PluginActivation(tenant_id=tenant.id, plugin=plugin, is_on=on))
        await session.flush()
    else:
        row.is_on = on
