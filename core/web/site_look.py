"""How the public pages of a garage look: its colours and its logo.

By itself a garage has the one colour that support gave it. A plugin whose guard knows better
says so with :func:`wear`, and every page of that request, an error's too, is dressed so. An
address that no guard stands before, and a page while the database is away, are dressed as the
process last saw the garage: see :func:`wear_from_now_on`.
"""

from dataclasses import dataclass, replace

from core.web.resources import AnyConnection, resources_of, tenant_of

_WORN_BYTES = 600


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture on our own host, with its size in pixels."""

    url: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class InstallableApp:
    """What lets a phone keep the site like an app, all on our own host. `worker_url` is a service
    worker for everything that begins with `scope`."""

    manifest_url: str
    icon_url: str
    worker_url: str
    scope: str


@dataclass(frozen=True, slots=True)
class SiteLook:
    """`brand` is the colour of the head of a page, `accent` that of buttons and links (None: the
    same), both as `#0b5cab`."""

    brand: str
    accent: str | None = None
    logo: Logo | None = None
    app: InstallableApp | None = None

    @property
    def theme_url(self) -> str:
        """The address of the style sheet that says so."""
        colours = [self.brand] if self.accent is None else [self.brand, self.accent]
        return f"/theme/{'-'.join(colour.lstrip('#').lower() for colour in colours)}.css"


def wear(connection: AnyConnection, look: SiteLook) -> None:
    """Let every page of this request look so."""
    connection.scope["state"]["site_look"] = look


def wear_from_now_on(connection: AnyConnection, look: SiteLook, plugin: str) -> None:
    """The same, and remember it for pages of the garage that nobody dresses, while `plugin` is on.
    The installable app is the page's own and is not remembered."""
    wear(connection, look)
    kept = (plugin, replace(look, app=None))
    resources_of(connection).worn.put(tenant_of(connection).id, kept, _WORN_BYTES)


def look_of(connection: AnyConnection) -> SiteLook:
    """How pages of this request look."""
    tenant = tenant_of(connection)
    worn: SiteLook | None = connection.scope["state"].get("site_look")
    if worn is not None:
        return worn
    plugin, kept = resources_of(connection).worn.get(tenant.id) or ("", None)
    return kept if kept and tenant.has_plugin(plugin) else SiteLook(tenant.brand_colour)
