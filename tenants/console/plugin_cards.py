"""A plugin as the garage's page shows it: what it adds, whether it is on, what goes with it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.hooks.manager import HookManager
from core.hooks.manifest import PluginManifest, in_language
from core.i18n import current_language
from tenants.activation import switched_with
from tenants.console.forms import ReasonForm
from tenants.console.words import contributions, plugin_label
from tenants.models import PluginActivation


@dataclass(frozen=True, slots=True)
class PluginCard:
    """`goes_with` names the other plugins that the switch would take along."""

    name: str
    label: str
    summary: str
    version: str
    is_on: bool
    adds: Sequence[str]
    personal_data: str
    requires: Sequence[str]
    goes_with: Sequence[str]
    has_settings: bool
    form: ReasonForm


def plugin_cards(
    hooks: HookManager,
    activations: Sequence[PluginActivation],
    forms: Mapping[str, ReasonForm],
) -> list[PluginCard]:
    """All installed plugins for one garage; `forms` holds those that must be mended."""
    active = {row.plugin for row in activations if row.is_on}
    known = {row.plugin for row in activations}
    return [
        _card(hooks, manifest, active, known, forms.get(name) or reason_form(name))
        for name, manifest in hooks.manifests.items()
    ]


def reason_form(plugin: str) -> ReasonForm:
    """An empty form; several stand on one page, so each has names of its own."""
    return ReasonForm(prefix=f"{plugin}-")


def _card(
    hooks: HookManager,
    manifest: PluginManifest,
    active: Collection[str],
    known: Collection[str],
    form: ReasonForm,
) -> PluginCard:
    name, language = manifest.name, current_language()
    is_on = name in active
    others = switched_with(hooks, active, name, on=not is_on)[:-1]
    return PluginCard(
        name=name,
        label=in_language(manifest.label, language),
        summary=in_language(manifest.summary, language),
        version=manifest.version,
        is_on=is_on,
        adds=contributions(hooks, name),
        personal_data=in_language(manifest.personal_data, language),
        requires=[plugin_label(hooks.manifests, each) for each in manifest.requires],
        goes_with=[plugin_label(hooks.manifests, each) for each in others],
        has_settings=name in known and bool(manifest.settings.model_fields),
        form=form,
    )
