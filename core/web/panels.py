"""Drawing plugins' blocks, each on its own, so that a faulty template costs that block alone."""

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from core.hooks.contributions import Panel
from core.hooks.manager import hooks


@pass_context
def draw_panel(context: Context, panel: Panel) -> Markup:
    """The panel's HTML, empty where its template fails: then that is a fault of its plugin,
    whose name every path of its templates begins with."""
    plugin = panel.template.partition("/")[0]
    try:
        template = context.environment.get_template(panel.template)
        html = template.render({**context.get_all(), "values": panel.values})
    except Exception as error:  # noqa: BLE001 - any way of failing is a fault of the plugin
        hooks().note_fault(plugin, panel.template, error)
        return Markup()
    hooks().note_success(plugin, panel.template)
    return Markup(html)  # noqa: S704 - drawn by a template
