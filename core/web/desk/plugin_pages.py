"""What an owner decides about plugins: those of their settings that are marked as the owner's."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound, Refused
from core.hooks.manifest import InvalidSettings, PluginManifest, in_language
from core.i18n import current_language
from core.i18n import gettext as _
from core.web.desk.job_pages import viewer_in
from core.web.forms import Form, form_values
from core.web.plugin_forms import settings_form, show_problems, values_of
from core.web.rendering import Flash, Page, page, redirect
from core.web.resources import resources_of, tenant_of
from core.web.viewer import requires
from core.workshop.audit import repository as audit
from core.workshop.audit.services import SETTINGS_CHANGED

AnyRequest = Request[Any, Any, Any]
HOME = "/desk/settings"


class ChangedMeanwhile(Refused):
    """What would be taken back is no longer what was changed."""

    def __init__(self) -> None:
        super().__init__("These settings were changed again meanwhile. Please look at them.")


@get(f"{HOME}/plugins/{{plugin:str}}", guards=[requires("garage.settings")])
async def plugin_page(request: AnyRequest, plugin: FromPath[str]) -> Page:
    """The plugin's settings, as far as they are the owner's."""
    manifest = _manifest_of(request, plugin)
    return _page(request, manifest, _form_of(request, manifest))


@post(f"{HOME}/plugins/{{plugin:str}}", guards=[requires("garage.settings")])
async def save_plugin(request: AnyRequest, plugin: FromPath[str]) -> Page | Redirect:
    """Save them; what is support's alone stays as it is."""
    manifest = _manifest_of(request, plugin)
    viewer = await viewer_in(request)
    form = _form_of(request, manifest, await form_values(request))
    if not form.validate():
        return _page(request, manifest, form, status_code=422)
    change = resources_of(request).change_own_settings
    try:
        entry_id = await change(tenant_of(request), plugin, values_of(form), viewer.actor)
    except InvalidSettings as error:
        show_problems(form, error.problems)
        return _page(request, manifest, form, status_code=422)
    if entry_id is None:
        return redirect(request, HOME, flash=Flash(_("Nothing was changed."), "info"))
    text = _("The settings of %(plugin)s are saved.", plugin=label_of_plugin(manifest))
    undo = f"{HOME}/plugins/{plugin}/undo/{entry_id}"
    return redirect(request, HOME, flash=Flash(text, undo_href=undo))


@post(f"{HOME}/plugins/{{plugin:str}}/undo/{{entry_id:uuid}}", guards=[requires("garage.settings")])
async def undo_plugin(
    request: AnyRequest,
    session: NamedDependency[AsyncSession],
    plugin: FromPath[str],
    entry_id: FromPath[UUID],
) -> Redirect:
    """*Undo*: put back what that entry of the log changed, if it is still as it was changed."""
    manifest = _manifest_of(request, plugin)
    entry = await audit.by_id(session, entry_id)
    if entry.action != SETTINGS_CHANGED or entry.subject != f"plugin:{plugin}":
        raise NotFound("change")
    tenant = tenant_of(request)
    known = manifest.settings.in_full(tenant.plugin_settings.get(plugin, {}))
    if any(known.get(name) != value for name, value in entry.details["after"].items()):
        raise ChangedMeanwhile
    viewer = await viewer_in(request)
    change = resources_of(request).change_own_settings
    await change(tenant, plugin, entry.details["before"], viewer.actor)
    return redirect(request, HOME, flash=Flash(_("Undone.")))


def own_plugins(request: AnyRequest) -> list[PluginManifest]:
    """The plugins that are on and leave something to the owner."""
    active = tenant_of(request).active_plugins
    manifests = resources_of(request).hooks.manifests
    return [each for name, each in manifests.items() if name in active and each.settings.of_owner()]


def label_of_plugin(manifest: PluginManifest) -> str:
    """Its name in the person's language."""
    return in_language(manifest.label, current_language())


def _manifest_of(request: AnyRequest, plugin: str) -> PluginManifest:
    found = [each for each in own_plugins(request) if each.name == plugin]
    if not found:
        raise NotFound("settings")
    return found[0]


def _form_of(request: AnyRequest, manifest: PluginManifest, submitted: Any = None) -> Form:
    stored = tenant_of(request).plugin_settings.get(manifest.name, {})
    schema = manifest.settings
    return settings_form(schema, stored, submitted, only=schema.of_owner())


def _page(
    request: AnyRequest, manifest: PluginManifest, form: Form, *, status_code: int = 200
) -> Page:
    return page(
        request,
        "core/garage/plugin_settings.html",
        label=label_of_plugin(manifest),
        form=form,
        status_code=status_code,
    )


HANDLERS = [plugin_page, save_plugin, undo_plugin]
