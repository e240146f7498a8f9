"""The route table of the garages' application: what each route is, and who it is for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from litestar import Litestar
from litestar.routes import HTTPRoute

from core.web.host_router import HostRouter
from core.web.viewer import StaffGuard

NOBODYS_CARE = {("GET", "/desk/polite/unguarded")}
"""The test plugin's route whose author forgot everything, on purpose."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path and a method. `permission` is None where any staff member may look."""

    method: str
    path: str
    parameters: frozenset[str]
    plugin: str | None
    is_public: bool
    is_guarded: bool
    permission: str | None
    is_upload: bool
    is_for_scripts: bool
    has_signed_address: bool
    is_fragment: bool

    def filled(self, values: Mapping[str, str]) -> str:
        """The address with `values` in place of its parameters; a parameter that nobody thought
        of is a KeyError, so that a new kind of route cannot stay untested."""
        return self.path.format(**{name: values[name] for name in self.parameters})

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes_of(app: HostRouter) -> list[Route]:
    """All that the garages' application serves, OPTIONS (made by the framework) left out."""
    found = [
        route
        for http_route in litestar_of(app).routes
        if isinstance(http_route, HTTPRoute)
        for route in _routes_at(http_route)
    ]
    return sorted(found, key=lambda route: (route.path, route.method))


def staff_routes(app: HostRouter) -> list[Route]:
    """Routes that only staff may use."""
    return [route for route in routes_of(app) if route.is_guarded]


def litestar_of(app: HostRouter) -> Litestar:
    """The garages' application inside its wrappers."""
    return inside_of(app._garage_app)  # noqa: SLF001 - the table is inside


def inside_of(site: object) -> Litestar:
    """A site's application inside its wrappers."""
    while not isinstance(site, Litestar):
        site = getattr(site, "_app", None) or site.app  # type: ignore[attr-defined]
    return site


def _routes_at(http_route: HTTPRoute) -> Iterator[Route]:
    for handler in http_route.route_handlers:
        guards = [guard for guard in handler.resolve_guards() if isinstance(guard, StaffGuard)]
        for method in handler.http_methods:
            if method == "OPTIONS":
                continue
            yield Route(
                method=str(method),
                path=http_route.path_format,
                parameters=frozenset(http_route.path_parameters),
                plugin=handler.opt.get("plugin"),
                is_public=bool(handler.opt.get("public")),
                is_guarded=bool(guards),
                permission=guards[0].permission if guards else None,
                is_upload=bool(handler.opt.get("streams_body")),
                is_for_scripts=bool(handler.opt.get("token_in_header")),
                has_signed_address=bool(handler.opt.get("signed_address")),
                is_fragment=bool(handler.opt.get("fragment")),
            )
