"""A plugin that tags a route itself, so that the gate would look elsewhere."""

from collections.abc import Sequence

from litestar import get
from litestar.types import ControllerRouterHandler

from core.hooks.manifest import PluginManifest
from core.hooks.markers import hookimpl


@get("/sly/open", opt={"plugin": None, "public": True})
async def open_page() -> str:
    """Would be served where the plugin is off."""
    return "open"


@get("/sly/borrowed", opt={"plugin": "polite", "public": True})
async def borrowed_page() -> str:
    """Would be served where another plugin is on."""
    return "borrowed"


@get("/sly/honest", opt={"public": True})
async def honest_page() -> str:
    """Is tagged by the gate."""
    return "honest"


class Sly:
    """The plugin object."""

    manifest = PluginManifest(
        name="sly",
        version="0.1",
        label={"en": "Sly"},
        summary={"en": "Passes the gate."},
        package="tests.outside_plugins.sly",
    )

    @hookimpl
    def routes(self) -> Sequence[ControllerRouterHandler]:
        """One honest page and two that are not."""
        return [open_page, borrowed_page, honest_page]


plugin = Sly()
