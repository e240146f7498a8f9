"""Drawing plugins' blocks, each on its own, so that a faulty template costs that block alone."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from core.hooks.contributions import Panel
from core.hooks.manager import hooks


@pass_context
def draw_panel(context: Context, panel: Panel) -> Markup:
    """The panel's HTML, empty where its template fails or is left out for now."""
    return panel_html(context.environment, panel, context.get_all()) or Markup()


def panel_html(environment: Environment, panel: Panel, values: Mapping[str, Any]) -> Markup | None:
    """The panel's HTML; None where its template fails, which is a fault of its plugin, whose name
    every path of its templates begins with. One that goes on failing is left out for a while."""
    plugin = panel.template.partition("/")[0]
    if hooks().is_left_out(plugin, panel.template):
        return None
    try:
        html = environment.get_template(panel.template).render({**values, "values": panel.values})
    except Exception as error:  # noqa: BLE001 - any way of failing is a fault of the plugin
        hooks().note_fault(plugin, panel.template, error)
        return None
    hooks().note_success(plugin, panel.template)
    return Markup(html)  # noqa: S704 - drawn by a template
