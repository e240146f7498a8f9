"""Switching plugins on and off for a garage: the vendor's support does it, nobody else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from core.db.session import Database
from core.errors import GaveWay, NotFound, PluginError, Refused, UnknownTenant
from core.hooks.manager import HookManager
from core.tenancy.context import TenantContext, tenant_scope
from core.workshop.audit.services import SETTINGS_CHANGED, Actor, record
from core.workshop.notifications.services import wait_no_longer
from tenants import repository
from tenants.directory import DatabaseTenantDirectory
from tenants.models import SupportAuditEntry


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
        PluginError: no such plugin is installed, or its callback failed.
        UnknownTenant: no such garage is open.
    """
    return await _switch(switching, slug, plugin, actor, reason, on=True)


async def disable(
    switching: Switching, slug: str, plugin: str, actor: Actor, *, reason: str
) -> list[str]:
    """Switch a plugin off, and first those that require it. Their data stays.

    Raises:
        PluginError: no such plugin is installed, or its callback failed.
        UnknownTenant: no such garage is open.
    """
    return await _switch(switching, slug, plugin, actor, reason, on=False)


async def change_settings(
    switching: Switching, slug: str, plugin: str, values: Mapping[str, Any], actor: Actor
) -> None:
    """Store a plugin's settings for a garage, checked by the plugin's own schema.

    Raises:
        InvalidSettings: a value has the wrong form.
        PluginError: no such plugin is installed, or it was never on here.
    """
    tenant = await _garage(switching, slug)
    manifest = switching.hooks.manifests.get(plugin)
    if manifest is None:
        raise PluginError(f"no plugin {plugin} is installed")
    checked = manifest.settings.checked(values)
    async with switching.database.platform_unit_of_work() as session:
        row = await repository.activation(session, tenant.id, plugin)
        if row is None:
            raise PluginError(f"{plugin} was never switched on for {slug}")
        if row.settings == checked:
            return
        before, row.settings = row.settings, checked
        session.add(_change_of_settings(tenant, plugin, actor, before, checked))
    await switching.directory.forget()


async def change_own_settings(
    switching: Switching,
    tenant: TenantContext,
    plugin: str,
    changes: Mapping[str, Any],
    actor: Actor,
) -> UUID | None:
    """A garage changes those of a plugin's settings that are its owner's; everything else stays as
    it is, even if support changes it at the same moment. Returns the entry in the garage's log;
    None where nothing differs.

    Raises:
        InvalidSettings: a value has the wrong form.
        NotFound: the plugin is off, or leaves nothing to the owner.
    """
    manifest = switching.hooks.manifests.get(plugin)
    own = manifest.settings.of_owner() if manifest is not None else ()
    if manifest is None or not own:
        raise NotFound("settings")
    async with switching.database.platform_unit_of_work() as session:
        row = await repository.activation(session, tenant.id, plugin)
        if row is None or not row.is_on:
            raise NotFound("settings")
        stored = manifest.settings.in_full(row.settings)
        wanted = {name: changes[name] for name in own if name in changes}
        checked = manifest.settings.checked({**stored, **wanted})
        changed = [name for name in own if checked[name] != stored[name]]
        if not changed:
            return None
        before = {name: stored[name] for name in changed}
        after = {name: checked[name] for name in changed}
        details = {"before": before, "after": after}
        entry_id = await _note_change(switching, tenant, plugin, actor, details)
        row.settings = {**row.settings, **after}
        session.add(_change_of_settings(tenant, plugin, actor, before, after))
    await switching.directory.forget()
    return entry_id


async def _note_change(
    switching: Switching,
    tenant: TenantContext,
    plugin: str,
    actor: Actor,
    details: Mapping[str, Any],
) -> UUID:
    """The garage's own log, as with a switch: first."""
    with tenant_scope(tenant):
        async with switching.database.unit_of_work(tenant.id) as session:
            entry = record(session, actor, SETTINGS_CHANGED, f"plugin:{plugin}", details=details)
            await session.flush()
            return entry.id


def _change_of_settings(
    tenant: TenantContext,
    plugin: str,
    actor: Actor,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> SupportAuditEntry:
    return SupportAuditEntry(
        tenant_id=tenant.id,
        actor=actor.name,
        action="plugin.settings_changed",
        details={"plugin": plugin, "before": dict(before), "after": dict(after)},
    )


def switched_with(
    hooks: HookManager, active: Collection[str], plugin: str, *, on: bool
) -> list[str]:
    """What switching `plugin` would switch where `active` are on, itself last.

    Raises:
        PluginError: no such plugin is installed.
    """
    if on:
        return [name for name in _with_requirements(hooks, plugin) if name not in active]
    return [name for name in _with_dependants(hooks, plugin) if name in active]


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
    if plugin not in hooks.manifests:
        raise PluginError(f"no plugin {plugin} is installed")
    ordered: list[str] = []
    for name, manifest in hooks.manifests.items():
        if plugin in manifest.requires:
            ordered += [each for each in _with_dependants(hooks, name) if each not in ordered]
    return [*ordered, plugin]


async def _switch(
    switching: Switching, slug: str, plugin: str, actor: Actor, reason: str, *, on: bool
) -> list[str]:
    """The garage's own log and the plugin's callback first, the switch last: a plugin whose
    callback fails is not switched. One at a time per garage, so that two do not switch the
    same plugin twice."""
    tenant = await _garage(switching, slug)
    async with switching.database.platform_unit_of_work() as session:
        active = await repository.active_plugins_locked(session, tenant.id)
        names = switched_with(switching.hooks, active, plugin, on=on)
        if not names:
            return names
        acting = replace(tenant, active_plugins=frozenset(active | set(names) if on else active))
        await _tell_garage(switching, acting, names, actor, reason, on=on)
        for name in names:
            await repository.store_activation(session, tenant.id, name, is_on=on)
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
    if on:
        with tenant_scope(tenant):
            async with switching.database.unit_of_work(tenant.id) as session:
                await wait_no_longer(session)
    return names


async def _tell_garage(
    switching: Switching,
    tenant: TenantContext,
    names: Collection[str],
    actor: Actor,
    reason: str,
    *,
    on: bool,
) -> None:
    hook = "plugin_enabled" if on else "plugin_disabled"
    with tenant_scope(tenant):
        async with switching.database.unit_of_work(tenant.id) as session:
            for name in names:
                await _tell(switching.hooks, name, hook, session=session, tenant=tenant)
                record(session, actor, hook, f"plugin:{name}", reason=reason)


async def _tell(hooks: HookManager, plugin: str, hook: str, **values: Any) -> None:
    try:
        await hooks.ask_plugin(plugin, hook, **values)
    except (Refused, GaveWay):
        raise
    except Exception as error:
        raise PluginError(f"{plugin} failed in {hook}: {error!r}") from error
