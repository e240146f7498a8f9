"""Switching a garage's plugins, and their settings."""

import hashlib
from collections.abc import Sequence
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound, PluginError, Refused
from core.hooks.manifest import InvalidSettings, PluginManifest
from core.i18n import gettext as _
from core.web.forms import Form, form_values
from core.web.plugin_forms import settings_form, show_problems, values_of
from core.web.rendering import Flash, Page, redirect
from core.web.resources import resources_of
from tenants import repository
from tenants.activation import Switching, change_settings, disable, enable
from tenants.console.forms import ReasonForm
from tenants.console.garage_pages import find_garage, render_garage
from tenants.console.members import actor_of
from tenants.console.rendering import page
from tenants.console.words import differences, plugin_label
from tenants.models import PluginActivation, Tenant

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Verbs = NamedDependency[Switching]
SWITCHES = {"on": enable, "off": disable}
OPPOSITE = {"on": "off", "off": "on"}
UNDO_REASON = "Undo"


@post("/garages/{slug:str}/plugins/{plugin:str}/{switch:str}")
async def switch_plugin(
    request: AnyRequest,
    session: Session,
    switching: Verbs,
    *,
    slug: FromPath[str],
    plugin: FromPath[str],
    switch: FromPath[str],
) -> Page | Redirect:
    """Switch a plugin, and what goes with it, on or off."""
    tenant = await find_garage(session, slug)
    if switch not in SWITCHES or plugin not in switching.hooks.manifests:
        raise NotFound("switch")
    form = ReasonForm(await form_values(request), prefix=f"{plugin}-")
    if not form.validate():
        return await render_garage(request, session, tenant, forms={plugin: form}, status_code=422)
    try:
        switched = await SWITCHES[switch](
            switching, slug, plugin, actor_of(request), reason=form.text("reason")
        )
    except (PluginError, Refused) as error:
        _explain(form, error)
        return await render_garage(request, session, tenant, forms={plugin: form}, status_code=409)
    undo = f"/garages/{slug}/undo/{OPPOSITE[switch]}/{','.join(reversed(switched))}"
    flash = Flash(_outcome(switching, switch, switched), undo_href=undo if switched else None)
    return redirect(request, f"/garages/{slug}", flash=flash)


@get("/garages/{slug:str}/plugins/{plugin:str}/{switch:str}")
async def back_to_garage(request: AnyRequest, slug: FromPath[str]) -> Redirect:
    """Whoever reloads the answer to a form lands on the page that the form is on."""
    return redirect(request, f"/garages/{slug}")


@post("/garages/{slug:str}/undo/{switch:str}/{plugins:str}")
async def undo(
    request: AnyRequest,
    session: Session,
    switching: Verbs,
    *,
    slug: FromPath[str],
    switch: FromPath[str],
    plugins: FromPath[str],
) -> Redirect:
    """Take a switch back, with everything that had gone with it."""
    await find_garage(session, slug)
    names = plugins.split(",")
    if switch not in SWITCHES or not set(names) <= set(switching.hooks.manifests):
        raise NotFound("switch")
    switched: list[str] = []
    try:
        for name in names:
            switched += await SWITCHES[switch](
                switching, slug, name, actor_of(request), reason=UNDO_REASON
            )
    except (PluginError, Refused) as error:
        flash = Flash(
            _("The plugin could not be switched: %(error)s", error=str(error)[:300]), "danger"
        )
        return redirect(request, f"/garages/{slug}", flash=flash)
    return redirect(request, f"/garages/{slug}", flash=Flash(_outcome(switching, switch, switched)))


@get("/garages/{slug:str}/plugins/{plugin:str}/settings")
async def settings_page(
    request: AnyRequest, session: Session, slug: FromPath[str], plugin: FromPath[str]
) -> Page:
    """The plugin's settings in this garage."""
    tenant = await find_garage(session, slug)
    manifest, row = await _plugin_at(request, session, tenant, plugin)
    form = settings_form(manifest.settings, row.settings)
    return _settings_page(request, tenant, manifest, form)


@post("/garages/{slug:str}/plugins/{plugin:str}/settings")
async def save_settings(
    request: AnyRequest,
    session: Session,
    switching: Verbs,
    *,
    slug: FromPath[str],
    plugin: FromPath[str],
) -> Page | Redirect:
    """Show what would differ, and save once exactly that was seen."""
    tenant = await find_garage(session, slug)
    manifest, row = await _plugin_at(request, session, tenant, plugin)
    values = await form_values(request)
    form = settings_form(manifest.settings, row.settings, values)
    if not form.validate():
        return _settings_page(request, tenant, manifest, form, status_code=422)
    try:
        wanted = manifest.settings.checked(values_of(form))
    except InvalidSettings as error:
        show_problems(form, error.problems)
        return _settings_page(request, tenant, manifest, form, status_code=422)
    changes = differences(row.settings, wanted, manifest)
    if changes and (values.getlist("seen") or [""])[0] != fingerprint(changes):
        return _settings_page(request, tenant, manifest, form, changes=changes)
    await change_settings(switching, slug, plugin, wanted, actor_of(request))
    if not changes:
        return redirect(request, f"/garages/{slug}", flash=Flash(_("Nothing was changed."), "info"))
    label = plugin_label(switching.hooks.manifests, plugin)
    text = _("The settings of %(plugin)s are saved.", plugin=label)
    return redirect(request, f"/garages/{slug}", flash=Flash(text))


async def _plugin_at(
    request: AnyRequest, session: AsyncSession, tenant: Tenant, plugin: str
) -> tuple[PluginManifest, PluginActivation]:
    """A plugin that has been on here, with its row.

    Raises:
        NotFound: it is not installed, has no settings, or was never on here.
    """
    manifest = resources_of(request).hooks.manifests.get(plugin)
    rows = await repository.activations(session, [tenant.id])
    row = next((row for row in rows if row.plugin == plugin), None)
    if manifest is None or row is None or not manifest.settings.model_fields:
        raise NotFound("settings")
    return manifest, row


def _settings_page(
    request: AnyRequest,
    tenant: Tenant,
    manifest: PluginManifest,
    form: Form,
    *,
    changes: Sequence[str] = (),
    status_code: int = 200,
) -> Page:
    manifests = resources_of(request).hooks.manifests
    return page(
        request,
        "support/plugin_settings.html",
        garage=tenant,
        label=plugin_label(manifests, manifest.name),
        form=form,
        changes=changes,
        seen=fingerprint(changes),
        status_code=status_code,
    )


def fingerprint(changes: Sequence[str]) -> str:
    """Stands for exactly these changes: what was edited after they were shown is shown first."""
    return hashlib.sha256("\n".join(changes).encode()).hexdigest()


def _outcome(switching: Switching, switch: str, switched: Sequence[str]) -> str:
    labels = ", ".join(plugin_label(switching.hooks.manifests, name) for name in switched)
    if not switched:
        return _("Nothing needed to be switched.")
    if switch == "on":
        return _("Switched on: %(plugins)s", plugins=labels)
    return _("Switched off: %(plugins)s", plugins=labels)


def _explain(form: ReasonForm, error: PluginError | Refused) -> None:
    if isinstance(error, Refused):
        form.add_refusal(error)
    else:
        form.form_errors.append(
            _("The plugin could not be switched: %(error)s", error=str(error)[:300])
        )


HANDLERS = [switch_plugin, back_to_garage, undo, settings_page, save_settings]
