"""Who may see what of the console, over its whole route table."""

from litestar.routes import HTTPRoute

from core.app import SUPPORT_HOST
from core.web.host_router import HostRouter
from tests.garages import Browser, Garage
from tests.security.routes import inside_of
from tests.servers import BASE_DOMAIN
from tests.tenants.console.conftest import Desk

VALUES = {"plugin": "polite", "plugins": "polite", "host": "www.example.be", "switch": "on"}


def console_routes(app: HostRouter) -> list[tuple[str, str, bool, bool]]:
    """(method, path, is public, is for leads only) of all that the console serves."""
    site = app._sites[f"{SUPPORT_HOST}.{BASE_DOMAIN}"]  # noqa: SLF001 - the table is inside
    return sorted(
        (
            str(method),
            route.path_format,
            bool(handler.opt.get("public")),
            bool(handler.opt.get("lead_only")),
        )
        for route in inside_of(site).routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method in {"GET", "POST"}
    )


async def ask(browser: Browser, method: str, path: str, token: str) -> int:
    fields = {"csrf_token": token} if method == "POST" else None
    return (await browser.request(method, path, data=fields)).status_code


async def test_whoever_is_not_logged_in_sees_no_page_but_the_login(
    app: HostRouter, garage: Garage, desk: Desk
) -> None:
    stranger = await desk(None)
    token = await stranger.token("/login")
    let_in = []
    for method, path, is_public, _lead in console_routes(app):
        if is_public:
            continue
        answer = await ask(stranger, method, path.format(slug=garage.slug, **VALUES), token)
        if answer not in {302, 303}:
            let_in.append(f"{method} {path}: {answer}")
    assert not let_in


async def test_what_is_for_leads_is_refused_to_others(
    app: HostRouter, garage: Garage, desk: Desk
) -> None:
    member = await desk("support")
    token = await member.token(f"/garages/{garage.slug}")
    for_leads = [route for route in console_routes(app) if route[3]]
    assert len(for_leads) >= 3
    for method, path, _public, _lead in for_leads:
        assert await ask(member, method, path.format(slug=garage.slug), token) == 403, path
    assert (await garage.browser().get("/desk/login")).status_code == 200
