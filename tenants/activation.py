"""Switching plugins on and off for a garage: the vendor's support does it, nobody else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from core.db.session import Database
from core.errors import PluginError, Refused, UnknownTenant
from core.hooks.manager import HookManager
from core.hooks.manifest import PluginManifest
from core.tenancy.context import TenantContext, tenant_scope
from core.workshop.audit.services import Actor, record
from tenants import repository
from tenants.directory import DatabaseTenantDirectory
from tenants.models import SupportAuditEntry


@dataclass(frozen=True, slots=True)
class Switching:
    """The three things that every switch needs."""

    database: Database
    directory: DatabaseTenantDirectory
    hooks: HookManager


class InvalidSettings(PluginError):
    """The plugin's own schema refuses a value.

    `problems` holds per field (`""` for the settings as a whole) pydantic's kind of error and
    the values that its text speaks of, such as `("greater_than_equal", {"ge": 1})`.
    """

    def __init__(self, error: ValidationError) -> None:
        super().__init__(str(error))
        self.problems: dict[str, tuple[str, Mapping[str, Any]]] = {
            str(item["loc"][0]) if item["loc"] else "": (item["type"], item.get("ctx", {}))
            for item in error.errors()
        }


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
    checked = checked_settings(manifest, values)
    async with switching.database.platform_unit_of_work() as session:
        row = await repository.activation(session, tenant.id, plugin)
        if row is None:
            raise PluginError(f"{plugin} was never switched on for {slug}")
        if row.settings == checked:
            return
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


def checked_settings(manifest: PluginManifest, values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in the form in which they are stored.

    Raises:
        InvalidSettings: a value has the wrong form.
    """
    try:
        return manifest.settings.model_validate(dict(values)).model_dump(mode="json")
    except ValidationError as error:
        raise InvalidSettings(error) from None


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
    except Refused:
        raise
    except Exception as error:
        raise PluginError(f"{plugin} failed in {hook}: {error!r}") from error
