"""Words for what support did and for what plugins add."""

from collections.abc import Mapping
from typing import Any

from core.hooks.manager import HookManager
from core.hooks.manifest import PluginManifest, in_language
from core.i18n import current_language
from core.i18n import gettext as _
from core.web.plugin_forms import label_of
from tenants.models import SupportAuditEntry


def action_label(action: str) -> str:
    """What was done, in the person's language."""
    return {
        "garage.opened": _("Garage opened"),
        "garage.closed": _("Garage closed"),
        "garage.reopened": _("Garage reopened"),
        "domain.added": _("Host name added"),
        "domain.removed": _("Host name removed"),
        "domain.made_main": _("Main address chosen"),
        "plugin.enabled": _("Plugin switched on"),
        "plugin.disabled": _("Plugin switched off"),
        "plugin.settings_changed": _("Plugin settings changed"),
        "outbox.tried_again": _("Given-up mails and tasks tried again"),
        "support.entered": _("Entered the garage"),
        "support.logged_in": _("Logged in"),
        "support.member_added": _("Somebody joined the help desk"),
    }.get(action, action)


def role_label(role: str) -> str:
    """A role at the help desk."""
    return {"support": _("Support"), "support-lead": _("Support lead")}.get(role, role)


def plugin_label(manifests: Mapping[str, PluginManifest], name: str) -> str:
    """A plugin's name in the person's language; the bare one where it is not installed."""
    manifest = manifests.get(name)
    return in_language(manifest.label, current_language()) if manifest else name


def details_of(entry: SupportAuditEntry, manifests: Mapping[str, PluginManifest]) -> list[str]:
    """An entry's details, a line each; for settings, what differs."""
    details = dict(entry.details)
    lines = []
    plugin = details.pop("plugin", None)
    if plugin is not None:
        lines.append(plugin_label(manifests, plugin))
    before, after = details.pop("before", None), details.pop("after", None)
    if isinstance(before, dict) and isinstance(after, dict):
        lines += differences(before, after, manifests.get(plugin or ""))
    return [*lines, *(f"{name}: {value}" for name, value in details.items())]


def contributions(hooks: HookManager, plugin: str) -> list[str]:
    """What a plugin adds to a garage, by the hooks that it implements."""
    words = {
        "routes": _("pages of its own"),
        "navigation": _("entries in the menu"),
        "dashboard_cards": _("cards on the first page"),
        "job_card_panels": _("blocks on the job card"),
        "job_badges": _("marks on job lists"),
        "job_timeline": _("lines on the job's timeline"),
        "permissions": _("rights for roles"),
        "mail_templates": _("mails"),
        "scheduled_tasks": _("recurring work in the background"),
    }
    return [word for hook, word in words.items() if plugin in hooks.implementers(hook)]


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], manifest: PluginManifest | None
) -> list[str]:
    """What differs between two states of a plugin's settings, a line each."""
    if manifest is None:
        fields: Mapping[str, Any] = {}
        changed = [name for name in after if before.get(name) != after[name]]
    else:
        fields = manifest.settings.model_fields
        before = manifest.settings.in_full(before)
        changed = [name for name in fields if before[name] != after.get(name)]
    return [
        f"{label_of(name, fields[name]) if name in fields else name}:"
        f" {_value(before.get(name))} → {_value(after.get(name))}"
        for name in changed
    ]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return "–" if value is None else str(value)
